#include <ascribe/functions/power.hpp>

#include <string>
#include <vector>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

TEST_CASE("a square's chord is the sum of its ends", "[functions]") {
  CHECK(fn::Power{2}.value(-3.0) == 9);
  CHECK(fn::Power{2}.derivative(-3.0) == -6);
  CHECK(fn::Power{2}.chord(-3.0, 5.0) == 2);
  CHECK(fn::Power{2}.chord(3.0, 3.0) == 6);
  CHECK(fn::Power{2, 1, 0.5}.chord(2.0, 4.0) == 0.5 * (2 + 3));
}

// Numbers: Python's decimal with 40 digits.
TEST_CASE("local response normalisation's power", "[functions]") {
  const fn::Power f{-0.75, 1, 0.1};
  CHECK_THAT(f.value(2.0), WithinRel(0.87219594949342130, 1e-15));
  CHECK_THAT(f.derivative(2.0), WithinRel(-0.075 * 0.87219594949342130 / 1.2, 1e-15));
  CHECK(f.chord(2.0, 2.0) == f.derivative(2.0));
  // Apart, the quotient; together, the derivative in the middle to second order.
  CHECK_THAT(f.chord(2.0, 5.0), WithinRel((f.value(5.0) - f.value(2.0)) / 3, 1e-14));
  CHECK_THAT(f.chord(2.0, 2.0 + 1e-7), WithinRel(f.derivative(2.0 + 0.5e-7), 1e-13));
  CHECK(f.chord(2.0, 5.0) == f.chord(5.0, 2.0));
  CHECK(fn::at_zero<double>(f) == 1);
}

TEST_CASE("a power's second derivative, and its chord's derivatives", "[functions]") {
  const auto second = [](const fn::Power& f, double a) {
    double d;
    fn::second_derivatives(f, 0, 1, &a, &d);
    return d;
  };
  CHECK(second(fn::Power{1, 3, 2}, -1.5) == 0);  // of a base of 0, too
  CHECK(second(fn::Power{0}, 0.0) == 0);
  CHECK(second(fn::Power{2, 1, 3}, -5) == 18);
  CHECK(second(fn::Power{3}, -2) == -12);
  CHECK_THAT(second(fn::Power{-0.75, 1, 0.1}, 2), WithinRel(0.013125 * 0.87219594949342130 / 1.44, 1e-14));
  // (√a − √r)/(a − r) = 1/(√a + √r), near and apart.
  const double r = 2.25;
  for (const double a : {2.25, 2.25 + 1e-9, 2.25 + 1e-5, 2.25 + 1e-4, 4., 1e-8}) {
    double by_a, by_r;
    fn::chord_derivatives(fn::Power{0.5}, 0, 1, &a, &r, &by_a, &by_r);
    const double sum = std::sqrt(a) + 1.5;
    CHECK_THAT(by_a, WithinRel(-1 / (2 * std::sqrt(a) * sum * sum), 1e-9));
    CHECK_THAT(by_r, WithinRel(-1 / (3 * sum * sum), 1e-9));
  }
}

TEST_CASE("powers of positive bases keep the contract", "[functions]") {
  for (const double p : {0.5, 1.5, -0.5, -2.25}) {
    const auto reference = [=](long double x) { return std::pow(x, static_cast<long double>(p)); };
    test::check_function(fn::Power{p}, reference, {.kinks = {0.0}, .low = 1e-10, .differences = 1e-6});
  }
  test::check_function(fn::Sqrt{}, [](long double x) { return std::sqrt(x); },
                       {.kinks = {0.0}, .low = 0, .differences = 1e-7});
}

TEST_CASE("whole powers keep the contract for every base", "[functions]") {
  for (const int p : {1, 2, 3, 4, 5}) {
    const auto reference = [=](long double x) {
      long double product = 1;
      for (int k = 0; k < p; ++k) product *= x;
      return product;
    };
    test::check_function(fn::Power{double(p)}, reference,
                         {.relative = false, .high = 1e30, .differences = p < 4 ? 1e-9 : 1e-3});
  }
  for (const int p : {-1, -2, -3}) {
    const auto reference = [=](long double x) {
      long double quotient = 1;
      for (int k = 0; k < -p; ++k) quotient /= x;
      return quotient;
    };
    for (const double sign : {1., -1.}) {
      const test::FunctionTraits traits{.kinks = {0.0},
                                        .relative = false,
                                        .low = sign > 0 ? 1e-6 : -1e6,
                                        .high = sign > 0 ? 1e6 : -1e-6,
                                        .differences = 1e-6};
      test::check_function(fn::Power{double(p)}, reference, traits);
      if (p == -1) test::check_function(fn::Reciprocal{}, reference, traits);
    }
  }
}

