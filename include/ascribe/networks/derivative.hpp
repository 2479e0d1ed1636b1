/// The derivative of an explanation, and of a loss on a network's values.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/start.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/core/workspace.hpp>
#include <ascribe/networks/graph.hpp>
#include <ascribe/rules/adjoint.hpp>
#include <ascribe/rules/gradient.hpp>

namespace ascribe {

/// The derivatives of a number L by what an explanation and a trace hold: what goes into Derivative. What
/// is not said is 0. The batches are read during the call and not kept.
template <class Scalar>
struct LossGradient {
  /// By something at a node, its features × samples.
  struct At {
    Index node;             ///< its number in the graph
    View<Scalar> gradient;  ///< features × samples
  };

  View<Scalar> relevance{nullptr, 0, 0};  ///< by the inputs' relevances: the inputs' features × samples
  std::span<const At> relevances = {};    ///< by relevances at nodes, finished as NodeRecord's are
  std::span<const At> bias_shares = {};   ///< by what the bias of each output of a node took
  std::span<const At> values = {};        ///< by values of the forward pass: the network's outputs, say
  /// Whether derivatives by the rules' parameters are asked for: up to four products for each share that one
  /// changes, none for ε.
  bool by_parameters = false;
  bool by_inputs = true;  ///< whether derivatives by the inputs, and by a baseline's, are asked for
};

namespace detail {

/// The derivatives by something at each node, to which several contribute: what has none yet is not there, so
/// that most are written once, and neither zeroed before nor added to.
template <class Scalar>
class NodeSums {
 public:
  /// Of no node there is one any more; the memory stays.
  void clear(const std::vector<Node<Scalar>>& nodes, Index samples) {
    all_.resize(nodes.size());
    there_.assign(nodes.size(), false);
    for (std::size_t i = 0; i < nodes.size(); ++i) all_[i].resize(nodes[i].size, samples);
  }
  bool there(Index node) const { return there_[std::size_t(node)]; }
  /// For reading, where there is one.
  const Batch<Scalar>& operator[](Index node) const { return all_[std::size_t(node)]; }
  /// To be added to: zeros where there was none.
  Batch<Scalar>& to_add_to(Index node) {
    Batch<Scalar>& by = all_[std::size_t(node)];
    if (!there(node)) set_zero(by.rows(), by.cols(), by.data());
    there_[std::size_t(node)] = true;
    return by;
  }
  /// To be written, where there is none.
  Batch<Scalar>& to_write(Index node) {
    there_[std::size_t(node)] = true;
    return all_[std::size_t(node)];
  }
  /// Adds as many rows of `given`, from `row` on, as the node has.
  void add(Index node, const View<Scalar>& given, Index row = 0) {
    const bool adds = there(node);
    Batch<Scalar>& by = to_write(node);
    each_piece(by.rows(), given.cols(), [&](Index n, Index first, Index width) {
      const Scalar* from = given.data() + n * given.rows() + row + first;
      Scalar* to = by.data() + n * by.rows() + first;
      if (adds)
        detail::add(width, from, to);
      else
        std::copy_n(from, width, to);
    });
  }

 private:
  std::vector<Batch<Scalar>> all_;
  std::vector<bool> there_;
};

}  // namespace detail

/// Differentiates any scalar function L of a method's relevances by all weights, biases, activations, the
/// inputs and the start, and any loss on the values of the forward pass: reverse mode, by the adjoint of each
/// step of the explanation, then of the forward pass. (Rules: docs/rules.md, "The derivative of a step".)
///
///     Derivative<float> d(net, method::LrpQ());
///     const auto trace = d.net().forward(x);
///     const auto& relevance = d.explain(trace, target).relevance;
///     d.differentiate({.relevance = view(by_relevance)});     // ∂L/∂relevance
///     d.weights(node), d.bias(node), d.input();               // ∂L/∂…
///
/// Choices are kept: the winner of a maximum, a gate, the side of a kink. A sample's contributions add up in
/// weights and biases. Memory is kept too: the second call of a shape takes nothing from the heap. One object
/// belongs to one thread at a time.
template <class Scalar>
class Derivative {
 public:
  /// What is explained.
  using Net = Graph<Scalar>;
  /// What is explained of it.
  using Trace = typename Net::Trace;
  /// A derivative at a node.
  using At = typename LossGradient<Scalar>::At;

