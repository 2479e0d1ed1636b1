#include <ascribe/networks/checks.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <ascribe/functions/relu.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/rules/repeat.hpp>

#include "tests/support/catch.hpp"
#include <ascribe/compiled.hpp>
#include "tests/support/random.hpp"
#include "tests/support/random_graph.hpp"

using namespace ascribe;

namespace mine {

/// The gradient of a matrix, of which a share gets lost that no line of the books has.
struct Loses {
  double share;
};

template <class M, class C>
void propagate(const kind::MatMul<M>& layer, const Loses& rule, C& c, typename C::Up up,
               typename C::Down down) {
  apply_transposed(layer.map, up, down, Weights::as_is);
  down *= 1 - rule.share;
  book_bias(layer, c, up);
}

}  // namespace mine

namespace {

/// LRP in Q, but for the nodes of these names.
Composite<double> losing(const std::vector<std::string>& names, double share) {
  Composite<double> method(Form::Q, true);
  for (const std::string& name : names) method.add(match::name(name), mine::Loses{share});
  return method.add(match::any(), method::LrpQ());
}

/// x0 and x1 in two branches that cancel all but 1 of 100000: their sum, twice that, and a ReLU.
template <class Scalar>
Graph<Scalar> cancelling() {
  Graph<Scalar> net;
  const Index x = net.input("x", 2);
  Eigen::Matrix<Scalar, 1, 2> first, second;
  first << 100000, 0;
  second << 0, -99999;
  const Index a = net.add("a", MatMul(map::Dense<Scalar>(first)), {x});
  const Index b = net.add("b", MatMul(map::Dense<Scalar>(second)), {x});
  const Index sum = net.add("sum", MatMul(map::Sum<Scalar>(2, 1)), {a, b});
  const Index relu = net.add("relu", Elementwise(fn::Relu()), {sum});
  const Eigen::Matrix<Scalar, 1, 1> two{{Scalar(2)}};
  net.output(net.add("y", MatMul(map::Dense<Scalar>(two)), {relu}));
  return net;
}

}  // namespace

TEST_CASE("conservation and completeness say what holds, and report what was allowed") {
  test::Random random(2);
  const Sequential net(MatMul(map::Dense<double>(random.matrix(6, 5)), random.vector(6)),
                       Elementwise(fn::Relu()), MatMul(map::Dense<double>(random.matrix(3, 6))));
  const auto trace = net.forward(random.matrix(5, 4));
  auto e = net.explain(trace, 2, method::LrpQ());
  CHECK(check::conservation(e));
  CHECK(check::conservation(e).tolerance < 1e-12);
  // The bias took something, which completeness notices and conservation has on the books.
  CHECK_FALSE(check::completeness(e));
  for (Index n = 0; n < 4; ++n) CHECK(check::completeness(e, n).error == Approx(std::abs(e.ledger.bias(n))));

  e.ledger.bias(1) += 1e-6;
  CHECK_FALSE(check::conservation(e));
  CHECK(check::conservation(e).error == Approx(1e-6).epsilon(1e-6));
}

TEST_CASE("conservation looks at each sample by itself") {
  const auto net = test::random_graph(3, 1, fn::Relu());
  test::Random random(4);
  Eigen::MatrixXd x = random.matrix(6, 3);
  x.col(0) *= 1e9;
  auto e = net.explain(net.forward(x), 0, method::LrpQ());
  CHECK(check::conservation(e));
  // Below the rounding of the first sample, and far above that of the second.
  e.ledger.bias(1) += 1e-6;
  CHECK(check::conservation(e, 0));
  CHECK_FALSE(check::conservation(e, 1));
  CHECK(check::conservation(e, 2));
  CHECK_FALSE(check::conservation(e));
  CHECK(check::conservation(e).error == check::conservation(e, 1).error);
  // Books that are no number do not close.
  e.ledger.dropped(2) = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(check::conservation(e, 2));
  CHECK(std::isnan(check::conservation(e).error));
}

TEST_CASE("the first node whose own books are open is found, in the order of the way back") {
  const auto net = test::random_graph(5, 1, fn::Relu());
  test::Random random(6);
  const auto trace = net.forward(random.matrix(6, 2));
  const auto with = [&](const std::vector<std::string>& names, double share) {
    return net.explain(trace, 1, losing(names, share), Record::per_layer);
  };
  const auto honest = with({}, 0);
  const auto inner = with({"inner"}, 0.1), both = with({"inner", "head"}, 1e-9);
  for (Index n = 0; n < 2; ++n) {
    CHECK_FALSE(check::first_open_node(net, honest, n));
    CHECK(check::conservation(net, honest, n));
    CHECK_FALSE(check::conservation(net, inner, n));
    const auto open = check::first_open_node(net, inner, n);
    REQUIRE(open);
    CHECK(net.node(open->node).name == "inner");
    // A tenth of what came back, of which nine tenths are booked.
    CHECK(open->error == Approx(inner.nodes[std::size_t(open->node)].books.leave(n) / 9));
    CHECK(open->error == Approx(inner.ledger.closing_error()(n)));
    CHECK(open->tolerance < 1e-12 * check::moved(inner, n) * 100);
    CHECK(check::first_open_node(net, both, n)->node == net.find("head"));
  }
  // Against a baseline too.
  Composite<double> against(Form::Delta, true);
  against.add(match::name("head"), mine::Loses{0.1}).add(match::any(), method::DeepLift());
  const auto baseline = net.forward(random.matrix(6, 1));
  GraphExplanation<double> e;
  Workspace<double> workspace;
  e.record = Record::per_layer;
  net.explain(trace, 1, against, e, workspace, &baseline);
  CHECK(check::first_open_node(net, e, 0)->node == net.find("head"));
}

