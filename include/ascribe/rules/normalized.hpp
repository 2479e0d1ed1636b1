/// The rule Normalized: relevance in proportion to the contributions.
#pragma once

#include <ascribe/rules/shares.hpp>

namespace ascribe::rule {

/// R_i = Σ_j a_i w_ij / s(b_j) · R_j, with b_j's bias in the denominator (LRP-ε: Bach et al. 2015, eq. 58;
/// LRP-0 at ε = 0, where an output of exactly 0 passes nothing on and its R is booked as dropped).
/// In Q it is Gradient of q = (b/s(b))·Q; against a baseline the same with Δb for b. One product of the
/// forward pass's size.
struct Normalized {
  static constexpr const char* name = "Normalized";

  double epsilon = 1e-6;

  constexpr Shares matrix() const { return {contributions(), epsilon}; }
  void check() const { check_epsilon(name, epsilon); }
  static constexpr void each_parameter(auto&& f) { f("epsilon", &Normalized::epsilon); }
};

/// As the field calls it.
using Epsilon = Normalized;

}  // namespace ascribe::rule
