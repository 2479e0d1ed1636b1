/// The rule Gradient: the chain rule, for all three kinds.
#pragma once

#include <array>

#include <ascribe/core/sum.hpp>
#include <ascribe/layers/elementwise.hpp>
#include <ascribe/layers/matmul.hpp>
#include <ascribe/layers/max.hpp>

namespace ascribe::rule {

/// MatMul: Σ_j w_ij u_j. Elementwise: f'(a)·u. Max: u to the maximum; a tie goes to the first member.
/// (Simonyan et al. 1312.6034; docs/rules.md.) In the form Q this is LRP's Normalized without a stabiliser.
struct Gradient {
  static constexpr const char* name = "Gradient";

  template <class M>
  Passage passage(const kind::MatMul<M>&, Form form) const {
    return {
        .inputs = false, .outputs = false, .effect = form == Form::R ? Passage::any : Passage::transposed};
  }
  template <class F>
  Passage passage(const kind::Elementwise<F>& layer, Form form) const {
    if (form == Form::Delta) return {};
    const fn::Promises f = fn::promises(layer.f);
    return {.inputs = !f.derivative_from_value,
            .outputs = form == Form::Q && !f.homogeneous,
            .either = f.derivative_from_value,
            .effect = form == Form::Q && f.homogeneous ? Passage::pointwise : Passage::any};
  }
};

/// Q books bias·Q, since z = Σ a·w + bias. R is not conserved: Σ_j R_j·(1 − Σ_i w_ij) is dropped, for which
/// the column sums are computed, for one sample. Against a reference nothing is lost: biases cancel.
template <class M, class C>
void propagate(const kind::MatMul<M>& layer, const Gradient&, C& c, typename C::Up up,
               typename C::Down down) {
  // In Q and Delta no rule divides what it is handed, or divides by it. A relevance is divided by outputs.
  apply_transposed(layer.map, up, down, c.form == Form::R ? Weights::as_is : Weights::approximate, c.finish);
  if (c.form == Form::Q) book_bias(layer, c, up);
  if (c.form == Form::R) {
    using S = typename C::Scalar;
    const Index rows = up.rows();
    Scratch<S, C::inputs, 1> ones_scratch(c.workspace, down.rows(), 1);
    Scratch<S, C::outputs, 1> sums_scratch(c.workspace, rows, 1);
    auto ones = ones_scratch.get();
    auto sums = sums_scratch.get();
    ones.setOnes();
    apply(layer.map, ones, sums);
    sum_pieces<S>(rows, up.cols(), c.books.dropped, [&](Index n, Index first, Index width) {
      const S *u = up.data() + n * rows + first, *sum = sums.data() + first;
      return sum_of<S>(width, [=](Index j) { return S(u[j] * (S(1) - sum[j])); });
    });
  }
}

namespace detail {

/// down = slope ⊙ u; returns Σ (Δb − Δa·slope)·u against a reference a0, b0, and without one Σ (b − f0 −
/// a·slope)·u.
template <class S>
[[gnu::noinline]] S scale_changes(Index count, const S* slope, const S* u, S* down, const S* a, const S* b,
                                  const S* a0, const S* b0, const S& f0) {
  if (!a0)
    return sum_of<S>(count, [=](Index i) {
      const S carried = u[i], factor = slope[i];
      down[i] = factor * carried;
      return S((b[i] - f0 - a[i] * factor) * carried);
    });
  return sum_of<S>(count, [=](Index i) {
    const S carried = u[i], factor = slope[i];
    down[i] = factor * carried;
    return S((b[i] - b0[i] - (a[i] - a0[i]) * factor) * carried);
  });
}

}  // namespace detail

/// What f'(a)·u does not account for is dropped: (b − f(0) − a·f'(a))·Q, 0 for functions that are linear
/// pieces through the origin (FullGrad's implicit bias, Srinivas & Fleuret 1905.00780).
template <class F, class C>
void propagate(const kind::Elementwise<F>& layer, const Gradient&, C& c, typename C::Up up,
               typename C::Down down) {
  using S = typename C::Scalar;
  const S f0 = fn::at_zero<S>(layer.f);
  const Form form = c.form;
  const bool nothing_lost = form == Form::Q && fn::promises(layer.f).homogeneous;
  const Index rows = up.rows();
  sum_pieces<S>(rows, up.cols(), c.books.dropped, [&](Index n, Index begin, Index size) {
    fn::Block<S> slopes;
    S lost(0);
    fn::each_block(size, [&](Index offset, Index width) {
      const Index first = begin + offset, at = n * rows + first;
      const S *a = c.a.data() + at, *u = up.data() + at;
      S* d = down.data() + at;
      fn::derivatives(layer.f, first, width, a, slopes.data());
      if (nothing_lost)
        ascribe::detail::multiply(width, slopes.data(), u, d);
      else if (form == Form::R)
        lost += ascribe::detail::scale_in_r(width, slopes.data(), u, d);
      else
        lost += detail::scale_changes<S>(width, slopes.data(), u, d, a, c.b.data() + at,
                                         form == Form::Delta ? c.a_ref.column(n) + first : nullptr,
                                         form == Form::Delta ? c.b_ref.column(n) + first : nullptr, f0);
    });
    return lost;
  });
  if (form == Form::Q) book_bias(layer, c, up);
}

namespace detail {

/// Hands what is left of the outputs' relevance to those of their members that are the maximum: to = it, or
/// += it where windows overlap. Factors of 0 and 1, since GCC 12 would turn a choice of what to give into
/// branches.
template <class S>
[[gnu::noinline]] void give_to_winners(Index width, const S* member, const S* b, S* EIGEN_RESTRICT left,
                                       S* EIGEN_RESTRICT to, bool once) {
  const S zero(0), one(1);
  if (once)
    for (Index l = 0; l < width; ++l) {
      const S wins = member[l] == b[l] ? one : zero, won = wins * left[l];
      left[l] -= won;
      to[l] = won;
    }
  else
    for (Index l = 0; l < width; ++l) {
      const S wins = member[l] == b[l] ? one : zero, won = wins * left[l];
      left[l] -= won;
      to[l] += won;
    }
}

}  // namespace detail

/// A constant that is the maximum takes its share as a bias (a reference cancels it: dropped there). Under a
/// reference, what the winner alone does not account for is dropped: (Δb − Δa_winner)·m.
template <class W, class C>
void propagate(const kind::Max<W>& layer, const Gradient&, C& c, typename C::Up up, typename C::Down down) {
  using S = typename C::Scalar;
  const Index lanes = layer.windows.lanes();
  const bool once = window::is_partition(layer.windows);  // every input is written once
  const bool against = c.form == Form::Delta;
  if (!once) ascribe::detail::set_zero(down.rows(), down.cols(), down.data());
  auto& line = against ? c.books.dropped : c.books.bias;
  ascribe::detail::sum_windows<S>(
      layer.windows, up.cols(), line, [&](Index n, Index g, Index lane, Index width) {
        const S* a = c.a.data() + n * c.a.rows();
        S* d = down.data() + n * down.rows() + lane;
        const Index j = g * lanes + lane;
        const S *b = c.b.data() + n * c.b.rows() + j, *u = up.data() + n * up.rows() + j;
        std::array<S, std::size_t(ascribe::detail::lane_block)> left;
        for (Index l = 0; l < width; ++l) left[std::size_t(l)] = u[l];
        layer.windows.members(g, [&](Index i) {
          prefetch_members(a, i + lane, width, c.a.size() - n * c.a.rows());
          detail::give_to_winners(width, a + i + lane, b, left.data(), d + i, once);
        });
        S booked(0);
        for (Index l = 0; l < width && (against || window::has_constants<W>); ++l) {
          const S rest = left[std::size_t(l)];  // what no member took: a constant's
          if (!against) {
            booked += share_of_constants(c, n, j + l, c.form == Form::Q ? S(rest * b[l]) : rest);
          } else {
            const Index w = winner(layer.windows, g, lane + l, a, b[l]);
            const S change = w < 0 ? S(0) : S(a[w] - c.a_ref.column(n)[w]);
            booked += (b[l] - c.b_ref.column(n)[j + l] - change) * u[l];
          }
        }
        return booked;
      });
}

}  // namespace ascribe::rule