  /// The graph is copied; copies share their weights. Throws Error as Graph::plan.
  Derivative(Net net, const Composite<Scalar>& method)
      : net_(std::move(net)),
        plan_(net_.plan(method, true)),
        weights_(net_.nodes().size()),
        bias_(net_.nodes().size()),
        parameters_(net_.nodes().size()) {
    for (std::size_t i = 0; i < weights_.size(); ++i)
      if (const auto* m = detail::matmul(net_.nodes()[i])) {
        if (has_accumulate(m->map)) weights_[i].resize(std::size_t(m->map.weight_count()));
        bias_[i].resize(std::size_t(m->bias.size()));
        parameters_[i].resize(plan_.rule(Index(i))->variations().size());
      }
  }
  Derivative(const Derivative&) = delete;
  Derivative& operator=(const Derivative&) = delete;
  /// Of a Sequential, whose layers are the nodes "layer 0" and so on, from node 1.
  template <class... Parts>
  Derivative(const Sequential<Parts...>& chain, const Composite<Scalar>& method)
      : Derivative(Net(chain), method) {}

  /// The graph that is explained.
  const Net& net() const { return net_; }
  /// The method's plan for it, which keeps every value.
  const typename Net::Plan& plan() const { return plan_; }

  /// Explains as Graph::explain does, and keeps what every node carries. The trace, with every value, and the
  /// baseline have to live until `differentiate`. A start of a user's own is taken for weights of the
  /// outputs, as start::OutputWeights. Throws Error as Graph::explain, and where the trace lacks a value.
  template <class Start>
  const GraphExplanation<Scalar>& explain(const Trace& trace, const Start& start,
                                          const Trace* baseline = nullptr, Index baseline_column = -1) {
    trace_ = nullptr;
    net_.check_trace(trace);
    if (baseline) net_.check_trace(*baseline);
    net_.explain(trace, start, plan_, explanation_, workspace_, baseline, baseline_column);
    baselines_ = net_.checked_baseline(trace, plan_.form_, baseline, baseline_column);
    const std::size_t output = net_.explained_output(start);
    way_ = &plan_.schedules_[output];
    top_ = net_.outputs_[output];
    keep_start(start, trace.value(top_));
    trace_ = &trace;
    return explanation_;
  }

  /// The derivatives by everything, of the explanation that was made last. Throws Error where there is none,
  /// where a gradient has not its value's shape or is of a node that the explained output does not depend on,
  /// and, naming the node, where a step has no derivative: a rule that is no data and has no `adjoint`, a
  /// function without a second derivative whose slopes matter.
  void differentiate(const LossGradient<Scalar>& loss) {
    if (!trace_) fail("Derivative: expected an explanation before its derivative, found none");
    begin(*trace_);
    back_up(loss);
    add_values(loss.values);
    Batch<Scalar>*by_input = loss.by_inputs ? &input_ : nullptr,
    *by_baseline = loss.by_inputs ? &baseline_ : nullptr;
    walk_back(*trace_, 0, trace_->input().cols(), by_value_, by_input);
    if (!baselines_.trace) return;
    const Index samples = columns_of_baseline();
    for (Index i = 0; i < Index(net_.nodes().size()); ++i)
      if (samples == 1 && by_base_.there(i)) {
        Batch<Scalar>& by = by_base_.to_add_to(i);
        for (Index n = 1; n < by.cols(); ++n) by.col(0) += by.col(n);
      }
    walk_back(*baselines_.trace, baselines_.columns.first, samples, by_base_, by_baseline);
  }

  /// The derivative of a loss on the values alone: backpropagation, without an explanation. Throws Error
  /// where the trace lacks a value, and as above.
  void backpropagate(const Trace& trace, std::span<const At> values, bool by_inputs = true) {
    trace_ = nullptr;
    baselines_ = {};
    net_.check_trace(trace);
    begin(trace);
    start_.resize(0, 0);
    add_values(values);
    walk_back(trace, 0, trace.input().cols(), by_value_, by_inputs ? &input_ : nullptr);
  }

