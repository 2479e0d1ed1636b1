#include <ascribe/networks/derivative.hpp>

#include "tests/support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/functions/gelu.hpp>
#include <ascribe/functions/leaky_relu.hpp>
#include <ascribe/functions/prelu.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/functions/softplus.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/methods/composites.hpp>
#include <ascribe/methods/deconvolution.hpp>
#include <ascribe/rules/repeat.hpp>
#include <ascribe/rules/softmax.hpp>
#include <ascribe/rules/slope.hpp>
#include <ascribe/rules/w_square.hpp>
#include <ascribe/windows/constants.hpp>
#include <ascribe/windows/pool.hpp>
#include <ascribe/windows/table.hpp>

#include <ascribe/compiled.hpp>
#include "tests/support/random_graph.hpp"

namespace {

using namespace ascribe;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using At = LossGradient<double>::At;

MatrixXd random(Index rows, Index columns, std::mt19937& generator) {
  std::normal_distribution<double> normal;
  return MatrixXd::NullaryExpr(rows, columns, [&] { return normal(generator); });
}

/// What a network is made from, block by block: weights and biases in the order in which they are asked for.
struct Made {
  struct Owner {
    Index node;
    bool bias;
  };

  std::vector<VectorXd>& blocks;
  std::mt19937& generator;
  Graph<double> net{};
  std::vector<Owner> owners{};

  VectorXd next(Index size, double scale = 1) {
    if (blocks.size() == owners.size()) blocks.push_back(scale * random(size, 1, generator));
    return blocks[owners.size()];
  }
  /// Weights, and with `biases` > 0 so many biases; `make(weights)` is the map.
  template <class Make>
  Index layer(const std::string& name, Index from, Index weights, Index biases, Make make) {
    const VectorXd w = next(weights, 0.5);
    owners.push_back({Index(net.nodes().size()), false});
    VectorXd b;
    if (biases > 0) {
      b = next(biases, 0.3);
      owners.push_back({Index(net.nodes().size()), true});
    }
    return net.add(name, MatMul(make(w), b), {from});
  }
  Index dense(const std::string& name, Index from, Index outputs, bool bias = true) {
    const Index inputs = net.node(from).size;
    return layer(name, from, inputs * outputs, bias ? outputs : 0, [&](const VectorXd& w) {
      return map::Dense<double>(Eigen::Map<const MatrixXd>(w.data(), outputs, inputs));
    });
  }
};
using Build = std::function<void(Made&)>;

/// Fan-out, a sum of branches, functions with and without f(0) = 0, one by position, maxima with overlap.
void build_dense(Made& m) {
  const Index x = m.net.input("x", 5);
  const Index h = m.net.add("tanh", Elementwise(fn::Tanh()), {m.dense("first", x, 8)});
  const Index p =
      m.net.add("prelu", Elementwise(fn::Prelu<double>({0.1, 0.3, 0.2, 0.4})), {m.dense("second", h, 8)});
  const Index s = m.net.add("sum", MatMul(map::Sum<double>(2, 8)), {h, p});
  const window::Table windows(8, {{0, 1, 2}, {2, 3, 4}, {4, 5}, {6, 7}, {7}, {1, 6}});
  const Index most = m.net.add("max", Max(window::WithConstants(windows, {-0.4})), {s});
  const Index soft = m.net.add("softplus", Elementwise(fn::Softplus()), {most});
  m.net.output(m.dense("last", soft, 3));
}

/// Images behind a ReLU: convolutions, a pool of averages and one of maxima, channels that are scaled.
void build_image(Made& m) {
  const Index x = m.net.input("x", 6 * 5 * 2);
  const Spatial geometry{.input = {6, 5}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}};
  const auto convolution = [&](const std::string& name, Index from, Index channels, Index filters) {
    return m.layer(name, from, filters * channels * 9, filters, [&](const VectorXd& w) {
      return map::Convolution<double>(geometry, channels, filters, w);
    });
  };
  const Index c1 = m.net.add("relu", Elementwise(fn::Relu()), {convolution("c1", x, 2, 4)});
  const Index c2 = m.net.add("relu 2", Elementwise(fn::Relu()), {convolution("c2", c1, 4, 4)});
  const Index pool = m.net.add(
      "pool",
      MatMul(map::AveragePool<double>({.input = {6, 5}, .kernel = {2, 2}, .stride = {2, 2}}, 4, true)), {c2});
  const Index scaled = m.layer("scaled", pool, 4, 4, [&](const VectorXd& w) {
    return map::ChannelScale<double>(m.net.node(pool).size, w);
  });
  const Index most =
      m.net.add("max", Max(window::Pool({.input = {3, 2}, .kernel = {2, 2}, .stride = {1, 1}}, 4)), {scaled});
  m.net.output(m.dense("last", most, 3));
}

/// A gate that a second input has a part in, a concatenation, and an output from which not all hangs.
void build_gate(Made& m) {
  const Index x = m.net.input("x", 4), y = m.net.input("y", 3);
  const Index both =
      m.net.add("both", MatMul(map::Selection<double>(7, std::vector<Index>{0, 1, 2, 3, 4, 5, 6})), {x, y});
  const Index gate = m.net.add("sigmoid", Elementwise(fn::Sigmoid()), {m.dense("gate", both, 6)});
  const Index signal = m.net.add("gelu", Elementwise(fn::Gelu()), {m.dense("signal", x, 6)});
  const Index product = m.net.add("product", kind::Product(6), {signal, gate});
  const Index leaky = m.net.add("leaky", Elementwise(fn::LeakyRelu()), {m.dense("mixed", product, 5)});
  m.net.add("aside", Elementwise(fn::Relu()), {leaky});
  m.net.output(m.dense("last", leaky, 3, false));
}

