#include <ascribe/core/spatial.hpp>

#include <vector>

#include "tests/support/catch.hpp"

using namespace ascribe;

TEST_CASE("a window's output sizes", "[core]") {
  const Spatial same{.input = {28, 28}, .kernel = {5, 5}, .pads = {2, 2, 2, 2}};
  CHECK(same.output_height() == 28);
  CHECK(same.output_width() == 28);
  const Spatial odd{
      .input = {7, 6}, .kernel = {3, 2}, .stride = {2, 3}, .pads = {0, 1, 1, 0}, .dilation = {2, 1}};
  odd.check("odd");
  CHECK(odd.output_height() == 2);  // (7 + 1 − 5) / 2 + 1
  CHECK(odd.output_width() == 2);   // (6 + 1 − 2) / 3 + 1
  const Spatial line{.input = {1, 10}, .kernel = {1, 3}, .stride = {1, 2}};
  CHECK(line.output_height() == 1);
  CHECK(line.output_width() == 4);
  const Spatial volume{.input = {7, 6, 5},
                       .kernel = {3, 2, 2},
                       .stride = {2, 3, 2},
                       .pads = {0, 1, 1, 0, 2, 1},
                       .dilation = {2, 1, 3}};
  volume.check("volume");
  CHECK(volume.output_depth() == 3);  // (5 + 3 − 4) / 2 + 1
  CHECK(volume.output_pixels() == 12);
  CHECK(volume.input_pixels() == 210);
  CHECK(volume.kernel_taps() == 12);
  CHECK_FALSE(volume.is_flat());
  CHECK(odd.is_flat());
  CHECK_FALSE(Spatial{.input = {7, 6}, .stride = {1, 1, 2}, .pads = {0, 0, 0, 0, 1, 0}}.is_flat());
}

TEST_CASE("a window's taps are those that meet the image", "[core]") {
  // Naively: every tap, and then whether it is inside.
  for (Index height : {1, 4, 7})
    for (Index kernel : {1, 2, 3})
      for (Index stride : {1, 2, 3})
        for (Index dilation : {1, 2, 3})
          for (Index top : {0, 1, 4})
            for (Index bottom : {0, 3}) {
              const Spatial s{.input = {height, 5},
                              .kernel = {kernel, 2},
                              .stride = {stride, 1},
                              .pads = {top, 1, bottom, 0},
                              .dilation = {dilation, 2}};
              if (dilation * (kernel - 1) + 1 > height + top + bottom) continue;
              s.check("test");
              for (Index y = 0; y < s.output_height(); ++y)
                for (Index x = 0; x < s.output_width(); ++x) {
                  std::vector<Index> expected, found;
                  for (Index ky = 0; ky < kernel; ++ky)
                    for (Index kx = 0; kx < 2; ++kx) {
                      const Index iy = y * stride - top + ky * dilation, ix = x - 1 + kx * 2;
                      if (iy < 0 || iy >= height || ix < 0 || ix >= 5) continue;
                      expected.push_back(ky * 2 + kx);
                      expected.push_back(iy * 5 + ix);
                    }
                  s.for_each_tap(0, y, x, [&](Index tap, Index pixel) {
                    found.push_back(tap);
                    found.push_back(pixel);
                  });
                  REQUIRE(found == expected);
                }
              // The same along the depth of a volume, whose rows are that image's columns.
              const Spatial deep{.input = {5, 1, height},
                                 .kernel = {2, 1, kernel},
                                 .stride = {1, 1, stride},
                                 .pads = {1, 0, 0, 0, top, bottom},
                                 .dilation = {2, 1, dilation}};
              deep.check("test");
              REQUIRE(deep.output_depth() == s.output_height());
              for (Index z = 0; z < s.output_height(); ++z)
                for (Index y = 0; y < s.output_width(); ++y) {
                  std::vector<Index> expected, found;
                  s.for_each_tap(0, z, y, [&](Index tap, Index pixel) {
                    expected.push_back(tap);
                    expected.push_back(pixel);
                  });
                  deep.for_each_tap(z, y, 0, [&](Index tap, Index pixel) {
                    found.push_back(tap);
                    found.push_back(pixel);
                  });
                  REQUIRE(found == expected);
                }
            }
}

