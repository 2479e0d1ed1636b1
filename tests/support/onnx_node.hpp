/// Models of one ONNX node, and what every translation of an operator promises.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/networks/graph.hpp>

#include <ascribe/compiled.hpp>

namespace ascribe::test {

inline onnx::Attribute integer(std::string name, std::int64_t value) { return {std::move(name), value}; }
inline onnx::Attribute real(std::string name, float value) { return {std::move(name), value}; }
inline onnx::Attribute text(std::string name, std::string value) {
  return {std::move(name), std::move(value)};
}
inline onnx::Attribute integers(std::string name, std::vector<std::int64_t> values) {
  return {std::move(name), std::move(values)};
}
inline onnx::Attribute reals(std::string name, std::vector<float> values) {
  return {std::move(name), std::move(values)};
}

/// Constant inputs: a list of integers or reals, one number, an input that is left out.
inline onnx::Tensor list(std::vector<std::int64_t> values) {
  const Index count = Index(values.size());
  return onnx::Tensor::of("", {count}, std::move(values));
}
inline onnx::Tensor list_of_reals(std::vector<float> values) {
  const Index count = Index(values.size());
  return onnx::Tensor::of("", {count}, std::move(values));
}
inline onnx::Tensor number(float value) { return onnx::Tensor::of<float>("", {}, {value}); }
inline onnx::Tensor nothing() { return {}; }

/// A node, its inputs that depend on the network's, and behind them those that are constants.
struct OneNode {
  std::string op;
  std::vector<onnx::Attribute> attributes = {};
  std::vector<onnx::Dims> inputs = {};
  std::vector<onnx::Tensor> constants = {};
  std::size_t outputs = 1;
  Index opset = 21;
  /// The size that the file gives the batch; 0: it is open.
  Index file_batch = 0;
};

/// What a node is to give: one output's shape, the batch as an axis of size 1, and values in C order.
struct Expected {
  onnx::Dims dims;
  std::vector<double> values;
};

onnx::Model model_of(const OneNode& one);

/// What the reader finds out about a network, and the network.
struct Imported : onnx::Importer::Result {
  Graph<double> graph;
};

/// The network of a model, by all of the library's operators, without looking for patterns.
Imported import(const onnx::Model& model, bool batched);

/// The message with which the node is refused; "no error" if it is not.
std::string refusal(const OneNode& one, bool batched = false);

/// Nodes behind an input "x", the last of which computes the output; `constants` by their names.
struct Chain {
  onnx::Dims input;
  std::vector<onnx::Node> nodes;
  std::vector<onnx::Tensor> constants = {};
};

/// A node that computes `output` and is named after it.
onnx::Node step(std::string op, std::vector<onnx::Attribute> attributes, std::vector<std::string> inputs,
                std::string output);
onnx::Model model_of(const Chain& chain);
Imported import_chain(const Chain& chain, bool batched = true);
/// The message with which a chain is refused; "no error" if it is not.
std::string chain_refused(const Chain& chain);
/// What the network computes of `node_input`.
Eigen::VectorXd output_of(const Imported& net);

/// 64 numbers that are all different and exact, then the same again: what the expected values were computed
/// for.
Eigen::MatrixXd node_input(Index size, Index first = 0);

/// Relevance leaves as it enters but for what the books say, and Gradient is the derivative, by differences.
void check_explanations(const Graph<double>& net, const Eigen::MatrixXd& x);

/// One node against what it is to give, a whole tensor being one sample; with `batched`, three samples of it
/// too, where axis 0 of the inputs has size 1. `layers` is how many layers it becomes; −1: any number.
void check_node(const OneNode& one, const std::vector<Expected>& expected, bool batched = true,
                Index layers = -1);

/// What a node is to compute: all of its inputs' values behind each other, in C order, to the output's.
using Formula = std::function<Eigen::VectorXd(const Eigen::VectorXd&)>;

/// A model of one output against a formula at x: the values, the gradient by the formula's differences, the
/// books of lrp, lrp_q, epsilon_plus and deep_lift, and that deep_lift against `base` gives the difference of the
/// outputs. `batched`: two samples too.
void check_formula(const onnx::Model& model, const Formula& formula, const Eigen::VectorXd& x,
                   const Eigen::VectorXd& base, bool batched = true);

/// The places, in C order, of a shape's values that differ along `axes` alone: a list for each place of the
/// others.
std::vector<std::vector<Index>> sets_along(const onnx::Dims& dims, const std::vector<Index>& axes);

}  // namespace ascribe::test
