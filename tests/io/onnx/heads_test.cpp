#include "ascribe/io/onnx/heads.hpp"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/io/onnx.hpp>
#include <ascribe/methods/gradient.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::test;
using Catch::Matchers::Contains;
using Eigen::VectorXd;

/// x (1, 3) times 2, then the nodes.
onnx::Model model(std::vector<onnx::Node> behind, std::vector<std::string> outputs) {
  onnx::Model m;
  m.opset = 13;
  m.graph.inputs.push_back(
      {"x", onnx::ElementType::float32, std::vector<onnx::Dimension>{{{}, "N"}, {3, ""}}});
  m.graph.initializers = {number(2).renamed("two"), list({0, 3}).renamed("rows")};
  m.graph.nodes = {step("Mul", {}, {"x", "two"}, "scores")};
  for (auto& node : behind) m.graph.nodes.push_back(std::move(node));
  for (auto& output : outputs) m.graph.outputs.push_back({std::move(output), onnx::ElementType::float32, {}});
  return m;
}

TEST_CASE("onnx: what makes probabilities or chooses by scores is left out at the end", "[onnx][heads]") {
  const VectorXd x{{1, -2, 3}};
  const std::vector<std::vector<onnx::Node>> ends{
      {step("Softmax", {}, {"scores"}, "y")},
      {step("LogSoftmax", {}, {"scores"}, "y")},
      {step("Sigmoid", {}, {"scores"}, "y")},
      {step("Softmax", {}, {"scores"}, "p"), step("Identity", {}, {"p"}, "y")},
      {step("Softmax", {}, {"scores"}, "p"), step("Cast", {integer("to", 11)}, {"p"}, "c"),
       step("Flatten", {}, {"c"}, "y")},
      {step("Softmax", {}, {"scores"}, "p"), step("ArgMax", {integer("axis", 1)}, {"p"}, "y")},
      {step("ArgMax", {integer("axis", 1)}, {"scores"}, "l"), step("Cast", {integer("to", 7)}, {"l"}, "y")},
  };
  for (const auto& end : ends) {
    INFO(end.back().op_type << " behind " << end.front().op_type);
    const auto net = onnx::network<double>(model(end, {"y"}));
    REQUIRE(net.outputs.size() == 1);
    CHECK(net.outputs[0].name == "y");
    REQUIRE(net.notes.size() == 1);
    CHECK_THAT(net.notes[0], Contains("what is explained are the scores, 'scores'"));
    CHECK(net.graph.forward(x).output().col(0) == 2 * x);
  }
}

TEST_CASE("onnx: a label and its probability are one output", "[onnx][heads]") {
  const auto net = onnx::network<double>(
      model({step("Softmax", {}, {"scores"}, "p"), step("ArgMax", {integer("axis", 1)}, {"p"}, "label")},
            {"p", "label"}));
  REQUIRE(net.outputs.size() == 1);
  CHECK(net.outputs[0].name == "p");
}

TEST_CASE("onnx: on request probabilities are explained themselves", "[onnx][heads]") {
  const VectorXd x{{1, -2, 3}};
  const onnx::ReadOptions options{.scores = false};
  const auto sigmoid = onnx::network<double>(model({step("Sigmoid", {}, {"scores"}, "y")}, {"y"}), options);
  CHECK(sigmoid.notes.empty());
  CHECK(sigmoid.graph.forward(x).output()(1) == Approx(1 / (1 + std::exp(4.))));
  const auto softmax = onnx::network<double>(model({step("Softmax", {}, {"scores"}, "y")}, {"y"}), options);
  const auto trace = softmax.graph.forward(x);
  const double sum = std::exp(2.) + std::exp(-4.) + std::exp(6.), p = std::exp(6.) / sum;
  CHECK(trace.output()(2) == Approx(p));
  CHECK(softmax.graph.explain(trace, 2, method::Gradient()).relevance(0) ==
        Approx(-2 * p * std::exp(2.) / sum));
}

