#include <ascribe/functions/hyperbolic.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

TEST_CASE("Sinh and Cosh keep the contract", "[functions]") {
  const test::FunctionTraits traits{.relative = false};
  test::check_function(
      fn::Sinh{}, [](long double x) { return std::sinh(x); }, traits);
  test::check_function(
      fn::Cosh{}, [](long double x) { return std::cosh(x); }, traits);
}

TEST_CASE("the inverses of hyperbolic functions keep the contract", "[functions]") {
  test::check_function(fn::Asinh{}, [](long double x) { return std::asinh(x); });
  test::check_function(fn::Acosh{}, [](long double x) { return std::acosh(x); },
                       {.kinks = {1}, .low = 1, .differences = 1e-4});
  test::check_function(fn::Atanh{}, [](long double x) { return std::atanh(x); },
                       {.kinks = {-1, 1}, .low = -1 + 1e-7, .high = 1 - 1e-7, .differences = 1e-7});
}

// Numbers: mpmath with 40 digits.
TEST_CASE("the hyperbolic functions' known numbers", "[functions]") {
  CHECK_THAT(fn::Sinh{}.chord(2.0, -1.0), WithinRel(1.6006872004969400749, 1e-14));
  CHECK_THAT(fn::Sinh{}.chord(1.0, 1.0 + 0x1p-30), WithinRel(1.5430806353624894794, 1e-14));
  CHECK_THAT(fn::Cosh{}.derivative(-1.0), WithinRel(-1.1752011936438014569, 1e-15));
  CHECK_THAT(fn::Cosh{}.chord(2.0, -1.0), WithinRel(0.73970501875612922703, 1e-14));
  CHECK_THAT(fn::Cosh{}.chord(1e-9, 3e-9), WithinRel(2.0000000000000000228e-9, 1e-14));
  CHECK(fn::Cosh{}.chord(800.0, -800.0) == 0);
  CHECK_THAT(fn::Asinh{}.value(-3.0), WithinRel(-1.8184464592320668235, 1e-15));
  CHECK_THAT(fn::Asinh{}.derivative(-0.75), WithinRel(0.8, 1e-15));
  CHECK_THAT(fn::Asinh{}.second_derivative(0.75), WithinRel(-0.75 * 0.512, 1e-15));
  CHECK_THAT(fn::Asinh{}.chord(3.0, 2.0), WithinRel(0.37481098405325648099, 1e-14));
  CHECK_THAT(fn::Asinh{}.chord(3e300, 1e300), WithinRel(5.4930614433405481686e-301, 1e-14));
  CHECK_THAT(fn::Asinh{}.chord(3.0, -2.0), WithinRel(0.6524163868821754332, 1e-14));
  CHECK_THAT(fn::Acosh{}.derivative(1.25), WithinRel(1.3333333333333333333, 1e-15));
  CHECK_THAT(fn::Acosh{}.second_derivative(1.25), WithinRel(-2.962962962962962963, 1e-14));
  CHECK_THAT(fn::Acosh{}.chord(3.0, 1.0), WithinRel(0.88137358701954302523, 1e-14));
  CHECK_THAT(fn::Acosh{}.chord(3.0, 3.0 + 0x1p-30), WithinRel(0.35355339053153521459, 1e-14));
  CHECK_THAT(fn::Atanh{}.derivative(0.5), WithinRel(1.3333333333333333333, 1e-15));
  CHECK_THAT(fn::Atanh{}.chord(0.75, -0.5), WithinRel(1.2178089750893691986, 1e-14));
  CHECK_THAT(fn::Atanh{}.chord(1 - 0x1p-50, 0.5), WithinRel(34.251893919889161488, 1e-14));
  CHECK_THAT(fn::Atanh{}.chord(1 - 0x1p-50, 1 - 0x1p-49), WithinRel(390207173010335.20056, 1e-14));
}

TEST_CASE("where the inverses of hyperbolic functions are defined", "[functions]") {
  const double a[] = {1, 3, 1 - 0x1p-53, -1, 0, std::numeric_limits<double>::quiet_NaN()};
  CHECK(fn::outside(fn::Acosh{}, 0, 2, a) == -1);
  CHECK(fn::outside(fn::Acosh{}, 0, 3, a) == 2);
  CHECK(fn::outside(fn::Acosh{}, 0, 1, a + 5) == 0);
  CHECK(fn::outside(fn::Atanh{}, 0, 1, a) == 0);
  CHECK(fn::outside(fn::Atanh{}, 0, 2, a + 2) == 1);
  CHECK(fn::outside(fn::Atanh{}, 0, 1, a + 4) == -1);
  CHECK_FALSE(fn::has_value_at_zero(fn::Acosh{}));
  CHECK(fn::at_zero<double>(fn::Acosh{}) == 0);
  CHECK(fn::at_zero<double>(fn::Cosh{}) == 1);
}

}  // namespace
