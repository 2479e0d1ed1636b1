#include "ascribe/io/onnx/branches.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/io/onnx.hpp>
#include <ascribe/methods/composites.hpp>
#include <ascribe/networks/checks.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::test;

/// A model of branches over "x" (1, channels, spatial sizes): nodes and their constants as they are named.
class Branches {
 public:
  explicit Branches(Index channels, const onnx::Dims& sizes = {5, 6})
      : channels_(channels), axes_(sizes.size()) {
    model_.opset = 13;
    std::vector<onnx::Dimension> dims{{1, ""}, {channels, ""}};
    for (const Index size : sizes) dims.push_back({size, ""});
    model_.graph.inputs.push_back({"x", onnx::ElementType::float32, dims});
  }
  std::string conv(std::string input, Index filters, Index kernel, Index pad, Index stride = 1,
                   Index groups = 1, bool biased = false) {
    onnx::Dims weights{filters, channels_ / groups};
    weights.insert(weights.end(), axes_, kernel);
    std::vector<std::string> inputs{std::move(input), constant(weights, 0.5)};
    if (biased) inputs.push_back(constant({filters}, 0.5));
    return add("Conv",
               {integers("pads", std::vector<std::int64_t>(2 * axes_, pad)),
                integers("strides", std::vector<std::int64_t>(axes_, stride)), integer("group", groups)},
               std::move(inputs));
  }
  std::string norm(std::string input, Index channels) {
    return add("BatchNormalization", {},
               {std::move(input), constant({channels}, 1), constant({channels}, 1), constant({channels}, 1),
                constant({channels}, 0.2, 1)});
  }
  std::string sum(std::vector<std::string> inputs) {
    return add(inputs.size() == 2 ? "Add" : "Sum", {}, std::move(inputs));
  }
  std::string relu(std::string input) { return add("Relu", {}, {std::move(input)}); }

  onnx::Network<double> network(const std::string& output, bool merge) {
    model_.graph.outputs = {{output, onnx::ElementType::float32, {}}};
    return onnx::network<double>(model_, {.merge_branches = merge});
  }

 private:
  std::string add(std::string op, std::vector<onnx::Attribute> attributes, std::vector<std::string> inputs) {
    const std::string name = "v" + std::to_string(model_.graph.nodes.size());
    model_.graph.nodes.push_back(step(std::move(op), std::move(attributes), std::move(inputs), name));
    return name;
  }
  std::string constant(onnx::Dims dims, double spread, double mean = 0) {
    std::uniform_real_distribution<double> any(mean - spread, mean + spread);
    Index count = 1;
    for (const Index d : dims) count *= d;
    std::vector<double> values(std::size_t(count), 0);
    for (double& v : values) v = any(random_);
    const std::string name = "c" + std::to_string(model_.graph.initializers.size());
    model_.graph.initializers.push_back(onnx::Tensor::of(name, std::move(dims), std::move(values)));
    return name;
  }

  Index channels_;
  std::size_t axes_;
  std::mt19937 random_{7};
  onnx::Model model_;
};

/// The same outputs and gradients with and without merging; `layers` of the merged network.
void check_merged(Branches& model, const std::string& output, Index layers, std::size_t merged = 1) {
  const auto apart = model.network(output, false), one = model.network(output, true);
  CHECK(apart.notes.empty());
  CHECK(one.notes.size() == merged);
  CHECK(Index(one.graph.nodes().size()) - 1 == layers);
  const auto x = node_input(apart.graph.input_size());
  const auto a = apart.graph.forward(x), b = one.graph.forward(x);
  REQUIRE(a.output().rows() == b.output().rows());
  CHECK((a.output() - b.output()).cwiseAbs().maxCoeff() <= 1e-12 * a.output().cwiseAbs().maxCoeff());
  const Eigen::MatrixXd weights = node_input(a.output().rows(), 3);
  const start::OutputWeights start(weights);
  for (const auto& [net, trace] : {std::pair(&apart.graph, &a), std::pair(&one.graph, &b)})
    CHECK(check::conservation(net->explain(*trace, start, method::LrpQ())));
  const auto by_a = apart.graph.explain(a, start, method::Gradient()).relevance,
             by_b = one.graph.explain(b, start, method::Gradient()).relevance;
  CHECK((by_a - by_b).cwiseAbs().maxCoeff() <= 1e-12 * by_a.cwiseAbs().maxCoeff());
}

