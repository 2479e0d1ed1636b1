#include <ascribe/kernels/image_grid.hpp>

#include <set>
#include <tuple>
#include <vector>

#include "tests/kernels/support.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::kernel;

using Meeting = std::tuple<Index, Index, Index>;  // output pixel, input pixel, tap

/// Who meets whom, by the geometry itself.
std::set<Meeting> meetings(const Spatial& g) {
  std::set<Meeting> all;
  Index output = 0;
  for (Index z = 0; z < g.output_depth(); ++z)
    for (Index y = 0; y < g.output_height(); ++y)
      for (Index x = 0; x < g.output_width(); ++x, ++output)
        g.for_each_tap(z, y, x, [&](Index tap, Index pixel) { all.emplace(output, pixel, tap); });
  return all;
}

/// The same of a grid: target pixel, source pixel, tap; each once.
void walk(const Grid& grid, std::set<Meeting>& found, std::set<Index>& targets) {
  Walk w(grid, 0);
  for (Index i = 0; i < grid.positions(); ++i, w.next()) {
    CHECK(targets.insert(w.pixel()).second);
    grid.each_tap(w.corner(), 0, Index(grid.taps.size()), [&](Index t, Index pixel, bool meets) {
      const Grid::Tap& tap = grid.taps[std::size_t(t)];
      const Index z = w.z() * grid.step.depth + tap.at.z, y = w.y() * grid.step.height + tap.at.y,
                  x = w.x() * grid.step.width + tap.at.x;
      REQUIRE(meets == (z >= 0 && z < grid.source.depth && y >= 0 && y < grid.source.height && x >= 0 &&
                        x < grid.source.width));
      if (!meets) return;
      CHECK(pixel == (z * grid.source.height + y) * grid.source.width + x);
      CHECK(found.emplace(w.pixel(), pixel, tap.kernel).second);
    });
  }
}

const std::vector<Spatial> images{
    {.input = {7, 6}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}},
    {.input = {9, 8}, .kernel = {3, 2}, .stride = {2, 3}, .pads = {2, 0, 1, 1}},
    {.input = {11, 10}, .kernel = {3, 3}, .stride = {2, 2}, .pads = {1, 2, 0, 1}, .dilation = {2, 3}},
    {.input = {8, 8}, .kernel = {1, 1}, .stride = {3, 3}},
    {.input = {1, 20}, .kernel = {1, 5}, .stride = {1, 7}},
    {.input = {2, 2}, .kernel = {4, 4}, .stride = {5, 5}, .pads = {1, 1, 1, 1}},
};

std::vector<Spatial> images_and_volumes() {
  std::vector<Spatial> all = kernel_test::volumes();
  all.insert(all.begin(), images.begin(), images.end());
  return all;
}

TEST_CASE("The forward grid meets what the geometry says", "[kernels][image_grid]") {
  for (const Spatial& g : images_and_volumes()) {
    std::set<Meeting> found;
    std::set<Index> targets;
    walk(forward_grid(g), found, targets);
    CHECK(Index(targets.size()) == g.output_pixels());
    CHECK(found == meetings(g));
    CHECK(forward_grid(g).contiguous());
  }
}

TEST_CASE("The backward grids together meet the same, the other way", "[kernels][image_grid]") {
  for (const Spatial& g : images_and_volumes()) {
    std::set<Meeting> found, turned;
    std::set<Index> targets;
    const BackwardGrids backward(g);
    for (const Grid& grid : backward.grids) {
      CHECK_FALSE(grid.taps.empty());
      walk(grid, found, targets);
    }
    backward.unmet(g, [&](Index first, Index count) {
      for (Index pixel = first; pixel < first + count; ++pixel) CHECK(targets.insert(pixel).second);
    });
    for (const auto& [input, output, tap] : found) turned.emplace(output, input, tap);
    CHECK(Index(targets.size()) == g.input_pixels());
    CHECK(turned == meetings(g));
  }
}

