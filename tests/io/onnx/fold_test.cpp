#include <ascribe/io/onnx/fold.hpp>
#include <ascribe/io/onnx/network.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/onnx.hpp"

namespace {

using namespace ascribe;
using onnx::Dims;
using onnx::Tensor;
using test::message_of;
using test::onnx_file;
using Ints = std::vector<std::int64_t>;

Tensor ints(Dims dims, Ints values) { return Tensor::of("ints", std::move(dims), std::move(values)); }
Tensor ints(Ints values) {
  const auto count = static_cast<Index>(values.size());
  return ints({count}, std::move(values));
}
Tensor floats(Dims dims, std::vector<float> values) {
  return Tensor::of("floats", std::move(dims), std::move(values));
}

Tensor six() { return floats({2, 3}, {1, 2, 3, 4, 5, 6}); }

using Attributes = std::vector<onnx::Attribute>;
Attributes number(const char* name, std::int64_t value) { return {{name, value}}; }

onnx::Node node(std::string_view op_type, std::vector<onnx::Attribute> attributes = {},
                std::vector<std::string> outputs = {"y"}) {
  return {"n", std::string(op_type), {}, std::move(outputs), std::move(attributes)};
}

Tensor run(const onnx::Node& node, const std::vector<Tensor>& inputs, Index opset = 13) {
  std::vector<const Tensor*> pointers;
  for (const Tensor& input : inputs) {
    pointers.push_back(&input);
  }
  onnx::Budget budget;
  return onnx::evaluate(node, pointers, opset, budget).at(0);
}

/// One function, as each assertion of its own takes a tenth of a second to compile.
void complains(const onnx::Node& node, const std::vector<Tensor>& inputs, const std::string& part,
               Index opset = 13) {
  INFO("expected a complaint about: " << part);
  CHECK_THAT(message_of([&] { run(node, inputs, opset); }),
             Contains("node 'n' (" + node.op_type + ")") && Contains(part));
}

/// How far two results of one operation may lie apart, in the type's own relative precision: exp, log and pow
/// are rounded differently by different libraries, and NumPy adds float32 up in float32.
double tolerance(onnx::ElementType type) {
  switch (type) {
    case onnx::ElementType::float64:
      return 4 * 0x1p-52;
    case onnx::ElementType::float32:
      return 4 * 0x1p-23;
    default:
      return 0;
  }
}

void check_equal(const Tensor& found, const Tensor& expected) {
  CHECK(found.type() == expected.type());
  REQUIRE(found.dims() == expected.dims());
  if (!is_floating(expected.type())) {
    const auto a = found.bytes();
    const auto b = expected.bytes();
    CHECK(std::vector<std::byte>(a.begin(), a.end()) == std::vector<std::byte>(b.begin(), b.end()));
    return;
  }
  const auto a = found.values<double>();
  const auto b = expected.values<double>();
  for (std::size_t i = 0; i < b.size(); ++i) {
    INFO("element " << i << ": expected " << b[i] << ", found " << a[i]);
    const bool same =
        std::isnan(b[i]) ? std::isnan(a[i]) : a[i] == b[i] && std::signbit(a[i]) == std::signbit(b[i]);
    CHECK((same || std::abs(a[i] - b[i]) <= tolerance(expected.type()) * std::abs(b[i])));
  }
}

}  // namespace

TEST_CASE("onnx::evaluate: what ONNX's reference evaluator and NumPy compute") {
  std::set<std::string, std::less<>> seen;
  for (const char* const file : {"fold_9.onnx", "fold_13.onnx", "fold_21.onnx", "fold_24.onnx"}) {
    const onnx::Model model = onnx::read(onnx_file(file));
    std::unordered_map<std::string_view, const Tensor*> values;
    for (const Tensor& tensor : model.graph.initializers) {
      values[tensor.name()] = &tensor;
    }
    for (const onnx::Node& one : model.graph.nodes) {
      INFO(file << ", " << describe(one));
      seen.insert(one.op_type);
      std::vector<const Tensor*> inputs;
      for (const std::string& input : one.inputs) {
        inputs.push_back(input.empty() ? nullptr : values.at(input));
      }
      std::vector<Tensor> found;
      onnx::Budget budget;
      REQUIRE_NOTHROW(found = onnx::evaluate(one, inputs, model.opset, budget));
      REQUIRE(found.size() == one.outputs.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        CHECK(found[i].name() == one.outputs[i]);
        check_equal(found[i], *values.at("expected/" + one.outputs[i]));
      }
    }
  }
  for (const onnx::fold::Operator& known : onnx::fold::operators) {
    INFO(known.name);
    CHECK(seen.contains(known.name));
    CHECK(onnx::can_evaluate(known.name));
  }
  CHECK(!onnx::can_evaluate("Conv"));
  for (const char* const moved : {"Concat", "Expand", "Flatten", "Gather", "Identity", "Pad", "Reshape",
                                  "Slice", "Split", "Squeeze", "Tile", "Transpose", "Unsqueeze"}) {
    INFO(moved);
    CHECK(seen.contains(moved));
  }
}

