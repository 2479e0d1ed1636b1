/// The methods that filter what comes back: deconvolution and guided backpropagation.
#pragma once

#include <ascribe/functions/any_function.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/rules/any_rule.hpp>
#include <ascribe/rules/repeat.hpp>

namespace ascribe::method {

/// Zeiler & Fergus 1311.2901 as a table of rules (Samek et al. 1509.06321): Repeat at every ReLU, the
/// gradient elsewhere. The definition is the ReLU's; a relevance that has gone through a tanh or a sigmoid
/// means nothing, so that other functions keep their gradient. A method of one's own may give them
/// rule::Repeat.
struct Deconvolution : Gradient {
  static constexpr const char* name = "deconvnet";

  using Gradient::rule_for;
  rule::Repeat rule_for(const kind::Elementwise<fn::Relu>&) const { return {}; }
  template <class S>
  rule::AnyRule<S> rule_for(const kind::Elementwise<fn::AnyFunction<S>>& layer) const {
    if (layer.f.template as<fn::Relu>()) return rule::Repeat();
    return rule::Gradient();
  }
};

/// Springenberg et al. 1412.6806: f'(a)·max(R, 0) at every elementwise function, whichever it is.
struct GuidedBackpropagation : Table<rule::Gradient, rule::Guided, rule::Gradient> {
  static constexpr const char* name = "guided_backprop";
  static constexpr Form form = Form::Q;
  static constexpr bool times_input = false;

  using Table::rule_for;
  rule::Gradient rule_for(const kind::Product&) const { return {}; }
  rule::Gradient rule_for(const kind::Softmax&) const { return {}; }
};

}  // namespace ascribe::method
