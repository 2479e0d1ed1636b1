#include "ascribe/io/binary.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

namespace binary = ascribe::io::binary;

/// IEEE 754's formula for a number of two bytes, from its parts.
double by_formula(unsigned bits, int exponent_bits) {
  const int fraction_bits = 15 - exponent_bits;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = static_cast<int>(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
  const double fraction = static_cast<double>(bits & ((1u << fraction_bits) - 1));
  double size = 0;
  if (exponent == (1 << exponent_bits) - 1) {
    size = fraction == 0 ? std::numeric_limits<double>::infinity() : std::nan("");
  } else if (exponent == 0) {
    size = std::ldexp(fraction, 1 - bias - fraction_bits);
  } else {
    size = std::ldexp(fraction + std::ldexp(1, fraction_bits), exponent - bias - fraction_bits);
  }
  return (bits & 0x8000) != 0 ? -size : size;
}

/// How many of all numbers of two bytes are not what the formula says, do not come back, or have a midpoint
/// to the next that is not rounded to the even one, or a neighbour of it not to the nearer.
template <class From, class To>
int wrong(int exponent_bits, From from, To to) {
  const unsigned infinity = 0x7fffu >> (15 - exponent_bits) << (15 - exponent_bits);
  int result = 0;
  for (unsigned bits = 0; bits <= 0xffff; ++bits) {
    const auto number = static_cast<std::uint16_t>(bits);
    const double expected = by_formula(bits, exponent_bits);
    const double found = static_cast<double>(from(number));
    if (std::isnan(expected)) {
      result += std::isnan(found) && std::isnan(from(to(found))) ? 0 : 1;
      continue;
    }
    result +=
        found == expected && std::signbit(found) == std::signbit(expected) && to(found) == number ? 0 : 1;
    if ((bits & 0x7fff) + 1 < infinity) {
      const double next = by_formula(bits + 1, exponent_bits);
      const double middle = expected + (next - expected) / 2;
      const unsigned even = bits % 2 == 0 ? bits : bits + 1;
      result += to(middle) == even && to(std::nextafter(middle, expected)) == bits &&
                        to(std::nextafter(middle, next)) == bits + 1
                    ? 0
                    : 1;
    }
  }
  return result;
}

}  // namespace

TEST_CASE("binary: all halves and bfloat16, there and back, and their midpoints") {
  CHECK(wrong(5, binary::from_half, binary::to_half) == 0);
  CHECK(wrong(8, binary::from_bfloat16, binary::to_bfloat16) == 0);
}

TEST_CASE("binary: beyond the largest and below the smallest number of two bytes") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(binary::to_half(65519.99) == 0x7bff);
  CHECK(binary::to_half(65520) == 0x7c00);
  CHECK(binary::to_half(-1e300) == 0xfc00);
  CHECK(binary::to_half(-infinity) == 0xfc00);
  CHECK(binary::to_half(0x1p-25) == 0);
  CHECK(binary::to_half(-0x1.8p-25) == 0x8001);
  CHECK(binary::to_half(5e-324) == 0);
  CHECK(binary::to_half(-0.0) == 0x8000);
  CHECK(binary::to_bfloat16(0x1.fep127) == 0x7f7f);
  CHECK(binary::to_bfloat16(0x1.ffp127) == 0x7f80);
  CHECK(binary::to_bfloat16(-1e300) == 0xff80);
  CHECK(binary::to_bfloat16(infinity) == 0x7f80);
  CHECK(binary::to_bfloat16(0x1p-134) == 0);
}

TEST_CASE("binary: bytes of a file, as many as there are") {
  const ascribe::test::TemporaryFolder folder;
  const auto path = folder.write("file", std::string("ab\0cd", 5));
  CHECK(binary::file_size(path, "a file") == 5);
  CHECK(binary::read_bytes(path, "a file") == std::string("ab\0cd", 5));
  std::string part(3, ' ');
  binary::read(path, 1, part);
  CHECK(part == std::string("b\0c", 3));
  CHECK_THROWS_WITH(binary::read(path, 3, part), Contains("expected 3 bytes behind the first 3, found 2"));
  CHECK_THROWS_WITH(binary::read(folder / "none", 0, part), Contains("does not open"));
  CHECK_THROWS_WITH(binary::file_size(folder / "none", "a toy"),
                    Contains("expected a toy, found no such file"));
}

TEST_CASE("binary: text is shown without what steers a terminal") {
  CHECK(binary::shown("a\x1b\x80z") == "'a??z'");
  CHECK(binary::shown(std::string(41, 'a')) == "'" + std::string(40, 'a') + "'...");
  CHECK(binary::shown("abc", 2) == "'ab'...");
}
