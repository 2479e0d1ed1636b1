/// Resize and Upsample. Constants are resized as activations are.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/axes.hpp>

namespace ascribe::onnx {

/// How one axis is resized: output place x stands for place x·step of the input, before the mode's shifts.
struct ResizedAxis {
  Index from = 1, to = 1;
  double scale = 1;  ///< to/from where sizes were given
  bool by_size = false;

  bool stays() const { return from == to && (by_size || scale == 1); }
  /// x / scale; exact where it is whole.
  double divided(double x) const { return by_size ? x * double(from) / double(to) : x / scale; }
  /// The output's size before it is rounded down.
  double length() const { return by_size ? double(to) : scale * double(from); }
};

/// Where output place x lies in the input (ONNX's coordinate_transformation_mode).
inline double resized_place(const std::string& mode, const ResizedAxis& axis, Index at) {
  const double x = double(at);
  if (mode == "asymmetric") return axis.divided(x);
  if (mode == "tf_half_pixel_for_nn") return axis.divided(x + 0.5);
  // By the output's whole size, as torch and onnxruntime have it, and the standard's words. ONNX's own tests
  // take it before it is rounded down.
  if (mode == "align_corners") return axis.to == 1 ? 0 : x * double(axis.from - 1) / double(axis.to - 1);
  if (mode == "pytorch_half_pixel" && axis.to == 1) return 0;
  const double shift =
      mode == "half_pixel_symmetric" ? double(axis.from) / 2 * (1 - double(axis.to) / axis.length()) : 0;
  return shift + axis.divided(x + 0.5) - 0.5;
}

/// The nearest whole place (ONNX's nearest_mode).
inline double nearest_place(const std::string& mode, double x) {
  if (mode == "floor") return std::floor(x);
  if (mode == "ceil") return std::ceil(x);
  return mode == "round_prefer_ceil" ? std::floor(x + 0.5) : std::ceil(x - 0.5);
}

/// What a Resize or an Upsample does, once read.
struct Resizing {
  std::vector<ResizedAxis> axes;
  std::string mode, coordinates, rounding;
  double cubic = -0.75;          ///< ONNX's cubic_coeff_a
  bool exclude_outside = false;  ///< places beyond the ends have no weight; else they have the ends' values
  bool antialias = false;        ///< filters are as wide as the output's places where those are wider

