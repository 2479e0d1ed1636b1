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

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/arithmetic.hpp>

namespace ascribe::onnx {

/// The axes of a value by letters, as Einsum has them: one letter an axis.
using Letters = std::string;

/// Whether a value is a softmax's, perhaps moved, scaled or masked behind it: attention's weights.
inline bool is_attention(const Importer& importer, const std::string& value, int depth = 8) {
  constexpr std::string_view between[] = {"Cast",    "Div",   "Dropout", "Expand",    "Identity", "Mul",
                                          "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze"};
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

/// An equation of Einsum with one operand or two, "…ij,…jk->…ik": the letters of each, an ellipsis as capital
/// ones, which equations of small letters do not have.
struct Equation {
  Letters x, y, result;
};

/// Throws Error for more than two operands, a letter twice in one of them (a diagonal), and what is no
/// equation.
inline Equation equation_of(const Node& node, std::string text, Index x_rank, Index y_rank) {
  const auto refuse = [&](const char* why) {
    fail(describe(node), ": attribute 'equation': expected ", why, ", found ", shown(text));
  };
  std::string plain;
  for (const char c : text)
    if (c != ' ') plain += c;
  const std::size_t comma = plain.find(','), arrow = plain.find("->");
  if (comma != std::string::npos && plain.find(',', comma + 1) != std::string::npos)
    refuse("one operand or two");
  if ((comma != std::string::npos) != (node.inputs.size() == 2)) refuse("as many operands as inputs");
  const std::string operands = plain.substr(0, arrow);
  Equation found{operands.substr(0, comma), comma == std::string::npos ? "" : operands.substr(comma + 1),
                 arrow == std::string::npos ? "" : plain.substr(arrow + 2)};
  const auto letters_of = [&](const Letters& side) {
    Letters own;
    for (const char c : side)
      if (c != '.') own += c;
    for (std::size_t k = 0; k < own.size(); ++k)
      if (!((own[k] >= 'a' && own[k] <= 'z') || (own[k] >= 'A' && own[k] <= 'Z')) ||
          own.find(own[k], k + 1) != Letters::npos)
        refuse("letters, each once in an operand");
    return own;
  };
  const Letters x = letters_of(found.x), y = letters_of(found.y);
  if (arrow == std::string::npos) {  // what occurs once, in order, behind the ellipsis
    found.result = found.x.find('.') != Letters::npos || found.y.find('.') != Letters::npos ? "..." : "";
    Letters once;
    for (const char c : x + y)
      if ((x.find(c) == Letters::npos) != (y.find(c) == Letters::npos)) once += c;
    std::sort(once.begin(), once.end());
    found.result += once;
  }
  letters_of(found.result);
  // The ellipsis is the axes that are left, aligned at their ends: '0' is the last of them.
  const auto spelled = [&](const Letters& side, Index rank) {
    const std::size_t dots = side.find("...");
    if (dots == Letters::npos) {
      if (rank >= 0 && Index(side.size()) != rank) refuse("a letter for each axis");
      return side;
    }
    const Index count = rank - Index(side.size() - 3);
    if (count < 0 || count > 10) refuse("a letter for each axis");
    Letters own;
    for (Index k = count; k > 0; --k) own += char('0' + k - 1);
    return side.substr(0, dots) + own + side.substr(dots + 3);
  };
  found.x = spelled(found.x, x_rank);
  found.y = spelled(found.y, y_rank);
  if (const std::size_t dots = found.result.find("..."); dots != Letters::npos) {
    Letters own;
    for (char k = '9'; k >= '0'; --k)
      if ((found.x + found.y).find(k) != Letters::npos) own += k;
    found.result = found.result.substr(0, dots) + own + found.result.substr(dots + 3);
  }
  for (const char c : found.result)
    if ((found.x + found.y).find(c) == Letters::npos) refuse("a result of the operands' letters");
  return found;
}

/// Einsum with a constant operand: a linear map, entry by entry.
inline Activation add_contraction_with_constant(Importer& importer, const Node& node, const Activation& x,
                                                const Letters& x_letters, const Tensor& constant,
                                                const Letters& constant_letters, const Letters& result) {
  Letters all = result;
  for (const char letter : x_letters + constant_letters)
    if (all.find(letter) == Letters::npos) all += letter;
  const Activation c = as_activation(constant);
  const std::vector<Index> x_strides = x.strides(), c_strides = c.strides();
  struct Axis {
    Index size = 1, x = 0, c = 0, out = 0;
  };
  std::vector<Axis> axes;
  Index batch = -1;
  for (const char letter : all) {
    Axis axis;
    const auto take = [&](const Dims& sizes, const std::vector<Index>& strides, const Letters& letters,
                          Index& stride) {
      const std::size_t at = letters.find(letter);
      if (at == Letters::npos || sizes[at] == 1) return;
      if (axis.size != 1 && axis.size != sizes[at])
        fail(describe(node), ": expected shapes that fit, found ", shown(x.dims), " and ",
             shown(constant.dims()));
      axis.size = sizes[at];
      stride = strides[at];
    };
    take(x.dims, x_strides, x_letters, axis.x);
    take(constant.dims(), c_strides, constant_letters, axis.c);
    const std::size_t own = x_letters.find(letter), given = result.find(letter);
    if (own != Letters::npos && Index(own) == x.batch_axis) {
      if (given == Letters::npos || axis.size != 1)
        throw BatchError(node, "it multiplies along the batch's axis, which is not supported");
      batch = Index(given);
    }
    axes.push_back(axis);
  }
  Dims dims;
  for (std::size_t k = 0; k < result.size(); ++k) dims.push_back(axes[k].size);
  Index step = 1;
  for (std::size_t k = result.size(); k-- > 0; step *= axes[k].size) axes[k].out = step;
  Dims sizes;
  for (const Axis& axis : axes) sizes.push_back(axis.size);
  const Index entries = element_count(sizes, describe(node));
  if (entries < 1 || entries > (Index(1) << 27))
    fail(describe(node), ": expected products of 1 to 2^27 factors, found ", entries);
  importer.charge(node, {entries}, 2 * sizeof(layer::Sparse::Entry));  // them, and the matrix made of them
  const auto values = constant.values<double>();
  layer::Sparse map{.outputs = step, .inputs = x.size(), .entries = {}};
  if (constant.size() == 1) map.aggregation = "Sum";
  map.entries.reserve(std::size_t(entries));
  for (Index i = 0; i < entries; ++i) {
    Index left = i, from = 0, at = 0, out = 0;
    for (const Axis& axis : axes) {
      const Index k = left % axis.size;
      left /= axis.size;
      from += k * axis.x;
      at += k * axis.c;
      out += k * axis.out;
    }
    map.entries.push_back({out, from, values[std::size_t(at)]});
  }
  Activation placed = x;
  placed.batch_axis = batch;
  return importer.add(node, "", layer::MatMul{std::move(map)}, {placed}, std::move(dims),
                      c_order(Index(result.size())));
}

inline void import_einsum(Importer& importer, const Node& node) {
  Attributes attributes(node);
  const std::string text = attributes.required<std::string>("equation");
  attributes.finish();
  if (node.inputs.empty() || node.inputs.size() > 2)
    fail(describe(node), ": expected 1 or 2 inputs, found ", node.inputs.size(), ", which is not supported");
  const auto rank = [&](std::size_t k) {
    return importer.is_constant(node, k) ? importer.constant(node, k).rank()
                                         : importer.activation(node, k).rank();
  };
  const Equation e = equation_of(node, text, rank(0), node.inputs.size() == 2 ? rank(1) : 0);
  Activation result;
  if (node.inputs.size() == 1)  // sums, and axes in another order
    return importer.define(node.outputs[0],
                           add_contraction_with_constant(importer, node, importer.activation(node, 0), e.x,
                                                         Tensor::of<double>("", {}, {1.0}), "", e.result));
  if (importer.is_constant(node, 0))
    result = add_contraction_with_constant(importer, node, importer.activation(node, 1), e.y,
                                           importer.constant(node, 0), e.x, e.result);
  else if (importer.is_constant(node, 1))
    result = add_contraction_with_constant(importer, node, importer.activation(node, 0), e.x,
                                           importer.constant(node, 1), e.y, e.result);
  else
    result = add_contraction(importer, node, "", importer.activation(node, 0), e.x,
                             importer.activation(node, 1), e.y, e.result);
  importer.define(node.outputs[0], result);
}

}  // namespace ascribe::onnx
