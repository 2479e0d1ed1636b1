/// Convolution: strides, asymmetric padding, dilation, groups; with one axis, two or three.
#pragma once

#include <concepts>
#include <optional>
#include <span>

#include <ascribe/core/error.hpp>
#include <ascribe/core/finite.hpp>
#include <ascribe/core/spatial.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/kernels/depthwise.hpp>
#include <ascribe/kernels/image_product.hpp>
#include <ascribe/kernels/winograd.hpp>
#include <ascribe/maps/linear_map.hpp>

namespace ascribe::map {

/// How a convolution may compute products with Weights::approximate.
enum class Products {
  direct,
  /// By Winograd's algorithm (kernels/winograd.hpp) where it is the faster one: kernels of 3 × 3 with stride
  /// 1, dilation 1 and one group, from 24 channels, 24 filters and images of 12 × 12 on. Less than half of
  /// the time over VGG-16's layers, for errors of up to 1e-5 of the largest output in floats, and 36/9 = 4 ×
  /// the memory of the weights more for each of the two products.
  winograd
};

/// The cross-correlation that networks call a convolution, (H·W·channels) → (H'·W'·filters), images in
/// the order H, W, C, volumes in the order D, H, W, C. Padding is zeros that no weight is stored for. The
/// weights are held in the order of the product, and from the first transposed one with few pixels on in that one's order
/// too (kernels/image_product.hpp); any other call takes nothing from the heap. With Products::winograd,
/// Weights::approximate gets the faster products; any other weights, and any weights without it, the same to
/// the last bit.
template <class Scalar_>
class Convolution {
 public:
  using Scalar = Scalar_;
  static constexpr int inputs = Dynamic;
  static constexpr int outputs = Dynamic;
  static constexpr const char* name = "Convolution";
  static constexpr Role role = Role::convolution;
  static constexpr bool samplewise = true;

  /// `weights` holds filters × channels/groups × (kernel depth ×) kernel height × kernel width scalars one
  /// behind the other in memory, as in PyTorch and ONNX: a std::vector, a std::span, an Eigen vector. They
  /// are copied. Throws Error where the geometry makes no sense, the groups do not divide channels and
  /// filters, or the weights are not as many as that.
  /// Example: `Convolution<float>({.input = {28, 28}, .kernel = {5, 5}}, 1, 16, weights)`.
  template <class Contiguous>
  requires requires(const Contiguous& w) {
    { w.data() } -> std::convertible_to<const Scalar_*>;
    w.size();
  }
  Convolution(const Spatial& geometry, Index channels, Index filters, const Contiguous& weights,
              Index groups = 1, Products products = Products::direct)
      : geometry_(geometry), channels_(channels), filters_(filters), groups_(groups) {
    if constexpr (requires { Contiguous::InnerStrideAtCompileTime; })
      static_assert(Contiguous::InnerStrideAtCompileTime == 1,
                    "ascribe: a convolution reads its weights one behind the other: no inner stride");
    geometry_.check("Convolution");
    checked_size("Convolution", "inputs", {geometry_.input_pixels(), channels});
    checked_size("Convolution", "outputs", {geometry_.output_pixels(), filters});
    if (groups < 1 || channels % groups != 0 || filters % groups != 0)
      fail("Convolution: the groups: expected a divisor of ", channels, " channels and ", filters,
           " filters, found ", groups);
    const Index expected =
        checked_size("Convolution", "weights", {filters, channels / groups, geometry_.kernel_taps()});
    if (Index(weights.size()) != expected)
      fail("Convolution: the weights: expected ", filters, " x ", channels / groups, " x ",
           shown(geometry_.kernel), " = ", expected, ", found ", weights.size());
    const Scalar* w = weights.data();
    weight_count_ = expected;
    finite_ = ascribe::detail::all_finite(expected, 1, w);
    const Index taps = geometry_.kernel_taps(), group_channels = channels / groups;
    if (is_depthwise(geometry_, channels, filters, groups))
      depthwise_.emplace(geometry_, channels,
                         [=](Index tap, Index channel) { return w[channel * taps + tap]; });
    else
      images_.emplace(geometry_, channels, filters, groups, [=](Index filter, Index tap, Index channel) {
        return w[(filter * group_channels + channel) * taps + tap];
      });
    if (has_winograd(geometry_, channels, filters, groups, products))
      winograd_.emplace(geometry_, channels, filters, [=](Index filter, Index tap, Index channel) {
        return w[(filter * channels + channel) * taps + tap];
      });
  }

