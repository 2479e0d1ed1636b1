/// The contract of functions whose parameters go by position: the rule of a feature is asked for that
/// feature's parameters, wherever a block, piece, tile or run of neighbours begins. Every such function under
/// every rule, in every form, in both networks, with and without a plan, on one to three threads, at widths
/// around every border, against plain loops.
#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <limits>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include <ascribe/core/parallel.hpp>
#include <ascribe/functions/prelu.hpp>
#include <ascribe/maps/channel_scale.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/methods/composite.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/method.hpp>
#include <ascribe/networks/checks.hpp>
#include <ascribe/networks/graph.hpp>
#include <ascribe/networks/sequential.hpp>
#include <ascribe/rules/baseline.hpp>
#include <ascribe/rules/gradient.hpp>
#include <ascribe/rules/ignore.hpp>
#include <ascribe/rules/repeat.hpp>
#include <ascribe/rules/slope.hpp>

#include "tests/support/random.hpp"

namespace {

using namespace ascribe;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// A user's own: f_i(a) = p_i·a + q·a² + c, p_i the i-th of as many parameters as there are features.
struct Curved {
  using Scalar = double;
  std::vector<double> p;
  double q, c;

  double value(Index i, double a) const { return p[std::size_t(i)] * a + q * a * a + c; }
  double derivative(Index i, double a) const { return p[std::size_t(i)] + 2 * q * a; }
  double chord(Index i, double a, double r) const { return p[std::size_t(i)] + q * (a + r); }

  Index features() const { return Index(p.size()); }
  double at_zero() const { return c; }
  void values(Index first, Index count, const double* a, double* b) const {
    for (Index i = 0; i < count; ++i) b[i] = value(first + i, a[i]);
  }
  void derivatives(Index first, Index count, const double* a, double* d) const {
    for (Index i = 0; i < count; ++i) d[i] = derivative(first + i, a[i]);
  }
  void chords(Index first, Index count, const double* a, const double* r, double* d) const {
    for (Index i = 0; i < count; ++i) d[i] = chord(first + i, a[i], r[i]);
  }
  void slopes(Index first, Index count, const double* a, double* d) const {
    for (Index i = 0; i < count; ++i) d[i] = chord(first + i, a[i], 0);
  }
};

/// A leaky ReLU with a slope a feature, as a textbook has it.
struct PlainPrelu {
  std::vector<double> p;
  double slope(Index i) const { return p[std::size_t(i) % p.size()]; }
  double value(Index i, double a) const { return a > 0 ? a : slope(i) * a; }
  double derivative(Index i, double a) const { return a > 0 ? 1 : slope(i); }
  double chord(Index i, double a, double r) const {
    return a == r ? derivative(i, a) : (value(i, a) - value(i, r)) / (a - r);
  }
};

enum class Formula { gradient, slope, baseline, repeat, guided, ignore, ignore_biased };

/// What a function's rule gives back of what arrives: formulas of docs/rules.md.
template <class F>
double back(Formula formula, Form form, const F& f, Index i, double a, double r, double u) {
  const double b = f.value(i, a), f0 = f.value(i, 0);
  switch (formula) {
    case Formula::gradient:
      return f.derivative(i, a) * u;
    case Formula::slope:
      return f.chord(i, a, 0) * u;
    case Formula::baseline:
      return f.chord(i, a, r) * u;
    case Formula::repeat:
      return f.value(i, u);
    case Formula::guided:
      return f.derivative(i, a) * std::max(u, 0.0);
    case Formula::ignore:
      return form == Form::R ? u : b / a * u;
    case Formula::ignore_biased:
      return form == Form::R ? (1 - f0 / b) * u : (b - f0) / a * u;
  }
  FAIL("no such formula");
  return 0;
}

/// What the formulas say of a rule, and how far from it a network may be.
struct Expected {
  MatrixXd relevance;
  double bound;
};

/// Σ_i v_i·f_i(d_i·x_i + e_i) of a few samples: x, then a matrix, the function behind it, a sum.
struct Case {
  Index width, samples;
  VectorXd d, e, v;
  MatrixXd x, base;

  explicit Case(Index w, Index n) : width(w), samples(n) {
    test::Random random(unsigned(w) + 1);
    d = random.vector(w);
    e = 0.25 * random.vector(w);
    v = random.vector(w);
    x = random.matrix(w, n);
    base = random.matrix(w, n);
  }
  auto scale() const { return MatMul(map::ChannelScale<double>(width, d), e); }
  auto sum() const { return MatMul(map::Dense<double>(v.transpose())); }

