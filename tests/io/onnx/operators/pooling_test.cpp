#include <ascribe/io/onnx/operators/pooling.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

using namespace ascribe;
using namespace ascribe::test;

// The expected values are onnx.reference's (onnx 1.23) and numpy's on the same inputs (node_input); of
// volumes with padding or dilation, onnxruntime's (1.32) and onnx.reference's.

TEST_CASE("onnx: MaxPool takes each window's largest value", "[onnx]") {
  check_node({.op = "MaxPool", .attributes = {integers("kernel_shape", {2, 2})}, .inputs = {{1, 2, 3, 4}}},
             {{{1, 2, 2, 3}, {3.375, 2.625, 2.625, 3.375, 2.625, 2.625, 2.5, 2.5, 3.25, 2.5, 2.5, 1.75}}});
  check_node({.op = "MaxPool",
              .attributes = {integers("kernel_shape", {3, 3}), integers("strides", {2, 2}),
                             integers("pads", {1, 1, 1, 1})},
              .inputs = {{1, 1, 5, 5}}},
             {{{1, 1, 3, 3}, {2.625, 2.625, 3.375, 3.25, 2.625, 1.875, 3.25, 2.5, 3.875}}});
  check_node(
      {.op = "MaxPool",
       .attributes = {integers("kernel_shape", {3}), integers("strides", {2}), integers("pads", {1, 0})},
       .inputs = {{1, 2, 7}}},
      {{{1, 2, 3}, {0.5, 0.5, 3.375, 1.875, 1.875, 1.125}}});
  check_node({.op = "MaxPool",
              .attributes = {integers("kernel_shape", {2, 2}), integers("pads", {0, 1, 1, 0}),
                             integers("dilations", {2, 3})},
              .inputs = {{1, 1, 4, 5}}},
             {{{1, 1, 3, 3}, {0.375, 1.125, 3.375, 2.5, 3.25, 2.625, 0.375, 1.125, -0.375}}});
  check_node(
      {.op = "MaxPool",
       .attributes = {integers("kernel_shape", {3, 3}), integers("strides", {2, 2}), integer("ceil_mode", 1)},
       .inputs = {{1, 1, 4, 4}}},
      {{{1, 1, 2, 2}, {3.375, 2.625, 1.875, 3.25}}});
  check_node({.op = "MaxPool",
              .attributes = {integers("kernel_shape", {2}), integers("strides", {2}),
                             integers("pads", {0, 1}), integer("ceil_mode", 1)},
              .inputs = {{1, 1, 5}}},
             {{{1, 1, 3}, {0.5, -0.25, 3.375}}});
  check_node({.op = "MaxPool",
              .attributes = {integers("kernel_shape", {1}), integers("strides", {5}),
                             integers("pads", {0, 4}), integer("ceil_mode", 1)},
              .inputs = {{1, 1, 6}}},
             {{{1, 1, 2}, {-3.125, -1}}});
  check_node({.op = "MaxPool", .attributes = {integers("kernel_shape", {2, 2})}, .inputs = {{2, 2, 2, 3}}},
             {{{2, 2, 1, 2}, {3.375, 3.375, 2.625, 1.875, 3.25, 2.5, 1.75, 1.75}}}, false);
  check_node({.op = "MaxPool",
              .attributes = {integers("kernel_shape", {2, 2, 2}), integers("strides", {1, 1, 2})},
              .inputs = {{1, 1, 2, 3, 4}}},
             {{{1, 1, 1, 2, 2}, {3.375, 3.25, 3.375, 2.625}}});
  check_node(
      {.op = "MaxPool",
       .attributes = {integers("kernel_shape", {2, 2, 2}), integers("strides", {2, 1, 3}),
                      integers("pads", {1, 0, 1, 0, 1, 0}), integers("dilations", {1, 2, 2})},
       .inputs = {{1, 2, 4, 3, 5}}},
      {{{1, 2, 2, 2, 2},
        {0.5, 3.375, 2.625, -1.75, 3.125, 2.5, 1, 3.875, 2, 1.875, -3.875, -0.25, 3, 3.25, 2.5, 3.75}}});
  check_node({.op = "MaxPool",
              .attributes = {integers("kernel_shape", {3, 2, 2}), integers("strides", {2, 2, 3}),
                             integer("ceil_mode", 1)},
              .inputs = {{1, 1, 4, 3, 4}}},
             {{{1, 1, 2, 2, 2}, {3.875, 3.25, 1.875, 3.75, 3.875, 2.25, 0.875, 3.75}}});
  check_node({.op = "MaxPool",
              .attributes = {integers("kernel_shape", {2, 1, 2, 2})},
              .inputs = {{1, 1, 2, 2, 3, 2}}},
             {{{1, 1, 1, 2, 2, 1}, {3.25, 3.375, 2.625, 1.875}}});
  check_node({.op = "MaxPool",
              .attributes = {integers("kernel_shape", {3, 2}), integers("strides", {2, 2}),
                             text("auto_pad", "SAME_UPPER")},
              .inputs = {{1, 1, 4, 5}},
              .opset = 12},
             {{{1, 1, 2, 3}, {2.625, 1.875, 3.375, 3.25, 2.5, 1.75}}});
  check_node({.op = "MaxPool",
              .attributes = {integers("kernel_shape", {3, 2}), integers("strides", {2, 2}),
                             text("auto_pad", "SAME_LOWER"), integer("storage_order", 1)},
              .inputs = {{1, 1, 4, 5}},
              .opset = 12},
             {{{1, 1, 2, 3}, {-1, 2.625, 3.375, 3.25, 2.625, 1.875}}});
  check_node({.op = "MaxPool",
              .attributes = {integers("kernel_shape", {3, 2}), integers("strides", {2, 2}),
                             text("auto_pad", "VALID")},
              .inputs = {{1, 1, 4, 5}},
              .opset = 12},
             {{{1, 1, 1, 2}, {2.625, 1.875}}});
}

