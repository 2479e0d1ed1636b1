/// Rules of a function as data, and the one step back that runs them all.
#pragma once

#include <algorithm>
#include <array>

#include <ascribe/core/loops.hpp>
#include <ascribe/core/passage.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/sum.hpp>
#include <ascribe/layers/elementwise.hpp>

namespace ascribe::rule {

/// A rule of a function b = f(a): down = slope·filter(up).
struct Pointwise {
  /// Which slope.
  enum SlopeOf {
    derivative,     ///< f'(a)
    from_zero,      ///< (f(a) − f(0))/a, the chord from 0
    from_baseline,  ///< (f(a) − f(ā))/(a − ā), the chord from the baseline
    handed_on,      ///< R as it is: 1 in R, b/a in Q
    without_bias    ///< R less f(0)'s share of it: 1 − f(0)/b in R, the chord from 0 in Q
  };
  /// What is done to what comes from above.
  enum Filter {
    none,
    above_zero,  ///< max(up, 0)
    by_function  ///< f(up), whatever the slope
  };

  SlopeOf slope;         ///< the factor
  Filter filter = none;  ///< what is multiplied with it

  constexpr bool serves(Form form) const {
    if (slope == from_baseline) return form == Form::Delta;
    return form != Form::Delta || (slope == derivative && filter == none);
  }

