#include "ascribe/io/onnx/parse.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/onnx.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using namespace ascribe;
using test::Message;
using test::message_of;
using test::model_message;
using test::node_message;
using test::onnx_file;
using test::tensor_message;
using test::value_message;
using Ints = std::vector<std::int64_t>;

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The Error of a graph.
std::string complaint(const Message& graph) {
  return message_of([&] { test::parse(model_message(graph)); });
}

/// The Error of a model whose one initializer this is.
std::string tensor_complaint(const Message& tensor, const std::filesystem::path& folder = {}) {
  const Message model = model_message(Message().message(5, tensor));
  return message_of([&] { test::parse(model, folder); });
}

onnx::Tensor only_tensor(const Message& tensor) {
  const onnx::Model model = test::parse(model_message(Message().message(5, tensor)));
  REQUIRE(model.graph.initializers.size() == 1);
  return model.graph.initializers[0];
}

}  // namespace

TEST_CASE("onnx::read: a network that onnx wrote") {
  const onnx::Model model = onnx::read(onnx_file("small.onnx"));
  CHECK(model.ir_version == 8);
  CHECK(model.opset == 17);
  CHECK(model.other_opsets == std::vector<std::pair<std::string, Index>>{{"ai.onnx.ml", 3}});
  CHECK(model.producer == "make_models");
  const onnx::Graph& graph = model.graph;
  CHECK(graph.name == "small");
  REQUIRE(graph.inputs.size() == 1);
  CHECK(graph.inputs[0].name == "x");
  CHECK(graph.inputs[0].type == onnx::ElementType::float32);
  REQUIRE(graph.inputs[0].dims);
  REQUIRE(graph.inputs[0].dims->size() == 3);
  CHECK(!graph.inputs[0].dims->at(0).size);
  CHECK(graph.inputs[0].dims->at(0).name == "batch");
  CHECK(graph.inputs[0].dims->at(2).size == Index{3});
  REQUIRE(graph.outputs.size() == 1);
  CHECK(graph.outputs[0].name == "y");

  REQUIRE(graph.initializers.size() == 1);
  CHECK(graph.initializers[0].name() == "weights");
  CHECK(graph.initializers[0].dims() == onnx::Dims{2, 6});
  CHECK(graph.initializers[0].values<double>()[11] == 11.0 / 8);

  REQUIRE(graph.nodes.size() == 6);
  CHECK(describe(graph.nodes[0]) == "node 'open' (Constant)");
  CHECK(describe(graph.nodes[1]) == "node of 'six' (Constant)");
  const onnx::Node& gemm = graph.nodes[4];
  CHECK(gemm.inputs == std::vector<std::string>{"rows", "weights", ""});
  CHECK(gemm.outputs == std::vector<std::string>{"sums"});
  REQUIRE(gemm.attributes.size() == 2);
  std::map<std::string, onnx::Attribute::Value> values;
  for (const onnx::Node& node : graph.nodes) {
    for (const onnx::Attribute& attribute : node.attributes) {
      values[node.op_type + " " + attribute.name] = attribute.value;
    }
  }
  CHECK(std::get<std::int64_t>(values.at("Gemm transB")) == 1);
  CHECK(std::get<float>(values.at("Gemm alpha")) == 0.5f);
  CHECK(std::get<Ints>(values.at("Constant value_ints")) == Ints{6});
  CHECK(std::get<onnx::Tensor>(values.at("Constant value")).values<std::int64_t>() == Ints{-1});
}

