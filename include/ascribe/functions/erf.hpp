#pragma once

#include <ascribe/core/math.hpp>
#include <ascribe/functions/quadrature.hpp>

namespace ascribe::fn {

/// The error function, f(x) = 2/√π·∫₀ˣ exp(−t²) dt (Abramowitz & Stegun, 7.1.1).
struct Erf {
  static constexpr const char* name = "Erf";

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::erf(a);
  }

  /// 2/√π·exp(−x²).
  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(Scalar(1.12837916709551257390) * math::exp(Scalar(-a * a)));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    const Scalar slope = derivative(a);
    return slope == Scalar(0) ? Scalar(0) : Scalar(Scalar(-2) * a * slope);
  }

  /// Near pairs by quadrature, where the integrand's steepness is 2|x|. Apart, the difference of erf, or of
  /// its complement in the tail on that side.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar hi = math::max(a, r);
    const Scalar lo = math::min(a, r);
    const Scalar d = hi - lo;
    if (!(d > Scalar(0))) return derivative(a);
    const Scalar steepness = Scalar(1) + Scalar(2) * math::max(math::abs(hi), math::abs(lo));
    if (d * steepness < Scalar(1)) return mean_derivative(*this, lo, d);
    const Scalar rise = lo > Scalar(0)   ? Scalar(math::erfc(lo) - math::erfc(hi))
                        : hi < Scalar(0) ? Scalar(math::erfc(Scalar(-hi)) - math::erfc(Scalar(-lo)))
                                         : Scalar(value(hi) - value(lo));
    return Scalar(rise / d);
  }
};

}  // namespace ascribe::fn
