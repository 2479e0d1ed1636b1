/// Conv, ConvTranspose, Gemm, MatMul and BatchNormalization.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/contraction.hpp>
#include <ascribe/io/onnx/operators/arithmetic.hpp>
#include <ascribe/io/onnx/operators/normalisation.hpp>
#include <ascribe/io/onnx/operators/window.hpp>
#include <ascribe/maps/channel_scale.hpp>

namespace ascribe::onnx {

/// out = scale ⊙ in + shift with an entry a channel (or one for all): what a node by constants does to the
/// outputs of the layer before it.
struct ChannelAffine {
  layer::Numbers scale, shift;
};

/// The scale and shift of a BatchNormalization as inference has them. Throws Error for spatial = 0 and
/// a variance that is not positive.
inline ChannelAffine batch_normalisation(const Importer& importer, const Node& node, Index channels) {
  Attributes attributes(node);
  const double epsilon = double(attributes.real("epsilon", 1e-5f));
  attributes.ignore("momentum");
  attributes.ignore("training_mode");  // which `in_training` reads
  if (importer.opset() < 7) {
    attributes.ignore("consumed_inputs");
    if (!attributes.flag("is_test", false))
      fail(describe(node), ": attribute 'is_test': expected 1, found 0");
  }
  if (!attributes.flag("spatial", true)) fail(describe(node), ": attribute 'spatial': expected 1, found 0");
  attributes.finish();
  std::array<Eigen::VectorXd, 4> parts;
  for (std::size_t k = 0; k < 4; ++k) {
    const Tensor& t = importer.constant(node, k + 1);
    if (t.size() != channels)
      fail(describe(node), ": input ", k + 1, ": expected ", channels, " channels, found ", t.size());
    parts[k].resize(channels);
    t.copy_to(std::span<double>(parts[k].data(), std::size_t(channels)));
  }
  try {
    const auto folded = map::scale_and_bias(parts[0], parts[1], parts[2], parts[3], epsilon);
    return {{folded.scale.begin(), folded.scale.end()}, {folded.bias.begin(), folded.bias.end()}};
  } catch (const Error& error) {
    fail(describe(node), ": ", error.what());
  }
}

/// Whether a BatchNormalization is to take the mean and variance of what it reads.
inline bool in_training(const Node& node) {
  return node.op_type == "BatchNormalization" && Attributes(node).flag("training_mode", false);
}
inline void note_training(Importer& importer, const Node& node) {
  if (in_training(node))
    importer.note(describe(node) +
                  " is in training mode: it is read as inference has it, with the mean and " +
                  "variance that were learned");
}

/// What `next` does to its input 0, if that is an affine map by constants with one entry a channel (axis 1 of
/// `dims`, or the last where `channels_last`), or one for all: BatchNormalization, Add, Sub, Mul, Div.
inline std::optional<ChannelAffine> as_channel_affine(const Importer& importer, const Node& next,
                                                      const std::string& value, const Dims& dims,
                                                      std::size_t channel_axis) {
  const Index channels = dims[channel_axis];
  if (next.op_type == "BatchNormalization") {
    if (next.inputs[0] != value || channel_axis != 1 || importer.has_output(next, 1)) return std::nullopt;
    return batch_normalisation(importer, next, channels);
  }
  const bool add = next.op_type == "Add", sub = next.op_type == "Sub", mul = next.op_type == "Mul",
             div = next.op_type == "Div";
  if ((!add && !sub && !mul && !div) || next.inputs.size() != 2 || !next.attributes.empty())
    return std::nullopt;
  const std::size_t k = next.inputs[0] == value ? 1 : 0;
  if (!importer.is_constant(next, k) || (k == 0 && div)) return std::nullopt;
  const Tensor& constant = importer.constant(next, k);
  // One entry a channel: every other axis of the constant has size 1.
  const Index offset = Index(dims.size()) - constant.rank();
  if (offset < 0) return std::nullopt;
  for (Index axis = 0; axis < constant.rank(); ++axis) {
    const Index size = constant.dims()[std::size_t(axis)];
    if (size != 1 && (std::size_t(axis + offset) != channel_axis || size != channels)) return std::nullopt;
  }
  auto values = constant.values<double>();
  if (values.size() == 1) values.assign(std::size_t(channels), values[0]);
  const layer::Numbers ones(std::size_t(channels), 1), zeros(std::size_t(channels), 0);
  if (add) return ChannelAffine{ones, values};
  if (mul) return ChannelAffine{values, zeros};
  if (sub && k == 1) {
    for (double& v : values) v = -v;
    return ChannelAffine{ones, values};
  }
  if (sub) return ChannelAffine{layer::Numbers(std::size_t(channels), -1), values};
  for (double& v : values) {
    if (v == 0) fail(describe(next), ": expected a divisor other than 0");
    v = 1 / v;
  }
  return ChannelAffine{values, zeros};
}

/// Folds the nodes behind a linear one that are affine by channel into a factor for each of its channels and
/// its bias, and returns the last of them, whose output the layer computes. The network's output is
/// unchanged; the layer's denominators are those of the folded network.
inline const Node& fold_followers(Importer& importer, const Node& node, const Dims& dims,
                                  std::size_t channel_axis, layer::Numbers& scale, layer::Numbers& bias) {
  const Node* last = &node;
  while (const Node* next = importer.only_consumer(*last)) {
    const auto affine = as_channel_affine(importer, *next, last->outputs[0], dims, channel_axis);
    if (!affine) break;
    importer.charge(*next, {dims[channel_axis]}, 4 * sizeof(double));
    note_training(importer, *next);
    bias.resize(affine->scale.size(), 0);
    scale.resize(affine->scale.size(), 1);
    for (std::size_t o = 0; o < bias.size(); ++o) {
      scale[o] *= affine->scale[o];
      bias[o] = bias[o] * affine->scale[o] + affine->shift[o];
    }
    importer.absorb(*next);
    last = next;
  }
  return *last;
}

inline layer::Numbers bias_input(const Importer& importer, const Node& node, std::size_t k, Index channels) {
  if (!importer.has_input(node, k)) return {};
  const Tensor& tensor = importer.constant(node, k);
  if (tensor.size() != channels)
    fail(describe(node), ": the bias: expected ", channels, " entries, found ", tensor.size());
  return tensor.values<double>();
}

/// Adds a convolution with what follows it by channel, under the last node's output.
inline void add_convolution(Importer& importer, const Node& node, const Activation& a,
                            layer::Convolution convolution, const Dims& dims) {
  convolution.images = a.dims[0];
  importer.charge(node, convolution);
  layer::Numbers bias = bias_input(importer, node, 2, dims[1]);
  const Node& last = fold_followers(importer, node, dims, 1, convolution.scale, bias);
  importer.define(last.outputs[0],
                  importer.add(node, "", layer::MatMul{std::move(convolution), std::move(bias)}, {a}, dims,
                               channels_last(a.rank())));
}

inline void import_conv(Importer& importer, const Node& node) {
  const Activation a = importer.in_order(node, importer.activation(node, 0),
                                         channels_last(importer.activation(node, 0).rank()));
  const Tensor& weights = importer.constant(node, 1);
  const Dims kernel = kernel_dims(node, a, weights.dims());
  Attributes attributes(node);
  const Spatial geometry = as_spatial(window_axes(node, attributes, a, kernel));
  const Index groups = Index(attributes.integer("group", 1));
  attributes.finish();
  const Index filters = weights.dims()[0], channels = a.dims[1];
  if (groups < 1 || channels % groups != 0 || weights.dims()[1] != channels / groups || weights.size() < 1)
    fail(describe(node), ": the weights: expected ", channels, " channels in ", groups,
         " groups, found shape ", shown(weights.dims()));
  try {
    geometry.check("Conv");
  } catch (const Error& error) {
    fail(describe(node), ": ", error.what());
  }
  const Dims dims = image_dims(a, filters, geometry.output());
  add_convolution(
      importer, node, a,
      {.geometry = geometry, .channels = channels, .filters = filters, .groups = groups, .weights = weights},
      dims);
}

/// A transposed convolution is the transpose of the convolution that leads from its output to its input.
inline void import_conv_transpose(Importer& importer, const Node& node) {
  const Activation a = importer.in_order(node, importer.activation(node, 0),
                                         channels_last(importer.activation(node, 0).rank()));
  const Tensor& weights = importer.constant(node, 1);
  const Dims kernel = kernel_dims(node, a, weights.dims());
  if (weights.size() < 1)
    fail(describe(node), ": expected weights, found none: shape ", shown(weights.dims()));
  Attributes attributes(node);
  const Index groups = Index(attributes.integer("group", 1));
  const std::size_t axes = kernel.size();
  kernel_shape(node, attributes, axes, kernel);
  // The convolution back, from this layer's output to its input, which `input` below is until then.
  std::vector<WindowAxis> back = sliding_axes(node, attributes, std::span(a.dims).subspan(2), kernel);
  const auto output_padding = sizes_attribute(node, attributes, "output_padding", 0, axes),
             output_shape = sizes_attribute(node, attributes, "output_shape", 0, axes);
  const std::string automatic = automatic_padding(node, attributes);
  attributes.finish();

  // Along one axis: the size of the output, and the padding by which the full one is cut.
  const bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  for (std::size_t i = 0; i < axes; ++i) {
    WindowAxis& axis = back[i];
    const Index input = axis.input, extra = output_padding ? Index((*output_padding)[i]) : 0;
    const Index full = axis.stride * (input - 1) + extra + axis.span();
    if (automatic != "NOTSET") axis.before = axis.after = 0;
    if (output_shape || same) {
      axis.input = output_shape ? Index((*output_shape)[i]) : input * axis.stride;
      const Index total = std::max<Index>(0, full - axis.input);
      axis.before = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
    } else {
      axis.input = full - axis.before - axis.after;
    }
    if (axis.input < 1)
      fail(describe(node), ": expected an output of at least 1 along each axis, found ", axis.input);
    // It must have exactly this input as its output; behind the last window the image may go on
    // (output_padding), which the padding behind must not add a window for.
    axis.after = std::max<Index>(0, (input - 1) * axis.stride + axis.span() - axis.input - axis.before);
  }
  const Spatial s = as_spatial(back);
  const Index channels = a.dims[1];
  if (groups < 1 || weights.dims()[0] != channels || channels % groups != 0)
    fail(describe(node), ": the weights: expected ", channels, " channels in ", groups,
         " groups, found shape ", shown(weights.dims()));
  const Index filters = weights.dims()[1] * groups;  // neither is more than what there is in memory
  const Dims dims = image_dims(a, filters, s.input);
  // As a convolution, the weights' axes are already filters (this layer's inputs), channels (its outputs).
  s.check("ConvTranspose");
  if (a.dims[0] * s.output_pixels() * channels != a.size())
    fail(describe(node), ": expected the padding to leave ", a.size() / a.dims[0], " inputs, found ",
         s.output_pixels() * channels);
  add_convolution(importer, node, a,
                  {.geometry = s,
                   .channels = filters,
                   .filters = channels,
                   .groups = groups,
                   .weights = weights,
                   .transposed = true},
                  dims);
}

/// A matrix of constants, as the weights of a dense layer at so many positions.
inline layer::Dense dense_of(const Importer& importer, const Node& node, const Tensor& matrix,
                             bool transposed, Index values) {
  if (matrix.rank() != 2)
    fail(describe(node), ": expected a matrix of constants, found shape ", shown(matrix.dims()));
  if (matrix.size() < 1)
    fail(describe(node), ": expected a matrix with values, found shape ", shown(matrix.dims()));
  layer::Dense dense{.weights = matrix, .transposed = transposed};
  dense.positions = values / dense.inputs();
  if (dense.positions > 1)  // a convolution with a kernel of 1
    importer.charge(node, {.geometry = {.input = {1, dense.positions}},
                           .channels = dense.inputs(),
                           .filters = dense.outputs(),
                           .weights = matrix});
  return dense;
}

/// A dense layer along the fastest axis of `a`, at every position of the others, with what follows it.
inline void add_dense(Importer& importer, const Node& node, const Activation& a, layer::Dense dense,
                      layer::Numbers bias, Dims dims, AxisOrder order) {
  const Node& last = fold_followers(importer, node, dims, std::size_t(order.back()), dense.scale, bias);
  importer.define(last.outputs[0], importer.add(node, "", layer::MatMul{std::move(dense), std::move(bias)},
                                                {a}, std::move(dims), std::move(order)));
}

/// Y = α·A'·B' + β·C, with A an activation and B and C constants.
inline void import_gemm(Importer& importer, const Node& node) {
  Attributes attributes(node);
  const float alpha = attributes.real("alpha", 1), beta = attributes.real("beta", 1);
  const bool transposed_a = attributes.flag("transA", false), transposed_b = attributes.flag("transB", false);
  attributes.ignore("broadcast");
  attributes.finish();
  Activation a = importer.activation(node, 0);
  if (a.rank() != 2) fail(describe(node), ": expected an input of 2 axes, found shape ", shown(a.dims));
  if (transposed_a) {
    std::swap(a.dims[0], a.dims[1]);
    for (Index& axis : a.order) axis = 1 - axis;
    if (a.batch_axis >= 0) a.batch_axis = 1 - a.batch_axis;
  }
  check_not_batch(node, a, 1);
  a = importer.in_order(node, a, c_order(2));
  if (!importer.is_constant(node, 1)) {
    Activation product = add_contraction(importer, node, "product", a, "RK", importer.activation(node, 1),
                                         transposed_b ? "CK" : "KC", "RC");
    if (alpha != 1) product = add_function(importer, node, product, fn::Scale{double(alpha)}, "scaled");
    if (!importer.has_input(node, 2)) return importer.define(node.outputs[0], product);
    if (importer.is_constant(node, 2)) {
      const Tensor c = changed(importer.constant(node, 2), [&](double v) { return v * double(beta); });
      return importer.define(node.outputs[0], add_affine(importer, node, product, nullptr, &c));
    }
    Activation addend = importer.activation(node, 2);
    if (beta != 1) addend = add_function(importer, node, addend, fn::Scale{double(beta)}, "addend");
    return importer.define(node.outputs[0], add_sum(importer, node, {product, addend}));
  }
  const Tensor& matrix = importer.constant(node, 1);
  if (matrix.rank() == 2 && matrix.dims()[transposed_b ? 1 : 0] != a.dims[1])
    fail(describe(node), ": the weights: expected ", a.dims[1], " inputs, found ",
         matrix.dims()[transposed_b ? 1 : 0]);
  layer::Dense dense = dense_of(importer, node, matrix, !transposed_b, a.size());
  const Index outputs = dense.outputs();
  if (alpha != 1) dense.scale.assign(std::size_t(outputs), double(alpha));
  const Dims dims{a.dims[0], outputs};
  if (!importer.has_input(node, 2))
    return add_dense(importer, node, a, std::move(dense), {}, dims, c_order(2));
  if (!importer.is_constant(node, 2)) {
    const Activation product =
        importer.add(node, "product", layer::MatMul{std::move(dense)}, {a}, dims, c_order(2));
    Activation addend = importer.activation(node, 2);
    if (beta != 1) addend = add_function(importer, node, addend, fn::Scale{double(beta)}, "scaled");
    return importer.define(node.outputs[0], add_sum(importer, node, {product, addend}));
  }
  const Activation shape{0, dims, c_order(2), a.batch_axis};
  layer::Numbers c = importer.broadcast(node, importer.constant(node, 2), shape);
  for (double& v : c) v *= double(beta);
  if (c.size() == 1) c.resize(std::size_t(outputs), c[0]);
  if (std::size_t(outputs) % c.size() == 0)
    return add_dense(importer, node, a, std::move(dense), std::move(c), dims, c_order(2));
  // A bias for every position: nothing behind it is folded in.
  importer.define(node.outputs[0], importer.add(node, "", layer::MatMul{std::move(dense), std::move(c)}, {a},
                                                dims, c_order(2)));
}

/// A·B with a constant side of several matrices: one for each position of the axes before the last two.
inline void import_matmul_of_many(Importer& importer, const Node& node, const Tensor& constant, Activation a,
                                  bool left) {
  if (a.rank() < 2)
    fail(describe(node), ": expected at least 2 axes beside constants of shape ", shown(constant.dims()),
         ", found ", shown(a.dims));
  const auto outer_of = [](const Dims& dims) { return Dims(dims.begin(), dims.end() - 2); };
  const Dims outer = broadcast_dims(node, outer_of(constant.dims()), outer_of(a.dims));
  Dims expanded = outer;
  expanded.insert(expanded.end(), a.dims.end() - 2, a.dims.end());
  a = importer.in_order(node, expand(importer, node, a, expanded), c_order(Index(expanded.size())));
  const std::size_t last = expanded.size() - 1;
  const Index c_rows = constant.dims()[std::size_t(constant.rank() - 2)], c_columns = constant.dims().back(),
              rows = left ? c_rows : expanded[last - 1], inner = left ? c_columns : c_rows,
              columns = left ? expanded[last] : c_columns, found = left ? expanded[last - 1] : expanded[last];
  if (found != inner)
    fail(describe(node), ": expected ", inner, " features to be multiplied, found shape ", shown(expanded));
  for (std::size_t axis = 0; axis < outer.size(); ++axis)
    if (outer[axis] > 1) check_not_batch(node, a, Index(axis));
  Dims dims = outer;
  dims.push_back(rows);
  dims.push_back(columns);
  Index matrices = 1;
  for (const Index size : outer) matrices *= size;
  const Index entries = element_count(std::vector<Index>{matrices, rows, columns, inner}, describe(node));
  if (entries < 1 || entries > (Index(1) << 27))
    fail(describe(node), ": expected products of 1 to 2^27 factors, found ", entries);
  const auto values = constant.values<double>();
  layer::Sparse products{.outputs = matrices * rows * columns, .inputs = a.size(), .entries = {}};
  importer.charge(node, {entries}, 2 * sizeof(layer::Sparse::Entry));  // them, and the matrix made of them
  products.entries.reserve(std::size_t(entries));
  for (Index m = 0; m < matrices; ++m) {
    // The constant's matrix at this position: axes of size 1 repeat.
    Index which = 0, rest = m;
    for (Index axis = Index(outer.size()) - 1, step = 1; axis >= 0; --axis) {
      const Index at = rest % outer[std::size_t(axis)], offset = Index(outer.size()) - (constant.rank() - 2);
      rest /= outer[std::size_t(axis)];
      if (axis < offset) continue;
      const Index size = constant.dims()[std::size_t(axis - offset)];
      which += (size == 1 ? 0 : at) * step;
      step *= size;
    }
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < columns; ++j)
        for (Index k = 0; k < inner; ++k) {
          const Index entry = which * c_rows * c_columns + (left ? i * inner + k : k * columns + j);
          const Index input = left ? (m * inner + k) * columns + j : (m * rows + i) * inner + k;
          products.entries.push_back({(m * rows + i) * columns + j, input, values[std::size_t(entry)]});
        }
  }
  importer.define(node.outputs[0], importer.add(node, "", layer::MatMul{std::move(products)}, {a}, dims,
                                                c_order(Index(dims.size()))));
}

