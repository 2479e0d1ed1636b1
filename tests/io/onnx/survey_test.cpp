#include <ascribe/io/onnx.hpp>

#include "tests/support/catch.hpp"

#include <string>
#include <utility>
#include <vector>

#include <ascribe/compiled.hpp>
#include <ascribe/io/onnx/node_report.hpp>

// What is said of a file that does not load.
namespace {

using namespace ascribe;
using onnx::Dims;

onnx::Node node(std::string name, std::string op, std::vector<std::string> inputs,
                std::vector<std::string> outputs, std::vector<onnx::Attribute> attributes = {}) {
  onnx::Node result;
  result.name = std::move(name);
  result.op_type = std::move(op);
  result.inputs = std::move(inputs);
  result.outputs = std::move(outputs);
  result.attributes = std::move(attributes);
  return result;
}

/// A model of an input "x" and the outputs "y" and "z".
onnx::Model model(const Dims& input, std::vector<onnx::Node> nodes) {
  onnx::Model result;
  result.ir_version = 8;
  result.opset = 18;
  onnx::ValueInfo x{"x", onnx::ElementType::float32, std::vector<onnx::Dimension>()};
  for (const Index size : input) x.dims->push_back({size, ""});
  result.graph.inputs = {x};
  result.graph.outputs = {{"y", onnx::ElementType::float32, {}}, {"z", onnx::ElementType::float32, {}}};
  result.graph.nodes = std::move(nodes);
  result.graph.initializers = {onnx::Tensor::of("w", {2}, std::vector<double>{1, 2}),
                               onnx::Tensor::of("three", {3}, std::vector<double>{1, 2, 3})};
  return result;
}

/// "name: read", "name: not read: why" or "name: behind other".
std::vector<std::string> said(const onnx::Model& model, const onnx::ReadOptions& options = {}) {
  std::vector<std::string> lines;
  for (const onnx::NodeReport& r : onnx::survey(model, options)) {
    CHECK(r.is_read() == (r.fault.empty() && r.behind.empty()));
    lines.push_back(r.name + ": " +
                    (!r.fault.empty()    ? "not read: " + r.fault
                     : !r.behind.empty() ? "behind " + r.behind
                                         : "read"));
  }
  return lines;
}

TEST_CASE("onnx::survey goes on behind what cannot be read", "[onnx]") {
  const auto broken =
      model({1, 2}, {node("a", "Relu", {"x"}, {"a"}), node("odd", "Strange", {"a"}, {"b", "b2"}),
                     node("c", "Abs", {"b2"}, {"c"}), node("d", "Stranger", {"c"}, {"y"}),
                     node("", "Add", {"a", "three"}, {"e"}), node("f", "Add", {"e", "b"}, {"f"}),
                     node("ok", "Mul", {"a", "w"}, {"g"}), node("h", "Sum", {"g", "f"}, {"z"}),
                     node("unused", "Odd", {"a"}, {"nothing"})});
  CHECK_THROWS_WITH(onnx::network<double>(broken), Contains("Strange (1 node"));
  const auto lines = said(broken);
  REQUIRE(lines.size() == 8);
  CHECK(lines[0] == "a: read");
  CHECK(lines[1] == "odd: not read: the operator is not supported");
  CHECK(lines[2] == "c: behind odd");
  CHECK(lines[3] == "d: not read: the operator is not supported");  // which is known without its input
  CHECK_THAT(lines[4], Contains("e: not read: ") && Contains("(1, 2)") && !Contains("node of 'e'"));
  CHECK(lines[5] == "f: behind e");
  CHECK(lines[6] == "ok: read");
  CHECK(lines[7] == "h: behind e");
  // What is not asked for is not looked at.
  onnx::ReadOptions inner;
  inner.outputs = {"g"};
  CHECK(said(broken, inner) == std::vector<std::string>{"a: read", "ok: read"});
}

TEST_CASE("onnx::survey looks at constants too, and reads a batch of one where it must", "[onnx]") {
  // An operator that is known for constants alone, of constants that cannot be computed, and of a value.
  const auto constants =
      model({1, 2}, {node("sizes", "Reshape", {"three", "w"}, {"s"}), node("k", "Mul", {"x", "s"}, {"y"}),
                     node("alone", "Range", {"x", "x", "x"}, {"r"}), node("z", "Add", {"r", "x"}, {"z"})});
  const auto lines = said(constants);
  REQUIRE(lines.size() == 4);
  CHECK_THAT(lines[0], Contains("sizes: not read: "));
  CHECK(lines[1] == "k: behind sizes");
  CHECK_THAT(lines[2],
             Contains("alone: not read: the operator is supported where all of its inputs are constants"));
  CHECK(lines[3] == "z: behind alone");

  // Along the batch's axis.
  const auto mixing = model({1, 2}, {node("across", "Softmax", {"x"}, {"s"}, {{"axis", std::int64_t(0)}}),
                                     node("odd", "Strange", {"s"}, {"y"}), node("z", "Neg", {"s"}, {"z"})});
  CHECK(said(mixing) ==
        std::vector<std::string>{"across: read", "odd: not read: the operator is not supported", "z: read"});
  // Nothing is said where the input has no size.
  auto open = mixing;
  open.graph.inputs[0].dims->at(1) = {std::nullopt, "T"};
  CHECK_THROWS_WITH(onnx::survey(open), Contains("the size of axis 1 is open"));
  CHECK(onnx::survey(open, {.sizes = {{"T", 3}}}).size() == 3);
}

TEST_CASE("onnx::survey of a file that loads finds no fault", "[onnx]") {
  const auto fine = model({1, 2}, {node("a", "Relu", {"x"}, {"y"}), node("b", "Mul", {"w", "w"}, {"v"}),
                                   node("c", "Mul", {"x", "v"}, {"z"})});
  for (const onnx::NodeReport& r : onnx::survey(fine)) CHECK(r.is_read());
  CHECK(onnx::network<double>(fine).outputs.size() == 2);
}

}  // namespace
