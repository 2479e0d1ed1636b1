/// Convolution of every channel by itself.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <type_traits>
#include <vector>

#include <ascribe/core/parallel.hpp>
#include <ascribe/core/spatial.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/kernels/image_grid.hpp>
#include <ascribe/kernels/lanes.hpp>
#include <ascribe/maps/linear_map.hpp>

namespace ascribe::kernel {

/// The products with a depthwise convolution's matrix and its transpose, one filter a channel: vectors of
/// channels, a few neighbouring pixels at a time, whose sums stay in registers.
template <class S>
class Depthwise {
 public:
  /// More taps than this need another kernel.
  static constexpr Index most_taps = 256;

  /// weight(tap, channel). At most `most_taps` taps.
  template <class Weight>
  Depthwise(const Spatial& geometry, Index channels, Weight weight)
      : geometry_(geometry), channels_(channels), forward_(forward_grid(geometry)), backward_(geometry) {
    for (Index tap = 0; tap < geometry.kernel_taps(); ++tap)
      for (Index c = 0; c < channels; ++c) weights_.push_back(weight(tap, c));
  }

  /// b = W a for `samples` images.
  void forward(const S* a, S* b, Index samples, const Weights& weights, const Finish<S>& finish) const {
    const auto only = [&](Index z, Index y, auto f) { f(forward_, z, y); };
    multiply(forward_.target, false, only, forward_.source, a, b, samples, weights, finish);
  }
  /// values_k = (W a)_{at_k} for outputs of one image.
  void forward_at(const S* a, std::span<const Index> at, S* values, const Weights& weights) const {
    const Index taps = geometry_.kernel_taps();
    map::with_replacement<S>(weights, [&](auto f) {
      for (std::size_t k = 0; k < at.size(); ++k) {
        const Grid::Corner corner = Walk(forward_, at[k] / channels_).corner();
        const Index channel = at[k] % channels_;
        S sum(0);
        forward_.each_tap(corner, 0, taps, [&](Index tap, Index pixel, bool meets) {  // in the kernel's order
          if (meets)
            sum += f(weights_[std::size_t(tap * channels_ + channel)]) * a[pixel * channels_ + channel];
        });
        values[k] = sum;
      }
    });
  }
  /// g = Wᵀ s.
  void backward(const S* s, S* g, Index samples, const Weights& weights, const Finish<S>& finish) const {
    const auto of_row = [&](Index z, Index y, auto f) { backward_.of_row(geometry_, z, y, f); };
    multiply(geometry_.input, !backward_.cover(geometry_), of_row, geometry_.output(), s, g, samples, weights,
             finish);
  }

  /// gradient += Ŵ' ⊙ Σ_n s_n a_nᵀ over the stored weights, in the order channel, tap. A thread has some
  /// channels and rows of the kernel, over all samples.
  void accumulate(const S* s, const S* a, S* gradient, Index samples, const Weights& weights) const {
    const Spatial& g = geometry_;
    const Index taps = g.kernel_taps(), row = g.kernel.width, rows = taps / row;
    const Extent all = g.output();
    const Index chunks = (channels_ + lane_chunk - 1) / lane_chunk;
    const Index parts = std::min(rows, (4 * thread_count() - 1) / chunks + 1);
    parallel_for(chunks * parts, [&](Index i) {
      const Index first = i / parts * lane_chunk, count = std::min(lane_chunk, channels_ - first);
      const Index begin = rows * (i % parts) / parts, end = rows * (i % parts + 1) / parts;
      std::array<S, std::size_t(most_taps * lane_chunk)> sums;
      std::fill_n(sums.data() + begin * row * lane_chunk, (end - begin) * row * lane_chunk, S(0));
      for (Index n = 0; n < samples; ++n)
        for (Index z = 0; z < all.depth; ++z)
          for (Index y = 0; y < all.height; ++y) {
            const Spatial::Taps planes = g.plane_taps(z), met = g.row_taps(y);
            const S* from = s + (n * all.pixels() + all.pixel(z, y, 0)) * channels_ + first;
            for (Index kz = planes.begin; kz < planes.end; ++kz) {
              const Index before = kz * g.kernel.height;  // rows of the kernel
              const Index at_z = planes.origin + kz * g.dilation.depth;
              for (Index ky = std::max(begin - before, met.begin); ky < std::min(end - before, met.end);
                   ++ky) {
                const Index line = g.input.pixel(at_z, met.origin + ky * g.dilation.height, 0);
                add_row(from, a + (n * g.input_pixels() + line) * channels_ + first, count,
                        sums.data() + (before + ky) * row * lane_chunk);
              }
            }
          }
      for (Index tap = begin * row; tap < end * row; ++tap) {
        S* sum = sums.data() + tap * lane_chunk;
        if (!weights.unchanged())
          map::multiply_by_derivative(weights, count, weights_.data() + tap * channels_ + first, 1, sum);
        for (Index c = 0; c < count; ++c) gradient[(first + c) * taps + tap] += sum[c];
      }
    });
  }
  void copy_weights(S* to) const {
    for (Index c = 0; c < channels_; ++c)
      for (Index tap = 0; tap < geometry_.kernel_taps(); ++tap)
        *to++ = weights_[std::size_t(tap * channels_ + c)];
  }

