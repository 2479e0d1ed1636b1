#include <ascribe/io/onnx/operators/reduce.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include <ascribe/methods/gradient.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"
#include "tests/support/random.hpp"

using namespace ascribe;
using namespace ascribe::test;

// The expected values are onnx.reference's (onnx 1.23) and numpy's on the same inputs (node_input).

TEST_CASE("onnx: ReduceMean, ReduceSum and ReduceMax", "[onnx]") {
  struct Row {
    OneNode node;  ///< but for its operator
    onnx::Dims dims;
    std::array<std::vector<double>, 3> values;  ///< of each
    bool batched = true;
    Index layers = -1;
  };
  const std::vector<Row> rows{
      {{.op = "", .attributes = {integers("axes", {2, 3})}, .inputs = {{1, 3, 2, 4}}, .opset = 12},
       {1, 3, 1, 1},
       {{{-0.4375, -0.4375, -0.4375}, {-3.5, -3.5, -3.5}, {3.375, 3.25, 2.5}}}},
      {{.op = "",
        .attributes = {integers("axes", {-2}), integer("keepdims", 0)},
        .inputs = {{1, 3, 2, 4}},
        .opset = 12},
       {1, 3, 4},
       {{{0.125, -0.25, -0.625, -1, 1.125, -3.25, 0.375, 0, -1.875, 1.75, -2.625, 1},
         {0.25, -0.5, -1.25, -2, 2.25, -6.5, 0.75, 0, -3.75, 3.5, -5.25, 2},
         {3.375, 0.5, 2.625, -0.25, 1.875, -2.5, 1.125, 3.25, -1.125, 2.5, -1.875, 1.75}}}},
      {{.op = "",
        .attributes = {integer("keepdims", 1)},
        .inputs = {{1, 3, 2, 4}},
        .constants = {list({1, -1})},
        .opset = 18},
       {1, 1, 2, 1},
       {{{-0.6875, -0.1875}, {-8.25, -2.25}, {2.5, 3.375}}}},
      {{.op = "",
        .attributes = {integer("keepdims", 0)},
        .inputs = {{1, 3, 2, 4}},
        .constants = {list({1, 2, 3})},
        .opset = 18},
       {1},
       {{{-0.4375}, {-10.5}, {3.375}}}},
      {{.op = "", .attributes = {integer("keepdims", 0)}, .inputs = {{2, 3, 2}}, .opset = 18},
       {},
       {{{-0.520833333333}, {-6.25}, {3.375}}},
       false},
      {{.op = "",
        .attributes = {integer("keepdims", 1)},
        .inputs = {{2, 3, 2}},
        .constants = {list({0})},
        .opset = 18},
       {1, 3, 2},
       {{{-0.25, -0.625, -1, -1.375, 2.25, -2.125},
         {-0.5, -1.25, -2, -2.75, 4.5, -4.25},
         {2.625, 0.5, 1.875, -0.25, 3.375, -1}}},
       false},
      {{.op = "", .attributes = {integer("noop_with_empty_axes", 1)}, .inputs = {{1, 2, 3}}, .opset = 18},
       {1, 2, 3},
       {{{-3.125, 0.5, -3.875, -0.25, 3.375, -1},
         {-3.125, 0.5, -3.875, -0.25, 3.375, -1},
         {-3.125, 0.5, -3.875, -0.25, 3.375, -1}}},
       true,
       0},
      {{.op = "",
        .attributes = {integer("keepdims", 0)},
        .inputs = {{1, 1, 3}},
        .constants = {list({1})},
        .opset = 18},
       {1, 3},
       {{{-3.125, 0.5, -3.875}, {-3.125, 0.5, -3.875}, {-3.125, 0.5, -3.875}}},
       true,
       0},
  };
  constexpr std::array operators{"ReduceMean", "ReduceSum", "ReduceMax"};
  for (const Row& row : rows)
    for (std::size_t k = 0; k < operators.size(); ++k) {
      OneNode node = row.node;
      node.op = operators[k];
      check_node(node, {{row.dims, row.values[k]}}, row.batched, row.layers);
    }
}

