#include <ascribe/core/math.hpp>

#include "tests/support/catch.hpp"

#include <cmath>
#include <limits>

#include <unsupported/Eigen/AutoDiff>

namespace {

namespace math = ascribe::math;
using Dual = Eigen::AutoDiffScalar<Eigen::Matrix<double, 1, 1>>;

Dual at(double x) { return Dual(x, Eigen::Matrix<double, 1, 1>(1.)); }

TEST_CASE("The functions and their derivatives", "[core]") {
  const double x = 0.7;
  const auto check = [&](const auto& f, double value, double derivative) {
    CHECK(f(x) == Approx(value).epsilon(1e-14));
    CHECK(f(float(x)) == Approx(value).epsilon(1e-6));
    CHECK(f(at(x)).value() == Approx(value).epsilon(1e-14));
    CHECK(f(at(x)).derivatives()(0) == Approx(derivative).epsilon(1e-14));
  };
  const auto square = [](double y) { return y * y; };
  check([](auto y) { return math::exp(y); }, std::exp(x), std::exp(x));
  check([](auto y) { return math::log(y); }, std::log(x), 1 / x);
  check([](auto y) { return math::tanh(y); }, std::tanh(x), 1 - square(std::tanh(x)));
  check([](auto y) { return math::sqrt(y); }, std::sqrt(x), 0.5 / std::sqrt(x));
  check([](auto y) { return math::expm1(y); }, std::expm1(x), std::exp(x));
  check([](auto y) { return math::log1p(y); }, std::log1p(x), 1 / (1 + x));
  check([](auto y) { return math::erfc(y); }, std::erfc(x),
        -2 / std::sqrt(std::acos(-1.)) * std::exp(-x * x));
}

TEST_CASE("Absolute value, extremes and what is finite", "[core]") {
  CHECK_FALSE(std::signbit(math::abs(-0.0)));
  CHECK(math::abs(at(-2)).derivatives()(0) == -1);
  CHECK(math::max(1.0, 2.0) == 2.0);
  CHECK(math::min(1.0, 2.0) == 1.0);
  CHECK(math::max(at(3), Dual(2.)).derivatives()(0) == 1);
  CHECK(math::value_of(at(3)) == 3.0);
  CHECK(math::isfinite(1e308));
  CHECK_FALSE(math::isfinite(std::numeric_limits<float>::quiet_NaN()));
  CHECK_FALSE(math::isfinite(Dual(std::numeric_limits<double>::infinity())));
  CHECK(math::epsilon<double> == 0x1p-52);
  CHECK(math::epsilon<float> == 0x1p-23);
  CHECK(math::epsilon<Dual> == 0x1p-52);
}

}  // namespace
