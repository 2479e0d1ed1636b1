#include <ascribe/io/onnx/operators/identity.hpp>

#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

using namespace ascribe;
using namespace ascribe::test;

// The expected values are onnx.reference's (onnx 1.23) and numpy's on the same inputs (node_input).

TEST_CASE("onnx: what is nothing in inference", "[onnx]") {
  check_node({.op = "Identity", .inputs = {{1, 3}}}, {{{1, 3}, {-3.125, 0.5, -3.875}}}, true, 0);
  check_node({.op = "Dropout", .inputs = {{1, 3}}}, {{{1, 3}, {-3.125, 0.5, -3.875}}}, true, 0);
  check_node({.op = "Dropout", .inputs = {{1, 3}}, .constants = {number(0.25)}},
             {{{1, 3}, {-3.125, 0.5, -3.875}}}, true, 0);
  check_node({.op = "Dropout", .attributes = {real("ratio", 0.25f)}, .inputs = {{1, 3}}, .opset = 7},
             {{{1, 3}, {-3.125, 0.5, -3.875}}}, true, 0);
  check_node({.op = "Cast", .attributes = {integer("to", 11)}, .inputs = {{1, 3}}},
             {{{1, 3}, {-3.125, 0.5, -3.875}}}, true, 0);
  check_node({.op = "Cast", .attributes = {integer("to", 1)}, .inputs = {{1, 3}}},
             {{{1, 3}, {-3.125, 0.5, -3.875}}}, true, 0);
}

TEST_CASE("onnx: a cast to two bytes is noted, since nothing is rounded", "[onnx]") {
  const OneNode one{.op = "Cast", .attributes = {integer("to", 10)}, .inputs = {{1, 3}}};
  CHECK(import(model_of(one), true).notes ==
        std::vector<std::string>{"node 'it' (Cast): values are not rounded to float16"});
}