TEST_CASE("onnx: of equal maxima the first in C order takes all", "[onnx]") {
  const OneNode one{.op = "ReduceMax", .inputs = {{2, 2, 2}}, .constants = {list({0, 2})}};
  const auto net = import(model_of(one), false).graph;
  Eigen::MatrixXd x(8, 1);
  x << 0, 3, 1, 1, 3, 3, 1, 1;
  const auto relevance =
      net.explain(net.forward(x), start::OutputWeights(node_input(2)), method::Gradient()).relevance;
  for (Index i = 0; i < 8; ++i) CHECK((relevance(i) != 0) == (i == 1 || i == 2));
}

TEST_CASE("onnx: means and sums are aggregations", "[onnx]") {
  for (const char* op : {"ReduceMean", "ReduceSum"})
    for (const std::int64_t axis : {1, 2}) {
      const OneNode one{.op = op, .inputs = {{1, 2, 2}}, .constants = {list({axis})}};
      const auto net = import(model_of(one), true).graph;
      const Index last = Index(net.nodes().size()) - 1;
      CHECK(net.node(net.outputs()[0]).info(last, 0).role == map::Role::aggregation);
    }
}

TEST_CASE("onnx: the other reductions against plain loops", "[onnx]") {
  using Values = std::vector<double>;
  struct Case {
    const char* op;
    double (*of)(const Values&);
    bool positive;
  };
  const Case cases[] = {
      {"ReduceMin", [](const Values& v) { return *std::min_element(v.begin(), v.end()); }, false},
      {"ReduceProd",
       [](const Values& v) { return std::accumulate(v.begin(), v.end(), 1.0, std::multiplies<>()); }, false},
      {"ReduceL1",
       [](const Values& v) {
         return std::accumulate(v.begin(), v.end(), 0.0, [](double s, double x) { return s + std::abs(x); });
       },
       false},
      {"ReduceL2",
       [](const Values& v) { return std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0)); },
       false},
      {"ReduceSumSquare",
       [](const Values& v) { return std::inner_product(v.begin(), v.end(), v.begin(), 0.0); }, false},
      {"ReduceLogSum", [](const Values& v) { return std::log(std::accumulate(v.begin(), v.end(), 0.0)); },
       true},
      {"ReduceLogSumExp",
       [](const Values& v) {
         return std::log(
             std::accumulate(v.begin(), v.end(), 0.0, [](double s, double x) { return s + std::exp(x); }));
       },
       false},
  };
  const onnx::Dims dims{1, 3, 5, 2};
  Random random(7);
  for (const Case& one : cases)
    for (const std::vector<std::int64_t>& axes :
         {std::vector<std::int64_t>{2}, {-1, 1}, {1}, {2, 3}, {1, 2, 3}})
      for (const Index opset : {13, 18}) {
        const std::vector<Index> named(axes.begin(), axes.end());
        std::vector<Index> counted = named;
        for (Index& axis : counted) axis += axis < 0 ? 4 : 0;
        const auto sets = sets_along(dims, counted);
        const Formula formula = [&](const Eigen::VectorXd& x) {
          Eigen::VectorXd y(Index(sets.size()));
          for (std::size_t s = 0; s < sets.size(); ++s) {
            Values values;
            for (const Index place : sets[s]) values.push_back(x(place));
            y(Index(s)) = one.of(values);
          }
          return y;
        };
        OneNode node{
            .op = one.op, .attributes = {integer("keepdims", opset == 18)}, .inputs = {dims}, .opset = opset};
        if (opset < 18)
          node.attributes.push_back(integers("axes", axes));
        else
          node.constants.push_back(list(axes));
        Eigen::VectorXd x = random.vector(30), base = random.vector(30);
        if (one.positive) {
          x = x.cwiseAbs().array() + 0.1;
          base = base.cwiseAbs().array() + 0.1;
        }
        check_formula(model_of(node), formula, x, base);
      }
}

