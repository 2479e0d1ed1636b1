/// Parallel linear branches that end in one sum, as RepVGG (Ding et al. 2101.03697, §3.2), MobileOne and
/// their like are trained: convolutions, identities and batch normalisations of one value are one convolution
/// of it, as their authors merge them for inference. The network's output is unchanged; rules see one layer
/// in place of several that cancel.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/channel_affine.hpp>
#include <ascribe/io/onnx/operators/convolution.hpp>
#include <ascribe/io/onnx/operators/window.hpp>

namespace ascribe::onnx {

/// Finds parallel linear branches that end in a sum and are one convolution together.
class ParallelBranches {
 public:
  /// `importer` must outlive this.
  explicit ParallelBranches(const Importer& importer) : importer_(importer) {}

  /// A convolution, or the identity where there is none, and the batch normalisations behind it.
  struct Branch {
    const Node* convolution = nullptr;    ///< null: the identity
    std::vector<const Node*> norms = {};  ///< in their order
  };
  /// A kernel as a branch's convolution has it, axis by axis.
  struct Kernel {
    /// Its taps, its padding and its stride.
    std::vector<Index> size, before, after, stride;
    Index groups = 1;  ///< of the convolution
  };
  /// Branches that can be merged.
  struct Found {
    std::string input;                ///< the value that all of them read
    std::vector<Branch> branches;     ///< in the order of the sum
    std::vector<Kernel> kernels;      ///< of each branch
    std::vector<const Node*> inside;  ///< all that is merged but the sum itself
  };

  /// The branches that the sum in `node` ends, if they can be merged.
  std::optional<Found> at(const Node& node) {
    found_ = {};
    has_input_ = false;
    if (!is_sum(node)) return std::nullopt;
    for (const std::string& input : node.inputs)
      if (!collect(input)) return std::nullopt;
    if (!kernels_fit()) return std::nullopt;
    return std::move(found_);
  }

 private:
  bool is_sum(const Node& node) const {
    if ((node.op_type != "Add" && node.op_type != "Sum") || node.inputs.size() < 2) return false;
    if (importer_.opset() < 7 && !node.attributes.empty()) return false;
    for (std::size_t k = 0; k < node.inputs.size(); ++k)
      if (importer_.is_constant(node, k)) return false;
    return true;
  }

  /// The node that computes a value which is read once; null where there is none.
  const Node* sole(const std::string& value) const {
    const Node* node = importer_.producer(value);
    return node && importer_.only_consumer(*node) && node->outputs[0] == value ? node : nullptr;
  }

  bool collect(const std::string& value) {
    // No network has as many, but a hostile file's sums may go on for ever.
    if (found_.inside.size() > 256) return false;
    const Node* node = sole(value);
    if (node && is_sum(*node)) {
      found_.inside.push_back(node);
      return std::all_of(node->inputs.begin(), node->inputs.end(),
                         [&](const std::string& input) { return collect(input); });
    }
    Branch branch;
    const std::string* reads = &value;
    for (; node && node->op_type == "BatchNormalization"; node = sole(*reads)) {
      found_.inside.push_back(node);
      branch.norms.insert(branch.norms.begin(), node);
      reads = &node->inputs[0];
    }
    if (node && node->op_type == "Conv" && importer_.is_constant(*node, 1)) {
      found_.inside.push_back(node);
      branch.convolution = node;
      reads = &node->inputs[0];
    }
    found_.branches.push_back(std::move(branch));
    if (!has_input_) found_.input = *reads;
    has_input_ = true;
    return found_.input == *reads;
  }

