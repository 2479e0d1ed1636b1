/// Layers by short names, so that a network reads like its sentence:
///
///     Sequential net(linear(w1, b1), relu(), linear(w2, b2));
///
/// Each is one of the layers with its part inside and no rule of its own.
#pragma once

#include <utility>

#include <ascribe/core/spatial.hpp>
#include <ascribe/functions/clip.hpp>
#include <ascribe/functions/elu.hpp>
#include <ascribe/functions/gelu.hpp>
#include <ascribe/functions/hard_sigmoid.hpp>
#include <ascribe/functions/hard_swish.hpp>
#include <ascribe/functions/leaky_relu.hpp>
#include <ascribe/functions/mish.hpp>
#include <ascribe/functions/relu.hpp>
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

/// A dense layer, b = W a + bias: `weights` are outputs × inputs, of any scalar, sizes known at compile time
/// or not, and are copied. Throws Error as MatMul does.
template <class D>
auto linear(const Eigen::MatrixBase<D>& weights) {
  return MatMul(map::DenseOf<typename D::PlainObject>(weights));
}
template <class D, class B>
auto linear(const Eigen::MatrixBase<D>& weights, const Eigen::MatrixBase<B>& bias) {
  using Map = map::DenseOf<typename D::PlainObject>;
  return MatMul(Map(weights), typename kind::MatMul<Map>::Bias(bias));
}

/// A convolution: `weights` are filters × channels × kernel height × kernel width, one behind the other; a
/// bias has one entry a filter, or none.
template <class W, class B>
auto convolution(const Spatial& geometry, Index channels, Index filters, const Eigen::MatrixBase<W>& weights,
                 const Eigen::MatrixBase<B>& bias, Index groups = 1) {
  using Map = map::Convolution<typename W::Scalar>;
  const typename W::PlainObject contiguous = weights;
  return MatMul(Map(geometry, channels, filters, contiguous, groups), typename kind::MatMul<Map>::Bias(bias));
}
template <class W>
auto convolution(const Spatial& geometry, Index channels, Index filters,
                 const Eigen::MatrixBase<W>& weights) {
  return convolution(geometry, channels, filters, weights, Eigen::Matrix<typename W::Scalar, 0, 1>());
}

inline auto max_pool(const Spatial& geometry, Index channels) {
  return Max(window::Pool(geometry, channels));
}
/// `count_padding`: whether padding counts as pixels of 0.
template <class Scalar>
auto average_pool(const Spatial& geometry, Index channels, bool count_padding = false) {
  return MatMul(map::AveragePool<Scalar>(geometry, channels, count_padding));
}

inline auto relu() { return Elementwise(fn::Relu()); }
inline auto relu6() { return Elementwise(fn::Relu6()); }
inline auto clip(double low, double high) { return Elementwise(fn::Clip{low, high}); }
inline auto leaky_relu(double slope) { return Elementwise(fn::LeakyRelu{slope}); }
inline auto elu(double alpha = 1) { return Elementwise(fn::Elu{alpha}); }
inline auto selu() { return Elementwise(fn::Selu()); }
inline auto gelu() { return Elementwise(fn::Gelu()); }
inline auto silu() { return Elementwise(fn::Silu()); }
inline auto mish() { return Elementwise(fn::Mish()); }
inline auto softplus() { return Elementwise(fn::Softplus()); }
inline auto softsign() { return Elementwise(fn::Softsign()); }
inline auto sigmoid() { return Elementwise(fn::Sigmoid()); }
inline auto tanh() { return Elementwise(fn::Tanh()); }
inline auto hard_sigmoid() { return Elementwise(fn::HardSigmoid()); }
inline auto hard_swish() { return Elementwise(fn::HardSwish()); }

}  // namespace ascribe
