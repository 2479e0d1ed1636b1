/// The rules Repeat and Guided: the function is applied to what comes back.
#pragma once

#include <ascribe/core/parallel.hpp>
#include <ascribe/core/sum.hpp>
#include <ascribe/layers/elementwise.hpp>

namespace ascribe::rule {

/// f(u), the layer's own function of the backward signal: deconvolution (Zeiler & Fergus 1311.2901) where f
/// is the ReLU. Not linear in u.
struct Repeat {
  static constexpr const char* name = "Repeat";

  template <class F>
  Passage passage(const kind::Elementwise<F>&, Form form) const {
    return {.inputs = form == Form::Q, .outputs = form == Form::Q};
  }

  static constexpr bool serves(Form form) { return form != Form::Delta; }
};

/// f'(a)·max(u, 0): guided backpropagation (Springenberg et al. 1412.6806), for every f.
struct Guided {
  static constexpr const char* name = "Guided";

  template <class F>
  Passage passage(const kind::Elementwise<F>& layer, Form form) const {
    const bool from_value = fn::promises(layer.f).derivative_from_value;
    return {.inputs = !from_value, .outputs = form == Form::Q, .either = from_value};
  }

  static constexpr bool serves(Form form) { return form != Form::Delta; }
};

namespace detail {

/// Σ of what is dropped where d went back: (b − f(0))·u − a·d in Q, u − d in R.
template <class S>
[[gnu::noinline]] S filtered(Index count, bool in_q, const S& f0, const S* a, const S* b, const S* u,
                             const S* d) {
  if (in_q) return sum_of<S>(count, [=](Index i) { return S((b[i] - f0) * u[i] - a[i] * d[i]); });
  return sum_of<S>(count, [=](Index i) { return S(u[i] - d[i]); });
}

/// One loop for both: `back(first, width, a, u, d)` writes what reaches the input.
template <class F, class C, class Back>
void propagate_filtered(const kind::Elementwise<F>& layer, C& c, typename C::Up up, typename C::Down down,
                        Back back) {
  using S = typename C::Scalar;
  const S f0 = fn::at_zero<S>(layer.f);
  const bool in_q = c.form == Form::Q;
  const Index rows = up.rows();
  sum_pieces<S>(rows, up.cols(), c.books.dropped, [&](Index n, Index begin, Index size) {
    S lost(0);
    fn::each_block(size, [&](Index offset, Index width) {
      const Index first = begin + offset, at = n * rows + first;
      const S *a = c.a.data() + at, *u = up.data() + at;
      S* d = down.data() + at;
      back(first, width, a, u, d);
      lost += filtered<S>(width, in_q, f0, a, c.b.data() + at, u, d);
    });
    return lost;
  });
  if (in_q) book_bias(layer, c, up);
}

/// d = d·max(u, 0). The factor is chosen and not the product, so that the loop vectorises.
template <class S>
[[gnu::noinline]] void scale_positive(Index count, const S* u, S* d) {
  const S zero(0);
  for (Index i = 0; i < count; ++i) {
    const S carried = u[i], above = carried > zero ? carried : zero;
    d[i] = d[i] * above;
  }
}

}  // namespace detail

template <class F, class C>
void propagate(const kind::Elementwise<F>& layer, const Repeat&, C& c, typename C::Up up,
               typename C::Down down) {
  using S = typename C::Scalar;
  detail::propagate_filtered(layer, c, up, down, [&](Index first, Index width, const S*, const S* u, S* d) {
    fn::values(layer.f, first, width, u, d);
  });
}

template <class F, class C>
void propagate(const kind::Elementwise<F>& layer, const Guided&, C& c, typename C::Up up,
               typename C::Down down) {
  using S = typename C::Scalar;
  detail::propagate_filtered(layer, c, up, down, [&](Index first, Index width, const S* a, const S* u, S* d) {
    fn::derivatives(layer.f, first, width, a, d);
    detail::scale_positive(width, u, d);
  });
}

}  // namespace ascribe::rule
