#include <ascribe/evaluate/complexity.hpp>
#include <ascribe/evaluate/infidelity.hpp>
#include <ascribe/evaluate/perturbation.hpp>
#include <ascribe/evaluate/randomisation.hpp>
#include <ascribe/evaluate/sensitivity.hpp>
#include <ascribe/evaluate/similarity.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/golden_networks.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <ascribe/methods/composites.hpp>
#include <ascribe/methods/deconvolution.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/baselines.hpp>
#include <ascribe/networks/graph.hpp>

namespace {

using namespace ascribe;
using Eigen::MatrixXd;

/// What Quantus 0.6.0 says, in float64, by tests/golden/judging/make.py.
enum Line {
  sparseness,
  complexity,
  sparseness_plus,
  complexity_plus,
  most,
  mean,
  infidelity,
  spearman,
  pearson,
  one_less_cosine,
  ssim
};

/// One line of scores.npy against ours: the largest difference of the four digits.
double difference(Line line, const evaluate::PerSample& found) {
  static const test::GoldenArray scores = test::read_golden("tests/golden/judging/scores.npy");
  double worst = found.size() == 4 ? 0 : INFINITY;
  for (Index n = 0; n < found.size(); ++n)
    worst = std::max(worst, std::abs(found(n) - scores.values.at(std::size_t(4 * line + n))));
  return worst;
}

MatrixXd attribution(const std::string& method) { return test::golden_of("mnist_cnn", method); }

TEST_CASE("similarities of attributions are Quantus's", "[evaluate][golden]") {
  const MatrixXd a = attribution("gradient_times_input"), b = attribution("epsilon_plus");
  CHECK(difference(spearman, evaluate::spearman(a, b)) <= 1e-12);
  CHECK(difference(pearson, evaluate::pearson(a, b)) <= 1e-12);
  CHECK(difference(one_less_cosine, 1 - evaluate::cosine(a, b)) <= 1e-12);
  CHECK(difference(ssim, evaluate::ssim(a, b, {1, 28, 28})) <= 1e-12);
}

// Quantus adds 1e-7 to each |R| over the largest of the whole batch before its Gini index, which makes it
// Σ|R|/(Σ|R| + 784·1e-7·largest) of what it is, and 1e-12 to each share under the logarithm.
TEST_CASE("complexity of attributions is Quantus's, but for what it adds to relevances",
          "[evaluate][golden]") {
  const auto check = [](const char* method, Line gini, Line entropy) {
    const MatrixXd sizes = attribution(method).cwiseAbs();
    const Eigen::ArrayXd sums = sizes.colwise().sum();
    CHECK(difference(entropy, evaluate::entropy(sizes)) <= 1e-8);
    const evaluate::PerSample found = evaluate::gini(sizes);
    CHECK(difference(gini, found * sums / (sums + 784e-7 * sizes.maxCoeff())) <= 1e-12);
    CHECK(difference(gini, found) >= 1e-6);
  };
  check("gradient_times_input", sparseness, complexity);
  check("epsilon_plus", sparseness_plus, complexity_plus);
}

TEST_CASE("sensitivity is Quantus's, under the same noise", "[evaluate][golden]") {
  const auto net = test::mnist_cnn<double>();
  const std::vector<Index> targets = test::golden_targets();
  const auto noise = [](Index digit, Index copy, auto& column) {
    for (Index i = 0; i < column.size(); ++i)
      column(i) += 0.125 / 8 * double((7919 * digit + 104729 * copy + 31 * i * i + 17 * i) % 17 - 8);
  };
  const auto found =
      evaluate::sensitivity(net, test::golden_input(), targets, method::GradientTimesInput(), 6, noise);
  CHECK(difference(most, found.most) <= 1e-9);
  CHECK(difference(mean, found.mean) <= 1e-9);
}

/// The largest difference of curves from those of a file, from `first` on.
double difference(const test::GoldenArray& file, std::size_t first, const MatrixXd& curves) {
  double worst = 0;
  for (Index n = 0; n < curves.cols(); ++n)
    for (Index k = 0; k < curves.rows(); ++k)
      worst = std::max(worst,
                       std::abs(curves(k, n) - file.values.at(first + std::size_t(n * curves.rows() + k))));
  return worst;
}

TEST_CASE("perturbation curves are Quantus's", "[evaluate][golden]") {
  using namespace evaluate;
  const auto net = test::mnist_cnn<double>();
  const std::vector<Index> targets = test::golden_targets();
  const MatrixXd x = test::golden_input();
  const FeatureMaps image{1, 28, 28};
  const auto black = baseline::zero<double>(784);
  const test::GoldenArray flipping = test::read_golden("tests/golden/judging/pixel_flipping.npy");
  const test::GoldenArray regions = test::read_golden("tests/golden/judging/region_perturbation.npy");
  REQUIRE(flipping.shape == std::vector<Index>{2, 4, 56});
  REQUIRE(regions.shape == std::vector<Index>{2, 2, 4, 49});
  std::size_t method = 0;
  for (const char* name : {"gradient_times_input", "epsilon_plus"}) {
    const MatrixXd relevance = attribution(name);
    // PixelFlipping keeps the softmax, without the step before anything is replaced.
    const MatrixXd pixels =
        perturbation_curves(net, x, relevance, preset::digits_pixels.regions(image), black, targets,
                            {.score = Score::softmax, .regions_a_step = 14})
            .scores;
    CHECK(difference(flipping, method * 4 * 56, pixels.bottomRows(56)) <= 1e-9);
    // RegionPerturbation keeps what the logit lost, without that step, which is 0: AOPC is 49/50 of its mean.
    for (const Order order : {Order::most_first, Order::least_first}) {
      const auto curves = perturbation_curves(net, x, relevance, preset::digits_blocks.regions(image), black,
                                              targets, {.order = order});
      const MatrixXd lost = curves.scores.row(0).replicate(49, 1) - curves.scores.bottomRows(49);
      const std::size_t first = (order == Order::most_first ? 0 : 2 * 4 * 49) + method * 4 * 49;
      CHECK(difference(regions, first, lost) <= 1e-9);
      CHECK((curves.aopc() - lost.colwise().mean().transpose() * 49 / 50).cwiseAbs().maxCoeff() <= 1e-12);
    }
    ++method;
  }
}

/// Blocks of 7 × 7 become 0 one after the other, and stay it: Quantus's changes, which add up, where Yeh et
/// al. take one square away at a time.
struct GrowingBlocks {
  Patches blocks{{1, 28, 28}, 7, 7, 7, 7};

