/// The functions of mathematics: exponential, trigonometric, hyperbolic, powers, thresholds and rounding.
#pragma once

#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include <ascribe/functions/celu.hpp>
#include <ascribe/functions/erf.hpp>
#include <ascribe/functions/exponential.hpp>
#include <ascribe/functions/hyperbolic.hpp>
#include <ascribe/functions/power.hpp>
#include <ascribe/functions/rounding.hpp>
#include <ascribe/functions/shrink.hpp>
#include <ascribe/functions/silu.hpp>
#include <ascribe/functions/swish.hpp>
#include <ascribe/functions/trigonometric.hpp>
#include <ascribe/io/onnx/operators/arithmetic.hpp>
#include <ascribe/io/onnx/operators/elementwise.hpp>

namespace ascribe::onnx {

template <class Scalar>
void import_celu(Importer<Scalar>& importer, const Node& node) {
  Attributes attributes(node);
  const fn::Celu f{parameter(attributes, "alpha", 1)};
  attributes.finish();
  if (f.alpha == 0) fail(describe(node), ": attribute 'alpha': expected a number other than 0, found 0");
  importer.define(node.outputs[0], add_function(importer, node, importer.activation(node, 0), f));
}

template <class Scalar>
void import_thresholded_relu(Importer<Scalar>& importer, const Node& node) {
  Attributes attributes(node);
  const fn::ThresholdedRelu f{parameter(attributes, "alpha", 1)};
  attributes.finish();
  const Activation& a = importer.activation(node, 0);
  importer.define(node.outputs[0], f.alpha == 0 ? add_function(importer, node, a, fn::Relu())
                                                : add_function(importer, node, a, f));
}

template <class Scalar>
void import_shrink(Importer<Scalar>& importer, const Node& node) {
  Attributes attributes(node);
  const fn::Shrink f{parameter(attributes, "bias", 0), parameter(attributes, "lambd", 0.5)};
  attributes.finish();
  importer.define(node.outputs[0], add_function(importer, node, importer.activation(node, 0), f));
}

template <class Scalar>
void import_swish(Importer<Scalar>& importer, const Node& node) {
  Attributes attributes(node);
  const fn::Swish f{parameter(attributes, "alpha", 1)};
  attributes.finish();
  const Activation& a = importer.activation(node, 0);
  importer.define(node.outputs[0], f.gate.alpha == 1 ? add_function(importer, node, a, fn::Silu())
                                                     : add_function(importer, node, a, f));
}

/// A function whose derivative is 0.
template <class Scalar, class F>
void import_steps(Importer<Scalar>& importer, const Node& node) {
  import_function<Scalar, F>(importer, node);
  importer.note(describe(node) +
                " is constant between its jumps: its derivative is taken for 0 everywhere, " +
                "so that gradients, and methods made of them, give nothing to what stands before it");
}

/// x^c for a constant c: one exponent, or one a feature.
template <class Scalar>
void import_pow(Importer<Scalar>& importer, const Node& node) {
  const Operands<Scalar> in(importer, node);
  importer.constant(node, 1);  // an Error where it is none
  const Tensor& exponents = in.tensor[1];
  const Activation a = expand(importer, node, importer.activation(node, 0),
                              broadcast_dims(node, in.activation[0].dims, exponents.dims()));
  const auto values = importer.broadcast(node, exponents, a);
  const double first = double(values(0));
  if (!(values.array() == values(0)).all()) {
    std::vector<double> list;
    for (const Scalar& one : values) list.push_back(double(one));
    importer.define(node.outputs[0],
                    add_function(importer, node, a, fn::PowerByFeature<Scalar>(std::move(list))));
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

template <class Scalar>
inline constexpr std::array<Operator<Scalar>, 25> math_operators{{
    {"Exp", import_function<Scalar, fn::Exp>},
    {"Log", import_function<Scalar, fn::Log>},
    {"Sqrt", import_function<Scalar, fn::Sqrt>},
    {"Reciprocal", import_function<Scalar, fn::Reciprocal>},
    {"Pow", import_pow<Scalar>},
    {"Erf", import_function<Scalar, fn::Erf>},
    {"Sin", import_function<Scalar, fn::Sin>},
    {"Cos", import_function<Scalar, fn::Cos>},
    {"Tan", import_function<Scalar, fn::Tan>},
    {"Asin", import_function<Scalar, fn::Asin>},
    {"Acos", import_function<Scalar, fn::Acos>},
    {"Atan", import_function<Scalar, fn::Atan>},
    {"Sinh", import_function<Scalar, fn::Sinh>},
    {"Cosh", import_function<Scalar, fn::Cosh>},
    {"Asinh", import_function<Scalar, fn::Asinh>},
    {"Acosh", import_function<Scalar, fn::Acosh>},
    {"Atanh", import_function<Scalar, fn::Atanh>},
    {"Celu", import_celu<Scalar>},
    {"ThresholdedRelu", import_thresholded_relu<Scalar>},
    {"Shrink", import_shrink<Scalar>},
    {"Swish", import_swish<Scalar>},
    {"Floor", import_steps<Scalar, fn::Floor>},
    {"Ceil", import_steps<Scalar, fn::Ceil>},
    {"Round", import_steps<Scalar, fn::Round>},
    {"Sign", import_steps<Scalar, fn::Sign>},
}};

}  // namespace ascribe::onnx
