#include "ascribe/io/npy.hpp"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#if __has_include(<sys/resource.h>)
#include <csignal>
#include <sys/resource.h>
#endif

#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using ascribe::io::NpyReader;
using ascribe::io::NpyWriter;
using ascribe::io::read_npy;
using ascribe::io::write_npy;
using ascribe::test::TemporaryFolder;
using Shape = std::vector<std::size_t>;

struct Folder : TemporaryFolder {
  /// The path of a new file with these bytes.
  std::filesystem::path file(std::string_view bytes) const { return write("some.npy", bytes); }
};

/// A string of bytes, zeros among them.
template <std::size_t N>
std::string bytes(const char (&literal)[N]) {
  return std::string(literal, N - 1);
}

/// A .npy file, byte by byte: magic, version, length of the header in 2 or 4 bytes, header, data.
std::string npy(const std::string& header, const std::string& data, int version = 1) {
  std::string result = "\x93NUMPY";
  result += static_cast<char>(version);
  result += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) {
    result += static_cast<char>((header.size() >> (8 * i)) & 255);
  }
  return result + header + data;
}

std::string header(const std::string& type, const std::string& shape, bool fortran = false) {
  return "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False") +
         ", 'shape': " + shape + ", }\n";
}

/// The message of the Error that reading `content` as T throws.
template <class T = float>
std::string complaint(const std::string& content) {
  const Folder folder;
  const auto path = folder.file(content);
  try {
    read_npy<T>(path);
  } catch (const ascribe::Error& error) {
    const std::string message = error.what();
    CHECK_THAT(message, Contains("some.npy") && Contains("expected") && Contains("found"));
    return message;
  }
  return "no error";
}

template <class T>
std::vector<T> values(const std::string& type, const std::string& count, const std::string& data) {
  const Folder folder;
  return read_npy<T>(folder.file(npy(header(type, "(" + count + ",)"), data))).values;
}

}  // namespace

TEST_CASE("read_npy: every type, both byte orders, from bytes made by hand") {
  CHECK(values<int>("|b1", "3", bytes("\x00\x01\x01")) == std::vector<int>{0, 1, 1});
  CHECK(values<int>("|i1", "3", bytes("\x7f\x80\xff")) == std::vector<int>{127, -128, -1});
  CHECK(values<int>("|u1", "3", bytes("\x7f\x80\xff")) == std::vector<int>{127, 128, 255});
  CHECK(values<int>("<i2", "2", bytes("\x02\x01\xfe\xff")) == std::vector<int>{258, -2});
  CHECK(values<int>(">i2", "2", bytes("\x01\x02\xff\xfe")) == std::vector<int>{258, -2});
  CHECK(values<int>("<u2", "1", bytes("\xfe\xff")) == std::vector<int>{65534});
  CHECK(values<long long>("<i4", "1", bytes("\x00\x00\x00\x80")) == std::vector<long long>{-2147483648LL});
  CHECK(values<long long>(">u4", "1", bytes("\x80\x00\x00\x01")) == std::vector<long long>{2147483649LL});
  CHECK(values<std::int64_t>(">i8", "1", bytes("\xff\xff\xff\xff\xff\xff\xff\xfd")) ==
        std::vector<std::int64_t>{-3});
  CHECK(values<std::uint64_t>("<u8", "1", bytes("\xff\xff\xff\xff\xff\xff\xff\xff")) ==
        std::vector<std::uint64_t>{std::numeric_limits<std::uint64_t>::max()});
  CHECK(values<float>("<f4", "2", bytes("\x00\x00\x80\x3f\x00\x00\x20\xc0")) == std::vector<float>{1, -2.5f});
  CHECK(values<double>(">f8", "1", bytes("\xbf\xf8\x00\x00\x00\x00\x00\x00")) == std::vector<double>{-1.5});
}

