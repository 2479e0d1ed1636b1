/// Identity 15 of the rules: what every explanation that is linear in R promises.
#include "tests/support/catch.hpp"

#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/deconvolution.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/rules/alpha_beta.hpp>
#include <ascribe/rules/flat.hpp>
#include <ascribe/rules/gamma.hpp>
#include <ascribe/rules/w_square.hpp>
#include <ascribe/rules/z_box.hpp>
#include <ascribe/rules/z_plus.hpp>

#include "tests/support/random_network.hpp"

using namespace ascribe;
using namespace ascribe::test;
using Matrix = Eigen::MatrixXd;

namespace {

/// explain(v) for v, w and αv + w, and each sample alone.
template <class Net, class Method>
double distance_from_linear(const Net& net, const Method& method, unsigned seed) {
  Random random(seed + 200);
  const Matrix x = random.matrix(net.input_size(), 3), v = random.matrix(3, 3), w = random.matrix(3, 3);
  const auto trace = net.forward(x), baseline = net.forward(random.matrix(net.input_size(), 1));
  using Trace = std::remove_cvref_t<decltype(trace)>;
  typename Net::template ExplanationOf<Trace> explanation;
  Workspace<double> workspace;
  const auto explain = [&](const Trace& of, const Matrix& weights) {
    net.explain(of, start::OutputWeights(weights), method, explanation, workspace,
                method.form == Form::Delta ? &baseline : nullptr);
    return explanation.relevance;
  };
  const Matrix one = explain(trace, v);
  for (Index n = 0; n < 3; ++n)
    CHECK(relative_difference(explain(net.forward(Matrix(x.col(n))), v.col(n)), one.col(n)) <= 1e-10);
  const Matrix expected = -1.5 * one + explain(trace, w);
  return relative_difference(explain(trace, -1.5 * v + w), expected);
}

template <class Method>
void check_linear(const Method& method) {
  for (unsigned seed = 1; seed <= 2; ++seed) {
    CHECK(distance_from_linear(image_chain(seed, 1, fn::Tanh(), fn::Relu()), method, seed) <= 1e-10);
    CHECK(distance_from_linear(maxout_chain(seed, 1, fn::Tanh()), method, seed) <= 1e-10);
  }
}

/// A rule of practice for each MatMul of `image_chain`, and Pass for its functions.
template <class First, class Second, class Last>
struct Practice {
  static constexpr Form form = Form::R;
  static constexpr bool times_input = false;
  First first;
  Second second;
  Last last;

  template <class M, std::size_t I, std::size_t Count>
  auto rule_for(const kind::MatMul<M>&, Position<I, Count>) const {
    if constexpr (I == 0)
      return first;
    else if constexpr (I == 2)
      return rule::Normalized{};
    else if constexpr (I == 3)
      return second;
    else
      return last;
  }
  template <class F, std::size_t I, std::size_t Count>
  rule::Pass rule_for(const kind::Elementwise<F>&, Position<I, Count>) const {
    return {};
  }
  template <class W, std::size_t I, std::size_t Count>
  rule::Gradient rule_for(const kind::Max<W>&, Position<I, Count>) const {
    return {};
  }
};

}  // namespace

TEST_CASE("identity 15: explanations by the rules of practice are linear in R, and a batch its samples") {
  const auto check = [](const auto& method) {
    CHECK(distance_from_linear(image_chain(1, 1, fn::Tanh(), fn::Relu()), method, 1) <= 1e-10);
  };
  check(Practice<rule::ZBox, rule::ZPlus, rule::AlphaBeta>{{{-1}, {1}}, {}, {}});
  check(Practice<rule::Flat, rule::AlphaBeta, rule::Gamma>{});
  check(Practice<rule::WSquare, rule::Gamma, rule::ZPlus>{});
}

TEST_CASE("identity 15: explanations are linear in R, and a batch equals its samples one by one") {
  check_linear(method::GradientTimesInput{});
  check_linear(method::Lrp(0.25));
  check_linear(method::LrpRadial{});
  check_linear(method::LrpQ{});
  check_linear(method::DeepLift{});
  check_linear(method::DeepLiftWith<rule::BaselineFold>{});
}

TEST_CASE(
    "identity 15: guided backpropagation is not linear in R, and a batch still equals its samples one by "
    "one") {
  CHECK(distance_from_linear(image_chain(1, 1, fn::Relu(), fn::Relu()), method::GuidedBackpropagation{}, 1) >
        1e-3);
}
