/// The dense linear map, over any Eigen matrix or the host's own memory.
#pragma once

#include <concepts>
#include <span>
#include <utility>

#include <ascribe/core/error.hpp>
#include <ascribe/core/finite.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/core/weight_store.hpp>
#include <ascribe/kernels/dense_product.hpp>
#include <ascribe/maps/linear_map.hpp>

namespace ascribe::map {
namespace detail {

/// An Eigen::Map that a pointer and sizes are enough for.
template <class>
inline constexpr bool is_map = false;
template <class Matrix, int Alignment>
inline constexpr bool is_map<Eigen::Map<Matrix, Alignment>> = true;

}  // namespace detail

/// The linear map b = W a whose weights (outputs × inputs) are `Matrix`: an Eigen::Matrix, or an
/// `Eigen::Map<const Eigen::Matrix<…>>` over memory that outlives the map; row- or column-major, sizes known
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
  /// Outputs × inputs.
  const Matrix& weights() const { return weights_; }

  /// b = W a.
  template <int N>
  void apply(View<Scalar, inputs, N> a, Out<Scalar, outputs, N> b, const Weights& weights,
             const Finish<Scalar>& finish = {}) const {
    if constexpr (small<N>)
      if (weights.unchanged()) {
        for (Index n = 0; n < N; ++n) b.col(n).noalias() = weights_ * a.col(n);
        if (finish) ascribe::detail::finish_behind(b, finish);
        return;
      }
    multiply<N>(seen(), a.data(), b.data(), a.cols(), weights, finish);
  }

  /// g = Wᵀ s.
  template <int N>
  void apply_transposed(View<Scalar, outputs, N> s, Out<Scalar, inputs, N> g, const Weights& weights,
                        const Finish<Scalar>& finish = {}) const {
    if constexpr (small<N>)
      if (weights.unchanged()) {
        for (Index n = 0; n < N; ++n) g.col(n).noalias() = weights_.transpose() * s.col(n);
        if (finish) ascribe::detail::finish_behind(g, finish);
        return;
      }
    multiply<N>(seen().transposed(), s.data(), g.data(), s.cols(), weights, finish);
  }

  /// (W a)_j for some outputs j of one sample (maps/linear_map.hpp).
  void apply_at(const Scalar* a, std::span<const Index> at, Scalar* values, const Weights& weights) const {
    kernel::multiply_at(seen(), a, at, values, weights);
  }

  /// The derivative by the weights, in Matrix's storage order (maps/linear_map.hpp).
  template <int N>
  void accumulate(View<Scalar, outputs, N> s, View<Scalar, inputs, N> a, Scalar* gradient,
                  const Weights& weights) const {
    if constexpr (small<N>)
      if (weights.unchanged()) {
        for (Index n = 0; n < N; ++n)
          Eigen::Map<typename Matrix::PlainObject>(gradient).noalias() += s.col(n) * a.col(n).transpose();
        return;
      }
    if constexpr (fixed && N != Dynamic)  // one by one: less on the stack of a small device
      for (Index n = 0; n < N; ++n)
        kernel::add_outer_few(seen(), s.data() + n * outputs, a.data() + n * inputs, gradient, 1, weights);
    else
      kernel::add_outer(seen(), s.data(), a.data(), gradient, a.cols(), weights);
  }
  void copy_weights(Scalar* to) const {
    Eigen::Map<typename Matrix::PlainObject>(to, weights_.rows(), weights_.cols()) = weights_;
  }

  /// The same map with other weights, in Matrix's storage order, which are copied.
  DenseOf<typename Matrix::PlainObject> with_weights(const Scalar* from) const {
    return DenseOf<typename Matrix::PlainObject>(
        Eigen::Map<const typename Matrix::PlainObject>(from, weights_.rows(), weights_.cols()));
  }

  /// The number of stored weights.
  Index weight_count() const { return weights_.size(); }
  bool weights_are_finite() const {
    if constexpr (!fixed && requires { weights_.outerStride(); })
      if (weights_.innerStride() == 1 && weights_.outerStride() == weights_.innerSize())
        return ascribe::detail::all_finite(weights_.size(), 1, weights_.data());
    for (Index c = 0; c < weights_.cols(); ++c)
      for (Index r = 0; r < weights_.rows(); ++r)
        if (!math::isfinite(weights_(r, c))) return false;
    return true;
  }

 private:
  static constexpr bool fixed = inputs != Dynamic && outputs != Dynamic;
  static constexpr long long count = 1LL * inputs * outputs;
  // Up to here Eigen's fixed-size products gain from knowing the sizes; beyond, they would only be
  // instantiated once a shape.
  template <int N>
  static constexpr bool small = (fixed && N != Dynamic && count <= 1024);

  kernel::MatrixView<Scalar> seen() const {
    return {weights_.data(), weights_.rows(), weights_.cols(), weights_.outerStride(),
            bool(Matrix::IsRowMajor)};
  }

  template <int N>
  static void multiply(const kernel::MatrixView<Scalar>& w, const Scalar* a, Scalar* b, Index samples,
                       const Weights& weights, const Finish<Scalar>& finish) {
    if constexpr (fixed && N != Dynamic) {  // one by one: less on the stack of a small device
      for (Index n = 0; n < samples; ++n)
        kernel::multiply_few(w, a + n * w.inputs, b + n * w.outputs, 1, weights, finish, n * w.outputs);
    } else {
      kernel::multiply(w, a, b, samples, weights, finish);
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

/// A matrix, outputs × inputs, whose weights lie in the weight store where there is one. Copies share them.
template <class Scalar>
class StoredMatrix : public Eigen::Map<const Eigen::Matrix<Scalar, Dynamic, Dynamic>> {
 public:
  using Matrix = Eigen::Matrix<Scalar, Dynamic, Dynamic>;  ///< what it is made of
  /// Takes them over. (In braces the sizes are asked for before the weights are moved.)
  explicit StoredMatrix(Matrix weights)
      : StoredMatrix{weights.rows(), weights.cols(), StoredWeights<Scalar>(std::move(weights))} {}

 private:
  StoredMatrix(Index rows, Index columns, StoredWeights<Scalar> weights)
      : Eigen::Map<const Matrix>(weights.data(), rows, columns), weights_(std::move(weights)) {}

  StoredWeights<Scalar> weights_;
};

/// A dense map whose weights lie in the weight store (core/weight_store.hpp).
template <class Scalar>
using StoredDense = DenseOf<StoredMatrix<Scalar>>;

/// A dense map over the host's memory: `MappedDense<float, 784, 10, Eigen::RowMajor>(memory)` reads
/// `float memory[10][784]`. A single row or column has one order only, whatever `Order` says.
template <class Scalar, int Inputs = Dynamic, int Outputs = Dynamic, int Order = Eigen::ColMajor>
using MappedDense =
    DenseOf<Eigen::Map<const Eigen::Matrix<Scalar, Outputs, Inputs,
                                           Outputs == 1 && Inputs != 1   ? int(Eigen::RowMajor)
                                           : Inputs == 1 && Outputs != 1 ? int(Eigen::ColMajor)
                                                                         : Order>>>;

}  // namespace ascribe::map
