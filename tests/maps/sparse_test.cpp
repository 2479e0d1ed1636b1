#include <ascribe/maps/sparse.hpp>

#include <limits>

#include "tests/support/catch.hpp"
#include "tests/support/map_contract.hpp"

using namespace ascribe;
using map_contract::Explicit;
using map_contract::holds;

namespace {

/// The entries of `expected` as a sparse matrix of another scalar.
template <class Scalar>
Eigen::SparseMatrix<Scalar> sparse(const Explicit& expected) {
  Eigen::SparseMatrix<Scalar> result(expected.weights.rows(), expected.weights.cols());
  for (Index j = 0; j < expected.weights.rows(); ++j)
    for (Index i = 0; i < expected.weights.cols(); ++i)
      if (expected.stored(j, i)) result.insert(j, i) = Scalar(expected.weights(j, i));
  return result;
}

}  // namespace

TEST_CASE("a sparse map is its matrix", "[maps]") {
  for (const Index outputs : {1, 6}) {
    Explicit expected(outputs, 11);
    const Eigen::MatrixXd w = map_contract::matrix(outputs, 11, 1);
    for (Index j = 0; j < outputs; ++j)
      for (Index i = 0; i < 11; ++i)
        if ((3 * j + i) % 4 == 0) expected.store(j, i, w(j, i));
    expected.store(0, 5, 0);  // a stored zero: `one` makes it 1, the gaps stay 0
    Index number = 0;         // column by column
    for (Index i = 0; i < 11; ++i)
      for (Index j = 0; j < outputs; ++j)
        if (expected.stored(j, i)) expected.learned.push_back({j, i, number++});
    holds([&]<class S>() { return map::Sparse<S>(sparse<S>(expected)); }, expected);
  }
}

TEST_CASE("a sparse map sees a weight that is not finite", "[maps]") {
  Eigen::SparseMatrix<double> w(2, 2);
  w.insert(1, 0) = std::numeric_limits<double>::infinity();
  CHECK_FALSE(map::Sparse<double>(w).weights_are_finite());
  CHECK(map::Sparse<double>(w).weight_count() == 1);
}

TEST_CASE("a sparse map's errors", "[maps]") {
  CHECK_THROWS_WITH(map::Sparse<double>(Eigen::SparseMatrix<double>(0, 3)),
                    "Sparse: the outputs: expected at least 1, found 0");
  CHECK_THROWS_WITH(map::Sparse<double>(Eigen::SparseMatrix<double>(3, 0)),
                    "Sparse: the inputs: expected at least 1, found 0");
}
