/// The methods of a Graph by name: those of `ascribe::method`, and the composites of the LRP family.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/methods/by_name.hpp>
#include <ascribe/methods/composite.hpp>
#include <ascribe/rules/alpha_beta.hpp>
#include <ascribe/rules/baseline.hpp>
#include <ascribe/rules/flat.hpp>
#include <ascribe/rules/gamma.hpp>
#include <ascribe/rules/ignore.hpp>
#include <ascribe/rules/normalized.hpp>
#include <ascribe/rules/product.hpp>
#include <ascribe/rules/radial.hpp>
#include <ascribe/rules/softmax.hpp>
#include <ascribe/rules/z_box.hpp>
#include <ascribe/rules/z_plus.hpp>

/// Composites as practitioners use them (Montavon et al. 2019, *Layer-Wise Relevance Propagation: An
/// Overview*, §10.3; Anders et al. 2106.13200), with zennit 0.5.1's conventions: functions and what is left
/// of a batch normalisation hand relevance on, sums and average pools share it by Normalized with ε = 1e-6,
/// and the winner of a maximum takes all. ε is that of convolutions and dense layers.
namespace ascribe::composite {

namespace detail {

/// All of them end with method::Lrp: Normalized for dense layers and with ε of at most 1e-6 for sums and
/// average pools, Ignore for functions and batch normalisations, Gradient for maxima.
template <class Scalar, class ForConvolutions>
Composite<Scalar> epsilon_and(ForConvolutions rule, double epsilon, bool flat_first) {
  Composite<Scalar> composite(Form::R);
  if (flat_first) composite.add(match::first_learned(), rule::Flat{epsilon});
  return composite.add(match::role(map::Role::convolution), std::move(rule))
      .add(match::any(), method::Lrp(epsilon));
}

}  // namespace detail

/// ZPlus for convolutions, Normalized(ε) for dense layers; Flat for the first of either, if asked for.
template <class Scalar>
Composite<Scalar> epsilon_plus(double epsilon = 1e-6, bool flat_first = false) {
  return detail::epsilon_and<Scalar>(rule::ZPlus{epsilon}, epsilon, flat_first);
}

/// AlphaBeta(2, 1) for convolutions, Normalized(ε) for dense layers; Flat for the first of either, if asked
/// for.
template <class Scalar>
Composite<Scalar> epsilon_alpha2_beta1(double epsilon = 1e-6, bool flat_first = false) {
  return detail::epsilon_and<Scalar>(rule::AlphaBeta{2, 1, epsilon}, epsilon, flat_first);
}

/// Gamma for convolutions, Normalized(ε) for dense layers, and ZBox for the first layer with learned weights,
/// if that is a convolution. `low` and `high` are the bounds of the network's inputs: one for all, or one a
/// channel.
template <class Scalar>
Composite<Scalar> epsilon_gamma_box(std::vector<double> low, std::vector<double> high, double gamma = 0.25,
                                    double epsilon = 1e-6) {
  Composite<Scalar> composite(Form::R);
  composite
      .add(match::all(match::first_learned(), match::role(map::Role::convolution)),
           rule::ZBox{std::move(low), std::move(high), epsilon})
      .add(match::role(map::Role::convolution), rule::Gamma{gamma, epsilon})
      .add(match::any(), method::Lrp(epsilon));
  return composite;
}

/// ZPlus for convolutions and dense layers, the gradient for functions and batch normalisations (Zhang et al.
/// 1608.00507 as a table of rules).
template <class Scalar>
Composite<Scalar> excitation_backprop(double epsilon = 1e-6) {
  Composite<Scalar> composite(Form::R);
  composite.add(match::role(map::Role::convolution), rule::ZPlus{epsilon})
      .add(match::role(map::Role::dense), rule::ZPlus{epsilon})
      .add(match::kind(LayerKind::elementwise), rule::Gradient())
      .add(match::role(map::Role::scaling), rule::Gradient())
      .add(match::any(), method::Lrp(epsilon));
  return composite;
}

namespace detail {

/// What AttnLRP and CP-LRP have in common: products share evenly, a divisor is a gate, all else is LRP in Q.
template <class Scalar>
Composite<Scalar>& with_attention(Composite<Scalar>& composite) {
  return composite.add(match::part("Quotient"), rule::GateConstant())
      .add(match::kind(LayerKind::product), rule::EvenSplit())
      .add(match::kind(LayerKind::softmax), rule::Expansion())
      .add(match::any(), method::LrpQ());
}

}  // namespace detail

/// AttnLRP (Achtibat et al. 2402.05602) with ε = 0, which is LRP divided by the activations: Gradient at
/// matrices, Slope at functions, Expansion at softmaxes, EvenSplit at products of activations, GateConstant at
/// the divisors of normalisations.
template <class Scalar>
Composite<Scalar> attn_lrp() {
  Composite<Scalar> composite(Form::Q, true);
  return detail::with_attention(composite);
}

/// CP-LRP (Ali et al. 2202.07304): as attn_lrp, but attention's weights are gates.
template <class Scalar>
Composite<Scalar> cp_lrp() {
  Composite<Scalar> composite(Form::Q, true);
  composite.add(match::kind(LayerKind::softmax), rule::Constant())
      .add(match::part("MatrixProduct"), rule::GateConstant());
  return detail::with_attention(composite);
}

/// AttnLRP for vision transformers: as attn_lrp, with Gamma at dense layers and convolutions (Achtibat et al.
/// 2402.05602, §4.1, where single pixels' relevances are noisy without).
template <class Scalar>
Composite<Scalar> attn_lrp_gamma(double gamma = 0.25, double epsilon = 1e-6) {
  Composite<Scalar> composite(Form::Q, true);
  composite.add(match::role(map::Role::convolution), rule::Gamma{gamma, epsilon})
      .add(match::role(map::Role::dense), rule::Gamma{gamma, epsilon});
  return detail::with_attention(composite);
}

/// What a composite chosen by name may be told.
struct Options {
  double epsilon = 1e-6;  ///< the stabiliser
  double gamma = 0.25;    ///< what Gamma favours contributions by
  /// The bounds of the network's inputs, for ZBox: one for all, or one a channel.
  std::vector<double> low = {0.0}, high = {1.0};
  /// The rule of maxima: "gradient", "radial", or against a baseline "winner" (rule::Baseline) and "fold";
  /// the method's own where empty.
  std::string max_rule = {};
};

namespace detail {

/// visit(name, make) for each, `make(std::type_identity<Scalar>(), options)`: nothing is compiled of a
/// composite that is not made.
template <class Visit>
constexpr void each_named(Visit&& visit) {
  using std::type_identity;
  visit("epsilon_plus",
        []<class S>(type_identity<S>, const Options& o) { return epsilon_plus<S>(o.epsilon); });
  visit("epsilon_plus_flat",
        []<class S>(type_identity<S>, const Options& o) { return epsilon_plus<S>(o.epsilon, true); });
  visit("epsilon_alpha2_beta1",
        []<class S>(type_identity<S>, const Options& o) { return epsilon_alpha2_beta1<S>(o.epsilon); });
  visit("epsilon_alpha2_beta1_flat",
        []<class S>(type_identity<S>, const Options& o) { return epsilon_alpha2_beta1<S>(o.epsilon, true); });
  visit("epsilon_gamma_box", []<class S>(type_identity<S>, const Options& o) {
    return epsilon_gamma_box<S>(o.low, o.high, o.gamma, o.epsilon);
  });
  visit("excitation_backprop",
        []<class S>(type_identity<S>, const Options& o) { return excitation_backprop<S>(o.epsilon); });
  visit("attn_lrp", []<class S>(type_identity<S>, const Options&) { return attn_lrp<S>(); });
  visit("attn_lrp_gamma",
        []<class S>(type_identity<S>, const Options& o) { return attn_lrp_gamma<S>(o.gamma, o.epsilon); });
  visit("cp_lrp", []<class S>(type_identity<S>, const Options&) { return cp_lrp<S>(); });
}

}  // namespace detail

/// The names of the composites that `by_name` makes.
inline constexpr auto names = [] {
  constexpr std::size_t count = [] {
    std::size_t k = 0;
    detail::each_named([&](std::string_view, auto) { ++k; });
    return k;
  }();
  std::array<std::string_view, count> all;
  std::size_t k = 0;
  detail::each_named([&](std::string_view name, auto) { all[k++] = name; });
  return all;
}();

namespace detail {

template <class Scalar>
Composite<Scalar> by_name(std::string_view name, const Options& options) {
  std::optional<Composite<Scalar>> found;
  each_named([&](std::string_view one, auto make) {
    if (name == one) found = make(std::type_identity<Scalar>(), options);
  });
  if (found) return *found;
  for (const std::string_view one : method::names)
    if (name == one)
      return method::with_method(name, {.epsilon = options.epsilon},
                                 [](const auto& m) { return Composite<Scalar>(m); });
  std::string known;
  for (const std::string_view one : method::names) known += std::string(one) + ", ";
  for (const std::string_view one : names) known += std::string(one) + (one == names.back() ? "" : ", ");
  fail("no method is named '", name, "'; there are ", known);
}

}  // namespace detail

/// The method or composite of that name, for a Graph. Throws Error for a name or a max_rule that there is
/// not. Example: `composite::by_name<float>("epsilon_plus")`.
template <class Scalar>
Composite<Scalar> by_name(std::string_view name, const Options& options = {}) {
  Composite<Scalar> method = detail::by_name<Scalar>(name, options);
  if (options.max_rule.empty()) return method;
  Composite<Scalar> changed(method.form, method.times_input);
  const Matcher maxima = match::kind(LayerKind::max);
  if (options.max_rule == "gradient")
    changed.add(maxima, rule::Gradient());
  else if (options.max_rule == "radial")
    changed.add(maxima, rule::Radial());
  else if (options.max_rule == "winner")
    changed.add(maxima, rule::Baseline());
  else if (options.max_rule == "fold")
    changed.add(maxima, rule::BaselineFold());
  else
    fail("no rule of maxima is named '", options.max_rule, "'; there are gradient, radial, winner, fold");
  return changed.add(match::any(), std::move(method));
}

}  // namespace ascribe::composite
