#include <ascribe/maps/with_role.hpp>

#include <string>

#include <ascribe/maps/any_map.hpp>
#include <ascribe/maps/sparse.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/map_contract.hpp"

using namespace ascribe;

TEST_CASE("a map in another part computes the same", "[maps]") {
  map_contract::Explicit expected(3, 2);
  expected.store(0, 1, 2, 1);
  expected.store(2, 0, -3, 0);
  map_contract::holds(
      [&]<class S>() {
        Eigen::SparseMatrix<S> w(3, 2);
        w.insert(0, 1) = S(2);
        w.insert(2, 0) = S(-3);
        return map::WithRole(map::Sparse<S>(w), map::Role::aggregation, "Resize");
      },
      expected);
}

TEST_CASE("a map in another part says so", "[maps]") {
  Eigen::SparseMatrix<double> w(1, 1);
  w.insert(0, 0) = 1;
  const map::AnyMap<double> map(map::WithRole(map::Sparse<double>(w), map::Role::aggregation, "Resize"));
  CHECK(map.role() == map::Role::aggregation);
  CHECK(map.name() == std::string("Resize"));
}
