/// From a Model to a Network: all operators, and the graph that they build. A program with ascribe::compiled
/// includes it for another Scalar than float and double.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/core/linkage.hpp>
#include <ascribe/io/onnx.hpp>
#include <ascribe/io/onnx/graph_builder.hpp>
#include <ascribe/io/onnx/importer.hpp>

#ifdef ASCRIBE_DEFINES
#include <ascribe/io/onnx/branches.hpp>
#include <ascribe/io/onnx/operators/arithmetic.hpp>
#include <ascribe/io/onnx/operators/channel_affine.hpp>
#include <ascribe/io/onnx/operators/concat.hpp>
#include <ascribe/io/onnx/operators/conditions.hpp>
#include <ascribe/io/onnx/operators/convolution.hpp>
#include <ascribe/io/onnx/operators/cumulative.hpp>
#include <ascribe/io/onnx/operators/elementwise.hpp>
#include <ascribe/io/onnx/operators/identity.hpp>
#include <ascribe/io/onnx/operators/indices.hpp>
#include <ascribe/io/onnx/operators/linear.hpp>
#include <ascribe/io/onnx/operators/math.hpp>
#include <ascribe/io/onnx/operators/ml.hpp>
#include <ascribe/io/onnx/operators/normalisation.hpp>
#include <ascribe/io/onnx/operators/pooling.hpp>
#include <ascribe/io/onnx/operators/quantised.hpp>
#include <ascribe/io/onnx/operators/recurrent.hpp>
#include <ascribe/io/onnx/operators/reduce.hpp>
#include <ascribe/io/onnx/operators/resize.hpp>
#include <ascribe/io/onnx/operators/sampling.hpp>
#include <ascribe/io/onnx/operators/shape.hpp>
#include <ascribe/io/onnx/operators/slice.hpp>
#include <ascribe/io/onnx/operators/softmax.hpp>
#include <ascribe/io/onnx/patterns.hpp>
#endif

namespace ascribe::onnx {

/// Every operator that a network may have (those that constants are computed with apart, fold.hpp).
ASCRIBE_INLINE std::vector<Operator> operators();

/// Builds a model's network with the builder, or with another of its kind where one attempt is not enough.
/// Throws as `network`.
ASCRIBE_INLINE Importer::Result build(const Model& model, const ReadOptions& options,
                                      std::unique_ptr<Builder>& builder);

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
  add(convolution_operators);
  add(linear_operators);
  add(channel_affine_operators);
  add(elementwise_operators);
  add(arithmetic_operators);
  add(math_operators);
  add(pooling_operators);
  add(reduce_operators);
  add(cumulative_operators);
  add(condition_operators);
  add(normalisation_operators);
  add(softmax_operators);
  add(recurrent_operators);
  add(ml_operators);
  add(quantised_operators);
  add(sampling_operators);
  add(concat_operators);
  add(slice_operators);
  add(shape_operators);
  add(resize_operators);
  add(identity_operators);
  add(index_operators);
  return all;
}

ASCRIBE_INLINE std::vector<std::string_view> operator_names() {
  std::vector<std::string_view> names;
  for (const Operator& op : operators()) names.push_back(op.type);
  names.push_back("If");  // in whose place a branch is read
  return names;
}

namespace detail {

/// The patterns that are looked for before a walk.
inline auto patterns_of(const ReadOptions& options) {
  return [&options](Importer& importer) {
    find_patterns(importer);
    if (options.merge_branches) find_branches(importer);
  };
}

/// How a model that mixes samples is read for a batch of one, where a whole tensor is a sample. Throws Error,
/// which says what `mixes` them, where the file states a larger batch.
ASCRIBE_INLINE ReadOptions for_one_sample(const Model& model, const ReadOptions& options,
                                          const std::string& mixes) {
  ReadOptions whole = options;
  whole.batched = false;
  for (const ValueInfo& input : model.graph.inputs) {
    const auto is_it = [&](const Tensor& tensor) { return tensor.name() == input.name; };
    const auto& stored = model.graph.initializers;  // older files list them among the inputs
    if (!input.dims || input.dims->empty() || options.constants.count(input.name) > 0 ||
        std::any_of(stored.begin(), stored.end(), is_it))
      continue;
    if (input.dims->front().size.value_or(1) != 1) throw Error(mixes);
    const auto given = options.shapes.find(input.name);
    Dims& shape = whole.shapes[input.name];
    shape.assign(1, 1);
    for (std::size_t axis = 1; axis < input.dims->size(); ++axis) {
      const Dimension& d = (*input.dims)[axis];
      const auto size = options.sizes.find(d.name);
      shape.push_back(d.size                          ? *d.size
                      : given != options.shapes.end() ? given->second[axis]
                      : size != options.sizes.end()   ? size->second
                                                      : 0);
    }
  }
  return whole;
}

}  // namespace detail

ASCRIBE_INLINE std::vector<NodeReport> survey(const Model& model, const ReadOptions& options) {
  const auto run = [&](const ReadOptions& with) {
    GraphBuilder<float> builder;
    return Importer(model, with, builder).survey(operators(), detail::patterns_of(options));
  };
  std::string mixes;
  try {
    return run(options);
  } catch (const BatchError& error) {
    mixes = error.what();
  }
  return run(detail::for_one_sample(model, options, mixes));
}

ASCRIBE_INLINE Importer::Result build(const Model& model, const ReadOptions& options,
                                      std::unique_ptr<Builder>& builder) {
  const auto run = [&](const ReadOptions& with) {
    return Importer(model, with, *builder).run(operators(), detail::patterns_of(options));
  };
  std::string mixes;
  try {
    return run(options);
  } catch (const BatchError& error) {
    mixes = error.what();
  }
  const ReadOptions whole = detail::for_one_sample(model, options, mixes);
  builder = builder->another();
  Importer::Result result = run(whole);
  for (auto* values : {&result.inputs, &result.outputs})
    for (Activation& a : *values)
      if (!a.dims.empty() && a.dims[0] == 1) a.batch_axis = 0;
  result.notes.push_back("it is read for a batch of one, for " + mixes);
  return result;
}

ASCRIBE_INLINE std::vector<Tensor> evaluate(const Node& node, std::span<const Tensor* const> inputs,
                                            Index opset, Budget& budget) {
  GraphBuilder<double> builder;
  return Importer::evaluate(operators(), builder, node, inputs, opset, budget);
}

#endif

template <class Scalar>
Network<Scalar> network(const Model& model, const ReadOptions& options) {
  std::unique_ptr<Builder> builder = std::make_unique<GraphBuilder<Scalar>>(
      options.winograd ? map::Products::winograd : map::Products::direct);
  auto result = build(model, options, builder);
  Network<Scalar> network;
  const auto ports = [&](const std::vector<std::string>& names, const std::vector<Activation>& values) {
    std::vector<Port> all;
    for (std::size_t k = 0; k < names.size(); ++k) all.push_back({names[k], values[k].sample_dims(), {}});
    return all;
  };
  network.inputs = ports(result.input_names, result.inputs);
  for (std::size_t k = 0; k < network.inputs.size(); ++k)
    network.inputs[k].values = std::move(result.input_values[k]);
  network.outputs = ports(result.output_names, result.outputs);
  network.graph = static_cast<GraphBuilder<Scalar>&>(*builder).take();
  network.notes = std::move(result.notes);
  return network;
}

}  // namespace ascribe::onnx
