#include <ascribe/core/sum.hpp>

#include "tests/support/catch.hpp"

#include <vector>

namespace {

using ascribe::Index;

TEST_CASE("sum_of calls each term once, whatever the count", "[core]") {
  for (const Index count : {0, 1, 63, 64, 65, 127, 128, 1000}) {
    std::vector<int> calls(std::size_t(count), 0);
    const double sum = ascribe::sum_of<double>(count, [&](Index i) {
      ++calls[std::size_t(i)];
      return double(i);
    });
    INFO(count << " terms");
    CHECK(sum == double(count * (count - 1) / 2));
    CHECK(calls == std::vector<int>(std::size_t(count), 1));
  }
}

TEST_CASE("sum_of rounds less than one addition after the other", "[core]") {
  const Index count = 1 << 20;
  float plain = 0;
  for (Index i = 0; i < count; ++i) plain += 0.1f;
  const double exact = double(count) * double(0.1f);
  const double error = std::abs(double(ascribe::sum_of<float>(count, [](Index) { return 0.1f; })) - exact);
  CHECK(error < std::abs(double(plain) - exact) / 10);
}

}  // namespace
