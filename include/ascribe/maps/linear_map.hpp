/// The concept of a linear map, and the access to one that layers and rules use.
#pragma once

#include <concepts>
#include <type_traits>

#include <ascribe/core/types.hpp>

/// The linear maps b = W a. Each has
///
///     Scalar                    its weights' type
///     inputs, outputs           sizes known at compile time, or Dynamic (static constexpr int)
///     input_size(), output_size()
///     apply(a, b, weights)      b = W a           a: View<Scalar, inputs, N>, b: Out<Scalar, outputs, N>
///     apply_transposed(s, g, weights)   g = Wᵀ s  s: View<Scalar, outputs, N>, g: Out<Scalar, inputs, N>
///     weights_are_finite()      false where any stored weight is NaN or infinite
///
/// with W's stored weights replaced as `weights` says. The output is overwritten, never added to, and
/// shares no memory with the input. A map that is not dense says what it is by `static constexpr Role role`;
/// one whose product costs the same a sample, however few samples a call has, by `static constexpr bool
/// samplewise = true`: a network may then go through it with some of a batch at a time. (A dense product of
/// few samples reads its weights for little.)
namespace ascribe::map {

/// What a map is in the architecture: methods choose rules by it.
enum class Role {
  dense,        ///< learned weights between all features
  convolution,  ///< learned weights that a window shares
  scaling,      ///< one factor a feature: batch normalisation
  aggregation,  ///< a sum or an average, whose weights are the architecture's
  wiring        ///< features copied, moved or left out; no method asks for its rule (rule::Rewire)
};

template <class M>
constexpr Role role_of(const M& map) {
  if constexpr (requires { map.role(); })
    return map.role();  // known at run time only
  else if constexpr (requires { M::role; })
    return M::role;
  else
    return Role::dense;
}

/// f(w) for one weight.
template <class Scalar>
Scalar replaced(const Scalar& w, Weights weights) {
  switch (weights) {
    case Weights::positive:
      return w > Scalar(0) ? w : Scalar(0);
    case Weights::negative:
      return w < Scalar(0) ? w : Scalar(0);
    case Weights::square:
      return Scalar(w * w);
    case Weights::one:
      return Scalar(1);
    case Weights::as_is:
      break;
  }
  return w;
}

/// Calls `body` with a function object that replaces one weight, so that the choice is made once and
/// not once a weight.
template <class Scalar, class Body>
void with_replacement(Weights weights, Body&& body) {
  switch (weights) {
    case Weights::positive:
      return body([](const Scalar& w) { return replaced(w, Weights::positive); });
    case Weights::negative:
      return body([](const Scalar& w) { return replaced(w, Weights::negative); });
    case Weights::square:
      return body([](const Scalar& w) { return replaced(w, Weights::square); });
    case Weights::one:
      return body([](const Scalar&) { return Scalar(1); });
    case Weights::as_is:
      return body([](const Scalar& w) { return w; });
  }
}

template <class M>
inline constexpr bool is_samplewise = requires {
  requires M::samplewise;
};

}  // namespace ascribe::map

namespace ascribe {

/// Everything that the rules of a MatMul need to know of its map.
template <class M>
concept LinearMap = requires(const M& m, View<typename M::Scalar, M::inputs, Dynamic> a,
                             Out<typename M::Scalar, M::inputs, Dynamic> g,
                             View<typename M::Scalar, M::outputs, Dynamic> s,
                             Out<typename M::Scalar, M::outputs, Dynamic> b) {
  { M::inputs } -> std::convertible_to<int>;
  { M::outputs } -> std::convertible_to<int>;
  { m.input_size() } -> std::convertible_to<Index>;
  { m.output_size() } -> std::convertible_to<Index>;
  m.apply(a, b, Weights::as_is);
  m.apply_transposed(s, g, Weights::as_is);
  { m.weights_are_finite() } -> std::convertible_to<bool>;
};

/// b = W a with W's weights replaced, whatever the static sizes of the views are.
template <class M, class A, class B>
void apply(const M& map, const A& a, B&& b, Weights weights = Weights::as_is) {
  using S = typename M::Scalar;
  constexpr int N = std::remove_cvref_t<A>::ColsAtCompileTime;
  map.template apply<N>(View<S, M::inputs, N>(a.data(), a.rows(), a.cols()),
                        Out<S, M::outputs, N>(b.data(), b.rows(), b.cols()), weights);
}

/// g = Wᵀ s with W's weights replaced.
template <class M, class A, class B>
void apply_transposed(const M& map, const A& s, B&& g, Weights weights = Weights::as_is) {
  using S = typename M::Scalar;
  constexpr int N = std::remove_cvref_t<A>::ColsAtCompileTime;
  map.template apply_transposed<N>(View<S, M::outputs, N>(s.data(), s.rows(), s.cols()),
                                   Out<S, M::inputs, N>(g.data(), g.rows(), g.cols()), weights);
}

}  // namespace ascribe
