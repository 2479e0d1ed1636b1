/// Convolution: strides, asymmetric padding, dilation, groups; with one axis or two.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/spatial.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/maps/linear_map.hpp>

namespace ascribe::map {

/// The cross-correlation that networks call a convolution, (H·W·channels) → (H'·W'·filters), images in
/// the order H, W, C. Padding is zeros that no weight is stored for. One call takes scratch of about
/// 256 KB (more where one window is large) from the heap, and a copy of the weights if they are changed.
///
/// Tiles of pixels, of all samples, are copied to columns (im2col) and multiplied by Eigen; the
/// transposed product goes to columns, which are then added to the image. A tile's columns stay in the
/// second-level cache. Kernels of 1 × 1 need no copy, and depthwise ones are a loop over channels.
template <class Scalar_>
class Convolution {
 public:
  using Scalar = Scalar_;
  static constexpr int inputs = Dynamic;
  static constexpr int outputs = Dynamic;
  static constexpr const char* name = "Convolution";
  static constexpr Role role = Role::convolution;
  static constexpr bool samplewise = true;

  /// `weights` holds filters × channels/groups × kernel height × kernel width scalars one behind the
  /// other in memory, as in PyTorch and ONNX: a std::vector, a std::span, an Eigen vector. They are copied.
  /// Throws Error where the geometry makes no sense, the groups do not divide channels and filters, or
  /// the weights are not as many as that.
  /// Example: `Convolution<float>({.input = {28, 28}, .kernel = {5, 5}}, 1, 16, weights)`.
  template <class Contiguous>
  requires requires(const Contiguous& w) {
    { w.data() } -> std::convertible_to<const Scalar_*>;
    w.size();
  }
  Convolution(const Spatial& geometry, Index channels, Index filters, const Contiguous& weights,
              Index groups = 1)
      : geometry_(geometry), channels_(channels), filters_(filters), groups_(groups) {
    if constexpr (requires { Contiguous::InnerStrideAtCompileTime; })
      static_assert(Contiguous::InnerStrideAtCompileTime == 1,
                    "ascribe: a convolution reads its weights one behind the other: no inner stride");
    geometry_.check("Convolution");
    checked_size("Convolution", "inputs", {geometry_.input_pixels(), channels});
    checked_size("Convolution", "outputs", {geometry_.output_pixels(), filters});
    if (groups < 1 || channels % groups != 0 || filters % groups != 0)
      fail("Convolution: the groups: expected a divisor of ", channels, " channels and ", filters,
           " filters, found ", groups);
    const Index expected =
        checked_size("Convolution", "weights",
                     {filters, channels / groups, geometry_.kernel.height, geometry_.kernel.width});
    if (Index(weights.size()) != expected)
      fail("Convolution: the weights: expected ", filters, " x ", channels / groups, " x ",
           geometry_.kernel.height, " x ", geometry_.kernel.width, " = ", expected, ", found ",
           weights.size());
    pack(weights.data());
    for (Index y = 0; y < geometry_.output_height(); ++y) rows_.push_back(geometry_.row_taps(y));
    for (Index x = 0; x < geometry_.output_width(); ++x) columns_.push_back(geometry_.column_taps(x));
  }

  Index input_size() const { return geometry_.input_pixels() * channels_; }
  Index output_size() const { return geometry_.output_pixels() * filters_; }
  const Spatial& geometry() const { return geometry_; }
  Index channels() const { return channels_; }
  Index filters() const { return filters_; }
  Index groups() const { return groups_; }

  /// b = W a.
  template <int N>
  void apply(View<Scalar, inputs, N> a, Out<Scalar, outputs, N> b, Weights weights) const {
    std::vector<Scalar> changed;
    forward(packed(weights, changed), a.data(), b.data(), a.cols());
  }

  /// g = Wᵀ s.
  template <int N>
  void apply_transposed(View<Scalar, outputs, N> s, Out<Scalar, inputs, N> g, Weights weights) const {
    std::vector<Scalar> changed;
    backward(packed(weights, changed), s.data(), g.data(), s.cols());
  }

  /// The number of stored weights.
  Index weight_count() const { return Index(weights_.size()); }
  bool weights_are_finite() const {
    return std::all_of(weights_.begin(), weights_.end(), [](const Scalar& w) { return math::isfinite(w); });
  }

