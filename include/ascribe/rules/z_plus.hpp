/// The rule ZPlus: relevance in proportion to the positive contributions.
#pragma once

#include <string>

#include <ascribe/core/format.hpp>
#include <ascribe/rules/contributions.hpp>

namespace ascribe::rule {

/// R_i = Σ_j (a_i w_ij)⁺/s(z⁺_j)·R_j with z⁺_j = Σ_i (a_i w_ij)⁺ + bias_j⁺ (the z⁺-rule: Montavon et al.
/// 1512.02479; for inputs of any sign as in zennit; AlphaBeta(1, 0)).
///
/// Two products of the forward pass's size where the inputs have one sign, else four.
struct ZPlus {
  static constexpr const char* name = "ZPlus";

  double epsilon = 1e-6;

  template <class M>
  Passage passage(const kind::MatMul<M>&, Form) const {
    return {.outputs = false};
  }

  static constexpr bool serves(Form form) { return form == Form::R; }
  void check() const { detail::check_epsilon(name, epsilon); }
  std::string parameters() const { return parameters_text({{"epsilon", epsilon}}); }
};

template <class M, class C>
void propagate(const kind::MatMul<M>& layer, const ZPlus& rule, C& c, typename C::Up up,
               typename C::Down down) {
  const detail::Contributions<M, C> contributions(layer, c);
  auto scratch = c.output_scratch();
  auto r = scratch.get();
  contributions.sum(Weights::positive, r);
  detail::divide(c, rule.epsilon, up.data(), 1, r.data(), r.rows(), contributions.bias(Weights::positive),
                 r.data());
  contributions.hand_back(r, nullptr, down);
}

}  // namespace ascribe::rule
