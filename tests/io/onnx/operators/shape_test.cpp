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

namespace {

void check(const OneNode& one, const std::vector<Expected>& expected, bool batched = true,
           Index layers = -1) {
  check_node(one, expected, batched, layers);
}

std::string refused(const OneNode& one, bool batched = false) { return refusal(one, batched); }

}  // namespace

// The expected values are onnx.reference's (onnx 1.23) and numpy's on the same inputs (node_input).

TEST_CASE("onnx: Concat", "[onnx]") {
  check({.op = "Concat", .attributes = {integer("axis", 1)}, .inputs = {{1, 2, 2, 2}, {1, 1, 2, 2}}},
        {{{1, 3, 2, 2}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1, 2.625, -1.75, 1.875, -2.5, 1.125, -3.25}}},
        true, 1);
  check({.op = "Concat", .attributes = {integer("axis", -1)}, .inputs = {{1, 2, 3}, {1, 2, 1}, {1, 2, 2}}},
        {{{1, 2, 6}, {-3.125, 0.5, -3.875, 2.625, 1.875, -2.5, -0.25, 3.375, -1, -1.75, 1.125, -3.25}}}, true,
        1);
  check({.op = "Concat", .attributes = {integer("axis", 0)}, .inputs = {{2, 2}, {1, 2}}},
        {{{3, 2}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1}}}, false);
  check({.op = "Concat", .attributes = {integer("axis", 1)}, .inputs = {{1, 3}}},
        {{{1, 3}, {-3.125, 0.5, -3.875}}}, true, 0);
}

TEST_CASE("onnx: Split", "[onnx]") {
  check({.op = "Split", .attributes = {integer("axis", 1)}, .inputs = {{1, 6}}, .outputs = 3, .opset = 12},
        {{{1, 2}, {-3.125, 0.5}}, {{1, 2}, {-3.875, -0.25}}, {{1, 2}, {3.375, -1}}});
  check({.op = "Split",
         .attributes = {integer("axis", 1), integers("split", {1, 3, 2})},
         .inputs = {{1, 6}},
         .outputs = 3,
         .opset = 12},
        {{{1, 1}, {-3.125}}, {{1, 3}, {0.5, -3.875, -0.25}}, {{1, 2}, {3.375, -1}}});
  check({.op = "Split",
         .attributes = {integer("axis", -2)},
         .inputs = {{1, 6, 2}},
         .constants = {list({4, 2})},
         .outputs = 2,
         .opset = 13},
        {{{1, 4, 2}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1, 2.625, -1.75}},
         {{1, 2, 2}, {1.875, -2.5, 1.125, -3.25}}});
  check({.op = "Split",
         .attributes = {integer("axis", 1), integer("num_outputs", 3)},
         .inputs = {{1, 7}},
         .outputs = 3,
         .opset = 18},
        {{{1, 3}, {-3.125, 0.5, -3.875}}, {{1, 3}, {-0.25, 3.375, -1}}, {{1, 1}, {2.625}}});
  check({.op = "Split", .inputs = {{4, 2}}, .outputs = 2, .opset = 13},
        {{{2, 2}, {-3.125, 0.5, -3.875, -0.25}}, {{2, 2}, {3.375, -1, 2.625, -1.75}}}, false);
}

TEST_CASE("onnx: Slice", "[onnx]") {
  check({.op = "Slice",
         .attributes = {integers("starts", {0, -4}), integers("ends", {2, 100}), integers("axes", {1, 2})},
         .inputs = {{1, 3, 5}},
         .opset = 9},
        {{{1, 2, 4}, {0.5, -3.875, -0.25, 3.375, 2.625, -1.75, 1.875, -2.5}}});
  check({.op = "Slice",
         .attributes = {integers("starts", {0, 1}), integers("ends", {1, -1})},
         .inputs = {{2, 5}},
         .opset = 9},
        {{{1, 3}, {0.5, -3.875, -0.25}}}, false);
  check(
      {.op = "Slice", .inputs = {{1, 3, 5}}, .constants = {list({4}), list({-1000}), list({2}), list({-2})}},
      {{{1, 3, 3}, {3.375, -3.875, -3.125, -2.5, -1.75, -1, -0.375, 0.375, 1.125}}});
  check({.op = "Slice",
         .inputs = {{1, 3, 5}},
         .constants = {list({9223372036854775807}), list({-9223372036854775807}), list({1}), list({-1})}},
        {{{1, 3, 5},
          {1.125, -3.25, 0.375, -4, -0.375, -1, 2.625, -1.75, 1.875, -2.5, -3.125, 0.5, -3.875, -0.25,
           3.375}}});
  check({.op = "Slice", .inputs = {{1, 3, 5}}, .constants = {list({0, 1}), list({9223372036854775807, 3})}},
        {{{1, 2, 5}, {-1, 2.625, -1.75, 1.875, -2.5, 1.125, -3.25, 0.375, -4, -0.375}}});
  check({.op = "Slice",
         .inputs = {{1, 3, 5}},
         .constants = {list({1}), list({5}), list({-1}), list({9223372036854775807})}},
        {{{1, 3, 1}, {0.5, 2.625, -3.25}}});
  check(
      {.op = "Slice", .inputs = {{1, 3, 5}}, .constants = {list({0}), list({3}), list({1})}},
      {{{1, 3, 5},
        {-3.125, 0.5, -3.875, -0.25, 3.375, -1, 2.625, -1.75, 1.875, -2.5, 1.125, -3.25, 0.375, -4, -0.375}}},
      true, 0);
}

