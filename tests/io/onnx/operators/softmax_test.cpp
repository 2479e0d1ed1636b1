#include "ascribe/io/onnx/operators/softmax.hpp"

#include <cmath>
#include <vector>

#include <ascribe/methods/gradient.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::test;
using Eigen::VectorXd;

/// By its formula, over each set of places by itself.
VectorXd softmax(const VectorXd& x, const std::vector<std::vector<Index>>& sets, bool logarithm) {
  VectorXd y(x.size());
  for (const auto& set : sets) {
    double sum = 0;
    for (const Index i : set) sum += std::exp(x(i));
    for (const Index i : set) y(i) = logarithm ? x(i) - std::log(sum) : std::exp(x(i)) / sum;
  }
  return y;
}

TEST_CASE("onnx: Softmax and LogSoftmax by their formulas, over one axis or all from one on", "[onnx]") {
  struct Case {
    onnx::Dims dims;
    Index axis, opset;
    std::vector<Index> over;
  };
  for (const auto& [dims, axis, opset, over] : std::vector<Case>{{{1, 5}, -1, 13, {1}},
                                                                 {{1, 3, 4}, 1, 13, {1}},
                                                                 {{1, 3, 4}, 2, 21, {2}},
                                                                 {{1, 3, 2, 2}, 1, 13, {1}},
                                                                 {{1, 3, 4}, 1, 11, {1, 2}},
                                                                 {{1, 3, 4}, 2, 11, {2}}})
    for (const bool logarithm : {false, true}) {
      const auto sets = sets_along(dims, over);
      Index size = 1;
      for (const Index d : dims) size *= d;
      check_formula(
          model_of({.op = logarithm ? "LogSoftmax" : "Softmax",
                    .attributes = {integer("axis", axis)},
                    .inputs = {dims},
                    .opset = opset}),
          [&, log = logarithm](const VectorXd& x) { return softmax(x, sets, log); },
          node_input(size).col(0) / 4, node_input(size, 7).col(0) / 4);
    }
}

TEST_CASE("onnx: a softmax of numbers whose powers are not finite is not explained", "[onnx]") {
  const auto net = import(model_of({.op = "Softmax", .inputs = {{1, 3}}}), false).graph;
  CHECK(net.forward(VectorXd{{700, 0, 1}}).output()(0, 0) == Approx(1));
  CHECK_THROWS_AS(net.explain(VectorXd{{800, 0, 1}}, 0, method::Gradient()), Error);
}

}  // namespace
