#include <ascribe/maps/repeated.hpp>

#include <ascribe/maps/channel_scale.hpp>
#include <ascribe/maps/dense.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/map_contract.hpp"

using namespace ascribe;

TEST_CASE("a repeated map is a block-diagonal matrix", "[maps]") {
  const Eigen::MatrixXd w = map_contract::matrix(2, 3, 1);
  for (const Index count : {1, 3}) {
    map_contract::Explicit expected(2 * count, 3 * count);
    for (Index k = 0; k < count; ++k)
      for (Index i = 0; i < 2; ++i)
        for (Index j = 0; j < 3; ++j) expected.store(2 * k + i, 3 * k + j, w(i, j), 2 * j + i);
    map_contract::holds([&]<class S>() { return map::Repeated(map::Dense<S>(w.template cast<S>()), count); },
                        expected);
  }
}

TEST_CASE("a repeated map keeps its part", "[maps]") {
  const map::Repeated map(map::ChannelScale<double>(2, Eigen::Vector2d(1, 2)), 3);
  CHECK(map.role() == map::Role::scaling);
  CHECK_THROWS_WITH(map::Repeated(map::ChannelScale<double>(2, Eigen::Vector2d(1, 2)), 0),
                    Contains("Repeated") && Contains("expected at least 1, found 0"));
}
