/// What moves values and computes nothing, or next to nothing: Concat, Split, Slice, Pad, Gather, Tile,
/// Expand, Transpose, Flatten, Reshape, Squeeze, Unsqueeze, DepthToSpace, SpaceToDepth, CenterCropPad, Trilu,
/// Resize, Upsample, Identity, Dropout, Cast. Constants are moved as activations are.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/arithmetic.hpp>
#include <ascribe/io/onnx/operators/axes.hpp>

namespace ascribe::onnx {

/// The least size that an axis may have: constants may be empty.
inline Index least_size(const Activation& a) { return a.constant ? 0 : 1; }

// --- Several values into one, and one into several ------------------------------------------------

/// Constants alone, in C order: all that lies behind the axis is one block of each, and what lies before it
/// counts the blocks.
inline Activation concatenated(const Importer& importer, const Node& node,
                               const std::vector<Activation>& constants, const Dims& dims, std::size_t axis) {
  const ElementType type = Gathering(constants).constant_type(node);
  importer.payer(describe(node))(dims, item_size(type));
  Activation result{-1, dims, c_order(Index(dims.size()))};
  std::vector<std::byte> bytes;
  bytes.reserve(std::size_t(result.size()) * item_size(type));
  Index blocks = result.size() == 0 ? 0 : 1;
  for (std::size_t d = 0; d < axis && blocks > 0; ++d) blocks *= dims[d];
  for (Index b = 0; b < blocks; ++b)
    for (const Activation& a : constants) {
      const std::span<const std::byte> from = a.constant->bytes();
      const std::size_t length = from.size() / std::size_t(blocks);
      const auto block = from.subspan(std::size_t(b) * length, length);
      bytes.insert(bytes.end(), block.begin(), block.end());
    }
  result.constant = Tensor::of_bytes("", type, dims, std::move(bytes));
  return result;
}

/// A Concat is one Selection over its inputs, one behind the other. Constants among them are the bias of
/// outputs without a source.
inline void import_concat(Importer& importer, const Node& node) {
  Attributes attributes(node);
  const std::int64_t along = attributes.required<std::int64_t>("axis");
  attributes.finish();
  std::vector<Activation> values{importer.value(node, 0)};
  for (std::size_t k = 1; k < node.inputs.size(); ++k) values.push_back(importer.value(node, k));
  const auto active =
      std::find_if(values.begin(), values.end(), [](const Activation& a) { return !a.constant; });
  const bool constant = active == values.end();
  const Activation first = constant ? values.front() : *active;
  const std::size_t axis = std::size_t(axis_of(node, Index(along), first.rank()));
  check_not_batch(node, first, Index(axis));
  for (const Activation& a : values)
    if (a.constant) a.constant->bytes();  // the shape alone does not do
  if (values.size() == 1) return importer.define(node.outputs[0], first);

  std::vector<std::vector<Index>> strides;
  std::vector<Index> begins, bases;  // along the axis, and among all values
  Dims dims = first.dims;
  dims[axis] = 0;
  Index base = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const Activation& a = values[k];
    Dims expected = first.dims;
    if (a.rank() == first.rank()) expected[axis] = a.dims[axis];
    if (a.dims != expected)
      fail(describe(node), ": input ", k, ": expected a shape that fits ", shown(first.dims),
           " but for axis ", axis, ", found ", shown(a.dims));
    if (!a.constant && a.batch_axis != first.batch_axis)
      throw BatchError(node, "expected the batch's axis at the same place of all inputs, found ",
                       first.batch_axis, " and ", a.batch_axis);
    // An empty constant, as exporters leave it, adds nothing: the next begins where it does.
    begins.push_back(dims[axis]);
    bases.push_back(base);
    strides.push_back(a.strides());
    dims[axis] = fold::sum(dims[axis], a.dims[axis]);
    base += a.size();
  }
  if (constant) return importer.define(node.outputs[0], concatenated(importer, node, values, dims, axis));
  const Activation shape{-1, dims, first.order, first.batch_axis};
  importer.define(
      node.outputs[0], importer.gather(node, "", values, shape, [&](const std::vector<Index>& at) {
        const std::size_t k =
            std::size_t(std::upper_bound(begins.begin(), begins.end(), at[axis]) - begins.begin()) - 1;
        Index source = bases[k] - begins[k] * strides[k][axis];
        for (std::size_t d = 0; d < at.size(); ++d) source += at[d] * strides[k][d];
        return source;
      }));
}

