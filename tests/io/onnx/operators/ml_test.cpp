#include <ascribe/io/onnx/network.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/methods/gradient.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::test;
using Catch::Matchers::Contains;
using Eigen::VectorXd;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

OneNode ml(std::string op, std::vector<onnx::Attribute> attributes, Index features = 3) {
  return {.op = "ai.onnx.ml." + op, .attributes = std::move(attributes), .inputs = {{1, features}}};
}
void check(const OneNode& one, const Formula& formula) {
  check_formula(model_of(one), formula, VectorXd{{1, -2, 3}}, VectorXd{{0.5, 1, 2}});
}

TEST_CASE("onnx: scalers and normalisers of scikit-learn", "[onnx]") {
  check(ml("Scaler", {reals("offset", {1, 2, 3}), reals("scale", {2, 0.5f, -1})}), [](const VectorXd& x) {
    return VectorXd{{(x(0) - 1) * 2, (x(1) - 2) * 0.5, -(x(2) - 3)}};
  });
  check(ml("Scaler", {reals("offset", {1}), reals("scale", {2})}),
        [](const VectorXd& x) { return VectorXd((x.array() - 1) * 2); });
  check(ml("Normalizer", {text("norm", "L2")}), [](const VectorXd& x) { return VectorXd(x / x.norm()); });
  check(ml("Normalizer", {text("norm", "L1")}),
        [](const VectorXd& x) { return VectorXd(x / x.cwiseAbs().sum()); });
  check(ml("Normalizer", {text("norm", "MAX")}),
        [](const VectorXd& x) { return VectorXd(x / x.maxCoeff()); });
  check(ml("Imputer", {reals("imputed_value_floats", {7}), real("replaced_value_float", float(nan))}),
        [](const VectorXd& x) { return x; });
}

TEST_CASE("onnx: linear models of scikit-learn", "[onnx]") {
  check(ml("LinearRegressor",
           {reals("coefficients", {1, 2, 3, 4, 5, 6}), reals("intercepts", {10, 20}), integer("targets", 2)}),
        [](const VectorXd& x) {
          return VectorXd{{x(0) + 2 * x(1) + 3 * x(2) + 10, 4 * x(0) + 5 * x(1) + 6 * x(2) + 20}};
        });
  // Two support vectors, 1 2 3 and 0 1 0, with α 2 and −1.
  check(ml("SVMRegressor", {reals("coefficients", {2, -1}), reals("support_vectors", {1, 2, 3, 0, 1, 0}),
                            reals("rho", {0.5f}), integer("n_supports", 2), text("kernel_type", "LINEAR")}),
        [](const VectorXd& x) { return VectorXd{{2 * x(0) + 3 * x(1) + 6 * x(2) + 0.5}}; });
}

/// A classifier as scikit-learn's exports end: labels, and probabilities with their names.
onnx::Model classifier() {
  OneNode one =
      ml("LinearClassifier", {reals("coefficients", {1, 2, 3, 4, 5, 6}), reals("intercepts", {10, 20}),
                              integers("classlabels_ints", {0, 1}), text("post_transform", "SOFTMAX")});
  one.outputs = 2;
  onnx::Model model = model_of(one);
  model.graph.nodes.push_back(step("Cast", {integer("to", 7)}, {"y0"}, "label"));
  model.graph.nodes.push_back(step("ai.onnx.ml.Normalizer", {text("norm", "L1")}, {"y1"}, "normed"));
  model.graph.nodes.push_back(
      step("ai.onnx.ml.ZipMap", {integers("classlabels_int64s", {0, 1})}, {"normed"}, "names"));
  model.graph.outputs = {{"label", onnx::ElementType::int64, {}},
                         {"names", onnx::ElementType::undefined, {}}};
  return model;
}

TEST_CASE("onnx: of a classifier's label and probabilities the scores are explained, once", "[onnx]") {
  const auto net = onnx::network<double>(classifier());
  REQUIRE(net.outputs.size() == 1);
  CHECK(net.outputs[0].shape == onnx::Dims{2});
  CHECK(net.notes.size() == 3);
  const VectorXd x{{1, -2, 3}};
  const auto trace = net.graph.forward(x);
  CHECK(trace.output()(0) == 1 - 4 + 9 + 10);
  CHECK(trace.output()(1) == 4 - 10 + 18 + 20);
  CHECK(net.graph.explain(trace, 1, method::Gradient()).relevance.col(0) == VectorXd{{4, 5, 6}});
}

