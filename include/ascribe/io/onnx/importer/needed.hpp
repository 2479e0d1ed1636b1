/// Which of a model's nodes an Importer needs: those that the outputs depend on, and in an If's place those
/// of a branch.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/linkage.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/fold.hpp>
#include <ascribe/io/onnx/heads.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/model.hpp>
#include <ascribe/io/onnx/options.hpp>
#include <ascribe/io/onnx/subgraphs.hpp>
#include <ascribe/io/onnx/tensor.hpp>

namespace ascribe::onnx {

ASCRIBE_INLINE Importer::Importer(const Model& model, const ReadOptions& options, Builder& builder)
    : model_(model), options_(options), builder_(builder) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t given = stored_bytes(model, options);
  const std::uint64_t allowed = given > most / 16 ? most : 16 * given;
  budget_.bytes = options.memory > most - allowed ? most : options.memory + allowed;
}

ASCRIBE_INLINE std::vector<const Node*> Importer::branch_of(const Node& node) {
  if (has_input(node, 0) && activations_.count(node.inputs[0]) > 0)
    fail(describe(node), ": input 0 (", shown(node.inputs[0]), "): expected a condition that is known when ",
         "the model is read, found one that depends on the network's ", inputs_behind(node.inputs[0]));
  const Tensor& condition = constant(node, 0);
  if (condition.type() != ElementType::boolean || condition.size() != 1)
    fail(describe(node), ": input 0 (", shown(node.inputs[0]), "): expected one boolean, found ",
         name(condition.type()), " ", shown(condition.dims()));
  Attributes attributes(node);
  const std::string chosen = condition.value<std::uint8_t>() != 0 ? "then_branch" : "else_branch";
  const Subgraph& branch = attributes.required<Subgraph>(chosen);
  attributes.ignore(chosen == "then_branch" ? "else_branch" : "then_branch");
  attributes.finish();
  const std::string where = describe(node) + ": attribute '" + chosen + "': ";
  if (!branch.graph) fail(where, branch.fault);
  const Graph& graph = *branch.graph;
  if (!graph.inputs.empty())
    fail(where, "expected a graph without inputs, found ", shown(graph.inputs.front().name));
  if (graph.outputs.size() < node.outputs.size())
    fail(where, "expected ", node.outputs.size(), " outputs, found ", graph.outputs.size());
  // It has been waited for; what the nodes of the branch read is said below.
  each_subgraph(node, [&](const Subgraph& one) {
    for (const std::string& value : one.captured)
      if (const auto found = consumers_.find(value); found != consumers_.end()) {
        std::erase(found->second, &node);
        if (found->second.empty()) consumers_.erase(found);
      }
  });
  return needed(node, copy_branch(node, graph, where));
}

ASCRIBE_INLINE std::vector<std::string> Importer::copy_branch(const Node& node, const Graph& graph,
                                                              const std::string& where) {
  if (made_.empty()) {
    for (const auto& [value, producer] : producers_) value_names_.take(value);
    for (const auto& [value, tensor] : constants_) value_names_.take(value);
    for (const ValueInfo& input : model_.graph.inputs) value_names_.take(input.name);
  }
  NodeCopies copies(value_names_, [&](std::size_t bytes) { charge(describe(node), Index(bytes), 1); });
  copies.prefix = prefix_of(node);
  std::unordered_set<std::string> computed;
  for (const Node& one : graph.nodes) computed.insert(one.outputs.begin(), one.outputs.end());
  std::vector<std::string> wanted;
  std::vector<std::pair<std::string, std::string>> passed_on;  // from, to
  for (std::size_t k = 0; k < node.outputs.size(); ++k) {
    if (!has_output(node, k)) continue;
    wanted.push_back(node.outputs[k]);
    const std::string& output = graph.outputs[k].name;
    if (computed.count(output) == 0 || !copies.names.emplace(output, node.outputs[k]).second)
      passed_on.emplace_back(output, node.outputs[k]);
  }
  each_defined(graph, [&](const std::string& value) {
    if (copies.names.count(value) == 0) copies.names.emplace(value, copies.fresh(value));
  });
  for (const Tensor& tensor : graph.initializers)
    define(copies.names.at(tensor.name()), tensor.renamed(copies.names.at(tensor.name())));
  const auto add = [&](Node made) {
    made_.push_back(std::move(made));
    places_.emplace(&made_.back(), places_.size());
    for (const std::string& output : made_.back().outputs)
      if (!output.empty()) producers_.insert_or_assign(output, &made_.back());
  };
  for (const Node& one : graph.nodes) add(copies.of(one));
  for (const auto& [from, to] : passed_on) {
    const auto found = copies.names.find(from);
    const std::string value = found == copies.names.end() ? from : found->second;
    if (producers_.count(value) == 0 && constants_.count(value) == 0 && activations_.count(value) == 0)
      fail(where, "expected a value ", shown(from), " for an output, found none");
    add({copies.prefix + "/output", "Identity", {value}, {to}, {}});
  }
  return wanted;
}

