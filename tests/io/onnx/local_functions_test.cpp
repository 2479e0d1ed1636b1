#include "ascribe/io/onnx/local_functions.hpp"

#include <span>
#include <string>
#include <vector>

#include <ascribe/io/onnx.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx.hpp"
#include "tests/support/onnx_node.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::test;
using Catch::Matchers::Contains;
using Eigen::VectorXd;
using Names = std::vector<std::string>;

struct Function {
  std::string name;
  Names inputs, outputs;
  std::vector<Message> nodes;
  Names attributes = {};
  std::vector<Message> defaults = {};
  std::int64_t opset = 13;
  std::string overload = {};
};

Message function_message(const Function& function) {
  Message all =
      Message().text(1, function.name).text(10, "my").message(9, Message().integer(2, function.opset));
  for (const std::string& name : function.inputs) all.text(4, name);
  for (const std::string& name : function.outputs) all.text(5, name);
  for (const std::string& name : function.attributes) all.text(6, name);
  for (const Message& node : function.nodes) all.message(7, node);
  for (const Message& value : function.defaults) all.message(11, value);
  return function.overload.empty() ? all : all.text(13, function.overload);
}

/// A node that calls a function.
Message call_message(const std::string& function, const Names& inputs, const Names& outputs,
                     const std::string& name = "") {
  return node_message(function, inputs, outputs, name).text(7, "my");
}
Message real_message(const std::string& name, float value) {
  return Message().text(1, name).real(2, value).integer(20, 1);
}
/// The attribute `name` has the value of the function's attribute `of`.
Message reference_message(const std::string& name, const std::string& of) {
  return Message().text(1, name).text(21, of).integer(20, 1);
}
Message leaky_relu(const std::string& input, const std::string& output) {
  return node_message("LeakyRelu", {input}, {output}).message(5, reference_message("alpha", "slope"));
}

/// A model of x (1, 2) and y, with a constant c of 3.
Message network(const std::vector<Message>& nodes, const std::vector<Function>& functions) {
  Message graph;
  for (const Message& node : nodes) graph.message(1, node);
  const auto dim = [](std::int64_t d) { return Message().integer(1, d); };
  const Message shape = Message().message(1, dim(1)).message(1, dim(2));
  graph.message(
      11, value_message("x").message(2, Message().message(1, Message().integer(1, 1).message(2, shape))));
  graph.message(5, tensor_message("c", 1, {1}).packed_floats(4, {3}));
  graph.message(12, value_message("y"));
  Message model = model_message(graph);
  for (const Function& function : functions) model.message(25, function_message(function));
  return model;
}

VectorXd output(const Message& model, const VectorXd& x) {
  const auto net = import(test::parse(model), true);
  check_explanations(net.graph, node_input(x.size()));
  return net.graph.forward(x).output().col(0);
}
std::string refusal(const Message& model) {
  return message_of([&] { test::parse(model); });
}

const VectorXd x{{1, -2}};

TEST_CASE("onnx: a call of the model's own function is the function's nodes", "[onnx][functions]") {
  // Twice, so that its values need names of their own; they are called as those of the graph are.
  const Function shifted{"Shifted",
                         {"c", "x"},
                         {"y"},
                         {node_message("Mul", {"c", "c"}, {"t"}), node_message("Add", {"t", "x"}, {"y"})}};
  const Message model =
      network({node_message("Neg", {"x"}, {"t"}), call_message("Shifted", {"c", "t"}, {"u"}),
               call_message("Shifted", {"u", "x"}, {"y"}, "second")},
              {shifted});
  const auto parsed = test::parse(model);
  Names found;
  for (const onnx::Node& node : parsed.graph.nodes) found.push_back(onnx::describe(node));
  CHECK(found == Names{"node of 't' (Neg)", "node of 'u/t' (Mul)", "node of 'u' (Add)",
                       "node of 'second/t' (Mul)", "node of 'y' (Add)"});
  const Message constant =
      network({node_message("Neg", {"x"}, {"t"}), call_message("Shifted", {"c", "t"}, {"u"}),
               call_message("Shifted", {"c", "u"}, {"y"}, "second")},
              {shifted});
  CHECK(output(constant, x) == VectorXd{{17, 20}});
}

