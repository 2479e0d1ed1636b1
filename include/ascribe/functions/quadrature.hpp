/// The chord of near pairs as the mean of a derivative, for functions without a formula for it.
#pragma once

#include <cstddef>

#include <ascribe/core/math.hpp>

namespace ascribe::fn {

/// The mean of f' over [lo, lo + d] by Gauss and Legendre's rule of eight points (Abramowitz & Stegun, Table
/// 25.4). Its relative error for e^(kx) is below 1e-16 for k·d ≤ 2.
template <class F, class Scalar>
Scalar mean_derivative(const F& f, const Scalar& lo, const Scalar& d) {
  constexpr double node[] = {0.18343464249564980494, 0.52553240991632898582, 0.79666647741362673959,
                             0.96028985649753623168};
  constexpr double weight[] = {0.36268378337836198297, 0.31370664587788728734, 0.22238103445337447054,
                               0.10122853629037625915};
  const Scalar half = Scalar(0.5) * d;
  const Scalar middle = lo + half;
  Scalar sum(0);
  for (std::size_t i = 0; i < 4; ++i) {
    const Scalar step = Scalar(node[i]) * half;
    const Scalar pair = f.derivative(Scalar(middle - step)) + f.derivative(Scalar(middle + step));
    sum = Scalar(sum + Scalar(weight[i]) * pair);
  }
  return Scalar(Scalar(0.5) * sum);
}

}  // namespace ascribe::fn
