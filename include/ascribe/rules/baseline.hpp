/// The rule Baseline: differences from a reference (DeepLIFT's Rescale), for functions and for maxima.
#pragma once

#include <array>

#include <ascribe/core/parallel.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/layers/elementwise.hpp>
#include <ascribe/layers/max.hpp>

namespace ascribe::rule {

/// Elementwise: m_a = (f(a) − f(ā))/(a − ā)·m_b, f'(a) at a = ā (Rescale: Shrikumar et al. 1704.02685,
/// §3.5.1). Max: the limit of Rescale through exp, Σ and log at growing sharpness. With M = max(b, b̄) the
/// winner of the image contributes M − b̄ and the winner of the reference b − M; one winner in both has the
/// multiplier 1. Multipliers lie in [0, 1], and Σ Δa·m = Δb exactly.
struct Baseline {
  static constexpr const char* name = "Baseline";

  template <class F>
  Passage passage(const kind::Elementwise<F>&, Form) const {
    return {.outputs = false, .effect = Passage::pointwise};
  }

  static constexpr bool serves(Form form) { return form == Form::Delta; }
};

/// Max only: max(a, c) = a + relu(c − a) folded from the first member to the last, Baseline on each relu.
/// Exact too, and for two inputs what integrated gradients give; for more it depends on the members' order.
struct BaselineFold {
  static constexpr const char* name = "BaselineFold";

  template <class W>
  Passage passage(const kind::Max<W>&, Form) const {
    return {.outputs = false};
  }

  static constexpr bool serves(Form form) { return form == Form::Delta; }
};

template <class F, class C>
void propagate(const kind::Elementwise<F>& layer, const Baseline&, C& c, typename C::Up up,
               typename C::Down down) {
  using S = typename C::Scalar;
  const Index rows = up.rows();
  each_piece(rows, up.cols(), [&](Index n, Index begin, Index size) {
    fn::Block<S> chords;
    fn::each_block(size, [&](Index offset, Index width) {
      const Index first = begin + offset, at = n * rows + first;
      fn::chords(layer.f, first, width, c.a.data() + at, c.a_ref.column(n) + first, chords.data());
      ascribe::detail::multiply(width, chords.data(), up.data() + at, down.data() + at);
    });
  });
}

template <class W, class C>
void propagate(const kind::Max<W>& layer, const Baseline&, C& c, typename C::Up up, typename C::Down down) {
  using S = typename C::Scalar;
  // Lanes together, and factors of 0 and 1, as in Gradient.
  using Lanes = std::array<S, std::size_t(ascribe::detail::lane_block)>;
  const Index lanes = layer.windows.lanes();
  const bool once = window::is_partition(layer.windows);  // every input is written once
  if (!once) ascribe::detail::set_zero(down.rows(), down.cols(), down.data());
  ascribe::detail::sum_windows<S>(
      layer.windows, up.cols(), c.books.dropped, [&](Index n, Index g, Index lane, Index width) {
        const S zero(0), one(1);  // the body's own: nothing that a loop writes can be them
        const S *a = c.a.data() + n * c.a.rows(), *a0 = c.a_ref.column(n) + lane;
        S* d = down.data() + n * down.rows() + lane;
        const Index j = g * lanes + lane;
        const S *b = c.b.data() + n * c.b.rows() + j, *b0 = c.b_ref.column(n) + j,
                *u = up.data() + n * up.rows() + j;
        // A winning constant takes nothing: M − b̄ and b − M are 0 where its value is the maximum.
        Lanes rise, fall;  // what the winner of the image contributes, and that of the reference
        Lanes open, open0;
        for (std::size_t l = 0; l < std::size_t(width); ++l) {
          rise[l] = math::max(b[l], b0[l]) - b0[l];
          fall[l] = b[l] - math::max(b[l], b0[l]);
          open[l] = open0[l] = one;
        }
        const auto give = [&](const S& member, const S& member0, std::size_t l) {
          const S equal = member == b[l] ? one : zero, equal0 = member0 == b0[l] ? one : zero;
          const S wins = equal * open[l], wins0 = equal0 * open0[l], both = wins * wins0;
          const S change = member - member0, still = change == zero ? one : zero;
          // Where nothing changes, neither contribution is other than 0.
          const S alone = (wins * rise[l] + wins0 * fall[l]) / (change + still);
          open[l] -= wins;
          open0[l] -= wins0;
          return S((both + (one - both) * alone) * u[l]);
        };
        layer.windows.members(g, [&](Index i) {
          prefetch_members(a, i + lane, width, c.a.size() - n * c.a.rows());
          const S *member = a + i + lane, *member0 = a0 + i;
          S* to = d + i;
          if (once)
            for (std::size_t l = 0; l < std::size_t(width); ++l) to[l] = give(member[l], member0[l], l);
          else
            for (std::size_t l = 0; l < std::size_t(width); ++l) to[l] += give(member[l], member0[l], l);
        });
        return zero;  // it is exact
      });
}

template <class W, class C>
void propagate(const kind::Max<W>& layer, const BaselineFold&, C& c, typename C::Up up,
               typename C::Down down) {
  using S = typename C::Scalar;
  const W& windows = layer.windows;
  const Index lanes = windows.lanes();
  ascribe::detail::set_zero(down.rows(), down.cols(), down.data());
  const auto fold = [&](Index n, Index group, Index lane) {
    const S *a = c.a.data() + n * c.a.rows(), *a0 = c.a_ref.column(n);
    S* d = down.data() + n * down.rows();
    const S u = up(group * lanes + lane, n);
    Index members = 0;
    windows.members(group, [&](Index) { ++members; });
    // Member k has the multiplier ρ_k·Π_{l>k}(1 − ρ_l); ρ_0 = 1. The products are taken by walking the
    // fold once for each member, since windows are small and hand out their members forwards only.
    for (Index k = 0; k < members; ++k) {
      S multiplier(0), running(0), running0(0);
      Index position = 0;
      const auto join = [&](const S& value, const S& value0) {
        const S share = position == 0 ? S(1) : fn::Relu().chord(S(value - running), S(value0 - running0));
        multiplier = position < k ? S(0) : position == k ? share : S(multiplier * (S(1) - share));
        running = position == 0 ? value : math::max(running, value);
        running0 = position == 0 ? value0 : math::max(running0, value0);
        ++position;
      };
      Index own = 0;
      windows.members(group, [&](Index i) {
        if (position == k) own = i + lane;
        join(a[i + lane], a0[i + lane]);
      });
      window::each_constant(windows, [&](double value) { join(S(value), S(value)); });
      d[own] += multiplier * u;
    }
  };
  ascribe::detail::sum_windows<S>(windows, up.cols(), c.books.dropped,
                                  [&](Index n, Index group, Index lane, Index width) {
                                    for (Index l = lane; l < lane + width; ++l) fold(n, group, l);
                                    return S(0);
                                  });
}

}  // namespace ascribe::rule
