#include "examples/explain/engine_of.hpp"

namespace explain {

std::unique_ptr<Engine> load_float(const std::filesystem::path& path, const std::string& output) {
  return std::make_unique<EngineOf<float>>(path, output);
}

}  // namespace explain
