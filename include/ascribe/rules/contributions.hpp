/// What the rules of a MatMul share: quotients R/s(z) with their books, and contributions taken by their
/// sign.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <span>

#include <ascribe/core/error.hpp>
#include <ascribe/core/loops.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/stabiliser.hpp>
#include <ascribe/core/sum.hpp>
#include <ascribe/core/workspace.hpp>
#include <ascribe/functions/function.hpp>
#include <ascribe/layers/matmul.hpp>

namespace ascribe::rule::detail {

inline void check_epsilon(const char* rule, double epsilon) {
  if (!(epsilon >= 0) || !std::isfinite(epsilon))
    fail(rule, ": expected a finite epsilon >= 0, found ", epsilon);
}

/// to_k = R_k/s(z_k) for `count` outputs; returns Σ (s − z)·to, the stabiliser's. At ε = 0 an output whose z
/// is 0 passes nothing on, and what is returned is the sum of such R, which is dropped. `to` may be R or z.
template <class S>
[[gnu::noinline]] S quotients(Index count, const S* relevance, const S* z, double epsilon, S* to) {
  // By way of the stack: nothing there can be what a pointer leads to, so that the loops vectorise.
  constexpr Index size = 64;
  using Few = Eigen::Array<S, Dynamic, 1, 0, int(size), 1>;
  Few shares, terms;
  const S zero(0), one(1), eps = S(epsilon);
  S total(0);
  for (Index first = 0; first < count; first += size) {
    const Index width = std::min(size, count - first);
    const S *r = relevance + first, *d = z + first;
    shares.resize(width);
    terms.resize(width);
    S *share = shares.data(), *term = terms.data();
    if (eps == zero)
      for (Index k = 0; k < width; ++k) {
        const bool vanishes = d[k] == zero;
        const S carried = r[k], divisor = vanishes ? one : d[k], quotient = carried / divisor;
        share[k] = vanishes ? zero : quotient;
        term[k] = vanishes ? carried : zero;
      }
    else
      for (Index k = 0; k < width; ++k) {
        const S s = stabilised(d[k], epsilon), quotient = r[k] / s;
        share[k] = quotient;
        term[k] = (s - d[k]) * quotient;
      }
    total += terms.sum();
    std::copy_n(share, width, to + first);
  }
  return total;
}

/// to = factor·R/s(z) over the batch, and the books of it: what the stabiliser takes, or is dropped at ε = 0,
/// and the biases' Σ_j bias_j·to_j. `z_stride` is what lies between two samples' denominators: 0 for one
/// column that serves all. `to` may be z.
template <class C, class S>
void divide(C& c, double epsilon, const S* relevance, double factor, const S* z, Index z_stride,
            const Channels<S>& bias, S* to) {
  const Index rows = c.b.rows();
  auto& line = S(epsilon) == S(0) ? c.books.dropped : c.books.stabiliser;
  const std::array lines{&line, &c.books.bias};
  S* const bias_shares = c.bias_shares;
  sum_pieces<S>(rows, c.b.cols(), lines, [=](Index n, Index begin, Index size) {
    std::array<S, 2> sums{S(0), S(0)};
    fn::Block<S> scaled;
    fn::each_block(size, [&](Index offset, Index width) {
      const Index first = begin + offset, at = n * rows + first;
      const S* r = relevance + at;
      if (factor != 1) {
        ascribe::detail::multiply(width, S(factor), r, scaled.data());
        r = scaled.data();
      }
      sums[0] += quotients<S>(width, r, z + n * z_stride + first, epsilon, to + at);
    });
    const Index at = n * rows + begin;
    if (bias.period > 0)
      sums[1] = ascribe::detail::sum_of_channels<S>(bias, begin, size, to + at,
                                                    bias_shares ? bias_shares + at : nullptr);
    return sums;
  });
}

/// A layer's bias with every entry replaced by f(entry).
template <class S, int Outputs>
class ChangedBias {
 public:
  template <class Bias, class F>
  ChangedBias(const Bias& bias, Workspace<S>& workspace, F f)
      : scratch_(workspace, bias.size(), 1), channels_{scratch_.get().data(), bias.size()} {
    S* values = scratch_.get().data();
    for (Index k = 0; k < bias.size(); ++k) values[k] = f(bias(k));
  }
  const Channels<S>& channels() const { return channels_; }

