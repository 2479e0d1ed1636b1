/// What a program asks of every explanation before it shows it: that the books close, and that they say
/// something.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/networks/checks.hpp"
#include "ascribe/networks/graph.hpp"
#include "examples/support/limits.hpp"

namespace examples {

/// A number as it stands in a sentence.
inline std::string in_words(double value) {
  std::ostringstream text;
  text.precision(3);
  text << value;
  return text.str();
}

/// "open by 0.6 of 5"
inline std::string open_by(double open, double start) {
  return "open by " + in_words(open) + " of " + in_words(start);
}

/// That more relevance moved than so many times the start.
inline std::string too_much(double moved, double start, double most) {
  return in_words(moved) + " of relevance moved for a start of " + in_words(start) + ", more than " +
         in_words(most) + " times as much: little of what is shown is about the output";
}

/// Judges explanations of one network by one method. Const, and shared between threads.
template <class Scalar>
class Audit {
 public:
  using Graph = ascribe::Graph<Scalar>;
  using Column = ascribe::Batch<Scalar>;
  using Index = ascribe::Index;

  /// `method`: the rules that the explanations are made by, or none where they are made by no rules, so that
  /// no node can be named. `times_input`: whether they end with × input. The network outlives it.
  Audit(const Graph& net, std::optional<ascribe::Composite<Scalar>> method, bool times_input,
        double most_moved = moved_limit)
      : net_(net), method_(std::move(method)), times_input_(times_input), most_moved_(most_moved) {
    // The books of nodes are judged as relevances.
    if (method_) method_->times_input = true;
  }

  /// Sample n of an explanation, whose input is column n of x (and baseline column n, or the only one) and
  /// whose start is the same for all samples: a target, or one of ascribe::start. What there is to warn of;
  /// empty: nothing. Throws ascribe::Error where the books do not close to the rounding of the scalar, with
  /// what is left open and the first node whose own books are.
  template <class Start>
  std::string operator()(const ascribe::GraphExplanation<Scalar>& explanation, Index n, const Column& x,
                         const Start& from, const Column* baseline = nullptr) const {
    const Sample sample = sample_of(explanation, n, x);
    const double start = sample.ledger.enter(0), open = sample.ledger.closing_error()(0);
    const auto closing = ascribe::check::conservation(sample, 0);
    double moved = ascribe::check::moved(sample, 0);
    if (closing && moved <= most_moved_ * std::abs(start)) return "";
    if (!method_) {
      if (!closing) ascribe::fail("the books are ", open_by(open, start), ", more than rounding");
      return too_much(moved, start, most_moved_);
    }

    Column point = x.col(n), against;
    if (baseline) against = baseline->col(baseline->cols() == 1 ? 0 : n);
    const auto plan = net_.plan(*method_);
    const auto [nodes, of_values] = with_nodes(point, from, plan, baseline ? &against : nullptr);
    if (!closing) {
      if (const auto first = ascribe::check::first_open_node(net_, nodes, 0, of_values))
        ascribe::fail("the books are ", open_by(open, start), "; the first node whose own books are is ",
                      described(first->node, plan), ": ",
                      open_by(first->error, nodes.nodes[std::size_t(first->node)].books.enter(0)));
      if (!(closing.error <= ascribe::check::conservation(net_, nodes, 0, of_values).tolerance))
        ascribe::fail("the books are ", open_by(open, start),
                      ", and those of every node close when each is explained by itself: the fault is in a "
                      "step of several nodes");
    }
    moved = std::max(moved, ascribe::check::moved(nodes, 0));
    if (moved > most_moved_ * std::abs(start)) {
      std::string warning = too_much(moved, start, most_moved_);
      if (const auto growth = ascribe::check::largest_growth(net_, nodes, 0))
        warning += "; it grows the most at " + described(growth->node, plan) + ", which makes " +
                   in_words(growth->below) + " of " + in_words(growth->above);
      return warning;
    }
    if (closing.error > open_limit * std::abs(start))
      return "the books are " + open_by(open, start) + ", rounding of the " + in_words(moved) +
             " that moved inside of the network" +
             (baseline ? ", or of values that are nearly the baseline's" : "");
    return "";
  }

 private:
  /// One sample's relevances, as checks read them.
  struct Sample {
    Column relevance;
    ascribe::Ledger<Scalar> ledger;
  };

  Sample sample_of(const ascribe::GraphExplanation<Scalar>& explanation, Index n, const Column& x) const {
    Sample sample;
    sample.relevance = explanation.relevance.col(n);
    if (!times_input_) sample.relevance.array() *= x.col(n).array();
    const auto& from = explanation.ledger;
    sample.ledger.reset(1);
    sample.ledger.enter(0) = from.enter(n);
    sample.ledger.leave(0) = from.leave(n);
    sample.ledger.bias(0) = from.bias(n);
    sample.ledger.stabiliser(0) = from.stabiliser(n);
    sample.ledger.dropped(0) = from.dropped(n);
    return sample;
  }

  /// An explanation with the books of every node, and what the rounding of values may open in them.
  struct WithNodes {
    ascribe::GraphExplanation<Scalar> explanation;
    std::vector<double> of_values;
  };

  template <class Start>
  WithNodes with_nodes(const Column& x, const Start& start, const typename Graph::Plan& plan,
                       const Column* baseline) const {
    WithNodes found;
    found.explanation.record = ascribe::Record::per_layer;
    ascribe::Workspace<Scalar> workspace;
    typename Graph::Trace trace, base_trace;
    net_.forward(x, trace, workspace);
    if (baseline) net_.forward(*baseline, base_trace, workspace);
    net_.explain(trace, start, plan, found.explanation, workspace, baseline ? &base_trace : nullptr);
    if (!baseline) return found;
    ascribe::Composite<Scalar> method = *method_;
    method.times_input = false;
    ascribe::GraphExplanation<Scalar> multipliers;
    multipliers.record = ascribe::Record::per_layer;
    net_.explain(trace, start, net_.plan(method), multipliers, workspace, &base_trace);
    found.of_values = ascribe::check::rounding_of_values(net_, multipliers, trace, base_trace, 0);
    return found;
  }

  std::string described(Index node, const typename Graph::Plan& plan) const {
    const auto& found = net_.node(node);
    return "'" + found.name + "' (" + found.describe() + ", " + plan.rule(node)->describe() + ")";
  }

  const Graph& net_;
  std::optional<ascribe::Composite<Scalar>> method_;
  bool times_input_;
  double most_moved_;
};

}  // namespace examples
