/// The five MNIST networks, and what other libraries say about them (tests/golden).
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <Eigen/Core>

#include <ascribe/core/image_layout.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/functions/softplus.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/maps/average_pool.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/networks/sequential.hpp>
#include <ascribe/windows/pool.hpp>

namespace ascribe::test {

/// An .npy file's numbers in C order. Its own few lines, so that a fault of the library's reader cannot hide
/// in the numbers that the library is checked against.
struct GoldenArray {
  std::vector<Index> shape;
  std::vector<double> values;
};

inline GoldenArray read_golden(const std::string& path) {
  const std::string full = std::string(ASCRIBE_SOURCE_DIR "/") + path;
  std::ifstream file(full, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const auto refuse = [&](const char* why) { throw std::runtime_error(full + ": " + why); };
  if (bytes.size() < 10 || bytes.compare(0, 8, std::string("\x93NUMPY\x01\x00", 8)) != 0)
    refuse("not .npy, version 1.0");
  const std::size_t data =
      10 + std::size_t(std::uint8_t(bytes[8])) + 256 * std::size_t(std::uint8_t(bytes[9]));
  const std::string header = bytes.substr(10, data - 10);
  if (header.find("'fortran_order': False") == std::string::npos) refuse("not in C order");

  GoldenArray array;
  std::size_t count = 1;
  const std::size_t open = header.find('(');
  const std::string shape = header.substr(open + 1, header.find(')') - open - 1);
  for (std::size_t at = 0; at < shape.size();) {
    std::size_t digits = 0;
    array.shape.push_back(Index(std::stoll(shape.substr(at), &digits)));
    count *= std::size_t(array.shape.back());
    at = shape.find_first_of("0123456789", at + digits);
  }
  const auto read = [&](auto type) {
    if (bytes.size() != data + count * sizeof(type)) refuse("not as long as its shape says");
    for (std::size_t i = 0; i < count; ++i) {
      std::memcpy(&type, bytes.data() + data + i * sizeof(type), sizeof(type));
      array.values.push_back(double(type));
    }
  };
  if (header.find("'<f4'") != std::string::npos)
    read(float());
  else if (header.find("'<f8'") != std::string::npos)
    read(double());
  else if (header.find("'<i8'") != std::string::npos)
    read(std::int64_t());
  else
    refuse("neither float32, float64 nor int64");
  return array;
}

/// Samples × whatever, as features × samples. The images have one channel, so that C, H, W is H, W, C.
template <class Scalar = double>
Batch<Scalar> golden_batch(const std::string& path) {
  const GoldenArray array = read_golden(path);
  const Index samples = array.shape.at(0);
  return Eigen::Map<const Eigen::MatrixXd>(array.values.data(), Index(array.values.size()) / samples, samples)
      .template cast<Scalar>();
}

template <class Scalar = double>
Batch<Scalar> golden_input() {
  return golden_batch<Scalar>("tests/golden/input.npy");
}
template <class Scalar = double>
Batch<Scalar> golden_mean() {
  return golden_batch<Scalar>("tests/golden/baseline_mean.npy");
}
inline std::vector<Index> golden_targets() {
  const std::vector<double> values = read_golden("tests/golden/target.npy").values;
  return {values.begin(), values.end()};
}

/// outputs × inputs.
template <class Scalar>
Batch<Scalar> golden_matrix(const std::string& path) {
  return golden_batch<Scalar>(path).transpose();
}
template <class Scalar>
Eigen::Matrix<Scalar, Dynamic, 1> golden_vector(const std::string& path) {
  const GoldenArray array = read_golden(path);
  return Eigen::Map<const Eigen::VectorXd>(array.values.data(), Index(array.values.size()))
      .template cast<Scalar>();
}

/// The layer whose weights are `folder/index.weight.npy`, index as in torch.nn.Sequential.
template <class Scalar>
auto golden_dense(const std::string& folder, int index, bool has_bias = true) {
  const std::string stem = folder + std::to_string(index);
  using Bias = Eigen::Matrix<Scalar, Dynamic, 1>;
  return MatMul(map::Dense<Scalar>(golden_matrix<Scalar>(stem + ".weight.npy")),
                has_bias ? golden_vector<Scalar>(stem + ".bias.npy") : Bias());
}
template <class Scalar>
auto golden_convolution(const std::string& folder, int index, Index side, Index padding) {
  const std::string stem = folder + std::to_string(index);
  const std::vector<Index> shape =
      read_golden(stem + ".weight.npy").shape;  // filters, channels, kernel, kernel
  const Spatial geometry{.input = {side, side},
                         .kernel = {shape.at(2), shape.at(3)},
                         .pads = {padding, padding, padding, padding}};
  return MatMul(map::Convolution<Scalar>(geometry, shape.at(1), shape.at(0),
                                         golden_vector<Scalar>(stem + ".weight.npy")),
                golden_vector<Scalar>(stem + ".bias.npy"));
}
inline Spatial halved(Index side) { return {.input = {side, side}, .kernel = {2, 2}, .stride = {2, 2}}; }

template <class Scalar>
auto mnist_cnn() {
  const std::string folder = "examples/data/mnist_cnn/";
  const Elementwise<fn::Relu> relu;
  // Torch flattens C, H, W; here images are H, W, C.
  const Batch<Scalar> behind_flatten =
      dense_after_chw_flatten(golden_matrix<Scalar>(folder + "7.weight.npy"), 32, 7, 7);
  return Sequential(golden_convolution<Scalar>(folder, 0, 28, 2), relu, Max(window::Pool(halved(28), 16)),
                    golden_convolution<Scalar>(folder, 3, 14, 1), relu, Max(window::Pool(halved(14), 32)),
                    MatMul(map::Dense<Scalar>(behind_flatten), golden_vector<Scalar>(folder + "7.bias.npy")),
                    relu, golden_dense<Scalar>(folder, 9));
}

template <class Scalar>
auto mnist_lenet() {
  const std::string folder = "tests/golden/mnist_lenet/weights/";
  const Elementwise<fn::Relu> relu;
  return Sequential(golden_convolution<Scalar>(folder, 0, 28, 0), relu,
                    MatMul(map::AveragePool<Scalar>(halved(24), 10, false)),
                    golden_convolution<Scalar>(folder, 3, 12, 0), relu,
                    MatMul(map::AveragePool<Scalar>(halved(8), 25, false)),
                    golden_convolution<Scalar>(folder, 6, 4, 0), relu, golden_dense<Scalar>(folder, 9));
}

template <class Scalar>
auto mnist_mlp(bool has_bias = true) {
  const std::string folder = has_bias ? "examples/data/mnist_mlp/" : "tests/golden/mnist_mlp_nobias/weights/";
  const Elementwise<fn::Relu> relu;
  return Sequential(golden_dense<Scalar>(folder, 1, has_bias), relu,
                    golden_dense<Scalar>(folder, 3, has_bias), relu,
                    golden_dense<Scalar>(folder, 5, has_bias));
}

template <class Scalar>
auto mnist_smooth() {
  const std::string folder = "tests/golden/mnist_smooth/weights/";
  return Sequential(golden_dense<Scalar>(folder, 1), Elementwise(fn::Tanh()), golden_dense<Scalar>(folder, 3),
                    Elementwise(fn::Sigmoid()), golden_dense<Scalar>(folder, 5), Elementwise(fn::Softplus()),
                    golden_dense<Scalar>(folder, 7));
}

/// The largest difference, measured against the largest of `expected`.
template <class Found, class Expected>
double relative_error(const Found& found, const Expected& expected) {
  const Eigen::MatrixXd a = found.template cast<double>(), b = expected.template cast<double>();
  if (a.rows() != b.rows() || a.cols() != b.cols()) return INFINITY;
  return (a - b).cwiseAbs().maxCoeff() / b.cwiseAbs().maxCoeff();
}

/// How far an explanation's books are from closing, measured against their largest entry; worst of all
/// samples.
template <class Books>
double closing_error(const Books& books) {
  double worst = 0;
  for (Index n = 0; n < books.enter.size(); ++n) {
    const double error = std::abs(double(books.closing_error()(n)));
    worst = error == 0 ? worst : std::max(worst, error / double(books.largest_entry()(n)));
  }
  return worst;
}

}  // namespace ascribe::test
