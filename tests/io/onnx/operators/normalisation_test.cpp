#include <ascribe/io/onnx/operators/normalisation.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <ascribe/methods/lrp.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"
#include "tests/support/random.hpp"

using namespace ascribe;
using namespace ascribe::test;

namespace {

/// (x − mean)·inverse(mean square of that), or without the mean, in each set.
template <class Inverse>
Eigen::VectorXd normalised(const Eigen::VectorXd& x, const std::vector<std::vector<Index>>& sets, bool centre,
                           Inverse inverse) {
  Eigen::VectorXd y(x.size());
  for (const auto& set : sets) {
    double mean = 0, square = 0;
    if (centre)
      for (const Index i : set) mean += x(i) / double(set.size());
    for (const Index i : set) square += (x(i) - mean) * (x(i) - mean) / double(set.size());
    for (const Index i : set) y(i) = (x(i) - mean) * inverse(square);
  }
  return y;
}

auto root_with(double epsilon) {
  return [epsilon](double square) { return 1 / std::sqrt(square + epsilon); };
}

onnx::Tensor some(onnx::Dims dims, int seed) {
  std::vector<float> values;
  Index size = 1;
  for (const Index d : dims) size *= d;
  for (Index i = 0; i < size; ++i) values.push_back(float((i * 5 + seed) % 7) / 4 - 0.625f);
  return onnx::Tensor::of("", std::move(dims), std::move(values));
}

/// An entry of constants that are repeated to the places of `dims` by NumPy's rules.
double entry(const onnx::Tensor& constant, const onnx::Dims& dims, Index place) {
  Index at = 0, step = 1;
  for (Index axis = Index(dims.size()) - 1, k = constant.rank() - 1; k >= 0; --axis, --k) {
    const Index size = constant.dims()[std::size_t(k)], i = place % dims[std::size_t(axis)];
    place /= dims[std::size_t(axis)];
    at += (size == 1 ? 0 : i) * step;
    step *= size;
  }
  return constant.values<double>()[std::size_t(at)];
}

Eigen::VectorXd scaled(Eigen::VectorXd y, const onnx::Dims& dims, const onnx::Tensor* scale,
                       const onnx::Tensor* shift) {
  for (Index i = 0; i < y.size(); ++i) {
    if (scale) y(i) *= entry(*scale, dims, i);
    if (shift) y(i) += entry(*shift, dims, i);
  }
  return y;
}

void check_against(const OneNode& one, const Formula& formula, bool batched = true) {
  Index size = 1;
  for (const Index d : one.inputs[0]) size *= d;
  Random random(11);
  check_formula(model_of(one), formula, random.vector(size), random.vector(size), batched);
}

}  // namespace

TEST_CASE("onnx: layer normalisation against plain loops", "[onnx]") {
  struct Case {
    onnx::Dims dims;
    std::vector<onnx::Attribute> attributes;
    std::vector<Index> axes;
    double epsilon;
    std::vector<onnx::Tensor> constants;
    bool batched = true;
  };
  const Case cases[] = {
      {{1, 6}, {}, {1}, 1e-5, {some({6}, 1)}},
      {{1, 3, 5}, {}, {2}, 1e-5, {some({5}, 1), some({5}, 3)}},
      {{1, 3, 5},
       {integer("axis", 1), integer("stash_type", 1)},
       {1, 2},
       1e-5,
       {some({3, 5}, 1), some({5}, 3)}},
      {{1, 3, 2, 2},
       {integer("axis", -2), real("epsilon", 0.5f)},
       {2, 3},
       0.5,
       {some({2, 2}, 2), some({1, 2}, 3)}},
      {{2, 3, 2}, {integer("axis", 0)}, {0, 1, 2}, 1e-5, {some({}, 1), some({2, 3, 2}, 3)}, false},
  };
  for (const Case& one : cases) {
    const auto sets = sets_along(one.dims, one.axes);
    const onnx::Tensor* shift = one.constants.size() > 1 ? &one.constants[1] : nullptr;
    check_against(
        {.op = "LayerNormalization",
         .attributes = one.attributes,
         .inputs = {one.dims},
         .constants = one.constants},
        [&](const Eigen::VectorXd& x) {
          return scaled(normalised(x, sets, true, root_with(one.epsilon)), one.dims, &one.constants[0],
                        shift);
        },
        one.batched);
    for (const char* op : {"RMSNormalization", "SimplifiedLayerNormalization"})
      check_against(
          {.op = op, .attributes = one.attributes, .inputs = {one.dims}, .constants = {one.constants[0]}},
          [&](const Eigen::VectorXd& x) {
            return scaled(normalised(x, sets, false, root_with(one.epsilon)), one.dims, &one.constants[0],
                          nullptr);
          },
          one.batched);
  }
}

