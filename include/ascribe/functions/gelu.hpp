#pragma once

#include <ascribe/core/math.hpp>
#include <ascribe/functions/gate.hpp>
#include <ascribe/functions/quadrature.hpp>
#include <ascribe/functions/sigmoid.hpp>

namespace ascribe::fn {

/// The distribution function of the standard normal, Φ(x) = erfc(−x/√2)/2: Gelu's gate.
struct NormalCdf {
  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return Scalar(Scalar(0.5) * math::erfc(Scalar(Scalar(-0.70710678118654752440) * a)));
  }

  /// φ(x) = exp(−x²/2)/√(2π).
  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(Scalar(0.39894228040143267794) * math::exp(Scalar(Scalar(-0.5) * a * a)));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return Scalar(-a * derivative(a));
  }

  /// The mean of φ between a and r. Near pairs by quadrature, where φ's k is |x|. Apart, the difference
  /// of Φ, taken in the tail on that side.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar hi = math::max(a, r);
    const Scalar lo = math::min(a, r);
    const Scalar d = hi - lo;
    if (!(d > Scalar(0))) return derivative(a);
    const Scalar steepness = Scalar(1) + math::max(math::abs(hi), math::abs(lo));
    if (d * steepness < Scalar(1)) return mean_derivative(*this, lo, d);
    const Scalar rise =
        lo > Scalar(0) ? Scalar(value(Scalar(-lo)) - value(Scalar(-hi))) : Scalar(value(hi) - value(lo));
    return Scalar(rise / d);
  }
};

/// f(x) = x·Φ(x). Hendrycks & Gimpel 2016, arXiv:1606.08415, Section 2; ONNX's approximate = "none".
struct Gelu : Gated<NormalCdf> {
  static constexpr const char* name = "Gelu";
};

/// GeluTanh's gate, g(x) = (1 + tanh u)/2 = σ(2u) with u = √(2/π)·(x + 0.044715·x³).
struct GeluTanhGate {
  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return Sigmoid{}.value(twice_u(a));
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return product(Sigmoid{}.derivative(twice_u(a)), twice_u_chord(a, a));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    const Scalar u = twice_u(a), slope = twice_u_chord(a, a);
    return Scalar(product(product(Sigmoid{}.second_derivative(u), slope), slope) +
                  Sigmoid{}.derivative(u) * Scalar(Scalar(6 * twice_c * k) * a));
  }

  /// The chord of a composition is the product of the chords; that of the cubic is a polynomial.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    if (a == r) return derivative(a);
    return product(Sigmoid{}.chord(twice_u(a), twice_u(r)), twice_u_chord(a, r));
  }

 private:
  static constexpr double twice_c = 1.5957691216057307118;  // 2·√(2/π)
  static constexpr double k = 0.044715;

  template <class Scalar>
  static Scalar twice_u(const Scalar& a) {
    return Scalar(Scalar(twice_c) * a * Scalar(Scalar(1) + Scalar(k) * a * a));
  }
  template <class Scalar>
  static Scalar twice_u_chord(const Scalar& a, const Scalar& r) {
    return Scalar(Scalar(twice_c) * Scalar(Scalar(1) + Scalar(k) * Scalar(Scalar(a * a + r * r) + a * r)));
  }
  /// The cubic's slope overflows where the sigmoid is flat: 0·∞ is 0 here.
  template <class Scalar>
  static Scalar product(const Scalar& sigmoid_slope, const Scalar& cubic_slope) {
    return sigmoid_slope == Scalar(0) ? Scalar(0) : Scalar(sigmoid_slope * cubic_slope);
  }
};

/// f(x) = x·(1 + tanh u)/2 with u = √(2/π)·(x + 0.044715·x³), the approximation of Gelu in Hendrycks &
/// Gimpel 2016, Section 2; ONNX's approximate = "tanh".
struct GeluTanh : Gated<GeluTanhGate> {
  static constexpr const char* name = "GeluTanh";
};

}  // namespace ascribe::fn
