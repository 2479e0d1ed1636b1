/// The adjoint of a maximum's step.
#pragma once

#include <algorithm>
#include <array>

#include <ascribe/functions/function.hpp>
#include <ascribe/rules/adjoint.hpp>
#include <ascribe/rules/window_step.hpp>

namespace ascribe::rule::detail {

/// One window's output: where its values and derivatives lie. Members are given by their place among the
/// sample's inputs.
template <class S>
struct WindowAdjoint {
  const S *a, *a0, *d;
  S *a_bar, *a0_bar;
  const S &b, *b0, &u;
  S &b_bar, *b0_bar, &u_bar;
  S constants_bar;  ///< by the share of the constants, which is booked; 0 where L has none
};

/// The winner is a choice, whose derivative is by what is carried alone, and in Q by the maximum that a
/// constant's share is multiplied by. Against a baseline a constant has no share.
template <class W, class S>
void adjoint_of_winner(const W& windows, Index group, Index lane, Form form, const WindowAdjoint<S>& w) {
  const Index k = winner(windows, group, lane, w.a, w.b);
  if (k >= 0) {
    w.u_bar = w.d[k];
  } else if (form == Form::Q) {
    w.u_bar = w.constants_bar * w.b;
    w.b_bar += w.constants_bar * w.u;
  } else if (form == Form::R) {
    w.u_bar = w.constants_bar;
  }
}

/// The same for the winners of neighbouring lanes, where no constant wins. Returns whether one does: then
/// nothing that was written counts. Factors of 0 and 1, as in give_to_winners.
template <class W, class S>
bool adjoint_of_winners(const W& windows, Index group, Index lane, Index width, const WindowAdjoint<S>& w) {
  const S zero(0), one(1);
  const S *b = &w.b, *a = w.a + lane, *d = w.d + lane;
  S* u_bar = &w.u_bar;
  std::array<S, std::size_t(ascribe::detail::lane_block)> open;
  for (Index l = 0; l < width; ++l) open[std::size_t(l)] = one, u_bar[l] = zero;
  windows.members(group, [&](Index i) {
    for (Index l = 0; l < width; ++l) {
      const S wins = a[i + l] == b[l] ? open[std::size_t(l)] : zero;
      open[std::size_t(l)] -= wins;
      u_bar[l] += wins * d[i + l];
    }
  });
  return std::any_of(open.begin(), open.begin() + width, [&](const S& left) { return left != zero; });
}

/// The derivative by what is carried, and of the shares by the members and their maximum.
template <class W, class S, class Members>
void adjoint_by_value(const W& windows, bool in_q, const WindowAdjoint<S>& w, Members members) {
  // Factor f_i = share_i, or in Q share_i·b/a_i; `weighted` is Σ f_i·∂L/∂f_i, what a larger total takes.
  const S zero(0), two(2);
  S total(0), carried(0), constants(0);
  members([&](Index i) { total += radial_weight(w.a[i], w.b); });
  window::each_constant(windows, [&](double c) { constants += radial_weight(S(c), w.b); });
  total += constants;
  const auto factor = [&](const S& a) {
    return in_q ? radial_factor_in_q(a, w.b, total) : S(radial_weight(a, w.b) / total);
  };
  members([&](Index i) { carried += factor(w.a[i]) * w.d[i]; });
  const S by_constants = w.constants_bar * (in_q ? w.b : S(1));
  carried += by_constants * constants / total;
  w.u_bar = carried;
  if (w.b == zero) return;
  if (in_q) w.b_bar += w.constants_bar * w.u * constants / total;
  const S by_total = -carried * w.u / total;
  const bool above = w.b > zero;
  // A weight is a⁺ where b > 0, b/a where b < 0; by b it changes by weight/b.
  S by_b(0);
  members([&](Index i) {
    const S weight = radial_weight(w.a[i], w.b), d = w.d[i] * w.u;
    if (above) {
      if (!(w.a[i] > zero)) return;
      w.a_bar[i] += by_total + (in_q ? zero : S(d / total));
      if (in_q) by_b += d / total;
      return;
    }
    const S by_weight = by_total + (in_q ? S(two * weight * d / total) : S(d / total));
    w.a_bar[i] -= by_weight * weight / w.a[i];
    by_b += by_weight * weight / w.b;
  });
  if (!above) by_b += (by_total + by_constants * w.u / total) * constants / w.b;
  w.b_bar += by_b;
}

/// The winners' factors (M − b̄)/Δa and (b − M)/Δa, M being the larger of the two maxima.
template <class S, class Members>
void adjoint_of_limit(const WindowAdjoint<S>& w, Members members) {
  const S zero(0), rise = math::max(w.b, *w.b0) - *w.b0, fall = w.b - math::max(w.b, *w.b0);
  bool open = true, open0 = true;
  S by_change(0);
  members([&](Index i) {
    const bool wins = open && w.a[i] == w.b, wins0 = open0 && w.a0[i] == *w.b0;
    open = open && !wins;
    open0 = open0 && !wins0;
    if (wins && wins0) w.u_bar += w.d[i];
    if (wins == wins0) return;
    const S change = w.a[i] - w.a0[i], part = wins ? rise : fall;
    if (change == zero) return;
    const S factor = part / change, by_factor = w.d[i] * w.u / change;
    w.u_bar += factor * w.d[i];
    w.a_bar[i] -= factor * by_factor;
    w.a0_bar[i] += factor * by_factor;
    if (wins ? w.b > *w.b0 : w.b < *w.b0) by_change += by_factor;
  });
  w.b_bar += by_change;
  *w.b0_bar -= by_change;
}

/// max(a, c) = a + relu(c − a) from the first member to the last: with ρ_k the slope at member k, it gets
/// ρ_k·t_k, t_{k−1} = (1 − ρ_k)·t_k and t_last = u. Walked once for each member, as the step is.
template <class W, class S, class Members>
void adjoint_of_fold(const W& windows, const WindowAdjoint<S>& w, Members members) {
  const fn::Relu relu;
  S t_bar(0);  // ∂L/∂t of the member before
  Index k = 0, largest = -1, largest0 = -1;
  S running(0), running0(0);
  const auto slope = [&](Index position, const S& value, const S& value0, const S& most, const S& most0) {
    return position == 0 ? S(1) : relu.chord(S(value - most), S(value0 - most0));
  };
  // Π (1 − ρ_l)·u over what stands behind member k.
  const auto behind = [&](Index from) {
    S product = w.u, most(0), most0(0);
    Index position = 0;
    const auto join = [&](const S& value, const S& value0) {
      if (position > from) product *= S(1) - slope(position, value, value0, most, most0);
      most = position == 0 ? value : math::max(most, value);
      most0 = position == 0 ? value0 : math::max(most0, value0);
      ++position;
    };
    members([&](Index i) { join(w.a[i], w.a0[i]); });
    window::each_constant(windows, [&](double c) { join(S(c), S(c)); });
    return product;
  };
  const auto join = [&](Index i, const S& value, const S& value0, const S& d) {
    const S share = slope(k, value, value0, running, running0);
    if (k > 0) {
      const S by_share = behind(k) * (d - t_bar), x = value - running, x0 = value0 - running0;
      S by_x, by_x0;
      fn::chord_derivatives(relu, 0, 1, &x, &x0, &by_x, &by_x0);
      by_x *= by_share;
      by_x0 *= by_share;
      if (i >= 0) w.a_bar[i] += by_x, w.a0_bar[i] += by_x0;
      if (largest >= 0) w.a_bar[largest] -= by_x;
      if (largest0 >= 0) w.a0_bar[largest0] -= by_x0;
    }
    t_bar = d * share + t_bar * (S(1) - share);
    if (k == 0 || value > running) running = value, largest = i;
    if (k == 0 || value0 > running0) running0 = value0, largest0 = i;
    ++k;
  };
  members([&](Index i) { join(i, w.a[i], w.a0[i], w.d[i]); });
  window::each_constant(windows, [&](double c) { join(-1, S(c), S(c), S(0)); });
  w.u_bar = t_bar;
}

/// The whole step's.
template <class W, class S>
void adjoint_of_windows(const kind::Max<W>& layer, const WindowShares& rule, Adjoint<S>& c) {
  const W& windows = layer.windows;
  const Index lanes = windows.lanes(), inputs = c.a.rows(), rows = c.b.rows();
  const bool against = c.form == Form::Delta;
  const WorkspaceScope<S> scope(c.workspace);
  Eigen::Map<Eigen::Array<S, 1, Dynamic>> nothing(c.workspace.allocate(c.b.cols()), c.b.cols());
  nothing.setZero();
  const auto window_at = [&](Index n, Index g, Index lane) {
    const Index j = g * lanes + lane, at = n * rows + j;
    return WindowAdjoint<S>{c.a.data() + n * inputs,
                            against ? c.a_base.column(n) : nullptr,
                            c.down_bar.data() + n * inputs,
                            c.a_bar.data() + n * inputs,
                            against ? c.a_base_bar + n * inputs : nullptr,
                            c.b.data()[at],
                            against ? c.b_base.column(n) + j : nullptr,
                            c.up.data()[at],
                            c.b_bar.data()[at],
                            against ? c.b_base_bar + at : nullptr,
                            c.up_bar.data()[at],
                            c.bias_shares_bar ? c.bias_shares_bar[at] : S(0)};
  };
  const auto one = [&](Index n, Index g, Index lane) {
    const WindowAdjoint<S> w = window_at(n, g, lane);
    const auto members = [&](auto&& body) { windows.members(g, [&](Index i) { body(i + lane); }); };
    w.u_bar = S(0);
    if (rule.of == WindowShares::winner) {
      adjoint_of_winner(windows, g, lane, c.form, w);
    } else if (rule.of == WindowShares::by_value) {
      adjoint_by_value(windows, c.form == Form::Q, w, members);
    } else if (rule.of == WindowShares::limit) {
      adjoint_of_limit(w, members);
    } else {
      adjoint_of_fold(windows, w, members);
    }
  };
  ascribe::detail::sum_windows<S>(windows, c.b.cols(), nothing,
                                  [&](Index n, Index g, Index lane, Index width) {
                                    if (rule.of == WindowShares::winner &&
                                        !adjoint_of_winners(windows, g, lane, width, window_at(n, g, lane)))
                                      return S(0);
                                    for (Index l = lane; l < lane + width; ++l) one(n, g, l);
                                    return S(0);
                                  });
}

}  // namespace ascribe::rule::detail
