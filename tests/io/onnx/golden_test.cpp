#include <ascribe/io/onnx.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/golden_networks.hpp"
#include <ascribe/io/onnx/network.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <type_traits>
#include <vector>

#include <ascribe/methods/composites.hpp>
#include <ascribe/networks/checks.hpp>
#include <ascribe/networks/integrated_gradients.hpp>

namespace {

using namespace ascribe;

/// A golden file and the method that it is of.
struct Case {
  std::string file, method;
  double epsilon = 1e-6;
};

/// What float32 loses by its own (zennit too): LRP's quotients by sums that nearly cancel.
bool is_lrp_family(const std::string& file) {
  return file.rfind("lrp", 0) == 0 || file.rfind("epsilon", 0) == 0 || file.rfind("excitation", 0) == 0;
}

const std::vector<Case> every_case{
    {"gradient", "gradient"},
    {"gradient_times_input", "gradient_times_input"},
    {"lrp_epsilon_1e-6", "lrp"},
    {"lrp_epsilon_0.25", "lrp", 0.25},
    {"deconvnet", "deconvnet"},
    {"guided_backprop", "guided_backprop"},
    {"epsilon_plus", "epsilon_plus"},
    {"epsilon_plus_flat", "epsilon_plus_flat"},
    {"epsilon_alpha2_beta1", "epsilon_alpha2_beta1"},
    {"epsilon_alpha2_beta1_flat", "epsilon_alpha2_beta1_flat"},
    {"epsilon_gamma_box", "epsilon_gamma_box"},
    {"excitation_backprop", "excitation_backprop"},
    {"deeplift_rescale_zero", "deep_lift"},
    {"deeplift_rescale_mean", "deep_lift"},
};

/// That the books close, in all and at every node, at the tolerances with which programs judge, and that no
/// more relevance moved than they find worth a word.
template <class Scalar, class Start>
void check_books(const Graph<Scalar>& net, const typename Graph<Scalar>::Trace& trace, const Start& start,
                 Composite<Scalar> method, const GraphExplanation<Scalar>& explanation,
                 const typename Graph<Scalar>::Trace* baseline) {
  CHECK(check::conservation(explanation));
  method.times_input = true;  // nodes are judged by relevances
  GraphExplanation<Scalar> nodes;
  Workspace<Scalar> workspace;
  nodes.record = Record::per_layer;
  net.explain(trace, start, method, nodes, workspace, baseline);
  for (Index n = 0; n < nodes.relevance.cols(); ++n) {
    CHECK(check::conservation(nodes, n));
    CHECK_FALSE(check::first_open_node(net, nodes, n));
    CHECK(check::moved(nodes, n) <= 1e4 * std::abs(nodes.ledger.enter(n)));
  }
}

template <class Scalar>
void check_network(const std::string& name) {
  constexpr bool in_double = std::is_same_v<Scalar, double>;
  const bool smooth = name == "mnist_smooth";
  const auto net = onnx::load<Scalar>(ASCRIBE_SOURCE_DIR "/" + test::GoldenWeights::path_of(name)).graph;
  const auto trace = net.forward(test::golden_input<Scalar>());
  const std::vector<Index> targets = test::golden_targets();
  const start::Targets start{targets};
  const auto zero = net.forward(Batch<Scalar>(Batch<Scalar>::Zero(784, 1))),
             mean = net.forward(test::golden_mean<Scalar>());
  CHECK(test::relative_error(trace.output(), test::golden_of(name, "output")) <= (in_double ? 1e-8 : 1e-5));
  for (const Case& c : every_case) {
    // zennit's rules know nn.ReLU alone: its two files are the gradient on this network (docs/rules.md).
    if (smooth && (c.file == "deconvnet" || c.file == "guided_backprop")) continue;
    INFO(name << ", " << c.file);
    composite::Options options{.epsilon = c.epsilon};
    // captum falls back to the plain gradient at every maximum that a function stands below.
    if (name == "mnist_cnn" && c.method == "deep_lift") options.max_rule = "gradient";
    const auto method = composite::by_name<Scalar>(c.method, options);
    const auto e = c.file == "deeplift_rescale_zero"   ? net.explain(trace, start, method, zero)
                   : c.file == "deeplift_rescale_mean" ? net.explain(trace, start, method, mean)
                                                       : net.explain(trace, start, method);
    const double tolerance = in_double ? 1e-8 : smooth && is_lrp_family(c.file) ? 5e-3 : 1e-5;
    CHECK(test::relative_error(e.relevance, test::golden_of(name, c.file)) <= tolerance);
    check_books(net, trace, start, method, e,
                method.form != Form::Delta          ? nullptr
                : c.file == "deeplift_rescale_mean" ? &mean
                                                    : &zero);
  }
}

TEMPLATE_TEST_CASE("MNIST networks read from ONNX explain as zennit, captum and torch do", "[onnx][golden]",
                   float, double) {
  check_network<TestType>(GENERATE(as<std::string>(), "mnist_cnn", "mnist_lenet", "mnist_mlp",
                                   "mnist_mlp_nobias", "mnist_smooth"));
}

/// A transformer's file, as one of torch's two exporters leaves it, against AttnLRP, CP-LRP and gradients.
template <class Scalar>
void check_transformer(const std::string& name, const std::string& file) {
  constexpr bool in_double = std::is_same_v<Scalar, double>;
  const double tolerance = in_double ? 1e-7 : 2e-4;
  const std::string folder = "tests/golden/transformers/" + name + "/";
  const auto net = onnx::load<Scalar>(ASCRIBE_SOURCE_DIR "/" + folder + file).graph;
  const Batch<Scalar> x = test::golden_batch<Scalar>(folder + "input.npy");
  const auto trace = net.forward(x);
  std::vector<Index> targets;
  for (const double target : test::read_golden(folder + "target.npy").values) targets.push_back(Index(target));
  const start::Targets start{targets};
  CHECK(test::relative_error(trace.output(), test::golden_batch(folder + "output.npy")) <= tolerance);
  for (const auto& [golden, method] :
       {std::pair{"gradient", "gradient"}, {"attnlrp", "attn_lrp"}, {"cp_lrp", "cp_lrp"}}) {
    INFO(name << ", " << file << ", " << golden);
    const auto composite = composite::by_name<Scalar>(method);
    const auto e = net.explain(trace, start, composite);
    CHECK(test::relative_error(e.relevance, test::golden_batch(folder + golden + ".npy")) <= tolerance);
    check_books(net, trace, start, composite, e, nullptr);
  }
  const auto zero = net.forward(Batch<Scalar>(Batch<Scalar>::Zero(x.rows(), 1)));
  const auto path = integrated_gradients(net, x, zero.input(), start, 128);
  CHECK(test::relative_error(path.relevance,
                             test::golden_batch(folder + "integrated_gradients_zero_128.npy")) <= tolerance);
  // The others close their books: DeepLIFT's through products, softmaxes and divisors too.
  for (const char* method : {"lrp", "lrp_q", "attn_lrp_gamma"}) {
    INFO(name << ", " << file << ", " << method);
    const auto composite = composite::by_name<Scalar>(method);
    CHECK(check::conservation(net.explain(trace, start, composite)));
  }
  const auto e = net.explain(trace, start, method::DeepLift(), zero);
  CHECK(check::conservation(e));
  CHECK(check::completeness(e));
}

TEMPLATE_TEST_CASE("transformers read from ONNX explain as AttnLRP, CP-LRP and torch do", "[onnx][golden]",
                   float, double) {
  check_transformer<TestType>(GENERATE(as<std::string>(), "vit", "encoder", "decoder"),
                              GENERATE(as<std::string>(), "model.onnx", "model_dynamo.onnx"));
}

/// Relevance of one image of 3 × 224 × 224, at every fourth pixel of every fourth line: what the golden files
/// have.
template <class Scalar>
Eigen::VectorXd thinned(const Batch<Scalar>& relevance) {
  Eigen::VectorXd found(3 * 56 * 56);
  for (Index c = 0, at = 0; c < 3; ++c)
    for (Index y = 0; y < 224; y += 4)
      for (Index x = 0; x < 224; x += 4, ++at) found(at) = double(relevance(c * 224 * 224 + y * 224 + x, 0));
  return found;
}

TEMPLATE_TEST_CASE("EfficientNet-lite0 explains as zennit, captum and torch do", "[onnx][golden]", float,
                   double) {
  using Scalar = TestType;
  constexpr bool in_double = std::is_same_v<Scalar, double>;
  const std::string file = ASCRIBE_SOURCE_DIR "/build/efficientnet_lite0/efficientnet_lite0.onnx";
  if (!std::filesystem::exists(file)) {
    WARN("left out: there is no " << file << "; examples/run photo makes it");
    return;
  }
  const std::string folder = "tests/golden/efficientnet_lite0/";
  const auto net = onnx::load<Scalar>(file).graph;
  const auto trace = net.forward(test::golden_batch<Scalar>(folder + "input.npy"));
  const Index target = Index(test::read_golden(folder + "target.npy").values.at(0));
  const auto zero = net.forward(Batch<Scalar>(Batch<Scalar>::Zero(3 * 224 * 224, 1)));
  CHECK(test::relative_error(trace.output(), test::golden_batch(folder + "output.npy")) <=
        (in_double ? 1e-6 : 2e-4));
  // The bounds of a normalised image (docs/rules.md): (0 − mean)/std and (1 − mean)/std of each channel.
  std::vector<double> low, high;
  for (const auto& [mean, deviation] : {std::pair{0.485, 0.229}, {0.456, 0.224}, {0.406, 0.225}}) {
    low.push_back(-mean / deviation);
    high.push_back((1 - mean) / deviation);
  }
  for (const Case& c : every_case) {
    if (!std::filesystem::exists(ASCRIBE_SOURCE_DIR "/" + folder + c.file + ".npy")) continue;
    INFO(c.file);
    const auto method =
        composite::by_name<Scalar>(c.method, {.epsilon = c.epsilon, .low = low, .high = high});
    const auto e = method.form == Form::Delta ? net.explain(trace, target, method, zero)
                                              : net.explain(trace, target, method);
    const bool ill_conditioned = c.method.rfind("gradient", 0) == 0 || c.file == "lrp_epsilon_1e-6";
    const double tolerance = in_double ? 1e-6 : ill_conditioned ? 5e-3 : 2e-4;
    const double error =
        test::relative_error(thinned(e.relevance), test::golden_batch(folder + c.file + ".npy"));
    UNSCOPED_INFO("error " << error);
    CHECK(error <= tolerance);
    check_books(net, trace, target, method, e, method.form == Form::Delta ? &zero : nullptr);
  }
}

}  // namespace
