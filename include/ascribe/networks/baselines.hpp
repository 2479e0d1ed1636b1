/// Baselines: what an input is compared with.
#pragma once

#include <ascribe/core/error.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/core/workspace.hpp>
#include <ascribe/networks/explanation.hpp>

namespace ascribe {

/// The baselines that need no thought about the data, or all of it. Any other is an input of one's own. Each
/// is one column: run it through the network once, and its trace serves any number of explanations.
namespace baseline {

/// All zeros.
template <class Scalar>
Batch<Scalar, Dynamic, 1> zero(Index features) {
  return Batch<Scalar, Dynamic, 1>::Zero(features);
}

/// The mean of a data set (features × samples). Throws Error where it is empty.
template <class D>
Batch<typename D::Scalar, D::RowsAtCompileTime, 1> mean(const Eigen::MatrixBase<D>& data) {
  if (data.cols() == 0) fail("baseline::mean: expected at least one sample, found none");
  return data.rowwise().mean();
}

}  // namespace baseline

/// The mean of `count` explanations, which explain(k, into) makes one after the other, in `average`; `one` is
/// memory for another. Throws Error where there are none.
template <class E, class Explain>
void average_of(Index count, E& average, E& one, const Explain& explain) {
  using S = typename decltype(average.relevance)::Scalar;
  if (count == 0) fail("explain_over: expected at least one baseline, found none");
  for (Index k = 0; k < count; ++k) {
    explain(k, k == 0 ? average : one);
    if (k > 0) average += one;
  }
  average *= S(S(1) / S(double(count)));
}

/// The average over a distribution of baselines: each column of `baselines` serves all samples in turn, and
/// relevance, books and what is recorded of layers are averaged, for a Sequential or a Graph (DeepLIFT's
/// "multiple baselines", Shrikumar et al. 1704.02685, §3.2; expected gradients' sense of a baseline). The
/// books of the average close, being linear.
template <class Net, class T, class Start, class Method, class R>
auto explain_over(const Net& net, const T& trace, const Start& start, const Method& method,
                  const R& baselines, Record record = Record::totals) {
  using S = typename T::Scalar;
  typename Net::template ExplanationOf<T> average, one;
  average.record = one.record = record;
  Workspace<S> workspace;
  average_of(baselines.input().cols(), average, one,
             [&](Index k, auto& into) { net.explain(trace, start, method, into, workspace, &baselines, k); });
  return average;
}

}  // namespace ascribe
