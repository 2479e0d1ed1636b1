#include <ascribe/rules/w_square.hpp>

#include "tests/support/catch.hpp"

#include <ascribe/core/format.hpp>

#include "tests/rules/matmul_cases.hpp"

using namespace rule_contract;
using ascribe::rule::WSquare;

TEST_CASE("WSquare: the formulas over every structure of map, and the books close; padding stays 0") {
  for (const double epsilon : {1e-6, 0.25, 0.0}) {
    INFO("epsilon " << epsilon);
    check_every_layer([=](const auto&) { return WSquare{epsilon}; },
                      [=](const Explicit& l, const Vector& a, const Vector& up) {
                        Expected expected(a.size(), up.size());
                        const Matrix squares = l.w.array().square();
                        const Vector bias = l.biases().array().square();
                        const Vector r = quotients(up, squares.rowwise().sum() + bias, epsilon, 1, expected);
                        expected.down = squares.transpose() * r;
                        expected.shares = bias.cwiseProduct(r);
                        return expected;
                      });
  }
}

TEST_CASE("WSquare by hand: 1, 4 and the bias's 4 share R = 18, whatever the input is") {
  const Explicit layer = dense(Eigen::RowVector2d(1, -2), Vector::Constant(1, -2));
  const Matrix a = Eigen::Vector2d(0, -7), up = Matrix::Constant(1, 1, 18);
  const auto found = step(layer_of<double>(layer), WSquare{0}, Form::R, a, a, up);
  CHECK(found.down == Eigen::Vector2d(2, 8));
  CHECK(found.books.bias(0) == 8);
}

TEST_CASE("WSquare takes one product, and one for a single sample") {
  const Explicit layer = dense(numbers(4, 5, 11));
  CHECK(products(layer, WSquare{}, numbers(5, 8, 1), numbers(4, 8, 2)) == 1 + 1.0 / 8);
}

TEST_CASE("WSquare refuses an epsilon that is negative, and says its name and parameters") {
  CHECK_THROWS_WITH(WSquare{-1}.check(), Contains("WSquare: expected a finite epsilon >= 0, found -1"));
  CHECK(std::string(WSquare::name) == "WSquare");
  CHECK(ascribe::parameters_text(WSquare{}) == "epsilon 1e-06");
}
