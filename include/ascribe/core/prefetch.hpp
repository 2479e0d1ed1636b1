/// A hint to the processor.
#pragma once

#include <algorithm>

#include <ascribe/core/types.hpp>

namespace ascribe {

/// Asks for the cache line of `from[at]`, or of the last of `count` scalars if that lies beyond, to be read
/// soon. For loops that jump through memory which they see for the first time: the processor's own guess is
/// good for straight ones only.
template <class Scalar>
void prefetch(const Scalar* from, Index at, Index count) {
#if defined(__GNUC__)
  __builtin_prefetch(from + std::min(at, count - 1));
#else
  (void)from, (void)at, (void)count;
#endif
}

/// Asks for all of from[begin … end).
template <class Scalar>
void prefetch_run(const Scalar* from, Index begin, Index end) {
  constexpr Index line = std::max<Index>(1, 64 / Index(sizeof(Scalar)));
  for (Index at = begin; at < end; at += line) prefetch(from, at, end);
}

}  // namespace ascribe
