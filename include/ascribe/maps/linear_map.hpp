/// The concept of a linear map, and the access to one that layers and rules use.
#pragma once

#include <concepts>
#include <span>
#include <type_traits>

#include <ascribe/core/error.hpp>
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
/// memory. A map that has what is faster than two products for inputs of both signs may have
///
///     apply_plus(a, b, samples, finish)                b_j = Σ_i (w_ji a_i)⁺, the contributions above 0
///     apply_plus_transposed(s, a, g, samples, finish)  g_i = Σ_j (±w_ji)⁺ s_j, with − where a_i < 0
///
/// of the stored weights, with pointers to whole batches; |a_i|·g_i is what input i contributes. A map with
/// learned weights that are to be differentiated by has
///
///     weight_count()                    how many weights are stored
///     accumulate(s, a, gradient, weights)   gradient_k += ŵ'(w_k)·(Σ_n s_n a_nᵀ)_k for every stored weight k
///     copy_weights(to)                  to_k = w_k
///     with_weights(from)                the same map, but w_k = from_k
///
/// with s: View<Scalar, outputs, N>, a: View<Scalar, inputs, N>, and gradient, to and from: Scalar* to
/// weight_count() numbers in the order in which the host gave the weights. ŵ' is the derivative of what
/// `weights` replaces a weight by: that of sᵀŴa, added to what is there. Maps without learned weights have
/// none of the four.
namespace ascribe::map {

/// What a map is in the architecture: methods choose rules by it.
enum class Role {
  dense,        ///< learned weights between all features
  convolution,  ///< learned weights that a window shares
  scaling,      ///< one factor a feature: batch normalisation
  aggregation,  ///< a sum or an average, whose weights are the architecture's
  wiring        ///< features copied, moved or left out; no method asks for its rule (rule::Rewire)
};

/// A map's role: dense where it says nothing.
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
enum class InputLayout {
  no,
  as_sum,      ///< adds up blocks of its output's size: the sum of branches
  as_they_lie  ///< leaves them where they are: concatenation
};

/// A map's layout: none where it says nothing.
template <class M>
InputLayout input_layout_of(const M& map) {
  if constexpr (requires { map.input_layout(); })
    return map.input_layout();
  else
    return InputLayout::no;
}

/// What a map calls itself (its `name`); "a linear map" where it has none.
template <class M>
const char* name_of(const M& map) {
  if constexpr (requires { map.name(); })
    return map.name();  // known at run time only
  else if constexpr (requires { M::name; })
    return M::name;
  else
    return "a linear map";
}

/// The number of stored weights, where the map says it by `weight_count()`; else 0.
template <class M>
Index weight_count_of(const M& map) {
  if constexpr (requires { map.weight_count(); })
    return map.weight_count();
  else
    return 0;
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

/// Replaces `count` weights where they stand.
template <class Scalar>
void replace(const Weights& weights, Index count, Scalar* w) {
  if (weights.unchanged()) return;
  with_replacement<Scalar>(weights, [&](auto f) {
    for (Index i = 0; i < count; ++i) w[i] = f(w[i]);
  });
}

/// x_i *= ŵ'(w_{i·stride}), the derivative of what a weight is replaced by: 0 at the kinks of w⁺ and w⁻.
template <class Scalar>
[[gnu::noinline]] void multiply_by_derivative(const Weights& weights, Index count, const Scalar* w,
                                              Index stride, Scalar* x) {
  const auto each = [&](auto derivative) {
    for (Index i = 0; i < count; ++i) x[i] *= derivative(w[i * stride]);
  };
  const Scalar zero(0), one(1);
  switch (weights.choice) {
    case Weights::positive:
      return each([=](const Scalar& v) { return v > zero ? one : zero; });
    case Weights::negative:
      return each([=](const Scalar& v) { return v < zero ? one : zero; });
    case Weights::square:
      return each([](const Scalar& v) { return Scalar(v + v); });
    case Weights::one:
      return each([=](const Scalar&) { return zero; });
    case Weights::favoured:
      return each([=, more = Scalar(1 + weights.gamma)](const Scalar& v) { return v > zero ? more : one; });
    case Weights::as_is:
    case Weights::approximate:
      return;
  }
}

/// Whether a map says that it is `samplewise`.
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

/// A map that has `apply_plus`, or has it where the map that it stands for does.
template <class M>
concept PlusMap = requires(const M& m, const typename M::Scalar* a, typename M::Scalar* b,
                           const Finish<typename M::Scalar>& finish) {
  m.apply_plus(a, b, Index(1), finish);
  m.apply_plus_transposed(a, a, b, Index(1), finish);
};

/// Whether `apply_plus` and `apply_plus_transposed` may be called.
template <class M>
bool has_plus(const M& map) {
  if constexpr (requires { map.has_plus(); })
    return map.has_plus();  // known at run time only
  else
    return PlusMap<M>;
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

/// A map whose weights can be differentiated by.
template <class M>
concept LearnedMap = requires(const M& m, View<typename M::Scalar, M::outputs, Dynamic> s,
                              View<typename M::Scalar, M::inputs, Dynamic> a, typename M::Scalar* to) {
  m.accumulate(s, a, to, Weights(Weights::as_is));
  m.copy_weights(to);
};

/// Whether `accumulate` and `copy_weights` may be called: not for a map with weights of its own that lacks
/// them.
template <class M>
bool has_accumulate(const M& map) {
  if constexpr (requires { map.has_accumulate(); })
    return map.has_accumulate();  // known at run time only
  else
    return LearnedMap<M> || map::role_of(map) == map::Role::aggregation ||
           map::role_of(map) == map::Role::wiring;
}

namespace detail {

/// For a map without learned weights, of which nothing is asked; the other kind throws.
template <class M>
void check_nothing_learned(const M& map) {
  if (!has_accumulate(map))
    fail(map::name_of(map), " has no accumulate: expected a map that can be differentiated by its weights");
}

}  // namespace detail

/// gradient_k += ŵ'(w_k)·(Σ_n s_n a_nᵀ)_k for every stored weight k, nothing for a map without learned
/// weights. Throws Error where the map has no `accumulate`.
template <class M, class S, class A>
void accumulate(const M& map, const S& s, const A& a, typename M::Scalar* gradient,
                const Weights& weights = Weights::as_is) {
  using Scalar = typename M::Scalar;
  constexpr int N = std::remove_cvref_t<A>::ColsAtCompileTime;
  if constexpr (!LearnedMap<M>)
    detail::check_nothing_learned(map);
  else if (weights.choice != Weights::one)  // whose derivative is 0
    map.template accumulate<N>(View<Scalar, M::outputs, N>(s.data(), s.rows(), s.cols()),
                               View<Scalar, M::inputs, N>(a.data(), a.rows(), a.cols()), gradient, weights);
}

/// to_k = w_k for every stored weight k. Throws Error where the map has no `copy_weights`.
template <class M>
void copy_weights(const M& map, typename M::Scalar* to) {
  if constexpr (LearnedMap<M>)
    map.copy_weights(to);
  else
    detail::check_nothing_learned(map);
}

/// A map of the same geometry whose stored weight k is from_k; a copy of one without learned weights. Throws
/// Error where the map has weights and no `with_weights`.
template <class M>
auto with_weights(const M& map, const typename M::Scalar* from) {
  if constexpr (requires { map.with_weights(from); }) {
    return map.with_weights(from);
  } else {
    if (map::weight_count_of(map) > 0)
      fail(map::name_of(map), " has no with_weights: expected a map whose weights can be replaced");
    return map;
  }
}

}  // namespace ascribe
