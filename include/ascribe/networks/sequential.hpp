/// A chain of layers whose types are known at compile time.
#pragma once

#include <array>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/start.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/core/workspace.hpp>
#include <ascribe/layers/elementwise.hpp>
#include <ascribe/layers/matmul.hpp>
#include <ascribe/layers/max.hpp>
#include <ascribe/methods/composite.hpp>
#include <ascribe/methods/method.hpp>
#include <ascribe/networks/explanation.hpp>
#include <ascribe/networks/node.hpp>
#include <ascribe/networks/passes.hpp>
#include <ascribe/networks/tiles.hpp>
#include <ascribe/rules/step_back.hpp>

namespace ascribe {

template <class... Parts>
class Sequential;

namespace detail {

/// The compilers print both numbers.
template <int Outputs, int Inputs>
struct Neighbours {
  static_assert(Outputs == Inputs, "ascribe: a layer's outputs do not fit the next layer's inputs");
};

template <class Part>
struct PartOf {
  static constexpr std::size_t depth = 1;
};
template <class... Parts>
struct PartOf<Sequential<Parts...>> {
  static constexpr std::size_t depth = (std::size_t(0) + ... + PartOf<Parts>::depth);
};

/// Layer I of a tuple of layers and nested networks.
template <std::size_t I, std::size_t P = 0, class Tuple>
constexpr const auto& layer_of(const Tuple& parts) {
  using Part = std::tuple_element_t<P, Tuple>;
  constexpr std::size_t depth = PartOf<Part>::depth;
  if constexpr (I >= depth)
    return layer_of<I - depth, P + 1>(parts);
  else if constexpr (requires(const Part& p) { p.parts(); })
    return layer_of<I>(std::get<P>(parts).parts());
  else
    return std::get<P>(parts);
}

/// Kinds whose steps cost the same a sample, however few samples are taken at a time. A kind that is not
/// known here gets the whole batch.
template <class Kind>
inline constexpr bool samplewise = false;
template <class M>
inline constexpr bool samplewise<kind::MatMul<M>> = map::is_samplewise<M>;
template <class F>
inline constexpr bool samplewise<kind::Elementwise<F>> = true;
template <class W>
inline constexpr bool samplewise<kind::Max<W>> = true;
template <>
inline constexpr bool samplewise<kind::Product> = true;
template <>
inline constexpr bool samplewise<kind::Softmax> = true;

/// What `explain` takes: methods, and traces or inputs.
template <class Method>
inline constexpr bool is_method = requires(const Method& method) {
  { method.form } -> std::convertible_to<Form>;
  { method.times_input } -> std::convertible_to<bool>;
};
template <class T>
inline constexpr bool is_input_or_trace = is_input<T> || requires(const T& trace) {
  trace.values;
};

/// `count` columns of a value, from `first` on.
template <int Samples, class Value>
auto columns(const Value& value, Index first, Index count) {
  return View<typename Value::Scalar, Value::RowsAtCompileTime, Samples>(value.data() + first * value.rows(),
                                                                         value.rows(), count);
}

}  // namespace detail

/// Layers one after the other; a Sequential may stand among them. Construction throws Error where the sizes
/// of neighbours do not fit (a compile error where both are fixed).
///
/// A network is const during its whole life after construction and is shared between threads: what a pass
/// writes is the caller's trace, explanation and workspace.
template <class... Parts>
class Sequential {
 public:
  /// The number of layers, those of nested networks counted one by one.
  static constexpr std::size_t depth = (std::size_t(0) + ... + detail::PartOf<Parts>::depth);
  static_assert(depth > 0, "ascribe: a Sequential needs a layer");

  /// The type of layer I.
  template <std::size_t I>
  using Layer =
      std::remove_cvref_t<decltype(detail::layer_of<I>(std::declval<const std::tuple<Parts...>&>()))>;

  /// Throws Error where the sizes of neighbours do not fit.
  explicit Sequential(Parts... parts) : parts_(std::move(parts)...) {
    [this]<std::size_t... I>(std::index_sequence<I...>) {
      Index size = -1;
      (check_neighbour<I>(size), ...);
      output_size_ = size;
    }
    (std::make_index_sequence<depth>());
  }

  /// Layer I.
  template <std::size_t I>
  const Layer<I>& layer() const {
    return detail::layer_of<I>(parts_);
  }
  /// The layers and nested networks as they were given.
  const std::tuple<Parts...>& parts() const { return parts_; }

