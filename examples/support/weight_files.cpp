#include "examples/support/weight_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>

#include "ascribe/core/error.hpp"
#include "ascribe/io/file_bytes.hpp"
#include "examples/support/files.hpp"

namespace examples {

WeightFiles::WeightFiles(const std::filesystem::path& folder) : folder_(folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!std::filesystem::is_directory(folder))
    ascribe::fail(folder.string(), ": expected a folder for weights, found that none can be made");
}

std::shared_ptr<const void> WeightFiles::keep(std::span<const std::byte> weights) {
  if (weights.size() < worth_sharing) return nullptr;
  const std::string_view bytes(reinterpret_cast<const char*>(weights.data()), weights.size());
  const auto path = folder_ / (fingerprint_of(bytes) + "." + std::to_string(bytes.size()) + ".weights");
  make_once(path, [&](const std::filesystem::path& made) { write_bytes(made, bytes); });
  const auto file = std::make_shared<const ascribe::io::FileBytes>(path, "a file of weights");
  const std::span<const std::byte> there = file->bytes();
  if (there.size() != weights.size() || std::memcmp(there.data(), weights.data(), weights.size()) != 0)
    return nullptr;
  return {file, there.data()};
}

void share_weights(const std::filesystem::path& folder) {
  if (!folder.empty()) ascribe::set_weight_store(std::make_shared<WeightFiles>(folder));
}

WeightTurn::WeightTurn(const std::filesystem::path& folder) {
  if (folder.empty()) return;
  file_ = open((folder / "turn").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666);
  if (file_ < 0) ascribe::fail(folder.string(), ": expected a folder that can be written to, found that it cannot");
  struct flock all {};
  all.l_type = F_WRLCK;
  all.l_whence = SEEK_SET;
  // A file system without locks lets all have their turn at once.
  while (fcntl(file_, F_SETLKW, &all) != 0 && errno == EINTR) {
  }
}

WeightTurn::~WeightTurn() {
  if (file_ >= 0) close(file_);
}

}  // namespace examples
