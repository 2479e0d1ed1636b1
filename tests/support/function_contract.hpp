/// What every elementwise function promises, checked for float, double and an automatic-differentiation
/// scalar: one call in the function's test.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <Eigen/Core>
#include <unsupported/Eigen/AutoDiff>

#include <ascribe/functions/function.hpp>

#include "tests/support/catch.hpp"

namespace ascribe::test {

struct FunctionTraits {
  /// Where f' jumps.
  std::vector<double> kinks{};
  /// False where f' has both signs or f's tail outruns any rounding of x (Gelu's e^(−x²/2)). The chord's
  /// size is then taken with what one relative rounding of both inputs does to it; otherwise its digits
  /// are asked for as they are, however small it is.
  bool relative = true;
  /// The tolerance in epsilons of that size.
  double epsilons = 32;
  /// Where f is defined, or is not to be tried beyond; ends are among the points where they are among
  /// `kinks`.
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  /// What finite differences leave open of a derivative, of 1 and its own size.
  double differences = 1e-9;

  bool has_ends() const { return std::isfinite(low) || std::isfinite(high); }
  bool has(double x) const { return low <= x && x <= high; }
};

/// Zeros of both signs, the smallest numbers, each decade in use, the ends of exp's range in float (±88,
/// ±104) and in double (±709, ±745), the largest number, and the kinks; each with neighbours at one ulp,
/// a close and a middling distance.
template <class Scalar>
std::vector<Scalar> function_points(const FunctionTraits& traits) {
  using Limits = std::numeric_limits<Scalar>;
  std::vector<Scalar> bases{Limits::min(), Limits::max()};
  for (const double x :
       {1e-30, 1e-10, 1e-5, 0.1,  0.3,  0.75, 1.0,   1.28,  2.0,   3.0,   4.5, 6.0,  8.0, 12.5,
        17.0,  30.0,  37.0, 60.0, 88.0, 90.0, 104.0, 700.0, 709.0, 746.0, 1e4, 1e10, 1e30})
    bases.push_back(Scalar(x));
  for (const double kink : traits.kinks) bases.push_back(Scalar(std::abs(kink)));
  const Scalar close(std::is_same_v<Scalar, float> ? Scalar(1e-6) : Scalar(1e-9));
  std::vector<Scalar> points{Scalar(0), -Scalar(0), Limits::denorm_min(), -Limits::denorm_min()};
  for (const Scalar base : bases)
    for (const Scalar x : {base, std::nextafter(base, Scalar(0)), base * (Scalar(1) - close),
                           base * (Scalar(1) + close), base * Scalar(1.001), base * Scalar(1.4)}) {
      if (!std::isfinite(x)) continue;
      points.push_back(x);
      points.push_back(-x);
    }
  std::erase_if(points, [&](Scalar x) { return !traits.has(double(x)); });
  return points;
}

/// Whether a kink lies in [lo, hi] widened by `margin`.
inline bool near_kink(const FunctionTraits& traits, double lo, double hi, double margin) {
  return std::any_of(traits.kinks.begin(), traits.kinks.end(),
                     [&](double kink) { return lo - margin <= kink && kink <= hi + margin; });
}

/// What the function promises of its value (functions/promises.hpp), to the last bit.
template <class Scalar, class F>
void check_promises(const F& f, const Scalar& a) {
  const fn::Promises promises = fn::promises(f);
  const Scalar b = f.value(a), d = f.derivative(a);
  if (promises.slope_from_value && !(f.chord(b, Scalar(0)) == f.chord(a, Scalar(0))))
    FAIL_CHECK("slope at the value " << f.chord(b, Scalar(0)) << ", promised " << f.chord(a, Scalar(0)));
  if (promises.derivative_from_value && !(f.derivative(b) == d && b * d == a * d))
    FAIL_CHECK("derivative at the value " << f.derivative(b) << ", promised " << d);
  if (promises.never_negative && b < Scalar(0)) FAIL_CHECK("value " << b << ", promised not to be below 0");
  if (promises.homogeneous && !(b == d * a && f.chord(a, Scalar(0)) == d && f.value(Scalar(0)) == Scalar(0)))
    FAIL_CHECK("value " << b << ", promised " << d * a);
}

/// `reference` is f in long double, written in the test without the code under test.
template <class Scalar, class F, class Reference>
void check_function_for(const F& f, const Reference& reference, const FunctionTraits& traits) {
  using Limits = std::numeric_limits<Scalar>;
  using Real = long double;
  const Real unit = Real(traits.epsilons) * Real(Limits::epsilon());
  const Real floor = 16 * Real(Limits::min());  // where the result or a factor of it is denormal
  const std::vector<Scalar> points = function_points<Scalar>(traits);

  std::vector<Real> value, value_size, derivative;
  for (const Scalar x : points) {
    value.push_back(reference(Real(x)));
    derivative.push_back(f.derivative(Real(x)));
    // What a value's digits are relative to: itself, and what a rounding of x does to it.
    value_size.push_back(std::abs(value.back()) +
                         (x == Scalar(0) ? 0 : std::abs(Real(x) * derivative.back())));
  }

  for (std::size_t i = 0; i < points.size(); ++i) {
    const Scalar a = points[i];
    INFO("a = " << a);

    const bool overflows = std::abs(value[i]) > Real(Limits::max());  // Selu's 1.05·x
    if (!overflows && !(std::abs(Real(f.value(a)) - value[i]) <= unit * value_size[i] + floor))
      FAIL_CHECK("value " << f.value(a) << ", expected " << value[i]);

    // Central differences in long double: good to about 1e-11 where f is smooth.
    const Real h = 1e-5L;
    if (std::abs(a) <= Scalar(2e3) && std::isfinite(f.derivative(a)) && !near_kink(traits, a, a, 2e-5)) {
      const Real difference = (reference(Real(a) + h) - reference(Real(a) - h)) / (2 * h);
      const Real tolerance = (Real(traits.differences) + unit * std::max(Real(1), std::abs(Real(a)))) *
                             (1 + std::abs(difference));
      if (!(std::abs(Real(f.derivative(a)) - difference) <= tolerance))
        FAIL_CHECK("derivative " << f.derivative(a) << ", central difference " << difference);
    }

    if (std::abs(a) <= Scalar(2e3) && std::isfinite(f.derivative(a)) && !near_kink(traits, a, a, 2e-5)) {
      Scalar second;
      fn::second_derivatives(f, 0, 1, &a, &second);
      const Real difference = (f.derivative(Real(a) + h) - f.derivative(Real(a) - h)) / (2 * h);
      const Real tolerance = (Real(traits.differences) + unit * std::max(Real(1), std::abs(Real(a)))) *
                             (1 + std::abs(difference));
      if (!(std::abs(Real(second) - difference) <= tolerance))
        FAIL_CHECK("second derivative " << second << ", central difference " << difference);
    }

    if (!(f.chord(a, a) == f.derivative(a)))
      FAIL_CHECK("chord(a, a) " << f.chord(a, a) << ", derivative " << f.derivative(a));

    if (std::isfinite(f.value(a))) check_promises(f, a);

    for (std::size_t j = 0; j < i; ++j) {
      const Scalar r = points[j];
      const Scalar chord = f.chord(a, r);
      const Real d = Real(a) - Real(r);
      const Real expected = d == 0 ? derivative[i] : (value[i] - value[j]) / d;
      // Where a value overflows, or the chord itself, it may be infinite.
      const bool finite = std::isfinite(f.value(a)) && std::isfinite(f.value(r)) &&
                          std::abs(expected) <= Real(Limits::max()) / 2;
      if (std::isnan(chord) || (finite && !std::isfinite(chord)))
        FAIL_CHECK("chord " << chord << " at r = " << r);
      if (!(f.chord(r, a) == chord))
        FAIL_CHECK("chord(a, r) " << chord << ", chord(r, a) " << f.chord(r, a) << " at r = " << r);

      if constexpr (requires { f.chord_from_zero(a); })
        if (r == 0 && finite &&
            !(std::abs(Real(f.chord_from_zero(a)) - Real(chord)) <= unit * std::abs(Real(chord)) + floor))
          FAIL_CHECK("chord from 0 " << chord << ", by its own formula " << f.chord_from_zero(a)
                                     << " at a = " << a);

      if (d == 0 || !finite) continue;
      Real size = std::abs(expected);
      if (!traits.relative) size += std::abs((Real(a) * derivative[i] - Real(r) * derivative[j]) / d);
      // The reference cancels too, in long double's last digits.
      const Real noise =
          8 * std::numeric_limits<Real>::epsilon() * (value_size[i] + value_size[j]) / std::abs(d);
      if (!(std::abs(Real(chord) - expected) <= unit * size + noise + floor))
        FAIL_CHECK("chord " << chord << ", expected " << expected << " at r = " << r);

      // Where that noise hides the last digits of a double: the derivative half-way, which is the chord
      // but for f'''·d²/24.
      if (std::abs(d) <= 3e-9L * std::abs(Real(a)) && std::abs(a) <= Scalar(100) &&
          !near_kink(traits, std::min(a, r), std::max(a, r), traits.has_ends() ? 2e-5 : 0)) {
        const Real middle = Real(f.derivative(Real(r) + d / 2));
        const Real middle_size =
            traits.relative ? std::abs(middle)
                            : std::abs(middle) + std::abs(Real(a) * (derivative[i] - derivative[j]) / d);
        if (!(std::abs(Real(chord) - middle) <= unit * middle_size + floor))
          FAIL_CHECK("chord " << chord << ", derivative half-way " << middle << " at r = " << r);
      }
    }
  }
}

/// The chord's derivatives against central differences of the chord in long double, at pairs of numbers that
/// are no kinks: in one call, so that near and far pairs share blocks.
template <class Scalar, class F>
void check_chord_derivatives(const F& f, const FunctionTraits& traits) {
  using Real = long double;
  std::vector<Scalar> all, a, r;
  for (const Scalar x : function_points<Scalar>(traits))
    if (std::abs(x) <= Scalar(100) && !near_kink(traits, x, x, 3e-4) &&
        std::abs(f.derivative(x)) < Scalar(1e30))
      all.push_back(x);
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = i % 3; j < all.size(); j += 3) {
      a.push_back(all[i]);
      r.push_back(all[j]);
    }
  for (const Scalar x : all)  // at one point, and around the distance at which the formula changes
    for (const double d : {0., 1e-12, 1e-8, 1e-6, 1.5e-5, 3e-5, 1e-3, 0.01, 0.015, 0.018, 0.022, 0.05}) {
      const Scalar y = Scalar(double(x) + d * std::max(1., std::abs(double(x))));
      if (near_kink(traits, std::min(x, y), std::max(x, y), 3e-4)) continue;
      a.push_back(x);
      r.push_back(y);
    }
  std::vector<Scalar> to_a(a.size()), to_r(a.size());
  fn::chord_derivatives(f, 0, Index(a.size()), a.data(), r.data(), to_a.data(), to_r.data());
  const Real h = 3e-7L, unit = 4 * std::pow(Real(std::numeric_limits<Scalar>::epsilon()), Real(2) / 3);
  for (std::size_t k = 0; k < a.size(); ++k) {
    const Real x = a[k], y = r[k];
    const Real by_a = (fn::chord(f, x + h, y) - fn::chord(f, x - h, y)) / (2 * h);
    const Real by_r = (fn::chord(f, x, y + h) - fn::chord(f, x, y - h)) / (2 * h);
    const auto size = [&](Real z) {
      Real second;
      fn::second_derivatives(f, 0, 1, &z, &second);
      return std::abs(Real(f.derivative(z))) + std::abs(second);
    };
    const Real tolerance =
        Real(traits.differences) * (1 + std::abs(by_a) + std::abs(by_r)) + unit * (1 + size(x) + size(y));
    if (!(std::abs(Real(to_a[k]) - by_a) <= tolerance) || !(std::abs(Real(to_r[k]) - by_r) <= tolerance))
      FAIL_CHECK("chord's derivatives at a = " << a[k] << ", r = " << r[k] << ": " << to_a[k] << ", "
                                               << to_r[k] << ", central differences " << by_a << ", "
                                               << by_r);
  }
}

