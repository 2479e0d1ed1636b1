// The identities of docs/rules.md on graphs: residual sums, concatenation, a shared input, a gate.
#include <ascribe/networks/graph.hpp>

#include "tests/support/catch.hpp"
#include <ascribe/compiled.hpp>
#include "tests/support/random_graph.hpp"
#include "tests/support/random_network.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <ascribe/functions/any_function.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/functions/softplus.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/methods/composites.hpp>

namespace {

using namespace ascribe;
using Eigen::MatrixXd;
using test::relative_difference;
using F = fn::AnyFunction<double>;

constexpr double within = 1e-10;

/// Normalized(0) and Ignore, in R; sums too without a stabiliser.
Composite<double> lrp_0(bool biased = false) {
  Composite<double> method(Form::R);
  return method.add(match::kind(LayerKind::matmul), rule::Normalized{0})
      .add(match::kind(LayerKind::elementwise), rule::Ignore{biased})
      .add(match::kind(LayerKind::max), rule::Gradient());
}

MatrixXd input(unsigned seed) { return test::Random(seed + 100).matrix(6, 3); }

TEST_CASE("identity 1 on graphs: LRP in R with epsilon 0 equals LRP in Q", "[identities][graph]") {
  const bool gate = GENERATE(false, true);
  for (unsigned seed = 0; seed < 4; ++seed) {
    // A gate's sigmoid has f(0) = ½, and takes nothing as a constant.
    for (const F& f : {F(fn::Relu()), F(fn::Tanh())}) {
      const auto net = test::random_graph(seed, 1, f, gate);
      const auto trace = net.forward(input(seed));
      const auto r = net.explain(trace, 1, lrp_0(), Record::per_layer);
      const auto q = net.explain(trace, 1, method::LrpQ(), Record::per_layer);
      CHECK(relative_difference(r.relevance, q.relevance) <= within);
      for (const char* name : {"stem", "inner", "head", "top"}) {
        const auto i = std::size_t(net.find(name));
        CHECK(relative_difference(r.nodes[i].bias_shares, q.nodes[i].bias_shares) <= within);
      }
    }
    // With f(0) ≠ 0, Q is R with biased Ignore.
    const auto net = test::random_graph(seed, 1, F(fn::Softplus()), gate);
    const auto trace = net.forward(input(seed));
    const auto q = net.explain(trace, 1, method::LrpQ());
    CHECK(relative_difference(net.explain(trace, 1, lrp_0(/*biased=*/true)).relevance, q.relevance) <=
          within);
    CHECK(relative_difference(net.explain(trace, 1, lrp_0()).relevance, q.relevance) > 1e-3);
  }
}

TEST_CASE("identities 2 and 3 on graphs: with ReLU, LRP-0 and LRP in Q are gradient x input",
          "[identities][graph]") {
  for (unsigned seed = 0; seed < 6; ++seed) {
    const auto net = test::random_graph(seed, 1, F(fn::Relu()));
    const auto trace = net.forward(input(seed));
    const MatrixXd expected = net.explain(trace, 2, method::GradientTimesInput()).relevance;
    CHECK(relative_difference(net.explain(trace, 2, lrp_0()).relevance, expected) <= within);
    CHECK(relative_difference(net.explain(trace, 2, method::LrpQ()).relevance, expected) <= within);
    const auto tanh = test::random_graph(seed, 1, F(fn::Tanh()));
    const auto other = tanh.forward(input(seed));
    CHECK(relative_difference(tanh.explain(other, 2, lrp_0()).relevance,
                              tanh.explain(other, 2, method::GradientTimesInput()).relevance) > 1e-3);
  }
}

TEST_CASE("identity 3 on graphs: Slope is Baseline at zero without biases; Baseline tends to Gradient",
          "[identities][graph]") {
  for (unsigned seed = 0; seed < 4; ++seed) {
    // Without the maximum's negative members: Max is not among these.
    const auto net = test::random_graph(seed, 0, F(fn::Tanh()));
    const MatrixXd x = input(seed);
    const auto trace = net.forward(x);
    Composite<double> slope(Form::Q, true), baseline(Form::Delta, true);
    slope.add(match::kind(LayerKind::max), rule::Gradient()).add(match::any(), method::LrpQ());
    baseline.add(match::kind(LayerKind::max), rule::Gradient()).add(match::any(), method::DeepLift());
    const auto zero = net.forward(MatrixXd::Zero(6, 1));
    CHECK(relative_difference(net.explain(trace, 0, slope).relevance,
                              net.explain(trace, 0, baseline, zero).relevance) <= within);
    // Multipliers near x are the gradient, gates included.
    const auto gated = test::random_graph(seed, 1, F(fn::Tanh()), /*gate=*/true);
    Composite<double> multipliers(Form::Delta, false);
    multipliers.add(match::any(), method::DeepLift());
    const auto at = gated.forward(x);
    const auto near = gated.forward(MatrixXd(x.array() + 1e-7));
    CHECK(relative_difference(gated.explain(at, 0, multipliers, near).relevance,
                              gated.explain(at, 0, method::Gradient()).relevance) <= 1e-5);
  }
}

TEST_CASE("identities 4 and 5 on graphs: what inputs and biases get is the start", "[identities][graph]") {
  const bool gate = GENERATE(false, true);
  for (unsigned seed = 0; seed < 4; ++seed)
    for (const F& f : {F(fn::Relu()), F(fn::Tanh()), F(fn::Sigmoid())})
      for (const double bias : {0.0, 1.0}) {
        const auto net = test::random_graph(seed, bias, f, gate);
        const auto trace = net.forward(input(seed));
        for (const auto& e : {net.explain(trace, 1, method::LrpQ(), Record::per_layer),
                              net.explain(trace, 1, lrp_0(/*biased=*/true), Record::per_layer)}) {
          const double scale = e.relevance.cwiseAbs().maxCoeff();
          CHECK(test::sums_agree(e.ledger.leave + e.ledger.bias, e.ledger.enter, scale));
          CHECK((e.ledger.stabiliser == 0).all());
          // Every bias by itself adds up to the ledger's line.
          Eigen::ArrayXXd shares = Eigen::ArrayXXd::Zero(1, 3);
          for (const auto& node : e.nodes) shares += node.bias_shares.colwise().sum().array();
          CHECK(test::sums_agree(shares.row(0), e.ledger.bias, scale));
          if (bias == 0 && f.at_zero() == 0) CHECK(test::sums_agree(e.ledger.leave, e.ledger.enter, scale));
        }
      }
}

TEST_CASE("identity 6 on graphs: Baseline's total is f(x) - f(baseline), and its sign turns with them",
          "[identities][graph]") {
  const bool gate = GENERATE(false, true);
  for (unsigned seed = 0; seed < 4; ++seed) {
    const auto net = test::random_graph(seed, 1, F(fn::Softplus()), gate);
    const auto trace = net.forward(input(seed)), baseline = net.forward(input(seed + 50));
    for (const char* rule : {"winner", "fold"}) {
      const auto method = composite::by_name<double>("deep_lift", {.max_rule = rule});
      const auto e = net.explain(trace, 1, method, baseline);
      const Eigen::RowVectorXd change = trace.output().row(1) - baseline.output().row(1);
      CHECK(test::sums_agree(e.relevance.colwise().sum(), change, e.relevance.cwiseAbs().maxCoeff()));
      CHECK(relative_difference(net.explain(baseline, 1, method, trace).relevance, MatrixXd(-e.relevance)) <=
            within);
    }
  }
}

TEST_CASE("identity 7 on graphs: the stabiliser's leak grows with epsilon and is the ledger's line",
          "[identities][graph]") {
  const auto net = test::random_graph(2, 0, F(fn::Relu()));
  const auto trace = net.forward(input(2));
  for (const double epsilon : {1e-9, 1e-3, 0.25}) {
    const auto e = net.explain(trace, 1, method::Lrp(epsilon));
    CHECK(test::sums_agree(e.ledger.enter - e.ledger.leave, e.ledger.stabiliser,
                           e.relevance.cwiseAbs().maxCoeff()));
  }
}

TEST_CASE("identity 15 on graphs: what is linear in R is linear in R", "[identities][graph]") {
  const auto net = test::random_graph(3, 1, F(fn::Tanh()), /*gate=*/true);
  const auto trace = net.forward(input(3));
  test::Random random(77);
  const MatrixXd first = random.matrix(3, 3), second = random.matrix(3, 3), both = 2.5 * first + second;
  std::vector<std::string> names(composite::names.begin(), composite::names.end());
  names.insert(names.end(), {"gradient", "lrp", "lrp_radial"});
  for (const std::string& name : names) {
    INFO(name);
    const auto method = composite::by_name<double>(name, {.low = {-1}, .high = {1}});
    const auto of = [&](const MatrixXd& r) {
      return net.explain(trace, start::OutputRelevance(r), method).relevance;
    };
    CHECK(relative_difference(of(both), MatrixXd(2.5 * of(first) + of(second))) <= within);
  }
}

}  // namespace
