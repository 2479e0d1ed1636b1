/// Networks with random weights, the same on every machine: the generator's own bits and no std distribution.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <type_traits>
#include <utility>

#include <Eigen/Core>

#include <ascribe/layers/elementwise.hpp>
#include <ascribe/layers/matmul.hpp>
#include <ascribe/layers/max.hpp>
#include <ascribe/maps/average_pool.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/networks/sequential.hpp>
#include <ascribe/windows/groups.hpp>
#include <ascribe/windows/pool.hpp>

#include "tests/support/random.hpp"

namespace ascribe::test {

/// Any elementwise function behind one type, so that a network is instantiated once and not once a function.
struct AnyFunction {
  std::function<double(double)> f, slope;
  std::function<double(double, double)> between;

  template <class F>
  requires(!std::is_same_v<F, AnyFunction>) AnyFunction(const F& function)
      : f([=](double a) { return function.value(a); }),
        slope([=](double a) { return function.derivative(a); }),
        between([=](double a, double r) { return fn::chord(function, a, r); }) {}
  double value(double a) const { return f(a); }
  double derivative(double a) const { return slope(a); }
  double chord(double a, double r) const { return between(a, r); }
};

/// A convolution, f, an average pool, a convolution in two groups, g, a max pool, a dense layer: 6 × 6 pixels
/// of 2 channels (72 inputs) to 3 outputs. With `bias` 0 every bias is 0.
inline auto image_chain(unsigned seed, double bias, AnyFunction f, AnyFunction g) {
  Random random(seed);
  const Spatial first{.input = {6, 6}, .kernel = {3, 3}};                         // to 4 × 4
  const Spatial average{.input = {4, 4}, .kernel = {2, 2}, .stride = {1, 2}};     // to 3 × 2
  const Spatial second{.input = {3, 2}, .kernel = {2, 2}, .pads = {1, 0, 0, 1}};  // to 3 × 2
  const Spatial pool{.input = {3, 2}, .kernel = {2, 1}};                          // to 2 × 2, overlapping
  const Eigen::VectorXd w1 = random.vector(4 * 2 * 9), w2 = random.vector(6 * 2 * 4),
                        b1 = bias * random.vector(4), b2 = bias * random.vector(6),
                        b3 = bias * random.vector(3);
  const Eigen::MatrixXd w3 = random.matrix(3, 24);
  return Sequential(MatMul(map::Convolution<double>(first, 2, 4, w1), b1), Elementwise(std::move(f)),
                    MatMul(map::AveragePool<double>(average, 4, false)),
                    MatMul(map::Convolution<double>(second, 4, 6, w2, 2), b2), Elementwise(std::move(g)),
                    Max(window::Pool(pool, 6)), MatMul(map::Dense<double>(w3), b3));
}

/// Maxout, whose maxima are of both signs: 7 inputs to 3 outputs.
inline auto maxout_chain(unsigned seed, double bias, AnyFunction f) {
  Random random(seed);
  const Eigen::MatrixXd w1 = random.matrix(12, 7), w2 = random.matrix(9, 6);
  const Eigen::VectorXd b1 = bias * random.vector(12), b2 = bias * random.vector(9);
  return Sequential(MatMul(map::Dense<double>(w1), b1), Max(window::Groups<>(12, 2)),
                    Elementwise(std::move(f)), MatMul(map::Dense<double>(w2), b2),
                    Max(window::Groups<>(9, 3)));
}

/// The largest difference, relative to the largest entry of either.
template <class A, class B>
double relative_difference(const A& a, const B& b) {
  const double scale = std::max(a.cwiseAbs().maxCoeff(), b.cwiseAbs().maxCoeff());
  const double difference = (a - b).cwiseAbs().maxCoeff();
  return difference == 0 ? 0 : difference / scale;
}

/// |found − expected| ≤ 1e-10·max(|found|, |expected|, scale), column by column.
template <class A, class B>
bool sums_agree(const A& found, const B& expected, double scale) {
  for (Index n = 0; n < found.size(); ++n)
    if (!(std::abs(found(n) - expected(n)) <=
          1e-10 * std::max({std::abs(found(n)), std::abs(expected(n)), scale})))
      return false;
  return true;
}

}  // namespace ascribe::test
