/// A network whose nodes are known at run time.
#pragma once

#include <array>
#include <atomic>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
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
#include <ascribe/networks/memory_need.hpp>
#include <ascribe/networks/node.hpp>
#include <ascribe/networks/passes.hpp>
#include <ascribe/networks/schedule.hpp>
#include <ascribe/networks/sequential.hpp>
#include <ascribe/rules/any_rule.hpp>
#include <ascribe/rules/rewire.hpp>

namespace ascribe {

/// One node's part of an explanation with Record::per_layer. All is zero at a node that the explained output
/// does not depend on.
template <class Scalar>
struct NodeRecord {
  Ledger<Scalar> books;
  Batch<Scalar> relevance;    ///< at the node's output, finished as the input's is
  Batch<Scalar> bias_shares;  ///< what the bias of each output took
};

/// The shares of a graph's inputs, and the books. Reusable: the next call writes into the same memory.
template <class Scalar>
struct GraphExplanation {
  Record record = Record::totals;         ///< how much the next call is to record
  Batch<Scalar> relevance;                ///< the inputs' features, input behind input × samples
  Batch<Scalar> output;                   ///< the explained output × samples: what the network said
  Ledger<Scalar> ledger;                  ///< the whole network's books, as in Explanation
  std::vector<NodeRecord<Scalar>> nodes;  ///< with Record::per_layer one for each node, else empty
};

template <class Scalar>
class Derivative;

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
  using Node = ascribe::Node<Scalar>;
  using Explanation = GraphExplanation<Scalar>;

  /// The values of one forward pass, by node: every one, or those that a plan keeps. Those that are missing
  /// are empty.
  struct Trace {
    using Scalar = Scalar_;
    std::vector<Batch<Scalar>> values;
    Index first_output = 0;

    bool has(Index node) const { return value(node).size() > 0; }
    const Batch<Scalar>& value(Index node) const { return values[std::size_t(node)]; }
    const Batch<Scalar>& input() const { return values.front(); }
    const Batch<Scalar>& output() const { return value(first_output); }
  };
  template <class, Record = Record::totals>
  using ExplanationOf = Explanation;

  /// The rules of a method for the nodes of a graph, which values they read, and where all values lie: made
  /// once, immutable, shared between threads. Of another graph, or of this one before something was added to
  /// it, it is refused.
  class Plan {
   public:
    Form form() const { return form_; }
    bool times_input() const { return times_input_; }
    /// The rule of a node; null for an input.
    const rule::AnyRule<Scalar>* rule(Index node) const {
      const auto& found = rules_[std::size_t(node)];
      return found ? &*found : nullptr;
    }
    /// Whether a trace under this plan keeps the value of a node.
    bool keeps(Index node) const { return kept_[std::size_t(node)]; }

   private:
    friend class Graph;
    friend class Derivative<Scalar>;
    Form form_ = Form::R;
    bool times_input_ = false;
    std::vector<std::optional<rule::AnyRule<Scalar>>> rules_;
    std::uint64_t version_ = 0;
    std::vector<Passage> passages_;
    std::vector<bool> kept_;
    std::vector<detail::Storage> storage_;             ///< the way forward
    std::vector<detail::BackwardSchedule> schedules_;  ///< from each output
    std::vector<Index> slots_;                         ///< the features of each
  };

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
  Index input(std::string name, Index size, std::vector<Index> shape = {}) {
    if (size < 1) fail("Graph: input '", name, "': expected at least 1 feature, found ", size);
    if (input_count_ != Index(nodes_.size()))
      fail("Graph: input '", name, "': expected the inputs before the layers");
    ++input_count_;
    input_size_ += size;
    Node node;
    node.size = size;
    return append(std::move(name), std::move(node), std::move(shape));
  }

