/// What every rule promises, checked for one layer by itself against the formulas of the specification, which
/// each test writes out with plain loops over an explicit matrix or an explicit list of windows.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <limits>
#include <random>
#include <tuple>
#include <type_traits>
#include <vector>

#include <Eigen/Core>

#include <ascribe/core/context.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/functions/celu.hpp>
#include <ascribe/functions/erf.hpp>
#include <ascribe/functions/exponential.hpp>
#include <ascribe/functions/hyperbolic.hpp>
#include <ascribe/functions/power.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/rounding.hpp>
#include <ascribe/functions/shrink.hpp>
#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/functions/softplus.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/functions/trigonometric.hpp>
#include <ascribe/layers/elementwise.hpp>
#include <ascribe/layers/matmul.hpp>
#include <ascribe/layers/max.hpp>
#include <ascribe/layers/rule.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/rules/step_back.hpp>
#include <ascribe/windows/constants.hpp>
#include <ascribe/windows/groups.hpp>
#include <ascribe/windows/pool.hpp>
#include <ascribe/windows/table.hpp>

#include "tests/support/catch.hpp"

namespace rule_contract {

using ascribe::Batch;
using ascribe::Dynamic;
using ascribe::Form;
using ascribe::forward;
using ascribe::Index;
using ascribe::Ledger;
using ascribe::out;
using ascribe::view;
using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

/// What the formulas say of one sample: the values that go down, and the three lines of the books that are
/// the rule's own. `shares` is the bias line, output by output.
struct Expected {
  Vector down, shares;
  double stabiliser = 0, dropped = 0;

