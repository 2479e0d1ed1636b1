#include <ascribe/io/onnx/operators/shape.hpp>

#include <string>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/operators/pooling.hpp>
#include <ascribe/io/onnx/operators/reduce.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

using namespace ascribe;
using namespace ascribe::test;

// The expected values are onnx.reference's (onnx 1.23) and numpy's on the same inputs (node_input).

TEST_CASE("onnx: Reshape, Flatten, Squeeze and Unsqueeze are free in C order", "[onnx]") {
  check_node(
      {.op = "Reshape", .inputs = {{1, 2, 3, 4}}, .constants = {list({0, -1})}},
      {{{1, 24}, {-3.125, 0.5, -3.875, -0.25, 3.375,  -1,  2.625,  -1.75, 1.875,  -2.5, 1.125,  -3.25,
                  0.375,  -4,  -0.375, 3.25,  -1.125, 2.5, -1.875, 1.75,  -2.625, 1,    -3.375, 0.25}}},
      true, 0);
  check_node(
      {.op = "Reshape", .inputs = {{1, 2, 3, 4}}, .constants = {list({-1, 24})}},
      {{{1, 24}, {-3.125, 0.5, -3.875, -0.25, 3.375,  -1,  2.625,  -1.75, 1.875,  -2.5, 1.125,  -3.25,
                  0.375,  -4,  -0.375, 3.25,  -1.125, 2.5, -1.875, 1.75,  -2.625, 1,    -3.375, 0.25}}},
      true, 0);
  check_node(
      {.op = "Reshape", .inputs = {{1, 2, 3, 4}}, .constants = {list({0, 0, 2, -1})}},
      {{{1, 2, 2, 6}, {-3.125, 0.5, -3.875, -0.25, 3.375,  -1,  2.625,  -1.75, 1.875,  -2.5, 1.125,  -3.25,
                       0.375,  -4,  -0.375, 3.25,  -1.125, 2.5, -1.875, 1.75,  -2.625, 1,    -3.375, 0.25}}},
      true, 0);
  check_node({.op = "Reshape", .inputs = {{1, 6}}, .constants = {list({1, 1, 2, 3})}},
             {{{1, 1, 2, 3}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1}}}, true, 0);
  check_node({.op = "Reshape", .inputs = {{2, 3, 4}}, .constants = {list({4, -1})}},
             {{{4, 6}, {-3.125, 0.5, -3.875, -0.25, 3.375,  -1,  2.625,  -1.75, 1.875,  -2.5, 1.125,  -3.25,
                        0.375,  -4,  -0.375, 3.25,  -1.125, 2.5, -1.875, 1.75,  -2.625, 1,    -3.375, 0.25}}},
             false, 0);
  check_node({.op = "Reshape",
              .attributes = {integer("allowzero", 1)},
              .inputs = {{2, 3}},
              .constants = {list({6})}},
             {{{6}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1}}}, false, 0);
  check_node({.op = "Flatten", .inputs = {{1, 2, 3, 2}}},
             {{{1, 12}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1, 2.625, -1.75, 1.875, -2.5, 1.125, -3.25}}},
             true, 0);
  check_node({.op = "Flatten", .attributes = {integer("axis", -1)}, .inputs = {{2, 3, 2}}},
             {{{6, 2}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1, 2.625, -1.75, 1.875, -2.5, 1.125, -3.25}}},
             false, 0);
  check_node({.op = "Flatten", .attributes = {integer("axis", 0)}, .inputs = {{2, 3, 2}}},
             {{{1, 12}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1, 2.625, -1.75, 1.875, -2.5, 1.125, -3.25}}},
             false, 0);
  check_node(
      {.op = "Squeeze", .attributes = {integers("axes", {1, -1})}, .inputs = {{1, 1, 3, 1}}, .opset = 12},
      {{{1, 3}, {-3.125, 0.5, -3.875}}}, true, 0);
  check_node({.op = "Squeeze", .inputs = {{1, 1, 3, 1}}, .constants = {list({1})}},
             {{{1, 3, 1}, {-3.125, 0.5, -3.875}}}, true, 0);
  check_node({.op = "Squeeze", .inputs = {{3, 1, 2, 1}}}, {{{3, 2}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1}}},
             false, 0);
  check_node({.op = "Unsqueeze", .attributes = {integers("axes", {1, 3})}, .inputs = {{1, 3}}, .opset = 12},
             {{{1, 1, 3, 1}, {-3.125, 0.5, -3.875}}}, true, 0);
  check_node({.op = "Unsqueeze", .inputs = {{1, 3}}, .constants = {list({-1, 1})}},
             {{{1, 1, 3, 1}, {-3.125, 0.5, -3.875}}}, true, 0);
}

