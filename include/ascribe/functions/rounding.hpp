/// Functions that are constant between their jumps: their derivative is 0 everywhere, by convention at the
/// jumps too, so that no gradient passes. Chords see the jumps.
#pragma once

#include <ascribe/core/math.hpp>
#include <ascribe/functions/kink.hpp>

namespace ascribe::fn {

/// What they share: `F::value` is f.
template <class F>
struct Steps {
  template <class Scalar>
  Scalar derivative(const Scalar&) const {
    return Scalar(0);
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar&) const {
    return Scalar(0);
  }

  /// The quotient, which is 0 within a step; differences of whole numbers are exact.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar scale = quotient_scale(math::max(math::abs(a), math::abs(r)));
    const Scalar rise = Scalar(scale * F{}.value(a) - scale * F{}.value(r));
    return rise == Scalar(0) ? Scalar(0) : Scalar(rise / Scalar(scale * a - scale * r));
  }
};

/// f(x) = ⌊x⌋.
struct Floor : Steps<Floor> {
  static constexpr const char* name = "Floor";

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::floor(a);
  }
};

/// f(x) = ⌈x⌉.
struct Ceil : Steps<Ceil> {
  static constexpr const char* name = "Ceil";

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::ceil(a);
  }
};

/// The nearest whole number, of two the even one.
struct Round : Steps<Round> {
  static constexpr const char* name = "Round";

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::round(a);
  }
};

/// f(x) = −1, 0 or 1.
struct Sign : Steps<Sign> {
  static constexpr const char* name = "Sign";

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return Scalar(a > Scalar(0) ? 1.0 : a < Scalar(0) ? -1.0 : 0.0);
  }
};

}  // namespace ascribe::fn
