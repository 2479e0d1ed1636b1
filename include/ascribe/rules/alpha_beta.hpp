/// The rule AlphaBeta: positive and negative contributions apart.
#pragma once

#include <cmath>

#include <ascribe/rules/shares.hpp>

namespace ascribe::rule {

/// R_i = Σ_j [α·(a_i w_ij)⁺/s(z⁺_j) − β·(a_i w_ij)⁻/s(z⁻_j)]·R_j, α − β = 1, with z⁺ = Σ (a w)⁺ + bias⁺ and
/// z⁻ = Σ (a w)⁻ + bias⁻ (Bach et al. 2015, eq. 60). Where an output has no negative contribution, its −β·R
/// finds nobody and is the stabiliser's: that is not small.
///
/// Behind a ReLU three products of the forward pass's size: z⁻ = z − z⁺ needs none. Outputs where that would
/// cancel have their z⁻ computed one by one where the map can (`apply_at`) and they are less than one in
/// sixteen, else by a fourth product. For inputs of both signs six, or eight.
struct AlphaBeta {
  static constexpr const char* name = "AlphaBeta";

  /// What contributions above and below 0 count, and the stabiliser.
  double alpha = 2, beta = 1, epsilon = 1e-6;

  constexpr Shares matrix() const {
    return {{{.terms = plus(), .factor = alpha}, {.terms = minus(), .factor = -beta}}, epsilon};
  }
  void check() const {
    check_epsilon(name, epsilon);
    if (!(alpha >= 0) || !(beta >= 0) || !(std::abs(alpha - beta - 1) <= 1e-9))
      fail("AlphaBeta: expected alpha and beta >= 0 with alpha - beta = 1, found alpha ", alpha, " and beta ",
           beta);
  }
  static constexpr void each_parameter(auto&& f) {
    f("alpha", &AlphaBeta::alpha);
    f("beta", &AlphaBeta::beta);
    f("epsilon", &AlphaBeta::epsilon);
  }
};

}  // namespace ascribe::rule
