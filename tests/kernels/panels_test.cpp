#include <ascribe/kernels/panels.hpp>

#include <algorithm>

#include "tests/kernels/support.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::kernel;

TEST_CASE("Blocks cover every input of every run once, in order", "[kernels][panels]") {
  struct Case {
    Index runs, length;
  };
  for (const auto& [runs, length] : {Case{1, 1}, Case{1, 639}, Case{1, 640}, Case{1, 641}, Case{3, 2000},
                                     Case{9, 64}, Case{9, 100}, Case{49, 8}, Case{121, 1}, Case{2, 5000}}) {
    INFO(runs << " runs of " << length);
    const Blocking blocking(5, runs, length);
    std::vector<Index> seen;
    for (Index i = 0; i < blocking.count(); ++i) {
      const Block b = blocking.block(i);
      CHECK(b.inputs() >= 1);
      CHECK(b.inputs() <= block_depth);
      CHECK(b.runs <= std::min(block_runs, blocking.together()));
      for (Index r = 0; r < b.runs; ++r)
        for (Index k = 0; k < b.depth; ++k) seen.push_back((b.first_run + r) * length + b.first + k);
    }
    std::sort(seen.begin(), seen.end());
    REQUIRE(Index(seen.size()) == runs * length);
    for (Index i = 0; i < runs * length; ++i) REQUIRE(seen[std::size_t(i)] == i);
  }
}

TEMPLATE_TEST_CASE("A tile's products, for every number of positions and outputs", "[kernels][panels]", float,
                   double) {
  constexpr Index runs = 3, length = 250;  // two blocks
  for (const Index outputs : {1, 3, 9, 16, 17, 40})
    for (const Index count : {1, 2, 3, 4, 5, 6, 7, 19}) {
      INFO(outputs << " outputs, " << count << " positions");
      const auto w = kernel_test::numbers<TestType>(outputs * runs * length, 1);
      const auto x = kernel_test::numbers<TestType>(count * runs * length, 2);
      const auto weight = [&](Index run, Index k, Index o) {
        return w[std::size_t((o * runs + run) * length + k)];
      };
      const Panels<TestType> panels(Blocking(outputs, runs, length), weight);
      std::vector<TestType> y(std::size_t(count * outputs), TestType(99));
      Tile<TestType> tile;
      tile.count = count;
      for (Index n = 0; n < count; ++n) tile.out[std::size_t(n)] = y.data() + n * outputs;
      multiply_tile(
          panels.blocking(), tile, 0, panels.blocking().template panels<TestType>(),
          [&](const Block& b, Tile<TestType>& t) {
            for (Index n = 0; n < count; ++n)
              for (Index r = 0; r < b.runs; ++r)
                t.input(n, b.runs, r) = x.data() + (n * runs + b.first_run + r) * length;
          },
          [&](Index block, Index panel, TestType* buffer) {
            return panels.panel(block, panel, Weights::negative, buffer);
          });
      std::vector<double> expected(y.size(), 0);
      for (Index n = 0; n < count; ++n)
        for (Index o = 0; o < outputs; ++o)
          for (Index r = 0; r < runs; ++r)
            for (Index k = 0; k < length; ++k)
              expected[std::size_t(n * outputs + o)] +=
                  std::min(0., double(weight(r, k, o))) * double(x[std::size_t((n * runs + r) * length + k)]);
      kernel_test::check_equal(y, expected);
    }
}

TEST_CASE("Tiles cover every position and panel once", "[kernels][panels]") {
  for (const Index all : {0, 1, 5, 49, 768, 769, 5000})
    for (const Index panels : {1, 3, 32}) {
      std::vector<int> seen(std::size_t(all * panels), 0);
      each_tile(all, panels, tile_positions, [&](Index first, Index count, Index from, Index to) {
        CHECK(count <= tile_positions);
        for (Index p = first; p < first + count; ++p)
          for (Index k = from; k < to; ++k) ++seen[std::size_t(p * panels + k)];
      });
      CHECK(std::all_of(seen.begin(), seen.end(), [](int times) { return times == 1; }));
    }
}

}  // namespace
