/// NumPy's .npy files: weights, inputs and expected relevance come in this way and leave this way.
/// Needs nothing but the standard library; not part of the umbrella header.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <ios>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/io/binary.hpp"
#include "ascribe/io/npy/header.hpp"
#include "ascribe/io/whole_file.hpp"

namespace ascribe::io {

/// A dense array of any number of dimensions. `values` is in C order (the last index runs fastest),
/// whatever the order in the file was. A scalar has an empty shape and one value.
template <class T>
struct Array {
  std::vector<std::size_t> shape;  ///< the size of each dimension
  std::vector<T> values;           ///< all of them, in C order
};

/// Reads a .npy file of version 1, 2 or 3 that holds booleans, integers of 1 to 8 bytes or floating-point
/// numbers of 2, 4 or 8 bytes, in either byte order and in C or Fortran order.
/// A floating-point value may be rounded to fit a smaller floating-point T; all else must be exact.
/// Throws Error, naming the file, what was expected and what was found, for a file that is missing, is
/// cut short or goes on too long, for a malformed header, for structured, object, complex, text and
/// time types, and for a value that T cannot hold. Memory is asked for only after the file's length has
/// confirmed the shape.
/// Example: `read_npy<float>("weights.npy").shape == {128, 784}`
template <Number T>
Array<T> read_npy(const std::filesystem::path& path);

/// Writes `values`, in C order, as a version 1 file, little-endian. The file appears whole or not at all:
/// it is written under another name beside its place, then renamed.
/// Throws Error if `shape` and the number of values disagree, if `shape` has more than 64 dimensions
/// (NumPy's own limit), or if the file cannot be written.
inline void write_npy(const std::filesystem::path& path, const std::vector<std::size_t>& shape,
                      std::span<const float> values);
inline void write_npy(const std::filesystem::path& path, const std::vector<std::size_t>& shape,
                      std::span<const double> values);

namespace npy_detail {

using binary::from_half;
using binary::holds;

/// The place in C order of each item in turn of an array that lies in Fortran order.
class FortranWalk {
 public:
  explicit FortranWalk(const std::vector<std::size_t>& shape)
      : shape_(shape), stride_(shape.size()), index_(shape.size(), 0) {
    std::size_t stride = 1;
    for (std::size_t d = shape.size(); d-- > 0;) {
      stride_[d] = stride;
      stride *= shape[d];
    }
  }

  std::size_t place() const { return place_; }

  void advance() {
    for (std::size_t d = 0; d < shape_.size(); ++d) {
      place_ += stride_[d];
      if (++index_[d] < shape_[d]) {
        return;
      }
      place_ -= stride_[d] * shape_[d];
      index_[d] = 0;
    }
  }

