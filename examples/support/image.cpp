#include "examples/support/image.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <numeric>
#include <string>
#include <system_error>
#include <utility>

#define STB_IMAGE_IMPLEMENTATION
#define STBI_NO_STDIO
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#include <stb/stb_image.h>

namespace examples {
namespace {

using Bytes = std::vector<unsigned char>;

void check_picture(const char* who, const ascribe::Picture& image) {
  const auto pixels = static_cast<std::size_t>(std::max(image.width, 0)) *
                      static_cast<std::size_t>(std::max(image.height, 0));
  if (pixels == 0 || image.rgb.size() != 3 * pixels) {
    ascribe::fail(who, ": expected a picture of 3 bytes a pixel, found ", image.width, " x ", image.height,
                  " pixels and ", image.rgb.size(), " bytes");
  }
}

Bytes read_bytes(const std::filesystem::path& path) {
  std::error_code error;
  const std::uintmax_t length = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) {
    ascribe::fail(path, ": expected an image, found no file that can be read");
  }
  constexpr std::uintmax_t most = 1U << 30;  // stb counts bytes in an int
  if (length > most) {
    ascribe::fail(path, ": expected an image of at most ", most, " bytes, found ", length);
  }
  Bytes bytes(static_cast<std::size_t>(length));
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (static_cast<std::uintmax_t>(file.gcount()) != length) {
    ascribe::fail(path, ": expected ", length, " bytes, found ", file.gcount());
  }
  return bytes;
}

/// Throws where a Huffman table of a JPEG has more than the 256 codes that there can be: stb_image 2.27,
/// which Debian 12 has, writes beyond its own tables then. Walks the segments as ITU-T T.81, annex B, has
/// them.
void check_huffman_tables(const std::filesystem::path& path, const Bytes& bytes) {
  const auto damaged = [&] {
    ascribe::fail(path, ": expected a whole JPEG image, found damaged Huffman tables");
  };
  std::size_t at = 0;
  while (at + 4 <= bytes.size()) {
    // Markers are FF and a byte that is neither 0 (an FF among the data), nor FF (fill).
    const unsigned char marker = bytes[at + 1];
    if (bytes[at] != 0xFF || marker == 0 || marker == 0xFF) {
      ++at;
      continue;
    }
    at += 2;
    const bool alone = marker == 1 || (marker >= 0xD0 && marker <= 0xD9);
    if (alone) continue;
    const std::size_t end = at + (std::size_t{bytes[at]} << 8 | bytes[at + 1]);
    if (marker == 0xC4) {
      if (end > bytes.size()) damaged();
      for (std::size_t table = at + 2; table < end;) {
        if (table + 17 > end) damaged();
        const auto counts = bytes.begin() + static_cast<std::ptrdiff_t>(table) + 1;
        const std::size_t codes = std::accumulate(counts, counts + 16, std::size_t{0});
        if (codes > 256) damaged();
        table += 17 + codes;
      }
    }
    at = std::max(end, at);
  }
}

/// How a JPEG image is to be turned, 1 (not at all) to 8, by the tag 274 of the first directory of its Exif
/// data (CIPA DC-008, §4.6.4), which are a TIFF file in the segment APP1; 1 where there is none that can be.
int exif_orientation(const Bytes& bytes) {
  for (std::size_t at = 2; at + 4 <= bytes.size() && bytes[at] == 0xFF;) {
    const unsigned char marker = bytes[at + 1];
    const std::size_t length = std::size_t{bytes[at + 2]} << 8 | bytes[at + 3], end = at + 2 + length;
    if (marker == 0xDA || length < 2 || end > bytes.size()) return 1;  // the scan: pixels follow
    constexpr std::array<unsigned char, 6> name{'E', 'x', 'i', 'f', 0, 0};
    const std::size_t tiff = at + 4 + name.size();
    at = end;
    if (marker != 0xE1 || tiff + 8 > end ||
        !std::equal(name.begin(), name.end(), bytes.begin() + std::ptrdiff_t(tiff) - 6))
      continue;
    const bool little = bytes[tiff] == 'I';
    // Of the file's byte order, where they lie inside; 0 elsewhere.
    const auto number = [&](std::size_t place, std::size_t count) {
      std::size_t value = 0;
      if (place > end || count > end - place) return value;
      for (std::size_t i = 0; i < count; ++i)
        value = value << 8 | bytes[place + (little ? count - 1 - i : i)];
      return value;
    };
    const std::size_t directory = tiff + number(tiff + 4, 4);
    const std::size_t entries = number(directory, 2);
    for (std::size_t e = 0; e < entries && directory + 2 + 12 * e < end; ++e) {
      const std::size_t entry = directory + 2 + 12 * e;
      constexpr std::size_t orientation = 274, whole_16 = 3;
      if (number(entry, 2) != orientation || number(entry + 2, 2) != whole_16) continue;
      const std::size_t value = number(entry + 8, 2);
      return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
    return 1;
  }
  return 1;
}

/// The image as it was seen, of one with that orientation: row and column 0 are the top and left side for 1,
/// top and right for 2, bottom and right for 3, bottom and left for 4, left and top for 5, right and top for
/// 6, right and bottom for 7, left and bottom for 8.
ascribe::Picture upright(ascribe::Picture image, int orientation) {
  if (orientation == 1) return image;
  const bool turned = orientation >= 5;
  const int width = turned ? image.height : image.width, height = turned ? image.width : image.height;
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  ascribe::Picture seen{width, height, {}};
  seen.rgb.reserve(image.rgb.size());
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const int across = from_right ? width - 1 - x : x, down = from_bottom ? height - 1 - y : y;
      const std::ptrdiff_t row = turned ? across : down, column = turned ? down : across;
      const auto pixel = image.rgb.begin() + 3 * (row * image.width + column);
      seen.rgb.insert(seen.rgb.end(), pixel, pixel + 3);
    }
  return seen;
}

/// One axis of `resize`: output i is Σ_t weights[taps·i + t] · input[sources[taps·i + t]].
struct Resampling {
  std::size_t taps = 0;
  std::vector<std::size_t> sources;
  std::vector<double> weights;

