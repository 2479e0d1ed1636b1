/// Rules of a product of two activations as data, and the step back that runs them.
#pragma once

#include <algorithm>

#include <ascribe/core/parallel.hpp>
#include <ascribe/core/passage.hpp>
#include <ascribe/core/stabiliser.hpp>
#include <ascribe/core/sum.hpp>
#include <ascribe/core/workspace.hpp>
#include <ascribe/layers/product.hpp>

namespace ascribe::rule {

/// What each factor gets.
struct FactorShares {
  /// Which shares.
  enum Of {
    gradient,  ///< each the other times what is carried
    signal,    ///< the gate is a constant factor: the other takes all
    even,      ///< half each
    usual      ///< feature by feature `signal`; sums of products, and all against a baseline, `even`
  };
  Of of;                  ///< which of them
  double epsilon = 1e-6;  ///< of the outputs as denominators, where they are sums of products and R is shared

  constexpr bool serves(Form) const { return true; }
  /// What `usual` is at a layer in a form.
  FactorShares in(const kind::Product& layer, Form form) const {
    return of != usual ? *this
                       : FactorShares{form == Form::Delta || layer.map().sums() ? even : signal, epsilon};
  }
  /// Whether R is divided by the outputs.
  bool divides(const kind::Product& layer, Form form) const {
    return form == Form::R && of != gradient && layer.map().sums();
  }
  Reads reads(const kind::Product& layer, Form form) const {
    const bool quotients = divides(layer, form);
    return {.inputs = of == gradient || form != Form::R || quotients,
            .outputs = quotients || (of == gradient && form == Form::Q && !layer.map().is_elementwise())};
  }
};

namespace detail {

// --- Feature by feature ----------------------------------------------------------------------------

/// The places of the two factors, of their baselines, and of what goes to each, of the neighbours of sample
/// n from `first` on.
template <class C>
struct Factors {
  using S = typename C::Scalar;
  const S *a[2], *base[2] = {nullptr, nullptr};
  const S* u;
  S* down[2];

  Factors(C& c, Index n, Index first, const typename C::Up& up, typename C::Down& to)
      : u(up.data() + n * up.rows() + first) {
    for (Index k = 0; k < 2; ++k) {
      a[k] = c.a.data() + n * c.a.rows() + k * up.rows() + first;
      if (c.form == Form::Delta) base[k] = c.a_base.column(n) + k * up.rows() + first;
      down[k] = to.data() + n * to.rows() + k * up.rows() + first;
    }
  }
};

/// ∂(a₁a₂): each factor gets the other times u. Both then account for the product once more than there is
/// of it: −b·Q is dropped in Q, and R·(1 − a₁ − a₂) in R.
template <class C>
void give_other_factor(const kind::Product& layer, C& c, typename C::Up up, typename C::Down down) {
  using S = typename C::Scalar;
  sum_pieces<S>(layer.output_size(), up.cols(), c.books.dropped, [&](Index n, Index first, Index width) {
    const Factors<C> f(c, n, first, up, down);
    return sum_of<S>(width, [&](Index i) {
      const S a1 = f.a[0][i], a2 = f.a[1][i], u = f.u[i];
      f.down[0][i] = a2 * u;
      f.down[1][i] = a1 * u;
      if (c.form == Form::R) return S((S(1) - a1 - a2) * u);
      if (c.form == Form::Q) return S(-(a1 * a2) * u);
      // a₁a₂ − ā₁ā₂ − Δa₁·a₂ − Δa₂·a₁ = −Δa₁·Δa₂
      return S(-((a1 - f.base[0][i]) * (a2 - f.base[1][i])) * u);
    });
  });
}

/// The gate has no share. Against a baseline the gate's change is dropped: (Δb − gate·Δsignal)·m.
template <class C>
void give_to_signal(const kind::Product& layer, C& c, typename C::Up up, typename C::Down down) {
  using S = typename C::Scalar;
  const Index gate = layer.gate, signal = 1 - gate;
  sum_pieces<S>(layer.output_size(), up.cols(), c.books.dropped, [&](Index n, Index first, Index width) {
    const Factors<C> f(c, n, first, up, down);
    return sum_of<S>(width, [&](Index i) {
      const S u = f.u[i];
      f.down[signal][i] = c.form == Form::R ? u : S(f.a[gate][i] * u);
      f.down[gate][i] = S(0);
      // a₁a₂ − ā₁ā₂ − gate·Δsignal = signal's baseline·Δgate
      return c.form == Form::Delta ? S(f.base[signal][i] * (f.a[gate][i] - f.base[gate][i]) * u) : S(0);
    });
  });
}

/// Against a baseline m₁ = (a₂ + ā₂)/2·m, the average over the two orders in which the factors may be
/// changed (their Shapley values), which is exact.
template <class C>
void give_half(const kind::Product& layer, C& c, typename C::Up up, typename C::Down down) {
  using S = typename C::Scalar;
  each_piece(layer.output_size(), up.cols(), [&](Index n, Index first, Index width) {
    const S half(0.5);
    const Factors<C> f(c, n, first, up, down);
    for (Index k = 0; k < 2; ++k)
      for (Index i = 0; i < width; ++i) {
        const S other = c.form == Form::R   ? S(1)
                        : c.form == Form::Q ? f.a[1 - k][i]
                                            : S(f.a[1 - k][i] + f.base[1 - k][i]);
        f.down[k][i] = half * other * f.u[i];
      }
  });
}

// --- Any other -------------------------------------------------------------------------------------

/// Vectors made of the two factors, of a batch: one scratch after the other.
template <class S>
class FactorScratch {
 public:
  using Values = kernel::Samples<const S>;

