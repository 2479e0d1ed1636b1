/// What every reader of binary files needs: files' bytes, numbers of two bytes, conversions that are
/// checked, and words of a hostile file made safe to print. Needs the standard library only.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "ascribe/core/error.hpp"

namespace ascribe::io {

/// What an array may be read as: any number but `bool` and the character types, which
/// `std::vector` and `std::in_range` treat as something else. Booleans read as 0 and 1.
template <class T>
concept Number = std::floating_point<T> ||
    (std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
     !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>);

}  // namespace ascribe::io

namespace ascribe::io::binary {

/// The start of `text`, made safe to print: a hostile file must not fill the terminal or steer it.
inline std::string shown(std::string_view text, std::size_t limit = 40) {
  std::string result = "'";
  for (const char c : text.substr(0, limit)) {
    result += c >= 0x20 && c < 0x7f ? c : '?';
  }
  return result + (text.size() > limit ? "'..." : "'");
}

/// The length of the file, before anything is allocated for it. Only a regular file has one. `what` says
/// what was looked for, as in "a .npy file".
inline std::uintmax_t file_size(const std::filesystem::path& path, std::string_view what) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    fail(path, ": expected ", what, ", found ",
         std::filesystem::exists(path, error) ? "something that is not a file" : "no such file");
  }
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) {
    fail(path, ": expected ", what, ", found one whose size cannot be told: ", error.message());
  }
  return size;
}

/// Fills `bytes` from the file at `offset`. Throws Error if there are not that many.
inline void read(const std::filesystem::path& path, std::uintmax_t offset, std::span<char> bytes) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    fail(path, ": expected a readable file, found one that does not open");
  }
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (static_cast<std::size_t>(file.gcount()) != bytes.size()) {
    fail(path, ": expected ", bytes.size(), " bytes", offset == 0 ? "" : " behind the first ",
         offset == 0 ? "" : std::to_string(offset), ", found ", file.gcount());
  }
}

/// The whole file.
inline std::string read_bytes(const std::filesystem::path& path, std::string_view what) {
  std::string bytes(static_cast<std::size_t>(file_size(path, what)), '\0');
  read(path, 0, bytes);
  return bytes;
}

/// An IEEE 754 half, which C++20 has no type for. Every half is a float exactly.
inline float from_half(std::uint16_t bits) {
  const std::uint32_t exponent = (bits >> 10) & 31u;
  const std::uint32_t fraction = bits & 1023u;
  float size = 0;
  if (exponent == 31) {
    size = fraction == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  } else if (exponent == 0) {
    size = static_cast<float>(fraction) * 0x1p-24f;
  } else {
    size = std::bit_cast<float>((exponent + (127 - 15)) << 23 | fraction << 13);
  }
  return (bits & 0x8000) != 0 ? -size : size;
}

/// A bfloat16 is a float's upper half.
inline float from_bfloat16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

/// The finite `value` rounded to the nearest number of at most `digits` binary digits whose last place is
/// 2^lowest or above, ties to even. Both scalings are exact: neither rounds a second time.
inline double rounded_to(double value, int digits, int lowest) {
  if (value == 0) {
    return value;
  }
  const int place = std::max(std::ilogb(value) - digits + 1, lowest);
  return std::ldexp(std::nearbyint(std::ldexp(value, -place)), place);
}

/// The nearest half, ties to even; infinity beyond 65504 by half a place or more, as IEEE 754 has it.
inline std::uint16_t to_half(double value) {
  const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000 : 0);
  if (std::isnan(value)) {
    return static_cast<std::uint16_t>(sign | 0x7e00);
  }
  const double size = std::isinf(value) ? value : rounded_to(std::abs(value), 11, -24);
  if (std::abs(size) > 65504) {
    return static_cast<std::uint16_t>(sign | 0x7c00);
  }
  if (size < 0x1p-14) {
    return static_cast<std::uint16_t>(sign | static_cast<unsigned>(size * 0x1p24));
  }
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(size));
  return static_cast<std::uint16_t>(sign | ((bits >> 13) - ((127u - 15u) << 10)));
}

/// The nearest bfloat16, ties to even.
inline std::uint16_t to_bfloat16(double value) {
  if (std::isnan(value)) {
    return static_cast<std::uint16_t>(std::signbit(value) ? 0xffc0 : 0x7fc0);
  }
  constexpr double largest = 0x1.fep127;
  const double size = std::isinf(value) ? value : rounded_to(value, 8, -133);
  const float nearest = std::abs(size) > largest
                            ? std::copysign(std::numeric_limits<float>::infinity(), static_cast<float>(value))
                            : static_cast<float>(size);
  return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(nearest) >> 16);
}

/// Whether the floating-point `value` is a whole number within the integers of type Whole. The bounds
/// are powers of two, so they are exact in any Real; the largest Whole itself need not be.
template <std::integral Whole, std::floating_point Real>
bool is_whole(Real value) {
  const Real end = std::ldexp(Real{1}, std::numeric_limits<Whole>::digits);
  const Real begin = std::is_signed_v<Whole> ? -end : Real{0};
  return value >= begin && value < end && std::trunc(value) == value;
}

/// Whether T can hold `value`: a floating-point value may be rounded to fit a smaller floating-point T,
/// all else must be exact.
template <class T, class Stored>
bool holds(Stored value) {
  if constexpr (std::integral<T> && std::integral<Stored>) {
    return std::in_range<T>(value);
  } else if constexpr (std::integral<T>) {
    return is_whole<T>(value);
  } else if constexpr (std::integral<Stored>) {
    const T converted = static_cast<T>(value);
    return is_whole<Stored>(converted) && static_cast<Stored>(converted) == value;
  } else if constexpr (sizeof(Stored) <= sizeof(T)) {
    return true;
  } else {
    return !std::isfinite(value) || std::abs(value) <= static_cast<Stored>(std::numeric_limits<T>::max());
  }
}

/// One item's bytes, in the file's order, as the unsigned integer that they are.
template <std::unsigned_integral Bits>
Bits load(const char* bytes, bool big_endian) {
  Bits result = 0;
  for (std::size_t i = 0; i < sizeof(Bits); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[big_endian ? i : sizeof(Bits) - 1 - i]);
    if constexpr (sizeof(Bits) == 1) {
      result = byte;
    } else {
      result = static_cast<Bits>(static_cast<Bits>(result << 8) | byte);
    }
  }
  return result;
}

}  // namespace ascribe::io::binary