TEST_CASE("the relevance that moved, and the node that makes it") {
  const auto net = cancelling<double>();
  const Eigen::Vector2d x(1, 1);
  const auto trace = net.forward(x);
  CHECK(trace.output()(0) == 2);
  // The sum's denominator is 1: the branches get 2·100000 and −2·99999.
  for (const auto& method : {Composite<double>(method::Lrp(0)), Composite<double>(method::LrpQ())}) {
    const auto e = net.explain(trace, 0, method, Record::per_layer);
    CHECK(check::conservation(e));
    CHECK(check::moved(e, 0) == Approx(399998));
    const auto growth = check::largest_growth(net, e, 0);
    REQUIRE(growth);
    CHECK(net.node(growth->node).name == "sum");
    CHECK(growth->above == Approx(2));
    CHECK(growth->below == Approx(399998));
  }
  // Without the books of every node, what the inputs and the lines say.
  auto totals = net.explain(trace, 0, method::LrpQ());
  CHECK(check::moved(totals, 0) == Approx(399998));
  totals.ledger.dropped(0) = -1e7;
  CHECK(check::moved(totals, 0) == 1e7);
  // The largest factor, and not the largest amount: 1 becomes 10 at the top, and that 50 below.
  const Eigen::MatrixXd bottom{{3, -2, 0, 0}, {0, 0, 3, -2}}, top{{5.5, -4.5}};
  Graph<double> two;
  const Index in = two.input("x", 4);
  const Index hidden = two.add("bottom", MatMul(map::Dense<double>(bottom)), {in});
  two.output(two.add("top", MatMul(map::Dense<double>(top)), {hidden}));
  const auto grown = two.explain(two.forward(Eigen::VectorXd::Ones(4)), 0, method::LrpQ(), Record::per_layer);
  CHECK(check::moved(grown, 0) == Approx(50));
  CHECK(check::largest_growth(two, grown, 0)->node == two.find("top"));
  // Where nothing grows, no node is named.
  const auto deep = net.explain(net.forward(Eigen::Vector2d(1, 0)), 0, method::LrpQ(), Record::per_layer);
  CHECK_FALSE(check::largest_growth(net, deep, 0));
}

TEST_CASE("what cancels inside of a network is allowed its rounding there, and no more") {
  // Two branches of 64 inputs cancel all but a hundred-thousandth, and so does what comes back of both.
  test::Random random(7);
  const Eigen::RowVectorXf w = 1e4 * random.matrix(1, 64).template cast<float>(),
                           rest = random.matrix(1, 64).cwiseAbs().template cast<float>();
  Graph<float> net;
  const Index x = net.input("x", 64);
  const Index a = net.add("a", MatMul(map::Dense<float>(w)), {x});
  const Index b = net.add("b", MatMul(map::Dense<float>(rest - w)), {x});
  net.output(net.add("sum", MatMul(map::Sum<float>(2, 1)), {a, b}));
  const Eigen::VectorXf at = random.vector(64).cwiseAbs().cast<float>();
  const auto e = net.explain(net.forward(at), 0, method::Lrp(0), Record::per_layer);
  CHECK_FALSE(check::conservation(e));
  CHECK(check::conservation(net, e, 0));
  CHECK_FALSE(check::first_open_node(net, e, 0));
  CHECK(check::conservation(net, e, 0).tolerance < 1e-4 * check::moved(e, 0));
}

TEST_CASE("identity 8: scaling by a constant, as a matrix and as a function", "[identities]") {
  for (const double alpha : {0.5, -2.5, 3.0}) {
    for (const Form form : {Form::R, Form::Q}) {
      CHECK(check::scaling_equivalence(rule::Gradient(), rule::Gradient(), alpha, form));
      CHECK(check::scaling_equivalence(rule::Gradient(), rule::Slope(), alpha, form));
    }
    CHECK(check::scaling_equivalence(rule::Gradient(), rule::Repeat(), alpha, Form::R));
    CHECK(check::scaling_equivalence(rule::Normalized{0}, rule::Ignore(), alpha, Form::R));
    CHECK(check::scaling_equivalence(rule::Normalized{0}, rule::Slope(), alpha, Form::Q));
    CHECK(check::scaling_equivalence(rule::Gradient(), rule::Gradient(), alpha, Form::Delta));
    CHECK_FALSE(check::scaling_equivalence(rule::Gradient(), rule::Ignore(), alpha, Form::R));
    CHECK_FALSE(check::scaling_equivalence(rule::Normalized{0.5}, rule::Ignore(), alpha, Form::R));
  }
  CHECK_THROWS_WITH(check::scaling_equivalence(rule::Gradient(), rule::Gradient(), 0.0, Form::R),
                    Contains("other than 0"));
}
