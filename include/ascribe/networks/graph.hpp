/// A network whose nodes are known at run time.
#pragma once

#include <array>
#include <atomic>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/loops.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/passage.hpp>
#include <ascribe/core/start.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/core/workspace.hpp>
#include <ascribe/layers/product.hpp>
#include <ascribe/methods/composite.hpp>
#include <ascribe/networks/explanation.hpp>
#include <ascribe/networks/graph_passes.hpp>
#include <ascribe/networks/memory_need.hpp>
#include <ascribe/networks/node.hpp>
#include <ascribe/networks/passes.hpp>
#include <ascribe/networks/plan.hpp>
#include <ascribe/networks/schedule.hpp>
#include <ascribe/networks/sequential.hpp>
#include <ascribe/rules/any_rule.hpp>

namespace ascribe {

/// A directed acyclic graph of layers: several inputs and outputs, values that several nodes read (their
/// relevance adds up), nodes by name. A node with several inputs reads their values one behind the other:
/// `Sum(2, n)` adds two branches of n features, a Selection concatenates or mixes them.
///
///     Graph<float> net;
///     const Index x = net.input("x", 2);
///     const Index d = net.add("d", MatMul(map::Dense<float>(w)), {x});
///     net.output(net.add("skip", MatMul(map::Sum<float>(2, 2)), {d, x}));
///
/// Once built, it is const and shared between threads: what a pass writes is the caller's trace, explanation
/// and workspace. The rules are a method's: any of `ascribe::method`, or a Composite.
template <class Scalar_>
class Graph {
 public:
  using Scalar = Scalar_;
  /// An input or a layer.
  using Node = ascribe::Node<Scalar>;
  /// What a pass back gives.
  using Explanation = GraphExplanation<Scalar>;

  /// What a pass forward gives.
  using Trace = GraphTrace<Scalar>;
  /// A method's rules for this graph.
  using Plan = GraphPlan<Scalar>;
  /// The explanation of any of its traces.
  template <class>
  using ExplanationOf = Explanation;

  Graph() = default;

  /// The same network as a Sequential, whose layers are copied: nodes "layer 0" and so on behind the input
  /// "input". Throws Error where no layer knows its size.
  template <class... Parts>
  explicit Graph(const Sequential<Parts...>& chain) {
    using Chain = Sequential<Parts...>;
    if (chain.input_size() < 0) fail("Graph: no layer of the Sequential knows how many inputs it has");
    Index last = input("input", chain.input_size());
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((last = add("layer " + std::to_string(I), typename Chain::template Layer<I>(chain.template layer<I>()),
                   {last})),
       ...);
    }
    (std::make_index_sequence<Chain::depth>());
    output(last);
  }

  /// Adds an input of so many features, and returns its node. Throws Error where the name is taken or the
  /// size below 1. All inputs come before the layers.
  Index input(std::string name, Index size, std::vector<Index> shape = {});

  /// Adds a layer that reads the values of `inputs`, and returns its node. A rule in the layer's type is kept
  /// for method::ByLayer. Throws Error where the name is taken, an input is no node yet, or sizes do not fit.
  template <class Layer>
  Index add(std::string name, Layer layer, std::vector<Index> inputs, std::vector<Index> shape = {},
            Origin origin = {}) {
    Node node(std::move(layer));
    node.inputs = std::move(inputs);
    node.origin = std::move(origin);
    return add(std::move(name), std::move(node), std::move(shape));
  }

  /// The same of a node that lacks nothing but its name and size.
  Index add(std::string name, Node node, std::vector<Index> shape);

  /// Declares a node's value an output of the network. Throws Error where there is no such node.
  void output(Index node) {
    if (node < 0 || node >= Index(nodes_.size()))
      fail("Graph: output: expected one of ", nodes_.size(), " nodes, found ", node);
    outputs_.push_back(node);
    version_ = next_version();
  }

  /// The same network but for a layer's weights, in the order in which the host gave them, and its bias, of
  /// as many entries as it had or of one for each output: a copy whose other nodes share their parts with
  /// this one's. All nodes of that layer change: those of the same map, and the bias of those that have the
  /// same one. Throws Error where the node has no map or one whose weights cannot be replaced, where there
  /// are not as many as the layer has, and where one is NaN or infinite.
  Graph with_weights(Index node, std::span<const Scalar> weights, std::span<const Scalar> bias) const;

