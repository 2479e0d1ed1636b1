/// What every linear map promises, checked against an explicit matrix that the test writes out by hand.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <random>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <Eigen/Core>
#include <unsupported/Eigen/AutoDiff>

#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/maps/linear_map.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/dual.hpp"

namespace map_contract {

using ascribe::Batch;
using ascribe::Dynamic;
using ascribe::Index;
using ascribe::Out;
using ascribe::View;
using ascribe::Weights;
using ascribe::test::Dual;
using EigenDual = Eigen::AutoDiffScalar<Eigen::Matrix<double, 1, 1>>;

// By pointers wherever there are many numbers: a program that is not optimised takes fifty times as long for a matrix'
// elements.

inline double& derivative_of(Dual& x) { return x.derivative; }
inline double& derivative_of(EigenDual& x) { return x.derivatives()(0); }

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
    const bool* is_stored = stored.data();
    double* to = result.data();
    for (Index k = 0; k < weights.size(); ++k) {
      if (!is_stored[k]) continue;
      const double w = weights.data()[k];
      if (how.unchanged()) to[k] = w;
      if (how == Weights::positive) to[k] = std::max(w, 0.0);
      if (how == Weights::negative) to[k] = std::min(w, 0.0);
      if (how == Weights::square) to[k] = w * w;
      if (how == Weights::one) to[k] = 1;
      if (how.choice == Weights::favoured) to[k] = w + how.gamma * std::max(w, 0.0);
    }
    return result;
  }
};

