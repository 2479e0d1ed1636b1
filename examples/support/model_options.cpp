#include "examples/support/model_options.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "ascribe/core/error.hpp"
#include "examples/support/files.hpp"

namespace examples {

std::string in_options(std::string said) {
  for (const auto& [option, word] :
       {std::pair("ReadOptions::sizes, or with the others by ReadOptions::shapes", "--size NAME=N"),
        std::pair("ReadOptions::outputs", "--output"),
        std::pair("ReadOptions::batched = false", "--no-batch"),
        std::pair("ReadOptions::constants", "--input NAME=FILE")})
    for (std::size_t at; (at = said.find(option)) != std::string::npos;)
      said.replace(at, std::string_view(option).size(), word);
  return said;
}

void check_sizes(const ascribe::onnx::Model& model, const std::filesystem::path& file,
                 const std::vector<std::pair<std::string, ascribe::Index>>& sizes) {
  std::set<std::string> open;
  for (const ascribe::onnx::ValueInfo& input : model.graph.inputs)
    for (std::size_t axis = 0; input.dims && axis < input.dims->size(); ++axis) {
      const ascribe::onnx::Dimension& d = (*input.dims)[axis];
      if (!d.size) open.insert(d.name.empty() ? input.name + "[" + std::to_string(axis) + "]" : d.name);
    }
  for (const auto& [name, size] : sizes)
    if (open.count(name) == 0) {
      std::string known;
      for (const std::string& one : open) known += (known.empty() ? ": '" : ", '") + one + "'";
      ascribe::fail("--size: ", file.string(), " leaves no axis '", name, "' open",
                    known.empty() ? "" : "; these are", known);
    }
}

std::string fingerprint_of_model(const ascribe::onnx::Model& model, const std::filesystem::path& file) {
  std::string all = fingerprint(file);
  for (const ascribe::onnx::Tensor& tensor : model.graph.initializers)
    if (tensor.has_values()) {
      const auto bytes = tensor.bytes();
      all = fingerprint_of({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, all);
    }
  return all;
}

}  // namespace examples
