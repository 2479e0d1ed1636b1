/// Whether numbers are NaN or infinite.
#pragma once

#include <atomic>
#include <concepts>

#include <ascribe/core/math.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/types.hpp>

namespace ascribe::detail {

/// Whether none of `count` numbers is NaN or infinite.
template <class S>
[[gnu::noinline]] bool all_finite(Index count, const S* values) {
  if constexpr (std::floating_point<S>) {
    int finite = 1;  // x − x is 0 for these alone; no early way out, so that the loop vectorises
    for (Index i = 0; i < count; ++i) finite &= values[i] - values[i] == S(0);
    return finite != 0;
  } else {
    bool finite = true;
    for (Index i = 0; i < count; ++i) finite = finite && math::isfinite(values[i]);
    return finite;
  }
}
/// The same of rows × samples numbers, one behind the other, by all threads.
template <class S>
[[gnu::noinline]] bool all_finite(Index rows, Index samples, const S* values) {
  std::atomic<bool> finite{true};
  each_piece(rows, samples, [&](Index n, Index first, Index width) {
    if (!all_finite(width, values + n * rows + first)) finite.store(false, std::memory_order_relaxed);
  });
  return finite.load();
}

}  // namespace ascribe::detail
