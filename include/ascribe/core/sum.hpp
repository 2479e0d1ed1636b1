/// Sums that the compiler can vectorise.
#pragma once

#include <array>

#include <ascribe/core/types.hpp>

namespace ascribe {

/// Σ term(i) for i in [0, count). A plain loop over floats is a chain of dependent additions which no
/// compiler may reorder; terms by the block, added as a tree, run at the vector unit's speed and round less.
/// `term` may also store what it computes.
template <class Scalar, class Term>
Scalar sum_of(Index count, Term&& term) {
  constexpr Index size = 64;
  std::array<Scalar, std::size_t(size)> block;
  Scalar total(0);
  Index i = 0;
  for (; i + size <= count; i += size) {
    for (Index k = 0; k < size; ++k) block[std::size_t(k)] = term(i + k);
    total += Eigen::Map<const Eigen::Array<Scalar, int(size), 1>>(block.data()).sum();
  }
  for (; i < count; ++i) total += term(i);
  return total;
}

}  // namespace ascribe
