/// The same values in another shape: Reshape, Flatten, Squeeze, Unsqueeze, Transpose, DepthToSpace,
/// SpaceToDepth. Constants are moved as activations are.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/fold/call.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/axes.hpp>

namespace ascribe::onnx {

/// A value in another shape of as many values, the batch's axis given. Where every group of axes that is
/// merged or divided lies together in memory, it is the same node; else the value moves into C order first.
inline Activation reshaped(Importer& importer, const Node& node, const Activation& a, Dims dims,
                           Index batch_axis) {
  if (a.size() == 0) {  // a constant
    Activation empty = a;
    empty.order = c_order(Index(dims.size()));
    empty.dims = std::move(dims);
    return empty;
  }
  // Axes of size 1 are nowhere in memory.
  const auto real_axes = [](const Dims& all) {
    std::vector<Index> real;
    for (std::size_t axis = 0; axis < all.size(); ++axis)
      if (all[axis] != 1) real.push_back(Index(axis));
    return real;
  };
  const std::vector<Index> from = real_axes(a.dims), to = real_axes(dims);
  AxisOrder in_memory;
  for (const Index axis : a.order)
    if (a.dims[std::size_t(axis)] != 1) in_memory.push_back(axis);
  // The smallest groups of neighbouring axes, old and new, that hold as many values: each stays in place.
  std::vector<AxisOrder> groups(a.dims.size());  // by the first old axis: the new ones
  bool in_place = true;
  for (std::size_t i = 0, k = 0; i < from.size();) {
    const std::size_t first = i;
    AxisOrder& group = groups[std::size_t(from[i])];
    Index old_size = a.dims[std::size_t(from[i++])], new_size = dims[std::size_t(to[k])];
    group.push_back(to[k++]);
    while (old_size != new_size)
      if (old_size < new_size)
        old_size *= a.dims[std::size_t(from[i++])];
      else
        group.push_back(to[k]), new_size *= dims[std::size_t(to[k++])];
    const auto at = std::find(in_memory.begin(), in_memory.end(), from[first]);
    for (std::size_t step = 0; step < i - first; ++step)
      in_place = in_place && std::size_t(in_memory.end() - at) > step &&
                 *(at + std::ptrdiff_t(step)) == from[first + step];
  }
  Activation result = in_place ? a : importer.in_order(node, a, c_order(a.rank()));
  result.order.clear();
  for (std::size_t axis = 0; axis < dims.size(); ++axis)
    if (dims[axis] == 1) result.order.push_back(Index(axis));
  if (in_place)
    for (const Index axis : in_memory)
      for (const Index to_axis : groups[std::size_t(axis)]) result.order.push_back(to_axis);
  else
    result.order.insert(result.order.end(), to.begin(), to.end());
  result.dims = std::move(dims);
  result.batch_axis = batch_axis;
  return result;
}

inline Index product_of(const Dims& dims, std::size_t begin, std::size_t end) {
  return element_count(std::span(dims).subspan(begin, end - begin), "the new shape");
}

/// The shape that a Reshape asks for, with the batch (where there is one) at axis `batch` of it, where the
/// file has 1, −1, its own batch size, or 0 at the old place; none where it does not fit.
inline std::optional<Dims> resolved_shape(const Activation& a, const std::vector<std::int64_t>& target,
                                          bool zero_copies, Index batch, std::optional<Index> file_batch) {
  const Index total = a.size();
  Dims dims;
  Index open = -1;
  for (std::size_t i = 0; i < target.size(); ++i) {
    std::int64_t size = target[i];
    const bool copies = size == 0 && zero_copies;
    if (Index(i) == batch) {
      if (size != 1 && size != -1 && size != file_batch && !(copies && batch == a.batch_axis))
        return std::nullopt;
      dims.push_back(1);
      continue;
    }
    if (copies) {
      if (Index(i) >= a.rank() || Index(i) == a.batch_axis) return std::nullopt;
      size = a.dims[i];
    }
    if (size == -1) {
      open = Index(i);
      size = 1;
    }
    if (size < 0) return std::nullopt;
    dims.push_back(Index(size));
  }
  const Index known = element_count(dims, "the new shape");
  if (open < 0 ? known != total : known == 0 || total % known != 0) return std::nullopt;
  if (open >= 0) dims[std::size_t(open)] = total / known;
  // The batch keeps its place between the values before and behind it.
  if (batch >= 0 &&
      product_of(dims, 0, std::size_t(batch)) != product_of(a.dims, 0, std::size_t(a.batch_axis)))
    return std::nullopt;
  return dims;
}

inline void import_reshape(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  Attributes attributes(node);
  const bool zero_copies = !attributes.flag("allowzero", false);
  attributes.finish();
  const auto target = integers_of(node, importer.constant(node, 1));
  const Dims wanted(target.begin(), target.end());
  if (target.size() > most_dimensions)
    fail(describe(node), ": expected at most ", most_dimensions, " axes, found ", target.size());
  if (std::count(target.begin(), target.end(), -1) > 1)
    fail(describe(node), ": expected one size of -1 at most, found shape ", shown(wanted));
  if (a.batch_axis < 0) {
    auto dims = resolved_shape(a, target, zero_copies, -1, std::nullopt);
    if (!dims)
      fail(describe(node), ": expected a shape for the ", a.size(), " values of ", shown(a.dims), ", found ",
           shown(wanted));
    return importer.define(node.outputs[0], reshaped(importer, node, a, std::move(*dims), -1));
  }
  // Where it was, if it can be there: a size of 1 may be the batch's, folded from a shape.
  std::vector<Index> places = c_order(Index(target.size()));
  if (a.batch_axis < Index(places.size()))
    std::rotate(places.begin(), places.begin() + a.batch_axis, places.begin() + a.batch_axis + 1);
  for (const Index batch : places)
    if (auto dims = resolved_shape(a, target, zero_copies, batch, importer.file_batch()))
      return importer.define(node.outputs[0], reshaped(importer, node, a, std::move(*dims), batch));
  throw BatchError(node, "expected a shape that keeps the batch, axis ", a.batch_axis, " of ", shown(a.dims),
                   ", apart from the ", a.size(), " values of a sample, found ", shown(wanted));
}

inline void import_flatten(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  Attributes attributes(node);
  const std::int64_t given = attributes.integer("axis", 1);
  attributes.finish();
  if (given < -a.rank() || given > a.rank())
    fail(describe(node), ": attribute 'axis': expected ", -a.rank(), " to ", a.rank(), ", found ", given);
  const Index axis = Index(given < 0 ? given + a.rank() : given);
  const Dims dims{product_of(a.dims, 0, std::size_t(axis)),
                  product_of(a.dims, std::size_t(axis), a.dims.size())};
  Index batch = -1;
  if (a.batch_axis >= 0) {
    batch = a.batch_axis < axis ? 0 : 1;
    if (dims[std::size_t(batch)] != 1)
      throw BatchError(node, "attribute 'axis': expected one that keeps the batch, axis ", a.batch_axis,
                       " of ", shown(a.dims), ", apart, found ", given);
  }
  importer.define(node.outputs[0], reshaped(importer, node, a, dims, batch));
}

/// Without axes, all of size 1 but the batch's.
inline void import_squeeze(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  Attributes attributes(node);
  const auto list = list_of(importer, node, attributes, "axes", 1, 13);
  attributes.finish();
  std::vector<bool> marked(a.dims.size(), false);
  if (list) marked = named_axes(node, *list, a.rank());
  for (std::size_t axis = 0; axis < marked.size(); ++axis) {
    if (!list) marked[axis] = a.dims[axis] == 1 && Index(axis) != a.batch_axis;
    if (!marked[axis]) continue;
    check_not_batch(node, a, Index(axis));
    if (a.dims[axis] != 1)
      fail(describe(node), ": expected size 1 along axis ", axis, ", found shape ", shown(a.dims));
  }
  importer.define(node.outputs[0], without_axes(a, marked));
}

inline void import_unsqueeze(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  Attributes attributes(node);
  const auto list = list_of(importer, node, attributes, "axes", 1, 13);
  attributes.finish();
  if (!list) fail(describe(node), ": expected axes, found none");
  if (a.dims.size() + list->size() > most_dimensions)
    fail(describe(node), ": expected at most ", most_dimensions, " axes, found ",
         a.dims.size() + list->size());
  const auto marked = named_axes(node, *list, a.rank() + Index(list->size()));
  importer.define(node.outputs[0], with_axes(a, marked));
}

/// The names of the axes change, and nothing moves.
inline void import_transpose(Importer& importer, const Node& node) {
  Activation a = importer.value(node, 0);
  Attributes attributes(node);
  const auto given = attributes.integers("perm");
  attributes.finish();
  AxisOrder from = c_order(a.rank());
  std::reverse(from.begin(), from.end());
  if (given) {
    const auto named = named_axes(node, *given, a.rank());
    if (std::find(named.begin(), named.end(), false) != named.end() ||
        std::any_of(given->begin(), given->end(), [](std::int64_t axis) { return axis < 0; }))
      fail(describe(node), ": attribute 'perm': expected every axis of ", shown(a.dims), " once, found ",
           shown(Dims(given->begin(), given->end())));
    from.assign(given->begin(), given->end());
  }
  AxisOrder to(from.size());
  Dims dims;
  for (std::size_t axis = 0; axis < from.size(); ++axis) {
    to[std::size_t(from[axis])] = Index(axis);
    dims.push_back(a.dims[std::size_t(from[axis])]);
  }
  for (Index& axis : a.order) axis = to[std::size_t(axis)];
  if (a.batch_axis >= 0) a.batch_axis = to[std::size_t(a.batch_axis)];
  a.dims = std::move(dims);
  importer.define(node.outputs[0], std::move(a));
}

/// DepthToSpace (N, C·b·b, H, W → N, C, H·b, W·b) and its inverse: the places within a block are channels.
template <bool to_space>
void import_blocks(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  Attributes attributes(node);
  const std::int64_t block = attributes.required<std::int64_t>("blocksize");
  const std::string mode = attributes.text("mode", "DCR");
  attributes.finish();
  if (a.rank() != 4) fail(describe(node), ": expected an input N, C, H, W, found shape ", shown(a.dims));
  if (mode != "DCR" && mode != "CRD")
    fail(describe(node), ": attribute 'mode': expected DCR or CRD, found ", shown(mode));
  const bool fits =
      block >= 1 && block <= (1 << 15) &&
      (to_space ? a.dims[1] % (block * block) == 0 : a.dims[2] % block == 0 && a.dims[3] % block == 0);
  if (!fits)
    fail(describe(node), ": attribute 'blocksize': expected one that divides shape ", shown(a.dims),
         ", found ", block);
  const Index b = Index(block);
  const Index channels = to_space ? a.dims[1] / (b * b) : a.dims[1];
  const Dims dims = to_space
                        ? Dims{a.dims[0], channels, fold::product(a.dims[2], b), fold::product(a.dims[3], b)}
                        : Dims{a.dims[0], fold::product(channels, b * b), a.dims[2] / b, a.dims[3] / b};
  const std::vector<Index> s = a.strides();
  importer.define(node.outputs[0],
                  importer.gather(node, "", a, dims, a.order, [&](const std::vector<Index>& at) -> Index {
                    Index c, y, x;
                    if (to_space) {
                      const Index place = at[2] % b * b + at[3] % b;
                      c = mode == "DCR" ? place * channels + at[1] : at[1] * b * b + place;
                      y = at[2] / b;
                      x = at[3] / b;
                    } else {
                      const Index place = mode == "DCR" ? at[1] / channels : at[1] % (b * b);
                      c = mode == "DCR" ? at[1] % channels : at[1] / (b * b);
                      y = at[2] * b + place / b;
                      x = at[3] * b + place % b;
                    }
                    return at[0] * s[0] + c * s[1] + y * s[2] + x * s[3];
                  }));
}

inline constexpr std::array<Operator, 7> shape_operators{{
    {"Reshape", import_reshape, true},
    {"Flatten", import_flatten, true},
    {"Squeeze", import_squeeze, true},
    {"Unsqueeze", import_unsqueeze, true},
    {"Transpose", import_transpose, true},
    {"DepthToSpace", import_blocks<true>, true},
    {"SpaceToDepth", import_blocks<false>, true},
}};

}  // namespace ascribe::onnx
