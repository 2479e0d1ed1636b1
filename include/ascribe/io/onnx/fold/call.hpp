/// What an operator's evaluation sees of its node, and the memory that it may take.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/io/binary.hpp"
#include "ascribe/io/onnx/attributes.hpp"
#include "ascribe/io/onnx/budget.hpp"
#include "ascribe/io/onnx/model.hpp"
#include "ascribe/io/onnx/tensor.hpp"

namespace ascribe::onnx::fold {

/// One evaluation of a node. All Errors that it throws get the node's description before them in `evaluate`.
class Call {
 public:
  Call(const Node& node, std::span<const Tensor* const> inputs, Index opset, Budget& budget)
      : attributes(node), node_(&node), inputs_(inputs), opset_(opset), budget_(&budget) {}

  Attributes attributes;

  Index opset() const { return opset_; }
  std::size_t input_count() const { return inputs_.size(); }
  std::size_t output_count() const { return node_->outputs.size(); }
  const std::string& output_name(std::size_t i = 0) const { return node_->outputs[i]; }

  /// An input that may be left out: then null.
  const Tensor* optional(std::size_t i) const { return i < inputs_.size() ? inputs_[i] : nullptr; }

  const Tensor& input(std::size_t i) const {
    if (optional(i) == nullptr) {
      fail("expected an input number ", i + 1, ", found none");
    }
    return *inputs_[i];
  }

  /// A list of integers that was an attribute before operator set `since` and has been an input from then on.
  std::optional<std::vector<std::int64_t>> list(std::string_view name, std::size_t i, Index since) {
    if (opset_ < since) {
      if (optional(i) != nullptr) {
        fail("expected ", shown(name), " as an attribute before operator set ", since, ", found an input");
      }
      return attributes.integers(name);
    }
    const Tensor* const tensor = optional(i);
    return tensor != nullptr ? std::optional(integers(*tensor)) : std::nullopt;
  }

  /// An axis, counted from the end where it is negative.
  static Index axis(std::int64_t value, Index rank) {
    if (value < -rank || value >= rank) {
      fail("expected an axis from ", -rank, " to ", rank - 1, ", found ", value);
    }
    return value < 0 ? value + rank : value;
  }

  /// Which of `rank` axes a list names. Throws Error for one that is named twice.
  static std::vector<bool> axes(const std::vector<std::int64_t>& list, Index rank) {
    std::vector<bool> result(static_cast<std::size_t>(rank), false);
    for (const std::int64_t value : list) {
      const auto i = static_cast<std::size_t>(axis(value, rank));
      if (result[i]) {
        fail("expected every axis once, found ", value, " again");
      }
      result[i] = true;
    }
    return result;
  }

  /// The number of elements of a result, once the budget has paid for them.
  std::size_t charge(std::span<const Index> dims, std::size_t item_size) {
    const auto count = static_cast<std::size_t>(element_count(dims, "result"));
    if (count > budget_->bytes / item_size) {
      fail("expected a result within what is left of the limit on evaluated constants, ", budget_->bytes,
           " bytes, found shape ", shown(dims), " of ", item_size, "-byte elements");
    }
    budget_->bytes -= count * item_size;
    return count;
  }

  /// A tensor's values, where the budget could pay for them: eight bytes for each of a tensor of bytes.
  template <class Wide>
  std::vector<Wide> values(const Tensor& tensor) {
    budget_->bytes += charge(tensor.dims(), sizeof(Wide)) * sizeof(Wide);
    return tensor.values<Wide>();
  }

  /// Integers of int32 or int64, such as axes, sizes and indices.
  std::vector<std::int64_t> integers(const Tensor& tensor) {
    if (tensor.type() != ElementType::int64 && tensor.type() != ElementType::int32) {
      fail("expected integers in tensor ", shown(tensor.name()), ", found ", onnx::name(tensor.type()));
    }
    return values<std::int64_t>(tensor);
  }

