/// Identities 7 to 12 of the rules, layer by layer.
#include "tests/support/catch.hpp"

#include <array>

#include <ascribe/functions/scale.hpp>
#include <ascribe/maps/channel_scale.hpp>
#include <ascribe/maps/average_pool.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/maps/sparse.hpp>
#include <ascribe/maps/sum.hpp>
#include <ascribe/rules/baseline.hpp>
#include <ascribe/rules/gradient.hpp>
#include <ascribe/rules/ignore.hpp>
#include <ascribe/rules/normalized.hpp>
#include <ascribe/rules/radial.hpp>
#include <ascribe/rules/repeat.hpp>
#include <ascribe/rules/slope.hpp>

#include "tests/rules/rule_contract.hpp"
#include "tests/support/random_network.hpp"

using namespace ascribe;
using ascribe::test::Random;
using ascribe::test::relative_difference;
using rule_contract::step;
using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

namespace {

Matrix column(std::initializer_list<double> values) {
  Matrix result(Index(values.size()), 1);
  std::copy(values.begin(), values.end(), result.data());
  return result;
}
template <class Layer, class Rule>
Matrix down(const Layer& layer, const Rule& rule, Form form, const Matrix& a, const Matrix& up) {
  return step(layer, rule, form, a, a, up).down;
}
MatMul<map::Dense<double>> dense(const Matrix& w, const Vector& bias = Vector()) {
  return MatMul<map::Dense<double>>(map::Dense<double>(w), bias);
}

}  // namespace

TEST_CASE(
    "identity 7: the leak of an output is |R| eps/(|z| + eps), grows with eps, and tends to 0 with it") {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    Random random(seed);
    const auto layer = dense(random.matrix(4, 6), random.vector(4));
    const Matrix a = random.vector(6), r = random.vector(4);
    for (Index j = 0; j < 4; ++j) {  // one output at a time
      const Matrix up = Vector(Vector::Unit(4, j)) * r(j);
      double last = 0;
      for (const double epsilon : {1e-12, 1e-6, 1e-3, 0.25, 2.0, 100.0}) {
        const auto found = step(layer, rule::Normalized{epsilon}, Form::R, a, a, up);
        const double leak = std::abs(found.books.stabiliser(0)), z = found.b(j);
        CHECK(leak == Approx(std::abs(r(j)) * epsilon / (std::abs(z) + epsilon))
                          .epsilon(1e-10)
                          .margin(1e-15));  // s - z rounds
        CHECK(leak > last);
        last = leak;
        if (epsilon == 1e-12) CHECK(leak < 1e-9 * std::abs(r(j)));
      }
    }
  }
}

TEST_CASE("identity 7: an output z = 0 with R != 0 leaks all of R at every eps, and drops it at eps = 0") {
  const auto layer = dense(Matrix(Eigen::RowVector2d(1, -1)));
  const Matrix a = column({1, 1}), up = column({-3});
  for (const double epsilon : {1e-12, 1e-3, 10.0})
    CHECK(step(layer, rule::Normalized{epsilon}, Form::R, a, a, up).books.stabiliser(0) ==
          Approx(-3).epsilon(1e-14));
  const auto none = step(layer, rule::Normalized{0}, Form::R, a, a, up);
  CHECK(none.books.stabiliser(0) == 0);
  CHECK(none.books.dropped(0) == -3);
}

TEST_CASE("identity 8: scaling as a matrix and as an elementwise function") {
  Random random(8);
  const Matrix a = random.matrix(5, 3), up = random.matrix(5, 3);
  for (const double alpha : {2.5, -0.7, 1.0}) {
    const auto matrix = dense(Matrix(alpha * Matrix::Identity(5, 5)));
    const Elementwise function{fn::Scale{alpha}};
    for (const Form form : {Form::R, Form::Q}) {
      const Matrix scaled = alpha * up;
      CHECK(relative_difference(down(matrix, rule::Gradient(), form, a, up), scaled) <= 1e-15);
      CHECK(relative_difference(down(function, rule::Gradient(), form, a, up), scaled) <= 1e-15);
      CHECK(relative_difference(down(function, rule::Slope(), form, a, up), scaled) <= 1e-15);
    }
    CHECK(relative_difference(down(function, rule::Repeat(), Form::R, a, up), Matrix(alpha * up)) <= 1e-15);
    CHECK(relative_difference(down(matrix, rule::Normalized{0}, Form::R, a, up), up) <= 1e-14);
    CHECK(down(function, rule::Ignore(), Form::R, a, up) == up);
  }
}

