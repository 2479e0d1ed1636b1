/// What every linear map promises, checked against an explicit matrix that the test writes out by hand.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <limits>
#include <random>
#include <type_traits>
#include <utility>
#include <vector>

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

/// outputs × inputs, which entries are stored weights rather than gaps, and which of the map's learned
/// weights each is, in the host's order.
struct Explicit {
  Eigen::MatrixXd weights;
  Eigen::Array<bool, Dynamic, Dynamic> stored;
  /// (output, input, number of the learned weight); none for a map without learned weights.
  std::vector<std::array<Index, 3>> learned;

  Explicit(Index outputs, Index inputs)
      : weights(Eigen::MatrixXd::Zero(outputs, inputs)),
        stored(decltype(stored)::Constant(outputs, inputs, false)) {}
  /// A matrix of which every entry is stored and learned, column by column.
  explicit Explicit(const Eigen::MatrixXd& all)
      : weights(all), stored(decltype(stored)::Constant(all.rows(), all.cols(), true)) {
    for (Index j = 0; j < all.cols(); ++j)
      for (Index i = 0; i < all.rows(); ++i) learned.push_back({i, j, j * all.rows() + i});
  }

  void store(Index output, Index input, double weight) {
    weights(output, input) = weight;
    stored(output, input) = true;
  }
  /// The same for a learned weight.
  void store(Index output, Index input, double weight, Index number) {
    store(output, input, weight);
    learned.push_back({output, input, number});
  }
  /// The same matrix with its weights row by row.
  Explicit by_rows() const {
    Explicit turned = *this;
    for (auto& [output, input, number] : turned.learned) number = output * weights.cols() + input;
    return turned;
  }
  /// Wᵀ, of the same weights.
  Explicit transposed() const {
    Explicit turned = *this;
    turned.weights = weights.transpose().eval();
    turned.stored = stored.transpose().eval();
    for (auto& entry : turned.learned) std::swap(entry[0], entry[1]);
    return turned;
  }
  Index learned_count() const {
    Index count = 0;
    for (const auto& entry : learned) count = std::max(count, entry[2] + 1);
    return count;
  }

