#pragma once

#include <ascribe/core/math.hpp>

namespace ascribe::fn {

/// f(x) = x/(1 + |x|), f'(x) = 1/(1 + |x|)².
struct Softsign {
  static constexpr const char* name = "Softsign";

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return Scalar(a / Scalar(Scalar(1) + math::abs(a)));
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return chord(a, a);
  }

  /// ∓2/(1 + |x|)³, and 0 at 0, where it jumps.
  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    const Scalar side(a > Scalar(0) ? -2.0 : a < Scalar(0) ? 2.0 : 0.0);
    return Scalar(side * derivative(a) / Scalar(Scalar(1) + math::abs(a)));
  }

  /// On one side of 0 it is 1/((1 + |a|)(1 + |r|)); on two, f(a) and −f(r) have one sign.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const bool across = (a > Scalar(0) && r < Scalar(0)) || (a < Scalar(0) && r > Scalar(0));
    if (across) return Scalar(Scalar(value(a) - value(r)) / Scalar(a - r));
    const Scalar product = Scalar(Scalar(1) + math::abs(a)) * Scalar(Scalar(1) + math::abs(r));
    return Scalar(Scalar(1) / product);
  }
};

}  // namespace ascribe::fn
