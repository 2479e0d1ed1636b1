/// ONNX's tensors: any element type, held as the bytes that they are, read as any number.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/core/parallel.hpp"
#include "ascribe/core/types.hpp"
#include "ascribe/io/binary.hpp"
#include "ascribe/io/file_bytes.hpp"

namespace ascribe::onnx {

/// TensorProto.DataType, with its numbers. Those of less than a byte, the 8-bit floating-point ones, complex
/// numbers and strings have no values here: such a tensor has a type and dims, and reading it is an Error.
enum class ElementType : std::int32_t {
  undefined,
  float32,
  uint8,
  int8,
  uint16,
  int16,
  int32,
  int64,
  string,
  boolean,
  float16,
  float64,
  uint32,
  uint64,
  complex64,
  complex128,
  bfloat16,
  float8e4m3fn,
  float8e4m3fnuz,
  float8e5m2,
  float8e5m2fnuz,
  uint4,
  int4,
  float4e2m1,
  float8e8m0,
  uint2,
  int2,
  float6e2m3,
  float6e3m2,
};

/// A shape. Empty: a scalar.
using Dims = std::vector<Index>;

/// Its name as ONNX spells it, in small letters: `name(ElementType::float32) == "float"`.
inline std::string_view name(ElementType type) {
  constexpr std::array<std::string_view, 29> names{
      "undefined",      "float",      "uint8",          "int8",       "uint16",    "int16",
      "int32",          "int64",      "string",         "bool",       "float16",   "double",
      "uint32",         "uint64",     "complex64",      "complex128", "bfloat16",  "float8e4m3fn",
      "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4",      "int4",      "float4e2m1",
      "float8e8m0",     "uint2",      "int2",           "float6e2m3", "float6e3m2"};
  const auto number = static_cast<std::size_t>(type);
  return number < names.size() ? names[number] : "unknown";
}

/// A name of a file's, quoted and fit to print.
inline std::string shown(std::string_view text) { return io::binary::shown(text, 120); }

/// Dims as text: "(2, 3)".
inline std::string shown(std::span<const Index> dims) {
  std::string result = "(";
  for (std::size_t d = 0; d < dims.size(); ++d) {
    result += (d == 0 ? "" : ", ") + std::to_string(dims[d]);
  }
  return result + ")";
}

/// More dimensions than any network has; NumPy allows as many. What walks over a tensor may keep a few
/// numbers for each, and a message may list them.
inline constexpr std::size_t most_dimensions = 64;

/// The number of elements, checked: a huge shape must not pass for a small one by overflowing. Even
/// 16-byte elements of that number can be counted in an Index. `where` begins the message.
inline Index element_count(std::span<const Index> dims, std::string_view where) {
  if (dims.size() > most_dimensions) {
    fail(where, ": expected at most ", most_dimensions, " dimensions, found ", dims.size());
  }
  if (const auto negative = std::find_if(dims.begin(), dims.end(), [](Index n) { return n < 0; });
      negative != dims.end()) {
    fail(where, ": expected sizes of 0 or more, found shape ", shown(dims));
  }
  // A zero anywhere empties the tensor, so it must be seen before the other sizes can overflow.
  if (std::find(dims.begin(), dims.end(), 0) != dims.end()) {
    return 0;
  }
  Index count = 1;
  for (const Index size : dims) {
    if (count > std::numeric_limits<Index>::max() / 16 / size) {
      fail(where, ": expected a size that fits in memory, found shape ", shown(dims));
    }
    count *= size;
  }
  return count;
}

/// Two-byte floating-point numbers, which C++20 has no types for.
struct Half {
  /// IEEE 754's binary16.
  std::uint16_t bits;
};
/// The upper half of a float.
struct Bfloat16 {
  std::uint16_t bits;  ///< a sign, 8 bits of exponent, 7 of fraction
};

namespace tensor_detail {

/// Calls `f` with a std::type_identity of what a tensor of this type stores (bool as std::uint8_t), and
/// returns true; false for a type without values.
template <class F>
bool with_stored(ElementType type, F&& f) {
  switch (type) {
    case ElementType::float32:
      return f(std::type_identity<float>{}), true;
    case ElementType::float64:
      return f(std::type_identity<double>{}), true;
    case ElementType::float16:
      return f(std::type_identity<Half>{}), true;
    case ElementType::bfloat16:
      return f(std::type_identity<Bfloat16>{}), true;
    case ElementType::int8:
      return f(std::type_identity<std::int8_t>{}), true;
    case ElementType::int16:
      return f(std::type_identity<std::int16_t>{}), true;
    case ElementType::int32:
      return f(std::type_identity<std::int32_t>{}), true;
    case ElementType::int64:
      return f(std::type_identity<std::int64_t>{}), true;
    case ElementType::boolean:
    case ElementType::uint8:
      return f(std::type_identity<std::uint8_t>{}), true;
    case ElementType::uint16:
      return f(std::type_identity<std::uint16_t>{}), true;
    case ElementType::uint32:
      return f(std::type_identity<std::uint32_t>{}), true;
    case ElementType::uint64:
      return f(std::type_identity<std::uint64_t>{}), true;
    default:
      return false;
  }
}

template <class T>
inline constexpr ElementType type_of = ElementType::undefined;
template <>
inline constexpr ElementType type_of<float> = ElementType::float32;
template <>
inline constexpr ElementType type_of<double> = ElementType::float64;
template <>
inline constexpr ElementType type_of<Half> = ElementType::float16;
template <>
inline constexpr ElementType type_of<Bfloat16> = ElementType::bfloat16;
template <>
inline constexpr ElementType type_of<std::int8_t> = ElementType::int8;
template <>
inline constexpr ElementType type_of<std::int16_t> = ElementType::int16;
template <>
inline constexpr ElementType type_of<std::int32_t> = ElementType::int32;
template <>
inline constexpr ElementType type_of<std::int64_t> = ElementType::int64;
template <>
inline constexpr ElementType type_of<std::uint8_t> = ElementType::uint8;
template <>
inline constexpr ElementType type_of<std::uint16_t> = ElementType::uint16;
template <>
inline constexpr ElementType type_of<std::uint32_t> = ElementType::uint32;
template <>
inline constexpr ElementType type_of<std::uint64_t> = ElementType::uint64;

inline float number(Half half) { return io::binary::from_half(half.bits); }
inline float number(Bfloat16 half) { return io::binary::from_bfloat16(half.bits); }
template <class T>
T number(T value) {
  return value;
}

/// An element's bytes in the other order, on a machine that is not little-endian.
template <class T>
T little_endian(T value) {
  if constexpr (std::endian::native == std::endian::big && sizeof(T) > 1) {
    auto bytes = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
    std::reverse(bytes.begin(), bytes.end());
    return std::bit_cast<T>(bytes);
  } else {
    return value;
  }
}

}  // namespace tensor_detail

/// The type whose elements are T: float, double, Half, Bfloat16 and the integers of fixed width.
template <class T>
inline constexpr ElementType element_type = tensor_detail::type_of<T>;

/// The bytes of one element; 0 for a type without values.
inline std::size_t item_size(ElementType type) {
  std::size_t result = 0;
  tensor_detail::with_stored(type, [&]<class T>(std::type_identity<T>) { result = sizeof(T); });
  return result;
}

/// float, double, float16 and bfloat16.
inline bool is_floating(ElementType type) {
  return type == ElementType::float32 || type == ElementType::float64 || type == ElementType::float16 ||
         type == ElementType::bfloat16;
}

/// The eight integer types; bool is none of them.
inline bool is_integer(ElementType type) {
  return item_size(type) > 0 && !is_floating(type) && type != ElementType::boolean;
}

/// Bytes, and what keeps them alive: the file's, or a vector of somebody's own. The bytes are little-endian
/// and lie anywhere, so that they can stay where a file has them.
struct TensorBytes {
  std::shared_ptr<const void> owner;                    ///< keeps the bytes alive
  std::span<const std::byte> bytes;                     ///< the elements, little-endian
  std::shared_ptr<const io::FileBytes> file = nullptr;  ///< where they are a file's own
};

/// A named array in C order. Copies share the values, which never change.
class Tensor {
 public:
  /// A scalar of undefined type, without values.
  Tensor() = default;

