/// The scale of each channel: batch normalisation, once it is trained.
#pragma once

#include <algorithm>
#include <array>

#include <ascribe/core/error.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/maps/linear_map.hpp>

namespace ascribe::map {

/// b_j = scale(j mod p) · a_j, p being the scale's length: the channels of an image, or every feature
/// its own. The shift is the layer's bias.
/// Example: `ChannelScale<double>(4, Eigen::Vector2d(2, 3))` takes `[1 1 1 1]` to `[2 3 2 3]`.
template <class Scalar_, int Size = Dynamic>
class ChannelScale {
 public:
  using Scalar = Scalar_;
  static constexpr int inputs = Size;
  static constexpr int outputs = Size;
  static constexpr const char* name = "ChannelScale";
  static constexpr Role role = Role::scaling;
  static constexpr bool samplewise = true;
  /// As long as Size at most: on the stack where Size is known.
  using Scale = Eigen::Matrix<Scalar, Dynamic, 1, Eigen::ColMajor, Size, 1>;

  /// Throws Error unless size is Size, and the scale's length divides it.
  template <class Derived>
  ChannelScale(Index size, const Eigen::MatrixBase<Derived>& scale) : size_(size) {
    if (Size != Dynamic && size != Size)
      fail("ChannelScale: the features: expected ", Size, ", found ", size);
    if (size < 1) fail("ChannelScale: the features: expected at least 1, found ", size);
    if (scale.cols() != 1 || scale.size() < 1 || size % scale.size() != 0)
      fail("ChannelScale: the scale: expected a column whose length divides ", size, ", found ", scale.rows(),
           " x ", scale.cols());
    scale_ = scale;
  }

  /// The same, where the type knows the size.
  template <class Derived>
  explicit ChannelScale(const Eigen::MatrixBase<Derived>& scale) requires(Size != Dynamic)
      : ChannelScale(Size, scale) {}

  Index input_size() const { return size_; }
  Index output_size() const { return size_; }
  /// The factors: one period of them.
  const Scale& scale() const { return scale_; }

  template <int N>
  void apply(View<Scalar, inputs, N> a, Out<Scalar, outputs, N> b, const Weights& weights,
             const Finish<Scalar>& finish = {}) const {
    multiply(size_, a.cols(), scale_.data(), scale_.size(), a.data(), b.data(), weights, finish);
  }

  template <int N>
  void apply_transposed(View<Scalar, outputs, N> s, Out<Scalar, inputs, N> g, const Weights& weights,
                        const Finish<Scalar>& finish = {}) const {
    apply<N>(s, g, weights, finish);  // diagonal
  }

  /// The derivative by the scale (maps/linear_map.hpp).
  template <int N>
  void accumulate(View<Scalar, outputs, N> s, View<Scalar, inputs, N> a, Scalar* gradient,
                  const Weights& weights) const {
    add_products(s.data(), a.data(), a.cols(), gradient, weights);
  }
  void copy_weights(Scalar* to) const { std::copy_n(scale_.data(), scale_.size(), to); }

  ChannelScale with_weights(const Scalar* from) const {
    return ChannelScale(size_, Eigen::Map<const Scale>(from, scale_.size()));
  }

  /// The number of stored weights.
  Index weight_count() const { return scale_.size(); }
  bool weights_are_finite() const {
    for (Index c = 0; c < scale_.size(); ++c)
      if (!math::isfinite(scale_(c))) return false;
    return true;
  }

 private:
  /// Pointers alone: one for all shapes.
  [[gnu::noinline]] static void multiply(Index rows, Index samples, const Scalar* scale, Index period,
                                         const Scalar* from, Scalar* to, const Weights& weights,
                                         const Finish<Scalar>& finish) {
    each_piece(rows, samples, [&](Index n, Index first, Index width) {
      const Index at = n * rows + first;
      with_replacement<Scalar>(weights, [&](auto f) {
        Index channel = first % period;
        for (Index k = 0; k < width; channel = 0) {
          const Index run = std::min(period - channel, width - k);
          const Scalar *value = from + at + k, *factor = scale + channel;
          Scalar* product = to + at + k;
          for (Index i = 0; i < run; ++i) product[i] = f(factor[i]) * value[i];
          k += run;
        }
      });
      if (finish) finish(at, width, to + at);
    });
  }

  /// Some channels of all samples at a time; where they are few, several periods of them.
  [[gnu::noinline]] void add_products(const Scalar* s, const Scalar* a, Index samples, Scalar* gradient,
                                      const Weights& weights) const {
    constexpr Index lanes = 64;
    const Index period = scale_.size(), step = period < lanes ? lanes / period * period : period;
    parallel_for((step + lanes - 1) / lanes, [&](Index k) {
      const Index first = k * lanes, width = std::min(lanes, step - first);
      std::array<Scalar, std::size_t(lanes)> sums;
      sums.fill(Scalar(0));
      for (Index n = 0; n < samples; ++n)
        for (Index at = first; at < size_; at += step) {
          const Scalar *x = s + n * size_ + at, *y = a + n * size_ + at;
          Scalar* to = sums.data();
          const Index run = std::min(width, size_ - at);
          for (Index i = 0; i < run; ++i) to[i] += x[i] * y[i];
        }
      for (Index i = 0; i < width; ++i) {
        const Index channel = (first + i) % period;
        multiply_by_derivative(weights, 1, scale_.data() + channel, 1, &sums[std::size_t(i)]);
        gradient[channel] += sums[std::size_t(i)];
      }
    });
  }

  Index size_;
  Scale scale_;
};

/// What `scale_and_bias` returns: the ChannelScale's scale, and the layer's bias; one entry a channel.
template <class Scalar>
struct ScaleAndBias {
  Eigen::Matrix<Scalar, Dynamic, 1> scale;  ///< gamma/√(variance + epsilon)
  Eigen::Matrix<Scalar, Dynamic, 1> bias;   ///< beta − mean·scale
};

/// Batch normalisation, gamma·(a − mean)/√(variance + epsilon) + beta, as a scale and a bias. Throws
/// Error where the lengths differ, or where variance + epsilon is not positive.
/// Example: gamma 3, beta 1, mean 2, variance 4, epsilon 0 are the scale 1.5 and the bias −2.
template <class Derived>
auto scale_and_bias(const Eigen::MatrixBase<Derived>& gamma, const Eigen::MatrixBase<Derived>& beta,
                    const Eigen::MatrixBase<Derived>& mean, const Eigen::MatrixBase<Derived>& variance,
                    double epsilon) {
  using Scalar = typename Derived::Scalar;
  const Index channels = gamma.size();
  const auto expect = [&](const char* what, Index found) {
    if (found != channels)
      fail("batch normalisation: the ", what, ": expected gamma's ", channels, " channels, found ", found);
  };
  expect("beta", beta.size());
  expect("mean", mean.size());
  expect("variance", variance.size());
  ScaleAndBias<Scalar> result;
  result.scale.resize(channels);
  result.bias.resize(channels);
  for (Index c = 0; c < channels; ++c) {
    const Scalar spread = variance(c) + Scalar(epsilon);
    if (!(spread > Scalar(0)))
      fail("batch normalisation: variance + epsilon of channel ", c, ": expected above 0, found ",
           math::value_of(spread));
    result.scale(c) = gamma(c) / math::sqrt(spread);
    result.bias(c) = beta(c) - mean(c) * result.scale(c);
  }
  return result;
}

}  // namespace ascribe::map
