/// The concept of an elementwise function, and the access to one that the rules use.
#pragma once

#include <concepts>

#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>

/// The elementwise functions. Each is a small type with its parameters and, as templates over the
/// scalar,
///
///     value(a)       f(a)
///     derivative(a)  f'(a); at a kink the convention that the function states
///     chord(a, r)    (f(a) − f(r))/(a − r) without cancellation; f'(a) where a = r
///
/// `chord` may be left out: `fn::chord` then makes one from the other two. A function's parameters are
/// `double` and are converted to the scalar at each use.
namespace ascribe::fn {

template <class F, class Scalar = double>
concept Function = requires(const F& f, const Scalar& a) {
  { f.value(a) } -> std::convertible_to<Scalar>;
  { f.derivative(a) } -> std::convertible_to<Scalar>;
};

/// The chord slope of f between a and the reference r: Slope (r = 0), Baseline (r = ā) and Gradient
/// (r = a) are this one number at three references. For an f without a chord of its own: the quotient,
/// and below |a − r| ≈ ∛ε·max(1, |a|, |r|) the derivative half-way, each good to about ε^⅔ (4e-11 in
/// double, 2e-5 in float). Where that is not enough, or f has a kink, write `chord`.
template <class F, class Scalar>
Scalar chord(const F& f, const Scalar& a, const Scalar& r) {
  if constexpr (requires { f.chord(a, r); }) {
    return f.chord(a, r);
  } else {
    const Scalar d = a - r;
    if (d == Scalar(0)) return f.derivative(a);
    const double scale = math::value_of(math::max(Scalar(1), math::max(math::abs(a), math::abs(r))));
    if (math::value_of(math::abs(d)) < std::cbrt(math::epsilon<Scalar>) * scale)
      return f.derivative(Scalar(r + d / Scalar(2)));
    return Scalar((f.value(a) - f.value(r)) / d);
  }
}

/// f(0), the bias that f carries: what Slope and the ledger call the function's own bias.
template <class Scalar, class F>
Scalar at_zero(const F& f) {
  return f.value(Scalar(0));
}

}  // namespace ascribe::fn
