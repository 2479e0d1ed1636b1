#include <ascribe/evaluate/bootstrap.hpp>

#include "tests/support/catch.hpp"

#include <cmath>

#include "tests/support/random.hpp"

namespace {

using namespace ascribe;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using evaluate::bootstrap;

// For many samples the means' distribution is normal: ±1.96 deviations/√n hold 95 % of it, ±0.674 half.
TEST_CASE("the interval of a mean of many samples is the normal one", "[evaluate]") {
  const MatrixXd values = test::Random(1).matrix(2, 2000);
  for (const auto& [level, width] : {std::pair(0.95, 1.95996), std::pair(0.5, 0.67449)}) {
    const auto intervals = bootstrap(values, level);
    REQUIRE(intervals.size() == 2);
    for (Index i = 0; i < 2; ++i) {
      const auto& found = intervals[std::size_t(i)];
      const double mean = values.row(i).mean();
      const double error = std::sqrt((values.row(i).array() - mean).square().mean() / 2000);
      CHECK(std::abs(found.mean - mean) < 1e-15);
      CHECK(std::abs((found.high - mean) / (width * error) - 1) < 0.1);
      CHECK(std::abs((mean - found.low) / (width * error) - 1) < 0.1);
    }
  }
}

TEST_CASE("a quantity's interval is its own, and the same for a seed", "[evaluate]") {
  const MatrixXd values = test::Random(2).matrix(3, 20);
  const auto all = bootstrap(values), again = bootstrap(values.row(1)),
             other = bootstrap(values, 0.95, 2000, 2);
  // The same sums, whose order the number of rows may change.
  CHECK(std::abs(all[1].low - again[0].low) < 1e-14);
  CHECK(std::abs(all[1].high - again[0].high) < 1e-14);
  CHECK(all[1].low != other[1].low);
  CHECK(all[1].low < all[1].mean);
  CHECK(all[1].mean < all[1].high);
}

// Two resamples of one number each: the quantiles lie on the line between their means.
TEST_CASE("quantiles are interpolated, and one sample has no width", "[evaluate]") {
  const MatrixXd pair{{0, 1}};
  double low = 0, high = 0;
  std::uint64_t seed = 0;
  do {  // resamples that differ
    ++seed;
    const auto all = bootstrap(pair, 1 - 1e-12, 2, seed).front();
    low = all.low, high = all.high;
  } while (high - low < 0.25);
  const auto half = bootstrap(pair, 0.5, 2, seed).front();
  CHECK(std::abs(half.low - (low + 0.25 * (high - low))) < 1e-9);
  CHECK(std::abs(half.high - (low + 0.75 * (high - low))) < 1e-9);
  const auto one = bootstrap(MatrixXd{{3.0}}).front();
  CHECK(one.low == 3);
  CHECK(one.high == 3);
}

TEST_CASE("intervals of nothing are refused", "[evaluate]") {
  const MatrixXd values = MatrixXd::Ones(1, 3);
  CHECK_THROWS_WITH(bootstrap(MatrixXd(1, 0)), Contains("at least 1 sample"));
  CHECK_THROWS_WITH(bootstrap(values, 0.95, 0), Contains("at least 1 resample, found 0"));
  CHECK_THROWS_WITH(bootstrap(values, 1.0), Contains("a level in (0, 1), found 1"));
  CHECK_THROWS_WITH(bootstrap(values, std::nan("")), Contains("a level in (0, 1)"));
}

}  // namespace