inline void import_split(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  Attributes attributes(node);
  const std::size_t axis = std::size_t(axis_of(node, Index(attributes.integer("axis", 0)), a.rank()));
  auto sizes = list_of(importer, node, attributes, "split", 1, 13);
  const bool counted = importer.opset() >= 18 && attributes.has("num_outputs");
  const std::int64_t outputs = std::int64_t(node.outputs.size());
  if (counted) {
    if (const std::int64_t said = attributes.integer("num_outputs", 0); said != outputs)
      fail(describe(node), ": attribute 'num_outputs': expected the ", outputs, " outputs, found ", said);
    if (sizes)
      fail(describe(node), ": expected either an input 1 or the attribute 'num_outputs', found both");
  }
  attributes.finish();
  check_not_batch(node, a, Index(axis));
  const Index size = a.dims[axis];
  if (!sizes) {
    const Index each = size / outputs + (counted && size % outputs != 0 ? 1 : 0);
    sizes.emplace(std::size_t(outputs), each);
    sizes->back() = size - each * (outputs - 1);  // num_outputs: the last may be smaller
    if (!counted && sizes->back() != each)
      fail(describe(node), ": expected ", outputs, " equal parts of axis ", axis, ", found size ", size);
  }
  if (std::int64_t(sizes->size()) != outputs)
    fail(describe(node), ": expected sizes for ", outputs, " outputs, found ", sizes->size());
  Index begin = 0;
  for (std::size_t k = 0; k < sizes->size(); ++k) {
    const std::int64_t count = (*sizes)[k];
    const Index least = least_size(a);
    if (count < least || count > size - begin)
      fail(describe(node), ": the size of output ", k, ": expected ", least, " to ", size - begin, ", found ",
           count);
    if (importer.has_output(node, k)) {
      Dims dims = a.dims;
      dims[axis] = Index(count);
      importer.define(node.outputs[k], importer.select(node, std::to_string(k), a, dims, a.order,
                                                       [&](std::size_t along, Index i) {
                                                         return along == axis ? begin + i : i;
                                                       }));
    }
    begin += Index(count);
  }
  if (begin != size)
    fail(describe(node), ": expected parts of ", size, " along axis ", axis, ", found ", begin);
}

// --- Parts of a value, and more than it -------------------------------------------------------------

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

// --- The same values in another shape ---------------------------------------------------------------

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

// --- Resizing ---------------------------------------------------------------------------------------

/// How one axis is resized: output place x stands for place x·step of the input, before the mode's shifts.
struct ResizedAxis {
  Index from = 1, to = 1;
  double scale = 1;  ///< to/from where sizes were given
  bool by_size = false;

  bool stays() const { return from == to && (by_size || scale == 1); }
  /// x / scale; exact where it is whole.
  double divided(double x) const { return by_size ? x * double(from) / double(to) : x / scale; }
  /// The output's size before it is rounded down: ONNX's own tests align corners by it.
  double length() const { return by_size ? double(to) : scale * double(from); }
};

/// Where output place x lies in the input (ONNX's coordinate_transformation_mode).
inline double resized_place(const std::string& mode, const ResizedAxis& axis, Index at) {
  const double x = double(at);
  if (mode == "asymmetric") return axis.divided(x);
  if (mode == "tf_half_pixel_for_nn") return axis.divided(x + 0.5);
  if (mode == "align_corners")
    return axis.length() == 1 ? 0 : x * double(axis.from - 1) / (axis.length() - 1);
  if (mode == "pytorch_half_pixel" && axis.to == 1) return 0;
  const double shift =
      mode == "half_pixel_symmetric" ? double(axis.from) / 2 * (1 - double(axis.to) / axis.length()) : 0;
  return shift + axis.divided(x + 0.5) - 0.5;
}