TEST_CASE("sizes as text", "[core]") {
  CHECK(shown(Extent{3, 5}) == "3 x 5");
  CHECK(shown(Extent{3, 5, 2}) == "2 x 3 x 5");
}

TEST_CASE("a window's errors", "[core]") {
  const auto check = [](const Spatial& s) { s.check("Pool"); };
  CHECK_THROWS_WITH(check({.input = {0, 4}}),
                    "Pool: the input along the height: expected 1 to 1073741824, found 0");
  CHECK_THROWS_WITH(check({.input = {4, 4}, .kernel = {1, -2}}),
                    "Pool: the kernel along the width: expected 1 to 1073741824, found -2");
  CHECK_THROWS_WITH(check({.input = {4, 4}, .stride = {0, 1}}),
                    Contains("the stride along the height: expected 1 to") && Contains("found 0"));
  CHECK_THROWS_WITH(check({.input = {4, 4}, .dilation = {1, 0}}), Contains("the dilation along the width"));
  CHECK_THROWS_WITH(check({.input = {4, 4}, .pads = {0, 0, -1, 0}}),
                    Contains("the padding after along the height: expected 0 to"));
  CHECK_THROWS_WITH(check({.input = {4, 4}, .pads = {0, Index(1) << 62, 0, 0}}),
                    Contains("the padding before along the width"));
  CHECK_THROWS_WITH(check({.input = {4, 4}, .kernel = {3, 3}, .pads = {0, 0, 0, 1}, .dilation = {2, 2}}),
                    "Pool: the kernel spans 5 along the height: expected at most the padded input's 4");
  CHECK_THROWS_WITH(check({.input = {Index(1) << 30, 4}, .pads = {1, 0, 0, 0}}),
                    "Pool: the padded input along the height: expected at most 1073741824, found 1073741825");
  CHECK_THROWS_WITH(check({.input = {4, 4, 2}, .kernel = {1, 1, 4}, .pads = {0, 0, 0, 0, 1, 0}}),
                    "Pool: the kernel spans 4 along the depth: expected at most the padded input's 3");
  CHECK_THROWS_WITH(check({.input = {4, 4, 2}, .pads = {0, 0, 0, 0, 0, -1}}),
                    Contains("the padding after along the depth: expected 0 to"));
  CHECK_THROWS_WITH(check({.input = {Index(1) << 28, Index(1) << 28, 4}}),
                    Contains("Pool: the number of input pixels: expected at most"));
  const Spatial behind{.input = {2, 2, 3}, .pads = {0, 0, 0, 0, 0, 2}};
  CHECK_THROWS_WITH(behind.check_no_window_is_empty("Pool"),
                    "Pool: the windows of output plane 3 lie wholly in padding: they start at 3 with "
                    "dilation 1, expected a tap in 0 to 2");
  const Spatial empty{.input = {2, 2}, .kernel = {2, 1}, .pads = {0, 0, 0, 1}};
  CHECK_THROWS_WITH(empty.check_no_window_is_empty("Pool"),
                    "Pool: the windows of output column 2 lie wholly in padding: they start at 2 with "
                    "dilation 1, expected a tap in 0 to 1");
}

TEST_CASE("a checked size", "[core]") {
  CHECK(checked_size("x", "things", {3, 4, 5}) == 60);
  CHECK_THROWS_WITH(checked_size("x", "things", {3, 0}),
                    Contains("x: the number of things") && Contains("found 0"));
  CHECK_THROWS_WITH(checked_size("x", "things", {Index(1) << 30, Index(1) << 30}),
                    Contains("found 1073741824 x 1073741824"));
}
