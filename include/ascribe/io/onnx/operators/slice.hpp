/// Parts of a value, and more than it: Slice, Pad, Gather, Tile, Expand, CenterCropPad, Trilu. Constants are
/// moved as activations are.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/fold/call.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/arithmetic.hpp>
#include <ascribe/io/onnx/operators/axes.hpp>

namespace ascribe::onnx {

/// What numpy's start:end:step takes of an axis.
struct Sliced {
  Index begin, step, count;

  Sliced(const Node& node, Index size, std::int64_t start, std::int64_t end, std::int64_t every) {
    if (every == 0) fail(describe(node), ": expected steps other than 0");
    // Backwards a range may end before the first element, at −1; bounds beyond it mean its end.
    const auto bound = [&](std::int64_t at) {
      if (at < 0) at = std::max<std::int64_t>(at, -size - 1) + size;
      return every > 0 ? std::clamp<Index>(at, 0, size) : std::clamp<Index>(at, -1, size - 1);
    };
    begin = bound(start);
    // A step beyond the axis takes one place; clamped, it cannot overflow.
    const Index most = std::min(size, std::numeric_limits<Index>::max() - 1) + 1;
    step = std::clamp<Index>(every, -most, most);
    const Index length = every > 0 ? bound(end) - begin : begin - bound(end);
    count = length <= 0 ? 0 : (length - 1) / std::abs(step) + 1;
  }
};

/// On the batch's axis, what takes all of one sample is nothing: x[0:n] with n as the file reads it from a
/// shape.
inline void import_slice(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  Attributes attributes(node);
  const bool inputs = importer.opset() >= 10;
  const auto starts = list_of(importer, node, attributes, "starts", 1, 10);
  const auto ends = list_of(importer, node, attributes, "ends", 2, 10);
  auto axes = list_of(importer, node, attributes, "axes", 3, 10);
  auto steps = inputs && importer.has_input(node, 4)
                   ? std::optional(integers_of(node, importer.constant(node, 4)))
                   : std::nullopt;
  attributes.finish();
  if (!starts || !ends) fail(describe(node), ": expected starts and ends, found none");
  if (!axes) {
    axes.emplace();
    for (std::size_t k = 0; k < starts->size(); ++k) axes->push_back(std::int64_t(k));
  }
  if (!steps) steps.emplace(starts->size(), 1);
  if (ends->size() != starts->size() || axes->size() != starts->size() || steps->size() != starts->size())
    fail(describe(node), ": expected as many ends, axes and steps as the ", starts->size(), " starts, found ",
         ends->size(), ", ", axes->size(), " and ", steps->size());
  named_axes(node, *axes, a.rank());
  std::vector<std::optional<Sliced>> slices(a.dims.size());
  Dims dims = a.dims;
  for (std::size_t k = 0; k < starts->size(); ++k) {
    const std::size_t axis = std::size_t(axis_of(node, Index((*axes)[k]), a.rank()));
    slices[axis].emplace(node, a.dims[axis], (*starts)[k], (*ends)[k], (*steps)[k]);
    dims[axis] = slices[axis]->count;
    if (dims[axis] < least_size(a))
      fail(describe(node), ": along axis ", axis, ": expected at least 1 of ", a.dims[axis],
           " values, found none between ", (*starts)[k], " and ", (*ends)[k]);
  }
  importer.define(node.outputs[0],
                  importer.select(node, "", a, dims, a.order, [&](std::size_t axis, Index i) {
                    return slices[axis] ? slices[axis]->begin + i * slices[axis]->step : i;
                  }));
}

/// Place i of an axis of so many values that is continued to both sides; −1: a gap.
inline Index continued(const std::string& mode, Index i, Index size) {
  if (i >= 0 && i < size) return i;
  if (mode == "constant") return -1;
  if (mode == "edge") return i < 0 ? 0 : size - 1;
  if (mode == "wrap") return (i % size + size) % size;
  if (size == 1) return 0;
  const Index period = 2 * (size - 1), at = (i % period + period) % period;  // reflect
  return at < size ? at : period - at;
}

/// What a Pad puts into its gaps: a number, of a constant's own type where one is padded.
inline Tensor pad_value(const Importer& importer, const Node& node, const Activation& a,
                        Attributes& attributes) {
  if (importer.opset() < 11) {
    const float value = attributes.real("value", 0);
    return a.constant ? fold::narrow("value", a.constant->type(), {}, std::vector<float>{value})
                      : Tensor::of("value", {}, std::vector<float>{value});
  }
  if (!importer.has_input(node, 2) || importer.constant(node, 2).size() == 0) return {};
  const Tensor& value = importer.constant(node, 2);
  if (value.size() != 1 || (a.constant && value.type() != a.constant->type()))
    fail(describe(node), ": expected one ", a.constant ? name(a.constant->type()) : "number",
         " to pad with, found ", name(value.type()), " ", shown(value.dims()));
  return value;
}

inline void import_pad(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  if (a.constant) a.constant->bytes();  // whose type says what fills gaps
  Attributes attributes(node);
  const std::string mode = attributes.text("mode", "constant");
  const auto pads = list_of(importer, node, attributes, "pads", 1, 11);
  const Tensor fill = pad_value(importer, node, a, attributes);
  std::optional<std::vector<std::int64_t>> axes;
  if (importer.has_input(node, 3)) {
    if (importer.opset() < 18) fail(describe(node), ": expected axes from operator set 18 on, found input 3");
    axes = integers_of(node, importer.constant(node, 3));
  }
  attributes.finish();
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap")
    fail(describe(node), ": attribute 'mode': expected constant, reflect, edge or wrap, found ", shown(mode));
  if (!pads) fail(describe(node), ": expected pads, found none");
  if (!axes) {
    axes.emplace();
    for (Index k = 0; k < a.rank(); ++k) axes->push_back(k);
  }
  named_axes(node, *axes, a.rank());
  if (pads->size() != 2 * axes->size())
    fail(describe(node), ": expected ", 2 * axes->size(), " pads, found ", pads->size());
  // Below 0, they crop; what is left is what a mode continues.
  struct Side {
    Index cropped = 0, added = 0;
    explicit Side(Index pad) : cropped(std::max<Index>(0, -pad)), added(std::max<Index>(0, pad)) {}
  };
  std::vector<Side> before(a.dims.size(), Side(0)), after = before;
  Dims dims = a.dims, left = a.dims;
  for (std::size_t k = 0; k < axes->size(); ++k) {
    constexpr Index most = std::numeric_limits<Index>::max() / 4;
    const std::size_t axis = std::size_t(axis_of(node, Index((*axes)[k]), a.rank()));
    const Index front = (*pads)[k], back = (*pads)[k + axes->size()];
    if (std::min(front, back) < -most || std::max(front, back) > most || dims[axis] > most)
      fail(describe(node), ": expected pads within 2^61, found ", front, " and ", back, " for size ",
           dims[axis]);
    before[axis] = Side(front);
    after[axis] = Side(back);
    left[axis] -= before[axis].cropped + after[axis].cropped;
    dims[axis] += front + back;
    if (left[axis] < least_size(a) || (!a.constant && dims[axis] > Index(1) << 31))
      fail(describe(node), ": axis ", axis, ": expected pads that leave ",
           a.constant ? "0 or more" : "1 to 2^31", " values, found ", front, " and ", back, " for size ",
           a.dims[axis]);
    if (mode != "constant" && left[axis] == 0 && dims[axis] > 0)
      fail(describe(node), ": axis ", axis, ": expected something to repeat in mode ", mode,
           ", found size 0");
  }
  const auto place = [&](std::size_t axis, Index i) {
    const Index from = continued(mode, i - before[axis].added, left[axis]);
    return from < 0 ? -1 : from + before[axis].cropped;
  };
  const bool infinite =
      !a.constant && fill.has_values() && fill.value<double>() == -std::numeric_limits<double>::infinity();
  if (!infinite || dims == a.dims)
    return importer.define(node.outputs[0], importer.select(node, "", a, dims, a.order, place, fill));
  // What is left of the value, and how far −∞ reaches on either side of it.
  Padded padded;
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    const bool gaps = mode == "constant";
    padded.before.push_back(gaps ? before[axis].added : 0);
    padded.after.push_back(gaps ? after[axis].added : 0);
  }
  padded.inside =
      importer.select(node, "", a, mode == "constant" ? left : dims, a.order,
                      [&](std::size_t axis, Index i) { return place(axis, i + padded.before[axis]); });
  importer.define(node.outputs[0], std::move(padded));
}

