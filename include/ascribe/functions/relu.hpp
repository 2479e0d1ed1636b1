#pragma once

#include <ascribe/functions/kink.hpp>
#include <ascribe/functions/promises.hpp>

namespace ascribe::fn {

/// f(x) = max(x, 0), with f'(0) = 0.
struct Relu {
  static constexpr const char* name = "Relu";

  static constexpr Promises promises() {
    return {
        .slope_from_value = true, .derivative_from_value = true, .homogeneous = true, .never_negative = true};
  }

  /// Not `max`: written so, automatic differentiation finds f'(0) = 0 too, and NaN stays NaN.
  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return a <= Scalar(0) ? Scalar(0) : a;
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return a > Scalar(0) ? Scalar(1) : Scalar(0);
  }

  /// The share of a − r that lies right of 0: (a⁺ − r⁺)/(a − r), in which nothing cancels. What
  /// `kinked_chord` says, written so that no choice has arithmetic in its branches: GCC 12 vectorises a loop
  /// over this one.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar zero(0), one(1), down(0.25), up(0x1p60);
    // 2x⁺ = x + |x|, which might overflow at large arguments; at small ones the scale keeps it from
    // denormals.
    const Scalar scale = math::abs(a) + math::abs(r) > one ? down : up;
    const Scalar x = scale * a, y = scale * r;
    const Scalar rise = Scalar(x + math::abs(x)) - Scalar(y + math::abs(y));
    const Scalar half_run = x - y;
    const Scalar together = a == r ? one : zero;
    const Scalar right = a > zero ? one : zero;
    return Scalar((rise + together * right) / (half_run + half_run + together));
  }
};

}  // namespace ascribe::fn
