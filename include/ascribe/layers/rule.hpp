/// What every rule has in common.
#pragma once

#include <type_traits>
#include <utility>

namespace ascribe {

/// The backward rules. A rule is a small type with its parameters, and data for each kind of layer that it
/// has a meaning for:
///
///     Shares matrix() const           of a MatMul: a table of shares (rules/shares.hpp)
///     Pointwise function() const      of an Elementwise: a slope and a filter (rules/function_step.hpp)
///     WindowShares maximum() const    of a Max (rules/window_step.hpp)
///     FactorShares product() const    of a product of activations (rules/product_step.hpp)
///     RowShares softmax() const       of a softmax (rules/softmax_step.hpp)
///
/// What it reads of the trace, its cost, the forms in which it has a meaning, its books and every faster way
/// to run it follow from that. It may have
///
///     void check() const                   throws Error where a parameter is out of range
///     static constexpr const char* name    what descriptions of a network call it
///     static void each_parameter(auto&& f)    f("gamma", &YourRule::gamma) for each of its parameters: for
///                                          descriptions, and for derivatives by those that are a double
///
/// A rule that is no such data has an overload, found by argument-dependent lookup, of
///
///     template <class M, class C>
///     void propagate(const ascribe::kind::MatMul<M>&, const YourRule&, C&, typename C::Up, typename C::Down)
///
/// (or kind::Elementwise<F>, kind::Max<W>, kind::Product, kind::Softmax), which reads what is carried at the outputs,
/// overwrites what goes down, and books what it does by its own formula. It is always handed whole samples,
/// and may say
///
///     static constexpr bool serves(Form)   the forms in which it has a meaning; without it, all
///     Reads reads(const kind&, Form) const what it reads of the trace; without it, everything
///
/// and, where explanations are to be differentiated (networks/derivative.hpp), has an overload of
///
///     template <class M, class S>
///     void adjoint(const ascribe::kind::MatMul<M>&, const YourRule&, ascribe::Adjoint<S>&)
namespace rule {

/// The rule of a layer that was given none: methods which ask the layers for their rules refuse it.
struct Unset {};

/// Stands for a rule whose absence the compiler has been told of, so that it says it once.
struct Reported {};

/// A layer's size that is whatever the neighbours have (elementwise functions).
inline constexpr int any_size = -2;

}  // namespace rule

namespace kind {

/// A kind and the rule that a layer of it carries.
template <class Kind, class Rule>
struct WithRule : Kind {
  Rule rule;

  WithRule(Kind kind, Rule r) : Kind(std::move(kind)), rule(std::move(r)) {}
};

/// A rule without data is no member: a function's doubles alone travel in registers on ARM, where GCC prints
/// a note at everything that is passed with an empty member or base.
template <class Kind, class Rule>
requires(std::is_empty_v<Rule>&& std::is_trivially_default_constructible_v<Rule>) struct WithRule<Kind, Rule>
    : Kind {
  static constexpr Rule rule{};

  WithRule(Kind kind, Rule) : Kind(std::move(kind)) {}
};

}  // namespace kind
}  // namespace ascribe