TEST_CASE("onnx: Transpose moves at the door alone", "[onnx]") {
  check_node({.op = "Transpose", .attributes = {integers("perm", {0, 2, 1})}, .inputs = {{1, 2, 3}}},
             {{{1, 3, 2}, {-3.125, -0.25, 0.5, 3.375, -3.875, -1}}}, true, 1);
  check_node(
      {.op = "Transpose", .attributes = {integers("perm", {0, 2, 3, 1})}, .inputs = {{1, 2, 3, 2}}},
      {{{1, 3, 2, 2}, {-3.125, 2.625, 0.5, -1.75, -3.875, 1.875, -0.25, -2.5, 3.375, 1.125, -1, -3.25}}},
      true, 1);
  check_node({.op = "Transpose", .inputs = {{1, 2, 3}}},
             {{{3, 2, 1}, {-3.125, -0.25, 0.5, 3.375, -3.875, -1}}}, true, 1);
  check_node({.op = "Transpose", .inputs = {{2, 3}}}, {{{3, 2}, {-3.125, -0.25, 0.5, 3.375, -3.875, -1}}},
             false);
  check_node({.op = "Transpose", .attributes = {integers("perm", {1, 0, 2})}, .inputs = {{1, 2, 3}}},
             {{{2, 1, 3}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1}}}, true, 0);
}

TEST_CASE("onnx: DepthToSpace and SpaceToDepth", "[onnx]") {
  check_node({.op = "DepthToSpace", .attributes = {integer("blocksize", 2)}, .inputs = {{1, 8, 2, 1}}},
             {{{1, 2, 4, 2},
               {-3.125, 3.375, 1.875, 0.375, 0.5, -1, -2.5, -4, -3.875, 2.625, 1.125, -0.375, -0.25, -1.75,
                -3.25, 3.25}}},
             true, 1);
  check_node({.op = "DepthToSpace",
              .attributes = {integer("blocksize", 2), text("mode", "CRD")},
              .inputs = {{1, 8, 1, 2}}},
             {{{1, 2, 2, 4},
               {-3.125, -3.875, 0.5, -0.25, 3.375, 2.625, -1, -1.75, 1.875, 1.125, -2.5, -3.25, 0.375, -0.375,
                -4, 3.25}}},
             true, 1);
  check_node({.op = "SpaceToDepth", .attributes = {integer("blocksize", 2)}, .inputs = {{1, 2, 4, 2}}},
             {{{1, 8, 2, 1},
               {-3.125, 3.375, 1.875, 0.375, 0.5, -1, -2.5, -4, -3.875, 2.625, 1.125, -0.375, -0.25, -1.75,
                -3.25, 3.25}}},
             true, 1);
  check_node({.op = "SpaceToDepth",
              .attributes = {integer("blocksize", 2), text("mode", "CRD")},
              .inputs = {{1, 2, 2, 4}}},
             {{{1, 8, 1, 2},
               {-3.125, -3.875, 0.5, -0.25, 3.375, 2.625, -1, -1.75, 1.875, 1.125, -2.5, -3.25, 0.375, -0.375,
                -4, 3.25}}},
             true, 1);
  check_node({.op = "DepthToSpace", .attributes = {integer("blocksize", 2)}, .inputs = {{2, 4, 1, 1}}},
             {{{2, 1, 2, 2}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1, 2.625, -1.75}}}, false);
}

