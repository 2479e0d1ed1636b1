#include <ascribe/functions/prelu.hpp>

#include <array>

#include "tests/support/catch.hpp"

namespace {

using namespace ascribe;

TEST_CASE("Prelu has a slope for each feature, and repeats them", "[functions]") {
  const fn::Prelu<double> f({0.5, -2});
  const std::array<double, 4> a{-1, -1, 3, -4}, r{1, 1, 1, 2};
  std::array<double, 4> found{};
  f.values(0, 4, a.data(), found.data());
  CHECK(found == std::array<double, 4>{-0.5, 2, 3, 8});
  f.values(1, 4, a.data(), found.data());  // from feature 1 on
  CHECK(found == std::array<double, 4>{2, -0.5, 3, -2});
  f.derivatives(0, 4, a.data(), found.data());
  CHECK(found == std::array<double, 4>{0.5, -2, 1, -2});
  f.slopes(0, 4, a.data(), found.data());
  CHECK(found == std::array<double, 4>{0.5, -2, 1, -2});
  // (f(a) − f(r))/(a − r): (−0.5 − 1)/−2, (2 − 1)/−2, (3 − 1)/2, (8 − 2)/−6.
  f.chords(0, 4, a.data(), r.data(), found.data());
  CHECK(found == std::array<double, 4>{0.75, -0.5, 1, -1});
  CHECK(fn::has_second_derivative(f));
  fn::second_derivatives(f, 0, 4, a.data(), found.data());
  CHECK(found == std::array<double, 4>{});
  // (f'(a) − c)/(a − r) and (c − f'(r))/(a − r), from feature 1 on: slopes −2, 0.5, −2, 0.5.
  std::array<double, 4> by_r{};
  const std::array<double, 4> p{-1, -1, 3, 2}, q{1, 1, 1, 2};
  fn::chord_derivatives(f, 1, 4, p.data(), q.data(), found.data(), by_r.data());
  CHECK(found == std::array<double, 4>{0.75, 0.125, 0, 0});
  CHECK(by_r == std::array<double, 4>{0.75, 0.125, 0, 0});
  CHECK(f.features() == 2);
  CHECK(f.at_zero() == 0);
  CHECK_THROWS_WITH(fn::Prelu<double>({}), Contains("expected at least 1 slope, found 0"));
  static_assert(fn::ArrayFunction<fn::Prelu<double>>);
}

}  // namespace
