/// Integrated gradients and SmoothGrad: averages of gradients over inputs near the one that is explained.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>

#include <ascribe/core/error.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/core/workspace.hpp>
#include <ascribe/methods/gradient.hpp>

namespace ascribe {

/// (x − x̄) ⊙ ∫ ∂f(x̄ + t·(x − x̄)) dt over t in [0, 1] (Sundararajan et al. 1703.01365, eq. 1), by the midpoint
/// rule with so many steps; x is features × samples, `baseline` one column or as many. The relevances sum to
/// f(x) − f(x̄) but for the rule's error, which is what the ledger is left open by: `enter` is that
/// difference, `leave` the sum, and the gradient hands nothing to biases. The error falls with the square of
/// the steps where the gradient is smooth along the path, and with the steps where it has kinks (ReLUs,
/// maxima): twice as many leave half of it, or less. Works for a Sequential and for a Graph. Throws Error as
/// they do, and for fewer steps than 1 or a baseline of another shape. `start` is a target, or weights of the
/// outputs.
template <class Net, class X, class D, class Start>
auto integrated_gradients(const Net& net, const Eigen::MatrixBase<X>& x, const Eigen::MatrixBase<D>& baseline,
                          const Start& start, Index steps = 64) {
  using S = typename X::Scalar;
  if (steps < 1) fail("integrated_gradients: expected at least 1 step, found ", steps);
  if (baseline.rows() != x.rows() || (baseline.cols() != 1 && baseline.cols() != x.cols()))
    fail("integrated_gradients: expected a baseline of ", x.rows(), " features x 1 or ", x.cols(),
         " samples, found ", baseline.rows(), " x ", baseline.cols());
  using Inputs = Batch<S, X::RowsAtCompileTime, X::ColsAtCompileTime>;
  Inputs from = x;
  for (Index n = 0; n < x.cols(); ++n) from.col(n) = baseline.col(baseline.cols() == 1 ? 0 : n);
  const Inputs change = x - from;

  typename Net::template ExplanationOf<decltype(net.forward(x))> result, one;
  Workspace<S> workspace;
  // What is explained, at both ends of the path.
  net.explain(net.forward(from), start, method::Gradient(), one, workspace);
  net.explain(net.forward(x), start, method::Gradient(), result, workspace);
  const auto enter = (result.ledger.enter - one.ledger.enter).eval();
  const auto output = result.output;
  result.relevance.setZero();
  Inputs point;
  for (Index k = 0; k < steps; ++k) {
    point = from + S((double(k) + 0.5) / double(steps)) * change;
    const auto between = net.forward(point);
    net.explain(between, start, method::Gradient(), one, workspace);
    result.relevance += one.relevance;
  }
  result.relevance.array() *= change.array() / S(double(steps));

  result.ledger.reset(x.cols());
  result.ledger.enter = enter;
  result.ledger.leave = result.relevance.colwise().sum().array();
  result.output = output;
  return result;
}

/// The mean gradient over inputs with Gaussian noise (Smilkov et al. 1706.03825, §2.2), whose standard
/// deviation is `noise` times the range of each sample's values. The noise is the same on every machine and
/// in every call with one seed. Books are the mean of the noisy inputs'. Throws Error as the network does,
/// and for fewer samples than 1 or a negative noise.
template <class Net, class X, class Start>
auto smoothgrad(const Net& net, const Eigen::MatrixBase<X>& x, const Start& start, Index samples = 50,
                double noise = 0.1, std::uint32_t seed = 1) {
  using S = typename X::Scalar;
  if (samples < 1) fail("smoothgrad: expected at least 1 sample, found ", samples);
  if (!(noise >= 0) || !std::isfinite(noise)) fail("smoothgrad: expected a finite noise >= 0, found ", noise);
  std::mt19937 engine(seed);
  // Box and Muller's transform of the engine's bits: the standard's distributions differ between libraries.
  const auto uniform = [&] { return (double(engine()) + 0.5) / 4294967296.0; };
  const auto gaussian = [&] {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  };
  auto trace = net.forward(x);
  typename Net::template ExplanationOf<decltype(trace)> result, one;
  Workspace<S> workspace;
  net.explain(trace, start, method::Gradient(), result, workspace);
  const auto output = result.output;
  Batch<S, X::RowsAtCompileTime, X::ColsAtCompileTime> noisy;
  for (Index k = 0; k < samples; ++k) {
    noisy = x;
    for (Index n = 0; n < x.cols(); ++n) {
      const double deviation = noise * double(x.col(n).maxCoeff() - x.col(n).minCoeff());
      for (Index i = 0; i < x.rows(); ++i) noisy(i, n) += S(deviation * gaussian());
    }
    auto& to = k == 0 ? result : one;
    net.explain(net.forward(noisy), start, method::Gradient(), to, workspace);
    if (k > 0) result += one;
  }
  result *= S(1 / double(samples));
  result.output = output;
  return result;
}

}  // namespace ascribe