TEST_CASE("onnx: Pad", "[onnx]") {
  check({.op = "Pad",
         .attributes = {integers("pads", {0, 1, 0, 0, 0, 2}), real("value", 1.5f)},
         .inputs = {{1, 2, 3}},
         .opset = 10},
        {{{1, 3, 5}, {1.5, 1.5, 1.5, 1.5, 1.5, -3.125, 0.5, -3.875, 1.5, 1.5, -0.25, 3.375, -1, 1.5, 1.5}}});
  check({.op = "Pad", .inputs = {{1, 1, 2, 3}}, .constants = {list({0, 0, 1, 1, 0, 0, 0, 2}), number(2)}},
        {{{1, 1, 3, 6}, {2, 2, 2, 2, 2, 2, 2, -3.125, 0.5, -3.875, 2, 2, 2, -0.25, 3.375, -1, 2, 2}}});
  check({.op = "Pad", .inputs = {{1, 1, 2, 3}}, .constants = {list({0, 0, 1, 1, 0, 0, 0, 2})}},
        {{{1, 1, 3, 6}, {0, 0, 0, 0, 0, 0, 0, -3.125, 0.5, -3.875, 0, 0, 0, -0.25, 3.375, -1, 0, 0}}});
  check({.op = "Pad",
         .attributes = {text("mode", "reflect")},
         .inputs = {{1, 1, 2, 4}},
         .constants = {list({1, 3, 1, 2}), nothing(), list({2, -1})}},
        {{{1, 1, 4, 9},
          {-1.75,  2.625, -1,     3.375, -1,     2.625, -1.75,  2.625, -1,     -0.25, -3.875, 0.5,
           -3.125, 0.5,   -3.875, -0.25, -3.875, 0.5,   -1.75,  2.625, -1,     3.375, -1,     2.625,
           -1.75,  2.625, -1,     -0.25, -3.875, 0.5,   -3.125, 0.5,   -3.875, -0.25, -3.875, 0.5}}});
  check({.op = "Pad",
         .attributes = {text("mode", "edge")},
         .inputs = {{1, 1, 2, 4}},
         .constants = {list({1, 2, 2, 0}), nothing(), list({-2, 3})}},
        {{{1, 1, 5, 6}, {-3.125, -3.125, -3.125, 0.5,   -3.875, -0.25, -3.125, -3.125, -3.125, 0.5,
                         -3.875, -0.25,  3.375,  3.375, 3.375,  -1,    2.625,  -1.75,  3.375,  3.375,
                         3.375,  -1,     2.625,  -1.75, 3.375,  3.375, 3.375,  -1,     2.625,  -1.75}}});
  check({.op = "Pad",
         .attributes = {text("mode", "wrap")},
         .inputs = {{1, 1, 2, 4}},
         .constants = {list({3, 0, 0, 2}), nothing(), list({2, 3})}},
        {{{1, 1, 5, 6}, {3.375,  -1,    2.625,  -1.75, 3.375, -1,    -3.125, 0.5,   -3.875, -0.25,
                         -3.125, 0.5,   3.375,  -1,    2.625, -1.75, 3.375,  -1,    -3.125, 0.5,
                         -3.875, -0.25, -3.125, 0.5,   3.375, -1,    2.625,  -1.75, 3.375,  -1}}});
  check({.op = "Pad",
         .attributes = {text("mode", "reflect")},
         .inputs = {{1, 1, 2, 1, 3}},
         .constants = {list({0, 0, 1, 0, 2, 0, 0, 0, 0, 0})}},
        {{{1, 1, 3, 1, 5},
          {-1, 3.375, -0.25, 3.375, -1, -3.875, 0.5, -3.125, 0.5, -3.875, -1, 3.375, -0.25, 3.375, -1}}});
  check({.op = "Pad", .inputs = {{1, 5}}, .constants = {list({0, -1, 0, -2})}}, {{{1, 2}, {0.5, -3.875}}});
  check({.op = "Pad", .inputs = {{1, 5}}, .constants = {list({0, -2, 0, 1})}},
        {{{1, 4}, {-3.875, -0.25, 3.375, 0}}});
  check({.op = "Pad",
         .attributes = {text("mode", "reflect")},
         .inputs = {{1, 5}},
         .constants = {list({0, 2, 0, -2})}},
        {{{1, 5}, {-3.875, 0.5, -3.125, 0.5, -3.875}}});
  check({.op = "Pad", .inputs = {{1, 5}}, .constants = {list({0, 0, 0, 0})}},
        {{{1, 5}, {-3.125, 0.5, -3.875, -0.25, 3.375}}}, true, 0);
}

TEST_CASE("onnx: Gather with constant indices", "[onnx]") {
  check({.op = "Gather",
         .attributes = {integer("axis", 1)},
         .inputs = {{1, 4, 3}},
         .constants = {list({2, 0, -1})}},
        {{{1, 3, 3}, {2.625, -1.75, 1.875, -3.125, 0.5, -3.875, -2.5, 1.125, -3.25}}}, true, 1);
  check({.op = "Gather",
         .attributes = {integer("axis", -1)},
         .inputs = {{1, 4, 3}},
         .constants = {list({1, 1})}},
        {{{1, 4, 2}, {0.5, 0.5, 3.375, 3.375, -1.75, -1.75, 1.125, 1.125}}});
  check({.op = "Gather", .inputs = {{4, 3}}, .constants = {list({3, 1})}},
        {{{2, 3}, {-2.5, 1.125, -3.25, -0.25, 3.375, -1}}}, false);
}

TEST_CASE("onnx: Tile and Expand", "[onnx]") {
  check({.op = "Tile", .inputs = {{1, 2, 3}}, .constants = {list({1, 2, 2})}},
        {{{1, 4, 6}, {-3.125, 0.5, -3.875, -3.125, 0.5, -3.875, -0.25, 3.375, -1, -0.25, 3.375, -1,
                      -3.125, 0.5, -3.875, -3.125, 0.5, -3.875, -0.25, 3.375, -1, -0.25, 3.375, -1}}},
        true, 1);
  check({.op = "Expand", .inputs = {{1, 2, 1}}, .constants = {list({1, 2, 3})}},
        {{{1, 2, 3}, {-3.125, -3.125, -3.125, 0.5, 0.5, 0.5}}}, true, 1);
  check({.op = "Expand", .inputs = {{2, 1}}, .constants = {list({3, 1, 2})}},
        {{{3, 2, 2}, {-3.125, -3.125, 0.5, 0.5, -3.125, -3.125, 0.5, 0.5, -3.125, -3.125, 0.5, 0.5}}}, false);
  check({.op = "Expand", .inputs = {{1, 2, 3}}, .constants = {list({3})}},
        {{{1, 2, 3}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1}}}, true, 0);
}

