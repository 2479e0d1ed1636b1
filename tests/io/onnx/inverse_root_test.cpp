#include "ascribe/io/onnx/inverse_root.hpp"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/checks.hpp>

#include "tests/support/catch.hpp"
#include <ascribe/io/onnx/network.hpp>
#include "tests/support/onnx_node.hpp"

using namespace ascribe;
using namespace ascribe::test;

namespace {

/// (x − mean)/√(variance + ¼) over the last of axes (1, 2, 3), the quotient in the nodes that are given.
onnx::Network<double> normalisation(std::vector<onnx::Node> quotient) {
  Chain chain{
      {1, 2, 3},
      {step("ReduceMean", {}, {"x", "last"}, "mean"), step("Sub", {}, {"x", "mean"}, "centred"),
       step("Pow", {}, {"centred", "two"}, "squares"), step("ReduceMean", {}, {"squares", "last"}, "v"),
       step("Add", {}, {"v", "epsilon"}, "sum"), step("Sqrt", {}, {"sum"}, "root")},
      {list({-1}).renamed("last"), number(2).renamed("two"), list_of_reals({0.25f}).renamed("epsilon"),
       number(1).renamed("one")}};
  for (onnx::Node& node : quotient) chain.nodes.push_back(std::move(node));
  return onnx::network<double>(model_of(chain));
}

std::vector<std::string> layers_of(const onnx::Network<double>& net) {
  std::vector<std::string> names;
  for (const auto& node : net.graph.nodes()) names.push_back(node.name);
  return names;
}

}  // namespace

TEST_CASE("onnx: inverse roots as exporters spell them are one function", "[onnx]") {
  const Eigen::MatrixXd x = node_input(6);
  Eigen::VectorXd expected(6);
  for (Index row = 0; row < 2; ++row) {
    const Eigen::Vector3d part = x.col(0).segment(3 * row, 3);
    const Eigen::Vector3d centred = part.array() - part.mean();
    expected.segment(3 * row, 3) = centred / std::sqrt(centred.squaredNorm() / 3 + 0.25);
  }
  for (const auto& net :
       {normalisation({step("Div", {}, {"centred", "root"}, "y")}),
        normalisation({step("Reciprocal", {}, {"root"}, "r"), step("Mul", {}, {"centred", "r"}, "y")}),
        normalisation({step("Div", {}, {"one", "root"}, "r"), step("Mul", {}, {"r", "centred"}, "y")})}) {
    const auto trace = net.graph.forward(x);
    for (Index i = 0; i < 6; ++i) CHECK(trace.output()(i) == Approx(expected(i)).epsilon(1e-12));
    // lrp_q takes chords from 0, where 1/x has none.
    const auto e = net.graph.explain(trace, 1, method::LrpQ());
    CHECK(check::conservation(e));
    CHECK(e.relevance.allFinite());
    for (const std::string& name : layers_of(net)) CHECK((name != "root" && name != "sum"));
  }
}

TEST_CASE("onnx: a root that others read, or without a number above 0, stays", "[onnx]") {
  const auto has_root = [](const onnx::Network<double>& net) {
    for (const std::string& name : layers_of(net))
      if (name == "root") return true;
    return false;
  };
  CHECK(has_root(
      normalisation({step("Div", {}, {"centred", "root"}, "r"), step("Add", {}, {"r", "root"}, "y")})));
  Chain chain{{1, 3},
              {step("Exp", {}, {"x"}, "v"), step("Add", {}, {"v", "shift"}, "sum"),
               step("Sqrt", {}, {"sum"}, "root"), step("Div", {}, {"x", "root"}, "y")},
              {number(0).renamed("shift")}};
  CHECK(has_root(onnx::network<double>(model_of(chain))));
  chain.constants = {list_of_reals({1, 2, 3}).renamed("shift")};
  CHECK(has_root(onnx::network<double>(model_of(chain))));
}