  Expected(Index inputs, Index outputs) : down(Vector::Zero(inputs)), shares(Vector::Zero(outputs)) {}
};

/// Inputs, the baseline's inputs and two of what may come from above; a sample a column.
struct Samples {
  Matrix a, a_base, up, up2;
};

/// Multiples of 1/256 in [−2, 2): floats hold them, their small sums and their products exactly.
inline Matrix numbers(Index rows, Index columns, unsigned seed) {
  std::mt19937 generator(seed);
  Matrix result(rows, columns);
  for (Index i = 0; i < result.size(); ++i) result(i) = double(generator() >> 22) / 256 - 2;
  return result;
}
inline Samples samples(Index inputs, Index outputs, Index count, unsigned seed) {
  return {numbers(inputs, count, seed), numbers(inputs, count, seed + 1), numbers(outputs, count, seed + 2),
          numbers(outputs, count, seed + 3)};
}

template <class S, int N>
struct Step {
  Batch<S, Dynamic, N> b, b_base, down, shares;
  Ledger<S, N> books;
};

/// One layer forward, for the baseline too, and one step back; enter and leave are counted here.
template <int N = Dynamic, class Layer, class Rule, class S>
Step<S, N> step(const Layer& layer, const Rule& rule, Form form, const Batch<S>& a_in,
                const Batch<S>& a_base_in, const Batch<S>& up_in, const Batch<S>* forced_output = nullptr,
                bool never_negative = false) {
  const Batch<S, Dynamic, N> a = a_in, a_base = a_base_in, up = up_in;
  const typename Layer::Kind& kind = layer;
  Step<S, N> result;
  const S unset = S(std::numeric_limits<double>::quiet_NaN());  // overwritten, never added to
  result.b.setConstant(up.rows(), up.cols(), unset);
  result.b_base.setConstant(up.rows(), a_base.cols(), unset);
  result.down.setConstant(a.rows(), a.cols(), unset);
  result.shares.setZero(up.rows(), up.cols());
  result.books.reset(up.cols());
  forward(kind, view(a), out(result.b));
  forward(kind, view(a_base), out(result.b_base));
  if (forced_output) result.b = *forced_output;
  // What the rule says that it does not read, it does not see.
  const ascribe::Passage passage = ascribe::passage_of(kind, rule, form);
  const auto seen = [&](const auto& values, bool reads) {
    auto copy = values;
    if (!reads) copy.setConstant(unset);
    return copy;
  };
  const bool stands = passage.either && !passage.inputs;
  const auto a_seen = stands ? result.b : seen(a, passage.inputs), b_seen = seen(result.b, passage.outputs);
  const auto a_base_seen = seen(a_base, passage.inputs), b_base_seen = seen(result.b_base, passage.outputs);
  ascribe::Workspace<S> workspace;
  ascribe::BaselineValues<S> values, output_values;
  const bool against = form == Form::Delta;
  if (against) {
    values = {a_base_seen.data(), a_base.cols() == 1 ? 0 : a_base.rows()};
    output_values = {b_base_seen.data(), a_base.cols() == 1 ? 0 : result.b_base.rows()};
  }
  ascribe::Context<S, Dynamic, Dynamic, N> context{
      view(a_seen), view(b_seen), values, output_values, form, result.books, workspace, result.shares.data()};
  context.inputs_never_negative = never_negative;
  ascribe::step_back(kind, rule, context, view(up), out(result.down));
  const auto weight = [&](const S& value, const S& baseline) {
    return form == Form::R ? S(1) : against ? S(value - baseline) : value;
  };
  for (Index n = 0; n < up.cols(); ++n) {
    const Index m = a_base.cols() == 1 ? 0 : n;
    for (Index j = 0; j < up.rows(); ++j)
      result.books.enter(n) += up(j, n) * weight(result.b(j, n), result.b_base(j, m));
    for (Index i = 0; i < a.rows(); ++i)
      result.books.leave(n) += result.down(i, n) * weight(a(i, n), a_base(i, m));
  }
  return result;
}

/// CHECK only where it fails, because there are tens of thousands of numbers; written so that NaN fails.
inline void near(const char* what, double found, double expected, double tolerance, Index n) {
  if (!(std::abs(found - expected) <= tolerance))
    FAIL_CHECK(what << " of sample " << n << ": expected " << expected << ", found " << found << ", off by "
                    << std::abs(found - expected) << " where " << tolerance << " is allowed");
}

/// `formulas` says what is expected of each sample.
template <class S, class Layer, class Rule>
void check_form(const Layer& layer, const Rule& rule, Form form, const Samples& given,
                const std::vector<Expected>& formulas, bool linear) {
  const bool single = std::is_same_v<S, float>;
  INFO((single ? "float" : "double") << ", form "
                                     << (form == Form::R   ? "R"
                                         : form == Form::Q ? "Q"
                                                           : "Delta"));
  const double value_tolerance = single ? 1e-4 : 1e-12, closing_tolerance = single ? 1e-5 : 1e-12;
  const Batch<S> a = given.a.cast<S>(), a_base = given.a_base.cast<S>(), up = given.up.cast<S>(),
                 up2 = given.up2.cast<S>();
  const auto all = step(layer, rule, form, a, a_base, up);
  if ((a.array() >= S(0)).all()) {  // whoever knows it may say so, and nothing changes
    const auto known = step<Dynamic, Layer, Rule, S>(layer, rule, form, a, a_base, up, nullptr, true);
    const auto same = [](const auto& x, const auto& y) {
      return (x.array() == y.array() || (x.array() != x.array() && y.array() != y.array())).all();
    };
    if (!same(known.down, all.down) || !same(known.shares, all.shares) ||
        !same(known.books.bias, all.books.bias) || !same(known.books.dropped, all.books.dropped) ||
        !same(known.books.stabiliser, all.books.stabiliser))
      FAIL_CHECK("where it is known that no input is negative, the step is another");
  }
  for (Index n = 0; n < a.cols(); ++n) {
    // The formulas.
    const Expected& expected = formulas[std::size_t(n)];
    const Vector said = expected.down.array().isNaN().select(0.0, expected.down);
    const double size = std::max({said.cwiseAbs().maxCoeff(), expected.shares.cwiseAbs().maxCoeff(),
                                  std::abs(expected.stabiliser), std::abs(expected.dropped), 1.0});
    const double tolerance = value_tolerance * size;
    for (Index i = 0; i < a.rows(); ++i)  // NaN: the formulas say nothing
      if (!std::isnan(expected.down(i)))
        near("what goes down", double(all.down(i, n)), expected.down(i), tolerance, n);
    for (Index j = 0; j < up.rows(); ++j)
      near("a bias share", double(all.shares(j, n)), expected.shares(j), tolerance, n);
    near("the bias entry", double(all.books.bias(n)), expected.shares.sum(), tolerance, n);
    near("the stabiliser entry", double(all.books.stabiliser(n)), expected.stabiliser, tolerance, n);
    near("the dropped entry", double(all.books.dropped(n)), expected.dropped, tolerance, n);
    // The books close.
    near("the closing error", double(all.books.closing_error()(n)), 0,
         closing_tolerance * std::max(size, double(all.books.largest_entry()(n))), n);
    // A batch equals its samples one by one.
    const auto one = step < std::is_same_v<S, float> ? Dynamic
                                                     : 1 > (layer, rule, form, Batch<S>(a.col(n)),
                                                            Batch<S>(a_base.col(n)), Batch<S>(up.col(n)));
    for (Index i = 0; i < a.rows(); ++i)
      near("the sample alone", double(one.down(i)), double(all.down(i, n)), tolerance, n);
    near("its bias entry", double(one.books.bias(0)), double(all.books.bias(n)), tolerance, n);
    near("its stabiliser entry", double(one.books.stabiliser(0)), double(all.books.stabiliser(n)), tolerance,
         n);
    near("its dropped entry", double(one.books.dropped(0)), double(all.books.dropped(n)), tolerance, n);
  }
  if (form == Form::Delta) {  // one baseline for all samples, in one column
    const auto shared = step(layer, rule, form, a, Batch<S>(a_base.col(0)), up);
    const auto repeated = step(layer, rule, form, a, Batch<S>(a_base.col(0).replicate(1, a.cols())), up);
    CHECK(shared.down == repeated.down);
    CHECK((shared.books.dropped == repeated.books.dropped).all());
  }
  if (!linear) return;
  const auto second = step(layer, rule, form, a, a_base, up2);
  const auto mixed = step(layer, rule, form, a, a_base, Batch<S>(S(-1.5) * up + up2));
  for (Index n = 0; n < a.cols(); ++n) {
    const double size = 3 * (1 + double(all.down.col(n).cwiseAbs().maxCoeff()) +
                             double(second.down.col(n).cwiseAbs().maxCoeff()) +
                             double(all.books.largest_entry()(n)) + double(second.books.largest_entry()(n)));
    for (Index i = 0; i < a.rows(); ++i)
      near("a mixture", double(mixed.down(i, n)), -1.5 * double(all.down(i, n)) + double(second.down(i, n)),
           closing_tolerance * size, n);
    const auto line = [&](const char* what, auto Ledger<S>::*entry) {
      near(what, double((mixed.books.*entry)(n)),
           -1.5 * double((all.books.*entry)(n)) + double((second.books.*entry)(n)), closing_tolerance * size,
           n);
    };
    line("a mixture's bias entry", &Ledger<S>::bias);
    line("a mixture's stabiliser entry", &Ledger<S>::stabiliser);
    line("a mixture's dropped entry", &Ledger<S>::dropped);
  }
}

/// Whether a rule has a meaning at a layer, in a form.
template <class Layer, class Rule>
bool has_meaning(const Layer& layer, const Rule& rule, Form form) {
  const typename Layer::Kind& kind = layer;
  return ascribe::serves(kind, rule, form);
}

/// The whole contract. `make.template operator()<S>()` is the layer over the scalar S; `forms` are those in
/// which the rule has to serve, and it has to refuse the others.
template <class Make, class Rule, class Formula>
void check(Make make, const Rule& rule, std::initializer_list<Form> forms, const Samples& given,
           Formula formula, bool linear = true) {
  for (const Form form : {Form::R, Form::Q, Form::Delta})
    CHECK(has_meaning(make.template operator()<double>(), rule, form) ==
          (std::find(forms.begin(), forms.end(), form) != forms.end()));
  for (const Form form : forms) {
    std::vector<Expected> expected;
    for (Index n = 0; n < given.a.cols(); ++n)
      expected.push_back(
          formula(form, Vector(given.a.col(n)), Vector(given.a_base.col(n)), Vector(given.up.col(n))));
    check_form<double>(make.template operator()<double>(), rule, form, given, expected, linear);
    check_form<float>(make.template operator()<float>(), rule, form, given, expected, linear);
  }
}

// ---- MatMul
// -------------------------------------------------------------------------------------------------------

/// A dense layer with a bias an output, and samples; in the last sample output 2 is exactly 0, and so is its
/// distance from the baseline.
struct DenseCase {
  Matrix w = numbers(4, 5, 11);
  Vector bias = numbers(4, 1, 12);
  Samples given = samples(5, 4, 4, 13);

