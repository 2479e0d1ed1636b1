#include "ascribe/io/onnx/operators/contraction.hpp"

#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::test;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using onnx::Dims;

Index count_of(const Dims& dims) {
  Index count = 1;
  for (const Index d : dims) count *= d;
  return count;
}

/// Σ x·y by an equation of explicit letters, term by term, whose axes of size 1 repeat.
VectorXd einsum(const std::string& equation, const Dims& x_dims, const Dims& y_dims, const VectorXd& x,
                const VectorXd& y) {
  const std::string x_letters = equation.substr(0, equation.find(',')),
                    y_letters =
                        equation.substr(x_letters.size() + 1, equation.find('-') - x_letters.size() - 1),
                    result = equation.substr(equation.find('>') + 1);
  std::string all = result;
  for (const char c : x_letters + y_letters)
    if (all.find(c) == std::string::npos) all += c;
  Dims sizes(all.size(), 1);
  for (const auto& [letters, dims] : {std::pair{x_letters, x_dims}, {y_letters, y_dims}})
    for (std::size_t k = 0; k < letters.size(); ++k)
      sizes[all.find(letters[k])] = std::max(sizes[all.find(letters[k])], dims[k]);
  Index outputs = 1;
  for (std::size_t k = 0; k < result.size(); ++k) outputs *= sizes[k];
  VectorXd out = VectorXd::Zero(outputs);
  for (Index i = 0, terms = count_of(sizes); i < terms; ++i) {
    std::vector<Index> at(all.size());
    Index left = i;
    for (std::size_t k = all.size(); k-- > 0; left /= sizes[k]) at[k] = left % sizes[k];
    const auto place = [&](const std::string& letters, const Dims& dims) {
      Index found = 0;
      for (std::size_t k = 0; k < letters.size(); ++k)
        found = found * dims[k] + (dims[k] == 1 ? 0 : at[all.find(letters[k])]);
      return found;
    };
    Dims out_dims(sizes.begin(), sizes.begin() + std::ptrdiff_t(result.size()));
    out(place(result, out_dims)) += x(place(x_letters, x_dims)) * y(place(y_letters, y_dims));
  }
  return out;
}

void check_product(const OneNode& one, const std::string& equation) {
  INFO(one.op << " " << equation);
  const Index x_size = count_of(one.inputs[0]), y_size = count_of(one.inputs[1]);
  const MatrixXd x = node_input(x_size + y_size) / 8, base = node_input(x_size + y_size, 5) / 8;
  check_formula(
      model_of(one),
      [&](const VectorXd& v) {
        return einsum(equation, one.inputs[0], one.inputs[1], v.head(x_size), v.tail(y_size));
      },
      x.col(0), base.col(0));
}

TEST_CASE("onnx: MatMul of two values, batched and broadcast", "[onnx]") {
  struct Case {
    Dims x, y;
    std::string equation;
  };
  for (const auto& [x, y, equation] : std::vector<Case>{{{1, 2, 3}, {1, 3, 4}, "aij,ajk->aik"},
                                                        {{1, 2, 3, 4}, {1, 2, 4, 5}, "abij,abjk->abik"},
                                                        {{1, 2, 3, 4}, {1, 1, 4, 2}, "abij,abjk->abik"},
                                                        {{1, 1, 3, 4}, {1, 2, 4, 2}, "abij,abjk->abik"},
                                                        {{1, 1, 5}, {1, 5, 1}, "aij,ajk->aik"},
                                                        {{1, 5, 1}, {1, 1, 5}, "aij,ajk->aik"}})
    check_product({.op = "MatMul", .inputs = {x, y}}, equation);
}

TEST_CASE("onnx: Einsum of two values, and with one of constants", "[onnx]") {
  struct Case {
    std::string equation;
    Dims x, y;
    std::string spelled;
  };
  const std::vector<Case> cases{{"bhid,bhjd->bhij", {1, 2, 3, 4}, {1, 2, 5, 4}, "bhid,bhjd->bhij"},
                                {"bhij, bhjd -> bihd", {1, 2, 3, 5}, {1, 2, 5, 4}, "bhij,bhjd->bihd"},
                                {"...ij,...jk->...ik", {1, 2, 3, 4}, {1, 2, 4, 2}, "abij,abjk->abik"},
                                {"bci,bi->bc", {1, 3, 4}, {1, 4}, "bci,bi->bc"},
                                {"bi,bc->bci", {1, 4}, {1, 3}, "bi,bc->bci"},
                                {"bij,bij->bij", {1, 3, 4}, {1, 3, 4}, "bij,bij->bij"}};
  for (const auto& [equation, x, y, spelled] : cases)
    check_product({.op = "Einsum", .attributes = {text("equation", equation)}, .inputs = {x, y}}, spelled);

  check_node({.op = "Einsum", .attributes = {text("equation", "bij->bji")}, .inputs = {{1, 2, 3}}},
             {{{1, 3, 2}, {-3.125, -0.25, 0.5, 3.375, -3.875, -1}}}, true, 1);
  check_node({.op = "Einsum", .attributes = {text("equation", "bij->bj")}, .inputs = {{1, 2, 3}}},
             {{{1, 3}, {-3.375, 3.875, -4.875}}}, true, 1);

  const onnx::Tensor w = onnx::Tensor::of<float>("", {2, 3}, {1, -2, 3, 0.5, 4, -1});
  VectorXd weights(6);
  weights << 1, -2, 3, 0.5, 4, -1;
  const OneNode one{.op = "Einsum",
                    .attributes = {text("equation", "bik,ok->boi")},
                    .inputs = {{1, 4, 3}},
                    .constants = {w}};
  check_formula(
      model_of(one),
      [&](const VectorXd& x) {
        return einsum("bik,ok->boi", {1, 4, 3}, {2, 3}, x, weights);
      },
      node_input(12).col(0), node_input(12, 5).col(0));
}

