#include "ascribe/io/file_bytes.hpp"

#include "tests/support/catch.hpp"

#include <string>
#include <string_view>

#include "tests/support/temporary_folder.hpp"

namespace {

using namespace ascribe;
using Catch::Matchers::Contains;

std::string_view text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST_CASE("io::FileBytes: a file's bytes, before and behind a release of them") {
  const test::TemporaryFolder folder;
  std::string content;
  for (int i = 0; i < 100000; ++i) content += std::to_string(i) + ' ';
  const io::FileBytes file(folder.write("long", content), "a file of numbers");
  CHECK(text(file.bytes()) == content);
  file.release(file.bytes());
  CHECK(text(file.bytes()) == content);
  file.release(file.bytes().subspan(5000, 300000));
  file.release(file.bytes().subspan(7, 1));
  file.release(file.bytes().last(0));
  CHECK(text(file.bytes()) == content);
}

TEST_CASE("io::FileBytes: an empty file, and what is none") {
  const test::TemporaryFolder folder;
  const io::FileBytes empty(folder.write("empty", ""), "a file");
  CHECK(empty.bytes().empty());
  empty.release(empty.bytes());
  CHECK_THROWS_WITH(io::FileBytes(folder / "none", "a file of numbers"),
                    Contains("expected a file of numbers, found no such file"));
  CHECK_THROWS_WITH(io::FileBytes(folder.path(), "a file"), Contains("something that is not a file"));
}

}  // namespace