TEST_CASE("onnx: a classifier's probabilities where they are asked for or read", "[onnx]") {
  const VectorXd x{{1, -2, 3}}, scores{{0.1 * (1 - 4 + 9), 0.1 * (4 - 10 + 18)}};
  const auto model = [](const char* transform, std::vector<std::int64_t> classes) {
    OneNode one = ml("LinearClassifier", {reals("coefficients", {.1f, .2f, .3f, .4f, .5f, .6f}),
                                          integers("classlabels_ints", std::move(classes)),
                                          text("post_transform", transform)});
    one.outputs = 2;
    onnx::Model made = model_of(one);
    made.graph.nodes.push_back(step("Exp", {}, {"y1"}, "read"));
    return made;
  };
  const auto output = [&](onnx::Model made, std::string name, bool as_scores) {
    const auto net = onnx::network<double>(made, {.outputs = {std::move(name)}, .scores = as_scores});
    return VectorXd(net.graph.forward(x).output().col(0));
  };
  const VectorXd soft = scores.array().exp() / scores.array().exp().sum(),
                 logistic = 1 / (1 + (-scores.array()).exp());
  CHECK(output(model("SOFTMAX", {0, 1}), "y1", true).isApprox(scores, 1e-6));
  CHECK(output(model("SOFTMAX", {0, 1}), "y1", false).isApprox(soft, 1e-6));
  CHECK(output(model("LOGISTIC", {0, 1}), "y1", false).isApprox(logistic, 1e-6));
  CHECK(output(model("NONE", {0, 1}), "y1", false).isApprox(scores, 1e-6));
  CHECK(output(model("SOFTMAX", {0, 1}), "read", true).isApprox(VectorXd(soft.array().exp()), 1e-6));
  CHECK_THROWS_WITH(output(model("SOFTMAX", {0, 1, 2}), "y1", false),
                    Contains("expected a score for each of 3 classes, found 2"));
  CHECK_THROWS_WITH(output(model("PROBIT", {0, 1}), "y1", false),
                    Contains("expected NONE, LOGISTIC or SOFTMAX, found 'PROBIT'"));
}

TEST_CASE("onnx: vectors are joined, and features are picked", "[onnx]") {
  const auto joined = import(model_of({.op = "ai.onnx.ml.FeatureVectorizer",
                                       .attributes = {integers("inputdimensions", {2, 3})},
                                       .inputs = {{1, 2}, {1, 3}}}),
                             false);
  CHECK(output_of(joined) == node_input(5).col(0));
  const auto picked = import(
      model_of({.op = "ai.onnx.ml.ArrayFeatureExtractor", .inputs = {{1, 4}}, .constants = {list({3, 1})}}),
      false);
  CHECK(output_of(picked) == VectorXd{{node_input(4)(3), node_input(4)(1)}});
}

TEST_CASE("onnx: what scikit-learn has that is no layer is refused, and says why", "[onnx]") {
  CHECK_THAT(refusal(ml("TreeEnsembleRegressor", {})), Contains("trees compare one feature at a time"));
  CHECK_THAT(refusal(ml("TreeEnsembleClassifier", {})), Contains("they are no layers"));
  CHECK_THAT(refusal(ml("SVMRegressor", {text("kernel_type", "RBF")})), Contains("expected a linear kernel"));
  CHECK_THAT(refusal(ml("SVMClassifier", {})), Contains("steps of kernels"));
  CHECK_THAT(refusal(ml("Imputer", {real("replaced_value_float", -1)})), Contains("expected NaN"));
  CHECK_THAT(refusal(ml("Scaler", {reals("offset", {1, 2})})), Contains("expected 1 or 3 numbers"));
  CHECK_THAT(refusal(ml("LinearRegressor", {reals("coefficients", {1, 2})})),
             Contains("expected coefficients for 3 features, found 2"));
  CHECK_THAT(refusal(ml("LinearRegressor", {reals("coefficients", {1, 2, 3}), reals("intercepts", {1, 2})})),
             Contains("expected 1 intercepts, found 2"));
  CHECK_THAT(refusal(ml("Normalizer", {text("norm", "L3")})), Contains("expected MAX, L1 or L2"));
}

}  // namespace
