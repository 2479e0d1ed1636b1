#include <ascribe/methods/deep_lift.hpp>

#include "tests/support/catch.hpp"

#include <ascribe/networks/sequential.hpp>
#include <ascribe/windows/groups.hpp>

namespace {

using namespace ascribe;

// (3, 1) against (0, 2), Δ = 1.
TEST_CASE("Three rules for a maximum against a baseline", "[methods]") {
  const Sequential net{Max(window::Groups<2, 2>())};
  const auto trace = net.forward(Eigen::Vector2d(3, 1)), baseline = net.forward(Eigen::Vector2d(0, 2));
  const auto gradient = net.explain(trace, 0, method::DeepLiftWith<rule::Gradient>(), baseline);
  CHECK(gradient.relevance == Eigen::Vector2d(3, 0));
  CHECK(gradient.ledger.enter(0) == 1);
  CHECK(gradient.ledger.dropped(0) == -2);
  const auto limit = net.explain(trace, 0, method::DeepLift(), baseline);
  CHECK(limit.relevance.isApprox(Eigen::Vector2d(1, 0)));
  CHECK(limit.ledger.dropped(0) == 0);
  CHECK(net.explain(trace, 0, method::DeepLiftWith<rule::BaselineFold>(), baseline)
            .relevance.isApprox(Eigen::Vector2d(1.5, -0.5)));
}

}  // namespace
