/// Rules of a product of two activations as data, and the step back that runs them.
#pragma once

#include <ascribe/core/parallel.hpp>
#include <ascribe/core/passage.hpp>
#include <ascribe/core/sum.hpp>
#include <ascribe/layers/product.hpp>

namespace ascribe::rule {

/// What each factor gets.
struct FactorShares {
  enum Of {
    gradient,  ///< each the other times what is carried
    signal,    ///< the gate is a constant factor: the other takes all
    even,      ///< half each
    usual      ///< the signal takes all, against a baseline half each, which is exact there
  };
  Of of;

  constexpr bool serves(Form) const { return true; }
  /// What `usual` is in a form.
  constexpr FactorShares in(Form form) const {
    return of != usual ? *this : FactorShares{form == Form::Delta ? even : signal};
  }
  constexpr Reads reads(Form form) const {
    return {.inputs = of == gradient || form != Form::R, .outputs = false};
  }
};

namespace detail {

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
  sum_pieces<S>(layer.size, up.cols(), c.books.dropped, [&](Index n, Index first, Index width) {
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
  sum_pieces<S>(layer.size, up.cols(), c.books.dropped, [&](Index n, Index first, Index width) {
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
  each_piece(layer.size, up.cols(), [&](Index n, Index first, Index width) {
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

/// The whole step.
template <class C>
void step_of_product(const kind::Product& layer, const FactorShares& rule, C& c, typename C::Up up,
                     typename C::Down down) {
  switch (rule.in(c.form).of) {
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
