#include "examples/support/model_options.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "ascribe/core/error.hpp"
#include "ascribe/io/npy.hpp"
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

onnx::Tensor tensor_in(const onnx::ValueInfo& input, const std::filesystem::path& path) {
  const ascribe::io::NpyReader file(path);
  onnx::Dims dims(file.shape().begin(), file.shape().end());
  std::vector<double> values(static_cast<std::size_t>(onnx::element_count(dims, path.string())));
  file.read(0, std::span<double>(values));
  return constant_of(input, std::move(dims), std::move(values), path.string());
}

namespace {

using Names = std::vector<std::string>;

/// The ids that a node's result is made of, number by number; empty: none, or nobody knows.
Names ids_behind(const onnx::Node& node, const std::map<std::string, Names>& ids) {
  constexpr std::string_view moves[] = {"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"},
                             one_by_one[] = {"Add", "Clip", "Mod", "Mul", "Sub"};
  const auto is = [&](const auto& operators) {
    return std::find(std::begin(operators), std::end(operators), node.op_type) != std::end(operators);
  };
  const auto of = [&](const std::string& value) {
    const auto found = ids.find(value);
    return found == ids.end() ? Names() : found->second;
  };
  if (is(moves)) return of(node.inputs[0]);
  Names all;
  if (node.op_type == "Concat") {
    // What several are joined to is known if all of them are.
    for (const std::string& input : node.inputs) {
      const Names one = of(input);
      if (one.empty()) return {};
      all.insert(all.end(), one.begin(), one.end());
    }
  } else if (is(one_by_one)) {
    for (const std::string& input : node.inputs) {
      const Names one = of(input);
      if (!one.empty() && !all.empty()) return {};
      if (!one.empty()) all = one;
    }
  }
  return all;
}

bool is_along_first_axis(const onnx::Node& gather) {
  return std::none_of(gather.attributes.begin(), gather.attributes.end(), [](const onnx::Attribute& one) {
    const auto* axis = std::get_if<std::int64_t>(&one.value);
    return one.name == "axis" && axis != nullptr && *axis != 0;
  });
}

}  // namespace

std::vector<RowChoice> row_choices(const onnx::Model& model, const std::set<std::string>& held) {
  std::map<std::string, Names> ids;  // by a value's name
  for (const onnx::ValueInfo& input : model.graph.inputs)
    if (held.count(input.name) == 0 &&
        (input.type == onnx::ElementType::int64 || input.type == onnx::ElementType::int32))
      ids[input.name] = {input.name};
  for (const onnx::Tensor& stored : model.graph.initializers) ids.erase(stored.name());
  std::vector<RowChoice> choices;
  for (const onnx::Node& node : model.graph.nodes) {  // each stands behind those that it reads
    if (node.inputs.empty() || node.outputs.empty()) continue;
    if (node.op_type == "Gather") {
      const auto found = node.inputs.size() == 2 ? ids.find(node.inputs[1]) : ids.end();
      if (found != ids.end() && is_along_first_axis(node))
        choices.push_back({node.outputs[0], found->second});
      continue;
    }
    const Names behind = ids_behind(node, ids);
    if (!behind.empty())
      for (const std::string& output : node.outputs) ids[output] = behind;
  }
  return choices;
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
