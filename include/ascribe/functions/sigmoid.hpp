#pragma once

#include <ascribe/core/math.hpp>

namespace ascribe::fn {

/// f(x) = 1/(1 + e⁻ˣ), f'(x) = f(x)·f(−x). f(0) = 1/2 is a bias that the function carries.
struct Sigmoid {
  static constexpr const char* name = "Sigmoid";

  /// By sign, so that e^|x| never overflows and the lower tail keeps its digits.
  template <class Scalar>
  Scalar value(const Scalar& a) const {
    const bool above = a >= Scalar(0);
    const Scalar e = math::exp(above ? Scalar(-a) : a);
    return Scalar((above ? Scalar(1) : e) / Scalar(Scalar(1) + e));
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(value(a) * value(Scalar(-a)));
  }

  /// f''(x) = f'(x)·(1 − 2f(x)), whose factor keeps its digits as −tanh(x/2).
  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return Scalar(-derivative(a) * math::tanh(Scalar(Scalar(0.5) * a)));
  }

  /// f(hi) − f(lo) = f(hi)·f(−lo)·(1 − e^(lo − hi)): all factors positive, none above 1.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar hi = math::max(a, r);
    const Scalar lo = math::min(a, r);
    const Scalar d = hi - lo;
    // Below ε the derivative at either end is the chord to rounding, where d may be a denormal.
    if (!(d >= Scalar(math::epsilon<Scalar>))) return derivative(lo);
    return Scalar(Scalar(value(hi) * value(Scalar(-lo))) * Scalar(-math::expm1(Scalar(-d)) / d));
  }
};

}  // namespace ascribe::fn
