/// The methods by name, for programs whose users choose one at run time.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

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

/// All that have a name.
using Named = std::tuple<Gradient, GradientTimesInput, Deconvolution, GuidedBackpropagation, Lrp, LrpQ,
                         LrpRadial, DeepLift>;

/// Their names, in that order.
inline constexpr auto names = []<class... Methods>(std::type_identity<std::tuple<Methods...>>) {
  return std::array<std::string_view, sizeof...(Methods)>{Methods::name...};
}(std::type_identity<Named>());

/// Calls `visit(method)` with the method of that name, and returns what it returns. `visit` is compiled for
/// all of them. Throws Error for a name that there is not, and says which there are. Example:
/// `with_method("lrp", {.epsilon = 0.25}, [&](const auto& m) { return net.explain(trace, 3, m).relevance;
/// })`.
template <std::size_t From = 0, class Visit>
decltype(auto) with_method(std::string_view name, const Options& options, Visit&& visit) {
  std::tuple_element_t<From, Named> method;
  if (name == method.name) {
    if constexpr (requires { method.epsilon; }) method.epsilon = options.epsilon;
    return visit(std::as_const(method));
  }
  if constexpr (From + 1 < std::tuple_size_v<Named>) {
    return with_method<From + 1>(name, options, visit);
  } else {
    std::string known;
    for (const std::string_view one : names) known += (known.empty() ? "" : ", ") + std::string(one);
    fail("no method is named '", name, "'; there are ", known);
  }
}

}  // namespace ascribe::method