  DenseCase() {
    bias(2) = 0;
    given.a.col(3).setZero();
    given.a_base.col(3).setZero();
  }
  auto make() const {
    return [w_ = w, bias_ = bias]<class S>() {
      return ascribe::MatMul(ascribe::map::Dense<S>(w_.cast<S>().eval()), bias_.cast<S>().eval());
    };
  }
  /// The same with one bias entry for outputs 0 and 2 and one for 1 and 3, as a convolution with two filters
  /// has it.
  auto make_periodic() const {
    return [w_ = w, bias_ = bias]<class S>() {
      return ascribe::MatMul(ascribe::map::Dense<S>(w_.cast<S>().eval()), bias_.head(2).cast<S>().eval());
    };
  }
  DenseCase periodic() const {
    DenseCase other = *this;
    other.bias(2) = bias(0);
    other.bias(3) = bias(1);
    return other;
  }
  double output(const Vector& a, Index j) const {
    double z = bias(j);
    for (Index i = 0; i < w.cols(); ++i) z += w(j, i) * a(i);
    return z;
  }
};

// ---- Elementwise
// --------------------------------------------------------------------------------------------------

/// A function as a textbook has it, in long double.
struct Plain {
  std::function<long double(long double)> f, derivative;

  long double chord(long double a, long double r) const {
    return a == r ? derivative(a) : (f(a) - f(r)) / (a - r);
  }
};

inline Plain plain(const ascribe::fn::Relu&) {
  return {[](long double x) { return x > 0 ? x : 0; }, [](long double x) { return x > 0 ? 1.0L : 0.0L; }};
}
inline Plain plain(const ascribe::fn::Tanh&) {
  return {[](long double x) { return std::tanh(x); },
          [](long double x) { return 1 - std::tanh(x) * std::tanh(x); }};
}
inline Plain plain(const ascribe::fn::Sigmoid&) {
  return {[](long double x) { return 1 / (1 + std::exp(-x)); },
          [](long double x) { return std::exp(-x) / ((1 + std::exp(-x)) * (1 + std::exp(-x))); }};
}
inline Plain plain(const ascribe::fn::Softplus&) {
  return {[](long double x) { return std::log1p(std::exp(x)); },
          [](long double x) { return 1 / (1 + std::exp(-x)); }};
}

inline Plain plain(const ascribe::fn::Exp&) {
  return {[](long double x) { return std::exp(x); }, [](long double x) { return std::exp(x); }};
}
inline Plain plain(const ascribe::fn::Erf&) {
  return {[](long double x) { return std::erf(x); },
          [](long double x) { return 2 / std::sqrt(std::acos(-1.0L)) * std::exp(-x * x); }};
}
inline Plain plain(const ascribe::fn::Sin&) {
  return {[](long double x) { return std::sin(x); }, [](long double x) { return std::cos(x); }};
}
inline Plain plain(const ascribe::fn::Cos&) {
  return {[](long double x) { return std::cos(x); }, [](long double x) { return -std::sin(x); }};
}
inline Plain plain(const ascribe::fn::Atan&) {
  return {[](long double x) { return std::atan(x); }, [](long double x) { return 1 / (1 + x * x); }};
}
inline Plain plain(const ascribe::fn::Sinh&) {
  return {[](long double x) { return std::sinh(x); }, [](long double x) { return std::cosh(x); }};
}
inline Plain plain(const ascribe::fn::Cosh&) {
  return {[](long double x) { return std::cosh(x); }, [](long double x) { return std::sinh(x); }};
}
inline Plain plain(const ascribe::fn::Asinh&) {
  return {[](long double x) { return std::asinh(x); },
          [](long double x) { return 1 / std::sqrt(1 + x * x); }};
}
inline Plain plain(const ascribe::fn::Power& p) {
  const long double e = p.exponent;
  return {[=](long double x) { return std::pow(x, e); }, [=](long double x) { return e * std::pow(x, e - 1); }};
}
inline Plain plain(const ascribe::fn::Celu& c) {
  const long double alpha = c.alpha;
  return {[=](long double x) { return x > 0 ? x : alpha * std::expm1(x / alpha); },
          [=](long double x) { return x > 0 ? 1 : std::exp(x / alpha); }};
}
inline Plain plain(const ascribe::fn::Shrink& s) {
  const long double bias = s.bias, lambd = s.lambd;
  return {[=](long double x) { return x < -lambd ? x + bias : x > lambd ? x - bias : 0; },
          [=](long double x) { return std::abs(x) > lambd ? 1.0L : 0.0L; }};
}
inline Plain plain(const ascribe::fn::Floor&) {
  return {[](long double x) { return std::floor(x); }, [](long double) { return 0.0L; }};
}

/// Any of the library's functions behind one type, so that the rules are instantiated once and not once a
/// function.
struct Erased {
  template <class S>
  struct Of {
    std::function<S(S)> value, derivative;
    std::function<S(S, S)> chord;
  };
  std::tuple<Of<float>, Of<double>> of;

