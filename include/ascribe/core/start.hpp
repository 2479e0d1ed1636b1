/// How an explanation starts: which output, or which mixture of outputs, is to be explained.
#pragma once

#include <concepts>
#include <span>
#include <type_traits>
#include <vector>

#include <ascribe/core/context.hpp>
#include <ascribe/core/error.hpp>

/// Each start writes what is carried at the output: with v the weight of each output in what is explained
/// (1 at the target), v·b in the form R, and v in Q and Delta.
namespace ascribe::start {

namespace detail {
inline void check_target(Index target, Index outputs, Index sample) {
  if (target < 0 || target >= outputs)
    fail("explain: expected a target in [0, ", outputs, "), found ", target, " for sample ", sample);
}
template <class Given, class Output>
void check_shape(const char* what, const Given& given, const Output& output) {
  if (given.rows() != output.rows() || given.cols() != output.cols())
    fail("explain: expected ", what, " of ", output.rows(), " outputs x ", output.cols(), " samples, found ",
         given.rows(), " x ", given.cols());
}
}  // namespace detail

/// One output for all samples.
struct Target {
  Index target;

  template <class Output, class To>
  void fill(const Output& b, Form form, const ReferenceValues<typename Output::Scalar>&, To& to) const {
    using S = typename Output::Scalar;
    detail::check_target(target, b.rows(), 0);
    to.setZero();
    for (Index n = 0; n < b.cols(); ++n) to(target, n) = form == Form::R ? b(target, n) : S(1);
  }
};

/// One output for each sample. The indices are read during the call and not kept.
struct Targets {
  std::span<const Index> targets;

  template <class Output, class To>
  void fill(const Output& b, Form form, const ReferenceValues<typename Output::Scalar>&, To& to) const {
    using S = typename Output::Scalar;
    if (Index(targets.size()) != b.cols())
      fail("explain: expected one target for each of ", b.cols(), " samples, found ", targets.size());
    for (Index n = 0; n < b.cols(); ++n) detail::check_target(targets[std::size_t(n)], b.rows(), n);
    to.setZero();
    for (Index n = 0; n < b.cols(); ++n) {
      const Index k = targets[std::size_t(n)];
      to(k, n) = form == Form::R ? b(k, n) : S(1);
    }
  }
};

/// Σ_k v_k·b_k, a weight for each output (outputs × samples): a difference of two logits, say.
template <class Matrix>
struct OutputWeights {
  const Matrix& weights;
  explicit OutputWeights(const Matrix& v) : weights(v) {}

  template <class Output, class To>
  void fill(const Output& b, Form form, const ReferenceValues<typename Output::Scalar>&, To& to) const {
    detail::check_shape("weights", weights, b);
    to = weights;
    if (form == Form::R) to.array() *= b.array();
  }
};

/// A relevance for each output (outputs × samples). In Q it is divided by the output, in Delta by the
/// output's difference from the reference; an Error where that is 0 and the relevance is not.
template <class Matrix>
struct OutputRelevance {
  const Matrix& relevance;
  explicit OutputRelevance(const Matrix& r) : relevance(r) {}

  template <class Output, class To>
  void fill(const Output& b, Form form, const ReferenceValues<typename Output::Scalar>& b_ref, To& to) const {
    using S = typename Output::Scalar;
    detail::check_shape("relevances", relevance, b);
    to = relevance;
    if (form == Form::R) return;
    for (Index n = 0; n < b.cols(); ++n)
      for (Index k = 0; k < b.rows(); ++k) {
        if (to(k, n) == S(0)) continue;
        const S divisor = form == Form::Q ? b(k, n) : S(b(k, n) - b_ref.column(n)[k]);
        if (divisor == S(0))
          fail("explain: output ", k, " of sample ", n, " is 0",
               form == Form::Q ? "" : " away from the reference",
               ", so that a relevance there cannot be carried as a quotient");
        to(k, n) /= divisor;
      }
  }
};

/// Targets in memory of their own: of a range whose indices are not ascribe's.
struct OwnTargets {
  std::vector<Index> targets;

  template <class Output, class To>
  void fill(const Output& b, Form form, const ReferenceValues<typename Output::Scalar>& b_ref, To& to) const {
    Targets{targets}.fill(b, form, b_ref, to);
  }
};

/// What is given as a start: an index is a target, a range of indices (a vector, an array, a span, Eigen's
/// vectors) has one for each sample, and what has `fill` is a start already. Ranges of ascribe::Index are
/// read in place.
template <class Start>
decltype(auto) as_start(const Start& start) {
  if constexpr (std::integral<Start>) {
    return Target{Index(start)};
  } else if constexpr (requires { &Start::template fill<View<double>, Out<double>>; }) {
    return (start);  // by reference
  } else if constexpr (std::constructible_from<std::span<const Index>, const Start&>) {
    return Targets{std::span<const Index>(start)};
  } else if constexpr (requires { requires std::integral<std::remove_cvref_t<decltype(*start.begin())>>; }) {
    return OwnTargets{{start.begin(), start.end()}};
  } else {
    static_assert(
        always_false<Start>,
        "ascribe: what is explained is a target's index, a range of indices with one for each sample, or "
        "one of ascribe::start (OutputWeights, OutputRelevance, AtOutput)");
    return Target{0};  // no second error
  }
}

/// Another output than the first, of a Graph with several: `AtOutput{1, start}`.
template <class Start>
struct AtOutput {
  Index output;
  Start start;

  template <class Output, class To>
  void fill(const Output& b, Form form, const ReferenceValues<typename Output::Scalar>& b_ref, To& to) const {
    as_start(start).fill(b, form, b_ref, to);
  }
};

}  // namespace ascribe::start