  Eigen::MatrixXd changed(Weights how) const {
    Eigen::MatrixXd result = Eigen::MatrixXd::Zero(weights.rows(), weights.cols());
    for (Index i = 0; i < weights.rows(); ++i)
      for (Index j = 0; j < weights.cols(); ++j) {
        if (!stored(i, j)) continue;
        const double w = weights(i, j);
        if (how.unchanged()) result(i, j) = w;
        if (how == Weights::positive) result(i, j) = std::max(w, 0.0);
        if (how == Weights::negative) result(i, j) = std::min(w, 0.0);
        if (how == Weights::square) result(i, j) = w * w;
        if (how == Weights::one) result(i, j) = 1;
        if (how.choice == Weights::favoured) result(i, j) = w + how.gamma * std::max(w, 0.0);
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

/// Numbers and their derivatives, whatever the scalar was.
struct Values {
  Eigen::MatrixXd values;
  Eigen::MatrixXd derivatives;
};

/// One call of the map, N samples known at compile time or not: all that is instantiated for each map.
template <int N, class Map, int From, int To>
Values product_of(const Map& map, bool transposed, Weights how, const Values& x) {
  using Scalar = typename Map::Scalar;
  constexpr bool dual = std::is_same_v<Scalar, Dual>;
  Batch<Scalar, From, N> in(x.values.rows(), x.values.cols());
  for (Index n = 0; n < in.cols(); ++n)
    for (Index i = 0; i < in.rows(); ++i) {
      in(i, n) = Scalar(x.values(i, n));
      if constexpr (dual) in(i, n).derivatives()(0) = x.derivatives(i, n);
    }
  Batch<Scalar, To, N> result(transposed ? map.input_size() : map.output_size(), in.cols());
  for (Index i = 0; i < result.size(); ++i)  // overwritten, never added to
    result.data()[i] = Scalar(std::numeric_limits<double>::quiet_NaN());
  const View<Scalar, From, N> from(in.data(), in.rows(), in.cols());
  const Out<Scalar, To, N> to(result.data(), result.rows(), result.cols());
  // Square fixed-size maps have one type of both directions: `transposed` says which.
  if constexpr (From == Map::inputs && To == Map::outputs)
    if (!transposed) map.template apply<N>(from, to, how);
  if constexpr (From == Map::outputs && To == Map::inputs)
    if (transposed) map.template apply_transposed<N>(from, to, how);
  Values y{Eigen::MatrixXd(result.rows(), result.cols()),
           Eigen::MatrixXd::Zero(result.rows(), result.cols())};
  for (Index n = 0; n < result.cols(); ++n)
    for (Index i = 0; i < result.rows(); ++i) {
      y.values(i, n) = ascribe::math::value_of(result(i, n));
      if constexpr (dual) y.derivatives(i, n) = result(i, n).derivatives()(0);
    }
  return y;
}

/// One call of `accumulate`, added to 1, 2, 3, …
template <int N, class Map>
Values gradient_of(const Map& map, Weights how, const Values& s, const Values& a) {
  using Scalar = typename Map::Scalar;
  constexpr bool dual = std::is_same_v<Scalar, Dual>;
  const auto filled = [](auto&& batch, const Values& from) {
    for (Index i = 0; i < batch.size(); ++i) {
      batch.data()[i] = Scalar(from.values.data()[i]);
      if constexpr (dual) batch.data()[i].derivatives()(0) = from.derivatives.data()[i];
    }
    return std::move(batch);
  };
  const auto up = filled(Batch<Scalar, Map::outputs, N>(s.values.rows(), s.values.cols()), s);
  const auto in = filled(Batch<Scalar, Map::inputs, N>(a.values.rows(), a.values.cols()), a);
  std::vector<Scalar> gradient(std::size_t(ascribe::map::weight_count_of(map)) + 1);
  for (std::size_t k = 0; k < gradient.size(); ++k) gradient[k] = Scalar(double(k % 64 + 1));
  ascribe::accumulate(map, ascribe::view(up), ascribe::view(in), gradient.data(), how);
  CHECK(gradient.back() == Scalar(double((gradient.size() - 1) % 64 + 1)));  // nothing is written behind
  gradient.pop_back();
  Values result{Eigen::MatrixXd(gradient.size(), 1), Eigen::MatrixXd::Zero(Index(gradient.size()), 1)};
  for (std::size_t k = 0; k < gradient.size(); ++k) {
    result.values(Index(k), 0) = ascribe::math::value_of(Scalar(gradient[k] - Scalar(double(k % 64 + 1))));
    if constexpr (dual) result.derivatives(Index(k), 0) = gradient[k].derivatives()(0);
  }
  return result;
}

/// A map without its type: product(N, transposed, how, x), and gradient(N, how, s, a).
struct Erased {
  std::function<Values(int, Weights, const Values&, const Values&)> gradient;
  std::function<Values(int, bool, Weights, const Values&)> product;
  double tolerance;
  bool dual;
};

template <class Map>
Erased erased(const Map& map) {
  using Scalar = typename Map::Scalar;
  const auto product = [&map](int n, bool transposed, Weights how, const Values& x) {
    constexpr int in = Map::inputs, out = Map::outputs;
    if (transposed) {
      if (n == 1) return product_of<1, Map, out, in>(map, true, how, x);
      if (n == 3) return product_of<3, Map, out, in>(map, true, how, x);
      return product_of<Dynamic, Map, out, in>(map, true, how, x);
    }
    if (n == 1) return product_of<1, Map, in, out>(map, false, how, x);
    if (n == 3) return product_of<3, Map, in, out>(map, false, how, x);
    return product_of<Dynamic, Map, in, out>(map, false, how, x);
  };
  const auto gradient = [&map](int n, Weights how, const Values& s, const Values& a) {
    if (n == 1) return gradient_of<1>(map, how, s, a);
    if (n == 3) return gradient_of<3>(map, how, s, a);
    return gradient_of<Dynamic>(map, how, s, a);
  };
  return {gradient, product, std::is_same_v<Scalar, float> ? 3e-6 : 1e-13, std::is_same_v<Scalar, Dual>};
}

/// |found − expected| within the tolerance of `scale`, the sum of the terms' sizes.
inline void check_close(const Eigen::MatrixXd& found, const Eigen::MatrixXd& expected,
                        const Eigen::MatrixXd& scale, double tolerance) {
  REQUIRE(found.rows() == expected.rows());
  REQUIRE(found.cols() == expected.cols());
  Index wrong = 0;
  for (Index n = 0; n < found.cols(); ++n)
    for (Index j = 0; j < found.rows(); ++j) {
      // Written so that NaN is wrong.
      if (std::abs(found(j, n) - expected(j, n)) <= tolerance * (scale(j, n) + 1e-30)) continue;
      if (++wrong == 1)
        UNSCOPED_INFO("row " << j << ", sample " << n << ": expected " << expected(j, n) << ", found "
                             << found(j, n));
    }
  CHECK(wrong == 0);
}

/// One direction, one replacement, one batch: the map's product against the explicit one.
inline void check_product(const Erased& map, const Explicit& expected, int n, bool transposed, Weights how,
                          Index samples) {
  INFO((transposed ? "transposed" : "forward")
       << ", weights " << int(how.choice) << ", " << samples << " samples, N = " << n);
  const Eigen::MatrixXd w =
      transposed ? Eigen::MatrixXd(expected.changed(how).transpose()) : expected.changed(how);
  const Values x{matrix(w.cols(), samples, 7), matrix(w.cols(), samples, 8)};
  const Values y = map.product(n, transposed, how, x);
  const Eigen::MatrixXd scale = w.cwiseAbs() * x.values.cwiseAbs();
  check_close(y.values, w * x.values, scale, map.tolerance);
  if (map.dual)
    check_close(y.derivatives, w * x.derivatives, w.cwiseAbs() * x.derivatives.cwiseAbs(), map.tolerance);
  if (n == 1 || samples > 4) return;
  for (Index k = 0; k < samples; ++k)  // a batch is its columns one by one
    check_close(y.values.col(k),
                map.product(1, transposed, how, {x.values.col(k), x.derivatives.col(k)}).values, scale.col(k),
                map.tolerance);
}

/// The derivative by the learned weights against plain sums over the explicit matrix.
inline void check_gradient(const Erased& map, const Explicit& expected, int n, Weights how, Index samples) {
  INFO("gradient, weights " << int(how.choice) << ", " << samples << " samples, N = " << n);
  const Values s{matrix(expected.weights.rows(), samples, 13), matrix(expected.weights.rows(), samples, 14)},
      a{matrix(expected.weights.cols(), samples, 15), matrix(expected.weights.cols(), samples, 16)};
  const Index count = expected.learned_count();
  Values sums{Eigen::MatrixXd::Zero(count, 1), Eigen::MatrixXd::Zero(count, 1)};
  Eigen::MatrixXd size = Eigen::MatrixXd::Constant(count, 1, 64);  // what is there before
  for (const auto& [output, input, number] : expected.learned) {
    const double w = expected.weights(output, input);
    double slope = 1;
    if (how == Weights::positive) slope = w > 0 ? 1 : 0;
    if (how == Weights::negative) slope = w < 0 ? 1 : 0;
    if (how == Weights::square) slope = 2 * w;
    if (how == Weights::one) slope = 0;
    if (how.choice == Weights::favoured) slope = w > 0 ? 1 + how.gamma : 1;
    for (Index k = 0; k < samples; ++k) {
      sums.values(number, 0) += slope * s.values(output, k) * a.values(input, k);
      sums.derivatives(number, 0) += slope * (s.derivatives(output, k) * a.values(input, k) +
                                              s.values(output, k) * a.derivatives(input, k));
      size(number, 0) += std::abs(slope * s.values(output, k) * a.values(input, k));
    }
  }
  const Values found = map.gradient(n, how, s, a);
  check_close(found.values, sums.values, size, map.tolerance);
  if (map.dual) check_close(found.derivatives, sums.derivatives, 2 * size, map.tolerance);
}

/// The learned weights as they are stored, in the host's order.
template <class Map>
void check_copy(const Map& map, const Explicit& expected) {
  using S = typename Map::Scalar;
  const Index count = expected.learned_count();
  REQUIRE(ascribe::map::weight_count_of(map) == count);
  std::vector<S> copy(std::size_t(count) + 1, S(99));
  ascribe::copy_weights(map, copy.data());
  CHECK(copy.back() == S(99));
  Index wrong = 0;
  for (const auto& [output, input, number] : expected.learned)
    if (ascribe::math::value_of(copy[std::size_t(number)]) !=
        ascribe::math::value_of(S(expected.weights(output, input))))
      ++wrong;
  const auto same = ascribe::with_weights(map, copy.data());
  std::vector<S> again(copy);
  ascribe::copy_weights(same, again.data());
  CHECK(again == copy);
  for (S& w : copy) w = w * S(2);
  const auto doubled = ascribe::with_weights(map, copy.data());
  ascribe::copy_weights(doubled, again.data());
  for (Index k = 0; k < count; ++k)
    wrong += ascribe::math::value_of(again[std::size_t(k)]) != ascribe::math::value_of(copy[std::size_t(k)]);
  const Batch<S> x = matrix(map.input_size(), 3, 12).template cast<S>();
  Batch<S> once(map.output_size(), 3), twice(map.output_size(), 3);
  ascribe::apply(map, View<S>(x.data(), x.rows(), 3), Out<S>(once.data(), once.rows(), 3));
  ascribe::apply(doubled, View<S>(x.data(), x.rows(), 3), Out<S>(twice.data(), twice.rows(), 3));
  const bool learned = count > 0;
  for (Index k = 0; k < once.size(); ++k)
    wrong += ascribe::math::value_of(twice.data()[k]) !=
             (learned ? 2 : 1) * ascribe::math::value_of(once.data()[k]);
  CHECK(wrong == 0);
}

/// ⟨W a, s⟩ = ⟨a, Wᵀ s⟩, without the explicit matrix.
inline void check_adjoint(const Erased& map, Index inputs, Index outputs, Weights how) {
  INFO("adjoint, weights " << int(how.choice));
  const Values a{matrix(inputs, 1, 9), matrix(inputs, 1, 9)},
      s{matrix(outputs, 1, 10), matrix(outputs, 1, 10)};
  const Eigen::MatrixXd left = map.product(1, false, how, a).values.cwiseProduct(s.values);
  const Eigen::MatrixXd right = map.product(1, true, how, s).values.cwiseProduct(a.values);
  CHECK(std::abs(left.sum() - right.sum()) <=
        5 * map.tolerance * (left.cwiseAbs().sum() + right.cwiseAbs().sum() + 1e-30));
}

/// A finish sees every output once, when it is final, in runs of one sample.
template <class Map>
void check_finish(const Map& map, bool transposed, Index samples) {
  using S = typename Map::Scalar;
  using Matrix = Batch<S>;
  INFO((transposed ? "transposed" : "forward") << ", finished, " << samples << " samples");
  const Index from = transposed ? map.output_size() : map.input_size();
  const Index to = transposed ? map.input_size() : map.output_size();
  const Matrix x = matrix(from, samples, 11).template cast<S>();
  Matrix plain(to, samples), finished(to, samples);
  const auto mark = [&](Index first, Index count, S* values) {
    if (first / to != (first + count - 1) / to) return;  // would be left unmarked
    for (Index i = 0; i < count; ++i)
      values[i] =
          values + i == finished.data() + first + i ? S(values[i] * S(2) + S(double(first + i))) : S(0);
  };
  const auto finish = ascribe::finish_with<S>(mark);
  const View<S> in(x.data(), from, samples);
  if (transposed) {
    ascribe::apply_transposed(map, in, Out<S>(plain.data(), to, samples));
    ascribe::apply_transposed(map, in, Out<S>(finished.data(), to, samples), Weights::as_is, finish);
  } else {
    ascribe::apply(map, in, Out<S>(plain.data(), to, samples));
    ascribe::apply(map, in, Out<S>(finished.data(), to, samples), Weights::as_is, finish);
  }
  Index wrong = 0;
  for (Index k = 0; k < plain.size(); ++k)
    if (ascribe::math::value_of(finished.data()[k]) !=
        ascribe::math::value_of(S(plain.data()[k] * S(2) + S(double(k)))))
      ++wrong;
  CHECK(wrong == 0);
}

/// Some outputs by themselves are those of the whole product.
template <class Map>
void check_some_outputs(const Map& map, const Explicit& expected, const Weights& how, double tolerance) {
  using S = typename Map::Scalar;
  INFO("some outputs, weights " << int(how.choice));
  const Index inputs = expected.weights.cols(), outputs = expected.weights.rows();
  const Eigen::MatrixXd x = matrix(inputs, 1, 12), w = expected.changed(how);
  const Batch<S> a = x.template cast<S>();
  std::vector<Index> at;  // all outputs, every third, and the last
  for (Index j = 0; j < outputs; j += outputs % 2 + 1 + int(how.choice) % 3) at.push_back(j);
  if (at.back() != outputs - 1) at.push_back(outputs - 1);
  std::vector<S> values(at.size(), S(99));
  map.apply_at(a.data(), at, values.data(), how);
  for (std::size_t k = 0; k < at.size(); ++k) {
    const double scale = w.row(at[k]).cwiseAbs().dot(x.col(0).cwiseAbs()) + 1e-30;
    if (!(std::abs(ascribe::math::value_of(values[k]) - w.row(at[k]).dot(x.col(0))) <= tolerance * scale)) {
      INFO("output " << at[k]);
      CHECK(false);
    }
  }
}

/// The products with contributions above 0, of three samples.
template <class Map>
void check_plus(const Map& map, const Explicit& expected, double tolerance) {
  using S = typename Map::Scalar;
  INFO("contributions above 0");
  const Index inputs = expected.weights.cols(), outputs = expected.weights.rows(), samples = 3;
  const Eigen::MatrixXd x = matrix(inputs, samples, 14), y = matrix(outputs, samples, 15);
  const Batch<S> a = x.template cast<S>(), s = y.template cast<S>();
  Batch<S> b(outputs, samples), g(inputs, samples);
  const auto twice = [](Index, Index count, S* values) {
    for (Index i = 0; i < count; ++i) values[i] *= S(2);
  };
  map.apply_plus(a.data(), b.data(), samples, ascribe::finish_with<S>(twice));
  map.apply_plus_transposed(s.data(), a.data(), g.data(), samples, ascribe::finish_with<S>(twice));
  Index wrong = 0;
  for (Index n = 0; n < samples; ++n) {
    const Eigen::MatrixXd signs = x.col(n).unaryExpr([](double v) { return v < 0 ? -1. : 1.; });
    const Eigen::MatrixXd above = (expected.weights * signs.asDiagonal()).cwiseMax(0);
    const auto compare = [&](const auto& found, const Eigen::MatrixXd& w, const Eigen::VectorXd& of) {
      const Eigen::VectorXd result = w * of, scale = w * of.cwiseAbs();
      for (Index i = 0; i < result.size(); ++i)
        if (!(std::abs(ascribe::math::value_of(found(i, n)) - 2 * result(i)) <=
              2 * tolerance * (scale(i) + 1e-30)))
          ++wrong;
    };
    compare(b, above, x.col(n).cwiseAbs());
    compare(g, above.transpose(), y.col(n));
  }
  CHECK(wrong == 0);
}

/// Everything that a linear map promises, for one map.
template <class Map>
void check(const Map& map, const Explicit& expected) {
  static_assert(ascribe::LinearMap<Map>);
  const Index inputs = expected.weights.cols(), outputs = expected.weights.rows();
  REQUIRE(map.input_size() == inputs);
  REQUIRE(map.output_size() == outputs);
  REQUIRE((Map::inputs == Dynamic || Map::inputs == inputs));
  REQUIRE((Map::outputs == Dynamic || Map::outputs == outputs));
  CHECK(map.weights_are_finite());
  CHECK(ascribe::has_accumulate(map));
  check_copy(map, expected);
  const Erased any = erased(map);
  // `approximate` too: a map without faster products takes it for `as_is`.
  const std::initializer_list<Weights> all{Weights::as_is,      Weights::positive, Weights::negative,
                                           Weights::square,     Weights::one,      Weights::favouring(0.25),
                                           Weights::approximate};
  for (const Weights& how : all) {
    for (const bool transposed : {false, true}) {
      check_product(any, expected, 1, transposed, how, 1);
      check_product(any, expected, 3, transposed, how, 3);
      for (const Index samples : {1, 2, 37}) check_product(any, expected, Dynamic, transposed, how, samples);
    }
    check_adjoint(any, inputs, outputs, how);
    check_gradient(any, expected, 1, how, 1);
    check_gradient(any, expected, 3, how, 3);
    for (const Index samples : {1, 3, 17}) check_gradient(any, expected, Dynamic, how, samples);
    if constexpr (ascribe::PointwiseMap<Map>)
      if (ascribe::has_apply_at(map)) check_some_outputs(map, expected, how, any.tolerance);
  }
  if constexpr (ascribe::PlusMap<Map>)
    if (ascribe::has_plus(map)) check_plus(map, expected, any.tolerance);
  for (const bool transposed : {false, true})
    for (const Index samples : {1, 2, 37}) check_finish(map, transposed, samples);
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