 private:
  using Strided = Eigen::Map<Eigen::Matrix<Scalar, Dynamic, Dynamic>, 0, Eigen::OuterStride<>>;
  using ConstStrided = Eigen::Map<const Eigen::Matrix<Scalar, Dynamic, Dynamic>, 0, Eigen::OuterStride<>>;
  using Channels = Eigen::Map<Eigen::Array<Scalar, Dynamic, 1>>;
  using ConstChannels = Eigen::Map<const Eigen::Array<Scalar, Dynamic, 1>>;

  Index group_channels() const { return channels_ / groups_; }
  Index group_filters() const { return filters_ / groups_; }
  /// A window's values in one group, in the order ky, kx, channel: what one column holds.
  Index depth() const { return geometry_.kernel_taps() * group_channels(); }
  bool depthwise() const { return groups_ == channels_ && filters_ == channels_ && groups_ > 1; }
  /// Output pixel p looks at input pixel p only: the image is its own columns.
  bool pointwise() const {
    const Spatial& g = geometry_;
    return g.kernel_taps() == 1 && g.stride.height == 1 && g.stride.width == 1 && g.pads.top == 0 &&
           g.pads.left == 0 && g.pads.bottom == 0 && g.pads.right == 0;
  }

  /// One channel, and windows one pixel apart: what a tap meets along a row of outputs is a row of the image,
  /// shifted. Windows of such an image are short (5 scalars a row of a kernel) and neighbours' overlap, so
  /// that the columns are held tap by tap and not pixel by pixel.
  bool shifted() const { return channels_ == 1 && geometry_.stride.width == 1; }

  /// From O, C, kH, kW to depth × filters (column-major), or for depthwise ones to channels × taps.
  void pack(const Scalar* weights) {
    const Index taps = geometry_.kernel_taps();
    const Index channels = group_channels();
    weights_.resize(std::size_t(filters_ * channels * taps));
    for (Index o = 0; o < filters_; ++o)
      for (Index c = 0; c < channels; ++c)
        for (Index t = 0; t < taps; ++t)
          weights_[std::size_t(depthwise() ? t * filters_ + o : (o * taps + t) * channels + c)] = *weights++;
  }

  const Scalar* packed(Weights weights, std::vector<Scalar>& changed) const {
    if (weights == Weights::as_is) return weights_.data();
    changed.resize(weights_.size());
    with_replacement<Scalar>(
        weights, [&](auto f) { std::transform(weights_.begin(), weights_.end(), changed.begin(), f); });
    return changed.data();
  }

  /// Pixels a tile. At least 128, because Eigen packs the weights anew for every tile, and that has to be
  /// paid for by as many columns.
  Index tile_pixels(Index all) const {
    const Index fitting = Index(256 * 1024) / (depth() * Index(sizeof(Scalar)));
    return std::min(all, std::max<Index>(fitting, 128));
  }

  [[gnu::noinline]] void forward(const Scalar* weights, const Scalar* a, Scalar* b, Index samples) const {
    if (depthwise()) return forward_depthwise(weights, a, b, samples);
    const Index all = samples * geometry_.output_pixels();
    const Index tile = tile_pixels(all);
    const auto scratch = scratch_for(tile);
    for (Index first = 0; first < all; first += tile)
      for (Index group = 0; group < groups_; ++group) {
        const Index count = std::min(tile, all - first);
        const ConstStrided w(weights + group * group_filters() * depth(), depth(), group_filters(),
                             Eigen::OuterStride<>(depth()));
        Strided out(b + first * filters_ + group * group_filters(), group_filters(), count,
                    Eigen::OuterStride<>(filters_));
        if (pointwise()) {
          const ConstStrided in(a + first * channels_ + group * depth(), depth(), count,
                                Eigen::OuterStride<>(channels_));
          out.noalias() = w.transpose() * in;
        } else if (shifted()) {
          gather_shifted(a, first, count, scratch.get());
          const ConstStrided in(scratch.get(), count, depth(), Eigen::OuterStride<>(count));
          out.noalias() = w.transpose() * in.transpose();
        } else {
          gather(a, first, count, group, scratch.get());
          const ConstStrided in(scratch.get(), depth(), count, Eigen::OuterStride<>(depth()));
          out.noalias() = w.transpose() * in;
        }
      }
  }

