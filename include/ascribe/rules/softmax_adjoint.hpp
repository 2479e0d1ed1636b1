/// The adjoint of the step of a softmax.
#pragma once

#include <ascribe/core/parallel.hpp>
#include <ascribe/functions/exponential.hpp>
#include <ascribe/functions/function.hpp>
#include <ascribe/rules/adjoint.hpp>
#include <ascribe/rules/softmax_step.hpp>

namespace ascribe::rule::detail {

/// By l = a − log Σ eᵃ of an image whose weights are `weight(i)`, to its logits: Jᵀ of the logarithm.
template <class S, class Weight>
void add_by_logarithms(Index length, Index step, const S* by_l, Weight weight, S* a_bar) {
  const S total = sum_of<S>(length, [&](Index i) { return by_l[i * step]; });
  for (Index i = 0; i < length; ++i) a_bar[i * step] += by_l[i * step] - weight(i) * total;
}

/// One row. `w` and `by_w` are scratch that lies as the row does.
template <class S>
void adjoint_of_row(const Row<S>& row, const RowShares& rule, Form form, const S* u, const S* d, S* u_bar,
                    S* a_bar, S* b_bar, S* a0_bar, S* w, S* by_w) {
  const Index step = row.step, length = row.length;
  const auto each = [=](auto body) {
    for (Index i = 0; i < length; ++i) body(i, i * step);
  };
  const auto sum = [=](auto term) { return sum_of<S>(length, [&](Index i) { return S(term(i * step)); }); };
  if (rule.of == RowShares::constant) return each([=](Index, Index at) { u_bar[at] = S(0); });
  if (rule.of == RowShares::expansion && form == Form::R) {
    const RowExpansion<S> given(row, u);
    each([&](Index i, Index at) { w[at] = row.weight(i); });
    const S mean = sum([=](Index at) { return d[at] * row.a[at] * w[at]; });
    each([&](Index i, Index at) {
      a_bar[at] += d[at] * given(i);
      const S by_direct = d[at] * row.a[at] - mean, by_weight = -d[at] * row.a[at] * given.kappa();
      u_bar[at] = by_direct;
      b_bar[at] += row.logarithm ? S(by_weight * w[at]) : by_weight;
      if (!row.logarithm) return;
      const bool none = row.b[at] == S(0);
      u_bar[at] = none ? S(0) : S(by_direct / row.b[at]);
      if (!none) b_bar[at] -= u_bar[at] * u[at] / row.b[at];
    });
    return;
  }
  Row<S> used = row;
  if (rule.of != RowShares::baseline) used.a0 = used.b0 = nullptr;
  const RowWeights<S> weight(used);
  each([&](Index i, Index at) { w[at] = weight(i); });
  const S all = used.a0 ? sum([=](Index at) { return w[at]; }) : S(1);
  const S nu = sum([=](Index at) { return d[at] * w[at]; }) / all;
  const S kappa = row.logarithm ? S(sum([=](Index at) { return u[at]; }) / all)
                                : S(sum([=](Index at) { return w[at] * u[at]; }) / all);
  each([=](Index, Index at) {
    const S from_mean = d[at] - nu;
    u_bar[at] = row.logarithm ? from_mean : S(w[at] * from_mean);
    by_w[at] = (row.logarithm ? S(-kappa) : S(u[at] - kappa)) * from_mean;
  });
  if (!used.a0)
    return each([=](Index, Index at) { b_bar[at] += row.logarithm ? S(by_w[at] * w[at]) : by_w[at]; });
  // The chords' derivatives, into `w` for the image, and then for the baseline.
  each([&](Index i, Index at) {
    const S l = weight.logarithm(i), l0 = weight.logarithm_of_baseline(i);
    S by_l, by_l0;
    fn::chord_derivatives(fn::Exp(), 0, 1, &l, &l0, &by_l, &by_l0);
    w[at] = by_w[at] * by_l;
    by_w[at] *= by_l0;
  });
  Row<S> baseline = row;
  baseline.b = row.b0;
  add_by_logarithms(length, step, w, [&](Index i) { return row.weight(i); }, a_bar);
  add_by_logarithms(length, step, by_w, [&](Index i) { return baseline.weight(i); }, a0_bar);
}

template <class S>
void adjoint_of_softmax(const kind::Softmax& layer, const RowShares& data, Adjoint<S>& c) {
  const RowShares rule = data.in(c.form);
  const Index size = layer.output_size(), samples = c.b.cols();
  const WorkspaceScope<S> scope(c.workspace);
  S *w = c.workspace.allocate(size * samples), *by_w = c.workspace.allocate(size * samples);
  each_part(samples, layer.rows(), layer.length, [&](Index n, Index row) {
    const Index at = n * size + layer.row_at(row);
    adjoint_of_row(row_of(layer, c, n, row), rule, c.form, c.up.data() + at, c.down_bar.data() + at,
                   c.up_bar.data() + at, c.a_bar.data() + at, c.b_bar.data() + at,
                   c.a_base_bar ? c.a_base_bar + at : nullptr, w + at, by_w + at);
  });
}

}  // namespace ascribe::rule::detail
