#include <ascribe/networks/sequential.hpp>

#include "tests/support/catch.hpp"

#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/methods/composites.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/deconvolution.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/graph.hpp>
#include <ascribe/windows/groups.hpp>

// What a user writes, outside of the library.
namespace user {

/// Every input gets the same.
struct Equally {};

template <class M, class C>
void propagate(const ascribe::kind::MatMul<M>&, const Equally&, C&, typename C::Up up,
               typename C::Down down) {
  using Scalar = typename C::Scalar;
  for (Eigen::Index n = 0; n < up.cols(); ++n) down.col(n).setConstant(up.col(n).sum() / Scalar(down.rows()));
}

struct Cube {
  template <class S>
  S value(const S& a) const {
    return a * a * a;
  }
  template <class S>
  S derivative(const S& a) const {
    return S(3) * a * a;
  }
};

/// A linear map which cannot be copied: b = 2a.
struct Twice {
  using Scalar = double;
  static constexpr int inputs = ascribe::Dynamic, outputs = ascribe::Dynamic;
  Eigen::Index size = 2;

  explicit Twice(Eigen::Index n) : size(n) {}
  Twice(Twice&&) = default;
  Twice& operator=(Twice&&) = default;
  Eigen::Index input_size() const { return size; }
  Eigen::Index output_size() const { return size; }
  template <int N>
  void apply(ascribe::View<double, inputs, N> a, ascribe::Out<double, outputs, N> b, ascribe::Weights) const {
    b = 2 * a;
  }
  template <int N>
  void apply_transposed(ascribe::View<double, outputs, N> s, ascribe::Out<double, inputs, N> g,
                        ascribe::Weights) const {
    g = 2 * s;
  }
  bool weights_are_finite() const { return true; }
};

/// Nothing reaches the first layer's inputs but by equal shares.
struct EquallyAtFirst : ascribe::method::Lrp {
  using ascribe::method::Lrp::rule_for;
  template <class M, std::size_t Count>
  Equally rule_for(const ascribe::kind::MatMul<M>&, ascribe::Position<0, Count>) const {
    return {};
  }
};

}  // namespace user