TEST_CASE("onnx::read: every type of numbers, raw and in its own field") {
  const std::map<std::string, std::vector<double>> expected{
      {"FLOAT", {1.5, -2.25, 3.4e38f}},  {"DOUBLE", {0.1, -1e300}}, {"FLOAT16", {1.5, -65504, 0x1p-24}},
      {"BFLOAT16", {1.5, -3, 0x1p-133}}, {"INT8", {-128, 127}},     {"UINT8", {0, 255}},
      {"INT16", {-32768, 32767}},        {"UINT16", {0, 65535}},    {"INT32", {-0x1p31, 0x1p31 - 1}},
      {"UINT32", {0, 0x1p32 - 1}},       {"BOOL", {1, 0, 1}},
  };
  std::size_t seen = 0;
  for (const onnx::Tensor& tensor : onnx::read(onnx_file("types.onnx")).graph.initializers) {
    INFO(tensor.name());
    const std::string kind = tensor.name().substr(0, tensor.name().find('/'));
    if (kind == "INT64") {
      CHECK(tensor.values<std::int64_t>() ==
            Ints{std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()});
    } else if (kind == "UINT64") {
      CHECK(tensor.values<std::uint64_t>() ==
            std::vector<std::uint64_t>{0, std::numeric_limits<std::uint64_t>::max()});
    } else if (kind == tensor.name()) {
      CHECK(!tensor.has_values());
      CHECK_THAT(message_of([&] { tensor.values<float>(); }),
                 Contains("tensor '" + kind + "'") && Contains("unsupported type"));
    } else {
      CHECK(tensor.values<double>() == expected.at(kind));
    }
    ++seen;
  }
  CHECK(seen == 2 * 13 + 3);
}

TEST_CASE("onnx::parse: values stay where the file has them") {
  Message graph;
  graph.message(5, tensor_message("raw", 1, {1}).text(9, "\x01\x02\x03\x04"));
  graph.message(5, tensor_message("packed", 1, {2}).packed_floats(4, {1, 2}));
  graph.message(5, tensor_message("integers", 7, {2}).packed(7, {1, 2}));
  const Message message = model_message(graph);
  const onnx::Model model = onnx::parse(std::as_bytes(std::span(message.bytes)));
  const auto inside = [&](const onnx::Tensor& tensor) {
    const auto* const at = reinterpret_cast<const char*>(tensor.bytes().data());
    return at >= message.bytes.data() && at < message.bytes.data() + message.bytes.size();
  };
  CHECK(inside(model.graph.initializers[0]));
  CHECK(inside(model.graph.initializers[1]));
  CHECK(!inside(model.graph.initializers[2]));
  CHECK(model.graph.initializers[1].values<float>() == std::vector<float>{1, 2});
  CHECK(model.graph.initializers[2].values<int>() == std::vector<int>{1, 2});
}

TEST_CASE("onnx::parse: repeated fields, packed or not, in pieces") {
  CHECK(
      only_tensor(Message().integer(1, 2).integer(1, 1).integer(2, 1).text(8, "w").real(4, 1.5f).real(4, -2))
          .values<double>() == std::vector<double>{1.5, -2});
  CHECK(only_tensor(tensor_message("w", 7, {3}).packed(7, {1, -2}).integer(7, 3)).values<double>() ==
        std::vector<double>{1, -2, 3});
  CHECK(only_tensor(tensor_message("w", 1, {3}).packed_floats(4, {1, 2}).packed_floats(4, {3}))
            .values<double>() == std::vector<double>{1, 2, 3});
  CHECK(only_tensor(tensor_message("w", 1, {0, 7})).dims() == onnx::Dims{0, 7});
  CHECK(only_tensor(tensor_message("w", 1, {}).real(4, 5)).dims().empty());
}

