/// ReduceMean, ReduceSum and ReduceMax.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/axes.hpp>
#include <ascribe/windows/branches.hpp>

namespace ascribe::onnx {

enum class Reduction { mean, sum, max };

/// The axes to reduce over; none where the node asks for none (noop_with_empty_axes).
inline std::optional<std::vector<bool>> reduced_axes(const Importer& importer, const Node& node,
                                                     Attributes& attributes, Index rank, Index since) {
  const auto list = list_of(importer, node, attributes, "axes", 1, since);
  const bool nothing = importer.opset() >= since && attributes.flag("noop_with_empty_axes", false);
  if (list && !list->empty()) return named_axes(node, *list, rank);
  if (nothing) return std::nullopt;
  return std::vector<bool>(std::size_t(rank), true);
}

/// The axes become the slowest in memory, so that what is reduced lies in branches one behind the other. Over
/// the batch it is an Error. Of equal maxima the first in C order is the maximum.
template <Reduction how>
void import_reduce(Importer& importer, const Node& node) {
  const Activation given = importer.activation(node, 0);
  Attributes attributes(node);
  const bool keep = attributes.flag("keepdims", true);
  // ReduceSum had its axes as an input long before the others.
  const auto axes = reduced_axes(importer, node, attributes, given.rank(), how == Reduction::sum ? 13 : 18);
  attributes.finish();
  if (!axes) return importer.define(node.outputs[0], given);

  Dims dims = given.dims;
  Index count = 1;
  bool spatial = given.rank() > 2;
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    spatial = spatial && (*axes)[axis] == (axis > 1);
    if (!(*axes)[axis]) continue;
    check_not_batch(node, given, Index(axis));
    count *= dims[axis];
    dims[axis] = 1;
  }
  Activation result = given;
  if (count > 1) {
    const bool in_c_order = how == Reduction::max;
    AxisOrder order = slowest_first(given.order, *axes);
    if (in_c_order) std::sort(order.begin(), order.begin() + std::count(axes->begin(), axes->end(), true));
    const Activation a = importer.in_order(node, given, order);
    const Index size = a.size() / count;
    const auto add = [&](const layer::Layer& made) {
      result = importer.add(node, "", made, {a}, dims, order);
    };
    if constexpr (how == Reduction::max)
      add(layer::Max{window::Branches(count, size)});
    else if (how == Reduction::sum)
      add(layer::MatMul{layer::Sum{count, size}});
    else if (spatial)  // as GlobalAveragePool
      add(layer::MatMul{layer::AveragePool{{.input = {1, count}, .kernel = {1, count}}, size}});
    else
      add(layer::MatMul{layer::Sum{count, size, 1 / double(count)}});
  }
  importer.define(node.outputs[0], keep ? result : without_axes(std::move(result), *axes));
}

inline constexpr std::array<Operator, 3> reduce_operators{{
    {"ReduceMean", import_reduce<Reduction::mean>},
    {"ReduceSum", import_reduce<Reduction::sum>},
    {"ReduceMax", import_reduce<Reduction::max>},
}};

}  // namespace ascribe::onnx