TEST_CASE("onnx: parallel convolutions, identities and normalisations are one convolution",
          "[onnx][branches]") {
  SECTION("RepVGG's block") {
    Branches m(3);
    const auto sum =
        m.sum({m.sum({m.norm(m.conv("x", 3, 3, 1), 3), m.norm(m.conv("x", 3, 1, 0), 3)}), m.norm("x", 3)});
    check_merged(m, m.relu(sum), 4);  // with the order of memory before and behind
  }
  SECTION("with strides and other channels there is no identity") {
    Branches m(3);
    check_merged(m, m.relu(m.sum({m.conv("x", 4, 3, 1, 2, 1, true), m.norm(m.conv("x", 4, 1, 0, 2), 4)})), 4);
  }
  SECTION("channel by channel, kernels of 5, 3 and 1, a sum of four") {
    Branches m(4);
    check_merged(
        m,
        m.sum({m.conv("x", 4, 5, 2, 1, 4), m.norm(m.conv("x", 4, 3, 1, 1, 4, true), 4), m.norm("x", 4), "x"}),
        3);
  }
  SECTION("in groups") {
    Branches m(4);
    check_merged(m, m.sum({m.conv("x", 6, 3, 1, 1, 2), m.conv("x", 6, 1, 0, 1, 2, true)}), 3);
  }
  SECTION("over one axis, and over three") {
    for (const onnx::Dims& sizes : {onnx::Dims{7}, {4, 3, 5}}) {
      Branches m(4, sizes);
      check_merged(m, m.sum({m.conv("x", 4, 3, 1, 1, 2), m.norm(m.conv("x", 4, 1, 0, 1, 2), 4), "x"}), 3);
    }
  }
  SECTION("one behind the other") {
    Branches m(2);
    const auto first = m.relu(m.sum({m.conv("x", 2, 3, 1), m.norm("x", 2)}));
    check_merged(m, m.relu(m.sum({m.conv(first, 2, 3, 1), m.norm(first, 2)})), 6, 2);
  }
}

TEST_CASE("onnx: branches that are not parallel, or not linear, stay", "[onnx][branches]") {
  Branches m(3);
  SECTION("a function between") { check_merged(m, m.sum({m.relu(m.conv("x", 3, 3, 1)), "x"}), 6, 0); }
  SECTION("of two values") {
    const auto h = m.relu(m.conv("x", 3, 3, 1));
    check_merged(m, m.sum({m.conv(h, 3, 3, 1), m.conv("x", 3, 3, 1)}), 8, 0);
  }
  SECTION("that are read elsewhere too") {
    const auto c = m.conv("x", 3, 3, 1);
    check_merged(m, m.sum({m.relu(c), m.sum({c, m.conv("x", 3, 1, 0)})}), 8, 0);
  }
  SECTION("of normalisations alone") { check_merged(m, m.sum({m.norm("x", 3), m.norm("x", 3)}), 6, 0); }
}

TEST_CASE("onnx: branches that cancel leave epsilon_plus its measure once they are merged",
          "[onnx][branches]") {
  Branches m(3, {6, 6});
  std::string value = "x";
  for (int block = 0; block < 6; ++block)
    value = m.relu(
        m.sum({m.norm(m.conv(value, 3, 3, 1), 3), m.norm(m.conv(value, 3, 1, 0), 3), m.norm(value, 3)}));
  const auto apart = m.network(value, false), one = m.network(value, true);
  const auto x = node_input(apart.graph.input_size());
  const auto amount = [&](const auto& net) {
    const auto trace = net.graph.forward(x);
    Index largest = 0;
    trace.output().col(0).maxCoeff(&largest);
    const auto e = net.graph.explain(trace, largest, composite::epsilon_plus<double>());
    CHECK(check::conservation(e));
    return check::moved(e, 0);
  };
  CHECK(amount(one) < amount(apart));
}

}  // namespace
