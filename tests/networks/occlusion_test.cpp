#include <ascribe/networks/occlusion.hpp>

#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <vector>

#include <ascribe/compiled.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/layers/makers.hpp>
#include <ascribe/networks/sequential.hpp>

#include "tests/support/image_network.hpp"
#include "tests/support/random_graph.hpp"

namespace {

using namespace ascribe;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// What the parts are, in the order of their features.
template <class Parts>
std::vector<std::vector<Index>> all_of(const Parts& parts) {
  std::vector<std::vector<Index>> all;
  for (Index k = 0; k < parts.count(); ++k) {
    all.emplace_back();
    parts.each(k, [&](Index i) { all.back().push_back(i); });
    std::sort(all.back().begin(), all.back().end());
  }
  return all;
}

TEST_CASE("patches cover the image, and are cut at its border", "[networks]") {
  using Parts = std::vector<std::vector<Index>>;
  // 3 x 4 pixels, patches of 2 x 3 every 2 x 2.
  CHECK(all_of(Patches({1, 3, 4}, 2, 3, 2, 2)) ==
        Parts{{0, 1, 2, 4, 5, 6}, {2, 3, 6, 7}, {8, 9, 10}, {10, 11}});
  // Channels in front of the pixels, or behind them.
  CHECK(all_of(Patches({2, 1, 3, false}, 1, 1, 1, 1)) == Parts{{0, 3}, {1, 4}, {2, 5}});
  CHECK(all_of(Patches({2, 1, 3, true}, 1, 2, 1, 2)) == Parts{{0, 1, 2, 3}, {4, 5}});
  CHECK(Patches({3, 224, 224}, 16, 16, 1, 1).count() == 209 * 209);
  CHECK_THROWS_WITH(Patches({1, 3, 4}, 4, 1, 1, 1), Contains("a patch of 1 to 3 pixels"));
  CHECK_THROWS_WITH(Patches({1, 3, 4}, 1, 0, 1, 1), Contains("a patch of 1 to 4 pixels"));
  CHECK_THROWS_WITH(Patches({1, 3, 4}, 2, 2, 3, 1), Contains("found 2 and 3"));
  CHECK_THROWS_WITH(Patches({0, 3, 4}, 2, 2, 1, 1), Contains("at least 1 channel"));
}

TEST_CASE("segments are the features of one label", "[networks]") {
  using Parts = std::vector<std::vector<Index>>;
  const std::vector<Index> labels{7, -1, 7, 3};
  CHECK(all_of(Segments(labels)) == Parts{{1}, {3}, {0, 2}});
  CHECK(all_of(Segments::of_pixels(labels, {2, 2, 2, false})) == Parts{{1, 5}, {3, 7}, {0, 2, 4, 6}});
  CHECK(all_of(Segments::of_pixels(labels, {2, 1, 4, true})) == Parts{{2, 3}, {6, 7}, {0, 1, 4, 5}});
  CHECK_THROWS_WITH(Segments(std::vector<Index>{}), Contains("found none"));
  CHECK_THROWS_WITH(Segments::of_pixels(labels, {2, 2, 3, false}), Contains("each of 6 pixels, found 4"));
}

TEST_CASE("occlusion is what captum's says", "[networks]") {
  const test::ImageNetwork image;
  // torch 2.15.0, occluded copy by occluded copy; captum 0.9.0 says the same to the rounding of float, in
  // which it adds: Occlusion(sliding_window_shapes=(2, 3, 2), strides=(2, 2, 2), target=1), both channels
  // being alike; FeatureAblation with labels (i // 4) % 5 of the pixels, target=0.
  const std::array<double, 15> patches{0.08154748477329132,  -0.25298894653733356, 0.0514324385292127,
                                       0.08154748477329132,  -0.25298894653733356, 0.0514324385292127,
                                       0.026872321227159962, -0.12514098804421386, 0.08916486739067386,
                                       -0.0278028423189714,  0.002706970448905832, 0.12689729625213503,
                                       -0.0278028423189714,  0.002706970448905832, 0.12689729625213503};
  const std::array<double, 5> segments{0.20300667074860623, 0.08816788050659013, 0.04205673358899159,
                                       -0.006696932100157871, 0.21226958525345618};
  const auto found = occlusion(image.net, image.x, image.baseline, 1, Patches(image.input, 3, 2, 2, 2));
  std::vector<Index> labels;
  for (Index p = 0; p < 30; ++p) labels.push_back(p / 4 % 5);
  const auto by_label =
      occlusion(image.net, image.x, image.baseline, 0, Segments::of_pixels(labels, image.input));
  CHECK(std::abs(found.output(1, 0) - 0.2999323257387774) <= 1e-12);
  for (Index c = 0; c < 2; ++c)
    for (Index p = 0; p < 30; ++p) {
      INFO(c << ", " << p);
      const Index i = image.input.feature(c, p);
      CHECK(std::abs(found.relevance(i, 0) - patches[std::size_t(p / 6 * 3 + p % 6 / 2)]) <= 1e-12);
      CHECK(std::abs(by_label.relevance(i, 0) - segments[std::size_t(p / 4 % 5)]) <= 1e-12);
    }
}

TEST_CASE("occlusion of a batch is each part put in its place", "[networks]") {
  // More parts than go through the network at once, three samples with targets of their own, and features
  // that are in no part, or in two.
  struct Pairs {
    Index count() const { return 97; }
    Index features() const { return 6; }
    void each(Index k, const std::function<void(Index)>& f) const {
      f(k % 5);
      if (k % 7 == 0) f((k + 2) % 5);
    }
  };
  const auto net = test::random_graph(3, 1, fn::Relu());
  test::Random random(4);
  const MatrixXd x = random.matrix(6, 3), base = random.matrix(6, 3);
  const std::vector<Index> targets{2, 0, 1};
  const auto found = occlusion(net, x, base, targets, Pairs());
  CHECK(found.output == net.forward(x).output());
  REQUIRE(found.drops.rows() == 97);
  for (Index n = 0; n < 3; ++n) {
    const auto f = [&](const VectorXd& at) { return net.forward(at).output()(targets[std::size_t(n)], 0); };
    VectorXd sum = VectorXd::Zero(6), times = VectorXd::Zero(6);
    for (Index k = 0; k < 97; ++k) {
      VectorXd at = x.col(n);
      Pairs().each(k, [&](Index i) { at(i) = base(i, n); });
      const double drop = f(x.col(n)) - f(at);
      CHECK(std::abs(found.drops(k, n) - drop) <= 1e-12);
      Pairs().each(k, [&](Index i) { sum(i) += drop, times(i) += 1; });
    }
    CHECK(found.relevance(5, n) == 0);
    for (Index i = 0; i < 5; ++i) CHECK(std::abs(found.relevance(i, n) - sum(i) / times(i)) <= 1e-11);
  }
  // One baseline for all, a mixture of outputs, and a network of other inputs.
  const MatrixXd weights = random.matrix(3, 3);
  const auto mixed = occlusion(net, x, base.col(1), start::OutputWeights(weights), Pairs());
  VectorXd without = x.col(2);
  without(1) = base(1, 1);
  const MatrixXd change = net.forward(x.col(2)).output() - net.forward(without).output();
  CHECK(mixed.drops(1, 2) == Approx(weights.col(2).dot(change.col(0))));
  CHECK_THROWS_WITH(occlusion(net, x, base.leftCols(2), 0, Pairs()), Contains("6 features x 1 or 3 samples"));
  CHECK_THROWS_WITH(occlusion(net, x, base, 3, Pairs()), Contains("a target in [0, 3)"));
  CHECK_THROWS_WITH(occlusion(net, x, base, 0, Patches({1, 5, 1}, 1, 1, 1, 1)), Contains("parts of 5"));
}

TEST_CASE("occlusion of a linear network, feature by feature, is complete", "[networks]") {
  test::Random random(5);
  const MatrixXd w = random.matrix(2, 6);
  const Sequential net(MatMul(map::Dense<double>(w), random.vector(2)));
  const MatrixXd x = random.matrix(6, 2);
  const VectorXd base = random.vector(6);
  const auto found = occlusion(net, x, base, 1, Patches({1, 2, 3}, 1, 1, 1, 1));
  for (Index n = 0; n < 2; ++n)
    for (Index i = 0; i < 6; ++i) CHECK(found.relevance(i, n) == Approx(w(1, i) * (x(i, n) - base(i))));
}

}  // namespace
