/// The concept of a linear map, and the access to one that layers and rules use.
#pragma once

#include <concepts>
#include <span>
#include <type_traits>

#include <ascribe/core/finish.hpp>
#include <ascribe/core/parallel.hpp>
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
/// few samples reads its weights for little.) Both products may take a `Finish` behind `weights`, which is
/// then applied to every output while it is in the cache; for a map whose products take none it is applied
/// behind them. A map whose single outputs are to be had for little may have
///
///     apply_at(a, at, values, weights)   values_k = (W a)_{at_k} for some outputs of one sample
///
/// with a: const Scalar* to the sample's input_size() inputs, at: std::span<const Index> of outputs in
/// ascending order, values: Scalar* to as many. It is called by several threads at once and asks for no
/// memory.
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

/// What a map of several inputs that lie one behind the other does, where it changes none of them: a network
/// then needs not bring them together first, nor take apart what comes back.
enum class Joins {
  no,
  as_sum,      ///< adds up blocks of its output's size: the sum of branches
  as_they_lie  ///< leaves them where they are: concatenation
};

template <class M>
Joins joins_of(const M& map) {
  if constexpr (requires { map.joins(); })
    return map.joins();
  else
    return Joins::no;
}

/// Calls `body` with a function object that replaces one weight, so that the choice is made once and
/// not once a weight. None of them has arithmetic in a choice's branches: loops over weights vectorise.
template <class Scalar, class Body>
decltype(auto) with_replacement(const Weights& weights, Body&& body) {
  switch (weights.choice) {
    case Weights::positive:
      return body([](const Scalar& w) { return w > Scalar(0) ? w : Scalar(0); });
    case Weights::negative:
      return body([](const Scalar& w) { return w < Scalar(0) ? w : Scalar(0); });
    case Weights::square:
      return body([](const Scalar& w) { return Scalar(w * w); });
    case Weights::one:
      return body([](const Scalar&) { return Scalar(1); });
    case Weights::favoured:
      return body([gamma = Scalar(weights.gamma)](const Scalar& w) {
        const Scalar above = w > Scalar(0) ? w : Scalar(0);
        return Scalar(w + gamma * above);
      });
    case Weights::as_is:
    case Weights::approximate:
      break;
  }
  return body([](const Scalar& w) { return w; });
}

/// One weight, replaced.
template <class Scalar>
Scalar replaced(const Scalar& w, const Weights& weights) {
  return with_replacement<Scalar>(weights, [&](auto f) { return Scalar(f(w)); });
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

namespace detail {

/// A finish over a whole batch, where the product did not see to it.
template <class Batch, class Scalar>
void finish_behind(Batch& b, const Finish<Scalar>& finish) {
  each_piece(b.rows(), b.cols(), [&](Index n, Index first, Index width) {
    finish(n * b.rows() + first, width, b.data() + n * b.rows() + first);
  });
}

}  // namespace detail

/// b = W a with W's weights replaced, whatever the static sizes of the views are, then `finish` of every
/// output.
template <class M, class A, class B>
void apply(const M& map, const A& a, B&& b, const Weights& weights = Weights::as_is,
           const Finish<typename M::Scalar>& finish = {}) {
  using S = typename M::Scalar;
  constexpr int N = std::remove_cvref_t<A>::ColsAtCompileTime;
  const View<S, M::inputs, N> from(a.data(), a.rows(), a.cols());
  const Out<S, M::outputs, N> to(b.data(), b.rows(), b.cols());
  if constexpr (requires { map.template apply<N>(from, to, weights, finish); }) {
    map.template apply<N>(from, to, weights, finish);
  } else {
    map.template apply<N>(from, to, weights);
    if (finish) detail::finish_behind(b, finish);
  }
}

/// A map that has `apply_at`, or has it where the map that it stands for does.
template <class M>
concept PointwiseMap = requires(const M& m, const typename M::Scalar* a, std::span<const Index> at,
                                typename M::Scalar* values) {
  m.apply_at(a, at, values, Weights(Weights::as_is));
};

/// Whether `apply_at` may be called.
template <class M>
bool has_apply_at(const M& map) {
  if constexpr (requires { map.has_apply_at(); })
    return map.has_apply_at();  // known at run time only
  else
    return PointwiseMap<M>;
}

/// g = Wᵀ s with W's weights replaced, then `finish` of every g_i.
template <class M, class A, class B>
void apply_transposed(const M& map, const A& s, B&& g, const Weights& weights = Weights::as_is,
                      const Finish<typename M::Scalar>& finish = {}) {
  using S = typename M::Scalar;
  constexpr int N = std::remove_cvref_t<A>::ColsAtCompileTime;
  const View<S, M::outputs, N> from(s.data(), s.rows(), s.cols());
  const Out<S, M::inputs, N> to(g.data(), g.rows(), g.cols());
  if constexpr (requires { map.template apply_transposed<N>(from, to, weights, finish); }) {
    map.template apply_transposed<N>(from, to, weights, finish);
  } else {
    map.template apply_transposed<N>(from, to, weights);
    if (finish) detail::finish_behind(g, finish);
  }
}

}  // namespace ascribe
