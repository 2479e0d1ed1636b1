#include <ascribe/functions/rounding.hpp>

#include <limits>
#include <vector>

#include <unsupported/Eigen/AutoDiff>

#include <ascribe/functions/function.hpp>

#include "tests/support/catch.hpp"

namespace {

using namespace ascribe;

/// Values, and that each chord is the quotient in long double, and all derivatives are 0.
template <class Scalar, class F>
void check_steps(const F& f, const std::vector<double>& expected) {
  const std::vector<double> a{-2.5, -1.5, -1.25, -1, -0.5, -0.0, 0, 0.5, 0.75, 1, 1.5, 2.5, 1e10, -1e30};
  REQUIRE(expected.size() == a.size());
  std::vector<Scalar> found(a.size()), points(a.begin(), a.end());
  fn::values(f, 0, Index(a.size()), points.data(), found.data());
  for (std::size_t i = 0; i < a.size(); ++i) {
    INFO(fn::name_of(f) << " at " << a[i]);
    CHECK(found[i] == Scalar(expected[i]));
    CHECK(f.derivative(points[i]) == 0);
    CHECK(f.chord(points[i], points[i]) == 0);
    for (std::size_t j = 0; j < a.size(); ++j) {
      const long double run = static_cast<long double>(points[i]) - static_cast<long double>(points[j]);
      if (run == 0) continue;
      const long double rise = static_cast<long double>(found[i]) - static_cast<long double>(found[j]);
      CHECK(double(f.chord(points[i], points[j])) ==
            Approx(double(rise / run)).epsilon(8 * double(std::numeric_limits<Scalar>::epsilon())).margin(0));
    }
  }
  using Limits = std::numeric_limits<Scalar>;
  CHECK(std::isfinite(f.chord(Limits::max(), Limits::lowest())));
  CHECK(f.chord(Limits::denorm_min(), Limits::denorm_min()) == 0);
  Scalar second = 1;
  fn::second_derivatives(f, 0, 1, points.data(), &second);
  CHECK(second == 0);
  CHECK(fn::has_second_derivative(f));
  using Dual = Eigen::AutoDiffScalar<Eigen::Matrix<double, 1, 1>>;
  const Dual dual = f.value(Dual(1.75, Eigen::Matrix<double, 1, 1>::Ones()));
  CHECK(dual.value() == f.value(1.75));
  CHECK((dual.derivatives().size() == 0 || dual.derivatives()(0) == 0));
}

template <class F>
void check(const F& f, const std::vector<double>& expected) {
  check_steps<float>(f, expected);
  check_steps<double>(f, expected);
  CHECK(fn::through_origin(f));
}

TEST_CASE("Floor, Ceil, Round and Sign", "[functions]") {
  check(fn::Floor{}, {-3, -2, -2, -1, -1, -0.0, 0, 0, 0, 1, 1, 2, 1e10, -1e30});
  check(fn::Ceil{}, {-2, -1, -1, -1, -0.0, -0.0, 0, 1, 1, 1, 2, 3, 1e10, -1e30});
  check(fn::Round{}, {-2, -2, -1, -1, -0.0, -0.0, 0, 0, 1, 1, 2, 2, 1e10, -1e30});
  check(fn::Sign{}, {-1, -1, -1, -1, -1, 0, 0, 1, 1, 1, 1, 1, 1, -1});
}

TEST_CASE("chords see the jumps that derivatives do not", "[functions]") {
  CHECK(fn::Floor{}.chord(1.5, 0.5) == 1);
  CHECK(fn::Floor{}.chord(1.75, 1.5) == 0);
  CHECK(fn::Ceil{}.chord(0.25, 0.0) == 4);
  CHECK(fn::Round{}.chord(0.75, 0.25) == 2);
  CHECK(fn::Sign{}.chord(4.0, 0.0) == 0.25);
  CHECK(fn::Sign{}.chord(1.0, -1.0) == 1);
}

}  // namespace
