/// Rules of a maximum as data, and the step back that runs them.
#pragma once

#include <array>

#include <ascribe/core/parallel.hpp>
#include <ascribe/core/passage.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/layers/max.hpp>

namespace ascribe::rule {

/// What the members of a window get: shares s_i of R(b), each at least 0, which add up to 1, or against a
/// baseline multipliers.
struct WindowShares {
  /// Which shares.
  enum Of {
    winner,    ///< all to the first member that is the maximum
    by_value,  ///< by the members' values (rule::Radial)
    limit,     ///< against a baseline: the limit of Rescale through exp, Σ and log (rule::Baseline)
    fold       ///< against a baseline: Rescale on each step of max(a, c) = a + relu(c − a)
  };
  Of of;  ///< which of them

  constexpr bool serves(Form form) const { return of == winner || (of == by_value) == (form != Form::Delta); }
  constexpr Reads reads() const { return {.inputs = true, .outputs = of != fold}; }
};

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

/// A constant that is the maximum takes its share as a bias (a baseline cancels it: dropped there). Under a
/// baseline, what the winner alone does not account for is dropped: (Δb − Δa_winner)·m.
template <class W, class C>
void give_to_winner(const kind::Max<W>& layer, C& c, typename C::Up up, typename C::Down down) {
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
          give_to_winners(width, a + i + lane, b, left.data(), d + i, once);
        });
        S booked(0);
        for (Index l = 0; l < width && (against || window::has_constants<W>); ++l) {
          const S rest = left[std::size_t(l)];  // what no member took: a constant's
          if (!against) {
            booked += share_of_constants(c, n, j + l, c.form == Form::Q ? S(rest * b[l]) : rest);
          } else {
            const Index w = winner(layer.windows, g, lane + l, a, b[l]);
            const S change = w < 0 ? S(0) : S(a[w] - c.a_base.column(n)[w]);
            booked += (b[l] - c.b_base.column(n)[j + l] - change) * u[l];
          }
        }
        return booked;
      });
}

/// With M = max(b, b̄) the winner of the image contributes M − b̄ and that of the baseline b − M; one winner
/// in both has the multiplier 1.
template <class W, class C>
void give_to_limit(const kind::Max<W>& layer, C& c, typename C::Up up, typename C::Down down) {
  using S = typename C::Scalar;
  // Lanes together, and factors of 0 and 1, as in Gradient.
  using Lanes = std::array<S, std::size_t(ascribe::detail::lane_block)>;
  const Index lanes = layer.windows.lanes();
  const bool once = window::is_partition(layer.windows);  // every input is written once
  if (!once) ascribe::detail::set_zero(down.rows(), down.cols(), down.data());
  ascribe::detail::sum_windows<S>(
      layer.windows, up.cols(), c.books.dropped, [&](Index n, Index g, Index lane, Index width) {
        const S zero(0), one(1);  // the body's own: nothing that a loop writes can be them
        const S *a = c.a.data() + n * c.a.rows(), *a0 = c.a_base.column(n) + lane;
        S* d = down.data() + n * down.rows() + lane;
        const Index j = g * lanes + lane;
        const S *b = c.b.data() + n * c.b.rows() + j, *b0 = c.b_base.column(n) + j,
                *u = up.data() + n * up.rows() + j;
        // A winning constant takes nothing: M − b̄ and b − M are 0 where its value is the maximum.
        Lanes rise, fall;  // what the winner of the image contributes, and that of the baseline
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
void give_to_fold(const kind::Max<W>& layer, C& c, typename C::Up up, typename C::Down down) {
  using S = typename C::Scalar;
  const W& windows = layer.windows;
  const Index lanes = windows.lanes();
  ascribe::detail::set_zero(down.rows(), down.cols(), down.data());
  const auto fold = [&](Index n, Index group, Index lane) {
    const S *a = c.a.data() + n * c.a.rows(), *a0 = c.a_base.column(n);
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

/// The unnormalised share of a member (or constant) whose maximum is b; 0 for what takes no part.
template <class S>
S radial_weight(const S& a, const S& b) {
  if (b > S(0)) return a > S(0) ? a : S(0);
  if (b < S(0)) return S(b / a);
  return a == S(0) ? S(1) : S(0);
}

/// s_i·b/a_i, the factor on Q(b): with the weight above, written so that nothing is divided by a_i = 0.
template <class S>
S radial_factor_in_q(const S& a, const S& b, const S& total) {
  if (b > S(0)) return a > S(0) ? S(b / total) : S(0);
  const S weight = radial_weight(a, b);
  return b < S(0) ? S(weight * weight / total) : S(weight / total);
}

template <class W, class C>
void give_by_value(const kind::Max<W>& layer, C& c, typename C::Up up, typename C::Down down) {
  using S = typename C::Scalar;
  const W& windows = layer.windows;
  const Index lanes = windows.lanes();
  const bool in_q = c.form == Form::Q;
  ascribe::detail::set_zero(down.rows(), down.cols(), down.data());
  ascribe::detail::sum_windows<S>(
      windows, up.cols(), c.books.bias, [&](Index n, Index group, Index lane, Index width) {
        const S* a = c.a.data() + n * c.a.rows() + lane;
        S* d = down.data() + n * down.rows() + lane;
        const Index j = group * lanes + lane;
        const S *b = c.b.data() + n * c.b.rows() + j, *u = up.data() + n * up.rows() + j;
        std::array<S, std::size_t(ascribe::detail::lane_block)> totals;
        for (Index l = 0; l < width; ++l) totals[std::size_t(l)] = S(0);
        windows.members(group, [&](Index i) {
          for (Index l = 0; l < width; ++l) totals[std::size_t(l)] += radial_weight(a[i + l], b[l]);
        });
        window::each_constant(windows, [&](double value) {
          for (Index l = 0; l < width; ++l) totals[std::size_t(l)] += radial_weight(S(value), b[l]);
        });
        windows.members(group, [&](Index i) {
          for (Index l = 0; l < width; ++l) {
            const S &member = a[i + l], &total = totals[std::size_t(l)];
            d[i + l] +=
                (in_q ? radial_factor_in_q(member, b[l], total) : S(radial_weight(member, b[l]) / total)) *
                u[l];
          }
        });
        S booked(0);
        if constexpr (window::has_constants<W>)
          for (Index l = 0; l < width; ++l) {
            S share(0);
            windows.constants(
                [&](double value) { share += radial_weight(S(value), b[l]) / totals[std::size_t(l)]; });
            booked += share_of_constants(c, n, j + l, in_q ? S(share * b[l] * u[l]) : S(share * u[l]));
          }
        return booked;
      });
}

/// The whole step.
template <class W, class C>
void step_of_windows(const kind::Max<W>& layer, const WindowShares& rule, C& c, typename C::Up up,
                     typename C::Down down) {
  switch (rule.of) {
    case WindowShares::winner:
      return give_to_winner(layer, c, up, down);
    case WindowShares::by_value:
      return give_by_value(layer, c, up, down);
    case WindowShares::limit:
      return give_to_limit(layer, c, up, down);
    case WindowShares::fold:
      return give_to_fold(layer, c, up, down);
  }
}

}  // namespace detail
}  // namespace ascribe::rule