/// The nearest whole place (ONNX's nearest_mode).
inline double nearest_place(const std::string& mode, double x) {
  if (mode == "floor") return std::floor(x);
  if (mode == "ceil") return std::ceil(x);
  return mode == "round_prefer_ceil" ? std::floor(x + 0.5) : std::ceil(x - 0.5);
}

/// What a Resize or an Upsample does, once read.
struct Resizing {
  std::vector<ResizedAxis> axes;
  std::string mode, coordinates, rounding;
  double cubic = -0.75;          ///< ONNX's cubic_coeff_a
  bool exclude_outside = false;  ///< places beyond the ends have no weight; else they have the ends' values
  bool antialias = false;        ///< filters are as wide as the output's places where those are wider

  /// How many places away a value still counts.
  double reach() const { return mode == "cubic" ? 2 : 1; }
  /// The weight of a value at that distance: a triangle, or Keys' cubic (IEEE ASSP 29.6, 1981, eq. 9).
  double weight(double distance) const {
    const double x = std::abs(distance);
    if (mode != "cubic") return std::max(0.0, 1 - x);
    if (x <= 1) return ((cubic + 2) * x - (cubic + 3)) * x * x + 1;
    return x < 2 ? ((cubic * x - 5 * cubic) * x + 8 * cubic) * x - 4 * cubic : 0;
  }
};

/// For each place of a resized axis, the input's places that it is a sum of, and their weights.
using Taps = std::vector<std::vector<std::pair<Index, double>>>;

inline Taps taps_of(const Importer& importer, const Node& node, const Resizing& how,
                    const ResizedAxis& axis) {
  Taps taps;
  if (axis.stays()) {
    for (Index i = 0; i < axis.to; ++i) taps.push_back({{i, 1.0}});
    return taps;
  }
  const double scale = axis.by_size ? double(axis.to) / double(axis.from) : axis.scale;
  const double narrowing = how.antialias ? std::min(scale, 1.0) : 1;
  const Index first = Index(std::floor(-how.reach() / narrowing)) + 1, end = 2 - first;
  importer.charge(node, {axis.to, end - first}, sizeof(taps[0][0]));
  for (Index i = 0; i < axis.to; ++i) {
    const double x = resized_place(how.coordinates, axis, i), before = std::floor(x);
    auto& of_place = taps.emplace_back();
    double sum = 0;
    for (Index k = first; k < end; ++k) {
      const double weight = how.weight(narrowing * (double(k) - (x - before)));
      const double place = before + double(k);
      const double within = std::clamp(place, 0.0, double(axis.from - 1));
      if (weight == 0 || (how.exclude_outside && within != place)) continue;
      sum += weight;
      if (of_place.empty() || of_place.back().first != Index(within))
        of_place.emplace_back(Index(within), weight);
      else
        of_place.back().second += weight;
    }
    if (!how.antialias && !how.exclude_outside) continue;
    if (sum == 0)
      fail(describe(node), ": expected weights whose sum is not 0, found 0 for place ", i, " of ", axis.to);
    for (auto& [place, weight] : of_place) weight /= sum;
  }
  return taps;
}