// x = −3.125, 0.5, −3.875, −0.25.
TEST_CASE("onnx: a layer normalisation's mean and inverse deviation are values too", "[onnx]") {
  const auto values = [](const OneNode& one) {
    const auto net = import(model_of(one), true);
    const auto trace = net.graph.forward(node_input(4));
    std::vector<std::vector<double>> all;
    for (std::size_t k = 1; k < net.outputs.size(); ++k) {
      CHECK(net.outputs[k].dims == onnx::Dims{1, 2, 1});
      const auto& value = trace.value(net.outputs[k].node);
      all.push_back({value(0), value(1)});
    }
    return all;
  };
  const auto layer = values({.op = "LayerNormalization",
                             .attributes = {real("epsilon", 0)},
                             .inputs = {{1, 2, 2}},
                             .constants = {some({2}, 1)},
                             .outputs = 3});
  CHECK(layer[0] == std::vector<double>{-1.3125, -2.0625});
  CHECK(layer[1][0] == Approx(1 / 1.8125).epsilon(1e-14));
  CHECK(layer[1][1] == Approx(1 / 1.8125).epsilon(1e-14));
  const auto simplified = values({.op = "SimplifiedLayerNormalization",
                                  .attributes = {real("epsilon", 0)},
                                  .inputs = {{1, 2, 2}},
                                  .constants = {some({2}, 1)},
                                  .outputs = 2});
  CHECK(simplified[0][0] == Approx(1 / std::sqrt(5.0078125)).epsilon(1e-14));
}

TEST_CASE("onnx: instance and group normalisation against plain loops", "[onnx]") {
  for (const onnx::Dims& dims : {onnx::Dims{1, 4, 3}, onnx::Dims{1, 4, 2, 3}}) {
    const auto by_channel = [&](const onnx::Tensor& t, Index channels) {
      onnx::Dims d(dims.size() - 1, 1);
      d[0] = channels;
      return t.reshaped(d);
    };
    std::vector<Index> spatial;
    for (Index axis = 2; axis < Index(dims.size()); ++axis) spatial.push_back(axis);
    const auto scale = some({4}, 1), shift = some({4}, 3);
    const auto by_instance = sets_along(dims, spatial);
    const auto scale_c = by_channel(scale, 4), shift_c = by_channel(shift, 4);
    check_against({.op = "InstanceNormalization",
                   .attributes = {real("epsilon", 0.25f)},
                   .inputs = {dims},
                   .constants = {scale, shift}},
                  [&](const Eigen::VectorXd& x) {
                    return scaled(normalised(x, by_instance, true, root_with(0.25)), dims, &scale_c,
                                  &shift_c);
                  });
    // Two channels are a group.
    onnx::Dims split = dims;
    split[1] = 2;
    split.insert(split.begin() + 1, 2);
    std::vector<Index> inside = spatial;
    for (Index& axis : inside) ++axis;
    inside.push_back(2);
    const auto by_group = sets_along(split, inside);
    const OneNode group{.op = "GroupNormalization",
                        .attributes = {integer("num_groups", 2), integer("stash_type", 1)},
                        .inputs = {dims},
                        .constants = {scale, shift}};
    check_against(group, [&](const Eigen::VectorXd& x) {
      return scaled(normalised(x, by_group, true, root_with(1e-5)), dims, &scale_c, &shift_c);
    });
    OneNode old = group;
    old.opset = 18;
    old.attributes.pop_back();
    old.constants = {list_of_reals({0.5f, -2}), list_of_reals({1, 3})};
    onnx::Dims ones(dims.size(), 1);
    ones[0] = 2;
    const auto scale_g = old.constants[0].reshaped(ones), shift_g = old.constants[1].reshaped(ones);
    check_against(old, [&](const Eigen::VectorXd& x) {
      return scaled(normalised(x, by_group, true, root_with(1e-5)), split, &scale_g, &shift_g);
    });
  }
}

