#include <ascribe/io/onnx/operators/indices.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"
#include <ascribe/io/onnx/network.hpp>
#include "tests/support/onnx_node.hpp"

using namespace ascribe;
using namespace ascribe::test;
using onnx::Dims;
using onnx::Tensor;

namespace {

Tensor indices(Dims dims, std::vector<std::int64_t> values) {
  return Tensor::of("", std::move(dims), std::move(values));
}

/// What the node makes of a constant.
Tensor moved(const OneNode& one, const Tensor& first) {
  std::vector<const Tensor*> inputs{&first};
  for (const Tensor& constant : one.constants)
    inputs.push_back(constant.type() == onnx::ElementType::undefined ? nullptr : &constant);
  onnx::Budget budget;
  return onnx::evaluate(model_of(one).graph.nodes[0], inputs, one.opset, budget).at(0);
}

/// Activations and constants of any type go the same way.
void check_both(const OneNode& one, const Dims& dims, const std::vector<double>& values) {
  INFO(one.op << " of " << onnx::shown(one.inputs[0]));
  check_node(one, {{dims, values}}, one.inputs[0][0] == 1);
  const Index size = onnx::element_count(one.inputs[0], "input");
  const Eigen::VectorXd x = node_input(size);
  const Tensor real = moved(one, Tensor::of("c", one.inputs[0], std::vector<float>(x.begin(), x.end())));
  CHECK(real.dims() == dims);
  CHECK(real.values<double>() == values);
}

}  // namespace

// The expected values are onnx.reference's (onnx 1.23).
TEST_CASE("onnx: elements by constant indices", "[onnx]") {
  check_both({.op = "GatherElements",
              .attributes = {integer("axis", 1)},
              .inputs = {{2, 3}},
              .constants = {indices({2, 2}, {2, 0, -1, 1})}},
             {2, 2}, {-3.875, -3.125, -1, 3.375});
  check_both({.op = "GatherND", .inputs = {{2, 3}}, .constants = {indices({2, 2}, {0, 2, 1, -3})}}, {2},
             {-3.875, -0.25});
  check_both({.op = "GatherND",
              .attributes = {integer("batch_dims", 1)},
              .inputs = {{1, 2, 3}},
              .constants = {indices({1, 1}, {1})}},
             {1, 3}, {-0.25, 3.375, -1});
  check_both({.op = "ScatterElements",
              .attributes = {integer("axis", -1)},
              .inputs = {{1, 4}},
              .constants = {indices({1, 2}, {3, 0}), Tensor::of<float>("", {1, 2}, {8, 9})}},
             {1, 4}, {9, 0.5, -3.875, 8});
  check_both({.op = "ScatterND",
              .inputs = {{2, 3}},
              .constants = {indices({1, 1}, {1}), Tensor::of<float>("", {1, 3}, {7, 8, 9})}},
             {2, 3}, {-3.125, 0.5, -3.875, 7, 8, 9});
}

// The expected values are onnx.reference's (onnx 1.23).
TEST_CASE("onnx: Trilu and CenterCropPad", "[onnx]") {
  check_both({.op = "Trilu", .inputs = {{1, 3, 3}}, .constants = {indices({}, {1})}}, {1, 3, 3},
             {0, 0.5, -3.875, 0, 0, -1, 0, 0, 0});
  check_both({.op = "Trilu", .attributes = {integer("upper", 0)}, .inputs = {{1, 2, 3}}}, {1, 2, 3},
             {-3.125, 0, 0, -0.25, 3.375, 0});
  check_both({.op = "CenterCropPad",
              .attributes = {integers("axes", {1, 2})},
              .inputs = {{1, 4, 3}},
              .constants = {list({1, 5})}},
             {1, 1, 5}, {0, -0.25, 3.375, -1, 0});
}

