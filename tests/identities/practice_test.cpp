/// Identities 10, 12 and 14 of the rules, for the rules of practice.
#include "tests/support/catch.hpp"

#include <utility>
#include <vector>

#include <ascribe/maps/channel_scale.hpp>
#include <ascribe/maps/any_map.hpp>
#include <ascribe/maps/average_pool.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/maps/sparse.hpp>
#include <ascribe/maps/sum.hpp>
#include <ascribe/rules/alpha_beta.hpp>
#include <ascribe/rules/flat.hpp>
#include <ascribe/rules/gamma.hpp>
#include <ascribe/rules/normalized.hpp>
#include <ascribe/rules/w_square.hpp>
#include <ascribe/rules/z_box.hpp>
#include <ascribe/rules/z_plus.hpp>

#include "tests/rules/matmul_cases.hpp"
#include "tests/support/random_network.hpp"

using namespace rule_contract;
using ascribe::test::Random;
using ascribe::test::relative_difference;
namespace rule = ascribe::rule;

namespace {

// One type of map, so that the rules are instantiated once and not once a map.
using AnyMap = ascribe::map::AnyMap<double>;

ascribe::MatMul<AnyMap> any_layer(const Explicit& one) {
  return ascribe::MatMul<AnyMap>(AnyMap(layer_of<double>(one).map), one.bias);
}

/// 1 × 1, with enough channels for the map's own products of contributions above 0.
Vector pointwise_weights() { return numbers(5 * 9, 1, 19); }  // filter, channel
Explicit pointwise() {
  const Vector weights = pointwise_weights();
  Explicit one{"pointwise", 9, Matrix::Zero(10, 18), Matrix::Zero(10, 18), numbers(5, 1, 20)};
  for (Index pixel = 0; pixel < 2; ++pixel)
    for (Index filter = 0; filter < 5; ++filter)
      for (Index channel = 0; channel < 9; ++channel) {
        one.w(pixel * 5 + filter, pixel * 9 + channel) = weights(filter * 9 + channel);
        one.stored(pixel * 5 + filter, pixel * 9 + channel) = 1;
      }
  return one;
}

/// The library's map of each structure, beside the explicit layer.
std::vector<std::pair<AnyMap, Explicit>> every_map() {
  using namespace ascribe;
  const Explicit full = dense(numbers(4, 5, 11), numbers(2, 1, 14)), gaps = sparse();
  Eigen::SparseMatrix<double> entries(gaps.w.rows(), gaps.w.cols());
  for (Index j = 0; j < gaps.w.rows(); ++j)
    for (Index i = 0; i < gaps.w.cols(); ++i)
      if (gaps.stored(j, i) == 1) entries.insert(j, i) = gaps.w(j, i);
  const Vector weights = convolution_weights(), scale = affine().w.diagonal().head(3);
  const ascribe::Spatial window{.input = {3, 3}, .kernel = {2, 2}, .stride = {2, 2}, .pads = {1, 1, 0, 0}};
  return {{AnyMap(map::Dense<double>(full.w)), full},
          {AnyMap(map::Sparse<double>(entries)), gaps},
          {AnyMap(map::Convolution<double>(convolution_geometry, 4, 6, weights, 2)), convolution()},
          {AnyMap(map::Convolution<double>({.input = {1, 2}}, 9, 5, pointwise_weights())), pointwise()},
          {AnyMap(map::ChannelScale<double>(6, scale)), affine()},
          {AnyMap(map::AveragePool<double>(window, 3, false)), average_pool()},
          {AnyMap(map::Sum<double>(3, 4)), sum()}};
}

/// Calls f with every rule of practice.
template <class F>
void each_rule(F&& f) {
  f(rule::ZPlus{});
  f(rule::AlphaBeta{});
  f(rule::Gamma{});
  f(rule::ZBox{{-2}, {2.5}});
  f(rule::WSquare{});
  f(rule::Flat{});
  f(rule::Normalized{});
}

ascribe::MatMul<AnyMap> dense_layer(const Matrix& w, const Vector& bias = Vector()) {
  return any_layer(dense(w, bias));
}
template <class Layer, class Rule>
Matrix down(const Layer& layer, const Rule& rule, const Matrix& a, const Matrix& up) {
  return step(layer, rule, Form::R, a, a, up).down;
}

}  // namespace