 private:
  Scratch<S, Outputs, 1> scratch_;
  Channels<S> channels_;
};

/// Which signs there are among `count` numbers: 1 for any above 0, 2 for any below.
template <class S>
[[gnu::noinline]] int signs_among(Index count, const S* a) {
  int above = 0, below = 0;  // no early way out, so that the loop vectorises
  for (Index i = 0; i < count; ++i) {
    above |= a[i] > S(0);
    below |= a[i] < S(0);
  }
  return above | 2 * below;
}

/// The contributions a_i·w_ij to the outputs of a layer, and its biases, taken by their sign. With
/// c⁺ = max(c, 0) and c⁻ = min(c, 0), ZPlus, AlphaBeta and Gamma are all of the form
///
///     R_i = Σ_j (a_i w_ij)⁺ u_j + (a_i w_ij)⁻ v_j        bias_j's share: bias_j⁺ u_j + bias_j⁻ v_j
///
/// and their denominators are made of z⁺_j = Σ_i (a_i w_ij)⁺ + bias_j⁺ and z⁻_j, the same of the negative
/// ones. The activations are asked for their signs: where they have one (behind a ReLU), each sum is one
/// product, and two where they have both.
template <class M, class C>
class Contributions {
 public:
  using S = typename C::Scalar;
  using Outputs = Out<S, C::outputs, C::samples>;

  Contributions(const kind::MatMul<M>& layer, C& c)
      : layer_(layer),
        c_(c),
        plus_(layer.bias, c.workspace, [](const S& b) { return map::replaced(b, Weights::positive); }),
        minus_(layer.bias, c.workspace, [](const S& b) { return map::replaced(b, Weights::negative); }) {
    std::atomic<int> found{0};
    const S* a = c.a.data();
    each_piece(c.a.rows(), c.a.cols(), [&](Index n, Index first, Index width) {
      if (found.load(std::memory_order_relaxed) == 3) return;  // there is no more to be found
      found.fetch_or(signs_among(width, a + n * c.a.rows() + first), std::memory_order_relaxed);
    });
    signs_ = found.load();
  }

  bool mixed() const { return signs_ == 3; }     ///< activations above and below 0
  bool negative() const { return signs_ == 2; }  ///< activations below 0 and none above
  /// bias⁺ for Weights::positive, bias⁻ for Weights::negative.
  const Channels<S>& bias(Weights sign) const {
    return (sign == Weights::positive ? plus_ : minus_).channels();
  }

  /// z⁺ for Weights::positive, z⁻ for Weights::negative; then seen(first, count, values) of runs of them.
  template <class Seen>
  void sum(Weights sign, Outputs z, Seen seen) const {
    const Channels<S> bias_of_sign = bias(sign);
    const auto finish = [&](Index first, Index count, S* values) {
      if (bias_of_sign.period > 0) ascribe::detail::add_channels(bias_of_sign, first, count, values);
      seen(first, count, values);
    };
    if (!mixed()) {
      apply(layer_.map, c_.a, z, negative() ? opposite(sign) : sign, finish_with<S>(finish));
      return;
    }
    const WorkspaceScope<S> scope(c_.workspace);
    auto part_scratch = c_.input_scratch();
    auto rest_scratch = c_.output_scratch();
    auto part = part_scratch.get();
    auto rest = rest_scratch.get();
    keep(Weights::positive, part);
    apply(layer_.map, part, z, sign);
    keep(Weights::negative, part);
    S* to = z.data();
    const auto add = [&](Index first, Index count, S* values) {
      ascribe::detail::add(count, values, to + first);
      finish(first, count, to + first);
    };
    apply(layer_.map, part, rest, opposite(sign), finish_with<S>(add));
  }
  void sum(Weights sign, Outputs z) const {
    sum(sign, z, [](Index, Index, S*) {});
  }

  /// The same of sample n's outputs `at`, for a map that has `apply_at` and inputs of one sign: z(j) of each
  /// such j is written.
  void sum_at(Weights sign, Index n, std::span<const Index> at, S* z) const requires PointwiseMap<M> {
    const Channels<S> bias_of_sign = bias(sign);
    fn::Block<S> values;
    for (std::size_t first = 0; first < at.size(); first += values.size()) {
      const auto some = at.subspan(first, std::min(values.size(), at.size() - first));
      layer_.map.apply_at(c_.a.data() + n * c_.a.rows(), some, values.data(),
                          negative() ? opposite(sign) : sign);
      for (std::size_t k = 0; k < some.size(); ++k)
        z[some[k]] = bias_of_sign.period > 0
                         ? S(values[k] + bias_of_sign.values[some[k] % bias_of_sign.period])
                         : values[k];
    }
  }

