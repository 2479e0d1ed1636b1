/// Which pixels meet in a convolution, forwards and backwards.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <ascribe/core/spatial.hpp>
#include <ascribe/core/types.hpp>

namespace ascribe::kernel {

/// Pixels of a volume that are computed from pixels of another: position (z, y, x) of `grid` stands for the
/// target's pixel (origin + place·(z, y, x)), and meets at tap t the source's pixel (step·(z, y, x) +
/// taps[t]), where there is one. The weights of tap t are those of the kernel's tap `taps[t].kernel`.
struct Grid {
  struct Pixel {
    Index z = 0, y = 0, x = 0;
  };
  struct Tap {
    Pixel at;
    Index kernel;
    Index offset;  ///< of the source's pixel, from the position's corner
  };
  Extent grid, source, target;
  Extent step, place;
  Pixel origin;
  std::vector<Tap> taps;
  Pixel first, last;  ///< of the taps, axis by axis

  /// The source has its sizes before.
  void add_tap(const Pixel& at, Index kernel) {
    if (taps.empty()) first = last = at;
    first = {std::min(first.z, at.z), std::min(first.y, at.y), std::min(first.x, at.x)};
    last = {std::max(last.z, at.z), std::max(last.y, at.y), std::max(last.x, at.x)};
    taps.push_back({at, kernel, source.pixel(at.z, at.y, at.x)});
  }
  Index positions() const { return grid.pixels(); }
  Index target_pixel(Index z, Index y, Index x) const {
    return target.pixel(origin.z + z * place.depth, origin.y + y * place.height, origin.x + x * place.width);
  }
  /// Neighbouring positions are neighbours in the target, and position 0 is its pixel 0.
  bool contiguous() const {
    return grid.depth == target.depth && grid.height == target.height && grid.width == target.width;
  }

  /// Every position meets the source's pixel of its own number, and no other.
  bool pixel_by_pixel() const {
    return taps.size() == 1 && taps[0].at.z == 0 && taps[0].at.y == 0 && taps[0].at.x == 0 &&
           source == grid && step == Extent{1, 1, 1};
  }

