/// The geometry that ONNX's convolutions and pools share.
#pragma once

#include <string>
#include <vector>

#include <ascribe/core/spatial.hpp>
#include <ascribe/io/onnx/importer.hpp>

namespace ascribe::onnx {

/// A window over the spatial axes (one or two) of a value N, C, [H,] W, with the attributes kernel_shape,
/// strides, pads, dilations and auto_pad.
struct WindowAttributes {
  Spatial spatial;
  bool ceil_mode = false;
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
    fail(describe(node), ": attribute ", shown(name), ": expected ", rank - 2, " sizes, found ", sizes.size());
  for (const std::int64_t size : sizes)
    if (size < 1) fail(describe(node), ": attribute ", shown(name), ": expected sizes above 0, found ", size);
  return rank == 3 ? Extent{1, Index(sizes[0])} : Extent{Index(sizes[0]), Index(sizes[1])};
}

/// Reads the attributes; `kernel` is what the weights say, for a convolution, and {0, 0} for a pool. In
/// ceil_mode the padding behind grows so that the last, cut window fits, unless it would start in padding.
inline WindowAttributes window_attributes(const Node& node, Attributes& attributes, const Activation& a,
                                          Extent kernel) {
  WindowAttributes result;
  Spatial& s = result.spatial;
  const Index rank = a.rank();
  s.input = spatial_extent(node, a);
  s.kernel = kernel;
  if (const auto given = attributes.integers("kernel_shape")) {
    s.kernel = extent_of(node, "kernel_shape", *given, rank);
    if (kernel.height != 0 && (s.kernel.height != kernel.height || s.kernel.width != kernel.width))
      fail(describe(node), ": attribute 'kernel_shape': expected the weights' ", kernel.height, " x ",
           kernel.width, ", found ", s.kernel.height, " x ", s.kernel.width);
  } else if (kernel.height == 0) {
    fail(describe(node), ": expected the attribute 'kernel_shape', found none");
  }
  if (const auto given = attributes.integers("strides")) s.stride = extent_of(node, "strides", *given, rank);
  if (const auto given = attributes.integers("dilations"))
    s.dilation = extent_of(node, "dilations", *given, rank);
  result.ceil_mode = attributes.flag("ceil_mode", false);

  const std::string automatic = attributes.text("auto_pad", "NOTSET");
  const auto pads = attributes.integers("pads");
  const auto same = [&](Index input, Index size, Index stride, Index dilation, Index& before, Index& after) {
    const Index outputs = (input + stride - 1) / stride;
    const Index total = std::max<Index>(0, (outputs - 1) * stride + (size - 1) * dilation + 1 - input);
    before = automatic == "SAME_LOWER" ? (total + 1) / 2 : total / 2;
    after = total - before;
  };
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    same(s.input.height, s.kernel.height, s.stride.height, s.dilation.height, s.pads.top, s.pads.bottom);
    same(s.input.width, s.kernel.width, s.stride.width, s.dilation.width, s.pads.left, s.pads.right);
  } else if (automatic == "NOTSET") {
    if (pads) {
      if (Index(pads->size()) != 2 * (rank - 2))
        fail(describe(node), ": attribute 'pads': expected ", 2 * (rank - 2), " sizes, found ", pads->size());
      for (const std::int64_t pad : *pads)
        if (pad < 0) fail(describe(node), ": attribute 'pads': expected sizes of 0 or more, found ", pad);
      s.pads = rank == 3 ? Pads{0, Index((*pads)[0]), 0, Index((*pads)[1])}
                         : Pads{Index((*pads)[0]), Index((*pads)[1]), Index((*pads)[2]), Index((*pads)[3])};
    }
  } else if (automatic != "VALID") {
    fail(describe(node), ": attribute 'auto_pad': expected NOTSET, VALID, SAME_UPPER or SAME_LOWER, found ",
         shown(automatic));
  }
  return result;
}

/// N, C, then the sizes of the spatial axes.
inline Dims image_dims(const Activation& a, Index channels, Index height, Index width) {
  return a.rank() == 3 ? Dims{a.dims[0], channels, width} : Dims{a.dims[0], channels, height, width};
}

}  // namespace ascribe::onnx