TEST_CASE("onnx: Reshape, Flatten, Squeeze and Unsqueeze are free in C order", "[onnx]") {
  check({.op = "Reshape", .inputs = {{1, 2, 3, 4}}, .constants = {list({0, -1})}},
        {{{1, 24}, {-3.125, 0.5, -3.875, -0.25, 3.375,  -1,  2.625,  -1.75, 1.875,  -2.5, 1.125,  -3.25,
                    0.375,  -4,  -0.375, 3.25,  -1.125, 2.5, -1.875, 1.75,  -2.625, 1,    -3.375, 0.25}}},
        true, 0);
  check({.op = "Reshape", .inputs = {{1, 2, 3, 4}}, .constants = {list({-1, 24})}},
        {{{1, 24}, {-3.125, 0.5, -3.875, -0.25, 3.375,  -1,  2.625,  -1.75, 1.875,  -2.5, 1.125,  -3.25,
                    0.375,  -4,  -0.375, 3.25,  -1.125, 2.5, -1.875, 1.75,  -2.625, 1,    -3.375, 0.25}}},
        true, 0);
  check(
      {.op = "Reshape", .inputs = {{1, 2, 3, 4}}, .constants = {list({0, 0, 2, -1})}},
      {{{1, 2, 2, 6}, {-3.125, 0.5, -3.875, -0.25, 3.375,  -1,  2.625,  -1.75, 1.875,  -2.5, 1.125,  -3.25,
                       0.375,  -4,  -0.375, 3.25,  -1.125, 2.5, -1.875, 1.75,  -2.625, 1,    -3.375, 0.25}}},
      true, 0);
  check({.op = "Reshape", .inputs = {{1, 6}}, .constants = {list({1, 1, 2, 3})}},
        {{{1, 1, 2, 3}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1}}}, true, 0);
  check({.op = "Reshape", .inputs = {{2, 3, 4}}, .constants = {list({4, -1})}},
        {{{4, 6}, {-3.125, 0.5, -3.875, -0.25, 3.375,  -1,  2.625,  -1.75, 1.875,  -2.5, 1.125,  -3.25,
                   0.375,  -4,  -0.375, 3.25,  -1.125, 2.5, -1.875, 1.75,  -2.625, 1,    -3.375, 0.25}}},
        false, 0);
  check({.op = "Reshape",
         .attributes = {integer("allowzero", 1)},
         .inputs = {{2, 3}},
         .constants = {list({6})}},
        {{{6}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1}}}, false, 0);
  check({.op = "Flatten", .inputs = {{1, 2, 3, 2}}},
        {{{1, 12}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1, 2.625, -1.75, 1.875, -2.5, 1.125, -3.25}}}, true,
        0);
  check({.op = "Flatten", .attributes = {integer("axis", -1)}, .inputs = {{2, 3, 2}}},
        {{{6, 2}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1, 2.625, -1.75, 1.875, -2.5, 1.125, -3.25}}}, false,
        0);
  check({.op = "Flatten", .attributes = {integer("axis", 0)}, .inputs = {{2, 3, 2}}},
        {{{1, 12}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1, 2.625, -1.75, 1.875, -2.5, 1.125, -3.25}}}, false,
        0);
  check({.op = "Squeeze", .attributes = {integers("axes", {1, -1})}, .inputs = {{1, 1, 3, 1}}, .opset = 12},
        {{{1, 3}, {-3.125, 0.5, -3.875}}}, true, 0);
  check({.op = "Squeeze", .inputs = {{1, 1, 3, 1}}, .constants = {list({1})}},
        {{{1, 3, 1}, {-3.125, 0.5, -3.875}}}, true, 0);
  check({.op = "Squeeze", .inputs = {{3, 1, 2, 1}}}, {{{3, 2}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1}}},
        false, 0);
  check({.op = "Unsqueeze", .attributes = {integers("axes", {1, 3})}, .inputs = {{1, 3}}, .opset = 12},
        {{{1, 1, 3, 1}, {-3.125, 0.5, -3.875}}}, true, 0);
  check({.op = "Unsqueeze", .inputs = {{1, 3}}, .constants = {list({-1, 1})}},
        {{{1, 1, 3, 1}, {-3.125, 0.5, -3.875}}}, true, 0);
}

TEST_CASE("onnx: Transpose moves at the door alone", "[onnx]") {
  check({.op = "Transpose", .attributes = {integers("perm", {0, 2, 1})}, .inputs = {{1, 2, 3}}},
        {{{1, 3, 2}, {-3.125, -0.25, 0.5, 3.375, -3.875, -1}}}, true, 1);
  check({.op = "Transpose", .attributes = {integers("perm", {0, 2, 3, 1})}, .inputs = {{1, 2, 3, 2}}},
        {{{1, 3, 2, 2}, {-3.125, 2.625, 0.5, -1.75, -3.875, 1.875, -0.25, -2.5, 3.375, 1.125, -1, -3.25}}},
        true, 1);
  check({.op = "Transpose", .inputs = {{1, 2, 3}}}, {{{3, 2, 1}, {-3.125, -0.25, 0.5, 3.375, -3.875, -1}}},
        true, 1);
  check({.op = "Transpose", .inputs = {{2, 3}}}, {{{3, 2}, {-3.125, -0.25, 0.5, 3.375, -3.875, -1}}}, false);
  check({.op = "Transpose", .attributes = {integers("perm", {1, 0, 2})}, .inputs = {{1, 2, 3}}},
        {{{2, 1, 3}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1}}}, true, 0);
}

