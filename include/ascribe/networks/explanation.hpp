/// What an explanation holds.
#pragma once

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include <ascribe/core/ledger.hpp>
#include <ascribe/core/types.hpp>

namespace ascribe {

/// How much of the way an explanation records.
enum class Record {
  totals,    ///< the input's relevance, and one set of books for the whole network
  books,     ///< also the books of every layer, which are sums alone
  per_layer  ///< also the relevance and the share of every bias at every layer, or at the chosen ones
};

/// One layer's or node's part of an explanation. All is zero at a node that the explained output does not
/// depend on.
template <class Scalar, int Outputs = Dynamic, int Samples = Dynamic>
struct NodeRecord {
  Ledger<Scalar, Samples> books;                ///< what entered and left at the layer, and what it booked
  Batch<Scalar, Outputs, Samples> relevance;    ///< at the layer's output, finished as the input's is
  Batch<Scalar, Outputs, Samples> bias_shares;  ///< what the bias of each output took

  /// Zeros; the relevance and the shares, where they are not to be kept and no size is fixed, are empty.
  void reset(Index outputs, Index samples, bool keep) {
    books.reset(samples);
    for (auto* values : {&relevance, &bias_shares}) {
      if constexpr (Outputs == Dynamic || Samples == Dynamic)
        values->resize(keep || Outputs != Dynamic ? outputs : 0, keep || Samples != Dynamic ? samples : 0);
      values->setZero();
    }
  }

  /// The sum with another record of the same layer.
  NodeRecord& operator+=(const NodeRecord& other) {
    books += other.books;
    relevance += other.relevance;
    bias_shares += other.bias_shares;
    return *this;
  }
  /// All times a factor.
  NodeRecord& operator*=(const Scalar& factor) {
    books *= factor;
    relevance *= factor;
    bias_shares *= factor;
    return *this;
  }
};

/// The shares of the inputs, and the books. Reusable: the next call writes into the same memory.
template <class Scalar, int Inputs, int Outputs, int Samples, class Records = std::tuple<>>
struct Explanation {
  Record record = Record::totals;    ///< how much the next call is to record
  std::vector<Index> chosen = {};    ///< with Record::per_layer: of these layers or nodes alone; none: of all
  Batch<Scalar, Inputs, Samples> relevance;  ///< inputs × samples; of a graph input behind input
  Batch<Scalar, Outputs, Samples> output;    ///< the explained output × samples: what the network said
  /// The whole network's books: `enter` is the start and `leave` the input's share. They are kept in
  /// relevances, Σ x·Q, even for methods (gradient, deconvolution) whose result is not multiplied by the
  /// input.
  Ledger<Scalar, Samples> ledger;
  /// NodeRecords, of the last call that recorded any: a tuple, one for each layer of a Sequential; or a vector,
  /// for each node of a Graph.
  Records nodes;

  /// That of a Sequential's layer.
  template <std::size_t I>
  const auto& layer() const {
    return std::get<I>(nodes);
  }
  /// Calls visit(record) for every record there is.
  template <class Visit>
  void each_record(Visit&& visit) const {
    if constexpr (requires { nodes.begin(); })
      std::for_each(nodes.begin(), nodes.end(), visit);
    else
      std::apply([&](const auto&... records) { (visit(records), ...); }, nodes);
  }
  /// The sum with another explanation of the same inputs, which recorded as much; `output` stays. Means over
  /// baselines or noise are made so; their books close, being linear.
  Explanation& operator+=(const Explanation& other) {
    relevance += other.relevance;
    ledger += other.ledger;
    if constexpr (requires { nodes.begin(); })
      for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i] += other.nodes[i];
    else
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((std::get<I>(nodes) += std::get<I>(other.nodes)), ...);
      }
    (std::make_index_sequence<std::tuple_size_v<Records>>());
    return *this;
  }
  /// All but `output` times a factor.
  Explanation& operator*=(const Scalar& factor) {
    relevance *= factor;
    ledger *= factor;
    if constexpr (requires { nodes.begin(); })
      for (auto& node : nodes) node *= factor;
    else
      std::apply([&](auto&... records) { ((records *= factor), ...); }, nodes);
    return *this;
  }

  /// Whether the next call keeps the relevance and the bias shares of a layer or node.
  bool keeps(Index node) const {
    return record == Record::per_layer &&
           (chosen.empty() || std::find(chosen.begin(), chosen.end(), node) != chosen.end());
  }
};

/// The explanation of a graph: with Record::totals without records.
template <class Scalar>
using GraphExplanation = Explanation<Scalar, Dynamic, Dynamic, Dynamic, std::vector<NodeRecord<Scalar>>>;

}  // namespace ascribe
