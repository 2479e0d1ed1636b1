/// Perturbation curves: how fast the output changes where the input is replaced, region by region, in the
/// order of its relevance.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/evaluate/random.hpp>
#include <ascribe/networks/baselines.hpp>
#include <ascribe/networks/feature_maps.hpp>
#include <ascribe/networks/occlusion.hpp>
#include <ascribe/networks/passes.hpp>

namespace ascribe::evaluate {

/// Which region is replaced first.
enum class Order { most_first, least_first, random };

/// What is followed: the explained output, Σ v·b, or the same of the outputs' softmax.
enum class Score { logit, softmax };

/// How a curve is made.
struct Perturbation {
  Order order = Order::most_first;  ///< which parts go first
  Score score = Score::logit;       ///< what is followed
  Index steps = 0;           ///< L; 0: until all regions are replaced
  Index regions_a_step = 1;  ///< the last step may have fewer
  std::uint64_t seed = 1;    ///< of the random order
  Index first_sample = 0;    ///< the number of the batch's first sample, by which random orders go
};

/// Regions and steps of settings that have a name. Regions are squares of all channels, which cover the
/// image; those at its right and lower border may be smaller.
struct Preset {
  Index region;  ///< pixels a side
  Index steps;   ///< of one region each; 0: until all are replaced

