/// Layer-wise relevance propagation: in R, in Q, and with the radial maximum.
#pragma once

#include <algorithm>

#include <ascribe/maps/any_map.hpp>
#include <ascribe/methods/method.hpp>
#include <ascribe/rules/any_rule.hpp>
#include <ascribe/rules/gradient.hpp>
#include <ascribe/rules/ignore.hpp>
#include <ascribe/rules/normalized.hpp>
#include <ascribe/rules/radial.hpp>
#include <ascribe/rules/slope.hpp>

namespace ascribe::method {

/// LRP-ε in R (Bach et al. 2015, eq. 58; Samek et al. 1509.06321): Normalized(ε), Ignore, and `MaxRule` for
/// the maximum. Sums and averages have no weights to stabilise against and keep at most 1e-6 (zennit's Norm);
/// what is left of a batch normalisation hands its relevance on (zennit's Pass).
template <class MaxRule>
struct LrpWith {
  static constexpr Form form = Form::R;
  static constexpr bool times_input = false;

  double epsilon;  ///< the stabiliser

  /// With a stabiliser.
  constexpr explicit LrpWith(double eps = 1e-6) : epsilon(eps) {}

  template <class M>
  auto rule_for(const kind::MatMul<M>& layer) const {
    if constexpr (std::same_as<M, map::AnyMap<typename M::Scalar>>)
      return layer.map.role() == map::Role::scaling ? rule::AnyRule<typename M::Scalar>(rule::Pass())
                                                    : rule::AnyRule<typename M::Scalar>(normalized(layer));
    else if constexpr (is_scaling<M>)
      return rule::Pass();
    else
      return normalized(layer);
  }
  template <class F>
  rule::Ignore rule_for(const kind::Elementwise<F>&) const {
    return {};
  }
  template <class W>
  MaxRule rule_for(const kind::Max<W>&) const {
    return {};
  }

 private:
  template <class M>
  static constexpr bool is_scaling = requires {
    requires M::role == map::Role::scaling;
  };

  template <class M>
  rule::Normalized normalized(const kind::MatMul<M>& layer) const {
    return {map::role_of(layer.map) == map::Role::aggregation ? std::min(epsilon, 1e-6) : epsilon};
  }
};

/// The winner of a maximum takes all.
struct Lrp : LrpWith<rule::Gradient> {
  static constexpr const char* name = "lrp";
  /// With a stabiliser.
  using LrpWith::LrpWith;
};

/// A maximum shares by the values.
struct LrpRadial : LrpWith<rule::Radial> {
  static constexpr const char* name = "lrp_radial";
  /// With a stabiliser.
  using LrpWith::LrpWith;
};

/// LRP divided by the activations: gradients with slopes, without a stabiliser and without a denominator that
/// could vanish. Equals LRP in R at ε = 0 wherever every f(0) = 0; elsewhere it takes f(0) for the bias it
/// is.
struct LrpQ : Table<rule::Gradient, rule::Slope, rule::Gradient> {
  static constexpr const char* name = "lrp_q";
  static constexpr Form form = Form::Q;
  static constexpr bool times_input = true;
};

}  // namespace ascribe::method
