/// Random numbers that are the same everywhere.
#pragma once

#include <cstdint>
#include <random>

#include <Eigen/Core>

namespace ascribe::test {

/// Numbers in [−1, 1) from the engine's bits alone: the standard's distributions differ between libraries.
class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}

  double number() { return double(engine_()) / 2147483648.0 - 1; }
  Eigen::MatrixXd matrix(Eigen::Index rows, Eigen::Index columns) {
    Eigen::MatrixXd m(rows, columns);
    for (Eigen::Index i = 0; i < m.size(); ++i) m.data()[i] = number();
    return m;
  }
  Eigen::VectorXd vector(Eigen::Index size) { return matrix(size, 1); }

 private:
  std::mt19937 engine_;
};

}  // namespace ascribe::test