/// Gather with constant indices, which may have any shape.
inline void import_gather(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  const Tensor& tensor = importer.constant(node, 1);
  Attributes attributes(node);
  const std::size_t axis = std::size_t(axis_of(node, Index(attributes.integer("axis", 0)), a.rank()));
  attributes.finish();
  check_not_batch(node, a, Index(axis));
  const std::vector<Index> places = indices_of(node, tensor, a.dims[axis]);
  Dims flat = a.dims;
  flat[axis] = tensor.size();
  Activation result = importer.select(node, "", a, flat, a.order, [&](std::size_t along, Index i) {
    return along == axis ? places[std::size_t(i)] : i;
  });
  // The axis gives way to as many as the indices have, at its place in memory too.
  const Index more = tensor.rank() - 1;
  const auto renumbered = [&](Index other) { return other > Index(axis) ? other + more : other; };
  result.dims.erase(result.dims.begin() + Index(axis));
  result.dims.insert(result.dims.begin() + Index(axis), tensor.dims().begin(), tensor.dims().end());
  result.order.clear();
  for (const Index other : a.order) {
    if (other != Index(axis)) result.order.push_back(renumbered(other));
    if (other == Index(axis))
      for (Index k = 0; k < tensor.rank(); ++k) result.order.push_back(other + k);
  }
  if (result.batch_axis >= 0) result.batch_axis = renumbered(result.batch_axis);
  importer.define(node.outputs[0], std::move(result));
}

