/// How an Importer walks: what is constant is evaluated, every other node translated.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/linkage.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/io/onnx/activation.hpp>
#include <ascribe/io/onnx/builder.hpp>
#include <ascribe/io/onnx/fold.hpp>
#include <ascribe/io/onnx/fold/call.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/model.hpp>
#include <ascribe/io/onnx/node_report.hpp>
#include <ascribe/io/onnx/options.hpp>
#include <ascribe/io/onnx/tensor.hpp>

namespace ascribe::onnx {

ASCRIBE_INLINE void Importer::absorb(const Node& node) { absorbed_.insert(&node); }

ASCRIBE_INLINE void Importer::replace(const Node& node, std::function<void(Importer&)> translate) {
  replacements_.insert_or_assign(&node, std::move(translate));
}

ASCRIBE_INLINE bool Importer::evaluate_by_layers(const Node& node) {
  const auto op = operators_.find(node.op_type);
  if (op == operators_.end() || !is_constant(node, 0)) return false;
  const Tensor& given = constants_.at(node.inputs[0]);
  const ElementType type = given.type();
  // The only one of whole numbers that gives others.
  const bool dequantizes = node.op_type == "DequantizeLinear" && is_constant(node, 1);
  const ElementType result = dequantizes ? constants_.at(node.inputs[1]).type() : type;
  if (result != ElementType::float32 && result != ElementType::float64) return false;
  Model alone;
  alone.opset = model_.opset;
  ValueInfo first{node.inputs[0], type, std::vector<Dimension>()};
  for (const Index size : given.dims()) first.dims->push_back({size, ""});
  alone.graph.inputs.push_back(std::move(first));
  for (std::size_t k = 1; k < node.inputs.size(); ++k)
    if (is_constant(node, k) && node.inputs[k] != node.inputs[0])
      alone.graph.initializers.push_back(constants_.at(node.inputs[k]).renamed(node.inputs[k]));
  alone.graph.nodes.push_back(node);
  for (std::size_t k = 0; k < node.outputs.size(); ++k)
    if (has_output(node, k)) alone.graph.outputs.push_back({node.outputs[k], type, {}});
  ReadOptions options;
  options.batched = options.scores = false;
  options.memory = budget_.bytes;
  named(node, [&] {
    const auto builder = builder_.another();
    Importer reader(alone, options, *builder);
    reader.of_constants_ = true;
    const Result read = reader.run(std::span(op->second, 1), [](Importer&) {});
    if (!read.notes.empty())
      fail("all of its inputs are constants, and evaluating this operator is not supported");
    charge(describe(node), given.size(), sizeof(double));
    const auto outputs = builder->run(given.values<double>());
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      charge(describe(node), Index(outputs[k].size()), item_size(result));
      define(read.output_names[k],
             fold::narrow(read.output_names[k], result, read.outputs[k].dims, outputs[k]));
    }
  });
  return true;
}

ASCRIBE_INLINE std::vector<Tensor> Importer::evaluate(std::span<const Operator> operators, Builder& builder,
                                                      const Node& node, std::span<const Tensor* const> inputs,
                                                      Index opset, Budget& budget) {
  const auto op = std::find_if(operators.begin(), operators.end(),
                               [&](const Operator& one) { return one.type == node.op_type && one.moves; });
  if (op == operators.end()) return fold::evaluate(node, inputs, opset, budget);
  Model model;
  model.opset = opset;
  const ReadOptions options;
  Importer importer(model, options, builder);
  importer.budget_ = budget;
  importer.operators_.emplace(op->type, &*op);
  importer.graph_outputs_.insert(node.outputs.begin(), node.outputs.end());
  Node placed = node;  // several inputs may be of one name
  placed.inputs.assign(inputs.size(), "");
  for (std::size_t k = 0; k < inputs.size(); ++k)
    if (inputs[k]) importer.constants_.emplace(placed.inputs[k] = "input " + std::to_string(k), *inputs[k]);
  named(placed, [&] { op->translate(importer, placed); });
  budget = importer.budget_;
  std::vector<Tensor> outputs;
  for (const std::string& output : node.outputs)
    outputs.push_back(output.empty() ? Tensor() : importer.constants_.at(output));
  return outputs;
}

