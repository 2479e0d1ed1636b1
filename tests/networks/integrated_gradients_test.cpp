#include <ascribe/networks/integrated_gradients.hpp>

#include "tests/support/catch.hpp"
#include <ascribe/compiled.hpp>
#include "tests/support/random_graph.hpp"
#include "tests/support/random_network.hpp"

#include <cmath>

#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/networks/baselines.hpp>

namespace {

using namespace ascribe;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using test::relative_difference;

TEST_CASE("integrated gradients of a product are by hand", "[networks]") {
  // f = x·y from (0, 0) to (2, 3): each takes 3; from (1, 1): 4 = (2 − 1)·(1 + 3)/2 + (3 − 1)·(1 + 2)/2 = 2
  // + 3.
  Graph<double> net;
  const Index x = net.input("x", 1), y = net.input("y", 1);
  net.output(net.add("xy", kind::Product(1), {x, y}));
  const VectorXd at = (VectorXd(2) << 2, 3).finished();
  const auto zero = integrated_gradients(net, at, VectorXd::Zero(2), 0, 1);
  CHECK((zero.relevance - VectorXd::Constant(2, 3)).norm() <= 1e-14);
  const auto ones = integrated_gradients(net, at, VectorXd::Ones(2), 0, 3);
  CHECK((ones.relevance - (VectorXd(2) << 2, 3).finished()).norm() <= 1e-14);
  CHECK(ones.ledger.enter(0) == 5);
  CHECK(std::abs(ones.ledger.closing_error()(0)) <= 1e-14);
  CHECK(ones.output(0, 0) == 6);
}

TEST_CASE("integrated gradients are complete as the steps become many", "[networks]") {
  const auto net = test::random_graph(1, 1, fn::Tanh(), /*gate=*/true);
  test::Random random(2);
  const MatrixXd x = random.matrix(6, 3), base = random.matrix(6, 3);
  const auto error = [&](Index steps) {
    return integrated_gradients(net, x, base, 1, steps).ledger.closing_error().abs().maxCoeff();
  };
  // The maxima's kinks leave an error of the size of a step.
  CHECK(error(4) > 1e-2);
  CHECK(error(4096) <= 1e-3);
  // One baseline for all samples.
  const auto shared = integrated_gradients(net, x, base.col(0), 1, 16);
  const auto alone = integrated_gradients(net, x.col(2), base.col(0), 1, 16);
  CHECK(relative_difference(shared.relevance.col(2), alone.relevance.col(0)) <= 1e-12);
}

TEST_CASE("integrated gradients of a Sequential, and of weights of the outputs", "[networks]") {
  const auto chain = test::maxout_chain(3, 1, fn::Tanh());
  const Graph<double> net(chain);
  test::Random random(4);
  const MatrixXd x = random.matrix(7, 2);
  const VectorXd base = random.vector(7);
  const MatrixXd weights = random.matrix(3, 2);
  const start::OutputWeights start(weights);
  const auto one = integrated_gradients(chain, x, base, start, 8);
  const auto two = integrated_gradients(net, x, base, start, 8);
  CHECK(one.relevance == two.relevance);
  const MatrixXd change = chain.forward(x).output().colwise() - VectorXd(chain.forward(base).output());
  for (Index n = 0; n < 2; ++n) CHECK(one.ledger.enter(n) == Approx(weights.col(n).dot(change.col(n))));
}

TEST_CASE("SmoothGrad is the gradient without noise, and near the mean gradient with it", "[networks]") {
  const auto net = test::random_graph(5, 1, fn::Sigmoid());
  test::Random random(6);
  const MatrixXd x = random.matrix(6, 2);
  const MatrixXd gradient = net.explain(net.forward(x), 0, method::Gradient()).relevance;
  CHECK(relative_difference(smoothgrad(net, x, 0, 3, 0).relevance, gradient) <= 1e-14);
  const auto smooth = smoothgrad(net, x, 0, 10, 0.05);
  CHECK(smooth.relevance == smoothgrad(net, x, 0, 10, 0.05).relevance);
  CHECK(smooth.relevance != smoothgrad(net, x, 0, 10, 0.05, /*seed=*/2).relevance);
  CHECK(smooth.ledger.closing_error().abs().maxCoeff() <= 1e-13);
  CHECK(smooth.output == net.forward(x).output());

  // f = x²/2 has the gradient x: the mean is x + σ·(mean of the noise), σ = 0.5·range = 1; 4000 draws of it
  // lie within five standard errors.
  Graph<double> square;
  const Index a = square.input("a", 2);
  VectorXd half(2);
  half << 0.5, 0.5;
  const std::vector<Index> both{0, 1, 0, 1};
  const Index twice = square.add("twice", MatMul(map::Selection<double>(2, both)), {a});
  const Index product = square.add("square", kind::Product(2), {twice});
  square.output(square.add("sum", MatMul(map::Dense<double>(MatrixXd(half.transpose()))), {product}));
  const VectorXd at = (VectorXd(2) << -1, 1).finished();
  const auto mean = smoothgrad(square, at, 0, 4000, 0.5).relevance;
  CHECK((mean - at).cwiseAbs().maxCoeff() <= 5 / std::sqrt(4000.0));
  CHECK((mean - at).cwiseAbs().maxCoeff() > 0);
}

TEST_CASE("a distribution of baselines serves a graph too", "[networks]") {
  const auto net = test::random_graph(7, 1, fn::Relu());
  test::Random random(8);
  const MatrixXd x = random.matrix(6, 2), base = random.matrix(6, 3);
  const auto trace = net.forward(x), baselines = net.forward(base);
  const auto average = explain_over(net, trace, 1, method::DeepLift(), baselines);
  MatrixXd expected = MatrixXd::Zero(6, 2);
  for (Index k = 0; k < 3; ++k)
    expected += net.explain(trace, 1, method::DeepLift(), net.forward(base.col(k))).relevance / 3;
  CHECK(relative_difference(average.relevance, expected) <= 1e-13);

  // Under a plan, with the nodes that were recorded.
  const auto plan = net.plan(method::DeepLift());
  const auto recorded = explain_over(net, trace, 1, plan, baselines, Record::per_layer);
  CHECK(recorded.relevance == average.relevance);
  const Index inner = net.find("inner");
  MatrixXd at_inner = MatrixXd::Zero(8, 2);
  for (Index k = 0; k < 3; ++k)
    at_inner += net.explain(trace, 1, method::DeepLift(), net.forward(base.col(k)), Record::per_layer)
                    .nodes[std::size_t(inner)]
                    .relevance /
                3;
  CHECK(relative_difference(recorded.nodes[std::size_t(inner)].relevance, at_inner) <= 1e-13);
}

TEST_CASE("what integrated gradients and SmoothGrad refuse", "[networks]") {
  const auto net = test::random_graph(7, 1, fn::Relu());
  const VectorXd x = VectorXd::Ones(6);
  CHECK_THROWS_WITH(integrated_gradients(net, x, x, 0, 0), Contains("at least 1 step, found 0"));
  CHECK_THROWS_WITH(integrated_gradients(net, x, VectorXd::Ones(5), 0),
                    Contains("6 features") && Contains("found 5 x 1"));
  CHECK_THROWS_WITH(smoothgrad(net, x, 0, 0), Contains("at least 1 sample, found 0"));
  CHECK_THROWS_WITH(smoothgrad(net, x, 0, 1, -1), Contains("noise >= 0, found -1"));
}

}  // namespace
