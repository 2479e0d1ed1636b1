/// The sum of branches, or their mean: a residual network's addition, a reduction.
#pragma once

#include <utility>

#include <ascribe/core/math.hpp>
#include <ascribe/core/spatial.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/maps/linear_map.hpp>

namespace ascribe::map {

/// b = w·(a₁ + a₂ + …), the branches lying one behind the other: (branches·size) → (size). The weight w of
/// every branch is 1, or what makes the sum a mean.
/// Example: `Sum<double>(2, 3)` takes `[1 2 3 10 20 30]` to `[11 22 33]`, `Sum<double>(2, 3, 0.5)` to half
/// of that.
template <class Scalar_>
class Sum {
 public:
  using Scalar = Scalar_;
  static constexpr int inputs = Dynamic;
  static constexpr int outputs = Dynamic;
  static constexpr const char* name = "Sum";
  static constexpr Role role = Role::aggregation;
  static constexpr bool samplewise = true;

  /// Throws Error where either size is below 1.
  Sum(Index branches, Index size, Scalar weight = Scalar(1))
      : branches_(branches), size_(size), weight_(std::move(weight)) {
    checked_size("Sum", "inputs", {branches, size});
  }

  Index input_size() const { return branches_ * size_; }
  Index output_size() const { return size_; }
  Index branches() const { return branches_; }
  Joins joins() const { return weight_ == Scalar(1) ? Joins::as_sum : Joins::no; }

  template <int N>
  void apply(View<Scalar, inputs, N> a, Out<Scalar, outputs, N> b, Weights weights) const {
    const Scalar w = replaced(weight_, weights);
    b = w * a.topRows(size_);
    for (Index k = 1; k < branches_; ++k) b += w * a.middleRows(k * size_, size_);
  }

  template <int N>
  void apply_transposed(View<Scalar, outputs, N> s, Out<Scalar, inputs, N> g, Weights weights) const {
    const Scalar w = replaced(weight_, weights);
    for (Index k = 0; k < branches_; ++k) g.middleRows(k * size_, size_) = w * s;
  }

  bool weights_are_finite() const { return math::isfinite(weight_); }

 private:
  Index branches_;
  Index size_;
  Scalar weight_;
};

}  // namespace ascribe::map
