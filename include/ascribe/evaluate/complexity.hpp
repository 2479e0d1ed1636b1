/// How few features an explanation rests on.
#pragma once

#include <algorithm>
#include <cmath>

#include <ascribe/core/error.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/evaluate/similarity.hpp>

namespace ascribe::evaluate {

namespace detail {

/// measure(shares) of every sample, whose shares are |R_i|/Σ|R|; NaN where all are 0.
template <class D, class Measure>
PerSample of_shares(const char* who, const Eigen::MatrixBase<D>& relevance, const Measure& measure) {
  if (relevance.rows() < 1) fail(who, ": expected at least 1 feature, found none");
  PerSample result(relevance.cols());
  for (Index n = 0; n < relevance.cols(); ++n) {
    Eigen::ArrayXd shares = relevance_of(who, relevance, n, Sign::dropped);
    if (const double largest = shares.maxCoeff(); largest > 0) {
      shares /= largest;  // first, so that no sum overflows
      shares /= shares.sum();
      result(n) = measure(shares);
    } else {
      result(n) = undefined;
    }
  }
  return result;
}

}  // namespace detail

/// The entropy −Σ p_i·ln p_i of each sample's shares p_i = |R_i|/Σ|R| (Bhatt et al. 2005.00631, definition of
/// complexity), from 0 (one feature has all) to ln d (all have the same); NaN where all relevances are 0.
/// `relevance` is features × samples. Throws Error for no features, and for one that is NaN or infinite.
template <class D>
PerSample entropy(const Eigen::MatrixBase<D>& relevance) {
  return detail::of_shares("entropy", relevance, [](const Eigen::ArrayXd& shares) {
    double total = 0;
    for (const double share : shares)
      if (share > 0) total -= share * std::log(share);
    return total;
  });
}

/// The Gini index of each sample's |R|, Σ_k p₍ₖ₎·(2k − d − 1)/d over the shares in rising order (Chalasani
/// et al. 1810.06583, §5), from 0 (all features have the same) to 1 − 1/d (one has all); NaN where all are 0.
/// Shapes and errors as `entropy`.
template <class D>
PerSample gini(const Eigen::MatrixBase<D>& relevance) {
  return detail::of_shares("gini", relevance, [](Eigen::ArrayXd shares) {
    std::sort(shares.begin(), shares.end());
    const double d = double(shares.size());
    double total = 0;
    for (Index k = 0; k < shares.size(); ++k) total += shares(k) * (2 * double(k + 1) - d - 1) / d;
    return total;
  });
}

}  // namespace ascribe::evaluate
