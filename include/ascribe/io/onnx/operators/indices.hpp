/// What moves single elements by constant indices: GatherElements, GatherND, ScatterElements, ScatterND,
/// OneHot.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/axes.hpp>

namespace ascribe::onnx {

/// Along one axis every element of the result has an index of its own; the others are cut to the indices'.
inline void import_gather_elements(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  const Tensor& tensor = importer.constant(node, 1);
  Attributes attributes(node);
  const std::size_t axis = std::size_t(axis_of(node, Index(attributes.integer("axis", 0)), a.rank()));
  attributes.finish();
  check_not_batch(node, a, Index(axis));
  check_indices_fit(node, a, tensor, axis);
  const std::vector<Index> places = indices_of(node, tensor, a.dims[axis]);
  const std::vector<Index> strides = a.strides(), of_index = as_activation(tensor).strides();
  importer.define(node.outputs[0],
                  importer.gather(node, "", a, tensor.dims(), a.order, [&](const std::vector<Index>& at) {
                    Index index = 0, source = 0;
                    for (std::size_t d = 0; d < at.size(); ++d) {
                      index += at[d] * of_index[d];
                      if (d != axis) source += at[d] * strides[d];
                    }
                    return source + places[std::size_t(index)] * strides[axis];
                  }));
}

/// The last axis of indices, each of whose rows names a place along several axes of `a` from `first` on:
/// where in memory those are. Throws Error where the indices have no such axis.
struct IndexRows {
  std::size_t axes;           ///< of the indices, without the last
  std::size_t depth;          ///< of the rows
  std::vector<Index> places;  ///< of each row, in C order

  IndexRows(const Node& node, const Tensor& indices, const Activation& a, std::size_t first) {
    if (indices.rank() < 1 || indices.dims().back() < 1 || indices.dims().back() > a.rank() - Index(first))
      fail(describe(node), ": expected indices whose last axis names 1 to ", a.rank() - Index(first),
           " axes of shape ", shown(a.dims), ", found shape ", shown(indices.dims()));
    axes = indices.dims().size() - 1;
    depth = std::size_t(indices.dims().back());
    const std::vector<Index> strides = a.strides();
    const std::vector<std::int64_t> list = integers_of(node, indices);
    places.assign(list.size() / depth, 0);
    for (std::size_t d = 0; d < depth; ++d) check_not_batch(node, a, Index(first + d));
    for (std::size_t i = 0; i < list.size(); ++i) {
      const Index size = a.dims[first + i % depth];
      places[i / depth] += place_of(node, list[i], size) * strides[first + i % depth];
    }
  }
};

/// GatherND: behind the axes that both have, `batch_dims`, rows of indices name the places.
inline void import_gather_nd(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  const Tensor& tensor = importer.constant(node, 1);
  Attributes attributes(node);
  const std::int64_t shared = attributes.integer("batch_dims", 0);
  attributes.finish();
  if (shared < 0 || shared >= tensor.rank() || shared >= a.rank() ||
      !std::equal(a.dims.begin(), a.dims.begin() + shared, tensor.dims().begin()))
    fail(describe(node), ": attribute 'batch_dims': expected as many axes of one size, found ", shared,
         " for shapes ", shown(a.dims), " and ", shown(tensor.dims()));
  const IndexRows rows(node, tensor, a, std::size_t(shared));
  const std::size_t behind = std::size_t(shared) + rows.depth;  // the axes that stay whole
  Activation shape{-1, {tensor.dims().begin(), tensor.dims().end() - 1}, {}, a.batch_axis};
  shape.dims.insert(shape.dims.end(), a.dims.begin() + Index(behind), a.dims.end());
  shape.order = c_order(shape.rank());
  if (a.batch_axis >= shared) shape.batch_axis += Index(rows.axes) - Index(behind);
  const std::vector<Index> strides = a.strides();
  importer.define(node.outputs[0],
                  importer.gather(node, "", std::vector{a}, shape, [&](const std::vector<Index>& at) {
                    Index row = 0, source = 0;
                    for (std::size_t d = 0; d < at.size(); ++d) {
                      if (d < rows.axes) row = row * shape.dims[d] + at[d];
                      if (Index(d) < shared) source += at[d] * strides[d];
                      if (d >= rows.axes) source += at[d] * strides[d - rows.axes + behind];
                    }
                    return source + rows.places[std::size_t(row)];
                  }));
}

/// Data some of whose elements are replaced by updates; either may be a constant.
struct Scatter {
  Activation data, updates;
  std::vector<Index> taken;  ///< for each element in memory, which of the updates replaces it; −1: none