/// Maxima with constants, which win in some windows, and beside which all members may be negative.
void build_maxima(Made& m) {
  const Index x = m.net.input("x", 5);
  const window::Table windows(10, {{0, 1}, {2}, {3}, {4, 5, 6}, {6}, {7}, {8}, {9}});
  const Index low =
      m.net.add("low", Max(window::WithConstants(windows, {-0.5, -0.8})), {m.dense("first", x, 10)});
  const window::Table others(8, {{0, 1}, {2, 3, 4}, {5}, {6, 7}});
  const Index high = m.net.add("high", Max(window::WithConstants(others, {0.1})), {low});
  m.net.output(m.dense("last", high, 3));
}

/// Two heads of attention over three tokens of four features, token by token, and the logarithm of a softmax.
void build_attention(Made& m) {
  const Index x = m.net.input("x", 12);
  const Contraction keys({{2, 2, 2, 9}, {3, 4, 0, 3}, {3, 0, 4, 1}, {2, 1, 1, 0}}),
      values({{2, 9, 2, 2}, {3, 3, 0, 4}, {2, 0, 1, 1}, {3, 1, 4, 0}});
  const Index scores = m.net.add("scores", kind::Product(keys), {m.dense("q", x, 12), m.dense("k", x, 12)});
  const Index weights = m.net.add("softmax", kind::Softmax(6, 3), {scores});
  const Index heads = m.net.add("values", kind::Product(values, 0), {weights, m.dense("v", x, 12)});
  const Index logs = m.net.add("logs", kind::Softmax(3, 2, 2, true), {heads});
  m.net.output(m.dense("last", logs, 3));
}

/// Σ v·tanh(values) of a node, where v are the same numbers for the same node and size. They are drawn once, since a
/// loss is asked for hundreds of times.
class Terms {
 public:
  double of(Index node, const MatrixXd& values) {
    return (weights(node, values).array() * values.array().tanh()).sum();
  }
  MatrixXd gradient(Index node, const MatrixXd& values) {
    return weights(node, values).array() * (1 - values.array().tanh().square());
  }

 private:
  const MatrixXd& weights(Index node, const MatrixXd& like) {
    MatrixXd& known = drawn_[node];
    if (known.rows() != like.rows() || known.cols() != like.cols()) {
      std::mt19937 own(unsigned(1000 + node));
      known = random(like.rows(), like.cols(), own);
    }
    return known;
  }

  std::map<Index, MatrixXd> drawn_;
};

/// A network with its weights, an input and a baseline, and a number that hangs on all that an explanation
/// says: Σ v·tanh(relevance), of the inputs, of every node, and of biases where they are asked for.
struct Case {
  Build build;
  Composite<double> method;
  bool bias_shares = true;
  std::vector<VectorXd> blocks{};
  MatrixXd x{}, baseline{}, start{};
  Terms terms{};
  std::mt19937 generator;

  // What a loss is computed in: as the user of one network again and again has it.
  Workspace<double> workspace{};
  Graph<double>::Trace trace{}, base_trace{};
  GraphExplanation<double> explanation{};

  Case(Build b, Composite<double> m, unsigned seed, bool shares = true, Index samples = 2, Index columns = 1)
      : build(std::move(b)), method(std::move(m)), bias_shares(shares), generator(seed) {
    const Graph<double> net = made().net;
    x = random(net.input_size(), samples, generator);
    baseline = random(net.input_size(), columns, generator);
    start = random(net.output_size(), samples, generator);
  }
  Made made() {
    Made m{blocks, generator};
    build(m);
    return m;
  }
  bool against() const { return method.form == Form::Delta; }
  /// Whether the shares of a node's biases, or of a maximum's constants, are among what is differentiated.
  bool has_bias_shares(const Graph<double>& net, Index node) const {
    return bias_shares && (node % 2 == 1 || std::holds_alternative<AnyMax>(*net.node(node).layer));
  }

  const GraphExplanation<double>& explained(const Graph<double>& net, const Graph<double>::Trace& values) {
    if (against()) net.forward(baseline, base_trace, workspace);
    explanation.record = Record::per_layer;
    net.explain(values, start::OutputWeights(start), net.plan(method), explanation, workspace,
                against() ? &base_trace : nullptr);
    return explanation;
  }
  /// By the library's explanation alone.
  double loss() {
    const Graph<double> net = made().net;
    net.forward(x, trace, workspace);
    const auto& found = explained(net, trace);
    double sum = terms.of(-1, found.relevance) + terms.of(-2, trace.output());
    for (Index i = net.input_count(); i < Index(net.nodes().size()); ++i) {
      if (found.nodes[std::size_t(i)].relevance.isZero(0)) continue;
      if (i % 3 == 0) sum += terms.of(i, found.nodes[std::size_t(i)].relevance);
      if (has_bias_shares(net, i)) sum += terms.of(100 + i, found.nodes[std::size_t(i)].bias_shares);
    }
    return sum;
  }
};

/// ∂L/∂number against central differences.
void check_by(Case& one, double& number, double derivative, double& largest) {
  const double value = number, h = 1e-5 * std::max(1.0, std::abs(value));
  const auto at = [&](double change) {
    number = value + change;
    const double loss = one.loss();
    number = value;
    return loss;
  };
  const double near = (at(h) - at(-h)) / (2 * h), far = (at(2 * h) - at(-2 * h)) / (4 * h);
  const double difference = (4 * near - far) / 3;  // Richardson's: good to h⁴
  largest = std::max(largest, std::abs(difference));
  CHECK(derivative == Approx(difference).epsilon(1e-6).margin(2e-8 * std::max(1.0, largest)));
}

