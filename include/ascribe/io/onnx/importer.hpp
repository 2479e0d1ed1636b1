/// From a Model to a Graph: what the translation of every operator needs.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <ascribe/io/onnx/activation.hpp>
#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/builder.hpp>
#include <ascribe/io/onnx/fold.hpp>
#include <ascribe/io/onnx/heads.hpp>
#include <ascribe/io/onnx/layers.hpp>
#include <ascribe/io/onnx/model.hpp>
#include <ascribe/io/onnx/moves.hpp>
#include <ascribe/io/onnx/node_report.hpp>
#include <ascribe/io/onnx/options.hpp>
#include <ascribe/io/onnx/subgraphs.hpp>
#include <ascribe/io/onnx/tensor.hpp>

namespace ascribe::onnx {

/// Throws an error again under the node's name, if it does not bear it already, or that of a node which was
/// taken together with it ("node 'x' (Add): …", as `describe` begins).
[[noreturn]] inline void fail_at(const Node& node, const Error& error) {
  const std::string_view said = error.what();
  if (said.starts_with("node '") || said.starts_with("node of '")) throw error;
  fail(describe(node), ": ", said);
}

class Importer;

/// An operator by its name in ONNX, and its translation.
struct Operator {
  std::string_view type;  ///< its name in ONNX
  /// Defines the node's outputs.
  void (*translate)(Importer& importer, const Node& node);
  bool moves = false;  ///< values, computing nothing: constants are moved by the translation too
};

/// Walks through a model's nodes and builds a Graph. What has only constant inputs is evaluated and remains a
/// constant; every other node is handed to its operator's translation, which asks for its inputs and
/// defines its outputs.
class Importer {
 public:
  /// All three must outlive it.
  Importer(const Model& model, const ReadOptions& options, Builder& builder)
      : model_(model), options_(options), builder_(builder) {
    const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t given = stored_bytes(model, options);
    const std::uint64_t allowed = given > most / 16 ? most : 16 * given;
    budget_.bytes = options.memory > most - allowed ? most : options.memory + allowed;
  }

  // --- What a translation asks -----------------------------------------------------------------

  /// The version of the standard operators.
  Index opset() const { return model_.opset; }
  /// The bytes of one value of the network.
  std::size_t scalar_bytes() const { return builder_.scalar_bytes(); }
  /// Counts the weights of a convolution against ReadOptions::memory, in the order of both products, which
  /// few filters in many groups make larger. Throws Error, naming the node, where there are too many.
  void charge(const Node& node, const layer::Convolution& convolution) const {
    const double held = builder_.held(convolution);
    if (!(held < 0x1p60)) fail(describe(node), ": more weights than memory");
    charge(node, {Index(held)}, scalar_bytes());
  }
  /// Whether input k is there.
  bool has_input(const Node& node, std::size_t k) const {
    return k < node.inputs.size() && !node.inputs[k].empty();
  }
  /// Whether output k is read, or is the network's.
  bool has_output(const Node& node, std::size_t k) const {
    return k < node.outputs.size() && !node.outputs[k].empty() &&
           (consumers_.count(node.outputs[k]) > 0 || is_graph_output(node.outputs[k]));
  }
  /// Whether output k is what the network gives, where that is scores and no probabilities (heads.hpp).
  bool gives_scores(const Node& node, std::size_t k) const {
    return options_.scores && is_graph_output(node.outputs[k]);
  }
  /// Whether input k is a constant.
  bool is_constant(const Node& node, std::size_t k) const {
    return has_input(node, k) && constants_.count(node.inputs[k]) > 0;
  }
  /// Input k, which has to be a constant. A node pays once for each that it reads. Throws Error, naming the
  /// node, where it is none.
  const Tensor& constant(const Node& node, std::size_t k) const {
    check_input(node, k);
    const auto found = constants_.find(node.inputs[k]);
    if (found == constants_.end())
      fail(describe(node), ": input ", k, " (", shown(node.inputs[k]),
           "): expected a constant, found a value that depends on the network's ",
           inputs_behind(node.inputs[k]));
    if (read_.emplace(&node, k).second) charge(describe(node), found->second.size(), scalar_bytes());
    return found->second;
  }
  /// The shape of input k, a constant, without asking for its values.
  const Dims& dims_of_constant(const Node& node, std::size_t k) const {
    return constants_.at(node.inputs[k]).dims();
  }
  /// Input k, which has to depend on the network's inputs. Throws Error where it does not.
  const Activation& activation(const Node& node, std::size_t k) const {
    check_input(node, k);
    const auto found = activations_.find(node.inputs[k]);
    if (found == activations_.end())
      fail(describe(node), ": input ", k, " (", shown(node.inputs[k]),
           "): expected a value that depends on the network's inputs, found a constant");
    return found->second;
  }
  /// Input k, whether it is a constant or not.
  Activation value(const Node& node, std::size_t k) const {
    if (!is_constant(node, k)) return activation(node, k);
    return as_activation(constants_.find(node.inputs[k])->second);
  }

