/// The rule Flat: every input of an output gets the same.
#pragma once

#include <string>

#include <ascribe/core/format.hpp>
#include <ascribe/rules/contributions.hpp>

namespace ascribe::rule {

/// R_i = Σ_j 1/s(n_j)·R_j over the outputs j that input i has a stored weight to, n_j the number of weights
/// stored for output j (Lapuschkin et al. 1902.10178; zennit's convention: no bias). Padding and
/// the gaps of a sparse matrix take no part. It does not look at the input.
///
/// One product of the forward pass's size, and one for a single sample.
struct Flat {
  static constexpr const char* name = "Flat";
  static constexpr bool ignores_bias = true;

  double epsilon = 1e-6;

  template <class M>
  Passage passage(const kind::MatMul<M>&, Form) const {
    return {.inputs = false, .outputs = false};
  }

  static constexpr bool serves(Form form) { return form == Form::R; }
  void check() const { detail::check_epsilon(name, epsilon); }
  std::string parameters() const { return parameters_text({{"epsilon", epsilon}}); }
};

template <class M, class C>
void propagate(const kind::MatMul<M>& layer, const Flat& rule, C& c, typename C::Up up,
               typename C::Down down) {
  detail::propagate_by_weights(layer, Weights::one, false, rule.epsilon, c, up, down);
}

}  // namespace ascribe::rule