  template <class F>
  Expected expected(Formula formula, Form form, const F& f) const {
    Expected wanted{MatrixXd(width, samples), 0};
    for (Index n = 0; n < samples; ++n) {
      // By pointers: a program that is not optimised takes fifty times as long for a matrix' elements.
      const double *x_n = x.data() + n * width, *base_n = base.data() + n * width;
      const double *d_ = d.data(), *e_ = e.data(), *v_ = v.data();
      double* to = wanted.relevance.data() + n * width;
      double y = 0;
      for (Index i = 0; i < width; ++i) y += v_[i] * f.value(i, d_[i] * x_n[i] + e_[i]);
      for (Index i = 0; i < width; ++i) {
        const double a = d_[i] * x_n[i] + e_[i], r = d_[i] * base_n[i] + e_[i];
        to[i] = d_[i] * back(formula, form, f, i, a, r, v_[i] * (form == Form::R ? y : 1));
      }
    }
    wanted.bound = 1e-10 * wanted.relevance.cwiseAbs().maxCoeff();
    return wanted;
  }
};

/// Nothing of what another rule left there may be taken for what this one says.
template <class Explanation>
void forget(Explanation& e) {
  std::fill_n(e.relevance.data(), e.relevance.size(), std::numeric_limits<double>::quiet_NaN());
}

template <class Explanation>
void check_one(const char* how, const Explanation& e, const Expected& expected) {
  INFO(how);
  const Index rows = expected.relevance.rows();
  REQUIRE(e.relevance.rows() == rows);
  REQUIRE(e.relevance.cols() == expected.relevance.cols());
  // By pointers: this is called for sixty million numbers, by a program that is not optimised.
  const double *found = e.relevance.data(), *wanted = expected.relevance.data();
  const double bound = expected.bound;
  for (Index k = 0, size = expected.relevance.size(); k < size; ++k) {
    const double difference = found[k] - wanted[k];
    if (!(difference <= bound && -difference <= bound))
      FAIL_CHECK("feature " << k % rows << " of sample " << k / rows << ": expected " << wanted[k] << ", found "
                            << found[k]);
  }
  CHECK(check::conservation(e));
}

/// A graph of the function, and what it computes without a plan, of the inputs and of the baseline.
struct InGraph {
  Graph<double> net;
  Graph<double>::Trace values, base;

  /// Fused with the product before it, and with the one behind it on the way back; and alone, since the matrix
  /// has a second reader.
  template <class Layer>
  InGraph(const Case& one, const Layer& layer, bool alone) {
    const Index x = net.input("x", one.width), a = net.add("a", one.scale(), {x}),
                f = net.add("f", Elementwise(layer), {a});
    net.output(net.add("sum", one.sum(), {f}));
    if (alone) net.output(a);
    values = net.forward(one.x);
    base = net.forward(one.base);
  }
};

/// The function in both networks: what every rule is asked of.
template <class Layer>
struct Networks {
  using Chain = decltype(Sequential{std::declval<Case>().scale(), Elementwise(std::declval<Layer>()),
                                    std::declval<Case>().sum()});
  using Trace = decltype(std::declval<Chain>().forward(std::declval<const MatrixXd&>()));

  const Case& one;
  Chain chain;
  Trace values, base;
  InGraph graphs[2];
  // What a plan has computed, and what explains, of one rule after the other.
  Graph<double>::Trace planned_values, planned_base;
  GraphExplanation<double> explanation;
  Workspace<double> workspace;

