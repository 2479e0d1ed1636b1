// Graphs of all operators, drawn by random_graphs.py: outputs are onnxruntime's, gradients what finite
// differences say, books close. ASCRIBE_RANDOM_GRAPHS names a file of others than the bundled ones.
#include <ascribe/io/onnx.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx.hpp"
#include "tests/support/random.hpp"
#include <ascribe/compiled.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/checks.hpp>

namespace {

using namespace ascribe;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// The messages of a file, each behind its length.
std::vector<std::string> models_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::vector<std::string> found;
  for (std::size_t at = 0; at < all.size();) {
    std::size_t length = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(all.at(at++));
      length |= std::size_t(byte & 127) << shift;
      if (byte < 128) break;
    }
    found.push_back(all.substr(at, length));
    at += length;
  }
  return found;
}

/// The numbers of one of a model's initializers, features × its two samples.
MatrixXd samples_of(const onnx::Model& model, const std::string& name) {
  for (const onnx::Tensor& tensor : model.graph.initializers)
    if (tensor.name() == name) {
      const auto values = tensor.values<double>();
      return Eigen::Map<const MatrixXd>(values.data(), Index(values.size()) / 2, 2);
    }
  fail("no initializer is named ", name);
}

std::string operators_of(const onnx::Model& model) {
  std::string text;
  for (const onnx::Node& node : model.graph.nodes) text += " " + node.op_type;
  return text;
}

/// How many inputs have been compared, and how many sit on a kink, where two differences say different
/// things.
struct Compared {
  Index inputs = 0, on_kinks = 0;
};

void check_gradient(const Graph<double>& net, const MatrixXd& x, unsigned seed, Compared& compared) {
  test::Random random(seed);
  const MatrixXd weights = random.matrix(net.output_size(), x.cols());
  const MatrixXd gradient =
      net.explain(net.forward(x), start::OutputWeights(weights), method::Gradient()).relevance;
  const auto slope = [&](Index i, double h) {
    MatrixXd up = x, down = x;
    up.row(i).array() += h;
    down.row(i).array() -= h;
    const MatrixXd change = net.forward(up).output() - net.forward(down).output();
    return VectorXd(weights.cwiseProduct(change).colwise().sum().transpose() / (2 * h));
  };
  const double scale = std::max(1e-3, gradient.cwiseAbs().maxCoeff());
  for (Index i = 0; i < x.rows(); i += std::max<Index>(1, x.rows() / 8)) {
    const VectorXd near = slope(i, 1e-6), far = slope(i, 1e-5);
    for (Index n = 0; n < x.cols(); ++n) {
      ++compared.inputs;
      if (std::abs(near(n) - far(n)) > 1e-4 * scale) {
        ++compared.on_kinks;
        continue;
      }
      INFO("sample " << n << ", input " << i << ": gradient " << gradient(i, n) << ", difference "
                     << near(n));
      CHECK(std::abs(gradient(i, n) - near(n)) <= 2e-4 * scale);
    }
  }
}

void check_graph(const onnx::Model& model, unsigned seed, Compared& compared) {
  const auto loaded = onnx::network<double>(model, {.scores = false});
  const Graph<double>& net = loaded.graph;
  const MatrixXd x = samples_of(model, "given"), expected = samples_of(model, "expected");
  const auto trace = net.forward(x);
  REQUIRE(trace.output().rows() == expected.rows());
  CHECK((trace.output() - expected).cwiseAbs().maxCoeff() <= 1e-4 * (0.1 + expected.cwiseAbs().maxCoeff()));
  check_gradient(net, x, seed, compared);

  const Index target = Index(seed) % net.output_size();
  const auto lrp = net.explain(trace, target, method::LrpQ(), Record::per_layer);
  // Each sample against the other one.
  MatrixXd other(x.rows(), 2);
  other << x.col(1), x.col(0);
  const auto baseline = net.forward(other);
  Composite<double> method = method::DeepLift();
  const auto rescale = net.explain(trace, target, method, baseline, Record::per_layer);
  method.times_input = false;
  const auto multipliers = net.explain(trace, target, method, baseline, Record::per_layer);
  for (Index n = 0; n < 2; ++n) {
    INFO("sample " << n);
    CHECK(check::conservation(net, lrp, n));
    const auto of_values = check::rounding_of_values(net, multipliers, trace, baseline, n);
    const auto closing = check::conservation(net, rescale, n, of_values);
    INFO("DeepLift: open by " << closing.error << ", allowed " << closing.tolerance);
    CHECK(closing);
    CHECK_FALSE(check::first_open_node(net, rescale, n, of_values));
    CHECK(std::abs(rescale.ledger.dropped(n)) <= closing.tolerance);  // it is complete
    const double change = trace.output()(target, n) - baseline.output()(target, n);
    CHECK(std::abs(rescale.relevance.col(n).sum() - change) <= closing.tolerance);
  }
}

TEST_CASE("ONNX graphs drawn at random compute what onnxruntime does, and their books close", "[onnx]") {
  const char* given = std::getenv("ASCRIBE_RANDOM_GRAPHS");
  const auto models = models_of(given ? given : ASCRIBE_SOURCE_DIR "/tests/io/onnx/data/random_graphs.bin");
  REQUIRE(models.size() >= 200);
  Compared compared;
  for (std::size_t k = 0; k < models.size(); ++k) {
    const auto bytes = std::make_shared<const std::string>(models[k]);
    const onnx::Model model = onnx::parse(std::as_bytes(std::span(*bytes)), {}, {}, bytes);
    INFO("graph " << k << ":" << operators_of(model));
    try {
      check_graph(model, unsigned(k), compared);
    } catch (const Error& error) {
      FAIL_CHECK(error.what());
    }
  }
  INFO(compared.on_kinks << " of " << compared.inputs << " inputs sit on a kink");
  CHECK(compared.on_kinks * 50 <= compared.inputs);
}

}  // namespace