  /// Input k where it has −∞ around it; null where it has not.
  const Padded* padded(const Node& node, std::size_t k) const {
    const auto found = has_input(node, k) ? padded_.find(node.inputs[k]) : padded_.end();
    return found == padded_.end() ? nullptr : &found->second;
  }

  /// A value by its name, for a node that stands for several.
  const Activation& activation_of(const Node& node, const std::string& value) const {
    const auto found = activations_.find(value);
    if (found == activations_.end())
      fail(describe(node), ": ", shown(value), " is no value that depends on the network's inputs");
    return found->second;
  }

  /// The nodes that read what a node computes; none where an output of the network is among it.
  std::optional<std::vector<const Node*>> consumers(const Node& node) const {
    std::vector<const Node*> all;
    for (const std::string& output : node.outputs) {
      if (is_graph_output(output)) return std::nullopt;
      if (const auto found = consumers_.find(output); found != consumers_.end())
        all.insert(all.end(), found->second.begin(), found->second.end());
    }
    return all;
  }
  /// The only node that reads output 0 of `node`, so that both may become one layer; null where there are
  /// several, or the value is an output of the model.
  const Node* only_consumer(const Node& node) const {
    const auto found = consumers_.find(node.outputs[0]);
    if (found == consumers_.end() || found->second.size() != 1 || is_graph_output(node.outputs[0]))
      return nullptr;
    return found->second.front();
  }
  /// Whether a value is whole numbers, as an input is.
  bool is_whole(const std::string& value) const { return whole_.count(value) > 0; }
  /// Whether what is read is no network: a node whose inputs are all constants is evaluated.
  bool of_constants() const { return of_constants_; }
  /// Those that the outputs depend on, in the file's order; while the nodes of a branch of an If are
  /// prepared, these.
  const std::vector<const Node*>& nodes() const { return nodes_; }
  /// The node that computes a value; null for an input or initializer.
  const Node* producer(const std::string& value) const {
    const auto found = producers_.find(value);
    return found == producers_.end() ? nullptr : found->second;
  }
  /// The network's inputs that a value which is no constant hangs on, as a message has them: "input 'x'", or
  /// "inputs 'x', 'y'".
  std::string inputs_behind(const std::string& value) const {
    std::unordered_set<std::string> seen;
    for (std::vector<std::string> left{value}; !left.empty();) {
      const std::string name = std::move(left.back());
      left.pop_back();
      if (constants_.count(name) > 0 || !seen.insert(name).second) continue;
      if (const Node* const maker = producer(name))
        left.insert(left.end(), maker->inputs.begin(), maker->inputs.end());
    }
    std::string names;
    std::size_t count = 0;
    const auto add = [&](const std::string& name) {
      if (seen.count(name) > 0) names += (count++ > 0 ? ", " : "") + shown(name);
    };
    for (const ValueInfo& input : model_.graph.inputs) add(input.name);
    for (const LookedUp& rows : looked_up_) add(rows.name);
    return (count == 1 ? "input " : count > 1 ? "inputs " : "inputs") + names;
  }
  /// The size that the file gives the batch's axis, which files often repeat in the shapes that they ask for;
  /// none where it is open, or there is no batch.
  std::optional<Index> file_batch() const { return file_batch_; }
  /// Counts a value or table of `dims` elements, of so many bytes each, against ReadOptions::memory, before
  /// it is made. Throws Error, naming the node, where there are less than 1 or too many.
  void charge(const Node& node, const Dims& dims, std::size_t item_size) const {
    charge(describe(node), checked_count(describe(node), dims), item_size);
  }
  /// Counts what is made of constants, of any number of elements, before it is made.
  auto payer(std::string where) const {
    return [this, where = std::move(where)](const Dims& dims, std::size_t item_size) {
      charge(where, element_count(dims, where), item_size);
    };
  }
  /// Says that another node's translation has been done together with this one.
  void absorb(const Node& node) { absorbed_.insert(&node); }

