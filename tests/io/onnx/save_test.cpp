#include <array>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <Eigen/SparseCore>

#include <ascribe/functions/any_function.hpp>
#include <ascribe/functions/power.hpp>
#include <ascribe/io/onnx/save.hpp>
#include <ascribe/layers/product.hpp>
#include <ascribe/maps/sparse.hpp>
#include <ascribe/networks/graph.hpp>
#include <ascribe/train/trainer.hpp>
#include <ascribe/windows/groups.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/image_network.hpp"
#include "tests/support/onnx.hpp"
#include "tests/support/random.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using namespace ascribe;
using Catch::Matchers::Contains;
using test::Random;

/// The largest difference of the outputs, relative to the largest output.
template <class Scalar>
double off(const Graph<Scalar>& net, const Graph<Scalar>& other, unsigned seed = 1) {
  const Batch<Scalar> x = Random(seed).matrix(net.input_size(), 3).template cast<Scalar>();
  const auto all = net.forward(x), others = other.forward(x);
  REQUIRE(net.outputs().size() == other.outputs().size());
  double worst = 0;
  for (std::size_t k = 0; k < net.outputs().size(); ++k) {
    const auto &y = all.value(net.outputs()[k]), &z = others.value(other.outputs()[k]);
    REQUIRE(y.rows() == z.rows());
    REQUIRE(y.cwiseAbs().maxCoeff() > 0);
    worst = std::max(worst, double((y - z).cwiseAbs().maxCoeff() / y.cwiseAbs().maxCoeff()));
  }
  return worst;
}

/// Written and read again.
template <class Scalar>
Graph<Scalar> returned(const Graph<Scalar>& net) {
  const test::TemporaryFolder folder;
  onnx::save(net, folder / "net.onnx");
  CHECK(folder.file_count() == 1);
  return onnx::load<Scalar>(folder / "net.onnx").graph;
}

std::vector<std::string> operators_of(const std::filesystem::path& path) {
  std::vector<std::string> names;
  for (const auto& node : onnx::read(path).graph.nodes) names.push_back(node.op_type);
  return names;
}

/// One layer behind an input "x"; its value is the output.
template <class Layer>
Graph<double> one(Index inputs, Layer layer, std::vector<Index> shape = {}) {
  Graph<double> net;
  const Index x = net.input("x", inputs, std::move(shape));
  net.output(net.add("layer", std::move(layer), {x}));
  return net;
}

TEST_CASE(
    "onnx::save: bundled networks come back with the same numbers, ports and nothing but their operators") {
  struct Case {
    const char* file;
    std::vector<std::string> operators;
  };
  const std::vector<Case> cases{
      {"examples/data/mnist_cnn.onnx",
       {"Conv", "Relu", "MaxPool", "Conv", "Relu", "MaxPool", "Reshape", "Gemm", "Relu", "Gemm", "Identity"}},
      {"examples/data/mnist_mlp.onnx", {"Reshape", "Gemm", "Relu", "Gemm", "Relu", "Gemm", "Identity"}},
      {"tests/golden/mnist_smooth/model.onnx",
       {"Reshape", "Gemm", "Tanh", "Gemm", "Sigmoid", "Gemm", "Softplus", "Gemm", "Identity"}},
  };
  const test::TemporaryFolder folder;
  for (const Case& one : cases) {
    INFO(one.file);
    const auto net = onnx::load<float>(std::filesystem::path(ASCRIBE_SOURCE_DIR) / one.file);
    onnx::save(net, folder / "saved.onnx");
    const auto back = onnx::load<float>(folder / "saved.onnx");
    CHECK(off(net.graph, back.graph) == 0);
    REQUIRE(back.inputs.size() == 1);
    CHECK(back.inputs[0].name == net.inputs[0].name);
    CHECK(back.inputs[0].shape == net.inputs[0].shape);
    CHECK(back.outputs[0].name == net.outputs[0].name);
    CHECK(back.outputs[0].shape == net.outputs[0].shape);
    CHECK(operators_of(folder / "saved.onnx") == one.operators);
  }
}

