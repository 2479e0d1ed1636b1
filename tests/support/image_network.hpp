/// A small network of images whose numbers are formulas, so that another library can have it too.
#pragma once

#include <span>

#include <ascribe/core/image_layout.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/layers/makers.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/networks/feature_maps.hpp>
#include <ascribe/networks/graph.hpp>

namespace ascribe::test {

/// 2 channels of 5 × 6 → "conv", 3 filters of 3 × 3, stride 2, padding 1 → "relu", 3 channels of 3 × 3 →
/// "fc", 2 outputs. As torch has it: number i of `count` is ((i·a) mod m − m // 2)/m, in C order, with (a, m)
/// = (7, 11) for the convolution's weights and (5, 7) for its biases, (5, 13) and (3, 5) for fc's, (17, 31)
/// for the input; the baseline is half of (3, 8).
struct ImageNetwork {
  Graph<double> net;
  Index relu = 0;
  FeatureMaps input{2, 5, 6, true}, layer{3, 3, 3, true};
  Eigen::VectorXd x, baseline;

  static Eigen::VectorXd numbers(Index count, Index a, Index m) {
    Eigen::VectorXd all(count);
    for (Index i = 0; i < count; ++i) all(i) = double(i * a % m - m / 2) / double(m);
    return all;
  }

  ImageNetwork() {
    const Eigen::VectorXd kernels = numbers(54, 7, 11), rows = numbers(54, 5, 13);
    const Spatial geometry{.input = {5, 6}, .kernel = {3, 3}, .stride = {2, 2}, .pads = {1, 1, 1, 1}};
    const map::Convolution<double> map(geometry, 2, 3, std::span<const double>(kernels.data(), 54));
    const Eigen::MatrixXd chw = rows.reshaped<Eigen::RowMajor>(2, 27);
    const Index in = net.input("x", 60);
    const Index conv = net.add("conv", MatMul(map, numbers(3, 5, 7)), {in});
    relu = net.add("relu", Elementwise(fn::Relu()), {conv});
    const Eigen::MatrixXd w = dense_after_chw_flatten(chw, 3, 3, 3);
    net.output(net.add("fc", MatMul(map::Dense<double>(w), numbers(2, 3, 5)), {relu}));
    x = from_chw(numbers(60, 17, 31), 2, 5, 6);
    baseline = from_chw(Eigen::VectorXd(0.5 * numbers(60, 3, 8)), 2, 5, 6);
  }
};

}  // namespace ascribe::test
