/// Products of two activations that are sums over axes: MatMul, Gemm and Einsum of values.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/arithmetic.hpp>

namespace ascribe::onnx {

/// The axes of a value by letters, as Einsum has them: one letter an axis.
using Letters = std::string;

/// Whether a value is a softmax's, perhaps moved, scaled or masked behind it: attention's weights.
inline bool is_attention(const Importer& importer, const std::string& value, int depth = 8) {
  constexpr std::string_view between[] = {"Cast",    "Div",   "Dropout",   "Expand",    "Identity", "Mul",
                                          "Reshape", "Slice", "Squeeze",   "Transpose", "Unsqueeze"};
  const Node* from = importer.producer(value);
  if (!from || depth == 0) return false;
  if (from->op_type == "Softmax") return true;
  if (from->op_type == "Where")
    return is_attention(importer, from->inputs[1], depth - 1) ||
           is_attention(importer, from->inputs[2], depth - 1);
  return std::find(std::begin(between), std::end(between), from->op_type) != std::end(between) &&
         is_attention(importer, from->inputs[0], depth - 1);
}

/// Σ x·y over the letters that `result` lacks. A letter's sizes are the same, or 1 where it is repeated. Each
/// letter is in two of the three at least. Throws Error where sizes do not fit, BatchError where the batch is
/// summed over or is another axis of either factor.
inline Activation add_contraction(Importer& importer, const Node& node, std::string_view part,
                                  const Activation& x, const Letters& x_letters, const Activation& y,
                                  const Letters& y_letters, const Letters& result) {
  const auto place = [](const Letters& letters, char letter) { return letters.find(letter); };
  Letters all = result;
  for (const char letter : x_letters + y_letters)
    if (place(all, letter) == Letters::npos) all += letter;
  const std::vector<Index> x_strides = x.strides(), y_strides = y.strides();
  std::vector<Contraction::Axis> axes;
  Index batch = -1;
  for (const char letter : all) {
    Contraction::Axis axis{1, 0, 0, 0};
    bool batches[2] = {};
    const auto take = [&](const Activation& a, const std::vector<Index>& strides, const Letters& letters,
                          Index& stride, bool& is_batch) {
      const std::size_t at = place(letters, letter);
      if (at == Letters::npos) return;
      const Index size = a.dims[at];
      is_batch = Index(at) == a.batch_axis;
      if (size == 1) return;
      if (axis.size != 1 && axis.size != size)
        fail(describe(node), ": expected shapes that fit, found ", shown(x.dims), " and ", shown(y.dims));
      axis.size = size;
      stride = strides[at];
    };
    take(x, x_strides, x_letters, axis.x, batches[0]);
    take(y, y_strides, y_letters, axis.y, batches[1]);
    const bool summed = place(result, letter) == Letters::npos;
    if (batches[0] != batches[1] || (batches[0] && summed))
      throw BatchError(node, "it multiplies along the batch's axis, which is not supported");
    if (batches[0]) batch = Index(place(result, letter));
    if (summed && axis.size > 1 && (axis.x == 0 || axis.y == 0))
      fail(describe(node), ": expected to sum over what both factors have, found shapes ", shown(x.dims),
           " and ", shown(y.dims));
    axes.push_back(axis);
  }
  Dims dims;
  for (std::size_t k = 0; k < result.size(); ++k) dims.push_back(axes[k].size);
  // In memory, as the second factor has its axes where the fastest one stays, so that what splits its
  // features into heads and joins them again moves nothing.
  const Index rank = Index(result.size());
  AxisOrder order = c_order(rank);
  const char fastest = y_letters.empty() ? 0 : y_letters[std::size_t(y.order.back())];
  if (fastest && place(result, fastest) != Letters::npos) {
    AxisOrder near;
    const auto push = [&](char letter) {
      const std::size_t at = place(result, letter);
      if (at != Letters::npos && std::find(near.begin(), near.end(), Index(at)) == near.end())
        near.push_back(Index(at));
    };
    for (const Index axis : y.order) {
      const char letter = y_letters[std::size_t(axis)];
      // Where the letter that is summed over stood, those that the first factor alone has.
      if (place(result, letter) == Letters::npos)
        for (const Index own : x.order)
          if (place(y_letters, x_letters[std::size_t(own)]) == Letters::npos)
            push(x_letters[std::size_t(own)]);
      push(letter);
    }
    if (Index(near.size()) == rank) order = near;
  }
  Index step = 1;
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
    Contraction::Axis& own = axes[std::size_t(*axis)];
    own.out = own.size > 1 ? step : 0;
    step *= own.size;
  }
  const Index gate = is_attention(importer, node.inputs[1]) ? 1 : 0;
  Activation factors[] = {x, y};
  for (Activation& a : factors) a.batch_axis = batch;
  return importer.add(node, part, kind::Product(Contraction(std::move(axes)), gate), {factors[0], factors[1]},
                      std::move(dims), std::move(order));
}

/// A·B of two activations, matrices or vectors in their last axes, numpy's broadcasting before.
inline void import_matmul_of_values(Importer& importer, const Node& node) {
  const Activation &x = importer.activation(node, 0), &y = importer.activation(node, 1);
  if (x.rank() < 1 || y.rank() < 1)
    fail(describe(node), ": expected two vectors or matrices, found shapes ", shown(x.dims), " and ",
         shown(y.dims));
  const Index outer = std::max<Index>({0, x.rank() - 2, y.rank() - 2});
  if (outer > 20) fail(describe(node), ": expected at most 22 axes, found ", outer + 2);
  Letters before;
  for (Index k = 0; k < outer; ++k) before += char('a' + k);
  const auto tail = [&](const Activation& a, const char* matrix, const char* vector) {
    if (a.rank() == 1) return Letters(vector);
    return before.substr(std::size_t(outer - (a.rank() - 2))) + matrix;
  };
  Letters result = before;
  if (x.rank() > 1) result += 'R';
  if (y.rank() > 1) result += 'C';
  importer.define(node.outputs[0],
                  add_contraction(importer, node, "", x, tail(x, "RK", "K"), y, tail(y, "KC", "K"), result));
}

}  // namespace ascribe::onnx
