#pragma once

#include <ascribe/functions/kink.hpp>
#include <ascribe/functions/promises.hpp>

namespace ascribe::fn {

/// f(x) = x for x > 0, slope·x otherwise, with f'(0) = slope. The default is ONNX's and PyTorch's.
struct LeakyRelu {
  static constexpr const char* name = "LeakyRelu";

  double slope = 0.01;

  /// With a slope of 0 or more the value has the argument's sign, or is 0, where f' is the slope too.
  constexpr Promises promises() const { return {.slope_from_value = slope >= 0, .homogeneous = true}; }

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return a > Scalar(0) ? a : Scalar(Scalar(slope) * a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return a > Scalar(0) ? Scalar(1) : Scalar(slope);
  }

  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    return kinked_chord(a, r, Scalar(slope), Scalar(slope), Scalar(1));
  }
};

}  // namespace ascribe::fn
