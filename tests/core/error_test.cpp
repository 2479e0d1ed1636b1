#include <ascribe/core/error.hpp>

#include "tests/support/catch.hpp"

#include <string>

namespace {

TEST_CASE("fail prints its parts one after the other", "[core]") {
  std::string message;
  try {
    ascribe::fail("layer ", 2, ": expected ", 8, " features, found ", 9.5);
  } catch (const std::runtime_error& error) {
    message = error.what();
  }
  CHECK(message == "layer 2: expected 8 features, found 9.5");
  CHECK_THROWS_AS(ascribe::fail("bad"), ascribe::Error);
}

}  // namespace
