/// What every rule has in common, and how a container asks one.
#pragma once

#include <type_traits>

#include <ascribe/core/context.hpp>
#include <ascribe/core/passage.hpp>
#include <ascribe/core/types.hpp>

namespace ascribe {

/// The backward rules. A rule is a small type with its parameters, and one overload of
///
///     template <class M, class C>
///     void propagate(const ascribe::kind::MatMul<M>&, const YourRule&, C&, typename C::Up, typename C::Down)
///
/// (or kind::Elementwise<F>, kind::Max<W>) in its own namespace. It may have
///
///     static constexpr bool serves(Form)   the forms in which it has a meaning; without it, all
///     void check() const                   throws Error where a parameter is out of range
///     static constexpr bool ignores_bias   true where a MatMul's bias takes no part: its share is 0
///     static constexpr const char* name    what descriptions of a network call it
///     std::string parameters() const       its parameters, for the same: "gamma 0.25, epsilon 1e-06"
///     Passage passage(const kind&, Form) const   what it reads of the trace, without which it reads all;
///                                          overloaded for the kinds, as `propagate` is
namespace rule {

/// The rule of a layer that was given none: methods which ask the layers for their rules refuse it.
struct Unset {};

/// Stands for a rule whose absence the compiler has been told of, so that it says it once.
struct Reported {};

template <class Rule>
inline constexpr bool ignores_bias = requires {
  requires Rule::ignores_bias;
};

/// A layer's size that is whatever the neighbours have (elementwise functions).
inline constexpr int any_size = -2;

}  // namespace rule

template <class Kind, class Rule, class C>
inline constexpr bool rule_applies = requires(const Kind& kind, const Rule& rule, C& c, typename C::Up up,
                                              typename C::Down down) {
  propagate(kind, rule, c, up, down);
};

/// One step from a layer's outputs to its inputs; the only way by which containers call a rule.
template <class Kind, class Rule, class C>
void step_back(const Kind& kind, const Rule& rule, C& context, typename C::Up up, typename C::Down down) {
  if constexpr (rule_applies<Kind, Rule, C>)
    propagate(kind, rule, context, up, down);
  else if constexpr (!std::is_same_v<Rule, rule::Reported>)
    static_assert(
        always_false<Rule>,
        "ascribe: this rule has no meaning for this kind of layer. Choose another, or write "
        "template<class M, class C> void propagate(const ascribe::kind::MatMul<M>&, const YourRule&, C&, "
        "typename C::Up, typename C::Down) in YourRule's namespace (or kind::Elementwise, kind::Max)");
}

/// Whether a rule has a meaning in a form. A rule that does not say serves all.
template <class Rule>
constexpr bool serves(Form form) {
  if constexpr (requires { Rule::serves(form); })
    return Rule::serves(form);
  else
    return true;
}

/// What a rule says of its step through a layer.
template <class Kind, class Rule>
Passage passage_of(const Kind& kind, const Rule& rule, Form form) {
  if constexpr (requires { rule.passage(kind, form); })
    return rule.passage(kind, form);
  else
    return {};
}

/// Throws Error where one of the rule's parameters is out of range.
template <class Rule>
void check_parameters(const Rule& rule) {
  if constexpr (requires { rule.check(); }) rule.check();
}

}  // namespace ascribe