TEST_CASE("onnx::parse: a number of values that the shape does not say") {
  CHECK_THAT(tensor_complaint(tensor_message("w", 1, {2, 2}).text(9, "123456789012")),
             Contains("tensor 'w'") &&
                 Contains("expected 4 values of float (16 bytes) for shape (2, 2), found 12 bytes"));
  CHECK_THAT(tensor_complaint(tensor_message("w", 1, {1})), Contains("found 0 bytes"));
  CHECK_THAT(tensor_complaint(tensor_message("w", 1, {2}).packed_floats(4, {1})), Contains("found 4 bytes"));
  CHECK_THAT(tensor_complaint(tensor_message("w", 7, {2}).packed(7, {1, 2, 3})), Contains("found 24 bytes"));
  CHECK_THAT(tensor_complaint(tensor_message("w", 7, {0}).packed(7, {1})), Contains("found 8 bytes"));
  CHECK_THAT(tensor_complaint(tensor_message("w", 1, {1}).text(4, "123")), Contains("3 bytes"));

  SECTION("sizes whose product overflows, to 0 or to the right number") {
    CHECK_THAT(tensor_complaint(tensor_message("w", 1, {std::int64_t{1} << 32, std::int64_t{1} << 32})),
               Contains("fits in memory"));
    CHECK_THAT(tensor_complaint(tensor_message("w", 1, {(std::int64_t{1} << 62) + 1}).text(9, "1234")),
               Contains("fits in memory"));
    CHECK_THAT(tensor_complaint(tensor_message("w", 1, {std::int64_t{1} << 40})), Contains("found 0 bytes"));
    CHECK_THAT(tensor_complaint(tensor_message("w", 1, {-4}).text(9, "1234")), Contains("(-4)"));
    CHECK_THAT(tensor_complaint(tensor_message("w", 1, Ints(65, 1)).text(9, "1234")),
               Contains("64 dimensions, found 65"));
  }
  SECTION("values of another type, or in two places") {
    CHECK_THAT(tensor_complaint(tensor_message("w", 1, {1}).packed(7, {1})),
               Contains("raw_data or float_data, found them in int64_data"));
    CHECK_THAT(tensor_complaint(tensor_message("w", 1, {1}).packed_floats(4, {1}).text(9, "1234")),
               Contains("in one place"));
    CHECK_THAT(tensor_complaint(tensor_message("w", 3, {1}).packed(5, {128})),
               Contains("int8 from -128 to 127") && Contains("found 128"));
    CHECK_THAT(tensor_complaint(tensor_message("w", 9, {1}).packed(5, {2})), Contains("found 2"));
    CHECK_THAT(tensor_complaint(tensor_message("w", 10, {1}).packed(5, {-1})), Contains("float16 from 0"));
    CHECK_THAT(tensor_complaint(tensor_message("w", 12, {1}).packed(11, {std::int64_t{1} << 32})),
               Contains("uint32"));
    CHECK_THAT(tensor_complaint(tensor_message("w", 99, {1}).text(9, "1234")), Contains("found number 99"));
    CHECK_THAT(tensor_complaint(tensor_message("w", 1, {1}).text(9, "1234").text(3, "")),
               Contains("segments"));
    CHECK_THAT(tensor_complaint(tensor_message("", 1, {1}).text(9, "1234")), Contains("a name"));
  }
}

TEST_CASE("onnx::parse: versions and domains") {
  const Message empty;
  const auto of_model = [](const Message& model) { return message_of([&] { test::parse(model); }); };
  CHECK(of_model(model_message(empty)) == "no error");
  CHECK(of_model(model_message(empty, 7, 3)) == "no error");
  CHECK_THAT(of_model(empty), Contains("IR version 3") && Contains("no version"));
  CHECK_THAT(of_model(model_message(empty, 13, 2)), Contains("found 2"));
  CHECK_THAT(of_model(model_message(empty, 6)), Contains("operator set 7 or newer, found 6"));
  const Message old = model_message(empty, 6);
  CHECK(onnx::parse(std::as_bytes(std::span(old.bytes)), {}, {.oldest_opset = 6}).opset == 6);
  CHECK_THAT(of_model(Message().integer(1, 8).message(7, empty)), Contains("operator set, found none"));
  CHECK_THAT(of_model(Message().integer(1, 8).message(8, Message().integer(2, 13))),
             Contains("a graph, found none"));
  CHECK_THAT(of_model(model_message(empty).message(7, empty)), Contains("found two"));
  CHECK_THAT(of_model(model_message(empty).message(8, Message().text(1, "ai.onnx").integer(2, 14))),
             Contains("found 13 and 14"));
  CHECK(of_model(model_message(empty).message(8, Message().text(1, "ai.onnx").integer(2, 13))) == "no error");
  CHECK_THAT(of_model(model_message(empty).message(25, Message().text(1, "Relu").text(10, ""))),
             Contains("function 'Relu'"));
  CHECK(of_model(model_message(empty).message(25, Message().text(1, "f").text(10, "mine"))) == "no error");

  const Message node = node_message("Relu", {}, {"y"}, "n");
  CHECK(complaint(Message().message(1, Message(node).text(7, "ai.onnx"))) == "no error");
  // An operator of another domain has its name; who needs it is told that there is none.
  const Message other = model_message(Message().message(1, Message(node).text(7, "com.microsoft")));
  CHECK(test::parse(other).graph.nodes[0].op_type == "com.microsoft.Relu");
}