  std::optional<Kernel> kernel_of(const Node& node) const {
    const Dims& weights = importer_.dims_of_constant(node, 1);
    if (weights.size() < 3) return std::nullopt;
    const std::size_t axes = weights.size() - 2;
    Attributes attributes(node);
    const auto list = [&](const char* name, std::size_t count, std::int64_t otherwise) {
      return attributes.integers(name).value_or(std::vector<std::int64_t>(count, otherwise));
    };
    const auto strides = list("strides", axes, 1), dilations = list("dilations", axes, 1),
               pads = list("pads", 2 * axes, 0);
    if (attributes.text("auto_pad", "NOTSET") != "NOTSET" || strides.size() != axes ||
        dilations.size() != axes || pads.size() != 2 * axes)
      return std::nullopt;
    Kernel kernel;
    kernel.groups = Index(attributes.integer("group", 1));
    for (std::size_t i = 0; i < axes; ++i) {
      if (dilations[i] != 1 && weights[i + 2] != 1) return std::nullopt;
      kernel.size.push_back(weights[i + 2]);
      kernel.stride.push_back(Index(strides[i]));
      kernel.before.push_back(Index(pads[i]));
      kernel.after.push_back(Index(pads[i + axes]));
    }
    return kernel;
  }

  /// Whether there is a convolution, and all go over the value in the same steps.
  bool kernels_fit() {
    const auto first = std::find_if(found_.branches.begin(), found_.branches.end(),
                                    [](const Branch& b) { return b.convolution != nullptr; });
    if (first == found_.branches.end() || found_.branches.size() < 2) return false;
    const auto like = kernel_of(*first->convolution);
    if (!like) return false;
    const std::size_t axes = like->size.size();
    for (const Branch& branch : found_.branches) {
      auto kernel = branch.convolution
                        ? kernel_of(*branch.convolution)
                        : Kernel{std::vector<Index>(axes, 1), std::vector<Index>(axes, 0),
                                 std::vector<Index>(axes, 0), std::vector<Index>(axes, 1), like->groups};
      if (!kernel || kernel->size.size() != axes || kernel->groups != like->groups ||
          kernel->stride != like->stride)
        return false;
      for (std::size_t i = 0; i < axes; ++i) {
        const auto grows = [&](const Kernel& k) { return k.before[i] + k.after[i] - k.size[i]; };
        if (grows(*kernel) != grows(*like)) return false;
      }
      found_.kernels.push_back(std::move(*kernel));
    }
    return true;
  }

