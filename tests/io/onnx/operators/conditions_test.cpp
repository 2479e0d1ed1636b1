#include <ascribe/io/onnx/operators/conditions.hpp>

#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

using namespace ascribe;
using namespace ascribe::test;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

onnx::Tensor booleans(onnx::Dims dims, const std::vector<int>& values) {
  std::vector<std::byte> bytes;
  for (const int v : values) bytes.push_back(std::byte(v));
  return onnx::Tensor::of_bytes("", onnx::ElementType::boolean, std::move(dims), std::move(bytes));
}

Eigen::VectorXd numbers(std::vector<double> values) {
  return Eigen::Map<const Eigen::VectorXd>(values.data(), Index(values.size()));
}

bool holds(const std::string& op, double a, double b) {
  return op == "Greater"          ? a > b
         : op == "GreaterOrEqual" ? a >= b
         : op == "Less"           ? a < b
         : op == "LessOrEqual"    ? a <= b
                                  : a == b;
}

/// y = Where(c, …) with c = x > (0.5, −1): the node's other two inputs are named "x", or constants "k", "l".
Chain where_chain(std::vector<std::string> branches, std::vector<onnx::Tensor> constants = {}) {
  Chain chain{{1, 2, 2},
              {step("Greater", {}, {"x", "limits"}, "c"), step("Mul", {}, {"x", "factors"}, "z"),
               step("Where", {}, {"c", std::move(branches[0]), std::move(branches[1])}, "y")},
              std::move(constants)};
  chain.constants.push_back(list_of_reals({0.5f, -1}).renamed("limits"));
  chain.constants.push_back(list_of_reals({3, -2}).renamed("factors"));
  return chain;
}

}  // namespace

TEST_CASE("onnx: comparisons of values and constants", "[onnx]") {
  const auto a = numbers({-3, 0.5, 2, 7}), b = numbers({-3, 2, 0.5, 7});
  for (const std::string op : {"Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal"}) {
    INFO(op);
    const auto values = [&](const OneNode& one, const Eigen::VectorXd& x) {
      const auto net = import(model_of(one), true);
      CHECK(net.notes.size() == 1);
      CHECK_THAT(net.notes.at(0), Contains("node 'it' (" + op + ")") && Contains("constant at the point"));
      return Eigen::VectorXd(net.graph.forward(x).output());
    };
    Eigen::VectorXd both(8), expected(4), by_constant(4), of_constant(4);
    both << a, b;
    for (Index i = 0; i < 4; ++i) {
      expected(i) = holds(op, a(i), b(i));
      by_constant(i) = holds(op, a(i), 0.5);
    }
    CHECK(values({.op = op, .inputs = {{1, 4}, {1, 4}}}, both) == expected);
    CHECK(values({.op = op, .inputs = {{1, 4}}, .constants = {number(0.5f)}}, a) == by_constant);
    // A constant first.
    onnx::Model model = model_of({.op = op, .inputs = {{1, 4}}, .constants = {number(0.5f)}});
    std::swap(model.graph.nodes[0].inputs[0], model.graph.nodes[0].inputs[1]);
    for (Index i = 0; i < 4; ++i) of_constant(i) = holds(op, 0.5, a(i));
    CHECK(import(model, true).graph.forward(a).output() == of_constant);
    // Values of other shapes are repeated; nothing is on a jump.
    check_formula(
        model_of({.op = op, .inputs = {{1, 2, 1}, {1, 1, 3}}}),
        [&](const Eigen::VectorXd& x) {
          Eigen::VectorXd y(6);
          for (Index i = 0; i < 6; ++i) y(i) = holds(op, x(i / 3), x(2 + i % 3));
          return y;
        },
        numbers({0.5, -2, 1, 0.25, -3}), numbers({-0.5, 2, 1, -0.25, 3}));
  }
}

TEST_CASE("onnx: comparisons of every operator set", "[onnx]") {
  for (const Index opset : {7, 9, 13})
    check_node({.op = "Less", .inputs = {{1, 3}}, .constants = {number(0)}, .opset = opset},
               {{{1, 3}, {1, 0, 1}}});
  check_node({.op = "Greater",
              .attributes = {integer("broadcast", 1), integer("axis", 1)},
              .inputs = {{1, 2, 2}},
              .constants = {list_of_reals({0, -1})},
              .opset = 6},
             {{{1, 2, 2}, {0, 1, 0, 1}}});
}

