#include <ascribe/io/onnx/operators/convolution.hpp>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::test;
using Catch::Matchers::Contains;
using Eigen::VectorXd;

/// A kernel's weights, behind the numbers of the input.
onnx::Tensor kernel(onnx::Dims dims) {
  Index count = 1;
  for (const Index size : dims) count *= size;
  std::vector<float> values;
  const Eigen::MatrixXd numbers = node_input(count, 3);
  for (Index i = 0; i < count; ++i) values.push_back(float(numbers(i)));
  return onnx::Tensor::of("", std::move(dims), std::move(values));
}

// The expected values are onnxruntime's (1.32) on the same inputs (node_input), which onnx.reference's (onnx
// 1.23) equal where it does not fail.
TEST_CASE("onnx: Conv over three spatial axes", "[onnx]") {
  check_node(
      {.op = "Conv",
       .attributes = {integers("strides", {1, 2, 1}), integers("pads", {1, 0, 0, 0, 1, 2})},
       .inputs = {{1, 2, 3, 3, 2}},
       .constants = {kernel({2, 2, 2, 2, 3}), list_of_reals({1, -2})}},
      {{{1, 2, 3, 2, 2}, {-9.53125, 5.28125, -12.78125, 3.75,    12.8125, 2.125,    -11.8125,  8.1875,
                          6.3125,   -9.5,    -7.1875,   -7.1875, 7.96875, -0.71875, -13.03125, 1.5,
                          -11.1875, 2.125,   -28.3125,  11.1875, 6.3125,  0.5,      16.3125,   -11.1875}}});
  check_node({.op = "Conv",
              .attributes = {integer("group", 2), integers("dilations", {2, 3, 1})},
              .inputs = {{1, 4, 3, 4, 3}},
              .constants = {kernel({2, 2, 2, 2, 2})}},
             {{{1, 2, 1, 1, 2}, {-4.0625, -17.6875, 10.9375, -3.6875}}});
  check_node(
      {.op = "Conv",
       .attributes = {integer("group", 3), integers("strides", {2, 2, 3}), text("auto_pad", "SAME_LOWER")},
       .inputs = {{1, 3, 3, 3, 4}},
       .constants = {kernel({3, 1, 2, 3, 2})}},
      {{{1, 3, 2, 2, 2}, {-2.4375, 2.65625,  4.5,    -13.40625, -0.5625,  -0.625,  -7.6875, 4.25,
                          -9.0625, 12.15625, -6.875, -7.40625,  -25.0625, 25.875,  22.3125, -10.25,
                          -1.6875, 0.65625,  0.75,   -6.40625,  -0.5625,  -11.625, 14.3125, -20.75}}});
  check_node({.op = "Conv",
              .attributes = {integers("kernel_shape", {2, 2, 1})},
              .inputs = {{2, 1, 2, 3, 3}},
              .constants = {kernel({3, 1, 2, 2, 1})}},
             {{{2, 3, 1, 2, 3},
               {3.421875,  -0.359375,  -0.140625, 17.078125,  -5.703125, 13.515625, 11.671875, -1.859375,
                12.609375, 8.078125,   -0.453125, 9.015625,   19.921875, -3.359375, 25.359375, -0.921875,
                4.796875,  4.515625,   9.359375,  -21.421875, 5.796875,  2.015625,  2.234375,  19.453125,
                10.109375, -18.421875, 11.046875, -2.484375,  11.984375, 7.453125,  10.859375, -15.421875,
                16.296875, -6.984375,  21.734375, -4.546875}}},
             false);
}

