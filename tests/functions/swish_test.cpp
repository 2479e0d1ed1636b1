#include <ascribe/functions/swish.hpp>

#include <ascribe/functions/silu.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

TEST_CASE("Swish keeps the contract", "[functions]") {
  for (const double alpha : {1.75, -0.5}) {
    const auto reference = [=](long double x) {
      return x / (1 + std::exp(-static_cast<long double>(alpha) * x));
    };
    test::check_function(fn::Swish{alpha}, reference, {.relative = false});
  }
}

// Numbers: mpmath with 40 digits.
TEST_CASE("Swish's known numbers", "[functions]") {
  CHECK_THAT(fn::Swish{1.75}.value(-2.0), WithinRel(-0.058624461502712637731, 1e-14));
  CHECK_THAT(fn::Swish{1.75}.derivative(2.0), WithinRel(1.0702733528277181406, 1e-14));
  CHECK(fn::Swish{1}.value(1.5) == fn::Silu{}.value(1.5));
  CHECK(fn::Swish{}.chord(1.5, -1.0) == fn::Silu{}.chord(1.5, -1.0));
}

}  // namespace
