#include <ascribe/windows/any_windows.hpp>

#include <array>
#include <string>
#include <vector>

#include <ascribe/windows/constants.hpp>
#include <ascribe/windows/groups.hpp>
#include <ascribe/windows/pool.hpp>

#include "tests/support/catch.hpp"

namespace {

using namespace ascribe;

template <class W>
std::vector<std::vector<Index>> members_of(const W& windows) {
  std::vector<std::vector<Index>> all;
  for (Index g = 0; g < windows.output_size() / windows.lanes(); ++g) {
    all.emplace_back();
    windows.members(g, [&](Index i) { all.back().push_back(i); });
  }
  return all;
}

TEST_CASE("any windows have the members of the windows inside", "[windows]") {
  const window::Pool pool({.input = {5, 4}, .kernel = {3, 2}, .stride = {2, 1}, .pads = {1, 0, 0, 1}}, 3);
  const window::AnyWindows any = pool;
  CHECK(any.input_size() == pool.input_size());
  CHECK(any.output_size() == pool.output_size());
  CHECK(any.lanes() == 3);
  CHECK_FALSE(any.partition());
  CHECK(members_of(any) == members_of(pool));
  CHECK(any.name() == std::string("Pool"));
  CHECK(any.as<window::Pool>() != nullptr);
  CHECK(any.as<window::Groups<>>() == nullptr);
  CHECK(window::AnyWindows(window::Groups<6, 2>()).partition());
}

TEST_CASE("any windows have the constants of the windows inside", "[windows]") {
  const window::AnyWindows any = window::WithConstants(window::Groups<3, 1>(), std::array{0.5, -1.0});
  std::vector<double> constants;
  window::each_constant(any, [&](double c) { constants.push_back(c); });
  CHECK(constants == std::vector{0.5, -1.0});
}

}  // namespace