TEST_CASE("onnx::evaluate: moving without copying, and shapes of what has no values") {
  const Tensor x = six();
  for (const auto& same : {run(node("Identity"), {x}), run(node("Reshape"), {x, ints({3, 2})}),
                           run(node("Unsqueeze"), {x, ints({0})}), run(node("Expand"), {x, ints({1, 3})})}) {
    CHECK(same.bytes().data() == x.bytes().data());
  }
  const Tensor unknown = Tensor::without_values("x", onnx::ElementType::float32, {5, 1, 7});
  CHECK(run(node("Shape"), {unknown}).values<std::int64_t>() == Ints{5, 1, 7});
  CHECK(run(node("Size"), {unknown}).value<std::int64_t>() == 35);
  CHECK(run(node("Reshape"), {unknown, ints({7, -1})}).dims() == Dims{7, 5});
  CHECK(run(node("Squeeze"), {unknown, ints({1})}).dims() == Dims{5, 7});
  complains(node("Abs"), {unknown}, "the shape alone is known");
  const Tensor text = run(node("Constant", {{"value_string", std::string("bilinear")}}), {});
  CHECK(text.type() == onnx::ElementType::string);
  complains(node("Concat", {{"axis", std::int64_t{0}}}), {text.reshaped({1})}, "unsupported type string");
}

TEST_CASE("onnx::evaluate: no result larger than the budget, and none is allocated to find that out") {
  const std::int64_t huge = std::int64_t{1} << 40;
  for (const auto& [one, inputs] : std::vector<std::pair<onnx::Node, std::vector<Tensor>>>{
           {node("ConstantOfShape"), {ints({huge})}},
           {node("Expand"), {floats({1}, {1}), ints({1 << 20, 1 << 20})}},
           {node("Tile"), {floats({1}, {1}), ints({huge})}},
           {node("Pad"), {floats({1}, {1}), ints({huge, huge})}},
           {node("Range"), {ints({}, {0}), ints({}, {huge}), ints({}, {1})}},
           {node("Gather"), {floats({1, 0}, {}), ints({0})}},
       }) {
    INFO(one.op_type);
    if (one.op_type == "Gather") {
      CHECK(run(one, inputs).size() == 0);
    } else {
      complains(one, inputs, "left of");
    }
  }
  complains(node("ConstantOfShape"), {ints({huge, huge})}, "fits in memory");
  complains(node("Tile"), {floats({4}, {1, 2, 3, 4}), ints({std::int64_t{1} << 62})}, "fits in memory");
  complains(node("Range"),
            {ints({}, {std::numeric_limits<std::int64_t>::min()}),
             ints({}, {std::numeric_limits<std::int64_t>::max()}), ints({}, {1})},
            "fits in memory");
  const float infinity = std::numeric_limits<float>::infinity();
  complains(node("Range"), {floats({}, {0}), floats({}, {infinity}), floats({}, {1})}, "fits in memory");
  complains(node("Range"), {floats({}, {0}), floats({}, {1}), floats({}, {std::nanf("")})}, "fits in memory");

  SECTION("each result takes from it") {
    onnx::Budget budget{100};
    const Tensor shape = ints({5});
    const Tensor* const input = &shape;
    const onnx::Node one = node("ConstantOfShape");
    for (int i = 0; i < 5; ++i) {
      onnx::evaluate(one, {&input, 1}, 13, budget);
    }
    CHECK(budget.bytes == 0);
    CHECK_THAT(message_of([&] { onnx::evaluate(one, {&input, 1}, 13, budget); }), Contains("0 bytes"));
  }
  SECTION("two that broadcast to a product of their sizes, and bytes that become eight each") {
    const Tensor row = run(node("ConstantOfShape"), {ints({1, 1 << 16})});
    const Tensor column = run(node("ConstantOfShape"), {ints({1 << 16, 1})});
    complains(node("Add"), {row, column}, "(65536, 65536)");
    onnx::Budget budget{1000};
    const Tensor bytes = Tensor::of("b", {200}, std::vector<std::uint8_t>(200, 1));
    const Tensor* const input = &bytes;
    CHECK_THAT(message_of([&] {
                 onnx::evaluate(node("NonZero"), {&input, 1}, 13, budget);
               }),
               Contains("(200) of 8-byte"));
  }
}

