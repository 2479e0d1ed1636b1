/// Layers by their common names: `Sequential(linear(w1, b1), relu(), linear(w2, b2))`.
///
/// Each maker is the layer's constructor under a verb and nothing else. `tanh()` and `abs()` take no
/// argument, so that under `using namespace ascribe` the C library's functions of a number are still found
/// beside them.
#pragma once

#include <type_traits>
#include <utility>
#include <vector>

#include <Eigen/Core>

#include <ascribe/core/spatial.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/functions/abs.hpp>
#include <ascribe/functions/clip.hpp>
#include <ascribe/functions/elu.hpp>
#include <ascribe/functions/gelu.hpp>
#include <ascribe/functions/hard_sigmoid.hpp>
#include <ascribe/functions/hard_swish.hpp>
#include <ascribe/functions/identity.hpp>
#include <ascribe/functions/leaky_relu.hpp>
#include <ascribe/functions/mish.hpp>
#include <ascribe/functions/power.hpp>
#include <ascribe/functions/prelu.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/scale.hpp>
#include <ascribe/functions/selu.hpp>
#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/functions/silu.hpp>
#include <ascribe/functions/softplus.hpp>
#include <ascribe/functions/softsign.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/layers/elementwise.hpp>
#include <ascribe/layers/matmul.hpp>
#include <ascribe/layers/max.hpp>
#include <ascribe/maps/average_pool.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/windows/pool.hpp>

namespace ascribe {

/// b = W a: a dense layer of outputs × inputs weights, which are copied. Sizes that the matrix's type knows
/// are the layer's too. Throws Error where a size is 0, or a weight is not finite.
template <class W>
auto linear(const Eigen::MatrixBase<W>& weights) {
  return MatMul(map::DenseOf<typename W::PlainObject>(weights));
}
/// b = W a + bias, one entry for each output.
template <class W, class B>
auto linear(const Eigen::MatrixBase<W>& weights, const Eigen::MatrixBase<B>& bias) {
  using Map = map::DenseOf<typename W::PlainObject>;
  return MatMul(Map(weights), typename kind::MatMul<Map>::Bias(bias));
}

/// A convolution without and with a bias, of one entry a filter: `weights` as for map::Convolution, filters ×
/// channels/groups × height × width scalars one behind the other. Example:
/// `convolution({.input = {28, 28}, .kernel = {5, 5}}, 1, 16, weights, bias)`.
template <class Contiguous>
auto convolution(const Spatial& geometry, Index channels, Index filters, const Contiguous& weights,
                 Index groups = 1) {
  using S = std::remove_cvref_t<decltype(*weights.data())>;
  return MatMul(map::Convolution<S>(geometry, channels, filters, weights, groups));
}
/// With a bias, of one entry a filter.
template <class Contiguous, class B>
auto convolution(const Spatial& geometry, Index channels, Index filters, const Contiguous& weights,
                 const Eigen::MatrixBase<B>& bias, Index groups = 1) {
  using S = std::remove_cvref_t<decltype(*weights.data())>;
  return MatMul(map::Convolution<S>(geometry, channels, filters, weights, groups),
                typename kind::MatMul<map::Convolution<S>>::Bias(bias));
}

/// The maximum of each window, channel by channel. Example:
/// `max_pool({.input = {24, 24}, .kernel = {2, 2}, .stride = {2, 2}}, 16)`.
inline auto max_pool(const Spatial& geometry, Index channels) {
  return Max(window::Pool(geometry, channels));
}
/// The average of each window, channel by channel; of a network of `Scalar`. Example:
/// `average_pool<float>({.input = {8, 8}, .kernel = {8, 8}}, 16, /*count_padding=*/false)`.
template <class Scalar>
auto average_pool(const Spatial& geometry, Index channels, bool count_padding) {
  return MatMul(map::AveragePool<Scalar>(geometry, channels, count_padding));
}

// Functions, with the parameters and defaults of `ascribe::fn`.
/// |a|.
inline auto abs() { return Elementwise(fn::Abs()); }
/// min(max(a, low), high).
inline auto clip(double low, double high) { return Elementwise(fn::Clip{low, high}); }
/// a above 0, alpha·(eᵃ − 1) below.
inline auto elu(double alpha = fn::Elu().alpha) { return Elementwise(fn::Elu{alpha}); }
/// a·Φ(a), by erf.
inline auto gelu() { return Elementwise(fn::Gelu()); }
/// GELU by tanh.
inline auto gelu_tanh() { return Elementwise(fn::GeluTanh()); }
/// slope·a + offset, cut at 0 and 1.
inline auto hard_sigmoid(double slope = fn::HardSigmoid().slope, double offset = fn::HardSigmoid().offset) {
  return Elementwise(fn::HardSigmoid{slope, offset});
}
/// a·relu6(a + 3)/6.
inline auto hard_swish() { return Elementwise(fn::HardSwish()); }
/// a.
inline auto identity() { return Elementwise(fn::Identity()); }
/// a above 0, slope·a below.
inline auto leaky_relu(double slope = fn::LeakyRelu().slope) { return Elementwise(fn::LeakyRelu{slope}); }
/// a·tanh(softplus(a)).
inline auto mish() { return Elementwise(fn::Mish()); }
/// (scale·a + shift)^exponent.
inline auto power(double exponent, double shift = 0, double scale = 1) {
  return Elementwise(fn::Power{exponent, shift, scale});
}
/// LeakyRelu with a slope for each channel or feature.
template <class Scalar>
auto prelu(std::vector<double> slopes) {
  return Elementwise(fn::Prelu<Scalar>(std::move(slopes)));
}
/// max(a, 0).
inline auto relu() { return Elementwise(fn::Relu()); }
/// min(max(a, 0), 6).
inline auto relu6() { return Elementwise(fn::Relu6()); }
/// alpha·a.
inline auto scale(double alpha) { return Elementwise(fn::Scale{alpha}); }
/// ELU that keeps mean 0 and variance 1 (Klambauer et al. 1706.02515).
inline auto selu() { return Elementwise(fn::Selu()); }
/// 1/(1 + e⁻ᵃ).
inline auto sigmoid() { return Elementwise(fn::Sigmoid()); }
/// a·sigmoid(a).
inline auto silu() { return Elementwise(fn::Silu()); }
/// log(1 + eᵃ).
inline auto softplus() { return Elementwise(fn::Softplus()); }
/// a/(1 + |a|).
inline auto softsign() { return Elementwise(fn::Softsign()); }
/// tanh(a).
inline auto tanh() { return Elementwise(fn::Tanh()); }

}  // namespace ascribe