 private:
  /// Channels and taps whose sums are computed together in `accumulate`.
  static constexpr Index lane_chunk = 2 * Lanes<S>::size;
  static constexpr Index joined = 5;

  /// The sums of one row of the kernel over one row of outputs: where neighbouring taps all meet the image,
  /// together; at its sides one by one.
  void add_row(const S* s, const S* line, Index count, S* sums) const {
    const Spatial& g = geometry_;
    const auto border = [&](Index tap, Index at) {  // the first output whose tap is at `at` or beyond
      const Index behind = at + g.pads.left - tap * g.dilation.width;
      return std::clamp<Index>(behind <= 0 ? 0 : (behind + g.stride.width - 1) / g.stride.width, 0,
                               g.output_width());
    };
    const auto add = [&](Index taps, Index tap, Index begin, Index end) {
      if (begin >= end) return;
      const S* a = line + (begin * g.stride.width - g.pads.left + tap * g.dilation.width) * channels_;
      const auto add_some = [&]<int Taps>(std::integral_constant<int, Taps>) {
        add_taps<Taps>(s + begin * channels_, a, count, end - begin, sums + tap * lane_chunk);
      };
      switch (taps) {
        case 5:
          return add_some(std::integral_constant<int, 5>());
        case 4:
          return add_some(std::integral_constant<int, 4>());
        case 3:
          return add_some(std::integral_constant<int, 3>());
        case 2:
          return add_some(std::integral_constant<int, 2>());
        default:
          return add_some(std::integral_constant<int, 1>());
      }
    };
    const Index parts = (g.kernel.width + joined - 1) / joined, most = (g.kernel.width + parts - 1) / parts;
    for (Index first = 0; first < g.kernel.width; first += most) {
      const Index some = std::min(most, g.kernel.width - first);
      const Index begin = border(first, 0), end = std::max(begin, border(first + some - 1, g.input.width));
      add(some, first, begin, end);
      for (Index t = first; t < first + some; ++t) {
        add(1, t, border(t, 0), std::min(begin, border(t, g.input.width)));
        add(1, t, end, border(t, g.input.width));
      }
    }
  }

  /// sums[tap][channel] += Σ_x s[x][channel] · a[x·stride + tap·dilation][channel].
  template <int Taps>
  void add_taps(const S* s, const S* a, Index count, Index outputs, S* sums) const {
    constexpr Index size = Lanes<S>::size;
    Index c = 0;
    for (; c + 2 * size <= count; c += 2 * size)
      add_lanes<Lanes<S>, Taps, 2>(s + c, a + c, outputs, sums + c);
    for (; c + size <= count; c += size) add_lanes<Lanes<S>, Taps, 1>(s + c, a + c, outputs, sums + c);
    for (; c < count; ++c) add_lanes<OneLane, Taps, 1>(s + c, a + c, outputs, sums + c);
  }

  /// As Lanes, of one scalar.
  struct OneLane {
    using Packet = S;
    static constexpr int size = 1;
    static S load(const S* from) { return *from; }
    static void store(S* to, const S& s) { *to = s; }
    static S multiply_add(const S& a, const S& b, const S& c) { return a * b + c; }
  };

  template <class L, int Taps, int Packets>
  [[gnu::noinline]] void add_lanes(const S* s, const S* a, Index outputs, S* sums) const {
    const Index step = geometry_.stride.width * channels_, apart = geometry_.dilation.width * channels_;
    typename L::Packet sum[Taps][Packets];
    ASCRIBE_UNROLL
    for (int t = 0; t < Taps; ++t) {
      ASCRIBE_UNROLL
      for (int m = 0; m < Packets; ++m) sum[t][m] = L::load(sums + t * lane_chunk + m * L::size);
    }
    for (Index x = 0; x < outputs; ++x, s += channels_, a += step) {
      ASCRIBE_UNROLL
      for (int m = 0; m < Packets; ++m) {
        const typename L::Packet factor = L::load(s + m * L::size);
        ASCRIBE_UNROLL
        for (int t = 0; t < Taps; ++t)
          sum[t][m] = L::multiply_add(factor, L::load(a + t * apart + m * L::size), sum[t][m]);
      }
    }
    ASCRIBE_UNROLL
    for (int t = 0; t < Taps; ++t) {
      ASCRIBE_UNROLL
      for (int m = 0; m < Packets; ++m) L::store(sums + t * lane_chunk + m * L::size, sum[t][m]);
    }
  }

