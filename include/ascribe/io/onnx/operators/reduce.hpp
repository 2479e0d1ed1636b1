/// The reductions: mean, sum, product, extrema, norms and logarithms of sums along axes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/axes.hpp>
#include <ascribe/io/onnx/operators/elementwise.hpp>

namespace ascribe::onnx {

enum class Reduction { mean, sum, max, min, product, l1, l2, sum_of_squares, log_sum, log_sum_exp };

/// The axes to reduce over; none where the node asks for none (noop_with_empty_axes).
inline std::optional<std::vector<bool>> reduced_axes(const Importer& importer, const Node& node,
                                                     Attributes& attributes, Index rank, Index since) {
  const auto list = list_of(importer, node, attributes, "axes", 1, since);
  const bool nothing = importer.opset() >= since && attributes.flag("noop_with_empty_axes", false);
  if (list && !list->empty()) return named_axes(node, *list, rank);
  if (nothing) return std::nullopt;
  return std::vector<bool>(std::size_t(rank), true);
}

/// The sum, mean or maximum over the marked axes, which get size 1. They become the slowest in memory, so
/// that what is reduced lies in branches one behind the other. Of equal maxima the first in C order is the
/// maximum.
inline Activation add_branches(Importer& importer, const Node& node, const Activation& given,
                               const std::vector<bool>& axes, Reduction how, std::string_view part) {
  Dims dims = given.dims;
  Index count = 1;
  bool spatial = given.rank() > 2;
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    spatial = spatial && axes[axis] == (axis > 1);
    if (!axes[axis]) continue;
    count *= dims[axis];
    dims[axis] = 1;
  }
  if (count == 1) return given;
  // What is reduced lies together: rows of an image of one channel.
  const auto fastest = given.order.end() - std::count(axes.begin(), axes.end(), true);
  if (how == Reduction::mean &&
      std::all_of(fastest, given.order.end(), [&](Index axis) { return axes[std::size_t(axis)]; })) {
    const layer::AveragePool rows{{.input = {given.size() / count, count}, .kernel = {1, count}}, 1};
    return importer.add(node, part, layer::MatMul{rows}, {given}, dims, given.order);
  }
  AxisOrder order = slowest_first(given.order, axes);
  if (how == Reduction::max)
    std::sort(order.begin(), order.begin() + std::count(axes.begin(), axes.end(), true));
  const Activation a = importer.in_order(node, given, order);
  const Index size = a.size() / count;
  const auto add = [&](const layer::Layer& made) { return importer.add(node, part, made, {a}, dims, order); };
  if (how == Reduction::max) return add(layer::Max{window::Branches(count, size)});
  if (how == Reduction::sum) return add(layer::MatMul{layer::Sum{count, size}});
  if (spatial)  // as GlobalAveragePool
    return add(layer::MatMul{layer::AveragePool{{.input = {1, count}, .kernel = {1, count}}, size}});
  return add(layer::MatMul{layer::Sum{count, size, 1 / double(count)}});
}

/// The product over the marked axes: of the first half of the factors with the second, until one is left.
inline Activation add_product(Importer& importer, const Node& node, const Activation& given,
                              const std::vector<bool>& axes, std::string_view part) {
  if (std::find(axes.begin(), axes.end(), true) == axes.end()) return given;
  const AxisOrder order = slowest_first(given.order, axes);
  Activation a = importer.in_order(node, given, order);
  // The slowest axis stands for all that are marked.
  const std::size_t axis = std::size_t(order.front());
  Index count = 1;
  for (std::size_t k = 0; k < axes.size(); ++k)
    if (axes[k]) count *= std::exchange(a.dims[k], 1);
  a.dims[axis] = count;
  const auto factors = [&](Index first, Index length) {
    std::vector<std::vector<Index>> maps;
    for (const Index size : a.dims) maps.push_back(c_order(size));
    maps[axis].resize(std::size_t(length));
    std::iota(maps[axis].begin(), maps[axis].end(), first);
    return importer.select(node, "factors", a, maps, order);
  };
  const auto multiply = [&](const Activation& x, const Activation& y, bool last) {
    return importer.add(node, last ? part : "product", kind::Product(x.size()), {x, y}, x.dims, order);
  };
  std::vector<Activation> left_over;
  while (a.dims[axis] > 1) {
    const Index half = a.dims[axis] / 2;
    if (a.dims[axis] % 2 != 0) left_over.push_back(factors(2 * half, 1));
    a = multiply(factors(0, half), factors(half, half), half == 1 && left_over.empty());
  }
  for (std::size_t k = 0; k < left_over.size(); ++k) a = multiply(a, left_over[k], k + 1 == left_over.size());
  return a;
}

