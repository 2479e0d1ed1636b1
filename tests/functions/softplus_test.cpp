#include <ascribe/functions/softplus.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

TEST_CASE("Softplus keeps the contract", "[functions]") {
  const auto reference = [](long double x) { return (x > 0 ? x : 0) + std::log1p(std::exp(-std::abs(x))); };
  test::check_function(fn::Softplus{}, reference);
}

// Numbers: mpmath with 40 digits.
TEST_CASE("Softplus's known numbers", "[functions]") {
  CHECK_THAT(fn::Softplus{}.value(1.0), WithinRel(1.313261687518222834, 1e-14));
  CHECK_THAT(fn::Softplus{}.value(-40.0), WithinRel(4.2483542552915889863e-18, 1e-14));
  CHECK_THAT(fn::Softplus{}.derivative(-3.0), WithinRel(0.047425873177566780879, 1e-14));
  CHECK_THAT(fn::Softplus{}.chord(2.0, -1.0), WithinRel(0.60455544117491655413, 1e-14));
  CHECK_THAT(fn::Softplus{}.chord(1.0, 1.0 + 0x1p-30), WithinRel(0.73105857872155944517, 1e-14));
  CHECK_THAT(fn::Softplus{}.chord(-20.0, -21.0), WithinRel(1.3028975778106661435e-9, 1e-14));
  CHECK_THAT(fn::Softplus{}.chord(30.0, 31.0), WithinRel(0.99999999999994084854, 1e-14));
  CHECK_THAT(fn::Softplus{}.chord(5.0, -100.0), WithinRel(0.047683003318943981606, 1e-14));
}

TEST_CASE("Softplus carries log 2 at 0", "[functions]") {
  CHECK_THAT(fn::at_zero<double>(fn::Softplus{}), WithinRel(0.6931471805599453094, 1e-15));
}

}  // namespace
