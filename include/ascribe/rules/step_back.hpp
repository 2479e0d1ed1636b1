/// How a network asks a rule for its step.
#pragma once

#include <functional>
#include <type_traits>

#include <ascribe/core/context.hpp>
#include <ascribe/core/passage.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/rules/function_step.hpp>
#include <ascribe/rules/matrix_step.hpp>
#include <ascribe/rules/product_step.hpp>
#include <ascribe/rules/softmax_step.hpp>
#include <ascribe/rules/window_step.hpp>

namespace ascribe {
namespace rule {

/// How a rule's data are had. Data are rules too: their own.
template <class Data>
struct DataOf;
/// Of a matrix.
template <>
struct DataOf<Shares> {
  /// What its rule is made of.
  using Data = Shares;
  /// That of a rule which has it.
  static constexpr auto of(const auto& rule) requires requires { rule.matrix(); }
  { return rule.matrix(); }
  /// Themselves.
  static constexpr const Data& of(const Data& data) { return data; }
};
/// Of a function.
template <>
struct DataOf<Pointwise> {
  /// What its rule is made of.
  using Data = Pointwise;
  /// That of a rule which has it.
  static constexpr auto of(const auto& rule) requires requires { rule.function(); }
  { return rule.function(); }
  /// Themselves.
  static constexpr const Data& of(const Data& data) { return data; }
};
/// Of a maximum.
template <>
struct DataOf<WindowShares> {
  /// What its rule is made of.
  using Data = WindowShares;
  /// That of a rule which has it.
  static constexpr auto of(const auto& rule) requires requires { rule.maximum(); }
  { return rule.maximum(); }
  /// Themselves.
  static constexpr const Data& of(const Data& data) { return data; }
};
/// Of a product.
template <>
struct DataOf<FactorShares> {
  /// What its rule is made of.
  using Data = FactorShares;
  /// That of a rule which has it.
  static constexpr auto of(const auto& rule) requires requires { rule.product(); }
  { return rule.product(); }
  /// Themselves.
  static constexpr const Data& of(const Data& data) { return data; }
};
/// Of a softmax.
template <>
struct DataOf<RowShares> {
  /// What its rule is made of.
  using Data = RowShares;
  /// That of a rule which has it.
  static constexpr auto of(const auto& rule) requires requires { rule.softmax(); }
  { return rule.softmax(); }
  /// Themselves.
  static constexpr const Data& of(const Data& data) { return data; }
};

/// A rule's data for a kind of layer.
template <class Kind>
struct DataFor;
template <class M>
struct DataFor<kind::MatMul<M>> : DataOf<Shares> {};
template <class F>
struct DataFor<kind::Elementwise<F>> : DataOf<Pointwise> {};
template <class W>
struct DataFor<kind::Max<W>> : DataOf<WindowShares> {};
template <>
struct DataFor<kind::Product> : DataOf<FactorShares> {};
template <>
struct DataFor<kind::Softmax> : DataOf<RowShares> {};

/// Whether a rule has data for a kind of layer.
template <class Kind, class Rule>
inline constexpr bool is_data = requires(const Rule& rule) {
  DataFor<Kind>::of(rule);
};

/// A rule of which nothing is known but that it has such data. What is compiled for this serves all rules
/// that do. Refers to the rule.
template <class Data>
class WithData {
 public:
  /// Any rule that has them.
  template <class Rule>
  explicit WithData(const Rule& rule)
      : rule_(&rule),
        get_([](const void* r) -> Data { return DataOf<Data>::of(*static_cast<const Rule*>(r)); }) {}

  /// The data.
  Data get() const { return get_(rule_); }

