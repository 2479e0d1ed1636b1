/// Convolution as a product that reads the image where it lies.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <vector>

#include <ascribe/core/lazy.hpp>
#include <ascribe/core/prefetch.hpp>
#include <ascribe/core/spatial.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/kernels/image_grid.hpp>
#include <ascribe/kernels/panels.hpp>
#include <ascribe/kernels/weight_gradient.hpp>

namespace ascribe::kernel {

/// The products with a convolution's matrix and its transpose (for images in the order H, W, C, volumes
/// in the order D, H, W, C; both directions write every output). A pixel's channels are neighbours in memory:
/// one run of a sum. So no columns are made (im2col); padding points at zeros. Where the channels are few, a
/// run is a row of the kernel instead, and the transposed product goes to columns on the stack, which are
/// then added to the image.
template <class S>
class ImageProduct {
 public:
  ImageProduct() = default;

  /// weight(filter, tap, channel in its group).
  template <class Weight>
  ImageProduct(const Spatial& geometry, Index channels, Index filters, Index groups, Weight weight)
      : geometry_(geometry),
        channels_(channels),
        filters_(filters),
        groups_(groups),
        forward_grid_(forward_grid(geometry)) {
    const Index kernel_width = geometry.kernel.width, taps = geometry.kernel_taps();
    const Index group_channels = channels / groups, group_filters = filters / groups;
    const Index row = kernel_width * group_channels;
    by_rows_ = groups == 1 && geometry.dilation.width == 1 && channels < few && row <= longest_row;
    for (Index group = 0; group < groups; ++group) {
      const auto of_group = [&](Index filter, Index tap, Index channel) {
        return weight(group * group_filters + filter, tap, channel);
      };
      if (by_rows_)
        forward_panels_.emplace_back(
            Blocking(group_filters, taps / kernel_width, row), [&](Index run, Index k, Index filter) {
              return of_group(filter, run * kernel_width + k / channels, k % channels);
            });
      else
        forward_panels_.emplace_back(
            Blocking(group_filters, taps, group_channels),
            [&](Index tap, Index channel, Index filter) { return of_group(filter, tap, channel); });
    }
    zeros_.assign(std::size_t(std::max({channels, filters, row})), S(0));
  }

  /// How many scalars the weights take in the orders of both products, once the transposed one has been asked
  /// for.
  static double held(const Spatial& geometry, Index channels, Index filters, Index groups) {
    const double taps = double(geometry.kernel_taps()), c = double(channels / groups),
                 f = double(filters / groups), width = double(panel_width<S>);
    const auto whole = [=](double outputs) { return std::ceil(outputs / width) * width; };
    const double back = channels / groups < few ? whole(taps * c) * f : whole(c) * taps * f;
    return double(groups) * (whole(f) * taps * c + back);
  }

  /// b = W a for `samples` images.
  void forward(const S* a, S* b, Index samples, const Weights& weights, const Finish<S>& finish) const {
    multiply_forward<Term::product>(a, b, samples, weights, finish);
  }
  /// b_j = Σ_i (w_ji a_i)⁺.
  void forward_plus(const S* a, S* b, Index samples, const Finish<S>& finish) const {
    multiply_forward<Term::plus>(a, b, samples, Weights::as_is, finish);
  }

