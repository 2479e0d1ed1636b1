#include <ascribe/functions/silu.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

TEST_CASE("Silu keeps the contract", "[functions]") {
  const auto reference = [](long double x) {
    return x > 0 ? x / (1 + std::exp(-x)) : x * std::exp(x) / (1 + std::exp(x));
  };
  test::check_function(fn::Silu{}, reference, {{}, /*relative=*/false});
}

// Numbers: mpmath with 40 digits.
TEST_CASE("Silu's known numbers", "[functions]") {
  CHECK_THAT(fn::Silu{}.value(1.0), WithinRel(0.73105857863000487925, 1e-14));
  CHECK_THAT(fn::Silu{}.value(-30.0), WithinRel(-2.8072868906517896862e-12, 1e-14));
  CHECK_THAT(fn::Silu{}.derivative(1.0), WithinRel(0.92767051187148673179, 1e-14));
  CHECK_THAT(fn::Silu{}.derivative(-3.0), WithinRel(-0.088104106015169617069, 1e-14));
  CHECK_THAT(fn::Silu{}.chord(2.0, -1.0), WithinRel(0.67684519244192000296, 1e-14));
  CHECK_THAT(fn::Silu{}.chord(-1.0, -2.0), WithinRel(-0.030535577325760008868, 1e-14));
  CHECK_THAT(fn::Silu{}.chord(1.0, 1.0 + 0x1p-30), WithinRel(0.92767051201228692787, 1e-14));
  CHECK_THAT(fn::Silu{}.chord(-20.0, -21.0), WithinRel(-2.5299695477263064246e-8, 1e-14));
  CHECK_THAT(fn::Silu{}.chord(5.0, -100.0), WithinRel(0.04730034043217691164, 1e-14));
}

}  // namespace
