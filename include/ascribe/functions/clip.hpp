#pragma once

#include <limits>

#include <ascribe/core/math.hpp>

namespace ascribe::fn {

/// f(x) = min(max(x, low), high), low ≤ high, with f' = 0 at both ends. Either end may be infinite.
struct Clip {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();

  /// The ends belong to the flat parts, so that automatic differentiation finds f' = 0 there too.
  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return a >= Scalar(high) ? Scalar(high) : a <= Scalar(low) ? Scalar(low) : a;
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return a > Scalar(low) && a < Scalar(high) ? Scalar(1) : Scalar(0);
  }

  /// The share of a − r that lies between the ends: 0 or 1 exactly where both lie on one piece.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar hi = math::max(a, r);
    const Scalar lo = math::min(a, r);
    const bool flat = hi <= Scalar(low) || lo >= Scalar(high);
    const bool ramp = lo >= Scalar(low) && hi <= Scalar(high);
    const bool across = !flat && !ramp;
    const Scalar top = across ? hi : Scalar(1);
    const Scalar bottom = across ? lo : Scalar(0);
    // Halved, as hi − lo may overflow beyond 1; not below, where a denormal would lose its last bit.
    const Scalar half = across && hi > Scalar(1) ? Scalar(0.5) : Scalar(1);
    // Choices between numbers, arithmetic on either, so that a loop vectorises: see kinked_chord.
    const Scalar upper = across ? value(hi) : flat ? Scalar(0) : Scalar(1);
    const Scalar lower = across ? value(lo) : Scalar(0);
    const Scalar rise = half * upper - half * lower;
    return Scalar(rise / Scalar(half * top - half * bottom));
  }
};

/// f(x) = min(max(x, 0), 6): `Clip{0, 6}` by its usual name.
struct Relu6 : Clip {
  constexpr Relu6() : Clip{0, 6} {}
};

}  // namespace ascribe::fn