  /// values_k = (W a)_{at_k} for outputs of one image, in ascending order: panel by panel, the pixels that
  /// have one of its outputs.
  void forward_at(const S* a, std::span<const Index> at, S* values, const Weights& weights) const {
    constexpr Index width = panel_width<S>;
    const Index group_filters = filters_ / groups_, row = geometry_.kernel.width * channels_;
    const Index most = std::min<Index>(64, by_rows_ ? scratch_size / (block_runs * row) : 64);
    std::array<S, std::size_t(64 * width)> sums;
    std::array<S, std::size_t(scratch_size)> copies;
    std::array<Index, 64> pixels;
    Tile<S> tile;
    for (Index group = 0; group < groups_; ++group) {
      const Panels<S>& panels = forward_panels_[std::size_t(group)];
      for (Index panel = 0; panel < panels.blocking().template panels<S>(); ++panel) {
        const Index from = group * group_filters + panel * width,
                    to = std::min(from + width, (group + 1) * group_filters);
        const auto is_here = [&](std::size_t k) { return at[k] % filters_ >= from && at[k] % filters_ < to; };
        for (std::size_t begin = 0, end = 0; begin < at.size(); begin = end) {
          tile.count = 0;
          for (; end < at.size(); ++end) {
            const Index pixel = at[end] / filters_;
            if (!is_here(end) || (tile.count > 0 && pixels[std::size_t(tile.count - 1)] == pixel)) continue;
            if (tile.count == most) break;
            pixels[std::size_t(tile.count)] = pixel;
            tile.out[std::size_t(tile.count)] = sums.data() + tile.count * width;
            ++tile.count;
          }
          multiply_tile(
              panels.blocking(), tile, panel, panel + 1,
              [&](const Block& block, Tile<S>& t) {
                for (Index i = 0; i < t.count; ++i) {
                  const Walk walk(forward_grid_, pixels[std::size_t(i)]);
                  const S** runs = &t.input(i, block.runs, 0);
                  if (by_rows_)
                    point_rows_of(walk, block, a, copies.data() + i * block.runs * row, runs);
                  else
                    point_inputs_of(forward_grid_, walk, block, a + group * (channels_ / groups_), channels_,
                                    runs);
                }
              },
              [&](Index block, Index p, S* buffer) { return panels.panel(block, p, weights, buffer); });
          Index i = 0;
          for (std::size_t k = begin; k < end; ++k) {
            if (!is_here(k)) continue;
            while (pixels[std::size_t(i)] != at[k] / filters_) ++i;
            values[k] = sums[std::size_t(i * width + at[k] % filters_ - from)];
          }
        }
      }
    }
  }

  /// g = Wᵀ s.
  void backward(const S* s, S* g, Index samples, const Weights& weights, const Finish<S>& finish) const {
    multiply_backward<Term::product>(s, nullptr, g, samples, weights, finish);
  }
  /// g_i = Σ_j (±w_ji)⁺ s_j, with − where a_i is below 0.
  void backward_plus(const S* s, const S* a, S* g, Index samples, const Finish<S>& finish) const {
    multiply_backward<Term::plus_back>(s, a, g, samples, Weights::as_is, finish);
  }

  /// gradient += Ŵ' ⊙ Σ_n s_n a_nᵀ over the stored weights, in the order filter, channel, tap.
  void accumulate(const S* s, const S* a, S* gradient, Index samples, const Weights& weights) const {
    WeightGradient<S>(geometry_, channels_, filters_, groups_)
        .add(s, a, gradient, samples, [&](Index group, Index panel, Index tap, Index channel, S* sums) {
          if (!weights.unchanged())
            map::multiply_by_derivative(weights, panel_width<S>, line(group, panel, tap, channel), 1, sums);
        });
  }
  void copy_weights(S* to) const {
    const Index group_filters = filters_ / groups_;
    for (Index filter = 0; filter < filters_; ++filter)
      for (Index channel = 0; channel < channels_ / groups_; ++channel)
        for (Index tap = 0; tap < geometry_.kernel_taps(); ++tap)
          *to++ = weight_at(filter / group_filters, filter % group_filters, tap, channel);
  }

 private:
  template <Term term>
  void multiply_forward(const S* a, S* b, Index samples, const Weights& weights,
                        const Finish<S>& finish) const {
    if (by_rows_)
      multiply_rows<term>(a, b, samples, weights, finish);
    else
      multiply<term>(forward_grid_, forward_panels_[0].blocking(), a, channels_, b, filters_, samples, finish,
                     [&](Index group, Index block, Index panel, S* buffer) {
                       return forward_panels_[std::size_t(group)].panel(block, panel, weights, buffer);
                     });
  }

  /// `a` is read by Term::plus_back alone.
  template <Term term>
  void multiply_backward(const S* s, const S* a, S* g, Index samples, const Weights& weights,
                         const Finish<S>& finish) const {
    if (channels_ / groups_ < few) return scatter<term>(s, a, g, samples, weights, finish);
    const Signs<S> signs{a, g};
    const BackwardGrids& back = backward_grids_.get([&] { return BackwardGrids(geometry_); });
    const Kept* kept = samples * back.grids[0].positions() < worth_turning ? &transposed() : nullptr;
    for (std::size_t i = 0; i < back.grids.size(); ++i) {
      const Grid& grid = back.grids[i];
      const Blocking blocking(channels_ / groups_, Index(grid.taps.size()), filters_ / groups_);
      if (kept)
        multiply<term>(
            grid, blocking, s, filters_, g, channels_, samples, finish,
            [&](Index group, Index block, Index panel, S* buffer) {
              return (*kept)[i][std::size_t(group)].panel(block, panel, weights, buffer);
            },
            signs);
      else
        multiply<term>(
            grid, blocking, s, filters_, g, channels_, samples, finish,
            [&](Index group, Index block, Index panel, S* buffer) {
              turn(grid, blocking.block(block), group, panel, buffer);
              prefetch_next(grid, blocking.block(block), group, panel);
              map::replace(weights, blocking.block(block).inputs() * panel_width<S>, buffer);
              return buffer;
            },
            signs);
    }
    clear_unmet(back, g, samples, finish);
  }