/// Nearest is a Selection; linear and cubic are sums of a few places along each axis.
inline void add_resize(Importer& importer, const Node& node, const Activation& a, const Resizing& how) {
  const bool nearest = how.mode == "nearest";
  if (a.size() == 0) fail(describe(node), ": expected values to resize, found shape ", shown(a.dims));
  if (a.constant && !nearest) {  // no movement
    if (importer.evaluate_by_layers(node)) return;
    fail(describe(node), ": expected a constant of float or double, found ", name(a.constant->type()));
  }
  Dims dims;
  for (std::size_t axis = 0; axis < how.axes.size(); ++axis) {
    if (!how.axes[axis].stays()) check_not_batch(node, a, Index(axis));
    dims.push_back(how.axes[axis].to);
  }
  importer.charge(node, dims, sizeof(Index));
  if (nearest) {
    std::vector<std::vector<Index>> maps;
    for (const ResizedAxis& axis : how.axes) {
      maps.emplace_back();
      for (Index i = 0; i < axis.to; ++i) {
        const double place =
            axis.stays() ? double(i) : nearest_place(how.rounding, resized_place(how.coordinates, axis, i));
        maps.back().push_back(Index(std::clamp(place, 0.0, double(axis.from - 1))));
      }
    }
    return importer.define(node.outputs[0], importer.select(node, "", a, maps, a.order));
  }
  std::vector<Taps> taps;
  // Each entry twice, for the matrix that is made of them.
  std::size_t entry_bytes = 2 * sizeof(layer::Sparse::Entry);
  for (const ResizedAxis& axis : how.axes) {
    taps.push_back(taps_of(importer, node, how, axis));
    std::size_t most = 1;
    for (const auto& of_place : taps.back()) most = std::max(most, of_place.size());
    entry_bytes = most < (std::size_t(1) << 40) / entry_bytes ? entry_bytes * most : std::size_t(1) << 40;
  }
  importer.charge(node, dims, entry_bytes);
  const std::vector<Index> strides = a.strides();
  const Activation shape{a.node, dims, a.order, a.batch_axis};
  layer::Sparse resize{.outputs = 0, .inputs = a.size(), .entries = {}, .aggregation = "Resize"};
  std::vector<std::pair<Index, double>> sources, next;
  each_index(shape, [&](const std::vector<Index>& at) {
    sources.assign(1, {0, 1.0});
    for (std::size_t axis = 0; axis < at.size(); ++axis) {
      next.clear();
      for (const auto& [source, weight] : sources)
        for (const auto& [place, share] : taps[axis][std::size_t(at[axis])])
          next.emplace_back(source + place * strides[axis], weight * share);
      sources.swap(next);
    }
    for (const auto& [source, weight] : sources) resize.entries.push_back({resize.outputs, source, weight});
    ++resize.outputs;
  });
  importer.define(node.outputs[0],
                  importer.add(node, "", layer::MatMul{std::move(resize)}, {a}, dims, a.order));
}

/// Throws Error unless the mode is one of those.
inline void check_mode(const Node& node, const std::string& mode, bool cubic) {
  if (mode != "nearest" && mode != "linear" && !(cubic && mode == "cubic"))
    fail(describe(node), ": attribute 'mode': expected ",
         cubic ? "nearest, linear or cubic" : "nearest or linear", ", found ", shown(mode));
}

/// Every axis by its scale, the output's size being rounded down.
inline void resize_by_scales(const Node& node, std::vector<ResizedAxis>& axes,
                             const std::vector<std::int64_t>& which, const std::vector<double>& scales) {
  if (scales.size() != which.size())
    fail(describe(node), ": expected scales for ", which.size(), " axes, found ", scales.size());
  for (std::size_t k = 0; k < which.size(); ++k) {
    ResizedAxis& axis = axes[std::size_t(axis_of(node, Index(which[k]), Index(axes.size())))];
    const double size = std::floor(scales[k] * double(axis.from));
    if (!(size >= 1 && size <= double(Index(1) << 31)))
      fail(describe(node), ": expected scales that leave 1 to 2^31 values, found ", scales[k], " for ",
           axis.from);
    axis.scale = scales[k];
    axis.to = Index(size);
  }
}