  /// In topological order; the inputs come first.
  const std::vector<Node>& nodes() const { return nodes_; }
  /// Node `index`.
  const Node& node(Index index) const { return nodes_[std::size_t(index)]; }
  /// The node of that name. Throws Error where there is none.
  Index find(std::string_view name) const {
    const auto found = by_name_.find(std::string(name));
    if (found == by_name_.end()) fail("Graph: no node is named '", name, "'");
    return found->second;
  }
  /// The inputs are the nodes 0 … input_count() − 1, and have input_size() features together.
  Index input_count() const { return input_count_; }
  Index input_size() const { return input_size_; }
  /// The nodes whose values are the network's outputs.
  const std::vector<Index>& outputs() const { return outputs_; }
  Index output_size() const { return node(first_output()).size; }

  /// Runs the network on x, the features of all inputs one input behind the other × samples, and keeps every
  /// value. Throws Error where the number of features is wrong, the batch is empty, an input is NaN or
  /// infinite, or the graph has no output.
  template <class D>
  Trace forward(const Eigen::MatrixBase<D>& x) const {
    Trace trace;
    Workspace<Scalar> workspace;
    forward(x, trace, workspace);
    return trace;
  }
  /// The same into memory that was used before.
  template <class D>
  void forward(const Eigen::MatrixBase<D>& x, Trace& trace, Workspace<Scalar>& workspace) const {
    start_forward(x, trace);
    run_forward(trace, workspace);
  }
  /// The same, keeping only what an explanation under the plan reads, and with as many samples at a time as
  /// fit the cache. Throws Error where the plan is not of this graph as it is now.
  template <class D>
  void forward(const Eigen::MatrixBase<D>& x, Trace& trace, Workspace<Scalar>& workspace,
               const Plan& plan) const {
    check_plan(plan);
    start_forward(x, trace);
    run_forward(trace, workspace, plan);
  }
  /// The same into a new trace.
  template <class D>
  Trace forward(const Eigen::MatrixBase<D>& x, const Plan& plan) const {
    Trace trace;
    Workspace<Scalar> workspace;
    forward(x, trace, workspace, plan);
    return trace;
  }

  /// What forward and explain of so many samples under a plan will hold. Throws Error where the plan is not
  /// of this graph as it is now.
  MemoryNeed memory(const Plan& plan, Index samples) const;

  /// The rules that a method (any of ascribe::method, or a Composite) gives the nodes. Throws Error, naming
  /// the node, where it has none for one, or one without a meaning for the kind of layer or in the method's
  /// form, or with a parameter out of range.
  /// With `keep_all`, every value is kept, and of an explanation what every node carries: for derivatives.
  Plan plan(const Composite<Scalar>& method, bool keep_all = false) const;

  /// Explains a trace: `start` is a target's index in the first output, one of `ascribe::start`, or
  /// start::AtOutput for another output. `baseline`: the trace of one, for methods against one: one
  /// column for all samples, or as many as the batch. Throws Error as `plan`, and where the start does not
  /// fit, the method lacks or has no use for a baseline, or the result is not finite.
  ///
  /// An input may stand for a trace, the baseline's too: `net.explain(x, 0, method::LrpQ())`.
  template <class T, class Start, class Method>
  Explanation explain(const T& trace, const Start& start, const Method& method,
                      Record record = Record::totals) const {
    Explanation explanation;
    explanation.record = record;
    Workspace<Scalar> workspace;
    if constexpr (detail::arguments_fit<is_method<Method>, is_values<T>>())
      explain(traced(trace), start, plan(method), explanation, workspace);
    return explanation;
  }
  /// Against a baseline, a trace or an input.
  template <class T, class Start, class Method, class B>
  requires(!std::same_as<B, Record>) Explanation
      explain(const T& trace, const Start& start, const Method& method, const B& baseline,
              Record record = Record::totals)
  const {
    Explanation explanation;
    explanation.record = record;
    Workspace<Scalar> workspace;
    if constexpr (detail::arguments_fit < is_method<Method>, is_values<T> && is_values < B >> ()) {
      const Trace &values = traced(trace), &base = traced(baseline);
      explain(values, start, plan(method), explanation, workspace, &base);
    }
    return explanation;
  }
  /// Into an explanation and a workspace that were used before.
  template <class Start>
  void explain(const Trace& trace, const Start& start, const Composite<Scalar>& method,
               Explanation& explanation, Workspace<Scalar>& workspace, const Trace* baseline = nullptr,
               Index baseline_column = -1) const {
    explain(trace, start, plan(method), explanation, workspace, baseline, baseline_column);
  }
  /// The same under a plan, into an explanation and a workspace that were used before. `baseline_column` ≥ 0
  /// takes that one column of the baseline for all samples.
  template <class Start>
  void explain(const Trace& trace, const Start& start, const Plan& plan, Explanation& explanation,
               Workspace<Scalar>& workspace, const Trace* baseline = nullptr,
               Index baseline_column = -1) const {
    check_plan(plan);
    check_shapes(trace);
    const Baseline base = checked_baseline(trace, plan.form_, baseline, baseline_column);
    const std::size_t output = explained_output(start);
    const Index top = outputs_[output];
    check_kept(trace, plan, output, explanation.record);
    if (baseline) check_kept(*baseline, plan, output, explanation.record);

    const auto& y = trace.value(top);
    reserve(plan, y.cols(), workspace);
    Out<Scalar> carried(workspace.slot(plan.schedules_[output].top.slot), y.rows(), y.cols());
    start::as_start(start).fill(view(y), plan.form_, base.at(top), carried);
    run_backward(trace, base, plan, output, explanation, workspace);
  }