TEST_CASE("onnx: a reshape moves only what does not lie together", "[onnx]") {
  const auto layers = [](const test::Imported& net) {
    return Index(net.graph.nodes().size()) - net.graph.input_count();
  };
  const auto swap = [](std::string from, std::string to) {
    return step("Transpose", {integers("perm", {0, 2, 3, 1})}, {std::move(from)}, std::move(to));
  };
  // A pool leaves height, width, channels. Height and width merge, and channels divide, in place: the only
  // layers are the door in, the pool, and the door out.
  const onnx::Node pool =
      step("MaxPool", {integers("kernel_shape", {1, 1}), integers("strides", {1, 1})}, {"x"}, "p");
  const Eigen::MatrixXd x = node_input(24);
  const auto merged = import_chain({{9, 4, 2, 3},
                                    {pool, step("Reshape", {}, {"p", "s"}, "r"),
                                     step("Transpose", {integers("perm", {0, 2, 1})}, {"r"}, "y")},
                                    {list({0, 4, -1}).renamed("s")}});
  CHECK(layers(merged) == 2);
  CHECK(output_of(merged) == Eigen::MatrixXd(x.reshaped(6, 4).transpose()).reshaped());
  const auto divided = import_chain({{9, 4, 2, 3},
                                     {pool, step("Reshape", {}, {"p", "s"}, "r"),
                                      step("Transpose", {integers("perm", {0, 3, 4, 1, 2})}, {"r"}, "y")},
                                     {list({0, 2, 2, 2, 3}).renamed("s")}});
  CHECK(layers(divided) == 2);
  CHECK(output_of(divided) == Eigen::MatrixXd(x.reshaped(6, 4).transpose()).reshaped());
  // Flattening channels and pixels mixes them: C order first, and the door out has nothing to do.
  const auto flat = import_chain({{9, 4, 2, 3}, {pool, step("Flatten", {}, {"p"}, "y")}});
  CHECK(layers(flat) == 3);
  CHECK(output_of(flat) == x.col(0));
  check_explanations(flat.graph, x);
  // A shuffle of channels (ShuffleNet): one layer behind the pool, and the door.
  const auto shuffled = import_chain({{9, 4, 2, 3},
                                      {pool, step("Reshape", {}, {"p", "s"}, "r"),
                                       step("Transpose", {integers("perm", {0, 2, 1, 3, 4})}, {"r"}, "t"),
                                       step("Reshape", {}, {"t", "u"}, "y")},
                                      {list({0, 2, 2, 2, 3}).renamed("s"), list({0, 4, 2, 3}).renamed("u")}});
  Eigen::VectorXd expected(24);
  expected << x.col(0).segment(0, 6), x.col(0).segment(12, 6), x.col(0).segment(6, 6),
      x.col(0).segment(18, 6);
  CHECK(output_of(shuffled) == expected);
  check_explanations(shuffled.graph, x);
  // Size 1 may stand anywhere in memory.
  const auto ones = import_chain({{9, 4, 2, 3},
                                  {pool, step("Reshape", {}, {"p", "s"}, "r"), swap("r", "y")},
                                  {list({1, 4, 2, 3}).renamed("s")}});
  CHECK(layers(ones) == 2);
}

