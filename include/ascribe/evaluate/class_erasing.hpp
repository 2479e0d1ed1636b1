/// Erasing one class: whether what an explanation calls the difference of two classes is the difference.
#pragma once

#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/start.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/evaluate/perturbation.hpp>
#include <ascribe/networks/occlusion.hpp>
#include <ascribe/networks/passes.hpp>

namespace ascribe::evaluate {

/// The pairs of digits of DeepLIFT's experiment: an 8 becomes a 3 or a 6, a 9 or a 4 a 1, where something is
/// erased.
inline constexpr std::array<std::pair<Index, Index>, 4> digit_pairs{{{8, 3}, {8, 6}, {9, 1}, {4, 1}}};

/// What erasing did to each sample.
template <class Scalar>
struct ClassErasing {
  /// logit_A − logit_B, one a sample.
  Eigen::Matrix<Scalar, Dynamic, 1> before, after;
  std::vector<Index> erased;                        ///< how many parts

  /// By how much the difference fell: the more, the better the explanation knew it.
  Eigen::Matrix<Scalar, Dynamic, 1> change() const { return before - after; }
};

/// DeepLIFT's comparison of methods (Shrikumar et al. 1704.02685, §4.1): the parts that speak most for class
/// a over class b, those with the largest relevance_a − relevance_b above 0, take the baseline's values, at
/// most the given fraction of all, to the nearest number (of 784 pixels 157). `relevance_a` and `_b` explain
/// the logits a and b; for what is linear in the start, the explanation of their difference in place of the
/// first and zeros in that of the second are the same. x is features × samples, the baseline one column or as
/// many; `parts` as for perturbation_curves, a pixel each in the paper. A sample's numbers do not depend on
/// those beside it. For a Sequential or a Graph. Throws Error as perturbation_curves, for a fraction outside
/// [0, 1], and for classes that there are not, or that are the same.
template <class Net, class X, class A, class B, class Parts, class D>
ClassErasing<typename X::Scalar> class_erasing(const Net& net, const Eigen::MatrixBase<X>& x,
                                               const Eigen::MatrixBase<A>& relevance_a,
                                               const Eigen::MatrixBase<B>& relevance_b, Index a, Index b,
                                               const Parts& parts, const Eigen::MatrixBase<D>& baseline,
                                               double fraction = 0.2) {
  using S = typename X::Scalar;
  if (a == b) fail("class_erasing: expected two classes, found ", a, " twice");
  if (!(fraction >= 0 && fraction <= 1))
    fail("class_erasing: expected a fraction in [0, 1], found ", fraction);
  if (relevance_a.rows() != relevance_b.rows() || relevance_a.cols() != relevance_b.cols())
    fail("class_erasing: expected two relevances of one shape, found ", relevance_a.rows(), " x ",
         relevance_a.cols(), " and ", relevance_b.rows(), " x ", relevance_b.cols());
  const Batch<S> speaks = relevance_a - relevance_b, values = baseline;
  detail::check_replacing("class_erasing", x, speaks, parts, values);
  const std::size_t most = std::size_t(std::llround(fraction * double(parts.count())));

  ascribe::detail::Groups<Net, S> groups(net);
  const start::WeightedOutputs difference{{{a, 1}, {b, -1}}};
  const ascribe::detail::Explained<Net, S> explained(net, x, difference, groups);
  ClassErasing<S> result;
  result.before.resize(x.cols());
  result.after.resize(x.cols());
  Batch<S> erased;
  for (Index n = 0; n < x.cols(); ++n) {
    const std::vector<double> sums = region_sums(speaks.col(n), parts);
    erased = x.col(n);
    Index& count = result.erased.emplace_back(0);
    for (const Index k : ranking(sums, Order::most_first)) {
      if (std::size_t(count) == most || !(sums[std::size_t(k)] > 0)) break;
      parts.each(k, [&](Index i) { erased(i) = values(i, values.cols() == 1 ? 0 : n); });
      ++count;
    }
    groups.run(
        x.rows(), 2, [&](Index k, auto& column) { column = k == 0 ? Batch<S>(x.col(n)) : erased; },
        [&](const auto& trace, Index column, Index k) {
          (k == 0 ? result.before : result.after)(n) = explained(trace, column, n);
        });
  }
  return result;
}

}  // namespace ascribe::evaluate
