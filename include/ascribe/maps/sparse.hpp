/// The linear map of an Eigen sparse matrix.
#pragma once

#include <algorithm>
#include <utility>

#include <Eigen/SparseCore>

#include <ascribe/core/error.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/maps/linear_map.hpp>

namespace ascribe::map {

/// b = W a, W (outputs × inputs) sparse. What is stored can be changed, an explicitly stored 0 included;
/// the gaps stay zero.
/// Example: `Sparse<double>(weights)`.
template <class Scalar_>
class Sparse {
 public:
  using Scalar = Scalar_;
  static constexpr int inputs = Dynamic;
  static constexpr int outputs = Dynamic;
  static constexpr const char* name = "Sparse";
  static constexpr bool samplewise = true;

  /// Throws Error where a size is 0.
  explicit Sparse(Eigen::SparseMatrix<Scalar> weights) : weights_(std::move(weights)) {
    if (weights_.rows() < 1) fail("Sparse: the outputs: expected at least 1, found ", weights_.rows());
    if (weights_.cols() < 1) fail("Sparse: the inputs: expected at least 1, found ", weights_.cols());
    weights_.makeCompressed();
  }

  Index input_size() const { return weights_.cols(); }
  Index output_size() const { return weights_.rows(); }
  /// Outputs × inputs.
  const Eigen::SparseMatrix<Scalar>& weights() const { return weights_; }

  template <int N>
  void apply(View<Scalar, inputs, N> a, Out<Scalar, outputs, N> b, Weights weights) const {
    each_entry(weights, a.cols(), b,
               [&](Index row, Index column, Index n, const Scalar& w) { b(row, n) += w * a(column, n); });
  }

  template <int N>
  void apply_transposed(View<Scalar, outputs, N> s, Out<Scalar, inputs, N> g, Weights weights) const {
    each_entry(weights, s.cols(), g,
               [&](Index row, Index column, Index n, const Scalar& w) { g(column, n) += w * s(row, n); });
  }

  /// The derivative by what is stored, in the order of valuePtr() (maps/linear_map.hpp).
  template <int N>
  void accumulate(View<Scalar, outputs, N> s, View<Scalar, inputs, N> a, Scalar* gradient,
                  const Weights& weights) const {
    const Index columns = weights_.cols();
    each_part(1, columns, (weight_count() / columns + 1) * a.cols(), [&](Index, Index column) {
      for (Index k = weights_.outerIndexPtr()[column]; k < weights_.outerIndexPtr()[column + 1]; ++k) {
        Scalar sum(0);
        for (Index n = 0; n < a.cols(); ++n) sum += s(weights_.innerIndexPtr()[k], n) * a(column, n);
        multiply_by_derivative(weights, 1, weights_.valuePtr() + k, 1, &sum);
        gradient[k] += sum;
      }
    });
  }
  void copy_weights(Scalar* to) const { std::copy_n(weights_.valuePtr(), weight_count(), to); }

  Sparse with_weights(const Scalar* from) const {
    Sparse changed = *this;
    std::copy_n(from, weight_count(), changed.weights_.valuePtr());
    return changed;
  }

  /// The number of stored weights.
  Index weight_count() const { return weights_.nonZeros(); }
  bool weights_are_finite() const {
    for (Index k = 0; k < weights_.nonZeros(); ++k)
      if (!math::isfinite(weights_.valuePtr()[k])) return false;
    return true;
  }

 private:
  // Sample by sample: both columns stay in cache, and the entries stream by.
  template <class Sums, class F>
  void each_entry(Weights weights, Index samples, Sums& sums, F&& f) const {
    with_replacement<Scalar>(weights, [&](auto replace) {
      each_part(samples, 1, weights_.nonZeros(), [&](Index n, Index) {
        sums.col(n).setZero();
        for (Index column = 0; column < weights_.outerSize(); ++column)
          for (typename Eigen::SparseMatrix<Scalar>::InnerIterator it(weights_, column); it; ++it)
            f(it.row(), column, n, replace(it.value()));
      });
    });
  }

  Eigen::SparseMatrix<Scalar> weights_;
};

}  // namespace ascribe::map