  /// Where a position meets a tap at 0.
  struct Corner {
    Pixel at;
    Index pixel;
  };
  Corner corner(Index z, Index y, Index x) const {
    const Pixel at{z * step.depth, y * step.height, x * step.width};
    return {at, source.pixel(at.z, at.y, at.x)};
  }
  /// Calls f(t, pixel, meets) for `count` taps from `begin` on, t counted from there: whether the position at
  /// this corner meets anything at the tap, and then the source's pixel.
  template <class F>
  void each_tap(const Corner& corner, Index begin, Index count, F f) const {
    // A place below 0 is a large one without a sign: one comparison an axis.
    const auto inside = [](Index at, Index size) { return std::size_t(at) < std::size_t(size); };
    const auto meets = [&](const Pixel& tap) {
      return inside(corner.at.y + tap.y, source.height) && inside(corner.at.x + tap.x, source.width) &&
             inside(corner.at.z + tap.z, source.depth);
    };
    const Tap* const of_block = taps.data() + begin;
    if (meets(first) && meets(last)) {  // the rule
      for (Index t = 0; t < count; ++t) f(t, corner.pixel + of_block[t].offset, true);
    } else {
      for (Index t = 0; t < count; ++t) f(t, corner.pixel + of_block[t].offset, meets(of_block[t].at));
    }
  }
};

/// The forward pass: every output pixel, from the input.
inline Grid forward_grid(const Spatial& g) {
  Grid grid;
  grid.grid = grid.target = g.output();
  grid.source = g.input;
  grid.step = g.stride;
  for (Index kz = 0; kz < g.kernel.depth; ++kz)
    for (Index ky = 0; ky < g.kernel.height; ++ky)
      for (Index kx = 0; kx < g.kernel.width; ++kx)
        grid.add_tap({kz * g.dilation.depth - g.pads.front, ky * g.dilation.height - g.pads.top,
                      kx * g.dilation.width - g.pads.left},
                     g.kernel.pixel(kz, ky, kx));
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
/// pixels apart, pixels that are as far apart meet the same taps, so that there is a grid for each choice of
/// phases. Pixels of no phase meet no tap.
struct BackwardGrids {
  std::vector<Phase> planes, rows, columns;
  std::vector<Grid> grids;

  explicit BackwardGrids(const Spatial& g)
      : planes(phases(g.input.depth, g.kernel.depth, g.stride.depth, g.pads.front, g.dilation.depth)),
        rows(phases(g.input.height, g.kernel.height, g.stride.height, g.pads.top, g.dilation.height)),
        columns(phases(g.input.width, g.kernel.width, g.stride.width, g.pads.left, g.dilation.width)) {
    for (const Phase& plane : planes)
      for (const Phase& row : rows)
        for (const Phase& column : columns) grids.push_back(grid_of(g, plane, row, column));
  }

  /// Whether pixels of every remainder meet a tap, so that all do.
  bool cover(const Spatial& g) const {
    return Index(planes.size()) >= g.stride.depth && Index(rows.size()) >= g.stride.height &&
           Index(columns.size()) >= g.stride.width;
  }
  /// Calls f(grid, z, y) for the grids that have pixels in the image's row (plane, line): (z, y) is its place
  /// there.
  template <class F>
  void of_row(const Spatial& g, Index plane, Index line, F f) const {
    const std::size_t p = phase_of(planes, plane % g.stride.depth),
                      r = phase_of(rows, line % g.stride.height);
    if (p == planes.size() || r == rows.size()) return;
    for (std::size_t c = 0; c < columns.size(); ++c)
      f(grids[(p * rows.size() + r) * columns.size() + c], plane / g.stride.depth, line / g.stride.height);
  }
  /// Calls f(first, count) for runs of the pixels that meet no tap.
  template <class F>
  void unmet(const Spatial& g, F f) const {
    const auto met = [](const std::vector<Phase>& phases, Index remainder) {
      return phase_of(phases, remainder) < phases.size();
    };
    if (cover(g)) return;
    for (Index z = 0; z < g.input.depth; ++z) {
      if (!met(planes, z % g.stride.depth)) {
        f(g.input.pixel(z, 0, 0), g.input.height * g.input.width);
        continue;
      }
      for (Index y = 0; y < g.input.height; ++y) {
        if (!met(rows, y % g.stride.height)) {
          f(g.input.pixel(z, y, 0), g.input.width);
          continue;
        }
        for (Index x = 0; x < g.input.width; ++x)
          if (!met(columns, x % g.stride.width)) f(g.input.pixel(z, y, x), Index(1));
      }
    }
  }

 private:
  /// The number of the phase with a remainder; behind the last where there is none.
  static std::size_t phase_of(const std::vector<Phase>& phases, Index remainder) {
    const auto found = std::lower_bound(phases.begin(), phases.end(), remainder,
                                        [](const Phase& p, Index r) { return p.remainder < r; });
    return found != phases.end() && found->remainder == remainder ? std::size_t(found - phases.begin())
                                                                  : phases.size();
  }

  static Grid grid_of(const Spatial& g, const Phase& plane, const Phase& row, const Phase& column) {
    const Grid::Pixel at{plane.remainder, row.remainder, column.remainder};
    const auto count = [](Index input, Index remainder, Index stride) {
      return (input - remainder + stride - 1) / stride;
    };
    Grid grid;
    grid.source = g.output();
    grid.target = g.input;
    grid.origin = at;
    grid.place = g.stride;
    grid.grid = {count(g.input.height, at.y, g.stride.height), count(g.input.width, at.x, g.stride.width),
                 count(g.input.depth, at.z, g.stride.depth)};
    for (const Index kz : plane.taps)
      for (const Index ky : row.taps)
        for (const Index kx : column.taps)
          grid.add_tap({(at.z + g.pads.front - kz * g.dilation.depth) / g.stride.depth,
                        (at.y + g.pads.top - ky * g.dilation.height) / g.stride.height,
                        (at.x + g.pads.left - kx * g.dilation.width) / g.stride.width},
                       g.kernel.pixel(kz, ky, kx));
    return grid;
  }
};

/// Walks positions from `first` on, counted over all samples.
class Walk {
 public:
  Walk(const Grid& grid, Index first)
      : grid_(grid),
        x_(first % grid.grid.width),
        y_(first / grid.grid.width % grid.grid.height),
        z_(first / (grid.grid.width * grid.grid.height) % grid.grid.depth),
        sample_(first / grid.positions()) {}

  Index sample() const { return sample_; }
  Index z() const { return z_; }
  Index y() const { return y_; }
  Index x() const { return x_; }
  /// The target's pixel, counted over all samples.
  Index pixel() const { return sample_ * grid_.target.pixels() + grid_.target_pixel(z_, y_, x_); }
  /// In its sample's source.
  Grid::Corner corner() const { return grid_.corner(z_, y_, x_); }
  void next() {
    if (++x_ < grid_.grid.width) return;
    x_ = 0;
    if (++y_ < grid_.grid.height) return;
    y_ = 0;
    if (++z_ < grid_.grid.depth) return;
    z_ = 0;
    ++sample_;
  }

 private:
  const Grid& grid_;
  Index x_, y_, z_, sample_;
};

}  // namespace ascribe::kernel
