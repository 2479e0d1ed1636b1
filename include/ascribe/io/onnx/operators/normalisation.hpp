/// Normalisations by statistics of the value itself, made of their parts: the value, centred or not, times a
/// gate. Under rule::GateConstant the gate is a constant and relevance is handed on. (Batch normalisation in
/// inference has constants instead, and is linear.)
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/arithmetic.hpp>
#include <ascribe/io/onnx/operators/axes.hpp>
#include <ascribe/io/onnx/operators/elementwise.hpp>
#include <ascribe/io/onnx/operators/reduce.hpp>

namespace ascribe::onnx {

/// Scale and shift, where a node has them: constants.
struct Affine {
  Tensor scale, shift;
  bool has_scale = false, has_shift = false;
};

/// A value and its statistics, which have size 1 along the axes that they are of.
struct Centred {
  Activation value, mean, variance;
};

inline Centred add_centred(Importer& importer, const Node& node, const Activation& a,
                           const std::vector<bool>& axes) {
  const Activation mean = add_reduction(importer, node, a, axes, Reduction::mean, "mean");
  const Activation minus = add_function(importer, node, mean, fn::Scale{-1}, "negative mean");
  const Activation centred = add_sum(importer, node, {a, minus}, "centred");
  const Activation squares = add_function(importer, node, centred, fn::Power{2}, "squares");
  return {centred, mean, add_reduction(importer, node, squares, axes, Reduction::mean, "variance")};
}

/// (epsilon + mean square)^(−½).
inline Activation add_inverse_deviation(Importer& importer, const Node& node, const Activation& mean_square,
                                        double epsilon) {
  return add_function(importer, node, mean_square, fn::Power{-0.5, epsilon}, "gate");
}

/// value ⊙ gate, and scaled and shifted where there are such constants. Throws Error where they would enlarge
/// it.
inline Activation add_normalised(Importer& importer, const Node& node, const Activation& value,
                                 const Activation& gate, const Affine& affine = {}) {
  const bool last = !affine.has_scale && !affine.has_shift;
  const Activation normalised = add_quotient(importer, node, value, gate, last ? "" : "normalised");
  if (last) return normalised;
  for (const Tensor* constant : {&affine.scale, &affine.shift})
    if (constant->has_values() && broadcast_dims(node, normalised.dims, constant->dims()) != normalised.dims)
      fail(describe(node), ": expected constants that fit shape ", shown(normalised.dims), ", found shape ",
           shown(constant->dims()));
  return add_affine(importer, node, normalised, affine.has_scale ? &affine.scale : nullptr,
                    affine.has_shift ? &affine.shift : nullptr);
}

/// The scale, input 1, and the shift, input 2, which may be left out where `shift_is_needed` does not say
/// otherwise.
inline Affine affine_of(const Importer& importer, const Node& node, bool shift_is_needed) {
  Affine affine{importer.constant(node, 1), {}, true, shift_is_needed || importer.has_input(node, 2)};
  if (affine.has_shift) affine.shift = importer.constant(node, 2);
  return affine;
}

/// The same with an entry for each index of axis 1 of `rank`. Throws Error where there are not `count`.
inline Affine affine_along_1(const Importer& importer, const Node& node, Index rank, Index count,
                             std::string_view what) {
  Affine affine = affine_of(importer, node, true);
  std::size_t input = 1;
  for (Tensor* constant : {&affine.scale, &affine.shift}) {
    if (constant->size() != count)
      fail(describe(node), ": input ", input, ": expected ", count, " ", what, ", found ", constant->size());
    Dims dims(std::size_t(rank - 1), 1);
    dims[0] = count;
    *constant = constant->reshaped(dims);
    ++input;
  }
  return affine;
}

/// The axes from `first` on.
inline std::vector<bool> axes_from(Index rank, Index first) {
  std::vector<bool> axes(std::size_t(rank), false);
  for (Index axis = first; axis < rank; ++axis) axes[std::size_t(axis)] = true;
  return axes;
}

inline void define_if_named(Importer& importer, const Node& node, std::size_t k, const Activation& value) {
  if (k < node.outputs.size()) importer.define(node.outputs[k], value);
}

/// Layer normalisation (Ba et al. 1607.06450) over the axes from `axis` on; its mean and inverse deviation
/// may be asked for.
inline void import_layer_normalisation(Importer& importer, const Node& node) {
  const Activation a = importer.activation(node, 0);
  Attributes attributes(node);
  const Index axis = axis_of(node, Index(attributes.integer("axis", -1)), a.rank());
  const double epsilon = parameter(attributes, "epsilon", 1e-5);
  attributes.ignore("stash_type");  // in which type it is computed
  attributes.finish();
  const Affine affine = affine_of(importer, node, false);
  const Centred centred = add_centred(importer, node, a, axes_from(a.rank(), axis));
  const Activation gate = add_inverse_deviation(importer, node, centred.variance, epsilon);
  importer.define(node.outputs[0], add_normalised(importer, node, centred.value, gate, affine));
  define_if_named(importer, node, 1, centred.mean);
  define_if_named(importer, node, 2, gate);
}

/// RMSNormalization (Zhang & Sennrich 1910.07467), and SimplifiedLayerNormalization, as ONNX Runtime calls
/// it, which may be asked for the inverse root too: nothing is centred.
inline void import_rms_normalisation(Importer& importer, const Node& node) {
  const Activation a = importer.activation(node, 0);
  Attributes attributes(node);
  const Index axis = axis_of(node, Index(attributes.integer("axis", -1)), a.rank());
  const double epsilon = parameter(attributes, "epsilon", 1e-5);
  attributes.ignore("stash_type");
  attributes.finish();
  const Affine affine = affine_of(importer, node, false);
  const Activation squares = add_function(importer, node, a, fn::Power{2}, "squares");
  const Activation mean =
      add_reduction(importer, node, squares, axes_from(a.rank(), axis), Reduction::mean, "mean square");
  const Activation gate = add_inverse_deviation(importer, node, mean, epsilon);
  importer.define(node.outputs[0], add_normalised(importer, node, a, gate, affine));
  define_if_named(importer, node, 1, gate);
}

/// Every channel of a sample by itself (Ulyanov et al. 1607.08022).
inline void import_instance_normalisation(Importer& importer, const Node& node) {
  const Activation a = importer.activation(node, 0);
  Attributes attributes(node);
  const double epsilon = parameter(attributes, "epsilon", 1e-5);
  if (importer.opset() < 6) attributes.ignore("consumed_inputs");
  attributes.finish();
  if (a.rank() < 3)
    fail(describe(node), ": expected channels along axis 1 and axes behind, found shape ", shown(a.dims));
  const Affine affine = affine_along_1(importer, node, a.rank(), a.dims[1], "channels");
  const Centred centred = add_centred(importer, node, a, axes_from(a.rank(), 2));
  const Activation gate = add_inverse_deviation(importer, node, centred.variance, epsilon);
  importer.define(node.outputs[0], add_normalised(importer, node, centred.value, gate, affine));
}

/// The same memory with axis 1 as groups of neighbours along it.
inline Activation in_groups(Activation a, Index groups) {
  a.dims[1] /= groups;
  a.dims.insert(a.dims.begin() + 1, groups);
  for (Index& axis : a.order) axis += axis >= 1;
  a.order.insert(std::find(a.order.begin(), a.order.end(), 2), 1);
  if (a.batch_axis >= 1) ++a.batch_axis;
  return a;
}

/// Channels in groups (Wu & He 1803.08494). Scale and shift are one a group until operator set 20, and one a
/// channel from 21 on.
inline void import_group_normalisation(Importer& importer, const Node& node) {
  const Activation a = importer.activation(node, 0);
  Attributes attributes(node);
  const Index groups = Index(attributes.required<std::int64_t>("num_groups"));
  const double epsilon = parameter(attributes, "epsilon", 1e-5);
  if (importer.opset() >= 21) attributes.ignore("stash_type");
  attributes.finish();
  if (a.rank() < 2) fail(describe(node), ": expected channels along axis 1, found shape ", shown(a.dims));
  check_not_batch(node, a, 1);
  const Index channels = a.dims[1];
  if (groups < 1 || channels % groups != 0)
    fail(describe(node), ": attribute 'num_groups': expected groups of equal size of ", channels,
         " channels, found ", groups);
  const Activation split = in_groups(a, groups);
  const bool by_group = importer.opset() < 21;
  const Affine affine = by_group ? affine_along_1(importer, node, split.rank(), groups, "groups")
                                 : affine_along_1(importer, node, a.rank(), channels, "channels");
  const Centred centred = add_centred(importer, node, split, axes_from(split.rank(), 2));
  const Activation gate = add_inverse_deviation(importer, node, centred.variance, epsilon);
  if (by_group) {
    const Activation result =
        importer.in_order(node, add_normalised(importer, node, centred.value, gate, affine), split.order);
    return importer.define(node.outputs[0], Activation{result.node, a.dims, a.order, a.batch_axis});
  }
  const Activation normalised =
      importer.in_order(node, add_quotient(importer, node, centred.value, gate, "normalised"), split.order);
  importer.define(node.outputs[0],
                  add_affine(importer, node, {normalised.node, a.dims, a.order, a.batch_axis}, &affine.scale,
                             &affine.shift));
}

/// x by its length along an axis, Σ|x| or √Σx², which must not be 0.
inline void import_lp_normalisation(Importer& importer, const Node& node) {
  const Activation a = importer.activation(node, 0);
  Attributes attributes(node);
  const Index axis = axis_of(node, Index(attributes.integer("axis", -1)), a.rank());
  const std::int64_t p = attributes.integer("p", 2);
  attributes.finish();
  if (p != 1 && p != 2) fail(describe(node), ": attribute 'p': expected 1 or 2, found ", p);
  std::vector<bool> axes(std::size_t(a.rank()), false);
  axes[std::size_t(axis)] = true;
  const Activation length =
      add_reduction(importer, node, a, axes, p == 1 ? Reduction::l1 : Reduction::sum_of_squares, "length");
  const Activation gate = p == 1 ? add_function(importer, node, length, fn::Reciprocal(), "gate")
                                 : add_function(importer, node, length, fn::Power{-0.5}, "gate");
  importer.define(node.outputs[0], add_normalised(importer, node, a, gate));
}

/// (x − mean)/(deviation + 1e-9) over axes 0, 2 and 3, or those that are given.
inline void import_mean_variance_normalisation(Importer& importer, const Node& node) {
  const Activation a = importer.activation(node, 0);
  Attributes attributes(node);
  const auto list = attributes.integers("axes").value_or(std::vector<std::int64_t>{0, 2, 3});
  attributes.finish();
  const Centred centred = add_centred(importer, node, a, named_axes(node, list, a.rank()));
  const Activation deviation = add_function(importer, node, centred.variance, fn::Sqrt(), "deviation");
  const Activation gate = add_function(importer, node, deviation, fn::Power{-1, 1e-9}, "gate");
  importer.define(node.outputs[0], add_normalised(importer, node, centred.value, gate));
}

inline constexpr std::array<Operator, 7> normalisation_operators{{
    {"LayerNormalization", import_layer_normalisation},
    {"RMSNormalization", import_rms_normalisation},
    {"SimplifiedLayerNormalization", import_rms_normalisation},
    {"InstanceNormalization", import_instance_normalisation},
    {"GroupNormalization", import_group_normalisation},
    {"LpNormalization", import_lp_normalisation},
    {"MeanVarianceNormalization", import_mean_variance_normalisation},
}};

}  // namespace ascribe::onnx