  template <class F>
  explicit Erased(const F& f) : of(functions<float>(f), functions<double>(f)) {}
  template <class S, class F>
  static Of<S> functions(const F& f) {
    return {[=](S a) { return f.value(a); }, [=](S a) { return f.derivative(a); },
            [=](S a, S r) { return ascribe::fn::chord(f, a, r); }};
  }
  template <class S>
  S value(const S& a) const {
    return std::get<Of<S>>(of).value(a);
  }
  template <class S>
  S derivative(const S& a) const {
    return std::get<Of<S>>(of).derivative(a);
  }
  template <class S>
  S chord(const S& a, const S& r) const {
    return std::get<Of<S>>(of).chord(a, r);
  }
};

/// The contract over functions with f(0) = 0 and with f(0) ≠ 0. `formula(plain, form, a, a_base, u, expected,
/// i)` adds what feature i says.
template <class Rule, class Formula>
void check_elementwise(const Rule& rule, std::initializer_list<Form> forms, Formula formula,
                       bool linear = true) {
  Samples given = samples(6, 6, 3, 21);
  given.a(0, 0) = 0;                  // f'(0), the slope's limit, ReLU'(0) = 0
  given.a_base(1, 0) = given.a(1, 0);  // the chord's limit
  given.a(2, 1) = given.a_base(2, 1) = 0;
  const auto run = [&](const char* name, const auto& f) {
    INFO(name);
    const Plain p = plain(f);
    check([&]<class S>() { return ascribe::Elementwise(Erased(f)); }, rule, forms, given,
          [&](Form form, const Vector& a, const Vector& a0, const Vector& u) {
            Expected expected(a.size(), a.size());
            for (Index i = 0; i < a.size(); ++i) formula(p, form, a(i), a0(i), u(i), expected, i);
            return expected;
          },
          linear);
  };
  run("relu", ascribe::fn::Relu());
  run("tanh", ascribe::fn::Tanh());
  run("sigmoid", ascribe::fn::Sigmoid());
  run("softplus", ascribe::fn::Softplus());
  run("exp", ascribe::fn::Exp());
  run("erf", ascribe::fn::Erf());
  run("sin", ascribe::fn::Sin());
  run("cos", ascribe::fn::Cos());
  run("atan", ascribe::fn::Atan());
  run("sinh", ascribe::fn::Sinh());
  run("cosh", ascribe::fn::Cosh());
  run("asinh", ascribe::fn::Asinh());
  run("cube", ascribe::fn::Power{3});
  run("celu", ascribe::fn::Celu{0.75});
  run("shrink", ascribe::fn::Shrink{0.25, 0.5});
  run("floor", ascribe::fn::Floor());
}

// ---- Max
// ----------------------------------------------------------------------------------------------------------

/// One thing that a window looks at: an input, or a constant (input −1), here and in the baseline.
struct Candidate {
  double a, a_base;
  Index input;
};

/// The first of the largest.
inline std::size_t winner(const std::vector<Candidate>& all, double Candidate::*value) {
  std::size_t best = 0;
  for (std::size_t k = 1; k < all.size(); ++k)
    if (all[k].*value > all[best].*value) best = k;
  return best;
}

/// The contract over windows of every sort. `formula(candidates, form, u, expected, j)` adds what window j
/// says.
template <class Rule, class Formula>
void check_max(const Rule& rule, std::initializer_list<Form> forms, Formula formula) {
  using List = std::vector<std::vector<Index>>;
  const auto run = [&](const char* name, const auto& windows, const List& list,
                       const std::vector<double>& constants, unsigned seed) {
    INFO(name);
    const Index outputs = Index(list.size()), inputs = windows.input_size();
    Samples given = samples(inputs, outputs, 6, seed);
    given.a.col(1) = -given.a.col(1).cwiseAbs().array() - 0.25;  // all negative
    given.a_base.col(2) = -given.a_base.col(2).cwiseAbs().array() - 0.25;
    given.a.col(3) = -given.a.col(3).cwiseAbs();  // the maximum is 0: of the first member, of several
    given.a(0, 3) = 0;
    given.a.col(4).setZero();
    given.a_base.col(4).setConstant(0.5);
    given.a_base.col(5) = given.a.col(5);  // Δa = 0
    check([&]<class S>() { return ascribe::Max(windows); }, rule, forms, given,
          [&](Form form, const Vector& a, const Vector& a0, const Vector& u) {
            Expected expected(inputs, outputs);
            for (Index j = 0; j < outputs; ++j) {
              std::vector<Candidate> candidates;
              for (const Index i : list[std::size_t(j)]) candidates.push_back({a(i), a0(i), i});
              for (const double c : constants) candidates.push_back({c, c, -1});
              formula(candidates, form, u(j), expected, j);
            }
            return expected;
          });
  };
  using namespace ascribe::window;
  const List groups = {{0, 1, 2}, {3, 4, 5}};
  run("groups", Table(6, groups), groups, {}, 31);
  run("groups that say they are a partition", Groups<>(6, 3), groups, {}, 91);
  const List overlapping = {{0, 1}, {1, 2, 3}, {4, 0}, {3}};
  run("overlapping windows", Table(5, overlapping), overlapping, {}, 41);
  run("constants", WithConstants(Table(5, overlapping), std::vector<double>{-0.5, 0.75}), overlapping,
      {-0.5, 0.75}, 51);
  run("a negative constant", WithConstants(Table(5, overlapping), std::vector<double>{-1}), overlapping, {-1},
      61);
  run("the constant 0", WithConstants(Table(5, overlapping), std::vector<double>{0}), overlapping, {0}, 71);
  // 3 × 3 pixels of 2 channels, windows of 2 × 2 in steps of 1, one line of padding above: 3 × 2 windows.
  List pool;
  for (Index y = -1; y < 2; ++y)
    for (Index x = 0; x < 2; ++x)
      for (Index channel = 0; channel < 2; ++channel) {
        pool.emplace_back();
        for (Index dy = 0; dy < 2; ++dy)
          for (Index dx = 0; dx < 2; ++dx)
            if (y + dy >= 0) pool.back().push_back(((y + dy) * 3 + x + dx) * 2 + channel);
      }
  // 2 × 4 pixels of 67 channels (a block of lanes and a rest), two windows side by side.
  List halves;
  for (Index window = 0; window < 2; ++window)
    for (Index channel = 0; channel < 67; ++channel) {
      halves.emplace_back();
      for (const Index pixel : {0, 1, 4, 5}) halves.back().push_back((pixel + 2 * window) * 67 + channel);
    }
  run("a pool whose windows lie side by side",
      Pool({.input = {2, 4}, .kernel = {2, 2}, .stride = {2, 2}}, 67), halves, {}, 101);
  run("a pool", Pool({.input = {3, 3}, .kernel = {2, 2}, .pads = {1, 0, 0, 0}}, 2), pool, {}, 81);
}

}  // namespace rule_contract