  /// The number of features of the input and of the output; −1 where every layer takes any.
  Index input_size() const { return input_size_; }
  Index output_size() const { return output_size_; }

  /// Rows of value I (value 0 is the input, value I the output of layer I − 1) where they are known at
  /// compile time, else Dynamic, for an input with `Inputs` rows.
  template <std::size_t I, int Inputs>
  static constexpr int rows() {
    if constexpr (I == 0) {
      // An input of a size that only the first layer knows has that size.
      return Inputs == Dynamic && Layer<0>::inputs >= 0 ? Layer<0>::inputs : Inputs;
    } else {
      constexpr int before = rows<I - 1, Inputs>(), after = Layer<I - 1>::outputs;
      return after == rule::any_size ? before : after;
    }
  }

  /// Every value of one forward pass.
  template <class S, int Inputs, int Samples>
  struct Trace {
    using Scalar = S;
    /// Sizes that are known at compile time, or Dynamic.
    static constexpr int inputs = Inputs, samples = Samples;

    /// Value I: 0 is the input, I the output of layer I − 1.
    template <std::size_t I>
    const auto& value() const {
      return std::get<I>(values);
    }
    /// Features × samples.
    const auto& input() const { return std::get<0>(values); }
    /// Features × samples.
    const auto& output() const { return std::get<depth>(values); }

    /// The type of `values`.
    template <std::size_t... I>
    static auto values_type(std::index_sequence<I...>) -> std::tuple<Batch<S, rows<I, Inputs>(), Samples>...>;
    /// All of them, the input first.
    decltype(values_type(std::make_index_sequence<depth + 1>())) values;
  };

  /// The explanation's type for a scalar and sizes.
  template <class S, int Inputs, int Samples>
  struct ExplanationType {
    /// The type of its records.
    template <std::size_t... I>
    static auto records(std::index_sequence<I...>)
        -> std::tuple<NodeRecord<S, rows<I + 1, Inputs>(), Samples>...>;
    /// The explanation.
    using type = Explanation<S, rows<0, Inputs>(), rows<depth, Inputs>(), Samples,
                             decltype(records(std::make_index_sequence<depth>()))>;
  };
  /// The explanation of one trace type.
  template <class T>
  using ExplanationOf = typename ExplanationType<typename T::Scalar, T::inputs, T::samples>::type;

  /// The rules that a Composite gives the layers: a method of its own, made once, immutable, shared between
  /// threads.
  template <class S>
  class Plan {
   public:
    Form form;         ///< what the pass carries
    bool times_input;  ///< whether the result is multiplied by the input

    /// The rule that the composite gave layer I.
    template <class Layer, std::size_t I>
    const rule::AnyRule<S>& rule_for(const Layer&, Position<I, depth>) const {
      return rules_[I];
    }

   private:
    friend class Sequential;
    explicit Plan(const Composite<S>& method) : form(method.form), times_input(method.times_input) {}
    std::vector<rule::AnyRule<S>> rules_;
  };
  /// Throws Error as Graph::plan. The layers are copied, for composites ask layers whose parts are erased.
  template <class S>
  Plan<S> plan(const Composite<S>& method) const {
    Plan<S> plan(method);
    Index learned = 0;
    each_layer([&](const auto& layer) {
      const std::string name = "layer " + std::to_string(plan.rules_.size());
      Node<S> node(layer);
      node.name = name;
      const NodeInfo info = node.info(Index(plan.rules_.size()), learned);
      if (info.is_learned()) ++learned;
      plan.rules_.push_back(detail::checked_rule(method, node, info));
    });
    return plan;
  }

  /// Runs the network on x (features × samples) and keeps every value. Throws Error where the number of
  /// features is not the first layer's, the batch is empty, or an input is NaN or infinite.
  template <class D>
  auto forward(const Eigen::MatrixBase<D>& x) const {
    Trace<typename D::Scalar, D::RowsAtCompileTime, D::ColsAtCompileTime> trace;
    forward(x, trace);
    return trace;
  }
  /// The same into a trace that was used before: no allocation for a shape that it has had.
  template <class D, class T>
  void forward(const Eigen::MatrixBase<D>& x, T& trace) const {
    static_assert(std::is_same_v<typename D::Scalar, typename T::Scalar>,
                  "ascribe: the trace's scalar is not the input's");
    check_fixed_sizes<0, D::RowsAtCompileTime>();
    detail::check_input("Sequential", x, input_size_);
    std::get<0>(trace.values) = x;
    resize_values(trace, std::make_index_sequence<depth>());
    forward_to<depth>(trace, 0, x.cols());
  }

