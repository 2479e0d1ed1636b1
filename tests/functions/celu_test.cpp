#include <ascribe/functions/celu.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

TEST_CASE("Celu keeps the contract", "[functions]") {
  for (const double alpha : {1., 0.5, 3.}) {
    const auto reference = [=](long double x) {
      const auto p = static_cast<long double>(alpha);
      return x > 0 ? x : p * std::expm1(x / p);
    };
    test::check_function(fn::Celu{alpha}, reference, {.kinks = {0.0}, .relative = false});
  }
}

// Numbers: mpmath with 40 digits.
TEST_CASE("Celu's known numbers", "[functions]") {
  CHECK_THAT(fn::Celu{2}.value(-3.0), WithinRel(-1.5537396797031403421, 1e-15));
  CHECK_THAT(fn::Celu{2}.derivative(-3.0), WithinRel(0.22313016014842982893, 1e-15));
  CHECK_THAT(fn::Celu{2}.second_derivative(-3.0), WithinRel(0.11156508007421491447, 1e-15));
  CHECK_THAT(fn::Celu{2}.chord(-3.0, -1.0), WithinRel(0.38340049956420359467, 1e-14));
  CHECK_THAT(fn::Celu{2}.chord(2.0, -1.0), WithinRel(0.9289795601915777176, 1e-14));
  CHECK(fn::Celu{2}.chord(2.0, 1.0) == 1);
  CHECK(fn::Celu{2}.derivative(0.0) == 1);
  // A negative alpha turns the exponential round.
  CHECK_THAT(fn::Celu{-1}.value(-2.0), WithinRel(-6.3890560989306502272, 1e-15));
  CHECK_THAT(fn::Celu{-1}.chord(-2.0, -1.0), WithinRel(4.6707742704716049919, 1e-14));
}

}  // namespace