  /// Explains every target of the first output in turn: `visit(target, explanation)` sees each before the
  /// next is computed. The forward pass, the plan, the baseline and all memory are shared.
  template <class Visit>
  void explain_all(const Trace& trace, const Composite<Scalar>& method, Visit&& visit,
                   const Trace* baseline = nullptr) const {
    Explanation explanation;
    Workspace<Scalar> workspace;
    const Plan rules = plan(method);
    for (Index target = 0; target < output_size(); ++target) {
      explain(trace, target, rules, explanation, workspace, baseline);
      visit(target, std::as_const(explanation));
    }
  }

  /// Throws Error unless the trace is one of this graph's forward pass that kept every value.
  void check_trace(const Trace& trace) const {
    check_shapes(trace);
    for (Index i = 0; i < Index(nodes_.size()); ++i) check_value(trace, i);
  }

  /// The node whose value a start explains: the first output's, or that of start::AtOutput. Throws Error
  /// where there is no such output.
  template <class Start>
  Index explained_node(const Start& start) const {
    return outputs_[explained_output(start)];
  }

 private:
  template <class T>
  static constexpr bool is_values = detail::is_input<T> || std::same_as<T, Trace>;
  template <class Method>
  static constexpr bool is_method = std::convertible_to<const Method&, Composite<Scalar>>;

  /// A trace, or the trace of an input.
  template <class T>
  decltype(auto) traced(const T& given) const {
    if constexpr (detail::is_input<T>)
      return forward(given);
    else
      return (given);
  }

  friend class Derivative<Scalar>;

  using Baseline = detail::GraphBaseline<Scalar>;

