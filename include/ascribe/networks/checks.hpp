/// Checks of an explanation, and of a pair of rules, that a program can make for itself.
#pragma once

#include <ascribe/functions/scale.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/networks/sequential.hpp>

namespace ascribe::check {

/// The outcome: the largest deviation over the samples, and what was allowed, both as relevances.
struct Result {
  double error, tolerance;

  bool holds() const { return error <= tolerance; }
  explicit operator bool() const { return holds(); }
};

namespace detail {

/// Rounding of `entries` additions of amounts of the size `scale`: random signs make √entries of them.
template <class Scalar>
double rounding(double scale, Index entries) {
  return 16 * math::epsilon<Scalar> * scale * std::sqrt(double(entries));
}

template <class E>
double largest_amount(const E& explanation, Index n) {
  using S = typename decltype(explanation.relevance)::Scalar;
  S total = explanation.ledger.largest_entry()(n);
  for (Index i = 0; i < explanation.relevance.rows(); ++i) total += math::abs(explanation.relevance(i, n));
  return math::value_of(total);
}

}  // namespace detail

/// start = input + biases + stabiliser + dropped for every sample: that the books close.
template <class E>
Result conservation(const E& explanation) {
  using S = typename decltype(explanation.relevance)::Scalar;
  Result result{0, 0};
  const auto open = explanation.ledger.closing_error();
  for (Index n = 0; n < open.size(); ++n) {
    result.error = math::max(result.error, std::abs(math::value_of(open(n))));
    result.tolerance = math::max(result.tolerance, detail::rounding<S>(detail::largest_amount(explanation, n),
                                                                       explanation.relevance.rows()));
  }
  return result;
}

/// Σ relevance = start for every sample: that the inputs account for all of what is explained, f(x) − f(x̄)
/// under a baseline. Not true of a network with biases unless a baseline cancels them, nor with a stabiliser:
/// that is what the ledger is for.
template <class E>
Result completeness(const E& explanation) {
  using S = typename decltype(explanation.relevance)::Scalar;
  Result result{0, 0};
  for (Index n = 0; n < explanation.relevance.cols(); ++n) {
    const S missing = explanation.ledger.enter(n) - explanation.relevance.col(n).sum();
    result.error = math::max(result.error, std::abs(math::value_of(missing)));
    result.tolerance = math::max(result.tolerance, detail::rounding<S>(detail::largest_amount(explanation, n),
                                                                       explanation.relevance.rows()));
  }
  return result;
}

/// Whether a rule for matrices and one for functions agree on multiplication by α ≠ 0, as the matrix αI and
/// as the elementwise a ↦ αa (docs/rules.md, identity 8): `size` features of both signs, carried values of
/// both signs. Throws Error for α = 0, where the two differ, and where a rule has no meaning in the form.
template <class Scalar = double, class ForMatMul, class ForElementwise>
Result scaling_equivalence(const ForMatMul& matmul, const ForElementwise& elementwise, double alpha,
                           Form form, Index size = 8) {
  if (alpha == 0) fail("scaling_equivalence: expected a factor other than 0");
  const method::Rules table(form, false, matmul, elementwise);
  Batch<Scalar> x(size, 1), carried(size, 1);
  for (Index i = 0; i < size; ++i) {
    x(i, 0) = Scalar((i % 2 ? -1.0 : 1.0) * (1 + 0.5 * double(i)));
    carried(i, 0) = Scalar((i % 3 ? 1.0 : -1.0) * (2 - 0.25 * double(i)));
  }
  const Eigen::Matrix<Scalar, Dynamic, Dynamic> matrix =
      Eigen::Matrix<Scalar, Dynamic, Dynamic>::Identity(size, size) * Scalar(alpha);
  const Sequential first{MatMul{map::Dense<Scalar>(matrix)}};
  const Sequential second{Elementwise{fn::Scale{alpha}}};
  const auto explain = [&](const auto& net) {
    const auto trace = net.forward(x);
    if (form == Form::R) return net.explain(trace, start::OutputRelevance(carried), table).relevance;
    const auto reference = net.forward((-x / Scalar(2)).eval());
    if (form == Form::Q) return net.explain(trace, start::OutputWeights(carried), table).relevance;
    return net.explain(trace, start::OutputWeights(carried), table, reference).relevance;
  };
  const auto a = explain(first), b = explain(second);
  return {math::value_of((a - b).cwiseAbs().maxCoeff()),
          16 * math::epsilon<Scalar> *
              math::value_of(math::max(a.cwiseAbs().maxCoeff(), b.cwiseAbs().maxCoeff()))};
}

}  // namespace ascribe::check