  // --- What a translation says -----------------------------------------------------------------

  /// A constant is brought into C order; its bytes stay where they are if nothing moves.
  void define(const std::string& output, Activation value) {
    if (output.empty()) return;
    if (!value.constant) {
      activations_.insert_or_assign(output, std::move(value));
      return;
    }
    const AxisOrder order = c_order(value.rank());
    if (!same_in_memory(value, order))
      value = moved(value, Activation{-1, value.dims, order}, unmoved, {}, payer("output " + shown(output)));
    define(output, value.constant->reshaped(value.dims).renamed(output));
  }
  /// An output that is a constant.
  void define(const std::string& output, Tensor value) {
    if (!output.empty()) constants_.insert_or_assign(output, std::move(value));
  }
  /// An output with −∞ around it.
  void define(const std::string& output, Padded value) {
    if (!output.empty()) padded_.insert_or_assign(output, std::move(value));
  }
  /// A sentence for the reader of the network: what was left out or taken for granted.
  void note(std::string text) { notes_.push_back(std::move(text)); }

  /// Adds a layer to the graph under the ONNX node's name, or its output's where it has none or it is taken.
  /// `part` names one of several layers that a node becomes.
  Activation add(const Node& node, std::string_view part, const layer::Layer& layer,
                 const std::vector<Activation>& inputs, Dims dims, AxisOrder order) {
    return add_with(node, inputs, std::move(dims), std::move(order),
                    [&](std::vector<Index> reads, Dims shape, Origin origin) {
                      return builder_.add(unique_name(node, part), layer, std::move(reads), std::move(shape),
                                          std::move(origin));
                    });
  }

  /// The layer that computes `of` once more, on a value like the one that it reads: its weights stand once in
  /// memory. What it computes has the shape and order of `of`.
  Activation add_again(const Node& node, std::string_view part, const Activation& of, const Activation& a) {
    return add_with(node, {a}, of.dims, of.order, [&](std::vector<Index> reads, Dims shape, Origin origin) {
      return builder_.add_again(unique_name(node, part), of.node, std::move(reads), std::move(shape),
                                std::move(origin));
    });
  }

  /// A value with its axes in another order in memory: the same node where nothing moves.
  Activation in_order(const Node& node, const Activation& a, const AxisOrder& order) {
    return select(node, "order", a, a.dims, order, unmoved);
  }

  /// A value of shape `dims` whose element at i₀, i₁, … is a's at source(0, i₀), source(1, i₁), …, and 0 (or
  /// `fill`, one element) where one of these is −1: slices, padding, nearest resizing, expansion. `dims` has
  /// as many axes as a. The same node, or constant, where nothing moves. Throws Error where the batch's axis
  /// is touched.
  Activation select(const Node& node, std::string_view part, const Activation& a, Dims dims,
                    const AxisOrder& order, AxisSource source, const Tensor& fill = {}) {
    if (const std::size_t batch = std::size_t(a.batch_axis);
        a.batch_axis >= 0 && (dims[batch] != 1 || source(batch, 0) != 0))
      throw BatchError(node, "it changes axis ", a.batch_axis, ", the batch's, which is not supported");
    if (a.constant) a.constant->bytes();  // whether there are any, before walks as long as its shape says
    Activation result{a.node, std::move(dims), order, a.batch_axis, a.constant};
    if (stays(a, result, source)) return result;
    if (a.constant) return moved(a, std::move(result), source, fill, payer(describe(node)));
    // Each source may become a run of the Selection.
    charge(node, result.dims, 3 * sizeof(Index));
    for (const Index size : result.dims) charge(describe(node), size, sizeof(Index));
    std::vector<Index> sources;
    sources.reserve(std::size_t(result.size()));
    each_row(result, places_of(a, result.dims, source), [&](Index start, const std::vector<Index>& row) {
      for (const Index place : row) sources.push_back(start < 0 || place < 0 ? -1 : start + place);
    });
    layer::Numbers bias;
    if (const double gap = fill.has_values() ? fill.value<double>() : 0;
        gap != 0 && std::find(sources.begin(), sources.end(), -1) != sources.end())
      for (const Index from : sources) bias.push_back(from < 0 ? gap : 0);
    return add(node, part, layer::MatMul{layer::Selection{a.size(), std::move(sources)}, std::move(bias)},
               {a}, std::move(result.dims), std::move(result.order));
  }
  /// The same with one map for each axis of `a`, whose lengths are the result's sizes.
  Activation select(const Node& node, std::string_view part, const Activation& a,
                    const std::vector<std::vector<Index>>& maps, const AxisOrder& order) {
    Dims dims;
    for (const auto& map : maps) dims.push_back(Index(map.size()));
    return select(node, part, a, std::move(dims), order,
                  [&](std::size_t axis, Index i) { return maps[axis][std::size_t(i)]; });
  }

