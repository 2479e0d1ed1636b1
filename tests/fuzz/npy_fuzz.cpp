// Bytes as a .npy file: reading it as any type ends well or in an Error.
#include <ascribe/io/npy.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace {

/// A file that is nowhere but in memory, and so leaves nothing behind.
class MemoryFile {
 public:
  MemoryFile() : file_(memfd_create("npy_fuzz", 0)), path_("/proc/self/fd/" + std::to_string(file_)) {
    if (file_ < 0) std::abort();
  }

  const std::filesystem::path& with(const std::uint8_t* data, std::size_t size) const {
    if (ftruncate(file_, 0) != 0 || pwrite(file_, data, size, 0) != ssize_t(size)) std::abort();
    return path_;
  }

 private:
  int file_;
  std::filesystem::path path_;
};

template <class T>
void read(const std::filesystem::path& path, std::size_t size) {
  try {
    const auto array = ascribe::io::read_npy<T>(path);
    std::size_t count = 1;
    for (const std::size_t n : array.shape) count *= n;
    // Nothing is smaller than a byte.
    if (count != array.values.size() || count > size) std::abort();
  } catch (const ascribe::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const MemoryFile file;
  const std::filesystem::path& path = file.with(data, size);
  read<float>(path, size);
  read<double>(path, size);
  read<std::int64_t>(path, size);
  read<std::uint8_t>(path, size);
  return 0;
}
