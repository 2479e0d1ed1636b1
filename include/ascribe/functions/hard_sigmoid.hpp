#pragma once

#include <algorithm>

#include <ascribe/functions/clip.hpp>

namespace ascribe::fn {

/// f(x) = min(max(slope·x + offset, 0), 1), with f' = 0 at both ends. The defaults are ONNX's, whose
/// names are alpha and beta; PyTorch's function is `HardSigmoid{1.0 / 6, 0.5}`.
struct HardSigmoid {
  static constexpr const char* name = "HardSigmoid";

  double slope = 0.2;   ///< of the middle piece
  double offset = 0.5;  ///< f(0)

  /// The ends are decided in x, as in the derivative: slope·x + offset may miss 0 and 1 there by a rounding. All is
  /// computed, and then chosen: no branch.
  template <class Scalar>
  Scalar value(const Scalar& a) const {
    const Clip inside = ramp();
    const Scalar low_end(slope > 0 ? 0. : 1.), high_end(slope > 0 ? 1. : 0.);
    const Scalar between = Clip{0, 1}.value(math::multiply_add(Scalar(slope), a, Scalar(offset)));
    const Scalar raised = a <= Scalar(inside.low) ? low_end : between;
    return a >= Scalar(inside.high) ? high_end : raised;
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(Scalar(slope) * ramp().derivative(a));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar&) const {
    return Scalar(0);
  }

  /// Between the kinks in x: differences of slope·x + offset would cancel.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    return Scalar(Scalar(slope) * ramp().chord(a, r));
  }

 private:
  /// The inputs that are not clipped. Taken in double and then rounded, the ends are ±2.5 for a slope of
  /// 0.2 and ±3 for 1/6, although neither slope is a binary fraction.
  Clip ramp() const {
    if (slope == 0) return Clip{};  // constant: no ends
    const double zero = -offset / slope;
    const double one = (1 - offset) / slope;
    return Clip{std::min(zero, one), std::max(zero, one)};
  }
};

}  // namespace ascribe::fn
