/// Tensors' values in files beside the model: where they may lie, and how they are read.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/io/binary.hpp"
#include "ascribe/io/file_bytes.hpp"
#include "ascribe/io/onnx/tensor.hpp"

namespace ascribe::onnx {

/// The files beside one model. Every request is checked against its file's length when it is made; `load`
/// then opens each file once, however many tensors share it, so that a model can never make its reader ask
/// for more memory than its files are long.
class ExternalData {
 public:
  /// `folder` is the model's; with an empty path every request is an Error.
  explicit ExternalData(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// What will hold `size` bytes of the file `location` at `offset` after `load`. `where` begins messages.
  /// Throws Error if the location is not a file inside the folder (by .., as an absolute path or through a
  /// symbolic link), or if the file does not have those bytes.
  std::shared_ptr<const TensorBytes> request(const std::string& where, const std::string& location,
                                             std::uint64_t offset, std::uint64_t size) {
    const auto [entry, is_new] = by_location_.try_emplace(location, 0);
    if (is_new) {
      entry->second = open(where, location);
    }
    File& file = files_[entry->second];
    if (offset > file.size || size > file.size - offset) {
      fail(where, ": expected ", size, " bytes at offset ", offset, " of the external file ", shown(location),
           ", found a file of ", file.size, " bytes");
    }
    file.requests.push_back({offset, size, std::make_shared<TensorBytes>()});
    return file.requests.back().result;
  }

  /// Brings what was asked for: mapped where the system can, so that only what is looked at is read. Throws
  /// Error if a file cannot be read or has become shorter.
  void load() {
    for (File& file : files_) {
      if (file.requests.empty()) continue;
      const auto content = std::make_shared<const io::FileBytes>(file.path, "a file of external data");
      const auto bytes = content->bytes();
      for (const Request& request : file.requests) {
        if (request.offset > bytes.size() || request.size > bytes.size() - request.offset) {
          fail(file.path, ": expected ", request.size, " bytes behind the first ", request.offset,
               ", found a file of ", bytes.size());
        }
        *request.result = {
            content,
            bytes.subspan(static_cast<std::size_t>(request.offset), static_cast<std::size_t>(request.size)),
            content};
      }
      file.requests.clear();
    }
  }

 private:
  struct Request {
    std::uint64_t offset;
    std::uint64_t size;
    std::shared_ptr<TensorBytes> result;
  };
  struct File {
    std::filesystem::path path;
    std::uint64_t size;
    std::vector<Request> requests;
  };

  /// The index of the file at `location`, which may be known under another name.
  std::size_t open(const std::string& where, const std::string& location) {
    const auto refuse = [&](std::string_view expected, std::string_view found) {
      fail(where, ": external file ", shown(location), ": expected ", expected, ", found ", found);
    };
    if (folder_.empty()) {
      refuse("a model without external data, as no folder is given", "some");
    }
    // The system would end the path at a zero byte, behind which a check could look.
    if (location.empty() || location.find('\0') != std::string::npos) {
      refuse("a path", "none");
    }
    const std::filesystem::path relative(location);
    if (relative.has_root_path()) {
      refuse("a path relative to the model's folder", "an absolute one");
    }
    std::error_code error;
    const std::filesystem::path root = std::filesystem::canonical(folder_, error);
    if (error) {
      refuse("to find the model's folder", error.message());
    }
    const std::filesystem::path path = std::filesystem::canonical(root / relative, error);
    if (error) {
      // Whether a file outside exists is nobody's business: .. is refused below without a word of it.
      const bool leaves = *(root / relative).lexically_normal().lexically_relative(root).begin() == "..";
      refuse(leaves ? "a file inside the model's folder" : "a file",
             leaves ? "a path that leaves it" : error.message());
    }
    if (std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first != root.end()) {
      refuse("a file inside the model's folder", "a path that leaves it");
    }
    const auto [known, is_new] = by_path_.try_emplace(path, files_.size());
    if (is_new) {
      files_.push_back({path, io::binary::file_size(path, "a file of external data"), {}});
    }
    return known->second;
  }

  std::filesystem::path folder_;
  std::map<std::string, std::size_t> by_location_;
  std::map<std::filesystem::path, std::size_t> by_path_;
  std::vector<File> files_;
};

}  // namespace ascribe::onnx
