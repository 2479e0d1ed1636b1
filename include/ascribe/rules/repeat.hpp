/// The rules Repeat and Guided: what comes back is filtered.
#pragma once

#include <ascribe/rules/function_step.hpp>

namespace ascribe::rule {

/// f(u), the layer's own function of the backward signal: deconvolution (Zeiler & Fergus 1311.2901) where f
/// is the ReLU. Not linear in u; what is filtered out is dropped.
struct Repeat {
  static constexpr const char* name = "Repeat";
  constexpr Pointwise function() const { return {Pointwise::derivative, Pointwise::by_function}; }
};

/// f'(a)·max(u, 0): guided backpropagation (Springenberg et al. 1412.6806), for every f.
struct Guided {
  static constexpr const char* name = "Guided";
  constexpr Pointwise function() const { return {Pointwise::derivative, Pointwise::above_zero}; }
};

}  // namespace ascribe::rule