  /// The stored weights of a panel of filters.
  const S* line(Index group, Index panel, Index tap, Index channel) const {
    const Panels<S>& panels = forward_panels_[std::size_t(group)];
    const Index row = geometry_.kernel.width;
    return by_rows_ ? panels.line(tap / row, tap % row * channels_ + channel, panel)
                    : panels.line(tap, channel, panel);
  }

  S weight_at(Index group, Index filter, Index tap, Index channel) const {
    return line(group, filter / panel_width<S>, tap, channel)[filter % panel_width<S>];
  }

  /// The weights in the order of the transposed product: panels of a grid, one a group; or of the columns.
  using Kept = std::vector<std::vector<Panels<S>>>;
  /// A program that only runs a network never asks for them, nor one whose images have many positions.
  const Kept& transposed() const {
    return transposed_.get([&] { return make_transposed(); });
  }
  Kept make_transposed() const {
    Kept made;
    const Index group_channels = channels_ / groups_, group_filters = filters_ / groups_;
    if (group_channels < few) {
      auto& panels = made.emplace_back();
      for (Index group = 0; group < groups_; ++group)
        panels.emplace_back(Blocking(geometry_.kernel_taps() * group_channels, 1, group_filters),
                            [&](Index, Index filter, Index column) {
                              return weight_at(group, filter, column / group_channels,
                                               column % group_channels);
                            });
      return made;
    }
    for (const Grid& grid : backward_grids_.get([&] { return BackwardGrids(geometry_); }).grids) {
      const auto& met = grid.taps;
      auto& panels = made.emplace_back();
      for (Index group = 0; group < groups_; ++group)
        panels.emplace_back(Blocking(group_channels, Index(met.size()), group_filters),
                            [&](Index tap, Index filter, Index channel) {
                              return weight_at(group, filter, met[std::size_t(tap)].kernel, channel);
                            });
    }
    return made;
  }

  /// A panel of a block as the transposed panels would hold it, from the forward product's: squares of
  /// filters and channels, turned in registers where they lie in one block and panel of both.
  void turn(const Grid& grid, const Block& block, Index group, Index panel, S* to) const {
    using L = Lanes<S>;
    constexpr Index width = panel_width<S>;
    const Panels<S>& panels = forward_panels_[std::size_t(group)];
    const Blocking& blocking = panels.blocking();
    const Index end = block.first + block.depth, filters = filters_ / groups_;
    for (Index run = block.first_run; run < block.first_run + block.runs; ++run) {
      const Index tap = grid.taps[std::size_t(run)].kernel;
      // A register's channels: how many there are, and where they lie in the first panel and from panel to
      // panel.
      struct {
        Index there, step;
        const S* first;
      } of_lane[panel_packets<S>];
      for (Index lane = 0; lane < panel_packets<S>; ++lane) {
        const Index channel = panel * width + lane * L::size;
        auto& x = of_lane[lane];
        x = {std::clamp<Index>(channels_ / groups_ - channel, 0, L::size), 0, nullptr};
        if (x.there == 0 || blocking.block_of(tap, channel) != blocking.block_of(tap, channel + x.there - 1))
          continue;
        x.first = panels.line(tap, channel, 0);
        x.step = filters > width ? panels.line(tap, channel, 1) - x.first : 0;
      }
      for (Index filter = block.first; filter < end;) {
        const Index skipped = filter % L::size, count = std::min(L::size - skipped, end - filter);
        for (Index lane = 0; lane < panel_packets<S>; ++lane) {
          const auto& x = of_lane[lane];
          S* line = to + lane * L::size;
          if (x.there == 0) {
            for (Index k = 0; k < count; ++k) L::store(line + k * width, L::all(S(0)));
            continue;
          }
          if (x.first) {
            // Rows of a panel are far apart in memory, where the processor does not guess.
            const S* ahead = x.first + (filter / width + 1) * x.step + filter % width;
            if (filter + width < end)
              for (Index m = 0; m < L::size; ++m) prefetch(ahead + m * width, 0, L::size);
            const S* square = x.first + filter / width * x.step + filter % width - skipped;
            if (x.there == L::size && count == L::size)
              L::transpose(square, width, line, width);
            else
              turn_part(square, x.there, skipped, count, line);
            continue;
          }
          for (Index k = 0; k < count; ++k, line += width)
            for (Index m = 0; m < L::size; ++m)
              line[m] =
                  m < x.there ? weight_at(group, filter + k, tap, panel * width + lane * L::size + m) : S(0);
        }
        filter += count;
        to += count * width;
      }
    }
  }

