/// The rule Gradient: the chain rule, for all kinds.
#pragma once

#include <ascribe/rules/function_step.hpp>
#include <ascribe/rules/product_step.hpp>
#include <ascribe/rules/shares.hpp>
#include <ascribe/rules/softmax_step.hpp>
#include <ascribe/rules/window_step.hpp>

namespace ascribe::rule {

/// MatMul: Σ_j w_ij u_j. Elementwise: f'(a)·u. Max: u to the maximum; a tie goes to the first member.
/// Product: each factor the other times u. Softmax: b_i·(u_i − Σ b·u). (Simonyan et al. 1312.6034; docs/rules.md.) In the form Q this is
/// LRP's Normalized without a stabiliser, at a MatMul, where it books bias·Q. At a function, what f'(a)·u
/// does not account for is dropped: (b − f(0) − a·f'(a))·Q, 0 for functions that are linear pieces through
/// the origin (FullGrad's implicit bias, Srinivas & Fleuret 1905.00780). In R nothing is conserved, and the
/// rest is dropped.
struct Gradient {
  static constexpr const char* name = "Gradient";

  constexpr Shares matrix() const { return Shares::gradient; }
  constexpr Pointwise function() const { return {Pointwise::derivative}; }
  constexpr WindowShares maximum() const { return {WindowShares::winner}; }
  constexpr FactorShares product() const { return {FactorShares::gradient}; }
  constexpr RowShares softmax() const { return {RowShares::gradient}; }
};

}  // namespace ascribe::rule
