#include <ascribe/windows/windows.hpp>

#include <vector>

#include "tests/support/catch.hpp"

using namespace ascribe;

namespace {

/// One window over two inputs.
struct Pair {
  static constexpr int inputs = 2, outputs = 1;
  Index input_size() const { return 2; }
  Index output_size() const { return 1; }
  Index lanes() const { return 1; }
  template <class F>
  void members(Index, F&& f) const {
    f(Index(0));
    f(Index(1));
  }
};

struct PairAndZero : Pair {
  template <class F>
  void constants(F&& f) const {
    f(0.0);
  }
};

}  // namespace

TEST_CASE("windows of one's own satisfy the concept, with constants or without", "[windows]") {
  STATIC_REQUIRE(Windows<Pair>);
  STATIC_REQUIRE(Windows<PairAndZero>);
  STATIC_REQUIRE_FALSE(Windows<int>);
  STATIC_REQUIRE_FALSE(window::has_constants<Pair>);
  STATIC_REQUIRE(window::has_constants<PairAndZero>);
  std::vector<double> found;
  window::each_constant(Pair(), [&](double c) { found.push_back(c); });
  CHECK(found.empty());
  window::each_constant(PairAndZero(), [&](double c) { found.push_back(c); });
  CHECK(found == std::vector<double>{0.0});
}
