#include <ascribe/layers/product.hpp>

#include "tests/support/catch.hpp"

using namespace ascribe;

TEST_CASE("a joint multiplies its two halves", "[layers]") {
  const kind::Product joint(2);
  Batch<double> a(4, 2), b(2, 2);
  a << 2, 1, 3, -1, 5, 4, 7, 0.5;
  auto to = out(b);
  forward(joint, view(a), to);
  Batch<double> expected(2, 2);
  expected << 10, 4, 21, -0.5;
  CHECK(b == expected);
  CHECK(joint.input_size() == 4);
  CHECK(joint.output_size() == 2);
  CHECK(joint.gate == 1);
}

TEST_CASE("what a joint refuses", "[layers]") {
  CHECK_THROWS_WITH(kind::Product(0), Contains("expected at least 1, found 0"));
  CHECK_THROWS_WITH(kind::Product(2, 2), Contains("expected factor 0 or 1, found 2"));
}
