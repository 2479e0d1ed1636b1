/// The transpose of a linear map.
#pragma once

#include <utility>

#include <ascribe/core/types.hpp>
#include <ascribe/maps/linear_map.hpp>

namespace ascribe::map {

/// b = Wᵀ a for another map's W: a transposed convolution is the transpose of the convolution whose outputs
/// are its inputs. Example: `Transposed(Convolution<float>(…))`.
template <LinearMap M>
class Transposed {
 public:
  using Scalar = typename M::Scalar;
  static constexpr int inputs = M::outputs;
  static constexpr int outputs = M::inputs;
  static constexpr bool samplewise = is_samplewise<M>;

  /// The way back of `map`.
  explicit Transposed(M map) : map_(std::move(map)) {}

  Index input_size() const { return map_.output_size(); }
  Index output_size() const { return map_.input_size(); }
  bool weights_are_finite() const { return map_.weights_are_finite(); }
  Index weight_count() const { return weight_count_of(map_); }
  Role role() const { return role_of(map_); }
  const char* name() const { return role() == Role::convolution ? "ConvolutionTransposed" : "Transposed"; }
  const M& map() const { return map_; }

  template <int N>
  void apply(View<Scalar, inputs, N> a, Out<Scalar, outputs, N> b, const Weights& weights,
             const Finish<Scalar>& finish = {}) const {
    ascribe::apply_transposed(map_, a, b, weights, finish);
  }
  template <int N>
  void apply_transposed(View<Scalar, outputs, N> s, Out<Scalar, inputs, N> g, const Weights& weights,
                        const Finish<Scalar>& finish = {}) const {
    ascribe::apply(map_, s, g, weights, finish);
  }
  bool has_accumulate() const { return ascribe::has_accumulate(map_); }
  template <int N>
  void accumulate(View<Scalar, outputs, N> s, View<Scalar, inputs, N> a, Scalar* gradient,
                  const Weights& weights) const {
    ascribe::accumulate(map_, a, s, gradient, weights);
  }
  void copy_weights(Scalar* to) const { ascribe::copy_weights(map_, to); }
  auto with_weights(const Scalar* from) const {
    auto changed = ascribe::with_weights(map_, from);
    return Transposed<decltype(changed)>(std::move(changed));
  }

 private:
  M map_;
};

}  // namespace ascribe::map
