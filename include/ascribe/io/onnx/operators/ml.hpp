/// The operators of ai.onnx.ml that scikit-learn's linear models, scalers and pipelines are exported as
/// (https://github.com/onnx/onnx/blob/main/docs/Operators-ml.md).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/arithmetic.hpp>
#include <ascribe/io/onnx/operators/axes.hpp>
#include <ascribe/io/onnx/operators/elementwise.hpp>
#include <ascribe/io/onnx/operators/reduce.hpp>
#include <ascribe/io/onnx/operators/concat.hpp>
#include <ascribe/io/onnx/operators/slice.hpp>

namespace ascribe::onnx {

/// Features along the last axis of a value of two. Throws Error for other shapes.
inline Index features_of(const Node& node, const Activation& a) {
  if (a.rank() != 2)
    fail(describe(node), ": expected samples of features, 2 axes, found shape ", shown(a.dims));
  return a.dims[1];
}

inline std::vector<double> reals_of(Attributes& attributes, std::string_view name) {
  const auto* values = attributes.find<std::vector<float>>(name);
  return values ? std::vector<double>(values->begin(), values->end()) : std::vector<double>();
}

/// (x − offset) ⊙ scale, by feature or alike for all.
inline void import_scaler(Importer& importer, const Node& node) {
  const Activation a = importer.activation(node, 0);
  Attributes attributes(node);
  auto offset = reals_of(attributes, "offset"), scale = reals_of(attributes, "scale");
  attributes.finish();
  const Index features = features_of(node, a);
  for (auto* list : {&offset, &scale}) {
    if (list->empty()) list->push_back(list == &scale ? 1 : 0);
    if (list->size() == 1) list->resize(std::size_t(features), list->front());
    if (Index(list->size()) != features)
      fail(describe(node), ": expected 1 or ", features, " numbers for ", features, " features, found ",
           list->size());
  }
  for (std::size_t i = 0; i < offset.size(); ++i) offset[i] *= -scale[i];
  const Tensor factors = Tensor::of("scale", {features}, std::move(scale)),
               shift = Tensor::of("offset", {features}, std::move(offset));
  importer.define(node.outputs[0], add_affine(importer, node, a, &factors, &shift));
}

/// x over its largest number, Σ|x| or √Σx², which is a gate, sample by sample.
inline void import_normalizer(Importer& importer, const Node& node) {
  const Activation a = importer.activation(node, 0);
  Attributes attributes(node);
  const std::string norm = attributes.text("norm", "MAX");
  attributes.finish();
  features_of(node, a);
  if (norm != "MAX" && norm != "L1" && norm != "L2")
    fail(describe(node), ": attribute 'norm': expected MAX, L1 or L2, found ", shown(norm));
  const Reduction how = norm == "MAX" ? Reduction::max : norm == "L1" ? Reduction::l1 : Reduction::l2;
  const Activation size = add_reduction(importer, node, a, {false, true}, how, "norm");
  const Activation inverse = add_function(importer, node, size, fn::Reciprocal(), "inverse");
  importer.define(node.outputs[0], add_quotient(importer, node, a, inverse));
}

/// What is missing is NaN, which no input of a network here may be: then every value is itself.
inline void import_imputer(Importer& importer, const Node& node) {
  Attributes attributes(node);
  const double missing = parameter(attributes, "replaced_value_float", 0);
  attributes.ignore("imputed_value_floats");
  attributes.finish();
  if (!std::isnan(missing))
    fail(describe(node), ": expected NaN to stand for what is missing, found ", missing);
  importer.note(describe(node) + " is left out: no input may be NaN, so that none is missing");
  importer.define(node.outputs[0], importer.activation(node, 0));
}

/// W x + intercepts, with a row of W for each score.
inline Activation add_linear_scores(Importer& importer, const Node& node, const Activation& a,
                                    std::vector<double> coefficients, std::vector<double> intercepts) {
  const Index features = features_of(node, a);
  const Index scores = Index(coefficients.size()) / features;
  if (scores < 1 || scores * features != Index(coefficients.size()))
    fail(describe(node), ": expected coefficients for ", features, " features, found ", coefficients.size());
  if (!intercepts.empty() && Index(intercepts.size()) != scores)
    fail(describe(node), ": expected ", scores, " intercepts, found ", intercepts.size());
  check_not_batch(node, a, 1);
  const Activation in_order = importer.in_order(node, a, c_order(2));
  importer.charge(node, {scores, features}, sizeof(double));
  layer::Dense dense{.weights = Tensor::of("coefficients", {scores, features}, std::move(coefficients))};
  dense.positions = in_order.size() / features;
  return importer.add(node, "", layer::MatMul{std::move(dense), std::move(intercepts)}, {in_order},
                      {a.dims[0], scores}, c_order(2));
}

/// Probabilities of the scores of each sample, as onnxruntime makes them. Throws Error for what it would make of
/// one score for two classes, and for other transformations.
inline Activation add_probabilities(Importer& importer, const Node& node, const Activation& scores,
                                    const std::string& transform, Index classes) {
  if (transform == "NONE") return scores;
  if (scores.dims[1] != classes)
    fail(describe(node), ": expected a score for each of ", classes, " classes, found ", scores.dims[1]);
  if (transform == "LOGISTIC")
    return add_function(importer, node, scores, fn::Sigmoid(), "probabilities");
  if (transform != "SOFTMAX")
    fail(describe(node), ": attribute 'post_transform': expected NONE, LOGISTIC or SOFTMAX, found ",
         shown(transform));
  return importer.add(node, "probabilities", kind::Softmax(scores.dims[0], classes, 1, false), {scores},
                      scores.dims, scores.order);
}

/// A linear classifier: its scores where the network ends with them, else what it makes of them. The label that
/// is chosen by them is left out (heads.hpp).
inline void import_linear_classifier(Importer& importer, const Node& node) {
  const Activation a = importer.activation(node, 0);
  Attributes attributes(node);
  auto coefficients = reals_of(attributes, "coefficients"), intercepts = reals_of(attributes, "intercepts");
  const std::string transform = attributes.text("post_transform", "NONE");
  const auto* names = attributes.find<std::vector<std::string>>("classlabels_strings");
  const auto numbers = attributes.integers("classlabels_ints");
  attributes.ignore("multi_class");
  attributes.finish();
  if (importer.has_output(node, 0))
    fail(describe(node), ": expected output 0, the label, to be unused, found that it is used");
  if (!importer.has_output(node, 1)) return;
  const Index classes = Index(names && !names->empty() ? names->size() : numbers ? numbers->size() : 0);
  const Activation scores =
      add_linear_scores(importer, node, a, std::move(coefficients), std::move(intercepts));
  const bool ends = importer.gives_scores(node, 1);
  if (ends && transform != "NONE")
    importer.note(describe(node) + ": what is explained are its scores, before " + transform);
  importer.define(node.outputs[1],
                  ends ? scores : add_probabilities(importer, node, scores, transform, classes));
}

inline void import_linear_regressor(Importer& importer, const Node& node) {
  const Activation a = importer.activation(node, 0);
  Attributes attributes(node);
  auto coefficients = reals_of(attributes, "coefficients"), intercepts = reals_of(attributes, "intercepts");
  const std::string transform = attributes.text("post_transform", "NONE");
  attributes.ignore("targets");
  attributes.finish();
  if (transform != "NONE")
    fail(describe(node), ": attribute 'post_transform': expected NONE, found ", shown(transform));
  importer.define(node.outputs[0],
                  add_linear_scores(importer, node, a, std::move(coefficients), std::move(intercepts)));
}

/// Σ αᵢ (vᵢ·x) + ρ over the support vectors vᵢ: one row of weights.
inline void import_svm_regressor(Importer& importer, const Node& node) {
  const Activation a = importer.activation(node, 0);
  Attributes attributes(node);
  const std::string kernel = attributes.text("kernel_type", "LINEAR");
  const auto alphas = reals_of(attributes, "coefficients"), vectors = reals_of(attributes, "support_vectors");
  auto rho = reals_of(attributes, "rho");
  const std::int64_t supports = attributes.integer("n_supports", 0);
  const std::string transform = attributes.text("post_transform", "NONE");
  const bool one_class = attributes.flag("one_class", false);
  attributes.ignore("kernel_params");
  attributes.finish();
  if (kernel != "LINEAR" || transform != "NONE" || one_class)
    fail(describe(node), ": expected a linear kernel and its value as it is, found kernel ", shown(kernel),
         ", post_transform ", shown(transform), one_class ? " and one_class" : "",
         ": other kernels have no layers that relevance could pass");
  const Index features = features_of(node, a);
  if (supports == 0)
    return importer.define(node.outputs[0], add_linear_scores(importer, node, a, alphas, rho));
  if (supports < 1 || Index(alphas.size()) != supports || Index(vectors.size()) / features != supports ||
      Index(vectors.size()) % features != 0)
    fail(describe(node), ": expected ", supports, " support vectors of ", features, " features, found ",
         vectors.size(), " numbers and ", alphas.size(), " coefficients");
  std::vector<double> weights(std::size_t(features), 0);
  for (std::size_t k = 0; k < alphas.size(); ++k)
    for (std::size_t i = 0; i < weights.size(); ++i)
      weights[i] += alphas[k] * vectors[k * weights.size() + i];
  importer.define(node.outputs[0], add_linear_scores(importer, node, a, std::move(weights), std::move(rho)));
}

/// All inputs behind each other.
inline void import_feature_vectorizer(Importer& importer, const Node& node) {
  Attributes attributes(node);
  const auto sizes = attributes.integers("inputdimensions");
  attributes.finish();
  Node concat = node;
  concat.attributes = {{"axis", std::int64_t(1)}};
  for (std::size_t k = 0; k < node.inputs.size(); ++k)
    if (sizes && k < sizes->size() && features_of(node, importer.activation(node, k)) != (*sizes)[k])
      fail(describe(node), ": input ", k, ": expected ", (*sizes)[k], " features, found ",
           importer.activation(node, k).dims[1]);
  import_concat(importer, concat);
}

/// Features by constant indices along the last axis.
inline void import_array_feature_extractor(Importer& importer, const Node& node) {
  Attributes(node).finish();
  Node gather = node;
  gather.attributes = {{"axis", std::int64_t(-1)}};
  import_gather(importer, gather);
}

/// What is a step function of its inputs has no gradient, and no layers.
inline void refuse_trees(Importer&, const Node& node) {
  fail(describe(node),
       ": trees compare one feature at a time and are constant in between: they are no layers, and ",
       "methods that propagate relevance have nothing to say of them");
}
inline void refuse_kernels(Importer&, const Node& node) {
  fail(describe(node),
       ": its votes are steps of kernels and no layers: a linear one is had as a LinearClassifier");
}

inline constexpr std::array<Operator, 12> ml_operators{{
    {"ai.onnx.ml.Scaler", import_scaler},
    {"ai.onnx.ml.Normalizer", import_normalizer},
    {"ai.onnx.ml.Imputer", import_imputer},
    {"ai.onnx.ml.LinearClassifier", import_linear_classifier},
    {"ai.onnx.ml.LinearRegressor", import_linear_regressor},
    {"ai.onnx.ml.SVMRegressor", import_svm_regressor},
    {"ai.onnx.ml.FeatureVectorizer", import_feature_vectorizer},
    {"ai.onnx.ml.ArrayFeatureExtractor", import_array_feature_extractor},
    {"ai.onnx.ml.TreeEnsembleClassifier", refuse_trees},
    {"ai.onnx.ml.TreeEnsembleRegressor", refuse_trees},
    {"ai.onnx.ml.TreeEnsemble", refuse_trees},
    {"ai.onnx.ml.SVMClassifier", refuse_kernels},
}};

}  // namespace ascribe::onnx
