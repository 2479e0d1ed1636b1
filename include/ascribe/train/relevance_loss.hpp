/// Losses on relevance, with their derivatives.
#pragma once

#include <cmath>
#include <functional>
#include <span>
#include <utility>

#include <ascribe/core/error.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/types.hpp>

namespace ascribe::train {

/// What a loss on relevance reads: the explanation of a minibatch.
template <class Scalar>
struct Explained {
  View<Scalar> relevance;         ///< of the inputs, as the method says it: features × samples
  View<Scalar, 1, Dynamic> bias;  ///< what all biases took: 1 × samples; of gradients, which give none, empty
  std::span<const Index> samples;  ///< the numbers of these samples in the data
  Index of;                        ///< how many samples the data have
};

/// The derivative of each sample's loss by that sample's own relevances, and by what the biases took of it.
template <class Scalar>
struct RelevanceGradient {
  Batch<Scalar> relevance;         ///< features × samples
  Batch<Scalar, 1, Dynamic> bias;  ///< 1 × samples

  /// Zeros, for so many features and samples.
  void reset(Index features, Index samples) {
    relevance.setZero(features, samples);
    bias.setZero(1, samples);
  }
};

/// A loss on relevance: says a number for each sample, and writes its derivative, which is zero before and of
/// the explanation's shape, to the second argument. Those below, or a function of a user's own.
template <class Scalar>
using RelevanceLoss = std::function<Eigen::ArrayXd(const Explained<Scalar>&, RelevanceGradient<Scalar>&)>;

namespace detail {

/// Throws Error unless `given`, one number for each feature, is one column or one for each sample of the
/// data, and the explained samples are some of these.
template <class Scalar>
void check_given(const char* who, const char* what, const Batch<Scalar>& given,
                 const Explained<Scalar>& explained) {
  if (given.rows() != explained.relevance.rows() || (given.cols() != 1 && given.cols() != explained.of))
    fail(who, ": expected ", what, " of ", explained.relevance.rows(), " features x 1 or ", explained.of,
         " samples, found ", given.rows(), " x ", given.cols());
  if (Index(explained.samples.size()) != explained.relevance.cols())
    fail(who, ": expected the numbers of ", explained.relevance.cols(), " samples, found ",
         explained.samples.size());
  for (const Index n : explained.samples)
    if (n < 0 || n >= explained.of) fail(who, ": expected samples in [0, ", explained.of, "), found ", n);
}

/// The column that is a sample's.
template <class Scalar>
const Scalar* column_of(const Batch<Scalar>& given, const Explained<Scalar>& explained, Index n) {
  return given.data() + (given.cols() == 1 ? 0 : explained.samples[std::size_t(n)] * given.rows());
}

/// value(n) of every sample.
template <class Value>
Eigen::ArrayXd each_sample(Index samples, const Value& value) {
  Eigen::ArrayXd values(samples);
  parallel_for(samples, [&](Index n) { values(n) = value(n); });
  return values;
}

/// Σ|R_i| of one sample.
template <class Scalar>
double size_of(Index features, const Scalar* r) {
  double size = 0;
  for (Index i = 0; i < features; ++i) size += std::abs(double(r[i]));
  return size;
}

/// by_i += sign(R_i)·(g_i − Σ_k p_k·g_k)/Σ|R|: by relevances, where by their shares p_i = |R_i|/Σ|R| it is
/// g_i. Of R = 0, where the size has a kink, 0.
template <class Scalar, class ByShare>
void through_shares(Index features, const Scalar* r, double size, double mean, const ByShare& by_share,
                    Scalar* by) {
  for (Index i = 0; i < features; ++i)
    if (r[i] != Scalar(0)) {
      const double part = (by_share(i) - mean) / size;
      by[i] += Scalar(r[i] > Scalar(0) ? part : -part);
    }
}

}  // namespace detail

/// The share of |R| outside of a mask, Σ (1 − M_i)·|R_i|/Σ|R_i|, from 0 to 1; 0, with derivative 0, for a
/// sample whose relevances are all 0. It says nothing about how large relevance is: a network can lower it by
/// raising what lies inside.
template <class Scalar>
class OutsideMask {
 public:
  /// `inside`: M, 1 where relevance may be and 0 where not, or between; features × 1, or × all samples of the
  /// data. Throws Error for an entry outside of [0, 1].
  explicit OutsideMask(Batch<Scalar> inside) : inside_(std::move(inside)) {
    for (Index n = 0; n < inside_.cols(); ++n)
      for (Index i = 0; i < inside_.rows(); ++i)
        if (!(inside_(i, n) >= 0 && inside_(i, n) <= 1))
          fail("OutsideMask: expected a mask in [0, 1], found ", inside_(i, n), " at feature ", i,
               " of sample ", n);
  }

  /// Throws Error where the mask has not the explanation's features, or another number of samples.
  Eigen::ArrayXd operator()(const Explained<Scalar>& explained, RelevanceGradient<Scalar>& by) const {
    detail::check_given("OutsideMask", "a mask", inside_, explained);
    const auto& relevance = explained.relevance;
    const Index features = relevance.rows();
    return detail::each_sample(relevance.cols(), [&](Index n) {
      const Scalar *r = relevance.data() + n * features, *m = detail::column_of(inside_, explained, n);
      const double size = detail::size_of(features, r);
      if (size == 0) return 0.0;
      const auto outside = [&](Index i) { return 1 - double(m[i]); };
      double share = 0;
      for (Index i = 0; i < features; ++i) share += outside(i) * std::abs(double(r[i])) / size;
      detail::through_shares(features, r, size, share, outside, by.relevance.data() + n * features);
      return share;
    });
  }

