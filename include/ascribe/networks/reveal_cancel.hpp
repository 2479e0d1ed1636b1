/// DeepLIFT's RevealCancel on a Graph.
#pragma once

#include <utility>
#include <variant>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/start.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/core/workspace.hpp>
#include <ascribe/methods/composite.hpp>
#include <ascribe/networks/graph.hpp>
#include <ascribe/rules/any_rule.hpp>
#include <ascribe/rules/baseline.hpp>
#include <ascribe/rules/matrix_step.hpp>
#include <ascribe/rules/product.hpp>
#include <ascribe/rules/shares.hpp>

namespace ascribe {
namespace detail {

/// One pass of RevealCancel over one batch. Every value's difference from the baseline is the sum of a
/// positive and a negative part, Δ = Δ⁺ + Δ⁻, each with a multiplier of its own:
///
/// - A matrix (Shrikumar et al. 1704.02685, §3.5.1, the linear rule): Δb⁺ is the sum of the contributions
///   `plus()` of Δa, Δb⁻ of `minus()`, the tables that ZPlus and AlphaBeta are made of; each takes its own
///   multiplier back, and an input whose Δa is 0 gets the mean of what either sign would. Residual additions
///   and pools are matrices.
/// - A function (§3.5.3): Δb⁺ is the mean of what Δa⁺ does before and after Δa⁻ has been added, and the other
///   way round; the multipliers are chords, ½·chord(ā + Δa⁺, ā) + ½·chord(a, ā + Δa⁻) for m⁺. At a function
///   that takes Rescale (§3.5.2) instead, both multipliers are chord(a, ā).
/// - Wiring moves the parts as they are.
/// - A maximum and a product of two activations are not in the paper. They take the rules Baseline (its
///   softmax limit) and EvenSplit, of the whole differences, which are exact; their outputs have one part, of
///   the sign of Δb.
template <class Scalar>
class RevealCancel {
 public:
  using Net = Graph<Scalar>;
  using Trace = typename Net::Trace;

  RevealCancel(const Net& net, const Trace& trace, const Trace& baseline, const Matcher& reveals)
      : net_(net), trace_(trace), baseline_(baseline), parts_(net.nodes().size()) {
    Index learned = 0;
    for (Index i = 0; i < Index(net.nodes().size()); ++i) {
      const NodeInfo info = net.node(i).info(i, learned);
      if (info.is_learned()) ++learned;
      reveals_.push_back(reveals(info));
      split(i);
    }
  }

  /// `carried` is the multiplier of node `top`'s value. Returns the multipliers of the inputs' differences,
  /// times these differences: the relevance.
  Batch<Scalar> back(Index top, const Batch<Scalar>& carried) {
    multipliers_.assign(net_.nodes().size(), {});
    multipliers_[std::size_t(top)] = {carried, carried};
    for (Index i = Index(net_.nodes().size()) - 1; i >= net_.input_count(); --i)
      if (multipliers_[std::size_t(i)].positive.size() > 0) step(i);
    Batch<Scalar> relevance = Batch<Scalar>::Zero(net_.input_size(), samples());
    Index first = 0;
    for (Index i = 0; i < net_.input_count(); ++i) {
      const Pair &m = multipliers_[std::size_t(i)], &part = parts_[std::size_t(i)];
      const Index size = net_.node(i).size;
      if (m.positive.size() > 0)
        relevance.middleRows(first, size) =
            m.positive.cwiseProduct(part.positive) + m.negative.cwiseProduct(part.negative);
      first += size;
    }
    return relevance;
  }

 private:
  struct Pair {
    Batch<Scalar> positive, negative;
  };

  Index samples() const { return trace_.input().cols(); }

  /// A baseline's value at a node, one column for each sample.
  Batch<Scalar> baseline_at(Index node) const {
    const Batch<Scalar>& value = baseline_.value(node);
    return value.cols() == samples() ? value : Batch<Scalar>(value.replicate(1, samples()));
  }
  Batch<Scalar> difference(Index node) const { return trace_.value(node) - baseline_at(node); }

  /// What a node reads, from what `value_of(node)` gives for its inputs.
  template <class ValueOf>
  Batch<Scalar> gathered(Index i, ValueOf value_of) const {
    const auto& inputs = net_.node(i).inputs;
    Index rows = 0;
    for (const Index input : inputs) rows += net_.node(input).size;
    Batch<Scalar> all(rows, samples());
    Index first = 0;
    for (const Index input : inputs) {
      all.middleRows(first, net_.node(input).size) = value_of(input);
      first += net_.node(input).size;
    }
    return all;
  }
  Batch<Scalar> part_of_inputs(Index i, Batch<Scalar> Pair::*part) const {
    return gathered(i, [&](Index input) -> const Batch<Scalar>& { return parts_[std::size_t(input)].*part; });
  }

