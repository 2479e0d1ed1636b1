#include "ascribe/io/onnx/operators/linear.hpp"

#include <cstddef>
#include <vector>

#include <ascribe/io/onnx.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::test;

/// The products of whole numbers, which nothing rounds, of a network that is read for a Scalar.
template <class Scalar>
void check_products(bool transposed_in_file, Index outputs, Index inputs) {
  INFO((transposed_in_file ? "inputs x outputs, " : "outputs x inputs, ") << outputs << " x " << inputs);
  Eigen::MatrixXd w(outputs, inputs);
  for (Index o = 0; o < outputs; ++o)
    for (Index i = 0; i < inputs; ++i) w(o, i) = double((7 * o + 3 * i) % 11 - 5);
  std::vector<float> stored(std::size_t(w.size()));
  for (Index o = 0; o < outputs; ++o)
    for (Index i = 0; i < inputs; ++i)
      stored[std::size_t(transposed_in_file ? i * outputs + o : o * inputs + i)] = float(w(o, i));
  const OneNode one{.op = "Gemm",
                    .attributes = {integer("transB", transposed_in_file ? 0 : 1)},
                    .inputs = {{1, inputs}},
                    .constants = {onnx::Tensor::of(
                        "", {transposed_in_file ? inputs : outputs, transposed_in_file ? outputs : inputs},
                        std::move(stored))}};
  const auto net = onnx::network<Scalar>(model_of(one));
  Eigen::VectorXd x(inputs);
  for (Index i = 0; i < inputs; ++i) x(i) = double(i % 5 - 2);
  const Eigen::VectorXd expected = w * x;
  const Batch<Scalar> input = x.cast<Scalar>();
  CHECK(net.graph.forward(input).output().template cast<double>() == expected);
}

}  // namespace

TEST_CASE("onnx: a dense layer's weights, in either order of a file and at the borders of their blocks",
          "[onnx]") {
  for (const bool transposed : {false, true})
    for (const Index outputs : {1, 31, 32, 33, 100})
      for (const Index inputs : {1, 32, 33, 200}) {  // 100 x 200: by several threads
        check_products<float>(transposed, outputs, inputs);
        check_products<double>(transposed, outputs, inputs);
      }
}
