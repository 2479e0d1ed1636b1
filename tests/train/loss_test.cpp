#include <ascribe/train/loss.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/random.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace {

using namespace ascribe;
using namespace ascribe::train;
using Eigen::MatrixXd;

/// d(value(at))/d(at) against central differences, entry by entry.
template <class Value>
void check_derivative(MatrixXd at, const MatrixXd& found, const Value& value) {
  REQUIRE(found.rows() == at.rows());
  REQUIRE(found.cols() == at.cols());
  const double h = 1e-6;
  for (Index i = 0; i < at.size(); ++i) {
    const double middle = at.data()[i];
    at.data()[i] = middle + h;
    const double above = value(at);
    at.data()[i] = middle - h;
    const double below = value(at);
    at.data()[i] = middle;
    CHECK(std::abs(found.data()[i] - (above - below) / (2 * h)) <= 1e-8);
  }
}

TEST_CASE("cross-entropy of the softmax, as torch has it", "[train]") {
  // torch 2.15.0: cross_entropy(reduction='none'), and (w·l).sum()/w.sum() of it.
  const MatrixXd y{{1, 0}, {-2, 3}, {0.5, -1}};
  const std::vector<Index> labels{2, 1};
  const std::vector<double> weights{1, 3};
  MatrixXd by;
  const double loss = softmax_cross_entropy<double>(view(y), labels, by, weights);
  CHECK(std::abs(loss - 0.3005621534036427) <= 1e-15);
  const MatrixXd expected{{0.15093722403715645, 0.03495946693348042},
                          {0.007514721892393506, -0.04782033609262068},
                          {-0.15845194592954995, 0.012860869159140292}};
  CHECK((by - expected).cwiseAbs().maxCoeff() <= 1e-15);

  const MatrixXd other = 3 * test::Random(1).matrix(4, 3);
  const std::vector<Index> three{0, 3, 3};
  softmax_cross_entropy<double>(view(other), three, by);
  MatrixXd scratch;
  check_derivative(
      other, by, [&](const MatrixXd& at) { return softmax_cross_entropy<double>(view(at), three, scratch); });
}

TEST_CASE("cross-entropy of large outputs does not overflow", "[train]") {
  const MatrixXd y{{1000, -1000}, {-1000, 1000}};
  const std::vector<Index> labels{0, 0};
  MatrixXd by;
  CHECK(softmax_cross_entropy<double>(view(y), labels, by) == 1000);
  CHECK(by == MatrixXd{{0, -0.5}, {0, 0.5}});
}

TEST_CASE("squared error, by hand", "[train]") {
  const MatrixXd y{{1, 2}, {0, -1}}, targets{{0, 2}, {2, 1}};
  MatrixXd by;
  // (1 + 4)/2 and (0 + 4)/2, of which the second counts three times.
  CHECK(squared_error<double>(view(y), view(targets), by) == 2.25);
  const std::vector<double> weights{1, 3};
  CHECK(squared_error<double>(view(y), view(targets), by, weights) == 0.25 * 2.5 + 0.75 * 2);
  MatrixXd scratch;
  check_derivative(y, by, [&](const MatrixXd& at) {
    return squared_error<double>(view(at), view(targets), scratch, weights);
  });
}

TEST_CASE("weights of a mean", "[train]") {
  CHECK((mean_weights(4, {}) == 0.25).all());
  const std::vector<double> huge{1.5e308, 0.5e308, 1.0e308};
  CHECK((mean_weights(3, huge) - Eigen::ArrayXd{{0.5, 1.0 / 6, 1.0 / 3}}).abs().maxCoeff() <= 1e-15);
}

TEST_CASE("losses refuse what does not fit", "[train]") {
  MatrixXd y{{1, 0}, {-2, 3}, {0.5, -1}}, by;
  const std::vector<Index> one{2}, beyond{0, 3};
  CHECK_THROWS_WITH(softmax_cross_entropy<double>(view(y), one, by),
                    Contains("expected a label for each of 2 samples, found 1"));
  CHECK_THROWS_WITH(softmax_cross_entropy<double>(view(y), beyond, by),
                    Contains("expected a label in [0, 3), found 3 for sample 1"));
  const MatrixXd wide(3, 3);
  CHECK_THROWS_WITH(squared_error<double>(view(y), view(wide), by),
                    Contains("expected targets of 3 outputs x 2 samples, found 3 x 3"));
  MatrixXd targets = MatrixXd::Zero(3, 2);
  targets(1, 0) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(squared_error<double>(view(y), view(targets), by), Contains("target 1 of sample 0 is"));
  y(2, 1) = std::numeric_limits<double>::infinity();
  const std::vector<Index> labels{0, 1};
  CHECK_THROWS_WITH(softmax_cross_entropy<double>(view(y), labels, by),
                    Contains("output 2 of sample 1 is inf"));
  const std::vector<double> three{1, 1, 1}, negative{1, -1};
  CHECK_THROWS_WITH(mean_weights(2, three), Contains("expected a weight for each of 2 samples, found 3"));
  CHECK_THROWS_WITH(mean_weights(2, negative), Contains("found -1 for sample 1"));
  CHECK_THROWS_WITH(mean_weights(0, {}), Contains("at least 1 sample"));
}

}  // namespace
