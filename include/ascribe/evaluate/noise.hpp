/// Noise on inputs, that is the same on every platform and whichever samples are beside one.
#pragma once

#include <cmath>
#include <cstdint>

#include <ascribe/core/error.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/evaluate/random.hpp>

namespace ascribe::evaluate {

namespace detail {

/// Adds to every feature of copy `copy` of a sample what draw(random) says.
template <class Column, class Draw>
void add_noise(std::uint64_t seed, Index sample, Index copy, Column& column, const Draw& draw) {
  using S = typename Column::Scalar;
  // Above the streams of whole samples, 2·sample and 2·sample + 1, which orders and replacements are drawn
  // from.
  Random random(seed, (std::uint64_t(sample + 1) << 32) + std::uint64_t(copy));
  for (Index i = 0; i < column.size(); ++i) column(i) += S(draw(random));
}
inline void check_noise(const char* who, double size) {
  if (!(size >= 0) || !std::isfinite(size)) fail(who, ": expected a finite size >= 0, found ", size);
}

}  // namespace detail

/// Uniform in [−radius, radius) on every feature, in the input's units. Sample n of a batch has the noise of
/// the number `first_sample` + n, so that a data set may be cut into batches anywhere.
struct UniformNoise {
  double radius;           ///< half of the interval
  std::uint64_t seed = 1;  ///< of the random numbers
  Index first_sample = 0;  ///< the number of the batch's sample 0

  /// Throws Error unless the radius is finite and not negative.
  void check() const { detail::check_noise("UniformNoise", radius); }
  /// Adds copy number `copy`'s noise to sample n of a batch, one column.
  template <class Column>
  void operator()(Index n, Index copy, Column& column) const {
    detail::add_noise(seed, first_sample + n, copy, column,
                      [&](Random& random) { return radius * (2 * random.uniform() - 1); });
  }
};

/// Normal of mean 0 on every feature; else as UniformNoise.
struct GaussianNoise {
  double deviation;        ///< the standard deviation
  std::uint64_t seed = 1;  ///< of the random numbers
  Index first_sample = 0;  ///< the number of the batch's sample 0

  /// Throws Error unless the deviation is finite and not negative.
  void check() const { detail::check_noise("GaussianNoise", deviation); }
  /// Adds copy number `copy`'s noise to sample n of a batch, one column.
  template <class Column>
  void operator()(Index n, Index copy, Column& column) const {
    detail::add_noise(seed, first_sample + n, copy, column,
                      [&](Random& random) { return deviation * random.normal(); });
  }
};

}  // namespace ascribe::evaluate
