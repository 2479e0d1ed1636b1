/// Whether a group of a class's inputs is recognised by a region that they have in common: a shortcut.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/networks/feature_maps.hpp>

namespace ascribe::evaluate {

/// Pixels that are relevant to a group and not to the rest of its class.
struct CommonRegion {
  std::vector<Index> pixels;  ///< counted row by row, the one with the largest excess first
  double in_group = 0;        ///< the share of |relevance| on them, mean over the group
  double in_rest = 0;         ///< and over the rest
};

/// The region that explanations of a group have in common and those of the rest have not: the fewest pixels
/// that hold `part` of the group's excess. A pixel's relevance is the sum over its channels, its share that
/// of Σ |relevance| of the sample, its excess by how much the group's mean share is above that of the rest.
/// What the whole class looks at has no excess. `relevance` is features × samples; `group` and `rest` are
/// numbers of samples. Empty where no pixel has an excess. Throws Error for another number of features than
/// the image has, for a part outside (0, 1], for an empty group or rest, for samples that there are not, and
/// for relevances that are NaN or infinite.
template <class D>
CommonRegion common_region(const Eigen::MatrixBase<D>& relevance, const FeatureMaps& image,
                           std::span<const Index> group, std::span<const Index> rest, double part = 0.5) {
  image.check("common_region");
  if (relevance.rows() != image.size())
    fail("common_region: expected ", image.size(), " features as the image has, found ", relevance.rows());
  if (!(part > 0 && part <= 1)) fail("common_region: expected a part in (0, 1], found ", part);
  const auto mean_share = [&](const char* who, std::span<const Index> samples) {
    if (samples.empty()) fail("common_region: expected samples in the ", who, ", found none");
    Eigen::ArrayXd mean = Eigen::ArrayXd::Zero(image.positions()), pixels(image.positions());
    for (const Index n : samples) {
      if (n < 0 || n >= relevance.cols())
        fail("common_region: expected samples in [0, ", relevance.cols(), "), found ", n);
      pixels.setZero();
      for (Index p = 0; p < image.positions(); ++p)
        for (Index c = 0; c < image.channels; ++c)
          pixels(p) += math::value_of(relevance(image.feature(c, p), n));
      const double all = pixels.abs().sum();
      if (!std::isfinite(all)) fail("common_region: a relevance of sample ", n, " is NaN or infinite");
      if (all > 0) mean += pixels.abs() / all;
    }
    return Eigen::ArrayXd(mean / double(samples.size()));
  };
  const Eigen::ArrayXd in_group = mean_share("group", group), in_rest = mean_share("rest", rest);
  const Eigen::ArrayXd excess = in_group - in_rest;
  std::vector<Index> order(static_cast<std::size_t>(image.positions()));
  std::iota(order.begin(), order.end(), Index(0));
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return excess(a) > excess(b); });
  CommonRegion region;
  const double wanted = part * excess.max(0).sum();
  double held = 0;
  for (const Index p : order) {
    if (!(excess(p) > 0) || held >= wanted) break;
    region.pixels.push_back(p);
    region.in_group += in_group(p);
    region.in_rest += in_rest(p);
    held += excess(p);
  }
  return region;
}

/// What a region does to the answers on some inputs.
struct RegionEffect {
  Index samples = 0;  ///< how many inputs
  /// Which part of them the network says the class of.
  double right_before = 0, right_after = 0;
  /// The class's logit minus the largest other, mean.
  double margin_before = 0, margin_after = 0;
  double logit_fall = 0;                       ///< of the class's logit, mean
};

/// Replaces a region's pixels by those of `values` (features × 1), all channels, and watches a class: x is
/// features × samples, and the network's output has a logit for each class. For a Sequential or a Graph.
/// Throws Error for other numbers of features or classes than the network has, and for pixels that there are
/// not.
template <class Net, class X, class D>
RegionEffect region_effect(const Net& net, const Eigen::MatrixBase<X>& x, const FeatureMaps& image,
                           std::span<const Index> pixels, const Eigen::MatrixBase<D>& values, Index target) {
  using S = typename X::Scalar;
  image.check("region_effect");
  if (x.rows() != image.size() || values.rows() != image.size() || values.cols() != 1)
    fail("region_effect: expected inputs and values of ", image.size(), " features, found ", x.rows(),
         " and ", values.rows(), " x ", values.cols());
  RegionEffect effect;
  effect.samples = x.cols();
  if (effect.samples == 0) return effect;
  Batch<S> inputs = x;
  const auto watch = [&](double& right, double& margin) {
    const Batch<S> y = net.forward(inputs).output();
    if (target < 0 || target >= y.rows() || y.rows() < 2)
      fail("region_effect: expected one of at least 2 classes in [0, ", y.rows(), "), found ", target);
    double logits = 0;
    for (Index n = 0; n < y.cols(); ++n) {
      double other = -std::numeric_limits<double>::infinity();
      for (Index k = 0; k < y.rows(); ++k)
        if (k != target) other = std::max(other, double(math::value_of(y(k, n))));
      const double logit = math::value_of(y(target, n));
      logits += logit;
      margin += logit - other;
      right += logit > other;
    }
    right /= double(y.cols());
    margin /= double(y.cols());
    return logits / double(y.cols());
  };
  const double before = watch(effect.right_before, effect.margin_before);
  for (const Index p : pixels) {
    if (p < 0 || p >= image.positions())
      fail("region_effect: expected pixels in [0, ", image.positions(), "), found ", p);
    for (Index c = 0; c < image.channels; ++c)
      inputs.row(image.feature(c, p)).setConstant(S(values(image.feature(c, p), 0)));
  }
  effect.logit_fall = before - watch(effect.right_after, effect.margin_after);
  return effect;
}