namespace {

/// max(a, c) as an elementwise function.
struct MaxWith {
  double c;
  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return a > Scalar(c) ? a : Scalar(c);
  }
  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return a > Scalar(c) ? Scalar(1) : Scalar(0);
  }
};

/// The factors on R and on Q of max(a, c), as a Max over (a, c) and as a function.
struct Factors {
  double max_gradient, function_gradient, radial, slope;
};
Factors factors(double a, double c) {
  const Max maximum{window::WithConstants(window::Groups<1, 1>(), std::array{c})};
  const Elementwise function{MaxWith{c}};
  const Matrix at = column({a}), one = column({1});
  return {down(maximum, rule::Gradient(), Form::Q, at, one)(0),
          down(function, rule::Gradient(), Form::Q, at, one)(0),
          down(maximum, rule::Radial(), Form::R, at, one)(0),
          down(function, rule::Slope(), Form::Q, at, one)(0)};
}

}  // namespace

TEST_CASE("identity 9: max(a, c), c <= 0: Gradient matches Gradient") {
  for (const double c : {0.0, -1.0, -2.0})
    for (const double a : {3.0, 1.0, 0.5, -0.5, -1.5, -3.0}) {
      INFO("a = " << a << ", c = " << c);
      const Factors f = factors(a, c);
      CHECK(f.max_gradient == f.function_gradient);
      CHECK(f.max_gradient == (a > c ? 1 : 0));
    }
}

TEST_CASE("identity 9: the radial maximum matches Slope for a > 0, for a = 0 > c, and for c = 0 != a") {
  const auto equal = [](double a, double c, double value) {
    INFO("a = " << a << ", c = " << c);
    CHECK(factors(a, c).radial == Approx(value).epsilon(1e-14));
    CHECK(factors(a, c).slope == Approx(value).epsilon(1e-14));
  };
  for (const double c : {0.0, -1.0, -2.0})
    for (const double a : {0.25, 1.0, 7.0}) equal(a, c, 1);
  equal(0, -1, 1);
  equal(0, -2, 1);
  equal(-1, 0, 0);
  equal(-7, 0, 0);
}

TEST_CASE("identity 9: the radial maximum does not match Slope for c < 0, a < 0, and for a = c = 0") {
  const auto differ = [](double a, double c, double radial, double slope) {
    INFO("a = " << a << ", c = " << c);
    CHECK(factors(a, c).radial == Approx(radial).epsilon(1e-14));
    CHECK(factors(a, c).slope == Approx(slope).epsilon(1e-14));
  };
  differ(-1, -2, 2. / 3, 1);
  differ(-2, -1, 1. / 3, 1. / 2);
  differ(0, 0, 1. / 2, 0);
}

TEST_CASE("identity 9: nested against flat, max(a, max(c, c)) against max(a, c, c)") {
  const Max inner{window::Table(3, {{0}, {1, 2}})}, outer{window::Table(2, {{0, 1}})},
      flat{window::Table(3, {{0, 1, 2}})};
  const Matrix x = column({-1, -2, -2}), middle = column({-1, -2}), one = column({1});
  const auto nested = [&](const auto& rule, Form form) {
    return Matrix(down(inner, rule, form, x, down(outer, rule, form, middle, one)));
  };
  CHECK(nested(rule::Radial(), Form::R)(0) == Approx(2. / 3).epsilon(1e-14));
  CHECK(down(flat, rule::Radial(), Form::R, x, one)(0) == Approx(1. / 2).epsilon(1e-14));
  CHECK(nested(rule::Gradient(), Form::R) == down(flat, rule::Gradient(), Form::R, x, one));
}

