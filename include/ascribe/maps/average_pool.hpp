/// The average over windows of an image or a volume: a linear map without learned weights.
#pragma once

#include <algorithm>

#include <ascribe/core/error.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/spatial.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/maps/linear_map.hpp>

namespace ascribe::map {

/// b = the average of each window, channel by channel: (H·W·C) → (H'·W'·C), (D·H·W·C) of a volume. The
/// weights are 1/count, the count being the window's pixels inside the image, or all of the kernel's where
/// padding counts. Padding may count so far and no further: where a size was rounded up, the last window
/// hangs over the padding asked for. Example: `AveragePool<float>({.input = {8, 8}, .kernel = {2, 2}, .stride
/// = {2, 2}}, 16, false)`.
template <class Scalar_>
class AveragePool {
 public:
  using Scalar = Scalar_;
  static constexpr int inputs = Dynamic;
  static constexpr int outputs = Dynamic;
  static constexpr const char* name = "AveragePool";
  static constexpr Role role = Role::aggregation;
  static constexpr bool samplewise = true;

  /// Throws Error where the geometry or the channels make no sense, or where a window lies wholly in padding
  /// that does not count.
  AveragePool(const Spatial& geometry, Index channels, bool count_padding)
      : AveragePool(geometry, channels, count_padding ? geometry.pads : Pads{}) {}

  /// The same where so many pixels of the padding count at each side. Throws Error, too, where that is more
  /// than there are.
  AveragePool(const Spatial& geometry, Index channels, const Pads& counted)
      : geometry_(geometry), counted_(geometry), channels_(channels) {
    geometry_.check("AveragePool");
    checked_size("AveragePool", "inputs", {geometry_.input_pixels(), channels});
    checked_size("AveragePool", "outputs", {geometry_.output_pixels(), channels});
    const auto count = [](const char* side, Index pixels, Index& pad, Index& size) {
      if (pixels < 0 || pixels > pad)
        fail("AveragePool: the padding that counts at the ", side, ": expected 0 to ", pad, ", found ",
             pixels);
      pad -= pixels;
      size += pixels;
    };
    count("top", counted.top, counted_.pads.top, counted_.input.height);
    count("left", counted.left, counted_.pads.left, counted_.input.width);
    count("bottom", counted.bottom, counted_.pads.bottom, counted_.input.height);
    count("right", counted.right, counted_.pads.right, counted_.input.width);
    count("front", counted.front, counted_.pads.front, counted_.input.depth);
    count("back", counted.back, counted_.pads.back, counted_.input.depth);
    counted_.check_no_window_is_empty("AveragePool");
  }

  Index input_size() const { return geometry_.input_pixels() * channels_; }
  Index output_size() const { return geometry_.output_pixels() * channels_; }
  const Spatial& geometry() const { return geometry_; }
  /// Of the image.
  Index channels() const { return channels_; }
  /// The part of the padding that counts.
  Pads counted_padding() const {
    const Pads &all = geometry_.pads, &left = counted_.pads;
    return {all.top - left.top,     all.left - left.left,   all.bottom - left.bottom,
            all.right - left.right, all.front - left.front, all.back - left.back};
  }

  template <int N>
  void apply(View<Scalar, inputs, N> a, Out<Scalar, outputs, N> b, Weights weights) const {
    average(a.cols(), a.data(), b.data(), weights);
  }

  template <int N>
  void apply_transposed(View<Scalar, outputs, N> s, Out<Scalar, inputs, N> g, Weights weights) const {
    hand_out(s.cols(), s.data(), g.data(), weights);
  }

  bool weights_are_finite() const { return true; }

 private:
  using Channels = Eigen::Map<Eigen::Array<Scalar, Dynamic, 1>>;
  using ConstChannels = Eigen::Map<const Eigen::Array<Scalar, Dynamic, 1>>;

  // Pointers alone: one for all shapes. Windows of different channels have no input in common: several
  // threads take some channels each.
  [[gnu::noinline]] void average(Index samples, const Scalar* a, Scalar* b, const Weights& weights) const {
    each_strip(samples, [&](Index n, Index channel, Index width) {
      const Scalar* from = a + n * input_size() + channel;
      Scalar* to = b + n * output_size() + channel;
      each_window(weights, [&](Index window, const Scalar& w, auto&& each_run) {
        Channels average(to + window * channels_, width);
        average.setZero();
        each_run([&](Index pixel, Index count) {
          if (channels_ == 1)
            average += ConstChannels(from + pixel, count).sum();
          else
            for (const Index end = pixel + count; pixel < end; ++pixel)
              average += ConstChannels(from + pixel * channels_, width);
        });
        average *= w;
      });
    });
  }
  [[gnu::noinline]] void hand_out(Index samples, const Scalar* s, Scalar* g, const Weights& weights) const {
    each_strip(samples, [&](Index n, Index channel, Index width) {
      const Scalar* from = s + n * output_size() + channel;
      Scalar* to = g + n * input_size() + channel;
      for (Index pixel = 0; pixel < geometry_.input_pixels(); ++pixel)
        Channels(to + pixel * channels_, width).setZero();
      each_window(weights, [&](Index window, const Scalar& w, auto&& each_run) {
        const ConstChannels share(from + window * channels_, width);
        each_run([&](Index pixel, Index count) {
          if (channels_ == 1)
            Channels(to + pixel, count) += w * share(0);
          else
            for (const Index end = pixel + count; pixel < end; ++pixel)
              Channels(to + pixel * channels_, width) += w * share;
        });
      });
    });
  }

  /// Calls f(sample, channel, width) for strips of channels, by several threads.
  template <class F>
  void each_strip(Index samples, F&& f) const {
    constexpr Index strip = 64;
    each_part(samples, (channels_ + strip - 1) / strip, strip * geometry_.input_pixels(),
              [&](Index n, Index k) { f(n, k * strip, std::min(strip, channels_ - k * strip)); });
  }

  /// Calls f(window, weight, each_run) for every output pixel; each_run(g) calls g(pixel, count) for runs of
  /// the window's pixels that are neighbours.
  template <class F>
  void each_window(Weights weights, F&& f) const {
    const Extent all = geometry_.output(), step = geometry_.dilation;
    const auto met = [](const Spatial::Taps& taps) { return taps.end - taps.begin; };
    for (Index z = 0, window = 0; z < all.depth; ++z)
      for (Index y = 0; y < all.height; ++y)
        for (Index x = 0; x < all.width; ++x, ++window) {
          const Index count =
              met(counted_.plane_taps(z)) * met(counted_.row_taps(y)) * met(counted_.column_taps(x));
          const auto planes = geometry_.plane_taps(z), rows = geometry_.row_taps(y),
                     columns = geometry_.column_taps(x);
          f(window, replaced(Scalar(Scalar(1) / Scalar(double(count))), weights), [&](auto&& g) {
            for (Index kz = planes.begin; kz < planes.end; ++kz)
              for (Index ky = rows.begin; ky < rows.end; ++ky) {
                const Index line = geometry_.input.pixel(planes.origin + kz * step.depth,
                                                         rows.origin + ky * step.height, columns.origin);
                if (step.width == 1)
                  g(line + columns.begin, met(columns));
                else
                  for (Index kx = columns.begin; kx < columns.end; ++kx) g(line + kx * step.width, Index(1));
              }
          });
        }
  }

  Spatial geometry_;
  Spatial counted_;  ///< the padding that counts seen as image: its taps are the count
  Index channels_;
};

}  // namespace ascribe::map