  Resampling(int from, int to);
};

Resampling::Resampling(int from, int to) {
  const double factor = static_cast<double>(from) / to;
  const double sigma = std::max(0.0, (factor - 1) / 2);
  const int radius = static_cast<int>(4 * sigma + 0.5);  // where SciPy's Gaussian ends, too
  std::vector<double> gauss(static_cast<std::size_t>(2 * radius + 1), 1.0);
  double total = 0;
  for (int d = -radius; d <= radius; ++d) {
    double& weight = gauss[static_cast<std::size_t>(d + radius)];
    if (radius > 0) weight = std::exp(-0.5 * d * d / (sigma * sigma));
    total += weight;
  }
  // Mirrored as often as it takes, the outermost pixels once each: 2 1 0 1 2 … n−2 n−1 n−2 …
  const auto mirrored = [period = std::max(1, 2 * (from - 1)), from](int index) {
    const int within = (index % period + period) % period;
    return static_cast<std::size_t>(within < from ? within : period - within);
  };
  taps = gauss.size() + 1;
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * factor - 0.5;
    const int left = static_cast<int>(std::floor(centre));
    const double share = centre - left;  // of the blurred pixel to the right
    for (std::size_t t = 0; t < taps; ++t) {
      const double here = t < gauss.size() ? gauss[t] : 0, before = t > 0 ? gauss[t - 1] : 0;
      sources.push_back(mirrored(left - radius + static_cast<int>(t)));
      weights.push_back(((1 - share) * here + share * before) / total);
    }
  }
}

/// The place of pixel (p, c) of `format`.
std::size_t place(std::size_t pixel, std::size_t channel, const ImageFormat& format, ImageOrder order) {
  const auto pixels = static_cast<std::size_t>(format.width) * static_cast<std::size_t>(format.height);
  const auto channels = static_cast<std::size_t>(format.channels);
  return order == ImageOrder::chw ? channel * pixels + pixel : pixel * channels + channel;
}

double of_channel(const std::vector<double>& numbers, std::size_t channel) {
  return numbers[numbers.size() == 1 ? 0 : channel];
}

/// A part of a picture.
struct Part {
  int left = 0, top = 0, width = 0, height = 0;
};

