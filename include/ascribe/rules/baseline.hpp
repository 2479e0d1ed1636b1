/// The rule Baseline: differences from a reference (DeepLIFT's Rescale), for functions and for maxima.
#pragma once

#include <ascribe/functions/relu.hpp>
#include <ascribe/layers/elementwise.hpp>
#include <ascribe/layers/max.hpp>

namespace ascribe::rule {

/// Elementwise: m_a = (f(a) − f(ā))/(a − ā)·m_b, f'(a) at a = ā (Rescale: Shrikumar et al. 1704.02685, §3.5.1).
/// Max: the limit of Rescale through exp, Σ and log at growing sharpness. With M = max(b, b̄) the winner of the
/// image contributes M − b̄ and the winner of the reference b − M; one winner in both has the multiplier 1.
/// Multipliers lie in [0, 1], and Σ Δa·m = Δb exactly.
struct Baseline {
  static constexpr bool serves(Form form) { return form == Form::Delta; }
};

/// Max only: max(a, c) = a + relu(c − a) folded from the first member to the last, Baseline on each relu. Exact
/// too, and for two inputs what integrated gradients give; for more it depends on the members' order.
struct BaselineFold {
  static constexpr bool serves(Form form) { return form == Form::Delta; }
};

template <class F, class C>
void propagate(const kind::Elementwise<F>& layer, const Baseline&, C& c, typename C::Up up, typename C::Down down) {
  using S = typename C::Scalar;
  const F& f = layer.f;
  const Index rows = up.rows();
  for (Index n = 0; n < up.cols(); ++n) {
    const S *a = c.a.data() + n * rows, *a0 = c.a_ref.column(n), *u = up.data() + n * rows;
    S* d = down.data() + n * rows;
    for (Index i = 0; i < rows; ++i) d[i] = fn::chord(f, a[i], a0[i]) * u[i];
  }
}

template <class W, class C>
void propagate(const kind::Max<W>& layer, const Baseline&, C& c, typename C::Up up, typename C::Down down) {
  using S = typename C::Scalar;
  const Index lanes = layer.windows.lanes();
  down.setZero();
  for (Index n = 0; n < up.cols(); ++n) {
    const S *a = c.a.data() + n * c.a.rows(), *a0 = c.a_ref.column(n), *b0 = c.b_ref.column(n);
    S* d = down.data() + n * down.rows();
    for (Index j = 0; j < up.rows(); ++j) {
      const S b = c.b(j, n), u = up(j, n), most = math::max(b, b0[j]);
      const Index here = winner(layer.windows, j / lanes, j % lanes, a, b);
      const Index there = winner(layer.windows, j / lanes, j % lanes, a0, b0[j]);
      if (here == there) {
        if (here >= 0) d[here] += u;
        continue;
      }
      // A winning constant (−1) never contributes: M − b̄ and b − M are 0 where its value is the maximum.
      const auto give = [&](Index i, const S& contribution) {
        if (i >= 0 && a[i] != a0[i]) d[i] += contribution / (a[i] - a0[i]) * u;
      };
      give(here, S(most - b0[j]));
      give(there, S(b - most));
    }
  }
}

template <class W, class C>
void propagate(const kind::Max<W>& layer, const BaselineFold&, C& c, typename C::Up up, typename C::Down down) {
  using S = typename C::Scalar;
  const W& windows = layer.windows;
  const Index lanes = windows.lanes();
  down.setZero();
  for (Index n = 0; n < up.cols(); ++n) {
    const S *a = c.a.data() + n * c.a.rows(), *a0 = c.a_ref.column(n);
    S* d = down.data() + n * down.rows();
    for (Index j = 0; j < up.rows(); ++j) {
      const Index group = j / lanes, lane = j % lanes;
      const S u = up(j, n);
      Index members = 0;
      windows.members(group, [&](Index) { ++members; });
      // Member k has the multiplier ρ_k·Π_{l>k}(1 − ρ_l); ρ_0 = 1. The products are taken by walking the
      // fold once for each member, since windows are small and hand out their members forwards only.
      for (Index k = 0; k < members; ++k) {
        S multiplier(0), running(0), running0(0);
        Index position = 0;
        const auto join = [&](const S& value, const S& value0) {
          const S share = position == 0 ? S(1) : fn::Relu().chord(S(value - running), S(value0 - running0));
          multiplier = position < k ? S(0) : position == k ? share : S(multiplier * (S(1) - share));
          running = position == 0 ? value : math::max(running, value);
          running0 = position == 0 ? value0 : math::max(running0, value0);
          ++position;
        };
        Index own = 0;
        windows.members(group, [&](Index i) {
          if (position == k) own = i + lane;
          join(a[i + lane], a0[i + lane]);
        });
        window::each_constant(windows, [&](double value) { join(S(value), S(value)); });
        d[own] += multiplier * u;
      }
    }
  }
}

}  // namespace ascribe::rule
