#include <ascribe/core/loops.hpp>

#include <vector>

#include "tests/support/catch.hpp"

namespace {

using namespace ascribe;
using Values = std::vector<double>;

const Values x{-2, 0, 3}, y{5, 7, -1};

TEST_CASE("Loops over neighbours say what they do", "[core][loops]") {
  Values to{1, 2, 3};
  detail::add(3, x.data(), to.data());
  CHECK(to == Values{-1, 2, 6});
  detail::add_multiple(3, 2., y.data(), to.data());
  CHECK(to == Values{9, 16, 4});
  detail::multiply(3, x.data(), to.data());
  CHECK(to == Values{-18, 0, 12});
  detail::multiply(3, 0.5, y.data(), to.data());
  CHECK(to == Values{2.5, 3.5, -0.5});
  detail::multiply(3, x.data(), y.data(), to.data());
  CHECK(to == Values{-10, 0, -3});
}

}  // namespace