TEST_CASE("The grids of an image's rows are all there are, row by row", "[kernels][image_grid]") {
  for (const Spatial& g : images_and_volumes()) {
    const BackwardGrids backward(g);
    std::set<Index> targets, expected;
    for (Index z = 0; z < g.input.depth; ++z)
      for (Index y = 0; y < g.input.height; ++y)
        backward.of_row(g, z, y, [&](const Grid& grid, Index at_z, Index at_y) {
          for (Index x = 0; x < grid.grid.width; ++x) {
            const Index pixel = grid.target_pixel(at_z, at_y, x);
            CHECK(pixel / g.input.width == z * g.input.height + y);
            CHECK(targets.insert(pixel).second);
          }
        });
    for (const Grid& grid : backward.grids)
      for (Walk w(grid, 0); w.sample() == 0; w.next()) expected.insert(w.pixel());
    CHECK(targets == expected);
    if (backward.cover(g)) CHECK(Index(targets.size()) == g.input_pixels());
  }
  const auto cover = [](const Spatial& g) { return BackwardGrids(g).cover(g); };
  CHECK(cover({.input = {7, 6}, .kernel = {2, 3}, .stride = {2, 3}}));
  CHECK_FALSE(cover({.input = {7, 6}, .kernel = {2, 2}, .stride = {2, 3}}));
  CHECK_FALSE(cover({.input = {7, 6}, .kernel = {2, 3}, .stride = {3, 3}}));
  CHECK_FALSE(cover({.input = {7, 6, 4}, .kernel = {1, 1, 1}, .stride = {1, 1, 2}}));
  CHECK_FALSE(cover({.input = {7, 6}, .kernel = {3, 3}, .stride = {2, 2}, .dilation = {2, 1}}));
}

TEST_CASE("A grid that goes pixel by pixel meets the pixel of its own number alone",
          "[kernels][image_grid]") {
  const Spatial same{.input = {5, 4, 3}, .kernel = {1, 1}};
  CHECK(forward_grid(same).pixel_by_pixel());
  CHECK(BackwardGrids(same).grids.at(0).pixel_by_pixel());
  for (const Spatial& other : std::vector<Spatial>{{.input = {5, 4}, .kernel = {1, 2}},
                                                   {.input = {5, 4}, .kernel = {1, 1}, .stride = {1, 2}},
                                                   {.input = {1, 4}, .kernel = {1, 1}, .stride = {2, 1}},
                                                   {.input = {5, 4}, .kernel = {1, 1}, .pads = {1, 0, 1, 0}},
                                                   {.input = {5, 4}, .kernel = {1, 1}, .pads = {0, 0, 0, 1}},
                                                   {.input = {5, 4}, .kernel = {1, 1}, .pads = {0, 0, 1, 0}},
                                                   {.input = {5, 4}, .kernel = {1, 2}, .pads = {0, 1, 0, 0}}})
    CHECK_FALSE(forward_grid(other).pixel_by_pixel());
}

TEST_CASE("Grids are no more than taps, however far windows are apart", "[kernels][image_grid]") {
  const Spatial g{.input = {3000, 3000}, .kernel = {2, 3}, .stride = {1500, 1000}};
  CHECK(BackwardGrids(g).grids.size() == 6);
  const Spatial deep{.input = {3000, 3000, 9}, .kernel = {2, 3, 2}, .stride = {1500, 1000, 3}};
  CHECK(BackwardGrids(deep).grids.size() == 12);
}

TEST_CASE("A walk may begin anywhere in a batch", "[kernels][image_grid]") {
  for (const Spatial& g : images_and_volumes())
    for (const Grid& grid : BackwardGrids(g).grids) {
      Walk from_start(grid, 0);
      for (Index i = 0; i < 3 * grid.positions(); ++i, from_start.next()) {
        const Walk here(grid, i);
        CHECK(here.sample() == from_start.sample());
        CHECK(here.pixel() == from_start.pixel());
      }
    }
}

}  // namespace