TEST_CASE("onnx: the batch goes where its axis goes", "[onnx]") {
  const auto permute = [](std::string from, std::string to) {
    return step("Transpose", {integers("perm", {1, 0, 2})}, {std::move(from)}, std::move(to));
  };
  // L, N, E as transformers have it: N, 2, 3 → 2, N, 3 → 2, N·3 is refused, 2, N, 3, 1 is not.
  const auto kept = import_chain({{9, 2, 3},
                                  {permute("x", "t"), step("Reshape", {}, {"t", "s"}, "y")},
                                  {list({2, -1, 3, 1}).renamed("s")}});
  CHECK(kept.outputs[0].dims == onnx::Dims{2, 1, 3, 1});
  CHECK(kept.outputs[0].batch_axis == 1);
  CHECK(chain_refused({{9, 2, 3},
                       {permute("x", "t"), step("Reshape", {}, {"t", "s"}, "y")},
                       {list({-1, 3}).renamed("s")}}) ==
        "node 'y' (Reshape): expected a shape that keeps the batch, axis 1 of (2, 1, 3), apart from the 6 "
        "values of "
        "a sample, found (-1, 3)");
  CHECK(chain_refused({{9, 2, 3}, {step("Reshape", {}, {"x", "s"}, "y")}, {list({6, -1}).renamed("s")}}) ==
        "node 'y' (Reshape): expected a shape that keeps the batch, axis 0 of (1, 2, 3), apart from the 6 "
        "values "
        "of a sample, found (6, -1)");
  // Of several places it keeps its own; axes before it may go.
  CHECK(import_chain({{9, 1, 3},
                      {permute("x", "t"), step("Reshape", {}, {"t", "s"}, "y")},
                      {list({1, 1, 3}).renamed("s")}})
            .outputs[0]
            .batch_axis == 1);
  CHECK(import_chain(
            {{9, 1, 3}, {permute("x", "t"), step("Squeeze", {}, {"t", "s"}, "y")}, {list({0}).renamed("s")}})
            .outputs[0]
            .batch_axis == 0);
  // The file's own batch size stands for the batch, in front or behind a new axis.
  CHECK(import_chain({{9, 2, 3}, {step("Reshape", {}, {"x", "s"}, "y")}, {list({9, 6}).renamed("s")}})
            .outputs[0]
            .dims == onnx::Dims{1, 6});
  const auto behind =
      import_chain({{9, 2, 3}, {step("Reshape", {}, {"x", "s"}, "y")}, {list({1, 9, 6}).renamed("s")}});
  CHECK(behind.outputs[0].dims == onnx::Dims{1, 1, 6});
  CHECK(behind.outputs[0].batch_axis == 1);
  CHECK(import_chain({{9, 1, 3}, {step("Expand", {}, {"x", "s"}, "y")}, {list({9, 2, 3}).renamed("s")}})
            .outputs[0]
            .dims == onnx::Dims{1, 2, 3});
  CHECK(
      import_chain({{9, 1, 3}, {step("Resize", {}, {"x", "", "", "s"}, "y")}, {list({9, 1, 6}).renamed("s")}})
          .outputs[0]
          .dims == onnx::Dims{1, 1, 6});
  const auto unsqueezed =
      import_chain({{9, 3}, {step("Unsqueeze", {}, {"x", "s"}, "y")}, {list({0}).renamed("s")}});
  CHECK(unsqueezed.outputs[0].batch_axis == 1);
  const auto gathered =
      import_chain({{9, 2, 3},
                    {permute("x", "t"), step("Gather", {integer("axis", 0)}, {"t", "i"}, "y")},
                    {onnx::Tensor::of<std::int64_t>("i", {}, {-1})}});
  CHECK(gathered.outputs[0].dims == onnx::Dims{1, 3});
  CHECK(gathered.outputs[0].batch_axis == 0);
  CHECK(output_of(gathered) == node_input(6).col(0).tail(3));
  // Squeezing nothing in particular leaves the batch.
  CHECK(import_chain({{9, 1, 3}, {step("Squeeze", {}, {"x"}, "y")}}).outputs[0].dims == onnx::Dims{1, 3});
}

