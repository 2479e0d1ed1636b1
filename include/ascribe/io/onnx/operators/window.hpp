/// The geometry that ONNX's convolutions and pools share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <ascribe/core/spatial.hpp>
#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>

namespace ascribe::onnx {

/// A window along one axis.
struct WindowAxis {
  Index input = 1, kernel = 1, stride = 1, dilation = 1, before = 0, after = 0;

  Index span() const { return (kernel - 1) * dilation + 1; }
  Index padded() const { return before + input + after; }
};

/// Spatial axes that a window of the library can have (core/spatial.hpp).
inline constexpr std::size_t most_spatial_axes = 3;

/// Throws Error unless a value is N, C and one to three spatial axes.
inline void check_spatial_axes(const Node& node, const Activation& a) {
  if (a.rank() < 3 || a.dims.size() - 2 > most_spatial_axes)
    fail(describe(node), ": expected an input of 1 to ", most_spatial_axes, " spatial axes, found shape ",
         shown(a.dims));
}

/// The kernel's sizes, those of convolution weights behind their first two. Throws Error unless the weights
/// have as many axes as what they go over.
inline Dims kernel_dims(const Node& node, const Activation& a, const Dims& weights) {
  check_spatial_axes(node, a);
  if (weights.size() != a.dims.size())
    fail(describe(node), ": the weights: expected ", a.rank(), " axes, found shape ", shown(weights));
  return Dims(weights.begin() + 2, weights.end());
}

/// So that the product of two fits.
inline constexpr std::int64_t most_spatial_size = std::int64_t(1) << 30;

/// A list of `count` sizes, or none. Throws Error for others, and for sizes below `least` or above 2^30.
inline std::optional<std::vector<std::int64_t>> sizes_attribute(const Node& node, Attributes& attributes,
                                                                const char* name, std::int64_t least,
                                                                std::size_t count) {
  auto given = attributes.integers(name);
  if (given && given->size() != count)
    fail(describe(node), ": attribute '", name, "': expected ", count, " sizes, found ", given->size());
  if (given)
    for (const std::int64_t size : *given)
      if (size < least || size > most_spatial_size)
        fail(describe(node), ": attribute '", name, "': expected sizes from ", least, " to ",
             most_spatial_size, ", found ", size);
  return given;
}

/// The kernel's sizes: those of the weights, which the attribute may repeat; those of the attribute where
/// `weights` is empty, as a pool's is.
inline Dims kernel_shape(const Node& node, Attributes& attributes, std::size_t axes, const Dims& weights) {
  const auto given = sizes_attribute(node, attributes, "kernel_shape", 1, axes);
  if (!given && weights.empty()) fail(describe(node), ": expected the attribute 'kernel_shape', found none");
  if (!given) return weights;
  const Dims sizes(given->begin(), given->end());
  if (!weights.empty() && sizes != weights)
    fail(describe(node), ": attribute 'kernel_shape': expected the weights' ", shown(weights), ", found ",
         shown(sizes));
  return sizes;
}

/// The attribute auto_pad: NOTSET, VALID, SAME_UPPER or SAME_LOWER.
inline std::string automatic_padding(const Node& node, Attributes& attributes) {
  std::string automatic = attributes.text("auto_pad", "NOTSET");
  if (automatic != "NOTSET" && automatic != "VALID" && automatic != "SAME_UPPER" && automatic != "SAME_LOWER")
    fail(describe(node), ": attribute 'auto_pad': expected NOTSET, VALID, SAME_UPPER or SAME_LOWER, found ",
         shown(automatic));
  return automatic;
}

/// The attributes strides, dilations and pads, for any number of axes of such inputs and kernels. Throws
/// Error for sizes that make no sense or exceed 2^30.
inline std::vector<WindowAxis> sliding_axes(const Node& node, Attributes& attributes,
                                            std::span<const Index> inputs, const Dims& kernel) {
  std::vector<WindowAxis> axes(inputs.size());
  const auto strides = sizes_attribute(node, attributes, "strides", 1, axes.size()),
             dilations = sizes_attribute(node, attributes, "dilations", 1, axes.size()),
             pads = sizes_attribute(node, attributes, "pads", 0, 2 * axes.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    WindowAxis& axis = axes[i];
    axis.input = inputs[i];
    axis.kernel = kernel[i];
    if (axis.input > most_spatial_size || axis.kernel > most_spatial_size)
      fail(describe(node), ": expected spatial sizes up to ", most_spatial_size, ", found ", axis.input,
           " and a kernel of ", axis.kernel);
    if (strides) axis.stride = Index((*strides)[i]);
    if (dilations) axis.dilation = Index((*dilations)[i]);
    if (pads) {
      axis.before = Index((*pads)[i]);
      axis.after = Index((*pads)[i + axes.size()]);
    }
  }
  return axes;
}

/// The same with the attributes kernel_shape and auto_pad; `kernel` is what the weights say, for a
/// convolution, and empty for a pool.
inline std::vector<WindowAxis> window_axes(const Node& node, Attributes& attributes, const Activation& a,
                                           const Dims& kernel) {
  if (a.rank() < 3)
    fail(describe(node), ": expected an input N, C and at least 1 spatial axis, found shape ", shown(a.dims));
  const std::span<const Index> inputs = std::span(a.dims).subspan(2);
  std::vector<WindowAxis> axes =
      sliding_axes(node, attributes, inputs, kernel_shape(node, attributes, inputs.size(), kernel));
  const std::string automatic = automatic_padding(node, attributes);
  if (automatic == "NOTSET") return axes;
  for (WindowAxis& axis : axes) {
    if (axis.before != 0 || axis.after != 0)
      fail(describe(node), ": attribute 'pads': expected none or zeros beside auto_pad ", automatic,
           ", found ", std::max(axis.before, axis.after));
    if (automatic == "VALID") continue;
    const Index outputs = (axis.input + axis.stride - 1) / axis.stride;
    const Index total = std::max<Index>(0, (outputs - 1) * axis.stride + axis.span() - axis.input);
    axis.before = automatic == "SAME_LOWER" ? (total + 1) / 2 : total / 2;
    axis.after = total - axis.before;
  }
  return axes;
}

/// One to three axes as a window: the last is the width, the one before it the height.
inline Spatial as_spatial(const std::vector<WindowAxis>& axes) {
  const auto from_behind = [&](std::size_t k) {
    return k < axes.size() ? axes[axes.size() - 1 - k] : WindowAxis{};
  };
  const WindowAxis x = from_behind(0), y = from_behind(1), z = from_behind(2);
  return {.input = {y.input, x.input, z.input},
          .kernel = {y.kernel, x.kernel, z.kernel},
          .stride = {y.stride, x.stride, z.stride},
          .pads = {y.before, x.before, y.after, x.after, z.before, z.after},
          .dilation = {y.dilation, x.dilation, z.dilation}};
}

/// N, C, then the sizes of the spatial axes, of which a value of a's rank has one to three.
inline Dims image_dims(const Activation& a, Index channels, const Extent& extent) {
  const Dims all{extent.depth, extent.height, extent.width};
  Dims dims{a.dims[0], channels};
  dims.insert(dims.end(), all.end() - (a.rank() - 2), all.end());
  return dims;
}

}  // namespace ascribe::onnx
