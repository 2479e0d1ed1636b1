/// How far an explanation moves when its input does.
#pragma once

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/start.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/evaluate/noise.hpp>
#include <ascribe/evaluate/similarity.hpp>
#include <ascribe/networks/occlusion.hpp>

namespace ascribe::evaluate {

/// ‖R(x + noise) − R(x)‖/‖R(x)‖ over the noisy copies of each sample; NaN where R(x) is 0.
struct Sensitivity {
  /// The largest, and the mean.
  PerSample most, mean;
};

/// The max-sensitivity of Yeh et al. 1901.09392, max ‖R(y) − R(x)‖ over ‖y − x‖ ≤ r, here divided by ‖R(x)‖,
/// so that an explanation's scale does not matter (as Quantus has it), and the mean beside it. Both are over
/// `copies` noisy inputs a sample, so that `most` is a lower bound of the maximum. x and `relevance` are
/// features × samples. noise(n, copy, column) changes a copy of sample n: UniformNoise, GaussianNoise or
/// one's own. explain(inputs, samples) says the relevances of a batch of copies, at most `at_once` of them,
/// where samples[k] is the sample that column k is a copy of: its target has to be that sample's. Throws
/// Error for relevances of another shape or that are not finite, for fewer than 1 copy, and as `explain`.
template <class X, class R, class Noise, class Explain>
Sensitivity sensitivity(const Eigen::MatrixBase<X>& x, const Eigen::MatrixBase<R>& relevance, Index copies,
                        const Noise& noise, const Explain& explain, Index at_once = 64) {
  using S = typename X::Scalar;
  if (copies < 1 || at_once < 1)
    fail("sensitivity: expected at least 1 copy, and at least 1 at once, found ", copies, " and ", at_once);
  if (relevance.rows() != x.rows() || relevance.cols() != x.cols())
    fail("sensitivity: expected relevances of ", x.rows(), " features x ", x.cols(), " samples, found ",
         relevance.rows(), " x ", relevance.cols());
  if constexpr (requires { noise.check(); }) noise.check();
  Batch<double> before(x.rows(), x.cols());
  Sensitivity result{PerSample::Zero(x.cols()), PerSample::Zero(x.cols())};
  for (Index n = 0; n < x.cols(); ++n) {
    before.col(n) = detail::relevance_of("sensitivity", relevance, n, Sign::kept);
    if (before.col(n).isZero(0)) result.most(n) = result.mean(n) = detail::undefined;  // and stays it
  }

  Batch<S> inputs;
  std::vector<Index> samples;
  for (Index first = 0; first < x.cols() * copies; first += at_once) {
    const Index width = std::min(at_once, x.cols() * copies - first);
    inputs.resize(x.rows(), width);
    samples.resize(std::size_t(width));
    for (Index k = 0; k < width; ++k) {
      const Index n = samples[std::size_t(k)] = (first + k) / copies;
      auto column = inputs.col(k);
      column = x.col(n);
      noise(n, (first + k) % copies, column);
    }
    const Batch<S> after = explain(std::as_const(inputs), std::span<const Index>(samples));
    if (after.rows() != x.rows() || after.cols() != width)
      fail("sensitivity: expected explanations of ", x.rows(), " features x ", width, " samples, found ",
           after.rows(), " x ", after.cols());
    for (Index k = 0; k < width; ++k) {
      const Index n = samples[std::size_t(k)];
      const Eigen::VectorXd moved = detail::relevance_of("sensitivity", after, k, Sign::kept);
      const double relative = (moved - before.col(n)).stableNorm() / before.col(n).stableNorm();
      result.most(n) = std::max(result.most(n), relative);
      result.mean(n) += relative / double(copies);
    }
  }
  return result;
}

/// The same of a method on a Sequential or a Graph, whose values for all copies at once take some 64 MB.
/// `target` is an output, or one for each sample. A method against a baseline takes the form above.
///
///     sensitivity(net, images, targets, method::LrpQ(), 20, UniformNoise{.radius = 0.1}).most;
template <class Net, class X, class Target, class Method, class Noise>
Sensitivity sensitivity(const Net& net, const Eigen::MatrixBase<X>& x, const Target& target,
                        const Method& method, Index copies, const Noise& noise) {
  const auto of_copies = [&](std::span<const Index> samples) {
    std::vector<Index> targets;
    for (const Index n : samples)
      if constexpr (start::Indices<Target>)
        targets.push_back(Index(*std::next(std::begin(target), n)));
      else
        targets.push_back(Index(target));
    return targets;
  };
  return sensitivity(
      x, net.explain(x.eval(), target, method).relevance, copies, noise,
      [&](const auto& inputs, std::span<const Index> samples) {
        return net.explain(inputs, of_copies(samples), method).relevance;
      },
      ascribe::detail::Groups<Net, typename X::Scalar>(net).at_once());
}

}  // namespace ascribe::evaluate
