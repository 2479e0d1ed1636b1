/// How many samples of a batch a network takes at a time.
#pragma once

#include <limits>

#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>

namespace ascribe::detail {

/// No limit to how many samples are taken at a time.
inline constexpr Index all_samples = std::numeric_limits<Index>::max();

/// How many samples of a value with so many rows go through a step at a time: what one step writes is to be
/// in the second-level cache when the next reads it. Two such blocks, and the values of the trace that go
/// with them, fit 1 MB.
template <class S>
Index samples_in_cache(Index rows) {
  constexpr Index bytes = Index(1) << 18;
  return math::max<Index>(1, bytes / (rows * Index(sizeof(S))));
}

/// Above so many rows a sample's value of 8 MB leaves the second-level cache by itself: tiles of one sample
/// would save nothing, and read the weights behind it once for each.
template <class S>
inline constexpr Index most_rows_in_tiles = (Index(1) << 23) / Index(sizeof(S));

/// The size of equal tiles, of at most so many samples each.
inline Index tile(Index most, Index samples) {
  if (samples <= most) return samples;
  const Index tiles = (samples + most - 1) / most;
  return (samples + tiles - 1) / tiles;
}

}  // namespace ascribe::detail
