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

TEST_CASE("a power's second derivative, and its chord's derivatives", "[functions]") {
  const auto second = [](const fn::Power& f, double a) {
    double d;
    fn::second_derivatives(f, 0, 1, &a, &d);
    return d;
  };
  CHECK(second(fn::Power{1, 3, 2}, -1.5) == 0);  // of a base of 0, too
  CHECK(second(fn::Power{0}, 0.0) == 0);
  CHECK(second(fn::Power{2, 1, 3}, -5) == 18);
  CHECK(second(fn::Power{3}, -2) == -12);
  CHECK_THAT(second(fn::Power{-0.75, 1, 0.1}, 2), WithinRel(0.013125 * 0.87219594949342130 / 1.44, 1e-14));
  // (√a − √r)/(a − r) = 1/(√a + √r), near and apart.
  const double r = 2.25;
  for (const double a : {2.25, 2.25 + 1e-9, 2.25 + 1e-5, 2.25 + 1e-4, 4., 1e-8}) {
    double by_a, by_r;
    fn::chord_derivatives(fn::Power{0.5}, 0, 1, &a, &r, &by_a, &by_r);
    const double sum = std::sqrt(a) + 1.5;
    CHECK_THAT(by_a, WithinRel(-1 / (2 * std::sqrt(a) * sum * sum), 1e-9));
    CHECK_THAT(by_r, WithinRel(-1 / (3 * sum * sum), 1e-9));
  }
}

}  // namespace