TEST_CASE("onnx: AveragePool counts padding as it is asked to", "[onnx]") {
  check_node(
      {.op = "AveragePool", .attributes = {integers("kernel_shape", {2, 2})}, .inputs = {{1, 2, 3, 4}}},
      {{{1, 2, 2, 3},
        {-0.0625, -0.4375, -0.8125, 0.4375, 0.0625, -0.3125, -0.5625, -0.9375, 0.6875, -0.0625, -0.4375,
         -0.8125}}});
  check_node({.op = "AveragePool",
              .attributes = {integers("kernel_shape", {3, 3}), integers("strides", {2, 2}),
                             integers("pads", {1, 1, 1, 1})},
              .inputs = {{1, 1, 4, 4}}},
             {{{1, 1, 2, 2}, {-0.0625, -0.625, -0.3125, -0.652777777778}}});
  check_node({.op = "AveragePool",
              .attributes = {integers("kernel_shape", {3, 3}), integers("strides", {2, 2}),
                             integers("pads", {1, 1, 1, 1}), integer("count_include_pad", 1)},
              .inputs = {{1, 1, 4, 4}}},
             {{{1, 1, 2, 2}, {-0.0277777777778, -0.416666666667, -0.208333333333, -0.652777777778}}});
  check_node({.op = "AveragePool",
              .attributes = {integers("kernel_shape", {3, 3}), integers("strides", {2, 2}),
                             integer("ceil_mode", 1), integer("count_include_pad", 1)},
              .inputs = {{1, 1, 4, 4}}},
             {{{1, 1, 2, 2}, {-0.111111111111, -0.895833333333, -0.583333333333, 0.1875}}});
  check_node({.op = "AveragePool",
              .attributes = {integers("kernel_shape", {3, 3}), integers("strides", {2, 2}),
                             integers("pads", {1, 0, 1, 0}), integer("ceil_mode", 1),
                             integer("count_include_pad", 1)},
              .inputs = {{1, 1, 6, 6}}},
             {{{1, 1, 4, 3},
               {-0.416666666667, -0.0277777777778, 0.0416666666667, -0.444444444444, -0.305555555556,
                -0.645833333333, 0.388888888889, -0.361111111111, 0.1875, -0.0416666666667, -0.416666666667,
                0.96875}}});
  check_node({.op = "AveragePool",
              .attributes = {integers("kernel_shape", {3, 3}), integers("strides", {2, 2}),
                             integers("pads", {1, 0, 1, 0}), integer("ceil_mode", 1)},
              .inputs = {{1, 1, 6, 6}}},
             {{{1, 1, 4, 3},
               {-0.625, -0.0416666666667, 0.0625, -0.444444444444, -0.305555555556, -0.645833333333,
                0.388888888889, -0.361111111111, 0.1875, -0.0833333333333, -0.833333333333, 1.9375}}});
  check_node({.op = "AveragePool",
              .attributes = {integers("kernel_shape", {2, 2}), integers("pads", {0, 1, 1, 0}),
                             integers("dilations", {2, 2}), integer("count_include_pad", 1)},
              .inputs = {{1, 1, 5, 5}}},
             {{{1, 1, 4, 4},
               {-0.6875, -1.375, -1.75, -0.125, 0.375, 0.75, 0.375, 0, -0.5625, -1.125, -1.5, 0.125, -0.28125,
                1.4375, -0.75, 1.0625}}});
  check_node(
      {.op = "AveragePool",
       .attributes = {integers("kernel_shape", {3}), integers("strides", {3}), integers("pads", {1, 1}),
                      integer("ceil_mode", 1), integer("count_include_pad", 1)},
       .inputs = {{1, 3, 7}}},
      {{{1, 3, 3},
        {-0.875, -0.25, 0.541666666667, 0.0416666666667, -1.54166666667, -1.20833333333, 0.958333333333,
         -0.166666666667, -0.291666666667}}});
  check_node({.op = "AveragePool",
              .attributes = {integers("kernel_shape", {2, 2, 2}), integers("strides", {1, 1, 2}),
                             integers("pads", {0, 0, 1, 0, 0, 1}), integer("count_include_pad", 1)},
              .inputs = {{1, 1, 2, 3, 4}}},
             {{{1, 1, 1, 2, 3}, {-0.0625, -0.6875, 0.375, 0.1875, -0.1875, -0.375}}});
  check_node({.op = "AveragePool",
              .attributes = {integers("kernel_shape", {2, 2, 2}), integers("strides", {1, 1, 2}),
                             integers("pads", {0, 0, 1, 0, 0, 1})},
              .inputs = {{1, 1, 2, 3, 4}}},
             {{{1, 1, 1, 2, 3}, {-0.125, -0.6875, 0.75, 0.375, -0.1875, -0.75}}});
  for (const std::int64_t count_padding : {0, 1}) {
    using Values = std::vector<double>;
    check_node(
        {.op = "AveragePool",
         .attributes = {integers("kernel_shape", {3, 2, 2}), integers("strides", {2, 2, 3}),
                        integers("pads", {1, 0, 0, 0, 0, 1}), integer("ceil_mode", 1),
                        integer("count_include_pad", count_padding)},
         .inputs = {{1, 1, 4, 3, 4}}},
        {{{1, 1, 2, 2, 2},
          count_padding ? Values{-0.625 / 3, 0.25, -0.375, -0.5, 0.8125 / 3, 1. / 3, -1.3125, 1.625 / 3}
                        : Values{-0.3125, 0.75, -0.5625, -1.5, 0.8125 / 3, 2. / 3, -1.3125, 3.25 / 3}}});
    check_node(
        {.op = "AveragePool",
         .attributes = {integers("kernel_shape", {2, 1, 2, 2}), integers("pads", {0, 0, 0, 1, 0, 0, 0, 0}),
                        integer("count_include_pad", count_padding)},
         .inputs = {{1, 1, 2, 2, 3, 2}}},
        {{{1, 1, 1, 2, 2, 2},
          count_padding ? Values{-0.875, -0.9375, -0.25, 0.3125, 0, -0.1875, -0.375, -0.9375}
                        : Values{-1.75, -0.9375, -0.5, 0.3125, 0, -0.1875, -0.75, -0.9375}}});
  }
}

