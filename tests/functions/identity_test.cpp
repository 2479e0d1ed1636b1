#include <ascribe/functions/identity.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

TEST_CASE("Identity keeps the contract", "[functions]") {
  test::check_function(fn::Identity{}, [](long double x) { return x; });
}

TEST_CASE("Identity has slope 1 everywhere", "[functions]") {
  CHECK(fn::Identity{}.value(-2.5) == -2.5);
  CHECK(fn::Identity{}.derivative(-2.5) == 1.0);
  CHECK(fn::Identity{}.chord(3.0, -1.0) == 1.0);
}

}  // namespace