TEST_CASE("read_npy: half precision: normal, largest, smallest subnormal, largest subnormal, infinite, NaN") {
  const auto halves =
      values<double>(">f2", "8", bytes("\x3c\x00\xc1\x00\x7b\xff\x00\x01\x03\xff\xfc\x00\x7e\x00\x80\x00"));
  CHECK(halves[0] == 1);
  CHECK(halves[1] == -2.5);
  CHECK(halves[2] == 65504);
  CHECK(halves[3] == std::ldexp(1.0, -24));
  CHECK(halves[4] == std::ldexp(1023.0, -24));
  CHECK(halves[5] == -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(halves[6]));
  CHECK((halves[7] == 0 && std::signbit(halves[7])));
}

TEST_CASE("read_npy: versions 1, 2 and 3, keys in any order, either quote, no last comma") {
  const Folder folder;
  for (const int version : {1, 2, 3}) {
    CHECK(read_npy<int>(folder.file(npy(header("|u1", "(2,)"), "\x05\x06", version))).values ==
          std::vector<int>{5, 6});
  }
  const auto odd = read_npy<int>(
      folder.file(npy("{\"shape\":(1 ,2L),\"fortran_order\":False , 'descr':'|u1'}  \n", "\x05\x06")));
  CHECK(odd.shape == Shape{1, 2});
  CHECK(odd.values == std::vector<int>{5, 6});
}

TEST_CASE("read_npy: Fortran order becomes C order") {
  const Folder folder;
  // a[i][j][k] = 100 i + 10 j + k, the first index fastest.
  const std::string data = bytes("\x00\x64\x0a\x6e\x14\x78\x01\x65\x0b\x6f\x15\x79");
  const auto array = read_npy<int>(folder.file(npy(header("|u1", "(2, 3, 2)", true), data)));
  CHECK(array.shape == Shape{2, 3, 2});
  CHECK(array.values == std::vector<int>{0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121});
  CHECK(read_npy<int>(folder.file(npy(header("|u1", "(2,)", true), "\x05\x06"))).values ==
        std::vector<int>{5, 6});
}

TEST_CASE("read_npy: a scalar has an empty shape and one value; an empty array has none") {
  const Folder folder;
  const auto scalar = read_npy<int>(folder.file(npy(header("|u1", "()"), "\x07")));
  CHECK(scalar.shape.empty());
  CHECK(scalar.values == std::vector<int>{7});
  for (const bool fortran : {false, true}) {
    const auto empty = read_npy<int>(folder.file(npy(header("<i8", "(3, 0)", fortran), "")));
    CHECK(empty.shape == Shape{3, 0});
    CHECK(empty.values.empty());
  }
}

TEST_CASE("read_npy: a file that NumPy 2.4 wrote") {
  // np.save(f, np.asfortranarray(np.array([[1, -2, 300], [4, 5, -32768]], dtype='>i2')))
  const std::string file =
      bytes("\x93NUMPY\x01\x00v\x00{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }") +
      std::string(59, ' ') + "\n" + bytes("\x00\x01\x00\x04\xff\xfe\x00\x05\x01\x2c\x80\x00");
  REQUIRE(file.size() == 140);
  const Folder folder;
  const auto array = read_npy<float>(folder.file(file));
  CHECK(array.shape == Shape{2, 3});
  CHECK(array.values == std::vector<float>{1, -2, 300, 4, 5, -32768});
}

TEST_CASE("read_npy: a file cut short anywhere, or too long, is an Error") {
  const std::string whole = npy(header("<f4", "(2, 1)"), bytes("\x00\x00\x80\x3f\x00\x00\x20\xc0"));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    INFO("the first " << length << " bytes");
    CHECK(complaint(whole.substr(0, length)) != "no error");
  }
  CHECK(complaint(whole) == "no error");
  CHECK_THAT(complaint(whole + '\0'),
             Contains("expected 8 bytes of data for shape (2, 1)") && Contains("found 9"));
}

