/// Sums, products, quotients, maxima and minima of values, masks, and local response normalisation.
#pragma once

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/elementwise.hpp>
#include <ascribe/io/onnx/operators/window.hpp>

namespace ascribe::onnx {

/// numpy's common shape. Throws Error where there is none.
inline Dims broadcast_dims(const Node& node, const Dims& a, const Dims& b) {
  const std::size_t rank = std::max(a.size(), b.size());
  Dims result(rank, 1);
  for (std::size_t k = 0; k < rank; ++k) {  // from the back
    const Index x = k < a.size() ? a[a.size() - 1 - k] : 1, y = k < b.size() ? b[b.size() - 1 - k] : 1;
    if (x != y && x != 1 && y != 1)
      fail(describe(node), ": expected shapes that fit, found ", shown(a), " and ", shown(b));
    result[rank - 1 - k] = x == 1 ? y : x;
  }
  return result;
}

/// A value in a larger shape, repeated along the axes in which it has size 1. Where it is repeated, it gets
/// the order that is given.
inline Activation expand(Importer& importer, const Node& node, Activation a, const Dims& dims,
                         const AxisOrder* given_order = nullptr) {
  const Index missing = Index(dims.size()) - a.rank();
  a.dims.insert(a.dims.begin(), std::size_t(missing), 1);
  for (Index& axis : a.order) axis += missing;
  const AxisOrder front = c_order(missing);
  a.order.insert(a.order.begin(), front.begin(), front.end());
  if (a.batch_axis >= 0) a.batch_axis += missing;
  return importer.select(node, "expand", a, dims, given_order ? *given_order : a.order,
                         [&](std::size_t axis, Index i) { return a.dims[axis] == 1 ? 0 : i; });
}

/// All values in one shape and one order in memory: that of the first that needs no expansion.
inline std::vector<Activation> aligned(Importer& importer, const Node& node, std::vector<Activation> values) {
  Dims dims = values.front().dims;
  for (const Activation& a : values) dims = broadcast_dims(node, dims, a.dims);
  const AxisOrder* order = nullptr;
  for (const Activation& a : values)
    if (!order && a.dims == dims) order = &a.order;
  const AxisOrder common = order ? *order : c_order(Index(dims.size()));
  for (Activation& a : values) {
    a = expand(importer, node, a, dims, &common);
    if (a.batch_axis != values.front().batch_axis)
      throw BatchError(node, "expected the batch's axis at the same place of all inputs, found ",
                       a.batch_axis, " and ", values.front().batch_axis);
    a = importer.in_order(node, a, common);
  }
  return values;
}

inline Activation add_sum(Importer& importer, const Node& node, const std::vector<Activation>& values,
                          std::string_view part = "") {
  const auto all = aligned(importer, node, values);
  if (all.size() == 1) return all.front();
  return importer.add(node, part, layer::MatMul{layer::Sum{Index(all.size()), all.front().size()}}, all,
                      all.front().dims, all.front().order);
}

/// The signal times the gate, which rule::GateConstant takes for a constant. Of one shape, or repeated to it.
inline Activation add_gated(Importer& importer, const Node& node, const Activation& signal,
                            const Activation& gate, std::string_view part = "", bool quotient = false) {
  const auto factors = aligned(importer, node, {signal, gate});
  kind::Product product(factors[0].size());
  product.quotient = quotient;
  return importer.add(node, part, product, factors, factors[0].dims, factors[0].order);
}
/// The same of the inverse of a divisor.
inline Activation add_quotient(Importer& importer, const Node& node, const Activation& dividend,
                               const Activation& inverse, std::string_view part = "") {
  return add_gated(importer, node, dividend, inverse, part, true);
}

/// scale ⊙ a + shift by constants; either may be left out.
inline Activation add_affine(Importer& importer, const Node& node, Activation a, const Tensor* scale,
                             const Tensor* shift, double sign = 1, std::string_view part = "") {
  a = expand(importer, node, a, broadcast_dims(node, a.dims, (scale ? scale : shift)->dims()));
  layer::MatMul affine{
      layer::ChannelScale{a.size(), scale ? importer.broadcast(node, *scale, a) : layer::Numbers{sign}}};
  if (shift) affine.bias = importer.broadcast(node, *shift, a);
  return importer.add(node, part, affine, {a}, a.dims, a.order);
}

/// The negative of a constant, or its inverse.
template <class F>
Tensor changed(const Tensor& constant, F f) {
  auto values = constant.values<double>();
  for (double& v : values) v = f(v);
  return Tensor::of(constant.name(), constant.dims(), std::move(values));
}

/// The inputs of an operator of two, numpy's broadcasting applied to what older files say by attributes:
/// before opset 7 the second input's axes stand where `axis` says, and sizes of 1 behind them are left out.
struct Operands {
  bool constant[2];
  Activation activation[2];
  Tensor tensor[2];

