#pragma once

#include <ascribe/functions/promises.hpp>

namespace ascribe::fn {

/// f(x) = x.
struct Identity {
  static constexpr const char* name = "Identity";

  static constexpr Promises promises() {
    return {.slope_from_value = true, .derivative_from_value = true, .homogeneous = true};
  }

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return a;
  }

  template <class Scalar>
  Scalar derivative(const Scalar&) const {
    return Scalar(1);
  }

  template <class Scalar>
  Scalar chord(const Scalar&, const Scalar&) const {
    return Scalar(1);
  }
};

}  // namespace ascribe::fn
