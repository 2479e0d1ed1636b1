#include <ascribe/maps/dense.hpp>

#include <limits>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/map_contract.hpp"

using namespace ascribe;
using map_contract::Explicit;
using map_contract::holds;
using map_contract::holds_when_large;
using map_contract::matrix;

namespace {

/// The contract for one shape in its own memory; every scalar where the sizes are dynamic, since each
/// fixed shape costs its own instantiations.
template <int Inputs, int Outputs>
void check_shape(Index inputs, Index outputs, unsigned seed) {
  const Eigen::MatrixXd w = matrix(outputs, inputs, seed);
  INFO(outputs << " x " << inputs << " (" << Outputs << " x " << Inputs << ")");
  if constexpr (Inputs == Dynamic && Outputs == Dynamic) {
    const auto make = [&]<class S>() { return map::Dense<S>(w.template cast<S>()); };
    if (w.size() < 2000)
      holds(make, Explicit(w));
    else
      holds_when_large(make, Explicit(w));
  } else {
    map_contract::check(map::Dense<double, Inputs, Outputs>(w), Explicit(w));
  }
}

/// The same in the host's memory, row-major.
template <int Inputs, int Outputs>
void check_mapped(Index inputs, Index outputs, unsigned seed) {
  const Eigen::MatrixXd w = matrix(outputs, inputs, seed);
  INFO("mapped " << outputs << " x " << inputs << " (" << Outputs << " x " << Inputs << ")");
  const Eigen::Matrix<double, Dynamic, Dynamic, Eigen::RowMajor> rows = w;
  map_contract::check(
      map::MappedDense<double, Inputs, Outputs, Eigen::RowMajor>(rows.data(), outputs, inputs),
      Inputs == 1 ? Explicit(w) : Explicit(w).by_rows());
}

}  // namespace

TEST_CASE("a dense map is its matrix", "[maps]") {
  check_shape<Dynamic, Dynamic>(5, 3, 1);
  check_shape<Dynamic, Dynamic>(1, 1, 2);
  check_shape<Dynamic, Dynamic>(300, 170, 3);  // several panels both ways
  check_shape<Dynamic, 4>(7, 4, 5);
}

TEST_CASE("a dense map of one feature is its matrix", "[maps]") {  // Matrix<S, 1, N> is row-major
  check_shape<Dynamic, Dynamic>(9, 1, 1);
  check_shape<9, 1>(9, 1, 2);
  check_shape<1, 6>(1, 6, 3);
}

TEST_CASE("a fixed-size dense map of every scalar is its matrix", "[maps]") {
  const Eigen::MatrixXd w = matrix(3, 5, 8);
  holds([&]<class S>() { return map::Dense<S, 5, 3>(w.template cast<S>()); }, Explicit(w));
}

TEST_CASE("a dense map over the host's memory is its matrix", "[maps]") {
  check_mapped<Dynamic, Dynamic>(300, 170, 3);
  check_mapped<9, 1>(9, 1, 5);
  check_mapped<1, 6>(1, 6, 6);
  check_mapped<150, 40>(150, 40, 7);            // beyond Eigen's fixed-size products
  check_mapped<Dynamic, Dynamic>(1030, 20, 8);  // lines in several pieces
}

TEST_CASE("a dense map over stored weights is its matrix", "[maps]") {
  const Eigen::MatrixXd w = matrix(40, 33, 9);
  holds([&]<class S>() { return map::StoredDense<S>(map::StoredMatrix<S>(w.template cast<S>())); }, Explicit(w));
}

TEST_CASE("a dense map reads a matrix with an outer stride", "[maps]") {
  using Strided = Eigen::Map<const Eigen::MatrixXd, 0, Eigen::OuterStride<>>;
  const Eigen::MatrixXd all = matrix(9, 5, 3);
  map_contract::check(map::DenseOf<Strided>(Strided(all.data() + 2, 4, 5, Eigen::OuterStride<>(9))),
                      Explicit(all.middleRows(2, 4)));
}

TEST_CASE("a dense map's numbers by hand", "[maps]") {
  const float memory[2][3] = {{1, -2, 3}, {-4, 5, -6}};
  const map::MappedDense<float, 3, 2, Eigen::RowMajor> dense(&memory[0][0]);
  const Batch<float, 3, 1> a(1, 10, 100);
  Batch<float, 2, 1> b;
  dense.apply<1>(view(a), out(b), Weights::as_is);
  CHECK(b == Batch<float, 2, 1>(281, -554));
  dense.apply<1>(view(a), out(b), Weights::positive);
  CHECK(b == Batch<float, 2, 1>(301, 50));
  dense.apply<1>(view(a), out(b), Weights::negative);
  CHECK(b == Batch<float, 2, 1>(-20, -604));
  dense.apply<1>(view(a), out(b), Weights::square);
  CHECK(b == Batch<float, 2, 1>(941, 3866));
  dense.apply<1>(view(a), out(b), Weights::one);
  CHECK(b == Batch<float, 2, 1>(111, 111));
  Batch<float, 3, 1> g;
  dense.apply_transposed<1>(view(b), out(g), Weights::as_is);
  CHECK(g == Batch<float, 3, 1>(-333, 333, -333));
  CHECK(dense.weight_count() == 6);
}

TEST_CASE("a dense map sees a weight that is not finite", "[maps]") {
  Eigen::MatrixXd w = Eigen::MatrixXd::Ones(2, 2);
  CHECK(map::Dense<double>(w).weights_are_finite());
  w(1, 0) = std::numeric_limits<double>::infinity();
  CHECK_FALSE(map::Dense<double>(w).weights_are_finite());
  w(1, 0) = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(map::Dense<double>(w).weights_are_finite());
}

TEST_CASE("a dense map takes an empty batch", "[maps]") {
  const map::Dense<double> dense(Eigen::MatrixXd::Ones(2, 3));
  const Batch<double> a(3, 0);
  Batch<double> b(2, 0);
  dense.apply<Dynamic>(view(a), out(b), Weights::as_is);
  dense.apply<Dynamic>(view(a), out(b), Weights::positive);
  CHECK(b.size() == 0);
}

TEST_CASE("a dense map's errors", "[maps]") {
  const std::vector<double> memory(6);
  CHECK_THROWS_WITH(map::Dense<double>(Eigen::MatrixXd(0, 3)),
                    "Dense: the outputs: expected at least 1, found 0");
  CHECK_THROWS_WITH(map::Dense<double>(Eigen::MatrixXd(2, 0)),
                    "Dense: the inputs: expected at least 1, found 0");
  using Fixed = map::MappedDense<double, 3, 2>;
  CHECK_THROWS_WITH(Fixed(memory.data(), 3, 3), "Dense: the outputs: expected 2, found 3");
  CHECK_THROWS_WITH(Fixed(memory.data(), 2, 2), "Dense: the inputs: expected 3, found 2");
  CHECK_THROWS_WITH(Fixed(nullptr), "Dense: expected 2 x 3 weights, found a null pointer");
  CHECK_THROWS_WITH(map::MappedDense<double>(memory.data(), -1, 3),
                    "Dense: the outputs: expected at least 1, found -1");
}
