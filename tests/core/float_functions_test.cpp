#include <ascribe/core/float_functions.hpp>

#include "tests/support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace {

namespace floats = ascribe::math::floats;

/// The distance from a float to a double, in units in the last place of the nearest float, denormal or not.
double units_off(float found, double expected) {
  const float nearest = float(expected);
  if (std::isinf(nearest)) return found == nearest ? 0 : std::numeric_limits<double>::infinity();
  const int exponent = nearest == 0 ? -126 : std::max(std::ilogb(nearest), -126);
  return std::abs(double(found) - expected) / std::ldexp(1., exponent - 23);
}

/// Floats of both signs and of each size, some 200 in each power of two, around every border too.
std::vector<float> floats_of_all_sizes() {
  std::vector<float> all{0.f, -0.f};
  for (std::int32_t bits = 1; bits < 0x7f800000; bits += 41'011) all.push_back(floats::float_of(bits));
  for (const float border : {0.25f, 0.34657359f, 0.5f, 0.69314718f, 0.7f, 1.f, 9.19f, 10.05f, 10.5f, 87.33f, 88.72284f, 103.97f, 104.f, 105.f}) {
    float above = border, below = border;
    for (int step = 0; step < 20; ++step) {
      all.push_back(above);
      all.push_back(below);
      above = std::nextafter(above, 1000.f);
      below = std::nextafter(below, 0.f);
    }
  }
  const std::size_t count = all.size();
  for (std::size_t i = 0; i < count; ++i) all.push_back(-all[i]);
  return all;
}

/// The largest distance from the C library's function of doubles, in units in the last place.
template <class Found, class Expected>
double largest_distance(const Found& found, const Expected& expected) {
  double largest = 0;
  for (const float x : floats_of_all_sizes()) largest = std::max(largest, units_off(found(x), expected(double(x))));
  return largest;
}

TEST_CASE("Floats' functions are as near the doubles' as their documentation says", "[core]") {
  CHECK(largest_distance([](float x) { return floats::exp(x); }, [](double x) { return std::exp(x); }) <= 1);
  CHECK(largest_distance([](float x) { return floats::tanh(x); }, [](double x) { return std::tanh(x); }) <= 3);
  CHECK(largest_distance([](float x) { return floats::erf(x); }, [](double x) { return std::erf(x); }) <= 3);
  CHECK(largest_distance([](float x) { return floats::erfc(x); }, [](double x) { return std::erfc(x); }) <= 5);
}

TEST_CASE("Floats' functions at 0, at infinity and of what is no number", "[core]") {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(floats::exp(0.f) == 1.f);
  CHECK(floats::exp(infinity) == infinity);
  CHECK(floats::exp(-infinity) == 0.f);
  CHECK(floats::exp(-104.f) == 0.f);
  CHECK(floats::exp(88.73f) == infinity);
  CHECK(std::isnan(floats::exp(nan)));
  CHECK(std::isnan(floats::exp(-nan)));
  for (const auto& odd : {&floats::tanh, &floats::erf}) {
    CHECK(odd(infinity) == 1.f);
    CHECK(odd(-infinity) == -1.f);
    CHECK(std::signbit(odd(-0.f)));
    CHECK_FALSE(std::signbit(odd(0.f)));
    CHECK(std::isnan(odd(nan)));
    CHECK(odd(-0.3f) == -odd(0.3f));
    CHECK(odd(-3.f) == -odd(3.f));
  }
  CHECK(floats::erfc(0.f) == 1.f);
  CHECK(floats::erfc(infinity) == 0.f);
  CHECK(floats::erfc(-infinity) == 2.f);
  CHECK(std::isnan(floats::erfc(nan)));
}

}  // namespace