  static Batch<Scalar> applied(const AnyMatMul<Scalar>& layer, const Batch<Scalar>& a,
                               Weights weights = Weights::as_is) {
    Batch<Scalar> b(layer.output_size(), a.cols());
    apply(layer.map, a, b, weights);
    return b;
  }
  static Batch<Scalar> applied_transposed(const AnyMatMul<Scalar>& layer, const Batch<Scalar>& s,
                                          Weights weights = Weights::as_is) {
    Batch<Scalar> g(layer.input_size(), s.cols());
    apply_transposed(layer.map, s, g, weights);
    return g;
  }
  /// Σ_i terms_ij of the differences.
  static Batch<Scalar> contributions(const AnyMatMul<Scalar>& layer, const Batch<Scalar>& change,
                                     const rule::Terms& terms) {
    Batch<Scalar> sum = Batch<Scalar>::Zero(layer.output_size(), change.cols()), part(change);
    for (const rule::PartProduct& product : terms.products(rule::Signs::both)) {
      rule::detail::InputParts<Scalar>{change.data(), change.rows(), {}, {}}.values(product.part, 0, change.size(),
                                                                           part.data());
      sum += applied(layer, part, product.weights);
    }
    return sum;
  }
  /// to_i += Σ_j terms_ij/Δa_i·m_j.
  static void hand_back(const AnyMatMul<Scalar>& layer, const Batch<Scalar>& change, const rule::Terms& terms,
                        const Batch<Scalar>& m, Batch<Scalar>& to) {
    for (const rule::PartProduct& product : terms.products(rule::Signs::both)) {
      const double up = product.part.positive, down = product.part.negative;
      const Scalar above = Scalar(up), below = Scalar(down), mean = Scalar((up + down) / 2);
      const Batch<Scalar> g = applied_transposed(layer, m, product.weights);
      for (Index i = 0; i < g.size(); ++i) {
        const Scalar delta = change.data()[i];
        to.data()[i] += (delta > Scalar(0) ? above : delta < Scalar(0) ? below : mean) * g.data()[i];
      }
    }
  }

  static bool is_wiring(const AnyMatMul<Scalar>& layer) { return layer.map.role() == map::Role::wiring; }

  void split(Index i) {
    Pair& to = parts_[std::size_t(i)];
    const auto& node = net_.node(i);
    const auto* matmul = node.layer ? std::get_if<AnyMatMul<Scalar>>(&*node.layer) : nullptr;
    const auto* function = node.layer ? std::get_if<AnyElementwise<Scalar>>(&*node.layer) : nullptr;
    if (matmul && is_wiring(*matmul)) {
      to = {applied(*matmul, part_of_inputs(i, &Pair::positive)),
            applied(*matmul, part_of_inputs(i, &Pair::negative))};
    } else if (matmul) {
      const Batch<Scalar> change = gathered(i, [&](Index input) { return difference(input); });
      to = {contributions(*matmul, change, rule::plus()), contributions(*matmul, change, rule::minus())};
    } else if (function) {
      const Pair& from = parts_[std::size_t(node.inputs[0])];
      const Pair slopes = chords(*function, i);
      to = {slopes.positive.cwiseProduct(from.positive), slopes.negative.cwiseProduct(from.negative)};
    } else {
      const Batch<Scalar> change = difference(i);
      to = {change.cwiseMax(Scalar(0)), change.cwiseMin(Scalar(0))};
    }
  }

  /// Δb⁺/Δa⁺ and Δb⁻/Δa⁻ of a function.
  Pair chords(const AnyElementwise<Scalar>& layer, Index i) const {
    const Index input = net_.node(i).inputs[0];
    const Pair& part = parts_[std::size_t(input)];
    const Batch<Scalar> base = baseline_at(input), up = base + part.positive, down = base + part.negative;
    const Batch<Scalar>& a = trace_.value(input);
    Pair slopes;
    const auto mean_chord = [&](const Batch<Scalar>& alone, const Batch<Scalar>& other, Batch<Scalar>& to) {
      Batch<Scalar> first(a.rows(), a.cols());
      to.resize(a.rows(), a.cols());
      for (Index n = 0; n < a.cols(); ++n) {
        fn::chords(layer.f, 0, a.rows(), alone.col(n).data(), base.col(n).data(), first.col(n).data());
        fn::chords(layer.f, 0, a.rows(), a.col(n).data(), other.col(n).data(), to.col(n).data());
      }
      to = Scalar(0.5) * (to + first);
    };
    if (!reveals_[std::size_t(i)]) {
      mean_chord(a, base, slopes.positive);
      return {slopes.positive, slopes.positive};
    }
    mean_chord(up, down, slopes.positive);
    mean_chord(down, up, slopes.negative);
    return slopes;
  }

