/// The types that every part shares: batches, views of them, and the two closed lists of the design.
#pragma once

#include <Eigen/Core>

namespace ascribe {

using Eigen::Index;

/// A size that is known at run time only.
inline constexpr int Dynamic = Eigen::Dynamic;

/// features × samples, column-major: one sample is one contiguous column.
template <class Scalar, int Rows = Dynamic, int Samples = Dynamic>
using Batch = Eigen::Matrix<Scalar, Rows, Samples>;

/// A batch to read, and one to write, in somebody else's memory. Products take these only, so that
/// there is one instantiation a shape and none an expression.
template <class Scalar, int Rows = Dynamic, int Samples = Dynamic>
using View = Eigen::Map<const Batch<Scalar, Rows, Samples>>;
template <class Scalar, int Rows = Dynamic, int Samples = Dynamic>
using Out = Eigen::Map<Batch<Scalar, Rows, Samples>>;

template <class Scalar, int Rows, int Samples>
View<Scalar, Rows, Samples> view(const Batch<Scalar, Rows, Samples>& batch) {
  return {batch.data(), batch.rows(), batch.cols()};
}
template <class Scalar, int Rows, int Samples>
View<Scalar, Rows, Samples> view(const Out<Scalar, Rows, Samples>& batch) {
  return {batch.data(), batch.rows(), batch.cols()};
}
template <class Scalar, int Rows, int Samples>
Out<Scalar, Rows, Samples> out(Batch<Scalar, Rows, Samples>& batch) {
  return {batch.data(), batch.rows(), batch.cols()};
}

/// What a linear map's weights are replaced by for one product. A closed list, because it has to cross
/// the virtual boundary of a network that is known at run time only. `one` stands for every *stored*
/// weight: structural zeros (a convolution's padding, a sparse matrix's gaps) stay zero.
enum class Weights { as_is, positive, negative, square, one };

/// What a backward pass carries: relevance R, Q = R/a, or the multiplier m = R/(a − ā) against a
/// reference ā.
enum class Form { R, Q, Delta };

template <class>
inline constexpr bool always_false = false;

}  // namespace ascribe
