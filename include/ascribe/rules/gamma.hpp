/// The rule Gamma: the contributions with the output's sign are favoured.
#pragma once

#include <cmath>

#include <ascribe/rules/shares.hpp>

namespace ascribe::rule {

/// Generalised Gamma, for inputs and outputs of any sign (Montavon et al. 2019, *Layer-Wise Relevance
/// Propagation: An Overview*; Andéol et al. 2021; zennit's convention). With c_ij = a_i w_ij,
///
///     R_i = Σ_j (c_ij + γ c_ij±)/s(d_j)·R_j,   d_j = z_j + γ z±_j,   ± the sign of the output z_j,
///
/// biases counted alike. Where z_j = 0 nothing passes, and R_j is dropped. γ = 0 is Normalized wherever
/// z ≠ 0; γ → ∞ tends to ZPlus where z > 0, and to its mirror where z < 0.
///
/// Two products of the forward pass's size where the inputs have one sign, and so has z at every output that
/// carries relevance, the same: the usual case behind a ReLU, with a ReLU above. The favoured contributions
/// are then those of the positive weights, and the way back is one product with w + γw⁺. Three where the
/// outputs have another sign, or both; six where the inputs have both. The stored output serves: z⁻ = z − z⁺,
/// which is asked for where z < 0 and both are negative.
struct Gamma {
  static constexpr const char* name = "Gamma";

  /// How much contributions of the output's sign count besides, and the stabiliser.
  double gamma = 0.25, epsilon = 1e-6;

  constexpr Shares matrix() const {
    return {{{.terms = contributions() + gamma * plus(), .gate = Gate::above},
             {.terms = contributions() + gamma * minus(), .gate = Gate::below}},
            epsilon};
  }
  void check() const {
    check_epsilon(name, epsilon);
    if (!(gamma >= 0) || !std::isfinite(gamma)) fail("Gamma: expected a finite gamma >= 0, found ", gamma);
  }
  static constexpr void each_parameter(auto&& f) {
    f("gamma", &Gamma::gamma);
    f("epsilon", &Gamma::epsilon);
  }
};

}  // namespace ascribe::rule
