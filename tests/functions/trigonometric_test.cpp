#include <ascribe/functions/trigonometric.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

TEST_CASE("Sin, Cos and Tan keep the contract", "[functions]") {
  const test::FunctionTraits traits{.relative = false};
  test::check_function(
      fn::Sin{}, [](long double x) { return std::sin(x); }, traits);
  test::check_function(
      fn::Cos{}, [](long double x) { return std::cos(x); }, traits);
  const test::FunctionTraits near_poles{.relative = false, .differences = 1e-4};
  test::check_function(
      fn::Tan{}, [](long double x) { return std::tan(x); }, near_poles);
}

TEST_CASE("their inverses keep the contract", "[functions]") {
  test::check_function(fn::Atan{}, [](long double x) { return std::atan(x); });
  const test::FunctionTraits ends{.kinks = {-1, 1}, .low = -1, .high = 1, .differences = 1e-7};
  test::check_function(
      fn::Asin{}, [](long double x) { return std::asin(x); }, ends);
  test::check_function(
      fn::Acos{}, [](long double x) { return std::acos(x); }, ends);
}

// Numbers: mpmath with 40 digits.
TEST_CASE("the trigonometric functions' known numbers", "[functions]") {
  CHECK_THAT(fn::Sin{}.derivative(3.0), WithinRel(-0.98999249660044545727, 1e-14));
  CHECK_THAT(fn::Sin{}.chord(2.0, -1.0), WithinRel(0.58358947054452606735, 1e-14));
  CHECK_THAT(fn::Sin{}.chord(1.0, 1.0 + 0x1p-30), WithinRel(0.54030230547629925531, 1e-14));
  CHECK_THAT(fn::Cos{}.chord(2.0, -1.0), WithinRel(-0.3188163808050940348, 1e-14));
  CHECK_THAT(fn::Cos{}.chord(1e-9, 3e-9), WithinRel(-2.0000000000000000195e-9, 1e-14));
  CHECK_THAT(fn::Tan{}.derivative(-1.25), WithinRel(10.057509621834828685, 1e-14));
  CHECK_THAT(fn::Tan{}.second_derivative(1.25), WithinRel(60.537551904915466018, 1e-14));
  CHECK_THAT(fn::Tan{}.chord(1.25, 1.25 + 0x1p-30), WithinRel(10.057509650024823118, 1e-14));
  CHECK_THAT(fn::Tan{}.chord(1.5, 1.75), WithinRel(-78.487199478724198223, 1e-13));  // across a pole
  CHECK_THAT(fn::Asin{}.derivative(0.6), WithinRel(1.25, 1e-15));
  CHECK_THAT(fn::Asin{}.second_derivative(0.6), WithinRel(0.6 * 1.953125, 1e-14));
  CHECK_THAT(fn::Asin{}.chord(1.0, -1.0), WithinRel(1.5707963267948966192, 1e-15));
  CHECK_THAT(fn::Asin{}.chord(0.75, 0.5), WithinRel(1.2978532135327285399, 1e-14));
  CHECK_THAT(fn::Asin{}.chord(1.0, 1.0 - 0x1p-40), WithinRel(1482910.4003790429055, 1e-14));
  CHECK_THAT(fn::Acos{}.chord(0.75, 0.75 + 0x1p-30), WithinRel(-1.5118578932437895265, 1e-14));
  CHECK_THAT(fn::Atan{}.chord(3.0, 2.0), WithinRel(0.14189705460416392281, 1e-14));
  CHECK_THAT(fn::Atan{}.chord(-3e9, -2e9), WithinRel(1.6666666666666666664e-19, 1e-14));
  CHECK_THAT(fn::Atan{}.chord(3.0, -2.0), WithinRel(0.47123889803846898577, 1e-14));
  CHECK(fn::at_zero<double>(fn::Cos{}) == 1);
  CHECK_THAT(fn::at_zero<double>(fn::Acos{}), WithinRel(1.5707963267948966192, 1e-15));
}

TEST_CASE("arcsine and arccosine are defined from -1 to 1", "[functions]") {
  const double a[] = {-1, 1, 1 + 0x1p-52, -1.5, std::numeric_limits<double>::quiet_NaN()};
  CHECK(fn::outside(fn::Asin{}, 0, 2, a) == -1);
  CHECK(fn::outside(fn::Asin{}, 0, 3, a) == 2);
  CHECK(fn::outside(fn::Acos{}, 0, 2, a) == -1);
  CHECK(fn::outside(fn::Acos{}, 0, 1, a + 3) == 0);
  CHECK(fn::outside(fn::Acos{}, 0, 1, a + 4) == 0);
  CHECK(fn::Asin{}.derivative(1.0) == std::numeric_limits<double>::infinity());
}

}  // namespace
