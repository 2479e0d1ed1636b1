/// Conditions as numbers: 1 where one holds and 0 where it does not. Their derivative is 0 everywhere, by
/// convention at the jump too, so that no gradient passes. Chords see the jump.
#pragma once

#include <ascribe/functions/rounding.hpp>

namespace ascribe::fn {

/// f(x) = 1 where x > 0, else 0.
struct IsPositive : Steps<IsPositive> {
  static constexpr const char* name = "IsPositive";

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return Scalar(a > Scalar(0) ? 1.0 : 0.0);
  }
};

/// f(x) = 1 where x ≥ 0, else 0. f(0) = 1 is a bias that the function carries.
struct IsNotNegative : Steps<IsNotNegative> {
  static constexpr const char* name = "IsNotNegative";

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return Scalar(a >= Scalar(0) ? 1.0 : 0.0);
  }
};

/// f(x) = 1 where x = 0, else 0. f(0) = 1 is a bias that the function carries.
struct IsZero : Steps<IsZero> {
  static constexpr const char* name = "IsZero";

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return Scalar(a == Scalar(0) ? 1.0 : 0.0);
  }
};

}  // namespace ascribe::fn