  Scatter(const Importer& importer, const Node& node, Attributes& attributes)
      : data(importer.value(node, 0)), updates(importer.value(node, 2)) {
    if (const std::string how = attributes.text("reduction", "none"); how != "none")
      fail(describe(node), ": attribute 'reduction': expected none, found ", shown(how));
    if (data.constant) data.constant->bytes();
    importer.payer(describe(node))(data.dims, sizeof(Index));
    taken.assign(std::size_t(data.size()), -1);
  }

  /// Each update, in C order, which decides where two replace one element, goes to target(its multi-index).
  template <class Target>
  void take(Target target) {
    const std::vector<Index> strides = updates.strides();
    each_index(Activation{-1, updates.dims, c_order(updates.rank())}, [&](const std::vector<Index>& at) {
      Index from = 0;
      for (std::size_t d = 0; d < at.size(); ++d) from += at[d] * strides[d];
      taken[std::size_t(target(at))] = from;
    });
  }

  /// `batch` is where the updates' batch axis is in the data; −1: they have none.
  void define(Importer& importer, const Node& node, Index batch) {
    Activation shape = data;
    shape.constant.reset();
    if (data.constant) shape.batch_axis = batch;
    if (!data.constant && !updates.constant && batch != data.batch_axis)
      throw BatchError(node, "expected the batch's axis at the same place of data and updates, found ",
                       data.batch_axis, " and ", batch);
    if (shape.batch_axis >= 0 && shape.dims[std::size_t(shape.batch_axis)] != 1)
      fail(describe(node), ": expected size 1 along the batch's axis, found shape ", shown(shape.dims));
    if (data.constant && updates.size() == 0) return importer.define(node.outputs[0], data);
    const std::vector<Index> strides = data.strides();
    importer.define(node.outputs[0], importer.gather(node, "", std::vector{data, updates}, shape,
                                                     [&](const std::vector<Index>& at) {
                                                       Index place = 0;
                                                       for (std::size_t d = 0; d < at.size(); ++d)
                                                         place += at[d] * strides[d];
                                                       const Index from = taken[std::size_t(place)];
                                                       return from < 0 ? place : data.size() + from;
                                                     }));
  }
};

/// Along one axis every update has an index of its own.
inline void import_scatter_elements(Importer& importer, const Node& node) {
  Attributes attributes(node);
  Scatter scatter(importer, node, attributes);
  const Tensor& tensor = importer.constant(node, 1);
  const Activation& data = scatter.data;
  const std::size_t axis = std::size_t(axis_of(node, Index(attributes.integer("axis", 0)), data.rank()));
  attributes.finish();
  check_not_batch(node, data, Index(axis));
  check_indices_fit(node, data, tensor, axis);
  if (scatter.updates.dims != tensor.dims())
    fail(describe(node), ": expected as many updates as indices, ", shown(tensor.dims()), ", found shape ",
         shown(scatter.updates.dims));
  check_not_batch(node, scatter.updates, Index(axis));
  const std::vector<Index> places = indices_of(node, tensor, data.dims[axis]), strides = data.strides();
  std::size_t next = 0;
  scatter.take([&](const std::vector<Index>& at) {
    Index to = places[next++] * strides[axis];
    for (std::size_t d = 0; d < at.size(); ++d)
      if (d != axis) to += at[d] * strides[d];
    return to;
  });
  scatter.define(importer, node, scatter.updates.batch_axis);
}

/// Rows of indices name the places of updates, which are as large as the axes behind those.
inline void import_scatter_nd(Importer& importer, const Node& node) {
  Attributes attributes(node);
  Scatter scatter(importer, node, attributes);
  attributes.finish();
  const Tensor& tensor = importer.constant(node, 1);
  const Activation& data = scatter.data;
  const IndexRows rows(node, tensor, data, 0);
  Dims expected(tensor.dims().begin(), tensor.dims().end() - 1);
  expected.insert(expected.end(), data.dims.begin() + Index(rows.depth), data.dims.end());
  if (scatter.updates.dims != expected)
    fail(describe(node), ": expected updates of shape ", shown(expected), ", found ",
         shown(scatter.updates.dims));
  Index batch = scatter.updates.batch_axis;
  for (std::size_t d = 0; d < rows.axes; ++d) check_not_batch(node, scatter.updates, Index(d));
  if (batch >= 0) batch += Index(rows.depth) - Index(rows.axes);
  const std::vector<Index> strides = data.strides();
  scatter.take([&](const std::vector<Index>& at) {
    Index row = 0, to = 0;
    for (std::size_t d = 0; d < at.size(); ++d)
      if (d < rows.axes)
        row = row * expected[d] + at[d];
      else
        to += at[d] * strides[d - rows.axes + rows.depth];
    return to + rows.places[std::size_t(row)];
  });
  scatter.define(importer, node, batch);
}

/// Numbers of any type as OneHot takes them: without what is behind the point.
inline std::vector<std::int64_t> truncated(const Tensor& tensor) {
  if (!is_floating(tensor.type())) return tensor.values<std::int64_t>();
  std::vector<std::int64_t> all;
  for (const double value : tensor.values<double>())
    // One beyond all that there are is none of them.
    all.push_back(std::abs(value) < 0x1p62 ? std::int64_t(value) : std::numeric_limits<std::int64_t>::max());
  return all;
}

/// Of two values, off and on, each element of the result is one: on where its place along the new axis is
/// the index.
inline void import_one_hot(Importer& importer, const Node& node) {
  if (importer.has_input(node, 0) && !importer.is_constant(node, 0))
    fail(describe(node), ": input 0 (", shown(node.inputs[0]), "): expected constant indices, found a value ",
         "that depends on the network's ", importer.inputs_behind(node.inputs[0]),
         ": what it chooses does not vary with it, and indices that are ",
         "an input are had by giving it as a constant (ReadOptions::constants)");
  const Tensor& tensor = importer.constant(node, 0);
  const std::vector<std::int64_t> depths = truncated(importer.constant(node, 1));
  const Activation values = importer.value(node, 2);
  Attributes attributes(node);
  const std::size_t axis =
      std::size_t(axis_of(node, Index(attributes.integer("axis", -1)), tensor.rank() + 1));
  attributes.finish();
  if (depths.size() != 1 || depths[0] < 1 || depths[0] > std::int64_t(1) << 31)
    fail(describe(node), ": expected one depth from 1 to 2^31, found ",
         shown(Dims(depths.begin(), depths.end())));
  if (values.dims != Dims{2})
    fail(describe(node), ": expected two values, off and on, found shape ", shown(values.dims));
  check_not_batch(node, values, 0);
  const std::int64_t depth = depths[0];
  std::vector<std::int64_t> indices = truncated(tensor);
  for (std::int64_t& index : indices)
    if (index < 0 && index >= -depth) index += depth;
  Activation shape{-1, tensor.dims(), {}};
  shape.dims.insert(shape.dims.begin() + Index(axis), Index(depth));
  shape.order = c_order(shape.rank());
  std::vector<Index> strides = as_activation(tensor).strides();
  strides.insert(strides.begin() + Index(axis), 0);
  importer.define(node.outputs[0],
                  importer.gather(node, "", std::vector{values}, shape, [&](const std::vector<Index>& at) {
                    Index place = 0;
                    for (std::size_t d = 0; d < at.size(); ++d) place += at[d] * strides[d];
                    return Index(indices[std::size_t(place)] == at[axis] ? 1 : 0);
                  }));
}

inline constexpr std::array<Operator, 5> index_operators{{
    {"GatherElements", import_gather_elements, true},
    {"GatherND", import_gather_nd, true},
    {"ScatterElements", import_scatter_elements, true},
    {"ScatterND", import_scatter_nd, true},
    {"OneHot", import_one_hot, true},
}};

}  // namespace ascribe::onnx
