#include <ascribe/io/onnx/operators/math.hpp>

#include <string>
#include <vector>

#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/checks.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

using namespace ascribe;
using namespace ascribe::test;

namespace {

/// A function of scale·x + shift for x = −3.125, 0.5, −3.875, −0.25, 3.375, −1, and what it is to give.
struct Case {
  const char* op;
  std::vector<onnx::Attribute> attributes;
  float scale, shift;
  std::vector<double> expected;
};

Chain chain_of(const Case& one) {
  return {{1, 6},
          {step("Mul", {}, {"x", "scale"}, "m"), step("Add", {}, {"m", "shift"}, "a"),
           step(one.op, one.attributes, {"a"}, "y")},
          {number(one.scale).renamed("scale"), number(one.shift).renamed("shift")}};
}

/// The gradient of a mixture of the outputs is what finite differences give, and the books close.
void check_gradient(const Graph<double>& net) {
  const Eigen::MatrixXd x = node_input(net.input_size()), weights = node_input(net.output_size(), 5);
  const start::OutputWeights at(weights);
  const auto e = net.explain(net.forward(x), at, method::Gradient());
  CHECK(check::conservation(e));
  for (Index i = 0; i < x.size(); ++i) {
    Eigen::MatrixXd up = x, down = x;
    up(i) += 1e-4;
    down(i) -= 1e-4;
    const double change =
        weights.col(0).dot(net.forward(up).output().col(0) - net.forward(down).output().col(0));
    CHECK(e.relevance(i) == Approx(change / 2e-4).margin(1e-6));
  }
}

/// Against a baseline inside the domain, multipliers times differences are the difference of the outputs.
void check_baseline(const Graph<double>& net) {
  const Eigen::MatrixXd x = node_input(net.input_size()), base = 0.875 * x;
  const Eigen::MatrixXd weights = node_input(net.output_size(), 5);
  const start::OutputWeights at(weights);
  const auto trace = net.forward(x), baseline = net.forward(base);
  const auto e = net.explain(trace, at, method::DeepLift(), baseline);
  CHECK(check::conservation(e));
  CHECK(e.relevance.sum() ==
        Approx(weights.col(0).dot(trace.output().col(0) - baseline.output().col(0))).margin(1e-9));
}

template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

// Expected values by numpy 2.4.6, erf by Python's math.
TEST_CASE("onnx: functions, their gradients and multipliers", "[onnx]") {
  const std::vector<Case> cases{
      {"Exp",
       {},
       1,
       0,
       {0.04393693362340741, 1.6487212707001282, 0.020754337873699742, 0.7788007830714049, 29.22428378123494,
        0.36787944117144233}},
      {"Log",
       {},
       1,
       5,
       {0.6286086594223741, 1.7047480922384253, 0.11778303565638346, 1.55814461804655, 2.12525107771113,
        1.3862943611198906}},
      {"Sqrt",
       {},
       1,
       5,
       {1.3693063937629153, 2.345207879911715, 1.0606601717798212, 2.179449471770337, 2.8939592256975564, 2}},
      {"Reciprocal", {}, 1, 0, {-0.32, 2, -0.25806451612903225, -4, 0.2962962962962963, -1}},
      {"Erf",
       {},
       0.5,
       0,
       {-0.9728746138209335, 0.2763263901682369, -0.9938568063952132, -0.1403162048013338, 0.982989716601978,
        -0.5204998778130465}},
      {"Sin",
       {},
       1,
       0,
       {-0.016591892229347906, 0.479425538604203, 0.669404826237736, -0.24740395925452294,
        -0.23129381240202182, -0.8414709848078965}},
      {"Cos",
       {},
       1,
       0,
       {-0.9998623450816866, 0.8775825618903728, -0.7428978251479987, 0.9689124217106447, -0.9728839459794464,
        0.5403023058681398}},
      {"Tan",
       {},
       1,
       0,
       {0.0165941764993584, 0.5463024898437905, -0.901072534576849, -0.25534192122103627, 0.23774039376214381,
        -1.5574077246549023}},
      {"Asin",
       {},
       0.25,
       0,
       {-0.8966658201275814, 0.1253278311680654, -1.3201406644587659, -0.06254076179649139,
        1.0042319961738184, -0.25268025514207865}},
      {"Acos",
       {},
       0.25,
       0,
       {2.467462146922478, 1.445468495626831, 2.890936991253662, 1.633337088591388, 0.5665643306210781,
        1.8234765819369754}},
      {"Atan",
       {},
       1,
       0,
       {-1.2610933822524404, 0.4636476090008061, -1.3182420510168371, -0.24497866312686414,
        1.2827408797442708, -0.7853981633974483}},
      {"Sinh",
       {},
       1,
       0,
       {-11.35797907995166, 0.5210953054937474, -24.08097197661256, -0.2526123168081683, 14.595032831461637,
        -1.1752011936438014}},
      {"Cosh",
       {},
       1,
       0,
       {11.401916013575068, 1.1276259652063807, 24.101726314486257, 1.0314130998795732, 14.629250949773303,
        1.5430806348152437}},
      {"Asinh",
       {},
       1,
       0,
       {-1.857250846738406, 0.48121182505960347, -2.0639411093276627, -0.24746646154726346,
        1.9308011464893708, -0.881373587019543}},
      {"Acosh",
       {},
       1,
       6,
       {1.7174816447333652, 2.5589789770286124, 1.3862943611198906, 2.4346983653758536, 2.9283370943847733,
        2.2924316695611777}},
      {"Atanh",
       {},
       0.25,
       0,
       {-1.0485705593896184, 0.12565721414045303, -2.0715673631957663, -0.06258157147700301,
        1.2340497657358096, -0.25541281188299536}},
      {"Celu",
       {},
       1,
       0,
       {-0.9560630663765926, 0.5, -0.9792456621263003, -0.22119921692859512, 3.375, -0.6321205588285577}},
      {"Celu",
       {real("alpha", 2)},
       1,
       0,
       {-1.5807772256978043, 0.5, -1.7118726817970935, -0.2350061948308092, 3.375, -0.7869386805747332}},
      {"ThresholdedRelu", {}, 1, 0, {0, 0, 0, 0, 3.375, 0}},
      {"ThresholdedRelu", {real("alpha", 0)}, 1, 0, {0, 0.5, 0, 0, 3.375, 0}},
      {"ThresholdedRelu", {real("alpha", -2)}, 1, 0, {0, 0.5, 0, -0.25, 3.375, -1}},
      {"Shrink", {}, 1, 0.125, {-3, 0.625, -3.75, 0, 3.5, -0.875}},
      {"Shrink", {real("bias", 1.5), real("lambd", 0.75)}, 1, 0, {-1.625, 0, -2.375, 0, 1.875, 0.5}},
      {"Swish",
       {},
       1,
       0,
       {-0.13152414973630888, 0.3112296656009273, -0.07878786920280267, -0.10945587477855048,
        3.2633348229381234, -0.2689414213699951}},
      {"Swish",
       {real("alpha", 1.75)},
       1,
       0,
       {-0.013121235223349587, 0.3528925139185056, -0.004392579894714107, -0.09808420754177709,
        3.365836924042108, -0.14804719803168948}},
      {"Floor", {}, 1, 0.0625, {-4, 0, -4, -1, 3, -1}},
      {"Ceil", {}, 1, 0.0625, {-3, 1, -3, 0, 4, 0}},
      {"Round", {}, 1, 0.0625, {-3, 1, -4, 0, 3, -1}},
      {"Sign", {}, 1, 0, {-1, 1, -1, -1, 1, -1}},
  };
  for (const Case& one : cases) {
    INFO(one.op << " of " << one.scale << " x + " << one.shift);
    const auto net = import_chain(chain_of(one));
    const Eigen::VectorXd y = output_of(net);
    REQUIRE(y.size() == Index(one.expected.size()));
    for (Index i = 0; i < y.size(); ++i)
      CHECK(y(i) == Approx(one.expected[std::size_t(i)]).epsilon(1e-12).margin(1e-12));
    const std::string op = one.op;
    check_gradient(net.graph);
    check_baseline(net.graph);
    const bool steps = op == "Floor" || op == "Ceil" || op == "Round" || op == "Sign";
    CHECK(net.notes.size() == (steps ? 1u : 0u));
    if (steps)
      CHECK_THAT(net.notes.at(0), Contains("node 'y' (" + op + ")") && Contains("derivative is taken for 0"));
    if (op != "Log" && op != "Reciprocal" && op != "Acosh") check_explanations(net.graph, node_input(6));
  }
}

TEST_CASE("onnx: the functions of every operator set", "[onnx]") {
  for (const Index opset : {7, 21, 22})
    check_node({.op = "Sin", .inputs = {{1, 3}}, .opset = opset},
               {{{1, 3}, {-0.016591892229347906, 0.479425538604203, 0.669404826237736}}}, true, 1);
  for (const Index opset : {6, 13})
    check_node({.op = "Exp", .inputs = {{1, 3}}, .opset = opset},
               {{{1, 3}, {0.04393693362340741, 1.6487212707001282, 0.020754337873699742}}}, true, 1);
  for (const Index opset : {9, 13})
    check_node({.op = "Erf", .inputs = {{1, 3}}, .opset = opset},
               {{{1, 3}, {-0.9999901032653747, 0.5204998778130465, -0.999999957486056}}}, true, 1);
  for (const Index opset : {12, 28})
    check_node({.op = "Celu", .attributes = {real("alpha", 0.5)}, .inputs = {{1, 3}}, .opset = opset},
               {{{1, 3}, {-0.49903477293188614, 0.5, -0.49978462872971213}}}, true, 1);
  check_node({.op = "Swish", .inputs = {{1, 3}}, .opset = 24},
             {{{1, 3}, {-0.13152414973630888, 0.3112296656009273, -0.07878786920280267}}}, true, 1);
  CHECK_THAT(refusal({.op = "Celu", .attributes = {real("alpha", 0)}, .inputs = {{1, 3}}}),
             Contains("node 'it' (Celu): attribute 'alpha': expected a number other than 0"));
  CHECK_THAT(refusal({.op = "Exp", .attributes = {real("alpha", 1)}, .inputs = {{1, 3}}}),
             Contains("'alpha'"));
}

TEST_CASE("onnx: Pow by constants", "[onnx]") {
  // x = −3.125, 0.5, −3.875.
  for (const Index opset : {7, 12, 13, 15})
    check_node({.op = "Pow", .inputs = {{1, 3}}, .constants = {number(3)}, .opset = opset},
               {{{1, 3}, {-30.517578125, 0.125, -58.185546875}}}, true, 1);
  check_node({.op = "Pow", .inputs = {{1, 3}}, .constants = {list({2})}, .opset = 12},
             {{{1, 3}, {9.765625, 0.25, 15.015625}}}, true, 1);
  check_node({.op = "Pow", .inputs = {{1, 3}}, .constants = {list({1, 2, 3})}},
             {{{1, 3}, {-3.125, 0.25, -58.185546875}}}, true, 1);
  check_node({.op = "Pow", .inputs = {{1, 3}}, .constants = {number(0)}}, {{{1, 3}, {1, 1, 1}}}, true, 1);
  check_node({.op = "Pow", .inputs = {{1, 3}}, .constants = {number(1)}}, {{{1, 3}, {-3.125, 0.5, -3.875}}},
             true, 1);
  // Exponents of another shape repeat the bases.
  check_node({.op = "Pow", .inputs = {{1, 1, 3}}, .constants = {onnx::Tensor::of<float>("", {2, 1}, {2, 3})}},
             {{{1, 2, 3}, {9.765625, 0.25, 15.015625, -30.517578125, 0.125, -58.185546875}}});
  // Before operator set 7 the exponents' axes stand where `axis` says.
  check_node({.op = "Pow",
              .attributes = {integer("broadcast", 1), integer("axis", 1)},
              .inputs = {{1, 2, 2}},
              .constants = {list_of_reals({2, 3})},
              .opset = 6},
             {{{1, 2, 2}, {9.765625, 0.25, -58.185546875, -0.015625}}});
  const auto square_root = import_chain(
      {{1, 6}, {step("Abs", {}, {"x"}, "a"), step("Pow", {}, {"a", "c"}, "y")}, {number(0.5).renamed("c")}});
  CHECK(square_root.graph.nodes().back().describe() == "Sqrt");
  CHECK(output_of(square_root)(0) == Approx(1.7677669529663689).epsilon(1e-14));
  const auto inverse = import_chain({{1, 6}, {step("Pow", {}, {"x", "c"}, "y")}, {number(-1).renamed("c")}});
  CHECK(inverse.graph.nodes().back().describe() == "Reciprocal");
  CHECK(output_of(inverse)(0) == -0.32);
  check_gradient(inverse.graph);
  CHECK_THAT(refusal({.op = "Pow", .inputs = {{1, 2}}, .constants = {list_of_reals({2, -1})}}),
             Contains("node 'it' (Pow)") && Contains("one exponent for all features, or several above 0"));
  CHECK_THAT(refusal({.op = "Pow", .inputs = {{1, 2}, {1, 2}}}), Contains("expected a constant"));
  CHECK_THAT(refusal({.op = "Pow", .inputs = {{1, 2}}, .constants = {number(INFINITY)}}),
             Contains("expected finite exponents, found inf"));
}

TEST_CASE("onnx: a value outside of a function's domain names the node", "[onnx]") {
  const auto found = [](const char* op, float scale, float shift) {
    const auto net = import_chain(chain_of({op, {}, scale, shift, {}}));
    const Eigen::MatrixXd x = node_input(6);
    const std::string all = error_of([&] { net.graph.forward(x); });
    // Under a plan the function may lie over its argument; it is refused all the same.
    CHECK(error_of([&] { net.graph.forward(x, net.graph.plan(method::Gradient())); }) == all);
    return all;
  };
  CHECK(found("Log", 1, 3) ==
        "forward: node 'y' (Log): expected numbers above 0, found -0.125 at feature 0 of sample 0");
  CHECK(found("Log", 0, 0) ==
        "forward: node 'y' (Log): expected numbers above 0, found 0 at feature 0 of sample 0");
  CHECK(found("Sqrt", 1, 3.5) ==
        "forward: node 'y' (Sqrt): expected numbers of 0 or more, found -0.375 at feature 2 of sample 0");
  CHECK(found("Reciprocal", 1, 1) ==
        "forward: node 'y' (Reciprocal): expected numbers other than 0, found 0 at feature 5 of sample 0");
  CHECK(found("Asin", 0.5, 0) ==
        "forward: node 'y' (Asin): expected numbers from -1 to 1, found -1.5625 at feature 0 of sample 0");
  CHECK(found("Acos", 0.3125, 0) ==
        "forward: node 'y' (Acos): expected numbers from -1 to 1, found -1.21094 at feature 2 of sample 0");
  CHECK(found("Acosh", 1, 4.25) ==
        "forward: node 'y' (Acosh): expected numbers of 1 or more, found 0.375 at feature 2 of sample 0");
  CHECK(
      found("Atanh", 1, 0) ==
      "forward: node 'y' (Atanh): expected numbers between -1 and 1, found -3.125 at feature 0 of sample 0");
  CHECK(found("Sqrt", 0, 0) == "no error");
}

TEST_CASE("onnx: a function without a value at 0 has a derivative in place of the chord from there", "[onnx]") {
  for (const Case& one :
       {Case{"Log", {}, 1, 5, {}}, Case{"Reciprocal", {}, 1, 0, {}}, Case{"Acosh", {}, 1, 6, {}}}) {
    const auto net = import_chain(chain_of(one));
    const auto trace = net.graph.forward(node_input(6));
    for (const auto& e : {net.graph.explain(trace, 1, method::Lrp()), net.graph.explain(trace, 1, method::LrpQ())}) {
      CHECK(check::conservation(e));
      CHECK(e.relevance.allFinite());
    }
  }
}
