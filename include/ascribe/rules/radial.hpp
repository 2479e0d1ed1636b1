/// The rule Radial: a maximum shares by the values, not to the winner alone.
#pragma once

#include <ascribe/rules/window_step.hpp>

namespace ascribe::rule {

/// R(a_i) = s_i R(b), s_i ≥ 0, Σ s_i = 1 (docs/rules.md): the maximum taken as homogeneous along the ray
/// through 0.
///
/// - b > 0: s_i = a_i⁺/Σ a⁺. In Q: b/Σa⁺·Q(b) for the positive members.
/// - b < 0: s_i = (b/a_i)/Σ(b/a_k), quotients in (0, 1] where 1/a would overflow. In Q:
/// (b/a_i)²/Σ(b/a_k)·Q(b).
/// - b = 0: the zeros share equally. One zero taking all is the limit from both sides; several have none, so
///   that equal shares are a convention. In Q: Q(b)/k each.
///
/// A constant's share is a bias; padding takes none.
struct Radial {
  static constexpr const char* name = "Radial";
  constexpr WindowShares maximum() const { return {WindowShares::by_value}; }
};

}  // namespace ascribe::rule