TEST_CASE("identity 10: every map gives the same R as its explicit matrix under the rules of practice") {
  for (const auto& pair : every_map()) {
    const AnyMap& map = pair.first;
    const Explicit& one = pair.second;
    const ascribe::MatMul<AnyMap> layer(map, one.bias);
    const auto matrix = any_layer(one);
    const Samples given = samples_of_every_sign(one.w.cols(), one.w.rows(), 71);
    const Matrix a = given.a, up = given.up;
    each_rule([&](const auto& rule) {
      INFO(one.name << ", " << rule.name);
      const auto found = step(layer, rule, Form::R, a, a, up);
      const auto expected = step(matrix, rule, Form::R, a, a, up);
      const double size = up.cwiseAbs().sum() + expected.down.cwiseAbs().sum();
      const auto close = [&](const auto& x, const auto& y) {
        CHECK((x - y).abs().maxCoeff() <= 1e-12 * size);
      };
      close(found.b.array(), expected.b.array());
      close(found.down.array(), expected.down.array());
      close(found.shares.array(), expected.shares.array());
      close(found.books.stabiliser, expected.books.stabiliser);
      close(found.books.dropped, expected.books.dropped);
      close(found.books.closing_error(), 0 * found.books.enter);
    });
  }
}

TEST_CASE("ZPlus, AlphaBeta and Gamma in Q are what they are in R, divided by the activations") {
  for (const auto& pair : every_map()) {
    const Explicit& one = pair.second;
    const ascribe::MatMul<AnyMap> layer(pair.first, one.bias);
    const Samples given = samples_of_every_sign(one.w.cols(), one.w.rows(), 71);
    const Matrix a = given.a, q = given.up;
    const auto compare = [&](const auto& rule) {
      INFO(one.name << ", " << rule.name);
      const auto in_q = step(layer, rule, Form::Q, a, a, q);
      const auto in_r = step(layer, rule, Form::R, a, a, Matrix(q.cwiseProduct(in_q.b)));
      const double size = 1 + in_r.down.cwiseAbs().sum();
      CHECK((a.cwiseProduct(in_q.down) - in_r.down).cwiseAbs().maxCoeff() <= 1e-12 * size);
      CHECK((in_q.shares - in_r.shares).cwiseAbs().maxCoeff() <= 1e-12 * size);
      CHECK((in_q.books.stabiliser - in_r.books.stabiliser).abs().maxCoeff() <= 1e-12 * size);
      CHECK((in_q.books.dropped - in_r.books.dropped).abs().maxCoeff() <= 1e-12 * size);
    };
    compare(rule::Normalized{0.25});
    compare(rule::ZPlus{});
    compare(rule::AlphaBeta{});
    compare(rule::Gamma{});
  }
}

TEST_CASE("identity 12: two matrices do not equal their product under ZPlus, AlphaBeta, Gamma and WSquare") {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    Random random(seed);
    const Matrix w1 = random.matrix(6, 5), w2 = random.matrix(4, 6), a = random.matrix(5, 3),
                 up = random.matrix(4, 3);
    const Vector b1 = random.vector(6), b2 = random.vector(4);
    const auto first = dense_layer(w1, b1), second = dense_layer(w2, b2),
               both = dense_layer(w2 * w1, w2 * b1 + b2);
    const Matrix middle = (w1 * a).colwise() + b1;
    const auto difference = [&](const auto& rule) {
      return relative_difference(down(first, rule, a, down(second, rule, middle, up)),
                                 down(both, rule, a, up));
    };
    CHECK(difference(rule::Normalized{0}) <= 1e-10);
    CHECK(difference(rule::ZPlus{0}) > 1e-3);
    CHECK(difference(rule::AlphaBeta{2, 1, 0}) > 1e-3);
    CHECK(difference(rule::Gamma{0.25, 0}) > 1e-3);
    CHECK(difference(rule::WSquare{0}) > 1e-3);
  }
}

