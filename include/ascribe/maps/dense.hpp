/// The dense linear map, over any Eigen matrix or the host's own memory.
#pragma once

#include <algorithm>
#include <concepts>

#include <ascribe/core/error.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/maps/linear_map.hpp>

namespace ascribe::map {
namespace detail {

/// Weights in somebody else's memory, sizes and stride known at run time: every matrix is read through
/// this, so that there is one instantiation a scalar and storage order, and none a shape.
template <class Scalar, int Order>
using WeightView = Eigen::Map<const Eigen::Matrix<Scalar, Dynamic, Dynamic, Order>, 0, Eigen::OuterStride<>>;

/// b = W a by Eigen: GEMV for one sample, which reads the weights once and never allocates; else GEMM.
template <class Scalar, int Order>
[[gnu::noinline]] void multiply(WeightView<Scalar, Order> w, View<Scalar> a, Out<Scalar> b) {
  if (a.cols() == 1)
    b.col(0).noalias() = w * a.col(0);
  else
    b.noalias() = w * a;
}

/// Weights whose changed values are held at a time: 16 KB of floats stay in the first-level cache.
inline constexpr int panel_capacity = 4096;

template <class From, class To>
void change(const From& from, To& to, Weights weights) {
  using Scalar = typename From::Scalar;
  switch (weights) {
    case Weights::positive:
      to = from.cwiseMax(Scalar(0));
      return;
    case Weights::negative:
      to = from.cwiseMin(Scalar(0));
      return;
    case Weights::square:
      to = from.cwiseAbs2();
      return;
    case Weights::one:
      to.setOnes();
      return;
    case Weights::as_is:
      to = from;
      return;
  }
}

/// b = f(W) a without allocating: a panel of W, long in the direction in which W is contiguous, is
/// changed on the stack and multiplied while it is in cache.
template <int Capacity, std::floating_point Scalar, int Order>
[[gnu::noinline]] void multiply_changed(WeightView<Scalar, Order> w, View<Scalar> a, Out<Scalar> b,
                                        Weights weights) {
  alignas(64) Scalar buffer[Capacity];
  const Index inner = std::min<Index>(w.innerSize(), 128);
  const Index outer = std::min<Index>(w.outerSize(), Capacity / inner);
  const Index tall = Order == Eigen::RowMajor ? outer : inner;
  const Index wide = Order == Eigen::RowMajor ? inner : outer;
  // Eigen's GEMM takes its blocks from the stack up to 128 KB: 128 inputs × these samples stay below.
  constexpr Index most_samples = 512 / Index(sizeof(Scalar));
  b.setZero();
  for (Index r = 0; r < w.rows(); r += tall)
    for (Index c = 0; c < w.cols(); c += wide) {
      const Index rows = std::min(tall, w.rows() - r);
      const Index columns = std::min(wide, w.cols() - c);
      Eigen::Map<Eigen::Matrix<Scalar, Dynamic, Dynamic, Order>> panel(buffer, rows, columns);
      change(w.block(r, c, rows, columns), panel, weights);
      if (a.cols() <= 8)
        for (Index n = 0; n < a.cols(); ++n)
          b.col(n).segment(r, rows).noalias() += panel * a.col(n).segment(c, columns);
      else
        for (Index n = 0; n < a.cols(); n += most_samples) {
          const Index samples = std::min(most_samples, a.cols() - n);
          b.block(r, n, rows, samples).noalias() += panel * a.block(c, n, columns, samples);
        }
    }
}
template <int Capacity, class Scalar, int Order>
[[gnu::noinline]] void multiply_changed(WeightView<Scalar, Order> w, View<Scalar> a, Out<Scalar> b,
                                        Weights weights) {
  b.setZero();
  with_replacement<Scalar>(weights, [&](auto f) {
    for (Index n = 0; n < a.cols(); ++n)
      for (Index c = 0; c < w.cols(); ++c)
        for (Index r = 0; r < w.rows(); ++r) b(r, n) += f(w(r, c)) * a(c, n);
  });
}

/// An Eigen::Map that a pointer and sizes are enough for.
template <class>
inline constexpr bool is_map = false;
template <class Matrix, int Alignment>
inline constexpr bool is_map<Eigen::Map<Matrix, Alignment>> = true;

}  // namespace detail

/// The linear map b = W a whose weights (outputs × inputs) are `Matrix`: an Eigen::Matrix, or an
/// Eigen::Map<const Eigen::Matrix<…>> over memory that outlives the map; row- or column-major, sizes known
/// at compile time or not. Where both sizes and the number of samples are known at compile time, no
/// product touches the heap.
/// Example: `DenseOf<Eigen::MatrixXd>(weights)`.
template <class Matrix>
class DenseOf {
  static_assert(bool(Matrix::Flags & Eigen::DirectAccessBit) && Matrix::InnerStrideAtCompileTime == 1,
                "ascribe: a dense map reads its weights from memory, neighbours next to each other: use an "
                "Eigen::Matrix, or an Eigen::Map of one without an inner stride");

 public:
  using Scalar = typename Matrix::Scalar;
  static constexpr int inputs = Matrix::ColsAtCompileTime;
  static constexpr int outputs = Matrix::RowsAtCompileTime;

  /// Throws Error where a size is 0.
  explicit DenseOf(const Matrix& weights) : weights_(weights) { check(weights.rows(), weights.cols()); }

  /// Maps `memory`, outputs × inputs weights in Matrix's storage order, which must outlive the map.
  /// Throws Error where there is none, or where the sizes are not those of the type.
  DenseOf(const Scalar* memory, Index output_count, Index input_count) requires(detail::is_map<Matrix>)
      : weights_(checked(memory, output_count, input_count), output_count, input_count) {}