TEST_CASE("read_npy: no such file, and a folder") {
  const Folder folder;
  CHECK_THROWS_WITH(read_npy<float>(folder / "none.npy"), Contains("none.npy") && Contains("no such file"));
  CHECK_THROWS_WITH(read_npy<float>(folder / "."), Contains("not a file"));
}

TEST_CASE("read_npy: hostile headers") {
  const std::string four(4, '\0');
  CHECK_THAT(complaint("PK\x03\x04" + four), Contains("starts with"));
  CHECK_THAT(complaint(npy(header("<f4", "(1,)"), four, 4)), Contains("found 4.0"));
  std::string long_header = npy(header("<f4", "(1,)"), four, 2);
  long_header.replace(8, 4, "\xff\xff\xff\xff");
  CHECK_THAT(complaint(long_header), Contains("a header of 4294967295 bytes"));

  SECTION("shapes whose product overflows, to 0 or to the right number of bytes") {
    CHECK_THAT(complaint(npy(header("<f4", "(4294967296, 4294967296)"), "")), Contains("fits in memory"));
    CHECK_THAT(complaint(npy(header("<f4", "(4611686018427387905,)"), four)), Contains("fits in memory"));
    CHECK_THAT(complaint(npy(header("<f4", "(18446744073709551616,)"), "")), Contains("fits in memory"));
    CHECK_THAT(complaint(npy(header("<f4", "(1152921504606846976,)"), four)), Contains("found 4"));
  }
  SECTION("shapes that are none") {
    CHECK_THAT(complaint(npy(header("<f4", "(-1,)"), four)), Contains("a size"));
    CHECK_THAT(complaint(npy(header("<f4", "(1)"), four)), Contains("','"));
    CHECK_THAT(complaint(npy(header("<f4", "(1.0,)"), four)), Contains("header"));
    CHECK_THAT(complaint(npy(header("<f4", "(1,"), four)), Contains("header"));
    CHECK_THAT(complaint(npy(header("<f4", "1"), four)), Contains("'('"));
  }
  SECTION("dictionaries that are none") {
    CHECK_THAT(complaint(npy("", four)), Contains("'{'"));
    CHECK_THAT(complaint(npy("{}\n", four)), Contains("keys"));
    CHECK_THAT(complaint(npy("{'descr': '<f4', 'shape': (1,)}\n", four)), Contains("keys"));
    CHECK_THAT(complaint(npy("{'descr': '<f4', 'descr': '<f4'}", four)), Contains("every key once"));
    CHECK_THAT(complaint(npy("{'descr': '<f4', 'size': 3}", four)), Contains("'size'"));
    CHECK_THAT(complaint(npy("{'descr", four)), Contains("quote"));
    CHECK_THAT(complaint(npy("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", four)),
               Contains("True or False"));
    CHECK_THAT(complaint(npy(header("<f4", "(1,)") + "x", four)), Contains("nothing after"));
  }
  SECTION("what a message shows of the file is short and printable") {
    const std::string message = complaint(npy("{'" + std::string(60000, '\x1b') + "': 1}", four));
    CHECK(message.size() < 300);
    CHECK(message.find('\x1b') == std::string::npos);
    std::string shape;
    for (int i = 0; i < 20000; ++i) {
      shape += "2,";
    }
    CHECK(complaint(npy(header("<f4", "(" + shape + ")"), four)).size() < 500);
  }
}

TEST_CASE("read_npy: types that are no numbers are named") {
  const std::string data(16, '\0');
  for (const char* type : {"|O", "<c8", "<c16", "<U4", "|S4", "<M8", "<f16", "<f1", "<i3", "|V8", "f4", ""}) {
    INFO(type);
    CHECK_THAT(complaint(npy(header(type, "(1,)"), data)), Contains("'" + std::string(type) + "'"));
  }
  CHECK_THAT(complaint(npy(header("|f4", "(4,)"), data)), Contains("byte order"));
  CHECK_THAT(complaint(npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (4,), }\n", data)),
             Contains("structured"));
  CHECK_THAT(complaint(npy(header("|b1", "(1,)"), "\x02")), Contains("booleans of 0 or 1, found 2"));
}

