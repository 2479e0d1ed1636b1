/// The rule Flat: every input of an output gets the same.
#pragma once

#include <ascribe/rules/shares.hpp>

namespace ascribe::rule {

/// R_i = Σ_j 1/s(n_j)·R_j over the outputs j that input i has a stored weight to, n_j the number of weights
/// stored for output j (Lapuschkin et al. 1902.10178; zennit's convention: no bias). Padding and
/// the gaps of a sparse matrix take no part. It does not look at the input.
///
/// One product of the forward pass's size, and one for a single sample.
struct Flat {
  static constexpr const char* name = "Flat";

  double epsilon = 1e-6;

  constexpr Shares matrix() const {
    return {{{.terms = term(Part::one, Weights::one), .with_bias = false}}, epsilon};
  }
  void check() const { check_epsilon(name, epsilon); }
  static constexpr void each_parameter(auto&& f) { f("epsilon", &Flat::epsilon); }
};

}  // namespace ascribe::rule