/// The derivatives of a case by some of everything.
void check(Case& one) {
  const Made made = one.made();
  const Graph<double>& net = made.net;
  Derivative<double> derivative(net, one.method);
  const auto trace = net.forward(one.x, derivative.plan()), base_trace = net.forward(one.baseline);
  const GraphExplanation<double> found = one.explained(net, trace);
  const start::OutputWeights start(one.start);
  const auto& relevance = derivative.explain(trace, start, one.against() ? &base_trace : nullptr).relevance;
  CHECK((relevance - found.relevance).cwiseAbs().maxCoeff() <=
        1e-12 * std::max(1.0, relevance.cwiseAbs().maxCoeff()));

  const MatrixXd by_relevance = one.terms.gradient(-1, relevance),
                 by_output = one.terms.gradient(-2, trace.output());
  std::vector<MatrixXd> kept;
  kept.reserve(2 * net.nodes().size());
  std::vector<At> at_nodes, at_biases;
  const std::vector<At> at_values{{net.outputs()[0], view(by_output)}};
  for (Index i = net.input_count(); i < Index(net.nodes().size()); ++i) {
    const auto& record = found.nodes[std::size_t(i)];
    if (record.relevance.isZero(0)) continue;
    const auto give = [&](std::vector<At>& to, Index node, const MatrixXd& values) {
      kept.push_back(one.terms.gradient(node, values));
      to.push_back({i, view(kept.back())});
    };
    if (i % 3 == 0) give(at_nodes, i, record.relevance);
    if (one.has_bias_shares(net, i)) give(at_biases, 100 + i, record.bias_shares);
  }
  for (int call = 0; call < 2; ++call)  // the second starts from what the first left
    derivative.differentiate({view(by_relevance), at_nodes, at_biases, at_values});

  double largest = 0;
  for (std::size_t k = 0; k < made.owners.size(); ++k) {
    const auto [node, bias] = made.owners[k];
    const auto by = bias ? derivative.bias(node) : derivative.weights(node);
    REQUIRE(Index(by.size()) == one.blocks[k].size());
    const Index step = std::max<Index>(1, one.blocks[k].size() / 7);
    for (Index j = Index(k) % step; j < one.blocks[k].size(); j += step) {
      INFO((bias ? "bias " : "weight ") << j << " of '" << net.node(node).name << "'");
      check_by(one, one.blocks[k](j), by[std::size_t(j)], largest);
    }
  }
  CHECK(largest > 1e-3);  // else there was nothing to differ
  const auto check_all = [&](const char* what, MatrixXd& numbers, const MatrixXd& by) {
    REQUIRE(by.rows() == numbers.rows());
    REQUIRE(by.cols() == numbers.cols());
    for (Index k = 0; k < numbers.size(); k += std::max<Index>(1, numbers.size() / 12)) {
      INFO(what << " " << k);
      check_by(one, numbers(k), by(k), largest);
    }
  };
  check_all("input", one.x, derivative.input());
  check_all("start", one.start, derivative.start());
  if (one.against()) check_all("baseline", one.baseline, derivative.baseline_input());
}

/// A method of a rule for each kind.
template <class M, class F, class W>
Composite<double> of_rules(Form form, bool times_input, M matrix, F function, W maximum) {
  Composite<double> method(form, times_input);
  method.add(match::kind(LayerKind::matmul), matrix)
      .add(match::kind(LayerKind::elementwise), function)
      .add(match::kind(LayerKind::max), maximum);
  return method;
}
template <class P>
Composite<double> with_product(P product, Composite<double> others) {
  Composite<double> method(others.form, others.times_input);
  method.add(match::kind(LayerKind::product), product).add(match::any(), others);
  return method;
}

template <class P, class S>
Composite<double> with_attention(P product, S softmax, Composite<double> others) {
  Composite<double> method(others.form, others.times_input);
  method.add(match::kind(LayerKind::product), product)
      .add(match::kind(LayerKind::softmax), softmax)
      .add(match::any(), others);
  return method;
}

/// A user's own table: |aw|.
struct Absolute {
  double epsilon = 1e-3;
  rule::Shares matrix() const { return {rule::plus() - rule::minus(), epsilon}; }
};

/// A share that is divided by a multiple of the output, one without bias, and what is left is dropped.
struct Mixed {
  rule::Shares matrix() const {
    return {{{0.5 * rule::contributions(), 0.7}, {.terms = rule::plus(), .factor = 0.2, .with_bias = false}},
            0.1};
  }
};

/// A user's rule of a function: a filter, whatever the slope is called.
struct Filtered {
  rule::Pointwise::SlopeOf slope;
  rule::Pointwise function() const { return {slope, rule::Pointwise::above_zero}; }
};

void check_networks(const Composite<double>& method, bool bias_shares = true) {
  for (const unsigned seed : {1u, 2u}) {
    INFO("seed " << seed);
    for (const auto& [name, build] : {std::pair<const char*, Build>{"dense", build_dense},
                                      {"image", build_image},
                                      {"gate", build_gate},
                                      {"maxima", build_maxima},
                                      {"attention", build_attention}}) {
      INFO(name);
      Case one(build, method, seed, bias_shares);
      check(one);
    }
  }
}