TEST_CASE("read_npy: a value that T cannot hold is an Error, one that it just can is not") {
  const auto one = [](const std::string& type, const std::string& data) {
    return npy(header(type, "(1,)"), data);
  };
  const std::string two_to_31 = bytes("\x00\x00\x00\x80\x00\x00\x00\x00");
  CHECK_THAT(complaint<int>(one("<i8", two_to_31)), Contains("item 0") && Contains("found 2147483648"));
  CHECK(complaint<unsigned>(one("<i8", two_to_31)) == "no error");
  CHECK_THAT(complaint<unsigned>(one("|i1", "\xff")), Contains("found -1"));
  CHECK_THAT(complaint<signed char>(one("|u1", "\x80")), Contains("found 128"));

  // 2⁵³ + 1 is the first whole number that a double rounds; 2⁶⁴ − 1 rounds to 2⁶⁴, outside its own type.
  CHECK(complaint<double>(one("<i8", bytes("\x00\x00\x00\x00\x00\x00\x20\x00"))) == "no error");
  CHECK_THAT(complaint<double>(one("<i8", bytes("\x01\x00\x00\x00\x00\x00\x20\x00"))),
             Contains("found 9007199254740993"));
  CHECK_THAT(complaint<float>(one("<u8", std::string(8, '\xff'))), Contains("found 18446744073709551615"));
  CHECK(complaint<double>(one("<i8", bytes("\x00\x00\x00\x00\x00\x00\x00\x80"))) == "no error");

  CHECK(values<int>("<f8", "1", bytes("\x00\x00\x00\x00\x00\x00\xe0\xc1")) ==
        std::vector<int>{std::numeric_limits<int>::min()});
  CHECK_THAT(complaint<int>(one("<f8", bytes("\x00\x00\x00\x00\x00\x00\xe0\x41"))), Contains("found"));
  CHECK_THAT(complaint<int>(one("<f4", bytes("\x00\x00\xc0\x3f"))), Contains("found 1.5"));
  CHECK_THAT(complaint<int>(one("<f4", bytes("\x00\x00\xc0\x7f"))), Contains("found nan"));
  CHECK_THAT(complaint<unsigned>(one("<f4", bytes("\x00\x00\x80\xbf"))), Contains("found -1"));

  // 1e300 is too large for a float; 0.1 only rounds; infinity stays what it is.
  CHECK_THAT(complaint<float>(one(">f8", bytes("\x7e\x37\xe4\x3c\x88\x00\x75\x9c"))),
             Contains("found 1e+300"));
  CHECK(values<float>(">f8", "1", "\x3f\xb9\x99\x99\x99\x99\x99\x9a") == std::vector<float>{0.1f});
  CHECK(values<float>(">f8", "1", bytes("\x7f\xf0\x00\x00\x00\x00\x00\x00")) ==
        std::vector<float>{std::numeric_limits<float>::infinity()});
}

TEST_CASE("write_npy: the bytes are NumPy's own, and come back") {
  const Folder folder;
  const auto path = folder / "written.npy";
  write_npy(path, {2, 1}, std::vector<float>{1, -2.5f});
  std::ifstream file(path, std::ios::binary);
  const std::string content((std::istreambuf_iterator<char>(file)), {});
  CHECK(content ==
        bytes("\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }") +
            std::string(58, ' ') + "\n" + bytes("\x00\x00\x80\x3f\x00\x00\x20\xc0"));

  const std::vector<double> numbers{0.1, -0.0, 1e300, 5e-324, std::numeric_limits<double>::infinity(), 7};
  for (const Shape& shape : {Shape{6}, Shape{2, 3}, Shape{1, 3, 1, 2}}) {
    write_npy(path, shape, numbers);
    const auto back = read_npy<double>(path);
    CHECK(back.shape == shape);
    CHECK(back.values == numbers);
    CHECK(std::filesystem::file_size(path) % 64 == 48);  // 6 doubles behind whole blocks of 64
  }
  write_npy(path, {}, std::vector<float>{3});
  CHECK(read_npy<float>(path).shape.empty());
  write_npy(path, {0, 4}, std::vector<float>{});
  CHECK(read_npy<float>(path).shape == Shape{0, 4});
  CHECK(folder.file_count() == 1);
}

