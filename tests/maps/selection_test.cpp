#include <ascribe/maps/selection.hpp>

#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/map_contract.hpp"

using namespace ascribe;
using map_contract::Explicit;
using map_contract::holds;

TEST_CASE("a selection is a matrix with at most one 1 a row", "[maps]") {
  const std::vector<std::vector<Index>> tables{
      {2, 0, 1, 3},
      {0, 1, 2, 3},
      {-1, 0, 1, -1, -1, 3},
      {1, 1, 1, 2, 3, 3},
      {3},
      {-1, -1},
      // equal steps: of 2, backwards, by chance, none at all, and gaps between
      {0, 2, 1, 3},
      {3, 2, 1, 0},
      {0, 3, 1, 2, 0, 1, 2, 3},
      {2, 2, 2, 2, 2},
      {0, -1, 2},
      {0, 2, -1, -1, 0, 0, 1, 1},
      std::vector<Index>(150, 1)};  // more than are added at once
  for (const auto& sources : tables) {
    Explicit expected(Index(sources.size()), 4);
    for (std::size_t j = 0; j < sources.size(); ++j)
      if (sources[j] >= 0) expected.store(Index(j), sources[j], 1);
    holds([&]<class S>() { return map::Selection<S>(4, sources); }, expected);
  }
  static_assert(map::Selection<float>::role == map::Role::wiring);
}

TEST_CASE("a selection's gaps, neighbours together", "[maps]") {
  const map::Selection<double> selection(3, std::vector<Index>{-1, -1, 0, 1, -1, 2});
  std::vector<std::pair<Index, Index>> gaps;
  selection.each_gap([&](Index first, Index count) { gaps.emplace_back(first, count); });
  CHECK(gaps == std::vector<std::pair<Index, Index>>{{0, 2}, {4, 1}});
}

TEST_CASE("a selection gives back the sources that it was made of", "[maps]") {
  const std::vector<Index> sources{0, 3, 1, -1, -1, 2, 2, 2, 5, 4, 3, 0, 2, 4, 5};
  CHECK(map::Selection<double>(6, sources).sources() == sources);
}

TEST_CASE("a selection's errors", "[maps]") {
  using Selection = map::Selection<double>;
  CHECK_THROWS_WITH(Selection(3, std::vector<Index>{0, 3}),
                    Contains("the source of output 1: expected -1 to 2, found 3"));
  CHECK_THROWS_WITH(Selection(3, std::vector<Index>{-2}), Contains("found -2"));
  CHECK_THROWS_WITH(Selection(3, std::vector<Index>{}), Contains("expected at least 1, found 0"));
  CHECK_THROWS_WITH(Selection(0, std::vector<Index>{-1}), Contains("expected at least 1, found 0"));
}
