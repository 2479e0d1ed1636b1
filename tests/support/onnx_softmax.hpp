/// The softmax at the end of a network, which the loader leaves out.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>

#include <ascribe/core/types.hpp>
#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/model.hpp>

namespace ascribe::test {

/// The values of a model's output of that name and shape from those of its network: the probabilities that a
/// Softmax or LogSoftmax makes of logits, and what was given where there is none.
template <class Scalar>
Eigen::Matrix<Scalar, Dynamic, 1> with_softmax(const onnx::Model& model, const std::string& output,
                                               const onnx::Dims& dims,
                                               Eigen::Matrix<Scalar, Dynamic, 1> values) {
  using Vector = Eigen::Matrix<Scalar, Dynamic, 1>;
  for (const onnx::Node& node : model.graph.nodes) {
    if ((node.op_type != "Softmax" && node.op_type != "LogSoftmax") || node.outputs[0] != output) continue;
    onnx::Attributes attributes(node);
    const Index rank = Index(dims.size());
    const bool flat = model.opset < 13;  // then over all axes from this one on
    Index axis = attributes.integer("axis", flat ? 1 : -1);
    if (axis < 0) axis += rank;
    Index outer = 1, along = 1, inner = 1;
    for (Index k = 0; k < rank; ++k)
      (k < axis ? outer : k == axis || flat ? along : inner) *= dims[std::size_t(k)];
    for (Index o = 0; o < outer; ++o)
      for (Index i = 0; i < inner; ++i) {
        Eigen::Map<Vector, 0, Eigen::InnerStride<>> line(values.data() + o * along * inner + i, along,
                                                         Eigen::InnerStride<>(inner));
        line.array() -= line.maxCoeff();
        const Scalar sum = line.array().exp().sum();
        line = node.op_type == "Softmax" ? Vector(line.array().exp() / sum)
                                         : Vector(line.array() - std::log(sum));
      }
  }
  return values;
}

}  // namespace ascribe::test
