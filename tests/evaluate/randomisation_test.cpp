#include <ascribe/evaluate/randomisation.hpp>

#include "tests/support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include <ascribe/compiled.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/layers/makers.hpp>
#include <ascribe/maps/channel_scale.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/with_role.hpp>
#include <ascribe/methods/deconvolution.hpp>
#include <ascribe/methods/gradient.hpp>

#include "tests/support/random.hpp"
#include "tests/support/random_graph.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::evaluate;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::vector<std::string> names(const Graph<double>& net, const std::vector<Index>& nodes) {
  std::vector<std::string> result;
  for (const Index i : nodes) result.push_back(net.node(i).name);
  return result;
}

/// A node's weights and biases, sorted.
std::vector<double> sorted(const Graph<double>& net, Index node) {
  const auto& m = *ascribe::detail::matmul(net.node(node));
  std::vector<double> all(std::size_t(m.map.weight_count()));
  copy_weights(m.map, all.data());
  all.insert(all.end(), m.bias.begin(), m.bias.end());
  std::sort(all.begin(), all.end());
  return all;
}

TEST_CASE("layers with learned weights are taken from the outputs down, a shared one once", "[evaluate]") {
  const auto net = test::random_graph(3, 0.5, fn::Relu());
  CHECK(names(net, learned_from_the_top(net)) == std::vector<std::string>{"top", "head", "inner", "stem"});

  // A mean that is written as a matrix is architecture; a scale and a convolution are learned.
  Graph<double> fixed;
  const auto mean =
      map::WithRole(map::Dense<double>(MatrixXd::Constant(4, 4, 0.25)), map::Role::aggregation, "Mean");
  const Index m = fixed.add("mean", MatMul(mean), {fixed.input("x", 4)});
  const Index scale = fixed.add("scale", MatMul(map::ChannelScale<double>(4, VectorXd::Constant(4, 2))), {m});
  const Spatial line{.input = {4, 1}, .kernel = {3, 1}};
  const VectorXd w = VectorXd::Constant(3, 2);
  fixed.output(fixed.add("convolution", MatMul(map::Convolution<double>(line, 1, 1, w)), {scale}));
  CHECK(names(fixed, learned_from_the_top(fixed)) == std::vector<std::string>{"convolution", "scale"});

  Graph<double> twice;
  Node<double> layer(MatMul(map::Dense<double>(MatrixXd::Identity(2, 2))));
  layer.inputs = {twice.input("x", 2)};
  layer.inputs = {twice.add("low", layer, {})};
  layer.inputs = {twice.add("f", Elementwise(fn::Relu()), layer.inputs)};
  twice.output(twice.add("high", layer, {}));
  CHECK(names(twice, learned_from_the_top(twice)) == std::vector<std::string>{"high"});
}

TEST_CASE("a layer is redrawn by itself, the same whatever else is random", "[evaluate]") {
  const auto net = test::random_graph(3, 0.5, fn::Relu());
  const Index head = net.find("head"), top = net.find("top");
  const auto permuted = randomised(net, head, Draw::permuted, 1);
  CHECK(sorted(permuted, head) == sorted(net, head));
  CHECK(sorted(permuted, top) == sorted(net, top));
  const MatrixXd x = test::Random(8).matrix(6, 4);
  CHECK(permuted.forward(x).output() != net.forward(x).output());

  const auto normal = randomised(net, head, Draw::normal, 1);
  const auto both = randomised(randomised(net, top, Draw::normal, 1), head, Draw::normal, 1);
  CHECK(sorted(normal, head) == sorted(both, head));
  CHECK(sorted(normal, head) != sorted(net, head));
  CHECK(sorted(normal, head) != sorted(randomised(net, head, Draw::normal, 2), head));
  // Layers of the same weights are drawn by themselves.
  Graph<double> alike;
  const MatrixXd identity = MatrixXd::Identity(3, 3);
  const Index low = alike.add("low", MatMul(map::Dense<double>(identity)), {alike.input("x", 3)});
  alike.output(alike.add("high", MatMul(map::Dense<double>(identity)), {low}));
  CHECK(sorted(randomised(alike, 1, Draw::normal, 1), 1) != sorted(randomised(alike, 2, Draw::normal, 1), 2));
  CHECK_THROWS_WITH(randomised(net, net.find("most"), Draw::normal, 1),
                    Contains("expected a node with weights"));
  CHECK_THROWS_WITH(randomised(net, 99, Draw::normal, 1), Contains("found node 99"));
}

TEST_CASE("normal weights are as large as those that they replace", "[evaluate]") {
  test::Random random(4);
  Graph<double> net;
  const Index x = net.input("x", 100);
  const MatrixXd w = 3 * random.matrix(100, 100);
  net.output(net.add("d", MatMul(map::Dense<double>(w)), {x}));
  const auto all = sorted(randomised(net, 1, Draw::normal, 5), 1);
  double sum = 0, squares = 0;
  for (const double value : all) sum += value, squares += value * value;
  const double size = w.norm() / 100;
  CHECK(std::abs(sum / 1e4) <= 0.04 * size);
  CHECK(std::abs(std::sqrt(squares / 1e4) - size) <= 0.03 * size);
}

TEST_CASE("randomisation compares the trained network's explanation with each step's", "[evaluate]") {
  const auto net = test::random_graph(3, 0.5, fn::Relu());
  const MatrixXd x = test::Random(8).matrix(6, 4);
  const std::vector<Index> targets{0, 2, 1, 1};
  const auto explain = [&](const Graph<double>& of) {
    return of.explain(x, targets, method::GradientTimesInput()).relevance;
  };
  const auto similar = [](const auto& a, const auto& b) { return cosine(a, b); };
  const auto trained = explain(net);

  const Randomisation cascade =
      randomisation(net, explain, similar, Cascade::from_the_top, Draw::permuted, 7);
  const Randomisation single = randomisation(net, explain, similar, Cascade::one_layer, Draw::permuted, 7);
  REQUIRE(cascade.nodes == learned_from_the_top(net));
  REQUIRE(single.nodes == cascade.nodes);
  REQUIRE(cascade.similarities.rows() == 4);
  REQUIRE(cascade.similarities.cols() == 4);
  Graph<double> random = net;
  for (Index k = 0; k < 4; ++k) {
    const Index node = cascade.nodes[std::size_t(k)];
    random = randomised(random, node, Draw::permuted, 7);
    CHECK((cascade.similarities.row(k).transpose() == cosine(trained, explain(random))).all());
    const auto alone = randomised(net, node, Draw::permuted, 7);
    CHECK((single.similarities.row(k).transpose() == cosine(trained, explain(alone))).all());
  }
  CHECK(((cascade.similarities.row(1) - single.similarities.row(1)).abs() > 1e-3).any());

  // What does not look at the network stays what it is.
  const auto blind = randomisation(
      net, [&](const auto&) { return x; }, similar);
  CHECK(((blind.similarities - 1).abs() <= 1e-15).all());

  Graph<double> bare;
  bare.output(bare.add("f", Elementwise(fn::Relu()), {bare.input("x", 3)}));
  CHECK_THROWS_WITH(randomisation(
                        bare, [&](const auto&) { return x; }, similar),
                    Contains("a layer with learned weights"));
}

}  // namespace