TEST_CASE("onnx: the product of a matrix that a value is", "[onnx]") {
  // One sample is the whole tensor, since the second factor's rows are no batch.
  const OneNode one{.op = "Gemm",
                    .attributes = {real("alpha", 0.5f), real("beta", 2), integer("transB", 1)},
                    .inputs = {{2, 3}, {4, 3}},
                    .constants = {list_of_reals({1, 2, 3, 4})}};
  VectorXd c(4);
  c << 2, 4, 6, 8;
  check_formula(
      model_of(one),
      [&](const VectorXd& v) {
        VectorXd y = 0.5 * einsum("ik,jk->ij", {2, 3}, {4, 3}, v.head(6), v.tail(12));
        for (Index i = 0; i < 8; ++i) y(i) += c(i % 4);
        return y;
      },
      node_input(18).col(0) / 8, node_input(18, 3).col(0) / 8, false);
}

TEST_CASE("onnx: attention's products move nothing, and its weights are the gate", "[onnx]") {
  // Two heads of three tokens: split, scores, softmax, values, and joined again.
  const auto of = [](std::string op, std::vector<onnx::Attribute> attributes, std::vector<std::string> inputs,
                     std::string output) { return step(op, attributes, inputs, output); };
  const auto shape = [](std::string name, std::vector<std::int64_t> values) {
    return list(std::move(values)).renamed(name);
  };
  const auto net = import_chain(
      {{1, 3, 4},
       {of("Reshape", {}, {"x", "split"}, "s"), of("Transpose", {integers("perm", {0, 2, 1, 3})}, {"s"}, "q"),
        of("Transpose", {integers("perm", {0, 2, 3, 1})}, {"s"}, "k"), of("MatMul", {}, {"q", "k"}, "scores"),
        of("Softmax", {integer("axis", -1)}, {"scores"}, "weights"),
        of("MatMul", {}, {"weights", "q"}, "heads"),
        of("Transpose", {integers("perm", {0, 2, 1, 3})}, {"heads"}, "tokens"),
        of("Reshape", {}, {"tokens", "joined"}, "y")},
       {shape("split", {0, 0, 2, 2}), shape("joined", {0, 0, 4})}});
  CHECK(net.graph.nodes().size() == 4);  // input, scores, softmax, values
  const auto& values = std::get<kind::Product>(*net.graph.node(3).layer);
  CHECK(values.gate == 0);
  CHECK(std::string(values.name()) == "MatrixProduct");
  check_explanations(net.graph, node_input(12) / 16);
}

TEST_CASE("onnx: what products of values refuse", "[onnx]") {
  CHECK(refusal({.op = "MatMul", .inputs = {{1, 2, 3}, {1, 4, 2}}}) ==
        "node 'it' (MatMul): expected shapes that fit, found (1, 2, 3) and (1, 4, 2)");
  CHECK_THAT(refusal({.op = "MatMul", .inputs = {{1, 3}, {1, 3}}}, true), Contains("the batch's axis"));
  const auto equation = [](std::string given, std::vector<Dims> inputs) {
    return refusal({.op = "Einsum", .attributes = {text("equation", given)}, .inputs = inputs});
  };
  CHECK_THAT(equation("bi->b", {{1, 2}, {1, 2}}), Contains("as many operands as inputs"));
  CHECK_THAT(equation("bi,bi,bi->b", {{1, 2}, {1, 2}}), Contains("expected one operand or two"));
  CHECK_THAT(equation("bii,bi->bi", {{1, 2, 2}, {1, 2}}), Contains("each once in an operand"));
  CHECK_THAT(equation("bij,bi->b", {{1, 2, 2}, {1, 2}}), Contains("what both factors have"));
  CHECK_THAT(equation("bij,bj->bi", {{1, 2}, {1, 2}}), Contains("a letter for each axis"));
  CHECK_THAT(equation("bi,bi->bk", {{1, 2}, {1, 2}}), Contains("a result of the operands' letters"));
}

}  // namespace