TEST_CASE("onnx: DepthToSpace and SpaceToDepth", "[onnx]") {
  check({.op = "DepthToSpace", .attributes = {integer("blocksize", 2)}, .inputs = {{1, 8, 2, 1}}},
        {{{1, 2, 4, 2},
          {-3.125, 3.375, 1.875, 0.375, 0.5, -1, -2.5, -4, -3.875, 2.625, 1.125, -0.375, -0.25, -1.75, -3.25,
           3.25}}},
        true, 1);
  check({.op = "DepthToSpace",
         .attributes = {integer("blocksize", 2), text("mode", "CRD")},
         .inputs = {{1, 8, 1, 2}}},
        {{{1, 2, 2, 4},
          {-3.125, -3.875, 0.5, -0.25, 3.375, 2.625, -1, -1.75, 1.875, 1.125, -2.5, -3.25, 0.375, -0.375, -4,
           3.25}}},
        true, 1);
  check({.op = "SpaceToDepth", .attributes = {integer("blocksize", 2)}, .inputs = {{1, 2, 4, 2}}},
        {{{1, 8, 2, 1},
          {-3.125, 3.375, 1.875, 0.375, 0.5, -1, -2.5, -4, -3.875, 2.625, 1.125, -0.375, -0.25, -1.75, -3.25,
           3.25}}},
        true, 1);
  check({.op = "SpaceToDepth",
         .attributes = {integer("blocksize", 2), text("mode", "CRD")},
         .inputs = {{1, 2, 2, 4}}},
        {{{1, 8, 1, 2},
          {-3.125, -3.875, 0.5, -0.25, 3.375, 2.625, -1, -1.75, 1.875, 1.125, -2.5, -3.25, 0.375, -0.375, -4,
           3.25}}},
        true, 1);
  check({.op = "DepthToSpace", .attributes = {integer("blocksize", 2)}, .inputs = {{2, 4, 1, 1}}},
        {{{2, 1, 2, 2}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1, 2.625, -1.75}}}, false);
}

