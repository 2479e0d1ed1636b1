/// What the adjoint of a rule's step sees and writes.
#pragma once

#include <algorithm>
#include <span>

#include <ascribe/core/context.hpp>
#include <ascribe/core/loops.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/core/workspace.hpp>
#include <ascribe/layers/matmul.hpp>
#include <ascribe/rules/shares.hpp>

namespace ascribe {

/// One step back, down = step(a, b, up; weights), and the derivative of a number L by what it writes; the
/// adjoint of the step makes those by what it reads. x_bar is ∂L/∂x, of x's shape. Batches are features ×
/// samples. A rule that is no data has an overload of `adjoint(kind, rule, Adjoint<S>&)`, found as
/// `propagate` is.
template <class S>
struct Adjoint {
  using Scalar = S;

  /// The values of the forward pass at the layer's inputs and outputs.
  View<S> a, b;
  /// The baseline's values there.
  BaselineValues<S> a_base, b_base;
  Form form;                ///< what the pass carries
  Workspace<S>& workspace;  ///< for what lies between
  /// What was carried down to the layer, and the derivative by what it handed on.
  View<S> up, down_bar;
  const S* bias_shares_bar;  ///< by each output's bias share; null where L has none
  Out<S> up_bar;             ///< to be written; all below is to be added to
  /// By the layer's inputs and outputs.
  Out<S> a_bar, b_bar;
  /// By the baseline's: one column a sample; null without a baseline.
  S *a_base_bar, *b_base_bar;
  /// By stored weights in the host's order and by bias entries; null: none asked.
  S *weights_bar, *bias_bar;
  std::span<const rule::Variation> variations = {};  ///< the rule's parameters
  S* parameters_bar = nullptr;                       ///< by each of them
};

namespace rule::detail {

/// to_i += x_i, and against a baseline from_i −= x_i: the derivative by a − ā.
template <class S>
void add_change(Index count, const S* x, S* to, S* from) {
  ascribe::detail::add(count, x, to);
  if (from) ascribe::detail::add_multiple(count, S(-1), x, from);
}

/// to_k += Σ_j x_j over the outputs j of channel k of all samples, in one order for any number of threads.
template <class S>
void add_to_channels(Index rows, Index samples, const S* x, Index period, S* to) {
  constexpr Index block = 64;
  each_part(1, (period + block - 1) / block, block * rows / period * samples, [=](Index, Index part) {
    const Index first = part * block, width = std::min(block, period - first);
    for (const S *from = x + first, *end = x + rows * samples; from < end; from += period)
      ascribe::detail::add(width, from, to + first);
  });
}

}  // namespace rule::detail
}  // namespace ascribe