  /// A value whose element at the multi-index `at` is element source(at) of `values` in memory, one behind
  /// the other, or 0 where that is −1. `shape` says its dims, order and batch. The same node where nothing
  /// moves; constants among activations become biases, and constants alone, all of one type, a constant.
  Activation gather(const Node& node, std::string_view part, const std::vector<Activation>& values,
                    const Activation& shape, PlaceSource source) {
    Gathering from(values);
    Activation result{-1, shape.dims, shape.order, shape.batch_axis};
    if (from.features.empty()) {
      const ElementType type = from.constant_type(node);
      const std::size_t item = item_size(type);
      payer(describe(node))(result.dims, item);
      std::vector<std::byte> bytes(std::size_t(result.size()) * item);
      std::byte* to = bytes.data();
      each_index(result, [&](const std::vector<Index>& at) {
        if (const Index place = source(at); place >= 0) std::memcpy(to, from.bytes(place, item), item);
        to += item;
      });
      result.constant = Tensor::of_bytes("", type, result.dims, std::move(bytes));
      return result;
    }
    charge(node, result.dims, 3 * sizeof(Index));  // each source may become a run of the Selection
    layer::Numbers bias;
    if (from.features.size() < values.size()) {
      for (const Activation& a : values)
        if (a.constant) charge(describe(node), a.size(), sizeof(double));
      from.read_constants();
      bias.assign(std::size_t(result.size()), 0);
    }
    std::vector<Index> sources;
    sources.reserve(std::size_t(result.size()));
    bool moves = from.features.size() > 1 || result.size() != from.features.front().size();
    each_index(result, [&](const std::vector<Index>& at) {
      Index place = source(at);
      if (place >= 0) place = from.feature(place, bias, sources.size());
      moves = moves || place != Index(sources.size());
      sources.push_back(place);
    });
    if (!moves) {
      result.node = from.features.front().node;
      return result;
    }
    for (Activation& a : from.features) a.batch_axis = result.batch_axis;
    return add(node, part, layer::MatMul{layer::Selection{from.count, std::move(sources)}, std::move(bias)},
               from.features, std::move(result.dims), std::move(result.order));
  }
  /// The same of one value.
  Activation gather(const Node& node, std::string_view part, const Activation& a, Dims dims, AxisOrder order,
                    PlaceSource source) {
    return gather(node, part, std::vector<Activation>{a},
                  Activation{-1, std::move(dims), std::move(order), a.batch_axis}, source);
  }