TEST_CASE("onnx: Resize and Upsample to the nearest place", "[onnx]") {
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "half_pixel"),
                        text("nearest_mode", "round_prefer_floor")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7}, {-3.125, -3.125, 0.5, -3.875, -3.875, -0.25, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "half_pixel"),
                        text("nearest_mode", "round_prefer_floor")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), nothing(), list({1, 1, 3})}},
        {{{1, 1, 3}, {-3.125, -3.875, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "half_pixel"),
                        text("nearest_mode", "round_prefer_ceil")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7}, {-3.125, 0.5, 0.5, -3.875, -0.25, -0.25, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "half_pixel"),
                        text("nearest_mode", "round_prefer_ceil")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), nothing(), list({1, 1, 3})}},
        {{{1, 1, 3}, {-3.125, -3.875, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "half_pixel"), text("nearest_mode", "floor")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7}, {-3.125, -3.125, 0.5, 0.5, -3.875, -0.25, -0.25}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "half_pixel"), text("nearest_mode", "floor")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), nothing(), list({1, 1, 3})}},
        {{{1, 1, 3}, {-3.125, -3.875, -0.25}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "half_pixel"), text("nearest_mode", "ceil")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7}, {-3.125, 0.5, -3.875, -3.875, -0.25, 3.375, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "half_pixel"), text("nearest_mode", "ceil")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), nothing(), list({1, 1, 3})}},
        {{{1, 1, 3}, {0.5, -3.875, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "half_pixel_symmetric"),
                        text("nearest_mode", "round_prefer_floor")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7}, {-3.125, 0.5, 0.5, -3.875, -0.25, -0.25, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "half_pixel_symmetric"),
                        text("nearest_mode", "round_prefer_floor")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), nothing(), list({1, 1, 3})}},
        {{{1, 1, 3}, {-3.125, -3.875, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "half_pixel_symmetric"),
                        text("nearest_mode", "round_prefer_ceil")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7}, {-3.125, 0.5, 0.5, -3.875, -0.25, -0.25, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "half_pixel_symmetric"),
                        text("nearest_mode", "round_prefer_ceil")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), nothing(), list({1, 1, 3})}},
        {{{1, 1, 3}, {-3.125, -3.875, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "half_pixel_symmetric"),
                        text("nearest_mode", "floor")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7}, {-3.125, -3.125, 0.5, -3.875, -3.875, -0.25, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "half_pixel_symmetric"),
                        text("nearest_mode", "floor")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), nothing(), list({1, 1, 3})}},
        {{{1, 1, 3}, {-3.125, -3.875, -0.25}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "half_pixel_symmetric"),
                        text("nearest_mode", "ceil")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7}, {-3.125, 0.5, -3.875, -3.875, -0.25, 3.375, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "half_pixel_symmetric"),
                        text("nearest_mode", "ceil")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), nothing(), list({1, 1, 3})}},
        {{{1, 1, 3}, {0.5, -3.875, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "pytorch_half_pixel"),
                        text("nearest_mode", "round_prefer_floor")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7}, {-3.125, -3.125, 0.5, -3.875, -3.875, -0.25, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "pytorch_half_pixel"),
                        text("nearest_mode", "round_prefer_floor")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), nothing(), list({1, 1, 3})}},
        {{{1, 1, 3}, {-3.125, -3.875, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "pytorch_half_pixel"),
                        text("nearest_mode", "round_prefer_ceil")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7}, {-3.125, 0.5, 0.5, -3.875, -0.25, -0.25, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "pytorch_half_pixel"),
                        text("nearest_mode", "round_prefer_ceil")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), nothing(), list({1, 1, 3})}},
        {{{1, 1, 3}, {-3.125, -3.875, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "pytorch_half_pixel"),
                        text("nearest_mode", "floor")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7}, {-3.125, -3.125, 0.5, 0.5, -3.875, -0.25, -0.25}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "pytorch_half_pixel"),
                        text("nearest_mode", "floor")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), nothing(), list({1, 1, 3})}},
        {{{1, 1, 3}, {-3.125, -3.875, -0.25}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "pytorch_half_pixel"),
                        text("nearest_mode", "ceil")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7}, {-3.125, 0.5, -3.875, -3.875, -0.25, 3.375, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "pytorch_half_pixel"),
                        text("nearest_mode", "ceil")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), nothing(), list({1, 1, 3})}},
        {{{1, 1, 3}, {0.5, -3.875, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "align_corners"),
                        text("nearest_mode", "round_prefer_floor")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7}, {-3.125, 0.5, 0.5, -3.875, -3.875, -0.25, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "align_corners"),
                        text("nearest_mode", "round_prefer_floor")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), nothing(), list({1, 1, 3})}},
        {{{1, 1, 3}, {-3.125, -3.875, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "align_corners"),
                        text("nearest_mode", "round_prefer_ceil")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7}, {-3.125, 0.5, 0.5, -3.875, -3.875, -0.25, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "align_corners"),
                        text("nearest_mode", "round_prefer_ceil")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), nothing(), list({1, 1, 3})}},
        {{{1, 1, 3}, {-3.125, -3.875, 3.375}}});
  check(
      {.op = "Resize",
       .attributes = {text("coordinate_transformation_mode", "align_corners"), text("nearest_mode", "floor")},
       .inputs = {{1, 1, 5}},
       .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
      {{{1, 1, 7}, {-3.125, -3.125, 0.5, 0.5, -3.875, -0.25, -0.25}}});
  check(
      {.op = "Resize",
       .attributes = {text("coordinate_transformation_mode", "align_corners"), text("nearest_mode", "floor")},
       .inputs = {{1, 1, 5}},
       .constants = {nothing(), nothing(), list({1, 1, 3})}},
      {{{1, 1, 3}, {-3.125, -3.875, 3.375}}});
  check(
      {.op = "Resize",
       .attributes = {text("coordinate_transformation_mode", "align_corners"), text("nearest_mode", "ceil")},
       .inputs = {{1, 1, 5}},
       .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
      {{{1, 1, 7}, {-3.125, 0.5, -3.875, -3.875, -0.25, 3.375, 3.375}}});
  check(
      {.op = "Resize",
       .attributes = {text("coordinate_transformation_mode", "align_corners"), text("nearest_mode", "ceil")},
       .inputs = {{1, 1, 5}},
       .constants = {nothing(), nothing(), list({1, 1, 3})}},
      {{{1, 1, 3}, {-3.125, -3.875, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "asymmetric"),
                        text("nearest_mode", "round_prefer_floor")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7}, {-3.125, 0.5, 0.5, -3.875, -0.25, -0.25, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "asymmetric"),
                        text("nearest_mode", "round_prefer_floor")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), nothing(), list({1, 1, 3})}},
        {{{1, 1, 3}, {-3.125, -3.875, -0.25}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "asymmetric"),
                        text("nearest_mode", "round_prefer_ceil")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7}, {-3.125, 0.5, 0.5, -3.875, -0.25, -0.25, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "asymmetric"),
                        text("nearest_mode", "round_prefer_ceil")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), nothing(), list({1, 1, 3})}},
        {{{1, 1, 3}, {-3.125, -3.875, -0.25}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "asymmetric"), text("nearest_mode", "floor")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7}, {-3.125, -3.125, 0.5, -3.875, -3.875, -0.25, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "asymmetric"), text("nearest_mode", "floor")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), nothing(), list({1, 1, 3})}},
        {{{1, 1, 3}, {-3.125, 0.5, -0.25}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "asymmetric"), text("nearest_mode", "ceil")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7}, {-3.125, 0.5, -3.875, -3.875, -0.25, 3.375, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "asymmetric"), text("nearest_mode", "ceil")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), nothing(), list({1, 1, 3})}},
        {{{1, 1, 3}, {-3.125, -3.875, 3.375}}});
  check({.op = "Resize", .inputs = {{1, 2, 2, 3}}, .constants = {nothing(), list_of_reals({1, 1, 2, 2})}},
        {{{1, 2, 4, 6},
          {-3.125, -3.125, 0.5,   0.5,   -3.875, -3.875, -3.125, -3.125, 0.5,   0.5,   -3.875, -3.875,
           -0.25,  -0.25,  3.375, 3.375, -1,     -1,     -0.25,  -0.25,  3.375, 3.375, -1,     -1,
           2.625,  2.625,  -1.75, -1.75, 1.875,  1.875,  2.625,  2.625,  -1.75, -1.75, 1.875,  1.875,
           -2.5,   -2.5,   1.125, 1.125, -3.25,  -3.25,  -2.5,   -2.5,   1.125, 1.125, -3.25,  -3.25}}},
        true, 1);
  check({.op = "Resize",
         .attributes = {integers("axes", {3, 2})},
         .inputs = {{1, 2, 2, 3}},
         .constants = {nothing(), nothing(), list({4, 5})}},
        {{{1, 2, 5, 4}, {-3.125, 0.5,    0.5,   -3.875, -3.125, 0.5,   0.5,   -3.875, -3.125, 0.5,
                         0.5,    -3.875, -0.25, 3.375,  3.375,  -1,    -0.25, 3.375,  3.375,  -1,
                         2.625,  -1.75,  -1.75, 1.875,  2.625,  -1.75, -1.75, 1.875,  2.625,  -1.75,
                         -1.75,  1.875,  -2.5,  1.125,  1.125,  -3.25, -2.5,  1.125,  1.125,  -3.25}}});
  check({.op = "Resize",
         .attributes = {integers("axes", {2, 3}), text("keep_aspect_ratio_policy", "not_larger")},
         .inputs = {{1, 1, 2, 4}},
         .constants = {nothing(), nothing(), list({7, 8})}},
        {{{1, 1, 4, 8}, {-3.125, -3.125, 0.5,    0.5,   -3.875, -3.875, -0.25, -0.25, -3.125, -3.125, 0.5,
                         0.5,    -3.875, -3.875, -0.25, -0.25,  3.375,  3.375, -1,    -1,     2.625,  2.625,
                         -1.75,  -1.75,  3.375,  3.375, -1,     -1,     2.625, 2.625, -1.75,  -1.75}}});
  check({.op = "Resize",
         .attributes = {integers("axes", {2, 3}), text("keep_aspect_ratio_policy", "not_smaller")},
         .inputs = {{1, 1, 2, 4}},
         .constants = {nothing(), nothing(), list({3, 7})}},
        {{{1, 1, 4, 7},
          {-3.125, -3.125, 0.5, 0.5, -3.875, -0.25, -0.25, -3.125, -3.125, 0.5, 0.5, -3.875, -0.25, -0.25,
           3.375,  3.375,  -1,  -1,  2.625,  -1.75, -1.75, 3.375,  3.375,  -1,  -1,  2.625,  -1.75, -1.75}}});
  check({.op = "Resize",
         .attributes = {text("coordinate_transformation_mode", "tf_half_pixel_for_nn"),
                        text("nearest_mode", "floor")},
         .inputs = {{1, 1, 5}},
         .constants = {list({}), list({}), list({1, 1, 3})},
         .opset = 11},
        {{{1, 1, 3}, {-3.125, -3.875, 3.375}}});
  check({.op = "Resize", .inputs = {{1, 1, 3}}, .constants = {list_of_reals({1, 1, 1.5f})}, .opset = 10},
        {{{1, 1, 4}, {-3.125, -3.125, 0.5, -3.875}}});
  check({.op = "Upsample", .inputs = {{1, 1, 2, 2}}, .constants = {list_of_reals({1, 1, 2, 3})}, .opset = 9},
        {{{1, 1, 4, 6},
          {-3.125, -3.125, -3.125, 0.5,   0.5,   0.5,   -3.125, -3.125, -3.125, 0.5,   0.5,   0.5,
           -3.875, -3.875, -3.875, -0.25, -0.25, -0.25, -3.875, -3.875, -3.875, -0.25, -0.25, -0.25}}});
  check({.op = "Upsample",
         .attributes = {reals("scales", {1, 1, 1, 2}), text("mode", "nearest")},
         .inputs = {{1, 1, 2, 2}},
         .opset = 7},
        {{{1, 1, 2, 4}, {-3.125, -3.125, 0.5, 0.5, -3.875, -3.875, -0.25, -0.25}}});
}