  /// How many places away a value still counts.
  double reach() const { return mode == "cubic" ? 2 : 1; }
  /// The weight of a value at that distance: a triangle, or Keys' cubic (IEEE ASSP 29.6, 1981, eq. 9).
  double weight(double distance) const {
    const double x = std::abs(distance);
    if (mode != "cubic") return std::max(0.0, 1 - x);
    if (x <= 1) return ((cubic + 2) * x - (cubic + 3)) * x * x + 1;
    return x < 2 ? ((cubic * x - 5 * cubic) * x + 8 * cubic) * x - 4 * cubic : 0;
  }
};

/// For each place of a resized axis, the input's places that it is a sum of, and their weights.
using Taps = std::vector<std::vector<std::pair<Index, double>>>;

inline Taps taps_of(const Importer& importer, const Node& node, const Resizing& how,
                    const ResizedAxis& axis) {
  Taps taps;
  if (axis.stays()) {
    for (Index i = 0; i < axis.to; ++i) taps.push_back({{i, 1.0}});
    return taps;
  }
  const double scale = axis.by_size ? double(axis.to) / double(axis.from) : axis.scale;
  const double narrowing = how.antialias ? std::min(scale, 1.0) : 1;
  const Index first = Index(std::floor(-how.reach() / narrowing)) + 1, end = 2 - first;
  importer.charge(node, {axis.to, end - first}, sizeof(taps[0][0]));
  for (Index i = 0; i < axis.to; ++i) {
    const double x = resized_place(how.coordinates, axis, i), before = std::floor(x);
    auto& of_place = taps.emplace_back();
    double sum = 0;
    for (Index k = first; k < end; ++k) {
      const double weight = how.weight(narrowing * (double(k) - (x - before)));
      const double place = before + double(k);
      const double within = std::clamp(place, 0.0, double(axis.from - 1));
      if (weight == 0 || (how.exclude_outside && within != place)) continue;
      sum += weight;
      if (of_place.empty() || of_place.back().first != Index(within))
        of_place.emplace_back(Index(within), weight);
      else
        of_place.back().second += weight;
    }
    if (!how.antialias && !how.exclude_outside) continue;
    if (sum == 0)
      fail(describe(node), ": expected weights whose sum is not 0, found 0 for place ", i, " of ", axis.to);
    for (auto& [place, weight] : of_place) weight /= sum;
  }
  return taps;
}

/// Nearest is a Selection; linear and cubic are sums of a few places along each axis.
inline void add_resize(Importer& importer, const Node& node, const Activation& a, const Resizing& how) {
  const bool nearest = how.mode == "nearest";
  if (a.size() == 0) fail(describe(node), ": expected values to resize, found shape ", shown(a.dims));
  if (a.constant && !nearest) {  // no movement
    if (importer.evaluate_by_layers(node)) return;
    fail(describe(node), ": expected a constant of float or double, found ", name(a.constant->type()));
  }
  Dims dims;
  for (std::size_t axis = 0; axis < how.axes.size(); ++axis) {
    if (!how.axes[axis].stays()) check_not_batch(node, a, Index(axis));
    dims.push_back(how.axes[axis].to);
  }
  importer.charge(node, dims, sizeof(Index));
  if (nearest) {
    std::vector<std::vector<Index>> maps;
    for (const ResizedAxis& axis : how.axes) {
      maps.emplace_back();
      for (Index i = 0; i < axis.to; ++i) {
        const double place =
            axis.stays() ? double(i) : nearest_place(how.rounding, resized_place(how.coordinates, axis, i));
        maps.back().push_back(Index(std::clamp(place, 0.0, double(axis.from - 1))));
      }
    }
    return importer.define(node.outputs[0], importer.select(node, "", a, maps, a.order));
  }
  std::vector<Taps> taps;
  // Each entry twice, for the matrix that is made of them.
  std::size_t entry_bytes = 2 * sizeof(layer::Sparse::Entry);
  for (const ResizedAxis& axis : how.axes) {
    taps.push_back(taps_of(importer, node, how, axis));
    std::size_t most = 1;
    for (const auto& of_place : taps.back()) most = std::max(most, of_place.size());
    entry_bytes = most < (std::size_t(1) << 40) / entry_bytes ? entry_bytes * most : std::size_t(1) << 40;
  }
  importer.charge(node, dims, entry_bytes);
  const std::vector<Index> strides = a.strides();
  const Activation shape{a.node, dims, a.order, a.batch_axis};
  layer::Sparse resize{.outputs = 0, .inputs = a.size(), .entries = {}, .aggregation = "Resize"};
  std::vector<std::pair<Index, double>> sources, next;
  each_index(shape, [&](const std::vector<Index>& at) {
    sources.assign(1, {0, 1.0});
    for (std::size_t axis = 0; axis < at.size(); ++axis) {
      next.clear();
      for (const auto& [source, weight] : sources)
        for (const auto& [place, share] : taps[axis][std::size_t(at[axis])])
          next.emplace_back(source + place * strides[axis], weight * share);
      sources.swap(next);
    }
    for (const auto& [source, weight] : sources) resize.entries.push_back({resize.outputs, source, weight});
    ++resize.outputs;
  });
  importer.define(node.outputs[0],
                  importer.add(node, "", layer::MatMul{std::move(resize)}, {a}, dims, a.order));
}

/// Throws Error unless the mode is one of those.
inline void check_mode(const Node& node, const std::string& mode, bool cubic) {
  if (mode != "nearest" && mode != "linear" && !(cubic && mode == "cubic"))
    fail(describe(node), ": attribute 'mode': expected ",
         cubic ? "nearest, linear or cubic" : "nearest or linear", ", found ", shown(mode));
}

/// Every axis by its scale, the output's size being rounded down.
inline void resize_by_scales(const Node& node, std::vector<ResizedAxis>& axes,
                             const std::vector<std::int64_t>& which, const std::vector<double>& scales) {
  if (scales.size() != which.size())
    fail(describe(node), ": expected scales for ", which.size(), " axes, found ", scales.size());
  for (std::size_t k = 0; k < which.size(); ++k) {
    ResizedAxis& axis = axes[std::size_t(axis_of(node, Index(which[k]), Index(axes.size())))];
    const double size = std::floor(scales[k] * double(axis.from));
    if (!(size >= 1 && size <= double(Index(1) << 31)))
      fail(describe(node), ": expected scales that leave 1 to 2^31 values, found ", scales[k], " for ",
           axis.from);
    axis.scale = scales[k];
    axis.to = Index(size);
  }
}

/// Every axis to its size, or, where the aspect ratio is kept, by the smallest or largest of the scales.
inline void resize_to_sizes(const Importer& importer, const Node& node, const Activation& a,
                            std::vector<ResizedAxis>& axes, const std::vector<std::int64_t>& which,
                            const std::vector<std::int64_t>& sizes, const std::string& policy) {
  if (sizes.size() != which.size())
    fail(describe(node), ": expected sizes for ", which.size(), " axes, found ", sizes.size());
  std::vector<double> scales;
  for (std::size_t k = 0; k < which.size(); ++k) {
    const Index at = axis_of(node, Index(which[k]), Index(axes.size()));
    ResizedAxis& axis = axes[std::size_t(at)];
    const bool batch = at == a.batch_axis && sizes[k] == importer.file_batch();
    if (sizes[k] < 1 || sizes[k] > (std::int64_t(1) << 31))
      fail(describe(node), ": expected sizes from 1 to 2^31, found ", sizes[k]);
    axis.to = batch ? 1 : Index(sizes[k]);
    axis.by_size = true;
    scales.push_back(double(axis.to) / double(axis.from));
  }
  if (policy == "stretch") return;
  if (policy != "not_larger" && policy != "not_smaller")
    fail(describe(node),
         ": attribute 'keep_aspect_ratio_policy': expected stretch, not_larger or not_smaller, ", "found ",
         shown(policy));
  if (scales.empty()) return;
  const double scale = policy == "not_larger" ? *std::min_element(scales.begin(), scales.end())
                                              : *std::max_element(scales.begin(), scales.end());
  for (const std::int64_t one : which) {
    ResizedAxis& axis = axes[std::size_t(axis_of(node, Index(one), Index(axes.size())))];
    axis.by_size = false;
    axis.scale = scale;
    const double size = std::floor(scale * double(axis.from) + 0.5);
    if (!(size >= 1 && size <= double(Index(1) << 31)))
      fail(describe(node), ": expected sizes that leave 1 to 2^31 values, found a scale of ", scale, " for ",
           axis.from);
    axis.to = Index(size);
  }
}

inline std::vector<ResizedAxis> unchanged_axes(const Activation& a) {
  std::vector<ResizedAxis> axes;
  for (const Index d : a.dims) axes.push_back({.from = d, .to = d});
  return axes;
}

/// Resize. Before operator set 11 it was what Upsample is.
inline void import_resize(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  Attributes attributes(node);
  Resizing how{unchanged_axes(a), attributes.text("mode", "nearest"), "asymmetric", "floor"};
  std::vector<std::int64_t> which = c_order(a.rank());
  std::string policy = "stretch";
  const bool early = importer.opset() < 11;
  check_mode(node, how.mode, !early);
  if (!early) {
    how.coordinates = attributes.text("coordinate_transformation_mode", "half_pixel");
    how.rounding = attributes.text("nearest_mode", "round_prefer_floor");
    how.cubic = attributes.real("cubic_coeff_a", -0.75F);
    how.exclude_outside = attributes.flag("exclude_outside", false);
    attributes.ignore("extrapolation_value");  // for tf_crop_and_resize alone
    if (importer.opset() >= 18) {
      how.antialias = attributes.flag("antialias", false);
      policy = attributes.text("keep_aspect_ratio_policy", policy);
      if (const auto axes = attributes.integers("axes")) which = *axes;
    }
    constexpr std::array<std::string_view, 6> offered{"half_pixel",    "half_pixel_symmetric",
                                                      "asymmetric",    "pytorch_half_pixel",
                                                      "align_corners", "tf_half_pixel_for_nn"};
    if (std::find(offered.begin(), offered.end(), how.coordinates) == offered.end())
      fail(describe(node), ": attribute 'coordinate_transformation_mode': expected half_pixel, ",
           "half_pixel_symmetric, pytorch_half_pixel, align_corners, asymmetric or tf_half_pixel_for_nn, "
           "found ",
           shown(how.coordinates));
    constexpr std::array<std::string_view, 4> roundings{"floor", "ceil", "round_prefer_floor",
                                                        "round_prefer_ceil"};
    if (std::find(roundings.begin(), roundings.end(), how.rounding) == roundings.end())
      fail(describe(node), ": attribute 'nearest_mode': expected floor, ceil, round_prefer_floor or ",
           "round_prefer_ceil, found ", shown(how.rounding));
  }
  attributes.finish();
  named_axes(node, which, a.rank());
  // An empty tensor stands for an input that is left out.
  const std::size_t scales = early ? 1 : 2;
  const bool by_scales = importer.has_input(node, scales) && importer.constant(node, scales).size() > 0;
  const bool by_sizes = !early && importer.has_input(node, 3) && importer.constant(node, 3).size() > 0;
  if (by_scales == by_sizes)
    fail(describe(node), ": expected either scales or sizes, found ", by_scales ? "both" : "neither");
  if (by_scales)
    resize_by_scales(node, how.axes, which, importer.constant(node, scales).values<double>());
  else
    resize_to_sizes(importer, node, a, how.axes, which, integers_of(node, importer.constant(node, 3)),
                    policy);
  add_resize(importer, node, a, how);
}

/// Upsample, whose scales were an attribute before operator set 9.
inline void import_upsample(Importer& importer, const Node& node) {
  const Activation a = importer.value(node, 0);
  Attributes attributes(node);
  Resizing how{unchanged_axes(a), attributes.text("mode", "nearest"), "asymmetric", "floor"};
  check_mode(node, how.mode, false);
  std::vector<double> scales;
  if (importer.opset() < 9) {
    const auto& given = attributes.required<std::vector<float>>("scales");
    scales.assign(given.begin(), given.end());
  }
  attributes.finish();
  if (importer.opset() >= 9) scales = importer.constant(node, 1).values<double>();
  const AxisOrder which = c_order(a.rank());
  resize_by_scales(node, how.axes, {which.begin(), which.end()}, scales);
  add_resize(importer, node, a, how);
}

inline constexpr std::array<Operator, 2> resize_operators{{
    {"Resize", import_resize, true},
    {"Upsample", import_upsample, true},
}};

}  // namespace ascribe::onnx
