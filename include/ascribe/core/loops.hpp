/// Loops over neighbours in memory. They take scalars and pointers alone, so that a program has one of each a
/// scalar, and none a layer's type.
#pragma once

#include <ascribe/core/types.hpp>

namespace ascribe::detail {

/// to += x.
template <class S>
[[gnu::noinline]] void add(Index count, const S* x, S* to) {
  for (Index i = 0; i < count; ++i) to[i] += x[i];
}
/// to += factor·x.
template <class S>
[[gnu::noinline]] void add_multiple(Index count, const S& factor, const S* x, S* to) {
  const S f = factor;
  for (Index i = 0; i < count; ++i) to[i] += f * x[i];
}
/// to *= x.
template <class S>
[[gnu::noinline]] void multiply(Index count, const S* x, S* to) {
  for (Index i = 0; i < count; ++i) to[i] *= x[i];
}
/// to = factor·x.
template <class S>
[[gnu::noinline]] void multiply(Index count, const S& factor, const S* x, S* to) {
  const S f = factor;
  for (Index i = 0; i < count; ++i) to[i] = f * x[i];
}
/// to = x·y.
template <class S>
[[gnu::noinline]] void multiply(Index count, const S* x, const S* y, S* to) {
  for (Index i = 0; i < count; ++i) to[i] = x[i] * y[i];
}

}  // namespace ascribe::detail