  /// By a node's stored weights, in the order in which the host gave them; empty where it has none. Two nodes
  /// of one layer have a part each, which the host adds up. Throws Error where the node's map has weights and
  /// no `accumulate`.
  std::span<const Scalar> weights(Index node) const {
    const auto* m = detail::matmul(net_.node(node));
    if (m && !has_accumulate(m->map))
      fail("Derivative: node '", net_.node(node).name, "': ", m->map.name(),
           " has no `accumulate`, so that there is no derivative by its weights");
    return weights_[std::size_t(node)];
  }
  /// By a node's bias entries.
  std::span<const Scalar> bias(Index node) const { return bias_[std::size_t(node)]; }
  /// By a parameter of the rule of a node's matrix, "gamma" or "epsilon", where LossGradient asked for it;
  /// else 0. Nodes with one rule have a part each. Throws Error where the rule lists none of that name, or
  /// its table is no affine function of it.
  Scalar parameter(Index node, std::string_view name) const {
    if (const auto* rule = plan_.rule(node); rule && !parameters_[std::size_t(node)].empty())
      for (std::size_t k = 0; k < rule->variations().size(); ++k)
        if (rule->variations()[k].parameter == name) return parameters_[std::size_t(node)][k];
    fail("Derivative: node '", net_.node(node).name, "': its rule has no parameter '", name,
         "' that its table is an affine function of");
  }
  /// By the inputs: the inputs' features × samples. Empty where that was not asked for.
  const Batch<Scalar>& input() const { return input_; }
  /// By the baseline's inputs, of one column where one served all samples. Empty where that was not asked
  /// for.
  const Batch<Scalar>& baseline_input() const { return baseline_; }
  /// By the value of a node that is no input, all that depends on it followed: features × samples.
  const Batch<Scalar>& value(Index node) const { return by_value_[node]; }
  /// By the start: each output's weight, or with start::OutputRelevance its relevance; outputs × samples.
  const Batch<Scalar>& start() const { return start_; }

 private:
  using Sums = detail::NodeSums<Scalar>;

  template <class Start>
  void keep_start(const Start& start, const Batch<Scalar>& y) {
    if constexpr (requires { start.start; })
      return keep_start(start.start, y);
    else {
      is_relevance_ = requires { start.relevance; };
      start_weights_.resize(y.rows(), y.cols());
      if (is_relevance_) return;
      Out<Scalar> to = out(start_weights_);
      start::as_start(start).fill(view(y), Form::Q, {}, to);
    }
  }

  void begin(const Trace& trace) {
    const Index samples = samples_ = trace.input().cols();
    for (auto& w : weights_) std::fill(w.begin(), w.end(), Scalar(0));
    for (auto& b : bias_) std::fill(b.begin(), b.end(), Scalar(0));
    for (auto& p : parameters_) std::fill(p.begin(), p.end(), Scalar(0));
    by_value_.clear(net_.nodes(), samples);
    if (trace_) by_carried_.clear(net_.nodes(), samples);
    if (baselines_.trace) by_base_.clear(net_.nodes(), samples);
  }

  View<Scalar> carried(Index node) {
    const Index slot = way_->carried[std::size_t(node)].slot;
    return {workspace_.slot(slot), net_.node(node).size, trace_->input().cols()};
  }
  bool reached(Index node) const { return bool(way_->carried[std::size_t(node)]); }
  Scalar* by_base(Index node) { return baselines_.trace ? by_base_.to_add_to(node).data() : nullptr; }
  Index columns_of_baseline() const { return baselines_.columns.step == 0 ? 1 : trace_->input().cols(); }

