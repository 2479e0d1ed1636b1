/// Networks from ONNX files. Needs protozero (Debian's libprotozero-dev; CMake target ascribe::onnx); not
/// part of the umbrella header.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/arithmetic.hpp>
#include <ascribe/io/onnx/operators/conditions.hpp>
#include <ascribe/io/onnx/operators/elementwise.hpp>
#include <ascribe/io/onnx/operators/linear.hpp>
#include <ascribe/io/onnx/operators/math.hpp>
#include <ascribe/io/onnx/operators/normalisation.hpp>
#include <ascribe/io/onnx/operators/pooling.hpp>
#include <ascribe/io/onnx/operators/reduce.hpp>
#include <ascribe/io/onnx/operators/shape.hpp>
#include <ascribe/io/onnx/parse.hpp>
#include <ascribe/io/onnx/patterns.hpp>
#include <ascribe/networks/graph.hpp>

namespace ascribe::onnx {

/// An input or output of a network: its name in the file, and its axes without the batch.
struct Port {
  std::string name;
  Dims shape;
};

/// A network as read. Its inputs and outputs are features in C order (an image as channels, height, width),
/// as the file's own; images lie as height, width, channels inside.
template <class Scalar>
struct Network {
  ascribe::Graph<Scalar> graph;
  std::vector<Port> inputs, outputs;
  std::vector<std::string> notes;  ///< what was left out, such as a softmax at the end
};

/// Every operator that a network may have (those that constants are computed with apart, fold.hpp).
template <class Scalar>
std::vector<Operator<Scalar>> operators() {
  std::vector<Operator<Scalar>> all;
  // One by one: of an insertion GCC 12 warns that it writes beyond memory, which it does not.
  const auto add = [&](const auto& family) {
    for (const Operator<Scalar>& op : family) all.push_back(op);
  };
  add(linear_operators<Scalar>);
  add(elementwise_operators<Scalar>);
  add(arithmetic_operators<Scalar>);
  add(math_operators<Scalar>);
  add(pooling_operators<Scalar>);
  add(reduce_operators<Scalar>);
  add(condition_operators<Scalar>);
  add(normalisation_operators<Scalar>);
  add(shape_operators<Scalar>);
  return all;
}

/// The network of a model. Throws Error, naming the node, for an operator, attribute, shape or type that is
/// not supported.
template <class Scalar>
Network<Scalar> network(const Model& model, const ReadOptions& options = {}) {
  auto result = Importer<Scalar>(model, options).run(operators<Scalar>(), find_patterns<Scalar>);
  Network<Scalar> network;
  const auto ports = [&](const std::vector<std::string>& names, const std::vector<Activation>& values) {
    std::vector<Port> all;
    for (std::size_t k = 0; k < names.size(); ++k) {
      Dims shape = values[k].dims;
      if (values[k].batch_axis >= 0) shape.erase(shape.begin() + values[k].batch_axis);
      all.push_back({names[k], std::move(shape)});
    }
    return all;
  };
  network.inputs = ports(result.input_names, result.inputs);
  network.outputs = ports(result.output_names, result.outputs);
  network.graph = std::move(result.graph);
  network.notes = std::move(result.notes);
  return network;
}

/// Reads a network from a file: `const auto net = onnx::load<float>("model.onnx");`. Throws Error as `read`
/// and `network`.
template <class Scalar>
Network<Scalar> load(const std::filesystem::path& path, const ReadOptions& options = {}) {
  return network<Scalar>(read(path), options);
}

}  // namespace ascribe::onnx
