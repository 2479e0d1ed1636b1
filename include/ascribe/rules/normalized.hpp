/// The rule Normalized: relevance in proportion to the contributions.
#pragma once

#include <string>

#include <ascribe/core/format.hpp>
#include <ascribe/core/stabiliser.hpp>
#include <ascribe/core/sum.hpp>
#include <ascribe/layers/matmul.hpp>
#include <ascribe/rules/contributions.hpp>

namespace ascribe::rule {

/// R_i = Σ_j a_i w_ij / s(b_j) · R_j, with b_j's bias in the denominator (LRP-ε: Bach et al. 2015, eq. 58;
/// LRP-0 at ε = 0, where an output of exactly 0 passes nothing on and its R is booked as dropped).
/// In Q it is Gradient of q = (b/s(b))·Q; against a reference the same with Δb for b.
struct Normalized {
  static constexpr const char* name = "Normalized";

  double epsilon = 1e-6;

  template <class M>
  Passage passage(const kind::MatMul<M>&, Form form) const {
    if (form == Form::R) return {};
    return {.inputs = false,
            .outputs = epsilon != 0,
            .effect = epsilon == 0 ? Passage::transposed : Passage::any};
  }

  void check() const { detail::check_epsilon(name, epsilon); }
  std::string parameters() const { return parameters_text({{"epsilon", epsilon}}); }
};

template <class M, class C>
void propagate(const kind::MatMul<M>& layer, const Normalized& rule, C& c, typename C::Up up,
               typename C::Down down) {
  using S = typename C::Scalar;
  const double epsilon = rule.epsilon;
  if (epsilon == 0 && c.form != Form::R) {  // the quotient b/s(b) is 1, also in the limit at b = 0
    apply_transposed(layer.map, up, down, Weights::as_is, c.finish);
    if (c.form == Form::Q) book_bias(layer, c, up);
    return;
  }
  auto scratch = c.output_scratch();
  auto r = scratch.get();
  for (Index n = 0; n < up.cols(); ++n) {
    const S *b = c.b.data() + n * c.b.rows(), *u = up.data() + n * up.rows();
    S* to = r.data() + n * r.rows();
    if (c.form == Form::R) {
      detail::divide(
          c, n, epsilon, [=](Index j) { return u[j]; }, [=](Index j) { return b[j]; }, to);
    } else {
      const S* b0 = c.form == Form::Delta ? c.b_ref.column(n) : nullptr;
      c.books.stabiliser(n) += sum_of<S>(up.rows(), [=](Index j) {
        const S z = b0 ? S(b[j] - b0[j]) : b[j];
        const S s = stabilised(z, epsilon), share = z / s * u[j];
        to[j] = share;
        return S((s - z) * share);
      });
    }
  }
  apply_transposed(layer.map, view(r), down);
  if (c.form != Form::Delta) book_bias(layer, c, r);
  if (c.form == Form::R) down.array() *= c.a.array();
}

}  // namespace ascribe::rule
