/// A network whose nodes are known at run time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/start.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/core/workspace.hpp>
#include <ascribe/layers/joint.hpp>
#include <ascribe/methods/composite.hpp>
#include <ascribe/networks/node.hpp>
#include <ascribe/networks/passes.hpp>
#include <ascribe/networks/sequential.hpp>
#include <ascribe/rules/any_rule.hpp>
#include <ascribe/rules/rewire.hpp>

namespace ascribe {

/// One node's part of an explanation with Detail::per_layer. All is zero at a node that the explained output
/// does not depend on.
template <class Scalar>
struct NodeRecord {
  Books<Scalar> books;
  Batch<Scalar> relevance;    ///< at the node's output, finished as the input's is
  Batch<Scalar> bias_shares;  ///< what the bias of each output took
};

/// The shares of a graph's inputs, and the books. Reusable: the next call writes into the same memory.
template <class Scalar>
struct GraphExplanation {
  Detail detail = Detail::totals;         ///< how much the next call is to record
  Batch<Scalar> relevance;                ///< the inputs' features, input behind input × samples
  Batch<Scalar> output;                   ///< the explained output × samples: what the network said
  Books<Scalar> ledger;                   ///< the whole network's books, as in Explanation
  std::vector<NodeRecord<Scalar>> nodes;  ///< with Detail::per_layer one for each node, else empty
};

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

  /// Every value of one forward pass, by node.
  struct Trace {
    using Scalar = Scalar_;
    std::vector<Batch<Scalar>> values;
    Index first_output = 0;

    const Batch<Scalar>& value(Index node) const { return values[std::size_t(node)]; }
    const Batch<Scalar>& input() const { return values.front(); }
    const Batch<Scalar>& output() const { return value(first_output); }
  };
  template <class, Detail = Detail::totals>
  using ExplanationOf = Explanation;

  /// The rules of a method for the nodes of a graph: made once, immutable, shared between threads.
  class Plan {
   public:
    Form form() const { return form_; }
    bool times_input() const { return times_input_; }
    /// The rule of a node; null for an input.
    const rule::AnyRule<Scalar>* rule(Index node) const {
      const auto& found = rules_[std::size_t(node)];
      return found ? &*found : nullptr;
    }

   private:
    friend class Graph;
    Form form_ = Form::R;
    bool times_input_ = false;
    std::vector<std::optional<rule::AnyRule<Scalar>>> rules_;
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
  Index add(std::string name, Layer layer, std::vector<Index> inputs, std::vector<Index> shape = {}) {
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
    for (std::size_t i = std::size_t(input_count_); i < nodes_.size(); ++i) {
      const WorkspaceScope<Scalar> scope(workspace);
      const View<Scalar> a = gathered(nodes_[i], trace, workspace);
      Batch<Scalar>& b = trace.values[i];
      b.resize(nodes_[i].size, x.cols());
      auto to = out(b);
      std::visit([&](const auto& layer) { detail::run(layer, a, to); }, *nodes_[i].layer);
    }
  }

