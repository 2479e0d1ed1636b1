/// Reads the two kinds of IDX file that MNIST comes in: images (idx3) and labels (idx1), both of bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
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

namespace idx_detail {

/// The bytes behind the header of an IDX file with Dimensions dimensions, whose sizes go to `sizes`.
template <std::size_t Dimensions>
std::vector<unsigned char> read(const std::filesystem::path& path,
                                std::array<std::size_t, Dimensions>& sizes) {
  std::error_code error;
  const std::uintmax_t length = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) {
    ascribe::fail(path, ": expected an IDX file, found none that can be read");
  }
  constexpr std::size_t header_size = 4 + 4 * Dimensions;
  std::array<unsigned char, header_size> header{};
  file.read(reinterpret_cast<char*>(header.data()), header_size);
  // 8: unsigned bytes; then the number of dimensions.
  const bool magic = header[0] == 0 && header[1] == 0 && header[2] == 8 && header[3] == Dimensions;
  if (!file || !magic) {
    ascribe::fail(path, ": expected an IDX file of bytes with ", Dimensions,
                  " dimension(s), found another header");
  }
  // Each product is held against the length of the file before the next, so that none can overflow.
  std::uintmax_t count = 1;
  for (std::size_t d = 0; d < Dimensions; ++d) {
    const unsigned char* const at = header.data() + 4 + 4 * d;
    sizes[d] = std::size_t{at[0]} << 24 | std::size_t{at[1]} << 16 | std::size_t{at[2]} << 8 | at[3];
    count *= sizes[d];
    if (sizes[d] == 0 || count > length - header_size) {
      ascribe::fail(path, ": expected as many bytes as its header says, found ", length - header_size,
                    " bytes and a size of ", sizes[d], " in dimension ", d);
    }
  }
  if (count != length - header_size) {
    ascribe::fail(path, ": expected ", count, " bytes behind the header, found ", length - header_size);
  }
  std::vector<unsigned char> bytes(static_cast<std::size_t>(count));
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(count));
  if (!file) {
    ascribe::fail(path, ": expected ", count, " bytes behind the header, found ", file.gcount());
  }
  return bytes;
}

}  // namespace idx_detail

/// The images of an idx3-ubyte file. Throws ascribe::Error if it can't be read, is of another type or
/// number of dimensions, is empty, or is shorter or longer than its header says.
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