  /// Throws Error where a region is larger than the image.
  Patches regions(const FeatureMaps& image) const { return {image, region, region, region, region}; }
};
namespace preset {
/// Samek et al. 1509.06321, §IV: 9 × 9 pixels, 100 steps, replaced by uniform noise, for photographs of 227
/// pixels a side, of which that is a sixth.
inline constexpr Preset samek{9, 100};
/// For digits of 28 × 28: every pixel, or blocks of 4 × 4, until nothing is left.
inline constexpr Preset digits_pixels{1, 0}, digits_blocks{4, 0};
}  // namespace preset

namespace detail {
/// The streams of a sample: what is drawn for one purpose must not follow from what is drawn for another.
inline Random random_order(std::uint64_t seed, Index sample) {
  return Random(seed, 2 * std::uint64_t(sample));
}
inline Random random_values(std::uint64_t seed, Index sample) {
  return Random(seed, 2 * std::uint64_t(sample) + 1);
}

/// Throws Error unless relevance, regions and replacement fit x.
template <class X, class R, class Parts, class P>
void check_replacing(const std::string& who, const Eigen::MatrixBase<X>& x,
                     const Eigen::MatrixBase<R>& relevance, const Parts& parts,
                     const Eigen::MatrixBase<P>& replacement) {
  if (relevance.rows() != x.rows() || relevance.cols() != x.cols())
    fail(who, ": expected relevances of ", x.rows(), " features x ", x.cols(), " samples, found ",
         relevance.rows(), " x ", relevance.cols());
  ascribe::detail::with_culprit(relevance, [&](Index i, Index n) {
    fail(who, ": the relevance of feature ", i, " of sample ", n, " is NaN or infinite");
  });
  if (parts.features() != x.rows())
    fail(who, ": expected regions of ", x.rows(), " features, found regions of ", parts.features());
  if (replacement.rows() != x.rows() || (replacement.cols() != 1 && replacement.cols() != x.cols()))
    fail(who, ": expected replacements of ", x.rows(), " features x 1 or ", x.cols(), " samples, found ",
         replacement.rows(), " x ", replacement.cols());
}
}  // namespace detail

/// What regions are replaced by: features × samples, or one column for all. Any baseline serves as well.
namespace replacement {

/// One value everywhere.
template <class Scalar>
Batch<Scalar> constant(Index features, double value) {
  return Batch<Scalar>::Constant(features, 1, Scalar(value));
}

/// The mean of a data set.
using baseline::mean;

/// Uniform noise in [low, high), one number of each for all channels or one a channel; for features that are
/// no image, FeatureMaps{1, features, 1}. Sample n of the batch gets the noise of sample first_sample + n,
/// whichever are beside it. Throws Error for another number of bounds, and for bounds that are not finite or
/// the wrong way round.
template <class Scalar>
Batch<Scalar> uniform_noise(const FeatureMaps& image, Index samples, std::span<const double> low,
                            std::span<const double> high, std::uint64_t seed = 1, Index first_sample = 0) {
  image.check("uniform_noise");
  for (const auto& bounds : {low, high})
    if (bounds.size() != 1 && Index(bounds.size()) != image.channels)
      fail("uniform_noise: expected 1 bound or ", image.channels, ", one a channel, found ", bounds.size());
  const auto at = [](std::span<const double> bounds, Index c) {
    return bounds[bounds.size() == 1 ? 0 : std::size_t(c)];
  };
  for (Index c = 0; c < image.channels; ++c)
    if (!(at(low, c) <= at(high, c)) || !std::isfinite(at(low, c)) || !std::isfinite(at(high, c)))
      fail("uniform_noise: expected finite bounds, the lower one first, found ", at(low, c), " and ",
           at(high, c));
  Batch<Scalar> noise(image.size(), samples);
  for (Index n = 0; n < samples; ++n) {
    Random random = detail::random_values(seed, first_sample + n);
    for (Index p = 0; p < image.positions(); ++p)
      for (Index c = 0; c < image.channels; ++c)
        noise(image.feature(c, p), n) = Scalar(at(low, c) + random.uniform() * (at(high, c) - at(low, c)));
  }
  return noise;
}

/// The inputs themselves (features × samples), each channel blurred by a Gaussian of that deviation in
/// pixels, the outermost values continued beyond the border: scipy's ndimage.gaussian_filter with
/// mode="nearest", which cuts the Gaussian off at four deviations. Throws Error for another size, and for a
/// deviation that is not above 0.
template <class D>
Batch<typename D::Scalar> blur(const Eigen::MatrixBase<D>& x, const FeatureMaps& image, double deviation) {
  using S = typename D::Scalar;
  image.check("blur");
  if (x.rows() != image.size())
    fail("blur: expected ", image.channels, " x ", image.height, " x ", image.width, " = ", image.size(),
         " features, found ", x.rows());
  if (!(deviation > 0) || !std::isfinite(deviation))
    fail("blur: expected a deviation above 0, found ", deviation);
  const Index radius = Index(4 * deviation + 0.5);
  std::vector<double> weights;
  for (Index k = -radius; k <= radius; ++k)
    weights.push_back(std::exp(-0.5 * double(k * k) / (deviation * deviation)));
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  // Σ_k weight_k·value(i + k) along one axis of that size.
  const auto blurred = [&](Index i, Index size, const auto& value) {
    double total = 0;
    for (Index k = -radius; k <= radius; ++k)
      total += weights[std::size_t(k + radius)] / sum * value(std::clamp<Index>(i + k, 0, size - 1));
    return total;
  };
  Batch<S> result(x.rows(), x.cols());
  Eigen::MatrixXd down(image.height, image.width);
  for (Index n = 0; n < x.cols(); ++n)
    for (Index c = 0; c < image.channels; ++c) {
      const auto feature = [&](Index row, Index column) {
        return image.feature(c, row * image.width + column);
      };
      for (Index row = 0; row < image.height; ++row)
        for (Index column = 0; column < image.width; ++column)
          down(row, column) = blurred(
              row, image.height, [&](Index r) { return double(math::value_of(x(feature(r, column), n))); });
      for (Index row = 0; row < image.height; ++row)
        for (Index column = 0; column < image.width; ++column)
          result(feature(row, column), n) =
              S(blurred(column, image.width, [&](Index k) { return down(row, k); }));
    }
  return result;
}

}  // namespace replacement

/// The sum of the relevance, one column, in each region.
template <class D, class Parts>
std::vector<double> region_sums(const Eigen::MatrixBase<D>& relevance, const Parts& parts) {
  std::vector<double> sums(std::size_t(parts.count()), 0.0);
  for (std::size_t k = 0; k < sums.size(); ++k)
    parts.each(Index(k), [&](Index i) { sums[k] += double(math::value_of(relevance(i, 0))); });
  return sums;
}

/// Regions in the order in which they are replaced: by the relevance in them, those of the same by their
/// number. A random order does not read the relevance.
inline std::vector<Index> ranking(std::span<const double> sums, Order order, Random random = Random(1)) {
  std::vector<Index> ranked(sums.size());
  std::iota(ranked.begin(), ranked.end(), Index(0));
  if (order == Order::random)
    random.shuffle(ranked);
  else
    std::stable_sort(ranked.begin(), ranked.end(), [&](Index a, Index b) {
      const double first = sums[std::size_t(a)], second = sums[std::size_t(b)];
      return order == Order::most_first ? first > second : first < second;
    });
  return ranked;
}

/// The scores after each step, and what is made of them.
template <class Scalar>
struct PerturbationCurves {
  Batch<Scalar> scores;  ///< (L + 1) × samples: f(x⁽⁰⁾), …, f(x⁽ᴸ⁾)