  Networks(const Case& c, const Layer& layer)
      : one(c),
        chain{c.scale(), Elementwise(layer), c.sum()},
        values(chain.forward(c.x)),
        base(chain.forward(c.base)),
        graphs{InGraph(c, layer, false), InGraph(c, layer, true)} {}
};

/// Every way to run one rule at one function.
template <class Layer, class Rule>
void check_rule(Networks<Layer>& nets, Formula formula, const Rule& rule, Form form, const Expected& expected) {
  const Case& one = nets.one;
  INFO("formula " << int(formula) << ", rule " << rule.name << " in " << detail::name_of(form) << ", width "
                  << one.width << ", " << one.samples << " samples, " << thread_count() << " threads");
  const bool against = form == Form::Delta;
  const method::Rules method(form, false, rule::Gradient(), rule);
  if (against)
    check_one("chain", nets.chain.explain(nets.values, 0, method, nets.base), expected);
  else
    check_one("chain", nets.chain.explain(nets.values, 0, method), expected);

  GraphExplanation<double>& e = nets.explanation;
  for (const InGraph& graph : nets.graphs) {
    const auto plan = graph.net.plan(method);
    graph.net.forward(one.x, nets.planned_values, nets.workspace, plan);
    if (against) graph.net.forward(one.base, nets.planned_base, nets.workspace, plan);
    for (const bool planned : {false, true}) {
      const auto &values = planned ? nets.planned_values : graph.values,
                 &base = planned ? nets.planned_base : graph.base;
      for (const Record record : {Record::totals, Record::per_layer}) {
        if (planned && record == Record::per_layer && form != Form::R) continue;  // which reads every value
        e.record = record;
        forget(e);
        graph.net.explain(values, 0, plan, e, nets.workspace, against ? &base : nullptr);
        check_one(planned ? "graph, planned" : "graph", e, expected);
      }
    }
  }
}

/// `Layer` is the function with parameters, `plain` its formulas: what these say is the same for any number of
/// threads.
template <class Layer, class F>
void check_function(const Case& one, const Layer& layer, const F& plain, std::span<const int> thread_counts) {
  std::map<std::pair<Formula, Form>, Expected> expected;
  for (const int threads : thread_counts) {
    set_thread_count(threads);
    Networks<Layer> nets(one, layer);
    const auto check = [&](Formula formula, const auto& rule, std::initializer_list<Form> forms) {
      for (const Form form : forms) {
        const std::pair key(formula, form);
        if (!expected.contains(key)) expected.emplace(key, one.expected(formula, form, plain));
        check_rule(nets, formula, rule, form, expected.at(key));
      }
    };
    check(Formula::gradient, rule::Gradient(), {Form::R, Form::Q, Form::Delta});
    check(Formula::slope, rule::Slope(), {Form::R, Form::Q});
    check(Formula::ignore, rule::Ignore(), {Form::R, Form::Q});
    check(Formula::ignore_biased, rule::Ignore{true}, {Form::R, Form::Q});
    check(Formula::guided, rule::Guided(), {Form::R, Form::Q});
    check(Formula::baseline, rule::Baseline(), {Form::Delta});
    check(Formula::repeat, rule::Repeat(), {Form::R, Form::Q});
  }
}

void check_width(Index width, Index samples, std::span<const int> thread_counts) {
  const Case one(width, samples);
  test::Random random(unsigned(width) + 9);
  const VectorXd p = random.vector(width);
  const std::vector<double> slopes(p.data(),
                                   p.data() + width);  // of either sign: nothing stands for its argument
  std::vector<double> positive = slopes;
  for (double& s : positive) s = 0.05 + std::abs(s);
  check_function(one, fn::Prelu<double>(slopes), PlainPrelu{slopes}, thread_counts);
  check_function(one, fn::Prelu<double>(positive), PlainPrelu{positive}, thread_counts);
  check_function(one, Curved{slopes, 0.5, 0}, Curved{slopes, 0.5, 0}, thread_counts);
  check_function(one, Curved{slopes, 0.5, 0.75}, Curved{slopes, 0.5, 0.75}, thread_counts);
  if (width % 3 == 0) {  // a slope a channel
    const std::vector<double> channels(slopes.begin(), slopes.begin() + 3);
    check_function(one, fn::Prelu<double>(channels), PlainPrelu{channels}, thread_counts);
  }
}

TEST_CASE("Functions with parameters by position under every rule, in both networks, at every border") {
  const int before = thread_count();
  const std::array<int, 3> thread_counts{1, 2, 3};
  for (const Index width : {1, 7, 10, 64, 96, 255, 256, 257, 258, 300, 1000, 4095, 4096, 4097, 5000}) {
    // Work is shared out from four pieces of 4096 on: below, all is the caller's.
    const Index samples = width < 4095 ? 3 : 5;
    const bool shared = width * samples >= 4 * piece_size;
    check_width(width, samples, std::span(thread_counts).first(shared ? 3 : 1));
  }
  set_thread_count(before);
}

TEST_CASE("The smallest case: a PReLU of four slopes behind which everything is summed") {
  // x = [-1, 2, -3, 4], slopes [.1, .2, .3, .4]: the gradient is [.1, 1, .3, 1].
  Graph<double> net;
  const Index x = net.input("x", 4);
  const Index f = net.add("f", Elementwise(fn::Prelu<double>({0.1, 0.2, 0.3, 0.4})), {x});
  net.output(net.add("sum", MatMul(map::Dense<double>(MatrixXd::Ones(1, 4))), {f}));
  const Eigen::Vector4d input(-1, 2, -3, 4);
  const auto e = net.explain(net.forward(input), 0, method::Gradient());
  CHECK(e.relevance.col(0) == Eigen::Vector4d(0.1, 1, 0.3, 1));
  CHECK(check::conservation(e));
}

}  // namespace
