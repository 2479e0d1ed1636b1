/// The adjoint of a function's step.
#pragma once

#include <algorithm>

#include <ascribe/rules/adjoint.hpp>
#include <ascribe/rules/function_step.hpp>

namespace ascribe::rule::detail {

/// The slopes of a run, and their derivatives by a and by the baseline.
template <class S, class F>
void slope_derivatives(const F& f, const Pointwise& rule, const Run<S>& run, S* to_a, S* to_base) {
  fn::Block<S> zeros;
  if (rule.slope == Pointwise::derivative)
    return fn::second_derivatives(f, run.first, run.count, run.a, to_a);
  if (rule.slope == Pointwise::from_baseline)
    return fn::chord_derivatives(f, run.first, run.count, run.a, run.a_base, to_a, to_base);
  std::fill_n(zeros.data(), run.count, S(0));
  if (fn::promises(f).homogeneous) {  // f(a)/a is one number on either side of 0
    std::copy_n(zeros.data(), run.count, to_a);
    return;
  }
  fn::chord_derivatives(f, run.first, run.count, run.a, zeros.data(), to_a, to_base);
}

/// down = slope(a, ā)·filter(up), and f(0)'s shares.
template <class F, class S>
void adjoint_of_function(const kind::Elementwise<F>& layer, const Pointwise& rule, Adjoint<S>& c) {
  const S f0 = fn::at_zero<S>(layer.f);
  const Form form = c.form;
  const Pointwise simple = for_function(rule, layer.f, form);
  const Index rows = c.b.rows();
  const bool filtered = simple.filter != Pointwise::none;  // then a slope is a number, whatever its name
  const bool handed_on = !filtered && simple.slope == Pointwise::handed_on,
             less_bias = !filtered && simple.slope == Pointwise::without_bias;
  // Said before there are threads, which must not throw.
  if (simple.filter != Pointwise::by_function && !handed_on && !less_bias &&
      !fn::has_second_derivative(layer.f))
    fail(fn::name_of(layer.f), " has no second derivative, by which the rule's slopes change");
  each_piece(rows, c.b.cols(), [&](Index n, Index begin, Index size) {
    fn::each_block(size, [&](Index offset, Index width) {
      const Index first = begin + offset, at = n * rows + first;
      const S *u = c.up.data() + at, *d = c.down_bar.data() + at, *a = c.a.data() + at, *b = c.b.data() + at;
      S *u_bar = c.up_bar.data() + at, *a_bar = c.a_bar.data() + at, *b_bar = c.b_bar.data() + at;
      const Run<S> run{first,   width, a,       b,      c.a_base ? c.a_base.column(n) + first : nullptr,
                       nullptr, u,     nullptr, nullptr};
      const S* bias = c.bias_shares_bar ? c.bias_shares_bar + at : nullptr;
      if (simple.filter == Pointwise::by_function) {
        fn::derivatives(layer.f, first, width, u, u_bar);
        ascribe::detail::multiply(width, d, u_bar);
      } else if (handed_on && form == Form::R) {
        std::copy_n(d, width, u_bar);
      } else if (handed_on) {  // b/a·Q
        for (Index i = 0; i < width; ++i) {
          const S inverse = a[i] == S(0) ? S(0) : S(S(1) / a[i]), scaled = inverse * d[i];
          u_bar[i] = b[i] * scaled;
          b_bar[i] += u[i] * scaled;
          a_bar[i] -= b[i] * inverse * u[i] * scaled;
        }
      } else if (less_bias) {  // (1 − f(0)/b)·R, and f(0)/b·R to the bias
        for (Index i = 0; i < width; ++i) {
          const bool zero = b[i] == S(0);
          const S own = zero ? S(0) : S(f0 / b[i]), change = (bias ? bias[i] : S(0)) - d[i];
          u_bar[i] = zero ? S(0) : S(d[i] + own * change);
          if (!zero) b_bar[i] -= own / b[i] * change * u[i];
        }
      } else {
        const bool above = simple.filter == Pointwise::above_zero;
        fn::Block<S> slopes, to_a, to_base;
        slopes_of(layer.f, simple, run, slopes.data());
        slope_derivatives(layer.f, simple, run, to_a.data(), to_base.data());
        S* base = simple.slope == Pointwise::from_baseline ? c.a_base_bar + at : nullptr;
        for (Index i = 0; i < width; ++i) {
          const auto k = std::size_t(i);
          const bool blocked = above && !(u[i] > S(0));
          u_bar[i] = blocked ? S(0) : S(slopes[k] * d[i]);
          if (blocked) continue;
          a_bar[i] += to_a[k] * u[i] * d[i];
          if (base) base[i] += to_base[k] * u[i] * d[i];
        }
      }
      if (bias && form == Form::Q && simple.slope != Pointwise::handed_on)
        ascribe::detail::add_multiple(width, f0, bias, u_bar);
    });
  });
}

}  // namespace ascribe::rule::detail