  const Importer& importer_;
  Found found_;
  bool has_input_ = false;
};

/// Adds the convolution that a sum of branches is.
inline void add_merged(Importer& importer, const Node& node, const ParallelBranches::Found& found) {
  const Activation& given = importer.activation_of(node, found.input);
  const Activation a = importer.in_order(node, given, channels_last(given.rank()));
  check_spatial_axes(node, a);
  const std::size_t axes = std::size_t(a.rank() - 2);
  // One kernel that all fit in, each as far behind its padding as it was.
  ParallelBranches::Kernel merged = found.kernels.front();
  for (std::size_t i = 0; i < axes; ++i) {
    const Index grows = merged.before[i] + merged.after[i] - merged.size[i];
    for (const auto& kernel : found.kernels) merged.before[i] = std::max(merged.before[i], kernel.before[i]);
    for (const auto& kernel : found.kernels)
      merged.size[i] = std::max(merged.size[i], merged.before[i] - kernel.before[i] + kernel.size[i]);
    merged.after[i] = grows + merged.size[i] - merged.before[i];
  }
  const Index channels = a.dims[1];
  Index filters = channels;
  for (const auto& branch : found.branches)
    if (branch.convolution) filters = importer.dims_of_constant(*branch.convolution, 1)[0];
  const Index groups = merged.groups;
  if (groups < 1 || channels % groups != 0 || filters % groups != 0)
    fail(describe(node), ": expected groups that divide ", channels, " channels and ", filters,
         " filters, found ", groups);
  const auto taps_of = [](const std::vector<Index>& size) {
    return std::accumulate(size.begin(), size.end(), Index(1), std::multiplies<>());
  };
  const Index each = channels / groups, taps = taps_of(merged.size);
  importer.charge(node, {filters, each, taps}, sizeof(double));
  std::vector<double> weights(std::size_t(filters * each * taps), 0);
  layer::Numbers bias(std::size_t(filters), 0);
  for (std::size_t b = 0; b < found.branches.size(); ++b) {
    const auto& [convolution, norms] = found.branches[b];
    const auto& kernel = found.kernels[b];
    const Index own = taps_of(kernel.size);
    std::vector<double> values, own_bias(std::size_t(filters), 0);
    if (convolution) {
      const Tensor& tensor = importer.constant(*convolution, 1);
      if (tensor.size() != filters * each * own)
        fail(describe(*convolution), ": the weights: expected ", filters, " filters of ", each,
             " channels, found shape ", shown(tensor.dims()));
      values = tensor.values<double>();
      if (importer.has_input(*convolution, 2)) own_bias = bias_input(importer, *convolution, 2, filters);
    } else {
      if (filters != channels)
        fail(describe(node), ": expected ", channels, " filters beside an identity, found ", filters);
      values.assign(std::size_t(filters * each), 0);
      for (Index c = 0; c < channels; ++c) values[std::size_t(c * each + c % each)] = 1;
    }
    layer::Numbers scale(std::size_t(filters), 1);
    for (const Node* norm : norms) {
      const ChannelAffine affine = batch_normalisation(importer, *norm, filters);
      note_training(importer, *norm);
      for (std::size_t f = 0; f < scale.size(); ++f) {
        scale[f] *= affine.scale[f];
        own_bias[f] = own_bias[f] * affine.scale[f] + affine.shift[f];
      }
    }
    // The merged kernel's tap that is a kernel's own number `tap`.
    const auto merged_tap = [&](Index tap) {
      Index at = 0, step = 1;
      for (std::size_t i = axes; i-- > 0; tap /= kernel.size[i], step *= merged.size[i])
        at += step * (tap % kernel.size[i] + merged.before[i] - kernel.before[i]);
      return at;
    };
    for (Index f = 0; f < filters; ++f) {
      bias[std::size_t(f)] += own_bias[std::size_t(f)];
      for (Index c = 0; c < each; ++c)
        for (Index tap = 0; tap < own; ++tap)
          weights[std::size_t((f * each + c) * taps + merged_tap(tap))] +=
              scale[std::size_t(f)] * values[std::size_t((f * each + c) * own + tap)];
    }
  }
  std::vector<WindowAxis> window(axes);
  for (std::size_t i = 0; i < axes; ++i)
    window[i] = {.input = a.dims[i + 2],
                 .kernel = merged.size[i],
                 .stride = merged.stride[i],
                 .before = merged.before[i],
                 .after = merged.after[i]};
  const Spatial geometry = as_spatial(window);
  geometry.check("Conv");
  const Dims dims = image_dims(a, filters, geometry.output());
  layer::Convolution convolution{.geometry = geometry,
                                 .channels = channels,
                                 .filters = filters,
                                 .groups = groups,
                                 .weights = Tensor::of("", {filters, each, taps}, std::move(weights)),
                                 .images = a.dims[0]};
  importer.charge(node, convolution);
  const Node& last = fold_followers(importer, node, dims, 1, convolution.scale, bias);
  importer.note(describe(node) + ": " + std::to_string(found.branches.size()) +
                " parallel linear branches are one convolution");
  importer.define(last.outputs[0],
                  importer.add(node, "", layer::MatMul{std::move(convolution), std::move(bias)}, {a}, dims,
                               channels_last(a.rank())));
}

/// Replaces every sum of parallel linear branches, the outermost first.
inline void find_branches(Importer& importer) {
  ParallelBranches branches(importer);
  const auto& nodes = importer.nodes();
  std::unordered_set<const Node*> merged;
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    if (merged.count(*node) > 0) continue;
    const auto found = branches.at(**node);
    if (!found) continue;
    merged.insert(found->inside.begin(), found->inside.end());
    for (const Node* inside : found->inside) importer.absorb(*inside);
    importer.replace(**node,
                     [sum = *node, found = *found](Importer& walk) { add_merged(walk, *sum, found); });
  }
}

}  // namespace ascribe::onnx