TEST_CASE("onnx: Resize and Upsample, linear", "[onnx]") {
  // Over three axes: onnxruntime's numbers (1.32).
  check({.op = "Resize",
         .attributes = {text("mode", "linear")},
         .inputs = {{1, 1, 2, 1, 2}},
         .constants = {nothing(), list_of_reals({1, 1, 2, 1, 2})}},
        {{{1, 1, 4, 1, 4},
          {-3.125, -2.21875, -0.40625, 0.5, -3.3125, -2.40625, -0.59375, 0.3125, -3.6875, -2.78125, -0.96875,
           -0.0625, -3.875, -2.96875, -1.15625, -0.25}}});
  check({.op = "Resize",
         .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "half_pixel")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7},
          {-3.125, -1.3125, -0.229166666667, -3.14583333333, -2.0625, 0.354166666667, 2.77083333333}}});
  check({.op = "Resize",
         .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "half_pixel")},
         .inputs = {{1, 1, 2, 4}},
         .constants = {nothing(), nothing(), list({1, 1, 3, 3})}},
        {{{1, 1, 3, 3},
          {-2.52083333333, -1.6875, -0.854166666667, 0.0625, -0.4375, -0.9375, 2.64583333333, 0.8125,
           -1.02083333333}}});
  check(
      {.op = "Resize",
       .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "half_pixel_symmetric")},
       .inputs = {{1, 1, 5}},
       .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
      {{{1, 1, 7},
        {-3.125, -0.708333333333, -0.958333333333, -3.875, -1.45833333333, 0.958333333333, 3.375}}});
  check(
      {.op = "Resize",
       .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "half_pixel_symmetric")},
       .inputs = {{1, 1, 2, 4}},
       .constants = {nothing(), nothing(), list({1, 1, 3, 3})}},
      {{{1, 1, 3, 3},
        {-2.52083333333, -1.6875, -0.854166666667, 0.0625, -0.4375, -0.9375, 2.64583333333, 0.8125,
         -1.02083333333}}});
  check({.op = "Resize",
         .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "pytorch_half_pixel")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7},
          {-3.125, -1.3125, -0.229166666667, -3.14583333333, -2.0625, 0.354166666667, 2.77083333333}}});
  check({.op = "Resize",
         .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "pytorch_half_pixel")},
         .inputs = {{1, 1, 2, 4}},
         .constants = {nothing(), nothing(), list({1, 1, 3, 3})}},
        {{{1, 1, 3, 3},
          {-2.52083333333, -1.6875, -0.854166666667, 0.0625, -0.4375, -0.9375, 2.64583333333, 0.8125,
           -1.02083333333}}});
  check({.op = "Resize",
         .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "align_corners")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7},
          {-3.125, -0.894230769231, -0.509615384615, -3.20192307692, -2.20192307692, 0.0288461538462,
           2.25961538462}}});
  check({.op = "Resize",
         .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "align_corners")},
         .inputs = {{1, 1, 2, 4}},
         .constants = {nothing(), nothing(), list({1, 1, 3, 3})}},
        {{{1, 1, 3, 3}, {-3.125, -1.6875, -0.25, 0.125, -0.4375, -1, 3.375, 0.8125, -1.75}}});
  check({.op = "Resize",
         .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "asymmetric")},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7},
          {-3.125, -0.708333333333, -0.958333333333, -3.875, -1.45833333333, 0.958333333333, 3.375}}});
  check({.op = "Resize",
         .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "asymmetric")},
         .inputs = {{1, 1, 2, 4}},
         .constants = {nothing(), nothing(), list({1, 1, 3, 3})}},
        {{{1, 1, 3, 3},
          {-3.125, -0.958333333333, -1.45833333333, 1.20833333333, -0.180555555556, -0.680555555556, 3.375,
           0.208333333333, -0.291666666667}}});
  check({.op = "Resize",
         .attributes = {text("mode", "linear")},
         .inputs = {{1, 2, 2, 2}},
         .constants = {nothing(), list_of_reals({1, 1, 2, 2})}},
        {{{1, 2, 4, 4}, {-3.125,  -2.21875, -0.40625, 0.5,     -3.3125, -2.40625, -0.59375, 0.3125,
                         -3.6875, -2.78125, -0.96875, -0.0625, -3.875,  -2.96875, -1.15625, -0.25,
                         3.375,   2.28125,  0.09375,  -1,      3.1875,  2.09375,  -0.09375, -1.1875,
                         2.8125,  1.71875,  -0.46875, -1.5625, 2.625,   1.53125,  -0.65625, -1.75}}},
        true, 1);
  check({.op = "Resize",
         .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "pytorch_half_pixel")},
         .inputs = {{1, 1, 4}},
         .constants = {nothing(), nothing(), list({1, 1, 1})}},
        {{{1, 1, 1}, {-3.125}}});
  check({.op = "Upsample",
         .attributes = {text("mode", "linear")},
         .inputs = {{1, 2, 3}},
         .constants = {list_of_reals({1, 1, 2})},
         .opset = 9},
        {{{1, 2, 6}, {-3.125, -1.3125, 0.5, -1.6875, -3.875, -3.875, -0.25, 1.5625, 3.375, 1.1875, -1, -1}}});
}

