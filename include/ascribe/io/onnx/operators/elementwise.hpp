/// The activation functions, Clip and PRelu.
#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <ascribe/functions/abs.hpp>
#include <ascribe/functions/clip.hpp>
#include <ascribe/functions/elu.hpp>
#include <ascribe/functions/gelu.hpp>
#include <ascribe/functions/hard_sigmoid.hpp>
#include <ascribe/functions/hard_swish.hpp>
#include <ascribe/functions/leaky_relu.hpp>
#include <ascribe/functions/mish.hpp>
#include <ascribe/functions/prelu.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/scale.hpp>
#include <ascribe/functions/selu.hpp>
#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/functions/silu.hpp>
#include <ascribe/functions/softplus.hpp>
#include <ascribe/functions/softsign.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/io/onnx/importer.hpp>

namespace ascribe::onnx {

template <class Scalar, class F>
Activation add_function(Importer<Scalar>& importer, const Node& node, const Activation& a, F f,
                        std::string_view part = "") {
  return importer.add(node, part, Elementwise(std::move(f)), {a}, a.dims, a.order);
}

/// A function without parameters.
template <class Scalar, class F>
void import_function(Importer<Scalar>& importer, const Node& node) {
  Attributes(node).finish();
  importer.define(node.outputs[0], add_function(importer, node, importer.activation(node, 0), F()));
}

/// A function's parameter: an attribute, or what ONNX takes in its place.
inline double parameter(Attributes& attributes, std::string_view name, double otherwise) {
  return attributes.has(name) ? double(attributes.real(name, 0)) : otherwise;
}

template <class Scalar>
void import_leaky_relu(Importer<Scalar>& importer, const Node& node) {
  Attributes attributes(node);
  const fn::LeakyRelu f{parameter(attributes, "alpha", 0.01)};
  attributes.finish();
  importer.define(node.outputs[0], add_function(importer, node, importer.activation(node, 0), f));
}

template <class Scalar>
void import_elu(Importer<Scalar>& importer, const Node& node) {
  Attributes attributes(node);
  const fn::Elu f{parameter(attributes, "alpha", 1)};
  attributes.finish();
  importer.define(node.outputs[0], add_function(importer, node, importer.activation(node, 0), f));
}

template <class Scalar>
void import_selu(Importer<Scalar>& importer, const Node& node) {
  Attributes attributes(node);
  fn::Selu f;
  f.alpha = parameter(attributes, "alpha", f.alpha);
  f.gamma = parameter(attributes, "gamma", f.gamma);
  attributes.finish();
  importer.define(node.outputs[0], add_function(importer, node, importer.activation(node, 0), f));
}

template <class Scalar>
void import_hard_sigmoid(Importer<Scalar>& importer, const Node& node) {
  Attributes attributes(node);
  const fn::HardSigmoid f{parameter(attributes, "alpha", 0.2), parameter(attributes, "beta", 0.5)};
  attributes.finish();
  importer.define(node.outputs[0], add_function(importer, node, importer.activation(node, 0), f));
}

template <class Scalar>
void import_gelu(Importer<Scalar>& importer, const Node& node) {
  Attributes attributes(node);
  const std::string form = attributes.text("approximate", "none");
  attributes.finish();
  const Activation& a = importer.activation(node, 0);
  if (form == "none")
    importer.define(node.outputs[0], add_function(importer, node, a, fn::Gelu()));
  else if (form == "tanh")
    importer.define(node.outputs[0], add_function(importer, node, a, fn::GeluTanh()));
  else
    fail(describe(node), ": attribute 'approximate': expected none or tanh, found ", shown(form));
}

/// The bounds of a Clip: attributes until opset 10, constant inputs from 11 on.
template <class Scalar>
fn::Clip clip_bounds(const Importer<Scalar>& importer, const Node& node) {
  fn::Clip clip;
  Attributes attributes(node);
  if (attributes.has("min")) clip.low = double(attributes.real("min", 0));
  if (attributes.has("max")) clip.high = double(attributes.real("max", 0));
  attributes.finish();
  if (importer.has_input(node, 1)) clip.low = double(importer.constant(node, 1).template value<Scalar>());
  if (importer.has_input(node, 2)) clip.high = double(importer.constant(node, 2).template value<Scalar>());
  if (std::isnan(clip.low) || std::isnan(clip.high)) fail(describe(node), ": a bound is NaN");
  // The lowest and the highest number of a type are how exporters write "no bound".
  if (clip.low <= double(std::numeric_limits<float>::lowest()))
    clip.low = -std::numeric_limits<double>::infinity();
  if (clip.high >= double(std::numeric_limits<float>::max()))
    clip.high = std::numeric_limits<double>::infinity();
  return clip;
}

template <class Scalar>
void import_clip(Importer<Scalar>& importer, const Node& node) {
  const fn::Clip clip = clip_bounds(importer, node);
  const Activation& a = importer.activation(node, 0);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (clip.low > clip.high) {  // min(max(x, low), high) is high everywhere
    importer.define(node.outputs[0], importer.gather(
                                         node, "", a, a.dims, a.order,
                                         [](const std::vector<Index>&) { return Index(-1); }, clip.high));
  } else if (clip.low == 0 && clip.high == infinity) {
    importer.define(node.outputs[0], add_function(importer, node, a, fn::Relu()));
  } else if (clip.low == 0 && clip.high == 6) {
    importer.define(node.outputs[0], add_function(importer, node, a, fn::Relu6()));
  } else {
    importer.define(node.outputs[0], add_function(importer, node, a, clip));
  }
}

template <class Scalar>
void import_prelu(Importer<Scalar>& importer, const Node& node) {
  Attributes(node).finish();
  const Activation& given = importer.activation(node, 0);
  const Activation a = importer.in_order(node, given, channels_last(given.rank()));
  // Before opset 7 a list of slopes is one a channel, whatever the axes behind.
  Tensor slope = importer.constant(node, 1);
  if (importer.opset() < 7 && slope.rank() == 1 && a.rank() > 2) {
    Dims dims(std::size_t(a.rank() - 1), 1);
    dims[0] = slope.size();
    slope = slope.reshaped(dims);
  }
  const auto slopes = importer.broadcast(node, slope, a);
  if (slopes.size() == 1) {
    importer.define(node.outputs[0], add_function(importer, node, a, fn::LeakyRelu{double(slopes(0))}));
    return;
  }
  std::vector<double> list;
  for (const Scalar& one : slopes) list.push_back(double(one));
  importer.define(node.outputs[0], add_function(importer, node, a, fn::Prelu<Scalar>(std::move(list))));
}

template <class Scalar>
void import_neg(Importer<Scalar>& importer, const Node& node) {
  Attributes(node).finish();
  importer.define(node.outputs[0], add_function(importer, node, importer.activation(node, 0), fn::Scale{-1}));
}

template <class Scalar>
inline constexpr std::array<Operator<Scalar>, 15> elementwise_operators{{
    {"Relu", import_function<Scalar, fn::Relu>},
    {"Sigmoid", import_function<Scalar, fn::Sigmoid>},
    {"Tanh", import_function<Scalar, fn::Tanh>},
    {"Softplus", import_function<Scalar, fn::Softplus>},
    {"Softsign", import_function<Scalar, fn::Softsign>},
    {"Abs", import_function<Scalar, fn::Abs>},
    {"HardSwish", import_function<Scalar, fn::HardSwish>},
    {"Mish", import_function<Scalar, fn::Mish>},
    {"LeakyRelu", import_leaky_relu<Scalar>},
    {"Elu", import_elu<Scalar>},
    {"Selu", import_selu<Scalar>},
    {"HardSigmoid", import_hard_sigmoid<Scalar>},
    {"Gelu", import_gelu<Scalar>},
    {"PRelu", import_prelu<Scalar>},
    {"Neg", import_neg<Scalar>},
}};

}  // namespace ascribe::onnx