// What is expected of the activations is in shape_test.cpp.
TEST_CASE("onnx: constants move as activations do", "[onnx]") {
  check_both({.op = "Pad",
              .attributes = {text("mode", "reflect")},
              .inputs = {{1, 5}},
              .constants = {list({0, 2, 0, -2})}},
             {1, 5}, {-3.875, 0.5, -3.125, 0.5, -3.875});
  check_both({.op = "Pad", .inputs = {{1, 5}}, .constants = {list({0, -2, 0, 1}), number(2)}}, {1, 4},
             {-3.875, -0.25, 3.375, 2});
  check_both({.op = "Gather",
              .attributes = {integer("axis", 1)},
              .inputs = {{1, 4, 3}},
              .constants = {list({2, 0, -1})}},
             {1, 3, 3}, {2.625, -1.75, 1.875, -3.125, 0.5, -3.875, -2.5, 1.125, -3.25});
  check_both({.op = "Transpose", .attributes = {integers("perm", {0, 2, 1})}, .inputs = {{1, 2, 3}}},
             {1, 3, 2}, {-3.125, -0.25, 0.5, 3.375, -3.875, -1});
  check_both({.op = "SpaceToDepth", .attributes = {integer("blocksize", 2)}, .inputs = {{1, 1, 2, 2}}},
             {1, 4, 1, 1}, {-3.125, 0.5, -3.875, -0.25});
  check_both({.op = "Resize", .inputs = {{1, 1, 5}}, .constants = {nothing(), nothing(), list({1, 1, 3})}},
             {1, 1, 3}, {-3.125, -3.875, 3.375});
  check_both({.op = "Resize",
              .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "align_corners")},
              .inputs = {{1, 1, 3}},
              .constants = {nothing(), nothing(), list({1, 1, 2})}},
             {1, 1, 2}, {-3.125, -3.875});
  check_both({.op = "Dropout", .inputs = {{1, 3}}}, {1, 3}, {-3.125, 0.5, -3.875});
}

TEST_CASE("onnx: constants of every type move exactly", "[onnx]") {
  const std::int64_t most = 9223372036854775807, odd = 9007199254740993;  // no doubles
  const Tensor wide = indices({2, 2}, {most, odd, -most, 3});
  CHECK(moved({.op = "Transpose"}, wide).values<std::int64_t>() ==
        std::vector{most, -most, odd, std::int64_t{3}});
  CHECK(moved({.op = "Pad", .constants = {list({0, 1, 0, 0}), indices({}, {odd})}}, wide)
            .values<std::int64_t>() == std::vector{odd, most, odd, odd, -most, std::int64_t{3}});
  CHECK(moved({.op = "Concat", .attributes = {integer("axis", 1)}, .constants = {wide}}, wide)
            .values<std::int64_t>() ==
        std::vector{most, odd, most, odd, -most, std::int64_t{3}, -most, std::int64_t{3}});
  CHECK(moved({.op = "ScatterND", .constants = {indices({1, 2}, {1, 1}), indices({1}, {odd})}}, wide)
            .values<std::int64_t>() == std::vector{most, odd, -most, odd});
  const Tensor flags = Tensor::of_bytes("", onnx::ElementType::boolean, {3},
                                        std::vector<std::byte>{std::byte{1}, std::byte{0}, std::byte{0}});
  const Tensor picked = moved({.op = "Gather", .constants = {list({2, 0})}}, flags);
  CHECK(picked.type() == onnx::ElementType::boolean);
  CHECK(picked.values<int>() == std::vector{0, 1});
  const Tensor halves =
      Tensor::of("", {2}, std::vector<onnx::Half>{{0x7e01}, {0x3c00}});  // a NaN with a message
  const Tensor twice = moved({.op = "Tile", .constants = {list({2})}}, halves);
  CHECK(std::to_integer<int>(twice.bytes()[4]) == 1);
  // Nothing moves: the bytes stay where they are.
  CHECK(moved({.op = "Slice", .constants = {list({0}), list({9})}}, wide).bytes().data() ==
        wide.bytes().data());
  CHECK(moved({.op = "Transpose"}, wide.reshaped({1, 4})).bytes().data() == wide.bytes().data());
}

TEST_CASE("onnx: updates of a constant", "[onnx]") {
  const auto net =
      import_chain({{7, 2},
                    {step("ScatterElements", {integer("axis", 1)}, {"c", "i", "x"}, "y")},
                    {Tensor::of<float>("c", {1, 3}, {1, 2, 3}), indices({1, 2}, {2, 0}).renamed("i")}});
  CHECK(net.outputs[0].batch_axis == 0);
  CHECK(output_of(net) == Eigen::Vector3d(0.5, 2, -3.125));
  check_explanations(net.graph, node_input(2));
  const auto many =
      import_chain({{7, 2},
                    {step("Transpose", {}, {"x"}, "t"), step("ScatterND", {}, {"c", "i", "t"}, "y")},
                    {Tensor::of<float>("c", {3, 1}, {1, 2, 3}), indices({2, 1}, {-1, 0}).renamed("i")}});
  CHECK(many.outputs[0].batch_axis == 1);
  CHECK(output_of(many) == Eigen::Vector3d(0.5, 2, -3.125));
}