TEST_CASE("onnx: shapes of the other reductions, and of those of one value", "[onnx]") {
  const auto dims = [](const char* op, std::vector<onnx::Attribute> attributes, onnx::Dims input) {
    return import(model_of({.op = op, .attributes = std::move(attributes), .inputs = {std::move(input)}}),
                  false)
        .outputs[0]
        .dims;
  };
  for (const char* op : {"ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum",
                         "ReduceLogSumExp"}) {
    INFO(op);
    CHECK(dims(op, {}, {2, 3}) == onnx::Dims{1, 1});
    CHECK(dims(op, {integer("keepdims", 0)}, {2, 3}) == onnx::Dims{});
    CHECK(dims(op, {}, {}) == onnx::Dims{});
    CHECK(dims(op, {}, {1, 1}) == onnx::Dims{1, 1});
  }
  check_node({.op = "ReduceProd", .inputs = {{}}}, {{{}, {-3.125}}}, false, 0);
  check_node({.op = "ReduceMin", .attributes = {integer("noop_with_empty_axes", 1)}, .inputs = {{1, 2}}},
             {{{1, 2}, {-3.125, 0.5}}}, true, 0);
  CHECK(refusal({.op = "ReduceL1", .attributes = {integer("noop_with_empty_axes", 1)}, .inputs = {{1, 2}}}) ==
        "node 'it' (ReduceL1): expected axes, found none and noop_with_empty_axes, on whose meaning here "
        "ONNX's "
        "versions disagree");
  CHECK(refusal({.op = "ReduceL2", .inputs = {{1, 2}}, .constants = {list({0})}}, true) ==
        "node 'it' (ReduceL2): it works along axis 0, the batch's, which is not supported");
}

TEST_CASE("onnx: a sum that has no logarithm, and exponentials beyond all numbers, are Errors", "[onnx]") {
  const auto found = [](const char* op, double x) {
    const auto net = import(model_of({.op = op, .inputs = {{2}}}), false).graph;
    try {
      const auto trace = net.forward(Eigen::MatrixXd(Eigen::Vector2d(x, x)));
      net.explain(trace, 0, method::Gradient());
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK_THAT(found("ReduceLogSum", -1), Contains("node 'it' (Log): expected numbers above 0, found -2"));
  CHECK(found("ReduceLogSumExp", 700) == "no error");
  CHECK_THAT(found("ReduceLogSumExp", 800), Contains("finite") || Contains("inf"));
}

TEST_CASE("onnx: what reductions refuse", "[onnx]") {
  const auto with = [](std::vector<onnx::Attribute> attributes, std::vector<onnx::Tensor> constants,
                       Index opset, bool batched = false, const char* op = "ReduceMean") {
    return refusal({.op = op,
                    .attributes = std::move(attributes),
                    .inputs = {{1, 2, 3}},
                    .constants = std::move(constants),
                    .opset = opset},
                   batched);
  };
  CHECK(with({}, {list({0})}, 18, true) ==
        "node 'it' (ReduceMean): it works along axis 0, the batch's, which is not supported");
  CHECK(with({}, {}, 18, true) ==
        "node 'it' (ReduceMean): it works along axis 0, the batch's, which is not supported");
  CHECK(with({}, {list({3})}, 18) == "node 'it' (ReduceMean): expected an axis in [-3, 3), found 3");
  CHECK(with({}, {list({1, -2})}, 18) == "node 'it' (ReduceMean): expected every axis once, found -2 again");
  CHECK(with({}, {list_of_reals({1})}, 18) ==
        "node 'it' (ReduceMean): tensor 'c0': expected int64 or int32, found float");
  CHECK(with({integers("axes", {1})}, {}, 18) ==
        "node 'it' (ReduceMean): expected no attribute 'axes', found a list of integers");
  CHECK(with({}, {list({1})}, 17) ==
        "node 'it' (ReduceMean): expected 'axes' as an attribute before operator set 18, found input 1");
  CHECK(with({}, {list({1})}, 13, false, "ReduceSum") == "no error");
  CHECK(with({}, {list({1})}, 12, false, "ReduceSum") ==
        "node 'it' (ReduceSum): expected 'axes' as an attribute before operator set 13, found input 1");
  CHECK(with({integer("noop_with_empty_axes", 1)}, {}, 17) ==
        "node 'it' (ReduceMean): expected no attribute 'noop_with_empty_axes', found an integer");
  CHECK(with({integer("keepdims", 2)}, {}, 17) ==
        "node 'it' (ReduceMean): attribute 'keepdims': expected 0 or 1, found 2");
}