TEST_CASE("onnx: global pools over any number of axes", "[onnx]") {
  check_node({.op = "GlobalAveragePool", .inputs = {{1, 3, 2, 3}}},
             {{{1, 3, 1, 1}, {-0.729166666667, -0.3125, 0.104166666667}}}, true, 2);
  check_node({.op = "GlobalAveragePool", .inputs = {{2, 2, 5}}}, {{{2, 2, 1}, {-0.675, -0.15, -1.225, 0.9}}},
             false);
  check_node({.op = "GlobalAveragePool", .inputs = {{1, 2, 2, 2, 3}}},
             {{{1, 2, 1, 1, 1}, {-0.520833333333, -0.354166666667}}});
  check_node({.op = "GlobalMaxPool", .inputs = {{1, 3, 2, 3}}}, {{{1, 3, 1, 1}, {3.375, 2.625, 3.25}}}, true,
             2);
  check_node({.op = "GlobalMaxPool", .inputs = {{2, 2, 5}}}, {{{2, 2, 1}, {3.375, 2.625, 1.125, 3.25}}},
             false);
  check_node({.op = "GlobalMaxPool", .inputs = {{1, 2, 2, 2, 3}}}, {{{1, 2, 1, 1, 1}, {3.375, 3.25}}});
}

TEST_CASE("onnx: what pools refuse", "[onnx]") {
  const OneNode pool{
      .op = "MaxPool", .attributes = {integers("kernel_shape", {2, 2})}, .inputs = {{1, 1, 3, 3}}};
  const auto with = [&](onnx::Attribute attribute, std::string op = "MaxPool") {
    OneNode changed = pool;
    changed.op = std::move(op);
    changed.attributes.push_back(std::move(attribute));
    return refusal(changed);
  };
  const auto on = [](onnx::Dims input, std::vector<std::int64_t> kernel, std::vector<std::int64_t> pads) {
    return refusal(
        {.op = "AveragePool",
         .attributes = {integers("kernel_shape", std::move(kernel)), integers("pads", std::move(pads))},
         .inputs = {std::move(input)}});
  };
  CHECK(refusal({.op = "MaxPool", .inputs = {{1, 1, 3}}}) ==
        "node 'it' (MaxPool): expected the attribute 'kernel_shape', found none");
  CHECK(refusal({.op = "MaxPool", .attributes = {integers("kernel_shape", {2})}, .inputs = {{1, 3}}}) ==
        "node 'it' (MaxPool): expected an input N, C and at least 1 spatial axis, found shape (1, 3)");
  CHECK(with(integers("strides", {2})) ==
        "node 'it' (MaxPool): attribute 'strides': expected 2 sizes, found 1");
  CHECK(with(integers("dilations", {1, 0})) ==
        "node 'it' (MaxPool): attribute 'dilations': expected sizes from 1 to 1073741824, found 0");
  CHECK(with(integers("pads", {0, 0, 0, -1})) ==
        "node 'it' (MaxPool): attribute 'pads': expected sizes from 0 to 1073741824, found -1");
  CHECK(with(text("auto_pad", "SAME")) ==
        "node 'it' (MaxPool): attribute 'auto_pad': expected NOTSET, VALID, SAME_UPPER or SAME_LOWER, found "
        "'SAME'");
  CHECK(with(integers("strides", {1 << 30, 1 << 30})) == "no error");
  CHECK(
      with(integers("dilations", {1 << 30, 1})) ==
      "node 'it' (MaxPool): the kernel spans 1073741825 along axis 2: expected at most the padded input's 3");
  CHECK(with(integer("p", 2)) == "node 'it' (MaxPool): expected no attribute 'p', found an integer");
  CHECK(with(integer("count_include_pad", 1)) ==
        "node 'it' (MaxPool): expected no attribute 'count_include_pad', found an integer");
  CHECK(with(integer("count_include_pad", 1), "AveragePool") == "no error");
  OneNode indices = pool;
  indices.outputs = 2;
  CHECK(refusal(indices) ==
        "node 'it' (MaxPool): expected output 1 (Indices) to be unused, found that it is used");

  CHECK(on({1, 1, 3}, {1}, {1, 0}) ==
        "node 'it' (AveragePool): AveragePool: the windows of output column 0 lie wholly in padding: they "
        "start at "
        "-1 with dilation 1, expected a tap in 0 to 2");
  CHECK(on({1, 1, 2, 2, 3}, {1, 1, 1}, {1, 0, 0, 0, 0, 0}) ==
        "node 'it' (AveragePool): AveragePool: the windows of output plane 0 lie wholly in padding: they "
        "start at "
        "-1 with dilation 1, expected a tap in 0 to 1");
  CHECK(on({1, 1, 2, 2, 3, 1}, {1, 1, 1, 1}, {0, 0, 1, 0, 0, 0, 0, 0}) ==
        "node 'it' (AveragePool): the windows of output 0 along axis 4 lie wholly in padding");
  CHECK(on({1, 1, 3}, {4}, {0, 0}) ==
        "node 'it' (AveragePool): the kernel spans 4 along axis 2: expected at most the padded input's 3");
  CHECK(refusal({.op = "MaxPool",
                 .attributes = {integers("kernel_shape", {2}), integers("pads", {1, 0}),
                                text("auto_pad", "SAME_UPPER")},
                 .inputs = {{1, 1, 3}}}) ==
        "node 'it' (MaxPool): attribute 'pads': expected none or zeros beside auto_pad SAME_UPPER, found 1");
  CHECK(refusal({.op = "GlobalMaxPool", .inputs = {{1, 3}}}) ==
        "node 'it' (GlobalMaxPool): expected an input N, C and at least 1 spatial axis, found shape (1, 3)");
}

