#include <ascribe/train/relevance_loss.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/random.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace {

using namespace ascribe;
using namespace ascribe::train;
using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::RowVectorXd;

/// Two of five samples, in another order.
const std::vector<Index> samples{3, 1};

struct Found {
  ArrayXd values;
  RelevanceGradient<double> by;
};

Found found(const RelevanceLoss<double>& loss, const MatrixXd& relevance, const RowVectorXd& bias) {
  Found result;
  result.by.reset(relevance.rows(), relevance.cols());
  result.values = loss({view(relevance), view(bias), samples, 5}, result.by);
  return result;
}
/// Where the biases took nothing.
Found found(const RelevanceLoss<double>& loss, const MatrixXd& relevance) {
  return found(loss, relevance, RowVectorXd::Zero(relevance.cols()));
}

/// The derivative against central differences: by every relevance, and by what the biases took.
void check_derivative(const RelevanceLoss<double>& loss) {
  test::Random numbers(3);
  MatrixXd relevance = 2 * numbers.matrix(6, 2);
  RowVectorXd bias = numbers.matrix(1, 2);
  const Found middle = found(loss, relevance, bias);
  const double h = 1e-6;
  for (Index n = 0; n < 2; ++n) {
    const auto difference = [&](double& number) {
      const double at = number;
      number = at + h;
      const ArrayXd above = found(loss, relevance, bias).values;
      number = at - h;
      const ArrayXd below = found(loss, relevance, bias).values;
      number = at;
      CHECK(above(1 - n) == below(1 - n));  // a sample's loss is its own
      return (above(n) - below(n)) / (2 * h);
    };
    for (Index i = 0; i < 6; ++i)
      CHECK(std::abs(middle.by.relevance(i, n) - difference(relevance(i, n))) <= 1e-8);
    CHECK(std::abs(middle.by.bias(n) - difference(bias(n))) <= 1e-8);
  }
}

TEST_CASE("the share outside of a mask", "[train]") {
  const MatrixXd relevance{{1, 0}, {-2, 0}, {1, 0}};
  const Found one = found(OutsideMask<double>(MatrixXd{{1}, {0}, {0.5}}), relevance);
  CHECK(one.values(0) == (2 + 0.5) / 4);
  CHECK(one.values(1) == 0);
  CHECK(one.by.relevance.col(1).isZero(0));
  // A mask for each sample of the data: that of number 3 first.
  MatrixXd masks = MatrixXd::Ones(3, 5);
  masks(1, 3) = 0;
  CHECK(found(OutsideMask<double>(masks), relevance).values(0) == 0.5);
  check_derivative(OutsideMask<double>(test::Random(2).matrix(6, 5).cwiseAbs()));
}

TEST_CASE("squared relevance on a mask", "[train]") {
  const MatrixXd relevance{{1, 3}, {-2, 0}, {1, 1}};
  const Found one = found(SquaredOnMask<double>(MatrixXd{{1}, {2}, {0}}), relevance);
  CHECK(one.values(0) == 1 + 16);
  CHECK(one.values(1) == 9);
  CHECK(one.by.relevance == MatrixXd{{2, 6}, {-16, 0}, {0, 0}});
  check_derivative(SquaredOnMask<double>(test::Random(2).matrix(6, 5)));
}

TEST_CASE("the distance to a target distribution", "[train]") {
  const MatrixXd relevance{{1, 0}, {-2, 0}, {1, 0}};
  const Found one = found(TargetShares<double>(MatrixXd{{2}, {1}, {1}}), relevance);
  CHECK(one.values(0) == 0.25 * 0.25 + 0.25 * 0.25);  // (¼, ½, ¼) against (½, ¼, ¼)
  CHECK(one.values(1) == 0);
  check_derivative(TargetShares<double>(test::Random(2).matrix(6, 5).cwiseAbs()));
}

TEST_CASE("the share of the biases", "[train]") {
  const MatrixXd relevance{{1, 0}, {-2, 0}};
  const Found one = found(BiasShare<double>(), relevance, RowVectorXd{{-1, 0}});
  CHECK(one.values(0) == 0.25);
  CHECK(one.values(1) == 0);
  CHECK(found(BiasShare<double>(), relevance, RowVectorXd{{-1, 3}}).values(1) == 1);
  check_derivative(BiasShare<double>());
}

TEST_CASE("masks and targets that do not fit are refused", "[train]") {
  const MatrixXd relevance = MatrixXd::Ones(3, 2);
  CHECK_THROWS_WITH(found(OutsideMask<double>(MatrixXd::Ones(2, 1)), relevance),
                    Contains("expected a mask of 3 features x 1 or 5 samples, found 2 x 1"));
  CHECK_THROWS_WITH(found(SquaredOnMask<double>(MatrixXd::Ones(3, 2)), relevance), Contains("found 3 x 2"));
  CHECK_THROWS_WITH(found(TargetShares<double>(MatrixXd::Ones(4, 5)), relevance), Contains("found 4 x 5"));
  CHECK_THROWS_WITH(found(OutsideMask<double>(MatrixXd::Ones(3, 1)), MatrixXd::Ones(3, 3)),
                    Contains("expected the numbers of 3 samples, found 2"));
  RelevanceGradient<double> by;
  by.reset(3, 2);
  const RowVectorXd bias = RowVectorXd::Zero(2);
  CHECK_THROWS_WITH(OutsideMask<double>(MatrixXd::Ones(3, 1))({view(relevance), view(bias), samples, 3}, by),
                    Contains("expected samples in [0, 3), found 3"));
  CHECK_THROWS_WITH(OutsideMask<double>(MatrixXd{{1, 0}, {1, -0.5}}),
                    Contains("expected a mask in [0, 1], found -0.5 at feature 1 of sample 1"));
  CHECK_THROWS_WITH(SquaredOnMask<double>(MatrixXd{{std::numeric_limits<double>::infinity()}}),
                    Contains("expected a finite mask, found inf"));
  CHECK_THROWS_WITH(TargetShares<double>(MatrixXd{{1, -1}}), Contains("found -1 at feature 0 of sample 1"));
  CHECK_THROWS_WITH(TargetShares<double>(MatrixXd{{1, 0}, {1, 0}}), Contains("above 0 for sample 1"));
}

}  // namespace
