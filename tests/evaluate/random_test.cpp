#include <ascribe/evaluate/random.hpp>

#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace {

using namespace ascribe;
using Catch::Matchers::Contains;
using evaluate::Random;

// Printed by Vigna's splitmix64.c (prng.di.unimi.it) from the state 1234567.
TEST_CASE("random bits are those of the reference implementation", "[evaluate]") {
  Random random(1234567);
  for (const std::uint64_t expected : {6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                       4593380528125082431u, 16408922859458223821u})
    CHECK(random.bits() == expected);
  // The first of these, shifted and divided by hand.
  CHECK(Random(1234567).uniform() == double(6457827717110365317u >> 11) / 9007199254740992.0);
}

TEST_CASE("streams of a seed, and seeds of a stream, have numbers of their own", "[evaluate]") {
  std::vector<std::uint64_t> first;
  for (const std::uint64_t seed : {0u, 1u, 2u})
    for (std::uint64_t stream = 0; stream < 100; ++stream) first.push_back(Random(seed, stream).bits());
  std::sort(first.begin(), first.end());
  CHECK(std::adjacent_find(first.begin(), first.end()) == first.end());
  CHECK(Random(5, 8).bits() == Random(5, 8).bits());
}

// A mean of n draws of deviation d is within 5·d/√n, but for one seed in two million.
TEST_CASE("uniform and normal numbers have their moments", "[evaluate]") {
  constexpr int n = 100000;
  double sum = 0, squares = 0, lowest = 1, highest = 0, normal_sum = 0, normal_squares = 0, beyond_two = 0;
  Random random(3);
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform();
    sum += u, squares += u * u, lowest = std::min(lowest, u), highest = std::max(highest, u);
    const double z = random.normal();
    normal_sum += z, normal_squares += z * z, beyond_two += std::abs(z) > 2;
  }
  const double root = std::sqrt(double(n));
  CHECK(std::abs(sum / n - 0.5) < 5 * std::sqrt(1.0 / 12) / root);
  CHECK(std::abs(squares / n - 1.0 / 3) < 5 * std::sqrt(4.0 / 45) / root);
  CHECK(lowest >= 0);
  CHECK(lowest < 1e-3);
  CHECK(highest < 1);
  CHECK(highest > 1 - 1e-3);
  CHECK(std::abs(normal_sum / n) < 5 / root);
  CHECK(std::abs(normal_squares / n - 1) < 5 * std::sqrt(2.0) / root);
  const double outside = std::erfc(std::sqrt(2.0));  // of a normal's, 4.55 % are beyond two deviations
  CHECK(std::abs(beyond_two / n - outside) < 5 * std::sqrt(outside) / root);
}

TEST_CASE("numbers below a bound and orders are all as likely", "[evaluate]") {
  constexpr int n = 60000;
  Random random(4);
  std::array<int, 6> orders{};
  std::array<int, 3> below{};
  for (int i = 0; i < n; ++i) {
    std::array<Index, 3> order{0, 1, 2};
    random.shuffle(order);
    ++orders[std::size_t(order[0] * 2 + (order[1] > order[2]))];
    ++below[std::size_t(random.below(3))];
  }
  for (const int count : orders) CHECK(std::abs(count - n / 6) < 5 * std::sqrt(n / 6.0));
  for (const int count : below) CHECK(std::abs(count - n / 3) < 5 * std::sqrt(n / 3.0));
  CHECK(random.below(1) == 0);
  CHECK_THROWS_WITH(random.below(0), Contains("Random::below: expected at least 1, found 0"));
  std::vector<double> none;
  random.shuffle(none);
}

}  // namespace
