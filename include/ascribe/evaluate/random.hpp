/// Random numbers that are the same on every platform, and for any division of the work.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

#include <ascribe/core/error.hpp>
#include <ascribe/core/types.hpp>

namespace ascribe::evaluate {

/// SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators"). Each stream of a
/// seed has numbers of its own: who gives every sample the stream of its number draws the same for it
/// whichever samples are beside it, and on whichever thread. The distributions of the standard library differ
/// between platforms; these are exact sums, products and quotients of the generator's bits.
///
///     Random(7).uniform() == Random(7).uniform()
class Random {
 public:
  /// Stream 0 is the reference implementation with that seed.
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) : state_(seed ^ mixed(stream)) {}

  /// 64 random bits.
  std::uint64_t bits() { return mixed(state_ += 0x9e3779b97f4a7c15u); }

  /// Uniform in [0, 1), a multiple of 2⁻⁵³.
  double uniform() { return double(bits() >> 11) * 0x1p-53; }

  /// Normal, of mean 0 and deviation 1: a quotient of uniforms (Kinderman & Monahan 1977). The library's
  /// logarithm decides what is taken and is no part of the number, so that its last bit does not matter.
  double normal() {
    constexpr double widest = 0.857763884960706797;  // √(2/e)
    for (;;) {
      const double u = 1 - uniform(), v = widest * (2 * uniform() - 1), x = v / u;
      if (x * x <= -4 * std::log(u)) return x;
    }
  }

  /// Uniform among 0, …, n − 1. Throws Error for n below 1.
  Index below(Index n) {
    if (n < 1) fail("Random::below: expected at least 1, found ", n);
    const std::uint64_t count = std::uint64_t(n);
    // The lowest 2⁶⁴ mod n values would be one time too many.
    const std::uint64_t first = (0 - count) % count;
    std::uint64_t value = bits();
    while (value < first) value = bits();
    return Index(value % count);
  }

  /// A random order (Fisher & Yates) of a std::vector, std::span or the like.
  template <class Values>
  void shuffle(Values&& values) {
    for (std::size_t i = std::size(values); i > 1; --i)
      std::swap(values[i - 1], values[std::size_t(below(Index(i)))]);
  }

 private:
  static std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace ascribe::evaluate
