/// What reads an image at places between its pixels, or adds blocks up to an image: GridSample, RoiAlign,
/// Col2Im. Where the places are constants, all are sums with constant weights.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/resize.hpp>
#include <ascribe/io/onnx/operators/window.hpp>

namespace ascribe::onnx {

/// Pixels along one axis, and their weights.
using WeightedPlaces = std::vector<std::pair<Index, double>>;

/// The value N, C, … that a map of entries (output, input, weight) computes, its channels the fastest.
/// each_output(n, c, pixel, add) calls add(source, weight) for the sources of one, in a's memory.
template <class EachSource>
void define_sums(Importer& importer, const Node& node, const Activation& a, const Dims& dims,
                 const char* what, EachSource each_source) {
  const Activation shape{a.node, dims, channels_last(Index(dims.size())), a.batch_axis};
  layer::Sparse sums{.outputs = 0, .inputs = a.size(), .entries = {}, .aggregation = what};
  each_index(shape, [&](const std::vector<Index>& at) {
    each_source(at, [&](Index source, double weight) {
      sums.entries.push_back({sums.outputs, source, weight});
    });
    ++sums.outputs;
  });
  importer.define(node.outputs[0],
                  importer.add(node, "", layer::MatMul{std::move(sums)}, {a}, dims, shape.order));
}

/// How GridSample reads along each axis.
struct GridSampling {
  enum class Outside { zeros, border, reflection };
  std::string mode;  ///< nearest, linear or cubic
  Outside outside;
  bool align_corners;

  /// Where −1 … 1 lies among the pixels of an axis: its ends are the outermost pixels' centres, or their
  /// outer edges.
  double place(double given, Index size) const {
    return align_corners ? (given + 1) / 2 * double(size - 1) : ((given + 1) * double(size) - 1) / 2;
  }

  /// The pixel that stands for one at `at`, which may be outside; −1: a zero does.
  Index inside(Index at, Index size) const {
    if (at >= 0 && at < size) return at;
    if (outside == Outside::zeros) return -1;
    if (outside == Outside::border) return at < 0 ? 0 : size - 1;
    // Mirrored at the outermost pixels' centres, or at their outer edges.
    const Index period = align_corners ? std::max<Index>(1, 2 * (size - 1)) : 2 * size;
    const Index within = (at % period + period) % period;
    return within < size ? within : period - within - (align_corners ? 0 : 1);
  }

