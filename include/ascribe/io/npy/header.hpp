/// The header of a .npy file: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/io/binary.hpp"

namespace ascribe::io::npy_detail {

using binary::file_size;
using binary::load;
using binary::shown;

/// What the header says, once it has been checked.
struct Header {
  char kind = 0;  // 'b', 'i', 'u' or 'f'
  std::size_t item_size = 0;
  bool big_endian = false;
  bool fortran_order = false;
  std::vector<std::size_t> shape;
  std::size_t start = 0;  // of the data in the file
  std::size_t count = 0;  // of all items
};

/// NumPy's own limit, and where an error message stops listing a hostile file's sizes.
inline constexpr std::size_t most_dimensions = 64;

inline std::string shown(const std::vector<std::size_t>& shape) {
  std::string result = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i == most_dimensions) {
      return result + ", ...)";
    }
    result += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return result + (shape.size() == 1 ? ",)" : ")");
}

/// `a · b`, or an Error: an overflowing product would let a huge shape pass for a small one.
inline std::size_t checked_product(const std::filesystem::path& path, const std::vector<std::size_t>& shape,
                                   std::size_t a, std::size_t b) {
  if (b != 0 && a > std::numeric_limits<std::size_t>::max() / b) {
    fail(path, ": expected a size that fits in memory, found shape ", shown(shape));
  }
  return a * b;
}

inline std::size_t element_count(const std::filesystem::path& path, const std::vector<std::size_t>& shape) {
  // A zero anywhere empties the array, so it must be seen before the other sizes can overflow.
  if (std::find(shape.begin(), shape.end(), 0u) != shape.end()) {
    return 0;
  }
  std::size_t count = 1;
  for (const std::size_t size : shape) {
    count = checked_product(path, shape, count, size);
  }
  return count;
}

/// Reads the header: a Python dictionary of three entries, in any order.
class HeaderParser {
 public:
  HeaderParser(const std::filesystem::path& path, std::string_view text) : path_(path), text_(text) {}

  Header parse() {
    Header header;
    std::array<bool, 3> seen{};
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted();
      expect(':');
      const std::size_t which = key == "descr" ? 0 : key == "fortran_order" ? 1 : key == "shape" ? 2 : 3;
      if (which == seen.size()) {
        complain("one of the keys 'descr', 'fortran_order', 'shape'", shown(key));
      }
      if (std::exchange(seen[which], true)) {
        complain("every key once", shown(key) + " again");
      }
      if (which == 0) {
        parse_type(header);
      } else if (which == 1) {
        header.fortran_order = parse_bool();
      } else {
        parse_shape(header);
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (at_ != text_.size()) {
      complain("nothing after the dictionary", rest());
    }
    if (std::find(seen.begin(), seen.end(), false) != seen.end()) {
      complain("the keys 'descr', 'fortran_order' and 'shape'", shown(text_));
    }
    return header;
  }

 private:
  [[noreturn]] void complain(std::string_view expected, std::string_view found) const {
    fail(path_, ": header: expected ", expected, ", found ", found);
  }

  std::string rest() const { return at_ == text_.size() ? "its end" : shown(text_.substr(at_)); }

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
      ++at_;
    }
  }

  bool next_is(char c) {
    skip_space();
    return at_ < text_.size() && text_[at_] == c;
  }

  bool accept(char c) {
    const bool found = next_is(c);
    at_ += found ? 1u : 0u;
    return found;
  }

  void expect(char c) {
    if (!accept(c)) {
      complain(std::string{'\'', c, '\''}, rest());
    }
  }

  std::string_view quoted() {
    const char quote = next_is('"') ? '"' : '\'';
    if (!next_is(quote)) {
      complain("a quoted string", rest());
    }
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) {
      complain("a closing quote", rest());
    }
    const std::string_view result = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return result;
  }

  bool parse_bool() {
    skip_space();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    }
    complain("True or False", rest());
  }

  void parse_type(Header& header) {
    constexpr std::string_view supported = "a type of b1, i1, i2, i4, i8, u1, u2, u4, u8, f2, f4, f8";
    if (next_is('[')) {
      complain(supported, "a structured type");
    }
    const std::string_view type = quoted();
    const std::string_view name = type.size() == 3 ? type.substr(1) : std::string_view{};
    constexpr std::array<std::string_view, 12> names{"b1", "i1", "i2", "i4", "i8", "u1",
                                                     "u2", "u4", "u8", "f2", "f4", "f8"};
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      complain(supported, shown(type));
    }
    header.kind = name[0];
    header.item_size = static_cast<std::size_t>(name[1] - '0');
    const char order = type[0];
    const bool one_byte = header.item_size == 1;
    if (order != '<' && order != '>' && order != '=' && !(order == '|' && one_byte)) {
      complain(one_byte ? "a byte order of '|', '<', '>' or '='" : "a byte order of '<', '>' or '='",
               shown(type));
    }
    // '=' is the writing machine's own order; like NumPy, take it for this machine's.
    header.big_endian = order == '>' || (order == '=' && std::endian::native == std::endian::big);
  }

  void parse_shape(Header& header) {
    expect('(');
    while (!accept(')')) {
      header.shape.push_back(parse_size());
      if (!accept(',')) {
        // Python reads (3) as a number: one size needs its comma to be a tuple.
        if (header.shape.size() == 1) {
          complain("',' after a single size", rest());
        }
        expect(')');
        break;
      }
    }
  }

  std::size_t parse_size() {
    skip_space();
    const std::size_t start = at_;
    std::size_t value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      const auto digit = static_cast<std::size_t>(text_[at_] - '0');
      if (value > (std::numeric_limits<std::size_t>::max() - digit) / 10) {
        complain("a size that fits in memory", shown(text_.substr(start)));
      }
      value = value * 10 + digit;
    }
    if (at_ == start) {
      complain("a size", rest());
    }
    // Python 2 wrote its long integers so: (3L, 4L).
    at_ += at_ < text_.size() && text_[at_] == 'L' ? 1u : 0u;
    return value;
  }

  const std::filesystem::path& path_;
  std::string_view text_;
  std::size_t at_ = 0;
};

