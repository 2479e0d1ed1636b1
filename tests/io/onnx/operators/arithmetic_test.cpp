#include <ascribe/io/onnx/operators/arithmetic.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <ascribe/methods/composites.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/checks.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"
#include "tests/support/random.hpp"

using namespace ascribe;
using namespace ascribe::test;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity(),
                nan_value = std::numeric_limits<float>::quiet_NaN();

/// Every method's shares of all outputs together are finite, and its books close.
void check_methods(const Graph<double>& net) {
  const Eigen::MatrixXd x = node_input(net.input_size());
  const Eigen::MatrixXd weights = Eigen::MatrixXd::Ones(net.output_size(), 1);
  const auto trace = net.forward(x), zero = net.forward(Eigen::MatrixXd(0 * x));
  const start::OutputWeights start(weights);
  for (const char* name : {"gradient_times_input", "lrp", "lrp_q", "lrp_radial", "deep_lift", "epsilon_plus",
                           "epsilon_alpha2_beta1", "excitation_backprop", "guided_backprop"}) {
    INFO(name);
    const auto method = composite::by_name<double>(name, {});
    const auto e = method.form == Form::Delta ? net.explain(trace, start, method, zero, Record::per_layer)
                                              : net.explain(trace, start, method, Record::per_layer);
    CHECK(e.relevance.allFinite());
    CHECK(check::conservation(e));
    for (Index i = net.input_count(); i < Index(net.nodes().size()); ++i) {
      CHECK(e.nodes[std::size_t(i)].relevance.allFinite());
      CHECK(e.nodes[std::size_t(i)].books.largest_entry().allFinite());
    }
    CHECK_FALSE(check::first_open_node(net, e, 0));
  }
}

}  // namespace

// node_input begins with −3.125, 0.5, −3.875, −0.25, 3.375, −1.
TEST_CASE("onnx: -infinity is never the maximum, and books nothing", "[onnx]") {
  const std::vector<double> x{-3.125, 0.5, -3.875};
  check_node({.op = "Max", .inputs = {{1, 3}}, .constants = {number(-infinity)}}, {{{1, 3}, x}});
  check_node({.op = "Min", .inputs = {{1, 3}}, .constants = {number(infinity)}}, {{{1, 3}, x}});
  check_node({.op = "Max", .inputs = {{1, 3}}, .constants = {list_of_reals({-infinity, 1, -infinity})}},
             {{{1, 3}, {-3.125, 1, -3.875}}});
  check_node({.op = "Min", .inputs = {{1, 3}}, .constants = {list_of_reals({infinity, 1, -5})}},
             {{{1, 3}, {-3.125, 0.5, -5}}});
  check_node({.op = "Max", .inputs = {{1, 3}, {1, 3}}, .constants = {list_of_reals({-infinity, 4, 0})}},
             {{{1, 3}, {-0.25, 4, 0}}});
  check_node({.op = "Max", .inputs = {{1, 3}, {1, 3}}, .constants = {number(-infinity)}},
             {{{1, 3}, {-0.25, 3.375, -1}}});
  for (const OneNode& one :
       {OneNode{.op = "Max", .inputs = {{1, 3}}, .constants = {number(-infinity)}},
        OneNode{.op = "Max", .inputs = {{1, 3}}, .constants = {list_of_reals({-infinity, 1, -infinity})}},
        OneNode{.op = "Min", .inputs = {{1, 3}, {1, 3}}, .constants = {list_of_reals({infinity, 1, -5})}}})
    check_methods(import(model_of(one), true).graph);
}

TEST_CASE("onnx: what maxima and minima refuse", "[onnx]") {
  const auto with = [](const char* op, std::vector<float> constants) {
    return refusal({.op = op, .inputs = {{1, 2}}, .constants = {list_of_reals(std::move(constants))}}, true);
  };
  CHECK(with("Max", {0, infinity}) ==
        "node 'it' (Max): expected constants that are finite or -infinity, found inf");
  CHECK(with("Max", {nan_value, 0}) ==
        "node 'it' (Max): expected constants that are finite or -infinity, found nan");
  CHECK(with("Max", {infinity}) ==
        "node 'it' (Max): expected constants that are finite or -infinity, found inf");
  CHECK(with("Min", {-infinity}) ==
        "node 'it' (Min): expected constants that are finite or infinity, found -inf");
  CHECK(with("Min", {0, nan_value}) ==
        "node 'it' (Min): expected constants that are finite or infinity, found nan");
}

