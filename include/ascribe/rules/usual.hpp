/// The rule of layers that most methods say nothing of.
#pragma once

#include <ascribe/rules/product_step.hpp>
#include <ascribe/rules/softmax_step.hpp>

namespace ascribe::rule {

/// What products of activations and softmaxes get of methods that say nothing of them. A product feature by
/// feature: GateConstant, against a baseline EvenSplit, which is exact there. A product of matrices: EvenSplit.
/// A softmax: its derivative as AttnLRP has it, against a baseline Baseline.
struct Usual {
  static constexpr const char* name = "Usual";
  constexpr FactorShares product() const { return {FactorShares::usual}; }
  constexpr RowShares softmax() const { return {RowShares::usual}; }
};

/// Whether a kind of layer has it.
template <class Kind>
inline constexpr bool has_usual = false;
template <>
inline constexpr bool has_usual<kind::Product> = true;
template <>
inline constexpr bool has_usual<kind::Softmax> = true;

}  // namespace ascribe::rule
