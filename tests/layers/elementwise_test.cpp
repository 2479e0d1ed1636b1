#include <ascribe/layers/elementwise.hpp>

#include "tests/support/catch.hpp"

#include <type_traits>

#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/rules/ignore.hpp>

namespace {

using namespace ascribe;

TEST_CASE("An Elementwise takes any size and keeps it", "[layers]") {
  const Elementwise layer(fn::Relu{});
  STATIC_REQUIRE(std::is_same_v<std::remove_const_t<decltype(layer)>, Elementwise<fn::Relu>>);
  STATIC_REQUIRE(std::is_same_v<decltype(layer.with(rule::Ignore())), Elementwise<fn::Relu, rule::Ignore>>);
  CHECK(layer.output_size_for(7) == 7);
  const Eigen::Matrix2d a{{1, -2}, {-3, 4}};
  Eigen::Matrix2d b;
  forward(layer, view(a), out(b));
  CHECK(b == Eigen::Matrix2d{{1, 0}, {0, 4}});
}

TEST_CASE("f(0) is a bias that the function books", "[layers]") {
  const Eigen::Vector2d a(0, 0), b(0.5, 0.5), u(2, 6);
  Books<double, 1> books;
  books.reset(1);
  Workspace<double> workspace;
  Eigen::Vector2d shares(0, 0);
  Context<double, 2, 2, 1> context{view(a), view(b), {}, {}, Form::Q, books, workspace, shares.data()};
  book_bias(Elementwise(fn::Relu{}), context, view(u));
  CHECK(books.bias(0) == 0);
  book_bias(Elementwise(fn::Sigmoid{}), context, view(u));
  CHECK(books.bias(0) == 4);
  CHECK(shares == Eigen::Vector2d(1, 3));
}

}  // namespace
