#pragma once

#include <ascribe/functions/promises.hpp>

namespace ascribe::fn {

/// f(x) = alpha·x.
struct Scale {
  static constexpr const char* name = "Scale";

  double alpha = 1;  ///< the factor

  static constexpr Promises promises() { return {.slope_from_value = true, .homogeneous = true}; }

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return Scalar(Scalar(alpha) * a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar&) const {
    return Scalar(alpha);
  }

  template <class Scalar>
  Scalar chord(const Scalar&, const Scalar&) const {
    return Scalar(alpha);
  }
};

}  // namespace ascribe::fn
