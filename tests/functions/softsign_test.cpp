#include <ascribe/functions/softsign.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

TEST_CASE("Softsign keeps the contract", "[functions]") {
  const auto reference = [](long double x) { return x / (1 + std::abs(x)); };
  // f'' jumps at 0, which finite differences feel.
  test::check_function(fn::Softsign{}, reference, {{0.0}});
}

// Numbers: mpmath with 40 digits.
TEST_CASE("Softsign's known numbers", "[functions]") {
  CHECK_THAT(fn::Softsign{}.value(-3.0), WithinRel(-0.75, 1e-14));
  CHECK_THAT(fn::Softsign{}.derivative(-3.0), WithinRel(0.0625, 1e-14));
  CHECK_THAT(fn::Softsign{}.chord(2.0, -1.0), WithinRel(0.38888888888888888889, 1e-14));
  CHECK_THAT(fn::Softsign{}.chord(-1.0, -2.0), WithinRel(0.16666666666666666667, 1e-14));
  CHECK_THAT(fn::Softsign{}.chord(1.0, 1.0 + 0x1p-30), WithinRel(0.24999999988358467823, 1e-14));
  CHECK_THAT(fn::Softsign{}.chord(5.0, -100.0), WithinRel(0.017366022316517366022, 1e-14));
}

}  // namespace
