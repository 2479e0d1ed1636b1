/// How similar two explanations of the same inputs are.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/networks/feature_maps.hpp>

namespace ascribe::evaluate {

/// One number a sample.
using PerSample = Eigen::ArrayXd;

/// Whether relevances are compared with their signs. Without them, a heatmap that speaks for what another
/// speaks against is the same; with them, it is its opposite.
enum class Sign { kept, dropped };

namespace detail {

inline constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

/// One sample's relevances as doubles. Throws Error for one that is NaN or infinite.
template <class D>
Eigen::ArrayXd relevance_of(const char* who, const Eigen::MatrixBase<D>& relevance, Index n, Sign sign) {
  Eigen::ArrayXd values(relevance.rows());
  for (Index i = 0; i < values.size(); ++i) {
    const double value = math::value_of(relevance(i, n));
    if (!std::isfinite(value)) fail(who, ": the relevance of feature ", i, " of sample ", n, " is ", value);
    values(i) = sign == Sign::kept ? value : std::abs(value);
  }
  return values;
}

/// measure(a, b) of every sample's relevances. Throws Error for two shapes, and for no features.
template <class A, class B, class Measure>
PerSample compared(const char* who, const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b, Sign sign,
                   const Measure& measure) {
  if (a.rows() != b.rows() || a.cols() != b.cols() || a.rows() < 1)
    fail(who, ": expected two relevances of one shape and at least 1 feature, found ", a.rows(), " x ",
         a.cols(), " and ", b.rows(), " x ", b.cols());
  PerSample result(a.cols());
  for (Index n = 0; n < a.cols(); ++n)
    result(n) = measure(relevance_of(who, a, n, sign), relevance_of(who, b, n, sign));
  return result;
}

/// Undefined where either is all zeros.
inline double cosine_of(const Eigen::ArrayXd& a, const Eigen::ArrayXd& b) {
  const double norms = a.matrix().stableNorm() * b.matrix().stableNorm();
  return norms > 0 ? std::clamp((a * b).sum() / norms, -1.0, 1.0) : undefined;
}

inline double pearson_of(const Eigen::ArrayXd& a, const Eigen::ArrayXd& b) {
  // The mean of equal numbers may be off by rounding, which would then be all that is compared.
  const bool constant = a.minCoeff() == a.maxCoeff() || b.minCoeff() == b.maxCoeff();
  return constant ? undefined : cosine_of(a - a.mean(), b - b.mean());
}

}  // namespace detail

/// The rank of each number, from 1 on; equal ones share the mean of their ranks. Example:
/// `ranks({3, 1, 3}) == {2.5, 1, 2.5}`.
inline Eigen::ArrayXd ranks(const Eigen::ArrayXd& values) {
  std::vector<Index> order(std::size_t(values.size()));
  std::iota(order.begin(), order.end(), Index(0));
  std::sort(order.begin(), order.end(), [&](Index i, Index j) { return values(i) < values(j); });
  Eigen::ArrayXd result(values.size());
  for (std::size_t first = 0, end = 0; first < order.size(); first = end) {
    for (end = first; end < order.size() && values(order[end]) == values(order[first]);) ++end;
    for (std::size_t k = first; k < end; ++k) result(order[k]) = double(first + 1 + end) / 2;
  }
  return result;
}

/// The cosine of the angle between two relevances (features × samples), in −1 … 1 for each sample; NaN where
/// either is all zeros. It says whether two explanations point the same way, whatever their size, and sees
/// convergence that ranks do not (Sixt et al. 1912.09818). Throws Error for two shapes, and for relevances
/// that are NaN or infinite.
template <class A, class B>
PerSample cosine(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b, Sign sign = Sign::kept) {
  return detail::compared("cosine", a, b, sign, detail::cosine_of);
}

/// Pearson's correlation of two relevances, the cosine of their deviations from their means; NaN where either
/// is constant. Shapes and errors as `cosine`.
template <class A, class B>
PerSample pearson(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b, Sign sign = Sign::kept) {
  return detail::compared("pearson", a, b, sign, detail::pearson_of);
}

/// Spearman's rank correlation, Pearson's of the ranks, where equal relevances share the mean of their ranks;
/// NaN where either is constant. Pixels of relevance 0 (an empty background under × input) are one large tie
/// in both, which by itself makes two heatmaps similar. Shapes and errors as `cosine`.
template <class A, class B>
PerSample spearman(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b, Sign sign = Sign::kept) {
  return detail::compared("spearman", a, b, sign, [](const Eigen::ArrayXd& x, const Eigen::ArrayXd& y) {
    return detail::pearson_of(ranks(x), ranks(y));
  });
}

/// The mean structural similarity of two heatmaps (Wang et al., IEEE TIP 13(4), 2004, eq. 13 with
/// K₁ = 0.01 and K₂ = 0.03), in −1 … 1: over all windows of `window` × `window` pixels that lie within the
/// image, unweighted, variances with n − 1, and over channels. Its range of values L is that of both heatmaps
/// of a sample together; NaN where that is 0. (All as scikit-image's structural_similarity has it by default
/// with that data_range.) Errors as `cosine`, and for a window that is even, below 3 or larger than the
/// image.
template <class A, class B>
PerSample ssim(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b, const FeatureMaps& image,
               Sign sign = Sign::kept, Index window = 7) {
  image.check("ssim");
  if (a.rows() != image.size())
    fail("ssim: expected ", image.size(), " features as the image has, found ", a.rows());
  if (window < 3 || window % 2 == 0 || window > std::min(image.height, image.width))
    fail("ssim: expected an odd window of 3 to ", std::min(image.height, image.width), " pixels, found ",
         window);
  return detail::compared("ssim", a, b, sign, [&](const Eigen::ArrayXd& x, const Eigen::ArrayXd& y) {
    const double range = std::max(x.maxCoeff(), y.maxCoeff()) - std::min(x.minCoeff(), y.minCoeff());
    if (range == 0) return detail::undefined;
    const double c1 = std::pow(0.01 * range, 2), c2 = std::pow(0.03 * range, 2);
    const double pixels = double(window * window);
    double total = 0;
    const Index down = image.height - window + 1, across = image.width - window + 1;
    for (Index c = 0; c < image.channels; ++c)
      for (Index top = 0; top < down; ++top)
        for (Index left = 0; left < across; ++left) {
          const auto sum = [&](const auto& term) {
            double result = 0;
            for (Index row = top; row < top + window; ++row)
              for (Index column = left; column < left + window; ++column)
                result += term(image.feature(c, row * image.width + column));
            return result;
          };
          const double mx = sum([&](Index i) { return x(i); }) / pixels;
          const double my = sum([&](Index i) { return y(i); }) / pixels;
          const auto covariance = [&](const auto& u, double mu, const auto& v, double mv) {
            return sum([&](Index i) { return (u(i) - mu) * (v(i) - mv); }) / (pixels - 1);
          };
          total += (2 * mx * my + c1) * (2 * covariance(x, mx, y, my) + c2) /
                   ((mx * mx + my * my + c1) * (covariance(x, mx, x, mx) + covariance(y, my, y, my) + c2));
        }
    return total / double(image.channels * down * across);
  });
}

}  // namespace ascribe::evaluate
