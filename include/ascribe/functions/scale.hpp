#pragma once

namespace ascribe::fn {

/// f(x) = alpha·x.
struct Scale {
  static constexpr const char* name = "Scale";
  static constexpr bool homogeneous = true;

  double alpha = 1;

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