  /// The same, where the type knows both sizes.
  explicit DenseOf(const Scalar* memory) requires(detail::is_map<Matrix>&& inputs != Dynamic &&
                                                  outputs != Dynamic)
      : DenseOf(memory, outputs, inputs) {}

  Index input_size() const { return weights_.cols(); }
  Index output_size() const { return weights_.rows(); }
  const Matrix& weights() const { return weights_; }

  /// b = W a.
  template <int N>
  void apply(View<Scalar, inputs, N> a, Out<Scalar, outputs, N> b, Weights weights) const {
    if constexpr (small<N>)
      if (weights == Weights::as_is) {
        for (Index n = 0; n < N; ++n) b.col(n).noalias() = weights_ * a.col(n);
        return;
      }
    product<N>(seen(), View<Scalar>(a.data(), a.rows(), a.cols()), Out<Scalar>(b.data(), b.rows(), b.cols()),
               weights);
  }

  /// g = Wᵀ s.
  template <int N>
  void apply_transposed(View<Scalar, outputs, N> s, Out<Scalar, inputs, N> g, Weights weights) const {
    if constexpr (small<N>)
      if (weights == Weights::as_is) {
        for (Index n = 0; n < N; ++n) g.col(n).noalias() = weights_.transpose() * s.col(n);
        return;
      }
    product<N>(seen_transposed(), View<Scalar>(s.data(), s.rows(), s.cols()),
               Out<Scalar>(g.data(), g.rows(), g.cols()), weights);
  }

  bool weights_are_finite() const {
    for (Index c = 0; c < weights_.cols(); ++c)
      for (Index r = 0; r < weights_.rows(); ++r)
        if (!math::isfinite(weights_(r, c))) return false;
    return true;
  }

 private:
  static constexpr bool fixed = inputs != Dynamic && outputs != Dynamic;
  static constexpr long long count = fixed ? 1LL * inputs * outputs : detail::panel_capacity;
  static constexpr int capacity = int(std::min<long long>(count, detail::panel_capacity));
  static constexpr int order = Matrix::IsRowMajor ? int(Eigen::RowMajor) : int(Eigen::ColMajor);
  static constexpr int transposed_order = Matrix::IsRowMajor ? int(Eigen::ColMajor) : int(Eigen::RowMajor);
  // Up to here Eigen's fixed-size products gain from knowing the sizes; beyond, they would only be
  // instantiated once a shape.
  template <int N>
  static constexpr bool small = fixed&& N != Dynamic&& count <= 1024;

  detail::WeightView<Scalar, order> seen() const {
    return {weights_.data(), weights_.rows(), weights_.cols(), Eigen::OuterStride<>(weights_.outerStride())};
  }
  detail::WeightView<Scalar, transposed_order> seen_transposed() const {
    return {weights_.data(), weights_.cols(), weights_.rows(), Eigen::OuterStride<>(weights_.outerStride())};
  }

  template <int N, int Order>
  static void product(detail::WeightView<Scalar, Order> w, View<Scalar> a, Out<Scalar> b, Weights weights) {
    if (weights != Weights::as_is)
      detail::multiply_changed<capacity, Scalar, Order>(w, a, b, weights);
    else if constexpr (fixed && N != Dynamic)  // sample by sample, for GEMM allocates
      for (Index n = 0; n < N; ++n)
        detail::multiply<Scalar, Order>(w, View<Scalar>(a.data() + n * a.rows(), a.rows(), 1),
                                        Out<Scalar>(b.data() + n * b.rows(), b.rows(), 1));
    else
      detail::multiply<Scalar, Order>(w, a, b);
  }

  static void check(Index output_count, Index input_count) {
    if (output_count < 1) fail("Dense: the outputs: expected at least 1, found ", output_count);
    if (input_count < 1) fail("Dense: the inputs: expected at least 1, found ", input_count);
  }
  static const Scalar* checked(const Scalar* memory, Index output_count, Index input_count) {
    check(output_count, input_count);
    if (outputs != Dynamic && output_count != outputs)
      fail("Dense: the outputs: expected ", outputs, ", found ", output_count);
    if (inputs != Dynamic && input_count != inputs)
      fail("Dense: the inputs: expected ", inputs, ", found ", input_count);
    if (!memory) fail("Dense: expected ", output_count, " x ", input_count, " weights, found a null pointer");
    return memory;
  }

  Matrix weights_;
};

/// A dense map with its own weights, Eigen::Matrix<Scalar, Outputs, Inputs>.
/// Example: `Dense<float, 784, 10>`, `Dense<double>`.
template <class Scalar, int Inputs = Dynamic, int Outputs = Dynamic>
using Dense = DenseOf<Eigen::Matrix<Scalar, Outputs, Inputs>>;

/// A dense map over the host's memory: `MappedDense<float, 784, 10, Eigen::RowMajor>(memory)` reads
/// `float memory[10][784]`. A single row or column has one order only, whatever `Order` says.
template <class Scalar, int Inputs = Dynamic, int Outputs = Dynamic, int Order = Eigen::ColMajor>
using MappedDense =
    DenseOf<Eigen::Map<const Eigen::Matrix<Scalar, Outputs, Inputs,
                                           Outputs == 1 && Inputs != 1   ? int(Eigen::RowMajor)
                                           : Inputs == 1 && Outputs != 1 ? int(Eigen::ColMajor)
                                                                         : Order>>>;

}  // namespace ascribe::map