TEST_CASE("onnx: OneHot of constant indices", "[onnx]") {
  const auto of_constants = [](const Tensor& index, const Tensor& depth, const Tensor& values,
                               std::vector<onnx::Attribute> attributes = {}) {
    onnx::Budget budget;
    const onnx::Node node{"it", "OneHot", {}, {"y"}, std::move(attributes)};
    return onnx::evaluate(node, std::vector{&index, &depth, &values}, 11, budget).at(0);
  };
  const Tensor two = Tensor::of<std::int32_t>("", {2}, {7, 9});
  // −1 is the last place; there is no place 3 or −4.
  const Tensor rows = of_constants(indices({2, 2}, {0, -1, 3, -4}), list({3}), two);
  CHECK(rows.type() == onnx::ElementType::int32);
  CHECK(rows.dims() == Dims{2, 2, 3});
  CHECK(rows.values<double>() == std::vector<double>{9, 7, 7, 7, 7, 9, 7, 7, 7, 7, 7, 7});
  const Tensor columns = of_constants(list({1, 0}), number(3), two, {integer("axis", 0)});
  CHECK(columns.dims() == Dims{3, 2});
  CHECK(columns.values<double>() == std::vector<double>{7, 9, 9, 7, 7, 7});
  // Numbers of any type lose what is behind the point.
  CHECK(of_constants(list_of_reals({1.9f, -0.5f, 1e30f}), list({2}), two).values<double>() ==
        std::vector<double>{7, 9, 9, 7, 7, 7});
  // The two values may depend on the network's input.
  const auto net = import_chain(
      {{2}, {step("OneHot", {}, {"i", "d", "x"}, "y")}, {list({1, 0}).renamed("i"), list({2}).renamed("d")}},
      false);
  CHECK(net.outputs[0].dims == Dims{2, 2});
  CHECK(output_of(net) == Eigen::Vector4d(-3.125, 0.5, 0.5, -3.125));
  check_explanations(net.graph, node_input(2));
}

TEST_CASE("onnx: what operators by indices refuse", "[onnx]") {
  const auto with = [](const char* op, std::vector<onnx::Attribute> attributes, std::vector<Tensor> constants,
                       bool batched = false) {
    return refusal({.op = op,
                    .attributes = std::move(attributes),
                    .inputs = {{1, 3}},
                    .constants = std::move(constants)},
                   batched);
  };
  CHECK(
      with("GatherElements", {integer("axis", 1)}, {indices({2, 1}, {0, 0})}) ==
      "node 'it' (GatherElements): expected indices within shape (1, 3) but for axis 1, found shape (2, 1)");
  CHECK(with("GatherElements", {integer("axis", 1)}, {indices({1, 1}, {3})}) ==
        "node 'it' (GatherElements): expected indices from -3 to 2, found 3");
  CHECK(with("GatherND", {}, {indices({1, 1}, {0})}, true) ==
        "node 'it' (GatherND): it works along axis 0, the batch's, which is not supported");
  CHECK(
      with("GatherND", {}, {indices({1, 3}, {0, 0, 0})}) ==
      "node 'it' (GatherND): expected indices whose last axis names 1 to 2 axes of shape (1, 3), found shape "
      "(1, 3)");
  CHECK(with("ScatterND", {text("reduction", "add")}, {indices({1, 2}, {0, 0}), list_of_reals({1})}) ==
        "node 'it' (ScatterND): attribute 'reduction': expected none, found 'add'");
  CHECK(with("ScatterND", {}, {indices({1, 2}, {0, 0}), list_of_reals({1, 2})}) ==
        "node 'it' (ScatterND): expected updates of shape (1), found (2)");
  CHECK(with("ScatterElements", {}, {indices({1, 1}, {0}), list_of_reals({1})}, true) ==
        "node 'it' (ScatterElements): it works along axis 0, the batch's, which is not supported");
  CHECK(with("Trilu", {}, {}, true) ==
        "node 'it' (Trilu): it works along axis 0, the batch's, which is not supported");
  CHECK(with("CenterCropPad", {}, {list({1, 0})}) ==
        "node 'it' (CenterCropPad): expected sizes from 1 on, found 0");
  CHECK(
      with("OneHot", {}, {list({3}), list({0, 1})}) ==
      "node 'it' (OneHot): input 0 ('x0'): expected constant indices, found a value that depends on the "
      "network's input 'x0': what it chooses does not vary with it, and indices that are an input are had by "
      "giving "
      "it as a constant (ReadOptions::constants)");
  const auto one_hot = [](const Tensor& depth, const Tensor& values) {
    return chain_refused({{1, 3},
                          {step("OneHot", {}, {"i", "d", "v"}, "h"), step("Add", {}, {"x", "h"}, "y")},
                          {list({1}).renamed("i"), depth.renamed("d"), values.renamed("v")}});
  };
  CHECK(one_hot(list({3}), list_of_reals({0, 1})) == "no error");
  CHECK(one_hot(list({0}), list_of_reals({0, 1})) ==
        "node 'h' (OneHot): expected one depth from 1 to 2^31, found (0)");
  CHECK(one_hot(list({3}), list_of_reals({0, 1, 2})) ==
        "node 'h' (OneHot): expected two values, off and on, found shape (3)");
}
