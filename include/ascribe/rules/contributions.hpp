/// What the rules of a MatMul share: quotients R/s(z) with their books, and contributions taken by their
/// sign.
#pragma once

#include <cmath>

#include <ascribe/core/error.hpp>
#include <ascribe/core/stabiliser.hpp>
#include <ascribe/core/sum.hpp>
#include <ascribe/layers/matmul.hpp>

namespace ascribe::rule::detail {

inline void check_epsilon(const char* rule, double epsilon) {
  if (!(epsilon >= 0) || !std::isfinite(epsilon))
    fail(rule, ": expected a finite epsilon >= 0, found ", epsilon);
}

/// to_j = R_j/s(z_j) for the outputs j of sample n, with R_j = relevance(j), z_j = denominator(j), and books
/// (s − z)·to to the stabiliser. At ε = 0 an output whose z is 0 passes nothing on, and its R is dropped.
/// `to` may be what the two read from, since they are asked once for j, before to_j is written.
template <class C, class Relevance, class Denominator>
void divide(C& c, Index n, double epsilon, Relevance relevance, Denominator denominator,
            typename C::Scalar* to) {
  using S = typename C::Scalar;
  const Index rows = c.b.rows();
  if (S(epsilon) == S(0)) {
    c.books.dropped(n) += sum_of<S>(rows, [=](Index j) {
      const S z = denominator(j), carried = relevance(j);
      const bool zero = z == S(0);
      const S divisor = zero ? S(1) : z, quotient = carried / divisor;
      to[j] = zero ? S(0) : quotient;
      return zero ? carried : S(0);
    });
  } else {
    c.books.stabiliser(n) += sum_of<S>(rows, [=](Index j) {
      const S z = denominator(j), s = stabilised(z, epsilon), share = relevance(j) / s;
      to[j] = share;
      return S((s - z) * share);
    });
  }
}

/// Books share(bias_j, k) to each bias j, k being its output counted through all samples.
template <class M, class C, class Share>
void book_bias_shares(const kind::MatMul<M>& layer, C& c, Share share) {
  using S = typename C::Scalar;
  const Index period = layer.bias.size(), rows = c.b.rows();
  const S* bias = layer.bias.data();
  for (Index n = 0; n < c.b.cols() && period > 0; ++n) {
    S total(0);  // of the layer, before it meets the books: small shares would be lost in them
    for (Index first = n * rows; first < (n + 1) * rows; first += period) {
      total += sum_of<S>(period, [=](Index k) { return S(share(bias[k], first + k)); });
      if (c.bias_shares)
        for (Index k = 0; k < period; ++k) c.bias_shares[first + k] = share(bias[k], first + k);
    }
    c.books.bias(n) += total;
  }
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

  Contributions(const kind::MatMul<M>& layer, C& c) : layer_(layer), c_(c) {
    int above = 0, below = 0;  // no early way out, so that the loop vectorises
    const S* a = c.a.data();
    const Index count = c.a.size();
    for (Index i = 0; i < count; ++i) {
      above |= a[i] > S(0);
      below |= a[i] < S(0);
    }
    mixed_ = above && below;
    negative_ = below && !above;
  }

  /// z⁺ for Weights::positive, z⁻ for Weights::negative.
  void sum(Weights sign, Outputs z) const {
    if (!mixed_) {
      apply(layer_.map, c_.a, z, negative_ ? opposite(sign) : sign);
    } else {
      const WorkspaceScope<S> scope(c_.workspace);
      auto part_scratch = c_.input_scratch();
      auto rest_scratch = c_.output_scratch();
      auto part = part_scratch.get();
      auto rest = rest_scratch.get();
      keep(Weights::positive, part);
      apply(layer_.map, part, z, sign);
      keep(Weights::negative, part);
      apply(layer_.map, part, rest, opposite(sign));
      z += rest;
    }
    const Index period = layer_.bias.size();
    for (Index first = 0; first < z.size() && period > 0; first += period)
      for (Index k = 0; k < period; ++k) z.data()[first + k] += map::replaced(layer_.bias(k), sign);
  }

  /// R_i as above, and the biases' shares to the books. Without `v`, the negative ones get nothing.
  void hand_back(const Outputs& u, const Outputs* v, typename C::Down down) const {
    const WorkspaceScope<S> scope(c_.workspace);
    auto scratch = c_.input_scratch();
    auto product = scratch.get();
    if (mixed_) {
      down.setZero();
      add_product(Weights::positive, u, Weights::positive, product, down);
      add_product(Weights::negative, u, Weights::negative, product, down);
      if (v) add_product(Weights::negative, *v, Weights::positive, product, down);
      if (v) add_product(Weights::positive, *v, Weights::negative, product, down);
    } else {
      const Weights raises = negative_ ? Weights::negative : Weights::positive;
      apply_transposed(layer_.map, u, down, raises);
      if (v) {
        apply_transposed(layer_.map, *v, product, opposite(raises));
        down += product;
      }
      down.array() *= c_.a.array();
    }
    const S *for_positive = u.data(), *for_negative = v ? v->data() : nullptr;
    if (for_negative)
      book_bias_shares(layer_, c_, [=](const S& bias, Index k) {
        return S(map::replaced(bias, Weights::positive) * for_positive[k] +
                 map::replaced(bias, Weights::negative) * for_negative[k]);
      });
    else
      book_bias_shares(layer_, c_, [=](const S& bias, Index k) {
        return S(map::replaced(bias, Weights::positive) * for_positive[k]);
      });
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
    const Index count = c_.a.size();
    const S zero(0);
    if (sign == Weights::positive)
      for (Index i = 0; i < count; ++i) to[i] = a[i] > zero ? a[i] : zero;
    else
      for (Index i = 0; i < count; ++i) to[i] = a[i] < zero ? a[i] : zero;
  }

  /// down += a± ⊙ W±ᵀ s, each sign its own.
  template <class Product>
  void add_product(Weights weights, const Outputs& s, Weights part, Product& product,
                   typename C::Down& down) const {
    apply_transposed(layer_.map, s, product, weights);
    const S *a = c_.a.data(), *g = product.data();
    S* d = down.data();
    const Index count = c_.a.size();
    const S zero(0);
    if (part == Weights::positive)
      for (Index i = 0; i < count; ++i) {
        const S kept = a[i] > zero ? a[i] : zero;
        d[i] += kept * g[i];
      }
    else
      for (Index i = 0; i < count; ++i) {
        const S kept = a[i] < zero ? a[i] : zero;
        d[i] += kept * g[i];
      }
  }

  const kind::MatMul<M>& layer_;
  C& c_;
  bool mixed_ = false;     ///< activations above and below 0
  bool negative_ = false;  ///< activations below 0 and none above
};

/// Rules that look at the weights alone: R_i = Σ_j ŵ_ij r_j with r = R/s(z), z_j = Σ_i ŵ_ij, ŵ the weights
/// replaced; `with_bias` counts the bias, replaced likewise, as the weight of one more input. z is the same
/// for every sample and is computed for one.
template <class M, class C>
void propagate_by_weights(const kind::MatMul<M>& layer, Weights weights, bool with_bias, double epsilon, C& c,
                          typename C::Up up, typename C::Down down) {
  using S = typename C::Scalar;
  const Index period = layer.bias.size();
  Scratch<S, C::inputs, 1> ones_scratch(c.workspace, down.rows(), 1);
  Scratch<S, C::outputs, 1> sums_scratch(c.workspace, up.rows(), 1);
  auto r_scratch = c.output_scratch();
  auto ones = ones_scratch.get();
  auto sums = sums_scratch.get();
  auto r = r_scratch.get();
  ones.setOnes();
  apply(layer.map, ones, sums, weights);
  for (Index first = 0; first < sums.size() && period > 0 && with_bias; first += period)
    for (Index k = 0; k < period; ++k) sums(first + k) += map::replaced(layer.bias(k), weights);
  const S* z = sums.data();
  for (Index n = 0; n < up.cols(); ++n) {
    const S* u = up.data() + n * up.rows();
    divide(
        c, n, epsilon, [=](Index j) { return u[j]; }, [=](Index j) { return z[j]; }, r.data() + n * r.rows());
  }
  apply_transposed(layer.map, r, down, weights);
  if (!with_bias) return;
  const S* shares = r.data();
  book_bias_shares(layer, c,
                   [=](const S& bias, Index k) { return S(map::replaced(bias, weights) * shares[k]); });
}

}  // namespace ascribe::rule::detail
