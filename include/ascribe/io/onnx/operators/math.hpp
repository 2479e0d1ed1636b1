/// The functions of mathematics: exponential, trigonometric, hyperbolic, powers, thresholds and rounding.
#pragma once

#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/operators/arithmetic.hpp>
#include <ascribe/io/onnx/operators/elementwise.hpp>

namespace ascribe::onnx {

inline void import_celu(Importer& importer, const Node& node) {
  Attributes attributes(node);
  const fn::Celu f{parameter(attributes, "alpha", 1)};
  attributes.finish();
  if (f.alpha == 0) fail(describe(node), ": attribute 'alpha': expected a number other than 0, found 0");
  importer.define(node.outputs[0], add_function(importer, node, importer.activation(node, 0), f));
}

inline void import_thresholded_relu(Importer& importer, const Node& node) {
  Attributes attributes(node);
  const fn::ThresholdedRelu f{parameter(attributes, "alpha", 1)};
  attributes.finish();
  const Activation& a = importer.activation(node, 0);
  importer.define(node.outputs[0], f.alpha == 0 ? add_function(importer, node, a, fn::Relu())
                                                : add_function(importer, node, a, f));
}

inline void import_shrink(Importer& importer, const Node& node) {
  Attributes attributes(node);
  const fn::Shrink f{parameter(attributes, "bias", 0), parameter(attributes, "lambd", 0.5)};
  attributes.finish();
  importer.define(node.outputs[0], add_function(importer, node, importer.activation(node, 0), f));
}

inline void import_swish(Importer& importer, const Node& node) {
  Attributes attributes(node);
  const fn::Swish f{parameter(attributes, "alpha", 1)};
  attributes.finish();
  const Activation& a = importer.activation(node, 0);
  importer.define(node.outputs[0], f.gate.alpha == 1 ? add_function(importer, node, a, fn::Silu())
                                                     : add_function(importer, node, a, f));
}

/// A function whose derivative is 0.
template <class F>
void import_steps(Importer& importer, const Node& node) {
  import_function<F>(importer, node);
  importer.note(describe(node) +
                " is constant between its jumps: its derivative is taken for 0 everywhere, " +
                "so that gradients, and methods made of them, give nothing to what stands before it");
}

/// x^c for a constant c: one exponent, or one a feature.
inline void import_pow(Importer& importer, const Node& node) {
  const Operands in(importer, node);
  importer.constant(node, 1);  // an Error where it is none
  const Tensor& exponents = in.tensor[1];
  const Activation a = expand(importer, node, importer.activation(node, 0),
                              broadcast_dims(node, in.activation[0].dims, exponents.dims()));
  auto values = importer.broadcast(node, exponents, a);
  const double first = values[0];
  if (std::any_of(values.begin(), values.end(), [&](double v) { return v != first; })) {
    importer.define(node.outputs[0],
                    add_function(importer, node, a, fn::PowerByFeature<double>(std::move(values))));
  } else if (first == 0.5) {
    importer.define(node.outputs[0], add_function(importer, node, a, fn::Sqrt()));
  } else if (first == -1) {
    importer.define(node.outputs[0], add_function(importer, node, a, fn::Reciprocal()));
  } else if (std::isfinite(first)) {
    importer.define(node.outputs[0], add_function(importer, node, a, fn::Power{first}));
  } else {
    fail(describe(node), ": expected finite exponents, found ", first);
  }
}

inline constexpr std::array<Operator, 25> math_operators{{
    {"Exp", import_function<fn::Exp>},
    {"Log", import_function<fn::Log>},
    {"Sqrt", import_function<fn::Sqrt>},
    {"Reciprocal", import_function<fn::Reciprocal>},
    {"Pow", import_pow},
    {"Erf", import_function<fn::Erf>},
    {"Sin", import_function<fn::Sin>},
    {"Cos", import_function<fn::Cos>},
    {"Tan", import_function<fn::Tan>},
    {"Asin", import_function<fn::Asin>},
    {"Acos", import_function<fn::Acos>},
    {"Atan", import_function<fn::Atan>},
    {"Sinh", import_function<fn::Sinh>},
    {"Cosh", import_function<fn::Cosh>},
    {"Asinh", import_function<fn::Asinh>},
    {"Acosh", import_function<fn::Acosh>},
    {"Atanh", import_function<fn::Atanh>},
    {"Celu", import_celu},
    {"ThresholdedRelu", import_thresholded_relu},
    {"Shrink", import_shrink},
    {"Swish", import_swish},
    {"Floor", import_steps<fn::Floor>},
    {"Ceil", import_steps<fn::Ceil>},
    {"Round", import_steps<fn::Round>},
    {"Sign", import_steps<fn::Sign>},
}};

}  // namespace ascribe::onnx
