/// The rules Repeat and Guided: the function is applied to what comes back.
#pragma once

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

/// One loop for both: `back(first, width, a, u, d)` writes what reaches the input. In Q the books hold f(0)·Q
/// for the bias and (b − f(0))·Q − a·back for what is dropped; in R what is dropped is R − back.
template <class F, class C, class Back>
void propagate_filtered(const kind::Elementwise<F>& layer, C& c, typename C::Up up, typename C::Down down,
                        Back back) {
  using S = typename C::Scalar;
  const S f0 = fn::at_zero<S>(layer.f);
  const bool in_q = c.form == Form::Q;
  for (Index n = 0; n < up.cols(); ++n) {
    S lost(0);
    fn::each_block(up.rows(), [&](Index first, Index width) {
      const S *a = c.a.data() + n * c.a.rows() + first, *b = c.b.data() + n * c.b.rows() + first,
              *u = up.data() + n * up.rows() + first;
      S* d = down.data() + n * down.rows() + first;
      back(first, width, a, u, d);
      lost += sum_of<S>(width,
                        [=](Index i) { return in_q ? S((b[i] - f0) * u[i] - a[i] * d[i]) : S(u[i] - d[i]); });
    });
    c.books.dropped(n) += lost;
  }
  if (in_q) book_bias(layer, c, up);
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
    for (Index i = 0; i < width; ++i) d[i] = u[i] > S(0) ? S(d[i] * u[i]) : S(0);
  });
}

}  // namespace ascribe::rule
