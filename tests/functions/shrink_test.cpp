#include <ascribe/functions/shrink.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

TEST_CASE("ThresholdedRelu keeps the contract", "[functions]") {
  for (const double alpha : {0.75, 0., -2.}) {
    const auto reference = [=](long double x) { return x > static_cast<long double>(alpha) ? x : 0; };
    test::check_function(fn::ThresholdedRelu{alpha}, reference, {.kinks = {alpha}});
  }
}

TEST_CASE("Shrink keeps the contract", "[functions]") {
  for (const fn::Shrink f : {fn::Shrink{0.75, 0.75}, fn::Shrink{0, 1.5}, fn::Shrink{0.5, 2}}) {
    const auto reference = [=](long double x) {
      const auto bias = static_cast<long double>(f.bias), lambd = static_cast<long double>(f.lambd);
      return x < -lambd ? x + bias : x > lambd ? x - bias : 0;
    };
    test::check_function(f, reference, {.kinks = {f.lambd, -f.lambd}});
  }
}

TEST_CASE("thresholds by hand", "[functions]") {
  const fn::ThresholdedRelu relu{1};
  CHECK(relu.value(1.0) == 0);
  CHECK(relu.derivative(1.0) == 0);
  CHECK(relu.value(1.5) == 1.5);
  CHECK(relu.chord(1.5, 0.5) == 1.5);
  CHECK(relu.chord(-1.5, 0.5) == 0);
  CHECK(relu.chord(1.5, 2.5) == 1);
  CHECK(relu.chord(1.0, 1.5) == 3);  // it jumps
  CHECK(fn::promises(relu).slope_from_value);
  CHECK_FALSE(fn::promises(fn::ThresholdedRelu{-2}).slope_from_value);

  const fn::Shrink shrink{0.5, 1.5};
  CHECK(shrink.value(1.5) == 0);
  CHECK(shrink.value(-1.5) == 0);
  CHECK(shrink.value(2.0) == 1.5);
  CHECK(shrink.value(-2.0) == -1.5);
  CHECK(shrink.derivative(-1.5) == 0);
  CHECK(shrink.derivative(-2.0) == 1);
  CHECK(shrink.chord(2.0, -2.0) == 0.75);
  CHECK(shrink.chord(2.0, 3.0) == 1);
  CHECK(shrink.chord(-2.0, 0.0) == 0.75);
  CHECK(shrink.chord(1.0, -1.0) == 0);
}

}  // namespace
