#include <ascribe/layers/matmul.hpp>

#include "tests/support/catch.hpp"

#include <type_traits>

#include <ascribe/maps/dense.hpp>
#include <ascribe/rules/normalized.hpp>

namespace {

using namespace ascribe;
using Map = map::Dense<double>;

TEST_CASE("A MatMul deduces its map and its rule", "[layers]") {
  const Map map(Eigen::MatrixXd::Ones(4, 2));
  const Eigen::VectorXd bias = Eigen::VectorXd::Zero(4);
  STATIC_REQUIRE(std::is_same_v<decltype(MatMul(map)), MatMul<Map>>);
  STATIC_REQUIRE(std::is_same_v<decltype(MatMul(map, bias)), MatMul<Map>>);
  STATIC_REQUIRE(std::is_same_v<decltype(MatMul(map, rule::Normalized())), MatMul<Map, rule::Normalized>>);
  STATIC_REQUIRE(
      std::is_same_v<decltype(MatMul(map, bias, rule::Normalized())), MatMul<Map, rule::Normalized>>);
  CHECK(MatMul(map, rule::Normalized{0.5}).rule.epsilon == 0.5);
  CHECK(MatMul(map, bias).with(rule::Normalized{0.5}).rule.epsilon == 0.5);
  CHECK(MatMul(map, bias).with(rule::Normalized()).bias.size() == 4);
}

TEST_CASE("A bias repeats until the outputs are through", "[layers]") {
  const Eigen::MatrixXd weights = Eigen::MatrixXd::Ones(4, 2);
  Eigen::Matrix2d a{{1, 2}, {3, 4}};
  Eigen::Matrix<double, 4, 2> b;
  const auto run = [&](const auto& layer) {
    auto to = out(b);
    forward(layer, view(a), to);
    return b;
  };
  CHECK(run(MatMul(Map(weights))) == Eigen::Matrix<double, 4, 2>{{4, 6}, {4, 6}, {4, 6}, {4, 6}});
  CHECK(run(MatMul(Map(weights), Eigen::VectorXd(Eigen::Vector2d(10, 20)))) ==
        Eigen::Matrix<double, 4, 2>{{14, 16}, {24, 26}, {14, 16}, {24, 26}});
  CHECK(run(MatMul(Map(weights), Eigen::VectorXd(Eigen::Vector4d(1, 2, 3, 4)))) ==
        Eigen::Matrix<double, 4, 2>{{5, 7}, {6, 8}, {7, 9}, {8, 10}});
}

TEST_CASE("What a bias takes is booked, and told output by output", "[layers]") {
  const MatMul layer(Map(Eigen::MatrixXd::Ones(4, 2)), Eigen::VectorXd(Eigen::Vector2d(10, 20)));
  const Eigen::Matrix<double, 2, 1> a(1, 1);
  const Eigen::Matrix<double, 4, 1> b(12, 22, 12, 22), u(1, 2, 3, 4);
  Ledger<double, 1> books;
  books.reset(1);
  Workspace<double> workspace;
  Eigen::Vector4d shares = Eigen::Vector4d::Zero();
  Context<double, 2, 4, 1> context{view(a), view(b), {}, {}, Form::Q, books, workspace, shares.data()};
  book_bias(layer, context, view(u));
  CHECK(shares == Eigen::Vector4d(10, 40, 30, 80));
  CHECK(books.bias(0) == 160);
}

TEST_CASE("What a bias of many channels takes is summed channel by channel", "[layers]") {
  // 37 channels: two blocks of sixteen, and five.
  const Index channels = 37, pixels = 3, outputs = channels * pixels;
  const MatMul layer(Map(Eigen::MatrixXd::Ones(outputs, 1)),
                     Eigen::VectorXd(Eigen::VectorXd::LinSpaced(channels, 1, double(channels))));
  const Eigen::MatrixXd a = Eigen::MatrixXd::Ones(1, 2), b = Eigen::MatrixXd::Ones(outputs, 2);
  Eigen::MatrixXd u(outputs, 2);
  double expected[2] = {0, 0};
  for (Index n = 0; n < 2; ++n)
    for (Index j = 0; j < outputs; ++j) {
      u(j, n) = double((j * 7 + n) % 11) - 4;
      expected[n] += double(j % channels + 1) * u(j, n);
    }
  Ledger<double> books;
  books.reset(2);
  Workspace<double> workspace;
  Context<double, Dynamic, Dynamic, Dynamic> context{view(a), view(b), {}, {}, Form::Q, books, workspace};
  book_bias(layer, context, view(u));
  CHECK(books.bias(0) == expected[0]);
  CHECK(books.bias(1) == expected[1]);
}

}  // namespace