TEST_CASE("The derivative of an explanation in R", "[networks][derivative]") {
  const auto in_r = [](auto matrix, auto function, auto maximum) {
    return of_rules(Form::R, false, matrix, function, maximum);
  };
  SECTION("LRP, epsilon 0") { check_networks(in_r(rule::Normalized{0}, rule::Ignore(), rule::Gradient())); }
  SECTION("LRP, epsilon 0.3") {
    check_networks(in_r(rule::Normalized{0.3}, rule::Ignore{true}, rule::Radial()));
  }
  SECTION("ZPlus") { check_networks(in_r(rule::ZPlus{0.1}, rule::Ignore(), rule::Radial())); }
  SECTION("ZPlus, epsilon 0") { check_networks(in_r(rule::ZPlus{0}, rule::Ignore(), rule::Gradient())); }
  SECTION("AlphaBeta") { check_networks(in_r(rule::AlphaBeta{2, 1, 0.1}, rule::Ignore(), rule::Gradient())); }
  SECTION("Gamma") { check_networks(in_r(rule::Gamma{0.25, 0.1}, rule::Slope(), rule::Gradient())); }
  SECTION("ZBox") { check_networks(in_r(rule::ZBox{{-3}, {3}, 0.1}, rule::Ignore(), rule::Gradient())); }
  SECTION("WSquare") { check_networks(in_r(rule::WSquare{0.1}, rule::Ignore(), rule::Gradient())); }
  SECTION("Flat") { check_networks(in_r(rule::Flat{0.1}, rule::Ignore{true}, rule::Gradient())); }
  SECTION("gradient") { check_networks(in_r(rule::Gradient(), rule::Gradient(), rule::Gradient())); }
  SECTION("a user's table") { check_networks(in_r(Absolute(), rule::Ignore(), rule::Gradient())); }
  SECTION("even products") {
    check_networks(
        with_product(rule::EvenSplit(), in_r(rule::Normalized{0.3}, rule::Ignore(), rule::Radial())));
  }
  SECTION("products with a stabiliser") {
    check_networks(with_product(rule::EvenSplit{0.2}, method::Lrp(0.3)));
    check_networks(with_product(rule::GateConstant{0.2}, method::Lrp(0.3)));
  }
  SECTION("the derivative at products and softmaxes") {
    check_networks(with_attention(rule::Gradient(), rule::Gradient(), method::Lrp(0.3)));
  }
  SECTION("attention's weights as gates") {
    check_networks(with_attention(rule::GateConstant{0.2}, rule::Constant(), method::Lrp(0.3)));
  }
}

TEST_CASE("The derivative of an explanation in Q", "[networks][derivative]") {
  const auto in_q = [](auto matrix, auto function, auto maximum) {
    return of_rules(Form::Q, true, matrix, function, maximum);
  };
  SECTION("LRP") { check_networks(method::LrpQ()); }
  SECTION("gradient") { check_networks(method::Gradient()); }
  SECTION("gradient times input") { check_networks(method::GradientTimesInput()); }
  SECTION("guided") { check_networks(method::GuidedBackpropagation()); }
  SECTION("deconvolution") { check_networks(method::Deconvolution()); }
  SECTION("Normalized") { check_networks(in_q(rule::Normalized{0.3}, rule::Slope(), rule::Radial())); }
  SECTION("raw slopes") { check_networks(in_q(rule::Gradient(), rule::Ignore(), rule::Radial())); }
  SECTION("ZPlus") { check_networks(in_q(rule::ZPlus{0.1}, rule::Slope(), rule::Gradient())); }
  SECTION("AlphaBeta") { check_networks(in_q(rule::AlphaBeta{2, 1, 0.1}, rule::Slope(), rule::Gradient())); }
  SECTION("Gamma") { check_networks(in_q(rule::Gamma{0.25, 0.1}, rule::Slope(), rule::Gradient())); }
  SECTION("filters") {
    check_networks(in_q(rule::Gradient(), Filtered{rule::Pointwise::handed_on}, rule::Gradient()));
  }
  SECTION("a table of two shares") { check_networks(in_q(Mixed(), rule::Slope(), rule::Gradient())); }
  SECTION("even products") { check_networks(with_product(rule::EvenSplit(), method::LrpQ())); }
  SECTION("usual products") { check_networks(with_product(rule::Usual(), method::LrpQ())); }
  SECTION("AttnLRP") { check_networks(composite::attn_lrp<double>()); }
  SECTION("AttnLRP with gamma") { check_networks(composite::attn_lrp_gamma<double>(0.25, 0.1)); }
  SECTION("CP-LRP") { check_networks(composite::cp_lrp<double>()); }
}

TEST_CASE("The derivative of an explanation against a baseline", "[networks][derivative]") {
  const auto against = [](auto matrix, auto function, auto maximum) {
    return of_rules(Form::Delta, true, matrix, function, maximum);
  };
  SECTION("DeepLIFT") { check_networks(method::DeepLift()); }
  SECTION("by folds") { check_networks(method::DeepLiftWith<rule::BaselineFold>()); }
  SECTION("Normalized") {
    check_networks(against(rule::Normalized{0.3}, rule::Baseline(), rule::Gradient()));
  }
  SECTION("ZPlus") { check_networks(against(rule::ZPlus{0.1}, rule::Baseline(), rule::Baseline())); }
  SECTION("Gamma") { check_networks(against(rule::Gamma{0.25, 0.1}, rule::Gradient(), rule::Baseline())); }
  SECTION("a table of two shares") { check_networks(against(Mixed(), rule::Baseline(), rule::Baseline())); }
  SECTION("gates") { check_networks(with_product(rule::GateConstant(), method::DeepLift())); }
  SECTION("usual products, against a baseline") {
    check_networks(with_product(rule::Usual(), method::DeepLift()));
  }
  SECTION("gradient at products") { check_networks(with_product(rule::Gradient(), method::DeepLift())); }
  SECTION("gradient at softmaxes") {
    check_networks(with_attention(rule::EvenSplit(), rule::Gradient(), method::DeepLift()));
  }
  SECTION("a baseline for each sample") {
    Case one(build_dense, method::DeepLift(), 3, true, 2, 2);
    check(one);
  }
}

/// A dense map that counts its products, in multiplications.
struct Counting {
  using Scalar = double;
  static constexpr int inputs = Dynamic, outputs = Dynamic;

  map::Dense<double> inner;
  std::shared_ptr<Index> count;