TEST_CASE("onnx::parse: nodes in any order come out in one that can be run") {
  Message graph;
  graph.message(1, node_message("C", {"b", "a"}, {"c"}));
  graph.message(1, node_message("A", {"x"}, {"a", ""}));
  graph.message(1, node_message("D", {"c", ""}, {"d"}));
  graph.message(1, node_message("B", {"a", "a", "w"}, {"b"}));
  graph.message(11, value_message("x")).message(12, value_message("d"));
  graph.message(5, tensor_message("w", 1, {0}));
  const onnx::Model model = test::parse(model_message(graph));
  std::string order;
  for (const onnx::Node& node : model.graph.nodes) {
    order += node.op_type;
  }
  CHECK(order == "ABCD");
}

TEST_CASE("onnx::parse: names that are missing, doubled or circular") {
  CHECK_THAT(complaint(Message().message(1, node_message("Relu", {"x"}, {"y"}, "n"))),
             Contains("node 'n' (Relu)") && Contains("input 'x'") && Contains("none of that name"));
  CHECK_THAT(complaint(Message().message(12, value_message("y"))), Contains("graph output 'y'"));
  CHECK_THAT(complaint(Message().message(11, value_message("x")).message(11, value_message("x"))),
             Contains("graph input 'x'") && Contains("two"));
  const Message weights = tensor_message("w", 1, {0});
  CHECK_THAT(complaint(Message().message(5, weights).message(5, weights)), Contains("initializer 'w'"));
  CHECK(complaint(Message().message(5, weights).message(11, value_message("w"))) == "no error");
  const Message node = node_message("Relu", {}, {"w"}, "n");
  for (const Message& graph : {Message().message(5, weights).message(1, node),
                               Message().message(11, value_message("w")).message(1, node),
                               Message().message(1, node_message("Abs", {}, {"w"})).message(1, node),
                               Message().message(1, node_message("Relu", {}, {"w", "w"}, "n"))}) {
    CHECK_THAT(complaint(graph), Contains("node 'n' (Relu)") && Contains("output 'w'"));
  }

  CHECK_THAT(complaint(Message().message(1, node_message("Relu", {"y"}, {"y"}, "n"))),
             Contains("node 'n' (Relu)") && Contains("cycles"));
  Message circle;  // "after" and "last" wait for the cycle, but are not in it
  circle.message(1, node_message("Relu", {"b"}, {"after"}, "after"));
  circle.message(1, node_message("Relu", {"after"}, {"last"}, "last"));
  circle.message(1, node_message("Relu", {"b"}, {"a"}, "in"));
  circle.message(1, node_message("Relu", {"a"}, {"b"}, "in"));
  CHECK_THAT(complaint(circle), Contains("node 'in'") && Contains("cycles"));
  // Two that wait for each other, one of them with inputs by the thousand: they are looked through once.
  constexpr std::size_t many = 30000;
  Message wide;
  std::vector<std::string> inputs(many, "x");
  inputs.push_back("b");
  wide.message(11, value_message("x")).message(1, node_message("Sum", inputs, {"a"}, "in"));
  wide.message(1, node_message("Relu", {"a"}, {"b"}, "in"));
  for (std::size_t i = 0; i < many; ++i)
    wide.message(1, node_message("Relu", {"x"}, {"v" + std::to_string(i)}));
  CHECK_THAT(complaint(wide), Contains("node 'in'") && Contains("cycles"));
}

TEST_CASE("onnx::parse: a graph of a hundred thousand nodes, last first") {
  constexpr int count = 100000;
  Message graph;
  for (int i = count; i-- > 0;) {
    graph.message(1, node_message("Relu", {std::to_string(i)}, {std::to_string(i + 1)}));
  }
  graph.message(11, value_message("0")).message(12, value_message(std::to_string(count)));
  const onnx::Model model = test::parse(model_message(graph));
  REQUIRE(model.graph.nodes.size() == count);
  CHECK(model.graph.nodes.front().inputs[0] == "0");
  CHECK(model.graph.nodes.back().inputs[0] == std::to_string(count - 1));
}