namespace {

using namespace ascribe;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// What `run` threw; "" where it threw nothing.
template <class Run>
std::string message_of(Run&& run) {
  try {
    run();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

template <class A, class B>
bool near(const Eigen::ArrayBase<A>& a, const Eigen::ArrayBase<B>& b, double tolerance = 1e-12) {
  if (a.rows() != b.rows() || a.cols() != b.cols()) return false;
  return double((a - b).abs().maxCoeff()) <= tolerance * (1e-30 + double(b.abs().maxCoeff()));
}
template <class A, class B>
bool near(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b, double tolerance = 1e-12) {
  return near(a.array(), b.array(), tolerance);
}

template <class Scalar = double>
Batch<Scalar> random(Index rows, Index columns) {
  return MatrixXd::Random(rows, columns).template cast<Scalar>();
}
template <class Scalar = double>
auto dense(Index outputs, Index inputs) {
  const Batch<Scalar> weights = random<Scalar>(outputs, inputs);
  return MatMul(map::Dense<Scalar>(weights), Eigen::Matrix<Scalar, Dynamic, 1>(random<Scalar>(outputs, 1)));
}

/// 4 → 6 → 3 → 3, every kind of layer.
template <class Scalar = double>
auto small_network() {
  std::srand(11);
  const auto first = dense<Scalar>(6, 4);
  return Sequential(first, Elementwise(fn::Tanh()), Max(window::Groups<>(6, 2)), dense<Scalar>(3, 3));
}
template <class Scalar = double>
Batch<Scalar> small_input(Index samples = 5) {
  std::srand(12);
  return random<Scalar>(4, samples);
}

/// 2 → 2 → 2 with numbers for paper and pencil: z = (−0.5, 3), a = (0, 3), y = (7, 3) at x = (1, 2).
auto network_by_hand() {
  const Eigen::Matrix2d first{{1, -1}, {2, 1}}, second{{1, 2}, {-1, 1}};
  return Sequential(MatMul(map::Dense<double>(first), Eigen::Vector2d(0.5, -1)), Elementwise(fn::Relu()),
                    MatMul(map::Dense<double>(second), Eigen::Vector2d(1, 0)));
}

TEST_CASE("A forward pass keeps every value", "[networks][sequential]") {
  const auto net = network_by_hand();
  const auto trace = net.forward(Eigen::Vector2d(1, 2));
  CHECK(net.depth == 3);
  CHECK(net.input_size() == 2);
  CHECK(net.output_size() == 2);
  CHECK(trace.input() == Eigen::Vector2d(1, 2));
  CHECK(trace.value<1>() == Eigen::Vector2d(-0.5, 3));
  CHECK(trace.value<2>() == Eigen::Vector2d(0, 3));
  CHECK(trace.output() == Eigen::Vector2d(7, 3));
  CHECK(&trace.value<3>() == &trace.output());
}

TEST_CASE("Explanations by hand", "[networks][sequential]") {
  const auto net = network_by_hand();
  const auto trace = net.forward(Eigen::Vector2d(1, 2));

  const auto gradient = net.explain(trace, 0, method::Gradient());
  CHECK(gradient.relevance == Eigen::Vector2d(4, 2));
  CHECK(gradient.output == Eigen::Vector2d(7, 3));

  for (const auto& e : {net.explain(trace, 0, method::GradientTimesInput(), Record::per_layer),
                        net.explain(trace, 0, method::LrpQ(), Record::per_layer),
                        net.explain(trace, 0, method::Lrp(0.), Record::per_layer)}) {
    CHECK(near(e.relevance, Eigen::Vector2d(4, 4), 1e-15));
    CHECK(e.ledger.enter(0) == 7);
    CHECK(e.ledger.leave(0) == Approx(8));
    CHECK(e.ledger.bias(0) == Approx(-1));
    CHECK(e.ledger.stabiliser(0) == 0);
    CHECK(e.ledger.dropped(0) == 0);
    CHECK(near(e.layer<0>().bias_shares, Eigen::Vector2d(0, -2), 1e-15));
    CHECK(near(e.layer<2>().bias_shares, Eigen::Vector2d(1, 0), 1e-15));
    CHECK(near(e.layer<0>().relevance, Eigen::Vector2d(0, 6), 1e-15));
    CHECK(near(e.layer<1>().relevance, Eigen::Vector2d(0, 6), 1e-15));
    CHECK(near(e.layer<2>().relevance, Eigen::Vector2d(7, 0), 1e-15));
  }

  // s(z) = z + 1: 7·6/8 = 5.25 to the hidden one, 5.25·2/4 to either input, and −5.25/4 to the bias.
  const auto stabilised = net.explain(trace, 0, method::Lrp(1.));
  CHECK(near(stabilised.relevance, Eigen::Vector2d(2.625, 2.625), 1e-15));
  CHECK(stabilised.ledger.bias(0) == Approx(7. / 8 - 5.25 / 4));
  CHECK(stabilised.ledger.stabiliser(0) == Approx(7. / 8 + 5.25 / 4));

  // Against 0: z̄ = (0.5, −1), ā = (0.5, 0), ȳ = (1.5, −0.5). The first ReLU's chord is 0.5, the second's
  // 0.75; m = (0.5, 1.5), and Σ W₁ᵀm ⊙ x = 0.5·(1, −1)⊙x + 1.5·(2, 1)⊙x = (3.5, 2): 7 − 1.5.
  const auto baseline = net.explain(trace, 0, method::DeepLift(), net.forward(Eigen::Vector2d(0, 0)));
  CHECK(near(baseline.relevance, Eigen::Vector2d(3.5, 2), 1e-15));
  CHECK(baseline.ledger.enter(0) == Approx(5.5));

  // ReLU of what comes back, (1, 2): nothing is filtered, so that the dead unit passes 1.
  CHECK(net.explain(trace, 0, method::Deconvolution()).relevance == Eigen::Vector2d(5, 1));
  CHECK(net.explain(trace, 0, method::GuidedBackpropagation()).relevance == Eigen::Vector2d(4, 2));
  CHECK(net.explain(trace, 1, method::Deconvolution()).relevance == Eigen::Vector2d(2, 1));
}

TEST_CASE("Each sample has its target", "[networks][sequential]") {
  const auto net = small_network();
  const auto trace = net.forward(small_input());
  const std::array<Index, 5> targets{2, 0, 1, 1, 2};
  const auto all = net.explain(trace, start::Targets{targets}, method::Lrp(0.1));
  const auto in_q = net.explain(trace, start::Targets{targets}, method::LrpQ());
  for (Index n = 0; n < 5; ++n) {
    const Index target = targets[std::size_t(n)];
    CHECK(all.relevance.col(n) == net.explain(trace, target, method::Lrp(0.1)).relevance.col(n));
    CHECK(in_q.relevance.col(n) == net.explain(trace, target, method::LrpQ()).relevance.col(n));
    CHECK(all.ledger.enter(n) == trace.output()(target, n));
  }
}

/// Σ_k v_k · (what is explained for output k).
template <class Net, class Trace, class Method, class... Baseline>
MatrixXd mixture(const Net& net, const Trace& trace, const MatrixXd& weights, const Method& method,
                 const Baseline&... baseline) {
  MatrixXd sum = MatrixXd::Zero(trace.input().rows(), trace.input().cols());
  for (Index k = 0; k < weights.rows(); ++k) {
    const MatrixXd one = net.explain(trace, k, method, baseline...).relevance;
    sum += one * weights.row(k).asDiagonal();
  }
  return sum;
}

TEST_CASE("Output weights mix the explanations of the outputs", "[networks][sequential]") {
  const auto net = small_network();
  const auto trace = net.forward(small_input());
  const auto zero = net.forward(VectorXd::Zero(4).eval());
  const MatrixXd weights = MatrixXd::Random(3, 5);
  const start::OutputWeights start(weights);
  CHECK(near(net.explain(trace, start, method::Lrp(0.1)).relevance,
             mixture(net, trace, weights, method::Lrp(0.1))));
  CHECK(near(net.explain(trace, start, method::LrpQ()).relevance,
             mixture(net, trace, weights, method::LrpQ())));
  CHECK(near(net.explain(trace, start, method::Gradient()).relevance,
             mixture(net, trace, weights, method::Gradient())));
  CHECK(near(net.explain(trace, start, method::DeepLift(), zero).relevance,
             mixture(net, trace, weights, method::DeepLift(), zero)));
  // What is explained is Σ v·y, or its difference from the baseline's.
  const VectorXd explained = weights.cwiseProduct(trace.output()).colwise().sum();
  CHECK(near(net.explain(trace, start, method::Lrp()).ledger.enter.matrix().transpose(), explained));
  CHECK(near(net.explain(trace, start, method::LrpQ()).ledger.enter.matrix().transpose(), explained));
}

TEST_CASE("Output relevances are carried in all three forms", "[networks][sequential]") {
  const auto net = small_network();
  const auto trace = net.forward(small_input());
  const auto zero = net.forward(VectorXd::Zero(4).eval());
  const MatrixXd relevance = MatrixXd::Random(3, 5);
  const start::OutputRelevance start(relevance);
  const MatrixXd quotient = relevance.cwiseQuotient(trace.output());
  const MatrixXd multiplier = relevance.cwiseQuotient(trace.output() - zero.output().replicate(1, 5));
  CHECK(near(net.explain(trace, start, method::Lrp(0.1)).relevance,
             mixture(net, trace, quotient, method::Lrp(0.1))));
  CHECK(near(net.explain(trace, start, method::LrpQ()).relevance,
             mixture(net, trace, quotient, method::LrpQ())));
  CHECK(near(net.explain(trace, start, method::DeepLift(), zero).relevance,
             mixture(net, trace, multiplier, method::DeepLift(), zero)));
  // The books start with what was given, whatever the form.
  const MatrixXd total = relevance.colwise().sum();
  CHECK(near(net.explain(trace, start, method::Lrp()).ledger.enter.matrix(), total));
  CHECK(near(net.explain(trace, start, method::LrpQ()).ledger.enter.matrix(), total));
  CHECK(near(net.explain(trace, start, method::DeepLift(), zero).ledger.enter.matrix(), total));
}

TEST_CASE("A relevance at an output of 0 cannot be a quotient", "[networks][sequential]") {
  const Sequential net{Elementwise(fn::Relu())};
  const auto trace = net.forward(Eigen::Vector2d(3, -1)), baseline = net.forward(Eigen::Vector2d(3, 2));
  const Eigen::Vector2d at_zero(0, 1), elsewhere(1, 0);
  CHECK(message_of([&] { net.explain(trace, start::OutputRelevance(at_zero), method::LrpQ()); }) ==
        "explain: output 1 of sample 0 is 0, so that a relevance there cannot be carried as a quotient");
  CHECK(message_of(
            [&] { net.explain(trace, start::OutputRelevance(elsewhere), method::DeepLift(), baseline); }) ==
        "explain: output 0 of sample 0 is 0 away from the baseline, so that a relevance there cannot be "
        "carried as a "
        "quotient");
  CHECK(net.explain(trace, start::OutputRelevance(elsewhere), method::LrpQ()).relevance == elsewhere);
  CHECK(net.explain(trace, start::OutputRelevance(at_zero), method::Lrp()).relevance == at_zero);
}

TEST_CASE("explain_all is every output in turn", "[networks][sequential]") {
  const auto net = small_network();
  const auto trace = net.forward(small_input());
  const auto zero = net.forward(VectorXd::Zero(4).eval());
  Index next = 0;
  net.explain_all(trace, method::LrpQ(), [&](Index target, const auto& explanation) {
    CHECK(target == next++);
    CHECK(explanation.relevance == net.explain(trace, target, method::LrpQ()).relevance);
    CHECK((explanation.ledger.bias == net.explain(trace, target, method::LrpQ()).ledger.bias).all());
  });
  CHECK(next == 3);
  net.explain_all(
      trace, method::DeepLift(),
      [&](Index target, const auto& explanation) {
        CHECK(explanation.relevance == net.explain(trace, target, method::DeepLift(), zero).relevance);
        next -= target;
      },
      &zero);
  CHECK(next == 0);
}

/// Per-layer books close, chain, add up to the whole, and the relevance inside is that of the network's tail.
template <class Method, class... Baseline>
void check_layers(const Method& method, const Baseline&... inputs) {
  const auto net = small_network();
  const auto trace = net.forward(small_input());
  const auto explain = [&](const auto& network, const auto& of, const auto&... baselines) {
    return network.explain(of, 1, method, baselines..., Record::per_layer);
  };
  const auto e = explain(net, trace, net.forward(inputs)...);
  const auto totals = net.explain(trace, 1, method, net.forward(inputs)...);
  CHECK(e.relevance == totals.relevance);
  CHECK(near(e.ledger.closing_error() / e.ledger.largest_entry() + 1, Ledger<double>::Row::Ones(5)));

  const auto& [first, second, third, fourth] = e.nodes;
  CHECK((fourth.books.enter == e.ledger.enter).all());
  CHECK(near(third.books.enter, fourth.books.leave));
  CHECK(near(second.books.enter, third.books.leave));
  CHECK(near(first.books.enter, second.books.leave));
  CHECK(near(first.books.leave, e.ledger.leave));
  Ledger<double> sum;
  sum.reset(5);
  const auto one = [&](const auto& record) {
    CHECK(
        near(record.books.closing_error() / record.books.largest_entry() + 1, Ledger<double>::Row::Ones(5)));
    CHECK(near(record.bias_shares.colwise().sum().array(), record.books.bias));
    sum.bias += record.books.bias;
    sum.stabiliser += record.books.stabiliser;
    sum.dropped += record.books.dropped;
  };
  one(first), one(second), one(third), one(fourth);
  for (const Ledger<double>& books : {e.ledger, totals.ledger}) {
    CHECK(near(sum.bias, books.bias));
    CHECK(near(sum.stabiliser, books.stabiliser));
    CHECK(near(sum.dropped, books.dropped));
  }

  const Sequential tail(net.layer<2>(), net.layer<3>());
  const auto of_tail =
      explain(tail, tail.forward(trace.value<2>()), tail.forward(net.forward(inputs).template value<2>())...);
  CHECK(near(second.relevance, of_tail.relevance));
  const Sequential last(net.layer<3>());
  const auto of_last =
      explain(last, last.forward(trace.value<3>()), last.forward(net.forward(inputs).template value<3>())...);
  CHECK(near(third.relevance, of_last.relevance));
}

TEST_CASE("Every layer's books close and chain", "[networks][sequential]") {
  SECTION("LRP") { check_layers(method::Lrp(0.1)); }
  SECTION("LRP, radial") { check_layers(method::LrpRadial(0.1)); }
  SECTION("LRP in Q") { check_layers(method::LrpQ()); }
  SECTION("gradient") { check_layers(method::Gradient()); }
  SECTION("gradient times input") { check_layers(method::GradientTimesInput()); }
  SECTION("guided backpropagation") { check_layers(method::GuidedBackpropagation()); }
  SECTION("baseline") { check_layers(method::DeepLift(), VectorXd::Constant(4, 0.3).eval()); }
  SECTION("baseline, gradient at the maximum") {
    check_layers(method::DeepLiftWith<rule::Gradient>(), VectorXd::Constant(4, 0.3).eval());
  }
}

TEST_CASE("A network within a network is its layers", "[networks][sequential]") {
  const auto flat = small_network();
  const Sequential head(flat.layer<0>(), flat.layer<1>());
  using Inner = Sequential<std::remove_cvref_t<decltype(flat.layer<3>())>>;
  const Sequential<Inner> deep(Inner(flat.layer<3>()));
  const Sequential nested(head, flat.layer<2>(), deep);
  STATIC_REQUIRE(decltype(nested)::depth == 4);
  CHECK(nested.input_size() == 4);
  CHECK(nested.output_size() == 3);
  const auto x = small_input();
  const auto trace = nested.forward(x);
  const auto expected = flat.forward(x);
  CHECK(trace.value<1>() == expected.value<1>());
  CHECK(trace.output() == expected.output());
  const auto zero = VectorXd::Zero(4).eval();
  CHECK(nested.explain(trace, 2, method::Lrp()).relevance ==
        flat.explain(expected, 2, method::Lrp()).relevance);
  CHECK(nested.explain(trace, 2, method::DeepLift(), nested.forward(zero)).relevance ==
        flat.explain(expected, 2, method::DeepLift(), flat.forward(zero)).relevance);
  CHECK(nested.explain(trace, 2, method::LrpQ(), Record::per_layer).layer<3>().bias_shares ==
        flat.explain(expected, 2, method::LrpQ(), Record::per_layer).layer<3>().bias_shares);
}

TEST_CASE("One network serves every method, uncopied", "[networks][sequential]") {
  const Sequential net(MatMul(user::Twice(2), VectorXd(VectorXd::Ones(1)), rule::Normalized{0}),
                       Elementwise(fn::Relu(), rule::Ignore()), MatMul(user::Twice(2), rule::Normalized{0}));
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<decltype(net)>);
  const auto trace = net.forward(Eigen::Vector2d(1, -2));
  CHECK(trace.output() == Eigen::Vector2d(6, 0));
  CHECK(net.explain(trace, 0, method::ByLayer()).relevance == Eigen::Vector2d(4, 0));
  CHECK(net.explain(trace, 0, method::Gradient()).relevance == Eigen::Vector2d(4, 0));
  CHECK(net.explain(trace, 0, method::Lrp(2.)).relevance.isApprox(Eigen::Vector2d(6. * 6 / 8 * 2 / 5, 0)));
}

TEST_CASE("Rules in the types are those given at the call", "[networks][sequential]") {
  const auto net = small_network();
  const auto x = small_input();
  const auto trace = net.forward(x);
  const Sequential with_rules(net.layer<0>().with(rule::Normalized{0.1}), net.layer<1>().with(rule::Ignore()),
                              net.layer<2>().with(rule::Radial()),
                              net.layer<3>().with(rule::Normalized{0.1}));
  const auto own = with_rules.explain(with_rules.forward(x), 1, method::ByLayer());
  const method::Rules rules{Form::R, false, rule::Normalized{0.1}, rule::Ignore(), rule::Radial()};
  CHECK(own.relevance == net.explain(trace, 1, rules).relevance);
  CHECK(own.relevance == net.explain(trace, 1, method::LrpRadial(0.1)).relevance);

  // In the deduction guides' words, in Q, and not the same rule at both ends.
  const Sequential mixed(MatMul(net.layer<0>().map, net.layer<0>().bias, rule::Gradient()),
                         Elementwise(fn::Tanh(), rule::Slope()),
                         Max(window::Groups<>(6, 2), rule::Gradient()),
                         MatMul(net.layer<3>().map, net.layer<3>().bias, rule::Normalized{0}));
  CHECK(near(mixed.explain(mixed.forward(x), 1, method::ByLayer{Form::Q, true}).relevance,
             net.explain(trace, 1, method::LrpQ()).relevance));
}

TEST_CASE("A rule of the user's works as the library's do", "[networks][sequential]") {
  const auto net = network_by_hand();
  const auto trace = net.forward(Eigen::Vector2d(1, 2));
  const auto all = net.explain(trace, 0, method::Rules{Form::R, false, user::Equally(), rule::Ignore()});
  CHECK(all.relevance == Eigen::Vector2d(3.5, 3.5));
  CHECK(all.ledger.closing_error()(0) == 0);
  // By position: LRP above, which leaves 6 of 7, and equal shares below.
  const auto first = net.explain(trace, 0, user::EquallyAtFirst{method::Lrp(0.)});
  CHECK(near(first.relevance, Eigen::Vector2d(3, 3), 1e-15));
  CHECK(first.ledger.bias(0) == Approx(1));
  // In a layer's type.
  const Sequential typed(net.layer<0>().with(user::Equally()), net.layer<1>().with(rule::Ignore()),
                         net.layer<2>().with(rule::Normalized{0}));
  CHECK(near(typed.explain(typed.forward(Eigen::Vector2d(1, 2)), 0, method::ByLayer()).relevance,
             Eigen::Vector2d(3, 3), 1e-15));
}

TEST_CASE("A Composite serves a Sequential as it serves the same network as a Graph", "[networks][sequential]") {
  const auto net = small_network();
  const Graph<double> graph(net);
  const auto x = small_input(3);
  const auto trace = net.forward(x);
  const auto graph_trace = graph.forward(x);
  Composite<double> mine(Form::R);
  mine.add(match::first_learned(), rule::Flat())
      .add(match::name("layer 3"), user::Equally())  // a rule that is no data
      .add(match::role(map::Role::dense), rule::Gamma{.gamma = 0.1})
      .add(match::any(), method::Lrp());
  Composite<double> in_q(Form::Q, true);
  in_q.add(match::name("layer 0"), rule::ZPlus()).add(match::any(), method::LrpQ());
  for (const Composite<double>& composite : {mine, in_q, composite::epsilon_plus<double>(0.1, true)}) {
    const auto found = net.explain(trace, 1, composite, Record::per_layer);
    const auto expected = graph.explain(graph_trace, 1, composite, Record::per_layer);
    CHECK(found.relevance == expected.relevance);
    CHECK((found.ledger.bias == expected.ledger.bias).all());
    const auto plan = net.plan(composite);
    CHECK(net.explain(trace, 1, plan).relevance == found.relevance);
    Index targets = 0;
    net.explain_all(trace, composite, [&](Index target, const auto& e) {
      if (target == 1) CHECK(e.relevance == found.relevance);
      ++targets;
    });
    CHECK(targets == net.output_size());
  }
  CHECK(message_of([&] { net.plan(Composite<double>(Form::R)); })
            .find("node 'layer 0'") != std::string::npos);
  CHECK(message_of([&] {
          net.explain(trace, 1, Composite<double>(Form::Q).add(match::any(), rule::Flat()));
        }).find("node 'layer 0'") != std::string::npos);
}

TEST_CASE("A Composite serves a network of fixed sizes", "[networks][sequential]") {
  const Eigen::Matrix<double, 3, 4> w1 = Eigen::Matrix<double, 3, 4>::Random();
  const Eigen::Matrix<double, 2, 3> w2 = Eigen::Matrix<double, 2, 3>::Random();
  const Sequential net(MatMul(map::Dense<double, 4, 3>(w1), Eigen::Vector3d(1, 2, 3)), Elementwise(fn::Relu()),
                       MatMul(map::Dense<double, 3, 2>(w2)));
  const Eigen::Vector4d x = Eigen::Vector4d::Random();
  Composite<double> mine(Form::R);
  mine.add(match::first_learned(), user::Equally()).add(match::any(), method::Lrp(0.1));
  const auto e = net.explain(x, 1, mine);
  const auto expected = Graph<double>(net).explain(x, 1, mine);
  CHECK((e.relevance - expected.relevance).norm() <= 1e-14);
  CHECK(e.ledger.stabiliser(0) == Approx(expected.ledger.stabiliser(0)));
}

TEST_CASE("An explanation records what it is told to, at the layers that are chosen",
          "[networks][sequential]") {
  const auto net = small_network();
  const auto trace = net.forward(small_input(3));
  const auto full = net.explain(trace, 1, method::LrpQ(), Record::per_layer);
  decltype(net)::ExplanationOf<decltype(trace)> e;
  Workspace<double> workspace;
  e.record = Record::books;
  net.explain(trace, 1, method::LrpQ(), e, workspace);
  CHECK((e.layer<0>().books.bias == full.layer<0>().books.bias).all());
  CHECK((e.layer<2>().books.enter == full.layer<2>().books.enter).all());
  CHECK(e.layer<0>().relevance.size() == 0);
  e.record = Record::per_layer;
  e.chosen = {2};
  net.explain(trace, 1, method::LrpQ(), e, workspace);
  CHECK(e.layer<0>().relevance.size() == 0);
  CHECK(e.layer<2>().relevance == full.layer<2>().relevance);
  CHECK(e.layer<2>().bias_shares == full.layer<2>().bias_shares);
  CHECK((e.layer<0>().books.leave == full.layer<0>().books.leave).all());
}

TEST_CASE("A function of the user's works as the library's do", "[networks][sequential]") {
  const Sequential net{Elementwise(user::Cube())};
  const auto trace = net.forward(Eigen::Vector2d(2, -3)), baseline = net.forward(Eigen::Vector2d(1, 1));
  CHECK(trace.output() == Eigen::Vector2d(8, -27));
  const Eigen::Vector2d both(1, 1);
  const start::OutputWeights start(both);
  CHECK(net.explain(trace, start, method::Gradient()).relevance == Eigen::Vector2d(12, 27));
  CHECK(near(net.explain(trace, start, method::LrpQ()).relevance, Eigen::Vector2d(8, -27)));
  CHECK(near(net.explain(trace, start, method::DeepLift(), baseline).relevance, Eigen::Vector2d(7, -28)));
}

TEST_CASE("A baseline is one column, as many as the batch, or a chosen one", "[networks][sequential]") {
  const auto net = small_network();
  const auto trace = net.forward(small_input(3));
  std::srand(13);
  const MatrixXd baselines = MatrixXd::Random(4, 3);
  const auto many = net.forward(baselines);
  const auto each = net.explain(trace, 1, method::DeepLift(), many);
  for (Index n = 0; n < 3; ++n) {
    const auto single = net.forward(baselines.col(n).eval());
    const auto broadcast = net.explain(trace, 1, method::DeepLift(), single);
    const auto replicated =
        net.explain(trace, 1, method::DeepLift(), net.forward(baselines.col(n).replicate(1, 3).eval()));
    CHECK(broadcast.relevance == replicated.relevance);
    CHECK(each.relevance.col(n) == broadcast.relevance.col(n));

    Workspace<double> workspace;
    decltype(net)::ExplanationOf<decltype(trace)> chosen;
    net.explain(trace, 1, method::DeepLift(), chosen, workspace, &many, n);
    CHECK(chosen.relevance == broadcast.relevance);
    CHECK((chosen.ledger.leave == broadcast.ledger.leave).all());
    const VectorXd change = trace.output().row(1).array() - single.output()(1, 0);
    CHECK(near(chosen.relevance.colwise().sum().transpose(), change));
  }
}

TEST_CASE("Traces, explanations and workspaces are reused for any batch", "[networks][sequential]") {
  const auto net = small_network();
  decltype(net.forward(small_input())) trace, baseline;
  decltype(net)::ExplanationOf<decltype(trace)> explanation;
  decltype(net)::ExplanationOf<decltype(trace)> detailed;
  detailed.record = Record::per_layer;
  Workspace<double> workspace;
  for (const Index samples : {1, 7, 3, 7, 1}) {
    const auto x = small_input(samples);
    net.forward(x, trace);
    net.forward(VectorXd::Zero(4), baseline);
    CHECK(trace.output() == net.forward(x).output());
    net.explain(trace, 1, method::Lrp(), explanation, workspace);
    CHECK(explanation.relevance == net.explain(net.forward(x), 1, method::Lrp()).relevance);
    CHECK(explanation.output == trace.output());
    CHECK(explanation.ledger.enter.size() == samples);
    net.explain(trace, 2, method::DeepLift(), detailed, workspace, &baseline);
    CHECK(detailed.relevance == net.explain(trace, 2, method::DeepLift(), baseline).relevance);
    net.explain(trace, 2, method::LrpQ(), detailed, workspace);
    CHECK(detailed.layer<0>().bias_shares ==
          net.explain(trace, 2, method::LrpQ(), Record::per_layer).layer<0>().bias_shares);
    CHECK(workspace.mark() == 0);
  }
}

// Eigen stores 1 × N row by row: one feature must be no special case.
TEMPLATE_TEST_CASE("One feature, of fixed size or not", "[networks][sequential]", float, double) {
  using S = TestType;
  const double tolerance = std::is_same_v<S, float> ? 1e-5 : 1e-12;
  std::srand(5);
  // Dynamic, since GCC 12 warns of array bounds where Eigen copies two numbers from a fixed size with AVX.
  const Batch<S> w1 = Batch<S>::Random(1, 4), w2 = Batch<S>::Random(2, 1);
  const Eigen::Matrix<S, 1, 1> b1(S(0.25));
  const auto run = [&](const auto& narrow, const auto& maximum, const auto& wide, const auto& x) {
    const Sequential net(MatMul(narrow, b1), Elementwise(fn::Tanh()), MatMul(wide), maximum);
    const auto trace = net.forward(x);
    const auto zero = net.forward((x.col(0) * S(0)).eval());
    std::vector<MatrixXd> all{trace.output().template cast<double>()};
    const auto note = [&](const auto& e) {
      all.push_back(e.relevance.template cast<double>());
      all.push_back(e.template layer<0>().relevance.template cast<double>());
      all.push_back(e.ledger.bias.template cast<double>());
    };
    note(net.explain(trace, 0, method::Lrp(), Record::per_layer));
    note(net.explain(trace, 0, method::LrpQ(), Record::per_layer));
    note(net.explain(trace, 0, method::GuidedBackpropagation(), Record::per_layer));
    note(net.explain(trace, 0, method::DeepLift(), zero, Record::per_layer));
    return all;
  };
  const Eigen::Matrix<S, 4, 3> x = Eigen::Matrix<S, 4, 3>::Random();
  const auto fixed = run(map::Dense<S, 4, 1>(w1), Max(window::Groups<2, 2>()), map::Dense<S, 1, 2>(w2), x);
  const auto fixed_features =
      run(map::Dense<S, 4, 1>(w1), Max(window::Groups<2, 2>()), map::Dense<S, 1, 2>(w2), Batch<S>(x));
  const auto dynamic = run(map::Dense<S>(w1), Max(window::Groups<>(2, 2)), map::Dense<S>(w2), Batch<S>(x));
  REQUIRE(dynamic.size() == 13);
  for (std::size_t k = 0; k < dynamic.size(); ++k) {
    CHECK(near(fixed[k], dynamic[k], tolerance));
    CHECK(near(fixed_features[k], dynamic[k], tolerance));
  }
  for (Index n = 0; n < 3; ++n) {  // by hand: b = max(w·tanh(w₁·x + ¼))
    const double hidden = std::tanh(double((w1 * x.col(n))(0)) + 0.25);
    CHECK(dynamic[0](0, n) ==
          Approx(std::max(double(w2(0)) * hidden, double(w2(1)) * hidden)).epsilon(tolerance));
  }
}

TEST_CASE("float and double agree", "[networks][sequential]") {
  const auto in_double = small_network<double>();
  const auto in_float = small_network<float>();
  const auto d = in_double.forward(small_input<double>());
  const auto f = in_float.forward(small_input<float>());
  CHECK(near(f.output().cast<double>(), d.output(), 1e-5));
  CHECK(near(in_float.explain(f, 1, method::LrpQ()).relevance.cast<double>(),
             in_double.explain(d, 1, method::LrpQ()).relevance, 1e-5));
  CHECK(near(in_float.explain(f, 1, method::Lrp(0.1)).relevance.cast<double>(),
             in_double.explain(d, 1, method::Lrp(0.1)).relevance, 1e-4));
  STATIC_REQUIRE(std::is_same_v<decltype(in_float.explain(f, 1, method::LrpQ()).relevance), Eigen::MatrixXf>);
}

TEST_CASE("A forward pass says what is wrong with its input", "[networks][sequential]") {
  const auto net = small_network();
  CHECK(message_of([&] { net.forward(VectorXd::Zero(5).eval()); }) ==
        "Sequential: expected an input of 4 features, found 5");
  CHECK(message_of([&] { net.forward(MatrixXd(4, 0)); }) ==
        "Sequential: expected at least one sample and feature, found 4 features x 0 samples");
  CHECK(message_of([&] { net.forward(MatrixXd(0, 3)); }) ==
        "Sequential: expected at least one sample and feature, found 0 features x 3 samples");
  for (const double bad : {nan, infinity, -infinity}) {
    MatrixXd x = small_input();
    x(2, 1) = bad;
    CHECK(message_of([&] { net.forward(x); }) ==
          "Sequential: feature 2 of sample 1 of the input is NaN or infinite");
  }
}

TEST_CASE("A network says what does not fit", "[networks][sequential]") {
  std::srand(1);
  CHECK(message_of([] { Sequential(dense(3, 4), dense(2, 5)); }) ==
        "Sequential: layer 1 expects 5 inputs, found 3 outputs of layer 0");
  CHECK(message_of([] { Sequential(dense(3, 4), Elementwise(fn::Relu()), Max(window::Groups<>(4, 2))); }) ==
        "Sequential: layer 2 expects 4 inputs, found 3 outputs of layer 1");
  CHECK(message_of([] {
          Sequential(Sequential(dense(3, 4), Elementwise(fn::Relu())), Sequential(dense(2, 5)));
        }) == "Sequential: layer 2 expects 5 inputs, found 3 outputs of layer 1");
  for (const double bad : {nan, infinity, -infinity}) {
    MatrixXd weights = MatrixXd::Ones(3, 4);
    weights(1, 2) = bad;
    CHECK(message_of([&] { MatMul(map::Dense<double>(weights)); }) == "MatMul: a weight is NaN or infinite");
    const Eigen::Vector3d bias(0, bad, 0);
    CHECK(message_of([&] { MatMul(map::Dense<double>(MatrixXd::Ones(3, 4)), bias); }) ==
          "MatMul: bias entry 1 is NaN or infinite");
  }
  CHECK(message_of([] { MatMul(map::Dense<double>(MatrixXd::Ones(3, 4)), VectorXd(VectorXd::Ones(2))); }) ==
        "MatMul: expected a bias whose size divides the map's 3 outputs, found 2 entries");
}

TEST_CASE("explain says what is wrong with its start", "[networks][sequential]") {
  const auto net = small_network();
  const auto trace = net.forward(small_input());
  const auto message = [&](const auto& start) {
    return message_of([&] { net.explain(trace, start, method::LrpQ()); });
  };
  CHECK(message(3) == "explain: expected a target in [0, 3), found 3 for sample 0");
  CHECK(message(-1) == "explain: expected a target in [0, 3), found -1 for sample 0");
  const std::array<Index, 2> few{0, 1};
  CHECK(message(start::Targets{few}) == "explain: expected one target for each of 5 samples, found 2");
  const std::array<Index, 5> far{0, 1, 2, 4, 0};
  CHECK(message(start::Targets{far}) == "explain: expected a target in [0, 3), found 4 for sample 3");
  const MatrixXd other = MatrixXd::Ones(3, 4);
  CHECK(message(start::OutputWeights(other)) ==
        "explain: expected weights of 3 outputs x 5 samples, found 3 x 4");
  CHECK(message(start::OutputRelevance(other)) ==
        "explain: expected relevances of 3 outputs x 5 samples, found 3 x 4");
}

TEST_CASE("explain says what is wrong with its baseline", "[networks][sequential]") {
  const auto net = small_network();
  const auto trace = net.forward(small_input());
  const auto zero = net.forward(VectorXd::Zero(4).eval());
  const auto three = net.forward(MatrixXd::Zero(4, 3).eval());
  CHECK(message_of([&] { net.explain(trace, 1, method::DeepLift()); }) ==
        "explain: this method is against a baseline: pass the trace of one");
  CHECK(message_of([&] { net.explain(trace, 1, method::LrpQ(), zero); }) ==
        "explain: this method is not against a baseline, and one was given");
  CHECK(message_of([&] { net.explain(trace, 1, method::DeepLift(), three); }) ==
        "explain: expected a baseline of 1 or 5 samples, found 3");
  decltype(net)::ExplanationOf<decltype(trace)> explanation;
  Workspace<double> workspace;
  CHECK(message_of([&] { net.explain(trace, 1, method::DeepLift(), explanation, workspace, &trace, 5); }) ==
        "explain: expected a baseline column below 5, found 5");
  const Sequential any_size{Elementwise(fn::Tanh())};
  CHECK(message_of([&] {
          any_size.explain(any_size.forward(VectorXd::Ones(4)), 1, method::DeepLift(),
                           any_size.forward(VectorXd::Zero(3)));
        }) == "explain: expected a baseline of 4 features, found 3");
}

TEST_CASE("explain refuses the trace of another network", "[networks][sequential]") {
  const auto net = small_network();
  const auto message = [&](const auto& trace) {
    return message_of([&] { net.explain(trace, 1, method::LrpQ()); });
  };
  const auto like = [](Index features, Index hidden, Index outputs) {
    return Sequential(dense(hidden, features), Elementwise(fn::Tanh()), Max(window::Groups<>(hidden, 2)),
                      dense(outputs, hidden / 2));
  };
  STATIC_REQUIRE(std::is_same_v<decltype(like(5, 6, 3)), std::remove_const_t<decltype(net)>>);
  const auto trace_of = [&](Index features, Index hidden, Index outputs) {
    return like(features, hidden, outputs).forward(MatrixXd::Ones(features, 2).eval());
  };
  CHECK(message(trace_of(4, 6, 3)).empty());
  CHECK(message(trace_of(5, 6, 3)) ==
        "explain: expected a trace of this network's forward pass (4 features, 3 outputs), found one of 5 "
        "features x 2 "
        "samples and 3 outputs");
  CHECK_FALSE(message(trace_of(4, 6, 2)).empty());
  CHECK(message(trace_of(4, 8, 3)) ==
        "explain: expected a trace of this network's forward pass (6 outputs of layer 0 x 2 samples), found "
        "one of 8 x "
        "2");
  CHECK_FALSE(message(decltype(trace_of(4, 6, 3))()).empty());
  const auto trace = trace_of(4, 6, 3);
  CHECK_FALSE(message_of([&] { net.explain(trace, 1, method::DeepLift(), trace_of(4, 8, 3)); }).empty());
}

TEST_CASE("explain says what is wrong with its rules", "[networks][sequential]") {
  const auto net = small_network();
  const auto trace = net.forward(small_input());
  const auto message = [&](const auto& method) { return message_of([&] { net.explain(trace, 1, method); }); };
  CHECK(message(method::Lrp(-1.)) ==
        "explain: layer 0: Normalized: expected a finite epsilon >= 0, found -1");
  CHECK(message(method::Lrp(nan)) ==
        "explain: layer 0: Normalized: expected a finite epsilon >= 0, found nan");
  CHECK(message(method::Lrp(infinity)) ==
        "explain: layer 0: Normalized: expected a finite epsilon >= 0, found inf");
  const Sequential last(net.layer<0>().with(rule::Normalized()), net.layer<1>().with(rule::Ignore()),
                        net.layer<2>().with(rule::Gradient()), net.layer<3>().with(rule::Normalized{-2}));
  CHECK(message_of([&] { last.explain(last.forward(small_input()), 1, method::ByLayer()); }) ==
        "explain: layer 3: Normalized: expected a finite epsilon >= 0, found -2");
  CHECK(message(method::Rules{Form::R, false, rule::Gradient(), rule::Baseline(), rule::Gradient()}) ==
        "explain: the rule of layer 1 has no meaning in the form R");
  CHECK(message(method::Rules{Form::Q, true, rule::Gradient(), rule::Slope(), rule::BaselineFold()}) ==
        "explain: the rule of layer 2 has no meaning in the form Q");
  const method::Rules against{Form::Delta, true, rule::Gradient(), rule::Slope(), rule::Gradient()};
  CHECK(message_of([&] { net.explain(trace, 1, against, trace); }) ==
        "explain: the rule of layer 1 has no meaning in the form Delta");
}

TEST_CASE("A result that is not finite is an error", "[networks][sequential]") {
  const MatrixXd huge = MatrixXd::Constant(1, 1, 1e200);
  const Sequential net{MatMul(map::Dense<double>(huge)), MatMul(map::Dense<double>(huge))};
  const auto trace = net.forward(Eigen::Matrix<double, 1, 1>(1.));
  CHECK(message_of([&] { net.explain(trace, 0, method::Gradient()); }) ==
        "explain: the relevance of feature 0 of sample 0 is NaN or infinite: a value of the forward pass or "
        "a quotient "
        "overflowed");
}

}  // namespace
