/// The windows of max pooling.
#pragma once

#include <ascribe/core/spatial.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/windows/windows.hpp>

namespace ascribe::window {

/// A kernel that slides over an image, (H·W·C) → (H'·W'·C), or a volume, (D·H·W·C) → (D'·H'·W'·C); padding
/// takes no part, and the members come plane by plane and row by row.
/// Example: `Pool({.input = {28, 28}, .kernel = {2, 2}, .stride = {2, 2}}, 16)`.
class Pool {
 public:
  static constexpr int inputs = Dynamic;
  static constexpr int outputs = Dynamic;
  static constexpr const char* name = "Pool";

  /// Throws Error where the geometry or the channels make no sense, or where a window lies wholly in
  /// padding.
  Pool(const Spatial& geometry, Index channels) : geometry_(geometry), channels_(channels) {
    geometry_.check("Pool");
    checked_size("Pool", "inputs", {geometry_.input_pixels(), channels});
    checked_size("Pool", "outputs", {geometry_.output_pixels(), channels});
    geometry_.check_no_window_is_empty("Pool");
    outputs_ = geometry_.output();
    const auto side_by_side = [](Index input, Index windows, Index kernel, Index stride, Index dilation,
                                 Index pad) {
      return pad == 0 && dilation == 1 && stride == kernel && windows * kernel == input;
    };
    const Spatial& g = geometry_;
    partition_ = side_by_side(g.input.depth, outputs_.depth, g.kernel.depth, g.stride.depth, g.dilation.depth,
                              g.pads.front) &&
                 side_by_side(g.input.height, outputs_.height, g.kernel.height, g.stride.height,
                              g.dilation.height, g.pads.top) &&
                 side_by_side(g.input.width, outputs_.width, g.kernel.width, g.stride.width, g.dilation.width,
                              g.pads.left);
  }

  Index input_size() const { return geometry_.input_pixels() * channels_; }
  Index output_size() const { return geometry_.output_pixels() * channels_; }
  Index lanes() const { return channels_; }
  /// Windows side by side, and no pixel left over.
  bool partition() const { return partition_; }
  bool lanes_apart() const { return true; }
  /// How its window slides.
  const Spatial& geometry() const { return geometry_; }

  template <class F>
  void members(Index group, F&& f) const {
    const Index line = group / outputs_.width;
    geometry_.for_each_tap(line / outputs_.height, line % outputs_.height, group % outputs_.width,
                           [&](Index, Index pixel) { f(pixel * channels_); });
  }

 private:
  Spatial geometry_;
  Index channels_;
  Extent outputs_;
  bool partition_ = false;
};

}  // namespace ascribe::window
