/// The dense linear map, over any Eigen matrix or the host's own memory.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <utility>
#include <vector>

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

/// Batches of which rows are left out.
template <class Scalar>
using RowsView = Eigen::Map<const Eigen::Matrix<Scalar, Dynamic, Dynamic>, 0, Eigen::OuterStride<>>;
template <class Scalar>
using RowsOut = Eigen::Map<Eigen::Matrix<Scalar, Dynamic, Dynamic>, 0, Eigen::OuterStride<>>;

/// b = W a by Eigen: GEMV for one sample, which reads the weights once and never allocates; else GEMM.
template <class Scalar, int Order>
[[gnu::noinline]] void multiply(WeightView<Scalar, Order> w, RowsView<Scalar> a, RowsOut<Scalar> b) {
  if (a.cols() == 1)
    b.col(0).noalias() = w * a.col(0);
  else
    b.noalias() = w * a;
}

/// Weights whose changed values are held at a time where the sizes are fixed: 16 KB of floats on the stack.
inline constexpr int panel_capacity = 4096;

/// b = f(W) a: as many rows of W as `buffer` holds are changed and multiplied while they are in cache, by the
/// same product as unchanged ones, of which a program then has one instantiation.
template <class Scalar, int Order>
[[gnu::noinline]] void multiply_changed(WeightView<Scalar, Order> w, RowsView<Scalar> a, RowsOut<Scalar> b,
                                        Weights weights, Scalar* buffer, Index capacity) {
  const Index tall = std::max<Index>(1, capacity / w.cols());
  for (Index first = 0; first < w.rows(); first += tall) {
    const Index rows = std::min(tall, w.rows() - first);
    const bool by_rows = Order == Eigen::RowMajor;
    const Index inner = by_rows ? w.cols() : rows, outer = by_rows ? rows : w.cols();
    const Scalar* from = w.data() + first * (by_rows ? w.outerStride() : 1);
    with_replacement<Scalar>(weights, [&](auto f) {
      for (Index o = 0; o < outer; ++o)
        for (Index i = 0; i < inner; ++i) buffer[o * inner + i] = f(from[o * w.outerStride() + i]);
    });
    multiply<Scalar, Order>({buffer, rows, w.cols(), Eigen::OuterStride<>(inner)}, a,
                            {b.data() + first, rows, b.cols(), Eigen::OuterStride<>(b.outerStride())});
  }
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
  static constexpr const char* name = "Dense";

  /// Throws Error where a size is 0.
  explicit DenseOf(Matrix weights) : weights_(std::move(weights)) { check(weights_.rows(), weights_.cols()); }

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

  /// The number of stored weights.
  Index weight_count() const { return weights_.size(); }
  bool weights_are_finite() const {
    for (Index c = 0; c < weights_.cols(); ++c)
      for (Index r = 0; r < weights_.rows(); ++r)
        if (!math::isfinite(weights_(r, c))) return false;
    return true;
  }

 private:
  static constexpr bool fixed = inputs != Dynamic && outputs != Dynamic;
  static constexpr long long count = 1LL * inputs * outputs;
  /// At least one row of W and one of Wᵀ.
  static constexpr int capacity =
      std::max({int(std::min<long long>(count, detail::panel_capacity)), inputs, outputs});
  static constexpr int order = Matrix::IsRowMajor ? int(Eigen::RowMajor) : int(Eigen::ColMajor);
  static constexpr int transposed_order = Matrix::IsRowMajor ? int(Eigen::ColMajor) : int(Eigen::RowMajor);
  // Up to here Eigen's fixed-size products gain from knowing the sizes; beyond, they would only be
  // instantiated once a shape.
  template <int N>
  static constexpr bool small = (fixed && N != Dynamic && count <= 1024);

  detail::WeightView<Scalar, order> seen() const {
    return {weights_.data(), weights_.rows(), weights_.cols(), Eigen::OuterStride<>(weights_.outerStride())};
  }
  detail::WeightView<Scalar, transposed_order> seen_transposed() const {
    return {weights_.data(), weights_.cols(), weights_.rows(), Eigen::OuterStride<>(weights_.outerStride())};
  }

  template <int N, int Order>
  static void product(detail::WeightView<Scalar, Order> w, View<Scalar> a, Out<Scalar> b, Weights weights) {
    // Where all sizes are fixed, sample by sample: GEMM allocates.
    const Index together = fixed && N != Dynamic ? 1 : a.cols();
    for (Index n = 0; n < a.cols(); n += together)
      product_of_samples<Order>(
          w, {a.data() + n * a.rows(), a.rows(), together, Eigen::OuterStride<>(a.rows())},
          {b.data() + n * b.rows(), b.rows(), together, Eigen::OuterStride<>(b.rows())}, weights);
  }

  template <int Order>
  static void product_of_samples(detail::WeightView<Scalar, Order> w, detail::RowsView<Scalar> a,
                                 detail::RowsOut<Scalar> b, Weights weights) {
    if (weights == Weights::as_is) {
      detail::multiply<Scalar, Order>(w, a, b);
    } else if constexpr (fixed) {
      std::array<Scalar, std::size_t(capacity)> buffer;
      detail::multiply_changed<Scalar, Order>(w, a, b, weights, buffer.data(), capacity);
    } else {
      // Many rows a panel, since GEMM packs the batch anew for each.
      std::vector<Scalar> buffer(std::size_t(std::max<Index>(Index(1) << 16, w.cols())));
      detail::multiply_changed<Scalar, Order>(w, a, b, weights, buffer.data(), Index(buffer.size()));
    }
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
