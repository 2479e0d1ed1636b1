#include <ascribe/windows/groups.hpp>

#include <vector>

#include "tests/support/catch.hpp"

using namespace ascribe;

static_assert(Windows<window::Groups<6, 2>> && Windows<window::Groups<>>);
static_assert(window::Groups<6, 2>::inputs == 6 && window::Groups<6, 2>::outputs == 3);
static_assert(window::Groups<>::inputs == Dynamic && window::Groups<>::outputs == Dynamic);

TEST_CASE("groups of adjacent features", "[windows]") {
  const auto check = [](const auto& groups) {
    CHECK(groups.input_size() == 6);
    CHECK(groups.output_size() == 3);
    CHECK(groups.lanes() == 1);
    CHECK(window::is_partition(groups));
    std::vector<Index> found;
    for (Index j = 0; j < 3; ++j) groups.members(j, [&](Index i) { found.push_back(10 * j + i); });
    CHECK(found == std::vector<Index>{0, 1, 12, 13, 24, 25});
  };
  check(window::Groups<6, 2>());
  check(window::Groups<>(6, 2));
}

TEST_CASE("groups' errors", "[windows]") {
  CHECK_THROWS_WITH(window::Groups<>(6, 4), "Groups: the group's size: expected a divisor of 6, found 4");
  CHECK_THROWS_WITH(window::Groups<>(6, 0), "Groups: the group's size: expected a divisor of 6, found 0");
  CHECK_THROWS_WITH(window::Groups<>(0, 1), "Groups: the inputs: expected at least 1, found 0");
}