namespace {

/// x → Pad with −∞ → MaxPool.
Chain padded_pool(onnx::Dims input, std::vector<std::int64_t> pads, std::vector<onnx::Attribute> pool) {
  return {std::move(input),
          {step("Pad", {}, {"x", "p", "v"}, "q"), step("MaxPool", std::move(pool), {"q"}, "y")},
          {list(std::move(pads)).renamed("p"), number(-std::numeric_limits<float>::infinity()).renamed("v")}};
}

}  // namespace

// The expected values are onnx.reference's (onnx 1.23) and numpy's, with padding of -inf.
TEST_CASE("onnx: -infinity in front of a MaxPool is padding, and takes no relevance", "[onnx]") {
  struct Case {
    Chain chain;
    onnx::Dims dims;
    std::vector<double> values;
  };
  const auto kernel = [](std::vector<std::int64_t> shape, std::vector<std::int64_t> strides) {
    return std::vector{integers("kernel_shape", std::move(shape)), integers("strides", std::move(strides))};
  };
  auto with_pads = kernel({2, 3}, {2, 1});
  with_pads.push_back(integers("pads", {0, 1, 0, 0}));
  const std::vector<Case> cases{
      {padded_pool({1, 1, 6}, {0, 0, 0, 0, 0, 1}, kernel({3}, {2})), {1, 1, 3}, {0.5, 3.375, 3.375}},
      {padded_pool({1, 2, 4, 5}, {0, 0, 1, 0, 0, 0, 0, 2}, kernel({3, 3}, {2, 2})),
       {1, 2, 2, 3},
       {2.625, 3.375, 3.375, 3.25, 2.5, 1.75, 3.125, 3.875, 3.875, 3.75, 3.0, 2.25}},
      {padded_pool({1, 2, 4, 5}, {0, 0, 0, 1, 0, 0, 1, 1}, kernel({3, 2}, {2, 2})),
       {1, 2, 2, 3},
       {1.125, 2.625, 3.375, 3.25, 2.5, 1.75, 1.625, 3.125, 3.875, 3.75, 3.0, 2.25}},
      // Cropped by the Pad, and padded by the pool too.
      {padded_pool({1, 2, 4, 5}, {0, 0, 1, 0, 0, 0, -1, 1}, with_pads),
       {1, 2, 2, 5},
       {0.5, 0.5, 0.5, 3.375, 3.375, 2.625, 2.625, 2.625, 1.875, 1.875,
        1.0, 1.0, 1.0, 3.875, 3.875, 3.125, 3.125, 3.125, 2.375, 2.375}},
      {padded_pool({1, 1, 2, 3, 4}, {0, 0, 0, 1, 0, 0, 0, 0, 0, 1}, kernel({2, 2, 2}, {1, 2, 2})),
       {1, 1, 1, 2, 2},
       {0.5, 3.25, 3.375, 2.625}},
  };
  for (const Case& c : cases) {
    INFO(onnx::shown(c.chain.input));
    const auto net = import_chain(c.chain);
    CHECK(net.outputs[0].dims == c.dims);
    const Eigen::VectorXd y = output_of(net);
    CHECK(std::vector<double>(y.begin(), y.end()) == c.values);
    check_explanations(net.graph, node_input(net.graph.input_size()));
  }
  // Pads of 0 are none, whatever they would hold.
  CHECK(output_of(import_chain({{1, 1, 2},
                                {step("Pad", {}, {"x", "p", "v"}, "q"), step("Abs", {}, {"q"}, "y")},
                                {list({0, 0, 0, 0, 0, 0}).renamed("p"),
                                 number(-std::numeric_limits<float>::infinity()).renamed("v")}})) ==
        Eigen::Vector2d(3.125, 0.5));
}

TEST_CASE("onnx: -infinity that could reach an output is refused", "[onnx]") {
  const std::vector<onnx::Attribute> three{integers("kernel_shape", {3}), integers("strides", {3}),
                                           integer("ceil_mode", 1)};
  CHECK_THAT(chain_refused(padded_pool({1, 1, 5}, {0, 0, 1, 0, 0, 2}, three)),
             Contains("node 'y' (MaxPool): Pool: ") && Contains("wholly in padding"));
  CHECK(
      chain_refused(padded_pool({1, 1, 5}, {0, 1, 0, 0, 0, 0}, three)) ==
      "node 'y' (MaxPool): input 0 ('q'): expected -infinity around pixels, found it along axis 1, where it "
      "would be the maximum");
  Chain other = padded_pool({1, 1, 5}, {0, 0, 1, 0, 0, 0}, three);
  other.nodes[1] = step("Relu", {}, {"q"}, "y");
  CHECK(chain_refused(other) ==
        "node 'y' (Relu): input 0 ('q'): it is padded with -infinity, which only a MaxPool may read");
  other.nodes.pop_back();
  CHECK(chain_refused(other) == "output 'q': expected finite values, found padding of -infinity");
}
