#include <ascribe/maps/transposed.hpp>

#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/map_contract.hpp"

using namespace ascribe;
using map_contract::Explicit;
using map_contract::holds;

TEST_CASE("a transposed map is the transposed matrix", "[maps]") {
  const Eigen::MatrixXd w = map_contract::matrix(4, 3, 1);
  holds([&]<class S>() { return map::Transposed(map::Dense<S>(w.template cast<S>())); },
        Explicit(w).transposed());
}

// By hand: a stride of 2 puts the kernel (1, 2, 3) at 0 and 2.
TEST_CASE("a transposed convolution spreads its kernel", "[maps]") {
  const std::vector<double> kernel{1, 2, 3};
  const Spatial back{.input = {1, 5}, .kernel = {1, 3}, .stride = {1, 2}};
  const map::Transposed map(map::Convolution<double>(back, 1, 1, kernel));
  CHECK(map.input_size() == 2);
  CHECK(map.output_size() == 5);
  CHECK(map.role() == map::Role::convolution);
  Batch<double> a(2, 1), b(5, 1);
  a << 10, 100;
  map.apply<Dynamic>(view(a), out(b), Weights::as_is);
  Batch<double> expected(5, 1);
  expected << 10, 20, 30 + 100, 200, 300;
  CHECK(b == expected);
}
