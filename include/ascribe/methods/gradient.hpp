/// The methods of gradients: saliency and gradient × input.
#pragma once

#include <ascribe/methods/method.hpp>
#include <ascribe/rules/gradient.hpp>
#include <ascribe/rules/product.hpp>

namespace ascribe::method {

/// ∂f/∂x (saliency: Simonyan et al. 1312.6034).
struct Gradient : Table<rule::Gradient, rule::Gradient, rule::Gradient> {
  static constexpr const char* name = "gradient";
  static constexpr Form form = Form::Q;
  static constexpr bool times_input = false;

  using Table::rule_for;
  rule::Gradient rule_for(const kind::Product&) const { return {}; }
  rule::Gradient rule_for(const kind::Softmax&) const { return {}; }
};

/// x ⊙ ∂f/∂x. Its books are those of `Gradient`.
struct GradientTimesInput : Gradient {
  static constexpr const char* name = "gradient_times_input";
  static constexpr bool times_input = true;
};

}  // namespace ascribe::method
