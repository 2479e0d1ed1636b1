#include "ascribe/io/whole_file.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "ascribe/io/binary.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace ascribe;
using test::TemporaryFolder;

namespace {

TEST_CASE("write_whole: the parts one behind the other, in place of what was there") {
  const TemporaryFolder folder;
  const auto path = folder.write("file", "what was there, and longer");
  const std::array<std::string_view, 3> parts{"one", "", "two"};
  io::write_whole(path, parts);
  CHECK(io::binary::read_bytes(path, "a file") == "onetwo");
  CHECK(folder.file_count() == 1);
}

TEST_CASE("write_whole: what is no file stays, and so does what is there where nothing can be written") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "folder");
  const std::array<std::string_view, 1> parts{"bytes"};
  CHECK_THROWS_WITH(io::write_whole(folder / "folder", parts), Contains("something that is not a file"));
  CHECK_THROWS_WITH(io::write_whole(folder / "none" / "file", parts),
                    Contains("no file can be made beside it"));
  CHECK(folder.file_count() == 1);
}

TEST_CASE("little_endian: the lowest byte first, on any machine") {
  std::string swapped;
  const std::array<std::uint32_t, 2> values{0x04030201U, 0x080706FFU};
  const std::string_view bytes = io::little_endian(std::span<const std::uint32_t>(values), swapped);
  CHECK(bytes == std::string_view("\x01\x02\x03\x04\xff\x06\x07\x08", 8));
}

}  // namespace
