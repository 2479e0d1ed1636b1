#include "examples/support/network.hpp"

namespace examples {

template <>
ascribe::onnx::Network<double> load_network<double>(const std::filesystem::path& path,
                                                    const std::string& output) {
  ascribe::onnx::ReadOptions options;
  if (!output.empty()) options.outputs = {output};
  return ascribe::onnx::load<double>(path, options);
}

}  // namespace examples
