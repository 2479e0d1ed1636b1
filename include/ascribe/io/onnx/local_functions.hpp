/// Functions that a model brings along (ModelProto.functions): their nodes take the place of the nodes that
/// call them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/core/types.hpp"
#include "ascribe/io/onnx/model.hpp"
#include "ascribe/io/onnx/subgraphs.hpp"

namespace ascribe::onnx {

/// A function that a model brings along.
struct LocalFunction {
  std::string name;  ///< the operator of the nodes that call it
  /// The names that its nodes know its values by.
  std::vector<std::string> inputs, outputs;
  std::vector<std::string> attributes;  ///< those without a default
  std::vector<Attribute> defaults;      ///< attributes with a default
  std::vector<Node> nodes;              ///< what it does
  std::optional<Index> opset;  ///< of the standard domain
};

/// Puts functions' nodes in the place of calls, and those of the functions that they call in turn.
class LocalCalls {
 public:
  /// Calls and sub-graphs within each other: each takes a part of the stack.
  static constexpr std::size_t most_deep = 64;

  /// The function of an operator; null where there is none.
  using Find = std::function<const LocalFunction*(const std::string& op_type)>;

  /// `bytes` bounds what all copies may take: ten functions that each call the next ten times are ten billion
  /// nodes. `opset` is the model's.
  LocalCalls(Find find, Index opset, std::uint64_t bytes)
      : find_(std::move(find)), opset_(opset), bytes_(bytes) {}

  /// Throws Error, naming the node, for a call that does not fit its function, and for functions that call
  /// themselves. What is wrong in a sub-graph becomes its fault.
  void expand(Graph& graph) {
    take_names(graph);
    expand_calls(graph);
  }

 private:
  struct Deeper {
    Deeper(LocalCalls& calls, const std::string& where) : depth(calls.depth_) {
      if (depth == most_deep)
        fail(where, ": expected calls and sub-graphs within each other up to ", most_deep,
             " deep, found more");
      ++depth;
    }
    ~Deeper() { --depth; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;

    std::size_t& depth;
  };

  void take_names(const Graph& graph) {
    each_defined(graph, [&](const std::string& name) { fresh_.take(name); });
    for (const Node& node : graph.nodes)
      each_subgraph(node, [&](const Subgraph& inner) {
        if (inner.graph) take_names(*inner.graph);
      });
  }

  void expand_calls(Graph& graph) {
    std::vector<Node> nodes;
    nodes.reserve(graph.nodes.size());
    for (Node& node : graph.nodes) add(std::move(node), nodes);
    graph.nodes = std::move(nodes);
  }

  /// Appends a node, or what it stands for.
  void add(Node node, std::vector<Node>& to) {
    each_subgraph(node, [&](Subgraph& inner) {
      if (!inner.graph || !has_calls(*inner.graph)) return;
      const std::size_t active = active_.size();
      try {
        Graph graph = *inner.graph;
        const Deeper deeper(*this, describe(node));
        expand_calls(graph);
        inner.graph = std::make_shared<const Graph>(std::move(graph));
      } catch (const Error& error) {
        active_.resize(active);
        inner.graph = nullptr;
        inner.fault = error.what();
      }
    });
    if (const LocalFunction* function = find_(node.op_type))
      call(*function, node, to);
    else
      to.push_back(std::move(node));
  }

  bool has_calls(const Graph& graph) const {
    return std::any_of(graph.nodes.begin(), graph.nodes.end(), [&](const Node& node) {
      bool inside = false;
      each_subgraph(
          node, [&](const Subgraph& inner) { inside = inside || (inner.graph && has_calls(*inner.graph)); });
      return inside || find_(node.op_type) != nullptr;
    });
  }

