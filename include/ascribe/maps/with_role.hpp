/// A linear map in another part than its own.
#pragma once

#include <span>
#include <utility>

#include <ascribe/core/types.hpp>
#include <ascribe/maps/linear_map.hpp>

namespace ascribe::map {

/// The same products as `M`, and another role: a dense layer at every position of a sequence is computed as a
/// convolution with a kernel of 1, and is a dense layer to whoever chooses rules.
template <LinearMap M>
class WithRole {
 public:
  using Scalar = typename M::Scalar;
  static constexpr int inputs = M::inputs;
  static constexpr int outputs = M::outputs;
  static constexpr bool samplewise = is_samplewise<M>;

  /// `map`, which says that its role and name are these.
  WithRole(M map, Role role, const char* name) : map_(std::move(map)), role_(role), name_(name) {}

  Index input_size() const { return map_.input_size(); }
  Index output_size() const { return map_.output_size(); }
  bool weights_are_finite() const { return map_.weights_are_finite(); }
  Index weight_count() const { return weight_count_of(map_); }
  Role role() const { return role_; }
  InputLayout input_layout() const { return input_layout_of(map_); }
  const char* name() const { return name_; }
  const M& map() const { return map_; }

  template <int N>
  void apply(View<Scalar, inputs, N> a, Out<Scalar, outputs, N> b, const Weights& weights,
             const Finish<Scalar>& finish = {}) const {
    ascribe::apply(map_, a, b, weights, finish);
  }
  template <int N>
  void apply_transposed(View<Scalar, outputs, N> s, Out<Scalar, inputs, N> g, const Weights& weights,
                        const Finish<Scalar>& finish = {}) const {
    ascribe::apply_transposed(map_, s, g, weights, finish);
  }
  bool has_apply_at() const { return ascribe::has_apply_at(map_); }
  void apply_at(const Scalar* a, std::span<const Index> at, Scalar* values,
                const Weights& weights) const requires PointwiseMap<M> {
    map_.apply_at(a, at, values, weights);
  }
  bool has_plus() const { return ascribe::has_plus(map_); }
  void apply_plus(const Scalar* a, Scalar* b, Index samples,
                  const Finish<Scalar>& finish) const requires PlusMap<M> {
    map_.apply_plus(a, b, samples, finish);
  }
  void apply_plus_transposed(const Scalar* s, const Scalar* a, Scalar* g, Index samples,
                             const Finish<Scalar>& finish) const requires PlusMap<M> {
    map_.apply_plus_transposed(s, a, g, samples, finish);
  }
  bool has_accumulate() const { return ascribe::has_accumulate(map_); }
  template <int N>
  void accumulate(View<Scalar, outputs, N> s, View<Scalar, inputs, N> a, Scalar* gradient,
                  const Weights& weights) const {
    ascribe::accumulate(map_, s, a, gradient, weights);
  }
  void copy_weights(Scalar* to) const { ascribe::copy_weights(map_, to); }
  auto with_weights(const Scalar* from) const {
    auto changed = ascribe::with_weights(map_, from);
    return WithRole<decltype(changed)>(std::move(changed), role_, name_);
  }

 private:
  M map_;
  Role role_;
  const char* name_;
};

}  // namespace ascribe::map
