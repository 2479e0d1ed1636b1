/// Explicit layers b = W a + bias of every structure that the library's maps have, for the rules that look at
/// the weights' signs. Their map is plain loops over the matrix, and counts its products; that the library's
/// maps say the same is tests/identities/practice_test.cpp's to show.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <Eigen/Core>

#include <ascribe/core/spatial.hpp>
#include <ascribe/layers/matmul.hpp>

#include "tests/rules/rule_contract.hpp"

namespace rule_contract {

using ascribe::Weights;

/// A layer written out. `stored` has a 1 for every stored weight; `bias` is what the layer is given, output j
/// getting entry j mod size.
struct Explicit {
  std::string name;
  Index channels;  ///< of the inputs
  Matrix w, stored;
  Vector bias;

  Matrix positive() const { return w.cwiseMax(0); }
  Matrix negative() const { return w.cwiseMin(0); }
  /// Of every output.
  Vector biases() const {
    Vector all = Vector::Zero(w.rows());
    for (Index j = 0; j < w.rows() && bias.size() > 0; ++j) all(j) = bias(j % bias.size());
    return all;
  }
};

/// The matrix as a linear map: a list of its weights, row by row, of which gaps are no part. It counts the columns
/// that it has multiplied, in either direction.
template <class S>
struct ExplicitMap {
  using Scalar = S;
  static constexpr int inputs = Dynamic, outputs = Dynamic;
  struct Entry {
    Index output, input;
    double weight;
  };

  Index input_count, output_count;
  std::vector<Entry> entries;
  std::shared_ptr<Index> columns = std::make_shared<Index>(0);