  /// A constant as it is added to or multiplied with `a` (numpy's broadcasting, to a's shape): an entry a
  /// feature in a's order in memory, shortened to one period where it repeats. Throws Error where the
  /// shapes do not fit, or the constant would enlarge the value.
  layer::Numbers broadcast(const Node& node, const Tensor& constant, const Activation& a) const {
    const Index rank = constant.rank(), offset = a.rank() - rank;
    const auto values = constant.values<double>();
    std::vector<Index> strides(a.dims.size(), 0);
    Index step = 1;
    for (Index axis = rank - 1; axis >= 0; --axis) {
      const Index found = constant.dims()[std::size_t(axis)];
      const Index at = axis + offset;
      if (found != 1 && (at < 0 || a.dims[std::size_t(at)] != found))
        fail(describe(node), ": expected a constant that fits shape ", shown(a.dims), ", found shape ",
             shown(constant.dims()));
      if (found != 1) strides[std::size_t(at)] = step;
      step *= found;
    }
    charge(node, a.dims, sizeof(double));
    layer::Numbers all;
    all.reserve(std::size_t(a.size()));
    each_index(a, [&](const std::vector<Index>& at) {
      Index source = 0;
      for (std::size_t axis = 0; axis < at.size(); ++axis) source += at[axis] * strides[axis];
      all.push_back(values[std::size_t(source)]);
    });
    // The fastest axes along which the constant does not vary between repetitions: one period.
    std::size_t period = 1;
    for (auto axis = a.order.rbegin();; ++axis) {
      if (std::equal(all.begin() + std::ptrdiff_t(period), all.end(), all.begin()) || axis == a.order.rend())
        break;
      period *= std::size_t(a.dims[std::size_t(*axis)]);
    }
    all.resize(period);
    return all;
  }

