/// The layer b = W a + bias, for any linear map W.
#pragma once

#include <utility>

#include <ascribe/core/context.hpp>
#include <ascribe/core/error.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/layers/rule.hpp>
#include <ascribe/maps/linear_map.hpp>

namespace ascribe {
namespace kind {

/// b = W a + bias, without a rule: what the rules are written against. The bias has no entry (none), or a
/// number of entries that divides the outputs: output j gets entry j mod size, so that a convolution
/// stores one a channel.
template <LinearMap M>
struct MatMul {
  using Scalar = typename M::Scalar;
  /// On the stack for a map whose outputs are known at compile time.
  using Bias = Eigen::Matrix<Scalar, Dynamic, 1, 0, M::outputs, 1>;
  static constexpr int inputs = M::inputs, outputs = M::outputs;

  M map;
  Bias bias;

  /// Throws Error where a weight or bias is not finite, or the bias does not fit the outputs.
  explicit MatMul(M m, Bias b = Bias()) : map(std::move(m)), bias(std::move(b)) {
    if (bias.size() > 0 && map.output_size() % bias.size() != 0)
      fail("MatMul: expected a bias whose size divides the map's ", map.output_size(), " outputs, found ",
           bias.size(), " entries");
    if (!map.weights_are_finite()) fail("MatMul: a weight is NaN or infinite");
    for (Index j = 0; j < bias.size(); ++j)
      if (!math::isfinite(bias(j))) fail("MatMul: bias entry ", j, " is NaN or infinite");
  }

  Index input_size() const { return map.input_size(); }
  Index output_size() const { return map.output_size(); }
  Index output_size_for(Index) const { return map.output_size(); }
};

}  // namespace kind

/// The layer: its kind and the rule that it carries for methods that ask each layer (`method::ByLayer`).
template <class M, class Rule = rule::Unset>
struct MatMul {
  static_assert(always_false<M>,
                "ascribe: MatMul<Map, Rule> needs a linear map: Scalar, inputs, outputs, input_size(), "
                "output_size(), apply(), apply_transposed() and weights_are_finite(); see "
                "ascribe/maps/linear_map.hpp");
  template <class... Arguments>
  explicit MatMul(const Arguments&...) {}  // no second error
};

template <LinearMap M, class Rule>
struct MatMul<M, Rule> : kind::MatMul<M> {
  using Kind = kind::MatMul<M>;
  [[no_unique_address]] Rule rule;

  explicit MatMul(M m, typename Kind::Bias b = {}, Rule r = {})
      : Kind(std::move(m), std::move(b)), rule(std::move(r)) {}
  MatMul(M m, Rule r) : MatMul(std::move(m), {}, std::move(r)) {}

  /// The same layer with another rule of its own.
  template <class Other>
  MatMul<M, Other> with(Other other) const {
    return MatMul<M, Other>(this->map, this->bias, std::move(other));
  }
};

template <class M>
MatMul(M) -> MatMul<M>;
template <class M, class Bias>
requires std::convertible_to<Bias, typename kind::MatMul<M>::Bias> MatMul(M, Bias)
->MatMul<M>;
template <class M, class Rule>
requires(!std::convertible_to<Rule, typename kind::MatMul<M>::Bias>) MatMul(M, Rule)
->MatMul<M, Rule>;
template <class M, class Bias, class Rule>
MatMul(M, Bias, Rule) -> MatMul<M, Rule>;

template <class M, class A, class B>
void forward(const kind::MatMul<M>& layer, const A& a, B&& b) {
  apply(layer.map, a, b);
  const Index period = layer.bias.size();
  if (period == 0) return;
  // The bias repeats along a column and from column to column: one matrix of `period` rows sees it once.
  Eigen::Map<Eigen::Matrix<typename M::Scalar, Dynamic, Dynamic>> blocks(b.data(), period, b.size() / period);
  blocks.colwise() += layer.bias;
}

namespace detail {

/// Σ blocks(c, k)·bias(c): 16 channels at a time, whose sums stay in registers, since a column of a few
/// channels is too short a loop to be worth its start.
template <class Blocks, class Bias>
typename Bias::Scalar sum_of_channels(const Blocks& blocks, const Bias& bias) {
  using S = typename Bias::Scalar;
  constexpr Index lanes = 16;
  S total(0);
  Index c = 0;
  for (; c + lanes <= bias.size(); c += lanes) {
    Eigen::Array<S, int(lanes), 1> sums = Eigen::Array<S, int(lanes), 1>::Zero();
    for (Index k = 0; k < blocks.cols(); ++k) sums += blocks.col(k).template segment<lanes>(c);
    total += (sums * bias.template segment<lanes>(c).array()).sum();
  }
  const Index rest = bias.size() - c;
  if (rest > 0) total += (blocks.bottomRows(rest).colwise() * bias.tail(rest).array()).sum();
  return total;
}

}  // namespace detail

/// Books Σ_j bias_j·u_j to the biases, u being the factor (r or Q) that the rule hands to a bias.
template <class M, class C, class U>
void book_bias(const kind::MatMul<M>& layer, C& context, const U& u) {
  using S = typename M::Scalar;
  const Index period = layer.bias.size();
  if (period == 0) return;
  for (Index n = 0; n < u.cols(); ++n) {
    const Eigen::Map<const Eigen::Array<S, Dynamic, Dynamic>> blocks(u.data() + n * u.rows(), period,
                                                                     u.rows() / period);
    if (period == u.rows())
      context.books.bias(n) += layer.bias.dot(blocks.matrix().col(0));
    else
      context.books.bias(n) += detail::sum_of_channels(blocks, layer.bias);
    if (context.bias_shares)
      Eigen::Map<Eigen::Array<S, Dynamic, Dynamic>>(context.bias_shares + n * u.rows(), period,
                                                    u.rows() / period) =
          blocks.colwise() * layer.bias.array();
  }
}

}  // namespace ascribe
