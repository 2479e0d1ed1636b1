#include <ascribe/layers/makers.hpp>

#include "tests/support/catch.hpp"

#include <cmath>
#include <type_traits>
#include <vector>

#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/sequential.hpp>

using namespace ascribe;  // as a program would, so that ::tanh and ::abs stand beside the makers

namespace {

template <class Layer, class Input>
auto run(const Layer& layer, const Input& x) {
  return Eigen::MatrixXd(Sequential{layer}.forward(x).output());
}

TEST_CASE("linear keeps the matrix's scalar, sizes and order", "[layers]") {
  const Eigen::Matrix<float, 2, 3> fixed{{1, 2, 3}, {4, 5, 6}};
  const Eigen::Matrix<double, Dynamic, Dynamic, Eigen::RowMajor> rows = fixed.cast<double>();
  using Fixed = decltype(linear(fixed));
  using Rows = decltype(linear(rows));
  STATIC_REQUIRE(std::is_same_v<Fixed, MatMul<map::Dense<float, 3, 2>>>);
  STATIC_REQUIRE(std::is_same_v<Rows, MatMul<map::DenseOf<std::remove_const_t<decltype(rows)>>>>);
  STATIC_REQUIRE(std::is_same_v<decltype(linear(Eigen::MatrixXd())), MatMul<map::Dense<double>>>);
  STATIC_REQUIRE(std::is_same_v<decltype(linear(fixed, Eigen::Vector2f())), Fixed>);

  CHECK(linear(fixed).map.weights() == fixed);
  CHECK(linear(rows).map.weights() == rows);
  CHECK(linear(2 * rows.leftCols(2)).map.weights() == Eigen::MatrixXd{{2, 4}, {8, 10}});  // an expression
  CHECK(linear(fixed).bias.size() == 0);
  CHECK(linear(fixed, Eigen::Vector2f(7, 8)).bias == Eigen::Vector2f(7, 8));
  CHECK(linear(rows, 2 * Eigen::VectorXd::Ones(2)).bias == Eigen::Vector2d(2, 2));
  CHECK_THROWS_WITH(linear(rows, Eigen::Vector3d(1, 2, 3)),
                    "MatMul: expected a bias whose size divides the map's 2 outputs, found 3 entries");
}

// An image of 2 x 2 pixels under a kernel of 1 x 2 with weights (1, 10).
TEST_CASE("convolution takes weights in any container, a bias, and groups", "[layers]") {
  const Spatial geometry{.input = {2, 2}, .kernel = {1, 2}};
  const Eigen::Vector4d image(1, 2, 3, 4);
  const std::vector<double> weights{1, 10};
  CHECK(run(convolution(geometry, 1, 1, weights), image) == Eigen::Vector2d(21, 43));
  CHECK(run(convolution(geometry, 1, 1, weights, Eigen::VectorXd::Constant(1, 0.5)), image) ==
        Eigen::Vector2d(21.5, 43.5));
  STATIC_REQUIRE(std::is_same_v<decltype(convolution(geometry, 1, 1, Eigen::Vector2f(1, 10))),
                                MatMul<map::Convolution<float>>>);

  // Two channels in groups of one, pixels of (channel 0, channel 1).
  const Eigen::Matrix<double, 8, 1> two(1, 5, 2, 6, 3, 7, 4, 8);
  const std::vector<double> both{1, 10, 100, 1000};
  CHECK(run(convolution(geometry, 2, 2, both, 2), two) == Eigen::Vector4d(21, 6500, 43, 8700));
  CHECK(run(convolution(geometry, 2, 2, both, Eigen::Vector2d(1, 2), 2), two) ==
        Eigen::Vector4d(22, 6502, 44, 8702));
}

TEST_CASE("max_pool and average_pool", "[layers]") {
  const Spatial geometry{.input = {2, 3}, .kernel = {2, 2}};
  const Eigen::Matrix<double, 6, 1> image(1, 2, 9, 4, 5, 6);
  CHECK(run(max_pool(geometry, 1), image) == Eigen::Vector2d(5, 9));
  CHECK(run(average_pool<double>(geometry, 1, false), image) == Eigen::Vector2d(3, 5.5));
  const Spatial padded{.input = {1, 1}, .kernel = {1, 2}, .pads = {0, 1, 0, 0}};
  CHECK(run(average_pool<double>(padded, 1, false), Eigen::VectorXd::Constant(1, 8))(0) == 8);
  CHECK(run(average_pool<double>(padded, 1, true), Eigen::VectorXd::Constant(1, 8))(0) == 4);
}

// Each at −2 and 0.5, from the functions' definitions.
TEST_CASE("Every function has a maker with its parameters", "[layers]") {
  const auto check = [](const auto& layer, double low, double high) {
    const auto found = run(layer, Eigen::Vector2d(-2, 0.5));
    CHECK(found(0) == Approx(low));
    CHECK(found(1) == Approx(high));
  };
  const auto logistic = [](double a) { return 1 / (1 + std::exp(-a)); };
  const auto normal = [](double a) { return std::erfc(-a / std::sqrt(2.)) / 2; };
  check(ascribe::abs(), 2, 0.5);
  check(clip(-1, 0.25), -1, 0.25);
  check(elu(), std::exp(-2.) - 1, 0.5);
  check(elu(3), 3 * (std::exp(-2.) - 1), 0.5);
  check(gelu(), -2 * normal(-2), 0.5 * normal(0.5));
  const auto by_tanh = [](double a) {
    return a / 2 * (1 + std::tanh(std::sqrt(2 / std::acos(-1.)) * (a + 0.044715 * a * a * a)));
  };
  check(gelu_tanh(), by_tanh(-2), by_tanh(0.5));
  check(hard_sigmoid(), 0.1, 0.6);
  check(hard_sigmoid(0.1, 0.4), 0.2, 0.45);
  check(hard_swish(), -2 * (0.5 - 2. / 6), 0.5 * (0.5 + 0.5 / 6));
  check(identity(), -2, 0.5);
  check(leaky_relu(), -0.02, 0.5);
  check(leaky_relu(0.25), -0.5, 0.5);
  const auto mish_at = [](double a) { return a * std::tanh(std::log1p(std::exp(a))); };
  check(mish(), mish_at(-2), mish_at(0.5));
  check(power(2), 4, 0.25);
  check(power(3, 1, 2), -27, 8);
  check(prelu<double>({0.5, 0.25}), -1, 0.5);
  check(relu(), 0, 0.5);
  check(relu6(), 0, 0.5);
  check(ascribe::scale(3), -6, 1.5);
  check(selu(), 1.0507009873554805 * 1.6732632423543772 * (std::exp(-2.) - 1), 0.5 * 1.0507009873554805);
  check(sigmoid(), logistic(-2), logistic(0.5));
  check(silu(), -2 * logistic(-2), 0.5 * logistic(0.5));
  check(softplus(), std::log1p(std::exp(-2.)), std::log1p(std::exp(0.5)));
  check(softsign(), -2. / 3, 1. / 3);
  check(tanh(), std::tanh(-2.), std::tanh(0.5));
}

TEST_CASE("Under `using namespace ascribe` the C library's functions of a number are still found",
          "[layers]") {
  CHECK(tanh(0.5) == std::tanh(0.5));
  CHECK(abs(-2) == 2);
  STATIC_REQUIRE(std::is_same_v<decltype(tanh()), Elementwise<fn::Tanh>>);
  STATIC_REQUIRE(std::is_same_v<decltype(abs()), Elementwise<fn::Abs>>);
}

// The names alone, where the layers' own constructors in parentheses would declare a function. By hand:
// a = (2, 0, 1)·x = 3 − 1, relu, times 2.
TEST_CASE("A network of makers explains an input as it explains its trace", "[layers]") {
  const Eigen::MatrixXd w1{{1, -1, 0.5}, {0.5, 2, -1}}, w2{{2, -1}};
  const Eigen::VectorXd b1{{-0.5, 0.25}}, b2{{0.1}};
  const Sequential bare(linear(w1), relu(), linear(w2));
  const Sequential net(linear(w1, b1), relu(), linear(w2, b2));
  const Eigen::VectorXd x{{3, 1, 2}}, zero = Eigen::VectorXd::Zero(3);
  CHECK(bare.forward(x).output()(0) == 2 * 3 - 1.5);
  CHECK(net.forward(x).output()(0) == Approx(2 * 2.5 - 1.75 + 0.1));

  const auto trace = net.forward(x), baseline = net.forward(zero);
  const auto why = net.explain(x, 0, method::LrpQ());
  CHECK(why.relevance == Eigen::Vector3d(4.5, -4, 4));
  CHECK(why.relevance == net.explain(trace, 0, method::LrpQ()).relevance);
  CHECK(why.ledger.bias(0) == Approx(-1.15));

  // f(0) is 2·0 − 0.25 + 0.1 = −0.15, so that 3.35 + 0.15 is shared.
  const method::DeepLift lift;
  const auto difference = net.explain(x, 0, lift, zero);
  CHECK(difference.relevance.sum() == Approx(3.5));
  for (const auto& same : {net.explain(trace, 0, lift, baseline), net.explain(trace, 0, lift, zero),
                           net.explain(x, 0, lift, baseline)})
    CHECK(same.relevance == difference.relevance);
  CHECK_THROWS_WITH(net.explain(x.head(2), 0, lift), "Sequential: expected an input of 3 features, found 2");

  // Sizes known at compile time, as an expression too.
  const Eigen::Matrix<double, 2, 3> fixed = w1;
  const Sequential small(linear(fixed), relu());
  STATIC_REQUIRE(decltype(small.explain(Eigen::Vector3d(), 0, method::LrpQ()).relevance)::SizeAtCompileTime ==
                 3);
  CHECK(small.explain(Eigen::Vector3d(3, 1, 2) * 2, 0, method::LrpQ()).output == Eigen::Vector2d(6, 3));
}

}  // namespace
