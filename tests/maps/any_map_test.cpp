#include <ascribe/maps/any_map.hpp>

#include <string>

#include <ascribe/maps/channel_scale.hpp>
#include <ascribe/maps/dense.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/map_contract.hpp"

using namespace ascribe;

TEST_CASE("any map keeps the contract of the map inside", "[maps]") {
  const Eigen::MatrixXd w = map_contract::matrix(4, 3, 2);
  map_contract::holds([&]<class S>() { return map::AnyMap<S>(map::Dense<S>(w.template cast<S>())); },
                      map_contract::Explicit(w));
  // Sizes that are known at compile time inside are not outside.
  const Eigen::Matrix<double, 4, 3> fixed = w;
  map_contract::holds(
      [&]<class S>() { return map::AnyMap<S>(map::Dense<S, 3, 4>(fixed.template cast<S>())); },
      map_contract::Explicit(w));
}

TEST_CASE("any map tells what is inside", "[maps]") {
  const map::AnyMap<double> map(map::ChannelScale<double>(2, Eigen::Vector2d(1, 2)));
  CHECK(map.role() == map::Role::scaling);
  CHECK(map.name() == std::string("ChannelScale"));
  CHECK(map.as<map::ChannelScale<double>>() != nullptr);
  CHECK(map.as<map::Dense<double>>() == nullptr);
  const map::AnyMap<double> copy = map;  // shares the map
  CHECK(copy.as<map::ChannelScale<double>>() == map.as<map::ChannelScale<double>>());
}
