#include <ascribe/maps/selection.hpp>

#include <algorithm>
#include <vector>

#include <ascribe/core/parallel.hpp>

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

namespace {

/// Output h of `height`, w of `width` and c of `channels`, channels last, of an image with channels first.
std::vector<Index> channels_last(Index channels, Index height, Index width) {
  std::vector<Index> sources;
  for (Index pixel = 0; pixel < height * width; ++pixel)
    for (Index c = 0; c < channels; ++c) sources.push_back(c * height * width + pixel);
  return sources;
}
std::vector<Index> channels_first(Index channels, Index height, Index width) {
  std::vector<Index> sources;
  for (Index c = 0; c < channels; ++c)
    for (Index pixel = 0; pixel < height * width; ++pixel) sources.push_back(pixel * channels + c);
  return sources;
}
/// Heads of tokens' features: tokens of the first head, of the next one, and so on.
std::vector<Index> heads(Index tokens, Index count, Index size) {
  std::vector<Index> sources;
  for (Index head = 0; head < count; ++head)
    for (Index token = 0; token < tokens; ++token)
      for (Index k = 0; k < size; ++k) sources.push_back((token * count + head) * size + k);
  return sources;
}
std::vector<Index> padded(Index height, Index width, Index by) {
  std::vector<Index> sources;
  for (Index y = -by; y < height + by; ++y)
    for (Index x = -by; x < width + by; ++x)
      sources.push_back(y < 0 || y >= height || x < 0 || x >= width ? -1 : y * width + x);
  return sources;
}
std::vector<Index> of(Index count, Index (*source)(Index)) {
  std::vector<Index> sources;
  for (Index j = 0; j < count; ++j) sources.push_back(source(j));
  return sources;
}

}  // namespace

TEST_CASE("a selection of many outputs is its table, on any number of threads", "[maps]") {
  const std::vector<std::vector<Index>> tables{
      channels_last(3, 61, 47),
      channels_last(2, 1, 4096),
      channels_last(5, 90, 1),
      channels_first(3, 61, 47),
      channels_first(64, 7, 11),
      channels_first(700, 3, 5),
      heads(37, 6, 32),
      heads(300, 3, 5),
      padded(70, 71, 3),
      padded(1, 9000, 5),
      of(12289, [](Index j) { return j; }),
      of(12288, [](Index j) { return 12287 - j; }),
      of(9000, [](Index j) { return 10 * (j / 3) + (j < 3000 ? 0 : 7) + j % 3; }),  // rows, and a gap once
      of(8191, [](Index j) { return (j * 4099) % 8191; }),                          // as good as by chance
      of(20000, [](Index j) { return j / 4; }),                                     // each several times
      of(20000, [](Index j) { return j % 5; }),                                     // few, again and again
      of(20000, [](Index) { return Index(2); }),                                    // one
      of(18000, [](Index j) { return j < 9000 ? j : Index(7); }),
      of(16400, [](Index j) { return j % 2 ? -1 : j / 2; })};  // every other a gap
  const int before = thread_count();
  for (const auto& sources : tables) {
    const Index outputs = Index(sources.size()),
                inputs = *std::max_element(sources.begin(), sources.end()) + 3;
    const map::Selection<double> selection(inputs, sources);
    INFO(outputs << " outputs, the second of which reads " << sources[1]);
    CHECK(selection.sources() == sources);
    // Whole numbers: sums of them have one value, however they are added up.
    const Eigen::MatrixXd a = Eigen::MatrixXd::NullaryExpr(
        inputs, 3, [](Index i, Index n) { return double((i * 7 + n * 3) % 101 - 50); });
    const Eigen::MatrixXd s = Eigen::MatrixXd::NullaryExpr(
        outputs, 3, [](Index j, Index n) { return double((j * 5 + n) % 89 - 44); });
    Eigen::MatrixXd b = Eigen::MatrixXd::Zero(outputs, 3), g = Eigen::MatrixXd::Zero(inputs, 3);
    for (Index n = 0; n < 3; ++n)
      for (Index j = 0; j < outputs; ++j)
        if (const Index source = sources[std::size_t(j)]; source >= 0) {
          b(j, n) = a(source, n);
          g(source, n) += s(j, n);
        }
    for (const int threads : {1, 2, 3})
      for (const Index samples : {1, 3}) {
        set_thread_count(threads);
        Eigen::MatrixXd found_b = Eigen::MatrixXd::Constant(outputs, samples, -1);
        Eigen::MatrixXd found_g = Eigen::MatrixXd::Constant(inputs, samples, -1);
        const View<double> some_a(a.data(), inputs, samples), some_s(s.data(), outputs, samples);
        const Out<double> to_b(found_b.data(), outputs, samples), to_g(found_g.data(), inputs, samples);
        selection.apply<Dynamic>(some_a, to_b, Weights::as_is);
        selection.apply_transposed<Dynamic>(some_s, to_g, Weights::as_is);
        CHECK(found_b == b.leftCols(samples));
        CHECK(found_g == g.leftCols(samples));
        selection.apply<Dynamic>(some_a, to_b, Weights::negative);
        CHECK(found_b.isZero(0));
      }
    std::vector<Index> without;
    selection.each_gap([&](Index first, Index count) {
      for (Index j = first; j < first + count; ++j) without.push_back(j);
    });
    std::vector<Index> gaps;
    for (Index j = 0; j < outputs; ++j)
      if (sources[std::size_t(j)] < 0) gaps.push_back(j);
    CHECK(without == gaps);
  }
  set_thread_count(before);
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

TEST_CASE("a selection takes memory for what it selects, not for what there is", "[maps]") {
  const std::vector<Index> sources{Index(1) << 50, 5, -1};
  CHECK(map::Selection<float>((Index(1) << 50) + 1, sources).sources() == sources);
}

TEST_CASE("a selection's errors", "[maps]") {
  using Selection = map::Selection<double>;
  CHECK_THROWS_WITH(Selection(3, std::vector<Index>{0, 3}),
                    Contains("the source of output 1: expected -1 to 2, found 3"));
  CHECK_THROWS_WITH(Selection(3, std::vector<Index>{-2}), Contains("found -2"));
  CHECK_THROWS_WITH(Selection(3, std::vector<Index>{}), Contains("expected at least 1, found 0"));
  CHECK_THROWS_WITH(Selection(0, std::vector<Index>{-1}), Contains("expected at least 1, found 0"));
}
