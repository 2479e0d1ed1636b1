#include <ascribe/core/prefetch.hpp>

#include "tests/support/catch.hpp"

#include <array>

namespace {

TEST_CASE("A prefetch stays within the memory that it is given, and changes nothing", "[core]") {
  const std::array<double, 3> memory{1, 2, 3};
  // The address sanitizer's build sees a pointer that leaves the array.
  ascribe::prefetch(memory.data(), 1, 3);
  ascribe::prefetch(memory.data(), 1000, 3);
  CHECK(memory == std::array<double, 3>{1, 2, 3});
}

}  // namespace