  static std::uint64_t next_version() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
  }

  template <class Start>
  std::size_t explained_output(const Start& start) const {
    first_output();
    if constexpr (requires { start.output; }) {
      if (start.output < 0 || start.output >= Index(outputs_.size()))
        fail("explain: expected an output in [0, ", outputs_.size(), "), found ", start.output);
      return std::size_t(start.output);
    } else {
      return 0;
    }
  }

  void check_plan(const Plan& plan) const;

  void check_shapes(const Trace& trace) const;
  void check_value(const Trace& trace, Index i) const;
  /// Propagates what the workspace has at the output, where the schedule starts.
  void run_backward(const Trace& trace, const Baseline& base, const Plan& plan, std::size_t output,
                    Explanation& explanation, Workspace<Scalar>& workspace) const;

  /// That a trace has what the rules read on that way, and what the books of every layer do.
  void check_kept(const Trace& trace, const Plan& plan, std::size_t output, Record record) const;

  Index first_output() const {
    if (outputs_.empty()) fail("Graph: expected an output, found none: declare one by output(node)");
    return outputs_.front();
  }

  Index append(std::string name, Node node, std::vector<Index> shape);

  std::string names_of(const std::vector<Index>& indices) const {
    std::string text;
    for (const Index i : indices) text += (text.empty() ? "'" : ", '") + node(i).name + "'";
    return text;
  }

  /// Computes the nodes behind the inputs, which the trace has.
  void run_forward(Trace& trace, Workspace<Scalar>& workspace) const;
  void run_forward(Trace& trace, Workspace<Scalar>& workspace, const Plan& plan) const;

  template <class D>
  void start_forward(const Eigen::MatrixBase<D>& x, Trace& trace) const {
    static_assert(std::is_same_v<typename D::Scalar, Scalar>,
                  "ascribe: the graph's scalar is not the input's");
    trace.first_output = first_output();
    detail::check_input("Graph", x, input_size_);
    trace.values.resize(nodes_.size());
    Index first = 0;
    for (Index i = 0; i < input_count_; ++i) {
      trace.values[std::size_t(i)] = x.middleRows(first, node(i).size);
      first += node(i).size;
    }
  }

  /// Computes all nodes, each with the weights that `weights_of` it says.
  template <class WeightsOf>
  void run(const detail::Tiles& tiles, detail::ForwardPass<Scalar> pass, Index samples,
           const WeightsOf& weights_of) const {
    detail::TileWalk(tiles).forward(samples, [&](Index group, const detail::Tile& tile) {
      for (Index i = input_count_; i < Index(nodes_.size()); ++i)
        if (tiles.group[std::size_t(i)] == group) pass.run(i, tile, weights_of(i));
    });
  }

  /// A product may round more only where nothing is divided by its outputs, now or by who explains the trace
  /// later: in Q and against a baseline, where the value is not kept.
  static Weights products(const Plan& plan, Index i) {
    const bool divides = plan.form_ == Form::R || plan.passages_[std::size_t(i)].outputs;
    return divides || plan.kept_[std::size_t(i)] ? Weights::as_is : Weights::approximate;
  }

  Baseline checked_baseline(const Trace& trace, Form form, const Trace* baseline, Index column) const {
    if (baseline) check_shapes(*baseline);
    const auto columns = detail::baseline_columns(form, baseline ? baseline->input().cols() : -1,
                                                  trace.input().cols(), column);
    return columns ? Baseline{baseline, *columns} : Baseline{};
  }

  void reserve(const Plan& plan, Index samples, Workspace<Scalar>& workspace) const {
    for (std::size_t k = 0; k < plan.slots_.size(); ++k)
      workspace.reserve(Index(k), plan.slots_[k].scalars(samples));
  }

  std::vector<Node> nodes_;
  std::unordered_map<std::string, Index> by_name_;
  std::vector<Index> outputs_;
  Index input_count_ = 0, input_size_ = 0;
  std::uint64_t version_ = next_version();
};

// --- Definitions: not inline, so that a program may have them compiled once (ascribe/compiled.hpp) ---

template <class Scalar>
void Graph<Scalar>::run_forward(Trace& trace, Workspace<Scalar>& workspace) const {
  const Index samples = trace.input().cols();
  detail::make_tiles<Scalar>(nodes_, input_count_, nullptr, false, trace.tiles);
  for (Index i = input_count_; i < Index(nodes_.size()); ++i) {
    trace.values[std::size_t(i)].resize(node(i).size, samples);
    if (node(i).inputs.size() > 1 && detail::input_layout(node(i)) == map::InputLayout::no)
      workspace.reserve(0, detail::inputs_of(nodes_, node(i)) * samples);
  }
  run(trace.tiles, detail::ForwardPass<Scalar>(nodes_, trace, workspace), samples,
      [](Index) { return Weights::as_is; });
}

template <class Scalar>
void Graph<Scalar>::run_forward(Trace& trace, Workspace<Scalar>& workspace, const Plan& plan) const {
  const Index samples = trace.input().cols();
  for (std::size_t i = std::size_t(input_count_); i < nodes_.size(); ++i)
    if (plan.kept_[i])
      trace.values[i].resize(nodes_[i].size, samples);
    else
      trace.values[i].resize(0, 0);
  reserve(plan, samples, workspace);
  run(plan.tiles_, detail::ForwardPass<Scalar>(nodes_, trace, workspace, &plan.storage_), samples,
      [&](Index i) { return products(plan, i); });
}

