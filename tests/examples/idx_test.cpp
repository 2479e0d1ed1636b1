#include "examples/support/idx.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "ascribe/core/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/explain.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using ascribe::test::bytes_of;
using ascribe::test::of_repository;
using ascribe::test::TemporaryFolder;
using examples::read_images;
using examples::read_labels;

/// An IDX file of bytes, of one dimension or three.
std::string idx(const std::vector<unsigned>& sizes, const std::string& bytes) {
  std::string file{'\0', '\0', '\x08', char(sizes.size())};
  for (const unsigned size : sizes)
    for (const int shift : {24, 16, 8, 0}) file += char(size >> shift & 255);
  return file + bytes;
}

/// What reading says, with the file's name in front.
template <class Read>
std::string complaint(const Read& read, const std::filesystem::path& path) {
  try {
    read(path);
  } catch (const ascribe::Error& error) {
    const std::string text = error.what(), name = path.filename().string();
    CHECK(text.find(name) != std::string::npos);
    CHECK(text.find(name) == text.rfind(name));
    return text;
  }
  FAIL("nothing was thrown");
  return "";
}

/// The file by the program gzip, which is none of ours.
std::filesystem::path zipped(const std::filesystem::path& path) {
  REQUIRE(std::system(("gzip -9n '" + path.string() + "'").c_str()) == 0);
  return path.string() + ".gz";
}

const std::string two_images("abcdefghijkl");

TEST_CASE("IDX files are read plain and gzipped", "[idx]") {
  const TemporaryFolder folder;
  const auto plain = read_images(folder.write("plain", idx({2, 2, 3}, two_images)));
  const auto gz = read_images(zipped(folder.write("gz", idx({2, 2, 3}, two_images))));
  for (const auto* images : {&plain, &gz}) {
    CHECK(images->count == 2);
    CHECK(images->height == 2);
    CHECK(images->width == 3);
    CHECK(std::string(images->bytes.begin(), images->bytes.end()) == two_images);
    CHECK(std::string((*images)[1].begin(), (*images)[1].end()) == "ghijkl");
    CHECK_THROWS_AS((*images)[2], ascribe::Error);
  }
  CHECK(read_labels(zipped(folder.write("labels", idx({3}, "xyz")))) ==
        std::vector<unsigned char>{'x', 'y', 'z'});
  // More than what is read at once.
  const std::string large(3 << 20, 'a');
  CHECK(read_labels(zipped(folder.write("large", idx({3 << 20}, large)))).size() == large.size());
}

TEST_CASE("The digits of the repository are there", "[idx]") {
  for (const auto& [name, count] : {std::pair("test", 1000U), std::pair("train", 4000U)}) {
    const std::string start = "examples/data/digits/" + std::string(name);
    const auto images = read_images(of_repository(start + "-images.idx3-ubyte.gz"));
    CHECK(images.count == count);
    CHECK(images.pixels() == 784);
    CHECK(read_labels(of_repository(start + "-labels.idx1-ubyte")).size() == count);
  }
}

TEST_CASE("IDX files that are not what they say are refused", "[idx]") {
  const TemporaryFolder folder;
  const auto says = [&](const char* name, const std::string& bytes) {
    return complaint([](const auto& path) { read_images(path); }, folder.write(name, bytes));
  };
  const auto has = [](const std::string& text, const char* part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  has(says("short", idx({2, 2, 3}, "abc")), "expected 12 bytes behind the header, found 3");
  has(says("long", idx({2, 2, 3}, two_images + "m")), "expected 12 bytes behind the header, found more");
  has(says("labels", idx({12}, two_images)), "3 dimension(s), found another header");
  has(says("nothing", ""), "found another header");
  has(says("empty", idx({0, 2, 3}, "")), "found 0 in dimension 0");
  has(says("overflow", idx({4294967295U, 4294967295U, 4294967295U}, "a")), "found 4294967295 in dimension 2");
  // A size that nobody has the memory for, but for what is there.
  has(says("large", idx({4294967295U, 65535, 2}, "a")), "bytes behind the header, found 1");
  has(says("wide", idx({1, 1, 40000}, std::string(40000, 'a'))), "at most 32768 pixels a side");
  const auto images = [](const auto& path) { read_images(path); };
  has(complaint(images, folder / "absent"), "found none that can be read");
  std::filesystem::create_directory(folder / "directory");
  has(complaint(images, folder / "directory"), "found none that can be read");

  // A gzip file that was cut off at any place, or has another byte in what is compressed or in the sum of it.
  const std::string whole = bytes_of(zipped(folder.write("whole", idx({2, 2, 3}, two_images))));
  for (std::size_t size = 2; size < whole.size(); ++size) {
    const std::string text = says("ends.gz", whole.substr(0, size));
    INFO(size);
    // Within gzip's own header of 10 bytes there is no file yet, and none of IDX.
    CHECK(text.find(size < 10 ? "found" : "damaged or cut off") != std::string::npos);
  }
  for (std::size_t at = 10; at < whole.size(); ++at) {
    std::string other = whole;
    other[at] = char(other[at] ^ 1);
    const std::string text = says("other.gz", other);
    INFO(at << ' ' << text);
    CHECK(text.find("expected") != std::string::npos);
  }
}

}  // namespace
