/// The rules of a product of two activations.
#pragma once

#include <ascribe/rules/product_step.hpp>

namespace ascribe::rule {

/// The gate is a constant factor, and the other, the signal, takes everything: R_signal = R, or Q_signal =
/// gate·Q ("signal-take-all": Arras et al. 1909.12114, §3.2). Against a baseline the gate's change is
/// dropped.
struct GateConstant {
  static constexpr const char* name = "GateConstant";
  constexpr FactorShares product() const { return {FactorShares::signal}; }
};

/// Each factor takes half: R/2, or Q₁ = a₂·Q/2. Against a baseline the average over the two orders in which
/// the factors may be changed, which is exact.
struct EvenSplit {
  static constexpr const char* name = "EvenSplit";
  constexpr FactorShares product() const { return {FactorShares::even}; }
};

/// What products get of methods that say nothing of them: EvenSplit against a baseline, else GateConstant.
struct UsualSplit {
  static constexpr const char* name = "UsualSplit";
  constexpr FactorShares product() const { return {FactorShares::usual}; }
};

}  // namespace ascribe::rule
