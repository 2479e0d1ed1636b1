#include <ascribe/functions/tanh.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

TEST_CASE("Tanh keeps the contract", "[functions]") {
  const auto reference = [](long double x) { return std::tanh(x); };
  test::check_function(fn::Tanh{}, reference);
}

// Numbers: mpmath with 40 digits.
TEST_CASE("Tanh's known numbers", "[functions]") {
  CHECK_THAT(fn::Tanh{}.value(1.0), WithinRel(0.76159415595576488812, 1e-14));
  CHECK_THAT(fn::Tanh{}.derivative(1.0), WithinRel(0.41997434161402606939, 1e-14));
  CHECK_THAT(fn::Tanh{}.derivative(-3.0), WithinRel(0.0098660371654401912732, 1e-14));
  CHECK_THAT(fn::Tanh{}.chord(2.0, -1.0), WithinRel(0.57520724534386059069, 1e-14));
  CHECK_THAT(fn::Tanh{}.chord(1.0, 1.0 + 0x1p-30), WithinRel(0.41997434131614254006, 1e-14));
  CHECK_THAT(fn::Tanh{}.chord(-20.0, -21.0), WithinRel(7.3468040577244659939e-18, 1e-14));
  CHECK_THAT(fn::Tanh{}.chord(30.0, 31.0), WithinRel(1.514289179692508817e-26, 1e-14));
  CHECK_THAT(fn::Tanh{}.chord(5.0, -100.0), WithinRel(0.019046754326310429821, 1e-14));
}

}  // namespace
