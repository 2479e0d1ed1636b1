#pragma once

#include <ascribe/functions/kink.hpp>
#include <ascribe/functions/promises.hpp>

namespace ascribe::fn {

/// f(x) = x for x > 0, slope·x otherwise, with f'(0) = slope. The default is ONNX's and PyTorch's.
struct LeakyRelu {
  static constexpr const char* name = "LeakyRelu";

  double slope = 0.01;  ///< below 0

  /// With a slope of 0 or more the value has the argument's sign, or is 0, where f' is the slope too.
  constexpr Promises promises() const { return {.slope_from_value = slope >= 0, .homogeneous = true}; }

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return Scalar(derivative(a) * a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    const Scalar one(1), below = Scalar(slope);  // made before the choice, so that loops over it vectorise
    return a > Scalar(0) ? one : below;
  }

  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    return kinked_chord(a, r, Scalar(slope), Scalar(slope), Scalar(1));
  }
};

}  // namespace ascribe::fn
