/// Checks of an explanation, and of a pair of rules, that a program can make for itself.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/functions/scale.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/networks/sequential.hpp>

namespace ascribe::check {

/// The outcome for one sample, or for the one of a batch that deviates most from what is allowed: the
/// deviation and the tolerance, both as relevances.
struct Result {
  /// The deviation and what of it is rounding, as relevances.
  double error, tolerance;

  /// Whether the deviation is rounding.
  bool holds() const { return error <= tolerance; }
  /// The same.
  explicit operator bool() const { return holds(); }
};

namespace detail {

/// Rounding of `entries` additions of amounts of the size `scale`: random signs make √entries of them.
template <class Scalar>
double rounding(double scale, Index entries) {
  return 16 * math::epsilon<Scalar> * scale * std::sqrt(double(entries));
}

/// Σ |values| of column n.
template <class D>
double sum_of_sizes(const Eigen::MatrixBase<D>& values, Index n) {
  double total = 0;
  for (Index i = 0; i < values.rows(); ++i) total += std::abs(math::value_of(values(i, n)));
  return total;
}

template <class B>
double largest_line(const B& books, Index n) {
  return math::value_of(books.largest_entry(n));
}

/// What one node of a graph had to do with: its books, the relevance at its output and its inputs, and what
/// its biases took.
template <class Net, class E>
double amount_at(const Net& net, const E& explanation, Index node, Index n) {
  const auto& record = explanation.nodes[std::size_t(node)];
  double amount =
      largest_line(record.books, n) + sum_of_sizes(record.relevance, n) + sum_of_sizes(record.bias_shares, n);
  for (const Index input : net.node(node).inputs)
    amount += sum_of_sizes(explanation.nodes[std::size_t(input)].relevance, n);
  return amount;
}

/// The most features that a node or one that it reads has.
template <class Net>
Index largest_size_at(const Net& net, Index node) {
  Index entries = net.node(node).size;
  for (const Index input : net.node(node).inputs) entries = std::max(entries, net.node(input).size);
  return entries;
}

/// Rounding of one node's step, as large as its relevances and theirs that it reads, and of its values.
template <class Net, class E>
double rounding_at(const Net& net, const E& explanation, Index node, Index n,
                   std::span<const double> of_values) {
  using S = typename decltype(explanation.relevance)::Scalar;
  return rounding<S>(amount_at(net, explanation, node, n), largest_size_at(net, node)) +
         (of_values.empty() ? 0 : of_values[std::size_t(node)]);
}

/// The sample whose deviation is the largest multiple of its tolerance; one that is no number before all.
template <class F>
Result worst(Index samples, F&& of_sample) {
  Result result{0, 0};
  for (Index n = 0; n < samples; ++n) {
    const Result one = of_sample(n);
    const bool milder = one.error * result.tolerance <= result.error * one.tolerance;
    if (n == 0 || !milder || std::isnan(one.error)) result = one;
    if (std::isnan(result.error)) break;
  }
  return result;
}

}  // namespace detail

/// The relevance that moved in a sample: Σ |R_i| of the inputs, or the largest line of the books where that
/// is more; with the books of every node, Σ |R| at any of them too. As a multiple of |start| it says how much
/// cancels before the books balance: books that close can say nothing (1e13 for the inputs and −1e13 for the
/// biases). The relevances have to be relevances: those of a method in the form R, or of one that ends with
/// × input.
template <class E>
double moved(const E& explanation, Index n) {
  double most =
      std::max(detail::largest_line(explanation.ledger, n), detail::sum_of_sizes(explanation.relevance, n));
  if constexpr (requires { explanation.record; })
    if (explanation.record != Record::totals)
      explanation.each_record([&](const auto& record) {
        if (record.relevance.size() > 0) most = std::max(most, detail::sum_of_sizes(record.relevance, n));
      });
  return most;
}

/// start = input + biases + stabiliser + dropped for one sample: that its books close. What is allowed is the
/// rounding of the amounts that the explanation says: where much more moved inside of the network and
/// cancelled there, see the one below.
template <class E>
Result conservation(const E& explanation, Index n) {
  using S = typename decltype(explanation.relevance)::Scalar;
  return {std::abs(math::value_of(explanation.ledger.closing_error(n))),
          detail::rounding<S>(
              detail::largest_line(explanation.ledger, n) + detail::sum_of_sizes(explanation.relevance, n),
              explanation.relevance.rows())};
}
/// The same for all samples: the worst.
template <class E>
Result conservation(const E& explanation) {
  return detail::worst(explanation.relevance.cols(), [&](Index n) { return conservation(explanation, n); });
}
/// What the rounding of values may open in the books of sample n against a baseline, node by node: a
/// difference b − b̄ is no better than the rounding of |b| + |b̄|, however small it is, and the multiplier
/// carries that on. `multipliers` is the explanation of the graph `net` by the method without
/// × (input − baseline), with Record::per_layer, so that its records are multipliers; `baseline` has one
/// column, or as many as the trace.
template <class Net, class E, class Trace>
std::vector<double> rounding_of_values(const Net& net, const E& multipliers, const Trace& trace,
                                       const Trace& baseline, Index n) {
  using S = typename decltype(multipliers.relevance)::Scalar;
  std::vector<double> amounts(net.nodes().size(), 0), result(net.nodes().size(), 0);
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    const auto& m = multipliers.nodes[i].relevance;
    const auto &b = trace.value(Index(i)), &b_base = baseline.value(Index(i));
    const Index column = b_base.cols() == 1 ? 0 : n;
    for (Index j = 0; j < m.rows(); ++j)
      amounts[i] += std::abs(math::value_of(m(j, n))) *
                    (std::abs(math::value_of(b(j, n))) + std::abs(math::value_of(b_base(j, column))));
  }
  for (Index i = net.input_count(); i < Index(amounts.size()); ++i) {
    double amount = amounts[std::size_t(i)];
    for (const Index input : net.node(i).inputs) amount += amounts[std::size_t(input)];
    result[std::size_t(i)] = detail::rounding<S>(amount, detail::largest_size_at(net, i));
  }
  return result;
}

