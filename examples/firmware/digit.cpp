// The device's part: compiled with -fno-exceptions -fno-rtti, it asks neither for memory nor for a thread.
#include "examples/firmware/digit.hpp"

#include <ascribe/functions/relu.hpp>
#include <ascribe/layers/makers.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/sequential.hpp>

#include "firmware_weights.hpp"

namespace firmware {
namespace {

using namespace ascribe;

/// A layer whose weights stay where they are, among the program's constants.
template <int Inputs, int Outputs>
auto dense(const float (&weights)[Inputs * Outputs], const float (&bias)[Outputs]) {
  return MatMul(map::MappedDense<float, Inputs, Outputs, Eigen::RowMajor>(weights),
                Eigen::Map<const Eigen::Vector<float, Outputs>>(bias));
}

}  // namespace

void explain(const float* picture, int digit, Reason& reason) {
  // Made once: that the weights are numbers is looked at then.
  static const Sequential net(dense<pixels, 300>(weights::tensor_1_weight, weights::tensor_1_bias), relu(),
                              dense<300, 100>(weights::tensor_3_weight, weights::tensor_3_bias), relu(),
                              dense<100, digits>(weights::tensor_5_weight, weights::tensor_5_bias));
  const auto trace = net.forward(Eigen::Map<const Eigen::Vector<float, pixels>>(picture));
  trace.output().col(0).maxCoeff(&reason.seen);

  const auto why = net.explain(trace, Index(digit < 0 ? reason.seen : digit), method::LrpQ());
  Eigen::Map<Eigen::Vector<float, pixels>>(reason.shares) = why.relevance;
  reason.score = why.ledger.enter(0);
  reason.biases = why.ledger.bias(0);
  reason.left_open = why.ledger.closing_error()(0);
}

}  // namespace firmware
