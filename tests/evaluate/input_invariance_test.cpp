#include <ascribe/evaluate/input_invariance.hpp>

#include "tests/support/catch.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <ascribe/compiled.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/layers/makers.hpp>
#include <ascribe/maps/average_pool.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/selection.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/networks/integrated_gradients.hpp>

#include "tests/support/random.hpp"
#include "tests/support/random_graph.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::evaluate;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// A permutation, a padded convolution of one channel to two, tanh, a dense layer: 4 × 4 pixels to 3 outputs.
Graph<double> padded_network() {
  test::Random random(6);
  Graph<double> net;
  const Index x = net.input("x", 16);
  std::vector<Index> order;
  for (Index i = 0; i < 16; ++i) order.push_back((5 * i) % 16);
  const Index moved = net.add("moved", MatMul(map::Selection<double>(16, order)), {x});
  const Spatial geometry{.input = {4, 4}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}};
  const VectorXd w = random.vector(18), b = random.vector(2);
  const Index c = net.add("c", MatMul(map::Convolution<double>(geometry, 1, 2, w), b), {moved});
  const Index f = net.add("f", Elementwise(fn::Tanh()), {c});
  const MatrixXd top = random.matrix(3, 32);
  net.output(net.add("top", MatMul(map::Dense<double>(top)), {f}));
  return net;
}

TEST_CASE("the network for shifted inputs says the same, at borders too", "[evaluate]") {
  const auto net = padded_network();
  test::Random random(9);
  const MatrixXd x = random.matrix(16, 5);
  const VectorXd shift = random.vector(16), constant = VectorXd::Constant(16, -0.75);
  for (const VectorXd& by : {shift, constant}) {
    const auto shifted = for_shifted_inputs(net, by);
    const MatrixXd before = net.forward(x).output(),
                   after = shifted.forward((x.colwise() + by).eval()).output();
    CHECK((before - after).cwiseAbs().maxCoeff() <= 1e-13);
    CHECK((before - shifted.forward(x).output()).cwiseAbs().maxCoeff() > 1e-2);
  }
}

TEST_CASE("gradients are invariant, and what is multiplied by the input is not", "[evaluate]") {
  const auto net = padded_network();
  test::Random random(9);
  const MatrixXd x = random.matrix(16, 5);
  const VectorXd shift = VectorXd::Constant(16, 2);
  const std::vector<Index> targets{0, 1, 2, 0, 1};
  const auto by = [&](const auto& method) {
    return input_invariance(net, x, shift, [&](const Graph<double>& of, const MatrixXd& inputs) {
      return of.explain(inputs, targets, method).relevance;
    });
  };
  CHECK((by(method::Gradient()) <= 1e-13).all());
  // (x + s)·g against x·g.
  const MatrixXd g = net.explain(x, targets, method::Gradient()).relevance;
  const PerSample found = by(method::GradientTimesInput());
  for (Index n = 0; n < 5; ++n) {
    const double expected = (2 * g.col(n)).norm() / g.col(n).cwiseProduct(x.col(n)).norm();
    CHECK(std::abs(found(n) - expected) <= 1e-12 * expected);
  }
  // Integrated gradients: invariant if the baseline moves along (Kindermans et al., §3.2), else not.
  const auto integrated = [&](const MatrixXd& inputs, const Graph<double>& of, double baseline) {
    return integrated_gradients(of, inputs, VectorXd::Constant(16, baseline), targets, 8).relevance;
  };
  const auto along = input_invariance(net, x, shift, [&](const Graph<double>& of, const MatrixXd& inputs) {
    return integrated(inputs, of, &of == &net ? 0 : 2);
  });
  CHECK((along <= 1e-12).all());
  const auto zero = input_invariance(net, x, shift, [&](const Graph<double>& of, const MatrixXd& inputs) {
    return integrated(inputs, of, 0);
  });
  CHECK((zero > 0.1).all());
}

TEST_CASE("a shift that no first layer takes up is an error", "[evaluate]") {
  const auto net = test::random_graph(3, 0.5, fn::Tanh());
  // x reaches "head" beside the sum: two layers take it up.
  const MatrixXd x = test::Random(8).matrix(6, 3);
  const VectorXd shift = VectorXd::Constant(6, 1);
  const auto shifted = for_shifted_inputs(net, shift);
  CHECK((net.forward(x).output() - shifted.forward((x.colwise() + shift).eval()).output())
            .cwiseAbs()
            .maxCoeff() <= 1e-13);

  CHECK_THROWS_WITH(for_shifted_inputs(net, shift.head(5)),
                    Contains("expected a shift of 6 features x 1, found 5 x 1"));
  CHECK_THROWS_WITH(for_shifted_inputs(net, VectorXd::Constant(6, NAN)), Contains("NaN or infinite"));
  Graph<double> bare;
  bare.output(bare.add("f", Elementwise(fn::Relu()), {bare.input("x", 6)}));
  CHECK_THROWS_WITH(for_shifted_inputs(bare, shift), Contains("node 'f' (Relu) reads the shifted input"));
  Graph<double> shared;
  Node<double> layer(MatMul(map::Dense<double>(MatrixXd::Identity(6, 6))));
  layer.inputs = {shared.input("x", 6)};
  layer.inputs = {shared.add("low", layer, {})};
  shared.output(shared.add("high", layer, {}));
  CHECK_THROWS_WITH(for_shifted_inputs(shared, shift),
                    Contains("node 'low'") && Contains("shares its layer with 'high'"));
  Graph<double> wiring;
  const std::vector<Index> order{5, 4, 3, 2, 1, 0};
  wiring.output(wiring.add("w", MatMul(map::Selection<double>(6, order)), {wiring.input("x", 6)}));
  CHECK_THROWS_WITH(for_shifted_inputs(wiring, shift), Contains("the shift reaches the output 'w'"));
}

}  // namespace
