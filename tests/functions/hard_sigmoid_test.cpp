#include <ascribe/functions/hard_sigmoid.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

// By the end of the ramp: slope·x + offset would cancel next to it, in long double too.
long double reference(long double x, long double end) {
  return x <= -end ? 0 : x >= end ? 1 : (x + end) / (2 * end);
}

TEST_CASE("HardSigmoid keeps the contract", "[functions]") {
  test::check_function(fn::HardSigmoid{}, [](long double x) { return reference(x, 2.5L); }, {{-2.5, 2.5}});
  test::check_function(fn::HardSigmoid{1.0 / 6, 0.5}, [](long double x) { return reference(x, 3); },
                       {{-3.0, 3.0}});
  test::check_function(fn::HardSigmoid{-0.25, 0.5}, [](long double x) { return reference(-x, 2); },
                       {{-2.0, 2.0}});
}

TEST_CASE("HardSigmoid's derivative is 0 at both ends", "[functions]") {
  for (const double end : {-2.5, 2.5}) CHECK(fn::HardSigmoid{}.derivative(end) == 0.0);
  for (const double end : {-3.0, 3.0}) CHECK(fn::HardSigmoid{1.0 / 6, 0.5}.derivative(end) == 0.0);
  using Dual = Eigen::AutoDiffScalar<Eigen::Matrix<double, 1, 1>>;
  for (const double end : {-3.0, 3.0})
    CHECK(fn::HardSigmoid{1.0 / 6, 0.5}.value(Dual(end, 1, 0)).derivatives()(0) == 0.0);
  for (const float end : {-3.0f, 3.0f}) CHECK(fn::HardSigmoid{1.0 / 6, 0.5}.derivative(end) == 0.0f);
}

TEST_CASE("HardSigmoid by hand", "[functions]") {
  const fn::HardSigmoid f{0.25, 0.5};
  CHECK(f.value(1.0) == 0.75);
  CHECK(f.value(9.0) == 1.0);
  CHECK(f.value(-9.0) == 0.0);
  CHECK(f.derivative(1.0) == 0.25);
  CHECK(f.chord(6.0, 1.0) == 0.05);  // (1 − 3/4)/5
  CHECK(f.chord(6.0, -4.0) == 0.1);  // 1/10
}

TEST_CASE("HardSigmoid of slope 0 is a constant", "[functions]") {
  for (const double offset : {0.0, 0.5, 1.0}) {
    const fn::HardSigmoid f{0, offset};
    CHECK(f.value(3.0) == offset);
    CHECK(f.derivative(3.0) == 0.0);
    CHECK(f.chord(3.0, -1.0) == 0.0);
  }
}

}  // namespace
