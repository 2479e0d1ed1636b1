#pragma once

#include <ascribe/functions/elu.hpp>

namespace ascribe::fn {

/// f(x) = gamma·x for x > 0, gamma·alpha·(eˣ − 1) otherwise, with f'(0) = gamma·alpha. The defaults are
/// α₀₁ and λ₀₁ of Klambauer et al. 2017, arXiv:1706.02515, here in full; ONNX, which names them alpha and
/// gamma, has them rounded to float.
struct Selu {
  static constexpr const char* name = "Selu";

  double alpha = 1.6732632423543772848;  ///< what the exponential below 0 is multiplied with
  double gamma = 1.0507009873554804934;  ///< what all is multiplied with

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return Scalar(Scalar(gamma) * Elu{alpha}.value(a));
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(Scalar(gamma) * Elu{alpha}.derivative(a));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return Scalar(Scalar(gamma) * Elu{alpha}.second_derivative(a));
  }

  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    return Scalar(Scalar(gamma) * Elu{alpha}.chord(a, r));
  }
};

}  // namespace ascribe::fn
