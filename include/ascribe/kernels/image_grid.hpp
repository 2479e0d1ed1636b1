/// Which pixels meet in a convolution, forwards and backwards.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include <ascribe/core/spatial.hpp>
#include <ascribe/core/types.hpp>

namespace ascribe::kernel {

/// Pixels of an image that are computed from pixels of another: position (y, x) of `grid` stands for the
/// target's pixel (origin + place·(y, x)), and meets at tap t the source's pixel (step·(y, x) + taps[t]),
/// where there is one. The weights of tap t are those of the kernel's tap `taps[t].kernel`.
struct Grid {
  struct Tap {
    Index y, x, kernel;
  };
  Extent grid, source, target;
  Extent step, origin, place;
  std::vector<Tap> taps;

  Index positions() const { return grid.height * grid.width; }
  /// Neighbouring positions are neighbours in the target, and position 0 is its pixel 0.
  bool contiguous() const { return grid.height == target.height && grid.width == target.width; }
};

/// The forward pass: every output pixel, from the input.
inline Grid forward_grid(const Spatial& g) {
  Grid grid;
  grid.grid = grid.target = {g.output_height(), g.output_width()};
  grid.source = g.input;
  grid.step = g.stride;
  grid.origin = {0, 0};
  grid.place = {1, 1};
  for (Index ky = 0; ky < g.kernel.height; ++ky)
    for (Index kx = 0; kx < g.kernel.width; ++kx)
      grid.taps.push_back({ky * g.dilation.height - g.pads.top, kx * g.dilation.width - g.pads.left,
                           ky * g.kernel.width + kx});
  return grid;
}

/// The transposed pass, input pixels from outputs, without a zero put anywhere: where windows are `stride`
/// pixels apart, pixels that are as far apart meet the same taps, so that there are stride.height ·
/// stride.width grids. A grid may have no taps: no window ever looks at those pixels.
inline std::vector<Grid> backward_grids(const Spatial& g) {
  std::vector<Grid> grids;
  const auto meets = [](Index pixel, Index stride) { return pixel % stride == 0; };
  for (Index py = 0; py < std::min(g.stride.height, g.input.height); ++py)
    for (Index px = 0; px < std::min(g.stride.width, g.input.width); ++px) {
      Grid grid;
      grid.source = {g.output_height(), g.output_width()};
      grid.target = g.input;
      grid.step = {1, 1};
      grid.origin = {py, px};
      grid.place = g.stride;
      grid.grid = {(g.input.height - py + g.stride.height - 1) / g.stride.height,
                   (g.input.width - px + g.stride.width - 1) / g.stride.width};
      for (Index ky = 0; ky < g.kernel.height; ++ky)
        for (Index kx = 0; kx < g.kernel.width; ++kx) {
          const Index y = py + g.pads.top - ky * g.dilation.height,
                      x = px + g.pads.left - kx * g.dilation.width;
          if (meets(y, g.stride.height) && meets(x, g.stride.width))
            grid.taps.push_back({y / g.stride.height, x / g.stride.width, ky * g.kernel.width + kx});
        }
      grids.push_back(std::move(grid));
    }
  return grids;
}

/// Walks positions from `first` on, counted over all samples.
class Walk {
 public:
  Walk(const Grid& grid, Index first)
      : grid_(grid),
        x_(first % grid.grid.width),
        y_(first / grid.grid.width % grid.grid.height),
        sample_(first / grid.positions()) {}

  Index sample() const { return sample_; }
  Index y() const { return y_; }
  Index x() const { return x_; }
  /// The target's pixel, counted over all samples.
  Index pixel() const {
    return (sample_ * grid_.target.height + grid_.origin.height + y_ * grid_.place.height) *
               grid_.target.width +
           grid_.origin.width + x_ * grid_.place.width;
  }
  void next() {
    if (++x_ < grid_.grid.width) return;
    x_ = 0;
    if (++y_ < grid_.grid.height) return;
    y_ = 0;
    ++sample_;
  }

 private:
  const Grid& grid_;
  Index x_, y_, sample_;
};

}  // namespace ascribe::kernel
