#include "ascribe/io/onnx/operators/softmax.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <ascribe/methods/composites.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/networks/checks.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::test;
using Catch::Matchers::Contains;
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

TEST_CASE("onnx: a softmax of numbers whose powers are not finite", "[onnx]") {
  const auto net = import(model_of({.op = "Softmax", .inputs = {{1, 3}}}), false).graph;
  const VectorXd x{{1e4, 1e4, -1e4}};
  CHECK(net.forward(x).output().col(0) == Eigen::Vector3d(0.5, 0.5, 0));
  CHECK(net.explain(x, 0, method::Gradient()).relevance.col(0) == Eigen::Vector3d(0.25, -0.25, 0));
}

TEST_CASE("onnx: constants of -infinity are legal where a softmax alone reads them", "[onnx]") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const onnx::Tensor mask = onnx::Tensor::of<float>("mask", {2, 3}, {0, -infinity, 0, 0, 0, -infinity}),
                     choice = onnx::Tensor::of<float>("choice", {2, 3}, {1, 0, 1, 1, 1, 0}),
                     lowest = onnx::Tensor::of<float>("lowest", {}, {-infinity}),
                     shape = onnx::Tensor::of<std::int64_t>("shape", {3}, {1, 3, 2});
  const onnx::Node where = step("Where", {}, {"condition", "x", "lowest"}, "z"),
                   condition = step("Cast", {integer("to", 9)}, {"choice"}, "condition"),
                   softmax = step("Softmax", {integer("axis", -1)}, {"z"}, "y");
  VectorXd expected(6);
  const Eigen::MatrixXd x = node_input(6);
  for (const auto& [row, a, b] : {std::array<Index, 3>{0, 0, 2}, {1, 0, 1}}) {
    const double p = 1 / (1 + std::exp(x(3 * row + b) - x(3 * row + a)));
    expected(3 * row) = expected(3 * row + 1) = expected(3 * row + 2) = 0;
    expected(3 * row + a) = p;
    expected(3 * row + b) = 1 - p;
  }
  for (const Chain& chain : {Chain{{1, 2, 3}, {step("Add", {}, {"x", "mask"}, "z"), softmax}, {mask}},
                             Chain{{1, 2, 3}, {condition, where, softmax}, {choice, lowest}},
                             Chain{{1, 2, 3},
                                   {step("Add", {}, {"mask", "x"}, "w"), step("Identity", {}, {"w"}, "v"),
                                    step("Add", {}, {"v", "mask"}, "z"), softmax},
                                   {mask}}}) {
    const auto net = import_chain(chain);
    CHECK((output_of(net) - expected).cwiseAbs().maxCoeff() <= 1e-14);
    check_explanations(net.graph, x);
    for (const char* method : {"lrp", "lrp_q", "attn_lrp", "cp_lrp", "gradient_times_input"}) {
      const auto e = net.graph.explain(x, 0, composite::by_name<double>(method));
      CHECK(e.relevance(1) == 0);
      CHECK(check::conservation(e));
    }
  }
  // Anywhere else they are no values of a network.
  CHECK_THAT(chain_refused({{1, 2, 3}, {step("Add", {}, {"x", "mask"}, "y")}, {mask}}),
             Contains("NaN or infinite"));
  CHECK_THAT(chain_refused({{1, 2, 3},
                            {step("Add", {}, {"x", "mask"}, "z"), softmax, step("Add", {}, {"z", "y"}, "t")},
                            {mask}}),
             Contains("NaN or infinite"));
}

}  // namespace
