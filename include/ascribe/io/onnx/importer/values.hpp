/// What a translation asks an Importer for, and what it says.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/linkage.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/io/onnx/activation.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/layers.hpp>
#include <ascribe/io/onnx/model.hpp>
#include <ascribe/io/onnx/moves.hpp>
#include <ascribe/io/onnx/tensor.hpp>

namespace ascribe::onnx {

ASCRIBE_INLINE bool Importer::is_constant(const Node& node, std::size_t k) const {
  return has_input(node, k) && constants_.count(node.inputs[k]) > 0;
}

ASCRIBE_INLINE bool Importer::is_whole(const std::string& value) const { return whole_.count(value) > 0; }

ASCRIBE_INLINE bool Importer::is_graph_output(const std::string& name) const {
  return graph_outputs_.count(name) > 0;
}

ASCRIBE_INLINE void Importer::charge(const Node& node, const layer::Convolution& convolution) const {
  const double held = builder_.held(convolution);
  if (!(held < 0x1p60)) fail(describe(node), ": more weights than memory");
  charge(node, {Index(held)}, scalar_bytes());
}

ASCRIBE_INLINE bool Importer::has_output(const Node& node, std::size_t k) const {
  return k < node.outputs.size() && !node.outputs[k].empty() &&
         (consumers_.count(node.outputs[k]) > 0 || is_graph_output(node.outputs[k]));
}

ASCRIBE_INLINE const Tensor& Importer::constant(const Node& node, std::size_t k) const {
  check_input(node, k);
  const auto found = constants_.find(node.inputs[k]);
  if (found == constants_.end())
    fail(describe(node), ": input ", k, " (", shown(node.inputs[k]),
         "): expected a constant, found a value that depends on the network's ",
         inputs_behind(node.inputs[k]));
  if (read_.emplace(&node, k).second) charge(describe(node), found->second.size(), scalar_bytes());
  return found->second;
}

ASCRIBE_INLINE const Dims& Importer::dims_of_constant(const Node& node, std::size_t k) const {
  return constants_.at(node.inputs[k]).dims();
}

ASCRIBE_INLINE const Activation& Importer::activation(const Node& node, std::size_t k) const {
  check_input(node, k);
  const auto found = activations_.find(node.inputs[k]);
  if (found == activations_.end())
    fail(describe(node), ": input ", k, " (", shown(node.inputs[k]),
         "): expected a value that depends on the network's inputs, found a constant");
  return found->second;
}

ASCRIBE_INLINE Activation Importer::value(const Node& node, std::size_t k) const {
  if (!is_constant(node, k)) return activation(node, k);
  return as_activation(constants_.find(node.inputs[k])->second);
}

ASCRIBE_INLINE const Padded* Importer::padded(const Node& node, std::size_t k) const {
  const auto found = has_input(node, k) ? padded_.find(node.inputs[k]) : padded_.end();
  return found == padded_.end() ? nullptr : &found->second;
}

ASCRIBE_INLINE const Activation& Importer::activation_of(const Node& node, const std::string& value) const {
  const auto found = activations_.find(value);
  if (found == activations_.end())
    fail(describe(node), ": ", shown(value), " is no value that depends on the network's inputs");
  return found->second;
}

ASCRIBE_INLINE std::optional<std::vector<const Node*>> Importer::consumers(const Node& node) const {
  std::vector<const Node*> all;
  for (const std::string& output : node.outputs) {
    if (is_graph_output(output)) return std::nullopt;
    if (const auto found = consumers_.find(output); found != consumers_.end())
      all.insert(all.end(), found->second.begin(), found->second.end());
  }
  return all;
}

ASCRIBE_INLINE const Node* Importer::only_consumer(const Node& node) const {
  const auto found = consumers_.find(node.outputs[0]);
  if (found == consumers_.end() || found->second.size() != 1 || is_graph_output(node.outputs[0]))
    return nullptr;
  return found->second.front();
}

ASCRIBE_INLINE const Node* Importer::producer(const std::string& value) const {
  const auto found = producers_.find(value);
  return found == producers_.end() ? nullptr : found->second;
}

ASCRIBE_INLINE std::string Importer::inputs_behind(const std::string& value) const {
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

ASCRIBE_INLINE void Importer::charge(const Node& node, const Dims& dims, std::size_t item_size) const {
  charge(describe(node), checked_count(describe(node), dims), item_size);
}

ASCRIBE_INLINE void Importer::define(const std::string& output, Activation value) {
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

ASCRIBE_INLINE void Importer::define(const std::string& output, Tensor value) {
  if (!output.empty()) constants_.insert_or_assign(output, std::move(value));
}

ASCRIBE_INLINE void Importer::define(const std::string& output, Padded value) {
  if (!output.empty()) padded_.insert_or_assign(output, std::move(value));
}

ASCRIBE_INLINE Activation Importer::add(const Node& node, std::string_view part, const layer::Layer& layer,
                                        const std::vector<Activation>& inputs, Dims dims, AxisOrder order) {
  return add_with(node, inputs, std::move(dims), std::move(order),
                  [&](std::vector<Index> reads, Dims shape, Origin origin) {
                    return builder_.add(unique_name(node, part), layer, std::move(reads), std::move(shape),
                                        std::move(origin));
                  });
}

ASCRIBE_INLINE Activation Importer::add_again(const Node& node, std::string_view part, const Activation& of,
                                              const Activation& a) {
  return add_with(node, {a}, of.dims, of.order, [&](std::vector<Index> reads, Dims shape, Origin origin) {
    return builder_.add_again(unique_name(node, part), of.node, std::move(reads), std::move(shape),
                              std::move(origin));
  });
}

ASCRIBE_INLINE Activation Importer::in_order(const Node& node, const Activation& a, const AxisOrder& order) {
  return select(node, "order", a, a.dims, order, unmoved);
}

ASCRIBE_INLINE Activation Importer::select(const Node& node, std::string_view part, const Activation& a,
                                           Dims dims, const AxisOrder& order, AxisSource source,
                                           const Tensor& fill) {
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
  return add(node, part, layer::MatMul{layer::Selection{a.size(), std::move(sources)}, std::move(bias)}, {a},
             std::move(result.dims), std::move(result.order));
}

ASCRIBE_INLINE Activation Importer::select(const Node& node, std::string_view part, const Activation& a,
                                           const std::vector<std::vector<Index>>& maps,
                                           const AxisOrder& order) {
  Dims dims;
  for (const auto& map : maps) dims.push_back(Index(map.size()));
  return select(node, part, a, std::move(dims), order,
                [&](std::size_t axis, Index i) { return maps[axis][std::size_t(i)]; });
}

ASCRIBE_INLINE Activation Importer::gather(const Node& node, std::string_view part,
                                           const std::vector<Activation>& values, const Activation& shape,
                                           PlaceSource source) {
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

ASCRIBE_INLINE Activation Importer::gather(const Node& node, std::string_view part, const Activation& a,
                                           Dims dims, AxisOrder order, PlaceSource source) {
  return gather(node, part, std::vector<Activation>{a},
                Activation{-1, std::move(dims), std::move(order), a.batch_axis}, source);
}

ASCRIBE_INLINE layer::Numbers Importer::broadcast(const Node& node, const Tensor& constant,
                                                  const Activation& a) const {
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

ASCRIBE_INLINE Activation Importer::add_with(const Node& node, const std::vector<Activation>& inputs,
                                             Dims dims, AxisOrder order,
                                             FunctionRef<Index(std::vector<Index>, Dims, Origin)> make) {
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

ASCRIBE_INLINE void Importer::check_input(const Node& node, std::size_t k) const {
  if (!has_input(node, k)) fail(describe(node), ": expected an input ", k, ", found ", node.inputs.size());
  if (padded(node, k))
    fail(describe(node), ": input ", k, " (", shown(node.inputs[k]),
         "): it is padded with -infinity, which only a MaxPool may read");
  if (constants_.count(node.inputs[k]) == 0 && activations_.count(node.inputs[k]) == 0)
    fail(describe(node), ": input ", k, " (", shown(node.inputs[k]), "): no node computes it");
}

ASCRIBE_INLINE Index Importer::checked_count(const std::string& where, const Dims& dims) {
  constexpr Index most = Index(1) << 31;
  const Index count = element_count(dims, where);
  if (count < 1 || count > most) fail(where, ": expected 1 to ", most, " values, found shape ", shown(dims));
  return count;
}

ASCRIBE_INLINE std::string Importer::unique_name(const Node& node, std::string_view part) {
  std::string name = node.name.empty() ? node.outputs.front() : node.name;
  if (!part.empty()) name += "/" + std::string(part);
  // Counted on from the last of that name: there may be as many as there are nodes.
  std::string result = name;
  for (Index& k = repetitions_[name]; !names_.insert(result).second;)
    result = name + "#" + std::to_string(++k + 1);
  return result;
}

ASCRIBE_INLINE void Importer::charge(const std::string& where, Index count, std::size_t item_size) const {
  if (std::uint64_t(count) > budget_.bytes / item_size)
    fail(where, ": expected to need at most the ", budget_.bytes, " bytes that are left of ",
         "ReadOptions::memory, found a need of ", count, " times ", item_size);
  budget_.bytes -= std::uint64_t(count) * item_size;
}

}  // namespace ascribe::onnx
