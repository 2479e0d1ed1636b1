#include <ascribe/io/onnx/operators/slice.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

using namespace ascribe;
using namespace ascribe::test;

// The expected values are onnx.reference's (onnx 1.23) and numpy's on the same inputs (node_input).

TEST_CASE("onnx: Slice", "[onnx]") {
  check_node(
      {.op = "Slice",
       .attributes = {integers("starts", {0, -4}), integers("ends", {2, 100}), integers("axes", {1, 2})},
       .inputs = {{1, 3, 5}},
       .opset = 9},
      {{{1, 2, 4}, {0.5, -3.875, -0.25, 3.375, 2.625, -1.75, 1.875, -2.5}}});
  check_node({.op = "Slice",
              .attributes = {integers("starts", {0, 1}), integers("ends", {1, -1})},
              .inputs = {{2, 5}},
              .opset = 9},
             {{{1, 3}, {0.5, -3.875, -0.25}}}, false);
  check_node(
      {.op = "Slice", .inputs = {{1, 3, 5}}, .constants = {list({4}), list({-1000}), list({2}), list({-2})}},
      {{{1, 3, 3}, {3.375, -3.875, -3.125, -2.5, -1.75, -1, -0.375, 0.375, 1.125}}});
  check_node(
      {.op = "Slice",
       .inputs = {{1, 3, 5}},
       .constants = {list({9223372036854775807}), list({-9223372036854775807}), list({1}), list({-1})}},
      {{{1, 3, 5},
        {1.125, -3.25, 0.375, -4, -0.375, -1, 2.625, -1.75, 1.875, -2.5, -3.125, 0.5, -3.875, -0.25,
         3.375}}});
  check_node(
      {.op = "Slice", .inputs = {{1, 3, 5}}, .constants = {list({0, 1}), list({9223372036854775807, 3})}},
      {{{1, 2, 5}, {-1, 2.625, -1.75, 1.875, -2.5, 1.125, -3.25, 0.375, -4, -0.375}}});
  check_node({.op = "Slice",
              .inputs = {{1, 3, 5}},
              .constants = {list({1}), list({5}), list({-1}), list({9223372036854775807})}},
             {{{1, 3, 1}, {0.5, 2.625, -3.25}}});
  check_node(
      {.op = "Slice", .inputs = {{1, 3, 5}}, .constants = {list({0}), list({3}), list({1})}},
      {{{1, 3, 5},
        {-3.125, 0.5, -3.875, -0.25, 3.375, -1, 2.625, -1.75, 1.875, -2.5, 1.125, -3.25, 0.375, -4, -0.375}}},
      true, 0);
}