  /// `values`, moved in. T is float, double, Half, Bfloat16 or an integer of fixed width.
  /// Throws Error if the shape and the number of values disagree.
  template <class T>
  static Tensor of(std::string name, Dims dims, std::vector<T> values) {
    static_assert(element_type<T> != ElementType::undefined, "not an element type of ONNX's");
    for (T& value : values) {
      value = tensor_detail::little_endian(value);
    }
    const auto owner = std::make_shared<const std::vector<T>>(std::move(values));
    return of_bytes(std::move(name), element_type<T>, std::move(dims),
                    std::make_shared<TensorBytes>(TensorBytes{owner, std::as_bytes(std::span(*owner))}));
  }

  /// Bytes as a file has them: little-endian, in C order. Throws Error if their number does not fit the type
  /// and the shape.
  static Tensor of_bytes(std::string name, ElementType type, Dims dims,
                         std::shared_ptr<const TensorBytes> bytes) {
    Tensor result = without_values(std::move(name), type, std::move(dims));
    const auto need = static_cast<std::size_t>(result.size()) * item_size(type);
    if (item_size(type) == 0 || bytes->bytes.size() != need) {
      fail(result.where(), ": expected ", need, " bytes for shape ", shown(result.dims()), " of ",
           onnx::name(type), ", found ", bytes->bytes.size());
    }
    result.data_ = std::move(bytes);
    return result;
  }

