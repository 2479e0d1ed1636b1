#include <ascribe/evaluate/perturbation.hpp>

#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <ascribe/compiled.hpp>
#include <ascribe/evaluate/bootstrap.hpp>
#include <ascribe/layers/makers.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/networks/sequential.hpp>

#include "tests/support/image_network.hpp"
#include "tests/support/random.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::evaluate;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Each feature by itself.
Segments features(Index count) {
  std::vector<Index> labels(std::size_t(count), 0);
  for (Index i = 0; i < count; ++i) labels[std::size_t(i)] = i;
  return Segments(labels);
}

/// Outputs × features of a linear network, and inputs.
struct Linear {
  MatrixXd w, x;
  VectorXd b;

  explicit Linear(unsigned seed, Index samples = 1) {
    test::Random random(seed);
    w = random.matrix(3, 10);
    b = random.vector(3);
    x = random.matrix(10, samples);
  }
  auto net() const { return Sequential(linear(w, b)); }
  MatrixXd contributions(Index target) const { return w.row(target).transpose().asDiagonal() * x; }
};

// A feature taken away j steps before the end is missing from j + 1 of the L + 1 scores: the AOPC is
// Σ_j d_j·(L − j)/(L + 1), d being what the features contribute, in their order.
TEST_CASE("the area over the curve of a linear network is the closed form", "[evaluate]") {
  const Linear linear(1);
  const auto net = linear.net();
  for (const Order order : {Order::most_first, Order::least_first}) {
    VectorXd d = linear.contributions(2).col(0);
    std::sort(d.data(), d.data() + 10);
    if (order == Order::most_first) d.reverseInPlace();
    double expected = 0;
    for (Index j = 0; j < 10; ++j) expected += d(j) * double(10 - j) / 11;
    const auto why = net.explain(linear.x, 2, method::GradientTimesInput());
    const auto curves = perturbation_curves(net, linear.x, why.relevance, features(10),
                                            baseline::zero<double>(10), 2, {.order = order});
    REQUIRE(curves.scores.rows() == 11);
    CHECK(std::abs(curves.aopc()(0) - expected) < 1e-14);
    CHECK(std::abs(curves.scores(0, 0) - why.output(2)) < 1e-15);
    CHECK(std::abs(curves.scores(10, 0) - linear.b(2)) < 1e-15);
    CHECK(std::abs(curves.scores(3, 0) - (why.output(2) - d.head(3).sum())) < 1e-14);
  }
}

// In a random order each feature is as often at each place: Σd/2 is the expectation.
TEST_CASE("the random order's expectation lies within its interval", "[evaluate]") {
  Linear linear(2);
  linear.x = linear.x.replicate(1, 400).eval();
  const auto curves = perturbation_curves(linear.net(), linear.x, MatrixXd::Zero(10, 400), features(10),
                                          baseline::zero<double>(10), 0, {.order = Order::random});
  const Interval mean = bootstrap(curves.aopc().transpose(), 0.99).front();
  const double expected = linear.contributions(0).col(0).sum() / 2;
  CHECK(mean.low < expected);
  CHECK(expected < mean.high);
  CHECK(mean.high - mean.low < 0.2);
  CHECK(curves.aopc()(0) != curves.aopc()(1));
}