TEST_CASE("write_npy: an Error leaves what was there, and nothing half-written") {
  const Folder folder;
  const auto path = folder / "kept.npy";
  write_npy(path, {1}, std::vector<float>{3});
  CHECK_THROWS_WITH(write_npy(path, {2, 2}, std::vector<float>{1, 2, 3}),
                    Contains("kept.npy") && Contains("expected 4 values for shape (2, 2), found 3"));
  CHECK_THROWS_WITH(write_npy(path, Shape(65, 1), std::vector<float>{1}),
                    Contains("64 dimensions, found 65"));
  CHECK_THROWS_AS(write_npy(folder / "none" / "x.npy", {1}, std::vector<float>{1}), ascribe::Error);
  std::filesystem::create_directory(folder / "folder.npy");
  CHECK_THROWS_WITH(write_npy(folder / "folder.npy", {1}, std::vector<float>{1}), Contains("not a file"));
  CHECK(read_npy<float>(path).values == std::vector<float>{3});
  CHECK(folder.file_count() == 2);
}

TEST_CASE("NpyReader: any values of C order, out of either order, as any type") {
  const Folder folder;
  // a[i][j][k] = 100 i + 10 j + k, as it lies in C order and with the first index fastest.
  const std::vector<float> all{0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121};
  const std::string c = bytes("\x00\x01\x0a\x0b\x14\x15\x64\x65\x6e\x6f\x78\x79");
  const std::string fortran = bytes("\x00\x64\x0a\x6e\x14\x78\x01\x65\x0b\x6f\x15\x79");
  for (const bool in_fortran : {false, true}) {
    const auto path = folder.file(npy(header("|u1", "(2, 3, 2)", in_fortran), in_fortran ? fortran : c));
    const NpyReader reader(path);
    CHECK(reader.path() == path);
    CHECK(reader.shape() == Shape{2, 3, 2});
    REQUIRE(reader.size() == 12);
    for (std::size_t first = 0; first <= 12; ++first) {
      for (std::size_t count = 0; first + count <= 12; ++count) {
        std::vector<float> part(count);
        reader.read(first, std::span<float>(part));
        CHECK(std::equal(part.begin(), part.end(), all.begin() + static_cast<std::ptrdiff_t>(first)));
      }
    }
    std::vector<double> three(3);
    CHECK_THROWS_WITH(reader.read(10, std::span<double>(three)),
                      Contains("3 values from number 10 on, found 12"));
    CHECK_THROWS_WITH(reader.read(13, std::span<double>()), Contains("from number 13 on"));
  }
  const NpyReader wide(folder.file(npy(header(">i2", "(3,)"), bytes("\x00\x01\xff\xfe\x01\x00"))));
  std::vector<signed char> one(1);
  wide.read(1, std::span<signed char>(one));
  CHECK(one[0] == -2);
  CHECK_THROWS_WITH(wide.read(2, std::span<signed char>(one)), Contains("item 2") && Contains("found 256"));
}

TEST_CASE("NpyReader: the header is checked at once, what has become of the file later") {
  const Folder folder;
  CHECK_THROWS_WITH(NpyReader(folder / "none.npy"), Contains("no such file"));
  CHECK_THROWS_WITH(NpyReader(folder.file(npy(header("<f4", "(2,)"), "1234"))), Contains("8 bytes of data"));
  const auto path = folder.file(npy(header("|u1", "(4,)"), "1234"));
  const NpyReader reader(path);
  std::vector<int> values(2);
  reader.read(2, std::span<int>(values));
  CHECK(values == std::vector<int>{'3', '4'});
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  CHECK_THROWS_WITH(reader.read(2, std::span<int>(values)), Contains("expected 2 bytes"));
}