TEST_CASE("onnx: logic of conditions", "[onnx]") {
  // c is x > 0 and d is x < 2: of −1, 1, 3.
  const std::vector<double> c{0, 1, 1}, d{1, 1, 0};
  const auto x = numbers({-1, 1, 3}), base = numbers({1, 3, -1});
  for (const std::string op : {"And", "Or", "Xor"}) {
    INFO(op);
    const auto combined = [&](bool p, bool q) { return op == "And" ? p && q : op == "Or" ? p || q : p != q; };
    const std::vector<onnx::Node> before{step("Greater", {}, {"x", "zero"}, "c"),
                                         step("Less", {}, {"x", "two"}, "d")};
    const std::vector<onnx::Tensor> constants{number(0).renamed("zero"), number(2).renamed("two"),
                                              booleans({3}, {1, 0, 1}).renamed("k")};
    auto nodes = before;
    nodes.push_back(step(op, {}, {"c", "d"}, "y"));
    check_formula(
        model_of(Chain{{1, 3}, nodes, constants}),
        [&](const Eigen::VectorXd& at) {
          Eigen::VectorXd y(3);
          for (Index i = 0; i < 3; ++i) y(i) = combined(at(i) > 0, at(i) < 2);
          return y;
        },
        x, base);
    for (const bool constant_first : {false, true}) {
      nodes = {before[0], step(op, {}, {constant_first ? "k" : "c", constant_first ? "c" : "k"}, "y")};
      const auto net = import_chain({{1, 3}, nodes, constants});
      const Eigen::VectorXd y = net.graph.forward(x).output();
      for (Index i = 0; i < 3; ++i) CHECK(y(i) == double(combined(c[std::size_t(i)] != 0, i != 1)));
    }
  }
  check_formula(
      model_of(Chain{{1, 3},
                     {step("Greater", {}, {"x", "zero"}, "c"), step("Not", {}, {"c"}, "y")},
                     {number(0).renamed("zero")}}),
      [](const Eigen::VectorXd& at) { return Eigen::VectorXd((at.array() <= 0).cast<double>()); }, x, base);
}