TEST_CASE("onnx: normalisation behind a convolution, whose channels lie last", "[onnx]") {
  const onnx::Tensor weights = some({4, 2, 1, 1}, 2).renamed("w");
  for (const char* op : {"InstanceNormalization", "GroupNormalization", "LayerNormalization"}) {
    INFO(op);
    std::vector<onnx::Attribute> attributes;
    if (std::string(op) == "GroupNormalization") attributes = {integer("num_groups", 2)};
    const bool layer = std::string(op) == "LayerNormalization";
    const auto scale = some({layer ? Index(3) : Index(4)}, 1), shift = some({layer ? Index(3) : Index(4)}, 3);
    const auto net =
        import_chain({{1, 2, 2, 3},
                      {step("Conv", {}, {"x", "w"}, "h"), step(op, attributes, {"h", "s", "b"}, "y")},
                      {weights, scale.renamed("s"), shift.renamed("b")}});
    // The convolution alone gives the node's inputs.
    const auto before = import_chain({{1, 2, 2, 3}, {step("Conv", {}, {"x", "w"}, "h")}, {weights}});
    const auto alone = import_chain({{1, 4, 2, 3},
                                     {step(op, attributes, {"x", "s", "b"}, "y")},
                                     {scale.renamed("s"), shift.renamed("b")}});
    const Eigen::MatrixXd x = node_input(12);
    const Eigen::VectorXd expected = alone.graph.forward(before.graph.forward(x).output()).output();
    const Eigen::VectorXd found = net.graph.forward(x).output();
    CHECK((found - expected).cwiseAbs().maxCoeff() < 1e-12);
  }
}

TEST_CASE("onnx: LpNormalization and MeanVarianceNormalization against plain loops", "[onnx]") {
  const onnx::Dims dims{1, 3, 2, 2};
  for (const Index axis : {-1, 1})
    for (const Index opset : {1, 22}) {
      const auto sets = sets_along(dims, {axis < 0 ? Index(3) : axis});
      check_against(
          {.op = "LpNormalization", .attributes = {integer("axis", axis)}, .inputs = {dims}, .opset = opset},
          [&](const Eigen::VectorXd& x) {
            return normalised(x, sets, false,
                              [&](double square) { return 1 / std::sqrt(square * double(sets[0].size())); });
          });
      check_against(
          {.op = "LpNormalization",
           .attributes = {integer("axis", axis), integer("p", 1)},
           .inputs = {dims},
           .opset = opset},
          [&](const Eigen::VectorXd& x) {
            Eigen::VectorXd y = x;
            for (const auto& set : sets) {
              double length = 0;
              for (const Index i : set) length += std::abs(x(i));
              for (const Index i : set) y(i) /= length;
            }
            return y;
          });
    }
  const auto inverse = [](double square) { return 1 / (std::sqrt(square) + 1e-9); };
  for (const Index opset : {9, 13}) {
    check_against(
        {.op = "MeanVarianceNormalization", .inputs = {{2, 3, 2, 2}}, .opset = opset},
        [&](const Eigen::VectorXd& x) {
          return normalised(x, sets_along({2, 3, 2, 2}, {0, 2, 3}), true, inverse);
        },
        false);
    check_against({.op = "MeanVarianceNormalization",
                   .attributes = {integers("axes", {1, -1})},
                   .inputs = {dims},
                   .opset = opset},
                  [&](const Eigen::VectorXd& x) {
                    return normalised(x, sets_along(dims, {1, 3}), true, inverse);
                  });
  }
}

