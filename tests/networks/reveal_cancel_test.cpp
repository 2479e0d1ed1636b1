#include <ascribe/networks/reveal_cancel.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/golden.hpp"
#include <ascribe/compiled.hpp>
#include "tests/support/random_graph.hpp"

#include <cmath>

#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/networks/checks.hpp>

namespace {

using namespace ascribe;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using Eigen::VectorXd;

VectorXd two(double first, double second) { return (VectorXd(2) << first, second).finished(); }

/// min(x₁, x₂) = x₁ − relu(x₁ − x₂): the paper's Figure 2, with x₁ concatenated to the branch and a sum.
Graph<double> minimum() {
  Graph<double> net;
  const Index x = net.input("x", 2);
  const Index h = net.add("h", MatMul(map::Dense<double>(MatrixXd(two(1, -1).transpose()))), {x});
  const Index r = net.add("r", Elementwise(fn::Relu()), {h});
  const std::vector<Index> sources{2, 0};
  const Index both = net.add("both", MatMul(map::Selection<double>(3, sources)), {x, r});
  net.output(net.add("o", MatMul(map::Dense<double>(MatrixXd(two(-1, 1).transpose()))), {both}));
  return net;
}

// Shrikumar et al. 1704.02685, §3.5.3: each input gets half of the minimum, where Rescale gives all to the
// smaller.
TEST_CASE("both inputs of a minimum matter", "[networks][reveal_cancel]") {
  const auto net = minimum();
  const auto baseline = net.forward(VectorXd::Zero(2));
  for (const VectorXd& x : {two(5, 2), two(2, 5), two(3, 3)}) {
    const auto trace = net.forward(x);
    const auto e = reveal_cancel(net, trace, 0, baseline);
    CHECK((e.relevance - VectorXd::Constant(2, x.minCoeff() / 2)).norm() <= 1e-14);
    CHECK(e.ledger.enter(0) == Approx(x.minCoeff()));
    CHECK(check::completeness(e));
  }
  const auto rescale = net.explain(net.forward(two(5, 2)), 0, method::DeepLift(), baseline);
  CHECK((rescale.relevance - two(2, 0).eval()).norm() >
        0.1);  // another answer: the two would not be told apart
}

// By hand from §3.5.3: h = x₁ − 2·x₂ from (1, 1) to (3, 2): Δh⁺ = 2, Δh⁻ = −2, h̄ = −1; relu: Δr⁺ =
// ½(relu(1) − 0) + ½(relu(−1) − relu(−3)) = ½, Δr⁻ = ½(0 − 0) + ½(relu(−1) − relu(1)) = −½: (½, −½).
TEST_CASE("parts that cancel are seen", "[networks][reveal_cancel]") {
  Graph<double> net;
  const Index x = net.input("x", 2);
  const Index h = net.add("h", MatMul(map::Dense<double>(MatrixXd(two(1, -2).transpose()))), {x});
  net.output(net.add("r", Elementwise(fn::Relu()), {h}));
  const auto e = reveal_cancel(net, net.forward(two(3, 2)), 0, net.forward(two(1, 1)));
  CHECK((e.relevance - two(0.5, -0.5)).norm() <= 1e-14);
  CHECK(e.ledger.enter(0) == 0);
}

TEST_CASE("RevealCancel is complete on graphs with additions, concatenations, maxima and gates",
          "[networks][reveal_cancel]") {
  const bool gate = GENERATE(false, true);
  for (unsigned seed = 0; seed < 5; ++seed) {
    const auto check = [&](const auto& net) {
      test::Random random(seed + 50);
      const MatrixXd x = random.matrix(6, 4), base = random.matrix(6, 4);
      const auto trace = net.forward(x), each = net.forward(base), shared = net.forward(base.col(0));
      for (const auto* baseline : {&each, &shared}) {
        const auto e = reveal_cancel(net, trace, 1, *baseline);
        CHECK(check::completeness(e));
        CHECK(test::closing_error(e.ledger) <= 1e-12);
        for (Index n = 0; n < 4; ++n) {
          const double before = baseline->output()(1, baseline->input().cols() == 1 ? 0 : n);
          CHECK(e.relevance.col(n).sum() == Approx(trace.output()(1, n) - before).margin(1e-12));
        }
      }
      const auto e = reveal_cancel(net, trace, 1, shared);
      const auto alone = reveal_cancel(net, net.forward(x.col(2)), 1, shared);
      CHECK((e.relevance.col(2) - alone.relevance).norm() <= 1e-12 * e.relevance.norm());
    };
    check(test::random_graph(seed, 1, fn::Relu(), gate));
    check(test::random_graph(seed, 1, fn::Sigmoid(), gate));
  }
}

// Where every contribution has one sign, nothing cancels, and RevealCancel is Rescale.
TEST_CASE("without differences of two signs RevealCancel is Rescale", "[networks][reveal_cancel]") {
  test::Random random(3);
  Graph<double> net;
  const Index x = net.input("x", 4);
  const Index a =
      net.add("a", MatMul(map::Dense<double>(random.matrix(5, 4).cwiseAbs()), random.vector(5)), {x});
  const Index f = net.add("f", Elementwise(fn::Tanh()), {a});
  net.output(net.add("b", MatMul(map::Dense<double>(random.matrix(2, 5).cwiseAbs())), {f}));
  const VectorXd base = random.vector(4), at = base + random.vector(4).cwiseAbs();
  const auto trace = net.forward(at), baseline = net.forward(base);
  const auto found = reveal_cancel(net, trace, 1, baseline);
  const auto rescale = net.explain(trace, 1, method::DeepLift(), baseline);
  CHECK((found.relevance - rescale.relevance).norm() <= 1e-13 * rescale.relevance.norm());
}

TEST_CASE("where no function reveals, RevealCancel is DeepLIFT's Rescale", "[networks][reveal_cancel]") {
  const bool gate = GENERATE(false, true);
  for (unsigned seed = 0; seed < 3; ++seed) {
    const auto net = test::random_graph(seed, 1, fn::Tanh(), gate);
    test::Random random(seed + 60);
    const auto trace = net.forward(random.matrix(6, 4)), baseline = net.forward(random.matrix(6, 4));
    const auto found = reveal_cancel(net, trace, 1, baseline, match::name("nowhere"));
    const auto rescale = net.explain(trace, 1, method::DeepLift(), baseline);
    CHECK((found.relevance - rescale.relevance).norm() <= 1e-12 * rescale.relevance.norm());
  }
}

/// x → relu(A x) → relu(B ·) → c·, in plain loops: Rescale at the first relu, RevealCancel at the second
/// (Shrikumar et al. 1704.02685, §3.5).
VectorXd mixed_by_hand(const MatrixXd& a, const MatrixXd& b, const VectorXd& c, const VectorXd& x,
                       const VectorXd& base) {
  const auto relu = [](double v) { return std::max(v, 0.0); };
  const VectorXd h = a * x, h0 = a * base;
  VectorXd f = h.unaryExpr(relu), f0 = h0.unaryExpr(relu);
  VectorXd slope(h.size());
  for (Index i = 0; i < h.size(); ++i) slope(i) = (f(i) - f0(i)) / (h(i) - h0(i));
  VectorXd by_f = VectorXd::Zero(f.size());
  for (Index j = 0; j < b.rows(); ++j) {
    double rise = 0, fall = 0, start = b.row(j).dot(f0);
    for (Index i = 0; i < f.size(); ++i) {
      const double part = b(j, i) * (f(i) - f0(i));
      (part > 0 ? rise : fall) += part;
    }
    const double up = (relu(start + rise) - relu(start)) / 2 + (relu(start + fall + rise) - relu(start + fall)) / 2;
    const double down = (relu(start + fall) - relu(start)) / 2 + (relu(start + rise + fall) - relu(start + rise)) / 2;
    for (Index i = 0; i < f.size(); ++i)
      if (const double part = b(j, i) * (f(i) - f0(i)); part != 0)  // else the first relu hands nothing down
        by_f(i) += c(j) * b(j, i) * (part > 0 ? up / rise : down / fall);
  }
  VectorXd relevance(x.size());
  for (Index k = 0; k < x.size(); ++k)
    relevance(k) = (x(k) - base(k)) * a.col(k).dot(slope.cwiseProduct(by_f));
  return relevance;
}

TEST_CASE("RevealCancel at some functions and Rescale at others, by name", "[networks][reveal_cancel]") {
  for (unsigned seed = 0; seed < 5; ++seed) {
    test::Random random(seed + 70);
    const MatrixXd a = random.matrix(5, 4), b = random.matrix(6, 5), c = random.matrix(1, 6);
    const VectorXd x = random.vector(4), base = random.vector(4);
    Graph<double> net;
    const Index first = net.add("conv/relu", Elementwise(fn::Relu()),
                                {net.add("conv", MatMul(map::Dense<double>(a)), {net.input("x", 4)})});
    const Index second = net.add("dense/relu", Elementwise(fn::Relu()),
                                 {net.add("dense", MatMul(map::Dense<double>(b)), {first})});
    net.output(net.add("top", MatMul(map::Dense<double>(c)), {second}));
    const auto trace = net.forward(x), baseline = net.forward(base);
    const auto e = reveal_cancel(net, trace, 0, baseline, match::name("dense/*"));
    const VectorXd expected = mixed_by_hand(a, b, c.row(0).transpose(), x, base);
    CHECK((e.relevance - expected).norm() <= 1e-12 * expected.norm());
    CHECK(check::completeness(e));
    CHECK((e.relevance - reveal_cancel(net, trace, 0, baseline).relevance).norm() > 1e-6);
  }
}

TEST_CASE("what RevealCancel refuses", "[networks][reveal_cancel]") {
  const auto net = minimum();
  const auto trace = net.forward(MatrixXd::Ones(2, 3)), baseline = net.forward(MatrixXd::Zero(2, 2));
  CHECK_THROWS_WITH(reveal_cancel(net, trace, 0, baseline), Contains("1 or 3 samples, found 2"));
  CHECK_THROWS_WITH(reveal_cancel(net, trace, 4, trace), Contains("expected a target in [0, 1), found 4"));
}

}  // namespace
