/// The rules of a product of two activations.
#pragma once

#include <ascribe/rules/product_step.hpp>
#include <ascribe/rules/shares.hpp>

namespace ascribe::rule {

/// The gate is a constant factor, and the other, the signal, takes everything: R_signal = R, or Q_signal =
/// gate·Q ("signal-take-all": Arras et al. 1909.12114, §3.2; CP-LRP where the gates are attention's weights:
/// Ali et al. 2202.07304). Against a baseline the gate's change is dropped. Where an output is a sum of
/// products, R is shared by Normalized(ε): a_s·Σ gate·R/s(b).
struct GateConstant {
  static constexpr const char* name = "GateConstant";
  double epsilon = 1e-6;

  constexpr FactorShares product() const { return {FactorShares::signal, epsilon}; }
  static constexpr void each_parameter(auto&& f) { f("epsilon", &GateConstant::epsilon); }
  void check() const { check_epsilon(name, epsilon); }
};

/// Each factor takes half: Q₁ = a₂·Q/2, and R likewise as GateConstant would share it (Achtibat et al.
/// 2402.05602, proposition 3.3). Against a baseline the average over the two orders in which the factors may be
/// changed, which is exact.
struct EvenSplit {
  static constexpr const char* name = "EvenSplit";
  double epsilon = 1e-6;

  constexpr FactorShares product() const { return {FactorShares::even, epsilon}; }
  static constexpr void each_parameter(auto&& f) { f("epsilon", &EvenSplit::epsilon); }
  void check() const { check_epsilon(name, epsilon); }
};

}  // namespace ascribe::rule
