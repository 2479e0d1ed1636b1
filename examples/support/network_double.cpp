#include "examples/support/network.hpp"

namespace examples {

template <>
ascribe::onnx::Network<double> load_network<double>(const std::filesystem::path& path) {
  return ascribe::onnx::load<double>(path);
}

}  // namespace examples
