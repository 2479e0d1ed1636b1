/// The layer b = max over windows of a.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include <ascribe/core/context.hpp>
#include <ascribe/core/parallel.hpp>
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
  W windows;  ///< which inputs each output is the maximum of

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
  /// Takes anything: one error is enough.
  template <class... Arguments>
  explicit Max(const Arguments&...) {}  // no second error
};

/// The layer of windows.
template <Windows W, class Rule>
struct Max<W, Rule> : kind::WithRule<kind::Max<W>, Rule> {
  using Kind = kind::Max<W>;

  /// No default argument: clang would ask for the default of windows that have none.
  Max() requires std::default_initializable<W> : Max(W()) {}
  /// Of windows, and a rule of its own.
  explicit Max(W w, Rule r = {}) : kind::WithRule<Kind, Rule>(Kind{std::move(w)}, std::move(r)) {}

  /// The same layer with another rule of its own.
  template <class Other>
  Max<W, Other> with(Other other) const {
    return Max<W, Other>(this->windows, std::move(other));
  }
};

/// Without a rule.
template <class W>
Max(W) -> Max<W>;
/// With a rule.
template <class W, class Rule>
Max(W, Rule) -> Max<W, Rule>;

namespace detail {

/// How many lanes of a group of windows are looked at at a time: what is known of each stays on the stack.
inline constexpr Index lane_block = 64;

/// Calls body(group, lane, width) for the outputs first … first + count − 1, neighbouring lanes of one group
/// together.
template <class Body>
void each_lanes(Index lanes, Index first, Index count, Body&& body) {
  Index group = first / lanes, lane = first % lanes;
  for (const Index end = first + count; first < end;) {
    const Index width = std::min({lane_block, lanes - lane, end - first});
    body(group, lane, width);
    first += width;
    lane += width;
    if (lane == lanes) lane = 0, ++group;
  }
}

/// totals(n) += Σ of what part(n, group, lane, width) returns, which is called for all lanes of all groups of
/// windows, by several threads. Different threads never have windows with an input in common, and those
/// that have one come in their order: what goes back to an input may be added up.
template <class S, class W, class Row, class Part>
void sum_windows(const W& windows, Index samples, Row& totals, Part&& part) {
  const Index lanes = windows.lanes(), outputs = windows.output_size(), groups = outputs / lanes;
  if (window::is_partition(windows)) {
    sum_pieces<S>(outputs, samples, totals, [&](Index n, Index first, Index width) {
      S sum(0);
      each_lanes(lanes, first, width, [&](Index g, Index l, Index w) { sum += part(n, g, l, w); });
      return sum;
    });
    return;
  }
  Index strip = window::lanes_are_apart(windows) ? lane_block : lanes;
  // A few samples are not enough for the threads: narrower strips, of a cache line at least.
  while (strip > 16 && strip <= lane_block && samples * ((lanes + strip - 1) / strip) < 4) strip /= 2;
  const std::array<Row*, 1> line{&totals};
  sum_parts<S>(samples, (lanes + strip - 1) / strip, groups * strip, line, [&](Index n, Index k) {
    const Index begin = k * strip, end = std::min(lanes, begin + strip);
    S sum(0);
    for (Index g = 0; g < groups; ++g)
      for (Index l = begin; l < end; l += lane_block) sum += part(n, g, l, std::min(lane_block, end - l));
    return std::array<S, 1>{sum};
  });
}

/// What goes back is to be added up.
template <class S>
void set_zero(Index rows, Index samples, S* values) {
  each_piece(rows, samples,
             [=](Index n, Index first, Index width) { std::fill_n(values + n * rows + first, width, S(0)); });
}

}  // namespace detail

/// b = the maximum of each window, features × samples.
template <class W, class A, class B>
void forward(const kind::Max<W>& layer, const A& a, B&& b) {
  using S = typename std::remove_cvref_t<A>::Scalar;
  const W& windows = layer.windows;
  const Index lanes = windows.lanes();
  each_piece(b.rows(), a.cols(), [&](Index n, Index begin, Index size) {
    const S* from = a.data() + n * a.rows();
    S* to = b.data() + n * b.rows() + begin;
    detail::each_lanes(lanes, begin, size, [&](Index g, Index lane, Index width) {
      bool first = true;
      windows.members(g, [&](Index i) {
        const S* member = from + i + lane;
        if (first)
          for (Index l = 0; l < width; ++l) to[l] = member[l];
        else
          for (Index l = 0; l < width; ++l) to[l] = to[l] < member[l] ? member[l] : to[l];
        first = false;
      });
      window::each_constant(windows, [&](double c) {
        for (Index l = 0; l < width; ++l)
          if (first || to[l] < S(c)) to[l] = S(c);
        first = false;
      });
      to += width;
    });
  });
}

/// Asks for the members of windows a few further on: 4 KB ahead of `width` lanes that start at `member`, with
/// `count` scalars from `from` to the trace's end. A step back sees its trace for the first time, and waited
/// for it half of its time.
template <class Scalar>
void prefetch_members(const Scalar* from, Index member, Index width, Index count) {
  constexpr Index scalars = 64 / Index(sizeof(Scalar)), line = scalars > 0 ? scalars : 1;
  for (Index l = 0; l < width; l += line) prefetch(from, member + l + 64 * line, count);
}

/// What the constants of output j in sample n take: told as the output's share, for the books to add up.
template <class C>
typename C::Scalar share_of_constants(C& context, Index n, Index j, const typename C::Scalar& share) {
  if (context.bias_shares) context.bias_shares[n * context.b.rows() + j] = share;
  return share;
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
