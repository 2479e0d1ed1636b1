#include "ascribe/io/onnx/operators/quantised.hpp"

#include <cstdint>
#include <vector>

#include <ascribe/io/onnx.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::test;
using Catch::Matchers::Contains;
using Eigen::VectorXd;

onnx::Tensor bytes(const char* name, onnx::Dims dims, std::vector<std::int8_t> values) {
  return onnx::Tensor::of(name, std::move(dims), std::move(values));
}

TEST_CASE("onnx: quantised weights are read, with one scale or one a channel", "[onnx]") {
  const Chain one{
      {1, 2},
      {step("DequantizeLinear", {}, {"q", "scale", "zero"}, "w"), step("MatMul", {}, {"x", "w"}, "y")},
      {bytes("q", {2, 2}, {1, -2, 3, 4}), number(0.5f).renamed("scale"), bytes("zero", {}, {1})}};
  // The weights are 0 −1.5; 1 1.5.
  const auto net = import_chain(one).graph;
  CHECK(net.forward(VectorXd{{2, 3}}).output().col(0) == VectorXd{{3, 1.5}});

  Chain many = one;
  many.constants = {bytes("q", {2, 2}, {1, -2, 3, 4}), list_of_reals({0.5f, 2}).renamed("scale"),
                    bytes("zero", {2}, {1, 0})};
  // By column: 0 −4; 1 8.
  CHECK(import_chain(many).graph.forward(VectorXd{{2, 3}}).output().col(0) == VectorXd{{3, 16}});
  many.nodes[0].attributes = {integer("axis", 0)};
  // By row: 0 −1.5; 6 8.
  CHECK(import_chain(many).graph.forward(VectorXd{{2, 3}}).output().col(0) == VectorXd{{18, 21}});
}

TEST_CASE("onnx: what rounds values on their way passes them on, and says so", "[onnx]") {
  const auto net = import_chain({{1, 2},
                                 {step("QuantizeLinear", {}, {"x", "scale", "zero"}, "q"),
                                  step("DequantizeLinear", {}, {"q", "scale", "zero"}, "y")},
                                 {number(0.5f).renamed("scale"), bytes("zero", {}, {0})}});
  CHECK(net.notes.size() == 1);
  CHECK(net.graph.forward(VectorXd{{0.3, -7}}).output().col(0) == VectorXd{{0.3, -7}});
}

TEST_CASE("onnx: whole-number arithmetic is refused, and says why", "[onnx]") {
  for (const char* op :
       {"QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "DynamicQuantizeLinear"})
    CHECK_THAT(refusal({.op = op, .inputs = {{1, 2}}}), Contains("computes with whole numbers"));
  CHECK_THAT(refusal({.op = "DequantizeLinear", .inputs = {{1, 2}}, .constants = {number(2)}}),
             Contains("expected what a QuantizeLinear gives"));
  CHECK_THAT(chain_refused({{1, 2},
                            {step("DequantizeLinear", {integer("block_size", 2)}, {"q", "scale"}, "w"),
                             step("Add", {}, {"x", "w"}, "y")},
                            {bytes("q", {2}, {1, 2}), number(0.5f).renamed("scale")}}),
             Contains("block_size"));
}

}  // namespace
