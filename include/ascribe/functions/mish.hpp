#pragma once

#include <ascribe/functions/gate.hpp>
#include <ascribe/functions/softplus.hpp>
#include <ascribe/functions/tanh.hpp>

namespace ascribe::fn {

/// Mish's gate, g(x) = tanh(log(1 + eˣ)).
struct MishGate {
  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return Tanh{}.value(Softplus{}.value(a));
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(Tanh{}.derivative(Softplus{}.value(a)) * Softplus{}.derivative(a));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    const Scalar b = Softplus{}.value(a), slope = Softplus{}.derivative(a);
    return Scalar(Tanh{}.second_derivative(b) * Scalar(slope * slope) +
                  Tanh{}.derivative(b) * Softplus{}.second_derivative(a));
  }

  /// The chord of a composition is the product of the chords.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    return Scalar(Tanh{}.chord(Softplus{}.value(a), Softplus{}.value(r)) * Softplus{}.chord(a, r));
  }
};

/// f(x) = x·tanh(log(1 + eˣ)). Misra 2019, arXiv:1908.08681.
struct Mish : Gated<MishGate> {
  static constexpr const char* name = "Mish";
};

}  // namespace ascribe::fn
