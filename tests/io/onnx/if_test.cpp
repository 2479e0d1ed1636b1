#include <string>
#include <utility>
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

/// A tensor of floats or int64, and one boolean.
Message reals_message(const std::string& name, const std::vector<float>& values) {
  return tensor_message(name, 1, {std::int64_t(values.size())}).packed_floats(4, values);
}
Message integers_message(const std::string& name, const std::vector<std::int64_t>& values) {
  return tensor_message(name, 7, {std::int64_t(values.size())}).packed(7, values);
}
Message boolean_message(const std::string& name, bool value) {
  return tensor_message(name, 9, {}).integer(5, value ? 1 : 0);
}

Message graph_message(const std::vector<Message>& nodes, const Names& outputs,
                      const std::vector<Message>& constants = {}) {
  Message graph;
  for (const Message& node : nodes) graph.message(1, node);
  for (const Message& constant : constants) graph.message(5, constant);
  for (const std::string& output : outputs) graph.message(12, value_message(output));
  return graph;
}

Message branch_message(const std::string& name, const Message& graph) {
  return Message().text(1, name).message(6, graph).integer(20, 5);
}

/// An If named "if".
Message if_message(const std::string& condition, const Names& outputs, const Message& then,
                   const Message& otherwise) {
  return node_message("If", {condition}, outputs, "if")
      .message(5, branch_message("else_branch", otherwise))
      .message(5, branch_message("then_branch", then));
}

/// "big": whether axis 1 of x has more than 2 values, which only its shape says.
std::vector<Message> size_asked() {
  return {node_message("Shape", {"x"}, {"shape"}), node_message("Gather", {"shape", "one"}, {"size"}),
          node_message("Greater", {"size", "two"}, {"big"})};
}
std::vector<Message> size_constants() { return {integers_message("one", {1}), integers_message("two", {2})}; }

/// A network of x, of 1 × `size` floats.
Message network(Message graph, std::int64_t size) {
  const auto dim = [](std::int64_t d) { return Message().integer(1, d); };
  const Message shape = Message().message(1, dim(1)).message(1, dim(size));
  graph.message(
      11, value_message("x").message(2, Message().message(1, Message().integer(1, 1).message(2, shape))));
  return model_message(graph);
}

Imported imported(const Message& graph, std::int64_t size = 3) {
  return import(test::parse(network(graph, size)), true);
}
VectorXd output(const Message& graph, const VectorXd& x) {
  const auto net = imported(graph, x.size());
  check_explanations(net.graph, node_input(x.size()));
  return net.graph.forward(x).output().col(0);
}
std::string refusal(const Message& graph) {
  return message_of([&] { imported(graph); });
}