  Index count() const { return blocks.count(); }
  void check(Index, Index) const {}
  template <class Column>
  void operator()(Index, Index k, Column& column, Eigen::VectorXd& weights) const {
    for (Index part = 0; part <= k; ++part)
      blocks.each(part, [&](Index i) {
        weights(i) = column(i);
        column(i) = 0;
      });
  }
};

TEST_CASE("infidelity is Quantus's, for changes that add up as Quantus's do", "[evaluate][golden]") {
  const auto net = test::mnist_cnn<double>();
  const std::vector<Index> targets = test::golden_targets();
  const auto found =
      evaluate::infidelity(net, test::golden_input(), targets, attribution("gradient"), GrowingBlocks());
  CHECK(difference(infidelity, found.as_given) <= 1e-9);
  CHECK((found.scaled < found.as_given).all());
}

/// The mean cosine over the four digits and eight seeds, layer by layer from the top.
Eigen::ArrayXd cosines_under_randomisation(const Composite<double>& method, evaluate::Sign sign) {
  using namespace evaluate;
  const Graph<double> net(test::mnist_cnn<double>());
  const MatrixXd x = test::golden_input();
  const std::vector<Index> targets = test::golden_targets();
  Eigen::ArrayXd mean = Eigen::ArrayXd::Zero(4);
  for (std::uint64_t seed = 1; seed <= 8; ++seed)
    mean += randomisation(
                net, [&](const Graph<double>& of) { return of.explain(x, targets, method).relevance; },
                [&](const MatrixXd& a, const MatrixXd& b) { return cosine(a, b, sign); },
                Cascade::from_the_top, Draw::normal, seed)
                .similarities.rowwise()
                .mean() /
            8;
  return mean;
}

// docs/judging.md has the numbers of more digits and methods.
TEST_CASE("deconvolution fails the randomisation test on the digits, and LRP passes", "[evaluate][golden]") {
  using evaluate::Sign;
  const Eigen::ArrayXd deconvolution = cosines_under_randomisation(method::Deconvolution(), Sign::kept);
  const Eigen::ArrayXd lrp = cosines_under_randomisation(method::Lrp(), Sign::kept);
  const Eigen::ArrayXd gradient = cosines_under_randomisation(method::Gradient(), Sign::kept);
  INFO("deconvolution " << deconvolution.transpose() << ", LRP " << lrp.transpose() << ", gradient "
                        << gradient.transpose());
  CHECK((deconvolution.head(3) > 0.5).all());
  CHECK((lrp.abs() < 0.15).all());
  CHECK((gradient.abs() < 0.15).all());
  // Excitation backpropagation hands on the positive parts alone: the same picture, whatever is above.
  const Eigen::ArrayXd positive =
      cosines_under_randomisation(composite::excitation_backprop<double>(), Sign::dropped);
  INFO("excitation backpropagation without signs " << positive.transpose());
  CHECK((positive > 0.9).all());
}

}  // namespace
