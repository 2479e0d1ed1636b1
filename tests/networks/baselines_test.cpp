#include <ascribe/networks/baselines.hpp>

#include <ascribe/functions/tanh.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/networks/sequential.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/random.hpp"

using namespace ascribe;
using Matrix = Eigen::MatrixXd;

TEST_CASE("baselines are one column") {
  CHECK(baseline::zero<float>(3).size() == 3);
  CHECK(baseline::zero<float>(3).norm() == 0.0f);
  Matrix data(2, 3);
  data << 1, 2, 6, -1, 0, 4;
  CHECK(baseline::mean(data)(0) == 3.0);
  CHECK(baseline::mean(data)(1) == 1.0);
  CHECK_THROWS_WITH(baseline::mean(Matrix(2, 0)), Contains("at least one sample"));
}

TEST_CASE("explain_over averages the explanations against each baseline") {
  test::Random random(1);
  const Sequential net(MatMul(map::Dense<double>(random.matrix(4, 3)), random.vector(4)),
                       Elementwise(fn::Tanh()), MatMul(map::Dense<double>(random.matrix(2, 4))));
  const auto trace = net.forward(random.matrix(3, 5));
  const Matrix baselines = random.matrix(3, 4);
  const auto average = explain_over(net, trace, 1, method::DeepLift(), net.forward(baselines));
  Matrix expected = Matrix::Zero(3, 5);
  Eigen::ArrayXd start = Eigen::ArrayXd::Zero(5);
  for (Index k = 0; k < 4; ++k) {
    const Matrix one = baselines.col(k);
    const auto e = net.explain(trace, 1, method::DeepLift(), net.forward(one));
    expected += e.relevance / 4;
    start += e.ledger.enter.transpose() / 4;
  }
  CHECK((average.relevance - expected).cwiseAbs().maxCoeff() < 1e-14);
  CHECK((average.ledger.enter.transpose() - start).abs().maxCoeff() < 1e-14);
  CHECK(average.ledger.closing_error().abs().maxCoeff() < 1e-14);

  // What is recorded of layers is averaged, too.
  const auto recorded =
      explain_over(net, trace, 1, method::DeepLift(), net.forward(baselines), Record::per_layer);
  Matrix hidden = Matrix::Zero(4, 5);
  Eigen::ArrayXd entering = Eigen::ArrayXd::Zero(5);
  for (Index k = 0; k < 4; ++k) {
    const Matrix one = baselines.col(k);
    const auto e = net.explain(trace, 1, method::DeepLift(), net.forward(one), Record::per_layer);
    hidden += e.layer<1>().relevance / 4;
    entering += e.layer<1>().books.enter.transpose() / 4;
  }
  CHECK(recorded.relevance == average.relevance);
  CHECK((recorded.layer<1>().relevance - hidden).cwiseAbs().maxCoeff() < 1e-14);
  CHECK((recorded.layer<1>().books.enter.transpose() - entering).abs().maxCoeff() < 1e-14);
}