TEST_CASE("onnx: values from pools in their own order", "[onnx]") {
  // What reads memory in another order than C gives the same.
  const onnx::Node pool = step("MaxPool", {integers("kernel_shape", {1, 1})}, {"x"}, "p");
  const auto same = [&](std::vector<onnx::Node> nodes, std::vector<onnx::Tensor> constants) {
    std::vector<onnx::Node> behind{pool};
    behind.insert(behind.end(), nodes.begin(), nodes.end());
    nodes.front().inputs[0] = "x";
    const auto direct = import_chain({{9, 4, 2, 3}, nodes, constants});
    const auto pooled = import_chain({{9, 4, 2, 3}, behind, constants});
    CHECK(direct.outputs[0].dims == pooled.outputs[0].dims);
    CHECK(output_of(direct) == output_of(pooled));
    check_explanations(pooled.graph, node_input(24));
  };
  same({step("Slice", {}, {"p", "s", "e", "a", "t"}, "y")},
       {list({3, 0}).renamed("s"), list({-9, 2}).renamed("e"), list({1, 3}).renamed("a"),
        list({-2, 1}).renamed("t")});
  same({step("Pad", {text("mode", "reflect")}, {"p", "c"}, "y")},
       {list({0, 1, 0, 2, 0, 0, 1, 0}).renamed("c")});
  same({step("Gather", {integer("axis", 2)}, {"p", "i"}, "y")},
       {onnx::Tensor::of<std::int64_t>("i", {2, 2}, {0, 1, 1, 0})});
  same({step("Tile", {}, {"p", "r"}, "y")}, {list({1, 1, 2, 1}).renamed("r")});
  same({step("DepthToSpace", {integer("blocksize", 2)}, {"p"}, "y")}, {});
  same({step("Resize", {text("mode", "linear")}, {"p", "", "", "s"}, "y")},
       {list({1, 4, 3, 2}).renamed("s")});
  same({step("ReduceMax", {integer("keepdims", 0)}, {"p", "a"}, "y")}, {list({1, 3}).renamed("a")});
  same({step("ReduceMean", {}, {"p", "a"}, "y")}, {list({2, 1}).renamed("a")});
  same({step("Reshape", {}, {"p", "s"}, "y")}, {list({0, 3, 8}).renamed("s")});
  same({step("Concat", {integer("axis", 2)}, {"p", "x"}, "y")}, {});
  same({step("Unsqueeze", {}, {"p", "a"}, "u"), step("Squeeze", {}, {"u", "a"}, "y")},
       {list({2, 4}).renamed("a")});
}

TEST_CASE("onnx: of equal maxima the first in C order takes all, whatever the order in memory", "[onnx]") {
  const auto net =
      import_chain(
          {{2, 2},
           {step("Transpose", {}, {"x"}, "t"), step("ReduceMax", {integer("keepdims", 0)}, {"t"}, "y")}},
          false)
          .graph;
  Eigen::MatrixXd x(4, 1);
  x << 0, 3, 3, 1;  // transposed: 0, 3 (the second), 3 (the first), 1
  const auto relevance = net.explain(net.forward(x), 0, method::Gradient()).relevance;
  CHECK(relevance.col(0) == Eigen::Vector4d(0, 0, 1, 0));
}

