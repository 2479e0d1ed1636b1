/// The rule WSquare: relevance in proportion to the squared weights.
#pragma once

#include <string>

#include <ascribe/core/format.hpp>
#include <ascribe/rules/contributions.hpp>

namespace ascribe::rule {

/// R_i = Σ_j w_ij²/s(z_j)·R_j with z_j = Σ_i w_ij² + bias_j² (the w²-rule: Montavon et al. 1512.02479;
/// the bias as zennit counts it). Padding takes no part. It does not look at the input.
///
/// One product of the forward pass's size, and one for a single sample.
struct WSquare {
  static constexpr const char* name = "WSquare";

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
void propagate(const kind::MatMul<M>& layer, const WSquare& rule, C& c, typename C::Up up,
               typename C::Down down) {
  detail::propagate_by_weights(layer, Weights::square, true, rule.epsilon, c, up, down);
}

}  // namespace ascribe::rule