  /// Neighbouring pixels whose sums are computed together: as many chains of additions as hide how long one
  /// takes.
  static constexpr int together = 4;
  /// Weights on the stack: of 128 channels, or of fewer where there are many taps.
  static constexpr Index held = 4096, chunk = 128;
  /// Pixels of a row, at most, and of all rows, about, that are finished together: in the cache, and as long
  /// a run as there is.
  static constexpr Index most_of_row = 256, band_pixels = 64;

  /// Some neighbouring pixels of a target: `rows` of them from `row` on, of all planes, and of each the
  /// pixels [begin, end), which are all where there are several.
  struct Band {
    Index sample, row, rows, begin, end;
    Index pixels() const { return rows * (end - begin); }
  };

  /// `target` in bands, each with all channels where that leaves every thread something to do.
  /// each_grid(z, y, f) calls f(grid, z, y) for the grids that have pixels in a row, with the row's place
  /// there.
  template <class EachGrid>
  void multiply(const Extent& target, bool gaps, EachGrid each_grid, const Extent& source, const S* from,
                S* to, Index samples, const Weights& weights, const Finish<S>& finish) const {
    const Index width = std::min(chunk, held / geometry_.kernel_taps());
    const Index chunks = (channels_ + width - 1) / width, rows = target.depth * target.height;
    const Index per_row = (target.width + most_of_row - 1) / most_of_row;
    const Index band = std::max<Index>(1, band_pixels / target.width), bands = (rows + band - 1) / band;
    const Index all = samples * bands * per_row, threads = thread_count();
    const Index parts = threads == 1 || all == 0 ? 1 : std::clamp<Index>(4 * threads / all, 1, chunks);
    parallel_for(all * parts, [&](Index i) {
      const Index part = i % parts, place = i / parts % per_row, row = i / parts / per_row % bands * band;
      const Band here{i / parts / per_row / bands, row, std::min(band, rows - row),
                      target.width * place / per_row, target.width * (place + 1) / per_row};
      const Index first = chunks * part / parts * width,
                  end = std::min(channels_, chunks * (part + 1) / parts * width);
      S* const out = to + (here.sample * target.pixels() + here.row * target.width + here.begin) * channels_;
      for (Index k = 0; gaps && k < here.pixels(); ++k)
        std::fill(out + k * channels_ + first, out + k * channels_ + end, S(0));
      for (Index c = first; c < end; c += width) {
        const Slice slice = slice_of(c, std::min(width, end - c), weights);
        const S* image = from + here.sample * source.pixels() * channels_ + c;
        S* result = to + here.sample * target.pixels() * channels_ + c;
        for (Index r = here.row; r < here.row + here.rows; ++r)
          each_grid(r / target.height, r % target.height, [&](const Grid& grid, Index z, Index y) {
            row_of(grid, z, y, here, slice, image, result);
          });
      }
      const Index run = parts == 1 ? here.pixels() * channels_ : end - first;  // neighbours in memory
      for (S* at = out + first; finish && at < out + here.pixels() * channels_;
           at += parts == 1 ? run : channels_)
        finish(at - to, run, at);
    });
  }

  /// The weights of some channels: tap × channel.
  struct Slice {
    Index count;
    std::array<S, std::size_t(held)> weights;
  };
  Slice slice_of(Index first, Index count, const Weights& weights) const {
    Slice slice;
    slice.count = count;
    map::with_replacement<S>(weights, [&](auto f) {
      S* w = slice.weights.data();
      for (Index tap = 0; tap < geometry_.kernel_taps(); ++tap)
        for (Index k = 0; k < count; ++k) *w++ = f(weights_[std::size_t(tap * channels_ + first + k)]);
    });
    return slice;
  }
  /// A tap that a row's pixels meet: where, from the source's pixel 0, the one at x = 0 does, and its
  /// weights.
  struct Met {
    Index at, x;
    const S* weights;
  };

