#include <ascribe/windows/table.hpp>

#include "tests/support/catch.hpp"

using namespace ascribe;

static_assert(Windows<window::Table>);

TEST_CASE("a table of windows keeps its order", "[windows]") {
  const window::Table table(5, {{4, 0}, {2}, {1, 4, 3}});
  CHECK(table.input_size() == 5);
  CHECK(table.output_size() == 3);
  CHECK(table.lanes() == 1);
  std::vector<std::vector<Index>> found(3);
  for (std::size_t j = 0; j < 3; ++j) table.members(Index(j), [&](Index i) { found[j].push_back(i); });
  CHECK(found == std::vector<std::vector<Index>>{{4, 0}, {2}, {1, 4, 3}});
}

TEST_CASE("a table's errors", "[windows]") {
  using Rows = std::vector<std::vector<Index>>;
  CHECK_THROWS_WITH(window::Table(3, Rows{{0}, {1, 3}}),
                    "Table: a member of window 1: expected 0 to 2, found 3");
  CHECK_THROWS_WITH(window::Table(3, Rows{{0, -1}}),
                    "Table: a member of window 0: expected 0 to 2, found -1");
  CHECK_THROWS_WITH(window::Table(3, Rows{{0}, {}}), "Table: window 1: expected at least 1 member, found 0");
  CHECK_THROWS_WITH(window::Table(3, Rows{}), "Table: the windows: expected at least 1, found 0");
  CHECK_THROWS_WITH(window::Table(0, Rows{{0}}), "Table: the inputs: expected at least 1, found 0");
}
