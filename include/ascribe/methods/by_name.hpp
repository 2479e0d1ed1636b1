/// The methods by name, for programs whose users choose one at run time.
#pragma once

#include <array>
#include <string_view>

#include <ascribe/core/error.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/deconvolution.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>

namespace ascribe::method {

/// What a method chosen by name may be told.
struct Options {
  double epsilon = 1e-6;  ///< of `lrp` and `lrp_radial`
};

inline constexpr std::array<std::string_view, 8> names = {
    Gradient::name, GradientTimesInput::name, Deconvolution::name, GuidedBackpropagation::name, Lrp::name,
    LrpQ::name,     LrpRadial::name,          DeepLift::name};

/// Calls `visit(method)` with the method of that name, and returns what it returns. `visit` is compiled for
/// all of them. Throws Error for a name that there is not, and says which there are. Example:
/// `with_method("lrp", {.epsilon = 0.25}, [&](const auto& m) { return net.explain(trace, 3, m).relevance;
/// })`.
template <class Visit>
decltype(auto) with_method(std::string_view name, const Options& options, Visit&& visit) {
  if (name == Gradient::name) return visit(Gradient{});
  if (name == GradientTimesInput::name) return visit(GradientTimesInput{});
  if (name == Deconvolution::name) return visit(Deconvolution{});
  if (name == GuidedBackpropagation::name) return visit(GuidedBackpropagation{});
  if (name == Lrp::name) return visit(Lrp{{options.epsilon}});
  if (name == LrpQ::name) return visit(LrpQ{});
  if (name == LrpRadial::name) return visit(LrpRadial{{options.epsilon}});
  if (name == DeepLift::name) return visit(DeepLift{});
  std::string known;
  for (const std::string_view one : names) known += (known.empty() ? "" : ", ") + std::string(one);
  fail("no method is named '", name, "'; there are ", known);
}

}  // namespace ascribe::method