 private:
  Batch<Scalar> inside_;
};

/// Σ (A_i·R_i)², "right for the right reasons" (Ross et al. 1703.03717, eq. 1, there of gradients and with λ
/// in front): 0 where a network has no relevance on what A marks.
template <class Scalar>
class SquaredOnMask {
 public:
  /// `marked`: A, 1 where relevance must not be and 0 where it may; features × 1, or × all samples of the
  /// data. Throws Error for an entry that is NaN or infinite.
  explicit SquaredOnMask(Batch<Scalar> marked) : marked_(std::move(marked)) {
    for (Index n = 0; n < marked_.cols(); ++n)
      for (Index i = 0; i < marked_.rows(); ++i)
        if (!std::isfinite(marked_(i, n)))
          fail("SquaredOnMask: expected a finite mask, found ", marked_(i, n), " at feature ", i,
               " of sample ", n);
  }

  /// Throws Error where the mask has not the explanation's features, or another number of samples.
  Eigen::ArrayXd operator()(const Explained<Scalar>& explained, RelevanceGradient<Scalar>& by) const {
    detail::check_given("SquaredOnMask", "a mask", marked_, explained);
    const auto& relevance = explained.relevance;
    const Index features = relevance.rows();
    return detail::each_sample(relevance.cols(), [&](Index n) {
      const Scalar* a = detail::column_of(marked_, explained, n);
      double total = 0;
      for (Index i = 0; i < features; ++i) {
        const double marked = double(a[i]) * double(relevance(i, n));
        total += marked * marked;
        by.relevance(i, n) += Scalar(2 * double(a[i]) * marked);
      }
      return total;
    });
  }

 private:
  Batch<Scalar> marked_;
};

/// Σ (p_i − T_i)², the squared distance of the shares p_i = |R_i|/Σ|R| to a target distribution: from 0 to 2;
/// 0, with derivative 0, for a sample whose relevances are all 0.
template <class Scalar>
class TargetShares {
 public:
  /// `target`: T, at least 0, whose columns are scaled to a sum of 1; features × 1, or × all samples of the
  /// data. Throws Error for an entry below 0 or not finite, and a column of zeros.
  explicit TargetShares(Batch<Scalar> target) : target_(std::move(target)) {
    for (Index n = 0; n < target_.cols(); ++n) {
      for (Index i = 0; i < target_.rows(); ++i)
        if (!(target_(i, n) >= 0 && std::isfinite(target_(i, n))))
          fail("TargetShares: expected targets of at least 0, found ", target_(i, n), " at feature ", i,
               " of sample ", n);
      const double total = target_.col(n).template cast<double>().sum();
      if (!(total > 0)) fail("TargetShares: expected a target above 0 for sample ", n, ", found none");
      target_.col(n) /= Scalar(total);
    }
  }

  /// Throws Error where the target has not the explanation's features, or another number of samples.
  Eigen::ArrayXd operator()(const Explained<Scalar>& explained, RelevanceGradient<Scalar>& by) const {
    detail::check_given("TargetShares", "a target", target_, explained);
    const auto& relevance = explained.relevance;
    const Index features = relevance.rows();
    return detail::each_sample(relevance.cols(), [&](Index n) {
      const Scalar *r = relevance.data() + n * features, *t = detail::column_of(target_, explained, n);
      const double size = detail::size_of(features, r);
      if (size == 0) return 0.0;
      const auto off = [&](Index i) { return std::abs(double(r[i])) / size - double(t[i]); };
      double distance = 0, mean = 0;
      for (Index i = 0; i < features; ++i) {
        distance += off(i) * off(i);
        mean += std::abs(double(r[i])) / size * 2 * off(i);
      }
      detail::through_shares(
          features, r, size, mean, [&](Index i) { return 2 * off(i); }, by.relevance.data() + n * features);
      return distance;
    });
  }

 private:
  Batch<Scalar> target_;
};

/// The share of the biases, |B|/(|B| + Σ|R_i|), from 0 to 1, where B is what all biases of the network took;
/// 0, with derivative 0, where both are 0. Of methods whose result is a relevance (LRP, × input, LRP in Q),
/// not of gradients.
template <class Scalar>
struct BiasShare {
  /// Throws Error where nothing is said of the biases: of gradients.
  Eigen::ArrayXd operator()(const Explained<Scalar>& explained, RelevanceGradient<Scalar>& by) const {
    const auto& relevance = explained.relevance;
    if (explained.bias.size() != relevance.cols())
      fail("BiasShare: expected what the biases took of ", relevance.cols(), " samples, found ",
           explained.bias.size(), ": gradients give them nothing, × input does");
    const Index features = relevance.rows();
    return detail::each_sample(relevance.cols(), [&](Index n) {
      const Scalar *r = relevance.data() + n * features, *bias = explained.bias.data() + n;
      const double size = detail::size_of(features, r) + std::abs(double(*bias));
      if (size == 0) return 0.0;
      const double share = std::abs(double(*bias)) / size;
      detail::through_shares(
          features, r, size, share, [](Index) { return 0; }, by.relevance.data() + n * features);
      detail::through_shares(
          1, bias, size, share, [](Index) { return 1; }, by.bias.data() + n);
      return share;
    });
  }
};

}  // namespace ascribe::train
