/// The stabiliser of LRP's denominators.
#pragma once

#include <ascribe/core/types.hpp>

namespace ascribe {

/// s(z) = z + ε·sgn(z) with sgn(±0) = +1 (zennit's convention; Bach et al. 2015, eq. 58, up to it).
/// Example: `stabilised(-2.0, 0.5) == -2.5`, `stabilised(0.0, 0.5) == 0.5`.
template <class Scalar>
Scalar stabilised(const Scalar& z, double epsilon) {
  return z < Scalar(0) ? Scalar(z - Scalar(epsilon)) : Scalar(z + Scalar(epsilon));
}

}  // namespace ascribe
