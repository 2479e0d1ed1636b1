#include <ascribe/windows/branches.hpp>

#include <vector>

#include "tests/support/catch.hpp"

using namespace ascribe;

static_assert(Windows<window::Branches>);

TEST_CASE("branches lie one behind the other", "[windows]") {
  const window::Branches branches(3, 4);
  CHECK(branches.input_size() == 12);
  CHECK(branches.output_size() == 4);
  CHECK(branches.lanes() == 4);
  std::vector<Index> found;
  branches.members(0, [&](Index i) { found.push_back(i); });
  CHECK(found == std::vector<Index>{0, 4, 8});
}

TEST_CASE("branches' errors", "[windows]") {
  CHECK_THROWS_WITH(window::Branches(0, 3),
                    Contains("Branches: the number of inputs") && Contains("found 0"));
  CHECK_THROWS_WITH(window::Branches(2, 0),
                    Contains("Branches: the number of inputs") && Contains("found 0"));
}