TEST_CASE("most first is above random, and random above least first, for linear networks", "[evaluate]") {
  for (const unsigned seed : {3u, 4u, 5u, 6u, 7u}) {
    const Linear linear(seed, 8);
    const auto net = linear.net();
    const std::array<Index, 8> targets{0, 1, 2, 0, 1, 2, 0, 1};
    const MatrixXd baseline = test::Random(seed + 10).vector(10) / 2;
    const auto slopes = net.explain(linear.x, targets, method::Gradient()).relevance;
    const MatrixXd relevance = slopes.cwiseProduct(linear.x.colwise() - baseline.col(0));
    const auto curves = [&](Order order) {
      return perturbation_curves(net, linear.x, relevance, features(10), baseline, targets,
                                 {.order = order, .seed = seed});
    };
    const auto most = curves(Order::most_first), least = curves(Order::least_first),
               random = curves(Order::random);
    // At every step, up to rounding.
    CHECK((most.scores.array() <= random.scores.array() + 1e-14).all());
    CHECK((random.scores.array() <= least.scores.array() + 1e-14).all());
    const VectorXd area = area_between(most, least);
    CHECK((area.array() > 0).all());
    CHECK((area - (most.aopc() - least.aopc())).norm() == 0);
    CHECK((most.curve() - most.scores.rowwise().mean()).norm() < 1e-15);
  }
}

TEST_CASE("a sample's curve is the same to the last bit whatever is beside it", "[evaluate]") {
  const test::ImageNetwork model;
  const MatrixXd x = model.x.replicate(1, 5) + 0.3 * test::Random(8).matrix(60, 5),
                 relevance = test::Random(9).matrix(60, 5);
  const Patches regions(model.input, 2, 2, 2, 2);
  const std::array<double, 2> low{-1, 0}, high{1, 2};
  const auto curves = [&](Index first, Index count, Order order) {
    const std::vector<Index> targets{0, 1, 1, 0, 1};
    const std::vector<Index> own(targets.begin() + first, targets.begin() + first + count);
    return perturbation_curves(
        model.net, x.middleCols(first, count), relevance.middleCols(first, count), regions,
        replacement::uniform_noise<double>(model.input, count, low, high, 3, first), own,
        {.order = order, .score = Score::softmax, .regions_a_step = 2, .first_sample = first});
  };
  for (const Order order : {Order::most_first, Order::random}) {
    const auto together = curves(0, 5, order);
    REQUIRE(together.scores.rows() == 6);  // 9 regions, two a step
    for (Index n = 0; n < 5; ++n) CHECK(curves(n, 1, order).scores == together.scores.col(n));
  }
}

// By plain loops: the same regions, replaced one after the other, each run by itself.
TEST_CASE("a curve is what the network says of each changed input", "[evaluate]") {
  const test::ImageNetwork model;
  const VectorXd relevance = test::Random(11).vector(60),
                 blurred = replacement::blur(model.x, model.input, 1);
  const Patches regions(model.input, 3, 2, 3, 2);  // the lower ones are cut at the border
  const auto curves = perturbation_curves(model.net, model.x, relevance, regions, blurred, 1, {.steps = 4});
  const auto probabilities = perturbation_curves(model.net, model.x, relevance, regions, blurred, 1,
                                                 {.score = Score::softmax, .steps = 4});
  std::vector<std::pair<double, Index>> sums;
  for (Index k = 0; k < 6; ++k) {
    double sum = 0;
    regions.each(k, [&](Index i) { sum += relevance(i); });
    sums.emplace_back(-sum, k);
  }
  std::sort(sums.begin(), sums.end());
  VectorXd x = model.x;
  for (Index k = 0; k <= 4; ++k) {
    if (k > 0) regions.each(sums[std::size_t(k - 1)].second, [&](Index i) { x(i) = blurred(i); });
    const VectorXd b = model.net.forward(x).output();
    CHECK(std::abs(curves.scores(k, 0) - b(1)) < 1e-14);
    CHECK(std::abs(probabilities.scores(k, 0) - 1 / (1 + std::exp(b(0) - b(1)))) < 1e-14);
  }
  // Two regions a step are every other step of one, and a difference of classes is one of their softmaxes.
  const auto two = perturbation_curves(model.net, model.x, relevance, regions, blurred, 1,
                                       {.steps = 2, .regions_a_step = 2});
  const auto difference =
      perturbation_curves(model.net, model.x, relevance, regions, blurred,
                          start::WeightedOutputs{{{1, 1}, {0, -1}}}, {.score = Score::softmax, .steps = 4});
  for (Index k = 0; k <= 2; ++k) CHECK(std::abs(two.scores(k, 0) - curves.scores(2 * k, 0)) < 1e-14);
  for (Index k = 0; k <= 4; ++k)
    CHECK(std::abs(difference.scores(k, 0) - (2 * probabilities.scores(k, 0) - 1)) < 1e-14);
}