TEST_CASE("onnx::save: images whose channels are neighbours become C x H x W") {
  const test::ImageNetwork image;
  const test::TemporaryFolder folder;
  onnx::save(image.net, folder / "net.onnx");
  // The input has no shape: it is flat, pixel by pixel.
  CHECK(operators_of(folder / "net.onnx") ==
        std::vector<std::string>{"Reshape", "Transpose", "Conv", "Relu", "Reshape", "Gemm", "Identity"});
  const auto back = onnx::load<double>(folder / "net.onnx");
  const Eigen::MatrixXd x = image.x;
  CHECK((back.graph.forward(x).output() - image.net.forward(x).output()).cwiseAbs().maxCoeff() < 1e-15);
  // The convolution's weights as torch has them; fc's columns channel by channel.
  const onnx::Model model = onnx::read(folder / "net.onnx");
  for (const auto& tensor : model.graph.initializers) {
    const bool conv = tensor.name() == "conv.weight";
    if (!conv && tensor.name() != "fc.weight") continue;
    CHECK(tensor.dims() == (conv ? onnx::Dims{3, 2, 3, 3} : onnx::Dims{2, 27}));
    const Eigen::VectorXd expected =
        conv ? test::ImageNetwork::numbers(54, 7, 11) : test::ImageNetwork::numbers(54, 5, 13);
    const auto values = tensor.values<double>();
    for (Index i = 0; i < 54; ++i) CHECK(values[std::size_t(i)] == expected(i));
  }
}

TEST_CASE("onnx::save: windows with padding, strides, dilation, groups; biases of any period; volumes") {
  Random random(3);
  const Spatial geometry{
      .input = {7, 6}, .kernel = {3, 2}, .stride = {2, 1}, .pads = {1, 0, 2, 1}, .dilation = {1, 2}};
  for (const Index bias : {0, 1, 2, 6, 6 * 4 * 5}) {
    INFO("bias of " << bias);
    const map::Convolution<double> map(geometry, 4, 6, random.vector(6 * 2 * 6), 2);
    REQUIRE(map.output_size() == 6 * 4 * 5);
    const auto net = one(7 * 6 * 4, MatMul(map, Eigen::VectorXd(random.vector(bias))));
    CHECK(off(net, returned(net)) < 1e-14);
  }
  const Spatial pool{.input = {5, 6}, .kernel = {2, 3}, .stride = {2, 2}, .pads = {1, 1, 0, 1}};
  for (const bool counts : {false, true}) {
    const auto net = one(5 * 6 * 3, MatMul(map::AveragePool<double>(pool, 3, counts)));
    CHECK(off(net, returned(net)) < 1e-14);
  }
  const auto largest = one(5 * 6 * 3, Max(window::Pool(pool, 3)), {5, 6, 3});
  CHECK(off(largest, returned(largest)) == 0);

  const Spatial volume{.input = {4, 5, 3}, .kernel = {2, 3, 2}, .pads = {0, 1, 1, 0, 1, 0}};
  const auto three =
      one(4 * 5 * 3 * 2, MatMul(map::Convolution<double>(volume, 2, 3, random.vector(3 * 2 * 12)),
                                Eigen::VectorXd(random.vector(3))));
  CHECK(off(three, returned(three)) < 1e-14);
  const auto three_largest = one(4 * 5 * 3 * 2, Max(window::Pool(volume, 2)));
  CHECK(off(three_largest, returned(three_largest)) == 0);
}

TEST_CASE("onnx::save: dense maps of any type and order") {
  Random random(4);
  const Eigen::MatrixXd w = random.matrix(3, 4);
  const Eigen::Matrix<double, 3, 4, Eigen::RowMajor> fixed = w;
  const Eigen::Matrix<double, Dynamic, Dynamic, Eigen::RowMajor> rows = w;
  const Eigen::VectorXd bias = random.vector(3);
  for (const auto& net :
       {one(4, MatMul(map::Dense<double>(w), bias)), one(4, MatMul(map::DenseOf<decltype(rows)>(rows), bias)),
        one(4, MatMul(map::DenseOf<Eigen::Matrix<double, 3, 4, Eigen::RowMajor>>(fixed), bias)),
        one(4, MatMul(map::MappedDense<double, 4, 3>(w.data()), bias))}) {
    const auto back = returned(net);
    const Eigen::MatrixXd x = random.matrix(4, 2);
    CHECK((back.forward(x).output() - ((w * x).colwise() + bias)).cwiseAbs().maxCoeff() < 1e-15);
  }
}

