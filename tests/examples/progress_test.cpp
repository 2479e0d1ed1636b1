#include "examples/support/progress.hpp"

#include "tests/support/catch.hpp"

TEST_CASE("the time left is what the rest takes at the pace so far", "[progress]") {
  using examples::time_left;
  CHECK(time_left(1, 4, 10) == "about 30 s left");
  CHECK(time_left(2, 4, 10.2) == "about 11 s left");
  CHECK(time_left(1, 2, 119) == "about 119 s left");
  CHECK(time_left(1, 2, 150) == "about 3 min left");
  CHECK(time_left(10, 20, 3600) == "about 60 min left");
  CHECK(time_left(1, 3, 3600) == "about 2 h left");
  CHECK(time_left(1, 1001, 36) == "about 10 h left");
  CHECK(time_left(0, 4, 10).empty());
  CHECK(time_left(4, 4, 10).empty());
}
