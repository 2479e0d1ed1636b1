#include "tests/support/onnx_network.hpp"

namespace ascribe::onnx {

template Network<float> network<float>(const Model&, const ReadOptions&);
template Network<double> network<double>(const Model&, const ReadOptions&);
template class Importer<float>;
template class Importer<double>;
template std::vector<Operator<float>> operators<float>();
template std::vector<Operator<double>> operators<double>();

}  // namespace ascribe::onnx
