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

  /// The share of a − r that lies right of 0. chord(a, 0) is a > 0 ? 1 : 0, without a division.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    return kinked_chord(a, r, Scalar(0), Scalar(0), Scalar(1));
  }
};

}  // namespace ascribe::fn
