#include <ascribe/functions/gate.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

// x·x through the gate: everything is known.
struct Self {
  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return a;
  }
  template <class Scalar>
  Scalar derivative(const Scalar&) const {
    return Scalar(1);
  }
};

TEST_CASE("Gated multiplies by its gate and differentiates the product", "[functions]") {
  const fn::Gated<Self> square{};
  CHECK(square.value(3.0) == 9.0);
  CHECK(square.derivative(3.0) == 6.0);
  CHECK_FALSE(fn::has_second_derivative(square));  // as its gate has none
}

TEST_CASE("Gated's chord: near, apart, and at one point, with a gate that has no chord", "[functions]") {
  const fn::Gated<Self> square{};
  CHECK(square.chord(3.0, 3.0) == 6.0);
  CHECK_THAT(square.chord(3.0, 3.0 + 1e-12), WithinRel(6.0 + 1e-12, 1e-15));
  CHECK(square.chord(3.0, 2.5) == 5.5);
  CHECK(square.chord(3.0, -1.0) == 2.0);
  CHECK(square.chord(3.0, -3.0) == 0.0);
  CHECK(square.chord(0.0, 0.0) == 0.0);
}

}  // namespace
