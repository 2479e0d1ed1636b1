#include "examples/explain/engine_of.hpp"

namespace explain {

std::unique_ptr<Engine> load_double(const std::filesystem::path& path,
                                    const ascribe::onnx::ReadOptions& reading) {
  return std::make_unique<EngineOf<double>>(path, reading);
}

}  // namespace explain
