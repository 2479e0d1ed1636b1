#include <ascribe/functions/step.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

TEST_CASE("conditions as numbers keep the contract", "[functions]") {
  test::check_function(fn::IsPositive{}, [](long double x) { return x > 0 ? 1.0L : 0.0L; }, {{0.0}});
  test::check_function(fn::IsNotNegative{}, [](long double x) { return x >= 0 ? 1.0L : 0.0L; }, {{0.0}});
  test::check_function(fn::IsZero{}, [](long double x) { return x == 0 ? 1.0L : 0.0L; }, {{0.0}});
}

TEST_CASE("conditions as numbers by hand", "[functions]") {
  const auto values = [](auto f) { return std::vector<double>{f.value(-2.0), f.value(0.0), f.value(0.5)}; };
  CHECK(values(fn::IsPositive{}) == std::vector<double>{0, 0, 1});
  CHECK(values(fn::IsNotNegative{}) == std::vector<double>{0, 1, 1});
  CHECK(values(fn::IsZero{}) == std::vector<double>{0, 1, 0});
  // Chords see the jump that derivatives do not.
  CHECK(fn::IsPositive{}.chord(4.0, -1.0) == 0.2);
  CHECK(fn::IsPositive{}.chord(4.0, 0.0) == 0.25);
  CHECK(fn::IsPositive{}.chord(4.0, 1.0) == 0);
  CHECK(fn::IsNotNegative{}.chord(-4.0, 0.0) == 0.25);
  CHECK(fn::IsZero{}.chord(-4.0, 0.0) == 0.25);
  CHECK(fn::IsZero{}.chord(-4.0, 4.0) == 0);
  // Those that hold at 0 carry a bias.
  CHECK(fn::through_origin(fn::IsPositive{}));
  CHECK_FALSE(fn::through_origin(fn::IsNotNegative{}));
  CHECK_FALSE(fn::through_origin(fn::IsZero{}));
}

}  // namespace