TEST_CASE("onnx::evaluate: what arithmetic does not take is an Error that names the node") {
  const Tensor x = six();
  complains(node("Conv"), {x}, "can be evaluated");
  complains(node("Add"), {x}, "expected 2 inputs, found 1");
  complains(node("Add"), {x, floats({2}, {1, 2})}, "broadcast, found (2, 3) and (2)");
  complains(node("Add"), {x, ints({1})}, "found float and int64");
  complains(node("Add", number("broadcast", 1)), {x, x}, "no attribute 'broadcast'");
  complains(node("Add", {}, {"y", "z"}), {x, x}, "expected 1 outputs, found 2");
  complains(node("Div"), {ints({1}), ints({0})}, "1 / 0");
  complains(node("Mod"), {ints({1}), ints({0})}, "modulo 0");
  complains(node("Mod"), {x, x}, "fmod");
  complains(node("Mod", number("fmod", 2)), {x, x}, "0 or 1, found 2");
  complains(node("Pow"), {ints({2}), ints({-1})}, "found -1");
  complains(node("Pow"), {x, ints({1})}, "float and int64", 11);
  complains(node("Sqrt"), {ints({4})}, "floating-point");
  complains(node("And"), {ints({1}), ints({1})}, "booleans");
  complains(node("Where"), {x, x, x}, "booleans");
  complains(node("Neg"), {Tensor::of("u", {1}, std::vector<std::uint8_t>{1})}, "sign");
}

TEST_CASE("onnx::evaluate: what Cast does not take is an Error that names the node") {
  const Tensor x = six();
  complains(node("Cast", number("to", 8)), {x}, "string");
  complains(node("Cast", number("to", 77)), {x}, "77");
  complains(node("Cast"), {x}, "attribute 'to', found none");
  complains(node("Cast", {{"to", 1.0f}}), {x}, "expected an integer, found a float");
  for (const float value : {std::nanf(""), 3e9f, -2147483904.0f, std::numeric_limits<float>::infinity()}) {
    complains(node("Cast", number("to", 6)), {floats({1}, {value})}, "range of int32");
  }
  complains(node("Cast", number("to", 2)), {floats({1}, {-1})}, "range of uint8");
  CHECK(run(node("Cast", number("to", 2)), {floats({1}, {-0.5f})}).value<int>() == 0);
}

TEST_CASE("onnx::evaluate: what Gather and Concat do not take is an Error that names the node") {
  const Tensor x = six();
  complains(node("Gather"), {x, ints({2})}, "from -2 to 1, found 2");
  complains(node("Gather", number("axis", 2)), {x, ints({0})}, "an axis in [-2, 2), found 2");
  complains(node("Gather"), {floats({}, {1}), ints({0})}, "axis");
  complains(node("Gather"), {x, x}, "tensor 'floats': expected int64 or int32");
  complains(node("Concat", number("axis", 0)), {x, floats({1, 2}, {1, 2})}, "(1, 2)");
  complains(node("Concat", number("axis", 1)), {x, floats({2}, {1, 2})}, "(2)");
  complains(node("Concat"), {x}, "'axis'");
}

TEST_CASE("onnx::evaluate: what Reshape and its like do not take is an Error that names the node") {
  const Tensor x = six();
  complains(node("Reshape"), {x, ints({4, -1})}, "the 6 values of (2, 3)");
  complains(node("Reshape"), {x, ints({-1, -1})}, "one size of -1 at most");
  complains(node("Reshape"), {x, ints({5})}, "the 6 values of (2, 3)");
  complains(node("Reshape"), {x, ints({2, 3, 0})}, "(2, 3, 0)");
  complains(node("Reshape"), {x, ints({-2, -3})}, "found (-2, -3)");
  complains(node("Reshape"), {floats({0}, {}), ints({0, -1})}, "the 0 values of (0)");
  complains(node("Flatten", number("axis", 3)), {x}, "-2 to 2");
  complains(node("Transpose", {{"perm", Ints{0}}}), {x}, "every axis of (2, 3) once");
  complains(node("Transpose", {{"perm", Ints{0, 0}}}), {x}, "once");
  complains(node("Squeeze"), {x, ints({0})}, "size 1 along axis 0");
  complains(node("Squeeze"), {x, ints({0})}, "as an attribute", 12);
  complains(node("Squeeze", {{"axes", Ints{0}}}), {x}, "no attribute 'axes'");
  complains(node("Unsqueeze"), {x, ints({1, -3})}, "once");
  complains(node("Unsqueeze"), {x, ints(Ints(63, 0))}, "64 axes");
  complains(node("Unsqueeze"), {x}, "axes");
}

