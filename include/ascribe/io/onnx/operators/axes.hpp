/// What the operators that work along axes share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>

namespace ascribe::onnx {

/// The least size that an axis may have: constants may be empty.
inline Index least_size(const Activation& a) { return a.constant ? 0 : 1; }

/// A constant list of axes, sizes or indices. Throws Error for another type than int32 and int64.
inline std::vector<std::int64_t> integers_of(const Node& node, const Tensor& tensor) {
  if (tensor.type() != ElementType::int64 && tensor.type() != ElementType::int32)
    fail(describe(node), ": tensor ", shown(tensor.name()), ": expected int64 or int32, found ",
         name(tensor.type()));
  return tensor.values<std::int64_t>();
}

/// A list that was an attribute before operator set `since` and is input k from then on; none where it is
/// left out. An attribute of that name in a newer operator set stays unread, an Error in finish().
inline std::optional<std::vector<std::int64_t>> list_of(const Importer& importer, const Node& node,
                                                        Attributes& attributes, std::string_view name,
                                                        std::size_t k, Index since) {
  if (importer.opset() >= since) {
    if (!importer.has_input(node, k)) return std::nullopt;
    return integers_of(node, importer.constant(node, k));
  }
  if (importer.has_input(node, k))
    fail(describe(node), ": expected ", shown(name), " as an attribute before operator set ", since,
         ", found input ", k);
  return attributes.integers(name);
}

/// An index of an axis of so many values, counted from the back where it is negative.
inline Index place_of(const Node& node, std::int64_t index, Index size) {
  if (index < -size || index >= size)
    fail(describe(node), ": expected indices from ", -size, " to ", size - 1, ", found ", index);
  return Index(index < 0 ? index + size : index);
}
inline std::vector<Index> indices_of(const Node& node, const Tensor& tensor, Index size) {
  std::vector<Index> places;
  for (const std::int64_t index : integers_of(node, tensor)) places.push_back(place_of(node, index, size));
  return places;
}

/// Throws Error unless indices that take the place of `axis` stay within a's other axes.
inline void check_indices_fit(const Node& node, const Activation& a, const Tensor& indices,
                              std::size_t axis) {
  bool fits = indices.dims().size() == a.dims.size();
  for (std::size_t d = 0; fits && d < a.dims.size(); ++d) fits = d == axis || indices.dims()[d] <= a.dims[d];
  if (!fits)
    fail(describe(node), ": expected indices within shape ", shown(a.dims), " but for axis ", axis,
         ", found shape ", shown(indices.dims()));
}

/// Which of `rank` axes a list names. Throws Error for one that there is not, or that is named twice.
inline std::vector<bool> named_axes(const Node& node, const std::vector<std::int64_t>& list, Index rank) {
  std::vector<bool> named(std::size_t(rank), false);
  for (const std::int64_t axis : list) {
    const std::size_t at = std::size_t(axis_of(node, Index(axis), rank));
    if (named[at]) fail(describe(node), ": expected every axis once, found ", axis, " again");
    named[at] = true;
  }
  return named;
}

/// The same memory without the axes that are marked; each has size 1.
inline Activation without_axes(Activation a, const std::vector<bool>& marked) {
  std::vector<Index> number(marked.size());
  Index kept = 0;
  for (std::size_t axis = 0; axis < marked.size(); ++axis)
    if (!marked[axis]) number[axis] = kept++;
  Dims dims;
  AxisOrder order;
  for (std::size_t axis = 0; axis < marked.size(); ++axis)
    if (!marked[axis]) dims.push_back(a.dims[axis]);
  for (const Index axis : a.order)
    if (!marked[std::size_t(axis)]) order.push_back(number[std::size_t(axis)]);
  if (a.batch_axis >= 0) a.batch_axis = number[std::size_t(a.batch_axis)];
  a.dims = std::move(dims);
  a.order = std::move(order);
  return a;
}

/// The same memory with axes of size 1 where they are marked; `marked` has an entry for each of the result's
/// axes.
inline Activation with_axes(Activation a, const std::vector<bool>& marked) {
  std::vector<Index> number;
  Dims dims(marked.size(), 1);
  AxisOrder order;
  for (std::size_t axis = 0; axis < marked.size(); ++axis)
    if (marked[axis])
      order.push_back(Index(axis));
    else
      number.push_back(Index(axis));
  for (std::size_t k = 0; k < number.size(); ++k) dims[std::size_t(number[k])] = a.dims[k];
  for (const Index axis : a.order) order.push_back(number[std::size_t(axis)]);
  if (a.batch_axis >= 0) a.batch_axis = number[std::size_t(a.batch_axis)];
  a.dims = std::move(dims);
  a.order = std::move(order);
  return a;
}

/// The axes in memory, those that are marked moved to the front, where they are the slowest.
inline AxisOrder slowest_first(const AxisOrder& order, const std::vector<bool>& marked) {
  AxisOrder result;
  for (const bool wanted : {true, false})
    for (const Index axis : order)
      if (marked[std::size_t(axis)] == wanted) result.push_back(axis);
  return result;
}

}  // namespace ascribe::onnx