TEST_CASE("identity 14: AlphaBeta(1, 0) equals ZPlus") {
  for (const Explicit& one : every_layer()) {
    const Samples given = samples_of_every_sign(one.w.cols(), one.w.rows(), 71);
    const auto layer = any_layer(one);
    for (const double epsilon : {0.0, 1e-6, 0.25}) {
      const auto found = step(layer, rule::AlphaBeta{1, 0, epsilon}, Form::R, given.a, given.a, given.up);
      const auto expected = step(layer, rule::ZPlus{epsilon}, Form::R, given.a, given.a, given.up);
      CHECK(found.down == expected.down);
      CHECK(found.shares == expected.shares);
      CHECK((found.books.stabiliser == expected.books.stabiliser).all());
      CHECK((found.books.dropped == expected.books.dropped).all());
    }
  }
}

TEST_CASE("identity 14: Gamma to infinity tends to ZPlus where z > 0, and to its mirror where z < 0") {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    Random random(seed);
    const Matrix w = random.matrix(8, 6), a = random.matrix(6, 1);  // inputs of both signs
    const Vector bias = random.vector(8), r = random.vector(8), z = w * a + bias;
    const Vector above = a.cwiseMax(0), below = a.cwiseMin(0);
    const Matrix wp = w.cwiseMax(0), wn = w.cwiseMin(0);
    const Vector mirrored = wn * above + wp * below + bias.cwiseMin(0);
    const auto layer = dense_layer(w, bias);
    REQUIRE((z.array() > 0).any());
    REQUIRE((z.array() < 0).any());
    for (Index j = 0; j < 8; ++j) {
      const Matrix up = Vector(Vector::Unit(8, j)) * r(j);
      const Matrix mirror =
          (above.cwiseProduct(wn.row(j).transpose()) + below.cwiseProduct(wp.row(j).transpose())) *
          (r(j) / mirrored(j));
      const Matrix limit = z(j) > 0 ? down(layer, rule::ZPlus{0}, a, up) : mirror;
      double last = 1e300;
      for (const double gamma : {1e3, 1e6, 1e9}) {
        const double distance = (down(layer, rule::Gamma{gamma, 0}, a, up) - limit).cwiseAbs().maxCoeff();
        CHECK(distance < 0.01 * last);  // a thousandth at each step
        last = distance;
      }
      CHECK(last <= 1e-6);
    }
  }
}

TEST_CASE("identity 14: Gamma(0) equals Normalized where z != 0, and passes nothing where z = 0") {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    Random random(seed);
    const auto layer = dense_layer(random.matrix(8, 6), random.vector(8));
    Matrix a = random.matrix(6, 3);
    a.col(1) = a.col(1).cwiseAbs();
    const Matrix up = random.matrix(8, 3);
    for (const double epsilon : {0.0, 1e-6, 0.25})
      CHECK(relative_difference(down(layer, rule::Gamma{0, epsilon}, a, up),
                                down(layer, rule::Normalized{epsilon}, a, up)) <= 1e-10);
  }
  const auto zero = dense_layer(Matrix(Eigen::RowVector2d(1, -1)));
  const Matrix a = Matrix::Ones(2, 1), up = Matrix::Constant(1, 1, 3);
  CHECK(down(zero, rule::Normalized{0.5}, a, up) == Eigen::Vector2d(6, -6));
  CHECK(down(zero, rule::Gamma{0, 0.5}, a, up) == Eigen::Vector2d(0, 0));
}
