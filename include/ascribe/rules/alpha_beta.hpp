/// The rule AlphaBeta: positive and negative contributions apart.
#pragma once

#include <array>
#include <atomic>
#include <cmath>
#include <string>

#include <ascribe/core/format.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/rules/contributions.hpp>

namespace ascribe::rule {

/// R_i = Σ_j [α·(a_i w_ij)⁺/s(z⁺_j) − β·(a_i w_ij)⁻/s(z⁻_j)]·R_j, α − β = 1, with z⁺ = Σ (a w)⁺ + bias⁺ and
/// z⁻ = Σ (a w)⁻ + bias⁻ (Bach et al. 2015, eq. 60). Where an output has no negative contribution, its −β·R
/// finds nobody and is the stabiliser's: that is not small.
///
/// Behind a ReLU three products of the forward pass's size: z⁻ = z − z⁺ needs none. Outputs where that would
/// cancel have their z⁻ computed one by one where the map can (`apply_at`) and they are less than one in
/// sixteen, else by a fourth product. For inputs of both signs six, or eight.
struct AlphaBeta {
  static constexpr const char* name = "AlphaBeta";

  double alpha = 2, beta = 1, epsilon = 1e-6;

  template <class M>
  Passage passage(const kind::MatMul<M>&, Form) const {
    return {.outputs = beta != 0};
  }

  static constexpr bool serves(Form form) { return form == Form::R; }
  void check() const {
    detail::check_epsilon(name, epsilon);
    if (!(alpha >= 0) || !(beta >= 0) || !(std::abs(alpha - beta - 1) <= 1e-9))
      fail("AlphaBeta: expected alpha and beta >= 0 with alpha - beta = 1, found alpha ", alpha, " and beta ",
           beta);
  }
  std::string parameters() const {
    return parameters_text({{"alpha", alpha}, {"beta", beta}, {"epsilon", epsilon}});
  }
};

namespace detail {

/// Whether z⁻ = z − z⁺ is to be had without the subtraction: an output whose |z⁻| is less than z⁺/8 would
/// lose more than three bits. A z⁻ that is 0 would even come out as ±1e-7·z in float, and R/s(z⁻) is then as
/// large as R/ε and of either sign. Only outputs that carry relevance are asked.
template <class S>
int cancels(const S& relevance, const S& z, const S& plus) {
  const S minus = z - plus;
  const int carries = relevance != S(0), small = S(-8) * minus < plus;
  return carries & small;
}
/// How many of `count` outputs do.
template <class S>
[[gnu::noinline]] Index count_cancelling(Index count, const S* relevance, const S* z, const S* plus) {
  Index total = 0;
  fn::each_block(count, [&](Index first, Index width) {  // so that an int is enough, which vectorises
    int found = 0;
    for (Index k = first; k < first + width; ++k) found += cancels(relevance[k], z[k], plus[k]);
    total += found;
  });
  return total;
}
/// minus = z − z⁺; the outputs that would cancel are listed, `first` being added to their places.
template <class S>
[[gnu::noinline]] Index subtract(Index count, const S* relevance, const S* z, const S* plus, S* minus,
                                 Index first, Index* list) {
  for (Index k = 0; k < count; ++k) minus[k] = z[k] - plus[k];
  Index found = 0;
  for (Index k = 0; k < count && list; ++k)
    if (cancels(relevance[k], z[k], plus[k])) list[found++] = first + k;
  return found;
}

}  // namespace detail

template <class M, class C>
void propagate(const kind::MatMul<M>& layer, const AlphaBeta& rule, C& c, typename C::Up up,
               typename C::Down down) {
  using S = typename C::Scalar;
  const detail::Contributions<M, C> contributions(layer, c);
  const Index rows = up.rows();
  const S *u = up.data(), *z = c.b.data();
  auto plus_scratch = c.output_scratch();
  auto plus = plus_scratch.get();
  const auto divide = [&](double factor, Weights sign, auto& z_to_r) {
    detail::divide(c, rule.epsilon, u, factor, z_to_r.data(), rows, contributions.bias(sign), z_to_r.data());
  };
  if (rule.beta == 0) {
    contributions.sum(Weights::positive, plus);
    divide(rule.alpha, Weights::positive, plus);
    contributions.hand_back(plus, nullptr, down);
    return;
  }
  std::atomic<Index> cancelling{0};
  contributions.sum(Weights::positive, plus, [&](Index first, Index count, const S* values) {
    const Index found = detail::count_cancelling(count, u + first, z + first, values);
    if (found > 0) cancelling.fetch_add(found, std::memory_order_relaxed);
  });
  auto minus_scratch = c.output_scratch();
  auto minus = minus_scratch.get();
  const Index alone = cancelling.load();
  const bool few = !contributions.mixed() && 16 * alone < up.size() && has_apply_at(layer.map);
  if (alone > 0 && !few) {
    contributions.sum(Weights::negative, minus);
  } else {
    const S* above = plus.data();
    each_piece(rows, up.cols(), [&](Index n, Index begin, Index size) {
      fn::each_block(size, [&](Index offset, Index width) {
        const Index first = begin + offset, at = n * rows + first;
        std::array<Index, std::size_t(fn::block_size)> list;
        S* to = minus.data() + at;
        const Index found =
            detail::subtract(width, u + at, z + at, above + at, to, first, alone > 0 ? list.data() : nullptr);
        if constexpr (PointwiseMap<M>)
          if (found > 0)
            contributions.sum_at(Weights::negative, n, {list.data(), std::size_t(found)}, to - first);
      });
    });
  }
  divide(rule.alpha, Weights::positive, plus);
  divide(-rule.beta, Weights::negative, minus);
  contributions.hand_back(plus, &minus, down);
}

}  // namespace ascribe::rule
