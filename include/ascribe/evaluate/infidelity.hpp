/// How well an explanation foretells what a change of the input does to the output.
#pragma once

#include <utility>

#include <ascribe/core/error.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/evaluate/noise.hpp>
#include <ascribe/evaluate/similarity.hpp>
#include <ascribe/networks/occlusion.hpp>

namespace ascribe::evaluate {

/// The changes that infidelity() takes have
///
///     Index count() const                       how many changes a sample goes through
///     void check(features, samples) const       throws Error where it does not fit the batch
///     (n, k, column, weights)                   change k of sample n: column, which is x, becomes x − I, and
///                                               weights, zeros, what each relevance counts with
///
/// Weights are I for relevances that are multipliers, units of the output per unit of the input: gradients,
/// or the multipliers of the forms Q and Delta. They are 1 where a feature is gone for relevances that are
/// shares of the output (multiplier · (x − baseline)).

/// Each part of the input (Patches, Segments, or one's own parts) in turn is given the baseline's values:
/// for relevances that are shares of what the output is more than the baseline's. Patches with a stride of 1
/// are Yeh's square removal. The baseline is features × 1 or × samples.
template <class Scalar, class Parts>
class Removal {
 public:
  /// A baseline, and what is taken away at a time.
  template <class D>
  Removal(const Eigen::MatrixBase<D>& baseline, Parts parts)
      : baseline_(baseline), parts_(std::move(parts)) {}

  /// How many changes there are.
  Index count() const { return parts_.count(); }
  /// Throws Error where sizes do not fit.
  void check(Index features, Index samples) const {
    if (parts_.features() != features)
      fail("Removal: expected parts of ", features, " features, found parts of ", parts_.features());
    if (baseline_.rows() != features || (baseline_.cols() != 1 && baseline_.cols() != samples))
      fail("Removal: expected a baseline of ", features, " features x 1 or ", samples, " samples, found ",
           baseline_.rows(), " x ", baseline_.cols());
  }
  /// Change k of sample n, which `column` holds; and what each relevance counts with.
  template <class Column>
  void operator()(Index n, Index k, Column& column, Eigen::VectorXd& weights) const {
    parts_.each(k, [&](Index i) {
      column(i) = baseline_(i, baseline_.cols() == 1 ? 0 : n);
      weights(i) = 1;
    });
  }

 private:
  Batch<Scalar> baseline_;
  Parts parts_;
};

/// The baseline's numbers are those that it computes with.
template <class D, class Parts>
Removal(const Eigen::MatrixBase<D>&, Parts) -> Removal<typename D::Scalar, Parts>;

/// Noise on all features (GaussianNoise, UniformNoise or one's own), so many times: for relevances that are
/// multipliers.
template <class Noise>
struct NoisyInputs {
  Noise noise;   ///< what is added
  Index copies;  ///< how many times

  /// How many changes there are.
  Index count() const { return copies; }
  /// Throws Error where the noise's size is none.
  void check(Index, Index) const {
    if constexpr (requires { noise.check(); }) noise.check();
  }
  /// Change k of sample n, which `column` holds; and what each relevance counts with.
  template <class Column>
  void operator()(Index n, Index k, Column& column, Eigen::VectorXd& weights) const {
    const Eigen::VectorXd before = column.template cast<double>();
    noise(n, k, column);
    weights = before - column.template cast<double>();
  }
};

/// One number a sample each.
struct Infidelity {
  PerSample as_given;  ///< E[(wᵀR − (f(x) − f(x − I)))²]
  PerSample scaled;    ///< the same of β·R
  PerSample scale;     ///< the β that makes `scaled` the smallest; 0 where every wᵀR is
};

/// E[(Iᵀ R − (f(x) − f(x − I)))²] over changes I of the input (Yeh et al. 1901.09392, eq. 1), for
/// each sample: what a part of the relevance foretells against what happens. f is what `start` (a target, one
/// for each sample, or weights of the outputs) explains. x and `relevance` are features × samples.
///
/// `as_given` measures relevances in the output's units, and what does not add up to it (a heatmap scaled
/// to 0 … 1, guided backpropagation) does badly whatever its order is. `scaled` forgives that: each sample's
/// R is multiplied by the β = Σ e·d/Σ e² that fits best, of e = wᵀR and d = f(x) − f(x − I); a β below 0 says
/// that the explanation has the opposite sign of what happens. A sample's changes go through the network
/// together, in groups whose values take some 64 MB, and never with those of others: its numbers are the same
/// to the last bit whichever samples are beside it. Throws Error as `forward`, for relevances of another
/// shape or that are not finite, and where there are no changes or they do not fit.
///
///     infidelity(net, x, 3, shares, Removal(baseline::zero<float>(784), Patches({1, 28, 28}, 4, 4, 4, 4)));
template <class Net, class X, class Start, class R, class Changes>
Infidelity infidelity(const Net& net, const Eigen::MatrixBase<X>& x, const Start& start,
                      const Eigen::MatrixBase<R>& relevance, const Changes& changes) {
  using S = typename X::Scalar;
  const Index samples = x.cols(), count = changes.count();
  if (count < 1) fail("infidelity: expected at least 1 change of the input, found ", count);
  if (relevance.rows() != x.rows() || relevance.cols() != samples)
    fail("infidelity: expected relevances of ", x.rows(), " features x ", samples, " samples, found ",
         relevance.rows(), " x ", relevance.cols());
  changes.check(x.rows(), samples);
  ascribe::detail::Groups<Net, S> groups(net);
  const ascribe::detail::Explained<Net, S> explained(net, x, start, groups);
  Infidelity result{PerSample(samples), PerSample(samples), PerSample(samples)};
  Eigen::ArrayXd foretold(count), happened(count);
  Eigen::VectorXd weights;
  for (Index n = 0; n < samples; ++n) {
    const Eigen::VectorXd r = detail::relevance_of("infidelity", relevance, n, Sign::kept);
    double whole = 0;
    groups.run(
        x.rows(), count + 1,
        [&](Index k, auto& column) {
          column = x.col(n);
          if (k == 0) return;
          weights.setZero(x.rows());
          changes(n, k - 1, column, weights);
          foretold(k - 1) = weights.dot(r);
        },
        [&](const auto& trace, Index column, Index k) {
          const double output = math::value_of(explained(trace, column, n));
          if (k == 0)
            whole = output;
          else
            happened(k - 1) = whole - output;
        });
    const double squares = foretold.square().sum();
    result.scale(n) = squares > 0 ? (foretold * happened).sum() / squares : 0;
    result.as_given(n) = (foretold - happened).square().mean();
    result.scaled(n) = (result.scale(n) * foretold - happened).square().mean();
  }
  return result;
}

}  // namespace ascribe::evaluate
