#pragma once

#include <limits>

#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/functions/promises.hpp>

namespace ascribe::fn {

/// f(x) = min(max(x, low), high), low ≤ high, with f' = 0 at both ends. Either end may be infinite.
struct Clip {
  static constexpr const char* name = "Clip";

  /// Values below become it.
  double low = -std::numeric_limits<double>::infinity();
  /// Values above become it.
  double high = std::numeric_limits<double>::infinity();

  /// At the ends, where all that was clipped comes to lie, f' is 0 as beyond them.
  constexpr Promises promises() const { return {.derivative_from_value = true, .never_negative = low >= 0}; }

  /// The ends belong to the flat parts, so that automatic differentiation finds f' = 0 there too.
  template <class Scalar>
  Scalar value(const Scalar& a) const {
    // Both comparisons are made, whatever the first says: no branch.
    const Scalar raised = a <= Scalar(low) ? Scalar(low) : a;
    return a >= Scalar(high) ? Scalar(high) : raised;
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    const bool above = a > Scalar(low), below = a < Scalar(high);  // both asked, as in `value`
    return above && below ? Scalar(1) : Scalar(0);
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar&) const {
    return Scalar(0);
  }

  /// What f(a) has beyond f(0), as a share of a.
  template <class Scalar>
  Scalar chord_from_zero(const Scalar& a) const {
    const Scalar zero(0), one(1);
    const Scalar at_zero = value(zero), together = a == zero ? one : zero;
    return Scalar((value(a) - at_zero + together * derivative(zero)) / (a + together));
  }

  /// The same of a run, without a quotient where all of it lies below the upper end and the lower one is 0:
  /// most of what a ReLU6 reads.
  template <class Scalar>
  void chords_from_zero(Index count, const Scalar* a, Scalar* to) const {
    const Scalar zero(0), minus_zero(-zero), one(1), end = Scalar(high);
    int below = low == 0;
    for (Index i = 0; i < count; ++i) below &= int(a[i] < end);
    if (!below) {
      for (Index i = 0; i < count; ++i) to[i] = chord_from_zero(a[i]);
      return;
    }
    for (Index i = 0; i < count; ++i) {
      const Scalar x = a[i], none = x < zero ? minus_zero : zero;  // 0/x
      to[i] = x > zero ? one : none;
    }
  }

  /// The share of a − r that lies between the ends, (f(a) − f(r))/(a − r), in which nothing cancels that does
  /// not in the result: 0 or 1 exactly where both lie on one piece. Written, as Relu's, without arithmetic in
  /// the branches of a choice, so that GCC 12 vectorises a loop over it.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar zero(0), one(1), down(0.25), up(0x1p60);
    // A power of two: beyond 1 differences do not overflow, below it they are no denormals.
    const Scalar scale = math::abs(a) + math::abs(r) > one ? down : up;
    const Scalar rise = scale * value(a) - scale * value(r), run = scale * a - scale * r;
    const Scalar together = a == r ? one : zero;
    return Scalar((rise + together * derivative(a)) / (run + together));
  }
};

/// f(x) = min(max(x, 0), 6): `Clip{0, 6}` by its usual name.
struct Relu6 : Clip {
  static constexpr const char* name = "Relu6";

  constexpr Relu6() : Clip{0, 6} {}
};

}  // namespace ascribe::fn
