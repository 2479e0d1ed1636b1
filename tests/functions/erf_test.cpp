#include <ascribe/functions/erf.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

TEST_CASE("Erf keeps the contract", "[functions]") {
  const auto reference = [](long double x) { return std::erf(x); };
  test::check_function(fn::Erf{}, reference, {.relative = false});
}

// Numbers: mpmath with 40 digits.
TEST_CASE("Erf's known numbers", "[functions]") {
  CHECK_THAT(fn::Erf{}.value(-0.5), WithinRel(-0.52049987781304653768, 1e-15));
  CHECK_THAT(fn::Erf{}.derivative(1.5), WithinRel(0.11893028922362937153, 1e-14));
  CHECK_THAT(fn::Erf{}.second_derivative(1.5), WithinRel(-0.35679086767088811459, 1e-14));
  CHECK_THAT(fn::Erf{}.chord(2.0, -1.0), WithinRel(0.6126743526562225345, 1e-14));
  CHECK_THAT(fn::Erf{}.chord(1.0, 1.0 + 0x1p-30), WithinRel(0.41510749703399572022, 1e-14));
  CHECK_THAT(fn::Erf{}.chord(5.0, 6.0), WithinRel(1.5374382746913223513e-12, 1e-13));
  CHECK_THAT(fn::Erf{}.chord(-5.0, -6.0), WithinRel(1.5374382746913223513e-12, 1e-13));
}

}  // namespace
