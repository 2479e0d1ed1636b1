// Cases from public reports on attribution libraries, each with its right value: worked out by hand, or by
// plain loops.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/functions/prelu.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/selu.hpp>
#include <ascribe/methods/composites.hpp>
#include <ascribe/networks/checks.hpp>
#include <ascribe/networks/integrated_gradients.hpp>
#include <ascribe/networks/reveal_cancel.hpp>
#include <ascribe/windows/pool.hpp>

#include "tests/support/catch.hpp"
#include <ascribe/compiled.hpp>
#include "tests/support/random.hpp"

namespace {

using namespace ascribe;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// The relevance of the inputs, by a plan and without one, of which the books have to close.
VectorXd relevance(const Graph<double>& net, const VectorXd& x, const std::string& method, Index target = 0,
                   composite::Options options = {}, const VectorXd& baseline = VectorXd()) {
  const auto rules = composite::by_name<double>(method, options);
  const auto plan = net.plan(rules);
  GraphExplanation<double> kept, whole;
  Workspace<double> workspace;
  const bool against = rules.form == Form::Delta;
  const VectorXd base = baseline.size() > 0 ? baseline : VectorXd(VectorXd::Zero(x.size()));
  const auto all = net.forward(x), base_all = net.forward(base);
  const auto few = net.forward(x, plan), base_few = net.forward(base, plan);
  net.explain(few, target, plan, kept, workspace, against ? &base_few : nullptr);
  whole.record = Record::per_layer;
  net.explain(all, target, plan, whole, workspace, against ? &base_all : nullptr);
  INFO(method);
  CHECK(check::conservation(kept));
  CHECK(check::conservation(whole));
  CHECK((kept.relevance - whole.relevance).cwiseAbs().maxCoeff() <=
        1e-12 * std::max(1.0, whole.relevance.cwiseAbs().maxCoeff()));
  return kept.relevance;
}

void check_equal(const VectorXd& found, const VectorXd& expected, double within = 1e-12) {
  INFO("found " << found.transpose() << ", expected " << expected.transpose());
  REQUIRE(found.size() == expected.size());
  CHECK((found - expected).cwiseAbs().maxCoeff() <= within * std::max(1.0, expected.cwiseAbs().maxCoeff()));
}

TEST_CASE("reports: a PReLU of one slope a feature, and a sum", "[reports]") {
  Graph<double> net;
  const Index x = net.input("x", 4);
  const Index p = net.add("p", Elementwise(fn::Prelu<double>({.1, .2, .3, .4})), {x});
  net.output(net.add("y", MatMul(map::Sum<double>(4, 1)), {p}));
  const VectorXd at = Eigen::Vector4d(-1, 2, -3, 4), gradient = Eigen::Vector4d(.1, 1, .3, 1),
                 shares = gradient.cwiseProduct(at);
  CHECK(net.forward(at).output()(0) == Approx(5));
  check_equal(relevance(net, at, "gradient"), gradient);
  for (const char* method : {"gradient_times_input", "lrp_q", "deep_lift"})
    check_equal(relevance(net, at, method), shares);
  check_equal(relevance(net, at, "lrp"), shares, 1e-6);
  check_equal(integrated_gradients(net, at, VectorXd::Zero(4), 0, 4).relevance, shares);
  check_equal(smoothgrad(net, at, 0, 3, 0).relevance, gradient);
}

TEST_CASE("reports: a PReLU of a thousand slopes between dense layers", "[reports]") {
  test::Random random(11);
  constexpr Index width = 1000;
  const MatrixXd w1 = random.matrix(width, 10), w2 = random.matrix(3, width);
  const VectorXd b1 = random.vector(width);
  std::vector<double> slopes(width);
  for (double& slope : slopes) slope = 0.5 * random.vector(1)(0) + 0.25;
  Graph<double> net;
  const Index x = net.input("x", 10);
  const Index first = net.add("first", MatMul(map::Dense<double>(w1), b1), {x});
  const Index p = net.add("p", Elementwise(fn::Prelu<double>(slopes)), {first});
  net.output(net.add("y", MatMul(map::Dense<double>(w2)), {p}));
  const VectorXd at = random.vector(10), base = random.vector(10);

  // By plain loops: what goes back through feature j is w2·slope, the slope that of z_j, or the chord.
  VectorXd gradient = VectorXd::Zero(10), multiplier = gradient;
  double difference = 0;
  for (Index j = 0; j < width; ++j) {
    double z = b1(j), r = b1(j);
    for (Index i = 0; i < 10; ++i) z += w1(j, i) * at(i), r += w1(j, i) * base(i);
    const auto f = [&](double v) { return v > 0 ? v : slopes[std::size_t(j)] * v; };
    const double slope = z > 0 ? 1 : slopes[std::size_t(j)], chord = (f(z) - f(r)) / (z - r);
    difference += w2(1, j) * (f(z) - f(r));
    for (Index i = 0; i < 10; ++i) {
      gradient(i) += w2(1, j) * slope * w1(j, i);
      multiplier(i) += w2(1, j) * chord * w1(j, i);
    }
  }
  check_equal(relevance(net, at, "gradient", 1), gradient);
  for (const char* method : {"gradient_times_input", "lrp_q"})
    check_equal(relevance(net, at, method, 1), gradient.cwiseProduct(at));
  const VectorXd deep = relevance(net, at, "deep_lift", 1, {}, base);
  check_equal(deep, multiplier.cwiseProduct(at - base), 1e-9);
  CHECK(deep.sum() == Approx(difference));
}

TEST_CASE("reports: a residual sum conserves, and does not double", "[reports]") {
  // y = Wx + x at x = (2, 3): 13 for target 0, of which x0 has 1·2 + 2 and x1 3·3.
  Graph<double> net;
  const Index x = net.input("x", 2);
  const MatrixXd w{{1, 3}, {2, 1}};
  const Index m = net.add("m", MatMul(map::Dense<double>(w)), {x});
  net.output(net.add("y", MatMul(map::Sum<double>(2, 2)), {m, x}));
  const VectorXd at = Eigen::Vector2d(2, 3), expected = Eigen::Vector2d(4, 9);
  CHECK(net.forward(at).output()(0) == 13);
  check_equal(relevance(net, at, "gradient"), Eigen::Vector2d(2, 3));
  check_equal(relevance(net, at, "gradient_times_input"), expected);
  for (const char* method : {"lrp", "epsilon_plus", "epsilon_plus_flat", "excitation_backprop"})
    if (std::string(method) != "epsilon_plus_flat" && std::string(method) != "excitation_backprop")
      check_equal(relevance(net, at, method), expected, 1e-5);
    else  // other shares, of the same 13
      CHECK(relevance(net, at, method).sum() == Approx(13).epsilon(1e-5));
}

TEST_CASE("reports: a pixel that wins two overlapping windows gets both shares", "[reports]") {
  Graph<double> net;
  const Index x = net.input("x", 8);
  const Spatial windows{.input = {1, 8}, .kernel = {1, 4}, .stride = {1, 2}};
  const Index pool = net.add("pool", Max(window::Pool(windows, 1)), {x});
  net.output(net.add("y", MatMul(map::Sum<double>(3, 1)), {pool}));
  VectorXd at = VectorXd::Zero(8), gradient = at, shares = at;
  at(2) = 9, at(6) = 1;
  gradient(2) = 2, gradient(6) = 1;
  shares(2) = 18, shares(6) = 1;
  check_equal(relevance(net, at, "gradient"), gradient);
  for (const char* method : {"gradient_times_input", "lrp_q", "deep_lift"})
    check_equal(relevance(net, at, method), shares);
  check_equal(relevance(net, at, "lrp"), shares, 1e-5);
  check_equal(reveal_cancel(net, net.forward(at), 0, net.forward(VectorXd::Zero(8))).relevance, shares);
}

TEST_CASE("reports: Gamma at a negative output takes the mirrored denominator", "[reports]") {
  // A 1 × 1 convolution of two channels at (4, 1) gives −2 + 0.25 = −1.75 and 3; with the skip 2.25 and 4.
  Graph<double> net;
  const Index x = net.input("x", 2);
  const std::vector<double> w{-0.5, 0.25, 1, -1};
  const Index c = net.add("c", MatMul(map::Convolution<double>({}, 2, 2, w)), {x});
  const Index s = net.add("s", MatMul(map::Sum<double>(2, 2)), {c, x});
  net.output(net.add("r", Elementwise(fn::Relu()), {s}));
  const VectorXd at = Eigen::Vector2d(4, 1);
  CHECK(net.forward(at).output()(0) == 2.25);
  check_equal(relevance(net, at, "gradient"), Eigen::Vector2d(0.5, 0.25));

  // The sum hands −1.75 to the convolution's output and 4 to the skip. There z < 0: the negative
  // contributions count 1 + γ times, −2.5 and 0.25 of −2.25.
  Composite<double> method(Form::R);
  method.add(match::role(map::Role::convolution), rule::Gamma{.gamma = 0.25, .epsilon = 0})
      .add(match::any(), method::Lrp(0));
  const auto e = net.explain(net.forward(at), 0, method);
  CHECK(check::conservation(e));
  check_equal(e.relevance, Eigen::Vector2d(4 - 1.75 * 2.5 / 2.25, 1.75 * 0.25 / 2.25));
}

TEST_CASE("reports: DeepLIFT through a SELU closes on the difference", "[reports]") {
  Graph<double> net;
  const Index x = net.input("x", 3);
  const MatrixXd w1{{-1, 1.75, -0.75}, {-2, 0, 0.25}, {0, 1, 0.5}, {0.25, -1.75, 2}},
      w2{{0, 0.25, 0.25, 0}, {0.5, 1.25, 1, 1}};
  const VectorXd b1 = Eigen::Vector4d(1.03, 0.78, 1.28, -0.72);
  const Index a = net.add("a", MatMul(map::Dense<double>(w1), b1), {x});
  const Index f = net.add("f", Elementwise(fn::Selu()), {a});
  net.output(net.add("y", MatMul(map::Dense<double>(w2)), {f}));
  const VectorXd at = Eigen::Vector3d(0.5, -1, 2), base = Eigen::Vector3d(1, 0.25, -1);
  const auto selu = [](double v) {  // Klambauer et al. 2017
    constexpr double scale = 1.0507009873554805, alpha = 1.6732632423543772;
    return v > 0 ? scale * v : scale * alpha * (std::exp(v) - 1);
  };
  const auto y = [&](const VectorXd& v) {
    const VectorXd hidden = w1 * v + b1;
    double sum = 0;
    for (Index j = 0; j < 4; ++j) sum += w2(0, j) * selu(hidden(j));
    return sum;
  };
  CHECK(relevance(net, at, "deep_lift", 0, {}, base).sum() == Approx(y(at) - y(base)).epsilon(1e-12));
  const auto revealed = reveal_cancel(net, net.forward(at), 0, net.forward(base));
  CHECK(revealed.relevance.sum() == Approx(y(at) - y(base)).epsilon(1e-12));
  CHECK(check::conservation(revealed));
  VectorXd gradient(3);
  for (Index i = 0; i < 3; ++i) {
    VectorXd up = at, down = at;
    up(i) += 1e-5, down(i) -= 1e-5;
    gradient(i) = (y(up) - y(down)) / 2e-5;
  }
  check_equal(relevance(net, at, "gradient"), gradient, 1e-8);
}

TEST_CASE("reports: parallel branches of opposite signs are told by what moves", "[reports]") {
  // As RepVGG's branches are exported: their sum is a thousandth of each.
  Graph<double> net;
  const Index x = net.input("x", 2);
  const Index a = net.add("a", MatMul(map::Dense<double>(MatrixXd{{1000, 0}})), {x});
  const Index b = net.add("b", MatMul(map::Dense<double>(MatrixXd{{0, -999.99}})), {x});
  net.output(net.add("sum", MatMul(map::Sum<double>(2, 1)), {a, b}));
  const VectorXd at = Eigen::Vector2d(1, 1);
  const auto e = net.explain(net.forward(at), 0, composite::epsilon_plus<double>(), Record::per_layer);
  CHECK(check::conservation(e));
  CHECK(e.ledger.enter(0) == Approx(0.01));
  CHECK(check::moved(e, 0) > 1e4 * e.ledger.enter(0));
  CHECK(net.node(check::largest_growth(net, e, 0)->node).name == "sum");
}

}  // namespace
