#include <ascribe/functions/exponential.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

TEST_CASE("Exp keeps the contract", "[functions]") {
  test::check_function(fn::Exp{}, [](long double x) { return std::exp(x); });
}

TEST_CASE("Log keeps the contract", "[functions]") {
  const test::FunctionTraits traits{.kinks = {0.0}, .low = 1e-300, .differences = 1e-7};
  test::check_function(
      fn::Log{}, [](long double x) { return std::log(x); }, traits);
}

// Numbers: mpmath with 40 digits.
TEST_CASE("Exp's and Log's known numbers", "[functions]") {
  CHECK_THAT(fn::Exp{}.value(-3.0), WithinRel(0.049787068367863942979, 1e-15));
  CHECK_THAT(fn::Exp{}.chord(2.0, -1.0), WithinRel(2.3403922192530693019, 1e-14));
  CHECK_THAT(fn::Exp{}.chord(1.0, 1.0 + 0x1p-30), WithinRel(2.7182818297248438513, 1e-14));
  CHECK_THAT(fn::Exp{}.chord(700.0, -700.0), WithinRel(7.244514676678603639e+300, 1e-13));
  CHECK_THAT(fn::Exp{}.chord(-700.0, -701.0), WithinRel(6.2325042467102484788e-305, 1e-13));
  CHECK(fn::Exp{}.chord(800.0, -800.0) == std::numeric_limits<double>::infinity());
  CHECK_THAT(fn::Log{}.value(3.0), WithinRel(1.0986122886681096914, 1e-15));
  CHECK(fn::Log{}.derivative(4.0) == 0.25);
  CHECK(fn::Log{}.second_derivative(4.0) == -0.0625);
  CHECK_THAT(fn::Log{}.chord(5.0, 2.0), WithinRel(0.30543024395805168839, 1e-15));
  CHECK_THAT(fn::Log{}.chord(1.0, 1.0 + 0x1p-30), WithinRel(0.99999999953433871298, 1e-14));
  CHECK_THAT(fn::Log{}.chord(3e300, 1e300), WithinRel(5.4930614433405481686e-301, 1e-14));
  CHECK_THAT(fn::Log{}.chord(1e300, 1e-300), WithinRel(1.3815510557964273379e-297, 1e-14));
}

TEST_CASE("Exp carries 1 at 0, Log has no value there", "[functions]") {
  CHECK(fn::at_zero<double>(fn::Exp{}) == 1);
  CHECK(fn::has_value_at_zero(fn::Exp{}));
  CHECK(fn::domain_of(fn::Exp{}) == nullptr);
  CHECK(fn::at_zero<double>(fn::Log{}) == 0);  // no bias
  CHECK_FALSE(fn::has_value_at_zero(fn::Log{}));
  CHECK_FALSE(fn::through_origin(fn::Log{}));
  const double a[] = {1, 1e-300, 0, -1, std::numeric_limits<double>::quiet_NaN()};
  CHECK(fn::outside(fn::Log{}, 0, 2, a) == -1);
  CHECK(fn::outside(fn::Log{}, 0, 5, a) == 2);
  CHECK(fn::outside(fn::Log{}, 0, 1, a + 3) == 0);
  CHECK(fn::outside(fn::Log{}, 0, 1, a + 4) == 0);
  CHECK(fn::outside(fn::Exp{}, 0, 5, a) == -1);
}

}  // namespace