/// From where on a group counts as a shortcut. The numbers were chosen on digits with and without a planted
/// tag (docs/groups.md), where they lie between the two.
struct ShortcutRule {
  Index members = 5;   ///< a group has at least so many: a mean of fewer says little
  double share = 0.5;  ///< and at most this part of the class
  double own = 20;     ///< its region holds so many times as much |relevance| as in the rest
  double fall = 0.1;  ///< the group's margin falls by this part of itself, where the rest's pixels replace it
  double spared = 0.2;  ///< the rest's logit changes by at most this part of what the group's falls by
};

/// What speaks for and against a group's being a shortcut.
struct ShortcutTest {
  CommonRegion region;  ///< what the group has in common
  /// Where the region takes the rest's mean pixels.
  RegionEffect group, rest;
  RegionEffect others;       ///< of other classes, where it takes the group's; none unless `found()`
  double share = 0;          ///< of the class

  /// Conditions of the rule, in its order.
  bool sized(const ShortcutRule& rule = {}) const {
    return group.samples >= rule.members && share <= rule.share;
  }
  /// The region is the group's own.
  bool owned(const ShortcutRule& rule = {}) const {
    return !region.pixels.empty() && region.in_group >= rule.own * region.in_rest;
  }
  /// The group's margin is above 0, and falls.
  bool hit(const ShortcutRule& rule = {}) const {
    return group.margin_before > 0 &&
           group.margin_before - group.margin_after >= rule.fall * group.margin_before;
  }
  /// The rest does not hang on it.
  bool spared(const ShortcutRule& rule = {}) const {
    return std::abs(rest.logit_fall) <= rule.spared * group.logit_fall;
  }
  /// Whether all hold: the group's answers hang on a region of its own.
  bool found(const ShortcutRule& rule = {}) const {
    return sized(rule) && owned(rule) && hit(rule) && spared(rule);
  }
};

/// Tests whether a group of a class hangs on its region (`common_region`). x (features × samples) are the
/// class's inputs, `group` and `rest` numbers of them. `others` are some inputs of other classes (there may
/// be none), which are looked at where the group is found: that its region turns them shows that it says the
/// class by itself. Throws Error as region_effect, for an empty group or rest, and for samples that there are
/// not.
template <class Net, class X, class O>
ShortcutTest shortcut_test(const Net& net, const Eigen::MatrixBase<X>& x, const FeatureMaps& image,
                           const CommonRegion& region, std::span<const Index> group,
                           std::span<const Index> rest, const Eigen::MatrixBase<O>& others, Index target) {
  using S = typename X::Scalar;
  for (const auto& samples : {group, rest})
    for (const Index n : samples)
      if (n < 0 || n >= x.cols()) fail("shortcut_test: expected samples in [0, ", x.cols(), "), found ", n);
  if (group.empty() || rest.empty())
    fail("shortcut_test: expected samples in the group and in the rest, found ", group.size(), " and ",
         rest.size());
  ShortcutTest test;
  test.region = region;
  const Batch<S> in_group = x(Eigen::all, group), in_rest = x(Eigen::all, rest);
  const Batch<S> of_group = in_group.rowwise().mean(), of_rest = in_rest.rowwise().mean();
  test.share = double(group.size()) / double(group.size() + rest.size());
  test.group = region_effect(net, in_group, image, region.pixels, of_rest, target);
  test.rest = region_effect(net, in_rest, image, region.pixels, of_rest, target);
  if (test.found()) test.others = region_effect(net, others, image, region.pixels, of_group, target);
  return test;
}

}  // namespace ascribe::evaluate
