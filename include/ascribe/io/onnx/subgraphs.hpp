/// Nodes that take another node's place: copies of those of a branch or a function, under names of their own.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/core/types.hpp"
#include "ascribe/io/onnx/model.hpp"

namespace ascribe::onnx {

/// Names that are taken, and new ones.
class FreshNames {
 public:
  /// Takes a name.
  void take(const std::string& name) { taken_.insert(name); }

  /// `name`, or with a number behind it where it is taken; taken from now on.
  std::string of(const std::string& name) {
    std::string result = name;
    // Counted on from the last of that name: there may be as many as there are nodes.
    for (Index& k = repetitions_[name]; !taken_.insert(result).second;)
      result = name + "#" + std::to_string(++k + 1);
    return result;
  }

 private:
  std::unordered_set<std::string> taken_;
  std::unordered_map<std::string, Index> repetitions_;
};

/// Calls f(name) for each value that a graph defines.
template <class F>
void each_defined(const Graph& graph, F&& f) {
  for (const ValueInfo& input : graph.inputs) f(input.name);
  for (const Tensor& initializer : graph.initializers) f(initializer.name());
  for (const Node& node : graph.nodes)
    for (const std::string& output : node.outputs)
      if (!output.empty()) f(output);
}

/// How a node is called where another takes its name as the first part of its own.
inline const std::string& prefix_of(const Node& node) {
  return node.name.empty() && !node.outputs.empty() ? node.outputs.front() : node.name;
}

/// Copies of nodes under new names. Sub-graphs inside them see the new names of what is around them; what
/// they define themselves keeps its name, since it gets a new one when their nodes take a place.
class NodeCopies {
 public:
  /// Stands before the names of nodes.
  std::string prefix;
  /// A value's old name and its new one.
  std::unordered_map<std::string, std::string> names;
  /// Whether a value without a new name is an Error. It keeps its own otherwise.
  bool closed = false;
  /// What references stand for: the first attribute of the name counts; without one they are left out.
  std::vector<Attribute> attributes = {};

  /// `charge` is asked for the bytes of each thing before it is made, and throws where there are too many: a
  /// short name may become a long one, as often as it is read.
  NodeCopies(FreshNames& fresh, std::function<void(std::size_t)> charge)
      : fresh_(fresh), charge_(std::move(charge)) {}

  /// A name that no other value has.
  std::string fresh(const std::string& name) {
    charge_(2 * (prefix.size() + name.size()));
    return fresh_.of(prefix + "/" + name);
  }

  /// Throws Error, naming the node, for a value without a name where names are closed.
  Node of(const Node& node) {
    charge_(prefix.size());
    Node copy = inner(node);
    if (!copy.name.empty()) copy.name = prefix + "/" + copy.name;
    return copy;
  }

 private:
  /// One that stands in a sub-graph.
  Node inner(const Node& node) {
    charge_(sizeof(Node) + node.name.size() + node.op_type.size());
    Node copy;
    copy.name = node.name;
    copy.op_type = node.op_type;
    for (const std::string& input : node.inputs) copy.inputs.push_back(renamed(input, node));
    for (const std::string& output : node.outputs) copy.outputs.push_back(renamed(output, node));
    for (const Attribute& attribute : node.attributes) {
      const Attribute* from = &attribute;
      if (const auto* reference = std::get_if<AttributeReference>(&attribute.value)) {
        from = nullptr;
        for (std::size_t k = 0; !from && k < attributes.size(); ++k)
          if (attributes[k].name == reference->name) from = &attributes[k];
        if (!from) continue;
      }
      charge_(sizeof(Attribute) + attribute.name.size() + bytes_of(from->value));
      copy.attributes.push_back({attribute.name, from->value});
      // One that is referred to stands in the graph around, whose names are not changed.
      if (auto* graph = std::get_if<Subgraph>(&copy.attributes.back().value); graph && from == &attribute)
        rename(*graph, node);
    }
    return copy;
  }

  std::string renamed(const std::string& name, const Node& node) {
    if (name.empty()) return {};
    const auto found = names.find(name);
    if (found == names.end() && closed)
      fail(describe(node), ": expected ", shown(name), " to be an input of the function or a node's output");
    const std::string& result = found == names.end() ? name : found->second;
    charge_(sizeof(std::string) + result.size());
    return result;
  }

  void rename(Subgraph& sub, const Node& node) {
    if (!sub.graph) return;
    for (std::string& name : sub.captured) name = renamed(name, node);
    if (!new_names_) {
      new_names_.emplace();
      for (const auto& [from, to] : names) new_names_->insert(to);
    }
    Graph graph;
    const Graph& from = *sub.graph;
    graph.name = from.name;
    std::vector<std::pair<std::string, std::optional<std::string>>> hidden;  // names as they are outside
    each_defined(from, [&](const std::string& name) {
      const auto found = names.find(name);
      hidden.emplace_back(name, found == names.end() ? std::nullopt : std::optional(found->second));
      // One that a value around it has got now would hide that.
      const std::string own = new_names_->count(name) > 0 ? fresh(name) : name;
      new_names_->insert(own);
      names.insert_or_assign(name, own);
    });
    for (ValueInfo input : from.inputs) {
      input.name = renamed(input.name, node);
      graph.inputs.push_back(std::move(input));
    }
    for (const Tensor& initializer : from.initializers)
      graph.initializers.push_back(initializer.renamed(renamed(initializer.name(), node)));
    for (const Node& one : from.nodes) graph.nodes.push_back(inner(one));
    for (ValueInfo output : from.outputs) {
      output.name = renamed(output.name, node);
      graph.outputs.push_back(std::move(output));
    }
    // From the last on: where one is defined twice, the first hid what is outside.
    for (auto one = hidden.rbegin(); one != hidden.rend(); ++one)
      if (one->second)
        names[one->first] = *one->second;
      else
        names.erase(one->first);
    sub.graph = std::make_shared<const Graph>(std::move(graph));
  }

  /// What a copy of a value takes; tensors share their elements.
  static std::size_t bytes_of(const Attribute::Value& value) {
    return std::visit(
        [](const auto& v) -> std::size_t {
          using T = std::decay_t<decltype(v)>;
          if constexpr (std::is_same_v<T, std::vector<std::string>>) {
            std::size_t bytes = 0;
            for (const std::string& text : v) bytes += sizeof(text) + text.size();
            return bytes;
          } else if constexpr (std::is_same_v<T, std::vector<float>> ||
                               std::is_same_v<T, std::vector<std::int64_t>>) {
            return v.size() * sizeof(v[0]);
          } else if constexpr (std::is_same_v<T, std::string>) {
            return v.size();
          } else {
            return 0;
          }
        },
        value);
  }

  FreshNames& fresh_;
  std::function<void(std::size_t)> charge_;
  std::optional<std::unordered_set<std::string>> new_names_;
};

}  // namespace ascribe::onnx
