/// Conv and ConvTranspose.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/channel_affine.hpp>
#include <ascribe/io/onnx/operators/window.hpp>

namespace ascribe::onnx {

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

inline constexpr std::array<Operator, 2> convolution_operators{{
    {"Conv", import_conv},
    {"ConvTranspose", import_conv_transpose},
}};

}  // namespace ascribe::onnx