/// A·B. A constant side is a matrix (or a vector); the other may have any axes before its last two.
inline void import_matmul(Importer& importer, const Node& node) {
  Attributes(node).finish();
  if (!importer.is_constant(node, 0) && !importer.is_constant(node, 1))
    return import_matmul_of_values(importer, node);
  const bool left = importer.is_constant(node, 0);
  const Tensor& constant = importer.constant(node, left ? 0 : 1);
  Activation a = importer.activation(node, left ? 1 : 0);
  if (constant.rank() < 1 || a.rank() < 1)
    fail(describe(node), ": expected two vectors or matrices, found shapes ",
         shown(left ? constant.dims() : a.dims), " and ", shown(left ? a.dims : constant.dims()));
  const bool vector = constant.rank() == 1;
  Tensor flat = constant;
  // A constant with axes of size 1 before its matrix is that matrix.
  Index outer = 1;
  for (Index axis = 0; axis + 2 < constant.rank(); ++axis) outer *= constant.dims()[std::size_t(axis)];
  if (constant.rank() > 2 && outer == 1)
    flat = constant.reshaped({constant.dims()[std::size_t(constant.rank() - 2)], constant.dims().back()});
  if (vector) flat = left ? constant.reshaped({1, constant.size()}) : constant.reshaped({constant.size(), 1});
  if (flat.rank() != 2) return import_matmul_of_many(importer, node, constant, a, left);
  if (constant.rank() > a.rank() && constant.rank() > 2)
    fail(describe(node), ": expected a constant side of at most ", a.rank(), " axes, found shape ",
         shown(constant.dims()));
  const Index inputs = flat.dims()[left ? 1 : 0];
  const bool a_vector = a.rank() == 1;
  const Index contracted = left && !a_vector ? a.rank() - 2 : a.rank() - 1;
  check_not_batch(node, a, contracted);
  if (a.dims[std::size_t(contracted)] != inputs)
    fail(describe(node), ": expected ", inputs, " features along axis ", contracted, ", found shape ",
         shown(a.dims));
  // The contracted axis becomes the fastest, whichever it is.
  AxisOrder order = c_order(a.rank());
  std::rotate(order.begin() + contracted, order.begin() + contracted + 1, order.end());
  a = importer.in_order(node, a, order);
  layer::Dense dense = dense_of(importer, node, flat, !left, a.size());
  Dims dims = a.dims;
  dims[std::size_t(contracted)] = dense.outputs();
  if (!vector) return add_dense(importer, node, a, std::move(dense), {}, dims, order);
  // numpy drops the axis of a vector.
  Activation result = importer.add(node, "", layer::MatMul{std::move(dense)}, {a}, dims, order);
  result.dims.erase(result.dims.begin() + contracted);
  result.order.erase(std::find(result.order.begin(), result.order.end(), contracted));
  for (Index& axis : result.order) axis -= axis > contracted;
  if (result.batch_axis > contracted) --result.batch_axis;
  importer.define(node.outputs[0], result);
}