  /// Explains a trace: `start` is a target's index, or one of `ascribe::start`. `baseline`: the trace of
  /// one, for methods against one: one column for all samples, or as many as the batch. Throws Error
  /// where the start does not fit, the method lacks or has no use for a baseline, a rule has no meaning in
  /// the method's form or a parameter out of range, or the result is not finite.
  ///
  /// An input may stand for a trace, the baseline's too: `net.explain(x, 0, method::LrpQ())`.
  template <class T, class Start, class Method>
  auto explain(const T& trace, const Start& start, const Method& method,
               Record record = Record::totals) const {
    if constexpr (detail::arguments_fit<detail::is_method<Method>, detail::is_input_or_trace<T>>())
      return explained(traced(trace), start, method, record);
  }
  /// Against a baseline, a trace or an input.
  template <class T, class Start, class Method, class B>
  requires(!std::same_as<B, Record>) auto explain(const T& trace, const Start& start, const Method& method,
                                                  const B& baseline, Record record = Record::totals) const {
    if constexpr (detail::arguments_fit<detail::is_method<Method>, detail::is_input_or_trace<T> &&
                                                                       detail::is_input_or_trace<B>>()) {
      const auto& base = traced(baseline);
      return explained(traced(trace), start, method, record, &base);
    }
  }
  /// The same into an explanation and a workspace that were used before. `baseline_column` ≥ 0 takes that
  /// one column of the baseline for all samples.
  template <class T, class Start, class Method, class E, class B = T>
  void explain(const T& trace, const Start& start, const Method& method, E& explanation,
               Workspace<typename T::Scalar>& workspace, const B* baseline = nullptr,
               Index baseline_column = -1) const {
    using S = typename T::Scalar;
    if constexpr (std::same_as<Method, Composite<S>>) {
      explain(trace, start, plan(method), explanation, workspace, baseline, baseline_column);
    } else {
      check_trace(trace);
      explain_by(method, std::make_index_sequence<depth>(), [&](const auto& rules) {
        walk_back(trace, start, method.form, method.times_input, rules, explanation, workspace, baseline,
                  baseline_column);
      });
    }
  }

  /// Explains every output in turn: `visit(target, explanation)` sees each before the next is computed. The
  /// forward pass, the baseline and all memory are shared.
  template <class T, class Method, class Visit, class B = T>
  void explain_all(const T& trace, const Method& method, Visit&& visit, const B* baseline = nullptr) const {
    if constexpr (std::same_as<Method, Composite<typename T::Scalar>>) {
      explain_all(trace, plan(method), visit, baseline);
    } else {
      ExplanationOf<T> explanation;
      Workspace<typename T::Scalar> workspace;
      for (Index target = 0; target < trace.output().rows(); ++target) {
        explain(trace, target, method, explanation, workspace, baseline);
        visit(target, std::as_const(explanation));
      }
    }
  }

 private:
  template <std::size_t I>
  const typename Layer<I>::Kind& kind_of() const {
    return layer<I>();
  }

  template <class Visit>
  void each_layer(Visit&& visit) const {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (visit(layer<I>()), ...);
    }
    (std::make_index_sequence<depth>());
  }

  template <class T, class Start, class Method, class B = T>
  ExplanationOf<T> explained(const T& trace, const Start& start, const Method& method, Record record,
                             const B* baseline = nullptr) const {
    ExplanationOf<T> explanation;
    explanation.record = record;
    Workspace<typename T::Scalar> workspace;
    explain(trace, start, method, explanation, workspace, baseline);
    return explanation;
  }

  /// Not in `rows`, whose failure clang would take for a failed deduction and report three times.
  template <std::size_t I, int Inputs>
  static constexpr void check_fixed_sizes() {
    if constexpr (I < depth) {
      constexpr int before = rows<I, Inputs>(), in = Layer<I>::inputs;
      if constexpr (before >= 0 && in >= 0) (void)sizeof(detail::Neighbours<before, in>);
      check_fixed_sizes<I + 1, Inputs>();
    }
  }

  /// A trace, or the trace of an input.
  template <class T>
  decltype(auto) traced(const T& given) const {
    if constexpr (ascribe::detail::is_input<T>)
      return forward(given);
    else
      return (given);
  }

