/// Quantised numbers: weights are read, and what rounds values on their way passes them on.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/arithmetic.hpp>

namespace ascribe::onnx {

/// A scale or zero point, one number or one for each index along an axis, as it is broadcast to `rank` axes.
inline Tensor along_axis(const Node& node, const Tensor& tensor, Index axis, Index rank) {
  if (tensor.size() == 1) return tensor.reshaped({});
  if (tensor.rank() != 1)
    fail(describe(node), ": tensor ", shown(tensor.name()),
         ": expected one number, or one for each index along an axis, found shape ", shown(tensor.dims()));
  Dims dims(std::size_t(rank - axis), 1);
  dims[0] = tensor.size();
  return tensor.reshaped(std::move(dims));
}

/// (x − zero point)·scale of whole numbers; a value that a QuantizeLinear rounded as it is.
inline void import_dequantize(Importer& importer, const Node& node) {
  const Activation a = importer.activation(node, 0);
  Attributes attributes(node);
  const Index given = Index(attributes.integer("axis", 1));
  if (attributes.integer("block_size", 0) != 0)
    fail(describe(node), ": attribute 'block_size': expected 0, found blocks, which are not supported");
  attributes.ignore("output_dtype");
  attributes.finish();
  const Node* from = importer.producer(node.inputs[0]);
  if (from && from->op_type == "QuantizeLinear") return importer.define(node.outputs[0], a);
  if (!importer.is_whole(node.inputs[0]))
    fail(describe(node), ": expected what a QuantizeLinear gives, or whole numbers, found another value");
  const Tensor& scales = importer.constant(node, 1);
  const Index axis = scales.size() == 1 ? 0 : axis_of(node, given, a.rank());
  const Tensor scale = along_axis(node, scales, axis, a.rank());
  if (!importer.has_input(node, 2))
    return importer.define(node.outputs[0], add_affine(importer, node, a, &scale, nullptr));
  const Tensor zero =
      changed(along_axis(node, importer.constant(node, 2), axis, a.rank()), [](double v) { return -v; });
  const Activation centred = add_affine(importer, node, a, nullptr, &zero, 1, "zero point");
  importer.define(node.outputs[0], add_affine(importer, node, centred, &scale, nullptr));
}

inline void import_quantize(Importer& importer, const Node& node) {
  importer.note(describe(node) + ": values are not rounded, and pass as they are");
  importer.define(node.outputs[0], importer.activation(node, 0));
}

/// Whole-number arithmetic has no derivative.
inline void refuse_quantised(Importer&, const Node& node) {
  fail(describe(node),
       ": it computes with whole numbers, which have no derivatives: export the network with ",
       "QuantizeLinear and DequantizeLinear around its operators, or before it was quantised");
}

inline constexpr std::array<Operator, 7> quantised_operators{{
    {"DequantizeLinear", import_dequantize},
    {"QuantizeLinear", import_quantize},
    {"QLinearConv", refuse_quantised},
    {"QLinearMatMul", refuse_quantised},
    {"ConvInteger", refuse_quantised},
    {"MatMulInteger", refuse_quantised},
    {"DynamicQuantizeLinear", refuse_quantised},
}};

}  // namespace ascribe::onnx