namespace {

/// The map against the explicit matrix, dense and sparse, with the bias spelled out for every output.
template <class Map>
void check_same_as_matrix(const Map& map, const Matrix& w, const Vector& bias = Vector()) {
  Random random(10);
  const Matrix a = random.matrix(w.cols(), 3), a_base = random.matrix(w.cols(), 3),
               up = random.matrix(w.rows(), 3);
  const MatMul<Map> layer(map, bias);
  const Vector all = bias.size() ? Vector(bias.replicate(w.rows() / bias.size(), 1)) : Vector();
  const auto explicit_dense = dense(w, all);
  const MatMul<map::Sparse<double>> explicit_sparse(
      map::Sparse<double>(Eigen::SparseMatrix<double>(w.sparseView())), all);
  const auto compare = [&](const auto& rule, Form form, const auto& matrix) {
    const auto found = step(layer, rule, form, a, a_base, up);
    const auto expected = step(matrix, rule, form, a, a_base, up);
    CHECK(relative_difference(found.b, expected.b) <= 1e-12);
    CHECK(relative_difference(found.down, expected.down) <= 1e-10);
    CHECK((found.shares - expected.shares).cwiseAbs().maxCoeff() <=
          1e-10 * (1 + expected.down.cwiseAbs().maxCoeff()));
    const double size = expected.books.largest_entry().maxCoeff();
    CHECK(((found.books.stabiliser - expected.books.stabiliser).abs() <= 1e-10 * size).all());
    CHECK(((found.books.dropped - expected.books.dropped).abs() <= 1e-10 * size).all());
  };
  const auto every = [&](const auto& matrix) {
    for (const Form form : {Form::R, Form::Q, Form::Delta}) {
      compare(rule::Gradient(), form, matrix);
      compare(rule::Normalized{0}, form, matrix);
      compare(rule::Normalized{0.25}, form, matrix);
    }
  };
  every(explicit_dense);
  every(explicit_sparse);
}

}  // namespace

TEST_CASE("identity 10: a convolution gives the same b and R as its explicit matrix") {
  // 5 × 4 pixels of 4 channels, 6 filters in 2 groups, 3 × 2 taps, strides 2 and 1, dilation 1 and 2,
  // one-sided padding.
  const Spatial g{
      .input = {5, 4}, .kernel = {3, 2}, .stride = {2, 1}, .pads = {1, 0, 0, 2}, .dilation = {1, 2}};
  const Index height = (5 + 1 - 3) / 2 + 1, width = 4 + 2 - 3 + 1;
  Random random(1);
  const Vector weights = random.vector(6 * 2 * 3 * 2);  // filter, channel of the group, row, column
  Matrix w = Matrix::Zero(height * width * 6, 5 * 4 * 4);
  for (Index y = 0; y < height; ++y)
    for (Index x = 0; x < width; ++x)
      for (Index o = 0; o < 6; ++o)
        for (Index c = 0; c < 2; ++c)
          for (Index ky = 0; ky < 3; ++ky)
            for (Index kx = 0; kx < 2; ++kx) {
              const Index iy = 2 * y - 1 + ky, ix = x + 2 * kx;
              if (iy < 0 || iy >= 5 || ix >= 4) continue;
              w((y * width + x) * 6 + o, (iy * 4 + ix) * 4 + (o / 3) * 2 + c) =
                  weights(((o * 2 + c) * 3 + ky) * 2 + kx);
            }
  check_same_as_matrix(map::Convolution<double>(g, 4, 6, weights, 2), w, random.vector(6));
}

TEST_CASE("identity 10: an average pool gives the same b and R as its explicit matrix") {
  for (const bool count_padding : {false, true}) {
    Matrix w = Matrix::Zero(2 * 2 * 3,
                            3 * 3 * 3);  // windows of 2 × 2 in steps of 2, one line of padding above and left
    for (Index y = 0; y < 2; ++y)
      for (Index x = 0; x < 2; ++x) {
        std::vector<Index> pixels;
        for (Index iy = 2 * y - 1; iy <= 2 * y; ++iy)
          for (Index ix = 2 * x - 1; ix <= 2 * x; ++ix)
            if (iy >= 0 && ix >= 0) pixels.push_back(iy * 3 + ix);
        for (const Index pixel : pixels)
          for (Index c = 0; c < 3; ++c)
            w((y * 2 + x) * 3 + c, pixel * 3 + c) = 1.0 / (count_padding ? 4.0 : double(pixels.size()));
      }
    check_same_as_matrix(
        map::AveragePool<double>({.input = {3, 3}, .kernel = {2, 2}, .stride = {2, 2}, .pads = {1, 1, 0, 0}},
                                 3, count_padding),
        w);
  }
}

