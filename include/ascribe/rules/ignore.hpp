/// The rule Ignore: an elementwise function hands its relevance on as it is.
#pragma once

#include <algorithm>

#include <ascribe/core/parallel.hpp>
#include <ascribe/core/sum.hpp>
#include <ascribe/layers/elementwise.hpp>
#include <ascribe/rules/slope.hpp>

namespace ascribe::rule {

/// R_a = R_b (Bach et al. 2015; zennit's Pass). With f(0) ≠ 0 there are two readings, one where f(0) = 0:
///
/// - plain: f(0)'s share goes to the input too. In Q the raw slope b/a, which has no value at a = 0: an
///   output whose input is exactly 0 and which is not drops b·Q.
/// - `biased`: R_a = (1 − f(0)/b)·R_b, and f(0)/b·R_b to the bias: what Slope does in Q. At b = 0 the
///   shares have no value and R_b is dropped.
struct Ignore {
  static constexpr const char* name = "Ignore";

  bool biased = false;

  template <class F>
  Passage passage(const kind::Elementwise<F>& layer, Form form) const {
    const bool at_origin = fn::through_origin(layer.f);
    if (form == Form::R && (at_origin || !biased))
      return {.inputs = false, .outputs = false, .effect = Passage::unchanged};
    if (form == Form::R) return {.inputs = false};
    if (!at_origin && !biased) return {};
    const bool from_value = fn::promises(layer.f).slope_from_value;
    return {.inputs = !from_value,
            .outputs = false,
            .either = from_value,
            .effect = at_origin ? Passage::pointwise : Passage::any};
  }

  static constexpr bool serves(Form form) { return form != Form::Delta; }
};

template <class F, class C>
void propagate(const kind::Elementwise<F>& layer, const Ignore& rule, C& c, typename C::Up up,
               typename C::Down down) {
  using S = typename C::Scalar;
  const S f0 = fn::at_zero<S>(layer.f);
  const bool at_origin = f0 == S(0), in_r = c.form == Form::R;
  if (in_r && (at_origin || !rule.biased)) {
    each_piece(up.rows(), up.cols(), [&](Index n, Index first, Index width) {
      const Index at = n * up.rows() + first;
      std::copy_n(up.data() + at, width, down.data() + at);
    });
    return;
  }
  const bool raw = !at_origin && !rule.biased;  // in Q
  if (!in_r && !raw) {
    propagate(layer, Slope(), c, up, down);
    return;
  }
  const Index rows = up.rows();
  const S* a = c.a.data();
  const S* b = c.b.data();
  const S* u = up.data();
  S* d = down.data();
  if (raw) {
    sum_pieces<S>(rows, up.cols(), c.books.dropped, [&](Index n, Index first, Index width) {
      const Index at = n * rows + first;
      return sum_of<S>(width, [=](Index k) {
        const Index i = at + k;
        const bool zero = a[i] == S(0);
        d[i] = zero ? S(0) : S(b[i] / a[i] * u[i]);
        return zero ? S(b[i] * u[i]) : S(0);
      });
    });
    return;
  }
  auto scratch = c.output_scratch();
  auto q = scratch.get();
  S* to = q.data();
  sum_pieces<S>(rows, up.cols(), c.books.dropped, [&](Index n, Index first, Index width) {
    const Index at = n * rows + first;
    return sum_of<S>(width, [=](Index k) {
      const Index i = at + k;
      const bool zero = b[i] == S(0);
      to[i] = zero ? S(0) : S(u[i] / b[i]);
      d[i] = (b[i] - f0) * to[i];
      return zero ? u[i] : S(0);
    });
  });
  book_bias(layer, c, q);
}

}  // namespace ascribe::rule