  /// The mean over samples, step by step.
  Eigen::VectorXd curve() const { return numbers().rowwise().mean(); }
  /// The area over the perturbation curve of each sample, 1/(L + 1)·Σ_k [f(x⁽⁰⁾) − f(x⁽ᵏ⁾)] (Samek et al.
  /// 1509.06321, §III); its mean over samples is the paper's AOPC.
  Eigen::VectorXd aopc() const {
    const Eigen::MatrixXd f = numbers();
    return (f.row(0) - f.colwise().mean()).transpose();
  }

 private:
  Eigen::MatrixXd numbers() const {
    return scores.unaryExpr([](const Scalar& s) { return double(math::value_of(s)); });
  }
};

/// The area between the curves of the two orders, of each sample: the AOPC of most relevant first less that
/// of least relevant first ("symmetric relevance gain", Blücher et al. 2401.06654). Throws Error where the
/// curves have other steps or samples.
template <class Scalar>
Eigen::VectorXd area_between(const PerturbationCurves<Scalar>& most_first,
                             const PerturbationCurves<Scalar>& least_first) {
  const auto &most = most_first.scores, &least = least_first.scores;
  if (most.rows() != least.rows() || most.cols() != least.cols())
    fail("area_between: expected two sets of curves of one shape, found ", most.rows(), " x ", most.cols(),
         " and ", least.rows(), " x ", least.cols());
  return most_first.aopc() - least_first.aopc();
}

/// The score of each sample where its regions are replaced one after the other (Samek et al. 1509.06321,
/// §III). x is features × samples, `relevance` too; `parts` are regions, such as Patches without overlap or
/// Segments, ranked by the sum of the relevance in them; `replacement` is a column for all samples, or one
/// each; `start` says what is followed: a target, one for each sample, or weights of the outputs. The copies
/// of a sample go through the network together, in groups whose values take some 64 MB, and never with those
/// of others: a sample's numbers are the same to the last bit whichever samples are beside it. For a
/// Sequential or a Graph. Throws Error as `forward` and `explain`, for shapes that do not fit, and for more
/// steps than there are regions for.
///
///     const Patches regions = preset::digits_blocks.regions({1, 28, 28});
///     perturbation_curves(net, x, why.relevance, regions, baseline::zero<float>(784), targets).aopc();
template <class Net, class X, class R, class Parts, class P, class Start>
PerturbationCurves<typename X::Scalar> perturbation_curves(const Net& net, const Eigen::MatrixBase<X>& x,
                                                           const Eigen::MatrixBase<R>& relevance,
                                                           const Parts& parts,
                                                           const Eigen::MatrixBase<P>& replacement,
                                                           const Start& start, const Perturbation& how = {}) {
  using S = typename X::Scalar;
  const char* const who = "perturbation_curves";
  detail::check_replacing(who, x, relevance, parts, replacement);
  if (how.regions_a_step < 1) fail(who, ": expected at least 1 region a step, found ", how.regions_a_step);
  const Index most = (parts.count() - 1) / how.regions_a_step + 1;
  if (how.steps < 0 || how.steps > most)
    fail(who, ": expected at most ", most, " steps, ", parts.count(), " regions in all, found ", how.steps);
  const Index steps = how.steps == 0 ? most : how.steps;

  ascribe::detail::Groups<Net, S> groups(net);
  const ascribe::detail::Explained<Net, S> explained(net, x, start, groups);
  const Batch<S> values = replacement;
  PerturbationCurves<S> result{Batch<S>(steps + 1, x.cols())};
  Batch<S> current;
  for (Index n = 0; n < x.cols(); ++n) {
    const std::vector<Index> ranked = ranking(region_sums(relevance.col(n), parts), how.order,
                                              detail::random_order(how.seed, how.first_sample + n));
    const Index from = values.cols() == 1 ? 0 : n;
    current = x.col(n);
    std::size_t replaced = 0;
    groups.run(
        x.rows(), steps + 1,
        [&](Index k, auto& column) {
          for (const auto end = std::min(std::size_t(k * how.regions_a_step), ranked.size()); replaced < end;
               ++replaced)
            parts.each(ranked[replaced], [&](Index i) { current(i) = values(i, from); });
          column = current;
        },
        [&](const auto& trace, Index column, Index k) {
          result.scores(k, n) = how.score == Score::logit ? explained(trace, column, n)
                                                          : explained.of_softmax(trace, column, n);
        });
  }
  return result;
}

}  // namespace ascribe::evaluate