/// The largest centred one with the shape of width : height.
Part centred_part(int from_width, int from_height, int width, int height) {
  if (width < 1 || height < 1) {
    ascribe::fail("centred_crop: expected a width and height of at least 1, found ", width, " and ", height);
  }
  const std::int64_t all_wide = std::int64_t{from_height} * width / height;
  const std::int64_t all_high = std::int64_t{from_width} * height / width;
  Part part;
  part.width = static_cast<int>(std::clamp<std::int64_t>(all_wide, 1, from_width));
  part.height = static_cast<int>(std::clamp<std::int64_t>(all_high, 1, from_height));
  part.left = (from_width - part.width) / 2;
  part.top = (from_height - part.height) / 2;
  return part;
}

/// A part of a picture at another size: what `resize` computes, its tables and memory made once.
class Resizing {
 public:
  Resizing(const Part& from, int width, int height)
      : from_(from), across_(checked(from.width, width, height)), down_(from.height, height) {
    narrow_.resize(static_cast<std::size_t>(from.height) * row(width));
    to.width = width;
    to.height = height;
    to.rgb.resize(static_cast<std::size_t>(height) * row(width));
  }

  /// Of a picture of rows of `columns` pixels of 3 bytes each, or of 1, which is repeated; to `to`.
  void operator()(const unsigned char* bytes, std::size_t columns, std::size_t channels) {
    const std::size_t row_from = columns * channels, row_to = row(to.width), next = channels == 3 ? 1 : 0;
    bytes += static_cast<std::size_t>(from_.top) * row_from + static_cast<std::size_t>(from_.left) * channels;
    std::fill(narrow_.begin(), narrow_.end(), 0.0);
    for (std::size_t y = 0; y < static_cast<std::size_t>(from_.height); ++y) {
      for (std::size_t x = 0; x < static_cast<std::size_t>(to.width); ++x) {
        for (std::size_t k = across_.taps * x; k < across_.taps * (x + 1); ++k) {
          for (std::size_t c = 0; c < 3; ++c) {
            narrow_[y * row_to + 3 * x + c] +=
                across_.weights[k] * bytes[y * row_from + channels * across_.sources[k] + c * next] / 255;
          }
        }
      }
    }
    std::fill(to.rgb.begin(), to.rgb.end(), 0.0);
    for (std::size_t y = 0; y < static_cast<std::size_t>(to.height); ++y) {
      for (std::size_t k = down_.taps * y; k < down_.taps * (y + 1); ++k) {
        for (std::size_t i = 0; i < row_to; ++i) {
          to.rgb[y * row_to + i] += down_.weights[k] * narrow_[down_.sources[k] * row_to + i];
        }
      }
    }
    // The weights sum to 1 up to rounding.
    for (double& value : to.rgb) value = std::clamp(value, 0.0, 1.0);
  }

  Pixels to;

 private:
  static std::size_t row(int width) { return 3 * static_cast<std::size_t>(width); }

  /// The axis across, of sizes that are looked at first.
  static Resampling checked(int from, int width, int height) {
    constexpr int most = 1 << 14;
    if (width < 1 || height < 1 || width > most || height > most) {
      ascribe::fail("resize: expected a width and height of 1 to ", most, ", found ", width, " and ", height);
    }
    return Resampling(from, width);
  }

  Part from_;
  Resampling across_, down_;
  std::vector<double> narrow_;
};

/// What `normalised` computes.
void normalise(const Pixels& pixels, const ImageFormat& format, ImageOrder order, std::span<double> values) {
  const auto channels = static_cast<std::size_t>(format.channels);
  for (std::size_t p = 0; p < pixels.rgb.size() / 3; ++p) {
    std::array<double, 3> rgb{pixels.rgb[3 * p], pixels.rgb[3 * p + 1], pixels.rgb[3 * p + 2]};
    // Differences, so that grey stays what it was to the last bit.
    if (channels == 1) rgb[0] += 0.587 * (rgb[1] - rgb[0]) + 0.114 * (rgb[2] - rgb[0]);
    for (std::size_t c = 0; c < channels; ++c) {
      values[place(p, c, format, order)] =
          (rgb[c] - of_channel(format.mean, c)) / of_channel(format.deviation, c);
    }
  }
}

