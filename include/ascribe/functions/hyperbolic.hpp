/// The hyperbolic sine and cosine, and the inverses of these and of the hyperbolic tangent. Their chords are
/// the addition theorems (Abramowitz & Stegun, §4.5 and §4.6) solved for a difference of values.
#pragma once

#include <ascribe/core/math.hpp>
#include <ascribe/functions/kink.hpp>

namespace ascribe::fn {

/// sinh(x)/x, 1 at 0.
template <class Scalar>
Scalar sinhc(const Scalar& x) {
  return x == Scalar(0) ? Scalar(1) : Scalar(math::sinh(x) / x);
}

/// f(x) = sinh x, f'(x) = cosh x.
struct Sinh {
  static constexpr const char* name = "Sinh";

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::sinh(a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return math::cosh(a);
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return math::sinh(a);
  }

  /// cosh(m)·sinh(h)/h with the middle m and h half of the distance.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar half_a = Scalar(0.5) * a, half_r = Scalar(0.5) * r;
    if (a == r) return derivative(a);
    const Scalar h = math::max(half_a, half_r) - math::min(half_a, half_r);
    return Scalar(math::cosh(Scalar(half_a + half_r)) * sinhc(h));
  }
};

/// f(x) = cosh x, f'(x) = sinh x. f(0) = 1 is a bias that the function carries.
struct Cosh {
  static constexpr const char* name = "Cosh";

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::cosh(a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return math::sinh(a);
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return math::cosh(a);
  }

  /// sinh(m)·sinh(h)/h. Of −x and x it is 0, where the other factor may overflow.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar half_a = Scalar(0.5) * a, half_r = Scalar(0.5) * r;
    if (a == r) return derivative(a);
    const Scalar middle = half_a + half_r;
    if (middle == Scalar(0)) return middle;
    const Scalar h = math::max(half_a, half_r) - math::min(half_a, half_r);
    return Scalar(math::sinh(middle) * sinhc(h));
  }
};

/// f(x) = arsinh x, f'(x) = 1/√(1 + x²).
struct Asinh {
  static constexpr const char* name = "Asinh";

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::asinh(a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(Scalar(1) / cosine(a));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    const Scalar slope = derivative(a);
    return Scalar(Scalar(-a * slope) * slope * slope);
  }

  /// Of one sign, with z and w the larger and smaller magnitude: sinh of the difference is
  /// (z² − w²)/(z√(1 + w²) + w√(1 + z²)), here divided by z, which
  /// is the difference itself where it is small. Of two signs both values add up.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar hi = math::max(a, r), lo = math::min(a, r), zero(0);
    if (!(hi > lo)) return derivative(a);
    const Scalar z = math::max(math::abs(hi), math::abs(lo));
    if (lo < zero && hi > zero) {
      const Scalar scale = quotient_scale(z);
      return Scalar(scale * Scalar(value(hi) - value(lo)) / Scalar(scale * hi - scale * lo));
    }
    const Scalar w = math::min(math::abs(hi), math::abs(lo)), d = z - w, ratio = w / z;
    const Scalar sum = Scalar(cosine(w) + ratio * cosine(z)), quotient = Scalar(d / sum);
    const Scalar sine = Scalar(quotient + quotient * ratio);
    if (sine * sine < Scalar(math::epsilon<Scalar>)) return Scalar(Scalar(Scalar(1) + ratio) / sum);
    return Scalar(math::asinh(sine) / d);
  }

 private:
  /// √(1 + x²), the hyperbolic cosine of arsinh x, without an x² that overflows.
  template <class Scalar>
  static Scalar cosine(const Scalar& a) {
    const Scalar size = math::abs(a);
    if (size <= Scalar(1)) return math::sqrt(Scalar(Scalar(1) + a * a));
    const Scalar inverse = Scalar(Scalar(1) / size);
    return Scalar(size * math::sqrt(Scalar(Scalar(1) + inverse * inverse)));
  }
};

/// f(x) = arcosh x for x ≥ 1, f'(x) = 1/√(x² − 1), which is infinite at 1. It has no value at 0, and no chord
/// from there.
struct Acosh {
  static constexpr const char* name = "Acosh";
  static constexpr const char* domain = "numbers of 1 or more";

  template <class Scalar>
  bool defined_at(const Scalar& a) const {
    return a >= Scalar(1);
  }

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::acosh(a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(Scalar(1) / sine(a));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    const Scalar slope = derivative(a);
    return Scalar(Scalar(-a * slope) * slope * slope);
  }

  /// sinh of the difference is (hi² − lo²)/(lo√(hi² − 1) + hi√(lo² − 1)), here divided by hi.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar hi = math::max(a, r);
    const Scalar lo = math::min(a, r);
    const Scalar d = hi - lo;
    if (!(d > Scalar(0))) return derivative(a);
    const Scalar ratio = lo / hi;
    const Scalar quotient = Scalar(d / Scalar(ratio * sine(hi) + sine(lo)));
    const Scalar difference = Scalar(quotient + quotient * ratio);
    if (!math::isfinite(difference)) return Scalar(Scalar(value(hi) - value(lo)) / d);  // far apart
    return Scalar(math::asinh(difference) / d);
  }

 private:
  /// √(x² − 1), the hyperbolic sine of arcosh x.
  template <class Scalar>
  static Scalar sine(const Scalar& a) {
    return Scalar(math::sqrt(Scalar(a - Scalar(1))) * math::sqrt(Scalar(a + Scalar(1))));
  }
};

/// f(x) = artanh x for |x| < 1, f'(x) = 1/(1 − x²).
struct Atanh {
  static constexpr const char* name = "Atanh";
  static constexpr const char* domain = "numbers between -1 and 1";

  template <class Scalar>
  bool defined_at(const Scalar& a) const {
    return a > Scalar(-1) && a < Scalar(1);
  }

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::atanh(a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(Scalar(1) / Scalar(Scalar(Scalar(1) - a) * Scalar(Scalar(1) + a)));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    const Scalar slope = derivative(a);
    return Scalar(Scalar(2) * a * slope * slope);
  }

  /// ½·log(1 + 2(hi − lo)/((1 − hi)(1 + lo)))/(hi − lo), of which no part cancels.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar hi = math::max(a, r);
    const Scalar lo = math::min(a, r);
    const Scalar d = hi - lo;
    if (!(d > Scalar(0))) return derivative(a);
    const Scalar ends = Scalar(Scalar(Scalar(1) - hi) * Scalar(Scalar(1) + lo));
    return Scalar(Scalar(0.5) * math::log1p(Scalar(Scalar(d + d) / ends)) / d);
  }
};

}  // namespace ascribe::fn
