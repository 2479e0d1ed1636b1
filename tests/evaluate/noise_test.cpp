#include <ascribe/evaluate/noise.hpp>

#include "tests/support/catch.hpp"

#include <cmath>

namespace {

using namespace ascribe::evaluate;
using Eigen::VectorXd;

TEST_CASE("noise is within its radius, or has its deviation, and is a sample's own", "[evaluate]") {
  VectorXd a = VectorXd::Zero(10000), b = a, c = a;
  UniformNoise{.radius = 0.5}(3, 2, a);
  UniformNoise{.radius = 0.5, .first_sample = 3}(0, 2, b);
  CHECK(a == b);
  UniformNoise{.radius = 0.5}(3, 1, c);
  CHECK(a != c);
  CHECK(a.cwiseAbs().maxCoeff() <= 0.5);
  CHECK(a.cwiseAbs().maxCoeff() >= 0.499);
  // The mean of as many has a deviation of 0.5/√30000 = 0.003.
  CHECK(std::abs(a.mean()) <= 0.012);
  VectorXd g = VectorXd::Zero(10000), other = g;
  GaussianNoise{.deviation = 2}(0, 0, g);
  CHECK(std::abs(g.mean()) <= 0.08);
  CHECK(std::abs(g.squaredNorm() / 10000 - 4) <= 0.24);
  GaussianNoise{.deviation = 2, .seed = 2}(0, 0, other);
  CHECK(g != other);
}

}  // namespace