  FactorScratch(const kind::Product& layer, Workspace<S>& workspace, Index samples)
      : layer_(layer), workspace_(workspace), samples_(samples) {}

  /// Factor k of values that lie one behind the other.
  Values factor(const S* values, Index stride, Index k) const {
    return {values + layer_.factor_at(k), stride};
  }
  /// f(x, y) of each element of factor k; a column of stride 0 serves all samples.
  template <class F>
  Values made(Index k, Values x, Values y, F f) {
    const Index size = layer_.factor_size(k);
    S* to = workspace_.allocate(size * samples_);
    each_piece(size, samples_, [&](Index n, Index first, Index width) {
      const S *from = x.of(n) + first, *with = y.of(n) + first;
      for (Index i = 0; i < width; ++i) to[n * size + first + i] = f(from[i], with[i]);
    });
    return {to, size};
  }
  /// One column of ones for factor k.
  Values ones(Index k) {
    S* to = workspace_.allocate(layer_.factor_size(k));
    std::fill_n(to, layer_.factor_size(k), S(1));
    return {to, 0};
  }
  /// Room for outputs.
  kernel::Samples<S> outputs() {
    return {workspace_.allocate(layer_.output_size() * samples_), layer_.output_size()};
  }

 private:
  const kind::Product& layer_;
  Workspace<S>& workspace_;
  Index samples_;
};

/// v = R/s(b), which is 0 where s(b) is: what the outputs hand on, by their own denominators.
template <class S>
void divide_by_outputs(Index rows, Index samples, const S* b, const S* up, double epsilon, S* v) {
  each_piece(rows, samples, [=](Index n, Index first, Index width) {
    for (Index i = n * rows + first, end = i + width; i < end; ++i) {
      const S s = stabilised(b[i], epsilon);
      v[i] = s == S(0) ? S(0) : S(up[i] / s);
    }
  });
}

/// The step of a product that is not feature by feature, from B and its transposes.
template <class C>
class ContractionStep {
 public:
  using S = typename C::Scalar;
  using Values = kernel::Samples<const S>;

  ContractionStep(const kind::Product& layer, const FactorShares& rule, C& c, typename C::Up up,
                  typename C::Down down)
      : layer_(layer),
        rule_(rule),
        c_(c),
        samples_(up.cols()),
        scope_(c.workspace),
        scratch_(layer, c.workspace, samples_),
        up_{up.data(), up.rows()},
        down_{down.data(), down.rows()} {
    for (Index k = 0; k < 2; ++k) {
      a_[k] = scratch_.factor(c.a.data(), c.a.rows(), k);
      if (c.form == Form::Delta) base_[k] = scratch_.factor(c.a_base.data, c.a_base.stride, k);
    }
  }

  void run() {
    const FactorShares::Of of = rule_.of;
    if (of == FactorShares::gradient) {
      give(0, a_[1], up_);
      give(1, a_[0], up_);
      return drop_second_account();
    }
    const bool even = of == FactorShares::even;
    const Index gate = layer_.gate;
    if (rule_.divides(layer_, c_.form)) {
      const kernel::Samples<S> quotients = scratch_.outputs();
      divide_by_outputs(layer_.output_size(), samples_, c_.b.data(), up_.data, rule_.epsilon, quotients.data);
      book_quotients(quotients);
      for (Index k = 0; k < 2; ++k)
        if (even || k != gate) {
          give(k, a_[1 - k], {quotients.data, quotients.stride});
          finish(k, S(even ? 0.5 : 1.0), true);
        }
    } else {
      for (Index k = 0; k < 2; ++k)
        if (even || k != gate) {
          give(k, other_of(k, even), up_);
          if (even) finish(k, S(0.5), false);
        }
    }
    if (even) return;
    clear(gate);
    if (c_.form == Form::Delta) drop_change_of_gate();
  }