ASCRIBE_INLINE std::vector<const Node*> Importer::needed(const Node& node, std::vector<std::string> values) {
  std::vector<const Node*> found;
  while (!values.empty()) {
    const std::string value = std::move(values.back());
    values.pop_back();
    const Node* const maker = producer(value);
    if (maker == nullptr || maker == &node || !walked_.insert(maker).second) continue;
    found.push_back(maker);
    for (const std::string& input : maker->inputs)
      if (!input.empty()) values.push_back(input);
  }
  std::sort(found.begin(), found.end(),
            [&](const Node* a, const Node* b) { return places_.at(a) < places_.at(b); });
  for (const Node* one : found) add_consumer(*one);
  return found;
}

ASCRIBE_INLINE void Importer::add_consumer(const Node& node) {
  const auto add = [&](const std::string& value) {
    if (!value.empty()) consumers_[value].push_back(&node);
  };
  for (const std::string& input : node.inputs) add(input);
  each_subgraph(node, [&](const Subgraph& inner) {
    for (const std::string& value : inner.captured) add(value);
  });
}

ASCRIBE_INLINE void Importer::find_needed() {
  for (const Node& node : model_.graph.nodes) {
    places_.emplace(&node, places_.size());
    for (const std::string& output : node.outputs)
      if (!output.empty()) producers_.emplace(output, &node);
  }
  std::vector<std::string> asked = options_.outputs;
  for (std::string& output : asked) output = named_output(std::move(output));
  if (asked.empty())
    for (const ValueInfo& output : model_.graph.outputs) asked.push_back(output.name);
  std::unordered_set<std::string> said;
  for (const std::string& output : asked) {
    const std::string& scores = options_.scores ? before_heads(output, producers_) : output;
    if (scores != output)
      note("output " + shown(output) + ": " + describe(*producers_.at(output)) +
           " is left out, with what else chooses by scores: what is explained are the scores, " +
           shown(scores));
    // A label and its probability come from the same scores.
    if (said.insert(scores).second || scores == output) outputs_.push_back({output, scores});
  }
  for (const Output& output : outputs_) graph_outputs_.insert(output.value);
  std::unordered_set<std::string> wanted = graph_outputs_;
  possible_ = graph_outputs_;
  const auto& all = model_.graph.nodes;
  for (auto node = all.rbegin(); node != all.rend(); ++node) {  // each stands behind those that it reads
    const auto one_of = [&](const std::unordered_set<std::string>& values) {
      return std::any_of(node->outputs.begin(), node->outputs.end(), [&](const std::string& output) {
        return !output.empty() && values.count(output) > 0;
      });
    };
    if (!one_of(possible_)) continue;
    possible_.insert(node->inputs.begin(), node->inputs.end());
    each_subgraph(*node, [&](const Subgraph& inner) {
      possible_.insert(inner.captured.begin(), inner.captured.end());
    });
    if (!one_of(wanted)) continue;
    nodes_.push_back(&*node);
    wanted.insert(node->inputs.begin(), node->inputs.end());
  }
  std::reverse(nodes_.begin(), nodes_.end());
  walked_.insert(nodes_.begin(), nodes_.end());
  for (const Node* node : nodes_) add_consumer(*node);
  for (const auto& [name, value] : outputs_) {
    const auto& inputs = model_.graph.inputs;
    const bool is_input =
        std::any_of(inputs.begin(), inputs.end(),
                    [&, &wanted = value](const ValueInfo& input) { return input.name == wanted; });
    if (producers_.count(value) == 0 && constants_.count(value) == 0 && !is_input)
      fail("output ", shown(name), ": no node computes it, and it is no number below ",
           model_.graph.outputs.size(), ", that of an output of the file");
  }
}