template <class Scalar>
void Graph<Scalar>::run_backward(const Trace& trace, const Baseline& base, const Plan& plan,
                                 std::size_t output, Explanation& explanation,
                                 Workspace<Scalar>& workspace) const {
  const Index top = outputs_[output];
  detail::BackwardPass<Scalar>(nodes_, input_count_, trace, base, plan, plan.schedules_[output], explanation,
                               workspace)
      .run(top, plan.tiles_);
  explanation.output = trace.value(top);
}

template <class Scalar>
typename Graph<Scalar>::Plan Graph<Scalar>::plan(const Composite<Scalar>& method, bool keep_all) const {
  Plan plan;
  plan.form_ = method.form;
  plan.times_input_ = method.times_input;
  plan.rules_.resize(nodes_.size());
  plan.passages_.resize(nodes_.size());
  plan.version_ = version_;
  Index learned = 0;
  for (std::size_t i = std::size_t(input_count_); i < nodes_.size(); ++i) {
    const Node& n = nodes_[i];
    const NodeInfo info = n.info(Index(i), learned);
    if (info.is_learned()) ++learned;
    const auto& rule = plan.rules_[i].emplace(detail::checked_rule(method, n, info));
    plan.passages_[i] =
        std::visit([&](const auto& layer) { return rule.passage(layer, plan.form_); }, *n.layer);
  }
  detail::Slots slots;
  plan.kept_ = keep_all ? std::vector<bool>(nodes_.size(), true)
                        : detail::kept_values(nodes_, input_count_, outputs_, plan.passages_);
  detail::make_tiles(nodes_, input_count_, &plan.passages_, keep_all, plan.tiles_);
  plan.storage_ = detail::forward_schedule(nodes_, input_count_, plan.kept_, plan.tiles_, slots);
  for (const Index output : outputs_)
    plan.schedules_.push_back(detail::backward_schedule(nodes_, input_count_, output, plan.passages_,
                                                        plan.form_, plan.tiles_, slots, keep_all));
  plan.slots_ = slots.sizes();
  return plan;
}

template <class Scalar>
MemoryNeed Graph<Scalar>::memory(const Plan& plan, Index samples) const {
  check_plan(plan);
  MemoryNeed need{};
  std::unordered_set<const void*> counted;  // maps, which several layers may share
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (plan.kept_[i]) need.trace += nodes_[i].size * samples;
    if (const auto* m = detail::matmul(nodes_[i])) {
      if (counted.insert(m->map.identity()).second) need.weights += m->map.weight_count();
      need.weights += m->bias.size();
    }
  }
  for (const auto& slot : plan.slots_) need.workspace += slot.scalars(samples);
  constexpr Index lines = 5;  // of the books
  need.explanation = (input_size_ + output_size() + lines) * samples;
  for (Index* bytes : {&need.weights, &need.trace, &need.workspace, &need.explanation})
    *bytes *= Index(sizeof(Scalar));
  return need;
}

template <class Scalar>
Graph<Scalar> Graph<Scalar>::with_weights(Index index, std::span<const Scalar> weights,
                                          std::span<const Scalar> bias) const {
  if (index < 0 || index >= Index(nodes_.size()))
    fail("Graph: with_weights: expected one of ", nodes_.size(), " nodes, found ", index);
  const Node& changed = node(index);
  const auto* layer = detail::matmul(changed);
  if (layer == nullptr)
    fail("Graph: with_weights: node '", changed.name, "': expected a layer with weights, found ",
         changed.layer ? changed.describe() : "an input");
  if (Index(weights.size()) != layer->map.weight_count() ||
      (Index(bias.size()) != layer->bias.size() && Index(bias.size()) != changed.size))
    fail("Graph: with_weights: node '", changed.name, "': expected ", layer->map.weight_count(),
         " weights and ", layer->bias.size(), " biases, or ", changed.size, ", one for each output, found ",
         weights.size(), " and ", bias.size());
  Graph result = *this;
  result.version_ = next_version();
  const auto where = [&] { return text_of("Graph: with_weights: node '", changed.name, "': "); };
  detail::naming(where, [&] {
    const auto map = layer->map.with_weights(weights.data());
    using Bias = typename AnyMatMul<Scalar>::Bias;
    const Bias other = Eigen::Map<const Bias>(bias.data(), Index(bias.size()));
    for (Node& n : result.nodes_)
      if (const auto* same = detail::matmul(n); same && same->map.identity() == layer->map.identity())
        n.layer = AnyMatMul<Scalar>(
            map, same->bias.size() == layer->bias.size() && same->bias == layer->bias ? other : same->bias);
  });
  return result;
}