/// A batch normalisation that no linear layer stands before.
inline void import_batch_normalisation(Importer& importer, const Node& node) {
  const Activation& given = importer.activation(node, 0);
  if (given.rank() < 2)
    fail(describe(node), ": expected an input with channels along axis 1, found shape ", shown(given.dims));
  for (std::size_t k = 1; k < 5; ++k)
    if (importer.has_output(node, k))
      fail(describe(node), ": expected the output of inference alone, found that output ", k, " is used");
  const Activation a = importer.in_order(node, given, channels_last(given.rank()));
  if (in_training(node) && importer.of_constants()) {
    // The values are no samples: their mean and variance are what is asked for.
    std::vector<bool> axes(a.dims.size(), true);
    axes[1] = false;
    Attributes attributes(node);
    const Centred centred = add_centred(importer, node, a, axes);
    const Activation gate =
        add_inverse_deviation(importer, node, centred.variance, parameter(attributes, "epsilon", 1e-5));
    const Affine by_channel = affine_along_1(importer, node, a.rank(), a.dims[1], "channels");
    return importer.define(node.outputs[0], add_normalised(importer, node, centred.value, gate, by_channel));
  }
  note_training(importer, node);
  const auto affine = batch_normalisation(importer, node, a.dims[1]);
  importer.define(
      node.outputs[0],
      importer.add(node, "", layer::MatMul{layer::ChannelScale{a.size(), affine.scale}, affine.shift}, {a},
                   a.dims, a.order));
}

inline constexpr std::array<Operator, 6> linear_operators{{
    {"Conv", import_conv},
    {"ConvTranspose", import_conv_transpose},
    {"Gemm", import_gemm},
    {"MatMul", import_matmul},
    {"Einsum", import_einsum},
    {"BatchNormalization", import_batch_normalisation},
}};

}  // namespace ascribe::onnx
