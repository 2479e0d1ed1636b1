#include <ascribe/functions/leaky_relu.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

TEST_CASE("LeakyRelu keeps the contract", "[functions]") {
  // Slopes that float holds exactly; the default's own rounding is within the tolerance all the same.
  test::check_function(fn::LeakyRelu{0.125}, [](long double x) { return x > 0 ? x : 0.125L * x; }, {{0.0}});
  test::check_function(fn::LeakyRelu{-0.25}, [](long double x) { return x > 0 ? x : -0.25L * x; },
                       {{0.0}, /*relative=*/false});
  test::check_function(fn::LeakyRelu{}, [](long double x) { return x > 0 ? x : 0.01L * x; }, {{0.0}});
}

TEST_CASE("LeakyRelu's derivative at 0 is the slope", "[functions]") {
  CHECK(fn::LeakyRelu{0.25}.derivative(0.0) == 0.25);
  CHECK(fn::LeakyRelu{0.25}.chord(0.0, 0.0) == 0.25);
  using Dual = Eigen::AutoDiffScalar<Eigen::Matrix<double, 1, 1>>;
  CHECK(fn::LeakyRelu{0.25}.value(Dual(0, 1, 0)).derivatives()(0) == 0.25);
}

TEST_CASE("LeakyRelu by hand", "[functions]") {
  CHECK(fn::LeakyRelu{}.value(-2.0) == -0.02);
  CHECK(fn::LeakyRelu{0.25}.chord(3.0, -1.0) == 0.8125);  // (3 + 0.25)/4
  CHECK(fn::LeakyRelu{0.25}.chord(-1.0, -1.0 - 1e-15) == 0.25);
}

}  // namespace
