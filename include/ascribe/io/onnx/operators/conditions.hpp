/// Comparisons, logic and Where: conditions are values of 0 or 1 whose derivative is 0.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include <ascribe/core/math.hpp>
#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/arithmetic.hpp>
#include <ascribe/io/onnx/operators/elementwise.hpp>

namespace ascribe::onnx {

/// A step of operand `first` minus the other one.
template <class Step, std::size_t first>
void import_comparison(Importer& importer, const Node& node) {
  const Activation difference = add_difference(importer, node, Operands(importer, node), first, "difference");
  importer.define(node.outputs[0], add_function(importer, node, difference, Step()));
  importer.note(
      describe(node) + " is a condition, taken as constant at the point: its derivative is taken " +
      "for 0 everywhere, so that gradients, and methods made of them, give nothing to what it compares");
}

/// And, Or and Xor: a step of how many of two conditions hold, which is shifted so that the jump is at 0.
template <class Step>
void import_logic(Importer& importer, const Node& node, double shift) {
  const Operands in(importer, node);
  const std::size_t k = in.constant[0] ? 0 : 1;
  Tensor addend = Tensor::of<double>("", {}, {shift});
  Activation count;
  if (in.constant[k]) {
    addend = changed(in.tensor[k], [&](double v) { return v + shift; });
    count = in.activation[1 - k];
  } else {
    count = add_sum(importer, node, {in.activation[0], in.activation[1]}, "sum");
  }
  count = add_affine(importer, node, count, nullptr, &addend, 1, "count");
  importer.define(node.outputs[0], add_function(importer, node, count, Step()));
}
inline void import_and(Importer& importer, const Node& node) {
  import_logic<fn::IsPositive>(importer, node, -1.5);
}
inline void import_or(Importer& importer, const Node& node) {
  import_logic<fn::IsPositive>(importer, node, -0.5);
}
inline void import_xor(Importer& importer, const Node& node) { import_logic<fn::IsZero>(importer, node, -1); }

/// 1 − a.
inline Activation add_negation(Importer& importer, const Node& node, const Activation& a,
                               std::string_view part = "") {
  const Tensor one = Tensor::of<double>("", {}, {1.0});
  return add_affine(importer, node, a, nullptr, &one, -1, part);
}

inline void import_not(Importer& importer, const Node& node) {
  Attributes(node).finish();
  importer.define(node.outputs[0], add_negation(importer, node, importer.activation(node, 0)));
}

/// Where by a constant condition: each value is one of either branch, and is found where it lies; what comes
/// of a constant is a bias.
inline void import_where_by_constant(Importer& importer, const Node& node, const Dims& dims) {
  std::vector<Activation> values;
  std::vector<std::size_t> active;  // which inputs those are
  for (std::size_t k = 1; k < 3; ++k) {
    if (importer.is_constant(node, k)) continue;
    values.push_back(expand(importer, node, importer.activation(node, k), dims));
    active.push_back(k);
  }
  values = aligned(importer, node, values);
  const Activation& like = values.front();
  const Index size = like.size();
  const auto condition = importer.broadcast(node, importer.constant(node, 0), like);
  // One branch may be all that there is.
  for (std::size_t v = 0; v < values.size(); ++v)
    if (std::all_of(condition.begin(), condition.end(),
                    [&](double c) { return (c != 0) == (active[v] == 1); }))
      return importer.define(node.outputs[0], values[v]);
  const bool masks = masks_softmax(importer, node);
  importer.charge(node, dims, 3 * sizeof(Index));  // each source may become a run of the Selection
  std::vector<Index> sources(std::size_t(size), -1);
  const auto picks = [&](std::size_t k, Index j) {
    return (condition[std::size_t(j) % condition.size()] != 0) == (k == 1);
  };
  for (std::size_t v = 0; v < values.size(); ++v)
    for (Index j = 0; j < size; ++j)
      if (picks(active[v], j)) sources[std::size_t(j)] = Index(v) * size + j;
  layer::Numbers bias;
  for (std::size_t k = 1; k < 3; ++k) {
    if (!importer.is_constant(node, k)) continue;
    const auto constant = importer.broadcast(node, importer.constant(node, k), like);
    bias.resize(std::size_t(size), 0);
    for (Index j = 0; j < size; ++j) {
      if (!picks(k, j)) continue;
      double value = constant[std::size_t(j) % constant.size()];
      if (masks && value < kind::Softmax::masked) value = kind::Softmax::masked;
      if (!std::isfinite(value))
        fail(describe(node), ": input ", k,
             ": expected finite numbers where the condition picks them, found ", value);
      bias[std::size_t(j)] = value;
    }
  }
  importer.define(
      node.outputs[0],
      importer.add(
          node, "",
          layer::MatMul{layer::Selection{Index(values.size()) * size, std::move(sources)}, std::move(bias)},
          values, like.dims, like.order));
}

/// Where: by a condition c that depends on the network's inputs x ⊙ c + y ⊙ (1 − c), where c is the gate, so
/// that relevance goes to the branch that was taken.
inline void import_where(Importer& importer, const Node& node) {
  Attributes(node).finish();
  Dims dims;
  for (std::size_t k = 0; k < 3; ++k)
    dims = broadcast_dims(node, dims,
                          importer.is_constant(node, k) ? importer.constant(node, k).dims()
                                                        : importer.activation(node, k).dims);
  if (importer.is_constant(node, 0)) return import_where_by_constant(importer, node, dims);
  const Activation condition = expand(importer, node, importer.activation(node, 0), dims);
  const Activation otherwise = add_negation(importer, node, condition, "otherwise");
  std::vector<Activation> taken;
  for (std::size_t k = 1; k < 3; ++k) {
    Activation branch;
    if (importer.is_constant(node, k)) {
      const Tensor& constant = importer.constant(node, k);
      for (const double v : constant.values<double>())
        if (!std::isfinite(v))
          fail(describe(node), ": input ", k,
               ": expected finite numbers beside a condition that depends on the ",
               "network's inputs, found ", v);
      branch = add_constant(importer, node, condition, constant);
    } else {
      branch = importer.activation(node, k);
    }
    taken.push_back(
        add_gated(importer, node, branch, k == 1 ? condition : otherwise, k == 1 ? "first" : "second"));
  }
  importer.define(node.outputs[0], add_sum(importer, node, taken));
  importer.note(describe(node) +
                ": its condition is taken as constant at the point: relevance goes to the branch " +
                "that was taken");
}

/// IsNaN and IsInf: a network's values are finite.
inline void import_never(Importer& importer, const Node& node) {
  const Activation& a = importer.activation(node, 0);
  importer.charge(node, a.dims, 1);
  importer.define(node.outputs[0],
                  Tensor::of_bytes(node.outputs[0], ElementType::boolean, a.dims,
                                   std::vector<std::byte>(std::size_t(a.size()), std::byte(0))));
}

inline constexpr std::array<Operator, 12> condition_operators{{
    {"Greater", import_comparison<fn::IsPositive, 0>},
    {"GreaterOrEqual", import_comparison<fn::IsNotNegative, 0>},
    {"Less", import_comparison<fn::IsPositive, 1>},
    {"LessOrEqual", import_comparison<fn::IsNotNegative, 1>},
    {"Equal", import_comparison<fn::IsZero, 0>},
    {"And", import_and},
    {"Or", import_or},
    {"Xor", import_xor},
    {"Not", import_not},
    {"Where", import_where},
    {"IsNaN", import_never},
    {"IsInf", import_never},
}};

}  // namespace ascribe::onnx