TEST_CASE("onnx: what operators on shapes refuse", "[onnx]") {
  const auto with = [](const char* op, std::vector<onnx::Attribute> attributes,
                       std::vector<onnx::Tensor> constants, onnx::Dims input, bool batched = false,
                       std::size_t outputs = 1, Index opset = 21) {
    return refusal({.op = op,
                    .attributes = std::move(attributes),
                    .inputs = {std::move(input)},
                    .constants = std::move(constants),
                    .outputs = outputs,
                    .opset = opset},
                   batched);
  };
  CHECK(with("Concat", {}, {}, {1, 2}) == "node 'it' (Concat): expected the attribute 'axis', found none");
  CHECK(refusal({.op = "Concat", .attributes = {integer("axis", 0)}, .inputs = {{1, 2}, {1, 2}}}, true) ==
        "node 'it' (Concat): it works along axis 0, the batch's, which is not supported");
  CHECK(refusal({.op = "Concat", .attributes = {integer("axis", 1)}, .inputs = {{1, 2, 3}, {1, 2, 4}}}) ==
        "node 'it' (Concat): input 1: expected a shape that fits (1, 2, 3) but for axis 1, found (1, 2, 4)");

  CHECK(with("Split", {integer("axis", 1)}, {}, {1, 7}, false, 2) ==
        "node 'it' (Split): expected 2 equal parts of axis 1, found size 7");
  CHECK(with("Split", {integer("axis", 1)}, {list({3, 3})}, {1, 7}, false, 2) ==
        "node 'it' (Split): expected parts of 7 along axis 1, found 6");
  CHECK(with("Split", {integer("axis", 1)}, {list({3, 5})}, {1, 7}, false, 2) ==
        "node 'it' (Split): the size of output 1: expected 1 to 4, found 5");
  CHECK(with("Split", {integer("axis", 1), integer("num_outputs", 3)}, {}, {1, 7}, false, 2) ==
        "node 'it' (Split): attribute 'num_outputs': expected the 2 outputs, found 3");
  CHECK(with("Split", {integer("axis", 1), integer("num_outputs", 2)}, {}, {1, 7}, false, 2, 13) ==
        "node 'it' (Split): expected no attribute 'num_outputs', found an integer");
  CHECK(with("Split", {integer("axis", 0)}, {}, {2, 7}, true, 2) ==
        "node 'it' (Split): it works along axis 0, the batch's, which is not supported");

  CHECK(with("Slice", {}, {list({0}), list({5}), list({0}), list({0})}, {4}) ==
        "node 'it' (Slice): expected steps other than 0");
  CHECK(with("Slice", {}, {list({2}), list({2})}, {4}) ==
        "node 'it' (Slice): along axis 0: expected at least 1 of 4 values, found none between 2 and 2");
  CHECK(with("Slice", {}, {list({1}), list({3, 4})}, {4}) ==
        "node 'it' (Slice): expected as many ends, axes and steps as the 1 starts, found 2, 1 and 1");
  CHECK(with("Slice", {}, {list({1}), list({5})}, {4, 2}, true) ==
        "node 'it' (Slice): along axis 0: expected at least 1 of 1 values, found none between 1 and 5");

  CHECK(with("Pad", {text("mode", "mirror")}, {list({0, 0})}, {3}) ==
        "node 'it' (Pad): attribute 'mode': expected constant, reflect, edge or wrap, found 'mirror'");
  CHECK(with("Pad", {}, {list({0, 0, 1})}, {3}) == "node 'it' (Pad): expected 2 pads, found 3");
  CHECK(with("Pad", {}, {list({-2, -1})}, {3}) ==
        "node 'it' (Pad): axis 0: expected pads that leave 1 to 2^31 values, found -2 and -1 for size 3");
  CHECK(with("Pad", {}, {list({1, 0, 0, 0})}, {1, 3}, true) ==
        "node 'it' (Pad): it changes axis 0, the batch's, which is not supported");
  CHECK(with("Pad", {}, {list({0, 1}), nothing(), list({0})}, {3}, false, 1, 13) ==
        "node 'it' (Pad): expected axes from operator set 18 on, found input 3");

  CHECK(with("Gather", {}, {list({0})}, {2, 3}, true) ==
        "node 'it' (Gather): it works along axis 0, the batch's, which is not supported");
  CHECK(with("Gather", {}, {list({2})}, {2, 3}) ==
        "node 'it' (Gather): expected indices from -2 to 1, found 2");
  CHECK(with("Tile", {}, {list({2, 1})}, {1, 3}, true) ==
        "node 'it' (Tile): it changes axis 0, the batch's, which is not supported");
  CHECK(with("Tile", {}, {list({0, 1})}, {1, 3}) ==
        "node 'it' (Tile): expected repeats that leave 1 to 2^31 values, found 0");
  CHECK(with("Expand", {}, {list({2, 4})}, {1, 3}) ==
        "node 'it' (Expand): expected shapes that fit, found (1, 3) and (2, 4)");
  CHECK(with("Expand", {}, {list({2, 3})}, {1, 3}, true) ==
        "node 'it' (Expand): it changes axis 0, the batch's, which is not supported");

  CHECK(with("Reshape", {}, {list({4, -1})}, {2, 3}) ==
        "node 'it' (Reshape): expected a shape for the 6 values of (2, 3), found (4, -1)");
  CHECK(with("Reshape", {}, {list({-1, -1})}, {2, 3}) ==
        "node 'it' (Reshape): expected one size of -1 at most, found shape (-1, -1)");
  CHECK(with("Reshape", {}, {list({0, 0, 0})}, {2, 3}) ==
        "node 'it' (Reshape): expected a shape for the 6 values of (2, 3), found (0, 0, 0)");
  CHECK(with("Reshape", {integer("allowzero", 1)}, {list({0, 3})}, {2, 3}) ==
        "node 'it' (Reshape): expected a shape for the 6 values of (2, 3), found (0, 3)");
  CHECK(with("Reshape", {}, {list({-1, 2})}, {5, 4}, true) ==
        "node 'it' (Reshape): expected a shape that keeps the batch, axis 0 of (1, 4), apart from the 4 "
        "values of a "
        "sample, found (-1, 2)");
  CHECK(with("Flatten", {integer("axis", 0)}, {}, {5, 4}, true) ==
        "node 'it' (Flatten): attribute 'axis': expected one that keeps the batch, axis 0 of (1, 4), apart, "
        "found 0");
  CHECK(with("Flatten", {integer("axis", 3)}, {}, {5, 4}) ==
        "node 'it' (Flatten): attribute 'axis': expected -2 to 2, found 3");
  CHECK(with("Squeeze", {}, {list({1})}, {1, 4}) ==
        "node 'it' (Squeeze): expected size 1 along axis 1, found shape (1, 4)");
  CHECK(with("Squeeze", {}, {list({0})}, {1, 4}, true) ==
        "node 'it' (Squeeze): it works along axis 0, the batch's, which is not supported");
  CHECK(with("Unsqueeze", {}, {list({3})}, {1, 4}) ==
        "node 'it' (Unsqueeze): expected an axis in [-3, 3), found 3");
  CHECK(with("Unsqueeze", {}, {}, {1, 4}) == "node 'it' (Unsqueeze): expected axes, found none");
  CHECK(with("Transpose", {integers("perm", {0, 0})}, {}, {2, 3}) ==
        "node 'it' (Transpose): expected every axis once, found 0 again");
  CHECK(with("Transpose", {integers("perm", {0})}, {}, {2, 3}) ==
        "node 'it' (Transpose): attribute 'perm': expected every axis of (2, 3) once, found (0)");

  CHECK(with("DepthToSpace", {integer("blocksize", 3)}, {}, {1, 8, 2, 2}) ==
        "node 'it' (DepthToSpace): attribute 'blocksize': expected one that divides shape (1, 8, 2, 2), "
        "found 3");
  CHECK(with("DepthToSpace", {integer("blocksize", 2), text("mode", "RDC")}, {}, {1, 8, 2, 2}) ==
        "node 'it' (DepthToSpace): attribute 'mode': expected DCR or CRD, found 'RDC'");
  CHECK(with("SpaceToDepth", {integer("blocksize", 2)}, {}, {1, 8, 2}) ==
        "node 'it' (SpaceToDepth): expected an input N, C, H, W, found shape (1, 8, 2)");

  const std::vector<onnx::Tensor> twice{nothing(), list_of_reals({1, 1, 2})};
  CHECK(with("Resize", {text("mode", "quintic")}, twice, {1, 1, 3}) ==
        "node 'it' (Resize): attribute 'mode': expected nearest, linear or cubic, found 'quintic'");
  CHECK(with("Resize", {text("mode", "cubic")}, {list_of_reals({1, 1, 2})}, {1, 1, 3}, false, 1, 10) ==
        "node 'it' (Resize): attribute 'mode': expected nearest or linear, found 'cubic'");
  CHECK(with("Upsample", {text("mode", "cubic")}, {list_of_reals({1, 1, 2})}, {1, 1, 3}, false, 1, 9) ==
        "node 'it' (Upsample): attribute 'mode': expected nearest or linear, found 'cubic'");
  CHECK(with("Resize", {integer("antialias", 0)}, twice, {1, 1, 3}, false, 1, 13) ==
        "node 'it' (Resize): expected no attribute 'antialias', found an integer");
  CHECK(with("Resize", {text("coordinate_transformation_mode", "tf_crop_and_resize")}, twice, {1, 1, 3}) ==
        "node 'it' (Resize): attribute 'coordinate_transformation_mode': expected half_pixel, "
        "half_pixel_symmetric, "
        "pytorch_half_pixel, align_corners, asymmetric or tf_half_pixel_for_nn, found 'tf_crop_and_resize'");
  CHECK(with("Resize", {text("nearest_mode", "round")}, twice, {1, 1, 3}) ==
        "node 'it' (Resize): attribute 'nearest_mode': expected floor, ceil, round_prefer_floor or "
        "round_prefer_ceil, found 'round'");
  CHECK(with("Resize", {text("keep_aspect_ratio_policy", "fit")}, {nothing(), nothing(), list({1, 1, 2})},
             {1, 1, 3}) ==
        "node 'it' (Resize): attribute 'keep_aspect_ratio_policy': expected stretch, not_larger "
        "or not_smaller, found 'fit'");
  CHECK(with("Resize", {}, {}, {1, 1, 3}) ==
        "node 'it' (Resize): expected either scales or sizes, found neither");
  CHECK(with("Resize", {}, {nothing(), list_of_reals({1, 1, 2}), list({1, 1, 2})}, {1, 1, 3}) ==
        "node 'it' (Resize): expected either scales or sizes, found both");
  CHECK(with("Resize", {}, {nothing(), list_of_reals({1, 2})}, {1, 1, 3}) ==
        "node 'it' (Resize): expected scales for 3 axes, found 2");
  CHECK(with("Resize", {}, {nothing(), list_of_reals({1, 1, 0.2f})}, {1, 1, 3}) ==
        "node 'it' (Resize): expected scales that leave 1 to 2^31 values, found 0.2 for 3");
  CHECK(with("Resize", {}, {nothing(), list_of_reals({2, 1, 1})}, {1, 1, 3}, true) ==
        "node 'it' (Resize): it works along axis 0, the batch's, which is not supported");
  CHECK(with("Upsample", {text("mode", "bilinear")}, {list_of_reals({1, 1, 2})}, {1, 1, 3}, false, 1, 9) ==
        "node 'it' (Upsample): attribute 'mode': expected nearest or linear, found 'bilinear'");

  CHECK(with("Dropout", {}, {}, {1, 3}, false, 2) ==
        "node 'it' (Dropout): expected output 1 (mask) to be unused, found that it is used");
  CHECK(with("Dropout", {}, {nothing(), onnx::Tensor::of<std::uint8_t>("", {}, {1})}, {1, 3}) ==
        "node 'it' (Dropout): input 2 (training_mode): expected false, found true");
  CHECK(with("Cast", {integer("to", 7)}, {}, {1, 3}) ==
        "node 'it' (Cast): attribute 'to': expected float, double, float16 or bfloat16, found int64 of a "
        "value that depends on the network's input 'x0'");
  CHECK(with("Identity", {integer("to", 7)}, {}, {1, 3}) ==
        "node 'it' (Identity): expected no attribute 'to', found an integer");
}
