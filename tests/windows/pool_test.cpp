#include <ascribe/windows/pool.hpp>

#include <vector>

#include "tests/support/catch.hpp"

using namespace ascribe;

namespace {

std::vector<Index> members(const window::Pool& pool, Index group) {
  std::vector<Index> found;
  pool.members(group, [&](Index i) { found.push_back(i); });
  return found;
}

}  // namespace

static_assert(Windows<window::Pool>);
static_assert(!window::has_constants<window::Pool>);

TEST_CASE("a pool's windows, row by row", "[windows]") {
  const window::Pool pool({.input = {4, 6}, .kernel = {2, 2}, .stride = {2, 2}}, 3);
  CHECK(pool.input_size() == 72);
  CHECK(pool.output_size() == 18);
  CHECK(pool.lanes() == 3);
  CHECK(members(pool, 0) == std::vector<Index>{0, 3, 18, 21});
  CHECK(members(pool, 5) ==
        std::vector<Index>{(2 * 6 + 4) * 3, (2 * 6 + 5) * 3, (3 * 6 + 4) * 3, (3 * 6 + 5) * 3});
}

TEST_CASE("a pool's windows over a volume, plane by plane", "[windows]") {
  const Spatial s{.input = {4, 5, 6},
                  .kernel = {2, 3, 3},
                  .stride = {2, 1, 2},
                  .pads = {1, 0, 0, 1, 2, 1},
                  .dilation = {1, 1, 2}};
  const window::Pool pool(s, 3);
  CHECK(pool.input_size() == 360);
  CHECK(pool.output_size() == 3 * 2 * 4 * 3);  // depth (9 − 5)/2 + 1, height (5 − 2)/2 + 1, width 6 − 3 + 1
  CHECK_FALSE(pool.partition());
  Index window = 0;
  for (Index z = 0; z < 3; ++z)
    for (Index y = 0; y < 2; ++y)
      for (Index x = 0; x < 4; ++x, ++window) {
        std::vector<Index> expected;
        for (Index iz = 2 * z - 2; iz <= 2 * z + 2; iz += 2)
          for (Index iy = 2 * y - 1; iy <= 2 * y; ++iy)
            for (Index ix = x; ix < x + 3; ++ix)
              if (iz >= 0 && iz < 6 && iy >= 0 && iy < 4 && ix < 5)
                expected.push_back(((iz * 4 + iy) * 5 + ix) * 3);
        CHECK(members(pool, window) == expected);
      }
}

TEST_CASE("a pool's padding takes no part", "[windows]") {
  const window::Pool pool({.input = {3, 3}, .kernel = {3, 3}, .stride = {2, 2}, .pads = {1, 1, 1, 1}}, 1);
  CHECK(pool.output_size() == 4);
  CHECK(members(pool, 0) == std::vector<Index>{0, 1, 3, 4});
  CHECK(members(pool, 3) == std::vector<Index>{4, 5, 7, 8});
}

TEST_CASE("a pool knows whether every pixel is in one window", "[windows]") {
  const auto partition = [](const Spatial& spatial) {
    return window::is_partition(window::Pool(spatial, 2));
  };
  CHECK(partition({.input = {4, 6}, .kernel = {2, 3}, .stride = {2, 3}}));
  CHECK(partition({.input = {1, 6}, .kernel = {1, 3}, .stride = {1, 3}}));
  CHECK_FALSE(partition({.input = {5, 6}, .kernel = {2, 3}, .stride = {2, 3}}));  // a row left over
  CHECK_FALSE(partition({.input = {4, 6}, .kernel = {2, 3}, .stride = {1, 3}}));  // overlap
  CHECK_FALSE(partition({.input = {4, 6}, .kernel = {1, 3}, .stride = {2, 3}}));  // gaps
  CHECK_FALSE(
      partition({.input = {4, 6}, .kernel = {2, 2}, .stride = {2, 2}, .pads = {0, 1, 0, 0}}));  // cut windows
  CHECK_FALSE(partition({.input = {8, 4}, .kernel = {2, 2}, .stride = {2, 2}, .dilation = {1, 2}}));
  CHECK(partition({.input = {4, 6, 4}, .kernel = {2, 3, 2}, .stride = {2, 3, 2}}));
  CHECK_FALSE(
      partition({.input = {4, 6, 5}, .kernel = {2, 3, 2}, .stride = {2, 3, 2}}));  // a plane left over
  CHECK_FALSE(partition({.input = {4, 6, 4}, .kernel = {2, 3, 2}, .stride = {2, 3, 1}}));
  // As many members as pixels, and not the same.
  CHECK_FALSE(partition({.input = {3, 4}, .kernel = {2, 3}, .stride = {2, 3}, .pads = {0, 0, 1, 0}}));
}

TEST_CASE("a pool's errors", "[windows]") {
  CHECK_THROWS_WITH(window::Pool({.input = {2, 2}, .kernel = {1, 1}, .pads = {0, 1, 0, 0}}, 1),
                    Contains("Pool: the windows of output column 0 lie wholly in padding"));
  CHECK_THROWS_WITH(window::Pool({.input = {2, 2}, .kernel = {3, 1}}, 1),
                    "Pool: the kernel spans 3 along the height: expected at most the padded input's 2");
  CHECK_THROWS_WITH(window::Pool({.input = {2, 2}}, 0),
                    Contains("Pool: the number of inputs") && Contains("found 0"));
}
