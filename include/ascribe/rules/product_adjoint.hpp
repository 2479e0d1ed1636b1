/// The adjoint of the step of a product of two activations.
#pragma once

#include <ascribe/core/loops.hpp>
#include <ascribe/layers/max.hpp>
#include <ascribe/rules/adjoint.hpp>
#include <ascribe/rules/product_step.hpp>

namespace ascribe::rule::detail {

/// Factor k gets share·B_kᵀ(m)·u, m being the other factor (and its baseline's), or 1; where R is divided by
/// the outputs, share·a_k ⊙ B_kᵀ(a_other)·R/s(b).
template <class S>
class ProductAdjoint {
 public:
  using Values = kernel::Samples<const S>;

  ProductAdjoint(const kind::Product& layer, const FactorShares& rule, Adjoint<S>& c)
      : layer_(layer),
        rule_(rule),
        c_(c),
        samples_(c.b.cols()),
        scope_(c.workspace),
        scratch_(layer, c.workspace, samples_) {}

  void run() {
    const Index rows = layer_.output_size();
    ascribe::detail::set_zero(rows, samples_, c_.up_bar.data());
    const bool even = rule_.of == FactorShares::even;
    const S share(even ? 0.5 : 1.0);
    const bool quotients = rule_.divides(layer_, c_.form);
    Values u{c_.up.data(), rows};
    if (quotients) {
      const kernel::Samples<S> v = scratch_.outputs();
      divide_by_outputs(rows, samples_, c_.b.data(), c_.up.data(), rule_.epsilon, v.data);
      u = {v.data, v.stride};
    }
    for (Index k = 0; k < 2; ++k) {
      if (rule_.of == FactorShares::signal && k == layer_.gate) continue;
      Values by = scratch_.factor(c_.down_bar.data(), c_.down_bar.rows(), k);
      const Values other = scratch_.factor(c_.a.data(), c_.a.rows(), 1 - k);
      if (quotients) {
        const S* gone = transposed(k, other, u);
        add(k, share, gone, by, c_.a_bar.data());
        by = scratch_.made(k, by, scratch_.factor(c_.a.data(), c_.a.rows(), k),
                           [](const S& x, const S& y) { return S(x * y); });
      }
      const bool constant = c_.form == Form::R && rule_.of != FactorShares::gradient && !quotients;
      const bool both = even && c_.form == Form::Delta;
      const Values m =
          constant ? scratch_.ones(1 - k)
          : both   ? scratch_.made(1 - k, other,
                                   scratch_.factor(c_.a_base.data, c_.a_base.stride, 1 - k),
                                   [](const S& x, const S& y) { return S(x + y); })
                   : other;
      const kernel::Samples<S> b = scratch_.outputs();
      kind::apply<S>(layer_, k == 0 ? by : m, k == 0 ? m : by, b, samples_);
      add_multiple_everywhere(rows, share, b.data, c_.up_bar.data());
      if (constant) continue;
      const S* to_other = transposed(1 - k, by, u);
      add(1 - k, share, to_other, {}, c_.a_bar.data());
      if (both) add(1 - k, share, to_other, {}, c_.a_base_bar);
    }
    if (quotients) finish_quotients(u);
  }

 private:
  const S* transposed(Index k, Values other, Values u) {
    const Index size = layer_.factor_size(k);
    const kernel::Samples<S> to{c_.workspace.allocate(size * samples_), size};
    kind::apply_transposed<S>(layer_, k, other, u, to, samples_);
    return to.data;
  }
  /// Factor k of `to` += share·x (⊙ y).
  void add(Index k, const S& share, const S* x, Values y, S* to) {
    const Index size = layer_.factor_size(k), stride = layer_.input_size(), at = layer_.factor_at(k);
    each_piece(size, samples_, [&, share = share](Index n, Index first, Index width) {
      const S* from = x + n * size + first;
      S* target = to + n * stride + at + first;
      if (!y.data) return ascribe::detail::add_multiple(width, share, from, target);
      const S* with = y.of(n) + first;
      for (Index i = 0; i < width; ++i) target[i] += share * from[i] * with[i];
    });
  }
  void add_multiple_everywhere(Index rows, const S& share, const S* x, S* to) {
    each_piece(rows, samples_, [&](Index n, Index first, Index width) {
      ascribe::detail::add_multiple(width, share, x + n * rows + first, to + n * rows + first);
    });
  }
  /// From the derivative by v = R/s(b) to those by R and b.
  void finish_quotients(Values v) {
    const Index rows = layer_.output_size();
    each_piece(rows, samples_, [&](Index n, Index first, Index width) {
      for (Index i = n * rows + first, end = i + width; i < end; ++i) {
        const S s = stabilised(c_.b.data()[i], rule_.epsilon);
        const S by_s = s == S(0) ? S(0) : S(c_.up_bar.data()[i] / s);
        c_.up_bar.data()[i] = by_s;
        c_.b_bar.data()[i] -= by_s * v.data[i];
      }
    });
  }

  const kind::Product& layer_;
  const FactorShares& rule_;
  Adjoint<S>& c_;
  Index samples_;
  WorkspaceScope<S> scope_;
  FactorScratch<S> scratch_;
};

template <class S>
void adjoint_of_product(const kind::Product& layer, const FactorShares& shares, Adjoint<S>& c) {
  const FactorShares rule = shares.in(layer, c.form);
  ProductAdjoint<S>(layer, rule, c).run();
}

}  // namespace ascribe::rule::detail
