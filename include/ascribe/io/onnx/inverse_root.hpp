/// The inverse root that normalisations are exported with, 1/√(v + ε) in several nodes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/arithmetic.hpp>
#include <ascribe/io/onnx/operators/elementwise.hpp>

namespace ascribe::onnx {

/// Makes Reciprocal(Sqrt(v + ε)) and a/Sqrt(v + ε), for a number ε above 0, of the one function (ε + v)^(−½).
/// It has a value at v = 0, where 1/x has none: rules may take its chord from there. The nodes inside must be
/// read by nobody else.
inline void find_inverse_roots(Importer& importer) {
  if (importer.opset() < 7) return;  // whose sums may say by attributes how their shapes fit
  const auto sole = [&](const std::string& value, std::string_view type, std::size_t inputs) {
    const Node* found = importer.producer(value);
    const bool fits = found && found->op_type == type && found->inputs.size() == inputs &&
                      found->attributes.empty() && importer.only_consumer(*found);
    return fits ? found : nullptr;
  };
  for (const Node* one : importer.nodes()) {
    const Node& node = *one;
    const bool divides = node.op_type == "Div" && node.inputs.size() == 2;
    if (!node.attributes.empty() || !(divides || (node.op_type == "Reciprocal" && node.inputs.size() == 1)))
      continue;
    const std::size_t divisor = node.inputs.size() - 1;
    if (importer.is_constant(node, divisor)) continue;
    const Node* root = sole(node.inputs[divisor], "Sqrt", 1);
    const Node* sum = root ? sole(root->inputs[0], "Add", 2) : nullptr;
    if (!sum) continue;
    const std::size_t k = importer.is_constant(*sum, 0) ? 0 : 1;
    if (!importer.is_constant(*sum, k)) continue;
    const Tensor epsilon = importer.constant(*sum, k);
    if (epsilon.size() != 1 || !(epsilon.value<double>() > 0)) continue;
    importer.absorb(*root);
    importer.absorb(*sum);
    importer.replace(node, [&node, sum, k, epsilon, divides](Importer& walk) {
      const Activation& v = walk.activation(*sum, 1 - k);
      const Activation of = expand(walk, node, v, broadcast_dims(node, v.dims, epsilon.dims()));
      const fn::Power power{-0.5, epsilon.value<double>()};
      if (!divides) return walk.define(node.outputs[0], add_function(walk, node, of, power));
      const Activation gate = add_function(walk, node, of, power, "gate");
      walk.define(node.outputs[0], walk.is_constant(node, 0)
                                       ? add_affine(walk, node, gate, &walk.constant(node, 0), nullptr)
                                       : add_quotient(walk, node, walk.activation(node, 0), gate));
    });
  }
}

}  // namespace ascribe::onnx
