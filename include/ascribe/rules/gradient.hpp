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
};

/// Q books bias·Q, since z = Σ a·w + bias. R is not conserved: Σ_j R_j·(1 − Σ_i w_ij) is dropped, for which
/// the column sums are computed. Against a reference nothing is lost: biases cancel.
template <class M, class C>
void propagate(const kind::MatMul<M>& layer, const Gradient&, C& c, typename C::Up up,
               typename C::Down down) {
  // In Q and Delta no rule divides what it is handed, or divides by it. A relevance is divided by outputs.
  apply_transposed(layer.map, up, down, c.form == Form::R ? Weights::as_is : Weights::approximate);
  if (c.form == Form::Q) book_bias(layer, c, up);
  if (c.form == Form::R) {
    auto ones_scratch = c.input_scratch();
    auto sums_scratch = c.output_scratch();
    auto ones = ones_scratch.get();
    auto sums = sums_scratch.get();
    ones.setOnes();
    apply(layer.map, ones, sums);
    c.books.dropped += (up.array() * (typename C::Scalar(1) - sums.array())).colwise().sum();
  }
}

/// What f'(a)·u does not account for is dropped: (b − f(0) − a·f'(a))·Q, 0 for functions that are linear
/// pieces through the origin (FullGrad's implicit bias, Srinivas & Fleuret 1905.00780).
template <class F, class C>
void propagate(const kind::Elementwise<F>& layer, const Gradient&, C& c, typename C::Up up,
               typename C::Down down) {
  using S = typename C::Scalar;
  const S f0 = fn::at_zero<S>(layer.f);
  const Form form = c.form;
  fn::Block<S> slopes;
  for (Index n = 0; n < up.cols(); ++n) {
    S lost(0);
    fn::each_block(up.rows(), [&](Index first, Index width) {
      const S *a = c.a.data() + n * c.a.rows() + first, *b = c.b.data() + n * c.b.rows() + first,
              *u = up.data() + n * up.rows() + first, *slope = slopes.data();
      S* d = down.data() + n * down.rows() + first;
      fn::derivatives(layer.f, first, width, a, slopes.data());
      if (form == Form::Q) {
        lost += sum_of<S>(width, [=](Index i) {
          d[i] = slope[i] * u[i];
          return S((b[i] - f0 - a[i] * slope[i]) * u[i]);
        });
      } else if (form == Form::R) {
        lost += sum_of<S>(width, [=](Index i) {
          d[i] = slope[i] * u[i];
          return S((S(1) - slope[i]) * u[i]);
        });
      } else {
        const S *a0 = c.a_ref.column(n) + first, *b0 = c.b_ref.column(n) + first;
        lost += sum_of<S>(width, [=](Index i) {
          d[i] = slope[i] * u[i];
          return S((b[i] - b0[i] - (a[i] - a0[i]) * slope[i]) * u[i]);
        });
      }
    });
    c.books.dropped(n) += lost;
  }
  if (form == Form::Q) book_bias(layer, c, up);
}

/// A constant that is the maximum takes its share as a bias (a reference cancels it: dropped there). Under a
/// reference, what the winner alone does not account for is dropped: (Δb − Δa_winner)·m.
template <class W, class C>
void propagate(const kind::Max<W>& layer, const Gradient&, C& c, typename C::Up up, typename C::Down down) {
  using S = typename C::Scalar;
  constexpr Index block = 64;  // lanes at a time, so that what is still to be given away stays on the stack
  const Index lanes = layer.windows.lanes(), groups = layer.output_size() / lanes;
  const S zero(0), one(1);
  const bool once = window::is_partition(layer.windows);  // every input is written once
  if (!once) down.setZero();
  for (Index n = 0; n < up.cols(); ++n) {
    const S* a = c.a.data() + n * c.a.rows();
    const S* a0 = c.form == Form::Delta ? c.a_ref.column(n) : nullptr;
    S* d = down.data() + n * down.rows();
    for (Index g = 0; g < groups; ++g) {
      for (Index first = 0; first < lanes; first += block) {
        const Index width = lanes - first < block ? lanes - first : block, j = g * lanes + first;
        const S *b = c.b.data() + n * c.b.rows() + j, *u = up.data() + n * up.rows() + j;
        std::array<S, std::size_t(block)> left;
        for (Index l = 0; l < width; ++l) left[std::size_t(l)] = u[l];
        // Factors of 0 and 1: GCC 12 would turn a choice of what to give into branches.
        const auto give = [&](const S& member, Index l) {
          const S wins = member == b[l] ? one : zero, won = wins * left[std::size_t(l)];
          left[std::size_t(l)] -= won;
          return won;
        };
        layer.windows.members(g, [&](Index i) {
          prefetch_members(a, i + first, width, c.a.size() - n * c.a.rows());
          const S* member = a + i + first;
          S* to = d + i + first;  // no rule's output is its input: nothing is to be checked per loop
          if (once)
            for (Index l = 0; l < width; ++l) to[l] = give(member[l], l);
          else
            for (Index l = 0; l < width; ++l) to[l] += give(member[l], l);
        });
        for (Index l = 0; l < width && (a0 || window::has_constants<W>); ++l) {
          const S rest = left[std::size_t(l)];  // what no member took: a constant's
          if (a0 == nullptr) {
            book_constants(c, n, j + l, c.form == Form::Q ? S(rest * b[l]) : rest);
          } else {
            const Index w = winner(layer.windows, g, first + l, a, b[l]);
            const S change = w < 0 ? S(0) : S(a[w] - a0[w]);
            c.books.dropped(n) += (b[l] - c.b_ref.column(n)[j + l] - change) * u[l];
          }
        }
      }
    }
  }
}

}  // namespace ascribe::rule
