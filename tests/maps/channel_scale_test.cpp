#include <ascribe/maps/channel_scale.hpp>

#include <cmath>
#include <limits>
#include <utility>

#include "tests/support/catch.hpp"
#include "tests/support/map_contract.hpp"

using namespace ascribe;
using map_contract::Explicit;
using map_contract::holds;

TEST_CASE("an affine map is a diagonal matrix", "[maps]") {
  for (const Index p : {1, 2, 3, 6}) {
    const Eigen::VectorXd scale = map_contract::numbers(p, 1);
    Explicit expected(6, 6);
    for (Index j = 0; j < 6; ++j) expected.store(j, j, scale(j % p), j % p);
    holds([&]<class S>() { return map::ChannelScale<S>(6, scale.cast<S>()); }, expected);
    holds([&]<class S>() { return map::ChannelScale<S, 6>(scale.cast<S>()); }, expected);
  }
  static_assert(map::ChannelScale<float>::role == map::Role::scaling);
}

TEST_CASE("an affine map of many features is a diagonal matrix", "[maps]") {
  // Channels by 64 at a time, and several periods of few.
  for (const auto& [size, p] : {std::pair<Index, Index>(150, 5), {256, 128}, {65, 65}, {210, 70}, {130, 1}}) {
    const Eigen::VectorXd scale = map_contract::numbers(p, 1);
    Explicit expected(size, size);
    for (Index j = 0; j < size; ++j) expected.store(j, j, scale(j % p), j % p);
    holds([&, n = size]<class S>() { return map::ChannelScale<S>(n, scale.cast<S>()); }, expected);
  }
}

TEST_CASE("an affine map's numbers by hand", "[maps]") {
  const map::ChannelScale<double, 4> affine(Eigen::Vector2d(2, -3));
  const Eigen::Vector4d a(1, 10, 100, 1000);
  Batch<double, 4, 1> b;
  affine.apply<1>(view(a), out(b), Weights::as_is);
  CHECK(b == Eigen::Vector4d(2, -30, 200, -3000));
  affine.apply_transposed<1>(view(a), out(b), Weights::positive);
  CHECK(b == Eigen::Vector4d(2, 0, 200, 0));
  CHECK(affine.weight_count() == 2);
}

TEST_CASE("batch normalisation as a scale and a bias", "[maps]") {
  const Eigen::VectorXd gamma = Eigen::Vector2d(3, -1), beta = Eigen::Vector2d(1, 0.5),
                        mean = Eigen::Vector2d(2, 4);
  const auto exact = map::scale_and_bias(gamma, beta, mean, Eigen::VectorXd(Eigen::Vector2d(4, 0.25)), 0);
  CHECK(exact.scale == Eigen::VectorXd(Eigen::Vector2d(1.5, -2)));
  CHECK(exact.bias == Eigen::VectorXd(Eigen::Vector2d(-2, 8.5)));
  const Eigen::VectorXd variance = Eigen::Vector2d(0.7, 0);
  const auto rounded = map::scale_and_bias(gamma, beta, mean, variance, 1e-5);
  const Eigen::Vector2d x(0.3, -2);
  for (Index c = 0; c < 2; ++c)
    CHECK(rounded.scale(c) * x(c) + rounded.bias(c) ==
          Approx(gamma(c) * (x(c) - mean(c)) / std::sqrt(variance(c) + 1e-5) + beta(c)).epsilon(1e-12));

  CHECK_THROWS_WITH(map::scale_and_bias(gamma, Eigen::VectorXd(3), mean, variance, 0),
                    "batch normalisation: the beta: expected gamma's 2 channels, found 3");
  CHECK_THROWS_WITH(map::scale_and_bias(gamma, beta, mean, variance, 0),
                    "batch normalisation: variance + epsilon of channel 1: expected above 0, found 0");
}

TEST_CASE("an affine map's errors", "[maps]") {
  CHECK_THROWS_WITH(map::ChannelScale<double>(6, Eigen::VectorXd::Ones(4)),
                    "ChannelScale: the scale: expected a column whose length divides 6, found 4 x 1");
  CHECK_THROWS_WITH(map::ChannelScale<double>(6, Eigen::VectorXd(0)), Contains("found 0 x 1"));
  CHECK_THROWS_WITH(map::ChannelScale<double>(0, Eigen::VectorXd::Ones(1)),
                    "ChannelScale: the features: expected at least 1, found 0");
  CHECK_THROWS_WITH((map::ChannelScale<double, 4>(8, Eigen::VectorXd::Ones(1))),
                    "ChannelScale: the features: expected 4, found 8");
  Eigen::VectorXd scale = Eigen::VectorXd::Ones(2);
  scale(1) = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(map::ChannelScale<double>(2, scale).weights_are_finite());
}
