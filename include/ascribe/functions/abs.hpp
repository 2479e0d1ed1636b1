#pragma once

#include <ascribe/core/math.hpp>
#include <ascribe/functions/kink.hpp>
#include <ascribe/functions/promises.hpp>

namespace ascribe::fn {

/// f(x) = |x|, with f'(0) = 0.
struct Abs {
  static constexpr const char* name = "Abs";

  static constexpr Promises promises() { return {.homogeneous = true, .never_negative = true}; }

  /// 0 apart, so that automatic differentiation finds f'(0) = 0 too.
  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return a == Scalar(0) ? Scalar(0) : math::abs(a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return a > Scalar(0) ? Scalar(1) : a < Scalar(0) ? Scalar(-1) : Scalar(0);
  }

  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    return kinked_chord(a, r, Scalar(-1), Scalar(0), Scalar(1));
  }
};

}  // namespace ascribe::fn
