/// Reads the two kinds of IDX file that MNIST comes in: images (idx3) and labels (idx1), both of bytes, plain
/// or gzipped as they are published.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "ascribe/core/error.hpp"

namespace examples {

/// Grey images, one after the other, each height × width bytes from the top row.
struct Images {
  std::size_t count = 0;
  int height = 0;
  int width = 0;
  std::vector<unsigned char> bytes;

  std::size_t pixels() const { return static_cast<std::size_t>(height) * static_cast<std::size_t>(width); }

  /// Throws ascribe::Error if there is no such image.
  std::span<const unsigned char> operator[](std::size_t image) const {
    if (image >= count) {
      ascribe::fail("images: expected an index below ", count, ", found ", image);
    }
    return std::span(bytes).subspan(image * pixels(), pixels());
  }
};

/// Whether a file is taken for IDX, by its name.
inline bool is_idx(const std::filesystem::path& path) {
  return path.string().ends_with("-ubyte") || path.string().ends_with("-ubyte.gz");
}

namespace idx_detail {

/// Reads a file's bytes, and what is compressed in it if it is a gzip file.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : path_(path) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) file_.reset(gzopen(path.c_str(), "rb"));
    if (!file_) ascribe::fail(path, ": expected an IDX file, found none that can be read");
  }

  /// As many bytes as there are, at most `bytes.size()`: how many. Throws ascribe::Error where the file ends
  /// in the middle of what is compressed, or that is not what was (zlib holds a sum of it).
  std::size_t read(std::span<unsigned char> bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const auto part = static_cast<unsigned>(std::min(bytes.size() - done, std::size_t{1} << 20));
      const int found = gzread(file_.get(), bytes.data() + done, part);
      int state = Z_OK;
      gzerror(file_.get(), &state);
      if (found < 0 || state != Z_OK) {
        ascribe::fail(path_, ": expected a gzip file that is whole, found one that is damaged or cut off");
      }
      if (found == 0) break;
      done += static_cast<std::size_t>(found);
    }
    return done;
  }

 private:
  struct Close {
    void operator()(gzFile file) const { gzclose(file); }
  };

  const std::filesystem::path& path_;
  std::unique_ptr<gzFile_s, Close> file_;
};

/// The bytes behind the header of an IDX file with Dimensions dimensions, whose sizes go to `sizes`.
template <std::size_t Dimensions>
std::vector<unsigned char> read(const std::filesystem::path& path,
                                std::array<std::size_t, Dimensions>& sizes) {
  Reader file(path);
  std::array<unsigned char, 4 + 4 * Dimensions> header{};
  const std::size_t header_size = file.read(header);
  // 8: unsigned bytes; then the number of dimensions.
  const bool magic = header[0] == 0 && header[1] == 0 && header[2] == 8 && header[3] == Dimensions;
  if (header_size != header.size() || !magic) {
    ascribe::fail(path, ": expected an IDX file of bytes with ", Dimensions,
                  " dimension(s), found another header");
  }
  std::uint64_t count = 1;
  for (std::size_t d = 0; d < Dimensions; ++d) {
    const unsigned char* const at = header.data() + 4 + 4 * d;
    sizes[d] = std::size_t{at[0]} << 24 | std::size_t{at[1]} << 16 | std::size_t{at[2]} << 8 | at[3];
    if (sizes[d] == 0 || count > std::numeric_limits<std::uint64_t>::max() / sizes[d]) {
      ascribe::fail(path, ": expected sizes of at least 1 whose product is a number of bytes, found ",
                    sizes[d], " in dimension ", d);
    }
    count *= sizes[d];
  }
  // The header is believed only as far as there are bytes: memory grows with what is read.
  std::vector<unsigned char> bytes;
  std::size_t done = 0;
  while (done == bytes.size() && done < count) {
    bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(count, done + done / 2 + (1 << 20))));
    done += file.read(std::span(bytes).subspan(done));
  }
  if (done < count) {
    ascribe::fail(path, ": expected ", count, " bytes behind the header, found ", done);
  }
  std::array<unsigned char, 1> more{};
  if (file.read(more) != 0) {
    ascribe::fail(path, ": expected ", count, " bytes behind the header, found more");
  }
  return bytes;
}

}  // namespace idx_detail

/// The images of an idx3-ubyte file, plain or gzipped. Throws ascribe::Error if it can't be read, is of
/// another type or number of dimensions, is empty, is shorter or longer than its header says, or is a damaged
/// gzip file.
inline Images read_images(const std::filesystem::path& path) {
  std::array<std::size_t, 3> sizes{};
  Images images;
  images.bytes = idx_detail::read(path, sizes);
  constexpr std::size_t most = 1 << 15;
  if (sizes[1] > most || sizes[2] > most) {
    ascribe::fail(path, ": expected images of at most ", most, " pixels a side, found ", sizes[1], " x ",
                  sizes[2]);
  }
  images.count = sizes[0];
  images.height = static_cast<int>(sizes[1]);
  images.width = static_cast<int>(sizes[2]);
  return images;
}

/// The labels of an idx1-ubyte file. Throws ascribe::Error as read_images does.
inline std::vector<unsigned char> read_labels(const std::filesystem::path& path) {
  std::array<std::size_t, 1> sizes{};
  return idx_detail::read(path, sizes);
}

}  // namespace examples
