#include <ascribe/rules/alpha_beta.hpp>

#include <memory>
#include <span>

#include "tests/support/catch.hpp"

#include <ascribe/core/format.hpp>

#include "tests/rules/matmul_cases.hpp"
#include "tests/support/random.hpp"

using namespace rule_contract;
using ascribe::rule::AlphaBeta;

namespace {

Expected formula(const Explicit& l, const AlphaBeta& rule, const Vector& a, const Vector& up) {
  Expected expected(a.size(), up.size());
  const Vector above = a.cwiseMax(0), below = a.cwiseMin(0);
  const Matrix wp = l.positive(), wn = l.negative();
  const Vector bp = l.biases().cwiseMax(0), bn = l.biases().cwiseMin(0);
  const Vector plus = quotients(up, wp * above + wn * below + bp, rule.epsilon, rule.alpha, expected);
  const Vector minus = quotients(up, wn * above + wp * below + bn, rule.epsilon, -rule.beta, expected);
  expected.down =
      rule.alpha * (above.cwiseProduct(wp.transpose() * plus) + below.cwiseProduct(wn.transpose() * plus)) -
      rule.beta * (above.cwiseProduct(wn.transpose() * minus) + below.cwiseProduct(wp.transpose() * minus));
  expected.shares = rule.alpha * bp.cwiseProduct(plus) - rule.beta * bn.cwiseProduct(minus);
  return expected;
}

}  // namespace

TEST_CASE("AlphaBeta: the formulas over every structure of map, and the books close") {
  for (const AlphaBeta rule : {AlphaBeta{}, AlphaBeta{1, 0}, AlphaBeta{1.5, 0.5, 0.25}, AlphaBeta{2, 1, 0}}) {
    INFO(ascribe::parameters_text(rule));
    check_every_layer(
        [=](const auto&) { return rule; },
        [=](const Explicit& l, const Vector& a, const Vector& up) { return formula(l, rule, a, up); });
  }
}

TEST_CASE("AlphaBeta: where no contribution is negative, -beta R is the stabiliser's and not small") {
  const Explicit layer = dense(Eigen::RowVector2d(1, 3), Vector::Constant(1, 1));
  const Matrix a{{1}, {2}}, up = Matrix::Constant(1, 1, 4);
  const auto found = step(layer_of<double>(layer), AlphaBeta{}, Form::R, a, a, up);
  CHECK(found.down(0) == Approx(1).epsilon(1e-6));
  CHECK(found.down(1) == Approx(6).epsilon(1e-6));
  CHECK(found.books.bias(0) == Approx(1).epsilon(1e-6));
  CHECK(found.books.stabiliser(0) == Approx(-4).epsilon(1e-5));
}

TEST_CASE("AlphaBeta takes three products where z- keeps its digits as z - z+, else four; six or eight") {
  Matrix w(2, 3);
  w << 1, -1, 2, 2, 1, -2;
  const Explicit layer = dense(w);
  const Matrix up = Matrix::Ones(2, 1);
  const auto count = [&](const Eigen::Vector3d& a) { return products(layer, AlphaBeta{}, a, up); };
  CHECK(count({1, 1, 1}) == 3);
  CHECK(count({1, 0, 1}) == 4);     // z- of output 0 is 0
  CHECK(count({1, 0.25, 1}) == 4);  // z- is 1/12 of z+
  CHECK(count({1, 0.5, 1}) == 3);   // 1/6
  CHECK(products(layer, AlphaBeta{}, Eigen::Vector3d(1, 0, 1), Eigen::Vector2d(0, 1)) == 3);
  CHECK(count({-1, -1, -1}) == 3);
  CHECK(count({-1, 1, 1}) == 6);
  CHECK(count({1, 1, -1}) == 8);
  CHECK(products(layer, AlphaBeta{1, 0}, Eigen::Vector3d(1, 1, 1), up) == 2);
  CHECK(products(layer, AlphaBeta{1, 0}, Eigen::Vector3d(-1, 1, 1), up) == 4);
}

namespace {

/// The same map, whose outputs are to be had one by one too: each counts by itself.
struct PointwiseMap : ExplicitMap<float> {
  Matrix w;
  std::shared_ptr<Index> single = std::make_shared<Index>(0);

  explicit PointwiseMap(const Explicit& one) : ExplicitMap<float>(one.w, one.stored), w(one.w) {}
  void apply_at(const float* a, std::span<const Index> at, float* values, const Weights& how) const {
    for (std::size_t k = 0; k < at.size(); ++k) {
      ++*single;
      values[k] = 0;
      for (Index i = 0; i < w.cols(); ++i) values[k] += replaced(w(at[k], i), how) * a[i];
    }
  }
};

}  // namespace