  template <std::size_t I>
  void check_neighbour(Index& size) {
    const auto& l = layer<I>();
    if constexpr (requires { l.input_size(); }) {
      if (size >= 0 && size != l.input_size())
        fail("Sequential: layer ", I, " expects ", l.input_size(), " inputs, found ", size,
             " outputs of layer ", I - 1);
      if (input_size_ < 0) input_size_ = l.input_size();
    }
    size = l.output_size_for(size);
  }

  template <class T, std::size_t... I>
  void resize_values(T& trace, std::index_sequence<I...>) const {
    const Index samples = trace.input().cols();
    const auto resize = [&](const auto& l, const auto& a, auto& b) {
      b.resize(l.output_size_for(a.rows()), samples);
    };
    (resize(layer<I>(), std::get<I>(trace.values), std::get<I + 1>(trace.values)), ...);
  }

  /// Computes value I, of `samples` samples from `first` on, from the input; in the tiles of `back`.
  template <std::size_t I, class T>
  void forward_to(T& trace, Index first, Index samples) const {
    if constexpr (I > 0) {
      constexpr int N = T::samples;
      const auto& a = std::get<I - 1>(trace.values);
      auto& b = std::get<I>(trace.values);
      if constexpr (tiles<I, N>()) {
        const Index part = tile<typename T::Scalar>(math::max(a.rows(), b.rows()), samples);
        if (part < samples) {
          for (Index n = 0; n < samples; n += part)
            forward_to<I>(trace, first + n, math::min(part, samples - n));
          return;
        }
      }
      forward_to<I - 1>(trace, first, samples);
      detail::check_domain(layer<I - 1>(), a.rows(), samples, a.data() + first * a.rows(), first,
                           [] { return "layer " + std::to_string(I - 1); });
      Out<typename T::Scalar, std::remove_cvref_t<decltype(b)>::RowsAtCompileTime, N> to(
          b.data() + first * b.rows(), b.rows(), samples);
      detail::run(layer<I - 1>(), detail::columns<N>(a, first, samples), to);
    }
  }

