/// The stabiliser of LRP's denominators.
#pragma once

#include <ascribe/core/types.hpp>

namespace ascribe {

/// s(z) = z + ε·sgn(z) with sgn(±0) = +1 (zennit's convention; Bach et al. 2015, eq. 58, up to it).
/// Example: `stabilised(-2.0, 0.5) == -2.5`, `stabilised(0.0, 0.5) == 0.5`.
template <class Scalar>
Scalar stabilised(const Scalar& z, double epsilon) {
  // The sign is chosen and not the sum: no arithmetic in a branch, so that loops vectorise.
  const Scalar plus = Scalar(epsilon), minus = Scalar(-epsilon);
  return Scalar(z + (z < Scalar(0) ? minus : plus));
}

}  // namespace ascribe
