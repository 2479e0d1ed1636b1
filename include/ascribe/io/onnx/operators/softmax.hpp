/// Softmax and LogSoftmax, made of their parts.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/arithmetic.hpp>
#include <ascribe/io/onnx/operators/axes.hpp>
#include <ascribe/io/onnx/operators/reduce.hpp>

namespace ascribe::onnx {

/// e^x / Σ e^x, or the logarithm of it, along one axis; before operator set 13 over all axes from that one
/// on. The divisor is a gate, as a normalisation's. No maximum is taken off first: it would leave the largest
/// input a denominator of 0. So e^x has to be finite: an explanation of what is not is an Error.
template <bool logarithm>
void import_softmax(Importer& importer, const Node& node) {
  const Activation a = importer.activation(node, 0);
  Attributes attributes(node);
  const bool flat = importer.opset() < 13;
  const Index axis = axis_of(node, Index(attributes.integer("axis", flat ? 1 : -1)), a.rank());
  attributes.finish();
  std::vector<bool> axes(a.dims.size(), false);
  for (std::size_t k = std::size_t(axis); k < axes.size(); ++k) axes[k] = flat || Index(k) == axis;
  const Activation powers = add_function(importer, node, a, fn::Exp(), "powers");
  const Activation sum = add_reduction(importer, node, powers, axes, Reduction::sum, "sum");
  if (logarithm) {
    const Activation log = add_function(importer, node, sum, fn::Log(), "logarithm");
    const Activation negative = add_function(importer, node, log, fn::Scale{-1}, "negative logarithm");
    return importer.define(node.outputs[0], add_sum(importer, node, {a, negative}));
  }
  const Activation inverse = add_function(importer, node, sum, fn::Reciprocal(), "inverse");
  importer.define(node.outputs[0], add_gated(importer, node, powers, inverse));
}

inline constexpr std::array<Operator, 2> softmax_operators{{
    {"Softmax", import_softmax<false>},
    {"LogSoftmax", import_softmax<true>},
}};

}  // namespace ascribe::onnx
