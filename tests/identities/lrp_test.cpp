/// Identities 1, 2, 4 and 7 of the rules: relevance propagation in R, in Q, and the gradient, on random
/// networks.
#include "tests/support/catch.hpp"

#include <ascribe/functions/leaky_relu.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/functions/softplus.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>

#include "tests/support/random_network.hpp"

using namespace ascribe;
using namespace ascribe::test;
using Matrix = Eigen::MatrixXd;

namespace {

/// LRP-ε in R, where Ignore may take f(0) for a bias; no exception for pools.
struct InR {
  Form form = Form::R;
  bool times_input = false;
  double epsilon = 0;
  bool biased = false;

  template <class M>
  rule::Normalized rule_for(const kind::MatMul<M>&) const {
    return {epsilon};
  }
  template <class F>
  rule::Ignore rule_for(const kind::Elementwise<F>&) const {
    return {biased};
  }
  template <class W>
  rule::Gradient rule_for(const kind::Max<W>&) const {
    return {};
  }
};
const method::Rules radial_r(Form::R, false, rule::Normalized{0}, rule::Ignore{}, rule::Radial{});
const method::Rules radial_q(Form::Q, true, rule::Gradient{}, rule::Slope{}, rule::Radial{});
const method::Rules raw_q(Form::Q, true, rule::Gradient{}, rule::Ignore{}, rule::Gradient{});

template <class Net, class Method>
auto explain(const Net& net, unsigned seed, const Method& method) {
  return net.explain(net.forward(Random(seed + 100).matrix(net.input_size(), 3)),
                                                 1, method, Record::per_layer);
}

/// The same for every input, for every bias of every layer, and both books close.
template <class E>
void check_same(const E& one, const E& other) {
  CHECK(relative_difference(one.relevance, other.relevance) <= 1e-10);
  const auto check_shares = [&](const Matrix& a, const Matrix& b) {
    const double scale = std::max(one.relevance.cwiseAbs().maxCoeff(), a.cwiseAbs().maxCoeff());
    CHECK((a - b).cwiseAbs().maxCoeff() <= 1e-10 * scale);
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (check_shares(one.template layer<I>().bias_shares, other.template layer<I>().bias_shares), ...);
  }
  (std::make_index_sequence<std::tuple_size_v<decltype(one.nodes)>>());
  for (const E* e : {&one, &other})
    CHECK((e->ledger.closing_error().abs() <= 1e-10 * e->ledger.largest_entry()).all());
}

/// Calls run(network, seed) for random networks with these functions.
template <class Run>
void each_network(double bias, const AnyFunction& f, const AnyFunction& g, Run run) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    INFO("seed " << seed);
    run(image_chain(seed, bias, f, g), seed);
    run(maxout_chain(seed, bias, f), seed);
  }
}

}  // namespace

TEST_CASE(
    "identity 1: LRP in R with epsilon 0 equals LRP in Q, per input and per bias, where every f(0) = 0") {
  const auto run = [](const auto& net, unsigned seed) {
    check_same(explain(net, seed, InR{}), explain(net, seed, method::LrpQ{}));
  };
  each_network(1, fn::Relu(), fn::Relu(), run);
  each_network(1, fn::Tanh(), fn::LeakyRelu{0.2}, run);
  each_network(0, fn::Relu(), fn::Tanh(), run);
}

TEST_CASE("identity 1: the same with the radial maximum") {
  const auto run = [](const auto& net, unsigned seed) {
    check_same(explain(net, seed, radial_r), explain(net, seed, radial_q));
  };
  each_network(1, fn::Relu(), fn::Relu(), run);
  each_network(1, fn::Tanh(), fn::LeakyRelu{0.2}, run);
}

TEST_CASE(
    "identity 1: where f(0) != 0, Q equals R with biased Ignore, and plain Ignore equals Q with the raw "
    "slope") {
  const auto run = [](const auto& net, unsigned seed) {
    const auto q = explain(net, seed, method::LrpQ{}), raw = explain(net, seed, raw_q);
    check_same(explain(net, seed, InR{.biased = true}), q);
    check_same(explain(net, seed, InR{}), raw);
    CHECK(relative_difference(q.relevance, raw.relevance) > 1e-3);
  };
  each_network(1, fn::Softplus(), fn::Sigmoid(), run);
  each_network(0, fn::Sigmoid(), fn::Tanh(), run);
}

TEST_CASE(
    "identity 2: LRP-0 equals gradient x input when every function is ReLU, biases or not; not so with "
    "tanh") {
  for (const double bias : {0.0, 1.0})
    each_network(bias, fn::Relu(), fn::Relu(), [](const auto& net, unsigned seed) {
      check_same(explain(net, seed, InR{}), explain(net, seed, method::GradientTimesInput{}));
    });
  each_network(1, fn::Tanh(), fn::Relu(), [](const auto& net, unsigned seed) {
    CHECK(relative_difference(explain(net, seed, InR{}).relevance,
                              explain(net, seed, method::GradientTimesInput{}).relevance) > 1e-3);
  });
}

TEST_CASE("identity 4: without biases, relevance is the start at the input and at every layer") {
  const auto check = [](const auto& e) {
    const double scale = e.relevance.cwiseAbs().colwise().sum().maxCoeff();
    CHECK(sums_agree(e.relevance.colwise().sum().array().eval(), e.ledger.enter, scale));
    const auto check_layer = [&](const Matrix& relevance) {
      CHECK(sums_agree(relevance.colwise().sum().array().eval(), e.ledger.enter, scale));
    };
    std::apply([&](const auto&... layer) { (check_layer(layer.relevance), ...); }, e.nodes);
  };
  const auto run = [&](const auto& net, unsigned seed) {
    check(explain(net, seed, method::LrpQ{}));  // Σ a·Q
    check(explain(net, seed, InR{}));           // Σ R
    check(explain(net, seed, radial_q));
  };
  each_network(0, fn::Tanh(), fn::Relu(), run);
  each_network(0, fn::Relu(), fn::LeakyRelu{0.2}, run);
}

TEST_CASE("identity 7: in a network, the stabiliser line of each layer is the sum of its outputs' leaks") {
  for (const double epsilon : {1e-6, 0.25})
    each_network(1, fn::Tanh(), fn::Relu(), [&](const auto& net, unsigned seed) {
      const auto trace = net.forward(Random(seed + 100).matrix(net.input_size(), 3));
      const auto e = net.explain(trace, 1, InR{.epsilon = epsilon}, Record::per_layer);
      const auto& z = trace.template value<1>();  // the first layer's outputs
      const auto& record = e.template layer<0>();
      // R_j·ε·sgn/(z_j + ε·sgn) = R_j·ε/(|z_j| + ε)
      const auto leaks =
          (record.relevance.array() * epsilon / (z.array().abs() + epsilon)).colwise().sum().eval();
      CHECK(sums_agree(record.books.stabiliser, leaks,
                       std::max(epsilon, 1e-3) * record.relevance.cwiseAbs().maxCoeff()));
      Eigen::Array<double, 1, Dynamic> total = 0 * leaks;
      std::apply([&](const auto&... layer) { ((total += layer.books.stabiliser), ...); }, e.nodes);
      CHECK(sums_agree(total, e.ledger.stabiliser, e.ledger.largest_entry().maxCoeff()));
    });
}
