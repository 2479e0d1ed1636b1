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

/// Along one axis, the pixels that are `remainder` from a multiple of the stride, and the kernel's taps that
/// they meet.
struct Phase {
  Index remainder;
  std::vector<Index> taps;
};
/// Those that meet a tap, by remainder.
inline std::vector<Phase> phases(Index input, Index kernel, Index stride, Index pad, Index dilation) {
  std::vector<std::pair<Index, Index>> meetings;
  for (Index tap = 0; tap < kernel; ++tap) {
    const Index r = (tap * dilation - pad) % stride, remainder = r < 0 ? r + stride : r;
    if (remainder < input) meetings.emplace_back(remainder, tap);
  }
  std::sort(meetings.begin(), meetings.end());
  std::vector<Phase> found;
  for (const auto& [remainder, tap] : meetings) {
    if (found.empty() || found.back().remainder != remainder) found.push_back({remainder, {}});
    found.back().taps.push_back(tap);
  }
  return found;
}

/// The transposed pass, input pixels from outputs, without a zero put anywhere: where windows are `stride`
/// pixels apart, pixels that are as far apart meet the same taps, so that there is a grid for each pair of
/// phases. Pixels of no phase meet no tap.
struct BackwardGrids {
  std::vector<Phase> rows, columns;
  std::vector<Grid> grids;

  explicit BackwardGrids(const Spatial& g)
      : rows(phases(g.input.height, g.kernel.height, g.stride.height, g.pads.top, g.dilation.height)),
        columns(phases(g.input.width, g.kernel.width, g.stride.width, g.pads.left, g.dilation.width)) {
    for (const Phase& row : rows)
      for (const Phase& column : columns) {
        const Index py = row.remainder, px = column.remainder;
        Grid grid;
        grid.source = {g.output_height(), g.output_width()};
        grid.target = g.input;
        grid.step = {1, 1};
        grid.origin = {py, px};
        grid.place = g.stride;
        grid.grid = {(g.input.height - py + g.stride.height - 1) / g.stride.height,
                     (g.input.width - px + g.stride.width - 1) / g.stride.width};
        for (const Index ky : row.taps)
          for (const Index kx : column.taps)
            grid.taps.push_back({(py + g.pads.top - ky * g.dilation.height) / g.stride.height,
                                 (px + g.pads.left - kx * g.dilation.width) / g.stride.width,
                                 ky * g.kernel.width + kx});
        grids.push_back(std::move(grid));
      }
  }

  /// Calls f(first, count) for runs of the pixels that meet no tap.
  template <class F>
  void unmet(const Spatial& g, F f) const {
    const auto met = [](const std::vector<Phase>& phases, Index remainder) {
      const auto found = std::lower_bound(phases.begin(), phases.end(), remainder,
                                          [](const Phase& p, Index r) { return p.remainder < r; });
      return found != phases.end() && found->remainder == remainder;
    };
    if (Index(rows.size()) >= g.stride.height && Index(columns.size()) >= g.stride.width) return;
    for (Index y = 0; y < g.input.height; ++y) {
      if (!met(rows, y % g.stride.height)) {
        f(y * g.input.width, g.input.width);
        continue;
      }
      for (Index x = 0; x < g.input.width; ++x)
        if (!met(columns, x % g.stride.width)) f(y * g.input.width + x, Index(1));
    }
  }
};

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
