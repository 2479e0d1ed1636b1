#include <ascribe/functions/relu.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

TEST_CASE("Relu keeps the contract", "[functions]") {
  test::check_function(fn::Relu{}, [](long double x) { return x > 0 ? x : 0; }, {{0.0}});
}

TEST_CASE("Relu's derivative at 0 is 0, of either sign and by automatic differentiation", "[functions]") {
  CHECK(fn::Relu{}.derivative(0.0) == 0.0);
  CHECK(fn::Relu{}.derivative(-0.0) == 0.0);
  CHECK(fn::Relu{}.chord(0.0, -0.0) == 0.0);
  using Dual = Eigen::AutoDiffScalar<Eigen::Matrix<double, 1, 1>>;
  CHECK(fn::Relu{}.value(Dual(0, 1, 0)).derivatives()(0) == 0.0);
}

TEST_CASE("Relu's chord is the share right of 0", "[functions]") {
  CHECK(fn::Relu{}.chord(3.0, -1.0) == 0.75);
  CHECK(fn::Relu{}.chord(-1.0, 3.0) == 0.75);
  CHECK(fn::Relu{}.chord(2.0, 0.0) == 1.0);
  CHECK(fn::Relu{}.chord(-2.0, 0.0) == 0.0);
  CHECK(fn::Relu{}.chord(5.0f, 5.0f) == 1.0f);
}

TEST_CASE("Relu's value keeps NaN", "[functions]") {
  CHECK(std::isnan(fn::Relu{}.value(std::numeric_limits<double>::quiet_NaN())));
}

}  // namespace
