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

  static constexpr bool serves(Form form) { return form != Form::Delta; }
};

template <class F, class C>
void propagate(const kind::Elementwise<F>& layer, const Slope&, C& c, typename C::Up up,
               typename C::Down down) {
  using S = typename C::Scalar;
  const F& f = layer.f;
  if (c.form == Form::Q) {
    const S *a = c.a.data(), *u = up.data();
    S* d = down.data();
    const Index count = up.size();
    for (Index i = 0; i < count; ++i) d[i] = fn::chord(f, a[i], S(0)) * u[i];
    book_bias(layer, c, up);
    return;
  }
  for (Index n = 0; n < up.cols(); ++n) {
    const S *a = c.a.data() + n * c.a.rows(), *u = up.data() + n * up.rows();
    S* d = down.data() + n * down.rows();
    c.books.dropped(n) += sum_of<S>(up.rows(), [=, &f](Index i) {
      const S slope = fn::chord(f, a[i], S(0));
      d[i] = slope * u[i];
      return S((S(1) - slope) * u[i]);
    });
  }
}

}  // namespace ascribe::rule
