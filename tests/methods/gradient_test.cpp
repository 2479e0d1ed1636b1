#include <ascribe/methods/gradient.hpp>

#include "tests/support/catch.hpp"

#include <ascribe/functions/tanh.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/networks/sequential.hpp>

namespace {

using namespace ascribe;

// y = tanh(2a + 1), y' = 2(1 − y²).
TEST_CASE("Gradient and gradient times input differ in the last step alone", "[methods]") {
  const Sequential net(
      MatMul(map::Dense<double>(Eigen::MatrixXd::Constant(1, 1, 2)), Eigen::VectorXd::Ones(1)),
      Elementwise(fn::Tanh()));
  const double x = 0.25, y = std::tanh(1.5), slope = 1 - y * y;
  const auto trace = net.forward(Eigen::Matrix<double, 1, 1>(x));
  const auto gradient = net.explain(trace, 0, method::Gradient());
  const auto product = net.explain(trace, 0, method::GradientTimesInput());
  CHECK(gradient.relevance(0) == Approx(2 * slope));
  CHECK(product.relevance(0) == Approx(2 * slope * x));
  for (const auto& books : {gradient.ledger, product.ledger}) {
    CHECK(books.enter(0) == Approx(y));
    CHECK(books.leave(0) == Approx(2 * slope * x));
    CHECK(books.bias(0) == Approx(slope));
    CHECK(books.dropped(0) == Approx(y - 1.5 * slope));
  }
}

}  // namespace
