/// Differences from a baseline: DeepLIFT's Rescale.
#pragma once

#include <ascribe/methods/method.hpp>
#include <ascribe/rules/baseline.hpp>
#include <ascribe/rules/gradient.hpp>

namespace ascribe::method {

/// Shrikumar et al. 1704.02685, Rescale, with a rule for the maximum that keeps the total exact:
/// Σ relevance = f(x) − f(x̄). `MaxRule` is rule::Baseline, rule::BaselineFold, or rule::Gradient, which books
/// what it loses.
template <class MaxRule = rule::Baseline>
struct DeepLiftWith : Table<rule::Gradient, rule::Baseline, MaxRule> {
  static constexpr const char* name = "deep_lift";
  static constexpr Form form = Form::Delta;
  static constexpr bool times_input = true;
};

/// With rule::Baseline at maxima.
using DeepLift = DeepLiftWith<>;

}  // namespace ascribe::method