  /// The rules that a method (any of ascribe::method, or a Composite) gives the nodes. Throws Error, naming
  /// the node, where it has none for one, or one without a meaning for the kind of layer or in the method's
  /// form, or with a parameter out of range.
  Plan plan(const Composite<Scalar>& method) const {
    Plan plan;
    plan.form_ = method.form;
    plan.times_input_ = method.times_input;
    plan.rules_.resize(nodes_.size());
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
        if (!rule.serves(plan.form_))
          fail("the rule ", rule.describe(), " has no meaning in the form ", detail::name_of(plan.form_));
        rule.check();
        plan.rules_[i] = rule;
      } catch (const Error& error) {
        fail("explain: node '", n.name, "' (", n.describe(), "): ", error.what());
      }
    }
    return plan;
  }

  /// Explains a trace: `start` is a target's index in the first output, one of `ascribe::start`, or
  /// start::AtOutput for another output. `reference`: the trace of a baseline, for methods against one: one
  /// column for all samples, or as many as the batch. Throws Error as `plan`, and where the start does not
  /// fit, the method lacks or has no use for a reference, or the result is not finite.
  template <Detail detail = Detail::totals, class Start>
  Explanation explain(const Trace& trace, const Start& start, const Composite<Scalar>& method) const {
    Explanation explanation;
    explanation.detail = detail;
    Workspace<Scalar> workspace;
    explain(trace, start, plan(method), explanation, workspace);
    return explanation;
  }
  template <Detail detail = Detail::totals, class Start>
  Explanation explain(const Trace& trace, const Start& start, const Composite<Scalar>& method,
                      const Trace& reference) const {
    Explanation explanation;
    explanation.detail = detail;
    Workspace<Scalar> workspace;
    explain(trace, start, plan(method), explanation, workspace, &reference);
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
    check_trace(trace);
    if (plan.rules_.size() != nodes_.size())
      fail("explain: expected a plan for this graph's ", nodes_.size(), " nodes, found one for ",
           plan.rules_.size());
    const References references = check_reference(trace, plan.form_, reference, reference_column);

    const Index at = explained_node(start);
    const auto& y = trace.value(at);
    std::vector<HeldBlock<Scalar>> carried(nodes_.size());
    carried[std::size_t(at)] = HeldBlock<Scalar>(workspace, y.size());
    Out<Scalar> top(carried[std::size_t(at)].data(), y.rows(), y.cols());
    start::as_start(start).fill(view(y), plan.form_, references.at(at), top);
    back(trace, references, at, plan, carried, explanation, workspace);
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

  /// Throws Error unless the trace is one of this graph's forward pass.
  void check_trace(const Trace& trace) const {
    const std::size_t found = trace.values.size();
    if (found != nodes_.size() || found == 0)
      fail("explain: expected a trace of this graph's ", nodes_.size(), " nodes, found one of ", found);
    const Index samples = trace.values[0].cols();
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      if (samples == 0 || trace.values[i].rows() != nodes_[i].size || trace.values[i].cols() != samples)
        fail("explain: expected a trace of this graph (", nodes_[i].size, " features of node '",
             nodes_[i].name, "' x ", samples, " samples), found one of ", trace.values[i].rows(), " x ",
             trace.values[i].cols());
  }

  /// The node whose value a start explains: the first output's, or that of start::AtOutput. Throws Error
  /// where there is no such output.
  template <class Start>
  Index explained_node(const Start& start) const {
    if constexpr (requires { start.output; }) {
      if (start.output < 0 || start.output >= Index(outputs_.size()))
        fail("explain: expected an output in [0, ", outputs_.size(), "), found ", start.output);
      return outputs_[std::size_t(start.output)];
    } else {
      return first_output();
    }
  }

 private:
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
    return index;
  }

  std::string names_of(const std::vector<Index>& indices) const {
    std::string text;
    for (const Index i : indices) text += (text.empty() ? "'" : ", '") + node(i).name + "'";
    return text;
  }

  /// What a node reads: the value of its only input, or those of several one behind the other.
  View<Scalar> gathered(const Node& n, const Trace& trace, Workspace<Scalar>& workspace) const {
    if (n.inputs.size() == 1) return view(trace.value(n.inputs[0]));
    const Index samples = trace.value(n.inputs[0]).cols();
    Out<Scalar> together(workspace.take(inputs_of(n) * samples), inputs_of(n), samples);
    Index first = 0;
    for (const Index i : n.inputs) {
      together.middleRows(first, node(i).size) = trace.value(i);
      first += node(i).size;
    }
    return {together.data(), together.rows(), together.cols()};
  }
  ReferenceValues<Scalar> gathered(const Node& n, const References& references,
                                   Workspace<Scalar>& workspace) const {
    if (!references.trace || n.inputs.size() == 1) return references.at(n.inputs[0]);
    const Index columns = references.column >= 0 || references.stride_columns == 0
                              ? 1
                              : references.trace->value(n.inputs[0]).cols();
    const Index size = inputs_of(n);
    Scalar* together = workspace.take(size * columns);
    for (Index c = 0; c < columns; ++c) {
      Index first = c * size;
      for (const Index i : n.inputs) {
        std::copy_n(references.at(i).column(c), node(i).size, together + first);
        first += node(i).size;
      }
    }
    return {together, columns == 1 ? 0 : size};
  }
  Index inputs_of(const Node& n) const {
    Index size = 0;
    for (const Index i : n.inputs) size += node(i).size;
    return size;
  }

  References check_reference(const Trace& trace, Form form, const Trace* reference, Index column) const {
    const bool needed = form == Form::Delta;
    if (!needed && reference) fail("explain: this method is not against a reference, and one was given");
    if (needed && !reference)
      fail("explain: this method is against a reference: pass the trace of a baseline");
    if (!needed) return {};
    check_trace(*reference);
    const Index found = reference->input().cols(), samples = trace.input().cols();
    if (column >= found) fail("explain: expected a reference column below ", found, ", found ", column);
    if (column < 0 && found != 1 && found != samples)
      fail("explain: expected a reference of 1 or ", samples, " samples, found ", found);
    return {reference, column, found == 1 ? 0 : 1};
  }

  /// From `top` down to the inputs. Nodes are in topological order, so that when one is reached, all that
  /// read it have added to what it carries; from then on nobody needs that block.
  void back(const Trace& trace, const References& references, Index top, const Plan& plan,
            std::vector<HeldBlock<Scalar>>& carried, Explanation& explanation,
            Workspace<Scalar>& workspace) const {
    const Index samples = trace.input().cols();
    const Form form = plan.form_;
    explanation.ledger.reset(samples);
    explanation.relevance.resize(input_size_, samples);
    explanation.nodes.resize(explanation.detail == Detail::per_layer ? nodes_.size() : 0);
    const auto up_of = [&](Index i) {
      return View<Scalar>(carried[std::size_t(i)].data(), node(i).size, samples);
    };
    detail::count_relevance<Scalar>(up_of(top), trace.value(top), references.at(top), form,
                                    explanation.ledger.enter);
    for (std::size_t i = 0; i < explanation.nodes.size(); ++i) {
      auto& record = explanation.nodes[i];
      record.books.reset(samples);
      record.relevance.setZero(nodes_[i].size, samples);
      record.bias_shares.setZero(nodes_[i].size, samples);
    }

    for (Index i = Index(nodes_.size()) - 1; i >= input_count_; --i) {
      if (!carried[std::size_t(i)]) continue;
      const HeldBlock<Scalar> held = std::move(carried[std::size_t(i)]);
      step(i, View<Scalar>(held.data(), node(i).size, samples), trace, references, plan, carried, explanation,
           workspace);
    }
    Index first = 0;
    typename Books<Scalar>::Row share(samples);
    for (Index i = 0; i < input_count_; ++i) {
      auto to = explanation.relevance.middleRows(first, node(i).size);
      first += node(i).size;
      if (!carried[std::size_t(i)]) {
        to.setZero();
        continue;
      }
      Out<Scalar> down(carried[std::size_t(i)].data(), node(i).size, samples);
      detail::count_relevance<Scalar>(down, trace.value(i), references.at(i), form, share);
      explanation.ledger.leave += share;
      if (plan.times_input_) detail::multiply_by_input<Scalar>(down, trace.value(i), references.at(i), form);
      to = down;
      if (explanation.detail == Detail::per_layer) {
        auto& record = explanation.nodes[std::size_t(i)];
        record.relevance = down;
        record.books.enter = record.books.leave = share;
      }
    }
    detail::check_result(explanation.relevance);
  }

  void step(Index i, View<Scalar> up, const Trace& trace, const References& references, const Plan& plan,
            std::vector<HeldBlock<Scalar>>& carried, Explanation& explanation,
            Workspace<Scalar>& workspace) const {
    const Node& n = node(i);
    const Index samples = up.cols();
    const Form form = plan.form_;
    const WorkspaceScope<Scalar> scope(workspace);
    const View<Scalar> a = gathered(n, trace, workspace), b = view(trace.value(i));
    const ReferenceValues<Scalar> a_ref = gathered(n, references, workspace), b_ref = references.at(i);

    // What goes down is written where the input's relevance is gathered, if nobody has written there yet.
    auto& below = carried[std::size_t(n.inputs[0])];
    const bool direct = n.inputs.size() == 1 && !below;
    if (direct) below = HeldBlock<Scalar>(workspace, a.size());
    Out<Scalar> down(direct ? below.data() : workspace.take(a.size()), a.rows(), samples);

    const auto propagate_with = [&](Books<Scalar>& books, Scalar* bias_shares) {
      Context<Scalar, Dynamic, Dynamic, Dynamic> context{a,    b,     a_ref,     b_ref,
                                                         form, books, workspace, bias_shares};
      std::visit([&](const auto& layer) { plan.rules_[std::size_t(i)]->step_back(layer, context, up, down); },
                 *n.layer);
    };
    if (explanation.detail == Detail::totals) {
      propagate_with(explanation.ledger, nullptr);
    } else {
      auto& record = explanation.nodes[std::size_t(i)];
      record.relevance = up;
      if (plan.times_input_) detail::multiply_by_input<Scalar>(record.relevance, b, b_ref, form);
      propagate_with(record.books, record.bias_shares.data());
      detail::count_relevance<Scalar>(up, b, b_ref, form, record.books.enter);
      detail::count_relevance<Scalar>(view(down), a, a_ref, form, record.books.leave);
      explanation.ledger.bias += record.books.bias;
      explanation.ledger.stabiliser += record.books.stabiliser;
      explanation.ledger.dropped += record.books.dropped;
    }
    if (direct) return;
    Index first = 0;
    for (const Index input : n.inputs) {
      const Index size = node(input).size;
      auto& to = carried[std::size_t(input)];
      const bool fresh = !to;
      if (fresh) to = HeldBlock<Scalar>(workspace, size * samples);
      Out<Scalar> sum(to.data(), size, samples);
      if (fresh)
        sum = down.middleRows(first, size);
      else
        sum += down.middleRows(first, size);
      first += size;
    }
  }

  std::vector<Node> nodes_;
  std::unordered_map<std::string, Index> by_name_;
  std::vector<Index> outputs_;
  Index input_count_ = 0, input_size_ = 0;
};

}  // namespace ascribe