TEST_CASE("AlphaBeta computes the few outputs that cancel by themselves, where the map can") {
  ascribe::test::Random random(13);
  const Index inputs = 40, outputs = 100;
  Matrix w = random.matrix(outputs, inputs);
  w.row(7) = w.row(7).cwiseAbs();         // no z⁻
  w.row(70) = w.row(70).cwiseAbs() * -1;  // no z⁺: z⁻ is the output, and nothing cancels
  w.row(71) = (w.row(71).array() < 0).select(w.row(71) * 1e-4, w.row(71));
  w.row(99) = w.row(7) * 2;  // carries nothing
  w = w.cast<float>().cast<double>();
  Explicit layer = dense(w, Matrix::Zero(10, 1));
  layer.bias(7) = -1e-3F;
  const Matrix a = random.matrix(inputs, 2).cwiseAbs().cast<float>().cast<double>();
  Matrix up = random.matrix(outputs, 2).cast<float>().cast<double>();
  up.row(99).setZero();
  const PointwiseMap map(layer);
  const ascribe::MatMul in_float(map, Eigen::VectorXf(layer.bias.cast<float>()));
  const Batch<float> a_f = a.cast<float>(), up_f = up.cast<float>();
  for (const float sign : {1.F, -1.F}) {
    *map.columns = *map.single = 0;
    const auto found =
        step(in_float, AlphaBeta{}, Form::R, Batch<float>(sign * a_f), Batch<float>(sign * a_f), up_f);
    CHECK(*map.columns == (2 + 3) * 2);        // forward, the baseline too; three products of two samples
    CHECK(*map.single == (sign > 0 ? 4 : 2));  // the mirror: row 70's z⁻ is 0
    for (Index n = 0; n < 2; ++n) {
      const Expected expected = formula(layer, AlphaBeta{}, sign * a.col(n), up.col(n));
      CHECK((found.down.col(n).cast<double>() - expected.down).cwiseAbs().maxCoeff() <=
            1e-5 * expected.down.cwiseAbs().maxCoeff());
      CHECK(std::abs(double(found.books.stabiliser(n)) - expected.stabiliser) <= 1e-5 * up.cwiseAbs().sum());
    }
  }
}

TEST_CASE("AlphaBeta in float: a z- that is 0, or far smaller than z+, keeps its digits") {
  // Rows whose negative contributions are none, or 1e-1 to 1e-8 of the positive ones.
  ascribe::test::Random random(3);
  const Index inputs = 64, outputs = 90;
  Matrix w = random.matrix(outputs, inputs);
  for (Index j = 0; j < outputs; ++j)
    w.row(j) = (w.row(j).array() < 0).select(w.row(j) * (j % 9 == 0 ? 0 : std::pow(10, -(j % 9))), w.row(j));
  w = w.cast<float>().cast<double>();
  const Matrix a = random.vector(inputs).cwiseAbs().cast<float>().cast<double>(),
               up = random.vector(outputs).cast<float>().cast<double>();
  const Explicit layer = dense(w);
  const ascribe::MatMul in_float(ascribe::map::Dense<float>(w.cast<float>().eval()));
  const Batch<float> a_f = a.cast<float>(), up_f = up.cast<float>();

  const Expected expected = formula(layer, AlphaBeta{}, a, up);
  const auto found = step(in_float, AlphaBeta{}, Form::R, a_f, a_f, up_f);
  CHECK((found.down.cast<double>() - expected.down).cwiseAbs().maxCoeff() <=
        1e-5 * expected.down.cwiseAbs().maxCoeff());
  CHECK(std::abs(double(found.books.stabiliser(0)) - expected.stabiliser) <= 1e-5 * up.cwiseAbs().sum());
  CHECK(std::abs(found.books.closing_error()(0)) <= 1e-5F * up_f.cwiseAbs().sum());
}

TEST_CASE("AlphaBeta: both ways to z- agree, and batch and single samples in float too") {
  ascribe::test::Random random(5);
  const Index inputs = 40, outputs = 20;
  const Matrix w = random.matrix(outputs, inputs);
  Matrix a = random.matrix(inputs, 3).cwiseAbs(), up = random.matrix(outputs, 3);
  a.col(2).setZero();  // every z- is 0: the batch takes the product
  const Explicit layer = dense(w, random.vector(outputs));
  CHECK(products(layer, AlphaBeta{}, a.leftCols(2), up.leftCols(2)) == 3);
  CHECK(products(layer, AlphaBeta{}, a, up) == 4);
  const auto compare = [&]<class S>(S tolerance) {
    const auto& l = layer_of<S>(layer);
    const Batch<S> values = a.cast<S>(), above = up.cast<S>();
    const auto by_product = step(l, AlphaBeta{}, Form::R, values, values, above);
    const Batch<S> two = values.leftCols(2), above_two = above.leftCols(2);
    const auto by_difference = step(l, AlphaBeta{}, Form::R, two, two, above_two);
    CHECK((by_product.down.leftCols(2) - by_difference.down).cwiseAbs().maxCoeff() <=
          tolerance * by_difference.down.cwiseAbs().maxCoeff());
    CHECK((by_difference.books.closing_error().abs() <= tolerance * above.cwiseAbs().sum()).all());
    CHECK((by_product.books.closing_error().abs() <= tolerance * above.cwiseAbs().sum()).all());
  };
  compare(1e-5F);
  compare(1e-13);
}

TEST_CASE("AlphaBeta refuses alpha - beta != 1, and says its name and parameters") {
  CHECK_THROWS_WITH((AlphaBeta{2, 2}.check()), Contains("alpha - beta = 1, found alpha 2 and beta 2"));
  CHECK_THROWS_AS((AlphaBeta{0.5, -0.5}.check()), ascribe::Error);
  CHECK_THROWS_AS((AlphaBeta{std::nan(""), 1}.check()), ascribe::Error);
  CHECK_THROWS_WITH((AlphaBeta{2, 1, -1}.check()), Contains("epsilon"));
  CHECK_NOTHROW(AlphaBeta{1.1, 0.1}.check());  // whose difference rounds
  CHECK(std::string(AlphaBeta::name) == "AlphaBeta");
  CHECK(ascribe::parameters_text(AlphaBeta{}) == "alpha 2, beta 1, epsilon 1e-06");
}
