/// What scales and shifts channels: BatchNormalization, and constants by channel behind a linear layer, which
/// are folded into it.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/normalisation.hpp>
#include <ascribe/maps/channel_scale.hpp>

namespace ascribe::onnx {

/// out = scale ⊙ in + shift with an entry a channel (or one for all): what a node by constants does to the
/// outputs of the layer before it.
struct ChannelAffine {
  layer::Numbers scale, shift;
};

/// The scale and shift of a BatchNormalization as inference has them. Throws Error for spatial = 0 and
/// a variance that is not positive.
inline ChannelAffine batch_normalisation(const Importer& importer, const Node& node, Index channels) {
  Attributes attributes(node);
  const double epsilon = double(attributes.real("epsilon", 1e-5f));
  attributes.ignore("momentum");
  attributes.ignore("training_mode");  // which `in_training` reads
  if (importer.opset() < 7) {
    attributes.ignore("consumed_inputs");
    if (!attributes.flag("is_test", false))
      fail(describe(node), ": attribute 'is_test': expected 1, found 0");
  }
  if (!attributes.flag("spatial", true)) fail(describe(node), ": attribute 'spatial': expected 1, found 0");
  attributes.finish();
  std::array<Eigen::VectorXd, 4> parts;
  for (std::size_t k = 0; k < 4; ++k) {
    const Tensor& t = importer.constant(node, k + 1);
    if (t.size() != channels)
      fail(describe(node), ": input ", k + 1, ": expected ", channels, " channels, found ", t.size());
    parts[k].resize(channels);
    t.copy_to(std::span<double>(parts[k].data(), std::size_t(channels)));
  }
  try {
    const auto folded = map::scale_and_bias(parts[0], parts[1], parts[2], parts[3], epsilon);
    return {{folded.scale.begin(), folded.scale.end()}, {folded.bias.begin(), folded.bias.end()}};
  } catch (const Error& error) {
    fail(describe(node), ": ", error.what());
  }
}

/// Whether a BatchNormalization is to take the mean and variance of what it reads.
inline bool in_training(const Node& node) {
  return node.op_type == "BatchNormalization" && Attributes(node).flag("training_mode", false);
}
inline void note_training(Importer& importer, const Node& node) {
  if (in_training(node))
    importer.note(describe(node) +
                  " is in training mode: it is read as inference has it, with the mean and " +
                  "variance that were learned");
}

/// What `next` does to its input 0, if that is an affine map by constants with one entry a channel (axis 1 of
/// `dims`, or the last where `channels_last`), or one for all: BatchNormalization, Add, Sub, Mul, Div.
inline std::optional<ChannelAffine> as_channel_affine(const Importer& importer, const Node& next,
                                                      const std::string& value, const Dims& dims,
                                                      std::size_t channel_axis) {
  const Index channels = dims[channel_axis];
  if (next.op_type == "BatchNormalization") {
    if (next.inputs[0] != value || channel_axis != 1 || importer.has_output(next, 1)) return std::nullopt;
    return batch_normalisation(importer, next, channels);
  }
  const bool add = next.op_type == "Add", sub = next.op_type == "Sub", mul = next.op_type == "Mul",
             div = next.op_type == "Div";
  if ((!add && !sub && !mul && !div) || next.inputs.size() != 2 || !next.attributes.empty())
    return std::nullopt;
  const std::size_t k = next.inputs[0] == value ? 1 : 0;
  if (!importer.is_constant(next, k) || (k == 0 && div)) return std::nullopt;
  const Tensor& constant = importer.constant(next, k);
  // One entry a channel: every other axis of the constant has size 1.
  const Index offset = Index(dims.size()) - constant.rank();
  if (offset < 0) return std::nullopt;
  for (Index axis = 0; axis < constant.rank(); ++axis) {
    const Index size = constant.dims()[std::size_t(axis)];
    if (size != 1 && (std::size_t(axis + offset) != channel_axis || size != channels)) return std::nullopt;
  }
  auto values = constant.values<double>();
  if (values.size() == 1) values.assign(std::size_t(channels), values[0]);
  const layer::Numbers ones(std::size_t(channels), 1), zeros(std::size_t(channels), 0);
  if (add) return ChannelAffine{ones, values};
  if (mul) return ChannelAffine{values, zeros};
  if (sub && k == 1) {
    for (double& v : values) v = -v;
    return ChannelAffine{ones, values};
  }
  if (sub) return ChannelAffine{layer::Numbers(std::size_t(channels), -1), values};
  for (double& v : values) {
    if (v == 0) fail(describe(next), ": expected a divisor other than 0");
    v = 1 / v;
  }
  return ChannelAffine{values, zeros};
}

/// Folds the nodes behind a linear one that are affine by channel into a factor for each of its channels and
/// its bias, and returns the last of them, whose output the layer computes. The network's output is
/// unchanged; the layer's denominators are those of the folded network.
inline const Node& fold_followers(Importer& importer, const Node& node, const Dims& dims,
                                  std::size_t channel_axis, layer::Numbers& scale, layer::Numbers& bias) {
  const Node* last = &node;
  while (const Node* next = importer.only_consumer(*last)) {
    const auto affine = as_channel_affine(importer, *next, last->outputs[0], dims, channel_axis);
    if (!affine) break;
    importer.charge(*next, {dims[channel_axis]}, 4 * sizeof(double));
    note_training(importer, *next);
    bias.resize(affine->scale.size(), 0);
    scale.resize(affine->scale.size(), 1);
    for (std::size_t o = 0; o < bias.size(); ++o) {
      scale[o] *= affine->scale[o];
      bias[o] = bias[o] * affine->scale[o] + affine->shift[o];
    }
    importer.absorb(*next);
    last = next;
  }
  return *last;
}

/// A batch normalisation that no linear layer stands before.
inline void import_batch_normalisation(Importer& importer, const Node& node) {
  const Activation& given = importer.activation(node, 0);
  if (given.rank() < 2)
    fail(describe(node), ": expected an input with channels along axis 1, found shape ", shown(given.dims));
  for (std::size_t k = 1; k < 5; ++k)
    if (importer.has_output(node, k))
      fail(describe(node), ": expected the output of inference alone, found that output ", k, " is used");
  const Activation a = importer.in_order(node, given, channels_last(given.rank()));
  if (in_training(node) && importer.of_constants()) {
    // The values are no samples: their mean and variance are what is asked for.
    std::vector<bool> axes(a.dims.size(), true);
    axes[1] = false;
    Attributes attributes(node);
    const Centred centred = add_centred(importer, node, a, axes);
    const Activation gate =
        add_inverse_deviation(importer, node, centred.variance, parameter(attributes, "epsilon", 1e-5));
    const Affine by_channel = affine_along_1(importer, node, a.rank(), a.dims[1], "channels");
    return importer.define(node.outputs[0], add_normalised(importer, node, centred.value, gate, by_channel));
  }
  note_training(importer, node);
  const auto affine = batch_normalisation(importer, node, a.dims[1]);
  importer.define(
      node.outputs[0],
      importer.add(node, "", layer::MatMul{layer::ChannelScale{a.size(), affine.scale}, affine.shift}, {a},
                   a.dims, a.order));
}

inline constexpr std::array<Operator, 1> channel_affine_operators{{
    {"BatchNormalization", import_batch_normalisation},
}};

}  // namespace ascribe::onnx