TEST_CASE("onnx::parse: attributes of every kind") {
  const auto parsed = [](const Message& attribute) {
    Message node = node_message("Op", {}, {"y"}, "n");
    node.message(5, attribute);
    return test::parse(model_message(Message().message(1, node))).graph.nodes[0].attributes[0].value;
  };
  const auto wrong = [&](const Message& attribute) { return message_of([&] { parsed(attribute); }); };
  const Message a = Message().text(1, "a");
  CHECK(std::get<float>(parsed(Message(a).real(2, 1.5f).integer(20, 1))) == 1.5f);
  CHECK(std::get<std::int64_t>(parsed(Message(a).integer(3, -1).integer(20, 2))) == -1);
  CHECK(std::get<std::string>(parsed(Message(a).text(4, "s").integer(20, 3))) == "s");
  CHECK(std::get<std::vector<float>>(parsed(Message(a).real(7, 1).real(7, 2).integer(20, 6))) ==
        std::vector<float>{1, 2});
  CHECK(std::get<std::vector<float>>(parsed(Message(a).packed_floats(7, {1, 2}).integer(20, 6))) ==
        std::vector<float>{1, 2});
  CHECK(std::get<Ints>(parsed(Message(a).integer(8, 1).packed(8, {2, 3}).integer(20, 7))) == Ints{1, 2, 3});
  CHECK(std::get<std::vector<std::string>>(parsed(Message(a).text(9, "s").text(9, "").integer(20, 8))) ==
        std::vector<std::string>{"s", ""});
  // What a writer of protocol buffers of version 3 leaves out, and files that do not say the type.
  CHECK(std::get<std::int64_t>(parsed(Message(a).integer(20, 2))) == 0);
  CHECK(std::get<Ints>(parsed(Message(a).integer(20, 7))).empty());
  CHECK(std::get<float>(parsed(Message(a).real(2, 1.5f))) == 1.5f);

  // What is wrong in a sub-graph is said where it is needed.
  CHECK_THAT(std::get<onnx::Subgraph>(parsed(Message(a).text(6, "no graph").integer(20, 5))).fault,
             Contains("cut short or malformed"));
  const auto inner = std::get<onnx::Subgraph>(
      parsed(Message(a).message(6, Message().message(1, node_message("Neg", {"z", "z"}, {"n"})))));
  REQUIRE(inner.graph);
  CHECK(inner.graph->nodes[0].op_type == "Neg");
  CHECK(inner.captured == std::vector<std::string>{"z"});
  CHECK_THAT(wrong(Message(a).integer(20, 5)), Contains("expected a sub-graph, found none"));
  CHECK(std::get<onnx::UnsupportedAttribute>(parsed(Message(a).text(22, ""))).kind == "a sparse tensor");
  CHECK_THAT(wrong(a), Contains("node 'n' (Op): attribute 'a'") && Contains("found none"));
  CHECK_THAT(wrong(Message(a).integer(20, 4)), Contains("expected a tensor, found none"));
  CHECK_THAT(wrong(Message(a).integer(20, 15)), Contains("found 15"));
  CHECK_THAT(wrong(Message(a).text(21, "other")), Contains("'other'"));
  CHECK_THAT(wrong(Message(a).text(7, "12345")), Contains("node 'n' (Op)") && Contains("invalid length"));
  CHECK_THAT(wrong(Message(a).message(5, tensor_message("t", 1, {2}))),
             Contains("node 'n' (Op)") && Contains("tensor 't'"));
  Message node = node_message("Op", {}, {"y"}, "n");
  const Message twice = Message(a).integer(3, 1);
  CHECK_THAT(complaint(Message().message(1, node.message(5, twice).message(5, twice))),
             Contains("found two"));
}

