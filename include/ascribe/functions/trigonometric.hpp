/// Sine, cosine, tangent and their inverses. Their chords are the addition theorems (Abramowitz & Stegun,
/// §4.3 and §4.4) solved for a difference of values.
#pragma once

#include <ascribe/core/math.hpp>

namespace ascribe::fn {

/// sin(x)/x, 1 at 0.
template <class Scalar>
Scalar sinc(const Scalar& x) {
  return x == Scalar(0) ? Scalar(1) : Scalar(math::sin(x) / x);
}

/// Whether sine and cosine at (hi + lo)/2, which is off by ε times itself, are better than the quotient of
/// their difference, which is off by ε/(hi − lo).
template <class Scalar>
bool middle_is_sound(const Scalar& hi, const Scalar& lo) {
  return Scalar(math::abs(Scalar(hi + lo)) * Scalar(hi - lo)) < Scalar(2);
}

/// f(x) = sin x, f'(x) = cos x.
struct Sin {
  static constexpr const char* name = "Sin";

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::sin(a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return math::cos(a);
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return Scalar(-math::sin(a));
  }

  /// cos(m)·sin(h)/h with the middle m and h half of the distance, where m's rounding is less than the
  /// quotient's.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar hi = math::max(a, r);
    const Scalar lo = math::min(a, r);
    const Scalar d = hi - lo;
    if (!(d > Scalar(0))) return derivative(a);
    if (!middle_is_sound(hi, lo)) return Scalar(Scalar(value(hi) - value(lo)) / d);
    return Scalar(math::cos(Scalar(Scalar(0.5) * hi + Scalar(0.5) * lo)) * sinc(Scalar(Scalar(0.5) * d)));
  }
};

/// f(x) = cos x, f'(x) = −sin x. f(0) = 1 is a bias that the function carries.
struct Cos {
  static constexpr const char* name = "Cos";

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::cos(a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(-math::sin(a));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return Scalar(-math::cos(a));
  }

  /// −sin(m)·sin(h)/h, as the sine's.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar hi = math::max(a, r);
    const Scalar lo = math::min(a, r);
    const Scalar d = hi - lo;
    if (!(d > Scalar(0))) return derivative(a);
    if (!middle_is_sound(hi, lo)) return Scalar(Scalar(value(hi) - value(lo)) / d);
    return Scalar(-math::sin(Scalar(Scalar(0.5) * hi + Scalar(0.5) * lo)) * sinc(Scalar(Scalar(0.5) * d)));
  }
};

/// f(x) = tan x, f'(x) = 1/cos²x. No number is one of its poles.
struct Tan {
  static constexpr const char* name = "Tan";

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::tan(a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return chord(a, a);
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return Scalar(Scalar(2) * value(a) * derivative(a));
  }

  /// sin(a − r)/((a − r)·cos a·cos r), also across a pole; from a distance of 1 on the quotient.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar hi = math::max(a, r);
    const Scalar lo = math::min(a, r);
    const Scalar d = hi - lo;
    if (d >= Scalar(1)) return Scalar(Scalar(value(hi) - value(lo)) / d);
    return Scalar(sinc(d) / Scalar(math::cos(hi) * math::cos(lo)));
  }
};

/// f(x) = arcsin x for |x| ≤ 1, f'(x) = 1/√(1 − x²), which is infinite at ±1.
struct Asin {
  static constexpr const char* name = "Asin";
  static constexpr const char* domain = "numbers from -1 to 1";

  template <class Scalar>
  bool defined_at(const Scalar& a) const {
    return a >= Scalar(-1) && a <= Scalar(1);
  }

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::asin(a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(Scalar(1) / cosine(a));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    const Scalar slope = derivative(a);
    return Scalar(a * slope * slope * slope);
  }

  /// 2·arctan((a − r)/(√(1 − a²) + √(1 − r²)))/(a − r): the tangent of half of the angle between them, which
  /// is its own arctangent where it is small.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar d = math::max(a, r) - math::min(a, r);
    if (!(d > Scalar(0))) return derivative(a);
    const Scalar sum = Scalar(cosine(a) + cosine(r)), tangent = Scalar(d / sum);
    if (tangent * tangent < Scalar(math::epsilon<Scalar>)) return Scalar(Scalar(2) / sum);
    return Scalar(Scalar(2) * math::atan(tangent) / d);
  }

 private:
  /// √(1 − x²), the cosine of arcsin x.
  template <class Scalar>
  static Scalar cosine(const Scalar& a) {
    return math::sqrt(Scalar(Scalar(Scalar(1) - a) * Scalar(Scalar(1) + a)));
  }
};

/// f(x) = arccos x = π/2 − arcsin x for |x| ≤ 1. f(0) = π/2 is a bias that the function carries.
struct Acos {
  static constexpr const char* name = "Acos";
  static constexpr const char* domain = Asin::domain;

  template <class Scalar>
  bool defined_at(const Scalar& a) const {
    return Asin{}.defined_at(a);
  }

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::acos(a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(-Asin{}.derivative(a));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return Scalar(-Asin{}.second_derivative(a));
  }

  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    return Scalar(-Asin{}.chord(a, r));
  }
};

/// f(x) = arctan x, f'(x) = 1/(1 + x²).
struct Atan {
  static constexpr const char* name = "Atan";

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::atan(a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(Scalar(1) / Scalar(Scalar(1) + a * a));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    const Scalar slope = derivative(a);
    return slope == Scalar(0) ? Scalar(0) : Scalar(Scalar(-2) * Scalar(a * slope) * slope);
  }

  /// Of one sign arctan((a − r)/(1 + a·r))/(a − r); of two, both values add up.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar hi = math::max(a, r);
    const Scalar lo = math::min(a, r);
    const Scalar d = hi - lo;
    if (!(d > Scalar(0))) return derivative(a);
    if (lo < Scalar(0) && hi > Scalar(0)) return Scalar(Scalar(value(hi) - value(lo)) / d);
    return Scalar(math::atan(Scalar(d / Scalar(Scalar(1) + hi * lo))) / d);
  }
};

}  // namespace ascribe::fn
