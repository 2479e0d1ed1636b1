// How far floats are from doubles: relevance computed with direct convolutions, with Winograd's
// (map::Products), and with Winograd's on the way back alone, each against the same in double.
//
//   ascribe_benchmark_rounding measure NETWORK.onnx INPUTS.npy [SAMPLES]
//   ascribe_benchmark_rounding train NETWORK.onnx INPUTS.npy    a network for `measure`: of VGG's kind,
//   trained on
//                                                               the digits at twice their size
//
// Of the class that is the answer in double. Largest: max |r − r̂| / max |r|; norm: ‖r − r̂‖ / ‖r‖.
#include <ascribe/ascribe.hpp>
#include <ascribe/io/npy.hpp>
#include <ascribe/io/onnx.hpp>
#include <ascribe/io/onnx/save.hpp>
#include <ascribe/train.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "examples/support/idx.hpp"

namespace {

using namespace ascribe;
using Vector = Eigen::VectorXf;

constexpr const char* methods[] = {"gradient", "gradient_times_input", "lrp_q", "deep_lift"};

/// The outputs, and the relevance by each method, of each sample.
template <class Scalar>
struct Results {
  std::vector<Batch<Scalar>> outputs;
  std::vector<std::vector<Batch<Scalar>>> relevance;  ///< by method, sample by sample
};

/// Without a plan, the way forward takes direct products.
enum class Winograd { nowhere, back, everywhere };

template <class Scalar>
Results<Scalar> explained(const std::string& file, const Batch<double>& inputs, Winograd winograd,
                          std::vector<Index>& answers) {
  const Graph<Scalar> net = onnx::load<Scalar>(file, {.winograd = winograd != Winograd::nowhere}).graph;
  const Batch<Scalar> zero = Batch<Scalar>::Zero(net.input_size(), 1);
  Results<Scalar> results;
  for (const char* name : methods) {
    const Composite<Scalar> method = composite::by_name<Scalar>(name);
    const auto plan = net.plan(method);
    typename Graph<Scalar>::Trace trace, baseline;
    typename Graph<Scalar>::Explanation explanation;
    Workspace<Scalar> workspace;
    if (method.form == Form::Delta) net.forward(zero, baseline, workspace, plan);
    auto& relevance = results.relevance.emplace_back();
    for (Index n = 0; n < inputs.cols(); ++n) {
      const Batch<Scalar> x = inputs.col(n).cast<Scalar>();
      if (winograd == Winograd::back)
        net.forward(x, trace, workspace);
      else
        net.forward(x, trace, workspace, plan);
      if (results.relevance.size() == 1) results.outputs.push_back(trace.output());
      if (Index(answers.size()) == n) trace.output().col(0).maxCoeff(&answers.emplace_back());
      net.explain(trace, answers[std::size_t(n)], plan, explanation, workspace,
                  method.form == Form::Delta ? &baseline : nullptr);
      relevance.push_back(explanation.relevance);
    }
  }
  return results;
}

struct Distance {
  double largest = 0, norm = 0;
};

Distance distance(const Batch<float>& found, const Batch<double>& exact) {
  const Batch<double> difference = found.cast<double>() - exact;
  return {difference.cwiseAbs().maxCoeff() / exact.cwiseAbs().maxCoeff(), difference.norm() / exact.norm()};
}

void print(const char* what, const char* products, const std::vector<Batch<float>>& found,
           const std::vector<Batch<double>>& exact) {
  std::vector<double> largest, norm;
  for (std::size_t n = 0; n < exact.size(); ++n) {
    const Distance one = distance(found[n], exact[n]);
    largest.push_back(one.largest);
    norm.push_back(one.norm);
  }
  std::sort(largest.begin(), largest.end());
  std::sort(norm.begin(), norm.end());
  const std::size_t middle = exact.size() / 2;
  std::printf("%-22s %-9s largest %.1e (%.1e to %.1e)   norm %.1e (%.1e to %.1e)\n", what, products,
              largest[middle], largest.front(), largest.back(), norm[middle], norm.front(), norm.back());
}

void measure(const std::string& file, const std::string& inputs_file, Index samples) {
  const auto read = io::read_npy<double>(inputs_file);
  const Index count = std::min(samples, Index(read.shape.at(0)));
  const Batch<double> inputs =
      View<double>(read.values.data(), Index(read.values.size() / read.shape.at(0)), count);
  std::vector<Index> answers;
  const auto exact = explained<double>(file, inputs, Winograd::nowhere, answers);
  const std::pair<const char*, Results<float>> all[] = {
      {"direct", explained<float>(file, inputs, Winograd::nowhere, answers)},
      {"back", explained<float>(file, inputs, Winograd::back, answers)},
      {"winograd", explained<float>(file, inputs, Winograd::everywhere, answers)}};
  std::printf("%s, %td inputs: median (least to most)\n", file.c_str(), count);
  for (const auto& [products, found] : all) print("outputs", products, found.outputs, exact.outputs);
  for (std::size_t m = 0; m < std::size(methods); ++m)
    for (const auto& [products, found] : all)
      print(methods[m], products, found.relevance[m], exact.relevance[m]);
}

// ---- A trained network.

constexpr Index side = 56;

Vector weights(evaluate::Random& random, Index outputs, Index inputs) {
  Vector values(outputs * inputs);
  for (float& value : values) value = float(random.normal() * std::sqrt(2 / double(inputs)));
  return values;
}

/// Three blocks of two convolutions and a maximum, and a dense layer, drawn at He's scale.
Graph<float> network(std::uint64_t seed) {
  evaluate::Random random(seed);
  Graph<float> net;
  Index last = net.input("image", side * side, {1, side, side}), channels = 1, size = side;
  for (const Index filters : {32, 64, 96}) {
    const std::string block = "block " + std::to_string(size);
    for (const char* which : {" a", " b"}) {
      const Spatial three{.input = {size, size}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}};
      last = net.add(block + which,
                     convolution(three, channels, filters, weights(random, filters, channels * 9),
                                 Vector(Vector::Zero(filters))),
                     {last}, {filters, size, size}, {.order = {1, 2, 0}});
      last = net.add(block + which + " relu", relu(), {last}, {filters, size, size}, {.order = {1, 2, 0}});
      channels = filters;
    }
    last = net.add(block + " maximum",
                   max_pool({.input = {size, size}, .kernel = {2, 2}, .stride = {2, 2}}, channels), {last},
                   {channels, size / 2, size / 2}, {.order = {1, 2, 0}});
    size /= 2;
  }
  const Index features = size * size * channels;
  const Eigen::MatrixXf top = weights(random, 10, features).reshaped(10, features);
  net.output(net.add("classes", linear(top, Vector(Vector::Zero(10))), {last}, {10}));
  return net;
}

