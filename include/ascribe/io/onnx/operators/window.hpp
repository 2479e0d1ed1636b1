/// The geometry that ONNX's convolutions and pools share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <ascribe/core/spatial.hpp>
#include <ascribe/io/onnx/importer.hpp>

namespace ascribe::onnx {

/// A window along one axis.
struct WindowAxis {
  Index input = 1, kernel = 1, stride = 1, dilation = 1, before = 0, after = 0;

  Index span() const { return (kernel - 1) * dilation + 1; }
  Index padded() const { return before + input + after; }
};

/// A window over the spatial axes (one or two) of a value N, C, [H,] W, with the attributes kernel_shape,
/// strides, pads, dilations and auto_pad.
struct WindowAttributes {
  Spatial spatial;
};

/// The spatial sizes of N, C, W or N, C, H, W. Throws Error for other ranks.
inline Extent spatial_extent(const Node& node, const Activation& a) {
  if (a.rank() == 3) return {1, a.dims[2]};
  if (a.rank() == 4) return {a.dims[2], a.dims[3]};
  fail(describe(node), ": expected an input of 1 or 2 spatial axes, found shape ", shown(a.dims));
}

/// Two sizes for two axes, or one for the width alone.
inline Extent extent_of(const Node& node, const std::string& name, const std::vector<std::int64_t>& sizes,
                        Index rank) {
  if (Index(sizes.size()) != rank - 2)
    fail(describe(node), ": attribute ", shown(name), ": expected ", rank - 2, " sizes, found ",
         sizes.size());
  for (const std::int64_t size : sizes)
    if (size < 1) fail(describe(node), ": attribute ", shown(name), ": expected sizes above 0, found ", size);
  return rank == 3 ? Extent{1, Index(sizes[0])} : Extent{Index(sizes[0]), Index(sizes[1])};
}

/// Reads the attributes for any number of spatial axes; `kernel` is what the weights say, for a convolution,
/// and empty for a pool. Throws Error for sizes that make no sense or exceed 2^30, so that the product of two
/// fits.
inline std::vector<WindowAxis> window_axes(const Node& node, Attributes& attributes, const Activation& a,
                                           const Dims& kernel) {
  constexpr std::int64_t most = std::int64_t(1) << 30;
  if (a.rank() < 3)
    fail(describe(node), ": expected an input N, C and at least 1 spatial axis, found shape ", shown(a.dims));
  std::vector<WindowAxis> axes(a.dims.size() - 2);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    axes[i].input = a.dims[i + 2];
    if (axes[i].input > most)
      fail(describe(node), ": expected spatial sizes up to ", most, ", found shape ", shown(a.dims));
  }
  const auto sizes = [&](const char* name, std::int64_t least, std::size_t expected) {
    auto given = attributes.integers(name);
    if (given && given->size() != expected)
      fail(describe(node), ": attribute '", name, "': expected ", expected, " sizes, found ", given->size());
    if (given)
      for (const std::int64_t size : *given)
        if (size < least || size > most)
          fail(describe(node), ": attribute '", name, "': expected sizes from ", least, " to ", most,
               ", found ", size);
    return given;
  };
  const auto shape = sizes("kernel_shape", 1, axes.size());
  if (!shape && kernel.empty()) fail(describe(node), ": expected the attribute 'kernel_shape', found none");
  if (shape && !kernel.empty() && Dims(shape->begin(), shape->end()) != kernel)
    fail(describe(node), ": attribute 'kernel_shape': expected the weights' ", shown(kernel), ", found ",
         shown(Dims(shape->begin(), shape->end())));
  const auto strides = sizes("strides", 1, axes.size()), dilations = sizes("dilations", 1, axes.size());
  const auto pads = sizes("pads", 0, 2 * axes.size());
  const std::string automatic = attributes.text("auto_pad", "NOTSET");
  if (automatic != "NOTSET" && automatic != "VALID" && automatic != "SAME_UPPER" && automatic != "SAME_LOWER")
    fail(describe(node), ": attribute 'auto_pad': expected NOTSET, VALID, SAME_UPPER or SAME_LOWER, found ",
         shown(automatic));
  if (automatic != "NOTSET" && pads)
    for (const std::int64_t pad : *pads)
      if (pad != 0)
        fail(describe(node), ": attribute 'pads': expected none or zeros beside auto_pad ", automatic,
             ", found ", pad);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    WindowAxis& axis = axes[i];
    axis.kernel = shape ? Index((*shape)[i]) : kernel[i];
    if (strides) axis.stride = Index((*strides)[i]);
    if (dilations) axis.dilation = Index((*dilations)[i]);
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      const Index outputs = (axis.input + axis.stride - 1) / axis.stride;
      const Index total = std::max<Index>(0, (outputs - 1) * axis.stride + axis.span() - axis.input);
      axis.before = automatic == "SAME_LOWER" ? (total + 1) / 2 : total / 2;
      axis.after = total - axis.before;
    } else if (pads) {
      axis.before = Index((*pads)[i]);
      axis.after = Index((*pads)[i + axes.size()]);
    }
  }
  return axes;
}

/// One or two axes as the window of an image.
inline Spatial as_spatial(const std::vector<WindowAxis>& axes) {
  const WindowAxis& x = axes.back();
  const WindowAxis y = axes.size() == 2 ? axes.front() : WindowAxis{};
  return {.input = {y.input, x.input},
          .kernel = {y.kernel, x.kernel},
          .stride = {y.stride, x.stride},
          .pads = {y.before, x.before, y.after, x.after},
          .dilation = {y.dilation, x.dilation}};
}

/// The same for one or two spatial axes; `kernel` is what a convolution's weights say.
inline WindowAttributes window_attributes(const Node& node, Attributes& attributes, const Activation& a,
                                          Extent kernel) {
  spatial_extent(node, a);
  const Dims sizes = a.rank() == 3 ? Dims{kernel.width} : Dims{kernel.height, kernel.width};
  return {as_spatial(window_axes(node, attributes, a, sizes))};
}

/// N, C, then the sizes of the spatial axes.
inline Dims image_dims(const Activation& a, Index channels, Index height, Index width) {
  return a.rank() == 3 ? Dims{a.dims[0], channels, width} : Dims{a.dims[0], channels, height, width};
}

}  // namespace ascribe::onnx