/// Every axis to its size, or, where the aspect ratio is kept, by the smallest or largest of the scales.
inline void resize_to_sizes(const Importer& importer, const Node& node, const Activation& a,
                            std::vector<ResizedAxis>& axes, const std::vector<std::int64_t>& which,
                            const std::vector<std::int64_t>& sizes, const std::string& policy) {
  if (sizes.size() != which.size())
    fail(describe(node), ": expected sizes for ", which.size(), " axes, found ", sizes.size());
  std::vector<double> scales;
  for (std::size_t k = 0; k < which.size(); ++k) {
    const Index at = axis_of(node, Index(which[k]), Index(axes.size()));
    ResizedAxis& axis = axes[std::size_t(at)];
    const bool batch = at == a.batch_axis && sizes[k] == importer.file_batch();
    if (sizes[k] < 1 || sizes[k] > (std::int64_t(1) << 31))
      fail(describe(node), ": expected sizes from 1 to 2^31, found ", sizes[k]);
    axis.to = batch ? 1 : Index(sizes[k]);
    axis.by_size = true;
    scales.push_back(double(axis.to) / double(axis.from));
  }
  if (policy == "stretch") return;
  if (policy != "not_larger" && policy != "not_smaller")
    fail(describe(node),
         ": attribute 'keep_aspect_ratio_policy': expected stretch, not_larger or not_smaller, ", "found ",
         shown(policy));
  if (scales.empty()) return;
  const double scale = policy == "not_larger" ? *std::min_element(scales.begin(), scales.end())
                                              : *std::max_element(scales.begin(), scales.end());
  for (const std::int64_t one : which) {
    ResizedAxis& axis = axes[std::size_t(axis_of(node, Index(one), Index(axes.size())))];
    axis.by_size = false;
    axis.scale = scale;
    const double size = std::floor(scale * double(axis.from) + 0.5);
    if (!(size >= 1 && size <= double(Index(1) << 31)))
      fail(describe(node), ": expected sizes that leave 1 to 2^31 values, found a scale of ", scale, " for ",
           axis.from);
    axis.to = Index(size);
  }
}

inline std::vector<ResizedAxis> unchanged_axes(const Activation& a) {
  std::vector<ResizedAxis> axes;
  for (const Index d : a.dims) axes.push_back({.from = d, .to = d});
  return axes;
}

/// Resize. Before operator set 11 it was what Upsample is.
inline void import_resize(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  Attributes attributes(node);
  Resizing how{unchanged_axes(a), attributes.text("mode", "nearest"), "asymmetric", "floor"};
  std::vector<std::int64_t> which = c_order(a.rank());
  std::string policy = "stretch";
  const bool early = importer.opset() < 11;
  check_mode(node, how.mode, !early);
  if (!early) {
    how.coordinates = attributes.text("coordinate_transformation_mode", "half_pixel");
    how.rounding = attributes.text("nearest_mode", "round_prefer_floor");
    how.cubic = attributes.real("cubic_coeff_a", -0.75F);
    how.exclude_outside = attributes.flag("exclude_outside", false);
    attributes.ignore("extrapolation_value");  // for tf_crop_and_resize alone
    if (importer.opset() >= 18) {
      how.antialias = attributes.flag("antialias", false);
      policy = attributes.text("keep_aspect_ratio_policy", policy);
      if (const auto axes = attributes.integers("axes")) which = *axes;
    }
    constexpr std::array<std::string_view, 6> offered{"half_pixel",    "half_pixel_symmetric",
                                                      "asymmetric",    "pytorch_half_pixel",
                                                      "align_corners", "tf_half_pixel_for_nn"};
    if (std::find(offered.begin(), offered.end(), how.coordinates) == offered.end())
      fail(describe(node), ": attribute 'coordinate_transformation_mode': expected half_pixel, ",
           "half_pixel_symmetric, pytorch_half_pixel, align_corners, asymmetric or tf_half_pixel_for_nn, "
           "found ",
           shown(how.coordinates));
    constexpr std::array<std::string_view, 4> roundings{"floor", "ceil", "round_prefer_floor",
                                                        "round_prefer_ceil"};
    if (std::find(roundings.begin(), roundings.end(), how.rounding) == roundings.end())
      fail(describe(node), ": attribute 'nearest_mode': expected floor, ceil, round_prefer_floor or ",
           "round_prefer_ceil, found ", shown(how.rounding));
  }
  attributes.finish();
  named_axes(node, which, a.rank());
  // An empty tensor stands for an input that is left out.
  const std::size_t scales = early ? 1 : 2;
  const bool by_scales = importer.has_input(node, scales) && importer.constant(node, scales).size() > 0;
  const bool by_sizes = !early && importer.has_input(node, 3) && importer.constant(node, 3).size() > 0;
  if (by_scales == by_sizes)
    fail(describe(node), ": expected either scales or sizes, found ", by_scales ? "both" : "neither");
  if (by_scales)
    resize_by_scales(node, how.axes, which, importer.constant(node, scales).values<double>());
  else
    resize_to_sizes(importer, node, a, how.axes, which, integers_of(node, importer.constant(node, 3)),
                    policy);
  add_resize(importer, node, a, how);
}