TEST_CASE("regions of the same relevance go by their number, in either order", "[evaluate]") {
  const std::vector<double> sums{1, 3, 1, 3, 2};
  CHECK(ranking(sums, Order::most_first) == std::vector<Index>{1, 3, 4, 0, 2});
  CHECK(ranking(sums, Order::least_first) == std::vector<Index>{0, 2, 4, 1, 3});
  const VectorXd relevance{{1, 2, 4, 8, 16, 32}};
  CHECK(region_sums(relevance, Patches({1, 2, 3}, 2, 2, 2, 2)) == std::vector<double>{27, 36});
  std::vector<Index> random = ranking(sums, Order::random, Random(1, 5));
  CHECK(random == ranking(std::vector<double>(5, 0.0), Order::random, Random(1, 5)));
  std::sort(random.begin(), random.end());
  CHECK(random == std::vector<Index>{0, 1, 2, 3, 4});
}

TEST_CASE("presets are the papers' settings", "[evaluate]") {
  const Patches samek = preset::samek.regions({3, 227, 227});
  CHECK(samek.count() == 26 * 26);
  CHECK(preset::samek.steps == 100);
  Index size = 0;
  samek.each(0, [&](Index) { ++size; });
  CHECK(size == 3 * 81);
  CHECK(preset::digits_blocks.regions({1, 28, 28}).count() == 49);
  CHECK(preset::digits_pixels.regions({1, 28, 28}).count() == 784);
  CHECK_THROWS_WITH(preset::samek.regions({1, 8, 8}), Contains("a patch of 1 to 8 pixels"));
}

TEST_CASE("noise goes by the sample's number and the channel's bounds", "[evaluate]") {
  const std::array<double, 2> low{-1, 5}, high{1, 6};
  const MatrixXd noise = replacement::uniform_noise<double>({2, 10, 10, false}, 4, low, high, 7, 2);
  CHECK((noise.topRows(100).array() >= -1).all());
  CHECK((noise.topRows(100).array() < 1).all());
  CHECK((noise.bottomRows(100).array() >= 5).all());
  CHECK((noise.bottomRows(100).array() < 6).all());
  CHECK(std::abs(noise.topRows(100).mean()) < 0.15);
  CHECK(noise.col(0) != noise.col(1));
  CHECK(replacement::uniform_noise<double>({2, 10, 10, false}, 1, low, high, 7, 5) == noise.col(3));
  // Channels before or behind the pixels have the same noise.
  const MatrixXd last = replacement::uniform_noise<double>({2, 10, 10, true}, 4, low, high, 7, 2);
  for (Index p = 0; p < 100; ++p) {
    CHECK(last(2 * p, 0) == noise(p, 0));
    CHECK(last(2 * p + 1, 0) == noise(100 + p, 0));
  }
  const std::array<double, 3> three{0, 0, 0};
  CHECK_THROWS_WITH(replacement::uniform_noise<double>({2, 1, 1}, 1, three, high),
                    Contains("1 bound or 2, one a channel, found 3"));
  CHECK_THROWS_WITH(replacement::uniform_noise<double>({2, 1, 1}, 1, high, low), Contains("lower one first"));
  CHECK(replacement::constant<float>(3, 0.5) == Eigen::Vector3f(0.5f, 0.5f, 0.5f));
  CHECK(replacement::mean(MatrixXd{{1, 3}, {2, 6}}) == Eigen::Vector2d(2, 4));
}

