#include <ascribe/functions/selu.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

TEST_CASE("Selu keeps the contract", "[functions]") {
  const auto reference = [](long double x) {
    return 1.0507009873554804934193L * (x > 0 ? x : 1.6732632423543772848170L * std::expm1(x));
  };
  test::check_function(fn::Selu{}, reference, {{0.0}});
}

// Numbers: mpmath with 40 digits.
TEST_CASE("Selu's known numbers", "[functions]") {
  CHECK_THAT(fn::Selu{}.value(1.0), WithinRel(1.0507009873554804934, 1e-14));
  CHECK_THAT(fn::Selu{}.value(-1.0), WithinRel(-1.1113307378125627618, 1e-14));
  CHECK_THAT(fn::Selu{}.derivative(-1.0), WithinRel(0.64676860303481409812, 1e-14));
  CHECK_THAT(fn::Selu{}.chord(2.0, -1.0), WithinRel(1.0709109041745079162, 1e-14));
  CHECK_THAT(fn::Selu{}.chord(-1.0, -2.0), WithinRel(0.40883573078313227333, 1e-14));
}

TEST_CASE("Selu takes ONNX's parameters", "[functions]") {
  const fn::Selu f{.alpha = 2, .gamma = 3};
  CHECK(f.value(2.0) == 6.0);
  CHECK(f.derivative(0.0) == 6.0);
}

}  // namespace