inline void import_tile(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  Attributes(node).finish();
  const auto repeats = integers_of(node, importer.constant(node, 1));
  if (Index(repeats.size()) != a.rank())
    fail(describe(node), ": expected a number of repeats for each of ", a.rank(), " axes, found ",
         repeats.size());
  Dims dims = a.dims;
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    if (repeats[axis] < least_size(a) || (!a.constant && repeats[axis] > (Index(1) << 31) / dims[axis]))
      fail(describe(node), ": expected repeats that leave ", a.constant ? "0 or more" : "1 to 2^31",
           " values, found ", repeats[axis]);
    dims[axis] = fold::product(dims[axis], repeats[axis]);
  }
  importer.define(node.outputs[0],
                  importer.select(node, "", a, dims, a.order,
                                  [&](std::size_t axis, Index i) { return i % a.dims[axis]; }));
}

/// Broadcasting to a shape of constants; where that has the file's batch size on the batch's axis, the batch
/// stays.
inline void import_expand(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  Attributes(node).finish();
  const auto sizes = integers_of(node, importer.constant(node, 1));
  Dims wanted(sizes.begin(), sizes.end());
  const Index missing = Index(wanted.size()) - a.rank();
  if (a.batch_axis >= 0 && a.batch_axis + missing >= 0) {
    Index& batch = wanted[std::size_t(a.batch_axis + missing)];
    if (importer.file_batch() == batch) batch = 1;
  }
  const Dims dims = broadcast_dims(node, a.dims, wanted);
  importer.define(node.outputs[0], expand(importer, node, a, dims));
}

/// CenterCropPad: as much of an axis on both sides, the odd one behind, is left out or becomes 0.
inline void import_center_crop_pad(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  Attributes attributes(node);
  const auto given = attributes.integers("axes");
  attributes.finish();
  const auto sizes = integers_of(node, importer.constant(node, 1));
  const AxisOrder all = c_order(a.rank());
  const std::vector<std::int64_t> axes = given ? *given : std::vector<std::int64_t>(all.begin(), all.end());
  named_axes(node, axes, a.rank());
  if (sizes.size() != axes.size())
    fail(describe(node), ": expected sizes for ", axes.size(), " axes, found ", sizes.size());
  Dims dims = a.dims;
  std::vector<Index> begins(dims.size(), 0);  // in a
  for (std::size_t k = 0; k < axes.size(); ++k) {
    const std::size_t axis = std::size_t(axis_of(node, Index(axes[k]), a.rank()));
    dims[axis] = Index(sizes[k]);
    if (dims[axis] < least_size(a))
      fail(describe(node), ": expected sizes from ", least_size(a), " on, found ", sizes[k]);
    begins[axis] = (a.dims[axis] - dims[axis]) / 2;
  }
  importer.define(node.outputs[0],
                  importer.select(node, "", a, dims, a.order, [&](std::size_t axis, Index i) {
                    const Index from = i + begins[axis];
                    return from < a.dims[axis] ? from : -1;
                  }));
}

/// Trilu: of matrices, the last two axes, what is above or below a diagonal; the rest becomes 0.
inline void import_trilu(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  Attributes attributes(node);
  const bool upper = attributes.flag("upper", true);
  attributes.finish();
  const std::int64_t diagonal =
      importer.has_input(node, 1) ? importer.constant(node, 1).value<std::int64_t>() : 0;
  if (a.rank() < 2) fail(describe(node), ": expected matrices, found shape ", shown(a.dims));
  const std::size_t row = a.dims.size() - 2, column = row + 1;
  check_not_batch(node, a, Index(row));
  check_not_batch(node, a, Index(column));
  const std::vector<Index> strides = a.strides();
  importer.define(node.outputs[0],
                  importer.gather(node, "", a, a.dims, a.order, [&](const std::vector<Index>& at) {
                    const Index right = at[column] - at[row];
                    if (upper ? right < diagonal : right > diagonal) return Index(-1);
                    Index source = 0;
                    for (std::size_t d = 0; d < at.size(); ++d) source += at[d] * strides[d];
                    return source;
                  }));
}

inline constexpr std::array<Operator, 7> slice_operators{{
    {"Slice", import_slice, true},
    {"Pad", import_pad, true},
    {"Gather", import_gather, true},
    {"Tile", import_tile, true},
    {"Expand", import_expand, true},
    {"CenterCropPad", import_center_crop_pad, true},
    {"Trilu", import_trilu, true},
}};

}  // namespace ascribe::onnx
