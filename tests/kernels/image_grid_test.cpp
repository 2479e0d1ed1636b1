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
