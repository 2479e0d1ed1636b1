/// The rule Slope: what LRP's Ignore is once relevance is divided by the activations.
#pragma once

#include <ascribe/rules/function_step.hpp>

namespace ascribe::rule {

/// (f(a) − f(0))/a · u, the chord slope from 0, f'(0) at a = 0: f(0) is a bias that f adds. In Q the books
/// close with f(0)·Q to the bias. In R (a plain factor, docs/rules.md, identity 8) the rest, (1 − slope)·R,
/// is dropped. A function without a value at 0 has no chord from there: its derivative stands in.
struct Slope {
  static constexpr const char* name = "Slope";
  constexpr Pointwise function() const { return {Pointwise::from_zero}; }
};

}  // namespace ascribe::rule