 private:
  const Node* node_;
  std::span<const Tensor* const> inputs_;
  Index opset_;
  Budget* budget_;
};

using Results = std::vector<Tensor>;

inline Results one(Tensor tensor) {
  Results result;
  result.push_back(std::move(tensor));
  return result;
}

/// Sizes multiplied, or an Error where the product does not fit.
inline Index product(Index a, Index b) {
  if (a != 0 && b > std::numeric_limits<Index>::max() / a) {
    fail("expected a size that fits in memory, found ", a, " times ", b);
  }
  return a * b;
}

/// The same for a sum. Both are of 0 or more.
inline Index sum(Index a, Index b) {
  if (b > std::numeric_limits<Index>::max() - a) {
    fail("expected a size that fits in memory, found ", a, " and ", b);
  }
  return a + b;
}

/// How many elements apart neighbours along each axis are, in C order; zeros where there are no elements,
/// since then the other sizes may be too large to multiply.
inline Dims strides_of(const Dims& dims) {
  Dims result(dims.size(), 0);
  if (std::find(dims.begin(), dims.end(), 0) != dims.end()) {
    return result;
  }
  Index stride = 1;
  for (std::size_t d = dims.size(); d-- > 0;) {
    result[d] = stride;
    stride *= dims[d];
  }
  return result;
}

/// Walks over all indices of `dims` in C order and tells, for each, the place in memory with `strides`.
class Walk {
 public:
  Walk(const Dims& dims, Dims strides) : dims_(dims), strides_(std::move(strides)), index_(dims.size(), 0) {}

  std::size_t place() const { return static_cast<std::size_t>(place_); }

  void advance() {
    for (std::size_t d = dims_.size(); d-- > 0;) {
      place_ += strides_[d];
      if (++index_[d] < dims_[d]) {
        return;
      }
      place_ -= strides_[d] * dims_[d];
      index_[d] = 0;
    }
  }

 private:
  const Dims& dims_;
  Dims strides_;
  Dims index_;
  Index place_ = 0;
};

/// The shape that both broadcast to, as in NumPy: sizes are aligned at the last axis, and a 1 stretches.
inline Dims broadcast(const Dims& a, const Dims& b) {
  Dims result(std::max(a.size(), b.size()));
  for (std::size_t d = 0; d < result.size(); ++d) {
    const std::size_t from_end = result.size() - d;
    const Index m = from_end <= a.size() ? a[a.size() - from_end] : 1;
    const Index n = from_end <= b.size() ? b[b.size() - from_end] : 1;
    if (m != n && m != 1 && n != 1) {
      fail("expected shapes that broadcast, found ", shown(a), " and ", shown(b));
    }
    result[d] = m == 1 ? n : m;
  }
  return result;
}

/// Calls `f` with a std::type_identity of the type that arithmetic on elements of `type` is done in: float
/// for it and the two-byte ones, double, std::uint64_t for itself, std::int64_t for the other integers and
/// bool. Each holds every value of its elements.
template <class F>
auto with_wide(ElementType type, F&& f) {
  switch (type) {
    case ElementType::float32:
    case ElementType::float16:
    case ElementType::bfloat16:
      return f(std::type_identity<float>{});
    case ElementType::float64:
      return f(std::type_identity<double>{});
    case ElementType::uint64:
      return f(std::type_identity<std::uint64_t>{});
    default:
      if (item_size(type) == 0) {
        fail("expected numbers, found elements of the unsupported type ", name(type));
      }
      return f(std::type_identity<std::int64_t>{});
  }
}

/// A tensor of `type` from values in the type that arithmetic was done in, or any other: floating-point
/// numbers are rounded to the nearest, integers keep their lowest bits, as in C. A floating-point value for
/// an integer type must be within its range.
template <class Wide>
Tensor narrow(std::string name, ElementType type, Dims dims, const std::vector<Wide>& values) {
  std::vector<std::byte> bytes(values.size() * item_size(type));
  tensor_detail::with_stored(type, [&]<class Stored>(std::type_identity<Stored>) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      Stored stored{};
      if constexpr (std::is_same_v<Stored, Half>) {
        stored = {io::binary::to_half(static_cast<double>(values[i]))};
      } else if constexpr (std::is_same_v<Stored, Bfloat16>) {
        stored = {io::binary::to_bfloat16(static_cast<double>(values[i]))};
      } else if constexpr (std::is_floating_point_v<Wide> && std::is_integral_v<Stored>) {
        if (!io::binary::is_whole<Stored>(values[i])) {
          fail("expected a value within the range of ", onnx::name(type), ", found ", values[i]);
        }
        stored = static_cast<Stored>(values[i]);
      } else {
        stored = static_cast<Stored>(values[i]);
      }
      stored = tensor_detail::little_endian(stored);
      std::memcpy(bytes.data() + i * sizeof(Stored), &stored, sizeof(Stored));
    }
  });
  return Tensor::of_bytes(std::move(name), type, std::move(dims), std::move(bytes));
}

}  // namespace ascribe::onnx::fold
