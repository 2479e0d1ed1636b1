#include <ascribe/layers/elementwise.hpp>

#include "tests/support/catch.hpp"

#include <type_traits>

#include <ascribe/functions/relu.hpp>
#include <ascribe/rules/ignore.hpp>

namespace {

using namespace ascribe;

TEST_CASE("An Elementwise takes any size and keeps it", "[layers]") {
  const Elementwise layer(fn::Relu{});
  STATIC_REQUIRE(std::is_same_v<std::remove_const_t<decltype(layer)>, Elementwise<fn::Relu>>);
  STATIC_REQUIRE(std::is_same_v<decltype(layer.with(rule::Ignore())), Elementwise<fn::Relu, rule::Ignore>>);
  CHECK(layer.output_size_for(7) == 7);
  const Eigen::Matrix2d a{{1, -2}, {-3, 4}};
  Eigen::Matrix2d b;
  forward(layer, view(a), out(b));
  CHECK(b == Eigen::Matrix2d{{1, 0}, {0, 4}});
}

}  // namespace
