#include <ascribe/functions/elu.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

TEST_CASE("Elu keeps the contract", "[functions]") {
  const auto reference = [](long double x) { return x > 0 ? x : std::expm1(x); };
  test::check_function(fn::Elu{}, reference, {{0.0}});  // f'' jumps there, which finite differences feel
  test::check_function(fn::Elu{0.5}, [=](long double x) { return x > 0 ? x : reference(x) / 2; }, {{0.0}});
}

// Numbers: mpmath with 40 digits.
TEST_CASE("Elu's known numbers", "[functions]") {
  CHECK_THAT(fn::Elu{}.value(-1.0), WithinRel(-0.6321205588285576784, 1e-14));
  CHECK_THAT(fn::Elu{}.value(-3.0), WithinRel(-0.95021293163213605702, 1e-14));
  CHECK_THAT(fn::Elu{}.derivative(-3.0), WithinRel(0.049787068367863942979, 1e-14));
  CHECK_THAT(fn::Elu{}.chord(2.0, -1.0), WithinRel(0.87737351960951922613, 1e-14));
  CHECK_THAT(fn::Elu{}.chord(-1.0, -2.0), WithinRel(0.2325441579348296297, 1e-14));
  CHECK_THAT(fn::Elu{}.chord(-20.0, -21.0), WithinRel(1.3028975796473671552e-9, 1e-14));
  CHECK_THAT(fn::Elu{}.chord(5.0, -100.0), WithinRel(0.057142857142857142857, 1e-14));
}

TEST_CASE("Elu's derivative at 0 is alpha", "[functions]") {
  CHECK(fn::Elu{0.5}.derivative(0.0) == 0.5);
  CHECK(fn::Elu{0.5}.chord(0.0, 0.0) == 0.5);
}

}  // namespace