ascribe::Picture decode(const std::filesystem::path& path, const Bytes& bytes) {
  const int length = static_cast<int>(bytes.size());
  // Deflate makes at most 1032 bytes of one, and a byte has at most 8 pixels; JPEG stays far below that.
  constexpr std::int64_t most = 1 << 26, pixels_a_byte = std::int64_t{8} * 1032;
  const auto check_size = [&](std::int64_t width, std::int64_t height) {
    const std::int64_t limit = std::min(most, pixels_a_byte * length);
    if (width > limit || height > limit || width * height > limit) {
      ascribe::fail(path, ": expected at most ", limit, " pixels in a file of ", length, " bytes, found ",
                    width, " x ", height);
    }
  };
  // stb does not say of a PNG that it is too large, only that it is of no type that it knows.
  const auto number_at = [&](std::size_t i) {
    return std::int64_t{bytes[i]} << 24 | bytes[i + 1] << 16 | bytes[i + 2] << 8 | bytes[i + 3];
  };
  constexpr std::array<unsigned char, 4> png{0x89, 'P', 'N', 'G'};
  if (bytes.size() >= 24 && std::equal(png.begin(), png.end(), bytes.begin())) {
    check_size(number_at(16), number_at(20));
  }
  if (!bytes.empty() && bytes[0] == 0xFF) check_huffman_tables(path, bytes);
  int width = 0, height = 0, channels = 0;
  if (stbi_info_from_memory(bytes.data(), length, &width, &height, &channels) == 0 || width < 1 ||
      height < 1) {
    ascribe::fail(path, ": expected a PNG or JPEG image, found none (", stbi_failure_reason(), ")");
  }
  check_size(width, height);
  const std::unique_ptr<unsigned char, void (*)(void*)> rgb(
      stbi_load_from_memory(bytes.data(), length, &width, &height, &channels, 3), stbi_image_free);
  if (!rgb) {
    ascribe::fail(path, ": expected a whole PNG or JPEG image, found that it cannot be decoded (",
                  stbi_failure_reason(), ")");
  }
  ascribe::Picture image{width, height, {rgb.get(), rgb.get() + std::int64_t{3} * width * height}};
  return bytes[0] == 0xFF ? upright(std::move(image), exif_orientation(bytes)) : image;
}

}  // namespace

ascribe::Picture read_image(const std::filesystem::path& path) { return decode(path, read_bytes(path)); }

ascribe::Picture decode_image(const std::filesystem::path& path, std::string_view bytes) {
  return decode(path, Bytes(bytes.begin(), bytes.end()));
}

ascribe::Picture centred_crop(const ascribe::Picture& image, int width, int height) {
  check_picture("centred_crop", image);
  const Part part = centred_part(image.width, image.height, width, height);
  ascribe::Picture cut{part.width, part.height, {}};
  for (std::ptrdiff_t y = part.top; y < part.top + part.height; ++y) {
    const auto from = image.rgb.begin() + 3 * (y * image.width + part.left);
    cut.rgb.insert(cut.rgb.end(), from, from + 3 * std::ptrdiff_t{part.width});
  }
  return cut;
}

Pixels resize(const ascribe::Picture& image, int width, int height) {
  check_picture("resize", image);
  Resizing resizing({0, 0, image.width, image.height}, width, height);
  resizing(image.rgb.data(), static_cast<std::size_t>(image.width), 3);
  return std::move(resizing.to);
}

void ImageFormat::check() const {
  if (channels != 1 && channels != 3) {
    ascribe::fail("image format: expected 1 or 3 channels, found ", channels);
  }
  if (width < 1 || height < 1) {
    ascribe::fail("image format: expected a width and height of at least 1, found ", width, " and ", height);
  }
  const auto check_numbers = [&](const char* what, const std::vector<double>& numbers, bool positive) {
    if (numbers.size() != 1 && numbers.size() != static_cast<std::size_t>(channels)) {
      ascribe::fail(what, ": expected one number, or one for each of ", channels, " channels, found ",
                    numbers.size());
    }
    for (const double number : numbers) {
      if (!std::isfinite(number) || (positive && number <= 0)) {
        ascribe::fail(what, ": expected ", positive ? "positive, " : "", "finite numbers, found ", number);
      }
    }
  };
  check_numbers("mean", mean, false);
  check_numbers("standard deviation", deviation, true);
}

