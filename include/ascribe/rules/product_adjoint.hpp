/// The adjoint of the step of a product of two activations.
#pragma once

#include <ascribe/rules/adjoint.hpp>
#include <ascribe/rules/product_step.hpp>

namespace ascribe::rule::detail {

/// Factor k gets m_k·u with m_k a multiple of the other factor (and of its baseline), or a constant.
template <class S>
void adjoint_of_product(const kind::Product& layer, const FactorShares& shares, Adjoint<S>& c) {
  const FactorShares rule = shares.in(c.form);
  const Index size = layer.size, signal = 1 - layer.gate;
  const bool even = rule.of == FactorShares::even;
  const S share(even ? 0.5 : 1.0);
  const bool constant = c.form == Form::R && rule.of != FactorShares::gradient;
  const bool with_baseline = even && c.form == Form::Delta;
  each_piece(size, c.b.cols(), [&](Index n, Index first, Index width) {
    const S* u = c.up.data() + n * size + first;
    S* u_bar = c.up_bar.data() + n * size + first;
    std::fill_n(u_bar, width, S(0));
    for (Index k = 0; k < 2; ++k) {
      if (rule.of == FactorShares::signal && k != signal) continue;
      const Index other = (1 - k) * size + first, at = 2 * n * size + other;
      const S *d = c.down_bar.data() + 2 * n * size + k * size + first, *factor = c.a.data() + at;
      const S* base = with_baseline ? c.a_base.column(n) + other : nullptr;
      S *to = c.a_bar.data() + at, *to_base = base ? c.a_base_bar + at : nullptr;
      for (Index i = 0; i < width; ++i) {
        const S m = constant ? S(1)
                    : base   ? S(factor[i] + base[i])
                             : factor[i],
                carried = share * u[i] * d[i];
        u_bar[i] += share * m * d[i];
        if (!constant) to[i] += carried;
        if (base) to_base[i] += carried;
      }
    }
  });
}

}  // namespace ascribe::rule::detail
