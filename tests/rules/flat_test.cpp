#include <ascribe/rules/flat.hpp>

#include "tests/support/catch.hpp"

#include <ascribe/core/format.hpp>

#include "tests/rules/matmul_cases.hpp"

using namespace rule_contract;
using ascribe::rule::Flat;

TEST_CASE("Flat: the formulas over every structure of map, and the books close; padding and gaps stay 0") {
  for (const double epsilon : {1e-6, 0.25, 0.0}) {
    INFO("epsilon " << epsilon);
    check_every_layer([=](const auto&) { return Flat{epsilon}; },
                      [=](const Explicit& l, const Vector& a, const Vector& up) {
                        Expected expected(a.size(), up.size());
                        const Vector r = quotients(up, l.stored.rowwise().sum(), epsilon, 1, expected);
                        expected.down = l.stored.transpose() * r;
                        return expected;
                      });
  }
}

TEST_CASE("Flat by hand: four inputs get a quarter each, three a third, and the bias nothing") {
  Explicit layer{"", 1, Matrix::Constant(4, 4, -3), Matrix::Ones(4, 4), Vector::Constant(1, 5)};
  layer.stored(3, 0) = layer.w(3, 0) = 0;  // a gap
  const Matrix a = Eigen::Vector4d(0, -7, 3, 1), up = Eigen::Vector4d(4, 8, 0, 3);
  const auto found = step(layer_of<double>(layer), Flat{0}, Form::R, a, a, up);
  CHECK(found.down == Eigen::Vector4d(3, 4, 4, 4));
  CHECK(found.books.bias(0) == 0);
}

TEST_CASE(
    "Flat: an output without a stored weight leaves its R to the stabiliser, or drops it at epsilon 0") {
  const Explicit layer{"", 1, Matrix::Zero(1, 2), Matrix::Zero(1, 2), Vector()};
  const Matrix a = Eigen::Vector2d(1, 2), up = Matrix::Constant(1, 1, 3);
  CHECK(step(layer_of<double>(layer), Flat{}, Form::R, a, a, up).books.stabiliser(0) ==
        Approx(3).epsilon(1e-14));
  CHECK(step(layer_of<double>(layer), Flat{0}, Form::R, a, a, up).books.dropped(0) == 3);
}

TEST_CASE("Flat takes one product, and one for a single sample") {
  const Explicit layer = dense(numbers(4, 5, 11));
  CHECK(products(layer, Flat{}, numbers(5, 8, 1), numbers(4, 8, 2)) == 1 + 1.0 / 8);
}

TEST_CASE("Flat refuses an epsilon that is negative, and says its name and parameters") {
  CHECK_THROWS_WITH(Flat{-1}.check(), Contains("Flat: expected a finite epsilon >= 0, found -1"));
  CHECK(std::string(Flat::name) == "Flat");
  CHECK(ascribe::parameters_text(Flat{}) == "epsilon 1e-06");
}
