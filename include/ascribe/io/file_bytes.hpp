/// A file's bytes without a copy of them in memory, where the system can map files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <new>
#include <span>
#include <string_view>

#include "ascribe/core/error.hpp"
#include "ascribe/io/binary.hpp"

/// Whether files are mapped; a program that wants them read says 0, in all of its files.
#ifndef ASCRIBE_MAPS_FILES
#if __has_include(<sys/mman.h>) && __has_include(<unistd.h>) && __has_include(<fcntl.h>)
#define ASCRIBE_MAPS_FILES 1
#else
#define ASCRIBE_MAPS_FILES 0
#endif
#endif
#if ASCRIBE_MAPS_FILES
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace ascribe::io {

/// The bytes of one file as long as this lives: mapped, read-only, or read where the system maps no files.
/// Nobody may shorten the file meanwhile.
class FileBytes {
 public:
  /// `what` says what is looked for, as in "an ONNX file". Throws Error for what is no file, does not open,
  /// or does not fit in memory.
  FileBytes(const std::filesystem::path& path, std::string_view what)
      : size_(std::size_t(binary::file_size(path, what))) {
    if (map(path)) return;
    own_.reset(new (std::nothrow) char[size_]);
    if (!own_) fail(path, ": expected a file that fits in memory, found ", size_, " bytes");
    binary::read(path, 0, std::span(own_.get(), size_));
  }
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;
  ~FileBytes() {
#if ASCRIBE_MAPS_FILES
    if (mapped_) ::munmap(mapped_, size_);
#endif
  }

  /// All of the file's; they live as long as this.
  std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(mapped_ ? mapped_ : own_.get()), size_};
  }

  /// Says that `part`, some of the bytes, is not needed for now: the whole pages within it leave the
  /// process's memory, and come back when they are read again.
  void release(std::span<const std::byte> part) const {
#if ASCRIBE_MAPS_FILES
    if (!mapped_) return;
    const auto page = std::size_t(::sysconf(_SC_PAGESIZE));
    const std::size_t start = std::size_t(part.data() - bytes().data()), end = start + part.size();
    const std::size_t first = (start + page - 1) / page * page, last = end / page * page;
    if (last > first) ::madvise(static_cast<std::byte*>(mapped_) + first, last - first, MADV_DONTNEED);
#else
    (void)part;
#endif
  }

 private:
  bool map(const std::filesystem::path& path) {
#if ASCRIBE_MAPS_FILES
    if (size_ == 0) return false;
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    void* const memory = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
    ::close(file);
    if (memory == MAP_FAILED) return false;
    mapped_ = memory;
    return true;
#else
    (void)path;
    return false;
#endif
  }

  std::size_t size_;
  void* mapped_ = nullptr;
  std::unique_ptr<char[]> own_;
};

}  // namespace ascribe::io