  void step(Index i) {
    const Pair up = std::exchange(multipliers_[std::size_t(i)], {});
    const auto& node = net_.node(i);
    const auto* matmul = std::get_if<AnyMatMul<Scalar>>(&*node.layer);
    const auto* function = std::get_if<AnyElementwise<Scalar>>(&*node.layer);
    if (matmul && is_wiring(*matmul)) {
      hand_down(i, applied_transposed(*matmul, up.positive), applied_transposed(*matmul, up.negative));
    } else if (matmul) {
      const Batch<Scalar> change = gathered(i, [&](Index input) { return difference(input); });
      Batch<Scalar> m = Batch<Scalar>::Zero(change.rows(), change.cols());
      hand_back(*matmul, change, rule::plus(), up.positive, m);
      hand_back(*matmul, change, rule::minus(), up.negative, m);
      hand_down(i, m, m);
    } else if (function) {
      const Pair slopes = chords(*function, i);
      hand_down(i, slopes.positive.cwiseProduct(up.positive), slopes.negative.cwiseProduct(up.negative));
    } else {
      const Batch<Scalar> change = difference(i);
      const Batch<Scalar> m =
          (change.array() > Scalar(0))
              .select(up.positive, (change.array() < Scalar(0))
                                       .select(up.negative, Scalar(0.5) * (up.positive + up.negative)));
      const rule::AnyRule<Scalar> rule = std::holds_alternative<kind::Product>(*node.layer)
                                             ? rule::AnyRule<Scalar>(rule::EvenSplit())
                                             : rule::AnyRule<Scalar>(rule::Baseline());
      const Batch<Scalar> a = gathered(
                              i, [&](Index input) -> const Batch<Scalar>& { return trace_.value(input); }),
                          a_base = gathered(i, [&](Index input) { return baseline_at(input); }),
                          b_base = baseline_at(i);
      Ledger<Scalar> books;
      books.reset(samples());
      Batch<Scalar> down(a.rows(), a.cols());
      Context<Scalar, Dynamic, Dynamic, Dynamic> context{view(a),
                                                         view(trace_.value(i)),
                                                         {a_base.data(), a_base.rows()},
                                                         {b_base.data(), b_base.rows()},
                                                         Form::Delta,
                                                         books,
                                                         workspace_};
      std::visit([&](const auto& layer) { rule.step_back(layer, context, view(m), out(down)); }, *node.layer);
      hand_down(i, down, down);
    }
  }

  void hand_down(Index i, const Batch<Scalar>& positive, const Batch<Scalar>& negative) {
    Index first = 0;
    for (const Index input : net_.node(i).inputs) {
      const Index size = net_.node(input).size;
      Pair& to = multipliers_[std::size_t(input)];
      if (to.positive.size() == 0)
        to = {Batch<Scalar>::Zero(size, samples()), Batch<Scalar>::Zero(size, samples())};
      to.positive += positive.middleRows(first, size);
      to.negative += negative.middleRows(first, size);
      first += size;
    }
  }

  const Net& net_;
  const Trace &trace_, &baseline_;
  std::vector<Pair> parts_, multipliers_;
  std::vector<bool> reveals_;
  Workspace<Scalar> workspace_;
};

}  // namespace detail

/// DeepLIFT with the RevealCancel rule (Shrikumar et al. 1704.02685, §3.5.3), which tells positive from
/// negative differences apart where Rescale lets them cancel: both inputs of min(x₁, x₂) matter. `baseline`
/// is the trace of a baseline, one column or as many as the batch. Σ relevance = f(x) − f(x̄) exactly; nothing
/// goes to biases. It takes about 8 products for every matrix. Functions that `reveals` does not match take
/// Rescale: DeepLIFT's authors have RevealCancel behind dense layers and Rescale behind convolutions. Throws
/// Error where the traces or the start do not fit, or the result is not finite.
///
///     reveal_cancel(net, trace, target, baseline, match::name("classifier/*"));
template <class Scalar, class Start>
GraphExplanation<Scalar> reveal_cancel(const Graph<Scalar>& net, const typename Graph<Scalar>::Trace& trace,
                                       const Start& start, const typename Graph<Scalar>::Trace& baseline,
                                       const Matcher& reveals = match::any()) {
  const Index samples = trace.input().cols(), found = baseline.input().cols();
  net.check_trace(trace);
  net.check_trace(baseline);
  if (found != 1 && found != samples)
    fail("reveal_cancel: expected a baseline of 1 or ", samples, " samples, found ", found);
  const Index top = net.explained_node(start);
  GraphExplanation<Scalar> result;
  result.output = trace.value(top);
  const Batch<Scalar>& base = baseline.value(top);
  Batch<Scalar> carried(result.output.rows(), samples);
  auto to = out(carried);
  const BaselineValues<Scalar> base_values{base.data(), found == 1 ? 0 : base.rows()};
  start::as_start(start).fill(view(result.output), Form::Delta, base_values, to);

  detail::RevealCancel<Scalar> pass(net, trace, baseline, reveals);
  result.relevance = pass.back(top, carried);
  detail::check_result(result.relevance);
  result.ledger.reset(samples);
  detail::count_relevance<Scalar>(view(carried), result.output, base_values, Form::Delta,
                                  result.ledger.enter);
  result.ledger.leave = result.relevance.colwise().sum().array();
  return result;
}

}  // namespace ascribe
