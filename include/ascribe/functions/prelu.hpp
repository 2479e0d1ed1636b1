/// Leaky ReLU with a learned slope for each feature.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/functions/function.hpp>
#include <ascribe/functions/leaky_relu.hpp>

namespace ascribe::fn {

/// f(x_i) = x_i for x_i > 0, else slope(i mod p)·x_i, p being the number of slopes: one a channel, or one a
/// feature (He et al. 2015, arXiv:1502.01852, eq. 1). LeakyRelu's conventions.
template <class Scalar_>
class Prelu {
 public:
  using Scalar = Scalar_;
  static constexpr const char* name = "Prelu";

  /// Throws Error where there is no slope.
  explicit Prelu(std::vector<double> slopes)
      : slopes_(std::move(slopes)),
        promises_{.slope_from_value = std::all_of(slopes_.begin(), slopes_.end(), [](double s) { return s >= 0; }),
                  .homogeneous = true} {
    if (slopes_.empty()) fail("Prelu: expected at least 1 slope, found 0");
  }

  /// One for each channel or feature, repeated over the features.
  const std::vector<double>& slopes() const { return slopes_; }
  /// What the number of features has to be a multiple of.
  Index features() const { return Index(slopes_.size()); }
  Scalar at_zero() const { return Scalar(0); }
  /// Asked at every piece of a layer, and so looked for once.
  Promises promises() const { return promises_; }

  void values(Index first, Index count, const Scalar* a, Scalar* b) const {
    for (Index i = 0; i < count; ++i) b[i] = at(first + i).value(a[i]);
  }
  void derivatives(Index first, Index count, const Scalar* a, Scalar* d) const {
    for (Index i = 0; i < count; ++i) d[i] = at(first + i).derivative(a[i]);
  }
  void chords(Index first, Index count, const Scalar* a, const Scalar* r, Scalar* d) const {
    for (Index i = 0; i < count; ++i) d[i] = fn::chord(at(first + i), a[i], r[i]);
  }
  void slopes(Index first, Index count, const Scalar* a, Scalar* d) const {
    for (Index i = 0; i < count; ++i) d[i] = fn::chord(at(first + i), a[i], Scalar(0));
  }

 private:
  LeakyRelu at(Index feature) const { return LeakyRelu{slopes_[std::size_t(feature) % slopes_.size()]}; }

  std::vector<double> slopes_;
  Promises promises_;
};

}  // namespace ascribe::fn
