#include <ascribe/io/onnx/operators/cumulative.hpp>

#include <cstdint>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"
#include <ascribe/io/onnx/network.hpp>
#include "tests/support/onnx_node.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::test;
using onnx::Tensor;

// The expected values are onnx.reference's (onnx 1.23).
TEST_CASE("onnx: CumSum of activations and constants", "[onnx]") {
  struct Case {
    std::int64_t axis, exclusive, reverse;
    std::vector<double> values;
  };
  const std::vector<Case> cases{
      {1, 0, 0, {-3.125, 0.5, -3.875, -0.25, 0.25, -0.5, -1.25, -2, 2.125, -3, -0.125, -5.25}},
      {1, 0, 1, {2.125, -3, -0.125, -5.25, 5.25, -3.5, 3.75, -5, 1.875, -2.5, 1.125, -3.25}},
      {1, 1, 0, {0, 0, 0, 0, -3.125, 0.5, -3.875, -0.25, 0.25, -0.5, -1.25, -2}},
      {1, 1, 1, {5.25, -3.5, 3.75, -5, 1.875, -2.5, 1.125, -3.25, 0, 0, 0, 0}},
      {-1, 0, 0, {-3.125, -2.625, -6.5, -6.75, 3.375, 2.375, 5, 3.25, 1.875, -0.625, 0.5, -2.75}},
  };
  for (const Case& one : cases) {
    const OneNode node{.op = "CumSum",
                       .attributes = {integer("exclusive", one.exclusive), integer("reverse", one.reverse)},
                       .inputs = {{1, 3, 4}},
                       .constants = {list({one.axis}).reshaped({})}};
    check_node(node, {{{1, 3, 4}, one.values}}, true, 1);
    const Eigen::VectorXd x = node_input(12);
    const Tensor given = Tensor::of("x", {1, 3, 4}, std::vector<float>(x.begin(), x.end()));
    onnx::Budget budget;
    const onnx::Node made = model_of(node).graph.nodes[0];
    CHECK(onnx::evaluate(made, std::vector{&given, &node.constants[0]}, 14, budget)[0].values<double>() ==
          one.values);
  }
  // Along an axis of one place there is nothing to add: exclusive sums are 0.
  check_node({.op = "CumSum", .inputs = {{1, 1, 2}}, .constants = {list({1})}}, {{{1, 1, 2}, {-3.125, 0.5}}});
  check_node({.op = "CumSum",
              .attributes = {integer("exclusive", 1)},
              .inputs = {{1, 1, 2}},
              .constants = {list({1})}},
             {{{1, 1, 2}, {0, 0}}});
}

TEST_CASE("onnx: CumSum of whole numbers", "[onnx]") {
  const Tensor given = Tensor::of<std::int64_t>("x", {2, 2}, {1, 2, 3, 4}), axis = list({0}).reshaped({});
  onnx::Budget budget;
  const Tensor sums =
      onnx::evaluate({"it", "CumSum", {}, {"y"}, {}}, std::vector{&given, &axis}, 14, budget).at(0);
  CHECK(sums.type() == onnx::ElementType::int64);
  CHECK(sums.values<double>() == std::vector<double>{1, 2, 4, 6});
}

TEST_CASE("onnx: what CumSum refuses", "[onnx]") {
  const auto with = [](Tensor axis, bool batched, onnx::Dims dims = {1, 3}) {
    return refusal({.op = "CumSum", .inputs = {std::move(dims)}, .constants = {std::move(axis)}}, batched);
  };
  CHECK(with(list({0}), true) ==
        "node 'it' (CumSum): it works along axis 0, the batch's, which is not supported");
  CHECK(with(list({2}), false) == "node 'it' (CumSum): expected an axis in [-2, 2), found 2");
  CHECK(with(list({0, 1}), false) == "node 'it' (CumSum): expected one axis, found 2");
  // There are more sums than memory holds.
  CHECK(with(list({1}), false, {1, 1 << 20}).find("ReadOptions::memory") != std::string::npos);
}

}  // namespace