 private:
  const std::vector<std::size_t>& shape_;
  std::vector<std::size_t> stride_;
  std::vector<std::size_t> index_;
  std::size_t place_ = 0;
};

/// Bytes of items, and which they are.
struct Items {
  std::string bytes;
  std::size_t first = 0;       // the number of the first one, for messages
  bool fortran_order = false;  // all of the array as it lies in the file; else some of it in C order
};

/// Fills `values` with as many items. `decode` makes a number of an item's bits.
template <std::unsigned_integral Bits, class T, class Decode>
void convert(const std::filesystem::path& path, const Header& header, const Items& items, std::span<T> values,
             Decode decode) {
  FortranWalk walk(header.shape);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto value = decode(load<Bits>(items.bytes.data() + i * sizeof(Bits), header.big_endian));
    if (!holds<T>(value)) {
      // A unary plus prints a one-byte integer as a number.
      fail(path, ": item ", items.first + i, " in the file: expected a value that ", sizeof(T), "-byte ",
           std::floating_point<T> ? "floating-point numbers"
           : std::is_signed_v<T>  ? "signed integers"
                                  : "unsigned integers",
           " can hold, found ", +value);
    }
    values[items.fortran_order ? walk.place() : i] = static_cast<T>(value);
    if (items.fortran_order) {
      walk.advance();
    }
  }
}

template <class T>
void convert(const std::filesystem::path& path, const Header& header, const Items& items,
             std::span<T> values) {
  const auto as = [&]<class Bits, class Stored>(Bits, Stored) {
    convert<Bits>(path, header, items, values, [](Bits bits) { return std::bit_cast<Stored>(bits); });
  };
  const auto integers = [&]<class Bits>(Bits bits) {
    header.kind == 'i' ? as(bits, std::make_signed_t<Bits>{}) : as(bits, bits);
  };
  if (header.kind == 'b') {
    convert<std::uint8_t>(path, header, items, values, [&](std::uint8_t byte) {
      if (byte > 1) {
        fail(path, ": expected booleans of 0 or 1, found ", +byte);
      }
      return byte;
    });
  } else if (header.kind == 'f') {
    switch (header.item_size) {
      case 2:
        return convert<std::uint16_t>(path, header, items, values, from_half);
      case 4:
        return as(std::uint32_t{}, float{});
      default:
        return as(std::uint64_t{}, double{});
    }
  } else {
    switch (header.item_size) {
      case 1:
        return integers(std::uint8_t{});
      case 2:
        return integers(std::uint16_t{});
      case 4:
        return integers(std::uint32_t{});
      default:
        return integers(std::uint64_t{});
    }
  }
}

/// Everything before the data of a version 1 file of C order and little-endian items of type T.
template <class T>
std::string header_of(const std::filesystem::path& path, const std::vector<std::size_t>& shape) {
  if (shape.size() > most_dimensions) {
    fail(path, ": expected at most ", most_dimensions, " dimensions, found ", shape.size());
  }
  std::string text = "{'descr': '<f" + std::to_string(sizeof(T)) +
                     "', 'fortran_order': False, 'shape': " + shown(shape) + ", }";
  // The data start at a multiple of 64, so that they can be mapped and used in place.
  constexpr std::size_t preamble = 10;
  constexpr std::size_t alignment = 64;
  text.append(alignment - 1 - (preamble + text.size()) % alignment, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(text.size() & 255);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

template <class T>
void write(const std::filesystem::path& path, const std::vector<std::size_t>& shape,
           std::span<const T> values) {
  const std::string header = header_of<T>(path, shape);
  const std::size_t count = element_count(path, shape);
  if (count != values.size()) {
    fail(path, ": expected ", count, " values for shape ", shown(shape), ", found ", values.size());
  }
  std::string swapped;
  const std::array<std::string_view, 2> parts{header, little_endian(values, swapped)};
  write_whole(path, parts);
}

/// The items `first` to `first + count` of C order out of a file of Fortran order, each from its own place.
inline std::string gather(const std::filesystem::path& path, const Header& header, std::size_t first,
                          std::size_t count) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(count * header.item_size, '\0');
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t place = 0, rest = first + i, from_behind = header.count;
    for (const std::size_t size : header.shape) {
      from_behind /= size;
      place += rest / from_behind * (header.count / from_behind / size);
      rest %= from_behind;
    }
    file.seekg(static_cast<std::streamoff>(header.start + place * header.item_size));
    file.read(bytes.data() + i * header.item_size, static_cast<std::streamsize>(header.item_size));
  }
  if (!file) {
    fail(path, ": expected ", count, " items, found that they cannot be read");
  }
  return bytes;
}

}  // namespace npy_detail

/// A .npy file of which a part at a time is read: it may be larger than memory. Takes what read_npy takes.
/// Const, and shared between threads. The file is opened for every part and must not change meanwhile.
/// Example: `reader.read<float>(n * 784, sample)` is sample n of an array of shape (N, 784)
class NpyReader {
 public:
  /// Reads the header. Throws Error as read_npy, but for values.
  explicit NpyReader(std::filesystem::path path)
      : path_(std::move(path)), header_(npy_detail::read_header(path_)) {}

  /// As it was given.
  const std::filesystem::path& path() const { return path_; }
  /// The size of each dimension.
  const std::vector<std::size_t>& shape() const { return header_.shape; }
  /// The number of all values.
  std::size_t size() const { return header_.count; }

