/// An ONNX model as plain structs, as `parse` and `read` make them (parse.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ascribe/core/types.hpp"
#include "ascribe/io/onnx/tensor.hpp"

namespace ascribe::onnx {

struct Graph;

/// A graph that an attribute holds, such as a branch of an If.
struct Subgraph {
  std::shared_ptr<const Graph> graph = nullptr;  ///< null where it cannot be read
  std::vector<std::string> captured = {};        ///< values of the graphs around it that it reads
  std::string fault = {};  ///< why it cannot be read: who needs it is told, the others do not care
};

/// In a function of the model's own, an attribute that has the value of one of the function's. There is none
/// in a model that `parse` gives.
struct AttributeReference {
  std::string name;  ///< of the function's attribute
};

/// An attribute of a kind that has no value here: a sparse tensor, a list of tensors or sub-graphs, a type.
struct UnsupportedAttribute {
  std::string_view kind;  ///< what it is instead, in words
};

/// A node's attribute.
struct Attribute {
  /// What one may hold.
  using Value =
      std::variant<float, std::int64_t, std::string, Tensor, std::vector<float>, std::vector<std::int64_t>,
                   std::vector<std::string>, Subgraph, AttributeReference, UnsupportedAttribute>;
  std::string name;  ///< as ONNX has it
  Value value;       ///< what it holds
};

/// What an Attribute holds, in ONNX's words: "a float", "a list of integers".
inline std::string_view kind_of(const Attribute::Value& value) {
  constexpr std::string_view kinds[]{
      "a float",           "an integer",       "a string",
      "a tensor",          "a list of floats", "a list of integers",
      "a list of strings", "a sub-graph",      "a reference to a function's attribute"};
  const auto* const unsupported = std::get_if<UnsupportedAttribute>(&value);
  return unsupported != nullptr ? unsupported->kind : kinds[value.index()];
}

/// A node of a model, as the file has it.
struct Node {
  std::string name;  ///< often empty
  std::string op_type;  ///< the operator, with its domain before it unless that is the standard one
  std::vector<std::string> inputs;   ///< values' names; an empty one is an optional input left out
  std::vector<std::string> outputs;  ///< the same
  std::vector<Attribute> attributes;  ///< in the file's order
};

/// How an error message calls a node: "node 'conv1' (Conv)", or "node of 'x' (Conv)" by its first output.
inline std::string describe(const Node& node) {
  std::string result = "node ";
  if (!node.name.empty()) {
    result += shown(node.name);
  } else {
    result +=
        "of " + shown(node.outputs.empty() ? std::string_view{} : std::string_view(node.outputs.front()));
  }
  const std::string type = shown(node.op_type);
  return result + " (" + type.substr(1, type.size() - 2) + ")";
}

/// One size of an input's or output's shape.
struct Dimension {
  std::optional<Index> size;  ///< absent: known when the model runs
  std::string name;           ///< dim_param, such as "batch_size"; often empty
};

/// A shape as the file says it: "(batch, 3, ?, ?)".
inline std::string shown(const std::vector<Dimension>& dims) {
  std::string text = "(";
  for (const Dimension& d : dims)
    text += (text.size() == 1 ? "" : ", ") + (d.size           ? std::to_string(*d.size)
                                              : d.name.empty() ? std::string("?")
                                                               : d.name);
  return text + ")";
}

/// A graph's input or output.
struct ValueInfo {
  std::string name;                            ///< of the value
  ElementType type = ElementType::undefined;   ///< of its elements
  std::optional<std::vector<Dimension>> dims;  ///< absent: not even the rank is said
};

/// Calls f(sub-graph) for each that a node's attributes hold.
template <class AnyNode, class F>
void each_subgraph(AnyNode& node, F&& f) {
  for (auto& attribute : node.attributes)
    if (auto* const inner = std::get_if<Subgraph>(&attribute.value)) f(*inner);
}

/// A model's graph, or one inside a node.
struct Graph {
  std::string name;                  ///< often empty
  std::vector<Node> nodes;           ///< every node stands behind those whose outputs it takes
  std::vector<Tensor> initializers;  ///< constants, each with its name
  /// With the initializers that are listed here too: all of them in IR version 3, in later ones those that a
  /// caller may replace.
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;  ///< in the file's order
};

/// A file's content.
struct Model {
  Index ir_version = 0;  ///< the version of the format
  Index opset = 0;  ///< of the standard domain
  /// Versions of other domains, whose operators have the domain before their names: "com.microsoft.Gelu".
  std::vector<std::pair<std::string, Index>> other_opsets;
  std::string producer;  ///< name and version of the program that wrote the file; may be empty
  Graph graph;           ///< what it computes
};

}  // namespace ascribe::onnx
