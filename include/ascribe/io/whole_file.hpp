/// Files that are written whole or not at all. Needs the standard library only.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "ascribe/core/error.hpp"

namespace ascribe::io {

/// Throws where something else than a file is in the way: renaming would replace a device or a pipe.
inline void check_place(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    fail(path, ": expected a file or nothing to write over, found something that is not a file");
  }
}

/// Writes `parts` one after the other to a new file beside `path`, then gives it its name.
inline void write_whole(const std::filesystem::path& path, std::span<const std::string_view> parts) {
  check_place(path);
  std::error_code error;
  std::random_device random;
  std::filesystem::path temporary = path;
  temporary += "." + std::to_string(random()) + std::to_string(random()) + ".part";

  // 'x': never write into a file that somebody else has.
  std::FILE* const file = std::fopen(temporary.string().c_str(), "wbx");
  if (file == nullptr) {
    fail(path, ": expected a place to write to, found that no file can be made beside it");
  }
  bool written = true;
  std::uintmax_t size = 0;
  for (const std::string_view part : parts) {
    size += part.size();
    // An empty array's data pointer may be null, which fwrite does not allow.
    written = written && (part.empty() || std::fwrite(part.data(), 1, part.size(), file) == part.size());
  }
  written = std::fclose(file) == 0 && written;  // a full disk may show at the close only
  if (written) {
    std::filesystem::rename(temporary, path, error);
  }
  if (!written || error) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    fail(path, ": expected to write ", size, " bytes, found ",
         written ? error.message() : "that they cannot be written");
  }
}

/// The values' bytes, little-endian; `swapped` is where they lie if they are not so already.
template <class T>
std::string_view little_endian(std::span<const T> values, std::string& swapped) {
  const std::string_view data(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  if constexpr (std::endian::native == std::endian::big) {
    swapped = data;
    for (std::size_t i = 0; i < swapped.size(); i += sizeof(T)) {
      std::reverse(swapped.data() + i, swapped.data() + i + sizeof(T));
    }
    return swapped;
  }
  return data;
}

}  // namespace ascribe::io