  /// Asks for what the first panel of a block reads of the next channels: the product of these comes before.
  void prefetch_next(const Grid& grid, const Block& block, Index group, Index panel) const {
    constexpr Index width = panel_width<S>;
    const Panels<S>& panels = forward_panels_[std::size_t(group)];
    const Index tap = grid.taps[std::size_t(block.first_run)].kernel, from = block.first / width;
    const Index end = std::min(channels_ / groups_, (panel + 2) * width);
    for (Index channel = (panel + 1) * width; channel < end; ++channel)
      prefetch_run(panels.line(tap, channel, from), 0, width);
  }

  /// A square of which `there` channels are stored, the others being zeros, and `count` filters from
  /// `skipped` on are asked for.
  static void turn_part(const S* square, Index there, Index skipped, Index count, S* to) {
    using L = Lanes<S>;
    constexpr Index width = panel_width<S>;
    std::array<S, std::size_t(L::size * L::size)> whole, turned;
    for (Index m = 0; m < L::size; ++m)
      L::store(whole.data() + m * L::size, m < there ? L::load(square + m * width) : L::all(S(0)));
    L::transpose(whole.data(), L::size, turned.data(), L::size);
    for (Index k = 0; k < count; ++k)
      L::store(to + k * width, L::load(turned.data() + (skipped + k) * L::size));
  }

  /// Positions from which the transposed weights are turned for each product rather than kept: a second order
  /// of all weights in memory, for which a product with fewer positions would wait longer than for its own
  /// sums.
  static constexpr Index worth_turning = 48;
  /// Channels that are too few for a run.
  static constexpr Index few = 8;
  /// Scalars on the stack for rows that meet padding, and for columns.
  static constexpr Index scratch_size = 8192;
  static constexpr Index longest_row = scratch_size / (positions * block_runs);

  /// panel(group, block, panel, buffer) is where the weights are.
  template <Term term, class Panel>
  void multiply(const Grid& grid, const Blocking& blocking, const S* from, Index from_channels, S* to,
                Index to_channels, Index samples, const Finish<S>& finish, Panel panel,
                const Signs<S>& signs = {}) const {
    const Index all = samples * grid.positions();
    const Index from_width = blocking.length(), to_width = to_channels / groups_;
    for (Index group = 0; group < groups_; ++group)
      each_tile(
          all, blocking.panels<S>(), tile_positions,
          [&](Index first, Index count, Index begin, Index end) {
            Tile<S> tile;
            const Index from_output = begin * panel_width<S>,
                        outputs = std::min(to_width, end * panel_width<S>) - from_output;
            point_outputs(grid, first, count, to + group * to_width + from_output, to_channels, tile);
            multiply_tile<term>(
                blocking, tile, begin, end,
                [&](const Block& block, Tile<S>& t) {
                  point_inputs(grid, first, block, from + group * from_width, from_channels, t);
                },
                [&](Index block, Index p, S* buffer) -> const S* { return panel(group, block, p, buffer); },
                signs);
            if (finish) finish_tile(grid, first, tile, outputs, to, to_channels, finish);
          },
          shared_by_panels());
  }
  /// Up to how many positions a product is shared out by panels (`each_tile`): where all weights for every
  /// thread are more to read than the values of a position that another thread has in its cache.
  Index shared_by_panels() const {
    const Index weights = geometry_.kernel_taps() * channels_ * filters_ / groups_;
    return std::min(tile_positions / 2, thread_count() * weights / (channels_ + filters_));
  }

