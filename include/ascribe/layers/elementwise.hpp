/// The layer b = f(a), for any elementwise function f.
#pragma once

#include <utility>

#include <ascribe/core/context.hpp>
#include <ascribe/core/loops.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/sum.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/functions/function.hpp>
#include <ascribe/layers/rule.hpp>

namespace ascribe {
namespace kind {

/// b = f(a), feature by feature, without a rule: what the rules are written against.
template <fn::Function F>
struct Elementwise {
  /// Any size: what goes in comes out.
  static constexpr int inputs = rule::any_size, outputs = rule::any_size;
  F f;  ///< the function

  Index output_size_for(Index inputs_found) const { return inputs_found; }
};

}  // namespace kind

/// The layer: its kind and the rule that it carries for methods that ask each layer (`method::ByLayer`).
template <class F, class Rule = rule::Unset>
struct Elementwise {
  static_assert(
      always_false<F>,
      "ascribe: Elementwise<Function, Rule> needs an elementwise function: value(a) and derivative(a), "
      "and chord(a, r) if it has one; see ascribe/functions/function.hpp");
  /// Takes anything: one error is enough.
  template <class... Arguments>
  explicit Elementwise(const Arguments&...) {}  // no second error
};

/// The layer of a function.
template <fn::Function F, class Rule>
struct Elementwise<F, Rule> : kind::WithRule<kind::Elementwise<F>, Rule> {
  using Kind = kind::Elementwise<F>;

  /// No default argument: clang would ask for the default of a function that has none.
  Elementwise() requires std::default_initializable<F> : Elementwise(F()) {}
  /// Of a function, and a rule of its own.
  explicit Elementwise(F function, Rule r = {})
      : kind::WithRule<Kind, Rule>(Kind{std::move(function)}, std::move(r)) {}

  /// The same layer with another rule of its own.
  template <class Other>
  Elementwise<F, Other> with(Other other) const {
    return Elementwise<F, Other>(this->f, std::move(other));
  }
};

/// Without a rule.
template <class F>
Elementwise(F) -> Elementwise<F>;
/// With a rule.
template <class F, class Rule>
Elementwise(F, Rule) -> Elementwise<F, Rule>;

/// b = f(a), features × samples.
template <class F, class A, class B>
void forward(const kind::Elementwise<F>& layer, const A& a, B&& b) {
  const Index rows = a.rows();
  const auto* from = a.data();
  auto* to = b.data();
  each_piece(rows, a.cols(), [&](Index n, Index first, Index width) {
    const Index at = n * rows + first;
    fn::values(layer.f, first, width, from + at, to + at);
  });
}

namespace detail {

/// Σ factor·u.
template <class S>
[[gnu::noinline]] S scaled_sum(Index count, const S& factor, const S* u) {
  return factor * sum_of<S>(count, [=](Index i) { return u[i]; });
}

}  // namespace detail
}  // namespace ascribe
