/// What stands behind the values that a network decides by: probabilities and the labels chosen by them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ascribe/io/onnx/model.hpp"

namespace ascribe::onnx {

/// Operators that make probabilities of scores, or choose by them.
inline bool is_head(std::string_view op) {
  constexpr std::array<std::string_view, 9> heads{"Softmax",
                                                  "LogSoftmax",
                                                  "Sigmoid",
                                                  "Hardmax",
                                                  "ArgMax",
                                                  "TopK",
                                                  "ai.onnx.ml.ZipMap",
                                                  "ai.onnx.ml.LabelEncoder",
                                                  "ai.onnx.ml.ArrayFeatureExtractor"};
  return std::find(heads.begin(), heads.end(), op) != heads.end();
}

/// Operators that pass the values before them on, in another shape or type, or divided by their sum.
inline bool passes_on(std::string_view op) {
  constexpr std::array<std::string_view, 7> all{
      "Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "ai.onnx.ml.Normalizer"};
  return std::find(all.begin(), all.end(), op) != all.end();
}

/// The value before the heads at the end of an output: the scores; the output itself where there is no head.
/// `producers`: the node of each value.
inline const std::string& before_heads(const std::string& output,
                                       const std::unordered_map<std::string, const Node*>& producers) {
  const std::string* scores = &output;
  for (const std::string* value = &output;;) {
    const auto found = producers.find(*value);
    if (found == producers.end()) return *scores;
    const Node& node = *found->second;
    // Its label is chosen by its scores.
    if (node.op_type == "ai.onnx.ml.LinearClassifier" && node.outputs.size() > 1) return node.outputs[1];
    const bool head = is_head(node.op_type);
    // The labels are an ArrayFeatureExtractor's first input, which of them its second.
    const std::size_t read = node.op_type == "ai.onnx.ml.ArrayFeatureExtractor" ? 1 : 0;
    if ((!head && !passes_on(node.op_type)) || node.inputs.size() <= read) return *scores;
    value = &node.inputs[read];
    if (head) scores = value;
  }
}

}  // namespace ascribe::onnx