std::vector<double> normalised(const Pixels& pixels, const ImageFormat& format, ImageOrder order) {
  format.check();
  const auto count = static_cast<std::size_t>(format.width) * static_cast<std::size_t>(format.height);
  if (pixels.width != format.width || pixels.height != format.height || pixels.rgb.size() != 3 * count) {
    ascribe::fail("normalised: expected ", format.width, " x ", format.height, " pixels, found ",
                  pixels.width, " x ", pixels.height, " and ", pixels.rgb.size(), " values");
  }
  std::vector<double> values(static_cast<std::size_t>(format.channels) * count);
  normalise(pixels, format, order, values);
  return values;
}

ascribe::Picture picture_of(std::span<const double> values, const ImageFormat& format, ImageOrder order) {
  format.check();
  const auto count = static_cast<std::size_t>(format.width) * static_cast<std::size_t>(format.height);
  const auto channels = static_cast<std::size_t>(format.channels);
  if (values.size() != channels * count) {
    ascribe::fail("picture_of: expected ", channels, " x ", format.height, " x ", format.width,
                  " values, found ", values.size());
  }
  std::vector<double> pixels(values.size());  // H, W, C
  for (std::size_t p = 0; p < count; ++p) {
    for (std::size_t c = 0; c < channels; ++c) {
      const double value = values[place(p, c, format, order)];
      if (!std::isfinite(value)) {
        ascribe::fail("picture_of: expected finite values, found ", value, " in channel ", c, " of pixel ",
                      p);
      }
      pixels[p * channels + c] = value * of_channel(format.deviation, c) + of_channel(format.mean, c);
    }
  }
  const auto [least, most] = std::minmax_element(pixels.begin(), pixels.end());
  double low = 0, high = 1;
  if (*least < -0.01 || *most > 1.01) {
    low = *least;
    high = *most > *least ? *most : *least + 1;
  }
  Bytes bytes(pixels.size());
  std::transform(pixels.begin(), pixels.end(), bytes.begin(), [&](double value) {
    return static_cast<unsigned char>(std::lround(255 * std::clamp((value - low) / (high - low), 0.0, 1.0)));
  });
  return ascribe::picture(bytes, format.height, format.width, format.channels);
}

struct InputMaker::Parts {
  std::size_t columns, pixels;
  ImageFormat format;
  ImageOrder order;
  Resizing resizing;
};

InputMaker::InputMaker(int width, int height, const ImageFormat& format, ImageOrder order) {
  format.check();
  if (width < 1 || height < 1) {
    ascribe::fail("InputMaker: expected pictures of at least 1 pixel a side, found ", width, " x ", height);
  }
  const auto columns = static_cast<std::size_t>(width);
  parts_ = std::make_unique<Parts>(
      Parts{columns, columns * static_cast<std::size_t>(height), format, order,
            Resizing(centred_part(width, height, format.width, format.height), format.width, format.height)});
}
InputMaker::~InputMaker() = default;
InputMaker::InputMaker(InputMaker&&) noexcept = default;
InputMaker& InputMaker::operator=(InputMaker&&) noexcept = default;

void InputMaker::operator()(std::span<const unsigned char> bytes, std::span<double> values) {
  const std::size_t expected =
      static_cast<std::size_t>(parts_->format.channels) * (parts_->resizing.to.rgb.size() / 3);
  if ((bytes.size() != parts_->pixels && bytes.size() != 3 * parts_->pixels) || values.size() != expected) {
    ascribe::fail("InputMaker: expected ", parts_->pixels, " pixels of 1 or 3 bytes and room for ", expected,
                  " values, found ", bytes.size(), " bytes and room for ", values.size());
  }
  parts_->resizing(bytes.data(), parts_->columns, bytes.size() / parts_->pixels);
  normalise(parts_->resizing.to, parts_->format, parts_->order, values);
}

std::vector<double> input_of(const ascribe::Picture& image, const ImageFormat& format, ImageOrder order) {
  format.check();
  std::vector<double> values(static_cast<std::size_t>(format.channels) *
                             static_cast<std::size_t>(format.width) *
                             static_cast<std::size_t>(format.height));
  InputMaker(image.width, image.height, format, order)(image.rgb, values);
  return values;
}

std::vector<double> read_input(const std::filesystem::path& path, const ImageFormat& format,
                               ImageOrder order) {
  return input_of(read_image(path), format, order);
}

}  // namespace examples
