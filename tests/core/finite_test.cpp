#include <ascribe/core/finite.hpp>

#include <limits>
#include <vector>

#include <unsupported/Eigen/AutoDiff>

#include "tests/support/catch.hpp"

using namespace ascribe;

TEMPLATE_TEST_CASE("one number that is not finite is found wherever it stands", "[core]", float, double) {
  using Limits = std::numeric_limits<TestType>;
  // Pieces have 4096 numbers: their borders, the first and the last.
  for (const Index rows : {1, 4095, 4096, 4097, 9000}) {
    std::vector<TestType> values(std::size_t(2 * rows), Limits::max());
    CHECK(detail::all_finite(rows, 2, values.data()));
    for (const Index at : {Index(0), rows - 1, rows, 2 * rows - 1})
      for (const TestType bad : {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()}) {
        values[std::size_t(at)] = bad;
        CHECK_FALSE(detail::all_finite(rows, 2, values.data()));
        values[std::size_t(at)] = 0;
      }
  }
}

TEST_CASE("a scalar that differentiates itself is as finite as its value", "[core]") {
  using S = Eigen::AutoDiffScalar<Eigen::Vector2d>;
  std::vector<S> values(3, S(1, 2, 0));
  CHECK(detail::all_finite(3, values.data()));
  values[2] = S(std::numeric_limits<double>::infinity(), 2, 0);
  CHECK_FALSE(detail::all_finite(3, values.data()));
}
