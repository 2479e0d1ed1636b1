/// The rule Slope: what LRP's Ignore is once relevance is divided by the activations.
#pragma once

#include <ascribe/core/sum.hpp>
#include <ascribe/layers/elementwise.hpp>

namespace ascribe::rule {

/// (f(a) − f(0))/a · u, the chord slope from 0, f'(0) at a = 0: f(0) is a bias that f adds. In Q the books
/// close with f(0)·Q to the bias. In R (a plain factor, docs/rules.md, identity 8) the rest, (1 − slope)·R,
/// is dropped.
struct Slope {
  static constexpr const char* name = "Slope";

  template <class F>
  Passage passage(const kind::Elementwise<F>& layer, Form form) const {
    const bool from_value = fn::promises(layer.f).slope_from_value;
    const bool books = form == Form::R || !fn::through_origin(layer.f);
    return {.inputs = !from_value,
            .outputs = false,
            .either = from_value,
            .effect = books ? Passage::any : Passage::pointwise};
  }

  static constexpr bool serves(Form form) { return form != Form::Delta; }
};

template <class F, class C>
void propagate(const kind::Elementwise<F>& layer, const Slope&, C& c, typename C::Up up,
               typename C::Down down) {
  using S = typename C::Scalar;
  const Index rows = up.rows();
  sum_pieces<S>(rows, up.cols(), c.books.dropped, [&](Index n, Index begin, Index size) {
    fn::Block<S> slopes;
    S lost(0);
    fn::each_block(size, [&](Index offset, Index width) {
      const Index first = begin + offset, at = n * rows + first;
      fn::slopes(layer.f, first, width, c.a.data() + at, slopes.data());
      if (c.form == Form::Q)
        ascribe::detail::multiply(width, slopes.data(), up.data() + at, down.data() + at);
      else
        lost += ascribe::detail::scale_in_r(width, slopes.data(), up.data() + at, down.data() + at);
    });
    return lost;
  });
  if (c.form == Form::Q) book_bias(layer, c, up);
}

}  // namespace ascribe::rule