 private:
  const void* rule_;
  Data (*get_)(const void*);
};

/// A rule as a kind of layer sees it: its data alone, where it has any.
template <class Kind, class Rule>
auto as_seen_by(const Kind&, const Rule& rule) {
  if constexpr (is_data<Kind, Rule>)
    return WithData<typename DataFor<Kind>::Data>(rule);
  else
    return std::cref(rule);
}

/// The step of each kind's data.
template <class M, class C>
void take_step(const kind::MatMul<M>& layer, const Shares& data, C& c, typename C::Up up,
               typename C::Down down) {
  detail::MatrixStep<M, C>(layer, data, c, up, down).run();
}
/// Of a function's.
template <class F, class C>
void take_step(const kind::Elementwise<F>& layer, const Pointwise& data, C& c, typename C::Up up,
               typename C::Down down) {
  detail::step_of_function(layer, data, c, up, down);
}
/// Of a maximum's.
template <class W, class C>
void take_step(const kind::Max<W>& layer, const WindowShares& data, C& c, typename C::Up up,
               typename C::Down down) {
  detail::step_of_windows(layer, data, c, up, down);
}
/// Of a product's.
template <class C>
void take_step(const kind::Product& layer, const FactorShares& data, C& c, typename C::Up up,
               typename C::Down down) {
  detail::step_of_product(layer, data, c, up, down);
}
/// Of a softmax's.
template <class C>
void take_step(const kind::Softmax& layer, const RowShares& data, C& c, typename C::Up up,
               typename C::Down down) {
  detail::step_of_softmax(layer, data, c, up, down);
}

/// Whether a kind's data have a meaning at a layer in a form. Throws Error where they ask of a function what
/// it has not.
template <class Kind, class Data>
bool data_serve(const Kind&, const Data& data, Form form) {
  return data.serves(form);
}
/// Of a function's, which may lack a value at 0.
template <class F>
bool data_serve(const kind::Elementwise<F>& layer, const Pointwise& data, Form form) {
  if (!data.serves(form)) return false;
  detail::check_value_at_zero(layer.f, data, form);
  return true;
}

/// What follows from each kind's data of what is read.
template <class M>
Passage passage_of_data(const kind::MatMul<M>& layer, const Shares& data, Form form) {
  const bool bias = layer.bias.size() > 0;
  Passage passage{{data.reads_inputs(form, bias), data.reads_outputs(form, bias)}};
  passage.finishes = data.step != Shares::unchanged;
  if (data.step == Shares::unchanged && layer.input_size() == layer.output_size())
    passage.effect = Passage::unchanged;
  const bool gaps = form == Form::R && map::input_layout_of(layer.map) != map::InputLayout::as_they_lie;
  if ((data.step == Shares::gradient && form != Form::R) || (data.step == Shares::rewired && !gaps) ||
      (form != Form::R && data.epsilon == 0 && data.by_output_alone(bias)))
    passage.effect = Passage::transposed;
  return passage;
}
/// Of a function's.
template <class F>
Passage passage_of_data(const kind::Elementwise<F>& layer, const Pointwise& data, Form form) {
  return detail::passage_of_function(layer, data, form);
}
/// Of a maximum's.
template <class W>
Passage passage_of_data(const kind::Max<W>&, const WindowShares& data, Form) {
  return {data.reads()};
}
/// Of a product's.
inline Passage passage_of_data(const kind::Product& layer, const FactorShares& data, Form form) {
  return {data.in(layer, form).reads(layer, form)};
}
/// Of a softmax's.
inline Passage passage_of_data(const kind::Softmax&, const RowShares& data, Form form) {
  return {data.reads(form)};
}

}  // namespace rule

/// Whether a rule has data for a layer's kind, or an overload of `propagate`.
template <class Kind, class Rule, class C>
inline constexpr bool rule_applies = rule::is_data<Kind, Rule> ||
                                     requires(const Kind& kind, const Rule& rule, C& c, typename C::Up up,
                                              typename C::Down down) {
  propagate(kind, rule, c, up, down);
};

/// One step from a layer's outputs to its inputs; the only way by which containers call a rule.
template <class Kind, class Rule, class C>
void step_back(const Kind& kind, const Rule& rule, C& context, typename C::Up up, typename C::Down down) {
  if constexpr (rule::is_data<Kind, Rule>)
    rule::take_step(kind, rule::DataFor<Kind>::of(rule), context, up, down);
  else if constexpr (rule_applies<Kind, Rule, C>)
    propagate(kind, rule, context, up, down);
  else if constexpr (!std::is_same_v<Rule, rule::Reported>)
    static_assert(
        always_false<Rule>,
        "ascribe: this rule has no meaning for this kind of layer. Choose another, or give it data for the "
        "kind "
        "(matrix(), function(), maximum(), product() or softmax(); see ascribe/layers/rule.hpp), or write "
        "template<class M, class C> void propagate(const ascribe::kind::MatMul<M>&, const YourRule&, C&, "
        "typename C::Up, typename C::Down) in YourRule's namespace (or kind::Elementwise, kind::Max)");
}

/// Whether a rule has a meaning at a layer in a form: as its data say, or the rule itself. A rule that does
/// not say serves all. Throws Error where the rule asks of a function what it has not.
template <class Kind, class Rule>
bool serves([[maybe_unused]] const Kind& kind, [[maybe_unused]] const Rule& rule,
            [[maybe_unused]] Form form) {
  if constexpr (rule::is_data<Kind, Rule>)
    return rule::data_serve(kind, rule::DataFor<Kind>::of(rule), form);
  else if constexpr (requires { Rule::serves(form); })
    return Rule::serves(form);
  else
    return true;
}

/// What is known of a rule's step through a layer.
template <class Kind, class Rule>
Passage passage_of([[maybe_unused]] const Kind& kind, [[maybe_unused]] const Rule& rule,
                   [[maybe_unused]] Form form) {
  if constexpr (rule::is_data<Kind, Rule>)
    return rule::passage_of_data(kind, rule::DataFor<Kind>::of(rule), form);
  else if constexpr (requires { rule.reads(kind, form); })
    return {rule.reads(kind, form)};
  else
    return {};
}

/// Throws Error where one of the rule's parameters is out of range.
template <class Rule>
void check_parameters(const Rule& rule) {
  if constexpr (requires { rule.check(); }) rule.check();
}

}  // namespace ascribe
