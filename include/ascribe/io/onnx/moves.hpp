/// How elements move: from where in memory to where, for activations and constants alike.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "ascribe/core/function_ref.hpp"
#include "ascribe/core/types.hpp"
#include "ascribe/io/onnx/activation.hpp"
#include "ascribe/io/onnx/tensor.hpp"

namespace ascribe::onnx {

/// For each axis, where every index along it leads to in memory; −1: into a gap.
using Places = std::vector<std::vector<Index>>;

/// For an index along an axis of a result, the index along that axis of what it comes from; −1: from none.
using AxisSource = FunctionRef<Index(std::size_t axis, Index i)>;

/// For a multi-index of a result, the place of the element that it comes from; −1: from none.
using PlaceSource = FunctionRef<Index(const std::vector<Index>& at)>;

/// Those of a result of `dims` whose element at i₀, i₁, … is a's at source(0, i₀), source(1, i₁), …, and a
/// gap where one of these is −1.
inline Places places_of(const Activation& a, const Dims& dims, AxisSource source) {
  const std::vector<Index> strides = a.strides();
  Places places(dims.size());
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    places[axis].reserve(std::size_t(dims[axis]));
    for (Index i = 0; i < dims[axis]; ++i) {
      const Index from = source(axis, i);
      places[axis].push_back(from < 0 ? -1 : from * strides[axis]);
    }
  }
  return places;
}

/// Whether nothing moves on such a way from `a` to `result`.
inline bool stays(const Activation& a, const Activation& result, AxisSource source) {
  if (a.dims != result.dims || !same_in_memory(a, result.order)) return false;
  if (a.size() == 0) return true;  // however long its other axes are
  for (std::size_t axis = 0; axis < a.dims.size(); ++axis)
    for (Index i = 0; i < a.dims[axis]; ++i)
      if (source(axis, i) != i) return false;
  return true;
}

/// Calls row(start, places) for every row of `result`, one behind the other as they lie in memory: the row's
/// elements come from start plus each of the places, where neither is −1. There is at least one element.
inline void each_row(const Activation& result, const Places& places,
                     FunctionRef<void(Index, const std::vector<Index>&)> row) {
  const auto joined = [](Index a, Index b) { return a < 0 || b < 0 ? -1 : a + b; };
  AxisOrder axes;
  Index base = 0;
  for (const Index axis : result.order)  // those of size 1 lead to one place
    if (result.dims[std::size_t(axis)] == 1)
      base = joined(base, places[std::size_t(axis)][0]);
    else
      axes.push_back(axis);
  if (axes.empty()) return row(base, std::vector<Index>{0});
  const std::vector<Index>& fastest = places[std::size_t(axes.back())];
  axes.pop_back();
  std::vector<std::size_t> at(axes.size(), 0);
  for (;;) {
    Index start = base;
    for (std::size_t k = 0; k < axes.size(); ++k) start = joined(start, places[std::size_t(axes[k])][at[k]]);
    row(start, fastest);
    std::size_t k = axes.size();
    while (k > 0 && ++at[k - 1] == places[std::size_t(axes[k - 1])].size()) at[--k] = 0;
    if (k == 0) return;
  }
}

/// Copies elements of so many bytes, 1, 2, 4 or 8, to the rows of `result`.
inline void copy_rows(std::size_t item, const std::byte* from, std::byte* to, const std::byte* fill,
                      const Activation& result, const Places& places) {
  const auto copy = [&]<std::size_t size>(std::integral_constant<std::size_t, size>) {
    const std::vector<Index>* known = nullptr;
    bool in_one_piece = false;
    each_row(result, places, [&](Index start, const std::vector<Index>& row) {
      if (known != &row) {  // the same in every row
        known = &row;
        in_one_piece = row[0] >= 0;
        for (std::size_t i = 1; i < row.size() && in_one_piece; ++i)
          in_one_piece = row[i] == row[0] + Index(i);
      }
      if (start >= 0 && in_one_piece) {
        std::memcpy(to, from + std::size_t(start + row[0]) * size, row.size() * size);
        to += row.size() * size;
        return;
      }
      for (const Index place : row) {
        std::memcpy(to, start < 0 || place < 0 ? fill : from + std::size_t(start + place) * size, size);
        to += size;
      }
    });
  };
  switch (item) {
    case 1:
      return copy(std::integral_constant<std::size_t, 1>{});
    case 2:
      return copy(std::integral_constant<std::size_t, 2>{});
    case 4:
      return copy(std::integral_constant<std::size_t, 4>{});
    default:
      return copy(std::integral_constant<std::size_t, 8>{});
  }
}

