/// Gemm, MatMul and Einsum.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/arithmetic.hpp>
#include <ascribe/io/onnx/operators/channel_affine.hpp>
#include <ascribe/io/onnx/operators/contraction.hpp>

namespace ascribe::onnx {

/// A matrix of constants, as the weights of a dense layer at so many positions.
inline layer::Dense dense_of(const Importer& importer, const Node& node, const Tensor& matrix,
                             bool transposed, Index values) {
  if (matrix.rank() != 2)
    fail(describe(node), ": expected a matrix of constants, found shape ", shown(matrix.dims()));
  if (matrix.size() < 1)
    fail(describe(node), ": expected a matrix with values, found shape ", shown(matrix.dims()));
  layer::Dense dense{.weights = matrix, .transposed = transposed};
  dense.positions = values / dense.inputs();
  if (dense.positions > 1)  // a convolution with a kernel of 1
    importer.charge(node, {.geometry = {.input = {1, dense.positions}},
                           .channels = dense.inputs(),
                           .filters = dense.outputs(),
                           .weights = matrix});
  return dense;
}

/// A dense layer along the fastest axis of `a`, at every position of the others, with what follows it.
inline void add_dense(Importer& importer, const Node& node, const Activation& a, layer::Dense dense,
                      layer::Numbers bias, Dims dims, AxisOrder order) {
  const Node& last = fold_followers(importer, node, dims, std::size_t(order.back()), dense.scale, bias);
  importer.define(last.outputs[0], importer.add(node, "", layer::MatMul{std::move(dense), std::move(bias)},
                                                {a}, std::move(dims), std::move(order)));
}

/// Y = α·A'·B' + β·C, with A an activation and B and C constants.
inline void import_gemm(Importer& importer, const Node& node) {
  Attributes attributes(node);
  const float alpha = attributes.real("alpha", 1), beta = attributes.real("beta", 1);
  const bool transposed_a = attributes.flag("transA", false), transposed_b = attributes.flag("transB", false);
  attributes.ignore("broadcast");
  attributes.finish();
  Activation a = importer.activation(node, 0);
  if (a.rank() != 2) fail(describe(node), ": expected an input of 2 axes, found shape ", shown(a.dims));
  if (transposed_a) {
    std::swap(a.dims[0], a.dims[1]);
    for (Index& axis : a.order) axis = 1 - axis;
    if (a.batch_axis >= 0) a.batch_axis = 1 - a.batch_axis;
  }
  check_not_batch(node, a, 1);
  a = importer.in_order(node, a, c_order(2));
  if (!importer.is_constant(node, 1)) {
    Activation product = add_contraction(importer, node, "product", a, "RK", importer.activation(node, 1),
                                         transposed_b ? "CK" : "KC", "RC");
    if (alpha != 1) product = add_function(importer, node, product, fn::Scale{double(alpha)}, "scaled");
    if (!importer.has_input(node, 2)) return importer.define(node.outputs[0], product);
    if (importer.is_constant(node, 2)) {
      const Tensor c = changed(importer.constant(node, 2), [&](double v) { return v * double(beta); });
      return importer.define(node.outputs[0], add_affine(importer, node, product, nullptr, &c));
    }
    Activation addend = importer.activation(node, 2);
    if (beta != 1) addend = add_function(importer, node, addend, fn::Scale{double(beta)}, "addend");
    return importer.define(node.outputs[0], add_sum(importer, node, {product, addend}));
  }
  const Tensor& matrix = importer.constant(node, 1);
  if (matrix.rank() == 2 && matrix.dims()[transposed_b ? 1 : 0] != a.dims[1])
    fail(describe(node), ": the weights: expected ", a.dims[1], " inputs, found ",
         matrix.dims()[transposed_b ? 1 : 0]);
  layer::Dense dense = dense_of(importer, node, matrix, !transposed_b, a.size());
  const Index outputs = dense.outputs();
  if (alpha != 1) dense.scale.assign(std::size_t(outputs), double(alpha));
  const Dims dims{a.dims[0], outputs};
  if (!importer.has_input(node, 2))
    return add_dense(importer, node, a, std::move(dense), {}, dims, c_order(2));
  if (!importer.is_constant(node, 2)) {
    const Activation product =
        importer.add(node, "product", layer::MatMul{std::move(dense)}, {a}, dims, c_order(2));
    Activation addend = importer.activation(node, 2);
    if (beta != 1) addend = add_function(importer, node, addend, fn::Scale{double(beta)}, "scaled");
    return importer.define(node.outputs[0], add_sum(importer, node, {product, addend}));
  }
  const Activation shape{0, dims, c_order(2), a.batch_axis};
  layer::Numbers c = importer.broadcast(node, importer.constant(node, 2), shape);
  for (double& v : c) v *= double(beta);
  if (c.size() == 1) c.resize(std::size_t(outputs), c[0]);
  if (std::size_t(outputs) % c.size() == 0)
    return add_dense(importer, node, a, std::move(dense), std::move(c), dims, c_order(2));
  // A bias for every position: nothing behind it is folded in.
  importer.define(node.outputs[0], importer.add(node, "", layer::MatMul{std::move(dense), std::move(c)}, {a},
                                                dims, c_order(2)));
}

/// A·B with a constant side of several matrices: one for each position of the axes before the last two.
inline void import_matmul_of_many(Importer& importer, const Node& node, const Tensor& constant, Activation a,
                                  bool left) {
  if (a.rank() < 2)
    fail(describe(node), ": expected at least 2 axes beside constants of shape ", shown(constant.dims()),
         ", found ", shown(a.dims));
  const auto outer_of = [](const Dims& dims) { return Dims(dims.begin(), dims.end() - 2); };
  const Dims outer = broadcast_dims(node, outer_of(constant.dims()), outer_of(a.dims));
  Dims expanded = outer;
  expanded.insert(expanded.end(), a.dims.end() - 2, a.dims.end());
  a = importer.in_order(node, expand(importer, node, a, expanded), c_order(Index(expanded.size())));
  const std::size_t last = expanded.size() - 1;
  const Index c_rows = constant.dims()[std::size_t(constant.rank() - 2)], c_columns = constant.dims().back(),
              rows = left ? c_rows : expanded[last - 1], inner = left ? c_columns : c_rows,
              columns = left ? expanded[last] : c_columns, found = left ? expanded[last - 1] : expanded[last];
  if (found != inner)
    fail(describe(node), ": expected ", inner, " features to be multiplied, found shape ", shown(expanded));
  for (std::size_t axis = 0; axis < outer.size(); ++axis)
    if (outer[axis] > 1) check_not_batch(node, a, Index(axis));
  Dims dims = outer;
  dims.push_back(rows);
  dims.push_back(columns);
  Index matrices = 1;
  for (const Index size : outer) matrices *= size;
  const Index entries = element_count(std::vector<Index>{matrices, rows, columns, inner}, describe(node));
  if (entries < 1 || entries > (Index(1) << 27))
    fail(describe(node), ": expected products of 1 to 2^27 factors, found ", entries);
  const auto values = constant.values<double>();
  layer::Sparse products{.outputs = matrices * rows * columns, .inputs = a.size(), .entries = {}};
  importer.charge(node, {entries}, 2 * sizeof(layer::Sparse::Entry));  // them, and the matrix made of them
  products.entries.reserve(std::size_t(entries));
  for (Index m = 0; m < matrices; ++m) {
    // The constant's matrix at this position: axes of size 1 repeat.
    Index which = 0, rest = m;
    for (Index axis = Index(outer.size()) - 1, step = 1; axis >= 0; --axis) {
      const Index at = rest % outer[std::size_t(axis)], offset = Index(outer.size()) - (constant.rank() - 2);
      rest /= outer[std::size_t(axis)];
      if (axis < offset) continue;
      const Index size = constant.dims()[std::size_t(axis - offset)];
      which += (size == 1 ? 0 : at) * step;
      step *= size;
    }
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < columns; ++j)
        for (Index k = 0; k < inner; ++k) {
          const Index entry = which * c_rows * c_columns + (left ? i * inner + k : k * columns + j);
          const Index input = left ? (m * inner + k) * columns + j : (m * rows + i) * inner + k;
          products.entries.push_back({(m * rows + i) * columns + j, input, values[std::size_t(entry)]});
        }
  }
  importer.define(node.outputs[0], importer.add(node, "", layer::MatMul{std::move(products)}, {a}, dims,
                                                c_order(Index(dims.size()))));
}

