#include <ascribe/layers/product.hpp>

#include "tests/support/catch.hpp"

#include <ascribe/maps/dense.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/checks.hpp>
#include <ascribe/networks/sequential.hpp>

using namespace ascribe;

TEST_CASE("a product multiplies its two halves", "[layers]") {
  const kind::Product product(2);
  Batch<double> a(4, 2), b(2, 2);
  a << 2, 1, 3, -1, 5, 4, 7, 0.5;
  auto to = out(b);
  forward(product, view(a), to);
  Batch<double> expected(2, 2);
  expected << 10, 4, 21, -0.5;
  CHECK(b == expected);
  CHECK(product.input_size() == 4);
  CHECK(product.output_size() == 2);
  CHECK(product.gate == 1);
}

TEST_CASE("what a product refuses", "[layers]") {
  CHECK_THROWS_WITH(kind::Product(0), Contains("expected at least 1, found 0"));
  CHECK_THROWS_WITH(kind::Product(2, 2), Contains("expected factor 0 or 1, found 2"));
}

TEST_CASE("a product in a Sequential: the usual split, and the gradient", "[layers]") {
  // y = (x0 + 2 x1)·(x0 − x1) at (3, 1): factors 5 and 2.
  const Sequential net(MatMul(map::Dense<double>(Eigen::MatrixXd{{1, 2}, {1, -1}})), Product(1));
  const Eigen::Vector2d x(3, 1), base(1, 0);
  const auto trace = net.forward(x);
  CHECK(trace.output()(0) == 10);
  const auto check = [](const auto& e, const Eigen::Vector2d& expected) {
    CHECK((e.relevance - expected).cwiseAbs().maxCoeff() <= 1e-12);
    CHECK(check::conservation(e));
  };
  check(net.explain(trace, 0, method::Gradient()), Eigen::Vector2d(2 + 5, 2 * 2 - 5));
  check(net.explain(trace, 0, method::LrpQ()), Eigen::Vector2d(2 * 3, 2 * 2));  // the second is the gate
  check(net.explain(trace, 0, method::Lrp(0)), Eigen::Vector2d(6, 4));
  // Against (1, 0), whose factors are 1 and 1: each with the mean of the other, 1.5 and 3.
  check(net.explain(trace, 0, method::DeepLift(), net.forward(base)),
        Eigen::Vector2d((1.5 + 3) * 2, 2 * 1.5 - 3));
}
