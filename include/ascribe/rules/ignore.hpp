/// The rule Ignore: a layer hands its relevance on as it is.
#pragma once

#include <ascribe/rules/function_step.hpp>
#include <ascribe/rules/shares.hpp>

namespace ascribe::rule {

/// R_a = R_b (Bach et al. 2015; zennit's Pass). At a function with f(0) ≠ 0 there are two readings, one where
/// f(0) = 0:
///
/// - plain: f(0)'s share goes to the input too. In Q the raw slope b/a, which has no value at a = 0: an
///   output whose input is exactly 0 and which is not drops b·Q.
/// - `biased`: R_a = (1 − f(0)/b)·R_b, and f(0)/b·R_b to the bias: what Slope does in Q. At b = 0 the
///   shares have no value and R_b is dropped.
///
/// At a MatMul with as many inputs as outputs, such as a batch normalisation, R_in = R_out, feature by
/// feature, in R alone; the bias gets nothing. The step throws Error where the sizes differ.
struct Ignore {
  static constexpr const char* name = "Ignore";

  bool biased = false;  ///< whether f(0) is booked as a bias

  constexpr Shares matrix() const { return Shares::unchanged; }
  constexpr Pointwise function() const { return {biased ? Pointwise::without_bias : Pointwise::handed_on}; }
};

/// As zennit calls it.
using Pass = Ignore;

}  // namespace ascribe::rule