  [[gnu::noinline]] void backward(const Scalar* weights, const Scalar* s, Scalar* g, Index samples) const {
    if (depthwise()) return backward_depthwise(weights, s, g, samples);
    if (!pointwise()) std::fill_n(g, samples * input_size(), Scalar(0));
    const Index all = samples * geometry_.output_pixels();
    const Index tile = tile_pixels(all);
    const auto scratch = scratch_for(tile);
    for (Index first = 0; first < all; first += tile)
      for (Index group = 0; group < groups_; ++group) {
        const Index count = std::min(tile, all - first);
        const ConstStrided w(weights + group * group_filters() * depth(), depth(), group_filters(),
                             Eigen::OuterStride<>(depth()));
        const ConstStrided in(s + first * filters_ + group * group_filters(), group_filters(), count,
                              Eigen::OuterStride<>(filters_));
        if (pointwise()) {
          Strided out(g + first * channels_ + group * depth(), depth(), count,
                      Eigen::OuterStride<>(channels_));
          out.noalias() = w * in;
        } else if (shifted()) {
          Strided out(scratch.get(), count, depth(), Eigen::OuterStride<>(count));
          out.noalias() = in.transpose() * w.transpose();
          scatter_shifted(scratch.get(), first, count, g);
        } else {
          Strided out(scratch.get(), depth(), count, Eigen::OuterStride<>(depth()));
          out.noalias() = w * in;
          scatter(scratch.get(), first, count, group, g);
        }
      }
  }

  /// Uninitialised: every product writes all of it first.
  std::unique_ptr<Scalar[]> scratch_for(Index tile) const {
    return pointwise() ? nullptr : std::make_unique_for_overwrite<Scalar[]>(std::size_t(tile * depth()));
  }

  void gather(const Scalar* image, Index first, Index count, Index group, Scalar* columns) const {
    each_run(
        first, count, group,
        [&](Index column, Index position, Index length) { copy(image + position, length, columns + column); },
        [&](Index column, Index length) { std::fill_n(columns + column, length, Scalar(0)); });
  }

  void scatter(const Scalar* columns, Index first, Index count, Index group, Scalar* image) const {
    each_run(
        first, count, group,
        [&](Index column, Index position, Index length) { add(columns + column, length, image + position); },
        [](Index, Index) {});
  }

  /// Walks the columns of output pixels first … first + count − 1, counted over all samples: calls
  /// run(position in the columns, position in the images, length) where they meet the image and
  /// gap(position in the columns, length) where they meet padding. A kernel's row is one run unless
  /// dilation or groups take it apart.
  template <class Run, class Gap>
  void each_run(Index first, Index count, Index group, Run run, Gap gap) const {
    const Index channels = group_channels();
    const Index kernel_width = geometry_.kernel.width;
    const Index line = kernel_width * channels;
    const Index spacing = geometry_.dilation.width * channels_;
    const bool joined = groups_ == 1 && geometry_.dilation.width == 1;
    const Index width = Index(columns_.size());
    const Index height = Index(rows_.size());
    Index x = first % width;
    Index y = first / width % height;
    Index base = first / width / height * input_size() + group * channels;
    Index column = 0;
    for (Index p = 0; p < count; ++p) {
      const Spatial::Taps& rows = rows_[std::size_t(y)];
      const Spatial::Taps& taps = columns_[std::size_t(x)];
      for (Index ky = 0; ky < geometry_.kernel.height; ++ky, column += line) {
        if (ky < rows.begin || ky >= rows.end || taps.begin == taps.end) {
          gap(column, line);
          continue;
        }
        const Index row =
            base + (rows.origin + ky * geometry_.dilation.height) * geometry_.input.width * channels_;
        if (taps.begin > 0) gap(column, taps.begin * channels);
        if (joined)
          run(column + taps.begin * channels, row + (taps.origin + taps.begin) * channels_,
              (taps.end - taps.begin) * channels);
        else
          for (Index kx = taps.begin; kx < taps.end; ++kx)
            run(column + kx * channels, row + taps.origin * channels_ + kx * spacing, channels);
        if (taps.end < kernel_width) gap(column + taps.end * channels, (kernel_width - taps.end) * channels);
      }
      if (++x == width) {
        x = 0;
        if (++y == height) {
          y = 0;
          base += input_size();
        }
      }
    }
  }

  void gather_shifted(const Scalar* image, Index first, Index count, Scalar* columns) const {
    each_shifted_row(
        first, count,
        [&](Index column, Index position, Index length) { copy(image + position, length, columns + column); },
        [&](Index column, Index length) { std::fill_n(columns + column, length, Scalar(0)); });
  }

