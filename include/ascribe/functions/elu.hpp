#pragma once

#include <ascribe/core/math.hpp>
#include <ascribe/functions/relu.hpp>

namespace ascribe::fn {

/// f(x) = x for x > 0, alpha·(eˣ − 1) otherwise, with f'(0) = alpha.
/// Clevert, Unterthiner & Hochreiter 2015, arXiv:1511.07289.
struct Elu {
  static constexpr const char* name = "Elu";

  double alpha = 1;  ///< where f levels out below 0: at −alpha

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return a > Scalar(0) ? a : Scalar(Scalar(alpha) * math::expm1(a));
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return a > Scalar(0) ? Scalar(1) : Scalar(Scalar(alpha) * math::exp(a));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return a > Scalar(0) ? Scalar(0) : derivative(a);
  }

  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar hi = math::max(a, r);
    const Scalar lo = math::min(a, r);
    const Scalar d = hi - lo;
    if (!(d > Scalar(0))) return derivative(a);
    // From the upper end, where e^hi ≤ 1; e^lo·expm1(d) would overflow from d = 710 on.
    if (hi <= Scalar(0)) return Scalar(Scalar(alpha) * math::exp(hi) * Scalar(-math::expm1(Scalar(-d)) / d));
    if (lo >= Scalar(0)) return Scalar(1);
    return Scalar(Relu{}.chord(hi, lo) + Scalar(alpha) * Scalar(-math::expm1(lo) / d));
  }
};

}  // namespace ascribe::fn