/// A·B. A constant side is a matrix (or a vector); the other may have any axes before its last two.
inline void import_matmul(Importer& importer, const Node& node) {
  Attributes(node).finish();
  if (!importer.is_constant(node, 0) && !importer.is_constant(node, 1))
    return import_matmul_of_values(importer, node);
  const bool left = importer.is_constant(node, 0);
  const Tensor& constant = importer.constant(node, left ? 0 : 1);
  Activation a = importer.activation(node, left ? 1 : 0);
  if (constant.rank() < 1 || a.rank() < 1)
    fail(describe(node), ": expected two vectors or matrices, found shapes ",
         shown(left ? constant.dims() : a.dims), " and ", shown(left ? a.dims : constant.dims()));
  const bool vector = constant.rank() == 1;
  Tensor flat = constant;
  // A constant with axes of size 1 before its matrix is that matrix.
  Index outer = 1;
  for (Index axis = 0; axis + 2 < constant.rank(); ++axis) outer *= constant.dims()[std::size_t(axis)];
  if (constant.rank() > 2 && outer == 1)
    flat = constant.reshaped({constant.dims()[std::size_t(constant.rank() - 2)], constant.dims().back()});
  if (vector) flat = left ? constant.reshaped({1, constant.size()}) : constant.reshaped({constant.size(), 1});
  if (flat.rank() != 2) return import_matmul_of_many(importer, node, constant, a, left);
  if (constant.rank() > a.rank() && constant.rank() > 2)
    fail(describe(node), ": expected a constant side of at most ", a.rank(), " axes, found shape ",
         shown(constant.dims()));
  const Index inputs = flat.dims()[left ? 1 : 0];
  const bool a_vector = a.rank() == 1;
  const Index contracted = left && !a_vector ? a.rank() - 2 : a.rank() - 1;
  check_not_batch(node, a, contracted);
  if (a.dims[std::size_t(contracted)] != inputs)
    fail(describe(node), ": expected ", inputs, " features along axis ", contracted, ", found shape ",
         shown(a.dims));
  // The contracted axis becomes the fastest, whichever it is.
  AxisOrder order = c_order(a.rank());
  std::rotate(order.begin() + contracted, order.begin() + contracted + 1, order.end());
  a = importer.in_order(node, a, order);
  layer::Dense dense = dense_of(importer, node, flat, !left, a.size());
  Dims dims = a.dims;
  dims[std::size_t(contracted)] = dense.outputs();
  if (!vector) return add_dense(importer, node, a, std::move(dense), {}, dims, order);
  // numpy drops the axis of a vector.
  Activation result = importer.add(node, "", layer::MatMul{std::move(dense)}, {a}, dims, order);
  result.dims.erase(result.dims.begin() + contracted);
  result.order.erase(std::find(result.order.begin(), result.order.end(), contracted));
  for (Index& axis : result.order) axis -= axis > contracted;
  if (result.batch_axis > contracted) --result.batch_axis;
  importer.define(node.outputs[0], result);
}

inline constexpr std::array<Operator, 3> linear_operators{{
    {"Gemm", import_gemm},
    {"MatMul", import_matmul},
    {"Einsum", import_einsum},
}};

}  // namespace ascribe::onnx