  ExplicitMap(const Matrix& w, const Matrix& stored) : input_count(w.cols()), output_count(w.rows()) {
    for (Index j = 0; j < w.rows(); ++j)
      for (Index i = 0; i < w.cols(); ++i)
        if (stored(j, i) != 0) entries.push_back({j, i, w(j, i)});
  }
  Index input_size() const { return input_count; }
  Index output_size() const { return output_count; }
  bool weights_are_finite() const { return true; }
  static S replaced(double as_is, const Weights& how) {
    if (how == Weights::positive) return S(std::max(as_is, 0.0));
    if (how == Weights::negative) return S(std::min(as_is, 0.0));
    if (how == Weights::square) return S(as_is * as_is);
    if (how.choice == Weights::favoured) return S(as_is + how.gamma * std::max(as_is, 0.0));
    return S(how == Weights::one ? 1 : as_is);
  }
  /// to(j) += w(j, i)·from(i) for every entry (j, i); the other way round where it is transposed. By pointers: a
  /// program that is not optimised takes fifty times as long for a matrix' elements.
  void multiply(const S* from, Index from_rows, S* to, Index to_rows, Index samples, const Weights& how,
                Index Entry::*row, Index Entry::*column) const {
    *columns += samples;
    std::fill_n(to, to_rows * samples, S(0));
    for (const Entry& entry : entries) {
      const S w = replaced(entry.weight, how);
      const S* x = from + entry.*column;
      S* y = to + entry.*row;
      for (Index n = 0; n < samples; ++n) y[n * to_rows] += w * x[n * from_rows];
    }
  }
  template <int N>
  void apply(ascribe::View<S, Dynamic, N> a, ascribe::Out<S, Dynamic, N> b, Weights how) const {
    multiply(a.data(), a.rows(), b.data(), b.rows(), a.cols(), how, &Entry::output, &Entry::input);
  }
  template <int N>
  void apply_transposed(ascribe::View<S, Dynamic, N> s, ascribe::Out<S, Dynamic, N> g, Weights how) const {
    multiply(s.data(), s.rows(), g.data(), g.rows(), s.cols(), how, &Entry::input, &Entry::output);
  }
};

template <class S>
ascribe::MatMul<ExplicitMap<S>> layer_of(const Explicit& one) {
  return ascribe::MatMul<ExplicitMap<S>>(ExplicitMap<S>(one.w, one.stored), one.bias.cast<S>());
}

inline Explicit dense(const Matrix& w, const Vector& bias = Vector()) {
  return {"dense", 1, w, Matrix::Ones(w.rows(), w.cols()), bias};
}
/// Gaps, and zeros that are stored.
inline Explicit sparse() {
  Explicit one{"sparse", 2, numbers(4, 6, 15), Matrix::Zero(4, 6), numbers(4, 1, 16)};
  for (Index j = 0; j < 4; ++j)
    for (Index i = 0; i < 6; ++i) one.stored(j, i) = (i + 2 * j) % 3 == 1 ? 0 : 1;
  one.w.array() *= one.stored.array();
  one.w.col(3).setZero();
  return one;
}
/// 5 × 4 pixels of 4 channels, 6 filters in 2 groups, 3 × 2 taps, strides 2 and 1, dilation 1 and 2,
/// one-sided padding: 2 × 4 outputs of 6 filters.
inline const ascribe::Spatial convolution_geometry{
    .input = {5, 4}, .kernel = {3, 2}, .stride = {2, 1}, .pads = {1, 0, 0, 2}, .dilation = {1, 2}};
inline Vector convolution_weights() { return numbers(6 * 2 * 3 * 2, 1, 17); }  // filter, channel, row, column
inline Explicit convolution() {
  const Vector weights = convolution_weights();
  Explicit one{"convolution", 4, Matrix::Zero(2 * 4 * 6, 5 * 4 * 4), Matrix::Zero(2 * 4 * 6, 5 * 4 * 4),
               numbers(6, 1, 18)};
  for (Index y = 0; y < 2; ++y)
    for (Index x = 0; x < 4; ++x)
      for (Index o = 0; o < 6; ++o)
        for (Index c = 0; c < 2; ++c)
          for (Index ky = 0; ky < 3; ++ky)
            for (Index kx = 0; kx < 2; ++kx) {
              const Index iy = 2 * y - 1 + ky, ix = x + 2 * kx;
              if (iy < 0 || iy >= 5 || ix >= 4) continue;
              const Index j = (y * 4 + x) * 6 + o, i = (iy * 4 + ix) * 4 + (o / 3) * 2 + c;
              one.w(j, i) = weights(((o * 2 + c) * 3 + ky) * 2 + kx);
              one.stored(j, i) = 1;
            }
  return one;
}
inline Explicit affine() {
  const Vector scale = Eigen::Vector3d(2, -0.5, 1.25).replicate(2, 1);
  return {"affine", 3, scale.asDiagonal(), Matrix::Identity(6, 6), Eigen::Vector3d(1, -2, 0.5)};
}
/// 3 × 3 pixels of 3 channels, windows of 2 × 2 in steps of 2, one line of padding above and left, which does
/// not count.
inline Explicit average_pool() {
  Matrix w = Matrix::Zero(2 * 2 * 3, 3 * 3 * 3);
  for (Index y = 0; y < 2; ++y)
    for (Index x = 0; x < 2; ++x)
      for (Index iy = std::max<Index>(0, 2 * y - 1); iy <= 2 * y; ++iy)
        for (Index ix = std::max<Index>(0, 2 * x - 1); ix <= 2 * x; ++ix)
          for (Index c = 0; c < 3; ++c)
            w((y * 2 + x) * 3 + c, (iy * 3 + ix) * 3 + c) = 1.0 / ((y == 0 ? 1 : 2) * (x == 0 ? 1 : 2));
  return {"average pool", 3, w, Matrix((w.array() != 0).cast<double>()), Vector()};
}
inline Explicit sum() {
  const Matrix w = Matrix::Identity(4, 4).replicate(1, 3);
  return {"sum", 4, w, w, Vector()};
}

/// The numbers are small dyadic fractions, as the samples' are: floats hold the sums exactly.
inline std::vector<Explicit> every_layer() {
  const Matrix w = numbers(4, 5, 11);
  return {dense(w),  // no bias
          dense(w, numbers(4, 1, 12)),
          dense(w, numbers(2, 1, 14)),  // a bias for every second output
          sparse(),
          convolution(),
          affine(),
          average_pool(),
          sum()};
}

/// Inputs of every sign: samples 0 and 1 have both, 2 and 3 none below 0, 4 none above 0, 5 is zero; some of
/// what comes from above is 0.
inline Samples samples_of_every_sign(Index inputs, Index outputs, unsigned seed) {
  Samples given = samples(inputs, outputs, 6, seed);
  given.a.col(2) = given.a.col(2).cwiseMax(0);  // behind a ReLU
  given.a.col(3) = given.a.col(3).cwiseAbs();
  given.a.col(4) = -given.a.col(4).cwiseAbs();
  given.a.col(5).setZero();
  given.up(0, 2) = given.up(outputs - 1, 3) = 0;
  return given;
}

inline double stabilised(double z, double epsilon) { return z + (z < 0 ? -epsilon : epsilon); }

/// R/s(z), and what the books say of it.
inline Vector quotients(const Vector& up, const Vector& z, double epsilon, double factor,
                        Expected& expected) {
  Vector r = Vector::Zero(z.size());
  for (Index j = 0; j < z.size(); ++j) {
    const double s = stabilised(z(j), epsilon);
    if (s == 0) {
      expected.dropped += factor * up(j);
      continue;
    }
    r(j) = up(j) / s;
    expected.stabiliser += factor * (s - z(j)) * r(j);
  }
  return r;
}

/// What a rule's formula in R says in another form: R = b·Q comes in and R = a·Q goes out, or against a
/// baseline the same of differences, which have no bias. It says nothing where a is 0.
template <class Formula>
Expected in_form(Form form, const Explicit& one, const Vector& a, const Vector& a_base, const Vector& up,
                 Formula formula) {
  if (form == Form::R) return formula(one, a, up);
  Explicit layer = one;
  Vector from = a;
  if (form == Form::Delta) {
    from -= a_base;
    layer.bias = Vector();
  }
  const Vector b = layer.w * from + layer.biases();
  Expected expected = formula(layer, from, up.cwiseProduct(b));
  for (Index i = 0; i < from.size(); ++i)
    expected.down(i) = from(i) == 0 ? std::numeric_limits<double>::quiet_NaN() : expected.down(i) / from(i);
  return expected;
}

/// The whole contract over every layer, in batches of every sign and of one, where `formula(layer, a, up)` is
/// what the rule's line in docs/rules.md says in R. `rule_for(layer)` is the rule for a layer.
template <class RuleFor, class Formula>
void check_every_layer(RuleFor rule_for, Formula formula) {
  for (const Explicit& one : every_layer()) {
    INFO(one.name);
    const auto rule = rule_for(one);
    const auto expected = [&](Form form, const Vector& a, const Vector& a_base, const Vector& up) {
      return in_form(form, one, a, a_base, up, formula);
    };
    const auto make = [&]<class S>() { return layer_of<S>(one); };
    const Samples given = samples_of_every_sign(one.w.cols(), one.w.rows(), 71);
    const auto check_forms = [&](const Samples& some) {
      if (rule.matrix().serves(Form::Q))
        check(make, rule, {Form::R, Form::Q, Form::Delta}, some, expected);
      else
        check(make, rule, {Form::R}, some, expected);
    };
    check_forms(given);
    const auto columns = [&](Index first, Index count) {
      return Samples{given.a.middleCols(first, count), given.a_base.middleCols(first, count),
                     given.up.middleCols(first, count), given.up2.middleCols(first, count)};
    };
    {
      INFO("none below 0");
      check_forms(columns(2, 2));
    }
    {
      INFO("none above 0");
      check_forms(columns(4, 2));
    }
  }
}

/// How many products of the forward pass's size a rule takes for the inputs `a`.
template <class Rule>
double products(const Explicit& one, const Rule& rule, const Matrix& a, const Matrix& up) {
  const auto layer = layer_of<double>(one);
  *layer.map.columns = -2 * a.cols();  // the forward passes of `step`
  step(layer, rule, Form::R, a, a, up);
  return double(*layer.map.columns) / double(a.cols());
}

}  // namespace rule_contract
