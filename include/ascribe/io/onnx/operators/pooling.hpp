/// MaxPool, AveragePool, GlobalMaxPool and GlobalAveragePool.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/window.hpp>
#include <ascribe/windows/pool.hpp>
#include <ascribe/windows/table.hpp>

namespace ascribe::onnx {

/// The spatial axes, then N, C: a pool treats all images and channels alike.
inline AxisOrder pixels_first(Index rank) {
  AxisOrder order = c_order(rank);
  std::rotate(order.begin(), order.begin() + 2, order.end());
  return order;
}

/// A pool's windows over a value whose pixels lie first.
struct PoolWindows {
  std::vector<WindowAxis> axes;
  std::vector<Index> counted_after;  ///< as much of the padding behind was asked for, axis by axis

  Index outputs(std::size_t axis) const {
    return (axes[axis].padded() - axes[axis].span()) / axes[axis].stride + 1;
  }
};

/// Reads a pool's attributes. With ceil_mode the number of windows is rounded up: the padding behind becomes
/// what the last of them needs. But a window that would start in it is left out (ONNX's MaxPool, as from
/// operator set 22; PyTorch always).
inline PoolWindows pool_windows(const Node& node, Attributes& attributes, const Activation& a) {
  PoolWindows result{window_axes(node, attributes, a, {}), {}};
  const bool ceil_mode = attributes.flag("ceil_mode", false);
  for (WindowAxis& axis : result.axes) {
    const Index asked = axis.after, overhang = axis.padded() - axis.span() + axis.stride - 1;
    if (ceil_mode && overhang >= 0) {
      Index last = overhang / axis.stride;
      if (last * axis.stride >= axis.before + axis.input) --last;
      axis.after = std::max<Index>(0, last * axis.stride + axis.span() - axis.before - axis.input);
    }
    result.counted_after.push_back(std::min(asked, axis.after));
    if (axis.span() > axis.padded())
      fail(describe(node), ": the kernel spans ", axis.span(), " along axis ",
           result.counted_after.size() + 1, ": expected at most the padded input's ", axis.padded());
  }
  return result;
}

/// The same over a value with −∞ around it: a maximum takes that for padding of its own.
inline PoolWindows pool_windows(const Node& node, Attributes& attributes, const Padded& value) {
  Activation whole = value.inside;
  whole.dims = value.dims();
  PoolWindows result = pool_windows(node, attributes, whole);
  for (std::size_t axis = 0; axis < 2; ++axis)
    if (value.before[axis] + value.after[axis] > 0)
      fail(describe(node), ": input 0 (", shown(node.inputs[0]),
           "): expected -infinity around pixels, found it along axis ", axis,
           ", where it would be the maximum");
  for (std::size_t i = 0; i < result.axes.size(); ++i) {
    WindowAxis& axis = result.axes[i];
    axis.input = value.inside.dims[i + 2];
    axis.before += value.before[i + 2];
    axis.after += value.after[i + 2];
  }
  return result;
}

/// N, C, then the numbers of windows.
inline Dims pooled_dims(const Activation& a, const PoolWindows& windows) {
  Dims dims{a.dims[0], a.dims[1]};
  for (std::size_t i = 0; i < windows.axes.size(); ++i) dims.push_back(windows.outputs(i));
  return dims;
}

/// For more axes than a volume has: calls f(pixels, count) for every window in C order, with the pixels
/// inside, and how many positions of the kernel lie inside or in padding that counts. Throws Error where a
/// window lies wholly in padding that does not count, and for a table that exceeds ReadOptions::memory.
template <class F>
void each_pool_window(const Importer& importer, const Node& node, const PoolWindows& windows, Index channels,
                      bool count_padding, F&& f) {
  const std::size_t rank = windows.axes.size();
  Dims taps{channels};
  std::vector<std::vector<std::vector<Index>>> inside(rank);  // axis, output: positions
  std::vector<std::vector<Index>> counts(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    taps.push_back(windows.outputs(i));
    taps.push_back(windows.axes[i].kernel);
  }
  importer.charge(node, taps, 2 * sizeof(layer::Sparse::Entry));
  for (std::size_t i = 0; i < rank; ++i) {
    const WindowAxis& axis = windows.axes[i];
    const Index first = count_padding ? -axis.before : 0;
    const Index behind = axis.input + (count_padding ? windows.counted_after[i] : 0);
    for (Index o = 0; o < windows.outputs(i); ++o) {
      std::vector<Index> positions;
      Index count = 0;
      for (Index k = 0; k < axis.kernel; ++k) {
        const Index at = o * axis.stride - axis.before + k * axis.dilation;
        if (at >= 0 && at < axis.input) positions.push_back(at);
        if (at >= first && at < behind) ++count;
      }
      if (count == 0)
        fail(describe(node), ": the windows of output ", o, " along axis ", i + 2, " lie wholly in padding");
      inside[i].push_back(std::move(positions));
      counts[i].push_back(count);
    }
  }
  std::vector<std::size_t> at(rank, 0);
  for (bool more = true; more;) {
    std::vector<Index> pixels{0};
    Index count = 1;
    for (std::size_t i = 0; i < rank; ++i) {
      std::vector<Index> next;
      for (const Index pixel : pixels)
        for (const Index position : inside[i][at[i]])
          next.push_back(pixel * windows.axes[i].input + position);
      pixels = std::move(next);
      count *= counts[i][at[i]];
    }
    f(pixels, count);
    more = false;
    for (std::size_t i = rank; i-- > 0 && !more;) {
      more = ++at[i] < inside[i].size();
      if (!more) at[i] = 0;
    }
  }
}

inline void import_max_pool(Importer& importer, const Node& node) {
  Attributes attributes(node);
  const Padded* padded = importer.padded(node, 0);
  const Activation& given = padded ? padded->inside : importer.activation(node, 0);
  const PoolWindows windows =
      padded ? pool_windows(node, attributes, *padded) : pool_windows(node, attributes, given);
  attributes.ignore("storage_order");  // it says how Indices count, which nobody reads
  attributes.finish();
  if (importer.has_output(node, 1))
    fail(describe(node), ": expected output 1 (Indices) to be unused, found that it is used");
  const Activation a = importer.in_order(node, given, pixels_first(given.rank()));
  const Index channels = a.dims[0] * a.dims[1];
  const Dims dims = pooled_dims(a, windows);
  importer.charge(node, dims, importer.scalar_bytes());  // before the windows are looked at one by one
  const auto add = [&](auto pool) {
    importer.define(node.outputs[0], importer.add(node, "", layer::Max{std::move(pool)}, {a}, dims, a.order));
  };
  if (windows.axes.size() <= most_spatial_axes) return add(window::Pool(as_spatial(windows.axes), channels));
  std::vector<std::vector<Index>> table;
  each_pool_window(importer, node, windows, channels, false, [&](const std::vector<Index>& pixels, Index) {
    for (Index c = 0; c < channels; ++c) {
      table.emplace_back();
      for (const Index pixel : pixels) table.back().push_back(pixel * channels + c);
    }
  });
  add(window::Table(a.size(), table));
}

inline void import_average_pool(Importer& importer, const Node& node) {
  Attributes attributes(node);
  const Activation& given = importer.activation(node, 0);
  const PoolWindows windows = pool_windows(node, attributes, given);
  const bool count_padding = attributes.flag("count_include_pad", false);
  attributes.finish();
  const Activation a = importer.in_order(node, given, pixels_first(given.rank()));
  const Index channels = a.dims[0] * a.dims[1];
  const Dims dims = pooled_dims(a, windows);
  importer.charge(node, dims, importer.scalar_bytes());  // before the windows are looked at one by one
  const auto add = [&](auto pool) {
    importer.define(node.outputs[0],
                    importer.add(node, "", layer::MatMul{std::move(pool)}, {a}, dims, a.order));
  };
  if (windows.axes.size() <= most_spatial_axes) {
    std::vector<WindowAxis> counted = windows.axes;
    for (std::size_t i = 0; i < counted.size(); ++i) counted[i].after = windows.counted_after[i];
    return add(layer::AveragePool{as_spatial(windows.axes), channels,
                                  count_padding ? as_spatial(counted).pads : Pads{}});
  }
  layer::Sparse average{.outputs = 0, .inputs = a.size(), .entries = {}, .aggregation = "AveragePool"};
  Index& row = average.outputs;
  each_pool_window(importer, node, windows, channels, count_padding,
                   [&](const std::vector<Index>& pixels, Index count) {
                     for (Index c = 0; c < channels; ++c, ++row)
                       for (const Index pixel : pixels)
                         average.entries.push_back({row, pixel * channels + c, 1 / double(count)});
                   });
  add(std::move(average));
}

/// GlobalMaxPool and GlobalAveragePool: one window over all pixels, whatever axes they have.
template <bool average>
void import_global_pool(Importer& importer, const Node& node) {
  Attributes(node).finish();
  const Activation& given = importer.activation(node, 0);
  if (given.rank() < 3)
    fail(describe(node), ": expected an input N, C and at least 1 spatial axis, found shape ",
         shown(given.dims));
  const Activation a = importer.in_order(node, given, pixels_first(given.rank()));
  const Index channels = a.dims[0] * a.dims[1], pixels = a.size() / channels;
  Dims dims(a.dims.size(), 1);
  dims[0] = a.dims[0];
  dims[1] = a.dims[1];
  const Spatial all{.input = {1, pixels}, .kernel = {1, pixels}};
  if constexpr (average)
    importer.define(node.outputs[0], importer.add(node, "", layer::MatMul{layer::AveragePool{all, channels}},
                                                  {a}, dims, a.order));
  else
    importer.define(node.outputs[0],
                    importer.add(node, "", layer::Max{window::Pool(all, channels)}, {a}, dims, a.order));
}

inline constexpr std::array<Operator, 4> pooling_operators{{
    {"MaxPool", import_max_pool},
    {"AveragePool", import_average_pool},
    {"GlobalMaxPool", import_global_pool<false>},
    {"GlobalAveragePool", import_global_pool<true>},
}};

}  // namespace ascribe::onnx
