/// Networks with random weights, the same on every machine: the generator's own bits and no std distribution.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

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

namespace ascribe::test {

/// Numbers in [−1, 1).
class Random {
 public:
  explicit Random(unsigned seed) : generator_(seed) {}

  double number() { return double(generator_()) / 2147483648.0 - 1; }
  Eigen::MatrixXd matrix(Index rows, Index columns) {
    Eigen::MatrixXd result(rows, columns);
    for (Index i = 0; i < result.size(); ++i) result(i) = number();
    return result;
  }
  Eigen::VectorXd vector(Index size) { return matrix(size, 1); }

 private:
  std::mt19937 generator_;
};

/// With `bias` 0, no layer has one (a vector of zeros).
template <class F, class G>
auto dense_chain(unsigned seed, double bias, F f, G g) {
  Random random(seed);
  const Eigen::MatrixXd w1 = random.matrix(9, 7), w2 = random.matrix(8, 9), w3 = random.matrix(3, 8);
  const Eigen::VectorXd b1 = bias * random.vector(9), b2 = bias * random.vector(8), b3 = bias * random.vector(3);
  return Sequential(MatMul(map::Dense<double>(w1), b1), Elementwise(f), MatMul(map::Dense<double>(w2), b2),
                    Elementwise(g), MatMul(map::Dense<double>(w3), b3));
}

/// A convolution, f, an average pool, a convolution, a max pool, g, a dense layer: 6 × 6 pixels of 2 channels (72
/// inputs) to 3 outputs.
template <class F, class G>
auto image_chain(unsigned seed, double bias, F f, G g, Pads pads = {1, 1, 1, 1}) {
  Random random(seed);
  const Spatial first{.input = {6, 6}, .kernel = {3, 3}, .pads = pads};
  const Spatial average{.input = {first.output_height(), first.output_width()}, .kernel = {2, 2}, .stride = {1, 2}};
  const Spatial second{.input = {average.output_height(), average.output_width()}, .kernel = {2, 2}};
  const Spatial pool{.input = {second.output_height(), second.output_width()}, .kernel = {2, 1}};
  const Eigen::VectorXd w1 = random.vector(4 * 2 * 9), w2 = random.vector(6 * 2 * 4), b1 = bias * random.vector(4),
                        b2 = bias * random.vector(6), b3 = bias * random.vector(3);
  const Eigen::MatrixXd w3 = random.matrix(3, pool.output_pixels() * 6);
  return Sequential(MatMul(map::Convolution<double>(first, 2, 4, w1), b1), Elementwise(f),
                    MatMul(map::AveragePool<double>(average, 4, false)),
                    MatMul(map::Convolution<double>(second, 4, 6, w2, 2), b2), Max(window::Pool(pool, 6)),
                    Elementwise(g), MatMul(map::Dense<double>(w3), b3));
}

/// Maxout, whose maxima are of both signs: 7 inputs to 3 outputs.
template <class F>
auto maxout_chain(unsigned seed, double bias, F f) {
  Random random(seed);
  const Eigen::MatrixXd w1 = random.matrix(12, 7), w2 = random.matrix(9, 6);
  const Eigen::VectorXd b1 = bias * random.vector(12), b2 = bias * random.vector(9);
  return Sequential(MatMul(map::Dense<double>(w1), b1), Max(window::Groups<>(12, 2)), Elementwise(f),
                    MatMul(map::Dense<double>(w2), b2), Max(window::Groups<>(9, 3)));
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
    if (!(std::abs(found(n) - expected(n)) <= 1e-10 * std::max({std::abs(found(n)), std::abs(expected(n)), scale})))
      return false;
  return true;
}

}  // namespace ascribe::test
