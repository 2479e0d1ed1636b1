#include <ascribe/functions/kink.hpp>

#include "tests/support/function_contract.hpp"

#include <limits>

namespace {

using namespace ascribe;

// x ↦ 3x right of 0, −2x left of it, and 7 for a derivative at 0.
double chord(double a, double r) { return fn::kinked_chord(a, r, -2.0, 7.0, 3.0); }

TEST_CASE("kinked_chord is the side's slope exactly where both lie on one side", "[functions]") {
  CHECK(chord(1, 2) == 3);
  CHECK(chord(1, 1) == 3);
  CHECK(chord(-0.1, -0.3) == -2);
  CHECK(chord(0, 0) == 7);
  CHECK(chord(-0.0, 0.0) == 7);
  CHECK(chord(0, 0.1) == 3);
  CHECK(chord(-0.1, 0) == -2);
}

TEST_CASE("kinked_chord is the quotient across the kink", "[functions]") {
  CHECK(chord(1, -3) == -0.75);  // (3 − 6)/4
  CHECK(chord(-3, 1) == -0.75);
  CHECK(chord(1e-300, -3e-300) == -0.75);
}

TEST_CASE("kinked_chord neither overflows nor loses denormals", "[functions]") {
  const double large = std::numeric_limits<double>::max();
  const double small = std::numeric_limits<double>::denorm_min();
  CHECK(fn::kinked_chord(large, -large, 0.0, 0.0, 1.0) == 0.5);
  CHECK(fn::kinked_chord(small, -small, 0.0, 0.0, 1.0) == 0.5);
  CHECK(fn::kinked_chord(large, -small, 0.0, 0.0, 1.0) == 1.0);
}

}  // namespace
