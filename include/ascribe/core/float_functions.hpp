/// The exponential, the error functions and the hyperbolic tangent of floats, made of a few operations without a branch: a
/// loop over neighbours then takes as many of them at once as a vector holds, where the C library's are one call each.
/// Doubles keep the C library's.
///
/// Polynomials are minimax for the relative error (Remez' exchange, in 40 digits; what they are off by stands beside each).
/// What is chosen is chosen by bits and not by `?:` of floats, which GCC turns into branches where a comparison may trap.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace ascribe::math::floats {

inline std::int32_t bits_of(float x) { return std::bit_cast<std::int32_t>(x); }
inline float float_of(std::int32_t bits) { return std::bit_cast<float>(bits); }

/// |x|'s bits, in whose order floats above 0 stand as well. NaNs are above infinity's.
inline std::int32_t size_bits(float x) { return bits_of(x) & 0x7fffffff; }
inline float size_of(float x) { return float_of(size_bits(x)); }

inline float choose(bool condition, float yes, float no) {
  const std::int32_t mask = -std::int32_t(condition);
  return float_of((bits_of(yes) & mask) | (bits_of(no) & ~mask));
}
inline float nan_or(float x, float value) { return choose(size_bits(x) > 0x7f800000, x, value); }
inline float with_sign_of(float x, float size) { return float_of(size_bits(size) | (bits_of(x) ^ size_bits(x))); }
/// x, or the nearest number that is no larger than `most` in size.
inline float limited(float x, float most) {
  return with_sign_of(x, float_of(std::min(size_bits(x), bits_of(most))));
}

/// The polynomial with these coefficients, the highest power's first (Horner).
template <int n>
inline float polynomial(const float (&coefficients)[n], float x) {
  float sum = coefficients[0];
  for (int i = 1; i < n; ++i) sum = sum * x + coefficients[i];
  return sum;
}

/// factor·eˣ, not for NaN. With n the whole number next to x/ln 2, eˣ = 2ⁿ·eʳ, r = x − n·ln 2, where ln 2 is two numbers,
/// of which n times the first is exact (Cody & Waite 1980, Software Manual for the Elementary Functions, chapter 6).
inline float scaled_exp(float x, float factor) {
  constexpr float shift = 0x1.8p23f;  // of what is added to it, whole numbers are left
  const float a = limited(x, 105.f);
  const float shifted = 1.44269504f * a + shift;
  const float n = shifted - shift;
  const float r = (a - n * 0.693359375f) - n * -2.12194440e-4f;
  // (eʳ − 1 − r)/r² for |r| <= ln 2/2: eʳ within 3.1e-9.
  constexpr float c[] = {1.381448061e-3f, 8.368780211e-3f, 4.166839394e-2f, 1.666652011e-1f, 4.999999341e-1f};
  const float power = 1.f + (r + r * r * polynomial(c, r));
  // 2ⁿ in halves: either is a normal number, where 2ⁿ and factor·eˣ may be none.
  const std::int32_t whole = bits_of(shifted) - bits_of(shift), half = whole >> 1;
  const auto two_to = [](std::int32_t k) { return float_of((k + 127) << 23); };
  return power * two_to(half) * factor * two_to(whole - half);
}

/// erf(x) for |x| <= 1, within 4e-8 of itself and rounding.
inline float erf_near_0(float x) {
  constexpr float c[] = {-5.631414658e-4f, 4.917549596e-3f, -2.671130981e-2f,
                         1.128018007e-1f,  -3.761232618e-1f, 1.128379122f};
  return x * polynomial(c, x * x);
}

/// erfc(x) for x >= 0: e^(−x²)·P(t)/(1 + 2x) with t = (x − 2)/(x + 2), in the form of Shepherd & Laframboise 1981 (Math.
/// Comp. 36, 249-253), within 1.4e-8 up to 10.2; beyond 10.1 floats have only 0. What rounding takes of x² is put back.
inline float erfc_above_0(float x) {
  const float a = limited(x, 10.5f);
  const float t = 1.f - 4.f / (a + 2.f);
  constexpr float c[] = {-3.99445069e-4f, -1.22799654e-3f, 1.31330579e-3f,  8.63009154e-3f,  -8.06014155e-3f,
                         -5.42038820e-2f, 1.640554252e-1f, -1.660314612e-1f, -9.27639850e-2f, 1.276978394f};
  const float p = polynomial(c, t);
  const float high = float_of(bits_of(a) & ~0xfff), low = a - high, square = a * a;
  const float lost = ((high * high - square) + 2.f * high * low) + low * low;
  return scaled_exp(-square, (p - p * lost) / (1.f + 2.f * a));
}

/// eˣ within one unit in the last place; 0 below the smallest float, infinity beyond the largest.
inline float exp(float x) { return nan_or(x, scaled_exp(x, 1.f)); }

/// The error function, within three units in the last place.
inline float erf(float x) {
  const float far = 1.f - erfc_above_0(size_of(x));
  return nan_or(x, choose(size_bits(x) < bits_of(1.f), erf_near_0(x), with_sign_of(x, far)));
}

/// Its complement, within five units in the last place, in the tail as well.
inline float erfc(float x) {
  const float far = erfc_above_0(size_of(x));
  const float either = choose(bits_of(x) < 0, 2.f - far, far);
  return nan_or(x, choose(size_bits(x) < bits_of(0.5f), 1.f - erf_near_0(x), either));
}

/// The hyperbolic tangent, within three units in the last place: 1 − 2/(e^(2|x|) + 1), and near 0 by powers.
inline float tanh(float x) {
  constexpr float c[] = {-5.088336489e-3f, 2.002446009e-2f, -5.352601121e-2f,
                         1.332841483e-1f,  -3.333313042e-1f, 9.999999863e-1f};  // within 1.4e-8 up to 0.7
  const float near = x * polynomial(c, x * x);
  const float far = 1.f - 2.f / (scaled_exp(2.f * limited(size_of(x), 10.f), 1.f) + 1.f);
  return nan_or(x, choose(size_bits(x) < bits_of(0.7f), near, with_sign_of(x, far)));
}

}  // namespace ascribe::math::floats