/// The header of the file, whose length it has been checked against.
inline Header read_header(const std::filesystem::path& path) {
  const std::uintmax_t length_of_file = file_size(path, "a .npy file");
  const auto bytes = [&](std::size_t offset, std::uintmax_t most) {
    std::string found(static_cast<std::size_t>(std::min(most, length_of_file - offset)), '\0');
    binary::read(path, offset, found);
    return found;
  };
  const std::string fixed = bytes(0, 12);
  constexpr std::string_view magic("\x93NUMPY", 6);
  if (!std::string_view(fixed).starts_with(magic)) {
    fail(path, ": expected a .npy file, which starts with \\x93NUMPY, found ",
         shown(std::string_view(fixed).substr(0, magic.size())));
  }
  const int version = fixed.size() > 6 ? static_cast<unsigned char>(fixed[6]) : 0;
  const int minor = fixed.size() > 7 ? static_cast<unsigned char>(fixed[7]) : 0;
  if (version < 1 || version > 3 || minor != 0) {
    fail(path, ": expected version 1.0, 2.0 or 3.0, found ", version, ".", minor);
  }
  const std::size_t start = version == 1 ? 10 : 12;
  if (fixed.size() < start) {
    fail(path, ": expected at least ", start, " bytes, found ", fixed.size());
  }
  const std::size_t length = version == 1 ? std::size_t{load<std::uint16_t>(fixed.data() + 8, false)}
                                          : std::size_t{load<std::uint32_t>(fixed.data() + 8, false)};
  if (length > length_of_file - start) {
    fail(path, ": expected a header of ", length, " bytes, found ", length_of_file - start, " in the file");
  }
  const std::string text = bytes(start, length);
  Header header = HeaderParser(path, text).parse();
  header.start = start + length;
  header.count = element_count(path, header.shape);
  const std::size_t size = checked_product(path, header.shape, header.count, header.item_size);
  const std::uintmax_t found = length_of_file - header.start;
  if (size != found) {
    fail(path, ": expected ", size, " bytes of data for shape ", shown(header.shape), " of ",
         header.item_size, "-byte items, found ", found);
  }
  return header;
}

}  // namespace ascribe::io::npy_detail