/// The derivative that automatic differentiation finds in `value`, and value and chord over that scalar.
template <class F>
void check_function_autodiff(const F& f, const FunctionTraits& traits) {
  using Dual = Eigen::AutoDiffScalar<Eigen::Matrix<double, 1, 1>>;
  for (const double x : function_points<double>(traits)) {
    // Far out, the quotient rule's squares overflow: Eigen's doing, not the function's.
    if (std::abs(x) > 2e4 || near_kink(traits, x, x, 1e-6) || !std::isfinite(f.derivative(x))) continue;
    INFO("x = " << x);
    // Not ==: the compiler may fuse multiplications and additions in one of the two.
    const auto same = [](double found, double expected) {
      return std::abs(found - expected) <= 1e-13 * (1 + std::abs(expected));
    };
    const Dual a(x, Eigen::Matrix<double, 1, 1>::Ones());
    const Dual b = f.value(a);
    const double derivative = f.derivative(x);
    if (!same(b.value(), f.value(x))) FAIL_CHECK("value " << b.value() << ", expected " << f.value(x));
    if (!(std::abs(b.derivatives()(0) - derivative) <= 1e-12 * (1 + std::abs(derivative))))
      FAIL_CHECK("differentiated " << b.derivatives()(0) << ", derivative " << derivative);
    double second;
    fn::second_derivatives(f, 0, 1, &x, &second);
    if (!(std::abs(Dual(f.derivative(a)).derivatives()(0) - second) <= 1e-12 * (1 + std::abs(second))))
      FAIL_CHECK("the derivative differentiated " << Dual(f.derivative(a)).derivatives()(0)
                                                  << ", second derivative " << second);
    Dual second_of_dual;
    fn::second_derivatives(f, 0, 1, &a, &second_of_dual);
    if (!same(second_of_dual.value(), second)) FAIL_CHECK("second derivative over AutoDiffScalar differs");
    if (!same(Dual(f.derivative(a)).value(), derivative))
      FAIL_CHECK("derivative over AutoDiffScalar differs");
    for (const double r : {-750.0, -2.0, -0.7, 0.0, 0.1, 1.5, 750.0, x * (1 + 1e-9)}) {
      if (!traits.has(r) || !std::isfinite(f.chord(x, r)) || !std::isfinite(f.derivative(r))) continue;
      const Dual chord = f.chord(a, Dual(r));
      const bool squares_underflow = std::abs(x) < 1e-150 && std::abs(r) < 1e-150;  // Eigen's quotient rule
      if (!same(chord.value(), f.chord(x, r)) ||
          !(squares_underflow || std::isfinite(chord.derivatives()(0))))
        FAIL_CHECK("chord over AutoDiffScalar " << chord.value() << " (derivative " << chord.derivatives()(0)
                                                << "), expected " << f.chord(x, r) << " at r = " << r);
    }
  }
}

template <class F, class Reference>
void check_function(const F& f, const Reference& reference, const FunctionTraits& traits = {}) {
  STATIC_REQUIRE(fn::Function<F, float>);
  STATIC_REQUIRE(fn::Function<F, double>);
  check_function_for<float>(f, reference, traits);
  check_function_for<double>(f, reference, traits);
  CHECK(fn::has_second_derivative(f));
  check_chord_derivatives<float>(f, traits);
  check_chord_derivatives<double>(f, traits);
  check_function_autodiff(f, traits);
}

}  // namespace ascribe::test
