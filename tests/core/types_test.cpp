#include <ascribe/core/types.hpp>

#include "tests/support/catch.hpp"

#include <type_traits>

namespace {

using namespace ascribe;

TEST_CASE("A view reads and an out writes the batch's own memory", "[core]") {
  Batch<double, 2, 3> batch;
  batch << 1, 2, 3, 4, 5, 6;
  const auto to = out(batch);
  STATIC_REQUIRE(std::is_same_v<decltype(out(batch)), Out<double, 2, 3>>);
  STATIC_REQUIRE(std::is_same_v<decltype(view(batch)), View<double, 2, 3>>);
  STATIC_REQUIRE(std::is_same_v<decltype(view(to)), View<double, 2, 3>>);
  CHECK(view(batch).data() == batch.data());
  CHECK(view(to).data() == batch.data());
  CHECK(view(batch).col(1) == Eigen::Vector2d(2, 5));
  out(batch)(1, 2) = 7;
  CHECK(batch(1, 2) == 7);

  Batch<float> dynamic(4, 2);
  CHECK(view(dynamic).rows() == 4);
  CHECK(view(dynamic).cols() == 2);
}

}  // namespace
