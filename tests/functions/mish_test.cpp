#include <ascribe/functions/mish.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

TEST_CASE("Mish keeps the contract", "[functions]") {
  const auto reference = [](long double x) {
    return x * std::tanh((x > 0 ? x : 0) + std::log1p(std::exp(-std::abs(x))));
  };
  test::check_function(fn::Mish{}, reference, {{}, /*relative=*/false});
}

// Numbers: mpmath with 40 digits.
TEST_CASE("Mish's known numbers", "[functions]") {
  CHECK_THAT(fn::Mish{}.value(1.0), WithinRel(0.86509838826731034612, 1e-14));
  CHECK_THAT(fn::Mish{}.value(-1.0), WithinRel(-0.30340146137410891807, 1e-14));
  CHECK_THAT(fn::Mish{}.value(-40.0), WithinRel(-1.6993417021166355945e-16, 1e-14));
  CHECK_THAT(fn::Mish{}.derivative(1.0), WithinRel(1.0490362200997921591, 1e-14));
  CHECK_THAT(fn::Mish{}.derivative(-3.0), WithinRel(-0.093393114532320835573, 1e-14));
  CHECK_THAT(fn::Mish{}.chord(2.0, -1.0), WithinRel(0.74912014030270114613, 1e-14));
  CHECK_THAT(fn::Mish{}.chord(-1.0, -2.0), WithinRel(-0.050899978678400054439, 1e-14));
  CHECK_THAT(fn::Mish{}.chord(1.0, 1.0 + 0x1p-30), WithinRel(1.0490362201857931698, 1e-14));
  CHECK_THAT(fn::Mish{}.chord(-20.0, -21.0), WithinRel(-2.5299695513709608255e-8, 1e-14));
  CHECK_THAT(fn::Mish{}.chord(5.0, -100.0), WithinRel(0.047614781690756244641, 1e-14));
}

}  // namespace