  /// A node of constants as the layers that it is on activations: a network of this node alone, whose input
  /// is the node's first. False where that is left out or not floating-point. An Error where the layers leave
  /// something out, which their notes say.
  bool evaluate_by_layers(const Node& node) {
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

  /// The outputs of one node of constants, of the operators that move values or that fold.hpp knows. A null
  /// input is left out.
  static std::vector<Tensor> evaluate(std::span<const Operator> operators, Builder& builder, const Node& node,
                                      std::span<const Tensor* const> inputs, Index opset, Budget& budget) {
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

  // --- The walk --------------------------------------------------------------------------------

  /// What `run` finds out about the network that the builder has when it is done.
  struct Result {
    /// Of the network.
    std::vector<Activation> inputs, outputs;
    /// Their names in the file, and what a reader should know.
    std::vector<std::string> input_names, output_names, notes;
    std::vector<std::vector<double>> input_values;  ///< of those that lookups made
  };

  /// Translates a node before the walk reaches it: `translate` defines its outputs in its place.
  void replace(const Node& node, std::function<void(Importer&)> translate) {
    replacements_.insert_or_assign(&node, std::move(translate));
  }

  /// What becomes of each node that the outputs depend on, one behind the other as they are read. Throws
  /// Error where an input has no size, and what `prepare` throws.
  template <class Prepare>
  std::vector<NodeReport> survey(std::span<const Operator> operators, Prepare&& prepare) {
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

  /// `prepare(importer)` looks for patterns of several nodes before the walk, when all constants are known,
  /// and may `absorb` and `replace`. Throws Error that lists what has no translation among `operators`, and
  /// all that translations throw.
  template <class Prepare>
  Result run(std::span<const Operator> operators, Prepare&& prepare) {
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

 private:
  /// What is known before the walk: constants, and which nodes are needed.
  void begin(std::span<const Operator> operators) {
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

  /// Pays for a layer, and has it made: make(nodes that it reads, shape, origin).
  template <class Make>
  Activation add_with(const Node& node, const std::vector<Activation>& inputs, Dims dims, AxisOrder order,
                      const Make& make) {
    std::vector<Index> reads;
    for (const Activation& a : inputs) reads.push_back(a.node);
    Activation result{-1, std::move(dims), std::move(order), inputs.front().batch_axis};
    charge(node, result.dims, scalar_bytes());
    // Several inputs are read as one, behind each other.
    if (inputs.size() > 1)
      for (const Activation& a : inputs) charge(describe(node), a.size(), scalar_bytes());
    result.node = make(std::move(reads), result.sample_dims(),
                       Origin{.op = node.op_type,
                              .group = node.name.empty() ? node.outputs.front() : node.name,
                              .order = result.sample_order()});
    if (builder_.size(result.node) != result.size())
      fail(describe(node), ": expected ", result.size(), " values for shape ", shown(result.dims), ", found ",
           builder_.size(result.node));
    return result;
  }

  /// Every axis as it is.
  static constexpr auto unmoved = [](std::size_t, Index i) { return i; };

  /// Runs a translation. What its layers' constructors throw knows of no node: it gets this one's name.
  template <class Translate>
  static void named(const Node& node, Translate&& translate) {
    try {
      translate();
    } catch (const BatchError&) {
      throw;
    } catch (const Error& error) {
      fail_at(node, error);
    }
  }

  void check_input(const Node& node, std::size_t k) const {
    if (!has_input(node, k)) fail(describe(node), ": expected an input ", k, ", found ", node.inputs.size());
    if (padded(node, k))
      fail(describe(node), ": input ", k, " (", shown(node.inputs[k]),
           "): it is padded with -infinity, which only a MaxPool may read");
    if (constants_.count(node.inputs[k]) == 0 && activations_.count(node.inputs[k]) == 0)
      fail(describe(node), ": input ", k, " (", shown(node.inputs[k]), "): no node computes it");
  }
  bool is_graph_output(const std::string& name) const { return graph_outputs_.count(name) > 0; }

  /// Translates nodes that stand behind those that they read.
  template <class Prepare>
  void walk(const std::vector<const Node*>& all, Prepare&& prepare) {
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

  template <class Prepare>
  void translate(const Node& node, Prepare&& prepare) {
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

  static constexpr const char* unknown_operator = "the operator is not supported";

  /// Does something with a node, and writes down what became of it: once, and nothing where it reads what
  /// could not be read.
  template <class Do>
  void look_at(const Node& node, const Do& act) {
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

  /// Evaluates those whose inputs are constants and lists all; in an If's place, the nodes of the branch that
  /// a constant chooses.
  void evaluate_constants(const std::vector<const Node*>& all, std::vector<const Node*>& listed) {
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

  /// What comes of numbers that choose rows chooses rows too; the rows of a table of numbers become an input of
  /// the network.
  void follow_choices(const Node& node) {
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

  /// The nodes that an If's outputs depend on and that are not on their way yet, once its condition is known:
  /// those of the branch, and those of the graphs around it that only the branch reads. Nothing else of the
  /// other branch is looked at than which values it reads.
  std::vector<const Node*> branch_of(const Node& node) {
    if (has_input(node, 0) && activations_.count(node.inputs[0]) > 0)
      fail(describe(node), ": input 0 (", shown(node.inputs[0]),
           "): expected a condition that is known when ",
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

  /// Defines a branch's constants, and makes its nodes known under names of their own. Gives the If's outputs
  /// that somebody reads.
  std::vector<std::string> copy_branch(const Node& node, const Graph& graph, const std::string& where) {
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

  /// The nodes that `values` depend on and that the walk does not have yet, in an order in which they can be
  /// run. What the sub-graphs inside of them read waits until they are known to be taken.
  std::vector<const Node*> needed(const Node& node, std::vector<std::string> values) {
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

  /// Sub-graphs keep what they read: until it is known which is taken, nothing of it may vanish into a layer.
  void add_consumer(const Node& node) {
    const auto add = [&](const std::string& value) {
      if (!value.empty()) consumers_[value].push_back(&node);
    };
    for (const std::string& input : node.inputs) add(input);
    each_subgraph(node, [&](const Subgraph& inner) {
      for (const std::string& value : inner.captured) add(value);
    });
  }

  /// Which outputs are asked for, and which nodes they depend on.
  void find_needed() {
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

  /// The file's output of that number, where no value has the number for its name.
  std::string named_output(std::string output) const {
    const auto& inputs = model_.graph.inputs;
    const bool is_value = producers_.count(output) > 0 || constants_.count(output) > 0 ||
                          std::any_of(inputs.begin(), inputs.end(),
                                      [&](const ValueInfo& input) { return input.name == output; });
    std::size_t number = 0;
    const char* const end = output.data() + output.size();
    const auto [stop, error] = std::from_chars(output.data(), end, number);
    const bool is_number = !output.empty() && error == std::errc() && stop == end;
    if (is_value || !is_number || number >= model_.graph.outputs.size()) return output;
    return model_.graph.outputs[number].name;
  }

  /// Throws Error for operators that are not known, all of them, with how many nodes they have and which is
  /// the first: whether they can be had for constants alone, where theirs are, is known before any shape is.
  void check_operators() const {
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

  /// Whole numbers that come from an input may be moved and cast to numbers to compute with. Any other
  /// operator would compute as integers do. Throws Error where one is to.
  void check_whole(const Node& node) {
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

  static Index checked_count(const std::string& where, const Dims& dims) {
    constexpr Index most = Index(1) << 31;
    const Index count = element_count(dims, where);
    if (count < 1 || count > most)
      fail(where, ": expected 1 to ", most, " values, found shape ", shown(dims));
    return count;
  }

  Activation add_input(const ValueInfo& input) {
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
          fail(where, ": expected a shape that fits the file's ", shown(*input.dims), ", found ",
               shown(sizes));
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

  /// A node that depends on no input, or on the shape of a value alone, is a constant.
  bool evaluate_constant(const Node& node) {
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

  std::string unique_name(const Node& node, std::string_view part) {
    std::string name = node.name.empty() ? node.outputs.front() : node.name;
    if (!part.empty()) name += "/" + std::string(part);
    // Counted on from the last of that name: there may be as many as there are nodes.
    std::string result = name;
    for (Index& k = repetitions_[name]; !names_.insert(result).second;)
      result = name + "#" + std::to_string(++k + 1);
    return result;
  }

  void charge(const std::string& where, Index count, std::size_t item_size) const {
    if (std::uint64_t(count) > budget_.bytes / item_size)
      fail(where, ": expected to need at most the ", budget_.bytes, " bytes that are left of ",
           "ReadOptions::memory, found a need of ", count, " times ", item_size);
    budget_.bytes -= std::uint64_t(count) * item_size;
  }

  /// The bytes of all tensors that came with the model, each once, however many of them share it.
  static std::uint64_t stored_bytes(const Model& model, const ReadOptions& options) {
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
    std::sort(all.begin(), all.end(),
              [&](const auto& a, const auto& b) { return before(a.data(), b.data()); });
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

  const Model& model_;
  const ReadOptions& options_;
  Builder& builder_;
  std::unordered_map<std::string, Tensor> constants_;
  std::unordered_map<std::string, Activation> activations_;
  std::unordered_map<std::string, Padded> padded_;
  std::unordered_map<std::string_view, const Operator*> operators_;
  /// A name in the file, and the value that is given under it: the scores where heads are left out.
  struct Output {
    std::string name, value;
  };
  std::vector<Output> outputs_;
  std::vector<const Node*> nodes_;
  std::unordered_map<std::string, std::vector<const Node*>> consumers_;
  std::unordered_map<std::string, const Node*> producers_;
  std::unordered_set<std::string> graph_outputs_, names_;
  std::unordered_set<std::string>
      possible_;                            // values that the outputs depend on, whatever branches are taken
  std::unordered_set<const Node*> walked_;  // nodes that the walk has had or will have
  std::deque<Node> made_;                   // of branches
  std::unordered_map<const Node*, std::size_t> places_;  // each behind those of the nodes that it reads
  FreshNames value_names_;                               // once there are branches
  /// The rows of a table that became an input.
  struct LookedUp {
    std::string name;
    std::vector<double> values;
  };
  std::vector<LookedUp> looked_up_;
  std::unordered_set<std::string> choices_;  // values that choose rows
  std::unordered_set<std::string> whole_;                // values that are whole numbers, as an input is
  std::unordered_map<std::string, Index> repetitions_;
  std::unordered_set<const Node*> absorbed_;
  std::unordered_map<const Node*, std::function<void(Importer&)>> replacements_;
  std::vector<std::string> notes_;
  std::vector<NodeReport>* survey_ = nullptr;  // where faults are written down, and not thrown
  std::unordered_map<std::string, std::string>
      unread_;  // values, and the node that cannot be read before them
  std::unordered_set<const Node*> looked_at_;
  bool of_constants_ = false;
  std::optional<Index> file_batch_;
  mutable Budget budget_;  // what is left of it; asking for a constant takes from it
  mutable std::set<std::pair<const Node*, std::size_t>> read_;  // constants that have been paid for
};

}  // namespace ascribe::onnx
