/// The activation functions, Clip and PRelu.
#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>

namespace ascribe::onnx {

inline Activation add_function(Importer& importer, const Node& node, const Activation& a, layer::Function f,
                               std::string_view part = "") {
  return importer.add(node, part, std::move(f), {a}, a.dims, a.order);
}

/// A function without parameters.
template <class F>
void import_function(Importer& importer, const Node& node) {
  Attributes(node).finish();
  importer.define(node.outputs[0], add_function(importer, node, importer.activation(node, 0), F()));
}

/// A function's parameter: an attribute, or what ONNX takes in its place.
inline double parameter(Attributes& attributes, std::string_view name, double otherwise) {
  return attributes.has(name) ? double(attributes.real(name, 0)) : otherwise;
}

inline void import_leaky_relu(Importer& importer, const Node& node) {
  Attributes attributes(node);
  const fn::LeakyRelu f{parameter(attributes, "alpha", 0.01)};
  attributes.finish();
  importer.define(node.outputs[0], add_function(importer, node, importer.activation(node, 0), f));
}

inline void import_elu(Importer& importer, const Node& node) {
  Attributes attributes(node);
  const fn::Elu f{parameter(attributes, "alpha", 1)};
  attributes.finish();
  importer.define(node.outputs[0], add_function(importer, node, importer.activation(node, 0), f));
}

inline void import_selu(Importer& importer, const Node& node) {
  Attributes attributes(node);
  fn::Selu f;
  f.alpha = parameter(attributes, "alpha", f.alpha);
  f.gamma = parameter(attributes, "gamma", f.gamma);
  attributes.finish();
  importer.define(node.outputs[0], add_function(importer, node, importer.activation(node, 0), f));
}

inline void import_hard_sigmoid(Importer& importer, const Node& node) {
  Attributes attributes(node);
  const fn::HardSigmoid f{parameter(attributes, "alpha", 0.2), parameter(attributes, "beta", 0.5)};
  attributes.finish();
  importer.define(node.outputs[0], add_function(importer, node, importer.activation(node, 0), f));
}

inline void import_gelu(Importer& importer, const Node& node) {
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
inline fn::Clip clip_bounds(const Importer& importer, const Node& node) {
  fn::Clip clip;
  Attributes attributes(node);
  if (attributes.has("min")) clip.low = double(attributes.real("min", 0));
  if (attributes.has("max")) clip.high = double(attributes.real("max", 0));
  attributes.finish();
  if (importer.has_input(node, 1)) clip.low = importer.constant(node, 1).value<double>();
  if (importer.has_input(node, 2)) clip.high = importer.constant(node, 2).value<double>();
  if (std::isnan(clip.low) || std::isnan(clip.high)) fail(describe(node), ": a bound is NaN");
  // The lowest and the highest number of a type are how exporters write "no bound".
  if (clip.low <= double(std::numeric_limits<float>::lowest()))
    clip.low = -std::numeric_limits<double>::infinity();
  if (clip.high >= double(std::numeric_limits<float>::max()))
    clip.high = std::numeric_limits<double>::infinity();
  return clip;
}

inline void import_clip(Importer& importer, const Node& node) {
  const fn::Clip clip = clip_bounds(importer, node);
  const Activation& a = importer.activation(node, 0);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (clip.low > clip.high) {  // min(max(x, low), high) is high everywhere
    const Activation high = as_activation(Tensor::of("high", {}, std::vector<double>{clip.high}));
    importer.define(node.outputs[0], importer.gather(node, "", {a, high}, a,
                                                     [&](const std::vector<Index>&) { return a.size(); }));
  } else if (clip.low == 0 && clip.high == infinity) {
    importer.define(node.outputs[0], add_function(importer, node, a, fn::Relu()));
  } else if (clip.low == 0 && clip.high == 6) {
    importer.define(node.outputs[0], add_function(importer, node, a, fn::Relu6()));
  } else {
    importer.define(node.outputs[0], add_function(importer, node, a, clip));
  }
}

inline void import_prelu(Importer& importer, const Node& node) {
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
  auto slopes = importer.broadcast(node, slope, a);
  if (slopes.size() == 1) {
    importer.define(node.outputs[0], add_function(importer, node, a, fn::LeakyRelu{slopes[0]}));
    return;
  }
  importer.define(node.outputs[0], add_function(importer, node, a, fn::Prelu<double>(std::move(slopes))));
}

inline void import_neg(Importer& importer, const Node& node) {
  Attributes(node).finish();
  importer.define(node.outputs[0], add_function(importer, node, importer.activation(node, 0), fn::Scale{-1}));
}

inline constexpr std::array<Operator, 15> elementwise_operators{{
    {"Relu", import_function<fn::Relu>},
    {"Sigmoid", import_function<fn::Sigmoid>},
    {"Tanh", import_function<fn::Tanh>},
    {"Softplus", import_function<fn::Softplus>},
    {"Softsign", import_function<fn::Softsign>},
    {"Abs", import_function<fn::Abs>},
    {"HardSwish", import_function<fn::HardSwish>},
    {"Mish", import_function<fn::Mish>},
    {"LeakyRelu", import_leaky_relu},
    {"Elu", import_elu},
    {"Selu", import_selu},
    {"HardSigmoid", import_hard_sigmoid},
    {"Gelu", import_gelu},
    {"PRelu", import_prelu},
    {"Neg", import_neg},
}};

}  // namespace ascribe::onnx
