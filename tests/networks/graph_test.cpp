#include <ascribe/networks/graph.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/golden.hpp"
#include <ascribe/compiled.hpp>
#include "tests/support/random_graph.hpp"
#include "tests/support/random_network.hpp"

#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/methods/composites.hpp>
#include <ascribe/networks/checks.hpp>
#include <ascribe/rules/slope.hpp>
#include <ascribe/rules/w_square.hpp>

namespace mine {

/// A rule of the user's: every input of a matrix gets an equal share.
struct Equally {};

template <class M, class C>
void propagate(const ascribe::kind::MatMul<M>&, const Equally&, C& c, typename C::Up up,
               typename C::Down down) {
  for (ascribe::Index n = 0; n < up.cols(); ++n)
    down.col(n).setConstant(up.col(n).sum() / double(c.a.rows()));
}

}  // namespace mine

namespace {

using namespace ascribe;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using test::relative_difference;

/// Worked case 5 of docs/rules.md: W x + x, W 2 × 2 all 5.
Graph<double> skip() {
  Graph<double> net;
  const Index x = net.input("x", 2);
  const Index d = net.add("d", MatMul(map::Dense<double>(MatrixXd::Constant(2, 2, 5))), {x});
  net.output(net.add("skip", MatMul(map::Sum<double>(2, 2)), {d, x}));
  return net;
}

VectorXd two(double first, double second) {
  VectorXd x(2);
  x << first, second;
  return x;
}

TEST_CASE("worked case 5: a skip connection adds the relevance of its branches", "[networks][graph]") {
  const auto net = skip();
  const auto trace = net.forward(two(2, 3));
  CHECK(trace.output()(1, 0) == 28);
  for (const auto& relevance :
       {net.explain(trace, 1, method::Lrp(0)).relevance, net.explain(trace, 1, method::LrpQ()).relevance}) {
    CHECK(relevance(0, 0) == Approx(10));
    CHECK(relevance(1, 0) == Approx(18));
  }
}

TEST_CASE("a layer's weights are replaced in a copy of the graph, wherever the layer stands",
          "[networks][graph]") {
  const auto net_of = [](const MatrixXd& w, const VectorXd& b, const MatrixXd& w2) {
    Graph<double> net;
    const Index x = net.input("x", 2);
    const Node<double> layer(MatMul(map::Dense<double>(w), b));  // one map: used twice
    Index last = x;
    for (const char* name : {"once", "again"}) {
      Node<double> node = layer;
      node.inputs = {last};
      last = net.add(name, std::move(node), {});
    }
    net.output(net.add("top", MatMul(map::Dense<double>(w2)), {last}));
    return net;
  };
  test::Random random(3);
  const MatrixXd w = random.matrix(2, 2), v = random.matrix(2, 2), top = random.matrix(3, 2);
  const VectorXd b = random.matrix(2, 1), c = random.matrix(2, 1);
  const Graph<double> net = net_of(w, b, top);
  const MatrixXd x = random.matrix(2, 3), before = net.forward(x).output();
  const auto span = [](const auto& m) { return std::span<const double>(m.data(), std::size_t(m.size())); };

  const Graph<double> changed = net.with_weights(2, span(v), span(c));
  CHECK(changed.forward(x).output() == net_of(v, c, top).forward(x).output());
  CHECK(net.forward(x).output() == before);
  CHECK(changed.node(3).layer.has_value());
  const MatrixXd other = random.matrix(3, 2);
  CHECK(net.with_weights(3, span(other), {}).forward(x).output() == net_of(w, b, other).forward(x).output());
  // Of a layer that had none: a bias for each output.
  const VectorXd each = random.matrix(3, 1);
  CHECK(net.with_weights(3, span(top), span(each))
            .forward(x)
            .output()
            .isApprox(before.colwise() + each, 1e-14));
  // A plan is of one graph.
  const auto plan = net.plan(method::LrpQ());
  CHECK_THROWS_AS(changed.forward(x, plan), Error);

  CHECK_THROWS_WITH(net.with_weights(0, span(v), span(c)),
                    "Graph: with_weights: node 'x': expected a layer with weights, found an input");
  CHECK_THROWS_WITH(net.with_weights(4, span(v), span(c)),
                    "Graph: with_weights: expected one of 4 nodes, found 4");
  CHECK_THROWS_WITH(net.with_weights(1, span(v), {}),
                    "Graph: with_weights: node 'once': expected 4 weights and 2 biases, or 2, one for each "
                    "output, found 4 and 0");
  const VectorXd infinite = VectorXd::Constant(2, std::numeric_limits<double>::infinity());
  CHECK_THROWS_WITH(net.with_weights(1, span(v), span(infinite)),
                    "Graph: with_weights: node 'once': MatMul: bias entry 0 is NaN or infinite");
}

TEST_CASE("of two layers of one map the bias that is the same changes too", "[networks][graph]") {
  test::Random random(4);
  // Whole numbers, which no order of sums rounds.
  const auto whole = [&](Index rows, Index columns) {
    return MatrixXd((16 * random.matrix(rows, columns)).array().round());
  };
  const MatrixXd w = whole(2, 2), v = whole(2, 2);
  const VectorXd b = whole(2, 1), c = whole(2, 1), d = whole(2, 1);
  const map::AnyMap<double> shared{map::Dense<double>(w)};
  Graph<double> net;
  const Index x = net.input("x", 2);
  const Index first = net.add("first", MatMul(shared, b), {x});
  net.output(net.add("second", MatMul(shared, c), {first}));
  const auto changed =
      net.with_weights(1, std::span<const double>(v.data(), 4), std::span<const double>(d.data(), 2));
  const MatrixXd a = whole(2, 2);
  CHECK(changed.forward(a).output() == MatrixXd(v * MatrixXd((v * a).colwise() + d)).colwise() + c);
}

TEST_CASE("a Sequential's graph is the Sequential to the last bit", "[networks][graph]") {
  const auto check = [](const auto& chain, Index inputs) {
    const Graph<double> net(chain);
    test::Random random(5);
    const MatrixXd x = random.matrix(inputs, 4), base = random.matrix(inputs, 1);
    const auto trace = chain.forward(x), baseline = chain.forward(base);
    const auto found_trace = net.forward(x), found_baseline = net.forward(base);
    REQUIRE(found_trace.output() == trace.output());
    const auto same = [&](const auto& method) {
      const auto expected = [&] {
        if constexpr (std::remove_cvref_t<decltype(method)>::form == Form::Delta)
          return chain.explain(trace, 1, method, baseline, Record::per_layer);
        else
          return chain.explain(trace, 1, method, Record::per_layer);
      }();
      const auto found =
          method.form == Form::Delta
              ? net.explain(found_trace, 1, method, found_baseline, Record::per_layer)
              : net.explain(found_trace, 1, method, Record::per_layer);
      CHECK(found.relevance == expected.relevance);
      CHECK((found.ledger.bias == expected.ledger.bias).all());
      CHECK((found.ledger.stabiliser == expected.ledger.stabiliser).all());
      CHECK((found.ledger.dropped == expected.ledger.dropped).all());
      CHECK((found.ledger.leave == expected.ledger.leave).all());
      CHECK(found.nodes[2].relevance == expected.template layer<1>().relevance);
      CHECK(found.nodes[1].bias_shares == expected.template layer<0>().bias_shares);
    };
    same(method::Gradient());
    same(method::GradientTimesInput());
    same(method::Deconvolution());
    same(method::GuidedBackpropagation());
    same(method::Lrp());
    same(method::LrpQ());
    same(method::LrpRadial());
    same(method::DeepLift());
  };
  check(test::image_chain(1, 1, fn::Relu(), fn::Tanh()), 72);
  check(test::maxout_chain(2, 1, fn::Relu()), 7);
}

TEST_CASE("the books of a graph close for every method, at every node", "[networks][graph]") {
  const bool gate = GENERATE(false, true);
  const auto net = test::random_graph(3, 1, fn::Tanh(), gate);
  test::Random random(8);
  const MatrixXd x = random.matrix(6, 5);
  const auto trace = net.forward(x), baseline = net.forward(random.matrix(6, 1));
  std::vector<std::string> names(method::names.begin(), method::names.end());
  names.insert(names.end(), composite::names.begin(), composite::names.end());
  for (const std::string& name : names) {
    INFO(name << (gate ? ", with a gate" : ""));
    const auto method = composite::by_name<double>(name, {.low = {-1}, .high = {1}});
    const auto e = method.form == Form::Delta ? net.explain(trace, 1, method, baseline, Record::per_layer)
                                              : net.explain(trace, 1, method, Record::per_layer);
    CHECK(test::closing_error(e.ledger) <= 1e-12);
    for (Index i = net.input_count(); i < Index(net.nodes().size()); ++i) {
      INFO("node " << net.node(i).name);
      CHECK(test::closing_error(e.nodes[std::size_t(i)].books) <= 1e-11);
    }
    // Samples one by one.
    for (Index n = 0; n < x.cols(); ++n) {
      const auto one = net.forward(x.col(n));
      const auto alone =
          method.form == Form::Delta ? net.explain(one, 1, method, baseline) : net.explain(one, 1, method);
      CHECK(relative_difference(alone.relevance.col(0), e.relevance.col(n)) <= 1e-12);
    }
  }
}

TEST_CASE("a graph's gradient is the finite difference's", "[networks][graph]") {
  const auto net = test::random_graph(4, 1, fn::Tanh(), /*gate=*/true);
  test::Random random(9);
  const VectorXd x = random.vector(6);
  const auto trace = net.forward(x);
  for (Index target = 0; target < 3; ++target) {
    const VectorXd gradient = net.explain(trace, target, method::Gradient()).relevance;
    for (Index i = 0; i < 6; ++i) {
      VectorXd up = x, down = x;
      up(i) += 1e-6;
      down(i) -= 1e-6;
      const double slope =
          (net.forward(up).output()(target, 0) - net.forward(down).output()(target, 0)) / 2e-6;
      CHECK(gradient(i) == Approx(slope).epsilon(1e-6).margin(1e-8));
    }
  }
}

TEST_CASE("against a baseline a product of two activations is exact", "[networks][graph]") {
  const auto net = test::random_graph(5, 1, fn::Tanh(), /*gate=*/true);
  test::Random random(10);
  const VectorXd x = random.vector(6), base = random.vector(6);
  const auto trace = net.forward(x), baseline = net.forward(base);
  const auto e = net.explain(trace, 2, method::DeepLift(), baseline);
  CHECK(e.relevance.sum() == Approx(trace.output()(2, 0) - baseline.output()(2, 0)).epsilon(1e-12));
  CHECK(check::completeness(e));
}

TEST_CASE("a gate as a constant takes nothing, and half of an even split", "[networks][graph]") {
  // b = x · y at (2, 3): the signal x takes all of it, or each 3.
  Graph<double> net;
  const Index x = net.input("x", 1), y = net.input("y", 1);
  net.output(net.add("xy", kind::Product(1), {x, y}));
  const auto trace = net.forward(two(2, 3));
  const auto lrp = [&](const auto& rule) {
    return net.explain(trace, 0, Composite<double>(Form::R).add(match::any(), rule)).relevance;
  };
  const auto q = [&](const auto& rule) {
    return net.explain(trace, 0, Composite<double>(Form::Q, true).add(match::any(), rule));
  };
  CHECK(lrp(rule::GateConstant()) == two(6, 0));
  CHECK(lrp(rule::EvenSplit()) == two(3, 3));
  CHECK(q(rule::GateConstant()).relevance == two(6, 0));
  CHECK(q(rule::EvenSplit()).relevance == two(3, 3));
  CHECK(q(rule::Gradient()).relevance == two(6, 6));
  CHECK(q(rule::Gradient()).ledger.dropped(0) == -6);
  // From (1, 1): 6 − 1 = 5, of which x's step takes 1·(3 + 1)/2 and y's 2·(2 + 1)/2.
  const auto baseline = net.forward(two(1, 1));
  CHECK(net.explain(trace, 0, method::DeepLift(), baseline).relevance == two(2, 3));
  Graph<double> other;
  const Index a = other.input("a", 1), b = other.input("b", 1);
  other.output(other.add("ab", kind::Product(1, /*gate_factor=*/0), {a, b}));
  CHECK(other.explain(other.forward(two(2, 3)), 0, method::Lrp()).relevance == two(0, 6));
}

TEST_CASE("several inputs and outputs", "[networks][graph]") {
  Graph<double> net;
  const Index x = net.input("x", 1), y = net.input("y", 1);
  const Index twice = net.add("twice", MatMul(map::Dense<double>(MatrixXd::Constant(1, 1, 2))), {x});
  const Index sum = net.add("sum", MatMul(map::Sum<double>(3, 1)), {twice, y, y});
  net.output(twice);
  net.output(sum);
  const auto trace = net.forward(two(5, 7));
  CHECK(trace.output()(0, 0) == 10);
  CHECK(trace.value(net.find("sum"))(0, 0) == 24);
  const auto first = net.explain(trace, 0, method::LrpQ(), Record::per_layer);
  CHECK(first.relevance == two(10, 0));
  CHECK(first.output(0, 0) == 10);
  CHECK(first.nodes[std::size_t(sum)].relevance.isZero());
  const auto second = net.explain(trace, start::AtOutput<Index>{1, 0}, method::LrpQ());
  CHECK(second.relevance == two(10, 14));  // y is read twice
  CHECK(second.output(0, 0) == 24);
  CHECK_THROWS_WITH(net.explain(trace, start::AtOutput<Index>{2, 0}, method::LrpQ()),
                    Contains("expected an output in [0, 2), found 2"));
  CHECK(net.input_count() == 2);
  CHECK(net.input_size() == 2);
}

TEST_CASE("wiring hands relevance back the way that values came", "[networks][graph]") {
  // (x0, x1) padded in front with 0 and behind with 3, and x1 twice.
  Graph<double> net;
  const Index x = net.input("x", 2);
  VectorXd bias = VectorXd::Zero(5);
  bias(4) = 3;
  const std::vector<Index> sources{-1, 0, 1, 1, -1};
  const Index wired = net.add("wired", MatMul(map::Selection<double>(2, sources), bias), {x});
  VectorXd w(5);
  w << 1, 2, 3, 4, 5;
  net.output(net.add("top", MatMul(map::Dense<double>(MatrixXd(w.transpose()))), {wired}));
  const auto trace = net.forward(two(1, -1));
  CHECK(trace.output()(0, 0) == 2 - 3 - 4 + 15);
  for (const auto& e : {net.explain(trace, 0, method::Lrp(0)), net.explain(trace, 0, method::LrpQ())}) {
    CHECK((e.relevance - two(2, -7)).norm() <= 1e-14);
    CHECK(e.ledger.bias(0) == Approx(15));
    CHECK(e.ledger.dropped(0) == 0);
    CHECK(check::conservation(e));
  }
}

TEST_CASE("a composite's first entry that fits counts", "[networks][graph]") {
  const auto net = test::random_graph(6, 1, fn::Relu());
  Composite<double> method(Form::R);
  method.add(match::name("st?m"), rule::Flat())
      .add(match::all(match::role(map::Role::dense), match::places(0, net.find("inner"))), rule::WSquare())
      .add(match::part("Relu"), rule::Pass())
      .add(match::name("hea*"), mine::Equally())
      .add(match::any(), method::Lrp(0.5));
  const auto plan = net.plan(method);
  const auto rule_of = [&](const char* name) { return plan.rule(net.find(name))->describe(); };
  CHECK(plan.rule(net.find("x")) == nullptr);
  CHECK(rule_of("stem") == "Flat(epsilon 1e-06)");
  CHECK(rule_of("inner") == "WSquare(epsilon 1e-06)");
  CHECK(rule_of("stem/f") == "Ignore");
  CHECK(rule_of("head") == "a rule");
  CHECK(rule_of("top") == "Normalized(epsilon 0.5)");
  CHECK(rule_of("sum") == "Normalized(epsilon 1e-06)");
  CHECK(rule_of("most") == "Gradient");
  CHECK(rule_of("both") == "Rewire");

  const auto first = composite::epsilon_gamma_box<double>({-1}, {1});
  CHECK(net.plan(first).rule(net.find("stem"))->describe() == "Normalized(epsilon 1e-06)");  // no convolution
  const auto flat = composite::epsilon_plus<double>(0.25, /*flat_first=*/true);
  CHECK(net.plan(flat).rule(net.find("stem"))->describe() == "Flat(epsilon 0.25)");
  CHECK(net.plan(flat).rule(net.find("inner"))->describe() == "Normalized(epsilon 0.25)");
  CHECK(net.plan(flat).rule(net.find("sum"))->describe() == "Normalized(epsilon 1e-06)");
}

TEST_CASE("names and patterns", "[networks][graph]") {
  CHECK(match::fits("block3/conv", "block?/*"));
  CHECK(match::fits("block3/conv", "*"));
  CHECK(match::fits("aXbXc", "a*X*c"));
  CHECK(match::fits("", "*"));
  CHECK_FALSE(match::fits("block3/conv", "block?"));
  CHECK_FALSE(match::fits("block", "block?"));
  CHECK_FALSE(match::fits("aXbXd", "a*X*c"));
}

TEST_CASE("a rule of the user's own works in a graph", "[networks][graph]") {
  const auto net = skip();
  const auto e = net.explain(net.forward(two(2, 3)), 1,
                             Composite<double>(Form::R)
                                 .add(match::name("d"), mine::Equally())
                                 .add(match::any(), rule::Normalized{0}));
  // 25 of 28 goes to d's output 1, which shares it equally.
  CHECK((e.relevance - two(12.5, 15.5)).norm() <= 1e-12);
}

TEST_CASE("the layers' own rules", "[networks][graph]") {
  Graph<double> net;
  const Index x = net.input("x", 2);
  const Index d =
      net.add("d", MatMul(map::Dense<double>(MatrixXd::Constant(2, 2, 5))).with(mine::Equally()), {x});
  net.output(net.add("skip", MatMul(map::Sum<double>(2, 2)).with(rule::Normalized{0}), {d, x}));
  const auto e = net.explain(net.forward(two(2, 3)), 1, method::ByLayer());
  CHECK((e.relevance - two(12.5, 15.5)).norm() <= 1e-12);
  CHECK_THROWS_WITH(skip().plan(method::ByLayer()), Contains("'d'") && Contains("this one has none"));
}

TEST_CASE("every output in turn, and memory that was used before", "[networks][graph]") {
  const auto net = test::random_graph(7, 1, fn::Relu());
  test::Random random(11);
  const auto trace = net.forward(random.matrix(6, 3));
  GraphExplanation<double> again;
  Workspace<double> workspace;
  Index seen = 0;
  net.explain_all(trace, method::Lrp(), [&](Index target, const auto& e) {
    net.explain(trace, target, method::Lrp(), again, workspace);
    CHECK(e.relevance == again.relevance);
    CHECK(e.relevance == net.explain(trace, target, method::Lrp()).relevance);
    ++seen;
  });
  CHECK(seen == 3);
}

TEST_CASE("what a graph refuses", "[networks][graph]") {
  Graph<double> net;
  CHECK_THROWS_WITH(net.forward(two(1, 2)), Contains("expected an output, found none"));
  CHECK_THROWS_WITH(net.input("x", 0), Contains("'x'") && Contains("expected at least 1 feature, found 0"));
  const Index x = net.input("x", 2);
  const MatMul dense{map::Dense<double>(MatrixXd::Identity(3, 3))};
  CHECK_THROWS_WITH(net.add("d", dense, {x}), Contains("'d' expects 3 inputs, found 2 outputs of 'x'"));
  CHECK_THROWS_WITH(net.add("d", Elementwise(fn::Relu()), {1}), Contains("'d'") && Contains("found 1"));
  CHECK_THROWS_WITH(net.add("d", Elementwise(fn::Relu()), {}), Contains("expected at least one input"));
  CHECK_THROWS_WITH(net.add("x", Elementwise(fn::Relu()), {x}), Contains("two nodes are named 'x'"));
  CHECK_THROWS_WITH(net.find("y"), Contains("no node is named 'y'"));
  CHECK_THROWS_WITH(net.output(5), Contains("found 5"));
  net.output(net.add("relu", Elementwise(fn::Relu()), {x}));
  CHECK_THROWS_WITH(net.input("late", 1), Contains("the inputs before the layers"));
  CHECK_THROWS_WITH(net.forward(VectorXd::Ones(3)), Contains("expected an input of 2 features, found 3"));
  CHECK_THROWS_WITH(net.forward(two(1, NAN)), Contains("feature 1 of sample 0 of the input is NaN"));
  const auto trace = net.forward(two(1, 2));
  CHECK_THROWS_WITH(net.explain(trace, 2, method::LrpQ()), Contains("expected a target in [0, 2), found 2"));
  CHECK_THROWS_WITH(net.explain(trace, 0, method::DeepLift()), Contains("pass the trace of one"));
  CHECK_THROWS_WITH(net.explain(trace, 0, method::LrpQ(), trace), Contains("not against a baseline"));
  CHECK_THROWS_WITH(skip().explain(trace, 0, method::LrpQ()),
                    Contains("a trace of this graph's 3 nodes, found one of 2"));
  CHECK_THROWS_WITH(skip().plan(Composite<double>(Form::R).add(match::name("d"), rule::ZPlus())),
                    Contains("'skip' (MatMul of Sum)") && Contains("no entry"));
  CHECK_THROWS_WITH(skip().plan(Composite<double>(Form::Q).add(match::any(), rule::WSquare())),
                    Contains("'d'") && Contains("WSquare(epsilon 1e-06) has no meaning in the form Q"));
  CHECK_THROWS_WITH(skip().plan(Composite<double>(Form::R).add(match::any(), rule::Slope())),
                    Contains("'d' (MatMul of Dense)") && Contains("Slope has no meaning for this kind"));
  CHECK_THROWS_WITH(skip().plan(Composite<double>(Form::R).add(match::any(), rule::Normalized{-1})),
                    Contains("'d'") && Contains("found -1"));
  CHECK_THROWS_WITH(composite::by_name<double>("epsilon_pluss"), Contains("excitation_backprop"));
  CHECK_THROWS_WITH(composite::by_name<double>("lrp", {.max_rule = "largest"}), Contains("winner"));
}

}  // namespace