  /// The same of bytes that are moved in.
  static Tensor of_bytes(std::string name, ElementType type, Dims dims, std::vector<std::byte> bytes) {
    const auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
    return of_bytes(std::move(name), type, std::move(dims),
                    std::make_shared<TensorBytes>(TensorBytes{owner, std::span(*owner)}));
  }

  /// A tensor that is to be filled: `bytes` get their value later, `size() * item_size(type)` of them.
  static Tensor pending(std::string name, ElementType type, Dims dims,
                        std::shared_ptr<const TensorBytes> bytes) {
    Tensor result = without_values(std::move(name), type, std::move(dims));
    result.data_ = std::move(bytes);
    return result;
  }

  /// A type and a shape alone; reading it throws. So is a value that only its shape is known of, and every
  /// tensor of a type that has no values here.
  static Tensor without_values(std::string name, ElementType type, Dims dims) {
    Tensor result;
    result.name_ = std::move(name);
    result.type_ = type;
    result.dims_ = std::move(dims);
    result.size_ = element_count(result.dims_, result.where());
    return result;
  }

  /// As the file has it; often empty.
  const std::string& name() const { return name_; }
  /// Of its elements.
  ElementType type() const { return type_; }
  /// The size of each dimension.
  const Dims& dims() const { return dims_; }
  /// The number of dimensions.
  Index rank() const { return static_cast<Index>(dims_.size()); }
  /// The number of elements.
  Index size() const { return size_; }
  /// Whether it has elements to be read, and not its shape alone.
  bool has_values() const { return data_ != nullptr; }

  /// The same values under another name.
  Tensor renamed(std::string name) const {
    Tensor result = *this;
    result.name_ = std::move(name);
    return result;
  }

  /// The same values in another shape of as many elements. Throws Error if there are not as many.
  Tensor reshaped(Dims dims) const {
    Tensor result = *this;
    result.size_ = element_count(dims, where());
    if (result.size_ != size_) {
      fail(where(), ": expected a shape of ", size_, " elements, found ", shown(dims));
    }
    result.dims_ = std::move(dims);
    return result;
  }

  /// The elements' bytes, little-endian, in C order. Throws Error if there are no values.
  std::span<const std::byte> bytes() const {
    if (!data_) {
      if (item_size(type_) == 0) {
        fail(where(), ": expected numbers, found elements of the unsupported type ", onnx::name(type_));
      }
      fail(where(), ": expected a tensor with values, found one of which the shape alone is known");
    }
    return data_->bytes;
  }