TEST_CASE("onnx::parse: inputs that are no tensors, sparse initializers, nodes without operator or output") {
  const auto input = [](const Message& type) {
    return complaint(Message().message(11, value_message("x").message(2, type)));
  };
  CHECK(input(Message().message(1, Message().integer(1, 1))) == "no error");
  CHECK_THAT(input(Message().message(4, Message())), Contains("graph input 0 'x'") && Contains("a tensor"));
  CHECK_THAT(input(Message().message(1, Message().integer(1, 77))), Contains("77"));
  const auto size = [&](const Message& dim) {
    return input(Message().message(1, Message().integer(1, 1).message(2, Message().message(1, dim))));
  };
  CHECK(size(Message().integer(1, -1)) == "no error");
  CHECK_THAT(size(Message().integer(1, -2)), Contains("found -2"));
  CHECK_THAT(complaint(Message().message(15, Message())), Contains("sparse"));
  CHECK_THAT(complaint(Message().message(1, node_message("", {}, {"y"}))), Contains("node 0"));
  CHECK_THAT(complaint(Message().message(1, node_message("Relu", {}, {}))),
             Contains("an output, found none"));
}

TEST_CASE("onnx::parse: a known field of another type is an Error") {
  CHECK_THAT(message_of([] { test::parse(Message().text(1, "8")); }),
             Contains("a known field of another type"));
  CHECK_THAT(complaint(Message().integer(1, 1)), Contains("another type"));
  CHECK_THAT(tensor_complaint(Message().integer(9, 1)),
             Contains("initializer 0") && Contains("another type"));
  CHECK_THAT(tensor_complaint(Message().integer(4, 1)), Contains("another type"));
}

TEST_CASE("onnx::parse: cut short anywhere or with any bit wrong, a model or an Error") {
  for (const char* const name : {"small.onnx", "types.onnx"}) {
    const std::string whole = bytes_of(onnx_file(name));
    // Each attempt in memory of its own: the sanitizer then sees a byte that is read beyond the end.
    const auto attempt = [](std::string_view bytes) {
      const std::vector<char> own(bytes.begin(), bytes.end());
      return message_of([&] {
        for (const onnx::Tensor& tensor : onnx::parse(std::as_bytes(std::span(own))).graph.initializers) {
          tensor.values<double>();
        }
      });
    };
    std::size_t errors = 0;
    for (std::size_t length = 0; length < whole.size(); ++length) {
      errors += attempt(std::string_view(whole).substr(0, length)) != "no error" ? 1 : 0;
    }
    // Only the end of the last field, the import of the operator sets, can be left out unnoticed.
    CHECK(errors + 2 >= whole.size());
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
      std::string flipped = whole;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      attempt(flipped);
    }
  }
}

TEST_CASE("onnx::read: a file's name stands before the message") {
  const test::TemporaryFolder folder;
  CHECK_THAT(message_of([&] { onnx::read(folder.write("bad.onnx", "text")); }),
             Contains("bad.onnx") && Contains("a whole ONNX file"));
  CHECK_THAT(message_of([&] { onnx::read(folder / "none.onnx"); }), Contains("no such file"));
  CHECK_THAT(message_of([&] { onnx::read(folder.path()); }), Contains("not a file"));
  CHECK_THAT(message_of([&] { onnx::read(folder.write("empty.onnx", "")); }), Contains("no version"));
}

TEST_CASE("onnx::read: a model outlives its file and its reader") {
  const test::TemporaryFolder folder;
  onnx::Tensor weights;
  {
    const onnx::Model model = onnx::read(folder.write("m.onnx", bytes_of(onnx_file("small.onnx"))));
    weights = model.graph.initializers[0];
    std::filesystem::remove(folder / "m.onnx");
  }
  CHECK(weights.values<float>()[1] == 0.125f);
}

TEST_CASE("onnx::read_tensor: one tensor in a file") {
  const test::TemporaryFolder folder;
  const onnx::Tensor tensor =
      onnx::read_tensor(folder.write("t.pb", tensor_message("t", 1, {2}).packed_floats(4, {3, 4}).bytes));
  CHECK(tensor.name() == "t");
  CHECK(tensor.values<float>() == std::vector<float>{3, 4});
  CHECK_THAT(message_of([&] { onnx::read_tensor(folder.write("t.pb", "\x08")); }), Contains("t.pb"));
}
