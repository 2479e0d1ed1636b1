/// The rule WSquare: relevance in proportion to the squared weights.
#pragma once

#include <ascribe/rules/shares.hpp>

namespace ascribe::rule {

/// R_i = Σ_j w_ij²/s(z_j)·R_j with z_j = Σ_i w_ij² + bias_j² (the w²-rule: Montavon et al. 1512.02479;
/// the bias as zennit counts it). Padding takes no part. It does not look at the input.
///
/// One product of the forward pass's size, and one for a single sample.
struct WSquare {
  static constexpr const char* name = "WSquare";

  double epsilon = 1e-6;

  constexpr Shares matrix() const { return {term(Part::one, Weights::square), epsilon}; }
  void check() const { check_epsilon(name, epsilon); }
  static constexpr void each_parameter(auto&& f) { f("epsilon", &WSquare::epsilon); }
};

}  // namespace ascribe::rule
