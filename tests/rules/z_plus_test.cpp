#include <ascribe/rules/z_plus.hpp>

#include "tests/support/catch.hpp"

#include <ascribe/core/format.hpp>

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

TEST_CASE("ZPlus refuses an epsilon that is negative or not finite, and says its name and parameters") {
  CHECK_THROWS_WITH(ZPlus{-1}.check(), Contains("ZPlus: expected a finite epsilon >= 0, found -1"));
  CHECK_NOTHROW(ZPlus{0}.check());
  CHECK(std::string(ZPlus::name) == "ZPlus");
  CHECK(ascribe::parameters_text(ZPlus{}) == "epsilon 1e-06");
}