  /// R_i = Σ_j (a_i w_ij)⁺ u_j + (a_i w_ij)⁻ v_j. Without `v`, the negative ones get nothing.
  void hand_back(const Outputs& u, const Outputs* v, typename C::Down down) const {
    const S* a = c_.a.data();
    S* to = down.data();
    if (mixed()) {
      const WorkspaceScope<S> scope(c_.workspace);
      auto scratch = c_.input_scratch();
      auto product = scratch.get();
      keep(Weights::positive, product);
      const S* kept = product.data();
      const auto multiply = [&](Index first, Index count, S* values) {
        ascribe::detail::multiply(count, kept + first, values);
      };
      apply_transposed(layer_.map, u, down, Weights::positive, finish_with<S>(multiply));
      add_product(Weights::negative, u, Weights::negative, product, down);
      if (v) add_product(Weights::negative, *v, Weights::positive, product, down);
      if (v) add_product(Weights::positive, *v, Weights::negative, product, down);
      return;
    }
    const Weights raises = negative() ? Weights::negative : Weights::positive;
    if (!v) {
      hand_back_by(raises, u, down);
      return;
    }
    const WorkspaceScope<S> scope(c_.workspace);
    auto scratch = c_.input_scratch();
    auto product = scratch.get();
    apply_transposed(layer_.map, u, down, raises);
    const auto add_and_multiply = [&](Index first, Index count, S* values) {
      ascribe::detail::add(count, values, to + first);
      ascribe::detail::multiply(count, a + first, to + first);
    };
    apply_transposed(layer_.map, *v, product, opposite(raises), finish_with<S>(add_and_multiply));
  }

  /// R_i = a_i Σ_j ŵ_ij u_j, ŵ the weights replaced.
  void hand_back_by(const Weights& weights, const Outputs& u, typename C::Down down) const {
    const S* a = c_.a.data();
    const auto multiply = [a](Index first, Index count, S* values) {
      ascribe::detail::multiply(count, a + first, values);
    };
    apply_transposed(layer_.map, u, down, weights, finish_with<S>(multiply));
  }

 private:
  static Weights opposite(Weights sign) {
    return sign == Weights::positive ? Weights::negative : Weights::positive;
  }

  /// part = a⁺ or a⁻.
  template <class Part>
  void keep(Weights sign, Part& part) const {
    const S* a = c_.a.data();
    S* to = part.data();
    const Index rows = c_.a.rows();
    const bool above = sign == Weights::positive;
    each_piece(rows, c_.a.cols(), [=](Index n, Index first, Index width) {
      ascribe::detail::keep_sign(width, above, a + n * rows + first, to + n * rows + first);
    });
  }

  /// down += a± ⊙ W±ᵀ s, each sign its own.
  template <class Product>
  void add_product(Weights weights, const Outputs& s, Weights part, Product& product,
                   typename C::Down& down) const {
    const S* a = c_.a.data();
    S* to = down.data();
    const bool above = part == Weights::positive;
    const auto add = [&](Index first, Index count, S* values) {
      ascribe::detail::add_kept(count, above, a + first, values, to + first);
    };
    apply_transposed(layer_.map, s, product, weights, finish_with<S>(add));
  }

  const kind::MatMul<M>& layer_;
  C& c_;
  ChangedBias<S, C::outputs> plus_, minus_;
  int signs_ = 0;
};

/// Rules that look at the weights alone: R_i = Σ_j ŵ_ij r_j with r = R/s(z), z_j = Σ_i ŵ_ij, ŵ the weights
/// replaced; `with_bias` counts the bias, replaced likewise, as the weight of one more input. z is the same
/// for every sample and is computed for one.
template <class M, class C>
void propagate_by_weights(const kind::MatMul<M>& layer, Weights weights, bool with_bias, double epsilon, C& c,
                          typename C::Up up, typename C::Down down) {
  using S = typename C::Scalar;
  Scratch<S, C::inputs, 1> ones_scratch(c.workspace, down.rows(), 1);
  Scratch<S, C::outputs, 1> sums_scratch(c.workspace, up.rows(), 1);
  auto r_scratch = c.output_scratch();
  auto ones = ones_scratch.get();
  auto sums = sums_scratch.get();
  auto r = r_scratch.get();
  ChangedBias<S, C::outputs> changed(layer.bias, c.workspace,
                                     [&](const S& b) { return map::replaced(b, weights); });
  const Channels<S> bias = with_bias ? changed.channels() : Channels<S>{nullptr, 0};
  ones.setOnes();
  apply(layer.map, ones, sums, weights);
  if (bias.period > 0) ascribe::detail::add_channels(bias, 0, sums.rows(), sums.data());
  divide(c, epsilon, up.data(), 1, sums.data(), 0, bias, r.data());
  apply_transposed(layer.map, r, down, weights);
}

}  // namespace ascribe::rule::detail