ASCRIBE_INLINE std::vector<NodeReport> Importer::survey(std::span<const Operator> operators,
                                                        Prepare prepare) {
  std::vector<NodeReport> reports;
  survey_ = &reports;
  begin(operators);
  for (const ValueInfo& input : model_.graph.inputs)
    if (constants_.count(input.name) == 0 && (options_.outputs.empty() || possible_.count(input.name) > 0))
      add_input(input);
  walk(std::exchange(nodes_, {}), prepare);
  survey_ = nullptr;
  return reports;
}

ASCRIBE_INLINE Importer::Result Importer::run(std::span<const Operator> operators, Prepare prepare) {
  begin(operators);
  Result result;
  for (const ValueInfo& input : model_.graph.inputs) {
    if (constants_.count(input.name) > 0) continue;
    if (!options_.outputs.empty() && possible_.count(input.name) == 0) continue;
    result.inputs.push_back(add_input(input));
    result.input_names.push_back(input.name);
  }
  if (result.inputs.empty() && choices_.empty()) fail("the model has no input that is not a constant");
  result.input_values.resize(result.inputs.size());
  walk(std::exchange(nodes_, {}), prepare);
  if (!choices_.empty() && looked_up_.empty())
    fail("input ", shown(options_.lookups.front()), ": no node chooses rows of a table by it");
  for (LookedUp& one : looked_up_) {
    result.inputs.push_back(activations_.at(one.name));
    result.input_names.push_back(one.name);
    result.input_values.push_back(std::move(one.values));
  }
  for (const auto& [output, value] : outputs_) {
    const auto found = activations_.find(value);
    if (found == activations_.end()) {
      if (constants_.count(value) > 0)
        fail("output ", shown(output), " does not depend on the network's inputs");
      if (padded_.count(value) > 0)
        fail("output ", shown(output), ": expected finite values, found padding of -infinity");
      fail("output ", shown(output), ": expected numbers that depend on the network's inputs");
    }
    // The doors: outside, values are in ONNX's order.
    Node door;
    door.name = output;
    door.op_type = "output";
    door.outputs = {output + "/output"};
    named(door,
          [&] { result.outputs.push_back(in_order(door, found->second, c_order(found->second.rank()))); });
    builder_.output(result.outputs.back().node);
    result.output_names.push_back(output);
  }
  result.notes = std::move(notes_);
  return result;
}

ASCRIBE_INLINE void Importer::begin(std::span<const Operator> operators) {
  for (const Operator& op : operators) operators_.emplace(op.type, &op);
  for (const Tensor& tensor : model_.graph.initializers) constants_.emplace(tensor.name(), tensor);
  for (const auto& [name, tensor] : options_.constants) constants_.insert_or_assign(name, tensor);
  find_needed();
  for (const std::string& name : options_.lookups) {
    if (options_.constants.count(name) == 0)
      fail("input ", shown(name), ": expected its numbers among ReadOptions::constants, found none");
    choices_.insert(name);
  }
}

ASCRIBE_INLINE void Importer::named(const Node& node, FunctionRef<void()> translate) {
  try {
    translate();
  } catch (const BatchError&) {
    throw;
  } catch (const Error& error) {
    fail_at(node, error);
  }
}

ASCRIBE_INLINE void Importer::walk(const std::vector<const Node*>& all, Prepare prepare) {
  std::vector<const Node*> nodes;
  evaluate_constants(all, nodes);
  nodes_.swap(nodes);
  prepare(*this);
  if (!survey_) check_operators();
  nodes_.swap(nodes);
  for (const Node* node : nodes) {
    if (survey_)
      look_at(*node, [&] { translate(*node, prepare); });
    else
      translate(*node, prepare);
  }
}