  /// Adds a layer that reads the values of `inputs`, and returns its node. A rule in the layer's type is kept
  /// for method::ByLayer. Throws Error where the name is taken, an input is no node yet, or sizes do not fit.
  template <class Layer>
  Index add(std::string name, Layer layer, std::vector<Index> inputs, std::vector<Index> shape = {},
            Origin origin = {}) {
    if (inputs.empty()) fail("Graph: node '", name, "': expected at least one input, found none");
    Index found = 0;
    for (const Index i : inputs) {
      if (i < 0 || i >= Index(nodes_.size()))
        fail("Graph: node '", name, "': expected inputs among the ", nodes_.size(),
             " nodes before it, found ", i);
      found += nodes_[std::size_t(i)].size;
    }
    Node node;
    node.inputs = std::move(inputs);
    node.origin = std::move(origin);
    if constexpr (requires { layer.rule; })
      if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(layer.rule)>, rule::Unset>)
        node.own_rule = rule::AnyRule<Scalar>(layer.rule);
    node.layer = erase_layer<Scalar>(std::move(layer));
    const Index expected = node.input_size();
    const bool any_multiple = std::holds_alternative<AnyElementwise<Scalar>>(*node.layer);
    if (expected >= 0 && (any_multiple ? found % expected != 0 : expected != found))
      fail("Graph: node '", name, "' expects ", expected, " inputs, found ", found, " outputs of ",
           names_of(node.inputs));
    node.size = node.output_size_for(found);
    return append(std::move(name), std::move(node), std::move(shape));
  }

  /// Declares a node's value an output of the network. Throws Error where there is no such node.
  void output(Index node) {
    if (node < 0 || node >= Index(nodes_.size()))
      fail("Graph: output: expected one of ", nodes_.size(), " nodes, found ", node);
    outputs_.push_back(node);
    version_ = next_version();
  }

  const std::vector<Node>& nodes() const { return nodes_; }
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
    for (Index i = input_count_; i < Index(nodes_.size()); ++i) {
      detail::Storage place{.kept = i, .gathered = 0};
      trace.values[std::size_t(i)].resize(node(i).size, x.cols());
      const auto memory = [&](Index n) { return trace.values[std::size_t(n)].data(); };
      if (node(i).inputs.size() > 1 && detail::input_layout(node(i)) == map::InputLayout::no)
        workspace.reserve(place.gathered, detail::inputs_of(nodes_, node(i)) * x.cols());
      run(i, place, Weights::as_is, memory, x.cols(), workspace);
    }
  }
  /// The same, keeping only what an explanation under the plan reads. What is not kept lies in the workspace
  /// until its last reader has run; a matrix and the function behind it are one step, and a function whose
  /// argument nobody else reads is computed in place. Throws Error where the plan is not of this graph as it
  /// is now.
  template <class D>
  void forward(const Eigen::MatrixBase<D>& x, Trace& trace, Workspace<Scalar>& workspace,
               const Plan& plan) const {
    check_plan(plan);
    start_forward(x, trace);
    for (std::size_t i = std::size_t(input_count_); i < nodes_.size(); ++i)
      if (plan.kept_[i])
        trace.values[i].resize(nodes_[i].size, x.cols());
      else
        trace.values[i].resize(0, 0);
    workspace.reserve(plan.slots_, x.cols());
    const auto memory = [&](Index n) {
      const detail::Storage& place = plan.storage_[std::size_t(n)];
      return place.kept >= 0 ? trace.values[std::size_t(place.kept)].data() : workspace.slot(place.slot);
    };
    for (Index i = input_count_; i < Index(nodes_.size()); ++i)
      run(i, plan.storage_[std::size_t(i)], products(plan, i), memory, x.cols(), workspace);
  }
  template <class D>
  Trace forward(const Eigen::MatrixBase<D>& x, const Plan& plan) const {
    Trace trace;
    Workspace<Scalar> workspace;
    forward(x, trace, workspace, plan);
    return trace;
  }

  /// What forward and explain of so many samples under a plan will hold. Throws Error where the plan is not
  /// of this graph as it is now.
  MemoryNeed memory(const Plan& plan, Index samples) const {
    check_plan(plan);
    MemoryNeed need{};
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (plan.kept_[i]) need.trace += nodes_[i].size * samples;
      if (const auto* m = detail::matmul(nodes_[i])) need.weights += m->map.weight_count() + m->bias.size();
    }
    for (const Index size : plan.slots_) need.workspace += size * samples;
    constexpr Index lines = 5;  // of the books
    need.explanation = (input_size_ + output_size() + lines) * samples;
    for (Index* bytes : {&need.weights, &need.trace, &need.workspace, &need.explanation})
      *bytes *= Index(sizeof(Scalar));
    return need;
  }

  /// The rules that a method (any of ascribe::method, or a Composite) gives the nodes. Throws Error, naming
  /// the node, where it has none for one, or one without a meaning for the kind of layer or in the method's
  /// form, or with a parameter out of range.
  /// With `keep_all`, every value is kept, and of an explanation what every node carries: for derivatives.
  Plan plan(const Composite<Scalar>& method, bool keep_all = false) const {
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
      try {
        const rule::AnyRule<Scalar> rule = info.role == map::Role::wiring && info.kind == LayerKind::matmul
                                               ? rule::AnyRule<Scalar>(rule::Rewire())
                                               : method.rule_for(n, info);
        if (!std::visit([&](const auto& layer) { return rule.applies_to(layer); }, *n.layer))
          fail("the rule ", rule.describe(), " has no meaning for this kind of layer");
        if (!std::visit([&](const auto& layer) { return rule.serves(layer, plan.form_); }, *n.layer))
          fail("the rule ", rule.describe(), " has no meaning in the form ", detail::name_of(plan.form_));
        rule.check();
        plan.rules_[i] = rule;
        plan.passages_[i] =
            std::visit([&](const auto& layer) { return rule.passage(layer, plan.form_); }, *n.layer);
      } catch (const Error& error) {
        fail("explain: node '", n.name, "' (", n.describe(), "): ", error.what());
      }
    }
    detail::Slots slots;
    plan.kept_ = keep_all ? std::vector<bool>(nodes_.size(), true)
                          : detail::kept_values(nodes_, input_count_, outputs_, plan.passages_);
    plan.storage_ = detail::forward_schedule(nodes_, input_count_, plan.kept_, slots);
    for (const Index output : outputs_)
      plan.schedules_.push_back(detail::backward_schedule(nodes_, input_count_, output, plan.passages_,
                                                          plan.form_, slots, keep_all));
    plan.slots_ = slots.sizes();
    return plan;
  }

  /// Explains a trace: `start` is a target's index in the first output, one of `ascribe::start`, or
  /// start::AtOutput for another output. `reference`: the trace of a baseline, for methods against one: one
  /// column for all samples, or as many as the batch. Throws Error as `plan`, and where the start does not
  /// fit, the method lacks or has no use for a reference, or the result is not finite.
  ///
  /// An input may stand for a trace, the reference's too: `net.explain(x, 0, method::LrpQ())`.
  template <Record recorded = Record::totals, class T, class Start, class Method, class... R>
  requires(sizeof...(R) <= 1) Explanation
      explain(const T& trace, const Start& start, const Method& method, const R&... reference)
  const {
    Explanation explanation;
    if constexpr (!std::convertible_to<const Method&, Composite<Scalar>>) {
      static_assert(
          always_false<Method>,
          "ascribe: explain(trace or input, target, method, reference if the method is against one): the "
          "third is no method: use one of ascribe::method or ascribe::composite, or a Composite");
    } else if constexpr (!(is_values<T> && ... && is_values<R>)) {
      static_assert(
          always_false<T>,
          "ascribe: explain(trace or input, target, method, reference if the method is against one): the "
          "first, and the reference, are what net.forward returns, or an Eigen matrix, features x samples");
    } else {
      explanation.record = recorded;
      Workspace<Scalar> workspace;
      const Trace& values = traced(trace);
      if constexpr (sizeof...(R) == 0) {
        explain(values, start, plan(method), explanation, workspace);
      } else {
        const Trace& base = traced(reference...);
        explain(values, start, plan(method), explanation, workspace, &base);
      }
    }
    return explanation;
  }
  template <class Start>
  void explain(const Trace& trace, const Start& start, const Composite<Scalar>& method,
               Explanation& explanation, Workspace<Scalar>& workspace, const Trace* reference = nullptr,
               Index reference_column = -1) const {
    explain(trace, start, plan(method), explanation, workspace, reference, reference_column);
  }
  /// The same under a plan, into an explanation and a workspace that were used before. `reference_column` ≥ 0
  /// takes that one column of the reference for all samples.
  template <class Start>
  void explain(const Trace& trace, const Start& start, const Plan& plan, Explanation& explanation,
               Workspace<Scalar>& workspace, const Trace* reference = nullptr,
               Index reference_column = -1) const {
    check_plan(plan);
    check_shapes(trace);
    const References references = check_reference(trace, plan.form_, reference, reference_column);
    const std::size_t output = explained_output(start);
    const detail::BackwardSchedule& way = plan.schedules_[output];
    const Index at = outputs_[output];
    check_values(trace, plan, at, way, explanation.record);
    if (reference) check_values(*reference, plan, at, way, explanation.record);

    const auto& y = trace.value(at);
    workspace.reserve(plan.slots_, y.cols());
    Out<Scalar> top(workspace.slot(way.top), y.rows(), y.cols());
    start::as_start(start).fill(view(y), plan.form_, references.at(at), top);
    back(trace, references, at, plan, way, explanation, workspace);
    explanation.output = y;
  }

  /// Explains every target of the first output in turn: `visit(target, explanation)` sees each before the
  /// next is computed. The forward pass, the plan, the reference and all memory are shared.
  template <class Visit>
  void explain_all(const Trace& trace, const Composite<Scalar>& method, Visit&& visit,
                   const Trace* reference = nullptr) const {
    Explanation explanation;
    Workspace<Scalar> workspace;
    const Plan rules = plan(method);
    for (Index target = 0; target < output_size(); ++target) {
      explain(trace, target, rules, explanation, workspace, reference);
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

  /// A trace, or the trace of an input.
  template <class T>
  decltype(auto) traced(const T& given) const {
    if constexpr (detail::is_input<T>)
      return forward(given);
    else
      return (given);
  }

  friend class Derivative<Scalar>;

  /// A baseline's values, by node.
  struct References {
    const Trace* trace = nullptr;
    Index column = -1;
    Index stride_columns = 0;  ///< 0: one column serves all samples

    ReferenceValues<Scalar> at(Index node) const {
      if (!trace) return {};
      const auto& value = trace->value(node);
      if (column >= 0) return {value.data() + column * value.rows(), 0};
      return {value.data(), stride_columns * value.rows()};
    }
  };

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

  void check_plan(const Plan& plan) const {
    if (plan.version_ == version_) return;
    if (plan.rules_.size() != nodes_.size())
      fail("Graph: expected a plan for this graph's ", nodes_.size(), " nodes, found one for ",
           plan.rules_.size());
    fail("Graph: expected a plan of this graph as it is now, found one of another, or from before a change");
  }

  void check_shapes(const Trace& trace) const {
    const std::size_t found = trace.values.size();
    if (found != nodes_.size() || found == 0)
      fail("explain: expected a trace of this graph's ", nodes_.size(), " nodes, found one of ", found);
    const Index samples = trace.values[0].cols();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const auto& value = trace.values[i];
      const bool fits = value.rows() == nodes_[i].size && value.cols() == samples,
                 left_out = value.size() == 0 && i >= std::size_t(input_count_);
      if (samples == 0 || !(fits || left_out))
        fail("explain: expected a trace of this graph (", nodes_[i].size, " features of node '",
             nodes_[i].name, "' x ", samples, " samples), found one of ", value.rows(), " x ", value.cols());
    }
  }
  void check_value(const Trace& trace, Index i) const {
    if (!trace.has(i))
      fail("explain: expected a trace with the value of node '", node(i).name,
           "', found one that does not keep it: run forward with this method's plan, or without one");
  }
  /// That a trace has what the rules read on that way, and what the books of every layer do.
  void check_values(const Trace& trace, const Plan& plan, Index top, const detail::BackwardSchedule& way,
                    Record record) const {
    check_value(trace, top);
    const bool by_layer = record == Record::per_layer && plan.form_ != Form::R;
    for (const detail::BackStep& step : way.steps) {
      const Passage& passage = plan.passages_[std::size_t(step.node)];
      const auto& inputs = node(step.node).inputs;
      if (passage.outputs || by_layer) check_value(trace, step.node);
      if (passage.inputs || by_layer)
        for (const Index input : inputs) check_value(trace, input);
      if (passage.either) check_value(trace, argument(node(step.node), step.node, trace));
    }
  }

  Index first_output() const {
    if (outputs_.empty()) fail("Graph: expected an output, found none: declare one by output(node)");
    return outputs_.front();
  }

  Index append(std::string name, Node node, std::vector<Index> shape) {
    const Index index = Index(nodes_.size());
    if (!by_name_.emplace(name, index).second) fail("Graph: two nodes are named '", name, "'");
    node.name = std::move(name);
    node.shape = std::move(shape);
    nodes_.push_back(std::move(node));
    version_ = next_version();
    return index;
  }

  std::string names_of(const std::vector<Index>& indices) const {
    std::string text;
    for (const Index i : indices) text += (text.empty() ? "'" : ", '") + node(i).name + "'";
    return text;
  }

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

  /// Computes one node; `memory(node)` is where a node's value lies.
  template <class Memory>
  void run(Index i, const detail::Storage& place, const Weights& weights, const Memory& memory, Index samples,
           Workspace<Scalar>& workspace) const {
    const Node& n = node(i);
    const Index rows = n.size;
    Out<Scalar> b(memory(i), rows, samples);
    const auto* function = place.then < 0 ? nullptr : detail::elementwise(node(place.then));
    // f(values), or where there is none the values: in place, a block at a time on the stack, since a loop
    // whose output is its input is not vectorised.
    const auto apply_function = [rows](const auto& f, Index first, Index count, Scalar* values) {
      fn::Block<Scalar> block;
      fn::each_block(count, [&](Index start, Index width) {
        std::copy_n(values + start, width, block.data());
        f.values((first + start) % rows, width, block.data(), values + start);
      });
    };
    if (place.done) return;
    if (place.in_place) {
      const auto& f = detail::elementwise(n)->f;
      each_piece(rows, samples, [&](Index s, Index first, Index width) {
        apply_function(f, s * rows + first, width, b.data() + s * rows + first);
      });
      return;
    }
    if (n.inputs.size() > 1) {
      const map::InputLayout joined = detail::input_layout(n);
      Out<Scalar> together(joined == map::InputLayout::no ? workspace.slot(place.gathered) : b.data(),
                           detail::inputs_of(nodes_, n), samples);
      if (joined == map::InputLayout::as_sum)
        add_up(n, memory, samples, b.data());
      else
        gather(
            n, [&](Index input) { return View<Scalar>(memory(input), node(input).size, samples); }, together);
      if (joined != map::InputLayout::no) {
        if (function)
          each_piece(rows, samples, [&](Index s, Index first, Index width) {
            apply_function(function->f, s * rows + first, width, b.data() + s * rows + first);
          });
        return;
      }
    }
    const View<Scalar> a(n.inputs.size() > 1 ? workspace.slot(place.gathered) : memory(n.inputs[0]),
                         detail::inputs_of(nodes_, n), samples);
    if (!function) {
      std::visit([&](const auto& layer) { detail::run(layer, a, b, weights); }, *n.layer);
      return;
    }
    const auto& layer = *detail::matmul(n);
    const Channels<Scalar> bias{layer.bias.data(), layer.bias.size()};
    const auto finish = [&](Index first, Index count, Scalar* values) {
      if (bias.period > 0) detail::add_channels(bias, first, count, values);
      apply_function(function->f, first, count, values);
    };
    apply(layer.map, a, b, weights, finish_with<Scalar>(finish));
  }

  /// A product may round more only where nothing is divided by its outputs, now or by who explains the trace
  /// later: in Q and against a reference, where the value is not kept.
  static Weights products(const Plan& plan, Index i) {
    const bool divides = plan.form_ == Form::R || plan.passages_[std::size_t(i)].outputs;
    return divides || plan.kept_[std::size_t(i)] ? Weights::as_is : Weights::approximate;
  }

  /// The sum of a node's inputs.
  template <class Memory>
  void add_up(const Node& n, const Memory& memory, Index samples, Scalar* b) const {
    each_piece(n.size, samples, [&](Index s, Index first, Index width) {
      Scalar* to = b + s * n.size + first;
      bool fresh = true;
      for (const Index input : n.inputs) {
        const Scalar* from = memory(input) + s * n.size + first;
        if (fresh)
          std::copy_n(from, width, to);
        else
          detail::add(width, from, to);
        fresh = false;
      }
    });
  }

  /// The values of several inputs, one behind the other.
  template <class Values>
  void gather(const Node& n, const Values& values, Out<Scalar> together) const {
    Index first = 0;
    for (const Index input : n.inputs) {
      const View<Scalar> from = values(input);
      each_piece(from.rows(), from.cols(), [&](Index sample, Index start, Index width) {
        together.col(sample).segment(first + start, width) = from.col(sample).segment(start, width);
      });
      first += from.rows();
    }
  }

  References check_reference(const Trace& trace, Form form, const Trace* reference, Index column) const {
    const bool needed = form == Form::Delta;
    if (!needed && reference) fail("explain: this method is not against a reference, and one was given");
    if (needed && !reference)
      fail("explain: this method is against a reference: pass the trace of a baseline");
    if (!needed) return {};
    check_shapes(*reference);
    const Index found = reference->input().cols(), samples = trace.input().cols();
    if (column >= found) fail("explain: expected a reference column below ", found, ", found ", column);
    if (column < 0 && found != 1 && found != samples)
      fail("explain: expected a reference of 1 or ", samples, " samples, found ", found);
    return {reference, column, found == 1 ? 0 : 1};
  }

  /// From `top` down to the inputs.
  void back(const Trace& trace, const References& references, Index top, const Plan& plan,
            const detail::BackwardSchedule& way, Explanation& explanation,
            Workspace<Scalar>& workspace) const {
    const Index samples = trace.input().cols();
    const Form form = plan.form_;
    explanation.ledger.reset(samples);
    explanation.relevance.resize(input_size_, samples);
    explanation.nodes.resize(explanation.record == Record::per_layer ? nodes_.size() : 0);
    detail::count_relevance<Scalar>(View<Scalar>(workspace.slot(way.top), node(top).size, samples),
                                    trace.value(top), references.at(top), form, explanation.ledger.enter);
    for (std::size_t i = 0; i < explanation.nodes.size(); ++i) {
      auto& record = explanation.nodes[i];
      record.books.reset(samples);
      record.relevance.setZero(nodes_[i].size, samples);
      record.bias_shares.setZero(nodes_[i].size, samples);
    }

    for (const detail::BackStep& step : way.steps)
      take(step, trace, references, plan, explanation, workspace);

    const WorkspaceScope<Scalar> scope(workspace);
    Eigen::Map<typename Ledger<Scalar>::Row> share(workspace.allocate(samples), samples);
    Index first = 0;
    for (Index i = 0; i < input_count_; ++i) {
      auto to = explanation.relevance.middleRows(first, node(i).size);
      first += node(i).size;
      if (way.arrived[std::size_t(i)] < 0) {
        to.setZero();
        continue;
      }
      Out<Scalar> down(workspace.slot(way.arrived[std::size_t(i)]), node(i).size, samples);
      detail::count_relevance<Scalar>(down, trace.value(i), references.at(i), form, share);
      explanation.ledger.leave += share;
      to = down;
      if (plan.times_input_) detail::multiply_by_input<Scalar>(to, trace.value(i), references.at(i), form);
      if (explanation.record == Record::per_layer) {
        auto& record = explanation.nodes[std::size_t(i)];
        record.relevance = to;
        record.books.enter = record.books.leave = share;
      }
    }
    detail::check_result(explanation.relevance);
  }

  /// What a rule reads of a function's layer: the value that stands for `a` is b where the trace has no
  /// other.
  static Index argument(const Node& n, Index i, const Trace& trace) {
    return n.inputs.size() == 1 && trace.has(n.inputs[0]) ? n.inputs[0] : i;
  }

  /// A pointwise rule on `count` neighbours in place, the first counted through all samples: its data are
  /// asked, which know at which feature the neighbours start.
  void take_pointwise(Index i, const Trace& trace, const References& references, const Plan& plan,
                      Index first, Index count, Scalar* values) const {
    const Node& n = node(i);
    const fn::AnyFunction<Scalar>& f = detail::elementwise(n)->f;
    const rule::Pointwise rule =
        plan.rules_[std::size_t(i)]->function()->of(fn::through_origin(f), plan.form_);
    const Scalar* a = trace.value(argument(n, i, trace)).data() + first;
    const Index sample = first / n.size, feature = first % n.size;
    const ReferenceValues<Scalar> reference = references.at(n.inputs[0]);
    const Scalar* a_ref = reference ? reference.column(sample) + feature : nullptr;
    fn::each_block(count, [&](Index start, Index width) {
      rule::detail::step_of_run<Scalar>(
          f, rule, plan.form_, Scalar(0),
          {feature + start, width, a + start, nullptr, a_ref ? a_ref + start : nullptr, nullptr,
           values + start, values + start, nullptr});
    });
  }

  void take(const detail::BackStep& step, const Trace& trace, const References& references, const Plan& plan,
            Explanation& explanation, Workspace<Scalar>& workspace) const {
    const bool by_layer = explanation.record == Record::per_layer;

    const Index i = step.node, samples = trace.input().cols();
    const Node& n = node(i);
    const Form form = plan.form_;
    const Passage& passage = plan.passages_[std::size_t(i)];
    const View<Scalar> up(workspace.slot(step.up), n.size, samples);
    const Index inputs = step.layout == map::InputLayout::no ? detail::inputs_of(nodes_, n) : n.size;
    Out<Scalar> down(workspace.slot(step.down), inputs, samples);
    NodeRecord<Scalar>* record = by_layer ? &explanation.nodes[std::size_t(i)] : nullptr;
    if (record) {
      const auto& b = trace.value(i);
      record->relevance = up;
      if (plan.times_input_) detail::multiply_by_input<Scalar>(record->relevance, b, references.at(i), form);
      detail::count_relevance<Scalar>(up, b, references.at(i), form, record->books.enter);
    }

    const bool taken = step.done && !by_layer;
    if (step.down == step.up && passage.effect == Passage::pointwise && !taken)
      each_piece(n.size, samples, [&](Index s, Index first, Index width) {
        take_pointwise(i, trace, references, plan, s * n.size + first, width,
                       down.data() + s * n.size + first);
      });
    if (step.down != step.up) {
      const auto below = [&](Index first, Index count, Scalar* values) {
        take_pointwise(step.then, trace, references, plan, first, count, values);
      };
      const Finish<Scalar> finish =
          step.then >= 0 && !by_layer ? finish_with<Scalar>(below) : Finish<Scalar>();
      take_by_rule(step, trace, references, plan, up, down, record ? record->books : explanation.ledger,
                   record ? record->bias_shares.data() : nullptr, finish, workspace);
    }
    if (record) count_leaving(step, trace, references, form, down, record->books);
    if (record) {
      explanation.ledger.bias += record->books.bias;
      explanation.ledger.stabiliser += record->books.stabiliser;
      explanation.ledger.dropped += record->books.dropped;
    }
    for (const detail::Delivery& delivery : step.deliveries) {
      const Index size = node(delivery.input).size;
      Out<Scalar> to(workspace.slot(delivery.slot), size, samples);
      each_piece(size, samples, [&](Index sample, Index first, Index width) {
        auto piece = to.col(sample).segment(first, width);
        const auto share = down.col(sample).segment(delivery.row + first, width);
        if (delivery.fresh)
          piece = share;
        else
          piece += share;
      });
    }
  }

  /// The rule's own step. What it does not read, and the trace may lack, is any memory of the same size.
  void take_by_rule(const detail::BackStep& step, const Trace& trace, const References& references,
                    const Plan& plan, const View<Scalar>& up, Out<Scalar>& down, Ledger<Scalar>& books,
                    Scalar* bias_shares, const Finish<Scalar>& finish, Workspace<Scalar>& workspace) const {
    const Node& n = node(step.node);
    const Index samples = up.cols();
    const Passage& passage = plan.passages_[std::size_t(step.node)];
    const WorkspaceScope<Scalar> scope(workspace);
    const Scalar *a = down.data(), *b = passage.outputs ? trace.value(step.node).data() : up.data();
    ReferenceValues<Scalar> a_ref{down.data(), down.rows()}, b_ref{up.data(), up.rows()};
    if (references.trace == nullptr) a_ref = b_ref = {};
    if (references.trace && passage.outputs) b_ref = references.at(step.node);
    if (step.a >= 0) {
      Out<Scalar> together(workspace.slot(step.a), down.rows(), samples);
      gather(
          n, [&](Index input) { return view(trace.value(input)); }, together);
      a = together.data();
      if (references.trace) a_ref = gathered(n, references, workspace.slot(step.a_ref));
    } else if (passage.either) {
      a = trace.value(argument(n, step.node, trace)).data();
    } else if (passage.inputs) {
      a = trace.value(n.inputs[0]).data();
      if (references.trace) a_ref = references.at(n.inputs[0]);
    }
    Context<Scalar, Dynamic, Dynamic, Dynamic> context{View<Scalar>(a, down.rows(), samples),
                                                       View<Scalar>(b, n.size, samples),
                                                       a_ref,
                                                       b_ref,
                                                       plan.form_,
                                                       books,
                                                       workspace,
                                                       bias_shares,
                                                       finish};
    std::visit(
        [&](const auto& layer) { plan.rules_[std::size_t(step.node)]->step_back(layer, context, up, down); },
        *n.layer);
  }

  /// A reference's values, those of several inputs one behind the other.
  ReferenceValues<Scalar> gathered(const Node& n, const References& references, Scalar* memory) const {
    const Index columns = references.column >= 0 || references.stride_columns == 0
                              ? 1
                              : references.trace->value(n.inputs[0]).cols();
    const Index size = detail::inputs_of(nodes_, n);
    for (Index c = 0; c < columns; ++c)
      gather(
          n, [&](Index input) { return View<Scalar>(references.at(input).column(c), node(input).size, 1); },
          Out<Scalar>(memory + c * size, size, 1));
    return {memory, columns == 1 ? 0 : size};
  }

  /// Books what leaves a node to all of its inputs.
  void count_leaving(const detail::BackStep& step, const Trace& trace, const References& references,
                     Form form, const Out<Scalar>& down, Ledger<Scalar>& books) const {
    Index row = 0;
    for (const Index input : node(step.node).inputs) {
      const auto& value = trace.value(input);
      const Index size = node(input).size;
      for (Index n = 0; n < down.cols(); ++n) {
        const View<Scalar> part(down.data() + n * down.rows() + row, size, 1);
        const View<Scalar> a(form == Form::R ? part.data() : value.data() + n * size, size, 1);
        Eigen::Array<Scalar, 1, 1> share;
        detail::count_relevance<Scalar>(part, a, references.at(input).from(n), form, share);
        books.leave(n) += share(0);
      }
      if (step.layout != map::InputLayout::as_sum) row += size;
    }
  }

  std::vector<Node> nodes_;
  std::unordered_map<std::string, Index> by_name_;
  std::vector<Index> outputs_;
  Index input_count_ = 0, input_size_ = 0;
  std::uint64_t version_ = next_version();
};

}  // namespace ascribe
