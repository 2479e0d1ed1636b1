/// Functions that are 0 around or below a threshold, and the identity or nearly so beyond it.
#pragma once

#include <ascribe/core/math.hpp>
#include <ascribe/functions/kink.hpp>
#include <ascribe/functions/promises.hpp>

namespace ascribe::fn {

/// f(x) = x for x > alpha, 0 otherwise; it jumps at an alpha other than 0. f'(alpha) = 0. Konda, Memisevic &
/// Krueger 2014, arXiv:1402.3337.
struct ThresholdedRelu {
  static constexpr const char* name = "ThresholdedRelu";

  double alpha = 1;  ///< up to here f is 0

  constexpr Promises promises() const {
    return {.slope_from_value = alpha >= 0, .derivative_from_value = alpha >= 0};
  }

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return a > Scalar(alpha) ? a : Scalar(0);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(a > Scalar(alpha) ? 1.0 : 0.0);
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar&) const {
    return Scalar(0);
  }

  /// On one side that side's slope; on two hi/(hi − lo).
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar hi = math::max(a, r);
    const Scalar lo = math::min(a, r);
    const bool across = hi > Scalar(alpha) && lo <= Scalar(alpha);
    if (!across) return derivative(a);
    const Scalar scale = quotient_scale(math::max(math::abs(hi), math::abs(lo)));
    return Scalar(Scalar(scale * hi) / Scalar(scale * hi - scale * lo));
  }
};

/// f(x) = x + bias for x < −lambd, x − bias for x > lambd, 0 between and at both, where f' = 0. With bias =
/// lambd it is the soft threshold, with bias = 0 the hard one, which jumps (Donoho & Johnstone 1994,
/// Biometrika 81(3), §2). The names and defaults are ONNX's.
struct Shrink {
  static constexpr const char* name = "Shrink";

  double bias = 0;     ///< what arguments outside are moved by towards 0
  double lambd = 0.5;  ///< between −lambd and lambd f is 0

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    const int s = side(a);
    return s == 0 ? Scalar(0) : Scalar(a - Scalar(double(s) * bias));
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(side(a) == 0 ? 0.0 : 1.0);
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar&) const {
    return Scalar(0);
  }

  /// On one piece its slope; across pieces the quotient, whose two values have different signs, or one is 0.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar hi = math::max(a, r);
    const Scalar lo = math::min(a, r);
    if (side(hi) == side(lo)) return derivative(a);
    const Scalar scale = quotient_scale(math::max(math::abs(hi), math::abs(lo)));
    return Scalar(Scalar(scale * value(hi) - scale * value(lo)) / Scalar(scale * hi - scale * lo));
  }

 private:
  /// −1 below −lambd, 1 above lambd, 0 between.
  template <class Scalar>
  int side(const Scalar& a) const {
    return a < Scalar(-lambd) ? -1 : a > Scalar(lambd) ? 1 : 0;
  }
};

}  // namespace ascribe::fn
