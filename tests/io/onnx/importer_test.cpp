#include "ascribe/io/onnx/importer.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#if __has_include(<sys/resource.h>)
#include <sys/resource.h>
#endif

#include <ascribe/methods/lrp.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx.hpp"
#include <ascribe/io/onnx/network.hpp>
#include "tests/support/onnx_node.hpp"

namespace {

using namespace ascribe;
using Catch::Matchers::Contains;
using onnx::Dims;
using test::integer;
using test::integers;
using test::list;
using test::list_of_reals;
using test::nothing;
using test::number;
using test::OneNode;

onnx::Node node(std::string op, std::vector<std::string> inputs, std::vector<std::string> outputs,
                std::vector<onnx::Attribute> attributes = {}) {
  onnx::Node result;
  result.op_type = std::move(op);
  result.inputs = std::move(inputs);
  result.outputs = std::move(outputs);
  result.attributes = std::move(attributes);
  return result;
}

/// A model with the input "x" and the output "y".
onnx::Model model(const Dims& input, std::vector<onnx::Node> nodes,
                  std::vector<onnx::Tensor> constants = {}) {
  onnx::Model result;
  result.ir_version = 8;
  result.opset = 18;
  onnx::ValueInfo x{"x", onnx::ElementType::float32, std::vector<onnx::Dimension>()};
  for (const Index size : input) x.dims->push_back({size, ""});
  result.graph.inputs = {x};
  result.graph.outputs = {{"y", onnx::ElementType::float32, {}}};
  result.graph.nodes = std::move(nodes);
  result.graph.initializers = std::move(constants);
  return result;
}

onnx::Tensor ones(const std::string& name, const Dims& dims) {
  const Index count = onnx::element_count(dims, name);
  return onnx::Tensor::of(name, dims, std::vector<float>(std::size_t(count), 1.0f));
}

std::string refusal(const onnx::Model& model, const onnx::ReadOptions& options) {
  return test::message_of([&] { onnx::network<float>(model, options); });
}
std::string refusal(const OneNode& one, bool batched = true) {
  return refusal(test::model_of(one), {.batched = batched});
}

/// The most that this process has ever held, in MB; 0 where the system does not say.
long peak_megabytes() {
#if __has_include(<sys/resource.h>)
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
#else
  return 0;
#endif
}

TEST_CASE("onnx::network: what a small file asks for is counted before it is made") {
  constexpr std::int64_t much = std::int64_t{1} << 28;
  const onnx::ReadOptions options{.batched = false, .memory = 1 << 20};
  const std::vector<OneNode> cases{
      {"Relu", {}, {{much}}},
      {"Expand", {}, {{1, 1}}, {list({much, 1})}},
      {"Tile", {}, {{1, 1}}, {list({1, much})}},
      {"Pad", {}, {{1, 1}}, {list({0, 0, much, 0})}},
      {"Resize", {}, {{1, 1, 1, 1}}, {nothing(), nothing(), list({1, 1, 1, much})}},
      {"Resize",
       {test::text("mode", "linear")},
       {{1, 1, 1, 1}},
       {nothing(), nothing(), list({1, 1, 1, much})}},
      {"Upsample", {}, {{1, 1, 1}}, {list_of_reals({1, 1, float(much)})}, 1, 9},
      {"Conv", {integers("pads", {much, much})}, {{1, 1, 1}}, {ones("w", {1, 1, 1})}},
      {"ConvTranspose", {integers("strides", {much})}, {{1, 1, 3}}, {ones("w", {1, 1, 1})}},
      {"MaxPool", {integers("kernel_shape", {much}), integers("pads", {much - 1, much - 1})}, {{1, 1, 1}}},
      {"AveragePool",
       {integers("kernel_shape", {much}), integers("pads", {much - 1, much - 1})},
       {{1, 1, 1}}},
      {"MaxPool",
       {integers("kernel_shape", {1, 1, much}), integers("pads", {0, 0, much - 1, 0, 0, much - 1})},
       {{1, 1, 1, 1, 1}}},
      {"MaxPool",
       {integers("kernel_shape", {1, 1, 1, much}), integers("pads", {0, 0, 0, much - 1, 0, 0, 0, much - 1})},
       {{1, 1, 1, 1, 1, 1}}},
      {"Conv", {integers("pads", {much, 0, 0, much, 0, 0})}, {{1, 1, 1, 1, 1}}, {ones("w", {1, 1, 1, 1, 1})}},
      {"ConvTranspose", {integers("strides", {much, 1, 1})}, {{1, 1, 3, 1, 1}}, {ones("w", {1, 1, 1, 1, 1})}},
      {"LRN", {integer("size", 1)}, {{1, 4096, 1}}},
      {"Add", {}, {{1024, 1}}, {ones("c", {1, 1024})}},
  };
  for (const OneNode& one : cases) {
    INFO(one.op << " on " << onnx::shown(one.inputs.front()));
    const long before = peak_megabytes();
    CHECK_THAT(refusal(test::model_of(one), options), Contains("ReadOptions::memory"));
    CHECK(peak_megabytes() - before < 64);  // the least of them would be 256
  }
  // The default has an end too, and sizes beyond every memory overflow nothing.
  constexpr std::int64_t huge = std::int64_t{1} << 58;
  CHECK_THAT(refusal({"Expand", {}, {{1}}, {list({huge})}}, false), Contains("values, found shape"));
  CHECK_THAT(refusal({"Expand", {}, {{1, 1}}, {list({huge, huge})}}, false), Contains("fits in memory"));
  CHECK_THAT(refusal({"Add", {}, {{1, 1}}, {onnx::Tensor::of("c", {huge, 0}, std::vector<float>{})}}, false),
             Contains("values, found shape"));
}

TEST_CASE("onnx::network: many nodes cannot ask for what one could not") {
  std::vector<onnx::Node> computed, read, joined;
  std::string last = "x";
  const auto append = [&](onnx::Node one) {
    last = one.outputs[0];
    return one;
  };
  std::vector<std::string> constants;
  for (int k = 0; k < 100; ++k) {
    const std::string number = std::to_string(k);
    computed.push_back(node("ConstantOfShape", {"shape"}, {"c" + number}));
    constants.push_back("c" + number);
    read.push_back(append(node("Gemm", {last, "w"}, {"y" + number})));
  }
  computed.push_back(node("Sum", constants, {"sum"}));
  computed.push_back(node("ReduceMax", {"sum"}, {"most"}));
  computed.push_back(node("Mul", {"x", "most"}, {"y"}));
  read.push_back(node("Relu", {last}, {"y"}));
  joined.push_back(node("Sum", std::vector<std::string>(1000, "x"), {"y"}));
  const std::vector<onnx::Tensor> shape{list({5000}).renamed("shape")}, w{ones("w", {64, 64})};
  onnx::ReadOptions options{.memory = 1 << 20};
  CHECK_THAT(refusal(model({1, 64}, computed, shape), options), Contains("limit on evaluated constants"));
  CHECK_THAT(refusal(model({1, 64}, read, w), options), Contains("ReadOptions::memory"));
  CHECK_THAT(refusal(model({1, 1000}, joined), options), Contains("ReadOptions::memory"));
  options.memory = 8 << 20;
  CHECK(refusal(model({1, 64}, computed, shape), options) == "no error");
  CHECK(refusal(model({1, 64}, read, w), options) == "no error");
  CHECK(refusal(model({1, 1000}, joined), options) == "no error");
}

TEST_CASE("onnx::network: Winograd's products are for those who ask, and their memory is counted") {
  std::vector<float> values(64 * 64 * 9);  // 64 filters are whole panels of any processor's
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = float(i * 37 % 101) / 101 - 0.5F;
  const auto w = onnx::Tensor::of("w", {64, 64, 3, 3}, std::move(values));
  const auto conv = [](const std::string& from, const std::string& to) {
    onnx::Node one = node("Conv", {from, "w"}, {to});
    one.attributes.push_back(integers("pads", {1, 1, 1, 1}));
    return one;
  };
  const onnx::Model two =
      model({1, 64, 12, 12}, {conv("x", "h"), node("Relu", {"h"}, {"r"}), conv("r", "y")}, {w});
  const auto relevance = [&](bool winograd, const auto& method) {
    const auto net = onnx::network<float>(two, {.winograd = winograd});
    Eigen::MatrixXf x(net.graph.input_size(), 1);
    for (Index i = 0; i < x.size(); ++i) x(i) = float(i * 29 % 97) / 97;
    return net.graph.explain(net.graph.forward(x), 5, method).relevance.eval();
  };
  const Eigen::MatrixXf exact = relevance(false, method::Gradient()),
                        fast = relevance(true, method::Gradient());
  CHECK(fast != exact);
  CHECK((fast - exact).cwiseAbs().maxCoeff() <= 2e-5F * exact.cwiseAbs().maxCoeff());
  CHECK(relevance(true, method::Lrp()) == relevance(false, method::Lrp()));

  // Sixteen times the weights, which four convolutions share, and 256 KB: not enough for 4 · 2 · 36/9 more.
  const onnx::Model four =
      model({1, 64, 12, 12}, {conv("x", "a"), conv("a", "b"), conv("b", "c"), conv("c", "y")}, {w});
  CHECK(refusal(four, {.memory = 1 << 18}) == "no error");
  CHECK_THAT(refusal(four, {.memory = 1 << 18, .winograd = true}), Contains("ReadOptions::memory"));
  CHECK(refusal(four, {.memory = 1 << 23, .winograd = true}) == "no error");
}

TEST_CASE("onnx::network: a model's own weights need no memory beyond them") {
  const onnx::Model dense = model({1, 100}, {node("Gemm", {"x", "w"}, {"y"})}, {ones("w", {100, 100})});
  CHECK(refusal(dense, {.memory = 0}) == "no error");
  onnx::Model bound = model({1, 100}, {node("Gemm", {"x", "w"}, {"y"})});
  bound.graph.inputs.push_back({"w", onnx::ElementType::float32, {}});
  CHECK(refusal(bound, {.constants = {{"w", ones("w", {100, 100})}}, .memory = 0}) == "no error");
  // Once, however many tensors share them.
  onnx::Model shared = model({1, 100}, {node("Relu", {"x"}, {"y"})});
  for (int k = 0; k < 100; ++k)
    shared.graph.initializers.push_back(ones("w", {10}).renamed("w" + std::to_string(k)));
  const onnx::Tensor w = ones("w", {100});
  for (onnx::Tensor& one : shared.graph.initializers) one = w.renamed(one.name());
  shared.graph.inputs[0].dims = {{1, ""}, {2000, ""}};
  CHECK_THAT(refusal(shared, {.memory = 0}), Contains("the 6400 bytes that are left"));
}

TEST_CASE("onnx::network: a long file takes no longer than it is long") {
  constexpr std::size_t many = 30000;
  SECTION("nodes of one name") {
    std::vector<onnx::Node> nodes;
    for (std::size_t k = 0; k < many; ++k) {
      nodes.push_back(node("Relu", {k == 0 ? "x" : "v" + std::to_string(k)}, {"v" + std::to_string(k + 1)}));
      nodes.back().name = "same";
    }
    nodes.back().outputs = {"y"};
    const auto net = onnx::network<float>(model({1, 1}, nodes));
    CHECK(net.graph.nodes().back().name == "same#" + std::to_string(many));
  }
  SECTION("a product without an end, which patterns are looked for in") {
    std::vector<onnx::Node> nodes;
    for (std::size_t k = 0; k < many; ++k)
      nodes.push_back(
          node("Mul", {k == 0 ? "x" : "v" + std::to_string(k), "c"}, {"v" + std::to_string(k + 1)}));
    nodes.back().outputs = {"y"};
    CHECK(onnx::network<float>(model({1, 1}, nodes, {ones("c", {})})).graph.nodes().size() == many + 1);
  }
  SECTION("one that ends in itself, through values without a name") {
    CHECK(refusal(model({1, 1}, {node("Mul", {"", "c"}, {"", "a"}), node("Mul", {"x", "a"}, {"y"})},
                        {ones("c", {})}),
                  {}) != "no error");
  }
  SECTION("an addition of many, and a part of many") {
    std::vector<std::string> parts;
    for (std::size_t k = 0; k < many; ++k) parts.push_back("p" + std::to_string(k));
    const onnx::Model back_and_forth =
        model({1, Index(many)}, {node("Split", {"x"}, parts, {integer("axis", 1)}),
                                 node("Concat", parts, {"y"}, {integer("axis", 1)})});
    CHECK(onnx::network<float>(back_and_forth).graph.output_size() == Index(many));
  }
}

TEST_CASE("onnx::network: nodes that lack what their operator needs are an Error that names them") {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  CHECK_THAT(refusal({"Conv", {}, {{1, 1, 2}}, {onnx::Tensor::of("w", {0, 1, 2}, std::vector<float>{})}}),
             Contains("node 'it' (Conv): the weights"));
  CHECK_THAT(refusal({"Conv", {integer("group", most)}, {{1, 2, 2}}, {ones("w", {2, 2, 1})}}),
             Contains("(Conv): the weights"));
  CHECK_THAT(refusal({"ConvTranspose", {integer("group", most)}, {{1, 2, 2}}, {ones("w", {2, 2, 1})}}),
             Contains("(ConvTranspose): the weights"));
  CHECK_THAT(refusal({"ConvTranspose",
                      {},
                      {{1, 1, 2}},
                      {onnx::Tensor::of("w", {1, 0, Index(most / 64)}, std::vector<float>{})}}),
             Contains("(ConvTranspose): expected weights"));
  CHECK_THAT(refusal({"MatMul", {}, {{2, 2}}, {number(1)}}, false),
             Contains("(MatMul): expected two vectors"));
  CHECK_THAT(refusal({"MatMul", {}, {{}}, {ones("w", {2, 2})}}, false),
             Contains("(MatMul): expected two vectors"));
  CHECK_THAT(refusal({"MatMul", {}, {{2, 2}}, {onnx::Tensor::of("w", {2, 0}, std::vector<float>{})}}, false),
             Contains("(MatMul): expected a matrix with values"));
  // What might be SiLU or GELU, and lacks an input.
  for (const char* op : {"Sigmoid", "Tanh", "Add", "Mul", "Div", "Clip", "HardSigmoid"}) {
    INFO(op);
    CHECK_THAT(refusal(model({1, 2}, {node(op, {}, {"g"}), node("Mul", {"x", "g"}, {"y"})}), {}),
               Contains(std::string("(") + op + ")"));
  }
}

/// A model whose input x goes through one node, "it", with those constants behind it.
std::string says(const char* op, const Dims& input, std::vector<onnx::Tensor> constants,
                 std::vector<onnx::Attribute> attributes = {}, bool batched = true) {
  return refusal(
      {.op = op, .attributes = std::move(attributes), .inputs = {input}, .constants = std::move(constants)},
      batched);
}

TEST_CASE("onnx::network: what a layer refuses bears its node's name", "[onnx]") {
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              infinity = std::numeric_limits<float>::infinity();
  const auto matrix = [](float first) { return onnx::Tensor::of<float>("w", {2, 2}, {first, 1, 2, 3}); };
  const auto kernel = [](float first) { return onnx::Tensor::of<float>("w", {1, 1, 1, 2}, {first, 1}); };
  CHECK(says("Gemm", {1, 2}, {matrix(1), list_of_reals({0, nan})}) ==
        "node 'it' (Gemm): MatMul: bias entry 1 is NaN or infinite");
  CHECK(says("Gemm", {1, 2}, {matrix(infinity)}) == "node 'it' (Gemm): MatMul: a weight is NaN or infinite");
  CHECK(says("MatMul", {1, 2}, {matrix(nan)}) == "node 'it' (MatMul): MatMul: a weight is NaN or infinite");
  CHECK(says("Conv", {1, 1, 2, 3}, {kernel(nan)}) == "node 'it' (Conv): MatMul: a weight is NaN or infinite");
  CHECK(says("Conv", {1, 1, 2, 3}, {kernel(1), list_of_reals({-infinity})}) ==
        "node 'it' (Conv): MatMul: bias entry 0 is NaN or infinite");
  CHECK(says("ConvTranspose", {1, 1, 2, 3}, {kernel(infinity)}) ==
        "node 'it' (ConvTranspose): MatMul: a weight is NaN or infinite");
  CHECK(says("Add", {1, 2}, {list_of_reals({nan, 0})}) ==
        "node 'it' (Add): MatMul: bias entry 0 is NaN or infinite");
  CHECK(says("Sub", {1, 2}, {list_of_reals({0, infinity})}) ==
        "node 'it' (Sub): MatMul: bias entry 1 is NaN or infinite");
  CHECK(says("Mul", {1, 2}, {number(nan)}) == "node 'it' (Mul): MatMul: a weight is NaN or infinite");
  CHECK(says("Div", {1, 2}, {number(nan)}) == "node 'it' (Div): MatMul: a weight is NaN or infinite");
  CHECK(says("Sum", {1, 2}, {number(-infinity)}) ==
        "node 'it' (Sum): MatMul: bias entry 0 is NaN or infinite");
  CHECK(says("Concat", {1, 2}, {onnx::Tensor::of<float>("c", {1, 1}, {nan})}, {integer("axis", 1)}) ==
        "node 'it' (Concat): MatMul: bias entry 2 is NaN or infinite");
  CHECK(says("Pad", {1, 2}, {list({0, 0, 0, 1}), number(infinity)}) ==
        "node 'it' (Pad): MatMul: bias entry 2 is NaN or infinite");
  CHECK_THAT(
      says("BatchNormalization", {1, 2},
           {list_of_reals({1, nan}), list_of_reals({0, 0}), list_of_reals({0, 0}), list_of_reals({1, 1})}),
      Catch::Matchers::StartsWith("node 'it' (BatchNormalization): "));
  CHECK_THAT(says("PRelu", {1, 2}, {onnx::Tensor::of("s", {0}, std::vector<float>{})}),
             Catch::Matchers::StartsWith("node 'it' (PRelu): "));
  // The name stands once, also where a translation says it by itself, and is that of the node at fault.
  CHECK(says("Pad", {1, 2}, {list({0, 0, 1})}) == "node 'it' (Pad): expected 4 pads, found 3");
  const auto chain = [&](onnx::Tensor bias) {
    return refusal(
        model({1, 2},
              {node("MatMul", {"x", "w"}, {"p"}), node("Add", {"p", "b"}, {"q"}), node("Relu", {"q"}, {"y"})},
              {matrix(1), bias.renamed("b")}),
        {});
  };
  CHECK_THAT(chain(list_of_reals({0, nan})), Catch::Matchers::StartsWith("node of '"));
  CHECK(chain(list_of_reals({0, 1})) == "no error");
}

/// What a model computes of the values 1, 2, …, n.
Eigen::MatrixXd computed(const onnx::Model& model, const onnx::ReadOptions& options = {.batched = false}) {
  const auto network = onnx::network<double>(model, options);
  Eigen::MatrixXd x(network.graph.input_size(), 1);
  for (Index i = 0; i < x.size(); ++i) x(i) = double(i + 1);
  const auto trace = network.graph.forward(x);
  return trace.output();
}

onnx::Tensor reals(const std::string& name, const Dims& dims, const std::vector<float>& values) {
  return onnx::Tensor::of(name, dims, values);
}

// What is not asked for is not read: not even that its operator is unknown.
TEST_CASE("onnx::network: nodes that no output depends on are left alone", "[onnx]") {
  auto two =
      model({2}, {node("Neg", {"x"}, {"y"}), node("Strange", {"y"}, {"z"}), node("Abs", {"x"}, {"u"})});
  CHECK(onnx::network<double>(two, {.batched = false}).graph.nodes().size() == 2);
  two.graph.outputs.push_back({"z", onnx::ElementType::float32, {}});
  CHECK_THAT(refusal(two, {.batched = false}), Contains("Strange (1 node: node of 'z' (Strange))"));
  CHECK(onnx::network<double>(two, {.batched = false, .outputs = {"y"}}).outputs.size() == 1);
}

TEST_CASE("onnx::network: outputs are chosen by name, inner values too", "[onnx]") {
  auto two =
      model({2}, {node("Neg", {"x"}, {"h"}), node("Abs", {"h"}, {"y"}), node("Mul", {"h", "ids"}, {"z"})});
  onnx::ValueInfo ids{"ids", onnx::ElementType::int64, std::vector<onnx::Dimension>{{2, ""}}};
  two.graph.inputs.push_back(ids);
  two.graph.outputs.push_back({"z", onnx::ElementType::float32, {}});
  CHECK_THAT(refusal(two, {.batched = false}),
             Contains("node of 'z' (Mul)") && Contains("whole ones of an input, 'ids'"));
  // The input that nothing needs any more is none.
  const auto inner = onnx::network<double>(two, {.batched = false, .outputs = {"h", "y"}});
  REQUIRE(inner.inputs.size() == 1);
  REQUIRE(inner.outputs.size() == 2);
  CHECK(inner.outputs[0].name == "h");
  CHECK(inner.outputs[1].name == "y");
  CHECK(computed(two, {.batched = false, .outputs = {"h"}}) == Eigen::Vector2d(-1, -2));
  CHECK(computed(two, {.batched = false, .outputs = {"y"}}) == Eigen::Vector2d(1, 2));
  CHECK_THAT(refusal(two, {.batched = false, .outputs = {"w"}}), Contains("output 'w': no node computes it"));
}

TEST_CASE("onnx::network: outputs are chosen by number, where no value has it for its name", "[onnx]") {
  auto two =
      model({2}, {node("Neg", {"x"}, {"y"}), node("Abs", {"x"}, {"z"}), node("Add", {"z", "z"}, {"7"})});
  two.graph.outputs.push_back({"z", onnx::ElementType::float32, {}});
  const auto of = [&](const std::string& output) {
    const auto net = onnx::network<double>(two, {.batched = false, .outputs = {output}});
    return std::pair(net.outputs[0].name,
                     Eigen::Vector2d(net.graph.forward(Eigen::Vector2d(-3, 4)).output()));
  };
  CHECK(of("0") == std::pair(std::string("y"), Eigen::Vector2d(3, -4)));
  CHECK(of("1") == std::pair(std::string("z"), Eigen::Vector2d(3, 4)));
  CHECK(of("7") == std::pair(std::string("7"), Eigen::Vector2d(6, 8)));
  for (const char* none : {"2", "-1", "0x", ""})
    CHECK_THAT(refusal(two, {.batched = false, .outputs = {none}}),
               Contains("no node computes it, and it is no number below 2, that of an output of the file"));
}

TEST_CASE("onnx::network: nodes say how their axes lie in memory", "[onnx]") {
  const auto net = onnx::network<double>(model(
      {1, 2, 3, 2}, {node("Relu", {"x"}, {"h"}),
                     node("MaxPool", {"h"}, {"y"}, {{"kernel_shape", std::vector<std::int64_t>{1, 1}}})}));
  Eigen::VectorXd x(12);
  for (Index i = 0; i < 12; ++i) x(i) = double(i) + 1;
  const auto trace = net.graph.forward(x);
  Index inside = 0;
  for (Index i = net.graph.input_count(); i < Index(net.graph.nodes().size()); ++i) {
    const auto& one = net.graph.node(i);
    INFO(one.name);
    // Nothing computes anything: in the file's order every value is the input.
    CHECK(in_shape(one, trace.value(i)) == x);
    CHECK(one.shape == Dims{2, 3, 2});
    inside += one.origin.order == std::vector<Index>{1, 2, 0};
  }
  CHECK(inside > 0);
  CHECK(in_shape(net.graph.node(0), x) == x);
}

/// Rows of a table chosen by ids, less the rows' mean at the second position, and their sum by a weight each.
onnx::Model of_ids() {
  onnx::Model m;
  m.ir_version = 8;
  m.opset = 18;
  onnx::ValueInfo ids{"ids", onnx::ElementType::int64, std::vector<onnx::Dimension>()};
  ids.dims->push_back({std::nullopt, "N"});
  ids.dims->push_back({std::nullopt, "T"});
  m.graph.inputs = {ids};
  m.graph.outputs = {{"y", onnx::ElementType::float32, {}}};
  m.graph.nodes = {node("Cast", {"ids"}, {"whole"}, {integer("to", 6)}),
                   node("Gather", {"table", "whole"}, {"rows"}, {integer("axis", 0)}),
                   node("Shape", {"ids"}, {"sizes"}),
                   node("Gather", {"table", "sizes"}, {"constant rows"}),
                   node("ReduceMax", {"constant rows"}, {"largest"}, {integer("keepdims", 0)}),
                   node("Sub", {"largest", "seven"}, {"one"}),
                   node("Mul", {"rows", "one"}, {"same"}),
                   node("Add", {"same", "shift"}, {"moved"}),
                   node("Mul", {"moved", "weights"}, {"weighted"}),
                   node("ReduceSum", {"weighted", "axes"}, {"y"}, {integer("keepdims", 0)})};
  m.graph.initializers = {
      onnx::Tensor::of<float>("table", {4, 2}, {0, 0, 1, -1, 2, 3, 5, 8}),
      onnx::Tensor::of<float>("shift", {2}, {0.5f, -0.5f}), onnx::Tensor::of<float>("weights", {2}, {2, -1}),
      onnx::Tensor::of<float>("seven", {}, {7}), onnx::Tensor::of<std::int64_t>("axes", {1}, {1})};
  return m;
}

TEST_CASE("onnx::network: numbers that choose rows of a table make the rows an input", "[onnx]") {
  onnx::ReadOptions options;
  options.constants.emplace("ids", onnx::Tensor::of<std::int64_t>("ids", {1, 3}, {3, 1, 1}));
  options.lookups = {"ids"};
  const auto net = onnx::network<double>(of_ids(), options);
  REQUIRE(net.inputs.size() == 1);
  CHECK(net.inputs[0].name == "rows");
  CHECK(net.inputs[0].shape == Dims{3, 2});
  CHECK(net.inputs[0].values == std::vector<double>{5, 8, 1, -1, 1, -1});
  CHECK(net.outputs[0].shape == Dims{2});
  const Eigen::VectorXd x = Eigen::Map<const Eigen::VectorXd>(net.inputs[0].values.data(), 6);
  // y₀ = 2·(5.5 + 1.5 + 1.5), y₁ = −(7.5 − 1.5 − 1.5).
  CHECK(net.graph.forward(x).output().col(0) == Eigen::Vector2d(17, -4.5));
  CHECK(net.graph.explain(x, 0, method::LrpQ()).relevance.col(0) ==
        (Eigen::VectorXd(6) << 10, 0, 2, 0, 2, 0).finished());
}

TEST_CASE("onnx::network: what numbers that choose rows must be", "[onnx]") {
  onnx::ReadOptions options;
  options.lookups = {"ids"};
  const auto refused = [&] {
    try {
      onnx::network<double>(of_ids(), options);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK_THAT(refused(), Contains("input 'ids': expected its numbers among ReadOptions::constants"));
  options.constants.insert_or_assign("ids", onnx::Tensor::of<std::int64_t>("ids", {2, 1}, {3, 1}));
  CHECK_THAT(refused(), Contains("expected the numbers of one sample, found rows of shape (2, 1, 2)"));
  options.constants.insert_or_assign("ids", onnx::Tensor::of<std::int64_t>("ids", {1, 1}, {4}));
  CHECK_THAT(refused(), Contains("(Gather)") && Contains("4"));
  options.constants.insert_or_assign("ids", onnx::Tensor::of<std::int64_t>("ids", {1, 1}, {3}));
  options.outputs = {"whole"};
  CHECK_THAT(refused(), Contains("no node chooses rows of a table by it"));
}

TEST_CASE("onnx::network: all operators that are missing are said at once", "[onnx]") {
  std::vector<onnx::Node> nodes{node("Odd", {"x"}, {"a"}), node("NonZero", {"a"}, {"b"}),
                                node("Odd", {"b"}, {"c"}), node("com.example.Even", {"c", "w"}, {"y"})};
  nodes[0].name = "first";
  const std::string said = refusal(model({2}, nodes, {ones("w", {2})}), {.batched = false});
  CHECK(said ==
        "the network needs operators that are not supported:\n"
        "  Odd (2 nodes, the first: node 'first' (Odd))\n"
        "  NonZero (1 node: node of 'b' (NonZero); supported on constants alone, and it depends on the "
        "network's "
        "input 'x')\n"
        "  com.example.Even (1 node: node of 'y' (com.example.Even))\n"
        "ReadOptions::outputs may choose values that do not depend on them.");
  nodes.clear();
  std::string last = "x";
  for (int k = 0; k < 12; ++k) {
    const std::string next = k == 11 ? "y" : "v" + std::to_string(k);
    nodes.push_back(node("Odd" + std::to_string(k), {last}, {next}));
    last = next;
  }
  CHECK_THAT(refusal(model({2}, nodes), {.batched = false}),
             Contains("Odd7 (1 node") && Contains("and 4 more") && !Contains("Odd8"));
}

// The expected values are NumPy's.
TEST_CASE("onnx::network: what is supported on activations is supported on constants", "[onnx]") {
  const auto with_constant = [](onnx::Node on_constants, std::vector<onnx::Tensor> constants) {
    return computed(
        model({2}, {std::move(on_constants), node("Add", {"x", "k"}, {"y"})}, std::move(constants)));
  };
  const auto c = reals("c", {2}, {-1, 0.5f});
  const auto check = [&](onnx::Node one, double first, double second, std::vector<onnx::Tensor> more = {}) {
    INFO(one.op_type);
    more.push_back(c);
    const Eigen::MatrixXd found = with_constant(std::move(one), std::move(more));
    CHECK(found(0) - 1 == Approx(first).margin(1e-7));
    CHECK(found(1) - 2 == Approx(second).margin(1e-7));
  };
  check(node("Relu", {"c"}, {"k"}), 0, 0.5);
  check(node("Sigmoid", {"c"}, {"k"}), 0.2689414213699951, 0.6224593312018546);
  check(node("Tanh", {"c"}, {"k"}), -0.7615941559557649, 0.46211715726000973);
  check(node("Softplus", {"c"}, {"k"}), 0.31326168751822286, 0.9740769841801067);
  check(node("LeakyRelu", {"c"}, {"k"}, {test::real("alpha", 0.1f)}), -0.1, 0.5);
  check(node("Clip", {"c", "low", "high"}, {"k"}), -0.25, 0.25,
        {reals("low", {}, {-0.25f}), reals("high", {}, {0.25f})});
  check(node("MatMul", {"c", "w"}, {"k"}), 0.5, 0, {reals("w", {2, 2}, {1, 2, 3, 4})});
  check(node("Gemm", {"c2", "w", "b"}, {"k"}), 11.5, 20.0,
        {reals("c2", {1, 2}, {1, 0.5f}), reals("w", {2, 2}, {1, 2, 1, 4}), reals("b", {2}, {10, 16})});
  check(
      node("BatchNormalization", {"c2", "scale", "shift", "mean", "var"}, {"k"}, {test::real("epsilon", 0)}),
      3, -0.5,
      {reals("c2", {1, 2}, {2, 1}), reals("scale", {2}, {2, 1}), reals("shift", {2}, {1, 0}),
       reals("mean", {2}, {1, 2}), reals("var", {2}, {1, 4})});
  // In training mode the mean and variance are the constant's own: 2 and 1, 15 and 25.
  check(node("BatchNormalization", {"c3", "scale", "shift", "mean", "var"}, {"k", "m", "v"},
             {test::real("epsilon", 0), test::integer("training_mode", 1)}),
        -1, -1,
        {reals("c3", {2, 2}, {1, 10, 3, 20}), reals("scale", {2}, {2, 1}), reals("shift", {2}, {1, 0}),
         reals("mean", {2}, {7, 7}), reals("var", {2}, {7, 7})});
  check(node("Softmax", {"c"}, {"k"}), 0.18242552380635635, 0.8175744761936437);
  check(node("ReduceL1", {"c", "axes"}, {"k"}), 1.5, 1.5, {test::list({0}).renamed("axes")});
  check(node("ReduceLogSumExp", {"c"}, {"k"}, {test::integer("keepdims", 0)}), 0.70141327798275,
        0.70141327798275);
  check(node("LayerNormalization", {"c", "scale", "shift"}, {"k"}, {test::real("epsilon", 0)}), -1, 2,
        {reals("scale", {2}, {2, 1}), reals("shift", {2}, {1, 1})});
  check(node("LpNormalization", {"c"}, {"k"}, {test::integer("p", 1)}), -2. / 3, 1. / 3);
  // The layer's own errors name the node.
  CHECK_THAT(refusal(model({2}, {node("MatMul", {"c", "w"}, {"k"}), node("Add", {"x", "k"}, {"y"})},
                           {c, reals("w", {3, 2}, {1, 2, 3, 4, 5, 6})}),
                     {.batched = false}),
             Contains("node of 'k' (MatMul)"));
}

}  // namespace