  /// Whether values are T's in memory: copying them throws nothing.
  template <class T>
  bool lies_as() const {
    bool same = false;
    tensor_detail::with_stored(type_, [&]<class Stored>(std::type_identity<Stored>) {
      same = std::is_same_v<Stored, T> && std::endian::native == std::endian::little;
    });
    return same && type_ != ElementType::boolean;
  }

  /// Writes all values to `to`, which has size() places. Bytes of a file leave memory as they are read.
  /// A floating-point value may be rounded to fit a smaller floating-point T; all else must be exact.
  /// Booleans read as 0 and 1. Throws Error for a type without values, and for a value that T cannot hold.
  template <io::Number T>
  void copy_to(std::span<T> to) const {
    bytes();
    if (to.size() != static_cast<std::size_t>(size_)) {
      fail(where(), ": expected a place for ", size_, " values, found ", to.size());
    }
    // By parts, so that of a large tensor never more than one lies in memory twice.
    constexpr std::size_t part = std::size_t(1) << 20;
    const auto copy = [&](std::size_t first) {
      copy_to(to.subspan(first, std::min(part, to.size() - first)), first);
    };
    if (lies_as<T>())  // nothing throws
      return parallel_for(Index((to.size() + part - 1) / part),
                          [&](Index k) { copy(std::size_t(k) * part); });
    for (std::size_t first = 0; first < to.size(); first += part) copy(first);
  }

  /// The same of the values from number `first` on, as many as `to` has places.
  template <io::Number T>
  void copy_to(std::span<T> to, std::size_t first) const {
    const std::size_t item = item_size(type_);
    const std::span<const std::byte> from = bytes();
    if (first > std::size_t(size_) || to.size() > std::size_t(size_) - first) {
      fail(where(), ": expected a part of ", size_, " values, found ", to.size(), " from ", first, " on");
    }
    const std::span<const std::byte> part = from.subspan(first * item, to.size() * item);
    convert(part.data(), first, to);
    if (data_->file) data_->file->release(part);
  }

  /// All values, as copy_to gives them.
  template <io::Number T>
  std::vector<T> values() const {
    bytes();  // whether there are any, before memory is asked for
    std::vector<T> result(static_cast<std::size_t>(size_));
    copy_to(std::span<T>(result));
    return result;
  }

  /// The value of a tensor of one element. Throws Error if it has another number of them.
  template <io::Number T>
  T value() const {
    if (size_ != 1) {
      fail(where(), ": expected one element, found shape ", shown(dims_));
    }
    T result{};
    copy_to(std::span<T>(&result, 1));
    return result;
  }

 private:
  std::string where() const { return "tensor " + shown(name_); }

  /// The elements from `first` on, which lie at `from`.
  template <class T>
  void convert(const std::byte* from, std::size_t first, std::span<T> to) const {
    tensor_detail::with_stored(type_, [&]<class Stored>(std::type_identity<Stored>) {
      if (lies_as<T>()) {
        std::memcpy(to.data(), from, to.size() * sizeof(Stored));
        return;
      }
      for (std::size_t i = 0; i < to.size(); ++i) {
        Stored stored;
        std::memcpy(&stored, from + i * sizeof(Stored), sizeof(Stored));
        const auto value = tensor_detail::number(tensor_detail::little_endian(stored));
        if (type_ == ElementType::boolean && value != 0 && value != 1) {
          fail(where(), ": element ", first + i, ": expected a boolean of 0 or 1, found ", +value);
        }
        if (!io::binary::holds<T>(value)) {
          // A unary plus prints a one-byte integer as a number.
          fail(where(), ": element ", first + i, ": expected a value that a ", sizeof(T) * 8, "-bit ",
               std::is_floating_point_v<T> ? "floating-point number"
               : std::is_signed_v<T>       ? "signed integer"
                                           : "unsigned integer",
               " can hold, found ", +value);
        }
        to[i] = static_cast<T>(value);
      }
    });
  }

  std::string name_;
  ElementType type_ = ElementType::undefined;
  Dims dims_;
  Index size_ = 1;
  std::shared_ptr<const TensorBytes> data_;
};

}  // namespace ascribe::onnx
