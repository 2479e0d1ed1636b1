#include <ascribe/functions/sigmoid.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

TEST_CASE("Sigmoid keeps the contract", "[functions]") {
  const auto reference = [](long double x) {
    return x > 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
  };
  test::check_function(fn::Sigmoid{}, reference);
}

// Numbers: mpmath with 40 digits.
TEST_CASE("Sigmoid's known numbers", "[functions]") {
  CHECK_THAT(fn::Sigmoid{}.value(1.0), WithinRel(0.73105857863000487925, 1e-14));
  CHECK_THAT(fn::Sigmoid{}.value(-40.0), WithinRel(4.2483542552915889773e-18, 1e-14));
  CHECK_THAT(fn::Sigmoid{}.derivative(-3.0), WithinRel(0.045176659730912132649, 1e-14));
  CHECK_THAT(fn::Sigmoid{}.chord(2.0, -1.0), WithinRel(0.2039518855359624411, 1e-14));
  CHECK_THAT(fn::Sigmoid{}.chord(1.0, 1.0 + 0x1p-30), WithinRel(0.19661193319917291679, 1e-14));
  CHECK_THAT(fn::Sigmoid{}.chord(-20.0, -21.0), WithinRel(1.3028975759739651346e-9, 1e-14));
  CHECK_THAT(fn::Sigmoid{}.chord(30.0, 31.0), WithinRel(5.9151458603694410019e-14, 1e-14));
  CHECK_THAT(fn::Sigmoid{}.chord(5.0, -100.0), WithinRel(0.009460068086435382328, 1e-14));
}

TEST_CASE("Sigmoid carries 1/2 at 0", "[functions]") { CHECK(fn::at_zero<double>(fn::Sigmoid{}) == 0.5); }

}  // namespace