// Printed by scipy 1.17.1's ndimage.gaussian_filter(x, deviation, mode="nearest").
TEST_CASE("blur is scipy's", "[evaluate]") {
  MatrixXd x(12, 1);
  for (Index i = 0; i < 12; ++i) x(i, 0) = double(i * i) / 10;
  const VectorXd expected{{0.60006085, 0.89294376, 1.38817999, 1.87176936, 2.6528724, 3.38130641, 4.43213408,
                           5.35127454, 5.57085431, 6.7348394, 8.34125852, 9.69595007}};
  CHECK((replacement::blur(x, {1, 3, 4}, 0.8) - expected).cwiseAbs().maxCoeff() < 1e-8);
  const VectorXd line{{0.15891406, 0.29216599, 0.45762984, 0.62227664}};
  CHECK((replacement::blur(x.topRows(4), {1, 1, 4}, 2) - line).cwiseAbs().maxCoeff() < 1e-8);
  // Two channels, each by itself.
  MatrixXd two(24, 1);
  for (Index i = 0; i < 12; ++i) two(2 * i, 0) = x(i, 0), two(2 * i + 1, 0) = -x(i, 0);
  const MatrixXd blurred = replacement::blur(two, {2, 3, 4, true}, 0.8);
  for (Index i = 0; i < 12; ++i) {
    CHECK(std::abs(blurred(2 * i, 0) - expected(i)) < 1e-8);
    CHECK(std::abs(blurred(2 * i + 1, 0) + expected(i)) < 1e-8);
  }
  CHECK_THROWS_WITH(replacement::blur(x, {1, 3, 5}, 1), Contains("1 x 3 x 5 = 15 features, found 12"));
  CHECK_THROWS_WITH(replacement::blur(x, {1, 3, 4}, 0), Contains("a deviation above 0, found 0"));
}

TEST_CASE("curves of arguments that do not fit are refused", "[evaluate]") {
  const Linear linear(12, 2);
  const auto net = linear.net();
  const VectorXd zero = VectorXd::Zero(10);
  const auto run = [&](const MatrixXd& relevance, Index regions, const MatrixXd& replaced, Index target,
                       const Perturbation& how = {}) {
    return perturbation_curves(net, linear.x, relevance, features(regions), replaced, target, how);
  };
  const MatrixXd relevance = MatrixXd::Ones(10, 2);
  CHECK_NOTHROW(run(relevance, 10, zero, 0, {.steps = 5, .regions_a_step = 2}));
  CHECK_THROWS_WITH(run(relevance.leftCols(1), 10, zero, 0),
                    Contains("relevances of 10 features x 2 samples, found 10 x 1"));
  CHECK_THROWS_WITH(run(relevance, 9, zero, 0), Contains("regions of 10 features, found regions of 9"));
  CHECK_THROWS_WITH(run(relevance, 10, MatrixXd::Zero(10, 3), 0), Contains("x 1 or 2 samples, found 10 x 3"));
  CHECK_THROWS_WITH(run(relevance, 10, zero, 3), Contains("a target in [0, 3), found 3"));
  CHECK_THROWS_WITH(run(relevance, 10, zero, 0, {.steps = 11}),
                    Contains("at most 10 steps, 10 regions in all, found 11"));
  CHECK_THROWS_WITH(run(relevance, 10, zero, 0, {.steps = 6, .regions_a_step = 2}), Contains("at most 5"));
  CHECK_THROWS_WITH(run(relevance, 10, zero, 0, {.steps = -1}), Contains("found -1"));
  CHECK_THROWS_WITH(run(relevance, 10, zero, 0, {.regions_a_step = 0}), Contains("at least 1 region"));
  MatrixXd holed = relevance;
  holed(4, 1) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(run(holed, 10, zero, 0), Contains("feature 4 of sample 1 is NaN"));
  const auto all = run(relevance, 10, zero, 0), some = run(relevance, 10, zero, 0, {.steps = 3});
  CHECK_THROWS_WITH(area_between(all, some), Contains("found 11 x 2 and 4 x 2"));
}

}  // namespace
