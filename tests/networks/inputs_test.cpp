/// Inputs in place of traces, ranges of targets, and networks by the makers of layers.
#include <ascribe/layers/makers.hpp>

#include "tests/support/catch.hpp"

#include <array>
#include <vector>

#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/checks.hpp>
#include <ascribe/networks/graph.hpp>
#include <ascribe/networks/sequential.hpp>

namespace {

using namespace ascribe;
using Eigen::MatrixXd;
using Eigen::VectorXd;

const MatrixXd w1{{1, -1, 0.5}, {0.5, 2, -1}}, w2{{2, -1}};
const VectorXd b1{{-0.5, 0.25}}, b2{{0.1}}, x{{3, 1, 2}};

TEST_CASE("a network reads like its sentence", "[layers]") {
  const Sequential net(linear(w1, b1), relu(), linear(w2, b2));
  const auto why = net.explain(x, 0, method::LrpQ());
  CHECK(why.output(0) == Approx(3.35));
  CHECK((why.relevance - Eigen::Vector3d(4.5, -4, 4)).cwiseAbs().maxCoeff() <= 1e-12);
  const Sequential spelled(MatMul(map::Dense<double>(w1), b1), Elementwise(fn::Relu()),
                           MatMul(map::Dense<double>(w2), b2));
  CHECK(spelled.explain(spelled.forward(x), 0, method::LrpQ()).relevance == why.relevance);
  CHECK(Graph<double>(net).explain(x, 0, method::LrpQ()).relevance == why.relevance);
}

TEST_CASE("weights of fixed sizes, of float, in rows, and of memory are layers too", "[layers]") {
  const auto fixed = linear(Eigen::Matrix<float, 2, 3>(w1.cast<float>()), Eigen::Vector2f(1, 2));
  STATIC_REQUIRE(decltype(fixed)::inputs == 3);
  STATIC_REQUIRE(decltype(fixed)::outputs == 2);
  CHECK(fixed.bias == Eigen::Vector2f(1, 2));
  using Rows = Eigen::Matrix<double, Dynamic, Dynamic, Eigen::RowMajor>;
  const Rows rows = w1;
  const Sequential by_rows(linear(Eigen::Map<const Rows>(rows.data(), 2, 3)), tanh(), linear(2 * w2));
  const Sequential by_columns(linear(w1), tanh(), linear(MatrixXd(2 * w2)));
  CHECK(by_rows.explain(x, 0, method::LrpQ())
            .relevance.isApprox(by_columns.explain(x, 0, method::LrpQ()).relevance, 1e-14));
}

TEST_CASE("convolutions and pools by their makers", "[layers]") {
  // 3 × 3 pixels, one channel, two filters of 2 × 2 taps: sums of four pixels, and minus half of them.
  VectorXd weights(8);
  weights << 1, 1, 1, 1, -0.5, -0.5, -0.5, -0.5;
  const Spatial geometry{.input = {3, 3}, .kernel = {2, 2}};
  const Sequential net(convolution(geometry, 1, 2, weights, Eigen::Vector2d(0, 10)), leaky_relu(0.5),
                       max_pool({.input = {2, 2}, .kernel = {2, 2}}, 2),
                       average_pool<double>({.input = {1, 1}, .kernel = {1, 1}}, 2, false),
                       linear(Eigen::RowVector2d(1, 2)));
  const VectorXd image = VectorXd::LinSpaced(9, 0, 8);
  const auto trace = net.forward(image);
  CHECK(trace.output()(0) == (4 + 5 + 7 + 8) + 2 * (10 - (0 + 1 + 3 + 4) / 2.0));
  CHECK(check::conservation(net.explain(trace, 0, method::LrpQ())));
  CHECK(Sequential(convolution(geometry, 1, 2, weights)).forward(image).output()(1) == -4);
}

TEST_CASE("an input stands for a trace, and a range of indices for targets", "[layers]") {
  const MatrixXd w{{1, 2, 3}, {4, 5, 6}}, xs{{1, 2}, {3, 4}, {5, 6}}, base = MatrixXd::Ones(3, 1);
  const Sequential net(linear(w), relu());
  const auto expected =
      net.explain(net.forward(xs), start::Targets{std::array<Index, 2>{1, 0}}, method::LrpQ());
  const auto check = [&](const auto& targets) {
    CHECK(net.explain(xs, targets, method::LrpQ()).relevance == expected.relevance);
    CHECK(Graph<double>(net).explain(xs, targets, method::LrpQ()).relevance == expected.relevance);
  };
  check(std::vector<Index>{1, 0});
  check(std::array<Index, 2>{1, 0});
  check(std::vector<int>{1, 0});
  check(std::array<unsigned char, 2>{1, 0});
  check(Eigen::Vector2i(1, 0));
  const std::vector<Index> two{1, 0};
  check(std::span<const Index>(two));

  const auto against = net.explain(net.forward(xs), 1, method::DeepLift(), net.forward(base));
  CHECK(net.explain(xs, 1, method::DeepLift(), base).relevance == against.relevance);
  CHECK(net.explain(xs, 1, method::DeepLift(), net.forward(base)).relevance == against.relevance);
  CHECK(Graph<double>(net).explain(xs, 1, method::DeepLift(), base).relevance == against.relevance);
  CHECK_THROWS_WITH(net.explain(xs, std::vector<int>{1}, method::LrpQ()),
                    Contains("one target for each of 2 samples"));
}

}  // namespace
