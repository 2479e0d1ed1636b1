#include <ascribe/rules/z_plus.hpp>

#include "tests/support/catch.hpp"

#include <ascribe/core/format.hpp>
#include <ascribe/rules/alpha_beta.hpp>

#include "tests/rules/matmul_cases.hpp"

using namespace rule_contract;
using ascribe::rule::ZPlus;

TEST_CASE("ZPlus: the formulas over every structure of map, and the books close") {
  for (const double epsilon : {1e-6, 0.25, 0.0}) {
    INFO("epsilon " << epsilon);
    check_every_layer([=](const auto&) { return ZPlus{epsilon}; },
                      [=](const Explicit& l, const Vector& a, const Vector& up) {
                        Expected expected(a.size(), up.size());
                        const Vector above = a.cwiseMax(0), below = a.cwiseMin(0);
                        const Vector z = l.positive() * above + l.negative() * below + l.biases().cwiseMax(0);
                        const Vector r = quotients(up, z, epsilon, 1, expected);
                        expected.down = above.cwiseProduct(l.positive().transpose() * r) +
                                        below.cwiseProduct(l.negative().transpose() * r);
                        expected.shares = l.biases().cwiseMax(0).cwiseProduct(r);
                        return expected;
                      });
  }
}

TEST_CASE("ZPlus: where no contribution is positive, all of R is the stabiliser's") {
  const Explicit layer = dense(Eigen::RowVector2d(-1, 1), Vector::Constant(1, -3));
  const Matrix a = Eigen::Vector2d(2, 0), up = Matrix::Constant(1, 1, 5);
  const auto found = step(layer_of<double>(layer), ZPlus{}, Form::R, a, a, up);
  CHECK(found.down == Eigen::Vector2d(0, 0));
  CHECK(found.books.stabiliser(0) == Approx(5).epsilon(1e-14));
  CHECK(found.books.bias(0) == 0);
  CHECK(step(layer_of<double>(layer), ZPlus{0}, Form::R, a, a, up).books.dropped(0) == 5);
}

TEST_CASE("ZPlus by hand: 1 and 3 from (2, -1) and the bias share R = 12") {
  // W = (1/2, -3), bias 2: contributions 1 and 3, and the bias's 2.
  const Explicit layer = dense(Eigen::RowVector2d(0.5, -3), Vector::Constant(1, 2));
  const Matrix a = Eigen::Vector2d(2, -1), up = Matrix::Constant(1, 1, 12);
  const auto found = step(layer_of<double>(layer), ZPlus{0}, Form::R, a, a, up);
  CHECK(found.down == Eigen::Vector2d(2, 6));
  CHECK(found.books.bias(0) == 4);
}

TEST_CASE("ZPlus takes two products for inputs of one sign, four for both") {
  const Explicit layer = dense(numbers(4, 5, 11), numbers(4, 1, 12));
  const Samples given = samples_of_every_sign(5, 4, 71);
  const auto count = [&](Index first, Index n) {
    return products(layer, ZPlus{}, given.a.middleCols(first, n), given.up.middleCols(first, n));
  };
  CHECK(count(2, 2) == 2);
  CHECK(count(4, 2) == 2);
  CHECK(count(5, 1) == 2);
  CHECK(count(0, 6) == 4);
}

namespace {

/// The same map, which has the products of contributions above 0: each counts as one.
struct ContributionMap : ExplicitMap<double> {
  Matrix w;

  explicit ContributionMap(const Explicit& one) : ExplicitMap<double>(one.w, one.stored), w(one.w) {}
  void apply_plus(const double* a, double* b, Index samples, const ascribe::Finish<double>& finish) const {
    *columns += samples;
    for (Index n = 0; n < samples; ++n)
      for (Index j = 0; j < w.rows(); ++j) {
        double& sum = b[n * w.rows() + j] = 0;
        for (Index i = 0; i < w.cols(); ++i) sum += std::max(w(j, i) * a[n * w.cols() + i], 0.);
      }
    if (finish) finish(0, samples * w.rows(), b);
  }
  void apply_plus_transposed(const double* s, const double* a, double* g, Index samples,
                             const ascribe::Finish<double>& finish) const {
    *columns += samples;
    for (Index n = 0; n < samples; ++n)
      for (Index i = 0; i < w.cols(); ++i) {
        const double sign = a[n * w.cols() + i] < 0 ? -1 : 1;
        double& sum = g[n * w.cols() + i] = 0;
        for (Index j = 0; j < w.rows(); ++j) sum += std::max(sign * w(j, i), 0.) * s[n * w.rows() + j];
      }
    if (finish) finish(0, samples * w.cols(), g);
  }
};

}  // namespace

TEST_CASE(
    "A map that has the products of contributions above 0 is asked for them, and nothing else changes") {
  const Explicit layer = dense(numbers(40, 50, 11), numbers(40, 1, 12));
  const ContributionMap map(layer);
  const ascribe::MatMul in_one(map, layer.bias);
  Samples given = samples_of_every_sign(50, 40, 71);
  given.a(3, 0) = 0;
  given.a(4, 0) = -0.;
  const auto check_rule = [&](const auto& rule, double two, double one) {
    for (const Form form : {Form::R, Form::Q, Form::Delta}) {
      *map.columns = 0;
      const auto by_two = step(layer_of<double>(layer), rule, form, given.a, given.a_base, given.up);
      const auto by_one = step(in_one, rule, form, given.a, given.a_base, given.up);
      INFO(rule.name << ", form " << int(form));
      CHECK((by_one.down - by_two.down).cwiseAbs().maxCoeff() <= 1e-12 * by_two.down.cwiseAbs().maxCoeff());
      CHECK((by_one.books.bias - by_two.books.bias).abs().maxCoeff() <= 1e-10);
      CHECK((by_one.books.dropped - by_two.books.dropped).abs().maxCoeff() <= 1e-10);
      CHECK((by_one.books.stabiliser - by_two.books.stabiliser).abs().maxCoeff() <= 1e-10);
    }
    CHECK(products(layer, rule, given.a, given.up) == two);
    *map.columns = -2 * given.a.cols();  // the forward passes of `step`
    step(in_one, rule, Form::R, given.a, given.a, given.up);
    CHECK(double(*map.columns) / double(given.a.cols()) == one);
  };
  check_rule(ZPlus{}, 4, 2);
  check_rule(ascribe::rule::AlphaBeta{}, 8, 6);  // z⁻ = z − z⁺ would cancel
}

TEST_CASE("ZPlus refuses an epsilon that is negative or not finite, and says its name and parameters") {
  CHECK_THROWS_WITH(ZPlus{-1}.check(), Contains("ZPlus: expected a finite epsilon >= 0, found -1"));
  CHECK_NOTHROW(ZPlus{0}.check());
  CHECK(std::string(ZPlus::name) == "ZPlus");
  CHECK(ascribe::parameters_text(ZPlus{}) == "epsilon 1e-06");
}
