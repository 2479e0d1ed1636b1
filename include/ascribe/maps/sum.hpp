/// The sum of branches: a residual network's addition.
#pragma once

#include <ascribe/core/spatial.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/maps/linear_map.hpp>

namespace ascribe::map {

/// b = a₁ + a₂ + …, the branches lying one behind the other: (branches·size) → (size).
/// Example: `Sum<double>(2, 3)` takes `[1 2 3 10 20 30]` to `[11 22 33]`.
template <class Scalar_>
class Sum {
 public:
  using Scalar = Scalar_;
  static constexpr int inputs = Dynamic;
  static constexpr int outputs = Dynamic;
  static constexpr bool structural = true;
  static constexpr bool samplewise = true;

  /// Throws Error where either is below 1.
  Sum(Index branches, Index size) : branches_(branches), size_(size) {
    checked_size("Sum", "inputs", {branches, size});
  }

  Index input_size() const { return branches_ * size_; }
  Index output_size() const { return size_; }
  Index branches() const { return branches_; }

  template <int N>
  void apply(View<Scalar, inputs, N> a, Out<Scalar, outputs, N> b, Weights weights) const {
    const Scalar one = replaced(Scalar(1), weights);
    b = one * a.topRows(size_);
    for (Index k = 1; k < branches_; ++k) b += one * a.middleRows(k * size_, size_);
  }

  template <int N>
  void apply_transposed(View<Scalar, outputs, N> s, Out<Scalar, inputs, N> g, Weights weights) const {
    const Scalar one = replaced(Scalar(1), weights);
    for (Index k = 0; k < branches_; ++k) g.middleRows(k * size_, size_) = one * s;
  }

  bool weights_are_finite() const { return true; }

 private:
  Index branches_;
  Index size_;
};

}  // namespace ascribe::map
