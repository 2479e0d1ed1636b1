#include "examples/explain/engine_of.hpp"

namespace explain {

std::unique_ptr<Engine> load_float(const std::filesystem::path& path,
                                   const ascribe::onnx::ReadOptions& reading) {
  return std::make_unique<EngineOf<float>>(path, reading);
}

}  // namespace explain