TEST_CASE("onnx: a normalisation hands relevance on, and its nodes are one group", "[onnx]") {
  const auto net = import(
      model_of({.op = "RMSNormalization", .inputs = {{1, 4}}, .constants = {list_of_reals({1, 2, 3, 4})}}),
      true);
  std::vector<std::string> names;
  for (std::size_t n = 0; n < net.graph.nodes().size(); ++n) {
    const auto& node = net.graph.node(Index(n));
    if (Index(n) < net.graph.input_count()) continue;
    CHECK(node.origin.op == "RMSNormalization");
    CHECK(node.origin.group == "it");
    names.push_back(node.name);
  }
  CHECK(names == std::vector<std::string>{"it/squares", "it/mean square", "it/gate", "it/expand",
                                          "it/normalised", "it"});
  // The gate takes nothing: all goes to the value's own feature.
  const auto trace = net.graph.forward(node_input(4));
  for (Index target = 0; target < 4; ++target) {
    const auto e = net.graph.explain(trace, target, method::Lrp());
    for (Index i = 0; i < 4; ++i) CHECK((e.relevance(i) != 0) == (i == target));
  }
}

TEST_CASE("onnx: what normalisations refuse", "[onnx]") {
  const auto refused = [](const char* op, std::vector<onnx::Attribute> attributes, onnx::Dims dims,
                          std::vector<onnx::Tensor> constants, Index opset = 21) {
    return refusal({.op = op,
                    .attributes = std::move(attributes),
                    .inputs = {std::move(dims)},
                    .constants = std::move(constants),
                    .opset = opset},
                   true);
  };
  const auto two = some({2}, 1), three = some({3}, 1);
  CHECK(refused("LayerNormalization", {integer("axis", 0)}, {1, 2}, {two}) ==
        "node 'it' (LayerNormalization): it works along axis 0, the batch's, which is not supported");
  CHECK(refused("LayerNormalization", {integer("axis", 2)}, {1, 2}, {two}) ==
        "node 'it' (LayerNormalization): expected an axis in [-2, 2), found 2");
  CHECK(refused("LayerNormalization", {}, {1, 2}, {three}) ==
        "node 'it' (LayerNormalization): expected shapes that fit, found (1, 2) and (3)");
  CHECK(refused("LayerNormalization", {}, {1, 2, 1}, {two}) ==
        "node 'it' (LayerNormalization): expected constants that fit shape (1, 2, 1), found shape (2)");
  CHECK(refused("LayerNormalization", {}, {1, 2}, {}) ==
        "node 'it' (LayerNormalization): expected an input 1, found 1");
  CHECK(refusal({.op = "LayerNormalization", .inputs = {{1, 2}, {2, 2}}}, true) ==
        "node 'it' (LayerNormalization): input 1 ('x1'): expected a constant, found a value that depends on "
        "the network's input 'x1'");
  CHECK(refused("InstanceNormalization", {}, {1, 2}, {two, two}) ==
        "node 'it' (InstanceNormalization): expected channels along axis 1 and axes behind, found shape (1, "
        "2)");
  CHECK(refused("InstanceNormalization", {}, {1, 2, 2}, {two, three}) ==
        "node 'it' (InstanceNormalization): input 2: expected 2 channels, found 3");
  CHECK(
      refused("GroupNormalization", {integer("num_groups", 2)}, {1, 3, 2}, {three, three}) ==
      "node 'it' (GroupNormalization): attribute 'num_groups': expected groups of equal size of 3 channels, "
      "found 2");
  CHECK(refused("GroupNormalization", {integer("num_groups", 2)}, {1, 4, 2}, {three, two}, 18) ==
        "node 'it' (GroupNormalization): input 1: expected 2 groups, found 3");
  CHECK(refused("LpNormalization", {integer("p", 3)}, {1, 2}, {}) ==
        "node 'it' (LpNormalization): attribute 'p': expected 1 or 2, found 3");
  CHECK(refused("MeanVarianceNormalization", {}, {1, 2, 2, 2}, {}) ==
        "node 'it' (MeanVarianceNormalization): it works along axis 0, the batch's, which is not supported");
}
