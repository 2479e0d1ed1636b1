/// Softmax and LogSoftmax.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>

namespace ascribe::onnx {

/// e^x / Σ e^x, or the logarithm of it, along one axis; before operator set 13 over all axes from that one
/// on.
template <bool logarithm>
void import_softmax(Importer& importer, const Node& node) {
  Activation a = importer.activation(node, 0);
  Attributes attributes(node);
  const bool flat = importer.opset() < 13;
  const Index axis = axis_of(node, Index(attributes.integer("axis", flat ? 1 : -1)), a.rank());
  attributes.finish();
  for (Index k = axis; k < (flat ? a.rank() : axis + 1); ++k) check_not_batch(node, a, k);
  const std::vector<Index> strides = a.strides();
  Index length = a.dims[std::size_t(axis)], inner = strides[std::size_t(axis)];
  if (flat) {  // those axes have to be neighbours in memory, the fastest ones
    a = importer.in_order(node, a, c_order(a.rank()));
    length = inner = 1;
    for (std::size_t k = std::size_t(axis); k < a.dims.size(); ++k) length *= a.dims[k];
  }
  const kind::Softmax softmax(a.size() / length / inner, length, inner, logarithm);
  importer.define(node.outputs[0], importer.add(node, "", softmax, {a}, a.dims, a.order));
}

inline constexpr std::array<Operator, 2> softmax_operators{{
    {"Softmax", import_softmax<false>},
    {"LogSoftmax", import_softmax<true>},
}};

}  // namespace ascribe::onnx
