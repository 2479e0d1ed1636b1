#include "ascribe/io/onnx/operators/softmax.hpp"

#include <cmath>
#include <vector>

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

TEST_CASE("onnx: a softmax of large numbers is finite, and its gradient that of small ones", "[onnx]") {
  const auto net = import(model_of({.op = "Softmax", .inputs = {{1, 3}}}), false).graph;
  const VectorXd small{{0, 1, -1}};
  for (const double shift : {0., 1e4, -1e4}) {
    const VectorXd x = small.array() + shift;
    const auto trace = net.forward(x);
    CHECK(trace.output()(1, 0) == Approx(softmax(small, {{0, 1, 2}}, false)(1)).epsilon(1e-9));
    const auto e = net.explain(trace, 1, method::Gradient());
    const double p = trace.output()(1, 0), q = trace.output()(0, 0);
    CHECK(e.relevance(1, 0) == Approx(p * (1 - p)).epsilon(1e-9));
    CHECK(e.relevance(0, 0) == Approx(-p * q).epsilon(1e-9));
  }
}

}  // namespace
