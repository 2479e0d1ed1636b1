#include "examples/stream/frames.hpp"

#include <map>
#include <utility>

#include "ascribe/core/error.hpp"
#include "examples/support/idx.hpp"
#include "examples/support/samples.hpp"

namespace stream {
namespace {

class Pictures final : public Frames {
 public:
  Pictures(const ImageFormat& format, ImageOrder order) : format_(format), order_(order) {}

  void add(std::string name, int width, int height, std::vector<unsigned char> bytes) {
    constexpr std::size_t most = std::size_t(4) << 30;
    if ((held_ += bytes.size()) > most)
      ascribe::fail(name, ": expected pictures of at most ", most,
                    " bytes in all, decoded; found more from this one on");
    auto found = makers_.find({width, height});
    if (found == makers_.end())
      found = makers_.emplace(std::pair(width, height), InputMaker(width, height, format_, order_)).first;
    all_.push_back({std::move(name), std::move(bytes), &found->second});
  }

  bool next(Frame& frame) override {
    const Picture& picture = all_[next_++ % all_.size()];
    frame = {picture.bytes, picture.maker};
    return true;
  }
  std::string name(std::size_t n) const override { return all_[n % all_.size()].name; }

 private:
  struct Picture {
    std::string name;
    std::vector<unsigned char> bytes;
    InputMaker* maker;
  };

  ImageFormat format_;
  ImageOrder order_;
  std::map<std::pair<int, int>, InputMaker> makers_;  // by the pictures' size
  std::vector<Picture> all_;
  std::size_t held_ = 0, next_ = 0;
};

class RawFrames final : public Frames {
 public:
  RawFrames(const RawFormat& raw, const ImageFormat& format, ImageOrder order)
      : maker_(raw.width, raw.height, format, order),
        bytes_(static_cast<std::size_t>(raw.width) * static_cast<std::size_t>(raw.height) *
               static_cast<std::size_t>(raw.channels)) {}

  bool next(Frame& frame) override {
    const std::size_t found = std::fread(bytes_.data(), 1, bytes_.size(), stdin);
    if (found == 0 && std::ferror(stdin) == 0) return false;
    if (found < bytes_.size())
      ascribe::fail(name(next_), ": expected ", bytes_.size(), " bytes, as --raw says, found ", found,
                    std::ferror(stdin) != 0 ? " before standard input failed" : " before the end");
    ++next_;
    frame = {bytes_, &maker_};
    return true;
  }
  std::string name(std::size_t n) const override { return "standard input, frame " + std::to_string(n); }

 private:
  InputMaker maker_;
  std::vector<unsigned char> bytes_;
  std::size_t next_ = 0;
};

void add_images(const std::string& path, Pictures& pictures) {
  const Images images = read_images(path);
  for (std::size_t n = 0; n < images.count; ++n) {
    const auto bytes = images[n];
    pictures.add(path + "[" + std::to_string(n) + "]", images.width, images.height,
                 {bytes.begin(), bytes.end()});
  }
}

}  // namespace

std::unique_ptr<Frames> frames_of(const Options& options, const ImageFormat& format, ImageOrder order,
                                  std::vector<std::string>& notes) {
  if (options.raw) return std::make_unique<RawFrames>(*options.raw, format, order);
  auto pictures = std::make_unique<Pictures>(format, order);
  for (const Place& place : find_inputs(options.inputs, {}, {}, notes)) {
    if (is_npy(place.path)) ascribe::fail(place.path, ": expected a picture, found an array");
    if (is_idx(place.path)) {
      add_images(place.path, *pictures);
      continue;
    }
    ascribe::Picture picture = read_image(place.path);
    pictures->add(place.path, picture.width, picture.height, std::move(picture.rgb));
  }
  return pictures;
}

}  // namespace stream
