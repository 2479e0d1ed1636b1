/// Powers: of an affine expression, with an exponent for each feature, the square root and the inverse.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>

namespace ascribe::fn {

/// f(x) = (shift + scale·x)^exponent, for bases that are positive, or 0 where the exponent is not negative
/// (any base, where the exponent is a whole number, but 0 where it is negative). Local response normalisation
/// is made of them (Krizhevsky et al. 2012, §3.3). Example: `Power{2}` squares, `Power{-0.75, 1, 0.1}` is
/// (1 + 0.1·x)^(−¾).
struct Power {
  static constexpr const char* name = "Power";

  double exponent = 1;  ///< what the shifted and scaled argument is raised to
  double shift = 0;     ///< added to the scaled argument
  double scale = 1;     ///< multiplied with the argument first

  const char* domain() const {
    if (is_whole()) return exponent < 0 ? "arguments of a base other than 0" : nullptr;
    return exponent < 0 ? "arguments of a base above 0" : "arguments of a base of 0 or more";
  }

  template <class Scalar>
  bool defined_at(const Scalar& a) const {
    const Scalar z = base(a);
    return z > Scalar(0) || (exponent >= 0 && z == Scalar(0)) || (is_whole() && z < Scalar(0));
  }

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return raised(base(a), exponent);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    if (exponent == 0) return Scalar(0);  // of any base
    return Scalar(Scalar(exponent * scale) * raised(base(a), exponent - 1));
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    const double factor = exponent * (exponent - 1) * scale * scale;
    if (factor == 0) return Scalar(0);  // of any base
    return Scalar(Scalar(factor) * raised(base(a), exponent - 2));
  }

  /// For a square, the sum of the two bases, in which nothing cancels that does not in the result. Otherwise
  /// with z and w the larger and smaller magnitude of a base, q = w/z and p > 0: z^(p − 1)·(1 − q^p)/(1 − q).
  /// A negative power is that of 1/w, whose q is the same. A whole power of a negative base is that of its
  /// magnitude, with its sign or without.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    const Scalar z = base(a), w = base(r);
    if (exponent == 2) return Scalar(Scalar(scale) * (z + w));
    if (z == w || exponent == 1 || exponent == 0) return derivative(a);
    const Scalar zero(0), one(1);
    const Scalar size_z = math::abs(z), size_w = math::abs(w);
    const Scalar high = math::max(size_z, size_w), low = math::min(size_z, size_w), ratio = low / high;
    const bool odd = is_whole() && std::fmod(exponent, 2) != 0, across = (z < zero) != (w < zero);
    const double p = std::abs(exponent);
    const Scalar rise = odd && across ? Scalar(one + raised(ratio, p)) : one_less_power(high, low, p);
    if (rise == zero) return rise;  // of −z and z, however steep
    const Scalar run = across ? Scalar(one + ratio) : Scalar(Scalar(high - low) / high);
    // The slope of an even power has the sign of the end whose magnitude is the larger, and a negative power
    // falls with the magnitude.
    const bool falls = !odd && (size_z > size_w ? z : w) < zero, sinks = exponent < 0 && !(odd && across);
    const Scalar steepness = exponent < 0 ? Scalar(raised(low, exponent) / high) : raised(high, exponent - 1);
    return Scalar(Scalar(falls != sinks ? -scale : scale) * Scalar(steepness * Scalar(rise / run)));
  }

 private:
  bool is_whole() const { return exponent == std::floor(exponent); }

  template <class Scalar>
  Scalar base(const Scalar& a) const {
    return Scalar(Scalar(shift) + Scalar(scale) * a);
  }

  /// base^e, where derivatives by the base are no 0 times infinity.
  template <class Scalar>
  static Scalar raised(const Scalar& z, double e) {
    return e == 0 ? Scalar(1) : e == 1 ? z : e == 2 ? Scalar(z * z) : math::pow(z, e);
  }

  /// 1 − (low/high)^p for p > 0. Below a ratio of ½ a power of 1 or more is no longer near 1.
  template <class Scalar>
  static Scalar one_less_power(const Scalar& high, const Scalar& low, double p) {
    const Scalar d = high - low, ratio = low / high;
    if (d < low) return Scalar(-math::expm1(Scalar(Scalar(p) * math::log1p(Scalar(-d / high)))));
    if (p >= 1) return Scalar(Scalar(1) - raised(ratio, p));
    return Scalar(-math::expm1(Scalar(Scalar(p) * math::log(ratio))));
  }
};

