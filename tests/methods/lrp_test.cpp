#include <ascribe/methods/lrp.hpp>

#include "tests/support/catch.hpp"

#include <cmath>
#include <type_traits>

#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/maps/sum.hpp>
#include <ascribe/networks/sequential.hpp>
#include <ascribe/windows/groups.hpp>

namespace {

using namespace ascribe;

TEST_CASE("Sums keep their small epsilon", "[methods]") {
  const MatMul dense(map::Dense<double>(Eigen::MatrixXd::Ones(1, 1)));
  const MatMul sum(map::Sum<double>(2, 1));
  CHECK(method::Lrp(0.25).rule_for(dense).epsilon == 0.25);
  CHECK(method::Lrp(0.25).rule_for(sum).epsilon == 1e-6);
  CHECK(method::Lrp(0.).rule_for(sum).epsilon == 0);
  CHECK(method::Lrp().epsilon == 1e-6);
}

// y = max(3a, 1a) at a = 2: (6, 2), shares 3/4 and 1/4 by the values, in R and in Q.
TEST_CASE("The radial maximum shares by the values", "[methods]") {
  const Eigen::Matrix2d weights{{3, 0}, {0, 1}};
  const Sequential net{MatMul(map::Dense<double>(weights)), Max(window::Groups<2, 2>())};
  const auto trace = net.forward(Eigen::Vector2d(2, 2));
  CHECK(net.explain(trace, 0, method::Lrp(0.)).relevance == Eigen::Vector2d(6, 0));
  CHECK(net.explain(trace, 0, method::LrpQ()).relevance == Eigen::Vector2d(6, 0));
  CHECK(net.explain(trace, 0, method::LrpRadial(0.)).relevance.isApprox(Eigen::Vector2d(4.5, 1.5)));
}

// σ(a) = ½ + a·slope: in R the input takes the ½ too, in Q the function's own bias does.
TEST_CASE("A function's f(0) goes to the input in R and to a bias in Q", "[methods]") {
  const Sequential net{Elementwise(fn::Sigmoid())};
  const auto trace = net.forward(Eigen::Matrix<double, 1, 1>(2.));
  const double y = 1 / (1 + std::exp(-2.));
  const auto r = net.explain(trace, 0, method::Lrp());
  const auto q = net.explain(trace, 0, method::LrpQ());
  CHECK(r.relevance(0) == Approx(y));
  CHECK(r.ledger.bias(0) == 0);
  CHECK(q.relevance(0) == Approx(y - 0.5));
  CHECK(q.ledger.bias(0) == Approx(0.5));
}

}  // namespace
