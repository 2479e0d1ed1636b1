/// The concept of an elementwise function, and the access to one that the rules use.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>

#include <ascribe/core/error.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/functions/promises.hpp>

/// The elementwise functions. Each is a small type with its parameters and, as templates over the
/// scalar,
///
///     value(a)       f(a)
///     derivative(a)  f'(a); at a kink the convention that the function states
///     chord(a, r)    (f(a) − f(r))/(a − r) without cancellation; f'(a) where a = r
///
/// `chord` may be left out: `fn::chord` then makes one from the other two. Where the chord from 0 has a
/// simpler form than chord(a, 0), it may be given beside it, and once more for a run of neighbours:
///
///     chord_from_zero(a)    (f(a) − f(0))/a, and f'(0) at 0;   chords_from_zero(count, a, d)
///
/// A function whose explanations are to be differentiated has
///
///     second_derivative(a)  f''(a); where it jumps, that of either side
///
/// unless it is homogeneous: then it is 0. A function's parameters are `double` and are converted to the
/// scalar at each use. Functions are called by several threads at once and do not throw.
///
/// Layers and rules call a function for neighbours of one sample at a time: `fn::values`,
/// `fn::derivatives`, `fn::chords`, `fn::slopes`. A function that is known at run time only, or whose
/// parameters vary from feature to feature, has those forms as members instead of the three above, `first`
/// being the feature at which the neighbours start (f(0) has to be the same for all):
///
///     values(first, count, a, b), derivatives(first, count, a, d), chords(first, count, a, r, d),
///     slopes(first, count, a, d)    the chords from 0
///     at_zero()                     f(0)
///     second_derivatives(first, count, a, d)    may be left out, too
///
/// A function that is not defined everywhere says so by
///
///     domain               where it is, in words: "numbers above 0"
///     defined_at(a)        whether f has a value at a; in the second form of functions
///     outside(first, count, a)    the first of the neighbours at which it has none, −1 where all have one
///
/// Networks check it in the forward pass. Without f(0) there is no chord from 0, and a rule that asks for it
/// is an Error.
///
/// Either may say more of itself by `promises()`, which spares rules what they would read or book for it.
namespace ascribe::fn {

template <class F, class Scalar = double>
concept ScalarFunction = requires(const F& f, const Scalar& a) {
  { f.value(a) } -> std::convertible_to<Scalar>;
  { f.derivative(a) } -> std::convertible_to<Scalar>;
};

template <class F>
concept ArrayFunction = requires {
  typename F::Scalar;
}
&&requires(const F& f, Index i, const typename F::Scalar* a, typename F::Scalar* b) {
  f.values(i, i, a, b);
  f.derivatives(i, i, a, b);
  f.chords(i, i, a, a, b);
  f.slopes(i, i, a, b);
  { f.at_zero() } -> std::convertible_to<typename F::Scalar>;
};

template <class F, class Scalar = double>
concept HasSecondDerivative = requires(const F& f, const Scalar& a) {
  { f.second_derivative(a) } -> std::convertible_to<Scalar>;
};

template <class F, class Scalar = double>
concept Function = ScalarFunction<F, Scalar> || ArrayFunction<F>;

/// The chord slope of f between a and another argument r: Slope (r = 0), Baseline (r = ā) and Gradient
/// (r = a) are this one number for three r. For an f without a chord of its own: the quotient,
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

/// f(0) as f computes it, which is no number where f has none there: log and 1/x.
template <class Scalar, class F>
Scalar value_at_zero(const F& f) {
  if constexpr (ArrayFunction<F>)
    return f.at_zero();
  else
    return f.value(Scalar(0));
}
/// Whether f has a value at 0, so that there are chords from there.
template <class F>
bool has_value_at_zero(const F& f) {
  if constexpr (ArrayFunction<F>)
    return math::isfinite(f.at_zero());
  else
    return math::isfinite(f.value(0.));
}

/// f(0), the bias that f carries: what Slope and the ledger call the function's own bias. 0 where f has no
/// value at 0, and so no bias.
template <class Scalar, class F>
Scalar at_zero(const F& f) {
  const Scalar value = value_at_zero<Scalar>(f);
  return math::isfinite(value) ? value : Scalar(0);
}

/// Whether f(0) = 0: that f carries no bias.
template <class F>
bool through_origin(const F& f) {
  if constexpr (ArrayFunction<F>)
    return f.at_zero() == typename F::Scalar(0);
  else
    return f.value(0.) == 0;
}

/// Where f is defined, in words; null where that is everywhere.
template <class F>
const char* domain_of(const F& f) {
  if constexpr (requires { f.domain(); })
    return f.domain();  // known at run time only
  else if constexpr (requires { F::domain; })
    return F::domain;
  else
    return nullptr;
}

/// The first of `count` neighbours at which f is not defined; −1 where it is at all of them.
template <class F, class Scalar>
Index outside(const F& f, Index first, Index count, const Scalar* a) {
  if constexpr (requires { f.outside(first, count, a); }) {
    return f.outside(first, count, a);
  } else if constexpr (requires { f.defined_at(*a); }) {
    int inside = 1;  // no early way out, so that the loop vectorises
    for (Index i = 0; i < count; ++i) inside &= int(f.defined_at(a[i]));
    if (inside != 0) return -1;
    return Index(std::find_if(a, a + count, [&](const Scalar& x) { return !f.defined_at(x); }) - a);
  } else {
    return -1;
  }
}

/// b_i = f(a_i) for `count` neighbours, the first of which is feature `first`.
template <class F, class Scalar>
void values(const F& f, Index first, Index count, const Scalar* a, Scalar* b) {
  if constexpr (ArrayFunction<F>)
    f.values(first, count, a, b);
  else
    for (Index i = 0; i < count; ++i) b[i] = f.value(a[i]);
}

/// d_i = f'(a_i).
template <class F, class Scalar>
void derivatives(const F& f, Index first, Index count, const Scalar* a, Scalar* d) {
  if constexpr (ArrayFunction<F>)
    f.derivatives(first, count, a, d);
  else
    for (Index i = 0; i < count; ++i) d[i] = f.derivative(a[i]);
}

/// d_i = chord(a_i, r_i).
template <class F, class Scalar>
void chords(const F& f, Index first, Index count, const Scalar* a, const Scalar* r, Scalar* d) {
  if constexpr (ArrayFunction<F>)
    f.chords(first, count, a, r, d);
  else
    for (Index i = 0; i < count; ++i) d[i] = fn::chord(f, a[i], r[i]);
}

/// The chord from 0, chord(a, 0), by the function's own formula where it has one.
template <class F, class Scalar>
Scalar slope(const F& f, const Scalar& a) {
  if constexpr (requires { f.chord_from_zero(a); })
    return f.chord_from_zero(a);
  else
    return fn::chord(f, a, Scalar(0));
}

/// d_i = slope(a_i), which for a homogeneous f is f'(a_i): a loop of its own, because a literal 0 is what the
/// compiler simplifies a chord by.
template <class F, class Scalar>
void slopes(const F& f, Index first, Index count, const Scalar* a, Scalar* d) {
  if constexpr (ArrayFunction<F>)
    f.slopes(first, count, a, d);
  else if (promises(f).homogeneous)
    derivatives(f, first, count, a, d);
  else if constexpr (requires { f.chords_from_zero(count, a, d); })
    f.chords_from_zero(count, a, d);
  else
    for (Index i = 0; i < count; ++i) d[i] = fn::slope(f, a[i]);
}

/// What a function calls itself (its `name`); "a function" where it has none.
template <class F>
const char* name_of(const F& f) {
  if constexpr (requires { f.name(); })
    return f.name();  // known at run time only
  else if constexpr (requires { F::name; })
    return F::name;
  else
    return "a function";
}

/// Whether f has a second derivative.
template <class F>
bool has_second_derivative(const F& f) {
  if constexpr (requires { f.has_second_derivative(); })
    return f.has_second_derivative();  // known at run time only
  else if constexpr (HasSecondDerivative<F> || requires { &F::second_derivatives; })
    return true;
  else
    return promises(f).homogeneous;
}

/// d_i = f''(a_i). Throws Error where f has no second derivative.
template <class F, class Scalar>
void second_derivatives(const F& f, Index first, Index count, const Scalar* a, Scalar* d) {
  if constexpr (requires { f.second_derivatives(first, count, a, d); }) {
    f.second_derivatives(first, count, a, d);
  } else if constexpr (HasSecondDerivative<F, Scalar>) {
    for (Index i = 0; i < count; ++i) d[i] = f.second_derivative(a[i]);
  } else {
    if (!promises(f).homogeneous) fail(name_of(f), " has no second derivative");
    std::fill_n(d, count, Scalar(0));
  }
}

/// What f gives for some neighbours, on the stack: rules go through a sample by such blocks, so that the
/// loop of the function and the loop that uses its results are each vectorised, and both run in the
/// first-level cache. For a function known at run time a block is one virtual call.
inline constexpr Index block_size = 256;
/// So many values on the stack.
template <class Scalar>
using Block = std::array<Scalar, std::size_t(block_size)>;

/// Calls body(first, width) for every block of `count` neighbours.
template <class Body>
void each_block(Index count, Body&& body) {
  for (Index first = 0; first < count; first += block_size) body(first, std::min(block_size, count - first));
}

/// The derivatives of c = chord(a, r): to_a = (f'(a) − c)/(a − r) and to_r = (c − f'(r))/(a − r), which are
/// f''(a)/2 where a = r. The quotients' digits are off by about ε/|a − r|; near pairs have
/// (2f''(a) + f''(r))/6 and (f''(a) + 2f''(r))/6 instead, the integrals of t·f''(r + t(a − r)) for an f''
/// that is linear between them, off by (a − r)²/24 of its own second derivative. At 4∛(ε·max(1, |a|, |r|)),
/// where one gives way to the other, both are good to ε^⅔ (4e-11 in double, 2e-5 in float) below 1, and what
/// a rounding of larger arguments does to them. Pairs whose f' differ by more than that part have a kink
/// between them, or an f'' that is large: their quotients are sound however near they are, as a homogeneous
/// f's are. (Where f'' alone jumps between a near pair, as Elu's does at 0, the numbers lie between those of
/// either side.) Throws Error where a near pair needs the second derivative of an f that has none. The
/// results share no memory with a and r.
template <class F, class Scalar>
void chord_derivatives(const F& f, Index first, Index count, const Scalar* a, const Scalar* r, Scalar* to_a,
                       Scalar* to_r) {
  const double part = 4 * std::cbrt(math::epsilon<Scalar>), cube = part * part * part;
  const bool homogeneous = promises(f).homogeneous;
  const auto largest = [](const Scalar& x, const Scalar& y) {
    return math::value_of(math::max(Scalar(1), math::max(math::abs(x), math::abs(y))));
  };
  const auto size = [](const Scalar& x) { return math::value_of(math::abs(x)); };
  each_block(count, [&](Index at, Index width) {
    Block<Scalar> chord, second_a, second_r;
    derivatives(f, first + at, width, a + at, to_a + at);
    derivatives(f, first + at, width, r + at, to_r + at);
    chords(f, first + at, width, a + at, r + at, chord.data());
    bool second = false;
    for (Index k = 0; k < width; ++k) {
      const Index i = at + k;
      Scalar &x = to_a[i], &y = to_r[i];
      const Scalar d = a[i] - r[i];
      const auto near = [&] {
        const auto size_d = size(d);
        return size_d * size_d * size_d < cube * largest(a[i], r[i]) &&
               size(Scalar(x - y)) < part * largest(x, y);
      };
      if (d != Scalar(0) && (homogeneous || !near())) {
        x = Scalar((x - chord[std::size_t(k)]) / d);
        y = Scalar((chord[std::size_t(k)] - y) / d);
        continue;
      }
      if (!second) {
        second_derivatives(f, first + at, width, a + at, second_a.data());
        second_derivatives(f, first + at, width, r + at, second_r.data());
        second = true;
      }
      const Scalar p = second_a[std::size_t(k)], q = second_r[std::size_t(k)];
      x = Scalar((p + p + q) / Scalar(6));
      y = Scalar((p + q + q) / Scalar(6));
    }
  });
}

}  // namespace ascribe::fn