// Of onnx.reference with numbers of Python in place of its attributes, which are floats.
TEST_CASE("onnx: Resize by cubics", "[onnx]") {
  const std::vector<std::pair<const char*, std::vector<double>>> larger{
      {"half_pixel",
       {-3.439670138889, -0.90234375, 0.123842592593, -3.498842592593, -2.8125, 0.584924768519,
        2.917679398148}},
      {"half_pixel_symmetric",
       {-3.125, -0.155092592593, -0.675925925926, -3.875, -2.037037037037, 1.293981481481, 3.375}},
      {"pytorch_half_pixel",
       {-3.439670138889, -0.90234375, 0.123842592593, -3.498842592593, -2.8125, 0.584924768519,
        2.917679398148}},
      {"align_corners",
       {-3.125, -0.366807009558, -0.145197997269, -3.545516613564, -2.970186618116, 0.152594446973,
        2.512061902594}},
      {"asymmetric",
       {-3.125, -0.155092592593, -0.675925925926, -3.875, -2.037037037037, 1.293981481481, 3.375}},
  };
  for (const auto& [coordinates, values] : larger)
    check({.op = "Resize",
           .attributes = {text("mode", "cubic"), text("coordinate_transformation_mode", coordinates)},
           .inputs = {{1, 1, 5}},
           .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
          {{{1, 1, 7}, values}});
  const std::vector<std::pair<const char*, std::vector<double>>> smaller{
      {"half_pixel", {-1.740740740741, -3.875, 2.435185185185}},
      {"half_pixel_symmetric", {-1.740740740741, -3.875, 2.435185185185}},
      {"pytorch_half_pixel", {-1.740740740741, -3.875, 2.435185185185}},
      {"align_corners", {-3.125, -3.875, 3.375}},
      {"asymmetric", {-3.125, -2.699074074074, 1.293981481481}},
  };
  for (const auto& [coordinates, values] : smaller)
    check({.op = "Resize",
           .attributes = {text("mode", "cubic"), text("coordinate_transformation_mode", coordinates)},
           .inputs = {{1, 1, 5}},
           .constants = {nothing(), nothing(), list({1, 1, 3})}},
          {{{1, 1, 3}, values}});
  check({.op = "Resize",
         .attributes = {text("mode", "cubic"), real("cubic_coeff_a", -0.5f)},
         .inputs = {{1, 1, 2, 3}},
         .constants = {nothing(), nothing(), list({1, 1, 3, 5})}},
        {{{1, 1, 3, 5},
          {-3.523377314815, -1.718377314815, 0.333622685185, -2.222377314815, -4.321377314815, -1.9195,
           -0.1145, 1.9375, -0.6185, -2.7175, -0.315622685185, 1.489377314815, 3.541377314815, 0.985377314815,
           -1.113622685185}}},
        true, 1);
  check({.op = "Resize",
         .attributes = {text("mode", "cubic"), real("cubic_coeff_a", -0.5f), integer("exclude_outside", 1)},
         .inputs = {{1, 1, 2, 3}},
         .constants = {nothing(), nothing(), list({1, 1, 3, 5})}},
        {{{1, 1, 3, 5},
          {-3.587729642502, -1.846793990573, 0.310855263158, -2.367316378633, -4.394333416087, -1.96108490566,
           -0.220149253731, 1.9375, -0.740671641791, -2.767688679245, -0.334440168818, 1.406495483111,
           3.564144736842, 0.885973095051, -1.141043942403}}});
}

TEST_CASE("onnx: Resize against aliases", "[onnx]") {
  struct Case {
    const char* mode;
    std::int64_t exclude_outside;
    std::vector<double> by_sizes, by_scales;
  };
  const std::vector<Case> cases{
      {"linear",
       0,
       {-1.896875, -0.390243902439, 0.896341463415, 0.646875},
       {-2.346153840312, -0.729166723581, 0.84615390016}},
      {"linear",
       1,
       {-1.721428571429, -0.390243902439, 0.896341463415, 0.471428571429},
       {-1.999999995861, -0.729166723581, 0.84615390016}},
      {"cubic",
       0,
       {-2.073760885721, -0.371790415056, 1.232459189699, 0.490357680508},
       {-2.439696470805, -0.737780511397, 1.174520808341}},
      {"cubic",
       1,
       {-2.003377622804, -0.421990126043, 1.244174739126, 0.397652183637},
       {-2.145547928498, -0.857686512125, 1.19409941619}},
  };
  for (const Case& one : cases) {
    const std::vector<onnx::Attribute> attributes{text("mode", one.mode), integer("antialias", 1),
                                                  integer("exclude_outside", one.exclude_outside)};
    check({.op = "Resize",
           .attributes = attributes,
           .inputs = {{1, 1, 9}},
           .constants = {nothing(), nothing(), list({1, 1, 4})}},
          {{{1, 1, 4}, one.by_sizes}});
    auto shifted = attributes;
    shifted.push_back(text("coordinate_transformation_mode", "asymmetric"));
    check({.op = "Resize",
           .attributes = shifted,
           .inputs = {{1, 1, 9}},
           .constants = {nothing(), list_of_reals({1, 1, 0.4f})}},
          {{{1, 1, 3}, one.by_scales}});
  }
  // What grows has no aliases.
  check({.op = "Resize",
         .attributes = {text("mode", "linear"), integer("antialias", 1)},
         .inputs = {{1, 1, 5}},
         .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
        {{{1, 1, 7},
          {-3.125, -1.3125, -0.229166666667, -3.145833333333, -2.0625, 0.354166666667, 2.770833333333}}});
  check({.op = "Resize",
         .attributes = {text("mode", "linear"), integer("antialias", 1), integer("exclude_outside", 1)},
         .inputs = {{1, 1, 4, 6}},
         .constants = {nothing(), nothing(), list({1, 1, 3, 2})}},
        {{{1, 1, 3, 2}, {-1.06875, 0.09375, -0.46875, 0.09375, -0.56875, -0.60625}}});
}

TEST_CASE("onnx: what is nothing in inference", "[onnx]") {
  check({.op = "Identity", .inputs = {{1, 3}}}, {{{1, 3}, {-3.125, 0.5, -3.875}}}, true, 0);
  check({.op = "Dropout", .inputs = {{1, 3}}}, {{{1, 3}, {-3.125, 0.5, -3.875}}}, true, 0);
  check({.op = "Dropout", .inputs = {{1, 3}}, .constants = {number(0.25)}}, {{{1, 3}, {-3.125, 0.5, -3.875}}},
        true, 0);
  check({.op = "Dropout", .attributes = {real("ratio", 0.25f)}, .inputs = {{1, 3}}, .opset = 7},
        {{{1, 3}, {-3.125, 0.5, -3.875}}}, true, 0);
  check({.op = "Cast", .attributes = {integer("to", 11)}, .inputs = {{1, 3}}},
        {{{1, 3}, {-3.125, 0.5, -3.875}}}, true, 0);
  check({.op = "Cast", .attributes = {integer("to", 1)}, .inputs = {{1, 3}}},
        {{{1, 3}, {-3.125, 0.5, -3.875}}}, true, 0);
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

TEST_CASE("onnx: a resize is an aggregation", "[onnx]") {
  const OneNode one{.op = "Resize",
                    .attributes = {text("mode", "linear")},
                    .inputs = {{1, 1, 2}},
                    .constants = {nothing(), nothing(), list({1, 1, 3})}};
  const auto net = import(model_of(one), true).graph;
  CHECK(net.node(1).info(1, 0).role == map::Role::aggregation);
  CHECK(net.node(1).describe() == "MatMul of Resize");
}

TEST_CASE("onnx: what operators on shapes refuse", "[onnx]") {
  const auto with = [](const char* op, std::vector<onnx::Attribute> attributes,
                       std::vector<onnx::Tensor> constants, onnx::Dims input, bool batched = false,
                       std::size_t outputs = 1, Index opset = 21) {
    return refused({.op = op,
                    .attributes = std::move(attributes),
                    .inputs = {std::move(input)},
                    .constants = std::move(constants),
                    .outputs = outputs,
                    .opset = opset},
                   batched);
  };
  CHECK(with("Concat", {}, {}, {1, 2}) == "node 'it' (Concat): expected the attribute 'axis', found none");
  CHECK(refused({.op = "Concat", .attributes = {integer("axis", 0)}, .inputs = {{1, 2}, {1, 2}}}, true) ==
        "node 'it' (Concat): it works along axis 0, the batch's, which is not supported");
  CHECK(refused({.op = "Concat", .attributes = {integer("axis", 1)}, .inputs = {{1, 2, 3}, {1, 2, 4}}}) ==
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
        "node 'it' (Cast): attribute 'to': expected float, double, float16 or bfloat16, found int64");
  CHECK(with("Identity", {integer("to", 7)}, {}, {1, 3}) ==
        "node 'it' (Identity): expected no attribute 'to', found an integer");
}

TEST_CASE("onnx: a cast to two bytes is noted, since nothing is rounded", "[onnx]") {
  const OneNode one{.op = "Cast", .attributes = {integer("to", 10)}, .inputs = {{1, 3}}};
  CHECK(import(model_of(one), true).notes ==
        std::vector<std::string>{"node 'it' (Cast): values are not rounded to float16"});
}