  WeightedPlaces places(double given, Index size) const {
    WeightedPlaces found;
    const auto add = [&](double at, double weight) {
      if (const Index pixel = inside(Index(at), size); weight != 0 && pixel >= 0)
        found.emplace_back(pixel, weight);
    };
    const double x = place(given, size);
    if (mode == "nearest") {
      add(std::nearbyint(x), 1);
      return found;
    }
    const Resizing how{.axes = {}, .mode = mode, .coordinates = {}, .rounding = {}};
    for (double at = std::floor(x) + 1 - how.reach(); at <= std::floor(x) + how.reach(); ++at)
      add(at, how.weight(at - x));
    return found;
  }
};

/// GridSample: the values of N, C, [D,] H, W at N, [D',] H', W' places of −1 … 1, whose last axis is x, y[,
/// z].
inline void import_grid_sample(Importer& importer, const Node& node) {
  const Activation a = importer.activation(node, 0);
  const Tensor& grid = importer.constant(node, 1);
  Attributes attributes(node);
  std::string mode = attributes.text("mode", importer.opset() < 20 ? "bilinear" : "linear");
  const std::string padding = attributes.text("padding_mode", "zeros");
  const bool align_corners = attributes.flag("align_corners", false);
  attributes.finish();
  if (mode == "bilinear" || mode == "bicubic") mode.erase(0, 2);
  if (mode != "nearest" && mode != "linear" && mode != "cubic")
    fail(describe(node), ": attribute 'mode': expected nearest, linear or cubic, found ", shown(mode));
  using Outside = GridSampling::Outside;
  const Outside outside = padding == "border"       ? Outside::border
                          : padding == "reflection" ? Outside::reflection
                                                    : Outside::zeros;
  if (outside == Outside::zeros && padding != "zeros")
    fail(describe(node), ": attribute 'padding_mode': expected zeros, border or reflection, found ",
         shown(padding));
  check_spatial_axes(node, a);
  const Index axes = a.rank() - 2;
  if (grid.rank() != a.rank() || grid.dims().back() != axes)
    fail(describe(node), ": the grid: expected ", a.rank(), " axes, the last of ", axes,
         " places, found shape ", shown(grid.dims()));
  if (grid.dims()[0] != a.dims[0]) {
    if (a.batch_axis == 0) throw BatchError(node, "its grid is another for each sample");
    fail(describe(node), ": the grid: expected one for each of ", a.dims[0], " images, found shape ",
         shown(grid.dims()));
  }
  Dims dims{a.dims[0], a.dims[1]};
  dims.insert(dims.end(), grid.dims().begin() + 1, grid.dims().end() - 1);
  const Index most = mode == "nearest" ? 1 : mode == "linear" ? 2 : 4;
  // Each entry twice, for the matrix that is made of them.
  importer.charge(node, dims, std::size_t(std::pow(most, axes)) * 2 * sizeof(layer::Sparse::Entry));
  const GridSampling how{mode, outside, align_corners};
  const std::vector<double> given = grid.values<double>();
  for (const double place : given)
    if (!(std::abs(place) <= 1e6))
      fail(describe(node), ": the grid: expected places of -1e6 to 1e6, found ", place);
  const std::vector<Index> strides = a.strides(), of_grid = as_activation(grid).strides();
  WeightedPlaces sources, next;
  define_sums(importer, node, a, dims, "GridSample", [&](const std::vector<Index>& at, auto add) {
    Index first = at[0] * of_grid[0];
    for (std::size_t axis = 2; axis < at.size(); ++axis) first += at[axis] * of_grid[axis - 1];
    sources.assign(1, {at[0] * strides[0] + at[1] * strides[1], 1.0});
    for (Index axis = 0; axis < axes; ++axis) {
      const std::size_t of_a = std::size_t(axis + 2);
      next.clear();
      for (const auto& [pixel, share] : how.places(given[std::size_t(first + axes - 1 - axis)], a.dims[of_a]))
        for (const auto& [source, weight] : sources)
          next.emplace_back(source + pixel * strides[of_a], weight * share);
      sources.swap(next);
    }
    for (const auto& [source, weight] : sources) add(source, weight);
  });
}

/// RoiAlign: averages of regions of images N, C, H, W, cut into bins, each of them read at a grid of places.
inline void import_roi_align(Importer& importer, const Node& node) {
  const Activation a = importer.activation(node, 0);
  const Tensor& regions = importer.constant(node, 1);
  const auto images = integers_of(node, importer.constant(node, 2));
  Attributes attributes(node);
  const std::string mode = attributes.text("mode", "avg"),
                    corners = attributes.text("coordinate_transformation_mode",
                                              importer.opset() < 16 ? "output_half_pixel" : "half_pixel");
  const Index height = Index(attributes.integer("output_height", 1)),
              width = Index(attributes.integer("output_width", 1)),
              ratio = Index(attributes.integer("sampling_ratio", 0));
  const double scale = double(attributes.real("spatial_scale", 1));
  attributes.finish();
  if (mode != "avg") fail(describe(node), ": attribute 'mode': expected avg, found ", shown(mode));
  if (corners != "half_pixel" && corners != "output_half_pixel")
    fail(describe(node), ": attribute 'coordinate_transformation_mode': expected half_pixel or ",
         "output_half_pixel, found ", shown(corners));
  if (a.batch_axis >= 0) throw BatchError(node, "its regions are of several samples");
  if (a.rank() != 4) fail(describe(node), ": expected an input N, C, H, W, found shape ", shown(a.dims));
  if (regions.rank() != 2 || regions.dims()[1] != 4 || Index(images.size()) != regions.dims()[0])
    fail(describe(node), ": expected regions of 4 numbers, and an image for each, found shape ",
         shown(regions.dims()), " and ", images.size(), " images");
  constexpr Index most = Index(1) << 20;
  if (height < 1 || width < 1 || height > most || width > most || ratio < 0 || ratio > most)
    fail(describe(node), ": expected sizes of 1 to ", most, ", found ", height, " x ", width,
         " and a sampling ratio of ", ratio);
  for (const std::int64_t image : images)
    if (image < 0 || image >= a.dims[0])
      fail(describe(node), ": expected images below ", a.dims[0], ", found ", image);

  // The weights of one bin along an axis, bin by bin.
  const auto along = [&](double begin, double end, Index bins, Index size) {
    const double offset = corners == "half_pixel" ? 0.5 : 0;
    const double first = begin * scale - offset;
    double extent = end * scale - offset - first;
    if (corners != "half_pixel") extent = std::max(extent, 1.0);
    const double bin = extent / double(bins);
    if (!(std::abs(first) < double(most)) || !(std::abs(extent) < double(most)))
      fail(describe(node), ": expected regions within ", most, " pixels, found ", begin, " to ", end);
    const Index steps = ratio > 0 ? ratio : std::max<Index>(1, Index(std::ceil(bin)));
    importer.charge(node, {bins, steps}, 2 * sizeof(WeightedPlaces::value_type));
    std::vector<WeightedPlaces> found(std::size_t(bins), WeightedPlaces{});
    for (Index b = 0; b < bins; ++b)
      for (Index step = 0; step < steps; ++step) {
        double x = first + (double(b) + (double(step) + 0.5) / double(steps)) * bin;
        if (x < -1 || x > double(size)) continue;
        x = std::clamp(x, 0.0, double(size - 1));
        const double low = std::floor(x), share = x - low;
        found[std::size_t(b)].emplace_back(Index(low), (1 - share) / double(steps));
        if (share > 0) found[std::size_t(b)].emplace_back(Index(low) + 1, share / double(steps));
      }
    return found;
  };
  const Dims dims{regions.dims()[0], a.dims[1], height, width};
  importer.charge(node, dims, sizeof(Index));
  const std::vector<double> corner = regions.values<double>();
  std::vector<std::array<std::vector<WeightedPlaces>, 2>> bins;
  std::size_t entries = 1;
  for (std::size_t r = 0; r < images.size(); ++r) {
    bins.push_back({along(corner[4 * r + 1], corner[4 * r + 3], height, a.dims[2]),
                    along(corner[4 * r], corner[4 * r + 2], width, a.dims[3])});
    for (const auto& y : bins.back()[0])
      for (const auto& x : bins.back()[1]) entries = std::max(entries, y.size() * x.size());
  }
  importer.charge(node, dims, entries * 2 * sizeof(layer::Sparse::Entry));
  const std::vector<Index> strides = a.strides();
  define_sums(importer, node, a, dims, "RoiAlign", [&](const std::vector<Index>& at, auto add) {
    const std::size_t r = std::size_t(at[0]);
    const Index plane = Index(images[r]) * strides[0] + at[1] * strides[1];
    for (const auto& [y, share] : bins[r][0][std::size_t(at[2])])
      for (const auto& [x, weight] : bins[r][1][std::size_t(at[3])])
        add(plane + y * strides[2] + x * strides[3], share * weight);
  });
}

/// Col2Im: N, C·taps, L, a column for each place of a sliding block, added up to the image N, C, [D,] H, W.
inline void import_col2im(Importer& importer, const Node& node) {
  const Activation a = importer.activation(node, 0);
  const auto dims_of = [&](std::size_t k) {
    const auto sizes = integers_of(node, importer.constant(node, k));
    return Dims(sizes.begin(), sizes.end());
  };
  const Dims image = dims_of(1), block = dims_of(2);
  Attributes attributes(node);
  if (image.size() < 1 || image.size() > most_spatial_axes || block.size() != image.size())
    fail(describe(node), ": expected an image and a block of 1 to ", most_spatial_axes, " axes, found ",
         shown(image), " and ", shown(block));
  const Spatial geometry = as_spatial(sliding_axes(node, attributes, image, block));
  attributes.finish();
  geometry.check("Col2Im");
  const Index taps = geometry.kernel_taps(), places = geometry.output_pixels();
  if (a.rank() != 3 || a.dims[1] % taps != 0 || a.dims[2] != places)
    fail(describe(node), ": expected columns of blocks of ", taps, " at ", places, " places, found shape ",
         shown(a.dims));
  const Index channels = a.dims[1] / taps;
  Dims dims{a.dims[0], channels};
  dims.insert(dims.end(), image.begin(), image.end());
  importer.charge(node, dims, sizeof(Index));
  importer.charge(node, a.dims, 2 * sizeof(layer::Sparse::Entry));
  const std::vector<Index> s = a.strides();
  layer::Sparse sums{.outputs = a.dims[0] * channels * geometry.input_pixels(),
                     .inputs = a.size(),
                     .entries = {},
                     .aggregation = "Col2Im"};
  const Extent all = geometry.output();
  for (Index n = 0; n < a.dims[0]; ++n)
    for (Index z = 0, place = 0; z < all.depth; ++z)
      for (Index y = 0; y < all.height; ++y)
        for (Index x = 0; x < all.width; ++x, ++place)
          geometry.for_each_tap(z, y, x, [&](Index tap, Index pixel) {
            for (Index c = 0; c < channels; ++c)
              sums.entries.push_back({(n * geometry.input_pixels() + pixel) * channels + c,
                                      n * s[0] + (c * taps + tap) * s[1] + place * s[2], 1});
          });
  importer.define(node.outputs[0], importer.add(node, "", layer::MatMul{std::move(sums)}, {a}, dims,
                                                channels_last(Index(dims.size()))));
}

inline constexpr std::array<Operator, 3> sampling_operators{{
    {"GridSample", import_grid_sample},
    {"RoiAlign", import_roi_align},
    {"Col2Im", import_col2im},
}};

}  // namespace ascribe::onnx