template <class Scalar>
Index Graph<Scalar>::add(std::string name, Node node, std::vector<Index> shape) {
  if (node.inputs.empty()) fail("Graph: node '", name, "': expected at least one input, found none");
  Index found = 0;
  for (const Index i : node.inputs) {
    if (i < 0 || i >= Index(nodes_.size()))
      fail("Graph: node '", name, "': expected inputs among the ", nodes_.size(), " nodes before it, found ",
           i);
    found += nodes_[std::size_t(i)].size;
  }
  const Index expected = node.input_size();
  const bool any_multiple = std::holds_alternative<AnyElementwise<Scalar>>(*node.layer);
  if (expected >= 0 && (any_multiple ? found % expected != 0 : expected != found))
    fail("Graph: node '", name, "' expects ", expected, " inputs, found ", found, " outputs of ",
         names_of(node.inputs));
  node.size = node.output_size_for(found);
  return append(std::move(name), std::move(node), std::move(shape));
}

template <class Scalar>
Index Graph<Scalar>::input(std::string name, Index size, std::vector<Index> shape) {
  if (size < 1) fail("Graph: input '", name, "': expected at least 1 feature, found ", size);
  if (input_count_ != Index(nodes_.size()))
    fail("Graph: input '", name, "': expected the inputs before the layers");
  ++input_count_;
  input_size_ += size;
  Node node;
  node.size = size;
  return append(std::move(name), std::move(node), std::move(shape));
}

template <class Scalar>
void Graph<Scalar>::check_shapes(const Trace& trace) const {
  const std::size_t found = trace.values.size();
  if (found != nodes_.size() || found == 0)
    fail("explain: expected a trace of this graph's ", nodes_.size(), " nodes, found one of ", found);
  const Index samples = trace.values[0].cols();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto& value = trace.values[i];
    const bool fits = value.rows() == nodes_[i].size && value.cols() == samples,
               left_out = value.size() == 0 && i >= std::size_t(input_count_);
    if (samples == 0 || !(fits || left_out))
      fail("explain: expected a trace of this graph (", nodes_[i].size, " features of node '", nodes_[i].name,
           "' x ", samples, " samples), found one of ", value.rows(), " x ", value.cols());
  }
}

template <class Scalar>
void Graph<Scalar>::check_value(const Trace& trace, Index i) const {
  if (!trace.has(i))
    fail("explain: expected a trace with the value of node '", node(i).name,
         "', found one that does not keep it: run forward with this method's plan, or without one");
}

template <class Scalar>
void Graph<Scalar>::check_kept(const Trace& trace, const Plan& plan, std::size_t output,
                               Record record) const {
  check_value(trace, outputs_[output]);
  const bool by_node = record != Record::totals && plan.form_ != Form::R;
  for (const detail::BackStep& step : plan.schedules_[output].steps) {
    const Passage& passage = plan.passages_[std::size_t(step.node)];
    const auto& inputs = node(step.node).inputs;
    if (passage.outputs || by_node) check_value(trace, step.node);
    if (passage.inputs || by_node)
      for (const Index input : inputs) check_value(trace, input);
    if (passage.either) check_value(trace, detail::argument(node(step.node), step.node, trace));
  }
}

template <class Scalar>
void Graph<Scalar>::check_plan(const Plan& plan) const {
  if (plan.version_ == version_) return;
  if (plan.rules_.size() != nodes_.size())
    fail("Graph: expected a plan for this graph's ", nodes_.size(), " nodes, found one for ",
         plan.rules_.size());
  fail("Graph: expected a plan of this graph as it is now, found one of another, or from before a change");
}

template <class Scalar>
Index Graph<Scalar>::append(std::string name, Node node, std::vector<Index> shape) {
  const Index index = Index(nodes_.size());
  if (!by_name_.emplace(name, index).second) fail("Graph: two nodes are named '", name, "'");
  node.name = std::move(name);
  node.shape = std::move(shape);
  nodes_.push_back(std::move(node));
  version_ = next_version();
  return index;
}

}  // namespace ascribe