TEST_CASE("onnx: Pad", "[onnx]") {
  check_node(
      {.op = "Pad",
       .attributes = {integers("pads", {0, 1, 0, 0, 0, 2}), real("value", 1.5f)},
       .inputs = {{1, 2, 3}},
       .opset = 10},
      {{{1, 3, 5}, {1.5, 1.5, 1.5, 1.5, 1.5, -3.125, 0.5, -3.875, 1.5, 1.5, -0.25, 3.375, -1, 1.5, 1.5}}});
  check_node(
      {.op = "Pad", .inputs = {{1, 1, 2, 3}}, .constants = {list({0, 0, 1, 1, 0, 0, 0, 2}), number(2)}},
      {{{1, 1, 3, 6}, {2, 2, 2, 2, 2, 2, 2, -3.125, 0.5, -3.875, 2, 2, 2, -0.25, 3.375, -1, 2, 2}}});
  check_node({.op = "Pad", .inputs = {{1, 1, 2, 3}}, .constants = {list({0, 0, 1, 1, 0, 0, 0, 2})}},
             {{{1, 1, 3, 6}, {0, 0, 0, 0, 0, 0, 0, -3.125, 0.5, -3.875, 0, 0, 0, -0.25, 3.375, -1, 0, 0}}});
  check_node({.op = "Pad",
              .attributes = {text("mode", "reflect")},
              .inputs = {{1, 1, 2, 4}},
              .constants = {list({1, 3, 1, 2}), nothing(), list({2, -1})}},
             {{{1, 1, 4, 9},
               {-1.75,  2.625, -1,     3.375, -1,     2.625, -1.75,  2.625, -1,     -0.25, -3.875, 0.5,
                -3.125, 0.5,   -3.875, -0.25, -3.875, 0.5,   -1.75,  2.625, -1,     3.375, -1,     2.625,
                -1.75,  2.625, -1,     -0.25, -3.875, 0.5,   -3.125, 0.5,   -3.875, -0.25, -3.875, 0.5}}});
  check_node({.op = "Pad",
              .attributes = {text("mode", "edge")},
              .inputs = {{1, 1, 2, 4}},
              .constants = {list({1, 2, 2, 0}), nothing(), list({-2, 3})}},
             {{{1, 1, 5, 6}, {-3.125, -3.125, -3.125, 0.5,   -3.875, -0.25, -3.125, -3.125, -3.125, 0.5,
                              -3.875, -0.25,  3.375,  3.375, 3.375,  -1,    2.625,  -1.75,  3.375,  3.375,
                              3.375,  -1,     2.625,  -1.75, 3.375,  3.375, 3.375,  -1,     2.625,  -1.75}}});
  check_node({.op = "Pad",
              .attributes = {text("mode", "wrap")},
              .inputs = {{1, 1, 2, 4}},
              .constants = {list({3, 0, 0, 2}), nothing(), list({2, 3})}},
             {{{1, 1, 5, 6}, {3.375,  -1,    2.625,  -1.75, 3.375, -1,    -3.125, 0.5,   -3.875, -0.25,
                              -3.125, 0.5,   3.375,  -1,    2.625, -1.75, 3.375,  -1,    -3.125, 0.5,
                              -3.875, -0.25, -3.125, 0.5,   3.375, -1,    2.625,  -1.75, 3.375,  -1}}});
  check_node(
      {.op = "Pad",
       .attributes = {text("mode", "reflect")},
       .inputs = {{1, 1, 2, 1, 3}},
       .constants = {list({0, 0, 1, 0, 2, 0, 0, 0, 0, 0})}},
      {{{1, 1, 3, 1, 5},
        {-1, 3.375, -0.25, 3.375, -1, -3.875, 0.5, -3.125, 0.5, -3.875, -1, 3.375, -0.25, 3.375, -1}}});
  check_node({.op = "Pad", .inputs = {{1, 5}}, .constants = {list({0, -1, 0, -2})}},
             {{{1, 2}, {0.5, -3.875}}});
  check_node({.op = "Pad", .inputs = {{1, 5}}, .constants = {list({0, -2, 0, 1})}},
             {{{1, 4}, {-3.875, -0.25, 3.375, 0}}});
  check_node({.op = "Pad",
              .attributes = {text("mode", "reflect")},
              .inputs = {{1, 5}},
              .constants = {list({0, 2, 0, -2})}},
             {{{1, 5}, {-3.875, 0.5, -3.125, 0.5, -3.875}}});
  check_node({.op = "Pad", .inputs = {{1, 5}}, .constants = {list({0, 0, 0, 0})}},
             {{{1, 5}, {-3.125, 0.5, -3.875, -0.25, 3.375}}}, true, 0);
}

TEST_CASE("onnx: Gather with constant indices", "[onnx]") {
  check_node({.op = "Gather",
              .attributes = {integer("axis", 1)},
              .inputs = {{1, 4, 3}},
              .constants = {list({2, 0, -1})}},
             {{{1, 3, 3}, {2.625, -1.75, 1.875, -3.125, 0.5, -3.875, -2.5, 1.125, -3.25}}}, true, 1);
  check_node({.op = "Gather",
              .attributes = {integer("axis", -1)},
              .inputs = {{1, 4, 3}},
              .constants = {list({1, 1})}},
             {{{1, 4, 2}, {0.5, 0.5, 3.375, 3.375, -1.75, -1.75, 1.125, 1.125}}});
  check_node({.op = "Gather", .inputs = {{4, 3}}, .constants = {list({3, 1})}},
             {{{2, 3}, {-2.5, 1.125, -3.25, -0.25, 3.375, -1}}}, false);
}

TEST_CASE("onnx: Tile and Expand", "[onnx]") {
  check_node({.op = "Tile", .inputs = {{1, 2, 3}}, .constants = {list({1, 2, 2})}},
             {{{1, 4, 6}, {-3.125, 0.5, -3.875, -3.125, 0.5, -3.875, -0.25, 3.375, -1, -0.25, 3.375, -1,
                           -3.125, 0.5, -3.875, -3.125, 0.5, -3.875, -0.25, 3.375, -1, -0.25, 3.375, -1}}},
             true, 1);
  check_node({.op = "Expand", .inputs = {{1, 2, 1}}, .constants = {list({1, 2, 3})}},
             {{{1, 2, 3}, {-3.125, -3.125, -3.125, 0.5, 0.5, 0.5}}}, true, 1);
  check_node({.op = "Expand", .inputs = {{2, 1}}, .constants = {list({3, 1, 2})}},
             {{{3, 2, 2}, {-3.125, -3.125, 0.5, 0.5, -3.125, -3.125, 0.5, 0.5, -3.125, -3.125, 0.5, 0.5}}},
             false);
  check_node({.op = "Expand", .inputs = {{1, 2, 3}}, .constants = {list({3})}},
             {{{1, 2, 3}, {-3.125, 0.5, -3.875, -0.25, 3.375, -1}}}, true, 0);
}