TEST_CASE("onnx: attributes that refer to a function's", "[onnx][functions]") {
  const Function leaky{"Leaky", {"a"}, {"b"}, {leaky_relu("a", "b")}, {"slope"}};
  CHECK(
      output(network({call_message("Leaky", {"x"}, {"y"}).message(5, real_message("slope", 0.5f))}, {leaky}),
             x) == VectorXd{{1, -1}});
  // Without a value, the operator's own default counts, 0.01.
  CHECK(output(network({call_message("Leaky", {"x"}, {"y"})}, {leaky}), x)(1) == Approx(-0.02));
  const Function standard{"Leaky", {"a"}, {"b"}, {leaky_relu("a", "b")}, {}, {real_message("slope", 0.25f)}};
  CHECK(output(network({call_message("Leaky", {"x"}, {"y"})}, {standard}), x) == VectorXd{{1, -0.5}});
  CHECK(output(network({call_message("Leaky", {"x"}, {"y"}).message(5, real_message("slope", 0.5f))},
                       {standard}),
               x) == VectorXd{{1, -1}});
  // Through a function that calls it.
  const Function outer{"Outer",
                       {"in"},
                       {"out"},
                       {call_message("Leaky", {"in"}, {"out"}).message(5, reference_message("slope", "s"))},
                       {"s"}};
  CHECK(output(network({call_message("Outer", {"x"}, {"y"}).message(5, real_message("s", 0.5f))},
                       {outer, standard}),
               x) == VectorXd{{1, -1}});
  CHECK(output(network({call_message("Outer", {"x"}, {"y"})}, {outer, standard}), x) == VectorXd{{1, -0.5}});
}

TEST_CASE("onnx: functions with inputs and outputs that are left out, or passed on", "[onnx][functions]") {
  const Function two{"Two", {"a", "b"}, {"n", "a", "n"}, {node_message("Neg", {"a"}, {"n"})}};
  CHECK(output(network({call_message("Two", {"x"}, {"y"})}, {two}), x) == VectorXd{{-1, 2}});
  CHECK(output(network({call_message("Two", {"x", "c"}, {"", "y"})}, {two}), x) == x);
  CHECK(output(network(
                   {call_message("Two", {"x"}, {"p", "q", "r"}), node_message("Sum", {"p", "q", "r"}, {"y"})},
                   {two}),
               x) == VectorXd{{-1, 2}});
  // An optional input of the operator inside.
  const Function clip{
      "Cut", {"a", "low", "high"}, {"b"}, {node_message("Clip", {"a", "low", "high"}, {"b"})}};
  CHECK(output(network({call_message("Cut", {"x", "", "c"}, {"y"})}, {clip}), x) == x);
}

TEST_CASE("onnx: functions and branches within each other", "[onnx][functions]") {
  const auto branch = [](const char* name, const Message& node) {
    const Message graph = Message().message(1, node).message(12, value_message("t"));
    return Message().text(1, name).message(6, graph).integer(20, 5);
  };
  const Message yes = tensor_message("yes", 9, {}).integer(5, 1);
  // The function's If reads a value of the function, and calls another function.
  const Function outer{
      "Outer",
      {"a"},
      {"b"},
      {node_message("Constant", {}, {"yes"}).message(5, Message().text(1, "value").message(5, yes)),
       node_message("Neg", {"a"}, {"n"}),
       node_message("If", {"yes"}, {"b"})
           .message(5, branch("then_branch", call_message("Twice", {"n"}, {"t"})))
           .message(5, branch("else_branch", node_message("Unheard", {"n"}, {"t"})))}};
  const Function twice{"Twice", {"t"}, {"s"}, {node_message("Add", {"t", "t"}, {"s"})}};
  CHECK(output(network({call_message("Outer", {"x"}, {"t"}), call_message("Outer", {"t"}, {"y"})},
                       {outer, twice}),
               x) == 4 * x);
}

TEST_CASE("onnx: functions by their overload", "[onnx][functions]") {
  const Function neg{"F", {"a"}, {"b"}, {node_message("Neg", {"a"}, {"b"})}};
  Function abs{"F", {"a"}, {"b"}, {node_message("Abs", {"a"}, {"b"})}};
  abs.overload = "abs";
  CHECK(output(network({call_message("F", {"x"}, {"y"})}, {neg, abs}), x) == -x);
  CHECK(output(network({call_message("F", {"x"}, {"y"}).text(8, "abs")}, {neg, abs}), x) == x.cwiseAbs());
}