/// `count` numbers in [−1, 1] that a float holds exactly; none is 0.
inline Eigen::VectorXd numbers(Index count, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> digit(0, 1023);
  Eigen::VectorXd result(count);
  for (double *to = result.data(), *end = to + count; to != end; ++to)
    *to = (2 * digit(generator) - 1023) / 1024.0;
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

/// What the explicit matrix says, by plain loops: the same for every scalar of a map and every N, so each is computed
/// once.
class Reference {
 public:
  struct Sums {
    Eigen::MatrixXd x, y;
    Eigen::MatrixXd scale;  ///< the sums of the terms' sizes
  };
  struct Gradient {
    Values s, a, sums;
    Eigen::MatrixXd scale;
  };

  explicit Reference(const Explicit& explicit_map) : of_(explicit_map) {}

  const Explicit& explicit_map() const { return of_; }
  const Eigen::MatrixXd& weights(Weights how) {
    Eigen::MatrixXd& w = weights_[key(how)];
    if (w.size() == 0) w = of_.changed(how);
    return w;
  }
  /// A product of numbers from that seed: of the largest batch, of which a smaller one is the first columns.
  const Sums& product(bool transposed, Weights how, unsigned seed) {
    Sums& sums = products_[{key(how), transposed, seed}];
    if (sums.x.size() > 0) return sums;
    const Eigen::MatrixXd& w = weights(how);
    const Index samples = 37, from_rows = transposed ? w.rows() : w.cols(), to_rows = w.size() / from_rows;
    sums = {matrix(from_rows, samples, seed), Eigen::MatrixXd::Zero(to_rows, samples),
            Eigen::MatrixXd::Zero(to_rows, samples)};
    for (Index i = 0; i < w.cols(); ++i)
      for (Index j = 0; j < w.rows(); ++j) {
        const double weight = w.data()[i * w.rows() + j];
        if (weight == 0) continue;
        const double* from = sums.x.data() + (transposed ? j : i);
        double *to = sums.y.data() + (transposed ? i : j), *scale = sums.scale.data() + (transposed ? i : j);
        for (Index n = 0; n < samples; ++n, from += from_rows, to += to_rows, scale += to_rows) {
          const double term = weight * *from;
          *to += term;
          *scale += term < 0 ? -term : term;
        }
      }
    return sums;
  }
  /// The derivative by the learned weights.
  const Gradient& gradient(Weights how, Index samples) {
    Gradient& g = gradients_[{key(how), samples}];
    if (g.scale.size() > 0) return g;
    const Index outputs = of_.weights.rows(), inputs = of_.weights.cols(), count = of_.learned_count();
    g.s = {matrix(outputs, samples, 13), matrix(outputs, samples, 14)};
    g.a = {matrix(inputs, samples, 15), matrix(inputs, samples, 16)};
    g.sums = {Eigen::MatrixXd::Zero(count, 1), Eigen::MatrixXd::Zero(count, 1)};
    g.scale = Eigen::MatrixXd::Constant(count, 1, 64);  // what is there before
    for (const auto& [output, input, number] : of_.learned) {
      const double slope = slope_of(how, of_.weights(output, input));
      const double *s = g.s.values.data() + output, *ds = g.s.derivatives.data() + output,
                   *a = g.a.values.data() + input, *da = g.a.derivatives.data() + input;
      double sum = 0, derivative = 0, scale = 0;
      for (Index k = 0; k < samples; ++k, s += outputs, ds += outputs, a += inputs, da += inputs) {
        const double term = slope * *s * *a;
        sum += term;
        derivative += slope * (*ds * *a + *s * *da);
        scale += term < 0 ? -term : term;
      }
      g.sums.values.data()[number] += sum;
      g.sums.derivatives.data()[number] += derivative;
      g.scale.data()[number] += scale;
    }
    return g;
  }

 private:
  using Key = std::pair<int, double>;
  static Key key(const Weights& how) { return {int(how.choice), how.gamma}; }
  static double slope_of(const Weights& how, double w) {
    if (how == Weights::positive) return w > 0 ? 1 : 0;
    if (how == Weights::negative) return w < 0 ? 1 : 0;
    if (how == Weights::square) return 2 * w;
    if (how == Weights::one) return 0;
    if (how.choice == Weights::favoured) return w > 0 ? 1 + how.gamma : 1;
    return 1;
  }

  const Explicit& of_;
  std::map<Key, Eigen::MatrixXd> weights_;
  std::map<std::tuple<Key, bool, unsigned>, Sums> products_;
  std::map<std::pair<Key, Index>, Gradient> gradients_;
};

/// One call of the map, N samples known at compile time or not: all that is instantiated for each map.
template <int N, class Map, int From, int To>
Values product_of(const Map& map, bool transposed, Weights how, const Values& x) {
  using Scalar = typename Map::Scalar;
  constexpr bool dual = !std::is_floating_point_v<Scalar>;
  Batch<Scalar, From, N> in(x.values.rows(), x.values.cols());
  const Index size = in.size();
  for (Index k = 0; k < size; ++k) {
    in.data()[k] = Scalar(x.values.data()[k]);
    if constexpr (dual) derivative_of(in.data()[k]) = x.derivatives.data()[k];
  }
  Batch<Scalar, To, N> result(transposed ? map.input_size() : map.output_size(), in.cols());
  std::fill_n(result.data(), result.size(),
              Scalar(std::numeric_limits<double>::quiet_NaN()));  // overwritten, never added to
  const View<Scalar, From, N> from(in.data(), in.rows(), in.cols());
  const Out<Scalar, To, N> to(result.data(), result.rows(), result.cols());
  // Square fixed-size maps have one type of both directions: `transposed` says which.
  if constexpr (From == Map::inputs && To == Map::outputs)
    if (!transposed) map.template apply<N>(from, to, how);
  if constexpr (From == Map::outputs && To == Map::inputs)
    if (transposed) map.template apply_transposed<N>(from, to, how);
  Values y{Eigen::MatrixXd(result.rows(), result.cols()),
           Eigen::MatrixXd::Zero(result.rows(), result.cols())};
  const Index results = result.size();
  for (Index k = 0; k < results; ++k) {
    y.values.data()[k] = ascribe::math::value_of(result.data()[k]);
    if constexpr (dual) y.derivatives.data()[k] = derivative_of(result.data()[k]);
  }
  return y;
}

/// One call of `accumulate`, added to 1, 2, 3, …
template <int N, class Map>
Values gradient_of(const Map& map, Weights how, const Values& s, const Values& a) {
  using Scalar = typename Map::Scalar;
  constexpr bool dual = !std::is_floating_point_v<Scalar>;
  const auto filled = [](auto&& batch, const Values& from) {
    for (Index i = 0; i < batch.size(); ++i) {
      batch.data()[i] = Scalar(from.values.data()[i]);
      if constexpr (dual) derivative_of(batch.data()[i]) = from.derivatives.data()[i];
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
    if constexpr (dual) result.derivatives(Index(k), 0) = derivative_of(gradient[k]);
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
  return {gradient, product, std::is_same_v<Scalar, float> ? 3e-6 : 1e-13, !std::is_floating_point_v<Scalar>};
}

/// |found − expected| within `tolerance` times `scale`, the sums of the terms' sizes. All are whole columns.
inline void check_close(const Eigen::Ref<const Eigen::MatrixXd>& found,
                        const Eigen::Ref<const Eigen::MatrixXd>& expected,
                        const Eigen::Ref<const Eigen::MatrixXd>& scale, double tolerance) {
  REQUIRE(found.rows() == expected.rows());
  REQUIRE(found.cols() == expected.cols());
  const double *f = found.data(), *e = expected.data(), *s = scale.data();
  const Index size = found.size();
  Index wrong = 0;
  for (Index k = 0; k < size; ++k) {
    const double off = f[k] - e[k], most = tolerance * (s[k] + 1e-30);
    if (off <= most && -off <= most) continue;  // which NaN is not
    if (++wrong == 1)
      UNSCOPED_INFO("row " << k % found.rows() << ", sample " << k / found.rows() << ": expected " << e[k]
                           << ", found " << f[k]);
  }
  CHECK(wrong == 0);
}

/// One direction, one replacement, one batch: the map's product against the explicit one.
inline void check_product(const Erased& map, Reference& reference, int n, bool transposed, Weights how,
                          Index samples) {
  INFO((transposed ? "transposed" : "forward")
       << ", weights " << int(how.choice) << ", " << samples << " samples, N = " << n);
  const auto& expected = reference.product(transposed, how, 7);
  Values x{expected.x.leftCols(samples), {}};
  if (map.dual) x.derivatives = reference.product(transposed, how, 8).x.leftCols(samples);
  const Values y = map.product(n, transposed, how, x);
  check_close(y.values, expected.y.leftCols(samples), expected.scale.leftCols(samples), map.tolerance);
  if (map.dual) {
    const auto& derivative = reference.product(transposed, how, 8);
    check_close(y.derivatives, derivative.y.leftCols(samples), derivative.scale.leftCols(samples),
                map.tolerance);
  }
  if (n == 1 || samples > 4) return;
  for (Index k = 0; k < samples; ++k) {  // a batch is its columns one by one
    Values column{x.values.col(k), {}};
    if (map.dual) column.derivatives = x.derivatives.col(k);
    check_close(y.values.col(k), map.product(1, transposed, how, column).values, expected.scale.col(k),
                map.tolerance);
  }
}

/// The derivative by the learned weights against plain sums over the explicit matrix.
inline void check_gradient(const Erased& map, Reference& reference, int n, Weights how, Index samples) {
  INFO("gradient, weights " << int(how.choice) << ", " << samples << " samples, N = " << n);
  const auto& expected = reference.gradient(how, samples);
  const Values found = map.gradient(n, how, expected.s, expected.a);
  check_close(found.values, expected.sums.values, expected.scale, map.tolerance);
  if (map.dual) check_close(found.derivatives, expected.sums.derivatives, 2 * expected.scale, map.tolerance);
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
void check_some_outputs(const Map& map, const Eigen::MatrixXd& w, const Weights& how, double tolerance) {
  using S = typename Map::Scalar;
  INFO("some outputs, weights " << int(how.choice));
  const Index inputs = w.cols(), outputs = w.rows();
  const Eigen::MatrixXd x = matrix(inputs, 1, 12);
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
void check(const Map& map, Reference& reference) {
  static_assert(ascribe::LinearMap<Map>);
  const Explicit& expected = reference.explicit_map();
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
      check_product(any, reference, 1, transposed, how, 1);
      check_product(any, reference, 3, transposed, how, 3);
      for (const Index samples : {1, 2, 37})
        check_product(any, reference, Dynamic, transposed, how, samples);
    }
    check_adjoint(any, inputs, outputs, how);
    check_gradient(any, reference, 1, how, 1);
    check_gradient(any, reference, 3, how, 3);
    for (const Index samples : {1, 3, 17}) check_gradient(any, reference, Dynamic, how, samples);
    if constexpr (ascribe::PointwiseMap<Map>)
      if (ascribe::has_apply_at(map)) check_some_outputs(map, reference.weights(how), how, any.tolerance);
  }
  if constexpr (ascribe::PlusMap<Map>)
    if (ascribe::has_plus(map)) check_plus(map, expected, any.tolerance);
  for (const bool transposed : {false, true})
    for (const Index samples : {1, 2, 37}) check_finish(map, transposed, samples);
}

template <class Map>
void check(const Map& map, const Explicit& expected) {
  Reference reference(expected);
  check(map, reference);
}

/// The same for `make.template operator()<Scalar>()` over float, double and Eigen's automatic-differentiation
/// scalar: `holds([]<class S>() { return map::Sum<S>(2, 3); }, expected)`.
template <class Make>
void holds(Make make, const Explicit& expected) {
  Reference reference(expected);
  check(make.template operator()<float>(), reference);
  check(make.template operator()<double>(), reference);
  check(make.template operator()<EigenDual>(), reference);
}

/// Over `Dual` in place of Eigen's: for sizes that have to be large.
template <class Make>
void holds_when_large(Make make, const Explicit& expected) {
  Reference reference(expected);
  check(make.template operator()<float>(), reference);
  check(make.template operator()<double>(), reference);
  check(make.template operator()<Dual>(), reference);
}

}  // namespace map_contract