  void check(const char* what, const At& at) const {
    const auto nodes = Index(net_.nodes().size());
    if (at.node < 0 || at.node >= nodes)
      fail("Derivative: ", what, ": expected one of ", nodes, " nodes, found ", at.node);
    const Index size = net_.node(at.node).size;
    if (at.gradient.rows() != size || at.gradient.cols() != samples_)
      fail("Derivative: ", what, " at node '", net_.node(at.node).name, "': expected ", size, " features x ",
           samples_, " samples, found ", at.gradient.rows(), " x ", at.gradient.cols());
  }
  void check_reached(const char* what, const At& at) const {
    check(what, at);
    if (!reached(at.node))
      fail("Derivative: ", what, " at node '", net_.node(at.node).name,
           "': the explained output does not depend on it");
  }

  void add_values(std::span<const At> values) {
    for (const At& at : values) {
      check("values", at);
      by_value_.add(at.node, at.gradient);
    }
  }

  /// By what a node carries, where L depends on its relevance: carried, or carried·a, or carried·(a − ā).
  void add_relevance(Index node, const View<Scalar>& given, Index row = 0) {
    if (!plan_.times_input_ || plan_.form_ == Form::R) {
      by_carried_.add(node, given, row);
      return;
    }
    auto &by = by_carried_.to_add_to(node), &by_value = by_value_.to_add_to(node);
    const View<Scalar> carries = carried(node);
    const auto& a = trace_->value(node);
    const BaselineValues<Scalar> base = baselines_.at(node);
    Scalar* base_bar = by_base(node);
    each_piece(a.rows(), a.cols(), [&](Index n, Index first, Index width) {
      for (Index i = first; i < first + width; ++i) {
        const Scalar bar = given(row + i, n), part = bar * carries(i, n);
        by(i, n) += bar * (base ? Scalar(a(i, n) - base.column(n)[i]) : a(i, n));
        by_value(i, n) += part;
        if (base) base_bar[n * a.rows() + i] -= part;
      }
    });
  }

  /// Through the explanation, from the inputs' relevances up to the start.
  void back_up(const LossGradient<Scalar>& loss) {
    const Index inputs = net_.input_size(), samples = trace_->input().cols();
    const auto& relevance = loss.relevance;
    if (relevance.size() > 0) {
      if (relevance.rows() != inputs || relevance.cols() != samples)
        fail("Derivative: relevance: expected ", inputs, " features x ", samples, " samples, found ",
             relevance.rows(), " x ", relevance.cols());
      Index first = 0;
      for (Index i = 0; i < net_.input_count(); ++i) {
        const Index size = net_.node(i).size;
        if (reached(i)) add_relevance(i, relevance, first);
        first += size;
      }
    }
    for (const At& at : loss.bias_shares) check_reached("bias shares", at);
    for (const At& at : loss.relevances) {
      check_reached("relevances", at);
      add_relevance(at.node, at.gradient);
    }
    for (Index i = net_.input_count(); i < Index(net_.nodes().size()); ++i)
      if (reached(i)) adjoint_of_step(i, loss);
    differentiate_start();
  }

