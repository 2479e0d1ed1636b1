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
    zeros_.assign(std::size_t(channels), S(0));
  }

  /// b = W a for `samples` images.
  void forward(const S* a, S* b, Index samples, const Weights& weights, const Finish<S>& finish) const {
    multiply(forward_, a, b, samples, weights, finish);
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
    for (const Grid& grid : backward_.grids) multiply(grid, s, g, samples, weights, finish);
    const Index size = geometry_.input_pixels() * channels_;
    for (Index n = 0; n < samples; ++n)
      backward_.unmet(geometry_, [&](Index pixel, Index count) {
        const Index first = n * size + pixel * channels_;
        std::fill_n(g + first, count * channels_, S(0));
        if (finish) finish(first, count * channels_, g + first);
      });
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

  static constexpr int pixels = 4, packets = 2;
  /// Weights on the stack: of 64 channels, or of fewer where there are many taps.
  static constexpr Index held = 4096, chunk = 64;

  void multiply(const Grid& grid, const S* from, S* to, Index samples, const Weights& weights,
                const Finish<S>& finish) const {
    const Index taps = std::max<Index>(1, Index(grid.taps.size()));
    const Index width = std::min(chunk, std::max<Index>(1, held / taps));
    const Index chunks = (channels_ + width - 1) / width, rows = grid.grid.depth * grid.grid.height;
    const Index band = std::max<Index>(1, piece_size / (grid.grid.width * std::min(width, channels_)));
    const Index bands = (rows + band - 1) / band;
    parallel_for(samples * bands * chunks, [&](Index i) {
      const Index first = i % chunks * width, part = i / chunks % bands;
      Slice slice;
      slice.first = first;
      slice.count = std::min(width, channels_ - first);
      map::with_replacement<S>(weights, [&](auto f) {
        S* w = slice.weights.data();
        for (const Grid::Tap& tap : grid.taps)
          for (Index c = 0; c < slice.count; ++c)
            *w++ = f(weights_[std::size_t(tap.kernel * channels_ + first + c)]);
      });
      const Index end = std::min(rows, (part + 1) * band);
      for (Index r = part * band; r < end; ++r)
        row(grid, i / chunks / bands, r / grid.grid.height, r % grid.grid.height, slice, from, to, finish);
    });
  }

  /// Some channels, with their weights: tap × channel.
  struct Slice {
    Index first, count;
    std::array<S, std::size_t(held)> weights;
  };

  void row(const Grid& grid, Index sample, Index z, Index y, const Slice& slice, const S* from, S* to,
           const Finish<S>& finish) const {
    const Index taps = Index(grid.taps.size());
    const S* image = from + sample * grid.source.pixels() * channels_ + slice.first;
    std::array<const S*, std::size_t(most_taps * pixels)> inputs;
    std::array<S*, std::size_t(pixels)> out;
    for (Index x = 0; x < grid.grid.width; x += pixels) {
      const Index count = std::min<Index>(pixels, grid.grid.width - x);
      // A last group of fewer is computed as a whole one, whose other pixels are the last again.
      for (Index n = 0; n < pixels; ++n) {
        const Index at = x + std::min(n, count - 1);
        const Index pixel = sample * grid.target.pixels() + grid.target_pixel(z, y, at);
        const Grid::Corner corner = grid.corner(z, y, at);
        out[std::size_t(n)] = to + pixel * channels_ + slice.first;
        grid.each_tap(corner, 0, taps, [&](Index t, Index source, bool meets) {
          inputs[std::size_t(t * pixels + n)] = meets ? image + source * channels_ : zeros_.data();
        });
      }
      sums(slice, taps, inputs.data(), out.data());
      for (Index n = 0; n < count && finish; ++n)
        finish(out[std::size_t(n)] - to, slice.count, out[std::size_t(n)]);
    }
  }

  static void sums(const Slice& slice, Index taps, const S* const* inputs, S* const* out) {
    constexpr Index size = Lanes<S>::size;
    Index c = 0;
    for (; c + packets * size <= slice.count; c += packets * size)
      sums_at<packets>(slice, taps, inputs, out, c);
    for (; c + size <= slice.count; c += size) sums_at<1>(slice, taps, inputs, out, c);
    if (c == slice.count) return;
    if (slice.count >= size) return sums_at<1>(slice, taps, inputs, out, slice.count - size);
    for (; c < slice.count; ++c)
      for (int n = 0; n < pixels; ++n) {
        S sum(0);
        for (Index t = 0; t < taps; ++t)
          sum += slice.weights[std::size_t(t * slice.count + c)] * inputs[t * pixels + n][c];
        out[n][c] = sum;
      }
  }

  template <int Packets>
  static void sums_at(const Slice& slice, Index taps, const S* const* inputs, S* const* out, Index c) {
    using L = Lanes<S>;
    typename L::Packet sum[pixels][Packets];
    ASCRIBE_UNROLL
    for (int n = 0; n < pixels; ++n) {
      ASCRIBE_UNROLL
      for (int m = 0; m < Packets; ++m) sum[n][m] = L::all(S(0));
    }
    const S* weights = slice.weights.data() + c;
    for (Index t = 0; t < taps; ++t, weights += slice.count, inputs += pixels) {
      ASCRIBE_UNROLL
      for (int m = 0; m < Packets; ++m) {
        const auto w = L::load(weights + m * L::size);
        ASCRIBE_UNROLL
        for (int n = 0; n < pixels; ++n)
          sum[n][m] = L::multiply_add(w, L::load(inputs[n] + c + m * L::size), sum[n][m]);
      }
    }
    ASCRIBE_UNROLL
    for (int n = 0; n < pixels; ++n) {
      ASCRIBE_UNROLL
      for (int m = 0; m < Packets; ++m) L::store(out[n] + c + m * L::size, sum[n][m]);
    }
  }

  Spatial geometry_;
  Index channels_;
  Grid forward_;
  BackwardGrids backward_;
  std::vector<S> weights_;  // tap × channel
  std::vector<S> zeros_;
};

}  // namespace ascribe::kernel
