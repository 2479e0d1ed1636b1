/// From a Model to a Network: all operators, and the graph that they build. A program with ascribe::compiled
/// includes it for another Scalar than float and double.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/core/linkage.hpp>
#include <ascribe/io/onnx.hpp>
#include <ascribe/io/onnx/graph_builder.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/arithmetic.hpp>
#include <ascribe/io/onnx/operators/elementwise.hpp>
#include <ascribe/io/onnx/operators/indices.hpp>
#include <ascribe/io/onnx/operators/linear.hpp>
#include <ascribe/io/onnx/operators/math.hpp>
#include <ascribe/io/onnx/operators/pooling.hpp>
#include <ascribe/io/onnx/operators/reduce.hpp>
#include <ascribe/io/onnx/operators/shape.hpp>
#include <ascribe/io/onnx/patterns.hpp>

namespace ascribe::onnx {

/// Every operator that a network may have (those that constants are computed with apart, fold.hpp).
ASCRIBE_INLINE std::vector<Operator> operators();

/// Builds a model's network. Throws as `network`.
ASCRIBE_INLINE Importer::Result build(const Model& model, const ReadOptions& options, Builder& builder);

/// The outputs of one node of constants: fold::evaluate, and what moves values, which shares or copies bytes
/// and passes on that there are none.
ASCRIBE_INLINE std::vector<Tensor> evaluate(const Node& node, std::span<const Tensor* const> inputs,
                                            Index opset, Budget& budget);

#ifdef ASCRIBE_DEFINES

ASCRIBE_INLINE std::vector<Operator> operators() {
  std::vector<Operator> all;
  // One by one: of an insertion GCC 12 warns that it writes beyond memory, which it does not.
  const auto add = [&](const auto& family) {
    for (const Operator& op : family) all.push_back(op);
  };
  add(linear_operators);
  add(elementwise_operators);
  add(arithmetic_operators);
  add(math_operators);
  add(pooling_operators);
  add(reduce_operators);
  add(shape_operators);
  add(index_operators);
  return all;
}

ASCRIBE_INLINE Importer::Result build(const Model& model, const ReadOptions& options, Builder& builder) {
  return Importer(model, options, builder).run(operators(), find_patterns);
}

ASCRIBE_INLINE std::vector<Tensor> evaluate(const Node& node, std::span<const Tensor* const> inputs,
                                            Index opset, Budget& budget) {
  GraphBuilder<double> builder;
  return Importer::evaluate(operators(), builder, node, inputs, opset, budget);
}

#endif

template <class Scalar>
Network<Scalar> network(const Model& model, const ReadOptions& options) {
  GraphBuilder<Scalar> builder(options.winograd ? map::Products::winograd : map::Products::direct);
  auto result = build(model, options, builder);
  Network<Scalar> network;
  const auto ports = [&](const std::vector<std::string>& names, const std::vector<Activation>& values) {
    std::vector<Port> all;
    for (std::size_t k = 0; k < names.size(); ++k) all.push_back({names[k], values[k].sample_dims()});
    return all;
  };
  network.inputs = ports(result.input_names, result.inputs);
  network.outputs = ports(result.output_names, result.outputs);
  network.graph = builder.take();
  network.notes = std::move(result.notes);
  return network;
}

}  // namespace ascribe::onnx