/// Every pixel as four.
Batch<float> enlarged(const examples::Images& images) {
  Batch<float> all(side * side, Index(images.count));
  for (Index n = 0; n < all.cols(); ++n) {
    const auto image = images[std::size_t(n)];
    for (Index y = 0; y < side; ++y)
      for (Index x = 0; x < side; ++x)
        all(y * side + x, n) = float(image[std::size_t(y / 2 * (side / 2) + x / 2)]) / 255;
  }
  return all;
}

void train_network(const std::string& file, const std::string& inputs_file) {
  const std::string folder = ASCRIBE_SOURCE_DIR "/examples/data/digits/";
  const auto read = [&](const std::string& name, std::vector<Index>& labels) {
    const auto bytes = examples::read_labels(folder + name + "-labels.idx1-ubyte");
    labels.assign(bytes.begin(), bytes.end());
    return enlarged(examples::read_images(folder + name + "-images.idx3-ubyte.gz"));
  };
  std::vector<Index> labels, test_labels;
  const Batch<float> inputs = read("train", labels), test = read("test", test_labels);
  train::Trainer<float> trainer(network(1));
  train::Adam<float> adam{.rate = 0.0005};
  for (Index epoch = 0; epoch < 6; ++epoch)
    std::printf("epoch %td: loss %.4f\n", epoch,
                trainer.epoch({view(inputs), labels}, {.size = 32}, epoch, adam).outputs);
  const Batch<float> outputs = trainer.net().forward(test).output();
  Index right = 0;
  for (Index n = 0; n < test.cols(); ++n) {
    Index answer = 0;
    outputs.col(n).maxCoeff(&answer);
    right += answer == test_labels[std::size_t(n)];
  }
  std::printf("%td of %td right\n", right, test.cols());
  onnx::save(trainer.net(), file);
  io::write_npy(inputs_file, {std::size_t(test.cols()), 1, std::size_t(side), std::size_t(side)},
                std::span(test.data(), std::size_t(test.size())));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (words.size() >= 3 && words[0] == "train")
      train_network(words[1], words[2]);
    else if (words.size() >= 3 && words[0] == "measure")
      measure(words[1], words[2], words.size() > 3 ? std::atoi(words[3].c_str()) : 8);
    else
      fail("expected measure or train, NETWORK.onnx and INPUTS.npy; see the first lines of rounding.cpp");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rounding: %s\n", error.what());
    return 1;
  }
}
