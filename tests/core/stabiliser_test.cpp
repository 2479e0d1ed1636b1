#include <ascribe/core/stabiliser.hpp>

#include "tests/support/catch.hpp"

namespace {

using ascribe::stabilised;

TEST_CASE("The stabiliser moves away from zero, and both zeros up", "[core]") {
  CHECK(stabilised(-2.0, 0.5) == -2.5);
  CHECK(stabilised(2.0, 0.5) == 2.5);
  CHECK(stabilised(0.0, 0.5) == 0.5);
  CHECK(stabilised(-0.0, 0.5) == 0.5);
  CHECK(stabilised(-3.0f, 0.0) == -3.0f);
  CHECK(stabilised(0.0f, 0.25) == 0.25f);
}

}  // namespace