  /// How many scalars such a convolution may hold: its weights in the order of both products, each filled up
  /// to whole panels. The arguments are the constructor's, and are not checked.
  static double held_scalars(const Spatial& geometry, Index channels, Index filters, Index groups,
                             Products products = Products::direct) {
    if (is_depthwise(geometry, channels, filters, groups))
      return double(geometry.kernel_taps()) * double(channels);
    const double direct = kernel::ImageProduct<Scalar>::held(geometry, channels, filters, groups);
    return has_winograd(geometry, channels, filters, groups, products)
               ? direct + kernel::Winograd<Scalar>::held(channels, filters)
               : direct;
  }

  Index input_size() const { return geometry_.input_pixels() * channels_; }
  Index output_size() const { return geometry_.output_pixels() * filters_; }
  const Spatial& geometry() const { return geometry_; }
  /// Of the image.
  Index channels() const { return channels_; }
  /// How many there are: the channels of the outputs.
  Index filters() const { return filters_; }
  /// Into how many groups channels and filters are divided.
  Index groups() const { return groups_; }

  /// b = W a.
  template <int N>
  void apply(View<Scalar, inputs, N> a, Out<Scalar, outputs, N> b, const Weights& weights,
             const Finish<Scalar>& finish = {}) const {
    if (winograd_ && weights == Weights::approximate)
      winograd_->forward(a.data(), b.data(), a.cols(), finish);
    else if (depthwise_)
      depthwise_->forward(a.data(), b.data(), a.cols(), weights, finish);
    else
      images_->forward(a.data(), b.data(), a.cols(), weights, finish);
  }

  /// g = Wᵀ s.
  template <int N>
  void apply_transposed(View<Scalar, outputs, N> s, Out<Scalar, inputs, N> g, const Weights& weights,
                        const Finish<Scalar>& finish = {}) const {
    if (winograd_ && weights == Weights::approximate)
      winograd_->backward(s.data(), g.data(), s.cols(), finish);
    else if (depthwise_)
      depthwise_->backward(s.data(), g.data(), s.cols(), weights, finish);
    else
      images_->backward(s.data(), g.data(), s.cols(), weights, finish);
  }

  /// (W a)_j for some outputs j of one sample (maps/linear_map.hpp).
  void apply_at(const Scalar* a, std::span<const Index> at, Scalar* values, const Weights& weights) const {
    if (depthwise_)
      depthwise_->forward_at(a, at, values, weights);
    else
      images_->forward_at(a, at, values, weights);
  }

  /// Whether there are the products with contributions above 0 (maps/linear_map.hpp): not channel by channel.
  bool has_plus() const { return images_.has_value(); }
  void apply_plus(const Scalar* a, Scalar* b, Index samples, const Finish<Scalar>& finish) const {
    images_->forward_plus(a, b, samples, finish);
  }
  void apply_plus_transposed(const Scalar* s, const Scalar* a, Scalar* g, Index samples,
                             const Finish<Scalar>& finish) const {
    images_->backward_plus(s, a, g, samples, finish);
  }

  /// The derivative by the weights (maps/linear_map.hpp).
  template <int N>
  void accumulate(View<Scalar, outputs, N> s, View<Scalar, inputs, N> a, Scalar* gradient,
                  const Weights& weights) const {
    if (depthwise_)
      depthwise_->accumulate(s.data(), a.data(), gradient, a.cols(), weights);
    else
      images_->accumulate(s.data(), a.data(), gradient, a.cols(), weights);
  }
  void copy_weights(Scalar* to) const {
    if (depthwise_)
      depthwise_->copy_weights(to);
    else
      images_->copy_weights(to);
  }

  Convolution with_weights(const Scalar* from) const {
    return Convolution(geometry_, channels_, filters_,
                       std::span<const Scalar>(from, std::size_t(weight_count_)), groups_,
                       winograd_ ? Products::winograd : Products::direct);
  }

  /// The number of stored weights.
  Index weight_count() const { return weight_count_; }
  bool weights_are_finite() const { return finite_; }

 private:
  static bool is_depthwise(const Spatial& geometry, Index channels, Index filters, Index groups) {
    return groups == channels && filters == channels && groups > 1 &&
           geometry.kernel_taps() <= kernel::Depthwise<Scalar>::most_taps;
  }

  static bool has_winograd(const Spatial& geometry, Index channels, Index filters, Index groups,
                           Products products) {
    using Winograd = kernel::Winograd<Scalar>;
    return products == Products::winograd && Winograd::serves(geometry, groups) &&
           Winograd::pays(geometry, channels, filters);
  }

  Spatial geometry_;
  Index channels_;
  Index filters_;
  Index groups_;
  Index weight_count_ = 0;
  bool finite_ = true;
  std::optional<kernel::ImageProduct<Scalar>> images_;  // one of the two
  std::optional<kernel::Depthwise<Scalar>> depthwise_;
  std::optional<kernel::Winograd<Scalar>> winograd_;  // besides
};

}  // namespace ascribe::map