TEST_CASE("onnx::save: scalings, sums, means, selections with gaps, values of several nodes") {
  Random random(5);
  const Index size = 12;
  for (const Index period : {1, 3, 4, 12}) {
    const auto net = one(size,
                         MatMul(map::ChannelScale<double>(size, random.vector(period)),
                                Eigen::VectorXd(random.vector(12 / period))),
                         {4, 3});
    CHECK(off(net, returned(net)) < 1e-15);
  }
  const auto mean = one(size, MatMul(map::Sum<double>(3, 4, 0.25)));
  CHECK(off(mean, returned(mean)) < 1e-15);

  const std::vector<Index> chosen{3, -1, 0, 11, 11, -1, 5};
  const auto picked =
      one(size, MatMul(map::Selection<double>(size, chosen), Eigen::VectorXd(random.vector(7))));
  CHECK(off(picked, returned(picked)) < 1e-15);

  // A residual block of images of 3 channels whose branches lie otherwise in memory, beside a dense layer
  // that reads both, and a second output.
  Graph<double> net;
  const Index x = net.input("x", 4 * 5 * 3, {4, 5, 3});
  const Spatial same{.input = {4, 5}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}};
  const Index conv = net.add("conv", MatMul(map::Convolution<double>(same, 3, 3, random.vector(81))), {x});
  const Index sum = net.add("sum", MatMul(map::Sum<double>(2, 60, 0.5)), {x, conv});
  const Eigen::MatrixXd w = random.matrix(2, 120);
  net.output(net.add("fc", MatMul(map::Dense<double>(w)), {sum, conv}));
  net.output(sum);
  net.output(x);
  CHECK(off(net, returned(net)) < 1e-14);
}

TEST_CASE("onnx::save: functions") {
  const std::vector<std::pair<fn::AnyFunction<double>, const char*>> functions{
      {fn::Relu(), "Relu"},
      {fn::Identity(), "Identity"},
      {fn::Sigmoid(), "Sigmoid"},
      {fn::Tanh(), "Tanh"},
      {fn::Softplus(), "Softplus"},
      {fn::Softsign(), "Softsign"},
      {fn::Abs(), "Abs"},
      {fn::Exp(), "Exp"},
      {fn::LeakyRelu{0.25}, "LeakyRelu"},
      {fn::Elu{0.75}, "Elu"},
      {fn::Celu{1.5}, "Celu"},
      {fn::Selu(), "Selu"},
      {fn::HardSigmoid{0.25, 0.375}, "HardSigmoid"},
      {fn::HardSwish(), "HardSwish"},
      {fn::Mish(), "Mish"},
      {fn::Gelu(), "Gelu"},
      {fn::GeluTanh(), "Gelu"},
      {fn::Silu(), "Mul"},
      {fn::Swish(1.75), "Mul"},
      {fn::Scale{-0.3}, "Mul"},
      {fn::Relu6(), "Clip"},
      {fn::Clip{-0.5, 0.25}, "Clip"},
      {fn::Clip{-0.5}, "Clip"},
      {fn::Clip{.high = 0.25}, "Clip"},
      {fn::Prelu<double>({0.1, 0.2, -0.3}), "PRelu"},
      {fn::Prelu<double>({0.1, 0.2, -0.3, 0.4}), "PRelu"},  // features of two pixels: all are written
  };
  const test::TemporaryFolder folder;
  for (const auto& [f, name] : functions) {
    INFO(f.name() << " as " << name);
    Graph<double> net;
    const Index x = net.input("x", 12, {4, 3});
    const Index function = net.add("function", Elementwise(f), {x});
    // A sigmoid at the end is left out by the reader.
    net.output(net.add("last", MatMul(map::ChannelScale<double>(12, Eigen::VectorXd::Ones(1))), {function}));
    onnx::save(net, folder / "net.onnx");
    const auto names = operators_of(folder / "net.onnx");
    CHECK(names[names.size() - 4] == name);  // then Mul, Reshape, Identity
    // Selu's constants are floats in a file.
    CHECK(off(net, onnx::load<double>(folder / "net.onnx").graph) <
          (f.name() == std::string("Selu") ? 1e-7 : 1e-14));
  }
}

