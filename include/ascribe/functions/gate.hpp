/// Functions of the form x·g(x): Silu, Gelu, GeluTanh, Mish and HardSwish differ in the gate alone.
#pragma once

#include <ascribe/core/math.hpp>
#include <ascribe/functions/function.hpp>
#include <ascribe/functions/kink.hpp>

namespace ascribe::fn {

/// f(x) = x·g(x) for a gate g that is itself a function; f'(x) = g(x) + x·g'(x), with g's conventions.
///
///     Gated<Sigmoid>{}.value(0.) == 0
template <class Gate>
struct Gated {
  Gate gate{};  ///< g, with its own parameters

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return Scalar(a * gate.value(a));
  }

  /// g(x) + x·g'(x).
  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return math::multiply_add(a, Scalar(gate.derivative(a)), Scalar(gate.value(a)));
  }

  /// f''(x) = 2g'(x) + x·g''(x).
  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const requires HasSecondDerivative<Gate> {
    return Scalar(Scalar(2) * gate.derivative(a) + a * gate.second_derivative(a));
  }

  /// f(a)/a is the gate.
  template <class Scalar>
  Scalar chord_from_zero(const Scalar& a) const {
    return gate.value(a);
  }

  /// Two formulas, each where it is the accurate one. Where a and r have one sign and lie within a factor
  /// of two, the product rule for chords, (g(a) + g(r))/2 + (a + r)/2·chord_g(a, r). Its halves cancel
  /// where they lie far apart (with a = −10⁶ and r = −3 all digits but a few go); there the plain
  /// quotient is sound, as |a − r| is no smaller than half of the larger.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    // In order, so that chord(a, r) and chord(r, a) are one number even where the compiler fuses
    // multiplications and additions.
    const Scalar hi = math::max(a, r);
    const Scalar lo = math::min(a, r);
    const Scalar d = hi - lo;
    if (!(d > Scalar(0))) return derivative(a);
    const Scalar size = math::max(math::abs(hi), math::abs(lo));
    if (d >= Scalar(Scalar(0.5) * size)) {
      const Scalar scale = quotient_scale(size);
      const Scalar below = Scalar(-scale * lo) * gate.value(lo);
      const Scalar rise = math::multiply_add(Scalar(scale * hi), Scalar(gate.value(hi)), below);
      return Scalar(rise / Scalar(scale * hi - scale * lo));
    }
    const Scalar mean = Scalar(Scalar(0.5) * hi + Scalar(0.5) * lo);
    const Scalar mean_gate = Scalar(0.5) * Scalar(gate.value(hi) + gate.value(lo));
    return math::multiply_add(mean, Scalar(fn::chord(gate, hi, lo)), mean_gate);
  }
};

}  // namespace ascribe::fn
