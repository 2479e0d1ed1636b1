/// The five MNIST networks as Sequentials, with the weights of their ONNX files.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <Eigen/Core>

#include <ascribe/core/image_layout.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/functions/softplus.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/io/onnx/parse.hpp>
#include <ascribe/maps/average_pool.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/networks/sequential.hpp>
#include <ascribe/windows/pool.hpp>

namespace ascribe::test {

/// The initializers of a golden network's file.
class GoldenWeights {
 public:
  explicit GoldenWeights(const std::string& network)
      : model_(onnx::read(ASCRIBE_SOURCE_DIR "/" + path_of(network))) {}

  /// Where the file lies: the examples have two of the networks.
  static std::string path_of(const std::string& network) {
    return network == "mnist_cnn" || network == "mnist_mlp" ? "examples/data/" + network + ".onnx"
                                                            : "tests/golden/" + network + "/model.onnx";
  }

  const onnx::Tensor& tensor(const std::string& name) const {
    const auto& all = model_.graph.initializers;
    return *std::find_if(all.begin(), all.end(), [&](const auto& t) { return t.name() == name; });
  }
  Eigen::VectorXd vector(const std::string& name) const {
    const auto values = tensor(name).values<double>();
    return Eigen::Map<const Eigen::VectorXd>(values.data(), Index(values.size()));
  }
  /// As the file has it: rows × columns.
  Eigen::MatrixXd matrix(const std::string& name) const {
    using RowMajor = Eigen::Matrix<double, Dynamic, Dynamic, Eigen::RowMajor>;
    const auto values = tensor(name).values<double>();
    return Eigen::Map<const RowMajor>(values.data(), tensor(name).dims()[0], tensor(name).dims()[1]);
  }

 private:
  onnx::Model model_;
};

/// The layer whose weights are `index.weight` and `index.bias`, index as in torch.nn.Sequential.
template <class Scalar>
auto golden_dense(const GoldenWeights& weights, int index) {
  const std::string stem = std::to_string(index);
  const Eigen::MatrixXd w = weights.matrix(stem + ".weight");
  const Eigen::VectorXd b = weights.vector(stem + ".bias");
  return MatMul(map::Dense<Scalar>(w.template cast<Scalar>()),
                Eigen::Matrix<Scalar, Dynamic, 1>(b.template cast<Scalar>()));
}
template <class Scalar>
auto golden_convolution(const GoldenWeights& weights, int index, Index side, Index padding) {
  const std::string stem = std::to_string(index);
  const onnx::Dims shape = weights.tensor(stem + ".weight").dims();  // filters, channels, kernel, kernel
  const Spatial geometry{.input = {side, side},
                         .kernel = {shape.at(2), shape.at(3)},
                         .pads = {padding, padding, padding, padding}};
  const Eigen::Matrix<Scalar, Dynamic, 1> w = weights.vector(stem + ".weight").template cast<Scalar>(),
                                          b = weights.vector(stem + ".bias").template cast<Scalar>();
  return MatMul(map::Convolution<Scalar>(geometry, shape.at(1), shape.at(0), w), b);
}
inline Spatial halved(Index side) { return {.input = {side, side}, .kernel = {2, 2}, .stride = {2, 2}}; }

template <class Scalar>
auto mnist_cnn() {
  const GoldenWeights weights("mnist_cnn");
  const Elementwise<fn::Relu> relu;
  // Torch flattens C, H, W; here images are H, W, C.
  const Batch<Scalar> behind_flatten =
      dense_after_chw_flatten(weights.matrix("7.weight"), 32, 7, 7).template cast<Scalar>();
  const Eigen::Matrix<Scalar, Dynamic, 1> bias = weights.vector("7.bias").template cast<Scalar>();
  return Sequential(golden_convolution<Scalar>(weights, 0, 28, 2), relu, Max(window::Pool(halved(28), 16)),
                    golden_convolution<Scalar>(weights, 3, 14, 1), relu, Max(window::Pool(halved(14), 32)),
                    MatMul(map::Dense<Scalar>(behind_flatten), bias), relu, golden_dense<Scalar>(weights, 9));
}

template <class Scalar>
auto mnist_lenet() {
  const GoldenWeights weights("mnist_lenet");
  const Elementwise<fn::Relu> relu;
  return Sequential(golden_convolution<Scalar>(weights, 0, 28, 0), relu,
                    MatMul(map::AveragePool<Scalar>(halved(24), 10, false)),
                    golden_convolution<Scalar>(weights, 3, 12, 0), relu,
                    MatMul(map::AveragePool<Scalar>(halved(8), 25, false)),
                    golden_convolution<Scalar>(weights, 6, 4, 0), relu, golden_dense<Scalar>(weights, 9));
}

template <class Scalar>
auto mnist_mlp() {
  const GoldenWeights weights("mnist_mlp");
  const Elementwise<fn::Relu> relu;
  return Sequential(golden_dense<Scalar>(weights, 1), relu, golden_dense<Scalar>(weights, 3), relu,
                    golden_dense<Scalar>(weights, 5));
}

/// Its file multiplies from the left: inputs × outputs.
template <class Scalar>
auto mnist_mlp_nobias() {
  const GoldenWeights weights("mnist_mlp_nobias");
  const Elementwise<fn::Relu> relu;
  const auto dense = [&](const char* name) {
    const Eigen::MatrixXd w = weights.matrix(name).transpose();
    return MatMul(map::Dense<Scalar>(w.template cast<Scalar>()));
  };
  return Sequential(dense("onnx::MatMul_13"), relu, dense("onnx::MatMul_14"), relu, dense("onnx::MatMul_15"));
}

template <class Scalar>
auto mnist_smooth() {
  const GoldenWeights weights("mnist_smooth");
  return Sequential(golden_dense<Scalar>(weights, 1), Elementwise(fn::Tanh()),
                    golden_dense<Scalar>(weights, 3), Elementwise(fn::Sigmoid()),
                    golden_dense<Scalar>(weights, 5), Elementwise(fn::Softplus()),
                    golden_dense<Scalar>(weights, 7));
}

}  // namespace ascribe::test