TEST_CASE("onnx::save: what was trained comes back") {
  // XOR, some steps.
  Graph<float> net;
  Random random(6);
  const Index x = net.input("x", 2);
  const Index hidden = net.add("hidden",
                               MatMul(map::Dense<float>(random.matrix(8, 2).cast<float>()),
                                      Eigen::VectorXf(random.vector(8).cast<float>())),
                               {x});
  const Index active = net.add("active", Elementwise(fn::Tanh()), {hidden});
  net.output(net.add("out",
                     MatMul(map::Dense<float>(random.matrix(2, 8).cast<float>()),
                            Eigen::VectorXf(random.vector(2).cast<float>())),
                     {active}));
  Batch<float> inputs(2, 4);
  inputs << 0, 0, 1, 1, 0, 1, 0, 1;
  const std::array<Index, 4> labels{0, 1, 1, 0};
  const train::Data<float> data{.inputs = view(inputs), .labels = labels};
  train::Trainer<float> trainer(net);
  train::Sgd<float> optimiser{.rate = 0.5};
  for (Index epoch = 0; epoch < 5; ++epoch) trainer.epoch(data, {.size = 2}, epoch, optimiser);
  CHECK(off(net, trainer.net()) > 0.1);
  // Weights to the last bit; outputs but for the order of sums, which is another for rows than for columns.
  const test::TemporaryFolder folder;
  onnx::save(trainer.net(), folder / "net.onnx");
  const onnx::Model model = onnx::read(folder / "net.onnx");
  const auto blocks = trainer.parameters();  // from the outputs down
  const auto values_of = [&](std::string_view name) {
    for (const auto& tensor : model.graph.initializers)
      if (tensor.name() == name) return tensor.values<float>();
    return std::vector<float>();
  };
  const std::vector<float> out = values_of("out.weight"), first = values_of("hidden.weight");
  REQUIRE(out.size() == 16);
  REQUIRE(first.size() == 16);
  for (std::size_t o = 0; o < 8; ++o)
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(first[o * 2 + i] == blocks[2].values[i * 8 + o]);
      CHECK(out[i * 8 + o] == blocks[0].values[o * 2 + i]);
    }
  for (std::size_t k = 0; k < 8; ++k) CHECK(values_of("hidden.bias")[k] == blocks[3].values[k]);
  CHECK(off(trainer.net(), onnx::load<float>(folder / "net.onnx").graph) < 1e-6);
}

TEST_CASE("onnx::save: what it does not write is an Error that names it, and no file is left") {
  const test::TemporaryFolder folder;
  const auto refusal = [&](const auto& net, std::span<const onnx::Port> outputs = {}) {
    const std::string text = test::message_of([&] { onnx::save(net, folder / "net.onnx", outputs); });
    CHECK(folder.file_count() == 0);
    return text;
  };
  Eigen::SparseMatrix<double> sparse(2, 2);
  sparse.insert(0, 0) = 1;
  CHECK(refusal(one(2, MatMul(map::Sparse<double>(sparse)))) ==
        "onnx::save: node 'layer': MatMul of Sparse is not written");
  CHECK_THAT(refusal(one(4, kind::Product(2))), Contains("'layer': Product is not written"));
  CHECK_THAT(refusal(one(4, Max(window::Groups<>(4, 2)))), Contains("'layer': Max over"));
  CHECK_THAT(refusal(one(4, Elementwise(fn::Power{3}))), Contains("'layer': Power is not written"));
  CHECK_THAT(refusal(Graph<double>()), Contains("expected a network with an output"));
  const Spatial hanging{.input = {3, 3}, .kernel = {2, 2}, .stride = {2, 2}, .pads = {1, 1, 1, 1}};
  CHECK_THAT(refusal(one(9, MatMul(map::AveragePool<double>(hanging, 1, Pads{1, 1, 0, 0})))),
             Contains("'layer': MatMul of AveragePool"));
  const Eigen::MatrixXd w = Random(7).matrix(2, 2);
  const auto net = one(2, MatMul(map::Dense<double>(w)));
  const std::array<onnx::Port, 1> same{{{"x", {2}}}}, other{{{"y", {3}}}};
  CHECK_THAT(refusal(net, same), Contains("output 'x': expected a name that no other"));
  CHECK_THAT(refusal(net, other),
             Contains("output 'y': expected a shape of node 'layer', which has 2 features, found "
                      "one of 3"));
  const std::array<onnx::Port, 2> two{{{"y", {2}}, {"z", {2}}}};
  CHECK_THAT(refusal(net, two), Contains("expected a name for each of 1 outputs, found 2"));
  CHECK_THAT(test::message_of([&] { onnx::save(net, folder / "none" / "net.onnx"); }), Contains("net.onnx"));
}

}  // namespace
