#include <ascribe/maps/sum.hpp>

#include <limits>

#include "tests/support/catch.hpp"
#include "tests/support/map_contract.hpp"

using namespace ascribe;
using map_contract::Explicit;
using map_contract::holds;

TEST_CASE("a sum of branches is stacked identities", "[maps]") {
  for (const Index branches : {1, 2, 3})
    for (const Index size : {1, 4})
      for (const double weight : {1.0, 0.25, -2.0}) {
        Explicit expected(size, branches * size);
        for (Index k = 0; k < branches; ++k)
          for (Index j = 0; j < size; ++j) expected.store(j, k * size + j, weight);
        holds([&]<class S>() { return map::Sum<S>(branches, size, S(weight)); }, expected);
        if (weight == 1) holds([&]<class S>() { return map::Sum<S>(branches, size); }, expected);
      }
  static_assert(map::Sum<float>::role == map::Role::aggregation);
}

TEST_CASE("a sum's numbers by hand", "[maps]") {
  const map::Sum<double> sum(2, 3);
  Batch<double> a(6, 1), b(3, 1);
  a << 1, 2, 3, 10, 20, 30;
  sum.apply<Dynamic>(view(a), out(b), Weights::as_is);
  CHECK(b == Eigen::Vector3d(11, 22, 33));
  sum.apply<Dynamic>(view(a), out(b), Weights::negative);
  CHECK(b == Eigen::Vector3d(0, 0, 0));
}

TEST_CASE("a sum sees a weight that is not finite", "[maps]") {
  CHECK_FALSE(map::Sum<double>(2, 3, std::numeric_limits<double>::infinity()).weights_are_finite());
}

TEST_CASE("a sum's errors", "[maps]") {
  CHECK_THROWS_WITH(map::Sum<double>(0, 3),
                    "Sum: the number of inputs has a factor that is: expected at least 1, found 0");
  CHECK_THROWS_WITH(map::Sum<double>(2, -3), Contains("expected at least 1, found -3"));
  CHECK_THROWS_WITH(map::Sum<double>(Index(1) << 40, Index(1) << 40),
                    Contains("found 1099511627776 x 1099511627776"));
}