/// f(x_i) = x_i^exponent(i mod p), p being the number of exponents, which are above 0, so that f(0) = 0.
template <class Scalar_>
class PowerByFeature {
 public:
  using Scalar = Scalar_;
  static constexpr const char* name = "Power";

  /// Throws Error where there is no exponent, or one that is not above 0.
  explicit PowerByFeature(std::vector<double> exponents) : exponents_(std::move(exponents)) {
    if (exponents_.empty()) fail("Power: expected at least 1 exponent, found 0");
    for (const double e : exponents_)
      if (!(e > 0)) fail("Power: expected one exponent for all features, or several above 0, found ", e);
  }

  /// One for each feature.
  const std::vector<double>& exponents() const { return exponents_; }
  Index features() const { return Index(exponents_.size()); }
  Scalar at_zero() const { return Scalar(0); }
  const char* domain() const {
    const bool anywhere = std::all_of(exponents_.begin(), exponents_.end(),
                                      [](double e) { return Power{e}.domain() == nullptr; });
    return anywhere ? nullptr : Power{0.5}.domain();
  }
  Index outside(Index first, Index count, const Scalar* a) const {
    for (Index i = 0; i < count; ++i)
      if (!at(first + i).defined_at(a[i])) return i;
    return -1;
  }

  void values(Index first, Index count, const Scalar* a, Scalar* b) const {
    for (Index i = 0; i < count; ++i) b[i] = at(first + i).value(a[i]);
  }
  void derivatives(Index first, Index count, const Scalar* a, Scalar* d) const {
    for (Index i = 0; i < count; ++i) d[i] = at(first + i).derivative(a[i]);
  }
  void second_derivatives(Index first, Index count, const Scalar* a, Scalar* d) const {
    for (Index i = 0; i < count; ++i) d[i] = at(first + i).second_derivative(a[i]);
  }
  void chords(Index first, Index count, const Scalar* a, const Scalar* r, Scalar* d) const {
    for (Index i = 0; i < count; ++i) d[i] = at(first + i).chord(a[i], r[i]);
  }
  void slopes(Index first, Index count, const Scalar* a, Scalar* d) const {
    for (Index i = 0; i < count; ++i) d[i] = at(first + i).chord(a[i], Scalar(0));
  }

 private:
  Power at(Index feature) const { return {exponents_[std::size_t(feature) % exponents_.size()]}; }

  std::vector<double> exponents_;
};

/// f(x) = √x for x ≥ 0, f'(x) = 1/(2√x), which is infinite at 0.
struct Sqrt {
  static constexpr const char* name = "Sqrt";
  static constexpr const char* domain = "numbers of 0 or more";

  template <class Scalar>
  bool defined_at(const Scalar& a) const {
    return a >= Scalar(0);
  }

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return math::sqrt(a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return chord(a, a);
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return Scalar(Scalar(-0.5) * derivative(a) / a);
  }

  /// 1/(√a + √r). The 0 makes −0, a root of −0, a 0 without a sign.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    return Scalar(Scalar(1) / Scalar(math::sqrt(a) + math::sqrt(r) + Scalar(0)));
  }
};

/// f(x) = 1/x for x ≠ 0, f'(x) = −1/x². It has no value at 0, and no chord from there.
struct Reciprocal {
  static constexpr const char* name = "Reciprocal";
  static constexpr const char* domain = "numbers other than 0";

  template <class Scalar>
  bool defined_at(const Scalar& a) const {
    return a < Scalar(0) || a > Scalar(0);
  }

  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return Scalar(Scalar(1) / a);
  }

  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return chord(a, a);
  }

  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return Scalar(Scalar(-2) * derivative(a) * value(a));
  }

  /// −1/(a·r), as a product of two that overflow no sooner than f does.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    return Scalar(-Scalar(value(a) * value(r)));
  }
};

}  // namespace ascribe::fn