  Operands(const Importer& importer, const Node& node) {
    Attributes attributes(node);
    Index behind = 0;
    if (importer.opset() < 7) {
      const bool broadcast = attributes.flag("broadcast", false);
      const bool has_axis = attributes.has("axis");
      const Index axis = Index(attributes.integer("axis", 0));
      attributes.ignore("consumed_inputs");
      if (broadcast && has_axis) {
        const auto rank = [&](std::size_t k) {
          return importer.is_constant(node, k) ? importer.constant(node, k).rank()
                                               : importer.activation(node, k).rank();
        };
        behind = rank(0) - axis_of(node, axis, rank(0)) - rank(1);
        if (behind < 0)
          fail(describe(node), ": attribute 'axis': expected the second input's ", rank(1),
               " axes to fit, found ", axis);
      }
    }
    attributes.finish();
    if (node.inputs.size() != 2) fail(describe(node), ": expected 2 inputs, found ", node.inputs.size());
    for (std::size_t k = 0; k < 2; ++k) {
      constant[k] = importer.is_constant(node, k);
      const std::size_t ones = k == 1 ? std::size_t(behind) : 0;
      if (constant[k]) {
        tensor[k] = importer.constant(node, k);
        Dims dims = tensor[k].dims();
        dims.insert(dims.end(), ones, 1);
        tensor[k] = tensor[k].reshaped(dims);
      } else {
        activation[k] = importer.activation(node, k);
        for (std::size_t one = 0; one < ones; ++one) {
          activation[k].order.push_back(activation[k].rank());
          activation[k].dims.push_back(1);
        }
      }
    }
  }
};

/// Whether softmaxes alone read what a node computes, perhaps moved, scaled or added to before. Constants of −∞
/// are legal there: what they mask takes no part.
inline bool masks_softmax(const Importer& importer, const Node& node) {
  constexpr std::string_view between[] = {"Add",       "Cast",    "Concat",  "Dropout", "Expand",
                                          "Identity",  "Reshape", "Slice",   "Split",   "Squeeze",
                                          "Transpose", "Unsqueeze", "Where"};
  std::vector<const Node*> open{&node};
  for (std::size_t seen = 0; seen < open.size(); ++seen) {
    const auto all = importer.consumers(*open[seen]);
    if (!all || all->empty()) return false;
    for (const Node* reader : *all) {
      if (reader->op_type == "Softmax" || std::find(open.begin(), open.end(), reader) != open.end()) continue;
      if (std::find(std::begin(between), std::end(between), reader->op_type) == std::end(between)) return false;
      open.push_back(reader);
    }
  }
  return true;
}

/// Constants as a mask: what is −∞, or as good as, stands for what a softmax leaves out.
inline Tensor as_mask(const Tensor& constant) {
  return changed(constant, [](double v) { return v < kind::Softmax::masked ? kind::Softmax::masked : v; });
}

inline void import_add(Importer& importer, const Node& node) {
  const Operands in(importer, node);
  for (std::size_t k = 0; k < 2; ++k) {
    if (!in.constant[k]) continue;
    const Tensor shift = masks_softmax(importer, node) ? as_mask(in.tensor[k]) : in.tensor[k];
    return importer.define(node.outputs[0],
                           add_affine(importer, node, in.activation[1 - k], nullptr, &shift));
  }
  importer.define(node.outputs[0], add_sum(importer, node, {in.activation[0], in.activation[1]}));
}

/// Operand `first` minus the other one.
inline Activation add_difference(Importer& importer, const Node& node, const Operands& in,
                                 std::size_t first = 0, std::string_view part = "") {
  const std::size_t second = 1 - first;
  if (in.constant[second]) {
    const Tensor shift = changed(in.tensor[second], [](double v) { return -v; });
    return add_affine(importer, node, in.activation[first], nullptr, &shift, 1, part);
  }
  if (in.constant[first])
    return add_affine(importer, node, in.activation[second], nullptr, &in.tensor[first], -1, part);
  const Activation minus = add_function(importer, node, in.activation[second], fn::Scale{-1}, "negative");
  return add_sum(importer, node, {in.activation[first], minus}, part);
}

inline void import_sub(Importer& importer, const Node& node) {
  importer.define(node.outputs[0], add_difference(importer, node, Operands(importer, node)));
}

/// Whether a value is the inverse of one that a normalisation divides by, as exporters spell it.
inline bool is_inverse(const Importer& importer, const std::string& value) {
  const Node* from = importer.producer(value);
  if (!from) return false;
  if (from->op_type == "Pow" && importer.is_constant(*from, 1)) {
    const Tensor& exponent = importer.constant(*from, 1);
    return exponent.size() == 1 && exponent.value<double>() < 0;
  }
  return from->op_type == "Reciprocal" || (from->op_type == "Div" && importer.is_constant(*from, 0));
}

/// Which factor of a product is the gate: the one that is repeated to the other's size (squeeze-and-
/// excitation), or that comes out of a function with bounds or is a condition; else the second.
inline Index gate_of(const Importer& importer, const Node& node) {
  const Activation &a = importer.activation(node, 0), &b = importer.activation(node, 1);
  if (is_inverse(importer, node.inputs[0]) != is_inverse(importer, node.inputs[1]))
    return is_inverse(importer, node.inputs[0]) ? 0 : 1;
  if (a.size() != b.size()) return a.size() < b.size() ? 0 : 1;
  const auto bounded = [&](std::size_t k) {
    const Node* from = importer.producer(node.inputs[k]);
    if (from && from->op_type == "Cast" && !from->inputs.empty()) from = importer.producer(from->inputs[0]);
    constexpr std::string_view types[] = {
        "Sigmoid", "HardSigmoid", "Tanh", "Clip", "Greater", "GreaterOrEqual", "Less", "LessOrEqual",
        "Equal",   "And",         "Or",   "Xor",  "Not"};
    return from && std::find(std::begin(types), std::end(types), from->op_type) != std::end(types);
  };
  return bounded(0) && !bounded(1) ? 0 : 1;
}

inline void import_mul(Importer& importer, const Node& node) {
  const Operands in(importer, node);
  for (std::size_t k = 0; k < 2; ++k)
    if (in.constant[k])
      return importer.define(node.outputs[0],
                             add_affine(importer, node, in.activation[1 - k], &in.tensor[k], nullptr));
  if (node.inputs[0] == node.inputs[1])
    return importer.define(node.outputs[0], add_function(importer, node, in.activation[0], fn::Power{2}));
  const Index gate = gate_of(importer, node);
  const auto factors = aligned(importer, node, {in.activation[0], in.activation[1]});
  kind::Product product(factors[0].size(), gate);
  product.quotient = is_inverse(importer, node.inputs[std::size_t(gate)]);
  importer.define(node.outputs[0],
                  importer.add(node, "", product, factors, factors[0].dims, factors[0].order));
}

/// By a constant a scaling; by a value that depends on the network's inputs, the product with its inverse,
/// which is the gate.
inline void import_div(Importer& importer, const Node& node) {
  const Operands in(importer, node);
  if (in.constant[1]) {
    const Tensor scale = changed(in.tensor[1], [&](double v) {
      if (v == 0) fail(describe(node), ": expected divisors other than 0");
      return 1 / v;
    });
    return importer.define(node.outputs[0], add_affine(importer, node, in.activation[0], &scale, nullptr));
  }
  const Activation inverse = add_function(importer, node, in.activation[1], fn::Reciprocal(), "inverse");
  importer.define(node.outputs[0], in.constant[0]
                                       ? add_affine(importer, node, inverse, &in.tensor[0], nullptr)
                                       : add_quotient(importer, node, in.activation[0], inverse));
}

/// Sum and Mean of any number of values, constants among them.
template <bool mean>
void import_sum(Importer& importer, const Node& node) {
  Attributes(node).finish();
  std::vector<Activation> values;
  std::vector<const Tensor*> constants;
  for (std::size_t k = 0; k < node.inputs.size(); ++k)
    if (importer.is_constant(node, k))
      constants.push_back(&importer.constant(node, k));
    else
      values.push_back(importer.activation(node, k));
  Activation sum = add_sum(importer, node, values);
  for (const Tensor* constant : constants)
    sum = add_affine(importer, node, sum, nullptr, constant, 1, "constant");
  if (mean && node.inputs.size() > 1) {
    const Tensor share = Tensor::of<double>("", {}, {1.0 / double(node.inputs.size())});
    sum = add_affine(importer, node, sum, &share, nullptr, 1, "mean");
  }
  importer.define(node.outputs[0], sum);
}

/// A value of constants for a maximum with `a`, as a layer that reads nothing of it but where the constant is
/// −∞: there it repeats `a`, which leaves the maximum as it is and keeps every number finite.
inline Activation add_constant(Importer& importer, const Node& node, const Activation& a,
                               const Tensor& constant) {
  std::vector<Index> sources(std::size_t(a.size()), -1);
  layer::Numbers values = importer.broadcast(node, constant, a);
  const std::size_t period = values.size();
  for (std::size_t j = 0; j < sources.size(); ++j)
    if (values[j % period] == -std::numeric_limits<double>::infinity()) sources[j] = Index(j);
  for (std::size_t j = 0; j < period; ++j)
    if (sources[j] >= 0) values[j] = 0;
  return importer.add(node, "constant",
                      layer::MatMul{layer::Selection{a.size(), std::move(sources)}, std::move(values)}, {a},
                      a.dims, a.order);
}

inline Activation add_max(Importer& importer, const Node& node, std::vector<Activation> values,
                          const std::vector<Tensor>& constants, std::string_view part) {
  for (const Tensor& constant : constants) {
    const Activation& largest = values.front();
    const Dims dims = broadcast_dims(node, largest.dims, constant.dims());
    values.push_back(add_constant(importer, node, expand(importer, node, largest, dims), constant));
  }
  const auto all = aligned(importer, node, values);
  if (all.size() == 1) return all.front();
  return importer.add(node, part, layer::Max{window::Branches(Index(all.size()), all.front().size())}, all,
                      all.front().dims, all.front().order);
}

/// The maximum over branches, and the minimum as −max(−…). One value and one number are a ReLU or a Clip.
inline Activation add_extremum(Importer& importer, const Node& node, std::vector<Activation> values,
                               std::vector<Tensor> constants, bool minimum, std::string_view part = "") {
  // −∞ is never the maximum, and +∞ never the minimum; the other one is all there would be.
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const Tensor& constant : constants)
    for (const double v : constant.values<double>())
      if (const double c = minimum ? -v : v; !(c < infinity))
        fail(describe(node), ": expected constants that are finite or ", minimum ? "" : "-",
             "infinity, found ", v);
  if (values.size() == 1 && constants.size() == 1 && constants[0].size() == 1 &&
      constants[0].rank() <= values[0].rank()) {
    const double bound = constants[0].value<double>();
    if (!minimum && bound == 0) return add_function(importer, node, values[0], fn::Relu(), part);
    fn::Clip clip;
    (minimum ? clip.high : clip.low) = bound;
    return add_function(importer, node, values[0], clip, part);
  }
  if (!minimum) return add_max(importer, node, std::move(values), constants, part);
  for (Activation& a : values) a = add_function(importer, node, a, fn::Scale{-1}, "negative");
  for (Tensor& constant : constants) constant = changed(constant, [](double v) { return -v; });
  const Activation most = add_max(importer, node, std::move(values), constants, "maximum");
  return add_function(importer, node, most, fn::Scale{-1}, part);
}

