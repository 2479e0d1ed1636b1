/// The rule Baseline: differences from a baseline (DeepLIFT's Rescale), for functions, maxima and softmaxes.
#pragma once

#include <ascribe/rules/function_step.hpp>
#include <ascribe/rules/softmax_step.hpp>
#include <ascribe/rules/window_step.hpp>

namespace ascribe::rule {

/// Elementwise: m_a = (f(a) − f(ā))/(a − ā)·m_b, f'(a) at a = ā (Rescale: Shrikumar et al. 1704.02685,
/// §3.5.1). Max: the limit of Rescale through exp, Σ and log at growing sharpness. With M = max(b, b̄) the
/// winner of the image contributes M − b̄ and the winner of the baseline b − M; one winner in both has the
/// multiplier 1. Multipliers lie in [0, 1], and Σ Δa·m = Δb exactly. Softmax: w_i·(u_i − Σ w·u/Σ w) with w the
/// logarithmic means of b and b̄, which is Rescale through b = e^(a − log Σ eᵃ), and exact.
struct Baseline {
  static constexpr const char* name = "Baseline";
  constexpr Pointwise function() const { return {Pointwise::from_baseline}; }
  constexpr WindowShares maximum() const { return {WindowShares::limit}; }
  constexpr RowShares softmax() const { return {RowShares::baseline}; }
};

/// As DeepLIFT calls it.
using Rescale = Baseline;

/// Max only: max(a, c) = a + relu(c − a) folded from the first member to the last, Baseline on each relu.
/// Exact too, and for two inputs what integrated gradients give; for more it depends on the members' order.
struct BaselineFold {
  static constexpr const char* name = "BaselineFold";
  constexpr WindowShares maximum() const { return {WindowShares::fold}; }
};

}  // namespace ascribe::rule
