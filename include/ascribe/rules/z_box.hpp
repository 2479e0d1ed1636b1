/// The rule ZBox: for inputs that lie between known bounds, such as pixels.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <ascribe/core/format.hpp>
#include <ascribe/rules/shares.hpp>

namespace ascribe::rule {

/// R_i = Σ_j (a_i w_ij − low_i w_ij⁺ − high_i w_ij⁻)/s(z_j)·R_j, z_j the sum of these over i (the z^B-rule:
/// Montavon et al. 1512.02479). The bias cancels, and padding takes no part: no weight is stored for it.
///
/// Computed as (a − low)·w⁺ + (a − high)·w⁻, whose terms are none of them negative inside the box, so that
/// nothing cancels. Four products of the forward pass's size; it is a rule for the first layer.
/// Example: `ZBox{{-1}, {1}}`, or a bound a channel: `ZBox{{-2.1, -2.0, -1.8}, {2.2, 2.4, 2.6}}`.
struct ZBox {
  static constexpr const char* name = "ZBox";

  /// Each one number, one a channel, or one an input: feature i gets entry i mod size. Throws Error in
  /// `propagate` where that size does not divide the layer's inputs.
  /// The bounds of the inputs: one for all, one a channel, or one each.
  std::vector<double> low, high;
  double epsilon = 1e-6;

  Shares matrix() const {
    Shares shares(contributions() - term(Part::low, Weights::positive) - term(Part::high, Weights::negative),
                  epsilon);
    shares.low = low;
    shares.high = high;
    return shares;
  }
  void check() const {
    check_epsilon(name, epsilon);
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
  static constexpr void each_parameter(auto&& f) {
    f("low", &ZBox::low);
    f("high", &ZBox::high);
    f("epsilon", &ZBox::epsilon);
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

}  // namespace ascribe::rule
