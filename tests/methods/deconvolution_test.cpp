#include <ascribe/methods/deconvolution.hpp>

#include "tests/support/catch.hpp"

#include <ascribe/functions/leaky_relu.hpp>
#include <ascribe/networks/sequential.hpp>

namespace {

using namespace ascribe;

// What comes back is (1, −1, 1, −1), and the inputs are positive twice, then negative.
TEST_CASE("Deconvolution filters by what comes back, guided by both", "[methods]") {
  const Eigen::Vector4d x(3, 3, -3, -3), back(1, -1, 1, -1);
  const auto explain = [&](const auto& function, const auto& method) -> Eigen::Vector4d {
    const Sequential net{Elementwise(function)};
    return net.explain(net.forward(x), start::OutputWeights(back), method).relevance;
  };
  CHECK(explain(fn::Relu(), method::Gradient()) == Eigen::Vector4d(1, -1, 0, 0));
  CHECK(explain(fn::Relu(), method::Deconvolution()) == Eigen::Vector4d(1, 0, 1, 0));
  CHECK(explain(fn::Relu(), method::GuidedBackpropagation()) == Eigen::Vector4d(1, 0, 0, 0));
  // Another function keeps its gradient under deconvolution, and is guided by it.
  const fn::LeakyRelu leaky{0.5};
  CHECK(explain(leaky, method::Deconvolution()) == Eigen::Vector4d(1, -1, 0.5, -0.5));
  CHECK(explain(leaky, method::GuidedBackpropagation()) == Eigen::Vector4d(1, 0, 0.5, 0));
}

}  // namespace
