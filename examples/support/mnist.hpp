/// The two networks of the examples, from their weights.
#pragma once

#include <filesystem>
#include <string>

#include <ascribe/ascribe.hpp>
#include <ascribe/io/npy.hpp>

namespace examples {

/// A vector of an .npy file's numbers.
inline Eigen::VectorXd read_vector(const std::filesystem::path& path) {
  const auto array = ascribe::io::read_npy<double>(path);
  return Eigen::Map<const Eigen::VectorXd>(array.values.data(), Eigen::Index(array.values.size()));
}

/// A matrix of an .npy file: outputs × inputs. Throws ascribe::Error where the file holds something else.
inline Eigen::MatrixXd read_matrix(const std::filesystem::path& path) {
  const auto array = ascribe::io::read_npy<double>(path);
  if (array.shape.size() != 2)
    ascribe::fail(path.string(), ": expected a matrix, found ", array.shape.size(), " dimensions");
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const RowMajor>(array.values.data(), Eigen::Index(array.shape[0]),
                                    Eigen::Index(array.shape[1]));
}

/// The weights and the bias of layer `number` in a folder of `<number>.weight.npy` and `<number>.bias.npy`.
struct Weights {
  std::filesystem::path folder;

  Eigen::VectorXd bias(int number) const {
    return read_vector(folder / (std::to_string(number) + ".bias.npy"));
  }
  Eigen::MatrixXd matrix(int number) const {
    return read_matrix(folder / (std::to_string(number) + ".weight.npy"));
  }
  Eigen::VectorXd kernel(int number) const {
    return read_vector(folder / (std::to_string(number) + ".weight.npy"));
  }
};

/// 784-300-100-10 with ReLU.
inline auto mnist_mlp(const std::filesystem::path& folder) {
  using namespace ascribe;
  const Weights w{folder};
  const auto dense = [&](int number) { return MatMul(map::Dense<double>(w.matrix(number)), w.bias(number)); };
  return Sequential(dense(1), Elementwise(fn::Relu()), dense(3), Elementwise(fn::Relu()), dense(5));
}

/// Two convolutions with ReLU and pooling, two dense layers. The first dense layer's weights were trained
/// behind a flattening in the order C, H, W.
inline auto mnist_cnn(const std::filesystem::path& folder) {
  using namespace ascribe;
  const Weights w{folder};
  const Spatial first{.input = {28, 28}, .kernel = {5, 5}, .pads = {2, 2, 2, 2}};
  const Spatial second{.input = {14, 14}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}};
  const auto halve = [](Index size, Index channels) {
    return Max(window::Pool({.input = {size, size}, .kernel = {2, 2}, .stride = {2, 2}}, channels));
  };
  return Sequential(MatMul(map::Convolution<double>(first, 1, 16, w.kernel(0)), w.bias(0)),
                    Elementwise(fn::Relu()), halve(28, 16),
                    MatMul(map::Convolution<double>(second, 16, 32, w.kernel(3)), w.bias(3)),
                    Elementwise(fn::Relu()), halve(14, 32),
                    MatMul(map::Dense<double>(dense_after_chw_flatten(w.matrix(7), 32, 7, 7)), w.bias(7)),
                    Elementwise(fn::Relu()), MatMul(map::Dense<double>(w.matrix(9)), w.bias(9)));
}

}  // namespace examples