  static void point_outputs(const Grid& grid, Index first, Index count, S* to, Index channels,
                            Tile<S>& tile) {
    tile.count = count;
    if (grid.contiguous()) {
      for (Index i = 0; i < count; ++i) tile.out[std::size_t(i)] = to + (first + i) * channels;
      return;
    }
    Walk walk(grid, first);
    for (Index i = 0; i < count; ++i, walk.next()) tile.out[std::size_t(i)] = to + walk.pixel() * channels;
  }

  void point_inputs(const Grid& grid, Index first, const Block& block, const S* from, Index channels,
                    Tile<S>& tile) const {
    if (grid.pixel_by_pixel()) {
      for (Index i = 0; i < tile.count; ++i) tile.input(i, 1, 0) = from + (first + i) * channels;
      return;
    }
    Walk walk(grid, first);
    for (Index i = 0; i < tile.count; ++i, walk.next())
      point_inputs_of(grid, walk, block, from, channels, &tile.input(i, block.runs, 0));
  }

  /// One position's runs in a block, `positions` pointers apart.
  void point_inputs_of(const Grid& grid, const Walk& walk, const Block& block, const S* from, Index channels,
                       const S** to) const {
    const S* image = from + walk.sample() * grid.source.pixels() * channels;
    grid.each_tap(walk.corner(), block.first_run, block.runs, [&](Index t, Index pixel, bool meets) {
      to[t * positions] = meets ? image + pixel * channels : zeros_.data();
    });
  }

  /// Runs of outputs, as long as they are neighbours in memory and of one sample.
  static void finish_tile(const Grid& grid, Index first, const Tile<S>& tile, Index outputs, const S* to,
                          Index channels, const Finish<S>& finish) {
    const bool whole = grid.contiguous() && outputs == channels;
    const Index size = grid.target.pixels();
    for (Index i = 0; i < tile.count;) {
      const Index run = whole ? std::min(tile.count - i, size - (first + i) % size) : 1;
      S* values = tile.out[std::size_t(i)];
      finish(values - to, run * outputs, values);
      i += run;
    }
  }

  /// The forward product, whose runs are rows of the kernel. Those that hang over the image's side are
  /// copied.
  template <Term term>
  void multiply_rows(const S* a, S* b, Index samples, const Weights& weights, const Finish<S>& finish) const {
    const Grid& grid = forward_grid_;
    const Panels<S>& panels = forward_panels_[0];
    const Blocking& blocking = panels.blocking();
    const Index most = scratch_size / (blocking.together() * blocking.length()) / positions * positions;
    each_tile(
        samples * grid.positions(), blocking.panels<S>(), std::min(most, tile_positions),
        [&](Index first, Index count, Index begin, Index end) {
          Tile<S> tile;
          std::array<S, std::size_t(scratch_size)> copies;
          const Index from_output = begin * panel_width<S>,
                      outputs = std::min(filters_, end * panel_width<S>) - from_output;
          point_outputs(grid, first, count, b + from_output, filters_, tile);
          multiply_tile<term>(
              blocking, tile, begin, end,
              [&](const Block& block, Tile<S>& t) { point_rows(first, block, a, copies.data(), t); },
              [&](Index block, Index panel, S* buffer) {
                return panels.panel(block, panel, weights, buffer);
              });
          if (finish) finish_tile(grid, first, tile, outputs, b, filters_, finish);
        },
        shared_by_panels());
  }

  void point_rows(Index first, const Block& block, const S* a, S* copies, Tile<S>& tile) const {
    const Index length = geometry_.kernel.width * channels_;
    Walk walk(forward_grid_, first);
    for (Index i = 0; i < tile.count; ++i, walk.next())
      point_rows_of(walk, block, a, copies + i * block.runs * length, &tile.input(i, block.runs, 0));
  }

