#pragma once

#include <ascribe/core/math.hpp>
#include <ascribe/functions/sigmoid.hpp>

namespace ascribe::fn {

/// f(x) = tanh x = 2σ(2x) − 1 with the sigmoid σ, so that f'(x) = 4σ'(2x), which keeps the digits that
/// 1 − tanh² loses from |x| = 5 on.
struct Tanh {
  static constexpr const char* name = "Tanh";

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::tanh(a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(Scalar(4) * Sigmoid{}.derivative(Scalar(a + a)));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return Scalar(Scalar(8) * Sigmoid{}.second_derivative(Scalar(a + a)));
  }

  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    return Scalar(Scalar(4) * Sigmoid{}.chord(Scalar(a + a), Scalar(r + r)));
  }
};

}  // namespace ascribe::fn
