#include <ascribe/io/onnx/operators/concat.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

using namespace ascribe;
using namespace ascribe::test;

// The expected values are onnx.reference's (onnx 1.23) and numpy's on the same inputs (node_input).

TEST_CASE("onnx: Concat", "[onnx]") {
  check_node(
      {.op = "Concat", .attributes = {integer("axis", 1)}, .inputs = {{1, 2, 2, 2}, {1, 1, 2, 2}}},
      {{{1, 3, 2, 2}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1, 2.625, -1.75, 1.875, -2.5, 1.125, -3.25}}},
      true, 1);
  check_node(
      {.op = "Concat", .attributes = {integer("axis", -1)}, .inputs = {{1, 2, 3}, {1, 2, 1}, {1, 2, 2}}},
      {{{1, 2, 6}, {-3.125, 0.5, -3.875, 2.625, 1.875, -2.5, -0.25, 3.375, -1, -1.75, 1.125, -3.25}}}, true,
      1);
  check_node({.op = "Concat", .attributes = {integer("axis", 0)}, .inputs = {{2, 2}, {1, 2}}},
             {{{3, 2}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1}}}, false);
  check_node({.op = "Concat", .attributes = {integer("axis", 1)}, .inputs = {{1, 3}}},
             {{{1, 3}, {-3.125, 0.5, -3.875}}}, true, 0);
}

TEST_CASE("onnx: Split", "[onnx]") {
  check_node(
      {.op = "Split", .attributes = {integer("axis", 1)}, .inputs = {{1, 6}}, .outputs = 3, .opset = 12},
      {{{1, 2}, {-3.125, 0.5}}, {{1, 2}, {-3.875, -0.25}}, {{1, 2}, {3.375, -1}}});
  check_node({.op = "Split",
              .attributes = {integer("axis", 1), integers("split", {1, 3, 2})},
              .inputs = {{1, 6}},
              .outputs = 3,
              .opset = 12},
             {{{1, 1}, {-3.125}}, {{1, 3}, {0.5, -3.875, -0.25}}, {{1, 2}, {3.375, -1}}});
  check_node({.op = "Split",
              .attributes = {integer("axis", -2)},
              .inputs = {{1, 6, 2}},
              .constants = {list({4, 2})},
              .outputs = 2,
              .opset = 13},
             {{{1, 4, 2}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1, 2.625, -1.75}},
              {{1, 2, 2}, {1.875, -2.5, 1.125, -3.25}}});
  check_node({.op = "Split",
              .attributes = {integer("axis", 1), integer("num_outputs", 3)},
              .inputs = {{1, 7}},
              .outputs = 3,
              .opset = 18},
             {{{1, 3}, {-3.125, 0.5, -3.875}}, {{1, 3}, {-0.25, 3.375, -1}}, {{1, 1}, {2.625}}});
  check_node({.op = "Split", .inputs = {{4, 2}}, .outputs = 2, .opset = 13},
             {{{2, 2}, {-3.125, 0.5, -3.875, -0.25}}, {{2, 2}, {3.375, -1, 2.625, -1.75}}}, false);
}

TEST_CASE("onnx: constants in a Concat are biases", "[onnx]") {
  Chain chain{{5, 1, 2},
              {step("Concat", {integer("axis", 1)}, {"c", "x", "empty", "x"}, "y")},
              {onnx::Tensor::of<float>("c", {1, 2, 2}, {1, 2, 3, 4}),
               onnx::Tensor::of<float>("empty", {1, 0, 2}, {})}};
  const auto net = import_chain(chain);
  CHECK(net.outputs[0].dims == onnx::Dims{1, 4, 2});
  Eigen::VectorXd expected(8);
  expected << 1, 2, 3, 4, node_input(2), node_input(2);
  CHECK(output_of(net) == expected);
  check_explanations(net.graph, node_input(2));
  // What falls on the constants is the bias's.
  const auto trace = net.graph.forward(node_input(2));
  const auto e = net.graph.explain(trace, start::OutputWeights(Eigen::MatrixXd(Eigen::MatrixXd::Ones(8, 1))),
                                   method::Lrp());
  CHECK(e.ledger.bias(0) == 10);
  CHECK(e.ledger.dropped(0) == 0);
}
