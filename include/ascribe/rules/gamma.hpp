/// The rule Gamma: the contributions with the output's sign are favoured.
#pragma once

#include <array>
#include <atomic>
#include <cmath>
#include <string>

#include <ascribe/core/format.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/sum.hpp>
#include <ascribe/rules/contributions.hpp>

namespace ascribe::rule {

/// Generalised Gamma, for inputs and outputs of any sign (Montavon et al. 2019, *Layer-Wise Relevance
/// Propagation: An Overview*; Andéol et al. 2021; zennit's convention). With c_ij = a_i w_ij,
///
///     R_i = Σ_j (c_ij + γ c_ij±)/s(d_j)·R_j,   d_j = z_j + γ z±_j,   ± the sign of the output z_j,
///
/// biases counted alike. Where z_j = 0 nothing passes, and R_j is dropped. γ = 0 is Normalized wherever
/// z ≠ 0; γ → ∞ tends to ZPlus where z > 0, and to its mirror where z < 0.
///
/// Two products of the forward pass's size where the inputs have one sign, and so has z at every output that
/// carries relevance, the same: the usual case behind a ReLU, with a ReLU above. The favoured contributions
/// are then those of the positive weights, and the way back is one product with w + γw⁺. Three where the
/// outputs have another sign, or both; six where the inputs have both. The stored output serves: z⁻ = z − z⁺,
/// which is asked for where z < 0 and both are negative.
struct Gamma {
  static constexpr const char* name = "Gamma";

  double gamma = 0.25, epsilon = 1e-6;

  static constexpr bool serves(Form form) { return form == Form::R; }
  void check() const {
    detail::check_epsilon(name, epsilon);
    if (!(gamma >= 0) || !std::isfinite(gamma)) fail("Gamma: expected a finite gamma >= 0, found ", gamma);
  }
  std::string parameters() const { return parameters_text({{"gamma", gamma}, {"epsilon", epsilon}}); }
};

namespace detail {

/// kept = R where z ≠ 0, else 0, and d = z + γ·z±, ± the sign of z; returns Σ (R − kept), which is dropped.
template <class S>
[[gnu::noinline]] S favoured_denominators(Index count, const S& gamma, const S* z, const S* plus,
                                          const S* relevance, S* kept, S* d) {
  const S zero(0), more = gamma;
  // Everything is read before it is chosen, and chosen before it is used: docs/design.md, "Loops".
  return sum_of<S>(count, [=](Index j) {
    const S out = z[j], carried = relevance[j], keeps = out == zero ? zero : carried;
    const S sign = out < zero ? S(-1) : S(1), below = out < zero ? out : zero;
    kept[j] = keeps;
    d[j] = out + more * (below + sign * plus[j]);  // z⁺, or z − z⁺ where z < 0
    return S(carried - keeps);
  });
}

/// What the contributions of either sign are multiplied by: r·(1 + γ) those with the sign of z, else r.
template <class S>
[[gnu::noinline]] void favour(Index count, const S& gamma, const S* z, const S* r, S* for_positive,
                              S* for_negative) {
  const S zero(0), favoured = S(1) + gamma;
  for (Index j = 0; j < count; ++j) {
    const S out = z[j], share = r[j], more = favoured * share;
    for_positive[j] = out > zero ? more : share;
    for_negative[j] = out < zero ? more : share;
  }
}

/// The signs of z where R ≠ 0: 1 for any above 0, 2 for any below.
template <class S>
[[gnu::noinline]] int signs_that_carry(Index count, const S* z, const S* kept) {
  int above = 0, below = 0;
  for (Index j = 0; j < count; ++j) {
    const int carries = kept[j] != S(0), over = z[j] > S(0), under = z[j] < S(0);
    above |= carries & over;
    below |= carries & under;
  }
  return above | 2 * below;
}

}  // namespace detail

template <class M, class C>
void propagate(const kind::MatMul<M>& layer, const Gamma& rule, C& c, typename C::Up up,
               typename C::Down down) {
  using S = typename C::Scalar;
  const detail::Contributions<M, C> contributions(layer, c);
  const S gamma = S(rule.gamma);
  const double epsilon = rule.epsilon;
  const bool plain = S(epsilon) == S(0);
  auto r_scratch = c.output_scratch();
  auto r = r_scratch.get();
  contributions.sum(Weights::positive, r);
  const Channels<S> plus = contributions.bias(Weights::positive),
                    minus = contributions.bias(Weights::negative);
  const Index rows = up.rows();
  std::atomic<int> signs{0};
  // Where R is dropped for z = 0, and where for a denominator of 0; the stabiliser's; the biases'.
  const std::array lines{&c.books.dropped, plain ? &c.books.dropped : &c.books.stabiliser, &c.books.bias};
  sum_pieces<S>(rows, up.cols(), lines, [&](Index n, Index begin, Index size) {
    std::array<S, 3> sums{S(0), S(0), S(0)};
    int found = 0;
    fn::each_block(size, [&](Index offset, Index width) {
      const Index first = begin + offset, at = n * rows + first;
      const S* z = c.b.data() + at;
      S* to = r.data() + at;
      fn::Block<S> kept, d;
      sums[0] += detail::favoured_denominators<S>(width, gamma, z, to, up.data() + at, kept.data(), d.data());
      found |= detail::signs_that_carry<S>(width, z, kept.data());
      sums[1] += detail::quotients<S>(width, kept.data(), d.data(), epsilon, to);
      if (plus.period == 0) return;
      detail::favour<S>(width, gamma, z, to, kept.data(), d.data());
      S* shares = c.bias_shares ? c.bias_shares + at : nullptr;
      sums[2] += ascribe::detail::sum_of_channels<S>(plus, first, width, kept.data(), shares) +
                 ascribe::detail::sum_of_channels<S>(minus, first, width, d.data(), shares);
    });
    signs.fetch_or(found, std::memory_order_relaxed);
    return sums;
  });
  const int carried = signs.load();
  if (!contributions.mixed() && !(carried & (contributions.negative() ? 1 : 2))) {
    contributions.hand_back_by(Weights::favouring(rule.gamma), r, down);
    return;
  }
  auto other_scratch = c.output_scratch();
  auto for_negative = other_scratch.get();
  each_piece(rows, up.cols(), [&](Index n, Index first, Index width) {
    const Index at = n * rows + first;
    S* share = r.data() + at;
    detail::favour<S>(width, gamma, c.b.data() + at, share, share, for_negative.data() + at);
  });
  contributions.hand_back(r, &for_negative, down);
}

}  // namespace ascribe::rule