  Index input_size() const { return inner.input_size(); }
  Index output_size() const { return inner.output_size(); }
  bool weights_are_finite() const { return true; }
  Index weight_count() const { return inner.weight_count(); }
  void copy_weights(double* to) const { inner.copy_weights(to); }
  void note(Index samples) const { *count += input_size() * output_size() * samples; }
  template <int N>
  void apply(View<double, Dynamic, N> a, Out<double, Dynamic, N> b, const Weights& weights) const {
    note(a.cols());
    ascribe::apply(inner, a, b, weights);
  }
  template <int N>
  void apply_transposed(View<double, Dynamic, N> s, Out<double, Dynamic, N> g, const Weights& weights) const {
    note(s.cols());
    ascribe::apply_transposed(inner, s, g, weights);
  }
  template <int N>
  void accumulate(View<double, Dynamic, N> s, View<double, Dynamic, N> a, double* gradient,
                  const Weights& weights) const {
    note(a.cols());
    ascribe::accumulate(inner, s, a, gradient, weights);
  }
};

/// How many products of the forward pass's size a pass, its explanation and their derivative by all take.
template <class F>
double products_of(const Composite<double>& method, F function) {
  std::mt19937 generator(4);
  const auto count = std::make_shared<Index>(0);
  Graph<double> net;
  Index at = net.input("x", 20), multiplications = 0;
  for (const Index size : {30, 30, 10}) {
    const MatrixXd w = random(size, net.node(at).size, generator);
    multiplications += w.size();
    at = net.add("d" + std::to_string(at), MatMul(Counting{map::Dense<double>(w), count}), {at});
    if (size != 10) at = net.add("f" + std::to_string(at), Elementwise(function), {at});
  }
  net.output(at);
  Derivative<double> derivative(net, method);
  const MatrixXd x = random(20, 3, generator).cwiseAbs(), by = random(20, 3, generator);
  *count = 0;
  const auto trace = derivative.net().forward(x);
  derivative.explain(trace, 2);
  derivative.differentiate({.relevance = view(by)});
  CHECK(derivative.weights(1).size() == 600);
  return double(*count) / double(3 * multiplications);
}

TEST_CASE("The derivative of an explanation takes few products", "[networks][derivative]") {
  CHECK(products_of(method::LrpQ(), fn::Tanh()) ==
        Approx(6 - 1. / 3));                            // a last layer of a sixth has two less
  CHECK(products_of(method::LrpQ(), fn::Relu()) == 4);  // slopes that do not change have no derivative
  const auto in_r = [](auto rule) {
    return of_rules(Form::R, false, rule, rule::Ignore(), rule::Gradient());
  };
  CHECK(products_of(in_r(rule::Normalized()), fn::Relu()) == 7);
  CHECK(products_of(in_r(rule::ZPlus()), fn::Relu()) == 11);
}

TEST_CASE("A loss on the outputs alone is backpropagated", "[networks][derivative]") {
  for (const Build& build : {Build(build_dense), Build(build_image), Build(build_gate)}) {
    std::vector<VectorXd> blocks;
    std::mt19937 generator(9);
    const auto made = [&] {
      Made m{blocks, generator};
      build(m);
      return m;
    };
    const Made first = made();
    MatrixXd x = random(first.net.input_size(), 3, generator);
    Terms terms;
    const auto loss = [&] { return terms.of(-1, made().net.forward(x).output()); };
    Derivative<double> derivative(first.net, method::Gradient());
    const auto trace = derivative.net().forward(x);
    const MatrixXd by = terms.gradient(-1, trace.output());
    const std::vector<At> at{{first.net.outputs()[0], view(by)}};
    derivative.explain(trace, 1);  // leaves nothing behind
    derivative.backpropagate(trace, at);
    const auto check = [&](double& number, double found) {
      const double value = number, h = 1e-5;
      number = value + h;
      const double above = loss();
      number = value - h;
      const double below = loss();
      number = value;
      CHECK(found == Approx((above - below) / (2 * h)).epsilon(1e-6).margin(1e-8));
    };
    for (std::size_t k = 0; k < first.owners.size(); ++k) {
      const auto [node, bias] = first.owners[k];
      const auto found = bias ? derivative.bias(node) : derivative.weights(node);
      for (Index j = 0; j < blocks[k].size(); j += 5) check(blocks[k](j), found[std::size_t(j)]);
    }
    for (Index k = 0; k < x.size(); k += 3) check(x(k), derivative.input()(k));
  }
}

TEST_CASE("The derivative of wide layers, every feature by its own parameters", "[networks][derivative]") {
  for (const Index width : {1, 255, 256, 257, 4095, 4096, 4097, 5000}) {
    INFO(width << " features");
    std::mt19937 generator(11);
    const VectorXd scale = random(width, 1, generator), shift = random(width, 1, generator);
    const MatrixXd x = random(width, 2, generator), by = random(width, 2, generator),
                   v = random(width, 2, generator);
    std::vector<double> slopes;
    for (Index i = 0; i < width; ++i) slopes.push_back(0.1 + 0.8 * double(i) / double(width));
    Graph<double> net;
    const Index p = net.add("p", Elementwise(fn::Prelu<double>(slopes)), {net.input("x", width)});
    const Index s = net.add("s", MatMul(map::ChannelScale<double>(width, scale), shift), {p});
    net.output(net.add("t", Elementwise(fn::Tanh()), {s}));
    Derivative<double> derivative(net, method::LrpQ());
    const auto trace = derivative.net().forward(x);
    derivative.explain(trace, start::OutputWeights(v));
    derivative.differentiate({.relevance = view(by)});
    double worst = 0;  // one check: there are many
    const auto compare = [&](double found, double expected) {
      worst = std::max(worst, std::abs(found - expected) / std::max(1.0, std::abs(expected)));
    };
    for (Index i = 0; i < width; ++i) {
      double by_scale = 0, by_shift = 0;
      for (Index n = 0; n < 2; ++n) {
        // relevance = x·slope·scale·c·v with c = tanh(t)/t
        const double slope = x(i, n) > 0 ? 1 : slopes[std::size_t(i)], h = slope * x(i, n);
        const double t = scale(i) * h + shift(i), c = std::tanh(t) / t;
        const double by_t = (1 - std::tanh(t) * std::tanh(t) - c) / t, given = by(i, n) * v(i, n);
        by_scale += given * h * (c + scale(i) * by_t * h);
        by_shift += given * h * scale(i) * by_t;
        compare(derivative.input()(i, n), given * slope * scale(i) * (c + h * by_t * scale(i)));
        compare(derivative.start()(i, n), by(i, n) * h * scale(i) * c);
      }
      compare(derivative.weights(s)[std::size_t(i)], by_scale);
      compare(derivative.bias(s)[std::size_t(i)], by_shift);
    }
    CHECK(worst < 1e-7);  // near t = 0 the formula here loses digits
  }
}