/// The bytes of one element for gaps: those of `fill`, 0 where it has none.
inline std::array<std::byte, 8> gap_bytes(const Tensor& fill) {
  std::array<std::byte, 8> bytes{};
  if (fill.has_values()) std::copy(fill.bytes().begin(), fill.bytes().end(), bytes.begin());
  return bytes;
}

/// The constant `a` moved to the shape and order of `result` (places_of), its bytes as they are, and `fill`,
/// one element of its type, in the gaps. charge(dims, item_size) pays for each thing before it is made.
inline Activation moved(const Activation& a, Activation result, AxisSource source, const Tensor& fill,
                        FunctionRef<void(const Dims&, std::size_t)> charge) {
  const std::span<const std::byte> from = a.constant->bytes();
  const ElementType type = a.constant->type();
  const std::size_t item = item_size(type);
  charge(result.dims, item);
  std::vector<std::byte> bytes;
  if (result.size() > 0) {
    for (const Index size : result.dims) charge(Dims{size}, sizeof(Index));
    const Places places = places_of(a, result.dims, source);
    bytes.resize(std::size_t(result.size()) * item);
    copy_rows(item, from.data(), bytes.data(), gap_bytes(fill).data(), result, places);
  }
  result.constant = Tensor::of_bytes(a.constant->name(), type, result.dims, std::move(bytes));
  return result;
}

/// Several values, read as one behind the other: which of them a place is in, and where.
struct Gathering {
  /// `all` must outlive this.
  explicit Gathering(const std::vector<Activation>& all) : values(all) {
    Index end = 0;
    for (const Activation& a : values) {
      begins.push_back(end);
      bases.push_back(count);
      end += a.size();
      if (a.constant) continue;
      features.push_back(a);
      count += a.size();
    }
  }

  /// Which value a place is in.
  std::size_t value_of(Index place) const {
    return std::size_t(std::upper_bound(begins.begin(), begins.end(), place) - begins.begin()) - 1;
  }

  // Where all are constants:

  /// Throws Error where there are several.
  ElementType constant_type(const Node& node) const {
    const ElementType type = values.front().constant->type();
    for (const Activation& a : values) {
      a.constant->bytes();
      if (a.constant->type() != type)
        fail(describe(node), ": expected constants of one type, found ", name(type), " and ",
             name(a.constant->type()));
    }
    return type;
  }
  /// A constant's element, where it lies.
  const std::byte* bytes(Index place, std::size_t item) const {
    const std::size_t k = value_of(place);
    return values[k].constant->bytes().data() + std::size_t(place - begins[k]) * item;
  }

  // Where some are none:

  /// Reads the values of those that are constants.
  void read_constants() {
    numbers.resize(values.size());
    for (std::size_t k = 0; k < values.size(); ++k)
      if (values[k].constant) numbers[k] = values[k].constant->values<double>();
  }
  /// The place among the activations' features; for a constant −1, with its value in the bias.
  Index feature(Index place, std::vector<double>& bias, std::size_t output) const {
    const std::size_t k = value_of(place);
    const Index at = place - begins[k];
    if (!values[k].constant) return bases[k] + at;
    bias[output] = numbers[k][std::size_t(at)];
    return -1;
  }

  const std::vector<Activation>& values;  ///< all of them
  std::vector<Activation> features;  ///< those that are no constants
  Index count = 0;                   ///< of their values
  /// Where each begins: among all, and among the features.
  std::vector<Index> begins, bases;
  std::vector<std::vector<double>> numbers;  ///< the constants' values
};

}  // namespace ascribe::onnx
