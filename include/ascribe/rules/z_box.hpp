/// The rule ZBox: for inputs that lie between known bounds, such as pixels.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <ascribe/core/format.hpp>
#include <ascribe/rules/contributions.hpp>

namespace ascribe::rule {

/// R_i = Σ_j (a_i w_ij − low_i w_ij⁺ − high_i w_ij⁻)/s(z_j)·R_j, z_j the sum of these over i (the z^B-rule:
/// Montavon et al. 1512.02479). The bias cancels, and padding takes no part: no weight is stored for it.
///
/// Computed as (a − low)·w⁺ + (a − high)·w⁻, whose terms are none of them negative inside the box, so that
/// nothing cancels. Four products of the forward pass's size; it is a rule for the first layer.
/// Example: `ZBox{{-1}, {1}}`, or a bound a channel: `ZBox{{-2.1, -2.0, -1.8}, {2.2, 2.4, 2.6}}`.
struct ZBox {
  static constexpr const char* name = "ZBox";
  static constexpr bool ignores_bias = true;

  /// Each one number, one a channel, or one an input: feature i gets entry i mod size. Throws Error in
  /// `propagate` where that size does not divide the layer's inputs.
  std::vector<double> low, high;
  double epsilon = 1e-6;

  template <class M>
  Passage passage(const kind::MatMul<M>&, Form) const {
    return {.outputs = false};
  }

  static constexpr bool serves(Form form) { return form == Form::R; }
  void check() const {
    detail::check_epsilon(name, epsilon);
    check_bounds("low", low);
    check_bounds("high", high);
    const std::size_t most = std::max(low.size(), high.size());
    if (most % low.size() != 0 || most % high.size() != 0)
      fail("ZBox: expected low and high of one size, or the one's to divide the other's, found ", low.size(),
           " and ", high.size());
    for (std::size_t k = 0; k < most; ++k)
      if (!(low[k % low.size()] <= high[k % high.size()]))
        fail("ZBox: expected low <= high, found ", low[k % low.size()], " and ", high[k % high.size()],
             " at entry ", k);
  }
  std::string parameters() const {
    return "low " + to_text(low) + ", high " + to_text(high) + ", " + parameters_text({{"epsilon", epsilon}});
  }

 private:
  static void check_bounds(const char* which, const std::vector<double>& bounds) {
    if (bounds.empty())
      fail("ZBox: ", which, ": expected one number, one a channel, or one an input, found none");
    for (std::size_t k = 0; k < bounds.size(); ++k)
      if (!std::isfinite(bounds[k]))
        fail("ZBox: ", which, ": expected finite numbers, found ", bounds[k], " at entry ", k);
  }
};

namespace detail {

/// distance = a − bound, sample by sample.
template <class C, class Distance>
void distance_from(const char* which, const std::vector<double>& bound, const C& c, Distance& distance) {
  using S = typename C::Scalar;
  const Index rows = c.a.rows(), period = Index(bound.size());
  if (period == 0 || rows % period != 0)
    fail("ZBox: ", which, ": expected a size that divides the layer's ", rows, " inputs, found ", period);
  Scratch<S, C::inputs, 1> scratch(c.workspace, rows, 1);
  auto column = scratch.get();
  if (period == 1)
    column.setConstant(S(bound[0]));
  else
    for (Index first = 0; first < rows; first += period)
      for (Index k = 0; k < period; ++k) column(first + k) = S(bound[std::size_t(k)]);
  const S* from = column.data();
  const S* a = c.a.data();
  S* to = distance.data();
  each_piece(rows, c.a.cols(), [=](Index n, Index first, Index width) {
    const S *value = a + n * rows + first, *bound_of = from + first;
    S* d = to + n * rows + first;
    for (Index i = 0; i < width; ++i) d[i] = value[i] - bound_of[i];
  });
}

}  // namespace detail

template <class M, class C>
void propagate(const kind::MatMul<M>& layer, const ZBox& rule, C& c, typename C::Up up,
               typename C::Down down) {
  using S = typename C::Scalar;
  auto low_scratch = c.input_scratch();
  auto high_scratch = c.input_scratch();
  auto product_scratch = c.input_scratch();
  auto z_scratch = c.output_scratch();
  auto r_scratch = c.output_scratch();
  auto above_low = low_scratch.get();
  auto below_high = high_scratch.get();
  auto product = product_scratch.get();
  auto z = z_scratch.get();
  auto r = r_scratch.get();
  detail::distance_from("low", rule.low, c, above_low);
  detail::distance_from("high", rule.high, c, below_high);
  apply(layer.map, above_low, z, Weights::positive);
  const auto add = [&](Index first, Index count, S* values) {
    ascribe::detail::add(count, z.data() + first, values);
  };
  apply(layer.map, below_high, r, Weights::negative, finish_with<S>(add));
  detail::divide(c, rule.epsilon, up.data(), 1, r.data(), up.rows(), Channels<S>{nullptr, 0}, r.data());
  const S *low = above_low.data(), *high = below_high.data();
  S* to = down.data();
  const auto multiply = [=](Index first, Index count, S* values) {
    ascribe::detail::multiply(count, low + first, values);
  };
  apply_transposed(layer.map, r, down, Weights::positive, finish_with<S>(multiply));
  const auto multiply_and_add = [=](Index first, Index count, S* values) {
    ascribe::detail::multiply(count, high + first, values);
    ascribe::detail::add(count, values, to + first);
  };
  apply_transposed(layer.map, r, product, Weights::negative, finish_with<S>(multiply_and_add));
}

}  // namespace ascribe::rule
