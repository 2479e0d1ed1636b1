/// The chord of a function made of two rays: what LeakyRelu and Abs share, and a function with a
/// kink of one's own can use.
#pragma once

#include <ascribe/core/math.hpp>

namespace ascribe::fn {

/// The power of two by which to multiply numbers of magnitude up to `size` before a quotient of their
/// differences is taken: beyond 1 a half, so that a − r does not overflow; up to 1 a large one, so that
/// products of denormals with slopes keep their digits.
template <class Scalar>
Scalar quotient_scale(const Scalar& size) {
  return size > Scalar(1) ? Scalar(0.5) : Scalar(0x1p60);
}

/// The chord between a and r of the function through 0 with slope `below` left of it, `above` right of
/// it and, by convention, `at` as its derivative there. On one side it is that side's slope exactly;
/// across the kink (above·a − below·r)/(a − r), where a and −r have one sign, so nothing cancels.
///
///     kinked_chord(3., -1., /*below=*/0., /*at=*/0., /*above=*/1.) == 0.75
///
/// One division for all cases, chosen operands rather than branches: clang vectorises a loop over it, GCC
/// 12 one with a literal r = 0, where `across` is false at compile time and no division is left.
template <class Scalar>
Scalar kinked_chord(const Scalar& a, const Scalar& r, const Scalar& below, const Scalar& at,
                    const Scalar& above) {
  const Scalar zero(0);
  const bool across = (a > zero && r < zero) || (a < zero && r > zero);
  const Scalar side = (a > zero || r > zero) ? above : (a < zero || r < zero) ? below : at;
  const Scalar hi = math::max(a, r);
  const Scalar lo = math::min(a, r);
  const Scalar scale = quotient_scale(math::max(hi, Scalar(-lo)));
  const Scalar rise = across ? Scalar(above * Scalar(scale * hi) - below * Scalar(scale * lo)) : side;
  const Scalar run = across ? Scalar(scale * hi - scale * lo) : Scalar(1);
  return Scalar(rise / run);
}

}  // namespace ascribe::fn
