#include "examples/support/activation_map.hpp"

#include <span>

#include <ascribe/functions/relu.hpp>
#include <ascribe/layers/makers.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/maps/sum.hpp>
#include <ascribe/networks/graph.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/image_network.hpp"

namespace {

using namespace ascribe;

/// An image of 4 × 4 pixels that a test adds layers to.
struct Layers {
  Graph<double> net;

  Index image(Index channels) { return net.input("x", 16 * channels, {channels, 4, 4}); }
  /// Of 3 × 3 pixels that keeps the size, or of all 4 × 4.
  Index convolution(const char* name, Index from, Index channels, Index filters, bool whole = false) {
    const Index side = whole ? 4 : 3, pad = whole ? 0 : 1, out = whole ? 1 : 4;
    const Spatial geometry{
        .input = {4, 4}, .kernel = {side, side}, .stride = {1, 1}, .pads = {pad, pad, pad, pad}};
    const Eigen::VectorXd weights = test::ImageNetwork::numbers(channels * filters * side * side, 7, 11);
    const map::Convolution<double> map(geometry, channels, filters,
                                       std::span<const double>(weights.data(), std::size_t(weights.size())));
    return net.add(name, MatMul(map), {from}, {filters, out, out}, {.order = {1, 2, 0}});
  }
  Index relu(const char* name, Index from) {
    return net.add(name, Elementwise(fn::Relu()), {from}, net.node(from).shape, {.order = {1, 2, 0}});
  }
  Index dense(const char* name, Index from) {
    return net.add(name, MatMul(map::Dense<double>(Eigen::MatrixXd::Ones(2, net.node(from).size))), {from},
                   {2});
  }
};

TEST_CASE("a class activation map is of what follows the last convolution", "[explain]") {
  // Of a residual block, of what the sum gives, not of the branch.
  Layers one;
  const Index first = one.relu("first/relu", one.convolution("first", one.image(1), 1, 2));
  const Index second = one.convolution("second", one.relu("r", one.convolution("c", first, 2, 2)), 2, 2);
  const Index sum =
      one.net.add("sum", MatMul(map::Sum<double>(2, 32)), {second, first}, {2, 4, 4}, {.order = {1, 2, 0}});
  const Index last = one.relu("sum/relu", sum);
  one.net.output(one.dense("d", last));
  const auto found = examples::last_map_layer(one.net);
  REQUIRE(found);
  CHECK(one.net.node(found->node).name == "sum/relu");
  CHECK(found->maps.channels == 2);
  CHECK(found->maps.height == 4);
  CHECK(found->maps.width == 4);
  CHECK(examples::map_layer(one.net, "").node == last);
  CHECK(examples::map_layer(one.net, "first").maps.channels == 2);

  // What two nodes read ends there; what gives one position, or what the output does not depend on, is none.
  Layers two;
  const Index base = two.relu("base/relu", two.convolution("base", two.image(1), 1, 2));
  const Index side = two.convolution("side", base, 2, 3);
  const Index whole = two.relu("whole/relu", two.convolution("whole", base, 2, 2, true));
  two.net.output(
      two.dense("d", two.net.add("both", MatMul(map::Sum<double>(2, 2)), {whole, whole}, {2, 1, 1})));
  CHECK(two.net.node(side).name == "side");
  const auto base_alone = examples::last_map_layer(two.net);
  REQUIRE(base_alone);
  CHECK(base_alone->node == base);

  // A network of dense layers has none.
  Layers three;
  three.net.output(three.dense("d", three.image(1)));
  CHECK_FALSE(examples::last_map_layer(three.net));
  CHECK_THROWS_WITH(examples::map_layer(three.net, ""),
                    Catch::Matchers::Contains("--layer: expected the name of a node"));
  CHECK_THROWS_WITH(examples::map_layer(three.net, "d"),
                    Catch::Matchers::Contains("expected channels of a height and width, found shape (2)"));
}

}  // namespace
