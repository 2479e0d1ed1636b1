#include <ascribe/networks/schedule.hpp>

#include "tests/support/catch.hpp"

#include <string>
#include <vector>

#include <ascribe/functions/clip.hpp>
#include <ascribe/functions/leaky_relu.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/maps/sum.hpp>
#include <ascribe/methods/composites.hpp>
#include <ascribe/networks/graph.hpp>

#include "tests/support/golden.hpp"
#include "tests/support/random_graph.hpp"

namespace {

using namespace ascribe;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("slots: the smallest that fits, else the largest, enlarged", "[networks][schedule]") {
  detail::Slots slots;
  const auto hold = [&](Index rows) { return slots.hold({rows, 1}); };
  const auto sizes = [&] {
    std::vector<Index> all;
    for (const auto& size : slots.sizes()) all.push_back(size.rows());
    return all;
  };
  CHECK(hold(10) == 0);
  CHECK(hold(30) == 1);
  CHECK(hold(20) == 2);
  for (const Index slot : {0, 1, 2}) slots.give_back(slot);
  CHECK(hold(15) == 2);
  CHECK(hold(25) == 1);
  CHECK(hold(25) == 0);  // nothing else is free
  CHECK(sizes() == std::vector<Index>{25, 30, 20});
  CHECK(hold(1) == 3);
  slots.give_all_back();
  CHECK(hold(40) == 1);
  CHECK(sizes() == std::vector<Index>{25, 40, 20, 1});
}

TEST_CASE("slots: as large as the largest use of so many samples", "[networks][schedule]") {
  detail::Slots slots;
  for (const auto& use : {detail::Slots::Use{10, 100}, {500, 1}, {40, 4}, {30, 4}}) {
    CHECK(slots.hold(use) == 0);
    slots.give_back(0);
  }
  const auto& size = slots.sizes().front();
  CHECK(size.rows() == 500);
  CHECK(size.scalars(1) == 500);
  CHECK(size.scalars(4) == 500);
  CHECK(size.scalars(60) == 600);
  CHECK(size.scalars(1000) == 1000);
}

TEST_CASE("slots: one that is held alone was nobody's and will be nobody's", "[networks][schedule]") {
  detail::Slots slots;
  CHECK(slots.hold({10, 1}) == 0);
  slots.give_back(0);
  CHECK(slots.hold_alone({10, 1}) == 1);
  CHECK(slots.hold({10, 1}) == 0);
  CHECK(slots.hold({10, 1}) == 2);
  slots.give_all_back();
  CHECK(slots.hold_alone({10, 1}) == 0);
}

/// x (2) → "d" (5) → "f" → "e" (4) → "g" → a sum with "s" (4), which reads f → "top" (3).
template <class F>
Graph<double> block(const F& f) {
  test::Random random(3);
  const auto dense = [&](Index outputs, Index inputs) {
    return MatMul(map::Dense<double>(random.matrix(outputs, inputs)), random.vector(outputs));
  };
  Graph<double> net;
  const Index x = net.input("x", 2);
  const Index first = net.add("f", Elementwise(f), {net.add("d", dense(5, 2), {x})});
  const Index second = net.add("g", Elementwise(f), {net.add("e", dense(4, 5), {first})});
  const Index skip = net.add("s", dense(4, 5), {first});
  net.output(net.add("top", dense(3, 4), {net.add("sum", MatMul(map::Sum<double>(2, 4)), {second, skip})}));
  return net;
}

std::string kept(const Graph<double>& net, const Composite<double>& method) {
  const auto plan = net.plan(method);
  std::string names;
  for (Index i = 0; i < Index(net.nodes().size()); ++i)
    if (plan.keeps(i)) names += (names.empty() ? "" : " ") + net.node(i).name;
  return names;
}

TEST_CASE("a plan keeps what its rules read", "[networks][schedule]") {
  const auto net = block(fn::Relu());
  // Of a ReLU its value says what the argument does; matrices are not asked for theirs.
  CHECK(kept(net, method::LrpQ()) == "x f g top");
  CHECK(kept(net, method::Gradient()) == "x f g top");
  // Normalized divides by b and multiplies with a; what a ReLU's Ignore would read is nothing.
  CHECK(kept(net, method::Lrp()) == "x d f e g s sum top");
  CHECK(kept(net, method::DeepLift()) == "x d e top");
  CHECK(kept(net, Composite<double>(Form::R)
                      .add(match::part("Dense"), rule::Flat())
                      .add(match::any(), method::Lrp())) == "x g s sum top");
  // Of tanh nothing but the argument serves.
  CHECK(kept(block(fn::Tanh()), method::LrpQ()) == "x d e top");
}

TEST_CASE("what a method needs is what it then holds", "[networks][schedule]") {
  const auto net = block(fn::Relu());
  const Index samples = 3, scalar = sizeof(double);
  test::Random random(4);
  const MatrixXd inputs = random.matrix(2, samples);
  for (const Composite<double>& method : {Composite<double>(method::LrpQ()), Composite<double>(method::Lrp()),
                                          composite::epsilon_plus<double>()}) {
    const auto plan = net.plan(method);
    const MemoryNeed need = net.memory(plan, samples);
    Graph<double>::Trace trace;
    Workspace<double> workspace;
    GraphExplanation<double> e;
    net.forward(inputs, trace, workspace, plan);
    net.explain(trace, 1, plan, e, workspace);
    Index held = 0;
    for (const auto& value : trace.values) held += value.size();
    CHECK(need.trace == held * scalar);
    CHECK(need.workspace == workspace.reserved() * scalar);
    CHECK(need.explanation == (e.relevance.size() + e.output.size() + 5 * e.ledger.enter.size()) * scalar);
  }
  // d: 5·2 + 5, e and s: 4·5 + 4 each, top: 3·4 + 3.
  const auto q = net.memory(net.plan(method::LrpQ()), samples);
  CHECK(q.weights == (15 + 24 + 24 + 15) * scalar);
  CHECK(q.trace == (2 + 5 + 4 + 3) * samples * scalar);
  CHECK(net.memory(net.plan(method::LrpQ()), 6).workspace == 2 * q.workspace);
}

TEST_CASE("weights that several layers share are counted once", "[networks][schedule]") {
  test::Random random(5);
  const map::AnyMap<double> map = map::DenseOf<Eigen::MatrixXd>(random.matrix(3, 3));
  const map::AnyMap<double> other = map::DenseOf<Eigen::MatrixXd>(random.matrix(3, 3));
  CHECK(map::AnyMap<double>(map).identity() == map.identity());
  CHECK(other.identity() != map.identity());
  const VectorXd bias = random.vector(3);
  Graph<double> net;
  Index last = net.input("x", 3);
  for (const char* name : {"first", "second", "third"})
    last = net.add(name, kind::MatMul<map::AnyMap<double>>(map, bias), {last});
  net.output(last);
  const auto weights = [&] { return net.memory(net.plan(method::LrpQ()), 1).weights / Index(sizeof(double)); };
  CHECK(weights() == 9 + 3 * 3);  // every layer has its bias
  net.output(net.add("another", kind::MatMul<map::AnyMap<double>>(other), {last}));
  CHECK(weights() == 2 * 9 + 3 * 3);
}

/// The explanation under a plan, with what it keeps, against the same of every value layer by layer, in which
/// nothing runs as one step.
void check_same(const Graph<double>& net, const Composite<double>& method, const MatrixXd& x,
                const MatrixXd& base) {
  const bool against = method.form == Form::Delta;
  const auto plan = net.plan(method);
  const auto all = net.forward(x), all_base = net.forward(base);
  const auto some = net.forward(x, plan), some_base = net.forward(base, plan);
  for (Index i = 0; i < Index(net.nodes().size()); ++i) {
    CHECK(some.has(i) == plan.keeps(i));
    if (plan.keeps(i)) CHECK(some.value(i) == all.value(i));
  }
  const auto expected = against ? net.explain(all, 1, method, all_base, Record::per_layer)
                                : net.explain(all, 1, method, Record::per_layer);
  Workspace<double> workspace;
  GraphExplanation<double> found;
  for (const auto* trace : {&some, &all}) {
    const auto* baseline = trace == &some ? &some_base : &all_base;
    net.explain(*trace, 1, plan, found, workspace, against ? baseline : nullptr);
    CHECK(found.relevance == expected.relevance);
    CHECK(found.output == expected.output);
    for (const auto line : {&Ledger<double>::enter, &Ledger<double>::leave, &Ledger<double>::bias,
                            &Ledger<double>::stabiliser, &Ledger<double>::dropped})
      CHECK((found.ledger.*line - expected.ledger.*line).abs().maxCoeff() <= 1e-12);
    CHECK(test::closing_error(found.ledger) <= 1e-12);
  }
}

TEST_CASE("what runs as one step is what runs step by step, to the last bit", "[networks][schedule]") {
  const bool gate = GENERATE(false, true), smooth = GENERATE(false, true);
  const auto net =
      smooth ? test::random_graph(3, 1, fn::Tanh(), gate) : test::random_graph(3, 1, fn::Relu(), gate);
  test::Random random(8);
  const MatrixXd x = random.matrix(6, 5), base = random.matrix(6, 1);
  std::vector<std::string> names(method::names.begin(), method::names.end());
  names.insert(names.end(), composite::names.begin(), composite::names.end());
  for (const std::string& name : names) {
    INFO(name << (gate ? ", with a gate" : "") << (smooth ? ", tanh" : ", ReLU"));
    check_same(net, composite::by_name<double>(name, {.low = {-1}, .high = {1}}), x, base);
  }
  check_same(net, method::DeepLift(), x, random.matrix(6, 5));
}

TEST_CASE("functions on functions, on joined inputs and on what several read", "[networks][schedule]") {
  test::Random random(9);
  const auto dense = [&](Index outputs, Index inputs) {
    return MatMul(map::Dense<double>(random.matrix(outputs, inputs)), random.vector(outputs));
  };
  Graph<double> net;
  const Index x = net.input("x", 4), y = net.input("y", 3);
  const Index chain =
      net.add("clip", Elementwise(fn::Clip{-1, 2}),
              {net.add("leaky", Elementwise(fn::LeakyRelu{0.5}), {net.add("d", dense(300, 4), {x})})});
  const Index twice =
      net.add("twice", MatMul(map::Sum<double>(3, 300)), {chain, chain, net.add("e", dense(300, 3), {y})});
  const Index relu = net.add("relu", Elementwise(fn::Relu()), {twice});
  const Index both = net.add("both", Elementwise(fn::Relu()), {twice, y});  // reads two values itself
  const Index f = net.add("f", dense(7, 303), {both}), g = net.add("g", dense(7, 300), {relu});
  const Index sum = net.add("sum", MatMul(map::Sum<double>(2, 7)), {f, g});
  const Index end = net.add("end", Elementwise(fn::Relu()), {sum});
  net.output(net.add("top", dense(2, 7), {end}));
  net.output(end);
  net.output(x);
  const MatrixXd in = random.matrix(7, 3), base = random.matrix(7, 1);
  for (const std::string name :
       {"gradient", "guided_backprop", "lrp", "lrp_q", "deep_lift", "epsilon_plus"}) {
    INFO(name);
    const auto method = composite::by_name<double>(name, {});
    check_same(net, method, in, base);
    const auto plan = net.plan(method);
    const auto trace = net.forward(in, plan), baseline = net.forward(base, plan);
    const bool against = method.form == Form::Delta;
    Workspace<double> workspace;
    GraphExplanation<double> e;
    net.explain(trace, start::AtOutput<Index>{1, 3}, plan, e, workspace, against ? &baseline : nullptr);
    CHECK(test::closing_error(e.ledger) <= 1e-12);
    CHECK(e.output == trace.value(end));
    net.explain(trace, start::AtOutput<Index>{2, 3}, plan, e, workspace, against ? &baseline : nullptr);
    CHECK(e.relevance.bottomRows(3).isZero());
    CHECK(e.relevance.topRows(3).isZero());
    CHECK((e.ledger.leave == e.ledger.enter).all());
  }
}

TEST_CASE("a trace that lacks what is read is refused, and says which", "[networks][schedule]") {
  const auto net = block(fn::Relu());
  test::Random random(5);
  const VectorXd x = random.vector(2);
  const auto q = net.plan(method::LrpQ()), r = net.plan(method::Lrp()), delta = net.plan(method::DeepLift());
  const auto trace = net.forward(x, q);
  CHECK(trace.has(net.find("f")));
  CHECK_FALSE(trace.has(net.find("d")));
  CHECK_THROWS_WITH(net.explain(trace, 0, method::Lrp()),
                    Contains("the value of node 'sum'") && Contains("run forward with this method's plan"));
  CHECK_THROWS_WITH(net.explain(trace, 0, method::LrpQ(), Record::per_layer), Contains("node 'sum'"));
  CHECK_THROWS_WITH(net.check_trace(trace), Contains("node 'd'"));
  // In R the books of every layer read no values.
  const auto some = net.explain(net.forward(x, r), 0, method::Lrp(), Record::per_layer);
  CHECK(some.relevance == net.explain(net.forward(x), 0, method::Lrp()).relevance);
  const auto full = net.forward(x);
  CHECK_THROWS_WITH(net.explain(full, 0, method::DeepLift(), trace), Contains("the value of node 'e'"));
  CHECK_THROWS_WITH(net.explain(trace, 0, method::DeepLift(), full), Contains("the value of node 'e'"));
  CHECK_NOTHROW(net.explain(full, 0, method::DeepLift(), net.forward(x, delta)));
  // Memory of a trace that kept everything is given back.
  auto reused = net.forward(x);
  Workspace<double> workspace;
  net.forward(x, reused, workspace, q);
  CHECK_FALSE(reused.has(net.find("d")));
  CHECK(net.explain(reused, 0, method::LrpQ()).relevance == net.explain(full, 0, method::LrpQ()).relevance);
}

TEST_CASE("a plan of another graph, or from before a change, is refused", "[networks][schedule]") {
  auto net = block(fn::Relu());
  test::Random random(6);
  const VectorXd x = random.vector(2);
  const auto plan = net.plan(method::LrpQ());
  const auto copy = net;
  CHECK_NOTHROW(copy.forward(x, plan));
  CHECK_THROWS_WITH(block(fn::Relu()).forward(x, plan),
                    Contains("expected a plan of this graph as it is now"));
  net.output(net.find("f"));
  CHECK_THROWS_WITH(net.forward(x, plan), Contains("from before a change"));
  CHECK_THROWS_WITH(net.memory(plan, 1), Contains("from before a change"));
  Workspace<double> workspace;
  GraphExplanation<double> e;
  CHECK_THROWS_WITH(net.explain(net.forward(x), 0, plan, e, workspace), Contains("from before a change"));
  net.add("more", Elementwise(fn::Relu()), {net.find("top")});
  CHECK_THROWS_WITH(net.forward(x, plan), Contains("this graph's 9 nodes, found one for 8"));
}

}  // namespace
