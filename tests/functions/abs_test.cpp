#include <ascribe/functions/abs.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

TEST_CASE("Abs keeps the contract", "[functions]") {
  test::check_function(fn::Abs{}, [](long double x) { return x > 0 ? x : -x; }, {{0.0}});
}

TEST_CASE("Abs' derivative at 0 is 0", "[functions]") {
  CHECK(fn::Abs{}.derivative(0.0) == 0.0);
  CHECK(fn::Abs{}.chord(0.0, -0.0) == 0.0);
  CHECK_FALSE(std::signbit(fn::Abs{}.value(-0.0)));
  using Dual = Eigen::AutoDiffScalar<Eigen::Matrix<double, 1, 1>>;
  CHECK(fn::Abs{}.value(Dual(0, 1, 0)).derivatives()(0) == 0.0);
}

TEST_CASE("Abs by hand", "[functions]") {
  CHECK(fn::Abs{}.value(-2.5) == 2.5);
  CHECK(fn::Abs{}.chord(3.0, -1.0) == 0.5);
  CHECK(fn::Abs{}.chord(3.0, -3.0) == 0.0);
  CHECK(fn::Abs{}.chord(-3.0, -1.0) == -1.0);
}

}  // namespace
