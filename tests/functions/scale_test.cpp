#include <ascribe/functions/scale.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

TEST_CASE("Scale keeps the contract", "[functions]") {
  test::check_function(fn::Scale{-0.375}, [](long double x) { return -0.375L * x; });
  test::check_function(fn::Scale{0}, [](long double) { return 0.0L; });
}

TEST_CASE("Scale has slope alpha everywhere", "[functions]") {
  CHECK(fn::Scale{3}.value(-2.5) == -7.5);
  CHECK(fn::Scale{3}.derivative(-2.5) == 3.0);
  CHECK(fn::Scale{3}.chord(1e-300, -1e300) == 3.0);
}

}  // namespace