TEST_CASE("onnx: ConvTranspose over three spatial axes", "[onnx]") {
  check_node({.op = "ConvTranspose",
              .attributes = {integers("strides", {2, 1, 2}), integers("pads", {0, 1, 0, 1, 0, 1}),
                             integers("output_padding", {1, 0, 1})},
              .inputs = {{1, 2, 2, 1, 2}},
              .constants = {kernel({2, 1, 2, 3, 2}), list_of_reals({3})}},
             {{{1, 1, 4, 2, 4}, {14.5625, -11.53125, 0,      6.1875,  14.375,  -11.71875, 0.375, 6.5625,
                                 14,      14.90625,  1.125,  -0.6875, 13.8125, 14.71875,  1.5,   -0.3125,
                                 13.4375, -12.09375, -1.125, 5.625,   14.375,  -11.15625, 0.375, 7.125,
                                 16.25,   11.71875,  3.375,  -3.875,  17.1875, 12.65625,  4.875, -2.375}}});
  check_node(
      {.op = "ConvTranspose",
       .attributes = {integer("group", 2), integers("dilations", {2, 1, 1}),
                      integers("kernel_shape", {2, 2, 2})},
       .inputs = {{1, 4, 2, 2, 1}},
       .constants = {kernel({4, 1, 2, 2, 2})}},
      {{{1, 2, 4, 3, 2},
        {-10.1875, -9.28125, -7.25,   -8.15625, 3.5,    1.6875,   -7.5625, -12.09375, -0.875,  -12.65625,
         7.25,     0,        16.4375, -9.65625, 12.125, -7.78125, -3.75,   2.4375,    15.3125, -10.21875,
         11,       -7.78125, -3.75,   3,        2.8125, -4.03125, 1.75,    -8.65625,  5.5,     1.9375,
         2.4375,   -3.84375, -7.875,  11.84375, -9.75,  16.25,    -0.5625, 7.59375,   8.125,   -7.28125,
         15.25,    -8.3125,  1.3125,  4.03125,  -9,     -6.28125, -9.75,   -9.75}}});
  check_node(
      {.op = "ConvTranspose",
       .attributes = {integers("strides", {2, 2, 2}), text("auto_pad", "SAME_UPPER")},
       .inputs = {{1, 1, 2, 1, 2}},
       .constants = {kernel({1, 1, 3, 2, 3})}},
      {{{1, 1, 4, 2, 4}, {0.78125, -10.546875, 3,        1.6875,   -8.203125, 5.46875, -4.546875, -0.875,
                          7.8125,  -3.515625,  8.90625,  0.5625,   -1.171875, 12.5,    1.359375,  -2,
                          -9.1875, -9.5625,    -2.25,    -1.40625, -4.3125,   1.3125,  -0.65625,  1.3125,
                          9.6875,  -4.359375,  13.21875, -0.28125, -1.453125, 15.5,    1.359375,  1}}});
  check_node(
      {.op = "ConvTranspose",
       .attributes = {integers("strides", {2, 1, 2}), integers("output_shape", {5, 2, 3})},
       .inputs = {{1, 1, 2, 2, 2}},
       .constants = {kernel({1, 1, 3, 2, 2})}},
      {{{1, 1, 5, 2, 3}, {-21.28125, -0.4375,   0.46875,  -10.171875, 0.25,     -0.65625, -10.78125, -0.8125,
                          0.09375,   -4.359375, 0.625,    -0.28125,   17.4375,  0.25,     -8.8125,   8.34375,
                          2.75,      -4.5,      8.71875,  5.5625,     -4.40625, 2.953125, 4.375,     -1.96875,
                          -0.28125,  9.6875,    -0.28125, -0.984375,  7,        0.65625}}});
}

TEST_CASE("onnx: what convolutions refuse of their axes", "[onnx]") {
  const auto refused = [](std::string op, onnx::Dims input, onnx::Dims weights,
                          std::vector<onnx::Attribute> attributes = {}) {
    return refusal({.op = std::move(op),
                    .attributes = std::move(attributes),
                    .inputs = {std::move(input)},
                    .constants = {kernel(std::move(weights))}});
  };
  for (const std::string op : {"Conv", "ConvTranspose"}) {
    const std::string at = "node 'it' (" + op + "): ";
    CHECK(refused(op, {1, 1, 2, 2, 2, 2}, {1, 1, 1, 1, 1, 1}) ==
          at + "expected an input of 1 to 3 spatial axes, found shape (1, 1, 2, 2, 2, 2)");
    CHECK(refused(op, {1, 1}, {1, 1}) == at + "expected an input of 1 to 3 spatial axes, found shape (1, 1)");
    CHECK(refused(op, {1, 1, 2, 2, 2}, {1, 1, 1, 1}) ==
          at + "the weights: expected 5 axes, found shape (1, 1, 1, 1)");
    CHECK(refused(op, {1, 1, 2, 2, 2}, {1, 1, 1, 2, 1}, {integers("kernel_shape", {1, 2, 2})}) ==
          at + "attribute 'kernel_shape': expected the weights' (1, 2, 1), found (1, 2, 2)");
    CHECK(refused(op, {1, 1, 2, 2, 2}, {1, 1, 1, 1, 1}, {integers("strides", {1, 2})}) ==
          at + "attribute 'strides': expected 3 sizes, found 2");
    CHECK(refused(op, {1, 1, 2, 2, 2}, {1, 1, 1, 1, 1}, {integers("dilations", {0, 1, 1})}) ==
          at + "attribute 'dilations': expected sizes from 1 to 1073741824, found 0");
    CHECK(refused(op, {1, 1, 2, 2, 2}, {1, 1, 1, 1, 1}, {integers("pads", {0, 0, 0, 0, 0})}) ==
          at + "attribute 'pads': expected 6 sizes, found 5");
  }
  CHECK(refused("Conv", {1, 1, 2, 2, 2}, {1, 1, 3, 1, 1}) ==
        "node 'it' (Conv): Conv: the kernel spans 3 along the depth: expected at most the padded input's 2");
}

}  // namespace
