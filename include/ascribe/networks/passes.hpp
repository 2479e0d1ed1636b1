/// What the passes of every kind of network share: checks of what goes in and comes out.
#pragma once

#include <ascribe/core/error.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>

namespace ascribe::detail {

/// Throws Error where the batch is empty, has not `expected` features (any where that is negative), or holds
/// a NaN or an infinity.
template <class D>
void check_input(const char* who, const Eigen::MatrixBase<D>& x, Index expected) {
  if (x.cols() == 0 || x.rows() == 0)
    fail(who, ": expected at least one sample and feature, found ", x.rows(), " features x ", x.cols(),
         " samples");
  if (expected >= 0 && x.rows() != expected)
    fail(who, ": expected an input of ", expected, " features, found ", x.rows());
  for (Index n = 0; n < x.cols(); ++n)
    for (Index i = 0; i < x.rows(); ++i)
      if (!math::isfinite(x(i, n)))
        fail(who, ": feature ", i, " of sample ", n, " of the input is NaN or infinite");
}

/// Throws Error where a relevance is NaN or infinite.
template <class Relevance>
void check_result(const Relevance& relevance) {
  for (Index n = 0; n < relevance.cols(); ++n)
    for (Index i = 0; i < relevance.rows(); ++i)
      if (!math::isfinite(relevance(i, n)))
        fail("explain: the relevance of feature ", i, " of sample ", n,
             " is NaN or infinite: a value of the forward pass or a quotient overflowed");
}

}  // namespace ascribe::detail
