#pragma once

#include <ascribe/core/math.hpp>
#include <ascribe/functions/exponential.hpp>
#include <ascribe/functions/kink.hpp>

namespace ascribe::fn {

/// f(x) = x for x > 0, alpha·(e^(x/alpha) − 1) otherwise, with f'(0) = 1 from either side. Barron 2017,
/// arXiv:1704.07483. alpha is not 0.
struct Celu {
  static constexpr const char* name = "Celu";

  double alpha = 1;  ///< where f levels out below 0: at −alpha

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return a > Scalar(0) ? a : Scalar(Scalar(alpha) * math::expm1(Scalar(a / Scalar(alpha))));
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return a > Scalar(0) ? Scalar(1) : math::exp(Scalar(a / Scalar(alpha)));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return a > Scalar(0) ? Scalar(0) : Scalar(derivative(a) / Scalar(alpha));
  }

  /// On one side of 0 that side's; on two, f(hi) and −f(lo) have one sign, and f(lo) is lo times the chord
  /// from 0.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar hi = math::max(a, r);
    const Scalar lo = math::min(a, r);
    if (!(hi > lo)) return derivative(a);
    if (hi <= Scalar(0)) return Exp{}.chord(Scalar(hi / Scalar(alpha)), Scalar(lo / Scalar(alpha)));
    if (lo >= Scalar(0)) return Scalar(1);
    const Scalar scale = quotient_scale(math::max(hi, Scalar(-lo)));
    const Scalar below = Exp{}.chord(Scalar(lo / Scalar(alpha)), Scalar(0));
    return Scalar(Scalar(scale * hi - scale * lo * below) / Scalar(scale * hi - scale * lo));
  }
};

}  // namespace ascribe::fn
