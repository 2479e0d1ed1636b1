/// One linear map for several blocks of features.
#pragma once

#include <utility>

#include <ascribe/core/spatial.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/maps/linear_map.hpp>

namespace ascribe::map {

/// The same M for each of `count` blocks that lie one behind the other: a convolution of several images that
/// are one sample. Blocks are samples to M, so that it costs no more than M with as many samples. Example:
/// `Repeated(Convolution<float>(…), 2)`.
template <LinearMap M>
class Repeated {
 public:
  using Scalar = typename M::Scalar;
  static constexpr int inputs = Dynamic;
  static constexpr int outputs = Dynamic;

  /// Throws Error where the count is below 1.
  Repeated(M map, Index count) : map_(std::move(map)), count_(count) {
    checked_size("Repeated", "inputs", {count, map_.input_size()});
    checked_size("Repeated", "outputs", {count, map_.output_size()});
  }

  Index input_size() const { return count_ * map_.input_size(); }
  Index output_size() const { return count_ * map_.output_size(); }
  bool weights_are_finite() const { return map_.weights_are_finite(); }
  Role role() const { return role_of(map_); }
  const char* name() const { return name_of(map_); }
  Index weight_count() const { return weight_count_of(map_); }
  const M& map() const { return map_; }
  /// How many copies there are.
  Index count() const { return count_; }

  template <int N>
  void apply(View<Scalar, Dynamic, N> a, Out<Scalar, Dynamic, N> b, const Weights& weights,
             const Finish<Scalar>& finish = {}) const {
    ascribe::apply(map_, View<Scalar>(a.data(), map_.input_size(), count_ * a.cols()),
                   Out<Scalar>(b.data(), map_.output_size(), count_ * b.cols()), weights, finish);
  }
  template <int N>
  void apply_transposed(View<Scalar, Dynamic, N> s, Out<Scalar, Dynamic, N> g, const Weights& weights,
                        const Finish<Scalar>& finish = {}) const {
    ascribe::apply_transposed(map_, View<Scalar>(s.data(), map_.output_size(), count_ * s.cols()),
                              Out<Scalar>(g.data(), map_.input_size(), count_ * g.cols()), weights, finish);
  }
  bool has_accumulate() const { return ascribe::has_accumulate(map_); }
  template <int N>
  void accumulate(View<Scalar, Dynamic, N> s, View<Scalar, Dynamic, N> a, Scalar* gradient,
                  const Weights& weights) const {
    ascribe::accumulate(map_, View<Scalar>(s.data(), map_.output_size(), count_ * s.cols()),
                        View<Scalar>(a.data(), map_.input_size(), count_ * a.cols()), gradient, weights);
  }
  void copy_weights(Scalar* to) const { ascribe::copy_weights(map_, to); }
  auto with_weights(const Scalar* from) const {
    auto changed = ascribe::with_weights(map_, from);
    return Repeated<decltype(changed)>(std::move(changed), count_);
  }

 private:
  M map_;
  Index count_;
};

}  // namespace ascribe::map