 private:
  /// What factor k gets of u, the other one being `other`.
  void give(Index k, Values other, Values u) {
    kind::apply_transposed<S>(layer_, k, other, u, {down_.data + layer_.factor_at(k), down_.stride}, samples_);
  }
  /// What stands for the other factor: itself, the sum of both images' of which each counts half, or in R 1.
  Values other_of(Index k, bool even) {
    if (c_.form == Form::R) return scratch_.ones(1 - k);
    if (!even || c_.form == Form::Q) return a_[1 - k];
    return scratch_.made(1 - k, a_[1 - k], base_[1 - k], [](const S& a, const S& base) { return S(a + base); });
  }
  /// times · a_k · what has gone to factor k.
  void finish(Index k, const S& times, bool by_input) {
    const Index size = layer_.factor_size(k);
    const S factor = times;
    each_piece(size, samples_, [&](Index n, Index first, Index width) {
      S* to = down_.of(n) + layer_.factor_at(k) + first;
      if (by_input)
        for (Index i = 0; i < width; ++i) to[i] *= factor * a_[k].of(n)[first + i];
      else
        for (Index i = 0; i < width; ++i) to[i] *= factor;
    });
  }
  void clear(Index k) {
    each_piece(layer_.factor_size(k), samples_, [&](Index n, Index first, Index width) {
      std::fill_n(down_.of(n) + layer_.factor_at(k) + first, width, S(0));
    });
  }

  /// dropped += Σ f(output j of sample n, by its place).
  template <class F>
  void drop(F f) {
    const Index rows = layer_.output_size();
    sum_pieces<S>(rows, samples_, c_.books.dropped, [&](Index n, Index first, Index width) {
      return sum_of<S>(width, [&](Index i) { return f(n * rows + first + i); });
    });
  }
  const S* product(Values x, Values y) {
    const kernel::Samples<S> b = scratch_.outputs();
    kind::apply<S>(layer_, x, y, b, samples_);
    return b.data;
  }
  Values change(Index k) {
    return scratch_.made(k, a_[k], base_[k], [](const S& a, const S& base) { return S(a - base); });
  }

  /// Both factors account for the product, once more than there is of it: −B(a₁, a₂)·Q, −B(Δa₁, Δa₂)·m; in R
  /// it is R·(1 − B(a₁, 1) − B(1, a₂)).
  void drop_second_account() {
    const S* u = up_.data;
    if (c_.form == Form::R) {
      const S *one = product(a_[0], scratch_.ones(1)), *two = product(scratch_.ones(0), a_[1]);
      return drop([=](Index j) { return S((S(1) - one[j] - two[j]) * u[j]); });
    }
    const S* b = c_.form == Form::Q ? c_.b.data() : product(change(0), change(1));
    drop([=](Index j) { return S(-b[j] * u[j]); });
  }
  /// Δb − B(gate, Δsignal) = B(Δgate, the signal's baseline).
  void drop_change_of_gate() {
    const Index gate = layer_.gate;
    const Values moved = change(gate), signal = base_[1 - gate];
    const S *b = gate == 0 ? product(moved, signal) : product(signal, moved), *u = up_.data;
    drop([=](Index j) { return S(b[j] * u[j]); });
  }
  /// The stabiliser's Σ (s − b)·v, and R of outputs that are exactly 0 where ε is.
  void book_quotients(const kernel::Samples<S>& quotients) {
    const Index rows = layer_.output_size();
    const S *b = c_.b.data(), *u = up_.data, *v = quotients.data;
    const double epsilon = rule_.epsilon;
    if (epsilon == 0) return drop([=](Index j) { return b[j] == S(0) ? u[j] : S(0); });
    sum_pieces<S>(rows, samples_, c_.books.stabiliser, [=](Index n, Index first, Index width) {
      return sum_of<S>(width, [=](Index i) {
        const Index j = n * rows + first + i;
        return S((stabilised(b[j], epsilon) - b[j]) * v[j]);
      });
    });
  }

  const kind::Product& layer_;
  const FactorShares& rule_;
  C& c_;
  Index samples_;
  WorkspaceScope<S> scope_;
  FactorScratch<S> scratch_;
  Values up_;
  kernel::Samples<S> down_;
  Values a_[2], base_[2] = {};
};

/// The whole step.
template <class C>
void step_of_product(const kind::Product& layer, const FactorShares& rule, C& c, typename C::Up up,
                     typename C::Down down) {
  const FactorShares shares = rule.in(layer, c.form);
  if (!layer.map().is_elementwise()) return ContractionStep<C>(layer, shares, c, up, down).run();
  switch (shares.of) {
    case FactorShares::gradient:
      return give_other_factor(layer, c, up, down);
    case FactorShares::even:
      return give_half(layer, c, up, down);
    default:
      return give_to_signal(layer, c, up, down);
  }
}

}  // namespace detail
}  // namespace ascribe::rule
