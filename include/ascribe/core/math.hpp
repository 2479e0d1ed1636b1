/// The only door to the functions of `cmath`: each works for float, double and automatic-differentiation
/// scalars, whose own overloads are found by argument-dependent lookup.
#pragma once

#include <cmath>
#include <concepts>
#include <limits>

#include <Eigen/Core>

#include <ascribe/core/float_functions.hpp>

namespace ascribe::math {

/// eˣ.
template <class Scalar>
Scalar exp(const Scalar& x) {
  if constexpr (std::same_as<Scalar, float>) {
    return floats::exp(x);
  } else {
    using std::exp;
    return Scalar(exp(x));
  }
}
/// The natural logarithm.
template <class Scalar>
Scalar log(const Scalar& x) {
  using std::log;
  return Scalar(log(x));
}
/// The hyperbolic tangent.
template <class Scalar>
Scalar tanh(const Scalar& x) {
  if constexpr (std::same_as<Scalar, float>) {
    return floats::tanh(x);
  } else {
    using std::tanh;
    return Scalar(tanh(x));
  }
}
/// The sine, of radians.
template <class Scalar>
Scalar sin(const Scalar& x) {
  using std::sin;
  return Scalar(sin(x));
}
/// The cosine, of radians.
template <class Scalar>
Scalar cos(const Scalar& x) {
  using std::cos;
  return Scalar(cos(x));
}
/// The tangent, of radians.
template <class Scalar>
Scalar tan(const Scalar& x) {
  using std::tan;
  return Scalar(tan(x));
}
/// The angle in [−π/2, π/2] of that sine.
template <class Scalar>
Scalar asin(const Scalar& x) {
  using std::asin;
  return Scalar(asin(x));
}
/// The angle in [0, π] of that cosine.
template <class Scalar>
Scalar acos(const Scalar& x) {
  using std::acos;
  return Scalar(acos(x));
}
/// The hyperbolic sine.
template <class Scalar>
Scalar sinh(const Scalar& x) {
  using std::sinh;
  return Scalar(sinh(x));
}
/// The hyperbolic cosine.
template <class Scalar>
Scalar cosh(const Scalar& x) {
  using std::cosh;
  return Scalar(cosh(x));
}
/// The root that is not negative.
template <class Scalar>
Scalar sqrt(const Scalar& x) {
  using std::sqrt;
  return Scalar(sqrt(x));
}
/// x to a power.
template <class Scalar>
Scalar pow(const Scalar& x, double exponent) {
  using std::pow;
  return Scalar(pow(x, static_cast<decltype(x.value())>(exponent)));
}
template <std::floating_point Scalar>
Scalar pow(const Scalar& x, double exponent) {
  return std::pow(x, Scalar(exponent));
}

/// a·b + c, rounded once where the processor can: one number wherever it stands. (Of a product and a sum that are written
/// out, GCC joins those that it sees together, which depends on what it has inlined.)
template <class Scalar>
Scalar multiply_add(const Scalar& a, const Scalar& b, const Scalar& c) {
#ifdef FP_FAST_FMAF
  if constexpr (std::same_as<Scalar, float>) return std::fma(a, b, c);
#endif
#ifdef FP_FAST_FMA
  if constexpr (std::same_as<Scalar, double>) return std::fma(a, b, c);
#endif
  return Scalar(a * b + c);
}

/// |x|, with |−0.0| = +0.0.
template <class Scalar>
Scalar abs(const Scalar& x) {
  using std::abs;
  return Scalar(abs(x));
}
/// The larger one; x where they are equal.
template <class Scalar>
Scalar max(const Scalar& x, const Scalar& y) {
  return x < y ? y : x;
}
/// The smaller one; x where they are equal.
template <class Scalar>
Scalar min(const Scalar& x, const Scalar& y) {
  return y < x ? y : x;
}

/// The value without derivatives: what comparisons, messages and `isfinite` look at.
template <class Scalar>
double value_of(const Scalar& x) {
  if constexpr (std::floating_point<Scalar>)
    return double(x);
  else if constexpr (requires { x.value(); })
    return value_of(x.value());
  else
    return static_cast<double>(x);
}
/// Whether its value is neither NaN nor infinite.
template <class Scalar>
bool isfinite(const Scalar& x) {
  return std::isfinite(value_of(x));
}

/// A smooth function of `x` whose value and derivative at `x` are known: how the functions that an
/// automatic-differentiation scalar lacks (expm1, log1p, erfc, atan, …) are lifted to it.
template <class Scalar, class Real>
Scalar lift(const Scalar& x, Real value, Real derivative) {
  return Scalar(Scalar(value) + Scalar(derivative) * (x - Scalar(x.value())));
}

/// eˣ − 1 without cancellation at small x.
template <class Scalar>
Scalar expm1(const Scalar& x) {
  if constexpr (std::floating_point<Scalar>)
    return std::expm1(x);
  else
    return lift(x, expm1(x.value()), exp(x.value()));
}
/// log(1 + x) without cancellation at small x.
template <class Scalar>
Scalar log1p(const Scalar& x) {
  if constexpr (std::floating_point<Scalar>)
    return std::log1p(x);
  else
    return lift(x, log1p(x.value()), decltype(x.value() + 0)(1) / (1 + x.value()));
}
/// The complementary error function.
template <class Scalar>
Scalar erfc(const Scalar& x) {
  if constexpr (std::same_as<Scalar, float>)
    return floats::erfc(x);
  else if constexpr (std::floating_point<Scalar>)
    return std::erfc(x);
  else
    return lift(x, erfc(x.value()),
                decltype(x.value() + 0)(-1.1283791670955125739) * exp(-x.value() * x.value()));
}

/// The error function.
template <class Scalar>
Scalar erf(const Scalar& x) {
  if constexpr (std::same_as<Scalar, float>)
    return floats::erf(x);
  else if constexpr (std::floating_point<Scalar>)
    return std::erf(x);
  else
    return lift(x, erf(x.value()),
                decltype(x.value() + 0)(1.1283791670955125739) * exp(-x.value() * x.value()));
}
/// The angle in (−π/2, π/2) of that tangent.
template <class Scalar>
Scalar atan(const Scalar& x) {
  if constexpr (std::floating_point<Scalar>)
    return std::atan(x);
  else
    return lift(x, atan(x.value()), decltype(x.value() + 0)(1) / (1 + x.value() * x.value()));
}
/// The number of that hyperbolic sine.
template <class Scalar>
Scalar asinh(const Scalar& x) {
  if constexpr (std::floating_point<Scalar>)
    return std::asinh(x);
  else
    return lift(x, asinh(x.value()), decltype(x.value() + 0)(1) / sqrt(1 + x.value() * x.value()));
}
/// The number of 0 or more of that hyperbolic cosine.
template <class Scalar>
Scalar acosh(const Scalar& x) {
  if constexpr (std::floating_point<Scalar>)
    return std::acosh(x);
  else
    return lift(x, acosh(x.value()),
                decltype(x.value() + 0)(1) / sqrt((x.value() - 1) * (x.value() + 1)));
}
/// The number of that hyperbolic tangent.
template <class Scalar>
Scalar atanh(const Scalar& x) {
  if constexpr (std::floating_point<Scalar>)
    return std::atanh(x);
  else
    return lift(x, atanh(x.value()), decltype(x.value() + 0)(1) / ((1 - x.value()) * (1 + x.value())));
}

/// The largest whole number that is not above x, the smallest that is not below it, and the nearest, of two
/// the even one (the default rounding mode of every program that did not change it).
template <class Scalar>
Scalar floor(const Scalar& x) {
  if constexpr (std::floating_point<Scalar>)
    return std::floor(x);
  else
    return lift(x, floor(x.value()), decltype(x.value() + 0)(0));
}
/// The smallest whole number that is not below x.
template <class Scalar>
Scalar ceil(const Scalar& x) {
  if constexpr (std::floating_point<Scalar>)
    return std::ceil(x);
  else
    return lift(x, ceil(x.value()), decltype(x.value() + 0)(0));
}
/// The nearest whole number, of two the even one.
template <class Scalar>
Scalar round(const Scalar& x) {
  if constexpr (std::floating_point<Scalar>)
    return std::nearbyint(x);
  else
    return lift(x, round(x.value()), decltype(x.value() + 0)(0));
}

/// The unit roundoff's double: the distance from 1 to the next number.
template <class Scalar>
inline const double epsilon = double(Eigen::NumTraits<typename Eigen::NumTraits<Scalar>::Real>::epsilon());
/// Of float and double, known at compile time.
template <std::floating_point Scalar>
inline constexpr double epsilon<Scalar> = double(std::numeric_limits<Scalar>::epsilon());

}  // namespace ascribe::math
