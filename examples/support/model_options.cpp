#include "examples/support/model_options.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <string_view>

#include "ascribe/core/error.hpp"
#include "examples/support/files.hpp"

namespace examples {

namespace onnx = ascribe::onnx;

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

onnx::Tensor constant_of(const onnx::ValueInfo& input, onnx::Dims dims, std::vector<double> values,
                         const std::string& where) {
  if (onnx::is_floating(input.type)) return onnx::Tensor::of(input.name, std::move(dims), std::move(values));
  std::vector<std::int64_t> whole;
  for (const double v : values) {
    if (!(v == static_cast<double>(static_cast<std::int64_t>(v))))
      ascribe::fail(where, ": expected whole numbers for input '", input.name, "', found ", v);
    whole.push_back(static_cast<std::int64_t>(v));
  }
  return onnx::Tensor::of(input.name, std::move(dims), std::move(whole));
}

std::vector<std::string> choosing_rows(const onnx::Model& model, const std::set<std::string>& held) {
  std::map<std::string, std::vector<std::string>> ids;  // by a value's name
  for (const onnx::ValueInfo& input : model.graph.inputs)
    if (held.count(input.name) == 0 &&
        (input.type == onnx::ElementType::int64 || input.type == onnx::ElementType::int32))
      ids[input.name] = {input.name};
  for (const onnx::Tensor& stored : model.graph.initializers) ids.erase(stored.name());
  for (const onnx::Node& node : model.graph.nodes) {  // each stands behind those that it reads
    if (node.inputs.empty()) continue;
    if (node.op_type == "Gather" && node.inputs.size() == 2 && ids.count(node.inputs[1]) > 0)
      return ids[node.inputs[1]];
    constexpr std::string_view moves[] = {"Cast",    "Concat",  "Flatten",  "Identity",
                                          "Reshape", "Squeeze", "Unsqueeze"};
    if (std::find(std::begin(moves), std::end(moves), node.op_type) == std::end(moves)) continue;
    // What several are joined to is known if all of them are.
    std::vector<std::string> joined;
    for (const std::string& input : node.op_type == "Concat" ? node.inputs : std::vector{node.inputs[0]}) {
      const auto found = ids.find(input);
      if (found == ids.end()) {
        joined.clear();
        break;
      }
      joined.insert(joined.end(), found->second.begin(), found->second.end());
    }
    if (!joined.empty())
      for (const std::string& output : node.outputs) ids[output] = joined;
  }
  return {};
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
