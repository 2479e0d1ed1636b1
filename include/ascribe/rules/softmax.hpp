/// The rules of a softmax alone.
#pragma once

#include <ascribe/rules/softmax_step.hpp>

namespace ascribe::rule {

/// AttnLRP's rule of a softmax (Achtibat et al. 2402.05602, proposition 3.1): its linear part at the input,
/// R_i = a_i·(R_i − b_i·Σ R). In Q that is the derivative; nothing is divided. What the linear part leaves is
/// dropped, by its own formula.
struct Expansion {
  static constexpr const char* name = "Expansion";
  constexpr RowShares softmax() const { return {RowShares::expansion}; }
};

/// Attention's weights are constant gates (CP-LRP: Ali et al. 2202.07304): nothing goes below, all is dropped.
struct Constant {
  static constexpr const char* name = "Constant";
  constexpr RowShares softmax() const { return {RowShares::constant}; }
};

}  // namespace ascribe::rule
