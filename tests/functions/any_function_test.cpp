#include <ascribe/functions/any_function.hpp>

#include <array>
#include <string>

#include <ascribe/functions/clip.hpp>
#include <ascribe/functions/prelu.hpp>
#include <ascribe/functions/softplus.hpp>
#include <ascribe/functions/tanh.hpp>

#include "tests/support/catch.hpp"

namespace {

using namespace ascribe;

TEST_CASE("any function is the function inside", "[functions]") {
  const fn::AnyFunction<double> f = fn::Softplus();
  const std::array<double, 3> a{-2, 0, 1.5}, r{1, 0, -1};
  std::array<double, 3> found{};
  fn::values(f, 0, 3, a.data(), found.data());
  for (std::size_t i = 0; i < 3; ++i) CHECK(found[i] == fn::Softplus().value(a[i]));
  fn::derivatives(f, 0, 3, a.data(), found.data());
  for (std::size_t i = 0; i < 3; ++i) CHECK(found[i] == fn::Softplus().derivative(a[i]));
  fn::chords(f, 0, 3, a.data(), r.data(), found.data());
  for (std::size_t i = 0; i < 3; ++i) CHECK(found[i] == fn::Softplus().chord(a[i], r[i]));
  fn::slopes(f, 0, 3, a.data(), found.data());
  for (std::size_t i = 0; i < 3; ++i) CHECK(found[i] == fn::Softplus().chord(a[i], 0.0));
  CHECK(fn::has_second_derivative(f));
  fn::second_derivatives(f, 0, 3, a.data(), found.data());
  for (std::size_t i = 0; i < 3; ++i) CHECK(found[i] == fn::Softplus().second_derivative(a[i]));
  std::array<double, 3> by_r{}, expected{}, expected_by_r{};
  fn::chord_derivatives(f, 0, 3, a.data(), r.data(), found.data(), by_r.data());
  fn::chord_derivatives(fn::Softplus(), 0, 3, a.data(), r.data(), expected.data(), expected_by_r.data());
  CHECK(found == expected);
  CHECK(by_r == expected_by_r);
  CHECK(fn::at_zero<double>(f) == fn::Softplus().value(0.0));
  CHECK(f.name() == std::string("Softplus"));
  CHECK(f.features() == 0);
}

TEST_CASE("any function tells what is inside", "[functions]") {
  const fn::AnyFunction<float> f = fn::Clip{-1, 2};
  REQUIRE(f.as<fn::Clip>() != nullptr);
  CHECK(f.as<fn::Clip>()->high == 2);
  CHECK(f.as<fn::Tanh>() == nullptr);
  CHECK(fn::AnyFunction<float>(fn::Prelu<float>({1, 2, 3})).features() == 3);
  struct Mine {
    float value(float a) const { return a; }
    float derivative(float) const { return 1; }
  };
  const fn::AnyFunction<float> mine = Mine();
  CHECK(mine.name() == std::string("a function"));
  CHECK_FALSE(fn::has_second_derivative(mine));
  float d = 0;
  CHECK_THROWS_WITH(fn::second_derivatives(mine, 0, 1, &d, &d), "a function has no second derivative");
  CHECK(fn::has_second_derivative(fn::AnyFunction<float>(fn::Prelu<float>({1, 2, 3}))));
}

}  // namespace