ASCRIBE_INLINE void Importer::translate(const Node& node, Prepare prepare) {
  if (absorbed_.count(&node) > 0 || evaluate_constant(node)) return;
  if (const auto found = replacements_.find(&node); found != replacements_.end()) {
    named(node, [&] { found->second(*this); });
    return;
  }
  if (node.op_type == "If") {
    walk(branch_of(node), prepare);
    return;
  }
  const auto found = operators_.find(node.op_type);
  if (found == operators_.end())
    fail(describe(node), ": ",
         can_evaluate(node.op_type)
             ? "the operator is supported where all of its inputs are constants, and here one is not"
             : unknown_operator);
  check_whole(node);
  named(node, [&] { found->second->translate(*this, node); });
}

ASCRIBE_INLINE void Importer::look_at(const Node& node, FunctionRef<void()> act) {
  if (!looked_at_.insert(&node).second) return;
  NodeReport report{node.name.empty() ? node.outputs.front() : node.name, node.op_type, "", ""};
  for (const std::string& input : node.inputs)
    if (const auto found = unread_.find(input); found != unread_.end() && report.behind.empty())
      report.behind = found->second;
  // What no file could have is said wherever it stands.
  if (!report.behind.empty() && operators_.count(node.op_type) == 0 && node.op_type != "If" &&
      !can_evaluate(node.op_type)) {
    report.behind.clear();
    report.fault = unknown_operator;
  }
  try {
    if (report.behind.empty() && report.fault.empty()) act();
  } catch (const BatchError&) {
    throw;
  } catch (const Error& error) {
    report.fault = error.what();
    const std::string name = describe(node) + ": ";
    if (report.fault.starts_with(name)) report.fault.erase(0, name.size());
  }
  if (!report.fault.empty() || !report.behind.empty())
    for (const std::string& output : node.outputs)
      if (!output.empty()) unread_.emplace(output, report.fault.empty() ? report.behind : report.name);
  survey_->push_back(std::move(report));
}

ASCRIBE_INLINE void Importer::evaluate_constants(const std::vector<const Node*>& all,
                                                 std::vector<const Node*>& listed) {
  for (const Node* node : all) {
    if (node->op_type == "If" && is_constant(*node, 0)) {
      evaluate_constants(branch_of(*node), listed);
      continue;
    }
    listed.push_back(node);
    try {
      if (!evaluate_constant(*node)) continue;
      absorbed_.insert(node);
      follow_choices(*node);
    } catch (const Error&) {
      if (!survey_) throw;
      look_at(*node, [] { throw; });
    }
  }
}

ASCRIBE_INLINE void Importer::follow_choices(const Node& node) {
  const auto chooses = [&](const std::string& name) { return choices_.count(name) > 0; };
  if (node.op_type == "Shape" || node.op_type == "Size") return;  // which say nothing of the numbers
  if (std::none_of(node.inputs.begin(), node.inputs.end(), chooses)) return;
  for (const std::string& output : node.outputs) {
    const auto found = constants_.find(output);
    if (found == constants_.end()) continue;
    const Tensor value = found->second;
    if (is_integer(value.type())) choices_.insert(output);
    if (node.op_type != "Gather" || !chooses(node.inputs[1]) || !is_floating(value.type())) continue;
    if (options_.batched && (value.rank() < 1 || value.dims()[0] != 1))
      fail(describe(node), ": expected the numbers of one sample, found rows of shape ", shown(value.dims()));
    constants_.erase(found);
    Activation a{-1, value.dims(), c_order(value.rank()), options_.batched ? 0 : -1};
    charge(node, a.dims, scalar_bytes());
    a.node = builder_.input(output, a.size(), a.sample_dims());
    names_.insert(output);
    activations_.emplace(output, a);
    looked_up_.push_back({output, value.values<double>()});
  }
}

ASCRIBE_INLINE void Importer::check_whole(const Node& node) {
  const auto is_whole = [&](const std::string& name) { return whole_.count(name) > 0; };
  const auto found = std::find_if(node.inputs.begin(), node.inputs.end(), is_whole);
  if (found == node.inputs.end() || node.op_type == "Cast" || node.op_type == "DequantizeLinear") return;
  const auto op = operators_.find(node.op_type);
  const bool moves = op != operators_.end() && op->second->moves &&
                     (found == node.inputs.begin() || node.op_type == "Concat");
  if (!moves)
    fail(describe(node), ": expected floating-point numbers, found whole ones of an input, ", shown(*found),
         ": a Cast makes numbers of them, and what they choose is had by giving the input as a constant ",
         "(ReadOptions::constants)");
  whole_.insert(node.outputs.begin(), node.outputs.end());
}

