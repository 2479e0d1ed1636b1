#include "examples/support/png.hpp"

#include <cstddef>
#include <fstream>
#include <limits>
#include <string>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

namespace examples {

std::string png_of(const ascribe::Picture& picture) {
  const auto width = static_cast<std::size_t>(picture.width);
  const auto height = static_cast<std::size_t>(picture.height);
  // stb counts the bytes, and one more a row, in an int.
  constexpr auto most = static_cast<std::size_t>(std::numeric_limits<int>::max() / 4);
  const bool sized = picture.width > 0 && picture.height > 0 && width <= most / height;
  if (!sized || picture.rgb.size() != 3 * width * height) {
    ascribe::fail("PNG: expected a picture of 3 bytes a pixel, found ", picture.width, " x ", picture.height,
                  " pixels and ", picture.rgb.size(), " bytes");
  }
  std::string bytes;
  const auto append = [](void* to, void* data, int size) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(data), static_cast<std::size_t>(size));
  };
  if (stbi_write_png_to_func(append, &bytes, picture.width, picture.height, 3, picture.rgb.data(),
                             3 * picture.width) == 0) {
    ascribe::fail("PNG: expected to encode ", picture.width, " x ", picture.height,
                  " pixels, found too little memory");
  }
  return bytes;
}

void write_png(const std::filesystem::path& path, const ascribe::Picture& picture) {
  // Into memory first: stb's own file writer does not notice a full disk.
  std::string bytes;
  try {
    bytes = png_of(picture);
  } catch (const ascribe::Error& error) {
    ascribe::fail(path, ": ", error.what());
  }
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) {
    ascribe::fail(path, ": expected to write ", bytes.size(), " bytes, found that they cannot be written");
  }
}

}  // namespace examples
