/// Concat and Split. Constants are joined and cut as activations are.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/fold/call.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/axes.hpp>

namespace ascribe::onnx {

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

inline constexpr std::array<Operator, 2> concat_operators{{
    {"Concat", import_concat, true},
    {"Split", import_split, true},
}};

}  // namespace ascribe::onnx
