#include <ascribe/functions/power.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

TEST_CASE("a square's chord is the sum of its ends", "[functions]") {
  CHECK(fn::Power{2}.value(-3.0) == 9);
  CHECK(fn::Power{2}.derivative(-3.0) == -6);
  CHECK(fn::Power{2}.chord(-3.0, 5.0) == 2);
  CHECK(fn::Power{2}.chord(3.0, 3.0) == 6);
  CHECK(fn::Power{2, 1, 0.5}.chord(2.0, 4.0) == 0.5 * (2 + 3));
}

// Numbers: Python's decimal with 40 digits.
TEST_CASE("local response normalisation's power", "[functions]") {
  const fn::Power f{-0.75, 1, 0.1};
  CHECK_THAT(f.value(2.0), WithinRel(0.87219594949342130, 1e-15));
  CHECK_THAT(f.derivative(2.0), WithinRel(-0.075 * 0.87219594949342130 / 1.2, 1e-15));
  CHECK(f.chord(2.0, 2.0) == f.derivative(2.0));
  // Apart, the quotient; together, the derivative in the middle to second order.
  CHECK_THAT(f.chord(2.0, 5.0), WithinRel((f.value(5.0) - f.value(2.0)) / 3, 1e-14));
  CHECK_THAT(f.chord(2.0, 2.0 + 1e-7), WithinRel(f.derivative(2.0 + 0.5e-7), 1e-13));
  CHECK(f.chord(2.0, 5.0) == f.chord(5.0, 2.0));
  CHECK(fn::at_zero<double>(f) == 1);
}

}  // namespace