TEST_CASE("onnx: Where by constants picks", "[onnx]") {
  // x = −3.125, 0.5, −3.875, −0.25, 3.375, −1.
  const auto where = [](onnx::Tensor condition, std::vector<onnx::Dims> inputs,
                        std::vector<onnx::Tensor> constants, bool constant_first = false) {
    onnx::Model model =
        model_of({.op = "Where", .inputs = std::move(inputs), .constants = std::move(constants)});
    auto& names = model.graph.nodes[0].inputs;
    if (constant_first) std::swap(names[0], names[1]);
    names.insert(names.begin(), "condition");
    model.graph.initializers.push_back(condition.renamed("condition"));
    return model;
  };
  const auto x = numbers({-3.125, 0.5, -3.875, -0.25, 3.375, -1}), base = numbers({1, 2, 3, 4, 5, 6});
  check_formula(
      where(booleans({3}, {1, 0, 1}), {{1, 3}, {1, 3}}, {}),
      [](const Eigen::VectorXd& at) { return Eigen::VectorXd(Eigen::Vector3d(at(0), at(4), at(2))); }, x,
      base);
  check_formula(
      where(booleans({2, 1}, {1, 0}), {{1, 1, 3}, {1, 1, 3}}, {}),
      [](const Eigen::VectorXd& at) { return at; }, x, base);
  // Infinities that are not picked do no harm.
  check_formula(
      where(booleans({3}, {1, 0, 1}), {{1, 3}}, {list_of_reals({-infinity, 9, infinity})}),
      [](const Eigen::VectorXd& at) { return Eigen::VectorXd(Eigen::Vector3d(at(0), 9, at(2))); }, x.head(3),
      base.head(3));
  check_formula(
      where(booleans({2, 3}, {1, 0, 1, 0, 0, 0}), {{1, 1, 3}}, {number(9)}, true),
      [](const Eigen::VectorXd& at) {
        return numbers({9, at(1), 9, at(0), at(1), at(2)});
      },
      x.head(3), base.head(3));
  const auto refused = [&](std::vector<float> values) {
    try {
      import(where(booleans({2}, {1, 0}), {{ 1, 2 }}, {list_of_reals(std::move(values))}), true);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK(refused({0, -infinity}) ==
        "node 'it' (Where): input 2: expected finite numbers where the condition picks them, found -inf");
  CHECK(refused({-infinity, 0}) == "no error");
  CHECK(import(where(booleans({2}, {1, 0}), {{1, 2}}, {number(0)}), true).notes.empty());
}

TEST_CASE("onnx: Where by a condition on values", "[onnx]") {
  const auto x = numbers({-3.125, 0.5625, 3.875, -1.25}), base = numbers({1, -2, -3, 4});
  const auto first = [](const Eigen::VectorXd& at, Index i) { return at(i) > (i % 2 == 0 ? 0.5 : -1); };
  const auto z = [](const Eigen::VectorXd& at, Index i) { return at(i) * (i % 2 == 0 ? 3 : -2); };
  const auto check = [&](std::vector<std::string> branches, std::vector<onnx::Tensor> constants, auto a,
                         auto b) {
    check_formula(
        model_of(where_chain(std::move(branches), std::move(constants))),
        [&](const Eigen::VectorXd& at) {
          Eigen::VectorXd y(4);
          for (Index i = 0; i < 4; ++i) y(i) = first(at, i) ? a(at, i) : b(at, i);
          return y;
        },
        x, base);
  };
  const auto itself = [](const Eigen::VectorXd& at, Index i) { return at(i); };
  check({"x", "z"}, {}, itself, z);
  check({"z", "z"}, {}, z, z);
  check({"x", "k"}, {number(7).renamed("k")}, itself, [](const auto&, Index) { return 7.0; });
  check(
      {"k", "z"}, {list_of_reals({7, 8}).renamed("k")},
      [](const auto&, Index i) { return i % 2 == 0 ? 7.0 : 8.0; }, z);
  check(
      {"k", "l"}, {number(7).renamed("k"), number(-2).renamed("l")}, [](const auto&, Index) { return 7.0; },
      [](const auto&, Index) { return -2.0; });

  const auto net = import_chain(where_chain({"x", "z"}));
  REQUIRE(net.notes.size() == 2);
  CHECK_THAT(net.notes[1], Contains("node 'y' (Where)") && Contains("constant at the point"));
  // Relevance goes to the branch that was taken, and nothing to the condition.
  const auto trace = net.graph.forward(x);
  for (Index i = 0; i < 4; ++i) {
    const auto e = net.graph.explain(trace, i, method::Lrp());
    for (Index j = 0; j < 4; ++j)
      CHECK(e.relevance(j) == Approx(i == j ? trace.output()(i) : 0).epsilon(1e-5).margin(1e-12));
  }
  // Of a constant branch nothing goes to the inputs.
  const auto constant = import_chain(where_chain({"x", "k"}, {number(7).renamed("k")}));
  const auto e = constant.graph.explain(constant.graph.forward(x), 0, method::Lrp());
  CHECK(e.relevance.isZero());
  CHECK(e.ledger.bias(0) == Approx(7).epsilon(1e-5));
  CHECK(chain_refused(where_chain({"x", "k"}, {number(-infinity).renamed("k")})) ==
        "node 'y' (Where): input 2: expected finite numbers beside a condition that depends on the network's "
        "inputs, found -inf");
}

TEST_CASE("onnx: a condition that is cast to numbers is the gate of a product", "[onnx]") {
  for (const bool first : {false, true}) {
    const std::vector<std::string> factors =
        first ? std::vector<std::string>{"m", "x"} : std::vector<std::string>{"x", "m"};
    const auto net =
        import_chain({{1, 3},
                      {step("Greater", {}, {"x", "zero"}, "c"), step("Cast", {integer("to", 1)}, {"c"}, "m"),
                       step("Mul", {}, factors, "y")},
                      {number(0).renamed("zero")}});
    const auto e = net.graph.explain(net.graph.forward(numbers({-1, 2, 3})), 1, method::Lrp());
    CHECK(e.relevance(1) == 2);
    check_formula(
        model_of(Chain{{1, 3},
                       {step("Greater", {}, {"x", "zero"}, "c"), step("Cast", {integer("to", 1)}, {"c"}, "m"),
                        step("Mul", {}, factors, "y")},
                       {number(0).renamed("zero")}}),
        [](const Eigen::VectorXd& at) { return Eigen::VectorXd(at.cwiseMax(0)); }, numbers({-1, 2, 3}),
        numbers({3, -2, 1}));
  }
}

TEST_CASE("onnx: what conditions refuse", "[onnx]") {
  CHECK(refusal({.op = "Greater", .inputs = {{1, 2}, {1, 3}}}) ==
        "node 'it' (Greater): expected shapes that fit, found (1, 2) and (1, 3)");
  CHECK(refusal({.op = "Equal", .inputs = {{1, 2}}}) == "node 'it' (Equal): expected 2 inputs, found 1");
  CHECK(refusal({.op = "Where", .inputs = {{1, 2}, {1, 2}}}) ==
        "node 'it' (Where): expected an input 2, found 2");
  CHECK(refusal({.op = "Less", .attributes = {integer("axis", 1)}, .inputs = {{1, 2}, {1, 2}}}) ==
        "node 'it' (Less): expected no attribute 'axis', found an integer");
}

TEST_CASE("onnx: values are finite, so that IsNaN and IsInf are constants", "[onnx]") {
  for (const char* op : {"IsNaN", "IsInf"}) {
    const auto net = import_chain({{1, 3},
                                   {step(op, {}, {"x"}, "c"), step("Where", {}, {"c", "zero", "x"}, "y")},
                                   {list_of_reals({0}).renamed("zero")}});
    CHECK(net.graph.nodes().size() == 1);  // the input itself
    CHECK(output_of(net) == node_input(3).col(0));
  }
}