TEST_CASE("onnx: functions that are refused", "[onnx][functions]") {
  const Function f{"F", {"a"}, {"b"}, {node_message("Neg", {"a"}, {"b"})}};
  const Message call = call_message("F", {"x"}, {"y"}, "call");
  CHECK(refusal(network({call}, {f, f})) == "function 'my.F': expected one of that name, found two");
  CHECK(refusal(network({call_message("F", {"x", "x"}, {"y"}, "call")}, {f})) ==
        "node 'call' (my.F): expected at most the 1 inputs of the function, found 2");
  CHECK(refusal(network({call_message("F", {"x"}, {"y", "z"}, "call")}, {f})) ==
        "node 'call' (my.F): expected at most the 1 outputs of the function, found 2");
  CHECK(refusal(network({call_message("F", {"x"}, {"y"}, "call").message(5, real_message("d", 1))}, {f})) ==
        "node 'call' (my.F): expected an attribute of the function, found 'd'");
  Function other = f;
  other.opset = 12;
  CHECK(refusal(network({call}, {other})) ==
        "node 'call' (my.F): function 'my.F': expected the model's operator set, 13, found 12");
  // A function sees nothing but its inputs.
  CHECK(refusal(network({call}, {{"F", {"a"}, {"b"}, {node_message("Add", {"a", "c"}, {"b"}, "n")}}})) ==
        "node 'n' (Add): expected 'c' to be an input of the function or a node's output");
  CHECK(refusal(network({call}, {{"F", {"a"}, {"b"}, {}}})) ==
        "node 'call' (my.F): function 'my.F': expected a value 'b' for its output 0, found none");
  CHECK(refusal(network({call}, {{"F", {"a", "a"}, {"a"}, {}}})) ==
        "node 'call' (my.F): function 'my.F': expected one input 'a', found two");
  CHECK(refusal(network({call}, {{"F", {"a"}, {"a"}, {node_message("Neg", {"a"}, {"a"})}}})) ==
        "node 'call' (my.F): function 'my.F': expected one value 'a', found two");
  // Who is not called is not looked at.
  CHECK(refusal(network({node_message("Neg", {"x"}, {"y"})}, {{"F", {"a"}, {"b"}, {}}})) == "no error");
  // References outside of a function.
  CHECK_THAT(refusal(network({leaky_relu("x", "y")}, {})), Contains("'slope'") && Contains("of a function"));
}

TEST_CASE("onnx: functions without an end, and more than memory holds", "[onnx][functions]") {
  const Message call = call_message("F0", {"x"}, {"y"}, "call");
  CHECK(refusal(network({call}, {{"F0", {"a"}, {"b"}, {call_message("F1", {"a"}, {"b"}, "n")}},
                                 {"F1", {"a"}, {"b"}, {call_message("F0", {"a"}, {"b"}, "m")}}})) ==
        "node 'call/n/m' (my.F0): expected functions that end, found that 'my.F0' calls itself");
  // A chain of functions, each of which calls the next `times` times.
  const auto chain = [&](int length, int times) {
    std::vector<Function> functions;
    for (int k = 0; k < length; ++k) {
      Function one{"F" + std::to_string(k), {"v0"}, {"v" + std::to_string(times)}, {}};
      for (int i = 0; i < times; ++i) {
        const Names from{"v" + std::to_string(i)}, to{"v" + std::to_string(i + 1)};
        one.nodes.push_back(k + 1 < length ? call_message("F" + std::to_string(k + 1), from, to)
                                           : node_message("Neg", from, to));
      }
      functions.push_back(one);
    }
    return network({call}, functions);
  };
  CHECK(output(chain(64, 1), x) == -x);
  CHECK_THAT(refusal(chain(65, 1)), Contains("within each other up to 64 deep, found more"));
  CHECK(test::parse(chain(3, 10)).graph.nodes.size() == 1000);
  CHECK_THAT(refusal(chain(10, 10)), Contains("ParseOptions::memory"));
  const Message small = chain(3, 10);
  CHECK_THAT(message_of([&] { onnx::parse(std::as_bytes(std::span(small.bytes)), {}, {.memory = 1000}); }),
             Contains("ParseOptions::memory"));
  // Functions that do nothing, by the billion.
  std::vector<Function> empty;
  for (int k = 0; k < 40; ++k) {
    const std::string next = "F" + std::to_string(k + 1);
    empty.push_back({"F" + std::to_string(k), {"a"}, {"a"}, {}});
    if (k < 39) empty.back().nodes.assign(2, call_message(next, {"a"}, {}));
  }
  CHECK(refusal(network({call}, empty)) != "no error");
}

}  // namespace
