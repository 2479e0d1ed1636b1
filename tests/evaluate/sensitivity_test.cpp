#include <ascribe/evaluate/sensitivity.hpp>

#include "tests/support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <ascribe/compiled.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/layers/makers.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/networks/sequential.hpp>

#include "tests/support/random.hpp"
#include "tests/support/random_graph.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::evaluate;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("what is no function of the input is not sensitive, and gradient x input is as its weights",
          "[evaluate]") {
  test::Random random(5);
  const MatrixXd w = random.matrix(3, 6), x = random.matrix(6, 4);
  const Sequential net(linear(w, VectorXd(random.vector(3))));
  const UniformNoise noise{.radius = 0.25, .seed = 9};
  const std::vector<int> targets{2, 0, 1, 2};
  const Sensitivity gradient = sensitivity(net, x, targets, method::Gradient(), 5, noise);
  CHECK((gradient.most == 0).all());
  CHECK((gradient.mean == 0).all());

  const Sensitivity found = sensitivity(net, x, targets, method::GradientTimesInput(), 5, noise);
  for (Index n = 0; n < 4; ++n) {
    const VectorXd weights = w.row(targets[std::size_t(n)]);
    double most = 0, sum = 0;
    for (Index k = 0; k < 5; ++k) {
      VectorXd noisy = x.col(n);
      noise(n, k, noisy);
      const double moved = weights.cwiseProduct(noisy - x.col(n)).norm();
      const double relative = moved / weights.cwiseProduct(x.col(n)).norm();
      most = std::max(most, relative);
      sum += relative;
    }
    CHECK(most > 0.01);
    CHECK(std::abs(found.most(n) - most) <= 1e-14 * most);
    CHECK(std::abs(found.mean(n) - sum / 5) <= 1e-14 * most);
  }
}

// But for the rounding of dense products, whose order of additions depends on how many samples they have.
TEST_CASE("sensitivity is the same for any groups of copies, and for samples alone", "[evaluate]") {
  const auto net = test::random_graph(3, 0.5, fn::Tanh());
  const MatrixXd x = test::Random(8).matrix(6, 5);
  const std::vector<Index> targets{0, 2, 1, 1, 0};
  const method::GradientTimesInput method;
  const MatrixXd relevance = net.explain(x, targets, method).relevance;
  const auto explain = [&](const MatrixXd& inputs, std::span<const Index> samples) {
    std::vector<Index> of;
    for (const Index n : samples) of.push_back(targets[std::size_t(n)]);
    return net.explain(inputs, of, method).relevance;
  };
  const UniformNoise noise{.radius = 0.1};
  const Sensitivity together = sensitivity(net, x, targets, method, 7, noise);
  CHECK(together.mean.minCoeff() > 1e-3);
  CHECK((together.most > together.mean).all());
  for (const Index at_once : {1, 4, 100}) {
    const Sensitivity found = sensitivity(x, relevance, 7, noise, explain, at_once);
    CHECK(((found.most - together.most).abs() <= 1e-12).all());
    CHECK(((found.mean - together.mean).abs() <= 1e-12).all());
  }
  for (Index n = 0; n < 5; ++n) {
    const Sensitivity alone = sensitivity(net, x.col(n), targets[std::size_t(n)], method, 7,
                                          UniformNoise{.radius = 0.1, .first_sample = n});
    CHECK(std::abs(alone.most(0) - together.most(n)) <= 1e-12);
    CHECK(std::abs(alone.mean(0) - together.mean(n)) <= 1e-12);
  }
}

TEST_CASE("an explanation of zeros has no sensitivity, and mistakes are errors", "[evaluate]") {
  const MatrixXd x = MatrixXd::Ones(3, 2);
  MatrixXd relevance = x;
  relevance.col(1).setZero();
  const UniformNoise noise{.radius = 1};
  const auto input = [](const MatrixXd& inputs, std::span<const Index>) { return inputs; };
  const Sensitivity found = sensitivity(x, relevance, 2, noise, input);
  CHECK(std::isfinite(found.most(0)));
  CHECK(std::isnan(found.most(1)));
  CHECK(std::isnan(found.mean(1)));
  CHECK_THROWS_WITH(sensitivity(x, relevance, 0, noise, input), Contains("at least 1 copy"));
  CHECK_THROWS_WITH(sensitivity(x, x.leftCols(1), 2, noise, input),
                    Contains("expected relevances of 3 features x 2 samples, found 3 x 1"));
  CHECK_THROWS_WITH(sensitivity(x, x, 2, UniformNoise{.radius = -1}, input),
                    Contains("UniformNoise: expected a finite size >= 0, found -1"));
  CHECK_THROWS_WITH(sensitivity(x, x, 2, noise, [&](const MatrixXd&, std::span<const Index>) { return x; }),
                    Contains("expected explanations of 3 features x 4 samples, found 3 x 2"));
}

}  // namespace