  void adjoint_of_step(Index i, const LossGradient<Scalar>& loss) {
    const Node<Scalar>& n = net_.node(i);
    const WorkspaceScope<Scalar> scope(workspace_);
    const Index rows = detail::inputs_of(net_.nodes(), n), samples = trace_->input().cols(), size = n.size;
    const Scalar* bias_bar = nullptr;
    for (const At& at : loss.bias_shares)
      if (at.node == i) bias_bar = at.gradient.data();
    if (!bias_bar && std::none_of(n.inputs.begin(), n.inputs.end(),
                                  [&](Index k) { return by_carried_.there(k) && any(view(by_carried_[k])); }))
      return;
    const View<Scalar> down_bar = gathered(n, [&](Index k) { return view(by_carried_.to_add_to(k)); });
    const bool one = n.inputs.size() == 1;
    const View<Scalar> a = gathered(n, [&](Index k) { return view(trace_->value(k)); });
    BaselineValues<Scalar> a_base = baselines_.trace ? baselines_.at(n.inputs[0]) : BaselineValues<Scalar>{};
    if (baselines_.trace && !one)
      a_base = baselines_.inputs_of(net_.nodes(), n, 0, samples, workspace_.allocate(a.size()));
    const bool first = !by_carried_.there(i);
    Scalar* to_up = first ? by_carried_.to_write(i).data() : workspace_.allocate(size * samples);
    Out<Scalar> up_bar(to_up, size, samples);
    Scalar *a_bar = by_value_.to_add_to(n.inputs[0]).data(), *a_base_bar = by_base(n.inputs[0]);
    if (!one) {
      detail::set_zero(rows, samples, a_bar = workspace_.allocate(a.size()));
      if (a_base_bar) detail::set_zero(rows, samples, a_base_bar = workspace_.allocate(a.size()));
    }
    auto& weights = weights_[std::size_t(i)];
    auto& bias = bias_[std::size_t(i)];
    auto& parameters = parameters_[std::size_t(i)];
    Adjoint<Scalar> context{a,
                            view(trace_->value(i)),
                            a_base,
                            baselines_.at(i),
                            plan_.form_,
                            workspace_,
                            carried(i),
                            down_bar,
                            bias_bar,
                            up_bar,
                            {a_bar, rows, samples},
                            out(by_value_.to_add_to(i)),
                            a_base_bar,
                            by_base(i),
                            weights.empty() ? nullptr : weights.data(),
                            bias.empty() ? nullptr : bias.data(),
                            plan_.rule(i)->variations(),
                            parameters.empty() || !loss.by_parameters ? nullptr : parameters.data()};
    const auto where = [&] { return text_of("Derivative: node '", n.name, "' (", n.describe(), "): "); };
    detail::naming(where, [&] {
      std::visit([&](const auto& layer) { plan_.rule(i)->adjoint(layer, context); }, *n.layer);
    });
    if (!first) by_carried_.add(i, view(up_bar));
    if (one) return;
    hand_out(n, {a_bar, rows, samples}, by_value_);
    if (a_base_bar) hand_out(n, {a_base_bar, rows, samples}, by_base_);
  }

  /// By the start; and in R, or where a relevance was divided by the output, by the output.
  void differentiate_start() {
    const auto& y = trace_->value(top_);
    const auto& by = by_carried_.to_add_to(top_);
    const View<Scalar> carries = carried(top_);
    const BaselineValues<Scalar> base = baselines_.at(top_);
    auto& by_output = by_value_.to_add_to(top_);
    Scalar* base_bar = by_base(top_);
    start_ = by;
    const bool in_r = plan_.form_ == Form::R;
    if (in_r == is_relevance_) return;
    for (Index n = 0; n < y.cols(); ++n)
      for (Index j = 0; j < y.rows(); ++j) {
        if (in_r) {
          start_(j, n) *= y(j, n);
          by_output(j, n) += start_weights_(j, n) * by(j, n);
          continue;
        }
        const Scalar divisor = base ? Scalar(y(j, n) - base.column(n)[j]) : y(j, n);
        start_(j, n) = divisor == Scalar(0) ? Scalar(0) : Scalar(by(j, n) / divisor);
        const Scalar part = carries(j, n) * start_(j, n);
        by_output(j, n) -= part;
        if (base_bar) base_bar[n * y.rows() + j] += part;
      }
  }

