#include "examples/support/gzip.hpp"

#include <cstddef>
#include <filesystem>
#include <random>
#include <string>

#include "ascribe/core/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/explain.hpp"
#include "tests/support/files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;
using ascribe::test::bytes_of;
using ascribe::test::TemporaryFolder;
using ascribe::test::unzipped;

std::string noise(std::size_t size) {
  std::mt19937 random(7);
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(random() & 255);
  return bytes;
}

TEST_CASE("what is compressed is read by gzip, at every border of blocks", "[gzip]") {
  const TemporaryFolder folder;
  constexpr std::size_t block = 131072;
  for (const std::size_t size :
       {std::size_t(0), std::size_t(1), block - 1, block, block + 1, 3 * block, 3 * block + 5})
    for (const bool is_noise : {false, true}) {
      INFO(size << " bytes, " << (is_noise ? "noise" : "zeros"));
      const std::string content = is_noise ? noise(size) : std::string(size, '\0');
      const fs::path plain = folder.write("plain", content);
      examples::write_gzip(plain, folder / "plain.gz");
      CHECK((unzipped(folder / "plain.gz") == content));
      const std::string compressed = bytes_of(folder / "plain.gz");
      // The header of RFC 1952 without a name, a time or a system; noise costs five bytes for each 16 KB or
      // so.
      CHECK((compressed.substr(0, 10) == std::string("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10)));
      CHECK(compressed.size() <= (is_noise ? size + size / 2000 + 64 : size / 500 + 64));
      for (const int threads : {2, 3, 7}) {
        examples::write_gzip(plain, folder / "again.gz", threads);
        CHECK((bytes_of(folder / "again.gz") == compressed));
      }
    }
}

TEST_CASE("files that cannot be compressed are named", "[gzip]") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(examples::write_gzip(folder / "none", folder / "a.gz"), Contains("none: expected"));
  folder.write("plain", "content");
  CHECK_THROWS_WITH(examples::write_gzip(folder / "plain", folder / "none/a.gz"),
                    Contains("a.gz: expected to compress"));
}

}  // namespace
