/// Networks from ONNX files, and back into them. Needs protozero (Debian's libprotozero-dev; CMake target
/// ascribe::onnx); not part of the umbrella header.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <ascribe/core/linkage.hpp>
#include <ascribe/io/onnx/model.hpp>
#include <ascribe/io/onnx/node_report.hpp>
#include <ascribe/io/onnx/options.hpp>
#include <ascribe/io/onnx/read.hpp>
#include <ascribe/networks/graph.hpp>

namespace ascribe::onnx {

/// An input or output of a network: its name in the file, and its axes without the batch.
struct Port {
  std::string name;                 ///< in the file
  Dims shape;                       ///< its axes without the batch
  std::vector<double> values = {};  ///< of an input that ReadOptions::lookups made: the rows of its table
};

/// A network as read. Its inputs and outputs are features in C order (an image as channels, height, width),
/// as the file's own; images lie as height, width, channels inside.
template <class Scalar>
struct Network {
  ascribe::Graph<Scalar> graph;  ///< what runs and is explained
  /// In the file's order.
  std::vector<Port> inputs, outputs;
  std::vector<std::string> notes;  ///< what was left out, such as a softmax at the end
};

/// The network of a model. Throws Error, naming the node, for an operator, attribute, shape or type that is
/// not supported.
template <class Scalar>
Network<Scalar> network(const Model& model, const ReadOptions& options = {});

/// What becomes of each node that the outputs depend on, in the order in which they are read: those that
/// cannot be read, and why, where `network` throws at the first. Throws Error where not even the inputs can
/// be read.
ASCRIBE_INLINE std::vector<NodeReport> survey(const Model& model, const ReadOptions& options = {});

/// The operators that a network may have (others are evaluated where all of their inputs are constants).
ASCRIBE_INLINE std::vector<std::string_view> operator_names();

/// Reads a network from a file: `const auto net = onnx::load<float>("model.onnx");`. Throws Error as `read`
/// and `network`.
template <class Scalar>
Network<Scalar> load(const std::filesystem::path& path, const ReadOptions& options = {}) {
  return network<Scalar>(read(path), options);
}

/// Writes a network to a file, whole or not at all, as operators of ONNX's set 13 (20 at most, where a
/// function asks for that): convolutions, dense layers, scalings, sums, selections, pools, and the usual
/// activation functions, float32 or float64 as Scalar is. Inputs and outputs have the axes of their nodes'
/// `shape` behind the batch, "N", and images are C × H × W. The functions' parameters are floats in a file.
/// Inputs have their nodes' names; `outputs` has names and shapes of the outputs, which else have their
/// node's name with "/output" behind it. Throws Error, naming the node, for a layer that it does not write;
/// for names that are taken, a shape of another size, a network above 2 GiB; and where the file cannot be
/// written.
template <class Scalar>
void save(const ascribe::Graph<Scalar>& net, const std::filesystem::path& path,
          std::span<const Port> outputs = {});

/// The same, of a network that was read and may have been trained since.
template <class Scalar>
void save(const Network<Scalar>& net, const std::filesystem::path& path) {
  save(net.graph, path, net.outputs);
}

#ifdef ASCRIBE_COMPILED
extern template Network<float> network<float>(const Model&, const ReadOptions&);
extern template Network<double> network<double>(const Model&, const ReadOptions&);
extern template void save<float>(const ascribe::Graph<float>&, const std::filesystem::path&,
                                 std::span<const Port>);
extern template void save<double>(const ascribe::Graph<double>&, const std::filesystem::path&,
                                  std::span<const Port>);
#endif

}  // namespace ascribe::onnx

#ifdef ASCRIBE_DEFINES
#include <ascribe/io/onnx/network.hpp>
#include <ascribe/io/onnx/save.hpp>
#endif
