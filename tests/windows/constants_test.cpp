#include <ascribe/windows/constants.hpp>

#include <limits>

#include <ascribe/layers/max.hpp>
#include <ascribe/windows/groups.hpp>
#include <ascribe/windows/table.hpp>

#include "tests/support/catch.hpp"

using namespace ascribe;
using window::WithConstants;

namespace {

template <class W>
std::vector<double> constants(const W& w) {
  std::vector<double> found;
  window::each_constant(w, [&](double c) { found.push_back(c); });
  return found;
}

}  // namespace

TEST_CASE("windows with constants have the same members, and constants", "[windows]") {
  const WithConstants fixed(window::Groups<6, 2>(), std::array{0.0, -1.5});
  static_assert(Windows<decltype(fixed)> && window::has_constants<decltype(fixed)>);
  static_assert(decltype(fixed)::inputs == 6 && decltype(fixed)::outputs == 3);
  CHECK(constants(fixed) == std::vector<double>{0, -1.5});
  std::vector<Index> found;
  fixed.members(1, [&](Index i) { found.push_back(i); });
  CHECK(found == std::vector<Index>{2, 3});

  const WithConstants dynamic(window::Table(3, {{0, 1}, {2}}), std::vector<double>{4});
  CHECK(dynamic.input_size() == 3);
  CHECK(dynamic.output_size() == 2);
  CHECK(dynamic.lanes() == 1);
  CHECK(window::is_partition(fixed));
  CHECK_FALSE(window::is_partition(dynamic));  // a table does not say
  CHECK(constants(dynamic) == std::vector<double>{4});
  CHECK(constants(WithConstants(fixed, {7})) == std::vector<double>{0, -1.5, 7});  // the inner ones first
  CHECK(constants(window::Groups<6, 2>()).empty());
}

TEST_CASE("minus infinity is never the maximum, and no rule sees it", "[windows]") {
  constexpr double least = -std::numeric_limits<double>::infinity();
  CHECK(constants(WithConstants(window::Groups<6, 2>(), std::array{least, -1.5})) ==
        std::vector<double>{-1.5});
  const WithConstants alone(window::Groups<2, 2>(), {least});
  CHECK(constants(alone).empty());
  const Eigen::Matrix2d a{{-3, 1}, {-2, -4}};
  Eigen::RowVector2d b;
  forward(kind::Max<decltype(alone)>{alone}, a, b);
  CHECK(b == Eigen::RowVector2d(-2, 1));
}

TEST_CASE("constants' errors", "[windows]") {
  const window::Groups<6, 2> groups;
  CHECK_THROWS_WITH(WithConstants(groups, std::vector<double>{}),
                    "WithConstants: the constants: expected at least 1, found 0");
  CHECK_THROWS_WITH(WithConstants(groups, std::array{0.0, std::numeric_limits<double>::infinity()}),
                    "WithConstants: constant 1: expected a finite number or -infinity, found inf");
  CHECK_THROWS_WITH(WithConstants(groups, std::vector{std::numeric_limits<double>::quiet_NaN()}),
                    Contains("constant 0") && Contains("nan"));
}
