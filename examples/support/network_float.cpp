#include "examples/support/network.hpp"

namespace examples {

template <>
ascribe::onnx::Network<float> load_network<float>(const std::filesystem::path& path) {
  return ascribe::onnx::load<float>(path);
}

}  // namespace examples
