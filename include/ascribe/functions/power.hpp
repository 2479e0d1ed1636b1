/// A power of an affine expression.
#pragma once

#include <ascribe/core/math.hpp>

namespace ascribe::fn {

/// f(x) = (shift + scale·x)^exponent, for bases that are positive (any, where the exponent is a whole
/// number): the parts that local response normalisation is made of (Krizhevsky et al. 2012, §3.3). Example:
/// `Power{2}` squares, `Power{-0.75, 1, 0.1}` is (1 + 0.1·x)^(−¾).
struct Power {
  static constexpr const char* name = "Power";

  double exponent = 1;
  double shift = 0;
  double scale = 1;

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::pow(Scalar(Scalar(shift) + Scalar(scale) * a), exponent);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(Scalar(exponent * scale) *
                  math::pow(Scalar(Scalar(shift) + Scalar(scale) * a), exponent - 1));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    const double factor = exponent * (exponent - 1) * scale * scale;
    if (factor == 0) return Scalar(0);  // of any base
    return Scalar(Scalar(factor) * math::pow(Scalar(Scalar(shift) + Scalar(scale) * a), exponent - 2));
  }

  /// For a square, the sum of the two bases, in which nothing cancels that does not in the result. Otherwise
  /// with z and w the larger and smaller base: w^p·(e^{p·log(z/w)} − 1)/(z − w), in which the difference is
  /// expm1's.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar z = Scalar(shift) + Scalar(scale) * a, w = Scalar(shift) + Scalar(scale) * r;
    if (exponent == 2) return Scalar(Scalar(scale) * (z + w));
    if (z == w) return derivative(a);
    if (!(z > Scalar(0)) || !(w > Scalar(0)))
      return Scalar(Scalar(scale) * Scalar(math::pow(z, exponent) - math::pow(w, exponent)) / Scalar(z - w));
    const Scalar high = math::max(z, w), low = math::min(z, w), d = high - low;
    const Scalar rise =
        math::pow(low, exponent) * math::expm1(Scalar(Scalar(exponent) * math::log1p(Scalar(d / low))));
    return Scalar(Scalar(scale) * rise / d);
  }
};

}  // namespace ascribe::fn
