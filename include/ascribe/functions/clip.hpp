#pragma once

#include <limits>

#include <ascribe/core/math.hpp>

namespace ascribe::fn {

/// f(x) = min(max(x, low), high), low ≤ high, with f' = 0 at both ends. Either end may be infinite.
struct Clip {
  static constexpr const char* name = "Clip";

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
    // Halved, as hi − lo may overflow beyond 1; not below, where a denormal would lose its last bit.
    const Scalar half = hi > Scalar(1) ? Scalar(0.5) : Scalar(1);
    const Scalar side = flat ? Scalar(0) : Scalar(1);
    const Scalar rise = across ? Scalar(half * value(hi) - half * value(lo)) : side;
    const Scalar run = across ? Scalar(half * hi - half * lo) : Scalar(1);
    return Scalar(rise / run);
  }
};

/// f(x) = min(max(x, 0), 6): `Clip{0, 6}` by its usual name.
struct Relu6 : Clip {
  static constexpr const char* name = "Relu6";

  constexpr Relu6() : Clip{0, 6} {}
};

}  // namespace ascribe::fn
