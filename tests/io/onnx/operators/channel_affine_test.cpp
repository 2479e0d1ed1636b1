#include <ascribe/io/onnx/operators/channel_affine.hpp>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::test;
using Catch::Matchers::Contains;
using Eigen::VectorXd;

/// Two channels of two values, normalised with means 1 and 2, variances 4 and 1, scales 2 and 3, shifts 0
/// and 5.
Chain normalised(std::vector<onnx::Node> before, std::vector<onnx::Attribute> attributes) {
  const std::string input = before.empty() ? "x" : before.back().outputs[0];
  attributes.push_back(real("epsilon", 0));
  before.push_back(
      step("BatchNormalization", attributes, {input, "scale", "shift", "mean", "variance"}, "y"));
  return {{1, 2, 2},
          before,
          {list_of_reals({2, 3}).renamed("scale"), list_of_reals({0, 5}).renamed("shift"),
           list_of_reals({1, 2}).renamed("mean"), list_of_reals({4, 1}).renamed("variance"),
           onnx::Tensor::of<float>("w", {2, 2, 1}, {1, 0, 0, 2})}};
}

TEST_CASE("onnx: a batch normalisation in training mode is read as inference has it, and says so", "[onnx]") {
  const Eigen::MatrixXd x = node_input(4);
  for (const bool behind_convolution : {false, true})
    for (const bool training : {false, true}) {
      std::vector<onnx::Node> before;
      if (behind_convolution) before.push_back(step("Conv", {}, {"x", "w"}, "c"));
      std::vector<onnx::Attribute> attributes;
      if (training) attributes.push_back(integer("training_mode", 1));
      const auto net = import_chain(normalised(before, attributes));
      CHECK(net.notes.size() == std::size_t(training));
      if (training) CHECK_THAT(net.notes[0], Contains("node 'y' (BatchNormalization) is in training mode"));
      const double more = behind_convolution ? 2 : 1;
      const VectorXd y = net.graph.forward(x).output();
      for (Index i = 0; i < 2; ++i) {
        CHECK(y(i) == Approx((x(i) - 1) / 2 * 2));
        CHECK(y(2 + i) == Approx((more * x(2 + i) - 2) * 3 + 5));
      }
    }
}

}  // namespace