/// Max and Min of any number of values, constants among them.
template <bool minimum>
void import_extremum(Importer& importer, const Node& node) {
  Attributes(node).finish();
  std::vector<Activation> values;
  std::vector<Tensor> constants;
  for (std::size_t k = 0; k < node.inputs.size(); ++k)
    if (importer.is_constant(node, k))
      constants.push_back(importer.constant(node, k));
    else
      values.push_back(importer.activation(node, k));
  importer.define(node.outputs[0],
                  add_extremum(importer, node, std::move(values), std::move(constants), minimum));
}

/// A Clip one of whose bounds depends on the network's inputs, min(max(x, low), high); any other is a
/// function.
inline void import_clip_by_any(Importer& importer, const Node& node) {
  const auto depends = [&](std::size_t k) {
    return importer.has_input(node, k) && !importer.is_constant(node, k);
  };
  if (!depends(1) && !depends(2)) return import_clip(importer, node);
  Attributes(node).finish();
  Activation value = importer.activation(node, 0);
  for (const std::size_t k : {std::size_t(1), std::size_t(2)}) {
    if (!importer.has_input(node, k)) continue;
    std::vector<Activation> values{value};
    std::vector<Tensor> constants;
    if (depends(k))
      values.push_back(importer.activation(node, k));
    else
      constants.push_back(importer.constant(node, k));
    const Index size = depends(k) ? values.back().size() : constants.back().size();
    if (size != 1) fail(describe(node), ": input ", k, ": expected a bound of 1 value, found ", size);
    if (!depends(k)) constants.back() = constants.back().reshaped({});
    const bool last = k == 2 || !importer.has_input(node, 2);
    value = add_extremum(importer, node, std::move(values), std::move(constants), k == 2, last ? "" : "low");
  }
  importer.define(node.outputs[0], value);
}

