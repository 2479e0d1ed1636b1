/// How sure a mean over samples is.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/evaluate/random.hpp>

namespace ascribe::evaluate {

/// A mean, and between which bounds it is likely to be for other samples of the same kind.
struct Interval {
  /// The mean, and the bounds.
  double mean, low, high;
};

/// The bootstrap's percentile interval (Efron & Tibshirani 1993, §13.3) of the mean over samples: as many
/// samples are drawn anew, with replacement, `resamples` times; the interval is what lies between the
/// quantiles (1 ∓ level)/2 of their means, interpolated linearly. `values` is quantities × samples, such as
/// the scores of a curve; the same samples are drawn for all quantities. Draws are the same for a seed and a
/// number of samples. Throws Error where there is no sample, no resample, or a level outside (0, 1).
template <class D>
std::vector<Interval> bootstrap(const Eigen::MatrixBase<D>& values, double level = 0.95,
                                Index resamples = 2000, std::uint64_t seed = 1) {
  const Index samples = values.cols();
  if (samples < 1) fail("bootstrap: expected at least 1 sample, found none");
  if (resamples < 1) fail("bootstrap: expected at least 1 resample, found ", resamples);
  if (!(level > 0 && level < 1)) fail("bootstrap: expected a level in (0, 1), found ", level);
  Eigen::MatrixXd numbers(values.rows(), samples);
  for (Index n = 0; n < samples; ++n)
    for (Index i = 0; i < values.rows(); ++i) numbers(i, n) = double(math::value_of(values(i, n)));
  Eigen::MatrixXd means(resamples, values.rows());
  Eigen::VectorXd shares(samples);
  for (Index r = 0; r < resamples; ++r) {
    Random random(seed, std::uint64_t(r));
    shares.setZero();
    for (Index k = 0; k < samples; ++k) shares(random.below(samples)) += 1 / double(samples);
    means.row(r) = (numbers * shares).transpose();
  }
  std::vector<Interval> intervals;
  for (Index i = 0; i < values.rows(); ++i) {
    auto sorted = means.col(i);
    std::sort(sorted.data(), sorted.data() + resamples);
    const auto quantile = [&](double q) {
      const double at = q * double(resamples - 1);
      const Index low = Index(std::floor(at)), high = std::min(low + 1, resamples - 1);
      return sorted(low) + (at - double(low)) * (sorted(high) - sorted(low));
    };
    intervals.push_back({numbers.row(i).mean(), quantile((1 - level) / 2), quantile((1 + level) / 2)});
  }
  return intervals;
}

}  // namespace ascribe::evaluate
