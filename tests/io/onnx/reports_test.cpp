// Cases from public reports on reading ONNX files, each with its right value (networks/reports_test.cpp has
// those that are about rules).
#include <limits>
#include <vector>

#include <ascribe/io/onnx.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/networks/checks.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::test;
using Eigen::VectorXd;

VectorXd of(std::vector<double> values) {
  return Eigen::Map<const VectorXd>(values.data(), Index(values.size()));
}

/// What the network computes of x, and the gradient of one output; the books close, DeepLIFT's against 0 too.
void check_case(const Chain& chain, const VectorXd& x, const VectorXd& output, Index target,
                const VectorXd& gradient) {
  const auto net = import_chain(chain).graph;
  const auto trace = net.forward(x);
  CHECK((trace.output().col(0) - output).cwiseAbs().maxCoeff() <= 1e-12 * output.cwiseAbs().maxCoeff());
  const auto e = net.explain(trace, target, method::Gradient());
  CHECK(check::conservation(e));
  CHECK((e.relevance.col(0) - gradient).cwiseAbs().maxCoeff() <= 1e-12 * gradient.cwiseAbs().maxCoeff());
  const auto zero = net.forward(VectorXd::Zero(x.size()));
  const auto deep = net.explain(trace, target, method::DeepLift(), zero);
  CHECK(check::conservation(deep));
  CHECK(check::completeness(deep));
  CHECK(deep.ledger.enter(0) == Approx(output(target) - zero.output()(target)));
}

TEST_CASE("reports: padding of -infinity never wins a MaxPool", "[onnx][reports]") {
  check_case(
      {{1, 1, 6},
       {step("Pad", {}, {"x", "p", "v"}, "q"),
        step("MaxPool", {integers("kernel_shape", {3}), integers("strides", {2})}, {"q"}, "y")},
       {list({0, 0, 0, 0, 0, 1}).renamed("p"), number(-std::numeric_limits<float>::infinity()).renamed("v")}},
      of({1, 2, 9, 4, 5, 6}), of({9, 9, 6}), 2, of({0, 0, 0, 0, 0, 1}));
}

TEST_CASE("reports: a window that would start in the padding behind is left out", "[onnx][reports]") {
  check_case({{1, 1, 2, 2},
              {step("AveragePool",
                    {integers("kernel_shape", {3, 3}), integers("strides", {3, 3}),
                     integers("pads", {1, 1, 1, 1}), integer("ceil_mode", 1)},
                    {"x"}, "y")}},
             of({1, 2, 3, 4}), of({2.5}), 0, of({0.25, 0.25, 0.25, 0.25}));
}

TEST_CASE("reports: the odd pixel of a ConvTranspose's output_shape goes off at the start",
          "[onnx][reports]") {
  // Strides of 2 give 1 10 102 20 203 30 300, of which six are wanted.
  check_case(
      {{1, 1, 3},
       {step("ConvTranspose", {integers("output_shape", {6}), integers("strides", {2})}, {"x", "w"}, "y")},
       {onnx::Tensor::of<float>("w", {1, 1, 3}, {1, 10, 100})}},
      of({1, 2, 3}), of({10, 102, 20, 203, 30, 300}), 1, of({100, 1, 0}));
}

TEST_CASE("reports: an uneven Split leaves the rest to its last part", "[onnx][reports]") {
  // a = x0 x1 x2, b = x3 x4 x5, c = x6: y = a·b + c.
  Chain chain{{1, 7},
              {step("Split", {integer("axis", -1), integer("num_outputs", 3)}, {"x"}, "a"),
               step("Mul", {}, {"a", "b"}, "ab"), step("Add", {}, {"ab", "c"}, "y")}};
  chain.nodes[0].outputs = {"a", "b", "c"};
  check_case(chain, of({1, 2, 3, 4, 5, 6, 7}), of({11, 17, 25}), 1, of({0, 5, 0, 0, 2, 0, 1}));
}

}  // namespace
