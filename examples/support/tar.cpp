#include "examples/support/tar.hpp"

#include "ascribe/core/error.hpp"
#include "examples/support/samples.hpp"

#ifdef ASCRIBE_EXAMPLES_TAR
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#endif

namespace examples {

bool is_tar(const std::filesystem::path& path) { return has_extension(path, {".tar"}); }

#ifdef ASCRIBE_EXAMPLES_TAR

namespace {

/// A tar file from one of its headers on.
class Tar {
 public:
  Tar(const std::filesystem::path& path, std::uint64_t offset)
      : path_(path), file_(open(path.c_str(), O_RDONLY | O_CLOEXEC)), archive_(archive_read_new()) {
    archive_read_support_format_tar(archive_.get());
    if (file_.number < 0 || lseek(file_.number, static_cast<off_t>(offset), SEEK_SET) < 0 ||
        archive_read_open_fd(archive_.get(), file_.number, 1 << 16) != ARCHIVE_OK)
      ascribe::fail(path.string(),
                    ": expected a tar file that is not compressed, found none that can be read");
  }

  /// The next file, or null behind the last one. What is no file is passed over.
  archive_entry* next() {
    archive_entry* entry = nullptr;
    while (true) {
      const int found = archive_read_next_header(archive_.get(), &entry);
      if (found == ARCHIVE_EOF) return nullptr;
      if (found != ARCHIVE_OK && found != ARCHIVE_WARN) fail();
      if (archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == nullptr) return entry;
    }
  }

  /// Where its header begins, counted from where this one does.
  std::uint64_t offset() const {
    return static_cast<std::uint64_t>(archive_read_header_position(archive_.get()));
  }

  std::string bytes(archive_entry* entry) {
    std::string all(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
    if (archive_read_data(archive_.get(), all.data(), all.size()) != static_cast<la_ssize_t>(all.size()))
      fail();
    return all;
  }

 private:
  struct File {
    ~File() {
      if (number >= 0) close(number);
    }
    int number;
  };
  struct Free {
    void operator()(archive* one) const { archive_read_free(one); }
  };

  [[noreturn]] void fail() const {
    const char* const why = archive_error_string(archive_.get());
    ascribe::fail(path_.string(), ": expected a whole tar file, found that it is damaged or cut off",
                  why ? ": " + std::string(why) : std::string());
  }

  const std::filesystem::path path_;
  const File file_;
  const std::unique_ptr<archive, Free> archive_;
};

}  // namespace

void each_member(const std::filesystem::path& path,
                 const std::function<void(const std::string& name, std::uint64_t offset)>& take) {
  Tar tar(path, 0);
  while (archive_entry* const entry = tar.next()) {
    // Of names in Unicode (pax), those that the locale has no letters for are there as UTF-8 alone.
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr) name = archive_entry_pathname_utf8(entry);
    if (name == nullptr)
      ascribe::fail(path.string(), ": expected names of files, found one that cannot be read");
    take(name, tar.offset());
  }
}

std::string member(const std::filesystem::path& path, std::uint64_t offset) {
  Tar tar(path, offset);
  archive_entry* const entry = tar.next();
  if (entry == nullptr)
    ascribe::fail(path.string(), ": expected a file in it at byte ", offset, ", found none");
  return tar.bytes(entry);
}

#else

namespace {

[[noreturn]] void unread(const std::filesystem::path& path) {
  ascribe::fail(path.string(),
                ": a tar file, which programs read that are built with libarchive (Debian: libarchive-dev)");
}

}  // namespace

void each_member(const std::filesystem::path& path,
                 const std::function<void(const std::string&, std::uint64_t)>&) {
  unread(path);
}
std::string member(const std::filesystem::path& path, std::uint64_t) { unread(path); }

#endif

}  // namespace examples
