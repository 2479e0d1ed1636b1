/// Values as ONNX sees them: axes, their order in memory, the batch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/core/function_ref.hpp"
#include "ascribe/core/types.hpp"
#include "ascribe/io/onnx/model.hpp"
#include "ascribe/io/onnx/tensor.hpp"

namespace ascribe::onnx {

/// The order in which a value's axes lie in memory, from the slowest to the fastest.
using AxisOrder = std::vector<Index>;

/// 0, 1, 2, …: the order of ONNX and NumPy.
inline AxisOrder c_order(Index rank) {
  AxisOrder order(static_cast<std::size_t>(rank));
  for (Index i = 0; i < rank; ++i) order[std::size_t(i)] = i;
  return order;
}
/// 0, 2, 3, …, 1: the channels, axis 1, are the fastest, as convolutions and pools have it inside.
inline AxisOrder channels_last(Index rank) {
  AxisOrder order = c_order(rank);
  if (rank > 2) std::rotate(order.begin() + 1, order.begin() + 2, order.end());
  return order;
}

/// A value that depends on the network's inputs: a node of the graph, seen as ONNX sees it. What moves values
/// sees a constant as one too.
struct Activation {
  Index node;             ///< −1: a constant
  Dims dims;              ///< with the batch as an axis of size 1
  AxisOrder order;        ///< of the node's features, or the constant's elements
  Index batch_axis = -1;  ///< −1: a whole tensor is one sample
  /// A constant's elements in that order, of as many as `dims` says; its own shape says nothing.
  std::optional<Tensor> constant = std::nullopt;

  /// The number of its axes, the batch's among them.
  Index rank() const { return Index(dims.size()); }
  /// 0 for constants alone, whose other sizes may be too large to multiply.
  Index size() const {
    if (std::find(dims.begin(), dims.end(), 0) != dims.end()) return 0;
    Index count = 1;
    for (const Index d : dims) count *= d;
    return count;
  }
  /// How far apart the neighbours along each axis are in memory; zeros where there is nothing.
  std::vector<Index> strides() const {
    std::vector<Index> found(dims.size(), 0);
    if (size() == 0) return found;
    Index step = 1;
    for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
      found[std::size_t(*axis)] = step;
      step *= dims[std::size_t(*axis)];
    }
    return found;
  }
  /// The axes without the batch, as ONNX has them.
  Dims sample_dims() const {
    Dims shape = dims;
    if (batch_axis >= 0) shape.erase(shape.begin() + batch_axis);
    return shape;
  }
  /// How those lie in memory.
  AxisOrder sample_order() const {
    AxisOrder found;
    for (const Index axis : order)
      if (axis != batch_axis) found.push_back(batch_axis >= 0 && axis > batch_axis ? axis - 1 : axis);
    return found;
  }
};

/// A constant, seen as one.
inline Activation as_activation(const Tensor& constant) {
  return {-1, constant.dims(), c_order(constant.rank()), -1, constant};
}

/// Whether another order of the axes is the same memory.
inline bool same_in_memory(const Activation& a, const AxisOrder& order) {
  if (a.size() == 0) return true;
  // Axes of size 1 are nowhere in memory.
  const auto in_memory = [&](AxisOrder axes) {
    std::erase_if(axes, [&](Index axis) { return a.dims[std::size_t(axis)] == 1; });
    return axes;
  };
  return in_memory(a.order) == in_memory(order);
}

/// A value with −∞ around it, as exporters pad in front of a maximum: it is no value of the graph, whose
/// numbers are finite. The maximum that reads it leaves the padding out.
struct Padded {
  Activation inside;  ///< the value without its padding
  /// How much −∞ stands before and behind it, axis by axis.
  std::vector<Index> before, after;

  /// The sizes with the padding.
  Dims dims() const {
    Dims all = inside.dims;
    for (std::size_t axis = 0; axis < all.size(); ++axis) all[axis] += before[axis] + after[axis];
    return all;
  }
};

/// Calls f(multi-index) in the order of memory.
inline void each_index(const Activation& a, FunctionRef<void(const std::vector<Index>&)> f) {
  std::vector<Index> at(a.dims.size(), 0);
  const Index count = a.size();
  for (Index i = 0; i < count; ++i) {
    f(at);
    for (auto axis = a.order.rbegin(); axis != a.order.rend(); ++axis) {
      if (++at[std::size_t(*axis)] < a.dims[std::size_t(*axis)]) break;
      at[std::size_t(*axis)] = 0;
    }
  }
}

/// An axis as ONNX counts it, from the back where it is negative. Throws Error where there is none.
inline Index axis_of(const Node& node, Index axis, Index rank) {
  if (axis < -rank || axis >= rank)
    fail(describe(node), ": expected an axis in [", -rank, ", ", rank, "), found ", axis);
  return axis < 0 ? axis + rank : axis;
}

/// Thrown where an operator would mix samples, or hide the batch's axis among others: the model can still be
/// read for one sample. It names the node.
class BatchError : public Error {
 public:
  /// `parts` one behind the other, behind the node's name.
  template <class... Parts>
  explicit BatchError(const Node& node, const Parts&... parts)
      : Error(text_of(describe(node), ": ", parts...)) {}
};

/// Throws BatchError where an operator would mix samples.
inline void check_not_batch(const Node& node, const Activation& a, Index axis) {
  if (axis == a.batch_axis)
    throw BatchError(node, "it works along axis ", axis, ", the batch's, which is not supported");
}

}  // namespace ascribe::onnx
