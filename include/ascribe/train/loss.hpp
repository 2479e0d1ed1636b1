/// Losses on a network's outputs, with their derivatives.
#pragma once

#include <cmath>
#include <span>

#include <ascribe/core/error.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/layers/softmax.hpp>

namespace ascribe::train {

/// What each sample counts in a mean: w_n/Σw, or 1/N without weights. Throws Error for no samples, another
/// number of weights, and one that is not above 0 and finite.
inline Eigen::ArrayXd mean_weights(Index samples, std::span<const double> weights) {
  if (samples < 1) fail("mean_weights: expected at least 1 sample, found none");
  if (weights.empty()) return Eigen::ArrayXd::Constant(samples, 1 / double(samples));
  if (Index(weights.size()) != samples)
    fail("mean_weights: expected a weight for each of ", samples, " samples, found ", weights.size());
  for (Index n = 0; n < samples; ++n)
    if (!(weights[std::size_t(n)] > 0 && std::isfinite(weights[std::size_t(n)])))
      fail("mean_weights: expected weights above 0 and finite, found ", weights[std::size_t(n)],
           " for sample ", n);
  const Eigen::Map<const Eigen::ArrayXd> given(weights.data(), samples);
  const double largest = given.maxCoeff();  // first, so that no sum overflows
  return given / largest / (given / largest).sum();
}

namespace detail {

template <class Scalar>
void check_outputs(const char* who, const View<Scalar>& outputs) {
  if (outputs.rows() < 1) fail(who, ": expected at least 1 output, found none");
  for (Index n = 0; n < outputs.cols(); ++n)
    for (Index k = 0; k < outputs.rows(); ++k)
      if (!std::isfinite(outputs(k, n)))
        fail(who, ": output ", k, " of sample ", n, " is ", outputs(k, n), ": expected a finite one");
}

}  // namespace detail

/// Σ_n m_n·(ln Σ_k e^{y_kn} − y_{t_n n}): the mean, by `mean_weights`, of −ln of the probability that the
/// softmax of the outputs gives each sample's class t_n. `outputs` is classes × samples; its derivative
/// m_n·(softmax(y_n) − 1 at t_n), of the same shape, is written to `by_outputs`. Throws Error for another
/// number of labels, one that is no class, an output that is NaN or infinite, and as `mean_weights`.
template <class Scalar>
double softmax_cross_entropy(const View<Scalar>& outputs, std::span<const Index> labels,
                             Batch<Scalar>& by_outputs, std::span<const double> weights = {}) {
  constexpr const char* who = "softmax_cross_entropy";
  const Index samples = outputs.cols(), classes = outputs.rows();
  if (Index(labels.size()) != samples)
    fail(who, ": expected a label for each of ", samples, " samples, found ", labels.size());
  for (Index n = 0; n < samples; ++n)
    if (const Index label = labels[std::size_t(n)]; label < 0 || label >= classes)
      fail(who, ": expected a label in [0, ", classes, "), found ", label, " for sample ", n);
  detail::check_outputs(who, outputs);
  const Eigen::ArrayXd mean = mean_weights(samples, weights);
  by_outputs.resize(classes, samples);
  double loss = 0;
  for (Index n = 0; n < samples; ++n) {
    const Index label = labels[std::size_t(n)];
    const Eigen::ArrayXd y = outputs.col(n).template cast<double>().array();
    const double largest = y.maxCoeff();
    Eigen::ArrayXd e = y - largest;
    ascribe::detail::exponentials(classes, e.data());
    loss += mean(n) * (std::log(e.sum()) + largest - y(label));
    Eigen::ArrayXd by = mean(n) / e.sum() * e;
    by(label) -= mean(n);
    by_outputs.col(n) = by.matrix().template cast<Scalar>();
  }
  return loss;
}

/// Σ_n m_n·Σ_k (y_kn − t_kn)²/K: the mean over the K outputs and, by `mean_weights`, over the samples.
/// `outputs` and `targets` are outputs × samples, and so is the derivative 2·m_n·(y − t)/K that is written to
/// `by_outputs`. Throws Error for targets of another shape or not finite, an output that is NaN or infinite,
/// and as `mean_weights`.
template <class Scalar>
double squared_error(const View<Scalar>& outputs, const View<Scalar>& targets, Batch<Scalar>& by_outputs,
                     std::span<const double> weights = {}) {
  constexpr const char* who = "squared_error";
  const Index samples = outputs.cols(), count = outputs.rows();
  if (targets.rows() != count || targets.cols() != samples)
    fail(who, ": expected targets of ", count, " outputs x ", samples, " samples, found ", targets.rows(),
         " x ", targets.cols());
  detail::check_outputs(who, outputs);
  const Eigen::ArrayXd mean = mean_weights(samples, weights);
  by_outputs.resize(count, samples);
  double loss = 0;
  for (Index n = 0; n < samples; ++n)
    for (Index k = 0; k < count; ++k) {
      const double off = double(outputs(k, n)) - double(targets(k, n)), share = mean(n) / double(count);
      if (!std::isfinite(off)) fail(who, ": target ", k, " of sample ", n, " is ", targets(k, n));
      loss += share * off * off;
      by_outputs(k, n) = Scalar(2 * share * off);
    }
  return loss;
}

}  // namespace ascribe::train
