#include <ascribe/evaluate/complexity.hpp>

#include "tests/support/catch.hpp"

#include <cmath>
#include <limits>

namespace {

using namespace ascribe;
using namespace ascribe::evaluate;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;

TEST_CASE("one feature with all is the simplest, all alike the most complex", "[evaluate]") {
  MatrixXd relevance = MatrixXd::Zero(8, 4);
  relevance(3, 0) = -2;
  relevance.col(1) = Eigen::VectorXd{{1, -1, 1, 1, -1, 1, 1, -1}};
  relevance(0, 2) = 1.5e308, relevance(1, 2) = -1.5e308;
  const PerSample h = entropy(relevance), g = gini(relevance);
  CHECK(h(0) == 0);
  CHECK(g(0) == 1 - 1.0 / 8);
  CHECK(std::abs(h(1) - std::log(8)) <= 1e-15);
  CHECK(g(1) == 0);
  CHECK(std::abs(h(2) - std::log(2)) <= 1e-15);
  CHECK(g(2) == 0.75);
  CHECK(std::isnan(h(3)));
  CHECK(std::isnan(g(3)));
}

TEST_CASE("entropy and Gini index, by hand", "[evaluate]") {
  // Shares 1/8, 1/4, 5/8: -Σ p ln p; and 1 − 2·Σ_k p₍ₖ₎·(d − k + ½)/d, Chalasani's own form.
  const Eigen::VectorXd relevance{{2, -5, 1}};
  const double p[] = {0.125, 0.25, 0.625};
  double h = 0, g = 1;
  for (int k = 0; k < 3; ++k) {
    h -= p[k] * std::log(p[k]);
    g -= 2 * p[k] * (3 - (k + 1) + 0.5) / 3;
  }
  CHECK(std::abs(entropy(relevance)(0) - h) <= 1e-15);
  CHECK(std::abs(gini(relevance)(0) - g) <= 1e-15);
  CHECK(std::abs(gini(relevance)(0) - 1.0 / 3) <= 1e-15);
  CHECK(entropy(relevance.cast<float>())(0) == entropy(relevance)(0));
}

TEST_CASE("complexity of nothing is an error", "[evaluate]") {
  CHECK_THROWS_WITH(entropy(MatrixXd(0, 2)), Contains("entropy: expected at least 1 feature"));
  MatrixXd relevance = MatrixXd::Ones(3, 2);
  relevance(2, 1) = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH(gini(relevance), Contains("gini: the relevance of feature 2 of sample 1 is inf"));
}

}  // namespace