ASCRIBE_INLINE Activation Importer::add_input(const ValueInfo& input) {
  const std::string where = "input " + shown(input.name);
  if (item_size(input.type) == 0) fail(where, ": expected numbers, found ", onnx::name(input.type));
  if (!input.dims) fail(where, ": expected a shape, found none");
  Dims dims;
  for (std::size_t axis = 0; axis < input.dims->size(); ++axis) {
    const Dimension& d = (*input.dims)[axis];
    const std::string place = input.name + "[" + std::to_string(axis) + "]";
    const std::string key = d.name.empty() ? place : d.name;
    const auto given = options_.sizes.find(key);
    const auto shape = options_.shapes.find(input.name);
    if (shape != options_.shapes.end()) {
      const Dims& sizes = shape->second;
      const bool free = options_.batched && axis == 0;
      if (sizes.size() != input.dims->size() || (!free && d.size && *d.size != sizes[axis]))
        fail(where, ": expected a shape that fits the file's ", shown(*input.dims), ", found ", shown(sizes));
    }
    if (options_.batched && axis == 0 && !file_batch_) file_batch_ = d.size;
    if (options_.batched && axis == 0)
      dims.push_back(1);
    else if (d.size)
      dims.push_back(*d.size);
    else if (shape != options_.shapes.end())
      dims.push_back(shape->second[axis]);
    else if (given != options_.sizes.end())
      dims.push_back(given->second);
    else
      fail(where, ": the size of axis ", axis, " is open: give it as ", shown(key),
           " by ReadOptions::sizes, or with the others by ReadOptions::shapes");
  }
  if (options_.batched && dims.empty()) fail(where, ": expected a batch axis, found a scalar");
  const Index size = element_count(dims, where);
  if (size < 1 || size > (Index(1) << 31))
    fail(where, ": expected 1 to 2^31 values, found shape ", shown(dims));
  charge(where, size, scalar_bytes());
  Activation a{-1, dims, c_order(Index(dims.size())), options_.batched ? 0 : -1};
  a.node = builder_.input(input.name, size, a.sample_dims());
  names_.insert(input.name);
  activations_.emplace(input.name, a);
  if (!is_floating(input.type)) whole_.insert(input.name);
  return a;
}

ASCRIBE_INLINE bool Importer::evaluate_constant(const Node& node) {
  std::vector<const Tensor*> inputs;
  Tensor shape;
  const bool reads_shape = node.op_type == "Shape" || node.op_type == "Size";
  for (const std::string& name : node.inputs) {
    const auto found = constants_.find(name);
    const auto active = activations_.find(name);
    if (name.empty()) {
      inputs.push_back(nullptr);
    } else if (found != constants_.end()) {
      inputs.push_back(&found->second);
    } else if (active != activations_.end() && reads_shape) {
      shape = Tensor::without_values(name, ElementType::float32, active->second.dims);
      inputs.push_back(&shape);
    } else {
      return false;
    }
  }
  if (const auto op = operators_.find(node.op_type); op != operators_.end() && op->second->moves) {
    named(node, [&] { op->second->translate(*this, node); });
    return true;
  }
  if (!can_evaluate(node.op_type)) return evaluate_by_layers(node);
  for (const Tensor* input : inputs)
    if (input != nullptr && input->has_values() && !reads_shape)
      charge(describe(node), input->size(), item_size(input->type()));
  std::vector<Tensor> outputs;
  named(node, [&] { outputs = fold::evaluate(node, inputs, model_.opset, budget_); });
  for (std::size_t k = 0; k < outputs.size() && k < node.outputs.size(); ++k)
    define(node.outputs[k], outputs[k].renamed(node.outputs[k]));
  return true;
}

}  // namespace ascribe::onnx
