/// The rule ZPlus: relevance in proportion to the positive contributions.
#pragma once

#include <ascribe/rules/shares.hpp>

namespace ascribe::rule {

/// R_i = Σ_j (a_i w_ij)⁺/s(z⁺_j)·R_j with z⁺_j = Σ_i (a_i w_ij)⁺ + bias_j⁺ (the z⁺-rule: Montavon et al.
/// 1512.02479; for inputs of any sign as in zennit; AlphaBeta(1, 0)).
///
/// Two products of the forward pass's size where the inputs have one sign, else four; a map that has the
/// products with contributions above 0 (`apply_plus`, maps/linear_map.hpp) takes one for each two of them.
struct ZPlus {
  static constexpr const char* name = "ZPlus";

  double epsilon = 1e-6;

  constexpr Shares matrix() const { return {plus(), epsilon}; }
  void check() const { check_epsilon(name, epsilon); }
  static constexpr void each_parameter(auto&& f) { f("epsilon", &ZPlus::epsilon); }
};

}  // namespace ascribe::rule