TEST_CASE("NpyReader: a part of a file that is far larger than what is read of it") {
  const Folder folder;
  // Nothing but the header and the last value lies on the disk: 4 TiB do not fit in memory.
  const auto path = folder.file(npy(header("<f4", "(1048576, 1048576)"), ""));
  const auto start = std::filesystem::file_size(path);
  std::error_code too_large;
  std::filesystem::resize_file(path, start + (std::uintmax_t{1} << 42), too_large);
  if (too_large) {
    WARN("the file system has no files of 4 TiB: left out");
    return;
  }
  const NpyReader reader(path);
  std::vector<float> values(4);
  reader.read(reader.size() - 4, std::span<float>(values));
  CHECK(values == std::vector<float>{0, 0, 0, 0});
}

TEST_CASE("NpyWriter: in any order, and gone on with, it writes what write_npy writes") {
  const Folder folder;
  const std::vector<double> all{0.1, -0.0, 1e300, 5e-324, std::numeric_limits<double>::infinity(), 7};
  const auto part = [&](std::size_t first, std::size_t count) {
    return std::span<const double>(all).subspan(first, count);
  };
  const auto content = [](const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), {});
  };
  write_npy(folder / "whole.npy", {3, 2}, all);
  const auto path = folder.write("parts.npy", std::string(1000, 'x'));
  {
    auto writer = NpyWriter<double>::create(path, {3, 2});
    writer.write(4, part(4, 2));
    CHECK(read_npy<double>(path).values == std::vector<double>{0, 0, 0, 0, all[4], all[5]});
    CHECK_THROWS_WITH(writer.write(5, part(0, 2)), Contains("from number 5 on, found room for 6"));
    CHECK_THROWS_AS(writer.write(7, part(0, 0)), ascribe::Error);
  }
  {
    auto writer = NpyWriter<double>::reopen(path, {3, 2});
    CHECK(content(path) != content(folder / "whole.npy"));
    writer.write(0, part(0, 4));
    CHECK(content(path) == content(folder / "whole.npy"));
  }
  CHECK_THROWS_WITH(NpyWriter<double>::reopen(path, {2, 3}), Contains("parts.npy") && Contains("(2, 3)"));
  CHECK_THROWS_AS(NpyWriter<float>::reopen(path, {3, 2}), ascribe::Error);
  CHECK_THROWS_AS(NpyWriter<double>::reopen(folder / "none", {3, 2}), ascribe::Error);
  CHECK_THROWS_AS(NpyWriter<double>::create(folder / "none" / "x.npy", {3, 2}), ascribe::Error);
  std::filesystem::create_directory(folder / "folder.npy");
  CHECK_THROWS_WITH(NpyWriter<double>::create(folder / "folder.npy", {1}), Contains("not a file"));
  CHECK(content(path) == content(folder / "whole.npy"));
}

#if __has_include(<sys/resource.h>)
namespace {

/// While it lives, no file of this process grows beyond `bytes`: what a full disk does, without filling one.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit now = before_;
    now.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

}  // namespace

TEST_CASE("write_npy: a disk that fills up leaves the old file and no other") {
  const Folder folder;
  const auto path = folder / "kept.npy";
  write_npy(path, {1}, std::vector<float>{3});
  std::string message = "no error";
  {
    // Assertions wait until the limit is gone: it holds for a report's file as well.
    const FileSizeLimit limit(4096);
    try {
      write_npy(path, {100000}, std::vector<float>(100000, 1.0f));
    } catch (const ascribe::Error& error) {
      message = error.what();
    }
  }
  CHECK_THAT(message, Contains("kept.npy") && Contains("expected to write 400128 bytes"));
  CHECK(read_npy<float>(path).values == std::vector<float>{3});
  CHECK(folder.file_count() == 1);
}
#endif