ASCRIBE_INLINE std::string Importer::named_output(std::string output) const {
  const auto& inputs = model_.graph.inputs;
  const bool is_value =
      producers_.count(output) > 0 || constants_.count(output) > 0 ||
      std::any_of(inputs.begin(), inputs.end(), [&](const ValueInfo& input) { return input.name == output; });
  std::size_t number = 0;
  const char* const end = output.data() + output.size();
  const auto [stop, error] = std::from_chars(output.data(), end, number);
  const bool is_number = !output.empty() && error == std::errc() && stop == end;
  if (is_value || !is_number || number >= model_.graph.outputs.size()) return output;
  return model_.graph.outputs[number].name;
}

ASCRIBE_INLINE void Importer::check_operators() const {
  struct Missing {
    const Node* first;
    Index nodes = 0;
    bool for_constants;
  };
  std::vector<Missing> missing;
  std::unordered_set<std::string> constant;
  const auto is_constant = [&](const std::string& name) {
    return name.empty() || constants_.count(name) > 0 || constant.count(name) > 0;
  };
  for (const Node* node : nodes_) {
    const bool of_constants = std::all_of(node->inputs.begin(), node->inputs.end(), is_constant) ||
                              node->op_type == "Shape" || node->op_type == "Size";
    if (of_constants) constant.insert(node->outputs.begin(), node->outputs.end());
    if (absorbed_.count(node) > 0 || replacements_.count(node) > 0) continue;
    if (node->op_type == "If") continue;  // what its branch needs is known with its condition
    if (operators_.count(node->op_type) > 0 || (of_constants && can_evaluate(node->op_type))) continue;
    const auto found = std::find_if(missing.begin(), missing.end(),
                                    [&](const Missing& m) { return m.first->op_type == node->op_type; });
    if (found == missing.end())
      missing.push_back({node, 1, can_evaluate(node->op_type)});
    else
      ++found->nodes;
  }
  if (missing.empty()) return;
  constexpr std::size_t most = 8;
  std::string lines;
  for (std::size_t k = 0; k < missing.size() && k < most; ++k) {
    const Missing& m = missing[k];
    const std::string type = shown(m.first->op_type), count = std::to_string(m.nodes);
    lines += "\n  " + type.substr(1, type.size() - 2) + " (" + count +
             (m.nodes == 1 ? " node: " : " nodes, the first: ") + describe(*m.first) +
             (m.for_constants ? "; supported on constants alone, and it depends on the network's " +
                                    inputs_behind(m.first->outputs.front()) + ")"
                              : ")");
  }
  if (missing.size() > most) lines += "\n  and " + std::to_string(missing.size() - most) + " more";
  fail("the network needs operators that are not supported:", lines,
       "\nReadOptions::outputs may choose values that do not depend on them.");
}

ASCRIBE_INLINE std::uint64_t Importer::stored_bytes(const Model& model, const ReadOptions& options) {
  std::vector<std::span<const std::byte>> all;
  const auto count = [&](const Tensor& tensor) {
    if (tensor.has_values()) all.push_back(tensor.bytes());
  };
  const auto count_graph = [&](const Graph& graph, const auto& again) -> void {
    for (const Tensor& tensor : graph.initializers) count(tensor);
    for (const Node& node : graph.nodes) {
      for (const Attribute& attribute : node.attributes)
        if (const auto* tensor = std::get_if<Tensor>(&attribute.value)) count(*tensor);
      each_subgraph(node, [&](const Subgraph& inner) {
        if (inner.graph) again(*inner.graph, again);
      });
    }
  };
  count_graph(model.graph, count_graph);
  for (const auto& [name, tensor] : options.constants) count(tensor);
  const std::less<> before;  // of any two pointers
  std::sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return before(a.data(), b.data()); });
  std::uint64_t bytes = 0;
  const std::byte* end = nullptr;
  for (const auto& one : all) {
    const std::byte* const one_end = one.data() + one.size();
    if (end != nullptr && !before(end, one_end)) continue;
    const bool overlaps = end != nullptr && before(one.data(), end);
    bytes += std::uint64_t(one_end - (overlaps ? end : one.data()));
    end = one_end;
  }
  return bytes;
}

}  // namespace ascribe::onnx