TEST_CASE("onnx: what stands before the end, or computes, is no head", "[onnx][heads]") {
  const VectorXd x{{1, -2, 3}};
  const auto net = onnx::network<double>(
      model({step("Sigmoid", {}, {"scores"}, "s"), step("Mul", {}, {"s", "two"}, "y")}, {"y"}));
  CHECK(net.notes.empty());
  CHECK(net.graph.forward(x).output()(0) == Approx(2 / (1 + std::exp(-2.))));
}

TEST_CASE("onnx: a model that hides the batch among other axes is read for a batch of one", "[onnx]") {
  onnx::Model m = model(
      {step("Reshape", {}, {"scores", "flat"}, "f"), step("ReduceSum", {integer("keepdims", 1)}, {"f"}, "y")},
      {"y"});
  m.graph.initializers.push_back(list({-1}).renamed("flat"));
  const auto net = onnx::network<double>(m);
  REQUIRE(net.notes.size() == 1);
  CHECK_THAT(net.notes[0], Contains("it is read for a batch of one") && Contains("node 'f' (Reshape)"));
  CHECK(net.inputs[0].shape == onnx::Dims{3});
  Eigen::MatrixXd x(3, 2);
  x << 1, 4, -2, 5, 3, 6;
  const auto y = net.graph.forward(x).output();
  CHECK(y(0, 0) == 4);
  CHECK(y(0, 1) == 30);

  // Constants that the file lists among its inputs, as older ones do, have no batch.
  m.graph.inputs.push_back({"two", onnx::ElementType::float32, std::vector<onnx::Dimension>()});
  m.graph.inputs.push_back({"flat", onnx::ElementType::int64, std::vector<onnx::Dimension>{{7, ""}}});
  CHECK(onnx::network<double>(m).graph.forward(x).output() == y);

  // Not where the file says another size.
  m.graph.inputs[0].dims->front() = {2, ""};
  CHECK_THROWS_WITH(onnx::network<double>(m), Contains("node 'f' (Reshape)") && Contains("keeps the batch"));
}

TEST_CASE("onnx: whole numbers of an input may be moved and cast, and nothing else", "[onnx]") {
  onnx::Model m = model({}, {});
  m.graph.inputs[0].type = onnx::ElementType::uint8;
  m.graph.nodes = {step("Identity", {}, {"x"}, "same"), step("Cast", {integer("to", 1)}, {"same"}, "real"),
                   step("Mul", {}, {"real", "two"}, "y")};
  m.graph.outputs = {{"y", onnx::ElementType::float32, {}}};
  const auto net = onnx::network<double>(m);
  CHECK(net.graph.forward(VectorXd{{1, 2, 3}}).output().col(0) == VectorXd{{2, 4, 6}});
  m.graph.nodes[2].inputs[0] = "same";
  CHECK_THROWS_WITH(onnx::network<double>(m),
                    Contains("node 'y' (Mul)") && Contains("ReadOptions::constants"));
}

TEST_CASE("onnx: sizes that a file leaves open come from the axis's name or the input's", "[onnx]") {
  onnx::Model m = model({}, {"scores"});
  (*m.graph.inputs[0].dims)[1] = {{}, "time"};
  CHECK_THROWS_WITH(onnx::network<double>(m),
                    Contains("axis 1 is open: give it as 'time' by ReadOptions::sizes"));
  for (const onnx::ReadOptions& options :
       {onnx::ReadOptions{.sizes = {{"time", 5}}}, onnx::ReadOptions{.shapes = {{"x", {9, 5}}}}}) {
    const auto net = onnx::network<double>(m, options);
    CHECK(net.inputs[0].shape == onnx::Dims{5});
  }
  (*m.graph.inputs[0].dims)[1] = {{}, ""};
  CHECK(onnx::network<double>(m, {.sizes = {{"x[1]", 4}}}).inputs[0].shape == onnx::Dims{4});
  (*m.graph.inputs[0].dims)[1] = {3, ""};
  CHECK_THROWS_WITH(onnx::network<double>(m, {.shapes = {{"x", {1, 5}}}}),
                    Contains("expected a shape that fits the file's (N, 3), found (1, 5)"));
}

}  // namespace
