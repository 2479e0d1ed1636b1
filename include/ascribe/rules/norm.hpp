/// The rule Norm: Normalized for sums and average pools, in R.
#pragma once

#include <string>

#include <ascribe/core/format.hpp>
#include <ascribe/rules/normalized.hpp>

namespace ascribe::rule {

/// Normalized under the name that composites give it where the weights are the architecture's and not learned
/// (zennit's Norm): it keeps a small ε of its own when convolutions and dense layers are given a larger one.
struct Norm {
  static constexpr const char* name = "Norm";

  double epsilon = 1e-6;

  static constexpr bool serves(Form form) { return form == Form::R; }
  void check() const { detail::check_epsilon(name, epsilon); }
  std::string parameters() const { return parameters_text({{"epsilon", epsilon}}); }
};

template <class M, class C>
void propagate(const kind::MatMul<M>& layer, const Norm& rule, C& c, typename C::Up up,
               typename C::Down down) {
  propagate(layer, Normalized{rule.epsilon}, c, up, down);
}

}  // namespace ascribe::rule