  /// One position's runs in a block, `positions` pointers apart; copies take a run's length each.
  void point_rows_of(const Walk& walk, const Block& block, const S* a, S* copies, const S** to) const {
    const Spatial& g = geometry_;
    const Index length = g.kernel.width * channels_;
    const Grid::Corner corner = walk.corner();
    const Index left = corner.at.x - g.pads.left;
    const Index begin = std::clamp<Index>(-left, 0, g.kernel.width),
                end = std::clamp(g.input.width - left, begin, g.kernel.width);
    const S* image = a + walk.sample() * g.input_pixels() * channels_;
    for (Index r = 0; r < block.runs; ++r, to += positions, copies += length) {
      const Grid::Pixel& first = first_of_row(block.first_run + r);
      const Index z = corner.at.z + first.z, y = corner.at.y + first.y;
      if (z < 0 || z >= g.input.depth || y < 0 || y >= g.input.height || begin == end) {
        *to = zeros_.data();
      } else if (end - begin == g.kernel.width) {
        *to = image + g.input.pixel(z, y, left) * channels_;
      } else {
        std::fill_n(copies, begin * channels_, S(0));
        std::copy_n(image + g.input.pixel(z, y, left + begin) * channels_, (end - begin) * channels_,
                    copies + begin * channels_);
        std::fill_n(copies + end * channels_, (g.kernel.width - end) * channels_, S(0));
        *to = copies;
      }
    }
  }

  /// Where a row of the kernel begins, from a position's corner.
  const Grid::Pixel& first_of_row(Index row) const {
    return forward_grid_.taps[std::size_t(row * geometry_.kernel.width)].at;
  }

  /// Pixels that no window looks at.
  void clear_unmet(const BackwardGrids& back, S* g, Index samples, const Finish<S>& finish) const {
    const Index size = geometry_.input_pixels() * channels_;
    parallel_for(samples, [&](Index n) {
      back.unmet(geometry_, [&](Index pixel, Index count) {
        const Index first = n * size + pixel * channels_;
        std::fill_n(g + first, count * channels_, S(0));
        if (finish) finish(first, count * channels_, g + first);
      });
    });
  }

  /// The transposed product by columns: what every output hands to its window's inputs, added up. In bands of
  /// rows of the image, each of which takes all outputs that look at it: a pixel's terms come in the order of
  /// the outputs, however many bands there are. A volume is its planes' rows, one behind the other.
  template <Term term>
  void scatter(const S* s, const S* a, S* g, Index samples, const Weights& weights,
               const Finish<S>& finish) const {
    if (samples == 0) return;
    const Index height = geometry_.input.depth * geometry_.input.height,
                line = geometry_.input.width * channels_;
    const Index wanted = (2 * thread_count() - 1) / samples + 1;
    const Index bands = thread_count() == 1 ? 1 : std::clamp<Index>(height / 8, 1, wanted);
    parallel_for(samples * bands, [&](Index i) {
      const Index sample = i / bands, band = i % bands;
      const Index begin = height * band / bands, end = height * (band + 1) / bands;
      S* image = g + sample * height * line;
      std::fill_n(image + begin * line, (end - begin) * line, S(0));
      const S* signs = term == Term::plus_back ? a + sample * height * line : nullptr;
      for (Index group = 0; group < groups_; ++group)
        scatter_band<term>(s + sample * geometry_.output_pixels() * filters_, signs, image, begin, end, group,
                           weights);
      if (finish) finish((sample * height + begin) * line, (end - begin) * line, image + begin * line);
    });
  }

  /// Outputs [begin, end) along one axis.
  struct Range {
    Index begin, end;
  };
  /// Those whose windows may meet inputs `first` to `last`.
  static Range looking_at(Index first, Index last, Index pad, Index kernel, Index dilation, Index stride,
                          Index outputs) {
    return {std::max<Index>(0, (first + pad - (kernel - 1) * dilation + stride - 1) / stride),
            std::min(outputs, (last + pad) / stride + 1)};
  }

