#include "ascribe/io/onnx/model_writer.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ascribe/io/onnx/parse.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/onnx.hpp"

namespace {

using namespace ascribe;
using onnx::ModelWriter;
using test::Message;

TEST_CASE("ModelWriter: the bytes of a model written by hand") {
  ModelWriter writer;
  writer.input<float>(writer.name("x"), {2});
  const std::array<float, 2> values{1, -2};
  const std::string c = writer.constant<float>("c", {2}, values);
  writer.output<float>(writer.node("y", "Add", {"x", c}), {2});
  // Field numbers of onnx.proto.
  const Message node = test::node_message("Add", {"x", "c"}, {"y"}, "y");
  const Message constant = Message().packed(1, {2}).integer(2, 1).text(8, "c").text(
      9, std::string_view("\x00\x00\x80\x3f\x00\x00\x00\xc0", 8));
  const auto port = [](std::string_view name) { return test::port_message(name, {2}); };
  const Message expected =
      Message()
          .integer(1, 8)
          .text(2, "me")
          .text(3, "1.2")
          .message(8, Message().integer(2, 13))
          .message(
              7, Message()
                     .message(1, Message().text(1, "x").text(1, "c").text(2, "y").text(3, "y").text(4, "Add"))
                     .text(2, "ascribe")
                     .message(5, constant)
                     .message(11, port("x"))
                     .message(12, port("y")));
  CHECK(writer.model("me", "1.2") == expected.bytes);
}

TEST_CASE(
    "ModelWriter: names are one of a kind, operator sets those that nodes need, attributes of each kind") {
  ModelWriter writer;
  CHECK(writer.name("a") == "a");
  CHECK(writer.name("a") == "a_1");
  CHECK(writer.name("a_1") == "a_1_1");
  writer.input<double>(writer.name("x"), {3, 4});
  const std::string y = writer.node("a", "Gelu", {"x"},
                                    {{"i", std::int64_t(-7)},
                                     {"f", 0.5},
                                     {"s", std::string_view("tanh")},
                                     {"ints", std::vector<std::int64_t>{3, -1}}},
                                    20);
  CHECK(y == "a_2");
  const std::array<std::int64_t, 1> axis{1};
  CHECK(writer.constant<std::int64_t>("a", {1}, axis) == "a_3");
  writer.add("z", "Identity", {y});
  writer.output<double>("z", {3, 4});
  const std::string bytes = writer.model("me", "0");
  const onnx::Model model = onnx::parse(std::as_bytes(std::span(bytes)));
  CHECK(model.opset == 20);
  CHECK(model.ir_version == 9);
  REQUIRE(model.graph.nodes.size() == 2);
  const auto& attributes = model.graph.nodes[0].attributes;
  REQUIRE(attributes.size() == 4);
  CHECK(std::get<std::int64_t>(attributes[0].value) == -7);
  CHECK(std::get<float>(attributes[1].value) == 0.5f);
  CHECK(std::get<std::string>(attributes[2].value) == "tanh");
  CHECK(std::get<std::vector<std::int64_t>>(attributes[3].value) == std::vector<std::int64_t>{3, -1});
  REQUIRE(model.graph.inputs.size() == 1);
  CHECK(model.graph.inputs[0].type == onnx::ElementType::float64);
  const auto& dims = *model.graph.inputs[0].dims;
  REQUIRE(dims.size() == 3);
  CHECK(dims[1].size == 3);
  CHECK(dims[2].size == 4);
}

}  // namespace