  void call(const LocalFunction& function, const Node& node, std::vector<Node>& to) {
    const std::string where = describe(node);
    if (std::find(active_.begin(), active_.end(), &function) != active_.end())
      fail(where, ": expected functions that end, found that ", shown(function.name), " calls itself");
    const Deeper deeper(*this, where);
    if (function.opset && *function.opset != opset_)
      fail(where, ": function ", shown(function.name), ": expected the model's operator set, ", opset_,
           ", found ", *function.opset);
    if (node.inputs.size() > function.inputs.size())
      fail(where, ": expected at most the ", function.inputs.size(), " inputs of the function, found ",
           node.inputs.size());
    if (node.outputs.size() > function.outputs.size())
      fail(where, ": expected at most the ", function.outputs.size(), " outputs of the function, found ",
           node.outputs.size());
    NodeCopies copies(fresh_, [&](std::size_t bytes) {
      if (bytes > bytes_)
        fail(where, ": expected functions whose calls fit within ParseOptions::memory, found more");
      bytes_ -= bytes;
    });
    copies.prefix = prefix_of(node);
    copies.closed = true;
    copies.attributes = attributes_of(function, node);
    const std::vector<Node> passed_on = name_values(function, node, copies);
    active_.push_back(&function);
    for (const Node& one : function.nodes) add(copies.of(one), to);
    active_.pop_back();
    to.insert(to.end(), passed_on.begin(), passed_on.end());
  }

  /// What the call says, and behind it what the function has for those that it does not say.
  static std::vector<Attribute> attributes_of(const LocalFunction& function, const Node& node) {
    for (const Attribute& attribute : node.attributes) {
      const auto is_it = [&](const Attribute& other) { return other.name == attribute.name; };
      if (std::find(function.attributes.begin(), function.attributes.end(), attribute.name) ==
              function.attributes.end() &&
          std::none_of(function.defaults.begin(), function.defaults.end(), is_it))
        fail(describe(node), ": expected an attribute of the function, found ", shown(attribute.name));
    }
    std::vector<Attribute> all = node.attributes;
    all.insert(all.end(), function.defaults.begin(), function.defaults.end());
    return all;
  }

  /// Says how the function's values are called where it is called. Gives nodes for outputs that no node of
  /// the function computes: they are inputs, or the same value twice.
  static std::vector<Node> name_values(const LocalFunction& function, const Node& node, NodeCopies& copies) {
    const std::string where = describe(node) + ": function " + shown(function.name);
    auto& names = copies.names;
    for (std::size_t k = 0; k < function.inputs.size(); ++k)
      if (!names.emplace(function.inputs[k], k < node.inputs.size() ? node.inputs[k] : std::string()).second)
        fail(where, ": expected one input ", shown(function.inputs[k]), ", found two");
    std::unordered_set<std::string> computed;
    for (const Node& one : function.nodes)
      for (const std::string& output : one.outputs)
        if (!output.empty() && (names.count(output) > 0 || !computed.insert(output).second))
          fail(where, ": expected one value ", shown(output), ", found two");
    std::vector<Node> passed_on;
    for (std::size_t k = 0; k < function.outputs.size(); ++k) {
      const std::string& output = function.outputs[k];
      const std::string called = k < node.outputs.size() ? node.outputs[k] : std::string();
      if (computed.count(output) == 0 && names.count(output) == 0)
        fail(where, ": expected a value ", shown(output), " for its output ", k, ", found none");
      if (called.empty()) continue;
      if (names.count(output) == 0)
        names.emplace(output, called);
      else
        passed_on.push_back({copies.prefix + "/output", "Identity", {names.at(output)}, {called}, {}});
    }
    for (const Node& one : function.nodes)
      for (const std::string& value : one.outputs)
        if (!value.empty() && names.count(value) == 0) names.emplace(value, copies.fresh(value));
    return passed_on;
  }

  Find find_;
  Index opset_;
  std::uint64_t bytes_;
  FreshNames fresh_;
  std::size_t depth_ = 0;
  std::vector<const LocalFunction*> active_;
};

}  // namespace ascribe::onnx
