#include <ascribe/layers/max.hpp>

#include "tests/support/catch.hpp"

#include <array>
#include <type_traits>

#include <ascribe/rules/radial.hpp>
#include <ascribe/windows/constants.hpp>
#include <ascribe/windows/groups.hpp>
#include <ascribe/windows/pool.hpp>
#include <ascribe/windows/table.hpp>

namespace {

using namespace ascribe;

template <class W>
Eigen::MatrixXd run(const W& windows, const Eigen::MatrixXd& a) {
  const Max layer(windows);
  Eigen::MatrixXd b(layer.output_size(), a.cols());
  forward(layer, view(a), out(b));
  return b;
}

TEST_CASE("A Max looks through its windows", "[layers]") {
  const Eigen::MatrixXd a = (Eigen::MatrixXd(4, 2) << 1, -1, 3, -2, -5, -3, -4, -4).finished();
  CHECK(run(window::Groups<4, 2>(), a) == Eigen::Matrix2d{{3, -1}, {-4, -3}});
  CHECK(run(window::Table(4, {{3, 0}, {2}, {0, 1, 2, 3}}), a) ==
        (Eigen::MatrixXd(3, 2) << 1, -1, -5, -3, 3, -1).finished());
  CHECK(run(window::WithConstants(window::Groups<4, 2>(), std::array{0.0, -9.0}), a) ==
        Eigen::Matrix2d{{3, 0}, {0, 0}});
  // Two channels side by side: 1 × 2 pixels, one window.
  CHECK(run(window::Pool({.input = {1, 2}, .kernel = {1, 2}}, 2), a) == Eigen::Matrix2d{{1, -1}, {3, -2}});
}

TEST_CASE("A Max deduces its windows and its rule", "[layers]") {
  using W = window::Groups<4, 2>;
  STATIC_REQUIRE(std::is_same_v<decltype(Max(W())), Max<W>>);
  STATIC_REQUIRE(std::is_same_v<decltype(Max(W(), rule::Radial())), Max<W, rule::Radial>>);
  STATIC_REQUIRE(std::is_same_v<decltype(Max(W()).with(rule::Radial())), Max<W, rule::Radial>>);
}

TEST_CASE("Of several equal members the first wins", "[layers]") {
  const std::array a{2.0, 5.0, 5.0, 1.0};
  CHECK(winner(window::Groups<4, 4>(), 0, 0, a.data(), 5.0) == 1);
  CHECK(winner(window::Table(4, {{2, 1}}), 0, 0, a.data(), 5.0) == 2);
  CHECK(winner(window::Groups<4, 4>(), 0, 0, a.data(), 6.0) == -1);  // a constant's
}

}  // namespace