std::vector<Message> with(std::vector<Message> all, const std::vector<Message>& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST_CASE("onnx: an If whose condition hangs on a shape is the branch that it chooses", "[onnx][if]") {
  // y = c·x with c = 4 for more than two values, else −x; c stands outside of the branch.
  const Message graph = graph_message(
      with(size_asked(),
           {if_message("big", {"y"}, graph_message({node_message("Mul", {"x", "c"}, {"t"})}, {"t"}),
                       graph_message({node_message("Neg", {"x"}, {"t"})}, {"t"}))}),
      {"y"}, with(size_constants(), {reals_message("c", {4})}));
  CHECK(output(graph, VectorXd{{1, -2, 3}}) == VectorXd{{4, -8, 12}});
  CHECK(output(graph, VectorXd{{1, -2}}) == VectorXd{{-1, 2}});
}

TEST_CASE("onnx: branches whose values have the same names as others", "[onnx][if]") {
  // t = 2·x outside, 3·x and 5·(3·x) inside, where an If is within an If: y = t + 15·x + 3·x.
  const Message inner = if_message(
      "yes", {"t"}, graph_message({node_message("Mul", {"u", "c"}, {"v"})}, {"v"}, {reals_message("c", {5})}),
      graph_message({}, {"u"}));
  const Message then =
      graph_message({node_message("Mul", {"x", "c"}, {"u"}), inner, node_message("Add", {"t", "u"}, {"s"})},
                    {"s"}, {reals_message("c", {3})});
  const Message graph = graph_message(
      {node_message("Mul", {"x", "c"}, {"v"}), if_message("yes", {"w"}, then, graph_message({}, {"x"})),
       node_message("Add", {"v", "w"}, {"y"})},
      {"y"}, {reals_message("c", {2}), boolean_message("yes", true)});
  CHECK(output(graph, VectorXd{{1, -2, 3}}) == VectorXd{{20, -40, 60}});
}

TEST_CASE("onnx: a branch's outputs may be values of the graph around it, constants, or one value twice",
          "[onnx][if]") {
  const auto y = [](const Message& then) {
    return graph_message(
        {if_message("yes", {"a", "b"}, then, Message()), node_message("Add", {"a", "b"}, {"y"})}, {"y"},
        {boolean_message("yes", true)});
  };
  const VectorXd x{{1, -2, 3}};
  CHECK(output(y(graph_message({}, {"x", "c"}, {reals_message("c", {1, 2, 3})})), x) == VectorXd{{2, 0, 6}});
  CHECK(output(y(graph_message({node_message("Neg", {"x"}, {"n"})}, {"n", "n"})), x) ==
        VectorXd{{-2, 4, -6}});
}

TEST_CASE("onnx: the branch that is not taken is never looked at", "[onnx][if]") {
  const Message neg = graph_message({node_message("Neg", {"x"}, {"t"})}, {"t"});
  const VectorXd x{{1, -2, 3}}, y{{-1, 2, -3}};
  const auto graph = [&](const Message& otherwise) {
    return graph_message(with(size_asked(), {node_message("Unheard", {"x"}, {"strange"}),
                                             if_message("big", {"y"}, neg, otherwise)}),
                         {"y"}, size_constants());
  };
  CHECK(output(graph(graph_message({node_message("Unheard", {"x"}, {"t"})}, {"t"})), x) == y);
  CHECK(output(graph(graph_message({node_message("Neg", {"strange"}, {"t"})}, {"t"})), x) == y);
  CHECK(output(graph(graph_message({node_message("Neg", {"nowhere"}, {"t"})}, {"t"})), x) == y);
  CHECK(output(graph(Message().text(1, "no node")), x) == y);
  // The same where it is taken.
  const auto refused = [&](const Message& then) {
    return refusal(graph_message(with(size_asked(), {node_message("Unheard", {"x"}, {"strange"}),
                                                     if_message("big", {"y"}, then, neg)}),
                                 {"y"}, size_constants()));
  };
  CHECK_THAT(refused(graph_message({node_message("Unheard", {"x"}, {"t"}, "n")}, {"t"})),
             Contains("Unheard (1 node: node 'if/n' (Unheard))"));
  CHECK_THAT(refused(graph_message({node_message("Neg", {"strange"}, {"t"})}, {"t"})),
             Contains("Unheard (1 node: node of 'strange' (Unheard))"));
  CHECK(refused(graph_message({node_message("Neg", {"nowhere"}, {"t"}, "n")}, {"t"})) ==
        "node 'if/n' (Neg): input 0 ('nowhere'): no node computes it");
  CHECK_THAT(refused(Message().text(1, "no node")),
             Contains("node 'if' (If): attribute 'then_branch': ") && Contains("cut short or malformed"));
}

TEST_CASE("onnx: what only the branch reads is computed, and does not vanish into a layer", "[onnx][if]") {
  // d = 2·x is read by the branch alone. m = x·W is read by the branch and by a product, into which it would
  // vanish without the branch.
  const Message then = graph_message({node_message("Add", {"d", "m"}, {"t"})}, {"t"});
  const Message graph = graph_message(
      with(size_asked(),
           {node_message("Mul", {"x", "c"}, {"d"}), node_message("MatMul", {"x", "w"}, {"m"}),
            node_message("Mul", {"m", "c"}, {"s"}), if_message("big", {"i"}, then, graph_message({}, {"x"})),
            node_message("Add", {"s", "i"}, {"y"})}),
      {"y"},
      with(size_constants(), {reals_message("c", {2}),
                              tensor_message("w", 1, {3, 3}).packed_floats(4, {0, 1, 0, 0, 0, 1, 1, 0, 0})}));
  // m = x2 x0 x1; y = 2 m + 2 x + m.
  CHECK(output(graph, VectorXd{{1, -2, 3}}) == VectorXd{{11, -1, 0}});
}

TEST_CASE("onnx: Ifs that are refused", "[onnx][if]") {
  const Message neg = graph_message({node_message("Neg", {"x"}, {"t"})}, {"t"});
  const auto with_condition = [&](std::vector<Message> nodes, std::vector<Message> constants) {
    nodes.push_back(if_message("c", {"y"}, neg, neg));
    return refusal(graph_message(nodes, {"y"}, constants));
  };
  CHECK(with_condition({node_message("Greater", {"x", "zero"}, {"c"})}, {reals_message("zero", {0})}) ==
        "node 'if' (If): input 0 ('c'): expected a condition that is known when the model is read, found one "
        "that depends on the network's input 'x'");
  CHECK(with_condition({}, {reals_message("c", {1})}) ==
        "node 'if' (If): input 0 ('c'): expected one boolean, found float (1)");
  CHECK(with_condition({}, {tensor_message("c", 9, {2}).packed(5, {1, 1})}) ==
        "node 'if' (If): input 0 ('c'): expected one boolean, found bool (2)");
  const auto with_branch = [](Message then) {
    return refusal(
        graph_message({if_message("c", {"y"}, then, Message())}, {"y"}, {boolean_message("c", true)}));
  };
  CHECK(with_branch(graph_message({}, {})) ==
        "node 'if' (If): attribute 'then_branch': expected 1 outputs, found 0");
  CHECK(with_branch(Message(neg).message(11, value_message("in"))) ==
        "node 'if' (If): attribute 'then_branch': expected a graph without inputs, found 'in'");
  CHECK(with_branch(graph_message({}, {"nothing"})) ==
        "node 'if' (If): attribute 'then_branch': expected a value 'nothing' for an output, found none");
  // A branch that reads what its own If computes.
  CHECK_THAT(with_branch(graph_message({node_message("Neg", {"y"}, {"t"})}, {"t"})),
             Contains("node 'if' (If)") && Contains("cycles"));
}

TEST_CASE("onnx: Ifs within each other are read up to 32 deep", "[onnx][if]") {
  const auto nested = [](int depth) {
    Message graph = graph_message({node_message("Neg", {"x"}, {"t"})}, {"t"});
    for (int k = 0; k < depth; ++k)
      graph = graph_message({if_message("yes", {"t"}, graph, Message())}, {"t"});
    return Message(graph).message(5, boolean_message("yes", true));
  };
  CHECK(output(nested(32), VectorXd{{1, 2}}) == VectorXd{{-1, -2}});
  CHECK_THAT(refusal(nested(33)), Contains("within each other up to 32 deep"));
}

}  // namespace