/// Upsample, whose scales were an attribute before operator set 9.
inline void import_upsample(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  Attributes attributes(node);
  Resizing how{unchanged_axes(a), attributes.text("mode", "nearest"), "asymmetric", "floor"};
  check_mode(node, how.mode, false);
  std::vector<double> scales;
  if (importer.opset() < 9) {
    const auto& given = attributes.required<std::vector<float>>("scales");
    scales.assign(given.begin(), given.end());
  }
  attributes.finish();
  if (importer.opset() >= 9) scales = importer.constant(node, 1).values<double>();
  const AxisOrder which = c_order(a.rank());
  resize_by_scales(node, how.axes, {which.begin(), which.end()}, scales);
  add_resize(importer, node, a, how);
}

// --- Nothing at all -----------------------------------------------------------------------------------

inline void import_identity(Importer& importer, const Node& node) {
  Attributes(node).finish();
  importer.define(node.outputs[0], importer.value(node, 0));
}

/// Dropout in inference.
inline void import_dropout(Importer& importer, const Node& node) {
  Attributes attributes(node);
  attributes.ignore("ratio");
  attributes.ignore("seed");
  attributes.finish();
  if (importer.has_input(node, 2) && importer.constant(node, 2).value<std::int64_t>() != 0)
    fail(describe(node), ": input 2 (training_mode): expected false, found true");
  if (importer.has_output(node, 1))
    fail(describe(node), ": expected output 1 (mask) to be unused, found that it is used");
  importer.define(node.outputs[0], importer.value(node, 0));
}

/// From one floating-point type to another: everything is computed in the network's own.
inline void import_cast(Importer& importer, const Node& node) {
  Attributes attributes(node);
  const std::int64_t to = attributes.required<std::int64_t>("to");
  attributes.ignore("saturate");  // for 8-bit numbers alone, as is the next
  attributes.ignore("round_mode");
  attributes.finish();
  const ElementType type = to > 0 && to < 64 ? ElementType(std::int32_t(to)) : ElementType::undefined;
  if (!is_floating(type))
    fail(describe(node), ": attribute 'to': expected float, double, float16 or bfloat16, found ", name(type));
  if (type == ElementType::float16 || type == ElementType::bfloat16)
    importer.note(describe(node) + ": values are not rounded to " + std::string(name(type)));
  importer.define(node.outputs[0], importer.activation(node, 0));
}

inline constexpr std::array<Operator, 21> shape_operators{{
    {"Concat", import_concat, true},
    {"Split", import_split, true},
    {"Slice", import_slice, true},
    {"Pad", import_pad, true},
    {"Gather", import_gather, true},
    {"Tile", import_tile, true},
    {"Expand", import_expand, true},
    {"Reshape", import_reshape, true},
    {"Flatten", import_flatten, true},
    {"Squeeze", import_squeeze, true},
    {"Unsqueeze", import_unsqueeze, true},
    {"Transpose", import_transpose, true},
    {"DepthToSpace", import_blocks<true>, true},
    {"SpaceToDepth", import_blocks<false>, true},
    {"CenterCropPad", import_center_crop_pad, true},
    {"Trilu", import_trilu, true},
    {"Resize", import_resize, true},
    {"Upsample", import_upsample, true},
    {"Identity", import_identity, true},
    {"Dropout", import_dropout, true},
    {"Cast", import_cast},
}};

}  // namespace ascribe::onnx