TEST_CASE("One layer in two places has a derivative in each", "[networks][derivative]") {
  std::mt19937 generator(5);
  MatrixXd w = random(4, 4, generator);
  const MatrixXd x = random(4, 2, generator), by = random(4, 2, generator);
  const auto net = [&] {
    const MatMul layer{map::Dense<double>(w)};
    Graph<double> g;
    const Index h = g.add("h", Elementwise(fn::Tanh()), {g.add("one", layer, {g.input("x", 4)})});
    g.output(g.add("two", layer, {h}));
    return g;
  };
  Derivative<double> derivative(net(), method::LrpQ());
  const auto trace = derivative.net().forward(x);
  derivative.explain(trace, 2);
  derivative.differentiate({.relevance = view(by)});
  for (Index k = 0; k < w.size(); ++k) {
    const double value = w(k), h = 1e-5;
    const auto loss = [&](double change) {
      w(k) = value + change;
      const Graph<double> g = net();
      w(k) = value;
      return g.explain(g.forward(x), 2, method::LrpQ()).relevance.cwiseProduct(by).sum();
    };
    const auto at = std::size_t(k);
    const double found = derivative.weights(1)[at] + derivative.weights(3)[at];
    CHECK(found == Approx((loss(h) - loss(-h)) / (2 * h)).epsilon(1e-6).margin(1e-8));
  }
}

TEST_CASE("Without derivatives by the inputs all others are the same", "[networks][derivative]") {
  std::mt19937 generator(8);
  // The input goes into a function, a layer, and a sum with what comes of both.
  Graph<double> net;
  const Index x = net.input("x", 4);
  const MatrixXd w = random(4, 4, generator), v = random(3, 4, generator), values = random(4, 5, generator),
                 reference = random(4, 1, generator), by = random(4, 5, generator),
                 by_output = random(3, 5, generator);
  const VectorXd b = random(4, 1, generator);
  const Index first = net.add("first", MatMul(map::Dense<double>(w), b), {x});
  const Index f = net.add("f", Elementwise(fn::Softplus()), {x});
  const Index sum = net.add("sum", MatMul(map::Sum<double>(3, 4)), {first, f, x});
  const Index last = net.add("last", MatMul(map::Dense<double>(v)), {sum});
  net.output(last);
  const std::vector<At> at{{last, view(by_output)}};
  const auto base = net.forward(reference);
  for (const bool against : {false, true}) {
    Composite<double> method(Form::R);
    method.add(match::any(), method::Lrp(0.3));
    const Composite<double> used = against ? Composite<double>(method::DeepLift()) : method;
    Derivative<double> all(net, used), some(net, used);
    const auto trace = net.forward(values);
    for (auto* one : {&all, &some}) {
      one->explain(trace, 1, against ? &base : nullptr);
      one->differentiate({.relevance = view(by), .values = at, .by_inputs = one == &all});
    }
    CHECK(all.input().size() == 20);
    CHECK(some.input().size() == 0);
    CHECK(some.baseline_input().size() == 0);
    for (const Index node : {first, last}) {
      CHECK(std::ranges::equal(all.weights(node), some.weights(node)));
      CHECK(std::ranges::equal(all.bias(node), some.bias(node)));
      CHECK(all.value(node) == some.value(node));
    }
    CHECK(all.weights(first)[0] != 0);
    all.backpropagate(trace, at);
    some.backpropagate(trace, at, false);
    CHECK(all.input().size() == 20);
    CHECK(some.input().size() == 0);
    CHECK(std::ranges::equal(all.weights(first), some.weights(first)));
  }
}

TEST_CASE("One column of a baseline's trace for all samples", "[networks][derivative]") {
  std::vector<VectorXd> blocks;
  std::mt19937 generator(10);
  Made made{blocks, generator};
  build_dense(made);
  const MatrixXd x = random(5, 3, generator), three = random(5, 3, generator), by = random(5, 3, generator);
  Derivative<double> one(made.net, method::DeepLift()), other(made.net, method::DeepLift());
  const auto trace = one.net().forward(x), base_trace = one.net().forward(three),
             column = one.net().forward(three.col(1));
  one.explain(trace, 1, &base_trace, 1);
  other.explain(trace, 1, &column);
  for (auto* d : {&one, &other}) d->differentiate({.relevance = view(by)});
  CHECK(one.baseline_input().cols() == 1);
  CHECK(one.baseline_input() == other.baseline_input());
  CHECK(one.input() == other.input());
  CHECK(std::ranges::equal(one.weights(1), other.weights(1)));
}

