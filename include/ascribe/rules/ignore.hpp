/// The rule Ignore: an elementwise function hands its relevance on as it is.
#pragma once

#include <ascribe/core/sum.hpp>
#include <ascribe/layers/elementwise.hpp>

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
  const F& f = layer.f;
  const S f0 = fn::at_zero<S>(f);
  const bool at_origin = f0 == S(0);
  if (c.form == Form::R && (at_origin || !rule.biased)) {
    down = up;
    return;
  }
  if (c.form == Form::R) {
    auto scratch = c.output_scratch();
    auto q = scratch.get();
    for (Index n = 0; n < up.cols(); ++n) {
      const S *b = c.b.data() + n * c.b.rows(), *u = up.data() + n * up.rows();
      S *d = down.data() + n * down.rows(), *to = q.data() + n * q.rows();
      c.books.dropped(n) += sum_of<S>(up.rows(), [=](Index i) {
        const bool zero = b[i] == S(0);
        to[i] = zero ? S(0) : S(u[i] / b[i]);
        d[i] = (b[i] - f0) * to[i];
        return zero ? u[i] : S(0);
      });
    }
    book_bias(layer, c, q);
    return;
  }
  const bool raw = !at_origin && !rule.biased;
  fn::Block<S> slopes;
  for (Index n = 0; n < up.cols(); ++n) {
    S lost(0);
    fn::each_block(up.rows(), [&](Index first, Index width) {
      const S *a = c.a.data() + n * c.a.rows() + first, *b = c.b.data() + n * c.b.rows() + first,
              *u = up.data() + n * up.rows() + first, *slope = slopes.data();
      S* d = down.data() + n * down.rows() + first;
      if (!raw) {
        fn::slopes(f, first, width, a, slopes.data());
        for (Index i = 0; i < width; ++i) d[i] = slope[i] * u[i];
        return;
      }
      lost += sum_of<S>(width, [=](Index i) {
        const bool zero = a[i] == S(0);
        d[i] = zero ? S(0) : S(b[i] / a[i] * u[i]);
        return zero ? S(b[i] * u[i]) : S(0);
      });
    });
    c.books.dropped(n) += lost;
  }
  if (!raw) book_bias(layer, c, up);
}

}  // namespace ascribe::rule
