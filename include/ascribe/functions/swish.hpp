#pragma once

#include <ascribe/core/math.hpp>
#include <ascribe/functions/gate.hpp>
#include <ascribe/functions/sigmoid.hpp>

namespace ascribe::fn {

/// σ(alpha·x): Swish's gate.
struct SwishGate {
  double alpha = 1;  ///< what the sigmoid's argument is multiplied with

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return Sigmoid{}.value(scaled(a));
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(Scalar(alpha) * Sigmoid{}.derivative(scaled(a)));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return Scalar(Scalar(alpha * alpha) * Sigmoid{}.second_derivative(scaled(a)));
  }

  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    return Scalar(Scalar(alpha) * Sigmoid{}.chord(scaled(a), scaled(r)));
  }

 private:
  template <class Scalar>
  Scalar scaled(const Scalar& a) const {
    return Scalar(Scalar(alpha) * a);
  }
};

/// f(x) = x·σ(alpha·x), Silu for an alpha of 1. Ramachandran, Zoph & Le 2017, arXiv:1710.05941.
struct Swish : Gated<SwishGate> {
  static constexpr const char* name = "Swish";

  /// X·sigmoid(alpha·x).
  constexpr explicit Swish(double alpha = 1) : Gated<SwishGate>{SwishGate{alpha}} {}
};

}  // namespace ascribe::fn