TEST_CASE("The derivative of other starts", "[networks][derivative]") {
  std::mt19937 generator(6);
  for (const Form form : {Form::R, Form::Q, Form::Delta}) {
    const auto method =
        form == Form::Delta
            ? of_rules(form, true, rule::Normalized{0.2}, rule::Baseline(), rule::Baseline())
            : of_rules(form, form == Form::Q, rule::Normalized{0.2}, rule::Slope(), rule::Gradient());
    std::vector<VectorXd> blocks;
    const auto made = [&] {
      Made m{blocks, generator};
      build_dense(m);
      m.net.output(m.net.find("softplus"));
      return m;
    };
    const Made first = made();
    MatrixXd x = random(5, 1, generator), relevance = random(6, 1, generator);
    const MatrixXd baseline = random(5, 1, generator), by = random(5, 1, generator);
    const start::OutputRelevance wanted(relevance);
    const start::AtOutput<start::OutputRelevance<MatrixXd>> from{1, wanted};
    const auto loss = [&] {
      const auto net = made().net;
      const auto trace = net.forward(x);
      return (form == Form::Delta ? net.explain(trace, from, method, net.forward(baseline))
                                  : net.explain(trace, from, method))
          .relevance.cwiseProduct(by)
          .sum();
    };
    Derivative<double> derivative(first.net, method);
    const auto trace = derivative.net().forward(x), base_trace = derivative.net().forward(baseline);
    derivative.explain(trace, from, form == Form::Delta ? &base_trace : nullptr);
    derivative.differentiate({.relevance = view(by)});
    const auto check = [&](double& number, double found) {
      const double value = number, h = 1e-5;
      number = value + h;
      const double above = loss();
      number = value - h;
      const double below = loss();
      number = value;
      CHECK(found == Approx((above - below) / (2 * h)).epsilon(1e-6).margin(1e-7));
    };
    for (Index k = 0; k < 6; ++k) check(relevance(k), derivative.start()(k));
    for (Index k = 0; k < 5; ++k) check(x(k), derivative.input()(k));
    for (Index k = 0; k < 10; ++k) check(blocks[0](k), derivative.weights(1)[std::size_t(k)]);
  }
}

}  // namespace

/// Rules in a user's namespace that are no data.
namespace user {

/// 2·Wᵀu, in any form: it drops the rest, which it does not say.
struct Twice {};
template <class M, class C>
void propagate(const ascribe::kind::MatMul<M>& layer, const Twice&, C&, typename C::Up up,
               typename C::Down down) {
  ascribe::apply_transposed(layer.map, up, down);
  down *= 2;
}
struct TwiceWithAdjoint : Twice {};
template <class M, class S>
void adjoint(const ascribe::kind::MatMul<M>& layer, const TwiceWithAdjoint&, ascribe::Adjoint<S>& c) {
  ascribe::apply(layer.map, c.down_bar, c.up_bar);
  c.up_bar *= 2;
  if (!c.weights_bar) return;
  for (int k = 0; k < 2; ++k) ascribe::accumulate(layer.map, c.up, c.down_bar, c.weights_bar);
}

}  // namespace user

namespace {

TEST_CASE("A rule that is no data brings its own derivative", "[networks][derivative]") {
  std::mt19937 generator(7);
  const MatrixXd w = random(3, 4, generator), x = random(4, 1, generator), by = random(4, 1, generator);
  Graph<double> net;
  net.output(net.add("d", MatMul(map::Dense<double>(w)), {net.input("x", 4)}));
  {
    Composite<double> method(Form::Q, false);
    method.add(match::any(), user::TwiceWithAdjoint());
    Derivative<double> derivative(net, method);
    const auto trace = derivative.net().forward(x);
    derivative.explain(trace, 1);
    derivative.differentiate({.relevance = view(by)});
    for (Index k = 0; k < 12; ++k)
      CHECK(derivative.weights(1)[std::size_t(k)] == Approx(k % 3 == 1 ? 2 * by(k / 3) : 0));
  }
  Composite<double> method(Form::Q, false);
  method.add(match::any(), user::Twice());
  Derivative<double> derivative(net, method);
  const auto trace = derivative.net().forward(x);
  derivative.explain(trace, 1);
  CHECK_THROWS_WITH(derivative.differentiate({.relevance = view(by)}),
                    Catch::Contains("node 'd'") && Catch::Contains("a rule is no data"));
}

/// A function without a second derivative.
struct Square {
  template <class S>
  S value(const S& a) const {
    return S(a * a);
  }
  template <class S>
  S derivative(const S& a) const {
    return S(a + a);
  }
};

TEST_CASE("What has no derivative, or does not fit, says so", "[networks][derivative]") {
  std::mt19937 generator(8);
  const MatrixXd x = random(4, 2, generator), by = random(4, 2, generator), wrong = random(3, 2, generator);
  Graph<double> net;
  const Index d = net.add("d", MatMul(map::Dense<double>(random(3, 4, generator))), {net.input("x", 4)});
  const Index f = net.add("f", Elementwise(Square()), {d});
  const Index aside = net.add("aside", Elementwise(fn::Relu()), {d});
  net.output(f);
  Derivative<double> derivative(net, method::LrpQ());
  const auto trace = derivative.net().forward(x);
  CHECK_THROWS_WITH(derivative.differentiate({.relevance = view(by)}),
                    Catch::Contains("expected an explanation before its derivative"));
  derivative.explain(trace, 1);
  CHECK_THROWS_WITH(derivative.differentiate({.relevance = view(by)}),
                    Catch::Contains("node 'f'") && Catch::Contains("no second derivative"));
  CHECK_THROWS_WITH(derivative.differentiate({.relevance = view(wrong)}),
                    Catch::Contains("expected 4 features x 2 samples, found 3 x 2"));
  const std::vector<At> unreached{{aside, view(wrong)}}, none{{17, view(by)}};
  CHECK_THROWS_WITH(derivative.differentiate({.relevances = unreached}), Catch::Contains("node 'aside'"));
  CHECK_THROWS_WITH(derivative.differentiate({.values = none}), Catch::Contains("one of 4 nodes, found 17"));
  const auto kept = net.forward(x, net.plan(method::LrpQ()));
  CHECK_THROWS_WITH(derivative.explain(kept, 1), Catch::Contains("does not keep it"));
}

// ---- A rule's parameters.

/// AlphaBeta whose two numbers change apart, and a table of its own that lies between two rules.
struct Apart {
  double alpha = 1.7, beta = 0.6, mixed = 0.4, epsilon = 0.05;

