/// `onnx::network` for float and double, compiled once for all tests (onnx_network.cpp): every operator's
/// translation takes most of a minute.
#pragma once

#include <vector>

#include <ascribe/io/onnx.hpp>

#include "tests/support/graph.hpp"

namespace ascribe::onnx {

extern template Network<float> network<float>(const Model&, const ReadOptions&);
extern template Network<double> network<double>(const Model&, const ReadOptions&);
extern template class Importer<float>;
extern template class Importer<double>;
extern template std::vector<Operator<float>> operators<float>();
extern template std::vector<Operator<double>> operators<double>();

}  // namespace ascribe::onnx
