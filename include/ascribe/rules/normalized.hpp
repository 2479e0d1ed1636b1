/// The rule Normalized: relevance in proportion to the contributions.
#pragma once

#include <string>

#include <ascribe/core/format.hpp>
#include <ascribe/core/loops.hpp>
#include <ascribe/core/parallel.hpp>
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

namespace detail {

/// to = z/s(z)·u with z = b, or b − b0 against a reference; returns Σ (s − z)·to, the stabiliser's.
template <class S>
[[gnu::noinline]] S damped(Index count, const S* b, const S* b0, double epsilon, const S* u, S* to) {
  return sum_of<S>(count, [=](Index j) {
    const S z = b0 ? S(b[j] - b0[j]) : b[j];
    const S s = stabilised(z, epsilon), share = z / s * u[j];
    to[j] = share;
    return S((s - z) * share);
  });
}

}  // namespace detail

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
  const Index rows = up.rows();
  const Channels<S> bias{layer.bias.data(), layer.bias.size()};
  if (c.form == Form::R) {
    detail::divide(c, epsilon, up.data(), 1, c.b.data(), rows, bias, r.data());
    const S* a = c.a.data();
    const auto multiply = [a](Index first, Index count, S* values) {
      ascribe::detail::multiply(count, a + first, values);
    };
    apply_transposed(layer.map, view(r), down, Weights::as_is, finish_with<S>(multiply));
    return;
  }
  sum_pieces<S>(rows, up.cols(), c.books.stabiliser, [&](Index n, Index first, Index width) {
    const Index at = n * rows + first;
    return detail::damped<S>(width, c.b.data() + at, c.b_ref ? c.b_ref.column(n) + first : nullptr, epsilon,
                             up.data() + at, r.data() + at);
  });
  apply_transposed(layer.map, view(r), down);
  if (c.form == Form::Q) ascribe::detail::book_channels(bias, c, r.data());
}

}  // namespace ascribe::rule
