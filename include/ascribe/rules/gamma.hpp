/// The rule Gamma: the contributions with the output's sign are favoured.
#pragma once

#include <cmath>
#include <string>

#include <ascribe/core/format.hpp>
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
/// Three products of the forward pass's size where the inputs have one sign, whatever those of the outputs;
/// else six. The stored output serves: z⁻ = z − z⁺, which is asked for where z < 0 and both are negative.
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

template <class M, class C>
void propagate(const kind::MatMul<M>& layer, const Gamma& rule, C& c, typename C::Up up,
               typename C::Down down) {
  using S = typename C::Scalar;
  const detail::Contributions<M, C> contributions(layer, c);
  const S gamma = S(rule.gamma), favoured = S(1) + gamma, zero(0);
  auto positive_scratch = c.output_scratch();
  auto negative_scratch = c.output_scratch();
  auto for_positive = positive_scratch.get();
  auto for_negative = negative_scratch.get();
  contributions.sum(Weights::positive, for_positive);
  const Index rows = up.rows();
  for (Index n = 0; n < up.cols(); ++n) {
    const S *b = c.b.data() + n * rows, *carried = up.data() + n * rows;
    S *u = for_positive.data() + n * rows, *v = for_negative.data() + n * rows;
    // Everything is read before it is chosen, and chosen before it is used: docs/design.md, "Loops".
    const auto kept = [=](Index j) {
      const S z = b[j], r = carried[j];
      return z == zero ? zero : r;
    };
    const auto denominator = [=](Index j) {
      const S z = b[j], sign = z < zero ? S(-1) : S(1), below = z < zero ? z : zero;
      return S(z + gamma * (below + sign * u[j]));  // z⁺, or z − z⁺ where z < 0
    };
    c.books.dropped(n) += sum_of<S>(rows, [=](Index j) { return S(carried[j] - kept(j)); });
    detail::divide(c, n, rule.epsilon, kept, denominator, v);
    for (Index j = 0; j < rows; ++j) {
      const S r = v[j], more = favoured * r;
      u[j] = b[j] > zero ? more : r;
      v[j] = b[j] < zero ? more : r;
    }
  }
  contributions.hand_back(for_positive, &for_negative, down);
}

}  // namespace ascribe::rule