  void scatter_shifted(const Scalar* columns, Index first, Index count, Scalar* image) const {
    each_shifted_row(
        first, count,
        [&](Index column, Index position, Index length) { add(columns + column, length, image + position); },
        [](Index, Index) {});
  }

  /// `each_run` for columns that are held tap by tap, `count` pixels each: a run is what a tap meets along a
  /// row of outputs.
  template <class Run, class Gap>
  void each_shifted_row(Index first, Index count, Run run, Gap gap) const {
    const Spatial& g = geometry_;
    const Index width = Index(columns_.size()), height = Index(rows_.size());
    for (Index ky = 0, column = 0; ky < g.kernel.height; ++ky)
      for (Index kx = 0; kx < g.kernel.width; ++kx) {
        const Index shift = kx * g.dilation.width - g.pads.left;
        Index x = first % width, y = first / width % height, base = first / width / height * input_size();
        for (Index done = 0, length = 0; done < count; done += length, column += length) {
          length = std::min(width - x, count - done);
          const Index end = x + length;
          const Spatial::Taps& rows = rows_[std::size_t(y)];
          const bool inside = ky >= rows.begin && ky < rows.end;
          // Outputs from … to − 1 meet the image.
          const Index from = inside ? std::clamp(-shift, x, end) : end;
          const Index to = inside ? std::clamp(g.input.width - shift, from, end) : end;
          if (from > x) gap(column, from - x);
          if (to > from)
            run(column + from - x,
                base + (rows.origin + ky * g.dilation.height) * g.input.width + from + shift, to - from);
          if (end > to) gap(column + to - x, end - to);
          x = 0;
          if (++y == height) {
            y = 0;
            base += input_size();
          }
        }
      }
  }

  /// Runs are short (5 scalars in a first layer), and a call of memcpy would cost as much as the product:
  /// blocks of four, the last of which overlaps the one before, are copied in line.
  static void copy(const Scalar* from, Index length, Scalar* to) {
    if constexpr (std::is_trivially_copyable_v<Scalar>) {
      if (length >= 4) {
        for (Index i = 0; i + 4 <= length; i += 4) std::memcpy(to + i, from + i, 4 * sizeof(Scalar));
        std::memcpy(to + length - 4, from + length - 4, 4 * sizeof(Scalar));
      } else {
        to[0] = from[0];
        if (length > 1) to[1] = from[1];
        if (length > 2) to[2] = from[2];
      }
    } else {
      std::copy_n(from, length, to);
    }
  }

  /// Blocks of four here too: a loop over five scalars would spend its time on being started.
  static void add(const Scalar* from, Index length, Scalar* to) {
    using Eight = Eigen::Array<Scalar, 8, 1>;
    Index i = 0;
    for (; i + 8 <= length; i += 8) Eigen::Map<Eight>(to + i) += Eigen::Map<const Eight>(from + i);
    for (; i < length; ++i) to[i] += from[i];
  }

  void forward_depthwise(const Scalar* weights, const Scalar* a, Scalar* b, Index samples) const {
    std::fill_n(b, samples * output_size(), Scalar(0));
    each_channel_tap(samples, [&](Index output, Index input, Index tap) {
      Channels(b + output, channels_) +=
          ConstChannels(weights + tap, channels_) * ConstChannels(a + input, channels_);
    });
  }

  void backward_depthwise(const Scalar* weights, const Scalar* s, Scalar* g, Index samples) const {
    std::fill_n(g, samples * input_size(), Scalar(0));
    each_channel_tap(samples, [&](Index output, Index input, Index tap) {
      Channels(g + input, channels_) +=
          ConstChannels(weights + tap, channels_) * ConstChannels(s + output, channels_);
    });
  }

  /// Calls f(where the output pixel's channels start, where the input pixel's do, where the tap's do).
  template <class F>
  void each_channel_tap(Index samples, F&& f) const {
    for (Index n = 0, output = 0; n < samples; ++n)
      for (Index y = 0; y < Index(rows_.size()); ++y)
        for (Index x = 0; x < Index(columns_.size()); ++x, output += channels_)
          geometry_.for_each_tap(y, x, [&](Index tap, Index pixel) {
            f(output, n * input_size() + pixel * channels_, tap * channels_);
          });
  }

  Spatial geometry_;
  Index channels_;
  Index filters_;
  Index groups_;
  std::vector<Scalar> weights_;
  std::vector<Spatial::Taps> rows_;     // of each output row
  std::vector<Spatial::Taps> columns_;  // of each output column
};

}  // namespace ascribe::map
