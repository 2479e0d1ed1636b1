#include <ascribe/functions/hard_swish.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

TEST_CASE("HardSwish keeps the contract", "[functions]") {
  const auto reference = [](long double x) { return x <= -3 ? 0 : x >= 3 ? x : x * (x + 3) / 6; };
  test::check_function(fn::HardSwish{}, reference, {{-3.0, 3.0}, /*relative=*/false});
}

TEST_CASE("HardSwish by hand", "[functions]") {
  CHECK_THAT(fn::HardSwish{}.value(1.0), WithinRel(2.0 / 3, 1e-14));
  CHECK_THAT(fn::HardSwish{}.value(-1.0), WithinRel(-1.0 / 3, 1e-14));
  CHECK_THAT(fn::HardSwish{}.derivative(1.0), WithinRel(5.0 / 6, 1e-14));
  CHECK_THAT(fn::HardSwish{}.derivative(-2.0), WithinRel(-1.0 / 6, 1e-14));
  CHECK_THAT(fn::HardSwish{}.chord(2.0, -1.0), WithinRel(2.0 / 3, 1e-14));
  CHECK_THAT(fn::HardSwish{}.chord(5.0, -2.0), WithinRel(16.0 / 21, 1e-14));
  CHECK(fn::HardSwish{}.derivative(-3.0) == 0.0);
  CHECK(fn::HardSwish{}.derivative(3.0) == 1.0);
}

TEST_CASE("HardSwish's chord keeps its digits far from the baseline", "[functions]") {
  // f(−10⁶) = 0 and f(−2) = −1/3: the product rule alone would leave five digits.
  CHECK_THAT(fn::HardSwish{}.chord(-1e6, -2.0), WithinRel(-(1.0 / 3) / (1e6 - 2), 1e-14));
}

}  // namespace