TEST_CASE("onnx::evaluate: what Slice and Split do not take is an Error that names the node") {
  const Tensor x = six();
  complains(node("Slice"), {x, ints({0}), ints({1}), ints({0}), ints({0})}, "other than 0");
  complains(node("Slice"), {x, ints({0, 0}), ints({1})}, "as many");
  complains(node("Slice"), {x, ints({0, 0}), ints({1, 1}), ints({0, -2})}, "once");
  complains(node("Slice"), {x, ints({0})}, "found none");
  complains(node("Split", {}, {"a", "b", "c", "d"}), {x}, "4 equal parts of axis 0, found size 2");
  complains(node("Split", {}, {"a", "b"}), {x, ints({3, -1})},
            "the size of output 0: expected 0 to 2, found 3");
  complains(node("Split", {}, {"a"}), {x, ints({1, 1})}, "found 2");
  complains(node("Split", number("num_outputs", 3), {"a", "b"}), {x},
            "'num_outputs': expected the 2 outputs, found 3", 18);
}

TEST_CASE("onnx::evaluate: what Tile and Pad do not take is an Error that names the node") {
  const Tensor x = six();
  complains(node("Tile"), {x, ints({1, -1})}, "found -1");
  complains(node("Tile"), {x, ints({1})}, "2 axes");
  complains(node("Pad", {{"mode", std::string("middle")}}), {x, ints({0, 0, 0, 0})}, "'middle'");
  complains(node("Pad"), {x, ints({-2, 0, -1, 0})}, "found -2 and -1 for size 2");
  complains(node("Pad"), {x, ints({0, 0})}, "4 pads");
  complains(node("Pad", {{"mode", std::string("edge")}}), {floats({0}, {}), ints({1, 0})},
            "something to repeat");
  complains(node("Pad"), {x, ints({0, 0, 0, 1}), ints({}, {1})}, "one float");
}

TEST_CASE("onnx::evaluate: what reductions, Range and Constant do not take is an Error that names the node") {
  const Tensor x = six();
  complains(node("ReduceMax"), {floats({0}, {})}, "elements to reduce");
  complains(node("ReduceMean", {{"axes", Ints{2}}}), {x}, "axis from -2 to 1");
  complains(node("ReduceL2", number("noop_with_empty_axes", 1)), {x}, "disagree", 18);
  complains(node("Range"), {ints({}, {0}), ints({}, {1}), ints({}, {0})}, "other than 0");
  complains(node("Constant"), {}, "a value as an attribute");
  complains(node("Constant", {{"sparse_value", onnx::UnsupportedAttribute{"a sparse tensor"}}}), {},
            "a value as an attribute");
}

TEST_CASE("onnx::evaluate: empty tensors whose other sizes are too large to multiply") {
  const std::int64_t huge = std::int64_t{1} << 40;
  const Tensor x = floats({0, huge, huge}, {});
  CHECK(run(node("Transpose"), {x}).dims() == Dims{huge, huge, 0});
  CHECK(run(node("Abs"), {x}).size() == 0);
  CHECK(run(node("Gather"), {x, ints(Ints{})}).size() == 0);
  CHECK(run(node("Slice"), {x, ints({0}), ints({5}), ints({1})}).dims() == Dims{0, 5, huge});
  CHECK(run(node("Concat", {{"axis", std::int64_t{0}}}), {x, x}).dims() == Dims{0, huge, huge});
  CHECK(run(node("NonZero"), {x}).dims() == Dims{3, 0});
  const std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  const Tensor wide = floats({0, largest}, {});
  complains(node("Concat", {{"axis", std::int64_t{1}}}), {wide, wide}, "fits in memory");
  complains(node("Pad"), {wide, ints({1, 1, 0, -largest})}, "pads");
  CHECK(run(node("ReduceSum"), {x}).value<float>() == 0);
}
