/// The exponential function and the natural logarithm.
#pragma once

#include <ascribe/core/math.hpp>

namespace ascribe::fn {

/// f(x) = eˣ = f'(x). f(0) = 1 is a bias that the function carries.
struct Exp {
  static constexpr const char* name = "Exp";

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::exp(a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return math::exp(a);
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return math::exp(a);
  }

  /// e^hi·(1 − e^(lo − hi))/(hi − lo): from the upper end, so that it overflows no sooner than f does.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar hi = math::max(a, r);
    const Scalar d = hi - math::min(a, r);
    if (!(d > Scalar(0))) return derivative(a);
    const Scalar top = math::exp(hi);
    return math::isfinite(top) ? Scalar(top * Scalar(-math::expm1(Scalar(-d)) / d)) : top;
  }
};

/// f(x) = log x for x > 0, f'(x) = 1/x. It has no value at 0, and no chord from there.
struct Log {
  static constexpr const char* name = "Log";
  static constexpr const char* domain = "numbers above 0";

  template <class Scalar>
  bool defined_at(const Scalar& a) const {
    return a > Scalar(0);
  }

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::log(a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(Scalar(1) / a);
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return Scalar(-derivative(a) / a);
  }

  /// log(hi/lo) = log(1 + (hi − lo)/lo). Where that quotient overflows, nothing cancels in the difference.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar hi = math::max(a, r);
    const Scalar lo = math::min(a, r);
    const Scalar d = hi - lo;
    if (!(d > Scalar(0))) return derivative(a);
    const Scalar quotient = Scalar(d / lo);
    if (math::isfinite(quotient)) return Scalar(math::log1p(quotient) / d);
    return Scalar(Scalar(math::log(hi) - math::log(lo)) / d);
  }
};

}  // namespace ascribe::fn
