/// What every linear map promises, checked against an explicit matrix that the test writes out by hand.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <Eigen/Core>
#include <unsupported/Eigen/AutoDiff>

#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/maps/linear_map.hpp>

#include "tests/support/catch.hpp"

namespace map_contract {

using ascribe::Batch;
using ascribe::Dynamic;
using ascribe::Index;
using ascribe::Out;
using ascribe::View;
using ascribe::Weights;
using Dual = Eigen::AutoDiffScalar<Eigen::Matrix<double, 1, 1>>;

/// outputs × inputs, and which entries are stored weights rather than gaps.
struct Explicit {
  Eigen::MatrixXd weights;
  Eigen::Array<bool, Dynamic, Dynamic> stored;

  Explicit(Index outputs, Index inputs)
      : weights(Eigen::MatrixXd::Zero(outputs, inputs)), stored(decltype(stored)::Constant(outputs, inputs, false)) {}
  /// A matrix of which every entry is stored.
  explicit Explicit(const Eigen::MatrixXd& all)
      : weights(all), stored(decltype(stored)::Constant(all.rows(), all.cols(), true)) {}

  void store(Index output, Index input, double weight) {
    weights(output, input) = weight;
    stored(output, input) = true;
  }

  Eigen::MatrixXd changed(Weights how) const {
    Eigen::MatrixXd result = Eigen::MatrixXd::Zero(weights.rows(), weights.cols());
    for (Index i = 0; i < weights.rows(); ++i)
      for (Index j = 0; j < weights.cols(); ++j) {
        if (!stored(i, j)) continue;
        const double w = weights(i, j);
        if (how == Weights::as_is) result(i, j) = w;
        if (how == Weights::positive) result(i, j) = std::max(w, 0.0);
        if (how == Weights::negative) result(i, j) = std::min(w, 0.0);
        if (how == Weights::square) result(i, j) = w * w;
        if (how == Weights::one) result(i, j) = 1;
      }
    return result;
  }
};

/// `count` numbers in [−1, 1] that a float holds exactly; none is 0.
inline Eigen::VectorXd numbers(Index count, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> digit(0, 1023);
  Eigen::VectorXd result(count);
  for (Index i = 0; i < count; ++i) result(i) = (2 * digit(generator) - 1023) / 1024.0;
  return result;
}
inline Eigen::MatrixXd matrix(Index rows, Index columns, unsigned seed) {
  const Eigen::VectorXd all = numbers(rows * columns, seed);
  return Eigen::Map<const Eigen::MatrixXd>(all.data(), rows, columns);
}

template <class Scalar>
double derivative_of(const Scalar& x) {
  if constexpr (std::is_same_v<Scalar, Dual>)
    return x.derivatives()(0);
  else
    return 0;
}

template <class Scalar, int Rows, int N>
Batch<Scalar, Rows, N> cast(const Eigen::MatrixXd& values, const Eigen::MatrixXd& derivatives) {
  Batch<Scalar, Rows, N> result(values.rows(), values.cols());
  for (Index n = 0; n < values.cols(); ++n)
    for (Index i = 0; i < values.rows(); ++i) {
      result(i, n) = Scalar(values(i, n));
      if constexpr (std::is_same_v<Scalar, Dual>) result(i, n).derivatives()(0) = derivatives(i, n);
    }
  return result;
}

template <class Scalar>
void check_close(const Scalar& found, double value, double derivative, double scale, double derivative_scale) {
  const double tolerance = std::is_same_v<Scalar, float> ? 3e-6 : 1e-13;
  // Written so that NaN fails; CHECK only then, because there are hundreds of thousands of numbers.
  if (!(std::abs(ascribe::math::value_of(found) - value) <= tolerance * (scale + 1e-30)))
    CHECK(ascribe::math::value_of(found) == Approx(value));
  if constexpr (std::is_same_v<Scalar, Dual>)
    if (!(std::abs(derivative_of(found) - derivative) <= tolerance * (derivative_scale + 1e-30)))
      CHECK(derivative_of(found) == Approx(derivative));
}

/// One direction, one replacement, one batch: the map's product against the explicit one.
template <bool Transposed, int N, class Map>
Batch<typename Map::Scalar, Dynamic, Dynamic> check_product(const Map& map, const Eigen::MatrixXd& expected, Weights how,
                                                             const Eigen::MatrixXd& x, const Eigen::MatrixXd& dx) {
  using Scalar = typename Map::Scalar;
  constexpr int from = Transposed ? Map::outputs : Map::inputs;
  constexpr int to = Transposed ? Map::inputs : Map::outputs;
  const auto in = cast<Scalar, from, N>(x, dx);
  Batch<Scalar, to, N> result(expected.rows(), x.cols());
  result.setConstant(Scalar(std::numeric_limits<double>::quiet_NaN()));  // overwritten, never added to
  if constexpr (Transposed)
    map.template apply_transposed<N>(ascribe::view(in), ascribe::out(result), how);
  else
    map.template apply<N>(ascribe::view(in), ascribe::out(result), how);
  const Eigen::MatrixXd y = expected * x, dy = expected * dx;
  const Eigen::MatrixXd scale = expected.cwiseAbs() * x.cwiseAbs(), dscale = expected.cwiseAbs() * dx.cwiseAbs();
  for (Index n = 0; n < x.cols(); ++n)
    for (Index j = 0; j < expected.rows(); ++j) check_close(result(j, n), y(j, n), dy(j, n), scale(j, n), dscale(j, n));
  return result;
}

template <bool Transposed, int N, class Map>
void check_batch(const Map& map, const Explicit& expected, Index samples) {
  for (const Weights how : {Weights::as_is, Weights::positive, Weights::negative, Weights::square, Weights::one}) {
    INFO((Transposed ? "transposed" : "forward") << ", weights " << int(how) << ", " << samples << " samples, N = " << N);
    const Eigen::MatrixXd w = Transposed ? Eigen::MatrixXd(expected.changed(how).transpose()) : expected.changed(how);
    const Eigen::MatrixXd x = matrix(w.cols(), samples, 7), dx = matrix(w.cols(), samples, 8);
    const auto batch = check_product<Transposed, N>(map, w, how, x, dx);
    if (N == 1 || samples > 4) continue;
    const Eigen::MatrixXd scale = w.cwiseAbs() * x.cwiseAbs(), dscale = w.cwiseAbs() * dx.cwiseAbs();
    for (Index n = 0; n < samples; ++n) {  // a batch is its columns one by one
      const auto alone = check_product<Transposed, 1>(map, w, how, x.col(n), dx.col(n));
      for (Index j = 0; j < w.rows(); ++j)
        check_close(batch(j, n), ascribe::math::value_of(alone(j, 0)), derivative_of(alone(j, 0)), scale(j, n), dscale(j, n));
    }
  }
}

/// ⟨W a, s⟩ = ⟨a, Wᵀ s⟩, without the explicit matrix.
template <class Map>
void check_adjoint(const Map& map) {
  using Scalar = typename Map::Scalar;
  for (const Weights how : {Weights::as_is, Weights::positive, Weights::negative, Weights::square, Weights::one}) {
    const Eigen::MatrixXd a = matrix(map.input_size(), 1, 9), s = matrix(map.output_size(), 1, 10);
    const auto in = cast<Scalar, Map::inputs, 1>(a, a);
    const auto up = cast<Scalar, Map::outputs, 1>(s, s);
    Batch<Scalar, Map::outputs, 1> b(map.output_size(), 1);
    Batch<Scalar, Map::inputs, 1> g(map.input_size(), 1);
    map.template apply<1>(ascribe::view(in), ascribe::out(b), how);
    map.template apply_transposed<1>(ascribe::view(up), ascribe::out(g), how);
    double left = 0, right = 0, scale = 0;
    for (Index j = 0; j < s.rows(); ++j) left += ascribe::math::value_of(b(j)) * s(j);
    for (Index i = 0; i < a.rows(); ++i) {
      right += ascribe::math::value_of(g(i)) * a(i);
      scale += std::abs(ascribe::math::value_of(g(i)) * a(i));
    }
    INFO("adjoint, weights " << int(how));
    CHECK(std::abs(left - right) <= (std::is_same_v<Scalar, float> ? 1e-5 : 1e-12) * (scale + 1e-30));
  }
}

/// Everything that a linear map promises, for one map.
template <class Map>
void check(const Map& map, const Explicit& expected) {
  static_assert(ascribe::LinearMap<Map>);
  REQUIRE(map.input_size() == expected.weights.cols());
  REQUIRE(map.output_size() == expected.weights.rows());
  REQUIRE((Map::inputs == Dynamic || Map::inputs == map.input_size()));
  REQUIRE((Map::outputs == Dynamic || Map::outputs == map.output_size()));
  CHECK(map.weights_are_finite());
  check_batch<false, 1>(map, expected, 1);
  check_batch<true, 1>(map, expected, 1);
  check_batch<false, 3>(map, expected, 3);
  check_batch<true, 3>(map, expected, 3);
  for (const Index samples : {1, 2, 37}) {
    check_batch<false, Dynamic>(map, expected, samples);
    check_batch<true, Dynamic>(map, expected, samples);
  }
  check_adjoint(map);
}

/// The same for `make.template operator()<Scalar>()` over float, double and an automatic-differentiation
/// scalar: `holds([]<class S>() { return map::Sum<S>(2, 3); }, expected)`.
template <class Make>
void holds(Make make, const Explicit& expected) {
  check(make.template operator()<float>(), expected);
  check(make.template operator()<double>(), expected);
  check(make.template operator()<Dual>(), expected);
}

}  // namespace map_contract
