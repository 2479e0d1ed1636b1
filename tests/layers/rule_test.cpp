#include <ascribe/layers/rule.hpp>

#include "tests/support/catch.hpp"

#include <type_traits>

#include <ascribe/functions/clip.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/layers/elementwise.hpp>
#include <ascribe/rules/gamma.hpp>
#include <ascribe/rules/slope.hpp>

namespace {

using namespace ascribe;

struct Counted {
  Counted() { ++made(); }
  static int& made() {
    static int count = 0;
    return count;
  }
};

// ARM passes two doubles in registers, and two doubles with an empty base or member as GCC's version has it.
TEST_CASE("A rule without data is no part of its layer, and still there", "[layers]") {
  using Layer = Elementwise<fn::Clip, rule::Slope>;
  STATIC_REQUIRE(sizeof(Layer) == sizeof(fn::Clip));
  STATIC_REQUIRE(!std::is_member_object_pointer_v<decltype(&Layer::rule)>);
  STATIC_REQUIRE(!std::is_base_of_v<rule::Slope, Layer>);
  STATIC_REQUIRE(std::is_same_v<std::remove_cvref_t<decltype(Layer(fn::Clip{}).rule)>, rule::Slope>);
}

TEST_CASE("A rule with data, or one that is made by code of its own, is a layer's member", "[layers]") {
  CHECK(Elementwise(fn::Relu(), rule::Gamma{.gamma = 0.125}).rule.gamma == 0.125);
  STATIC_REQUIRE(std::is_member_object_pointer_v<decltype(&Elementwise<fn::Relu, Counted>::rule)>);
  const Elementwise<fn::Relu, Counted> layer;
  CHECK(Counted::made() == 1);
}

}  // namespace