/// A reduction over the marked axes, which get size 1: the sum, mean or maximum, or what is made of them.
/// Over the batch it is an Error. The logarithm of Σ eˣ is made of just these, so that relevance is shared by
/// the softmax: eˣ has to be finite, as an Error says where it is not.
inline Activation add_reduction(Importer& importer, const Node& node, const Activation& a,
                                const std::vector<bool>& axes, Reduction how, std::string_view part = "") {
  for (std::size_t axis = 0; axis < axes.size(); ++axis)
    if (axes[axis]) check_not_batch(node, a, Index(axis));
  const auto sum = [&](const Activation& of, std::string_view name) {
    return add_branches(importer, node, of, axes, Reduction::sum, name);
  };
  switch (how) {
    case Reduction::mean:
    case Reduction::sum:
    case Reduction::max:
      return add_branches(importer, node, a, axes, how, part);
    case Reduction::min: {
      const Activation negative = add_function(importer, node, a, fn::Scale{-1}, "negative");
      const Activation most = add_branches(importer, node, negative, axes, Reduction::max, "maximum");
      return add_function(importer, node, most, fn::Scale{-1}, part);
    }
    case Reduction::product:
      return add_product(importer, node, a, axes, part);
    case Reduction::l1:
      return sum(add_function(importer, node, a, fn::Abs(), "absolute"), part);
    case Reduction::sum_of_squares:
      return sum(add_function(importer, node, a, fn::Power{2}, "squares"), part);
    case Reduction::l2: {
      const Activation squares = add_function(importer, node, a, fn::Power{2}, "squares");
      return add_function(importer, node, sum(squares, "sum"), fn::Sqrt(), part);
    }
    case Reduction::log_sum:
      return add_function(importer, node, sum(a, "sum"), fn::Log(), part);
    case Reduction::log_sum_exp: {
      const Activation powers = add_function(importer, node, a, fn::Exp(), "exponentials");
      return add_function(importer, node, sum(powers, "sum"), fn::Log(), part);
    }
  }
  fail(describe(node), ": no such reduction");
}

inline void import_reduction(Importer& importer, const Node& node, Reduction how) {
  const Activation given = importer.activation(node, 0);
  Attributes attributes(node);
  const bool keep = attributes.flag("keepdims", true);
  // ReduceSum had its axes as an input long before the others.
  const auto axes = reduced_axes(importer, node, attributes, given.rank(), how == Reduction::sum ? 13 : 18);
  attributes.finish();
  if (!axes) {
    const bool of_one_is_itself = how == Reduction::mean || how == Reduction::sum || how == Reduction::max ||
                                  how == Reduction::min || how == Reduction::product;
    if (!of_one_is_itself)
      fail(describe(node),
           ": expected axes, found none and noop_with_empty_axes, on whose meaning here ONNX's ",
           "versions disagree");
    return importer.define(node.outputs[0], given);
  }
  const Activation result = add_reduction(importer, node, given, *axes, how);
  importer.define(node.outputs[0], keep ? result : without_axes(result, *axes));
}

template <Reduction how>
void import_reduce(Importer& importer, const Node& node) {
  import_reduction(importer, node, how);
}

inline constexpr std::array<Operator, 10> reduce_operators{{
    {"ReduceMean", import_reduce<Reduction::mean>},
    {"ReduceSum", import_reduce<Reduction::sum>},
    {"ReduceMax", import_reduce<Reduction::max>},
    {"ReduceMin", import_reduce<Reduction::min>},
    {"ReduceProd", import_reduce<Reduction::product>},
    {"ReduceL1", import_reduce<Reduction::l1>},
    {"ReduceL2", import_reduce<Reduction::l2>},
    {"ReduceSumSquare", import_reduce<Reduction::sum_of_squares>},
    {"ReduceLogSum", import_reduce<Reduction::log_sum>},
    {"ReduceLogSumExp", import_reduce<Reduction::log_sum_exp>},
}};

}  // namespace ascribe::onnx
