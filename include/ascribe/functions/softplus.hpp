#pragma once

#include <ascribe/core/math.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/sigmoid.hpp>

namespace ascribe::fn {

/// f(x) = log(1 + eˣ), f'(x) = σ(x). f(0) = log 2 is a bias that the function carries.
struct Softplus {
  static constexpr const char* name = "Softplus";

  /// x⁺ + log(1 + e^−|x|): no overflow, and the lower tail keeps its digits.
  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return a > Scalar(0) ? Scalar(a + tail(a)) : tail(a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Sigmoid{}.value(a);
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return Sigmoid{}.derivative(a);
  }

  /// Near pairs by f(hi) − f(lo) = log(1 + σ(lo)·(e^(hi − lo) − 1)). Apart, ReLU's chord and the
  /// difference of the two tails, each at most log 2.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar hi = math::max(a, r);
    const Scalar lo = math::min(a, r);
    const Scalar d = hi - lo;
    // Below ε the derivative at either end is the chord to rounding; σ·expm1(d) may be a denormal there.
    if (!(d >= Scalar(math::epsilon<Scalar>))) return derivative(lo);
    if (d < Scalar(1)) return Scalar(math::log1p(Scalar(Sigmoid{}.value(lo) * math::expm1(d))) / d);
    return Scalar(Relu{}.chord(hi, lo) + Scalar(tail(hi) - tail(lo)) / d);
  }

 private:
  /// log(1 + e^−|x|), without `abs`, whose derivative at 0 is of one side only.
  template <class Scalar>
  static Scalar tail(const Scalar& a) {
    return math::log1p(math::exp(a > Scalar(0) ? Scalar(-a) : a));
  }
};

}  // namespace ascribe::fn
