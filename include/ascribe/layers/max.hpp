/// The layer b = max over windows of a.
#pragma once

#include <utility>

#include <ascribe/core/context.hpp>
#include <ascribe/core/prefetch.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/layers/rule.hpp>
#include <ascribe/windows/windows.hpp>

namespace ascribe {
namespace kind {

/// b_j = max of the members (and constants) of window j, without a rule: what the rules are written
/// against.
template <Windows W>
struct Max {
  static constexpr int inputs = W::inputs, outputs = W::outputs;
  W windows;

  Index input_size() const { return windows.input_size(); }
  Index output_size() const { return windows.output_size(); }
  Index output_size_for(Index) const { return windows.output_size(); }
};

}  // namespace kind

/// The layer: its kind and the rule that it carries for methods that ask each layer (`method::ByLayer`).
template <class W, class Rule = rule::Unset>
struct Max {
  static_assert(
      always_false<W>,
      "ascribe: Max<Windows, Rule> needs windows: inputs, outputs, input_size(), output_size(), lanes() "
      "and members(); see ascribe/windows/windows.hpp");
  template <class... Arguments>
  explicit Max(const Arguments&...) {}  // no second error
};

template <Windows W, class Rule>
struct Max<W, Rule> : kind::Max<W> {
  using Kind = kind::Max<W>;
  [[no_unique_address]] Rule rule;

  /// No default argument: clang would ask for the default of windows that have none.
  Max() requires std::default_initializable<W> : Max(W()) {}
  explicit Max(W w, Rule r = {}) : Kind{std::move(w)}, rule(std::move(r)) {}

  /// The same layer with another rule of its own.
  template <class Other>
  Max<W, Other> with(Other other) const {
    return Max<W, Other>(this->windows, std::move(other));
  }
};

template <class W>
Max(W) -> Max<W>;
template <class W, class Rule>
Max(W, Rule) -> Max<W, Rule>;

template <class W, class A, class B>
void forward(const kind::Max<W>& layer, const A& a, B&& b) {
  using S = typename std::remove_cvref_t<A>::Scalar;
  const W& windows = layer.windows;
  const Index lanes = windows.lanes(), groups = windows.output_size() / lanes;
  for (Index n = 0; n < a.cols(); ++n) {
    const S* from = a.data() + n * a.rows();
    for (Index g = 0; g < groups; ++g) {
      S* to = b.data() + n * b.rows() + g * lanes;
      bool first = true;
      windows.members(g, [&](Index i) {
        const S* member = from + i;
        if (first)
          for (Index l = 0; l < lanes; ++l) to[l] = member[l];
        else
          for (Index l = 0; l < lanes; ++l) to[l] = to[l] < member[l] ? member[l] : to[l];
        first = false;
      });
      window::each_constant(windows, [&](double c) {
        for (Index l = 0; l < lanes; ++l)
          if (first || to[l] < S(c)) to[l] = S(c);
        first = false;
      });
    }
  }
}

/// Asks for the members of windows a few further on: 4 KB ahead of `width` lanes that start at `member`, with
/// `count` scalars from `from` to the trace's end. A step back sees its trace for the first time, and waited
/// for it half of its time.
template <class Scalar>
void prefetch_members(const Scalar* from, Index member, Index width, Index count) {
  constexpr Index scalars = 64 / Index(sizeof(Scalar)), line = scalars > 0 ? scalars : 1;
  for (Index l = 0; l < width; l += line) prefetch(from, member + l + 64 * line, count);
}

/// Books `share` to the constants of output j in sample n.
template <class C>
void book_constants(C& context, Index n, Index j, const typename C::Scalar& share) {
  context.books.bias(n) += share;
  if (context.bias_shares) context.bias_shares[n * context.b.rows() + j] = share;
}

/// The value of member `first_member + lane` of a window, and the maximum's place: what the rules that
/// compare two images ask. `winner` is the first member equal to b; −1 where a constant is the maximum.
template <class W, class Scalar>
Index winner(const W& windows, Index group, Index lane, const Scalar* a, const Scalar& b) {
  Index found = -1;
  windows.members(group, [&](Index i) {
    if (found < 0 && a[i + lane] == b) found = i + lane;
  });
  return found;
}

}  // namespace ascribe