  ascribe::rule::Shares matrix() const {
    using namespace ascribe::rule;
    return {{{.terms = plus() + mixed * contributions(), .factor = alpha},
             {.terms = minus() - mixed * plus(), .factor = -beta}},
            epsilon};
  }
  static void each_parameter(auto&& f) {
    f("alpha", &Apart::alpha);
    f("beta", &Apart::beta);
    f("mixed", &Apart::mixed);
    f("epsilon", &Apart::epsilon);
  }
};

/// A table that is no affine function of its parameter.
struct Squared {
  double gamma = 0.5;

  ascribe::rule::Shares matrix() const {
    using namespace ascribe::rule;
    return {contributions() + gamma * gamma * plus(), 0.1};
  }
  static void each_parameter(auto&& f) { f("gamma", &Squared::gamma); }
};

/// One number from an explanation and its biases' shares, by a rule at every matrix of a graph: its
/// derivative by one parameter, all nodes' together, against finite differences.
template <class R>
void check_parameters_of(const char* name, double R::*parameter, R rule, Form form, bool negative) {
  INFO(name << " in the form " << ascribe::detail::name_of(form) << (negative ? "" : ", inputs of one sign"));
  const Graph<double> net = test::random_graph(4, 1, fn::Relu());
  test::Random numbers(11);
  MatrixXd x = numbers.matrix(6, 3), base = numbers.matrix(6, 1);
  if (!negative) x = x.cwiseAbs(), base.setZero();
  const auto trace = net.forward(x), base_trace = net.forward(base);
  const auto* against = form == Form::Delta ? &base_trace : nullptr;
  const auto method = [&] {
    return form == Form::Delta ? of_rules(form, true, rule, rule::Baseline(), rule::Baseline())
           : form == Form::Q   ? of_rules(form, true, rule, rule::Slope(), rule::Gradient())
                               : of_rules(form, false, rule, rule::Ignore(), rule::Gradient());
  };
  const MatrixXd weights = numbers.matrix(6, 3), of_biases = numbers.matrix(8, 3);
  const Index stem = net.find("stem");
  const auto number = [&] {
    GraphExplanation<double> e;
    e.record = Record::per_layer;
    Workspace<double> workspace;
    net.explain(trace, 1, method(), e, workspace, against);
    const double by_input = e.relevance.cwiseProduct(weights).sum();
    return by_input + e.nodes[std::size_t(stem)].bias_shares.cwiseProduct(of_biases).sum();
  };
  Derivative<double> derivative(net, method());
  derivative.explain(trace, 1, against);
  const std::vector<At> at_biases{{stem, view(of_biases)}};
  derivative.differentiate({.relevance = view(weights), .bias_shares = at_biases, .by_parameters = true});
  double found = 0;
  for (Index i = net.input_count(); i < Index(net.nodes().size()); ++i)
    if (net.node(i).info(i, 0).role != map::Role::wiring && net.node(i).info(i, 0).kind == LayerKind::matmul)
      found += derivative.parameter(i, name);
  const double middle = rule.*parameter, h = 1e-5;
  rule.*parameter = middle + h;
  const double above = number();
  rule.*parameter = middle - h;
  const double below = number();
  const double expected = (above - below) / (2 * h);
  CHECK(std::abs(expected) > 1e-4);
  CHECK(std::abs(found - expected) <= 1e-6 * std::max(1.0, std::abs(expected)));
}

TEST_CASE("the derivative by a rule's parameters is what finite differences say", "[networks][derivative]") {
  for (const bool negative : {true, false}) {
    for (const Form form : {Form::R, Form::Q, Form::Delta}) {
      check_parameters_of("gamma", &rule::Gamma::gamma, {.gamma = 0.3, .epsilon = 0.1}, form, negative);
      check_parameters_of("gamma", &rule::Gamma::gamma, {.gamma = 0.3, .epsilon = 0}, form, negative);
      check_parameters_of("epsilon", &rule::Gamma::epsilon, {.gamma = 0.3, .epsilon = 0.1}, form, negative);
      check_parameters_of("epsilon", &rule::Normalized::epsilon, {0.2}, form, negative);
      check_parameters_of("epsilon", &rule::ZPlus::epsilon, {0.2}, form, negative);
      check_parameters_of("alpha", &Apart::alpha, {}, form, negative);
      check_parameters_of("beta", &Apart::beta, {}, form, negative);
      check_parameters_of("mixed", &Apart::mixed, {}, form, negative);
      check_parameters_of("epsilon", &Apart::epsilon, {}, form, negative);
    }
    check_parameters_of("epsilon", &rule::Flat::epsilon, {0.2}, Form::R, negative);
    check_parameters_of("epsilon", &rule::WSquare::epsilon, {0.2}, Form::R, negative);
  }
}

TEST_CASE("a parameter that a rule has not, or is not affine in, is refused", "[networks][derivative]") {
  const Graph<double> net = test::random_graph(4, 1, fn::Relu());
  const Index stem = net.find("stem");
  const Derivative<double> gamma(net,
                                 of_rules(Form::R, false, rule::Gamma(), rule::Ignore(), rule::Gradient())),
      squared(net, of_rules(Form::R, false, Squared(), rule::Ignore(), rule::Gradient()));
  CHECK_THROWS_WITH(gamma.parameter(stem, "beta"),
                    Catch::Contains("node 'stem'") && Catch::Contains("no parameter 'beta'"));
  CHECK_THROWS_WITH(gamma.parameter(net.find("most"), "gamma"), Catch::Contains("no parameter 'gamma'"));
  CHECK_THROWS_WITH(squared.parameter(stem, "gamma"), Catch::Contains("no parameter 'gamma'"));
}

}  // namespace