// Numbers: mpmath with 40 digits.
TEST_CASE("powers of negative bases, near and far", "[functions]") {
  CHECK(fn::Power{3}.value(-2.0) == -8);
  CHECK(fn::Power{3}.chord(-2.0, -3.0) == Approx(19).epsilon(1e-15));
  CHECK(fn::Power{3}.chord(-2.0, 3.0) == Approx(7).epsilon(1e-15));
  CHECK(fn::Power{4}.chord(-2.0, -3.0) == Approx(-65).epsilon(1e-15));
  CHECK(fn::Power{4}.chord(2.0, -3.0) == Approx(-13).epsilon(1e-15));
  CHECK(fn::Power{4}.chord(-2.0, 3.0) == Approx(13).epsilon(1e-15));
  CHECK(fn::Power{4}.chord(-3.0, 3.0) == 0);
  CHECK_THAT(fn::Power{3}.chord(-1.0, -1.0 - 0x1p-30), WithinRel(3.0000000027939677247, 1e-14));
  CHECK_THAT(fn::Power{4}.chord(-3.0, 3.0 + 0x1p-30), WithinRel(1.676380634828278371e-8, 1e-14));
  CHECK(fn::Power{3}.chord(1e200, 1e190) == std::numeric_limits<double>::infinity());
  CHECK(fn::Power{-3}.chord(2.0, -4.0) == Approx((0.125 + 0.015625) / 6).epsilon(1e-15));
  CHECK(fn::Power{0}.derivative(0.0) == 0);
  CHECK(fn::Power{0}.chord(0.0, 2.0) == 0);
  CHECK(fn::Power{1, 3, 2}.chord(5.0, -1.0) == 2);
  CHECK(fn::Power{3, 1, -2}.chord(2.0, 1.0) == Approx(-26).epsilon(1e-15));  // ((-3)³ − (−1)³)/1
}

TEST_CASE("where powers are defined", "[functions]") {
  CHECK(fn::domain_of(fn::Power{3}) == nullptr);
  CHECK(fn::domain_of(fn::Power{0}) == nullptr);
  const auto defined = [](const fn::Power& f, double a) { return fn::outside(f, 0, 1, &a) == -1; };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(defined(fn::Power{3}, -2));
  CHECK(defined(fn::Power{0.5}, 0));
  CHECK_FALSE(defined(fn::Power{0.5}, -2));
  CHECK_FALSE(defined(fn::Power{0.5}, nan));
  CHECK(defined(fn::Power{-0.5}, 2));
  CHECK_FALSE(defined(fn::Power{-0.5}, 0));
  CHECK(defined(fn::Power{-2}, -1));
  CHECK_FALSE(defined(fn::Power{-2}, 0));
  CHECK_FALSE(defined(fn::Power{-2}, nan));
  CHECK_FALSE(defined(fn::Power{0.5, 1, 2}, -0.75));
  CHECK(fn::domain_of(fn::Power{-2}) == std::string("arguments of a base other than 0"));
  CHECK(fn::domain_of(fn::Power{-0.5}) == std::string("arguments of a base above 0"));
  CHECK(fn::domain_of(fn::Power{0.5}) == std::string("arguments of a base of 0 or more"));
  const double a[] = {0, -0.0, 4, -1e-300};
  CHECK(fn::outside(fn::Sqrt{}, 0, 4, a) == 3);
  CHECK(fn::outside(fn::Reciprocal{}, 0, 1, a + 1) == 0);
  CHECK(fn::outside(fn::Reciprocal{}, 0, 2, a + 2) == -1);
  CHECK_FALSE(fn::has_value_at_zero(fn::Reciprocal{}));
  CHECK(fn::at_zero<double>(fn::Reciprocal{}) == 0);
  CHECK(fn::has_value_at_zero(fn::Sqrt{}));
}

TEST_CASE("an exponent for each feature", "[functions]") {
  const fn::PowerByFeature<double> f({2, 3, 0.5});
  CHECK(f.features() == 3);
  CHECK(fn::through_origin(f));
  const std::vector<double> a{-2, -2, 4, 3, 3, 9}, r{1, 1, 9, -3, -3, 9};
  std::vector<double> b(6);
  fn::values(f, 0, 6, a.data(), b.data());
  CHECK(b == std::vector<double>{4, -8, 2, 9, 27, 3});
  fn::derivatives(f, 0, 6, a.data(), b.data());
  CHECK(b == std::vector<double>{-4, 12, 0.25, 6, 27, 1. / 6});
  fn::second_derivatives(f, 1, 2, a.data() + 1, b.data());
  CHECK(b[0] == -12);
  CHECK(b[1] == Approx(-1. / 32));
  fn::chords(f, 1, 2, a.data() + 1, r.data() + 1, b.data());
  CHECK(b[0] == Approx(3));
  CHECK(b[1] == Approx(0.2));
  fn::slopes(f, 0, 3, a.data(), b.data());
  CHECK(b[0] == -2);
  CHECK(b[1] == Approx(4));
  CHECK(b[2] == Approx(0.5));
  CHECK(fn::domain_of(f) != nullptr);
  CHECK(fn::outside(f, 0, 6, a.data()) == -1);
  CHECK(fn::outside(f, 2, 2, a.data()) == 0);
  CHECK(fn::domain_of(fn::PowerByFeature<double>({2, 3})) == nullptr);
  CHECK_THROWS_WITH(fn::PowerByFeature<double>({2, -1}),
                    "Power: expected one exponent for all features, or several above 0, found -1");
}

}  // namespace