  template <Term term>
  void scatter_band(const S* s, const S* a, S* image, Index begin, Index end, Index group,
                    const Weights& weights) const {
    const Spatial& g = geometry_;
    const Panels<S>& panels = transposed()[0][std::size_t(group)];
    const Blocking& blocking = panels.blocking();
    const Extent all = g.output();
    const Index height = g.input.height, first_plane = begin / height, last_plane = (end - 1) / height;
    const Range planes = looking_at(first_plane, last_plane, g.pads.front, g.kernel.depth, g.dilation.depth,
                                    g.stride.depth, all.depth);
    const Range rows = first_plane < last_plane
                           ? Range{0, all.height}
                           : looking_at(begin % height, (end - 1) % height, g.pads.top, g.kernel.height,
                                        g.dilation.height, g.stride.height, all.height);
    // Columns of a tile that fit the stack, some of a window at a time where it is large.
    const Index columns = blocking.outputs(), panel_count = blocking.panels<S>();
    const Index per_share = std::clamp<Index>(scratch_size / (panel_width<S> * positions), 1, panel_count);
    std::array<S, std::size_t(scratch_size)> values;
    std::array<S, std::size_t(term == Term::plus_back ? scratch_size : 0)> numbers;  // the columns' inputs
    for (Index share = 0; share < panel_count; share += per_share) {
      const Index last = std::min(panel_count, share + per_share);
      const Index first_column = share * panel_width<S>;
      const Index held = std::min(columns, last * panel_width<S>) - first_column;
      const Index most = std::min(tile_positions, scratch_size / held / positions * positions);
      for (Index z = planes.begin; z < planes.end; ++z)
        for (Index y = rows.begin; y < rows.end; ++y)
          for (Index x = 0; x < all.width; x += most) {
            Tile<S> tile;
            tile.count = std::min(most, all.width - x);
            for (Index i = 0; i < tile.count; ++i) tile.out[std::size_t(i)] = values.data() + i * held;
            const auto each_met = [&](Index i, auto f) {
              each_run(first_column, held, forward_grid_.corner(z, y, x + i).at, begin, end, group,
                       [&](Index column, Index at, Index count) { f(i * held + column, at, count); });
            };
            if constexpr (term == Term::plus_back) {
              std::fill_n(numbers.data(), tile.count * held, S(0));
              for (Index i = 0; i < tile.count; ++i)
                each_met(i, [&](Index column, Index at, Index count) {
                  std::copy_n(a + at, count, numbers.data() + column);
                });
            }
            multiply_tile<term>(
                blocking, tile, share, last,
                [&](const Block& block, Tile<S>& t) {
                  for (Index i = 0; i < t.count; ++i)
                    t.input(i, block.runs, 0) =
                        s + all.pixel(z, y, x + i) * filters_ + group * (filters_ / groups_);
                },
                [&](Index block, Index panel, S* buffer) {
                  return panels.panel(block, panel, weights, buffer);
                },
                Signs<S>{numbers.data(), values.data()});
            for (Index i = 0; i < tile.count; ++i)
              each_met(i, [&](Index column, Index at, Index count) {
                const S* from = values.data() + column;
                S* to = image + at;
                for (Index k = 0; k < count; ++k) to[k] += from[k];
              });
          }
    }
  }

  /// Calls f(column, at, count) for runs of neighbours among `count` columns of the output at a corner, from
  /// `first` on: their place among these, and where in the image they meet rows of the band.
  template <class F>
  void each_run(Index first, Index count, const Grid::Pixel& corner, Index begin, Index end, Index group,
                F f) const {
    const Spatial& g = geometry_;
    const Index group_channels = channels_ / groups_, row = g.kernel.width * group_channels;
    const Index left = corner.x - g.pads.left;
    const bool joined = groups_ == 1 && g.dilation.width == 1;
    for (Index r = first / row; r * row < first + count; ++r) {
      const Index at_z = corner.z + first_of_row(r).z, at_y = corner.y + first_of_row(r).y;
      const Index at = at_z * g.input.height + at_y;
      if (at_y < 0 || at_y >= g.input.height || at < begin || at >= end) continue;
      const Index line = at * g.input.width * channels_;
      const Index from = std::max(first, r * row) - r * row,
                  to = std::min(first + count, (r + 1) * row) - r * row;
      const Index shift = r * row - first;
      if (joined) {
        const Index inside_from = std::max(from, -left * channels_),
                    inside_to = std::min(to, (g.input.width - left) * channels_);
        if (inside_from < inside_to)
          f(shift + inside_from, line + left * channels_ + inside_from, inside_to - inside_from);
      } else {
        for (Index k = from; k < to; ++k) {
          const Index at_x = left + k / group_channels * g.dilation.width;
          if (at_x >= 0 && at_x < g.input.width)
            f(shift + k, line + at_x * channels_ + group * group_channels + k % group_channels, 1);
        }
      }
    }
  }

  Spatial geometry_;
  Index channels_ = 0, filters_ = 0, groups_ = 1;
  bool by_rows_ = false;
  Grid forward_grid_;
  std::vector<Panels<S>> forward_panels_;  // one a group
  Lazy<BackwardGrids> backward_grids_;
  Lazy<Kept> transposed_;
  std::vector<S> zeros_;
};

}  // namespace ascribe::kernel
