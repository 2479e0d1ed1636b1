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
/// One to write.
template <class Scalar, int Rows = Dynamic, int Samples = Dynamic>
using Out = Eigen::Map<Batch<Scalar, Rows, Samples>>;

/// All of a batch, to read.
template <class Scalar, int Rows, int Samples>
View<Scalar, Rows, Samples> view(const Batch<Scalar, Rows, Samples>& batch) {
  return {batch.data(), batch.rows(), batch.cols()};
}
/// The same of one to write.
template <class Scalar, int Rows, int Samples>
View<Scalar, Rows, Samples> view(const Out<Scalar, Rows, Samples>& batch) {
  return {batch.data(), batch.rows(), batch.cols()};
}
/// All of a batch, to write.
template <class Scalar, int Rows, int Samples>
Out<Scalar, Rows, Samples> out(Batch<Scalar, Rows, Samples>& batch) {
  return {batch.data(), batch.rows(), batch.cols()};
}

/// What a linear map's weights are replaced by for one product. A closed list, because it has to cross
/// the virtual boundary of a network that is known at run time only. Only *stored* weights are replaced:
/// structural zeros (a convolution's padding, a sparse matrix's gaps) stay zero.
struct Weights {
  /// What replaces a weight w.
  enum Choice {
    as_is,
    positive,  ///< w⁺ = max(w, 0)
    negative,  ///< w⁻ = min(w, 0)
    square,    ///< w²
    one,       ///< 1
    favoured,  ///< w + γw⁺
    /// w, by a faster product that rounds more where the map has been given one (map::Products): for products
    /// that nothing is divided by. Every other map takes it for `as_is`.
    approximate
  };
  Choice choice;     ///< which of them
  double gamma = 0;  ///< of `favoured`

  /// A choice without a parameter.
  constexpr Weights(Choice c) : choice(c) {}
  /// w + γw⁺.
  static constexpr Weights favouring(double gamma) {
    Weights weights(favoured);
    weights.gamma = gamma;
    return weights;
  }

  /// Whether the weights are the stored ones.
  constexpr bool unchanged() const { return choice == as_is || choice == approximate; }

  /// Whether choice and γ are the same.
  friend constexpr bool operator==(const Weights&, const Weights&) = default;
};

/// What a backward pass carries: relevance R, Q = R/a, or the multiplier m = R/(a − ā) against a
/// baseline ā.
enum class Form { R, Q, Delta };
namespace detail {
inline const char* name_of(Form form) { return form == Form::R ? "R" : form == Form::Q ? "Q" : "Delta"; }
}  // namespace detail

/// For static assertions that fail once a template is used.
template <class>
inline constexpr bool always_false = false;

}  // namespace ascribe
