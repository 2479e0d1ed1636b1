/// Inputs for programs that take many, and what such programs have written.
#pragma once

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ascribe/io/npy.hpp"
#include "examples/support/png.hpp"
#include "tests/support/explain.hpp"

namespace ascribe::test {

/// Writes a picture that is like no other of another number.
inline void write_picture(const std::filesystem::path& path, int number) {
  std::filesystem::create_directories(path.parent_path());
  ascribe::Picture picture{30, 28, {}};
  for (int i = 0; i < 30 * 28 * 3; ++i)
    picture.rgb.push_back(static_cast<unsigned char>(i * (7 + number) % 251));
  examples::write_png(path, picture);
}

/// `count` samples of 28 x 28, of which the one of number `nan`, if there is one, is no input.
inline void write_samples(const std::filesystem::path& path, std::size_t count,
                          std::size_t nan = std::size_t(-1)) {
  std::filesystem::create_directories(path.parent_path());
  std::vector<float> values(count * 784);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = i / 784 == nan ? NAN : float(i % 784 * (i / 784 + 3) % 97) / 97;
  ascribe::io::write_npy(path, {count, 1, 28, 28}, std::span<const float>(values));
}

/// Every file under a folder, and what is in it.
inline std::map<std::string, std::string> tree(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file())
      files[std::filesystem::relative(entry.path(), folder).string()] = bytes_of(entry.path());
  return files;
}

/// What is in a file that is compressed, by the program gzip, which is none of ours.
inline std::string unzipped(const std::filesystem::path& path) {
  return printed_by("gzip", {"-dc", path.string()});
}

/// The files that are not in both, or not the same.
inline std::set<std::string> differences(const std::map<std::string, std::string>& a,
                                         const std::map<std::string, std::string>& b) {
  std::set<std::string> names;
  for (const auto& [one, other] : {std::pair(&a, &b), std::pair(&b, &a)})
    for (const auto& [name, content] : *one)
      if (other->count(name) == 0 || other->at(name) != content) names.insert(name);
  return names;
}

}  // namespace ascribe::test