  /// A band's pixels in one row of a grid. Those that meet all of the row's taps are computed several at a
  /// time.
  void row_of(const Grid& grid, Index z, Index y, const Band& band, const Slice& slice, const S* image,
              S* result) const {
    std::array<Met, std::size_t(most_taps)> taps;
    Index count = 0;
    const Grid::Corner corner = grid.corner(z, y, 0);
    Index first = 0, last = 0;  // of the taps' places along x
    for (const Grid::Tap& tap : grid.taps) {
      const Index at_z = corner.at.z + tap.at.z, at_y = corner.at.y + tap.at.y;
      if (at_z < 0 || at_z >= grid.source.depth || at_y < 0 || at_y >= grid.source.height) continue;
      first = count == 0 ? tap.at.x : std::min(first, tap.at.x);
      last = count == 0 ? tap.at.x : std::max(last, tap.at.x);
      taps[std::size_t(count++)] = {(corner.pixel + tap.offset) * channels_, tap.at.x,
                                    slice.weights.data() + tap.kernel * slice.count};
    }
    const Index step = grid.step.width, place = grid.place.width;
    const auto from_target = [&](Index x) {
      return std::max<Index>(0, (x - grid.origin.x + place - 1) / place);
    };
    const Index begin = from_target(band.begin), end = std::min(grid.grid.width, from_target(band.end));
    const Index inside = std::clamp((step - 1 - first) / step, begin, end),
                outside = std::clamp((grid.source.width - 1 - last + step) / step, inside, end);
    S* const out = result + grid.target_pixel(z, y, 0) * channels_;
    const std::span<const Met> met{taps.data(), std::size_t(count)};
    const auto compute = [&]<int N>(std::integral_constant<int, N>, Index x) {
      sums<N>(slice.count, met, image + x * step * channels_, step * channels_, out + x * place * channels_,
              place * channels_, Sides{x * step, grid.source.width});
    };
    const auto one = [&](Index x) { compute(std::integral_constant<int, 1>(), x); };
    for (Index x = begin; x < inside; ++x) one(x);
    for (Index x = inside; x < outside;) {
      if (outside - inside < together) {
        one(x++);
        continue;
      }
      const Index at = std::min(x, outside - together);  // a last group of fewer begins before
      compute(std::integral_constant<int, together>(), at);
      x = at + together;
    }
    for (Index x = outside; x < end; ++x) one(x);
  }

  /// Where a pixel stands in its row, for one that does not meet all of the taps.
  struct Sides {
    Index x, width;
    bool meet(const Met& tap) const { return std::size_t(x + tap.x) < std::size_t(width); }
  };

  /// out[n][c] = Σ_t w[t][c]·image[taps[t].at + n·step + c] for N pixels that meet all of the taps, or for
  /// one and those that it meets.
  template <int N>
  static void sums(Index count, std::span<const Met> taps, const S* image, Index step, S* out, Index out_step,
                   const Sides& sides) {
    constexpr Index size = Lanes<S>::size;
    constexpr int packets = N == 1 ? 4 : 2;
    Index c = 0;
    for (; c + packets * size <= count; c += packets * size)
      sums_at<N, packets>(taps, image, step, out, out_step, sides, c);
    for (; c + size <= count; c += size) sums_at<N, 1>(taps, image, step, out, out_step, sides, c);
    if (c == count) return;
    if (count >= size) return sums_at<N, 1>(taps, image, step, out, out_step, sides, count - size);
    for (; c < count; ++c)
      for (int n = 0; n < N; ++n) {
        S sum(0);
        for (const Met& tap : taps)
          if (N > 1 || sides.meet(tap)) sum += tap.weights[c] * image[tap.at + n * step + c];
        out[n * out_step + c] = sum;
      }
  }

  template <int N, int Packets>
  static void sums_at(std::span<const Met> taps, const S* image, Index step, S* out, Index out_step,
                      const Sides& sides, Index c) {
    using L = Lanes<S>;
    typename L::Packet sum[N][Packets];
    ASCRIBE_UNROLL
    for (int n = 0; n < N; ++n) {
      ASCRIBE_UNROLL
      for (int m = 0; m < Packets; ++m) sum[n][m] = L::all(S(0));
    }
    for (const Met& tap : taps) {
      if (N == 1 && !sides.meet(tap)) continue;
      const S *weights = tap.weights + c, *from = image + tap.at + c;
      typename L::Packet w[Packets];
      ASCRIBE_UNROLL
      for (int m = 0; m < Packets; ++m) w[m] = L::load(weights + m * L::size);
      ASCRIBE_UNROLL
      for (int n = 0; n < N; ++n) {
        ASCRIBE_UNROLL
        for (int m = 0; m < Packets; ++m)
          sum[n][m] = L::multiply_add(w[m], L::load(from + n * step + m * L::size), sum[n][m]);
      }
    }
    ASCRIBE_UNROLL
    for (int n = 0; n < N; ++n) {
      ASCRIBE_UNROLL
      for (int m = 0; m < Packets; ++m) L::store(out + n * out_step + c + m * L::size, sum[n][m]);
    }
  }

  Spatial geometry_;
  Index channels_;
  Grid forward_;
  BackwardGrids backward_;
  std::vector<S> weights_;  // tap × channel
};

}  // namespace ascribe::kernel