TEST_CASE("onnx: operators of two values of any shapes", "[onnx]") {
  struct Case {
    const char* op;
    std::function<double(double, double)> of;
  };
  const Case cases[] = {
      {"Add", std::plus<>()},
      {"Sub", std::minus<>()},
      {"Mul", std::multiplies<>()},
      {"Div", std::divides<>()},
      {"Max", [](double a, double b) { return std::max(a, b); }},
      {"Min", [](double a, double b) { return std::min(a, b); }},
  };
  struct Shapes {
    onnx::Dims a, b;
    std::vector<Index> from_a, from_b;  // which value of either, for each of the result
    bool batched = true;
  };
  const Shapes shapes[] = {
      {{1, 3}, {1, 3}, {0, 1, 2}, {0, 1, 2}},
      {{1, 3}, {1, 1}, {0, 1, 2}, {0, 0, 0}},
      {{1, 1}, {1, 3}, {0, 0, 0}, {0, 1, 2}},
      {{1, 2, 1}, {1, 1, 2}, {0, 0, 1, 1}, {0, 1, 0, 1}},
      {{2, 2}, {}, {0, 1, 2, 3}, {0, 0, 0, 0}, false},
      {{2}, {2, 1}, {0, 1, 0, 1}, {0, 0, 1, 1}, false},
      {{1, 2, 1, 2}, {1, 1, 2, 1}, {0, 1, 0, 1, 2, 3, 2, 3}, {0, 0, 1, 1, 0, 0, 1, 1}},
  };
  Random random(3);
  for (const Case& one : cases)
    for (const Shapes& shape : shapes) {
      const Index a = 1 + *std::max_element(shape.from_a.begin(), shape.from_a.end()),
                  b = 1 + *std::max_element(shape.from_b.begin(), shape.from_b.end());
      Eigen::VectorXd x = random.vector(a + b), base = random.vector(a + b);
      x.tail(b).array() += 2;  // divisors on one side of 0
      base.tail(b).array() += 2;
      if (one.op[0] != 'M') x.head(a).array() -= 1;
      check_formula(
          model_of({.op = one.op, .inputs = {shape.a, shape.b}}),
          [&](const Eigen::VectorXd& at) {
            Eigen::VectorXd y(Index(shape.from_a.size()));
            for (Index j = 0; j < y.size(); ++j)
              y(j) = one.of(at(shape.from_a[std::size_t(j)]), at(a + shape.from_b[std::size_t(j)]));
            return y;
          },
          x, base, shape.batched);
    }
}

TEST_CASE("onnx: division by values", "[onnx]") {
  // A constant by a value.
  onnx::Model model = model_of({.op = "Div", .inputs = {{1, 3}}, .constants = {list_of_reals({2, -3, 0})}});
  std::swap(model.graph.nodes[0].inputs[0], model.graph.nodes[0].inputs[1]);
  check_formula(
      model,
      [](const Eigen::VectorXd& at) { return Eigen::VectorXd(Eigen::Vector3d(2 / at(0), -3 / at(1), 0)); },
      Eigen::Vector3d(0.5, -4, 3), Eigen::Vector3d(1, -2, 1));
  // The divisor is the gate: it takes nothing.
  const auto net = import(model_of({.op = "Div", .inputs = {{1, 1}, {1, 1}}}), true).graph;
  const auto e = net.explain(net.forward(Eigen::MatrixXd(Eigen::Vector2d(3, 2))), 0, method::Lrp());
  CHECK(e.relevance(0) == 1.5);
  CHECK(e.relevance(1) == 0);
  const auto forward = [&](double divisor) -> std::string {
    try {
      net.forward(Eigen::MatrixXd(Eigen::Vector2d(3, divisor)));
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  CHECK(forward(0) ==
        "forward: node 'it/inverse' (Reciprocal): expected numbers other than 0, found 0 at feature 0 of "
        "sample 0");
  CHECK(forward(1) == "no error");
  CHECK_THAT(refusal({.op = "Pow", .inputs = {{1, 2}, {1, 2}}}),
             Contains("node 'it' (Pow): input 1 ('x1'): expected a constant, found a value that depends"));
}

TEST_CASE("onnx: bounds of a Clip that are values", "[onnx]") {
  const auto clip = [](std::vector<std::string> inputs) {
    onnx::Model model = model_of({.op = "Clip",
                                  .inputs = {{2}, {}, {}},
                                  .constants = {number(-0.25f), onnx::Tensor::of<float>("", {1}, {0.5f})}});
    model.graph.nodes[0].inputs = std::move(inputs);
    return model;
  };
  const auto bounded = [](double x, double low, double high) { return std::min(std::max(x, low), high); };
  const Eigen::Vector4d x(-2, 0.75, -1, 0.5), base(0.125, -3, -2, 2);
  const auto check = [&](std::vector<std::string> inputs, auto low, auto high) {
    check_formula(
        clip(std::move(inputs)),
        [&](const Eigen::VectorXd& at) {
          return Eigen::VectorXd(
              Eigen::Vector2d(bounded(at(0), low(at), high(at)), bounded(at(1), low(at), high(at))));
        },
        x, base, false);
  };
  const auto constant = [](double c) { return [c](const Eigen::VectorXd&) { return c; }; };
  const auto value = [](Index i) { return [i](const Eigen::VectorXd& at) { return at(i); }; };
  check({"x0", "x1", "x2"}, value(2), value(3));
  check({"x0", "x1"}, value(2), constant(1e30));
  check({"x0", "", "x2"}, constant(-1e30), value(3));
  check({"x0", "c0", "x2"}, constant(-0.25), value(3));
  check({"x0", "x1", "c1"}, value(2), constant(0.5));
  CHECK(refusal({.op = "Clip", .inputs = {{1, 2}, {1, 2}}}) ==
        "node 'it' (Clip): input 1: expected a bound of 1 value, found 2");
}