  /// The values from number `first` on in C order, as many as there is room for. Throws Error where there are
  /// not so many, for a value that T cannot hold, and where the file cannot be read. An array that lies in
  /// Fortran order is read value by value, which is slow, unless all of it is asked for.
  template <Number T>
  void read(std::size_t first, std::span<T> values) const {
    if (first > size() || values.size() > size() - first) {
      fail(path_, ": expected to read ", values.size(), " values from number ", first, " on, found ", size(),
           " in all");
    }
    const bool whole = values.size() == size();
    npy_detail::Items items{{}, first, header_.fortran_order && whole};
    if (header_.fortran_order && !whole) {
      items.bytes = npy_detail::gather(path_, header_, first, values.size());
    } else {
      items.bytes.resize(values.size() * header_.item_size);
      binary::read(path_, header_.start + first * header_.item_size, items.bytes);
    }
    npy_detail::convert(path_, header_, items, values);
  }

 private:
  std::filesystem::path path_;
  npy_detail::Header header_;
};

/// A number of IEEE 754's half precision as it is stored, for which C++20 has no type.
struct Half {
  /// The nearest one, ties to even.
  static Half of(double value) { return {binary::to_half(value)}; }

  std::uint16_t bits = 0;
};

/// A .npy file, as write_npy's, of which a part at a time is written, in any order: it may be larger than
/// memory. It stands under its name from the beginning, as long as it will be; a value that has not been
/// written is 0. T is float, double or Half.
template <class T>
class NpyWriter {
  static_assert(std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, Half>);

 public:
  /// A new file, over what was there.
  static NpyWriter create(const std::filesystem::path& path, const std::vector<std::size_t>& shape) {
    return NpyWriter(path, shape, true);
  }
  /// A file that such a writer has left, to go on with. Throws Error where it is not one of this type and
  /// shape.
  static NpyWriter reopen(const std::filesystem::path& path, const std::vector<std::size_t>& shape) {
    return NpyWriter(path, shape, false);
  }

  /// Writes values, of which the first is number `first` in C order, through to the operating system. Throws
  /// Error where the array ends before they do, and where they cannot be written.
  void write(std::size_t first, std::span<const T> values) {
    if (first > count_ || values.size() > count_ - first) {
      fail(path_, ": expected to write ", values.size(), " values from number ", first,
           " on, found room for ", count_, " in all");
    }
    std::string swapped;
    const std::string_view bytes = little_endian(values, swapped);
    file_.seekp(static_cast<std::streamoff>(start_ + first * sizeof(T)));
    put(bytes);
  }

 private:
  NpyWriter(const std::filesystem::path& path, const std::vector<std::size_t>& shape, bool create)
      : path_(path), count_(npy_detail::element_count(path, shape)) {
    const std::string header = npy_detail::header_of<T>(path, shape);
    start_ = header.size();
    const std::size_t size = npy_detail::checked_product(path, shape, count_, sizeof(T)) + start_;
    check_place(path);
    std::error_code error;
    if (!create) {
      std::string found(start_, '\0');
      if (std::filesystem::file_size(path, error) == size && !error) {
        binary::read(path, 0, found);
      }
      if (found != header) {
        fail(path, ": expected ", size, " bytes of a .npy file of shape ", npy_detail::shown(shape), " and ",
             sizeof(T), "-byte items to go on with, found none");
      }
    }
    file_.open(path, std::ios::binary | std::ios::out | (create ? std::ios::trunc : std::ios::in));
    if (!file_) {
      fail(path, ": expected a file that can be written to, found that it does not open");
    }
    if (create) {
      put(header);
      std::filesystem::resize_file(path, size, error);
      if (error) {
        fail(path, ": expected to write ", size, " bytes, found ", error.message());
      }
    }
  }

  void put(std::string_view bytes) {
    file_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file_.flush();
    if (!file_) {
      fail(path_, ": expected to write ", bytes.size(), " bytes, found that they cannot be written");
    }
  }

  std::filesystem::path path_;
  std::size_t count_ = 0, start_ = 0;
  std::ofstream file_;
};

template <Number T>
Array<T> read_npy(const std::filesystem::path& path) {
  const NpyReader reader(path);
  Array<T> result{reader.shape(), std::vector<T>(reader.size())};
  reader.read(0, std::span<T>(result.values));
  return result;
}

inline void write_npy(const std::filesystem::path& path, const std::vector<std::size_t>& shape,
                      std::span<const float> values) {
  npy_detail::write(path, shape, values);
}

/// The same in double.
inline void write_npy(const std::filesystem::path& path, const std::vector<std::size_t>& shape,
                      std::span<const double> values) {
  npy_detail::write(path, shape, values);
}

}  // namespace ascribe::io
