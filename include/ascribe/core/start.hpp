/// How an explanation starts: which output, or which mixture of outputs, is to be explained.
#pragma once

#include <concepts>
#include <iterator>
#include <utility>
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
  Index target;  ///< its number

  template <class Output, class To>
  void fill(const Output& b, Form form, const BaselineValues<typename Output::Scalar>&, To& to) const {
    using S = typename Output::Scalar;
    detail::check_target(target, b.rows(), 0);
    to.setZero();
    for (Index n = 0; n < b.cols(); ++n) to(target, n) = form == Form::R ? b(target, n) : S(1);
  }
};

/// An integer that counts: no truth value, and no letter.
template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>;

/// Indices one after the other: a std::vector, std::array or std::span of any integers, an Eigen vector.
template <class Range>
concept Indices = requires(const Range& range) {
  std::end(range);
  requires Integer<std::iter_value_t<decltype(std::begin(range))>>;
};

/// One output for each sample. The indices are read during the call and not kept.
template <Indices Range>
struct Targets {
  const Range& targets;  ///< one for each sample
  /// `t` must outlive this.
  explicit Targets(const Range& t) : targets(t) {}

  template <class Output, class To>
  void fill(const Output& b, Form form, const BaselineValues<typename Output::Scalar>&, To& to) const {
    using S = typename Output::Scalar;
    const Index found = Index(std::distance(std::begin(targets), std::end(targets)));
    if (found != b.cols())
      fail("explain: expected one target for each of ", b.cols(), " samples, found ", found);
    Index n = 0;
    for (const auto target : targets) detail::check_target(Index(target), b.rows(), n++);
    to.setZero();
    n = 0;
    for (const auto target : targets) {
      const Index k = Index(target);
      to(k, n) = form == Form::R ? b(k, n) : S(1);
      ++n;
    }
  }
};

/// Σ_k v_k·b_k, a weight for each output (outputs × samples): a difference of two logits, say.
template <class Matrix>
struct OutputWeights {
  const Matrix& weights;  ///< outputs × samples
  /// `v` must outlive this.
  explicit OutputWeights(const Matrix& v) : weights(v) {}

  template <class Output, class To>
  void fill(const Output& b, Form form, const BaselineValues<typename Output::Scalar>&, To& to) const {
    detail::check_shape("weights", weights, b);
    to = weights;
    if (form == Form::R) to.array() *= b.array();
  }
};

/// Σ weight·output over a few outputs, the same for all samples: a sum, a difference of two logits, a region.
/// An output that is named several times counts with the sum of its weights. Throws Error for one that there
/// is not.
struct WeightedOutputs {
  std::vector<std::pair<Index, double>> terms;  ///< an output and its weight

  template <class Output, class To>
  void fill(const Output& b, Form form, const BaselineValues<typename Output::Scalar>&, To& to) const {
    using S = typename Output::Scalar;
    to.setZero();
    for (const auto& [target, weight] : terms) {
      detail::check_target(target, b.rows(), 0);
      for (Index n = 0; n < b.cols(); ++n)
        to(target, n) += form == Form::R ? S(S(weight) * b(target, n)) : S(weight);
    }
  }
};

/// A relevance for each output (outputs × samples). In Q it is divided by the output, in Delta by the
/// output's difference from the baseline; an Error where that is 0 and the relevance is not.
template <class Matrix>
struct OutputRelevance {
  const Matrix& relevance;  ///< outputs × samples
  /// `r` must outlive this.
  explicit OutputRelevance(const Matrix& r) : relevance(r) {}

  template <class Output, class To>
  void fill(const Output& b, Form form, const BaselineValues<typename Output::Scalar>& b_base, To& to) const {
    using S = typename Output::Scalar;
    detail::check_shape("relevances", relevance, b);
    to = relevance;
    if (form == Form::R) return;
    for (Index n = 0; n < b.cols(); ++n)
      for (Index k = 0; k < b.rows(); ++k) {
        if (to(k, n) == S(0)) continue;
        const S divisor = form == Form::Q ? b(k, n) : S(b(k, n) - b_base.column(n)[k]);
        if (divisor == S(0))
          fail("explain: output ", k, " of sample ", n, " is 0",
               form == Form::Q ? "" : " away from the baseline",
               ", so that a relevance there cannot be carried as a quotient");
        to(k, n) /= divisor;
      }
  }
};

namespace detail {
template <class Given>
concept IsStart = requires {
  &Given::template fill<View<double>, Out<double>>;
};
/// An integer, or an enumerator that converts by itself.
template <class Given>
concept IsIndex = std::convertible_to<Given, Index> && !std::floating_point<Given>;

/// Stands for what has been reported already: no second error.
struct Reported {
  template <class... Arguments>
  void fill(const Arguments&...) const {}
};
}  // namespace detail

/// The start that a caller means: an index is a target, a range of indices is one for each sample.
template <class Given>
decltype(auto) as_start(const Given& given) {
  if constexpr (detail::IsStart<Given>) {
    return (given);  // by reference
  } else if constexpr (detail::IsIndex<Given>) {
    return Target{Index(given)};
  } else if constexpr (Indices<Given>) {
    return Targets<Given>(given);
  } else {
    static_assert(always_false<Given>,
                  "ascribe: explain's second argument is no start: expected an output's index, a range of "
                  "indices (one for each sample), or one of ascribe::start; see ascribe/core/start.hpp");
    return detail::Reported();
  }
}

/// Another output than the first, of a Graph with several: `AtOutput{1, start}`.
template <class Start>
struct AtOutput {
  Index output;  ///< its number among the graph's outputs
  Start start;   ///< what of it

  template <class Output, class To>
  void fill(const Output& b, Form form, const BaselineValues<typename Output::Scalar>& b_base, To& to) const {
    as_start(start).fill(b, form, b_base, to);
  }
};

}  // namespace ascribe::start