  template <class T>
  void check_trace(const T& trace) const {
    const auto& x = trace.input();
    if (x.size() == 0 || trace.output().cols() != x.cols() || (input_size_ >= 0 && x.rows() != input_size_) ||
        (output_size_ >= 0 && trace.output().rows() != output_size_))
      fail("explain: expected a trace of this network's forward pass (", input_size_, " features, ",
           output_size_, " outputs), found one of ", x.rows(), " features x ", x.cols(), " samples and ",
           trace.output().rows(), " outputs");
    // Both ends may fit where the middle does not.
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (check_trace_at(I, layer<I>().output_size_for(std::get<I>(trace.values).rows()), x.cols(),
                      std::get<I + 1>(trace.values)),
       ...);
    }
    (std::make_index_sequence<depth>());
  }

  template <class Value>
  static void check_trace_at(std::size_t index, Index outputs, Index samples, const Value& value) {
    if (value.rows() != outputs || value.cols() != samples)
      fail("explain: expected a trace of this network's forward pass (", outputs, " outputs of layer ", index,
           " x ", samples, " samples), found one of ", value.rows(), " x ", value.cols());
  }

  /// Calls walk(the rules that a method gives the layers, as these see them). All that is compiled for one
  /// method and not for another is here.
  template <class Method, std::size_t... I, class Walk>
  void explain_by(const Method& method, std::index_sequence<I...>, const Walk& walk) const {
    const std::tuple<decltype(rule_for(method, layer<I>(), Position<I, depth>()))...> rules(
        rule_for(method, layer<I>(), Position<I, depth>())...);
    const auto check = [](std::size_t layer, const auto& rule) {
      detail::naming([&] { return text_of("explain: layer ", layer, ": "); }, [&] { check_parameters(rule); });
    };
    (check(I, std::get<I>(rules)), ...);
    walk(std::tuple(rule::as_seen_by(kind_of<I>(), std::get<I>(rules))...));
  }

  /// Explains by rules as the layers see them.
  template <class T, class Start, class Rules, class E, class B>
  void walk_back(const T& trace, const Start& start, Form form, bool times_input, const Rules& rules,
                 E& explanation, Workspace<typename T::Scalar>& workspace, const B* baseline,
                 Index baseline_column) const {
    using S = typename T::Scalar;
    check_rules(rules, form, std::make_index_sequence<depth>());
    const auto baselines = baseline_values(trace, form, baseline, baseline_column);

    const auto& y = trace.output();
    const WorkspaceScope<S> scope(workspace);
    Scratch<S, rows<depth, T::inputs>(), T::samples> start_scratch(workspace, y.rows(), y.cols());
    auto carried = start_scratch.get();
    start::as_start(start).fill(view(y), form, baselines[depth], carried);

    explanation.ledger.reset(y.cols());
    detail::count_relevance<S>(carried, y, baselines[depth], form, explanation.ledger.enter);
    const auto& x = trace.input();
    explanation.relevance.resize(x.rows(), x.cols());
    reset_records(trace, explanation, std::make_index_sequence<depth>());
    const Pass<T, Rules, E> pass{trace, baselines, form, times_input, rules, explanation, workspace};
    back<depth>(pass, 0, view(carried), blocks_for<depth>(trace, workspace, y.cols()));

    detail::count_relevance<S>(explanation.relevance, x, baselines[0], form, explanation.ledger.leave);
    if (times_input) detail::multiply_by_input<S>(explanation.relevance, x, baselines[0], form);
    explanation.output = y;
    detail::check_result(explanation.relevance);
  }

  template <class Rules, std::size_t... I>
  void check_rules(const Rules& rules, Form form, std::index_sequence<I...>) const {
    const auto check = [&](std::size_t layer, const auto& kind, const auto& rule) {
      const bool has_meaning = detail::naming([&] { return text_of("explain: layer ", layer, ": "); },
                                              [&] { return serves(kind, rule.get(), form); });
      if (!has_meaning)
        fail("explain: the rule of layer ", layer, " has no meaning in the form ", detail::name_of(form));
    };
    (check(I, kind_of<I>(), std::get<I>(rules)), ...);
  }

  template <class T, class B>
  auto baseline_values(const T& trace, Form form, const B* baseline, Index column) const {
    std::array<BaselineValues<typename T::Scalar>, depth + 1> values;
    if (baseline) {
      check_trace(*baseline);
      if (baseline->input().rows() != trace.input().rows())
        fail("explain: expected a baseline of ", trace.input().rows(), " features, found ",
             baseline->input().rows());
    }
    const auto columns = detail::baseline_columns(form, baseline ? baseline->input().cols() : -1,
                                                  trace.input().cols(), column);
    if (columns)
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((values[I] = columns->of(std::get<I>(baseline->values))), ...);
      }
    (std::make_index_sequence<depth + 1>());
    return values;
  }

  /// What one walk back reads and writes.
  template <class T, class Rules, class E>
  struct Pass {
    using Scalar = typename T::Scalar;
    const T& trace;
    const std::array<BaselineValues<Scalar>, depth + 1>& baselines;
    Form form;
    bool times_input;
    const Rules& rules;
    E& explanation;
    Workspace<Scalar>& workspace;
  };

  /// Between layers the values of dynamic size move from one block to the other and back; those of fixed size
  /// are on the stack.
  template <class S>
  struct Blocks {
    S *free, *other;
  };

  template <class T, class E, std::size_t... I>
  static void reset_records(const T& trace, E& explanation, std::index_sequence<I...>) {
    if (explanation.record == Record::totals) return;
    const auto reset = [&](Index layer, auto& record, const auto& b) {
      record.reset(b.rows(), b.cols(), explanation.keeps(layer));
    };
    (reset(I, std::get<I>(explanation.nodes), std::get<I + 1>(trace.values)), ...);
  }

  /// Whether a pass through the first `Layers` layers may take some samples of the batch at a time: a batch
  /// of fixed size goes as a whole.
  template <std::size_t Layers, int Samples>
  static constexpr bool tiles() {
    if constexpr (Layers == 0)
      return Samples == Dynamic;
    else
      return detail::samplewise<typename Layer<Layers - 1>::Kind> && tiles<Layers - 1, Samples>();
  }

  /// How many of `samples` samples a step between values of at most so many rows takes at a time.
  template <class S>
  static Index tile(Index rows, Index samples) {
    return detail::tile(detail::samples_in_cache<S>(rows), samples);
  }

  /// Blocks for the walk from value I down to the input's, with so many samples.
  template <std::size_t I, class T, class S>
  static Blocks<S> blocks_for(const T& trace, Workspace<S>& workspace, Index samples) {
    Index size = 0;
    const auto look = [&]<std::size_t J>(std::integral_constant<std::size_t, J>) {
      const auto& value = std::get<J>(trace.values);
      if constexpr (J > 0 && std::remove_cvref_t<decltype(value)>::SizeAtCompileTime == Dynamic) {
        const Index rows = value.rows();
        const Index most = tiles<J + 1, T::samples>() ? detail::samples_in_cache<S>(rows) : samples;
        size = math::max(size, rows * math::min(samples, most));
      }
    };
    [&]<std::size_t... J>(std::index_sequence<J...>) {
      (look(std::integral_constant<std::size_t, J>()), ...);
    }
    (std::make_index_sequence<I>());
    if (size == 0) return {nullptr, nullptr};
    S* first = workspace.allocate(size);
    return {first, workspace.allocate(size)};
  }

  /// Steps back through layer I − 1 and on, with the samples from `first` on. `up` is what is carried at
  /// value I. Where all the layers that follow allow it, as many samples go at a time as fit the cache; the
  /// larger the values, the fewer.
  template <std::size_t I, class P, class Up>
  void back(const P& pass, Index first, Up up, Blocks<typename P::Scalar> blocks) const {
    using S = typename P::Scalar;
    using A = std::remove_cvref_t<decltype(std::get<I - 1>(pass.trace.values))>;
    constexpr int In = A::RowsAtCompileTime, N = A::ColsAtCompileTime;
    const Index inputs = std::get<I - 1>(pass.trace.values).rows(), samples = up.cols();
    if constexpr (tiles<I, N>()) {
      const Index part = tile<S>(math::max(inputs, up.rows()), samples);
      if (part < samples) {
        const WorkspaceScope<S> scope(pass.workspace);
        const auto part_blocks = blocks_for<I>(pass.trace, pass.workspace, part);
        for (Index n = 0; n < samples; n += part)
          back<I>(pass, first + n, detail::columns<N>(up, n, math::min(part, samples - n)), part_blocks);
        return;
      }
    }
    if constexpr (I == 1) {
      auto& relevance = pass.explanation.relevance;
      step<I>(pass, first, up, Out<S, In, N>(relevance.data() + first * inputs, inputs, samples));
    } else if constexpr (A::SizeAtCompileTime != Dynamic) {
      Batch<S, In, N> down;
      step<I>(pass, first, up, out(down));
      back<I - 1>(pass, first, view(down), blocks);
    } else {
      const Out<S, In, N> down(blocks.free, inputs, samples);
      step<I>(pass, first, up, down);
      back<I - 1>(pass, first, view(down), {blocks.other, blocks.free});
    }
  }

  /// One step, through layer I − 1.
  template <std::size_t I, class P, class Up, class Down>
  void step(const P& pass, Index first, Up up, Down down) const {
    using S = typename P::Scalar;
    constexpr int In = Down::RowsAtCompileTime, Outs = Up::RowsAtCompileTime, N = Down::ColsAtCompileTime;
    const WorkspaceScope<S> scope(pass.workspace);
    const Form form = pass.form;
    const Index samples = up.cols();
    const auto a = detail::columns<N>(std::get<I - 1>(pass.trace.values), first, samples);
    const auto b = detail::columns<N>(std::get<I>(pass.trace.values), first, samples);
    const auto a_base = pass.baselines[I - 1].from(first), b_base = pass.baselines[I].from(first);
    auto& explanation = pass.explanation;
    const bool recorded = explanation.record != Record::totals;
    auto& record = std::get<I - 1>(explanation.nodes);
    LedgerView<S, N> total(explanation.ledger, first, samples);
    LedgerView<S, N> books(recorded ? record.books : explanation.ledger, first, samples);
    const bool kept = recorded && explanation.keeps(I - 1);
    if (kept) {
      S* relevance = record.relevance.data() + first * b.rows();
      std::copy_n(up.data(), up.size(), relevance);
      if (pass.times_input && form != Form::R)
        detail::multiply_by_input<S>(b.rows(), samples, b.rows(), relevance, b.data(), b_base, form);
    }
    S* shares = kept ? record.bias_shares.data() + first * b.rows() : nullptr;
    Context<S, In, Outs, N> context{a, b, a_base, b_base, form, books, pass.workspace, shares};
    step_back(kind_of<I - 1>(), std::get<I - 1>(pass.rules).get(), context, up, down);
    if (!recorded) return;
    detail::count_relevance<S>(up, b, b_base, form, books.enter);
    detail::count_relevance<S>(view(down), a, a_base, form, books.leave);
    total.add_rules_lines(books);
  }

  std::tuple<Parts...> parts_;
  Index input_size_ = -1, output_size_ = -1;
};

}  // namespace ascribe