/// That the books of one sample close to the rounding of each step, which what moved inside of the network
/// decides, and of its values, where a baseline is so near that those count (`of_values`, from the above).
/// For an explanation of the graph `net` with Record::per_layer, by a method in the form R or one that ends
/// with × input, whose records are relevances.
template <class Net, class E>
Result conservation(const Net& net, const E& explanation, Index n, std::span<const double> of_values = {}) {
  Result result = conservation(explanation, n);
  for (Index i = net.input_count(); i < Index(net.nodes().size()); ++i)
    result.tolerance += detail::rounding_at(net, explanation, i, n, of_values);
  return result;
}

/// A node whose own books are open.
struct OpenNode {
  Index node;  ///< its number in the graph
  /// `error` has its sign: what enters beyond what the books say.
  double error, tolerance;
};

/// The first node, in the order in which relevance goes back, whose own books of sample n are open by more
/// than the rounding of its step; none where all close. For the arguments of the conservation above.
template <class Net, class E>
std::optional<OpenNode> first_open_node(const Net& net, const E& explanation, Index n,
                                        std::span<const double> of_values = {}) {
  for (Index i = Index(net.nodes().size()) - 1; i >= net.input_count(); --i) {
    const double error = math::value_of(explanation.nodes[std::size_t(i)].books.closing_error(n));
    const double tolerance = detail::rounding_at(net, explanation, i, n, of_values);
    if (!(std::abs(error) <= tolerance)) return OpenNode{i, error, tolerance};
  }
  return std::nullopt;
}

/// A node that hands on more than it gets: Σ |R| at its output and at its inputs.
struct Growth {
  Index node;  ///< its number in the graph
  /// Σ |R| at its output, and at its inputs.
  double above, below;
};

/// Where relevance grows: the node whose inputs' Σ |R| of sample n is the largest multiple of its output's,
/// which is what a small denominator does. What several nodes read counts for each of them. None where it
/// grows nowhere. For the explanations of the conservation above.
template <class Net, class E>
std::optional<Growth> largest_growth(const Net& net, const E& explanation, Index n) {
  std::optional<Growth> largest;
  for (Index i = Index(net.nodes().size()) - 1; i >= net.input_count(); --i) {
    Growth found{i, detail::sum_of_sizes(explanation.nodes[std::size_t(i)].relevance, n), 0};
    for (const Index input : net.node(i).inputs)
      found.below += detail::sum_of_sizes(explanation.nodes[std::size_t(input)].relevance, n);
    const bool grows = found.above > 0 && found.below > found.above;
    if (grows && (!largest || found.below * largest->above > largest->below * found.above)) largest = found;
  }
  return largest;
}

/// Σ relevance = start for one sample: that the inputs account for all of what is explained, f(x) − f(x̄)
/// under a baseline. Not true of a network with biases unless a baseline cancels them, nor with a stabiliser:
/// that is what the ledger is for.
template <class E>
Result completeness(const E& explanation, Index n) {
  const auto missing = explanation.ledger.enter(n) - explanation.relevance.col(n).sum();
  return {std::abs(math::value_of(missing)), conservation(explanation, n).tolerance};
}
/// The same for all samples: the worst.
template <class E>
Result completeness(const E& explanation) {
  return detail::worst(explanation.relevance.cols(), [&](Index n) { return completeness(explanation, n); });
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
    const auto baseline = net.forward((-x / Scalar(2)).eval());
    if (form == Form::Q) return net.explain(trace, start::OutputWeights(carried), table).relevance;
    return net.explain(trace, start::OutputWeights(carried), table, baseline).relevance;
  };
  const auto a = explain(first), b = explain(second);
  return {math::value_of((a - b).cwiseAbs().maxCoeff()),
          16 * math::epsilon<Scalar> *
              math::value_of(math::max(a.cwiseAbs().maxCoeff(), b.cwiseAbs().maxCoeff()))};
}

}  // namespace ascribe::check