/// Local response normalisation (Krizhevsky et al. 2012, §3.3), x·(bias + alpha/size·Σx²)^(−beta) with the
/// sum over `size` neighbouring channels, from the parts that it is made of: the value times a gate. Under
/// GateConstant it hands its relevance on as it is.
inline void import_lrn(Importer& importer, const Node& node) {
  Attributes attributes(node);
  const Index size = Index(attributes.required<std::int64_t>("size"));
  const double alpha = parameter(attributes, "alpha", 1e-4), beta = parameter(attributes, "beta", 0.75),
               bias = parameter(attributes, "bias", 1);
  attributes.finish();
  const Activation& given = importer.activation(node, 0);
  if (given.rank() < 2 || size < 1)
    fail(describe(node), ": expected channels along axis 1 and a size above 0, found shape ",
         shown(given.dims), " and size ", size);
  const Activation a = importer.in_order(node, given, channels_last(given.rank()));
  const Index channels = a.dims[1];
  importer.charge(node, {channels, channels}, sizeof(double));
  std::vector<double> window(std::size_t(channels * channels), 0);
  for (Index c = 0; c < channels; ++c)
    for (Index k = std::max<Index>(0, c - (size - 1) / 2); k <= std::min(channels - 1, c + size / 2); ++k)
      window[std::size_t(c * channels + k)] = 1;
  layer::Convolution neighbours{.geometry = {.input = {1, a.size() / channels}},
                                .channels = channels,
                                .filters = channels,
                                .weights = Tensor::of("", {channels, channels}, std::move(window)),
                                .aggregation = "Sum over channels"};
  importer.charge(node, neighbours);
  const Activation squares = add_function(importer, node, a, fn::Power{2}, "squares");
  const Activation sums =
      importer.add(node, "sums", layer::MatMul{std::move(neighbours)}, {squares}, a.dims, a.order);
  const Activation gate =
      add_function(importer, node, sums, fn::Power{-beta, bias, alpha / double(size)}, "gate");
  importer.define(node.outputs[0], add_quotient(importer, node, a, gate));
}

inline constexpr std::array<Operator, 10> arithmetic_operators{{
    {"Add", import_add},
    {"Sub", import_sub},
    {"Mul", import_mul},
    {"Div", import_div},
    {"Sum", import_sum<false>},
    {"Mean", import_sum<true>},
    {"Max", import_extremum<false>},
    {"Min", import_extremum<true>},
    {"Clip", import_clip_by_any},
    {"LRN", import_lrn},
}};

}  // namespace ascribe::onnx
