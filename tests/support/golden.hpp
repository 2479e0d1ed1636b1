/// What other libraries say about the golden networks (tests/golden).
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <Eigen/Core>

#include <ascribe/core/types.hpp>

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

/// What a network's file of that name holds. In networks of dense layers alone zennit's composites for
/// convolutions come out as one or two, byte for byte: each is kept once.
inline Eigen::MatrixXd golden_of(const std::string& network, std::string of) {
  if (network != "mnist_cnn" && network != "mnist_lenet") {
    if (of == "epsilon_plus" || of == "epsilon_gamma_box" || of == "epsilon_alpha2_beta1")
      of = "lrp_epsilon_1e-6";
    else if (of == "epsilon_alpha2_beta1_flat")
      of = "epsilon_plus_flat";
  }
  return golden_batch("tests/golden/" + network + "/" + of + ".npy");
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
