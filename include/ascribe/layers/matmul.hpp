/// The layer b = W a + bias, for any linear map W.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include <ascribe/core/context.hpp>
#include <ascribe/core/error.hpp>
#include <ascribe/core/parallel.hpp>
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

  /// W.
  M map;
  Bias bias;  ///< none, or entries whose number divides the outputs'

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
  /// Takes anything: one error is enough.
  template <class... Arguments>
  explicit MatMul(const Arguments&...) {}  // no second error
};

/// The layer of a linear map.
template <LinearMap M, class Rule>
struct MatMul<M, Rule> : kind::WithRule<kind::MatMul<M>, Rule> {
  using Kind = kind::MatMul<M>;

  /// Of a map, a bias and a rule of its own. Throws Error as its kind.
  explicit MatMul(M m, typename Kind::Bias b = {}, Rule r = {})
      : kind::WithRule<Kind, Rule>(Kind(std::move(m), std::move(b)), std::move(r)) {}
  /// Without a bias.
  MatMul(M m, Rule r) : MatMul(std::move(m), {}, std::move(r)) {}

  /// The same layer with another rule of its own.
  template <class Other>
  MatMul<M, Other> with(Other other) const {
    return MatMul<M, Other>(this->map, this->bias, std::move(other));
  }
};

/// A map alone.
template <class M>
MatMul(M) -> MatMul<M>;
/// A map and a bias.
template <class M, class Bias>
requires std::convertible_to<Bias, typename kind::MatMul<M>::Bias> MatMul(M, Bias)
->MatMul<M>;
/// A map and a rule.
template <class M, class Rule>
requires(!std::convertible_to<Rule, typename kind::MatMul<M>::Bias>) MatMul(M, Rule)
->MatMul<M, Rule>;
/// All three.
template <class M, class Bias, class Rule>
MatMul(M, Bias, Rule) -> MatMul<M, Rule>;

/// One number a channel, repeated over outputs: output j has entry j mod period. None where the period is 0.
template <class S>
struct Channels {
  const S* values;  ///< one a channel
  Index period;     ///< how many there are; 0: none
};

namespace detail {

/// Calls body(k, channel, run) for the runs of `count` neighbours from output `first` on, whose channels are
/// neighbours too.
template <class Body>
void each_run_of_channels(Index first, Index count, Index period, Body&& body) {
  Index channel = first % period;
  for (Index k = 0; k < count; channel = 0) {
    const Index run = std::min(period - channel, count - k);
    body(k, channel, run);
    k += run;
  }
}

/// values_k += the number of output first + k.
template <class S>
[[gnu::noinline]] void add_channels(const Channels<S>& channels, Index first, Index count, S* values) {
  each_run_of_channels(first, count, channels.period, [&](Index k, Index channel, Index run) {
    using Run = Eigen::Map<Eigen::Array<S, Dynamic, 1>>;
    Run(values + k, run) += Eigen::Map<const Eigen::Array<S, Dynamic, 1>>(channels.values + channel, run);
  });
}

/// Σ_k the number of output first + k, times u_k; and each term added to shares_k, where they are asked for.
/// Thirty-two sums side by side stay in registers.
template <class S>
[[gnu::noinline]] S sum_of_channels(Channels<S> channels, Index first, Index count, const S* u, S* shares) {
  if (shares)
    each_run_of_channels(first, count, channels.period, [&](Index k, Index channel, Index run) {
      for (Index i = 0; i < run; ++i) shares[k + i] += channels.values[channel + i] * u[k + i];
    });
  constexpr Index lanes = 32, part = 8;
  std::array<S, std::size_t(lanes)> wide;  // a period of a few channels, several times
  if (channels.period < part) {
    const Index longer = lanes / channels.period * channels.period;
    for (Index i = 0; i < longer; ++i) wide[std::size_t(i)] = channels.values[i % channels.period];
    channels = {wide.data(), longer};
  }
  using Lanes = Eigen::Array<S, int(lanes), 1>;
  using Part = Eigen::Array<S, int(part), 1>;
  Lanes sums = Lanes::Zero();
  Part parts = Part::Zero();
  S rest(0);
  each_run_of_channels(first, count, channels.period, [&](Index k, Index channel, Index run) {
    const S *from = u + k, *factor = channels.values + channel;
    Lanes wider = sums;  // of the run's own: what is captured stays in memory
    Part own = parts;
    Index i = 0;
    for (; i + lanes <= run; i += lanes)
      wider += Eigen::Map<const Lanes>(from + i) * Eigen::Map<const Lanes>(factor + i);
    for (; i + part <= run; i += part)
      own += Eigen::Map<const Part>(from + i) * Eigen::Map<const Part>(factor + i);
    sums = wider;
    parts = own;
    for (; i < run; ++i) rest += from[i] * factor[i];
  });
  return S(sums.sum() + parts.sum() + rest);
}

/// Adds Σ_j channels_j·u_j to the biases' line of the books, and the terms to the shares.
template <class S, class C>
void book_channels(const Channels<S>& channels, C& context, const S* u) {
  if (channels.period == 0) return;
  const Index rows = context.b.rows();
  sum_pieces<S>(rows, context.b.cols(), context.books.bias, [&](Index n, Index first, Index width) {
    const Index at = n * rows + first;
    return sum_of_channels<S>(channels, first, width, u + at,
                              context.bias_shares ? context.bias_shares + at : nullptr);
  });
}

}  // namespace detail

/// b = Ŵ a + bias, features × samples, with the weights replaced as `weights` says.
template <class M, class A, class B>
void forward(const kind::MatMul<M>& layer, const A& a, B&& b, const Weights& weights = Weights::as_is) {
  using S = typename M::Scalar;
  if (layer.bias.size() == 0) {
    apply(layer.map, a, b, weights);
    return;
  }
  const Channels<S> bias{layer.bias.data(), layer.bias.size()};
  const auto add = [&](Index first, Index count, S* values) {
    detail::add_channels(bias, first, count, values);
  };
  apply(layer.map, a, b, weights, finish_with<S>(add));
}

/// Books Σ_j bias_j·u_j to the biases, u being the factor (r or Q) that the rule hands to a bias.
template <class M, class C, class U>
void book_bias(const kind::MatMul<M>& layer, C& context, const U& u) {
  using S = typename M::Scalar;
  detail::book_channels(Channels<S>{layer.bias.data(), layer.bias.size()}, context, u.data());
}

}  // namespace ascribe
