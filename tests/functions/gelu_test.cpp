#include <ascribe/functions/gelu.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

TEST_CASE("Gelu keeps the contract", "[functions]") {
  const auto reference = [](long double x) { return x * std::erfc(-x / std::sqrt(2.0L)) / 2; };
  test::check_function(fn::Gelu{}, reference, {{}, /*relative=*/false});
}

TEST_CASE("NormalCdf keeps the contract", "[functions]") {
  const auto reference = [](long double x) { return std::erfc(-x / std::sqrt(2.0L)) / 2; };
  test::check_function(fn::NormalCdf{}, reference, {{}, /*relative=*/false});
}

TEST_CASE("GeluTanh keeps the contract", "[functions]") {
  const auto reference = [](long double x) {
    const long double u = std::sqrt(8 / 3.14159265358979323846L) * (x + 0.044715L * x * x * x);
    return u > 0 ? x / (1 + std::exp(-u)) : x * std::exp(u) / (1 + std::exp(u));
  };
  test::check_function(fn::GeluTanh{}, reference, {{}, /*relative=*/false});
}

// Numbers: mpmath with 40 digits.
TEST_CASE("Gelu's known numbers", "[functions]") {
  CHECK_THAT(fn::Gelu{}.value(1.0), WithinRel(0.84134474606854294859, 1e-14));
  CHECK_THAT(fn::Gelu{}.value(-1.0), WithinRel(-0.15865525393145705141, 1e-14));
  CHECK_THAT(fn::Gelu{}.value(-3.0), WithinRel(-0.00404969409489028358, 1e-14));
  CHECK_THAT(fn::Gelu{}.value(-30.0), WithinRel(-1.4720141781444561179e-196, 1e-12));
  CHECK_THAT(fn::Gelu{}.derivative(1.0), WithinRel(1.0833154705876862984, 1e-14));
  CHECK_THAT(fn::Gelu{}.derivative(-3.0), WithinRel(-0.011945647204183927, 1e-14));
  CHECK_THAT(fn::Gelu{}.chord(2.0, -1.0), WithinRel(0.70438499667836621234, 1e-14));
  CHECK_THAT(fn::Gelu{}.chord(-1.0, -2.0), WithinRel(-0.11315499003509863701, 1e-14));
  CHECK_THAT(fn::Gelu{}.chord(3.0, 2.0), WithinRel(1.0414505698014681308, 1e-14));
  CHECK_THAT(fn::Gelu{}.chord(1.0, 1.0 + 0x1p-30), WithinRel(1.0833154707003626973, 1e-14));
  CHECK_THAT(fn::Gelu{}.chord(-20.0, -21.0), WithinRel(-5.5072482303259835503e-88, 1e-12));
  CHECK_THAT(fn::Gelu{}.chord(5.0, -100.0), WithinRel(0.047619033968972767657, 1e-14));
}

TEST_CASE("GeluTanh's known numbers", "[functions]") {
  CHECK_THAT(fn::GeluTanh{}.value(1.0), WithinRel(0.84119199060827670478, 1e-14));
  CHECK_THAT(fn::GeluTanh{}.value(-1.0), WithinRel(-0.15880800939172329522, 1e-14));
  CHECK_THAT(fn::GeluTanh{}.value(-3.0), WithinRel(-0.0036373920817730188378, 1e-14));
  CHECK_THAT(fn::GeluTanh{}.derivative(1.0), WithinRel(1.0829640838457825551, 1e-14));
  CHECK_THAT(fn::GeluTanh{}.derivative(-3.0), WithinRel(-0.011584166630969726204, 1e-14));
  CHECK_THAT(fn::GeluTanh{}.chord(2.0, -1.0), WithinRel(0.704468567826499438, 1e-14));
  CHECK_THAT(fn::GeluTanh{}.chord(-1.0, -2.0), WithinRel(-0.113405703479498314, 1e-14));
  CHECK_THAT(fn::GeluTanh{}.chord(3.0, 2.0), WithinRel(1.0417649138304519624, 1e-14));
  CHECK_THAT(fn::GeluTanh{}.chord(1.0, 1.0 + 0x1p-30), WithinRel(1.0829640839585415966, 1e-14));
  CHECK_THAT(fn::GeluTanh{}.chord(5.0, -100.0), WithinRel(0.047619045436384574639, 1e-14));
}

}  // namespace