  /// Through the forward pass, from the last node to the inputs: `samples` columns of a trace from `column`
  /// on. To the inputs themselves where `by_input` is not null.
  void walk_back(const Trace& trace, Index column, Index samples, Sums& by, Batch<Scalar>* by_input) {
    const auto value = [&](Index k) {
      const auto& all = trace.value(k);
      return View<Scalar>(all.data() + column * all.rows(), all.rows(), samples);
    };
    for (Index i = Index(net_.nodes().size()) - 1; i >= net_.input_count(); --i) {
      const Node<Scalar>& n = net_.node(i);
      if (!by.there(i)) continue;
      const View<Scalar> up(by[i].data(), n.size, samples);
      if (!any(up)) continue;
      const WorkspaceScope<Scalar> scope(workspace_);
      const Index rows = detail::inputs_of(net_.nodes(), n);
      const View<Scalar> a = gathered(n, value);
      const bool ends = !by_input && std::all_of(n.inputs.begin(), n.inputs.end(),
                                                 [&](Index k) { return k < net_.input_count(); });
      const bool first = n.inputs.size() == 1 && !by.there(n.inputs[0]);
      Scalar* to = ends ? nullptr : first ? by.to_write(n.inputs[0]).data() : workspace_.allocate(a.size());
      Out<Scalar> down(to, rows, samples);
      std::visit([&](const auto& layer) { through(layer, i, a, value(i), up, down); }, *n.layer);
      if (!ends && !first) hand_out(n, view(down), by);
    }
    for (Index i = by_input ? 0 : net_.input_count(); i < Index(net_.nodes().size()); ++i) by.to_add_to(i);
    if (!by_input) {
      input_.resize(0, 0);
      baseline_.resize(0, 0);
      return;
    }
    by_input->resize(net_.input_size(), samples);
    Index first = 0;
    for (Index i = 0; i < net_.input_count(); ++i) {
      by_input->middleRows(first, net_.node(i).size) = by[i].leftCols(samples);
      first += net_.node(i).size;
    }
    detail::with_culprit(*by_input, [](Index feature, Index n) {
      fail("Derivative: that by feature ", feature, " of sample ", n,
           " is NaN or infinite: a value of the forward pass or a quotient overflowed");
    });
  }

  /// The chain rule at one layer: what Gradient does, but for the books and faster products that round more.
  /// Where `down` has no memory, it is not asked for.
  template <class Layer>
  void through(const Layer& layer, Index i, const View<Scalar>& a, const View<Scalar>& b,
               const View<Scalar>& up, Out<Scalar>& down) {
    if constexpr (requires { layer.map; }) {
      auto& weights = weights_[std::size_t(i)];
      auto& bias = bias_[std::size_t(i)];
      if (!weights.empty()) accumulate(layer.map, up, a, weights.data());
      if (!bias.empty())
        rule::detail::add_to_channels(up.rows(), up.cols(), up.data(), Index(bias.size()), bias.data());
      if (down.data()) apply_transposed(layer.map, up, down);
    } else if (down.data()) {
      constexpr Index lines = 5;
      Scalar* books = workspace_.allocate(lines * up.cols());
      std::fill_n(books, lines * up.cols(), Scalar(0));
      Context<Scalar, Dynamic, Dynamic, Dynamic> context{
          a, b, {}, {}, Form::Q, LedgerView<Scalar>(books, up.cols()), workspace_};
      step_back(layer, rule::Gradient(), context, up, down);
    }
  }

  /// The values of a node's inputs, brought together in scratch where there are several.
  template <class Values>
  View<Scalar> gathered(const Node<Scalar>& n, const Values& values) {
    const auto first = values(n.inputs[0]);
    if (n.inputs.size() == 1) return first;
    const Index rows = detail::inputs_of(net_.nodes(), n);
    Out<Scalar> together(workspace_.allocate(rows * first.cols()), rows, first.cols());
    detail::gather(n, values, together);
    return view(together);
  }
  /// Adds each input's part of `given` to what is that input's.
  void hand_out(const Node<Scalar>& n, const View<Scalar>& given, Sums& to) {
    Index row = 0;
    for (const Index k : n.inputs) {
      to.add(k, given, row);
      row += net_.node(k).size;
    }
  }
  static bool any(const View<Scalar>& values) {
    return rule::detail::any_but_zero(values.size(), values.data());
  }

  Net net_;
  typename Net::Plan plan_;
  GraphExplanation<Scalar> explanation_;
  Workspace<Scalar> workspace_;
  const Trace* trace_ = nullptr;
  typename Net::Baseline baselines_;
  const detail::BackwardSchedule* way_ = nullptr;
  Index top_ = -1;
  bool is_relevance_ = false;
  Batch<Scalar> start_weights_, start_, input_, baseline_;
  Index samples_ = 0;
  Sums by_value_, by_carried_, by_base_;
  std::vector<std::vector<Scalar>> weights_, bias_, parameters_;
};

}  // namespace ascribe
