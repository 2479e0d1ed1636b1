#include "examples/support/network.hpp"

namespace examples {

template <>
ascribe::onnx::Network<float> load_network<float>(const std::filesystem::path& path,
                                                  const std::string& output) {
  ascribe::onnx::ReadOptions options;
  if (!output.empty()) options.outputs = {output};
  return ascribe::onnx::load<float>(path, options);
}

}  // namespace examples
