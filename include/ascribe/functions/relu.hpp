#pragma once

#include <ascribe/functions/kink.hpp>

namespace ascribe::fn {

/// f(x) = max(x, 0), with f'(0) = 0.
struct Relu {
  /// Not `max`: written so, automatic differentiation finds f'(0) = 0 too, and NaN stays NaN.
  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return a <= Scalar(0) ? Scalar(0) : a;
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return a > Scalar(0) ? Scalar(1) : Scalar(0);
  }

  /// The share of a − r that lies right of 0: (a⁺ − r⁺)/(a − r), in which nothing cancels. Halves, since
  /// 2a might overflow. No choice has arithmetic in its branches: GCC vectorises a loop over this, and not
  /// one over `kinked_chord`, which is the same but for the last bit of denormals.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar half(0.5), unit(1), zero(0);
    const Scalar rise = Scalar(half * a + half * math::abs(a)) - Scalar(half * r + half * math::abs(r));
    const Scalar run = a - r;
    const Scalar together = run == zero ? unit : zero;
    const Scalar right = a > zero ? unit : zero;
    return Scalar((rise + together * right) / (run + together));
  }
};

}  // namespace ascribe::fn
