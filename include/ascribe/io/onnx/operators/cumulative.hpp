/// Sums along an axis up to each place: CumSum.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/axes.hpp>

namespace ascribe::onnx {

/// Each element is the sum of those up to its own along one axis: without its own if `exclusive`, from the
/// end if `reverse`.
inline void import_cum_sum(Importer& importer, const Node& node) {
  const Activation a = importer.activation(node, 0);
  const auto given = integers_of(node, importer.constant(node, 1));
  Attributes attributes(node);
  const bool exclusive = attributes.flag("exclusive", false), reverse = attributes.flag("reverse", false);
  attributes.finish();
  if (given.size() != 1) fail(describe(node), ": expected one axis, found ", given.size());
  const std::size_t axis = std::size_t(axis_of(node, Index(given[0]), a.rank()));
  check_not_batch(node, a, Index(axis));
  const Index size = a.dims[axis];
  // Each entry twice, for the matrix that is made of them; there are half as many as places, and a half.
  importer.charge(node, {a.size() / size, size}, std::size_t(size + 1) * sizeof(layer::Sparse::Entry));
  const Index stride = a.strides()[axis];
  layer::Sparse sums{.outputs = 0, .inputs = a.size(), .entries = {}, .aggregation = "CumSum"};
  each_index(a, [&](const std::vector<Index>& at) {
    const Index own = at[axis], first = sums.outputs - own * stride, others = exclusive ? 1 : 0;
    const Index begin = reverse ? own + others : 0, end = reverse ? size : own + 1 - others;
    for (Index i = begin; i < end; ++i) sums.entries.push_back({sums.outputs, first + i * stride, 1});
    ++sums.outputs;
  });
  importer.define(node.outputs[0],
                  importer.add(node, "", layer::MatMul{std::move(sums)}, {a}, a.dims, a.order));
}

inline constexpr std::array<Operator, 1> cumulative_operators{{
    {"CumSum", import_cum_sum},
}};

}  // namespace ascribe::onnx
