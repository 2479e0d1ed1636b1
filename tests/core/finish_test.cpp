#include <ascribe/core/finish.hpp>

#include <vector>

#include "tests/support/catch.hpp"

namespace {

using namespace ascribe;

TEST_CASE("A finish hands runs to its function", "[core][finish]") {
  std::vector<double> values{1, 2, 3};
  Index seen = 0;
  const auto add_place = [&](Index first, Index count, double* v) {
    for (Index i = 0; i < count; ++i) v[i] += double(10 * (first + i));
    seen += count;
  };
  const Finish<double> finish = finish_with<double>(add_place);
  CHECK(finish);
  finish(1, 2, values.data() + 1);
  CHECK(values == std::vector<double>{1, 12, 23});
  CHECK(seen == 2);
}

TEST_CASE("There may be none", "[core][finish]") { CHECK_FALSE(Finish<float>()); }

}  // namespace
