/// The rule AlphaBeta: positive and negative contributions apart.
#pragma once

#include <cmath>
#include <string>

#include <ascribe/core/format.hpp>
#include <ascribe/rules/contributions.hpp>

namespace ascribe::rule {

/// R_i = Σ_j [α·(a_i w_ij)⁺/s(z⁺_j) − β·(a_i w_ij)⁻/s(z⁻_j)]·R_j, α − β = 1, with z⁺ = Σ (a w)⁺ + bias⁺ and
/// z⁻ = Σ (a w)⁻ + bias⁻ (Bach et al. 2015, eq. 60). Where an output has no negative contribution, its −β·R
/// finds nobody and is the stabiliser's: that is not small.
///
/// Behind a ReLU three products of the forward pass's size where z⁻ = z − z⁺ keeps its digits, else four;
/// for inputs of both signs six or eight.
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

/// z⁻ = z − z⁺ without a product, unless that would cancel: an output whose |z⁻| is less than z⁺/8 loses more
/// than three bits. A z⁻ that is 0 would even come out as ±1e-7·z in float, and R/s(z⁻) is then as large as
/// R/ε and of either sign. Only outputs that carry relevance are asked. False where the product is needed.
template <class S>
bool subtract(Index count, const S* relevance, const S* z, const S* plus, S* minus) {
  int cancels = 0;  // no early way out, so that the loop vectorises
  for (Index k = 0; k < count; ++k) {
    minus[k] = z[k] - plus[k];
    const int carries = relevance[k] != S(0), small = S(-8) * minus[k] < plus[k];
    cancels |= carries & small;
  }
  return !cancels;
}

}  // namespace detail

template <class M, class C>
void propagate(const kind::MatMul<M>& layer, const AlphaBeta& rule, C& c, typename C::Up up,
               typename C::Down down) {
  using S = typename C::Scalar;
  const detail::Contributions<M, C> contributions(layer, c);
  const auto divide = [&](double factor, auto& z_to_r) {
    const S f = S(factor);
    for (Index n = 0; n < up.cols(); ++n) {
      const S* u = up.data() + n * up.rows();
      S* z = z_to_r.data() + n * z_to_r.rows();
      detail::divide(
          c, n, rule.epsilon, [=](Index j) { return S(f * u[j]); }, [=](Index j) { return z[j]; }, z);
    }
  };
  auto plus_scratch = c.output_scratch();
  auto plus = plus_scratch.get();
  contributions.sum(Weights::positive, plus);
  if (rule.beta == 0) {
    divide(rule.alpha, plus);
    contributions.hand_back(plus, nullptr, down);
    return;
  }
  auto minus_scratch = c.output_scratch();
  auto minus = minus_scratch.get();
  if (!detail::subtract(up.size(), up.data(), c.b.data(), plus.data(), minus.data()))
    contributions.sum(Weights::negative, minus);
  divide(rule.alpha, plus);
  divide(-rule.beta, minus);
  contributions.hand_back(plus, &minus, down);
}

}  // namespace ascribe::rule
