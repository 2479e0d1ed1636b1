/// The sum of branches, or their mean: a residual network's addition, a reduction.
#pragma once

#include <utility>

#include <ascribe/core/loops.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/parallel.hpp>
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
  /// How many there are.
  Index branches() const { return branches_; }
  /// What each branch counts.
  const Scalar& weight() const { return weight_; }
  InputLayout input_layout() const { return weight_ == Scalar(1) ? InputLayout::as_sum : InputLayout::no; }

  template <int N>
  void apply(View<Scalar, inputs, N> a, Out<Scalar, outputs, N> b, const Weights& weights,
             const Finish<Scalar>& finish = {}) const {
    add(a.cols(), a.data(), b.data(), replaced(weight_, weights), finish);
  }

  template <int N>
  void apply_transposed(View<Scalar, outputs, N> s, Out<Scalar, inputs, N> g, const Weights& weights,
                        const Finish<Scalar>& finish = {}) const {
    hand_out(s.cols(), s.data(), g.data(), replaced(weight_, weights), finish);
  }

  bool weights_are_finite() const { return math::isfinite(weight_); }

 private:
  // Pointers alone: one for all shapes. Branch after branch of a piece, which stays in the cache.
  [[gnu::noinline]] void add(Index samples, const Scalar* a, Scalar* b, const Scalar& w,
                             const Finish<Scalar>& finish) const {
    each_piece(size_, samples, [&](Index n, Index first, Index width) {
      const Scalar* from = a + n * branches_ * size_ + first;
      Scalar* to = b + n * size_ + first;
      ascribe::detail::multiply(width, w, from, to);
      for (Index k = 1; k < branches_; ++k) ascribe::detail::add_multiple(width, w, from + k * size_, to);
      if (finish) finish(n * size_ + first, width, to);
    });
  }
  [[gnu::noinline]] void hand_out(Index samples, const Scalar* s, Scalar* g, const Scalar& w,
                                  const Finish<Scalar>& finish) const {
    each_piece(size_, samples, [&](Index n, Index first, Index width) {
      for (Index k = 0; k < branches_; ++k) {
        const Index at = (n * branches_ + k) * size_ + first;
        ascribe::detail::multiply(width, w, s + n * size_ + first, g + at);
        if (finish) finish(at, width, g + at);
      }
    });
  }

  Index branches_;
  Index size_;
  Scalar weight_;
};

}  // namespace ascribe::map