  /// The same rule, said of a function and a form as simply as it can be: through 0 there is no f(0) to
  /// leave out, and in Q a quotient b/a is a chord from 0.
  constexpr Pointwise of(bool through_origin, Form form) const {
    if (form == Form::R)
      return slope == without_bias && through_origin ? Pointwise{handed_on, filter} : *this;
    if (slope == without_bias || (slope == handed_on && through_origin)) return {from_zero, filter};
    return *this;
  }
};

namespace detail {

/// The rule as it is for one function. A function that has no value at 0 (1/x, log x) has no chord from
/// there: its derivative stands in for it, and what that leaves over is dropped, as Gradient's is.
template <class F>
Pointwise for_function(const Pointwise& rule, const F& f, Form form) {
  Pointwise simple = rule.of(fn::through_origin(f), form);
  if (simple.slope == Pointwise::from_zero && !fn::has_value_at_zero(f)) simple.slope = Pointwise::derivative;
  return simple;
}

/// Throws Error where the rule leaves out f(0) of a function that has no value there.
template <class F>
void check_value_at_zero(const F& f, const Pointwise& rule, Form form) {
  const Pointwise simple = for_function(rule, f, form);
  if (simple.slope == Pointwise::without_bias && simple.filter != Pointwise::by_function &&
      !fn::has_value_at_zero(f))
    fail(fn::name_of(f),
         " has no value at 0, whose share the rule leaves out: use a rule that needs none, as Ignore, "
         "Gradient and Baseline do");
}

/// What of the step's books is not 0, which says what it reads beside the slope.
template <class F>
bool nothing_is_lost(const F& f, const Pointwise& simple, Form form) {
  if (simple.filter != Pointwise::none) return false;
  if (form == Form::R) return simple.slope == Pointwise::handed_on;
  return simple.slope == Pointwise::from_zero || simple.slope == Pointwise::from_baseline ||
         (form == Form::Q && simple.slope == Pointwise::derivative && fn::promises(f).homogeneous);
}

/// down = slope·u; returns Σ (1 − slope)·u, what a factor takes from relevances.
template <class S>
[[gnu::noinline]] S scale_in_r(Index count, const S* slope, const S* u, S* down) {
  return sum_of<S>(count, [=](Index i) {
    const S carried = u[i], factor = slope[i];
    down[i] = factor * carried;
    return S((S(1) - factor) * carried);
  });
}

/// down = slope ⊙ u; returns Σ (Δb − Δa·slope)·u against a baseline a0, b0, and without one Σ (b − f0 −
/// a·slope)·u.
template <class S>
[[gnu::noinline]] S scale_changes(Index count, const S* slope, const S* u, S* down, const S* a, const S* b,
                                  const S* a0, const S* b0, const S& f0) {
  if (!a0)
    return sum_of<S>(count, [=](Index i) {
      const S carried = u[i], factor = slope[i];
      down[i] = factor * carried;
      return S((b[i] - f0 - a[i] * factor) * carried);
    });
  return sum_of<S>(count, [=](Index i) {
    const S carried = u[i], factor = slope[i];
    down[i] = factor * carried;
    return S((b[i] - b0[i] - (a[i] - a0[i]) * factor) * carried);
  });
}

/// down = b/a·u, the raw slope, which has no value at a = 0: there b·u is dropped. Returns the sum of that.
template <class S>
[[gnu::noinline]] S raw_slopes(Index count, const S* a, const S* b, const S* u, S* down) {
  return sum_of<S>(count, [=](Index i) {
    const bool zero = a[i] == S(0);
    const S carried = u[i], output = b[i];
    down[i] = zero ? S(0) : S(output / a[i] * carried);
    return zero ? S(output * carried) : S(0);
  });
}

/// down = (1 − f0/b)·u; at b = 0 the shares have no value, and u is dropped. Returns what is dropped, and
/// what f0 takes.
template <class S>
[[gnu::noinline]] std::array<S, 2> less_bias(Index count, const S* b, const S& f0, const S* u, S* down,
                                             S* shares) {
  S bias(0);
  const S own = f0;
  const S dropped = sum_of<S>(count, [&](Index i) {
    const bool zero = b[i] == S(0);
    const S carried = u[i], q = zero ? S(0) : S(carried / b[i]);
    down[i] = (b[i] - own) * q;
    bias += own * q;
    if (shares) shares[i] = own * q;
    return zero ? carried : S(0);
  });
  return {dropped, bias};
}

/// Σ of what a filter drops where d went back: (b − f(0))·u − a·d in Q, u − d in R.
template <class S>
[[gnu::noinline]] S filtered(Index count, bool in_q, const S& f0, const S* a, const S* b, const S* u,
                             const S* d) {
  const S own = f0;
  if (in_q) return sum_of<S>(count, [=](Index i) { return S((b[i] - own) * u[i] - a[i] * d[i]); });
  return sum_of<S>(count, [=](Index i) { return S(u[i] - d[i]); });
}

/// d = d·max(u, 0). The factor is chosen and not the product, so that the loop vectorises.
template <class S>
[[gnu::noinline]] void scale_positive(Index count, const S* u, S* d) {
  const S zero(0);
  for (Index i = 0; i < count; ++i) {
    const S carried = u[i], above = carried > zero ? carried : zero;
    d[i] = d[i] * above;
  }
}

/// The values of `count` neighbours of one sample, the first of which is feature `first`: all that a function
/// and its rule need to know. `shares` may be null.
template <class S>
struct Run {
  Index first, count;
  const S *a, *b, *a_base, *b_base, *u;
  S *down, *shares;
};

/// The slopes of a run.
template <class S, class F>
void slopes_of(const F& f, const Pointwise& rule, const Run<S>& run, S* to) {
  if (rule.slope == Pointwise::derivative)
    fn::derivatives(f, run.first, run.count, run.a, to);
  else if (rule.slope == Pointwise::from_baseline)
    fn::chords(f, run.first, run.count, run.a, run.a_base, to);
  else
    fn::slopes(f, run.first, run.count, run.a, to);
}

/// One step for at most a block of neighbours, by a rule that has been simplified. Returns what is dropped,
/// and what f(0) takes. `down` may be `u`, where nothing is lost.
template <class S, class F>
std::array<S, 2> step_of_run(const F& f, const Pointwise& rule, Form form, const S& f0, const Run<S>& run) {
  const Index count = run.count;
  fn::Block<S> slopes;
  const bool in_q = form == Form::Q;
  S bias(0);
  if (in_q && f0 != S(0) && rule.slope != Pointwise::handed_on) {
    bias = ascribe::detail::scaled_sum(count, f0, run.u);
    for (Index i = 0; i < count && run.shares; ++i) run.shares[i] = f0 * run.u[i];
  }
  if (rule.filter == Pointwise::by_function) {
    fn::values(f, run.first, count, run.u, run.down);
  } else if (rule.filter == Pointwise::above_zero) {
    slopes_of(f, rule, run, run.down);
    scale_positive(count, run.u, run.down);
  } else if (rule.slope == Pointwise::handed_on) {
    if (in_q) return {raw_slopes(count, run.a, run.b, run.u, run.down), bias};
    if (run.down != run.u) std::copy_n(run.u, count, run.down);
    return {S(0), bias};
  } else if (rule.slope == Pointwise::without_bias) {
    return less_bias(count, run.b, f0, run.u, run.down, run.shares);
  } else {
    slopes_of(f, rule, run, slopes.data());
    if (nothing_is_lost(f, rule, form)) {
      if (run.down == run.u)  // a loop of three pointers, two of them one, is not vectorised
        ascribe::detail::multiply(count, slopes.data(), run.down);
      else
        ascribe::detail::multiply(count, slopes.data(), run.u, run.down);
      return {S(0), bias};
    }
    if (form == Form::R) return {scale_in_r(count, slopes.data(), run.u, run.down), bias};
    const bool against = form == Form::Delta;
    return {scale_changes<S>(count, slopes.data(), run.u, run.down, run.a, run.b,
                             against ? run.a_base : nullptr, run.b_base, f0),
            bias};
  }
  return {filtered(count, in_q, f0, run.a, run.b, run.u, run.down), bias};
}

/// What the step reads, and what it amounts to.
template <class F>
Passage passage_of_function(const kind::Elementwise<F>& layer, const Pointwise& rule, Form form) {
  const bool at_origin = fn::through_origin(layer.f);
  const Pointwise simple = for_function(rule, layer.f, form);
  const fn::Promises f = fn::promises(layer.f);
  const bool nothing_lost = nothing_is_lost(layer.f, simple, form);
  Passage passage;
  passage.outputs = form != Form::R && !nothing_lost;
  if (simple.filter == Pointwise::by_function) passage.inputs = form == Form::Q;
  if (form == Form::R && simple.filter == Pointwise::none) {
    if (simple.slope == Pointwise::handed_on) {
      passage.inputs = false;
      passage.effect = Passage::unchanged;
      return passage;
    }
    if (simple.slope == Pointwise::without_bias) {
      passage.inputs = false;
      passage.outputs = true;
    }
  }
  const bool from_value = simple.slope == Pointwise::derivative  ? f.derivative_from_value
                          : simple.slope == Pointwise::from_zero ? f.slope_from_value
                                                                 : false;
  if (form != Form::Delta && simple.filter != Pointwise::by_function && from_value) {
    passage.inputs = false;
    passage.either = true;
  }
  if (nothing_lost && (form != Form::Q || at_origin)) passage.effect = Passage::pointwise;
  return passage;
}

/// The whole step.
template <class F, class C>
void step_of_function(const kind::Elementwise<F>& layer, const Pointwise& rule, C& c, typename C::Up up,
                      typename C::Down down) {
  using S = typename C::Scalar;
  const S f0 = fn::at_zero<S>(layer.f);
  const Form form = c.form;
  const Pointwise simple = for_function(rule, layer.f, form);
  const Index rows = up.rows();
  const std::array lines{&c.books.dropped, &c.books.bias};
  sum_pieces<S>(rows, up.cols(), lines, [&](Index n, Index begin, Index size) {
    std::array<S, 2> sums{S(0), S(0)};
    fn::each_block(size, [&](Index offset, Index width) {
      const Index first = begin + offset, at = n * rows + first;
      const std::array<S, 2> lost = step_of_run<S>(
          layer.f, simple, form, f0,
          {first, width, c.a.data() + at, c.b.data() + at, c.a_base ? c.a_base.column(n) + first : nullptr,
           c.b_base ? c.b_base.column(n) + first : nullptr, up.data() + at, down.data() + at,
           c.bias_shares ? c.bias_shares + at : nullptr});
      sums[0] += lost[0];
      sums[1] += lost[1];
    });
    return sums;
  });
}

}  // namespace detail
}  // namespace ascribe::rule