TEST_CASE("identity 10: addition and normalisation give the same b and R as their explicit matrices") {
  Matrix sum(4, 12);
  sum << Matrix::Identity(4, 4), Matrix::Identity(4, 4), Matrix::Identity(4, 4);
  check_same_as_matrix(map::Sum<double>(3, 4), sum);
  const Vector scale = column({2, -0.5, 3});
  check_same_as_matrix(map::ChannelScale<double>(6, scale),
                       Matrix(Vector(scale.replicate(2, 1)).asDiagonal()), column({1, -2, 0.5}));
}

TEST_CASE("identity 11: the softmax-limit rule equals Rescale through log sum exp at sharpness 1e3") {
  const double sharpness = 1e3;
  const Max maximum{window::Table(4, {{0, 1, 2, 3}})};
  int compared = 0;
  for (unsigned seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    const Vector a = random.vector(4), a0 = random.vector(4);
    const auto clear = [](Vector v) {
      std::sort(v.begin(), v.end());
      return v(3) - v(2) >= 0.02;
    };
    if (!clear(a) || !clear(a0) || std::abs(a.maxCoeff() - a0.maxCoeff()) < 0.02) continue;
    ++compared;
    // Rescale: exp's chords, the sum's gradient, log's chord; a log Σ exp for each image.
    const auto log_sum = [&](const Vector& v) {
      return sharpness * v.maxCoeff() + std::log((sharpness * (v.array() - v.maxCoeff())).exp().sum());
    };
    const double l = log_sum(a), l0 = log_sum(a0), top = std::max(l, l0);
    const Eigen::ArrayXd e = (sharpness * a.array() - top).exp(), e0 = (sharpness * a0.array() - top).exp();
    const Matrix expected = (l - l0) / sharpness * (e - e0) / (std::exp(l - top) - std::exp(l0 - top));
    const Matrix m = step(maximum, rule::Baseline(), Form::Delta, Matrix(a), Matrix(a0), column({1})).down;
    CHECK((Matrix(m.array() * (a - a0).array()) - expected).cwiseAbs().maxCoeff() <= 1e-6);
  }
  CHECK(compared > 100);
}

TEST_CASE("identity 11: the fold equals integrated gradients for two inputs") {
  const Max maximum{window::Table(2, {{0, 1}})};
  for (unsigned seed = 1; seed <= 50; ++seed) {
    Random random(seed);
    const Matrix a = random.vector(2), a0 = random.vector(2);
    // Along the straight line from a0 to a the second input is the maximum for one interval of t in [0, 1].
    const double from = a0(1) - a0(0), to = a(1) - a(0);
    double second = from > 0 ? 1 : 0;
    if (from * to < 0) second = to > 0 ? 1 - from / (from - to) : from / (from - to);
    const Matrix m = step(maximum, rule::BaselineFold(), Form::Delta, a, a0, column({1})).down;
    CHECK(m(0) == Approx(1 - second).margin(1e-10));
    CHECK(m(1) == Approx(second).margin(1e-10));
  }
}

TEST_CASE(
    "identity 12: two matrices equal their product under Gradient and Normalized(0), not under "
    "Normalized(0.25)") {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    Random random(seed);
    const Matrix w1 = random.matrix(6, 5), w2 = random.matrix(4, 6), a = random.matrix(5, 3),
                 up = random.matrix(4, 3);
    const Vector b1 = random.vector(6), b2 = random.vector(4);
    const auto first = dense(w1, b1), second = dense(w2, b2), both = dense(w2 * w1, w2 * b1 + b2);
    const Matrix middle = (w1 * a).colwise() + b1;
    const auto difference = [&](const auto& rule, Form form) {
      return relative_difference(down(first, rule, form, a, down(second, rule, form, middle, up)),
                                 down(both, rule, form, a, up));
    };
    for (const Form form : {Form::R, Form::Q}) CHECK(difference(rule::Gradient(), form) <= 1e-10);
    for (const Form form : {Form::R, Form::Q}) CHECK(difference(rule::Normalized{0}, form) <= 1e-10);
    for (const Form form : {Form::R, Form::Q}) CHECK(difference(rule::Normalized{0.25}, form) > 1e-3);
    // Normalized(0) is Gradient in Q.
    CHECK(down(both, rule::Normalized{0}, Form::Q, a, up) == down(both, rule::Gradient(), Form::Q, a, up));
  }
}
