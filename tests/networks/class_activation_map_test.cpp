#include <ascribe/networks/class_activation_map.hpp>

#include "tests/support/catch.hpp"

#include <array>
#include <cmath>
#include <vector>

#include <ascribe/compiled.hpp>

#include "tests/support/image_network.hpp"
#include "tests/support/random.hpp"

namespace {

using namespace ascribe;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("Grad-CAM is captum's", "[networks]") {
  const test::ImageNetwork image;
  // captum 0.9.0 on torch 2.15.0: LayerGradCam(net, relu).attribute(x, target=1, relu_attributions=True).
  const std::array<double, 9> expected{0.019793826245439156,  0.027914737592156954, 0.022701313023893676,
                                       0.0011207430562269315, 0.005055876023617963, 0,
                                       0.009567493438461182,  0.005306521435553692, 0.021899247705699326};
  const auto found = grad_cam(image.net, image.net.forward(image.x), 1, image.relu, image.layer);
  for (Index p = 0; p < 9; ++p) CHECK(std::abs(found.map(p, 0) - expected[std::size_t(p)]) <= 1e-14);
  CHECK(found.output(1, 0) == Approx(0.2999323257387774));
  // Behind the layer the network is linear: the weights are the means of the last layer's.
  const VectorXd rows = test::ImageNetwork::numbers(54, 5, 13);
  for (Index c = 0; c < 3; ++c)
    CHECK(found.weights(c, 0) == Approx(rows.segment(27 + 9 * c, 9).mean()).margin(1e-14));
}

TEST_CASE("Score-CAM is torch's, mask by mask", "[networks]") {
  const test::ImageNetwork image;
  // torch 2.15.0: plain loops of interpolate, the network and softmax.
  const std::array<double, 3> weights{0.33667728593288127, 0.3461897239181702, 0.3171329901489486};
  const std::array<double, 9> map{0.20043326286338972, 0.2826660125331017,  0.22987461768341005,
                                  0.1926937302816472,  0.14863517147405203, 0.07905074534504583,
                                  0.1185340494217258,  0.14575993480479668, 0.22175286462961133};
  const auto found = score_cam(image.net, image.x, 1, image.relu, image.layer, image.input);
  for (Index c = 0; c < 3; ++c) CHECK(std::abs(found.weights(c, 0) - weights[std::size_t(c)]) <= 1e-12);
  for (Index p = 0; p < 9; ++p) CHECK(std::abs(found.map(p, 0) - map[std::size_t(p)]) <= 1e-12);
}

TEST_CASE("maps of a batch are each sample's, and of several outputs", "[networks]") {
  const test::ImageNetwork image;
  test::Random random(1);
  MatrixXd x = random.matrix(60, 3);
  x.col(1).setZero();  // whose channels are not all the same everywhere: the border is padded
  const std::vector<Index> targets{1, 0, 1};
  const auto trace = image.net.forward(x);
  const auto grad = grad_cam(image.net, trace, targets, image.relu, image.layer);
  const auto score = score_cam(image.net, x, targets, image.relu, image.layer, image.input);
  for (Index n = 0; n < 3; ++n) {
    const VectorXd one = x.col(n);
    const Index target = targets[std::size_t(n)];
    const auto grad_one = grad_cam(image.net, image.net.forward(one), target, image.relu, image.layer);
    const auto score_one = score_cam(image.net, one, target, image.relu, image.layer, image.input);
    CHECK((grad.map.col(n) - grad_one.map).cwiseAbs().maxCoeff() <= 1e-13);
    CHECK((score.map.col(n) - score_one.map).cwiseAbs().maxCoeff() <= 1e-13);
    CHECK(score.weights.col(n).sum() == Approx(1));
    CHECK(grad.map.col(n).minCoeff() >= 0);
  }
  const start::WeightedOutputs both{{{0, 1}, {1, -2}}};
  const auto difference = grad_cam(image.net, trace, both, image.relu, image.layer);
  const auto first = grad_cam(image.net, trace, 0, image.relu, image.layer),
             second = grad_cam(image.net, trace, 1, image.relu, image.layer);
  CHECK((difference.weights - (first.weights - 2 * second.weights)).cwiseAbs().maxCoeff() <= 1e-14);
}

TEST_CASE("a map on the input shares a pixel among its channels", "[networks]") {
  const MatrixXd map = (MatrixXd(2, 1) << 4, 8).finished();
  CHECK(on_input(map, {5, 1, 2}, {2, 1, 2}) == (MatrixXd(4, 1) << 2, 2, 4, 4).finished());
  CHECK(on_input(map, {5, 1, 2}, {2, 1, 2, false}) == (MatrixXd(4, 1) << 2, 4, 2, 4).finished());
  CHECK(on_input(map, {5, 1, 2}, {1, 1, 4}) == (MatrixXd(4, 1) << 4, 5, 7, 8).finished());
}

TEST_CASE("what class activation maps refuse", "[networks]") {
  const test::ImageNetwork image;
  const auto trace = image.net.forward(image.x);
  CHECK_THROWS_WITH(grad_cam(image.net, trace, 1, image.relu, {3, 3, 4}),
                    Contains("node 'relu' to have 3 x 3 x 4 = 36 features, found 27"));
  CHECK_THROWS_WITH(grad_cam(image.net, trace, 1, 9, image.layer), Contains("one of 4 nodes, found 9"));
  // Branches that end beside the output, before it and behind it.
  Graph<double> net;
  const Index x = net.input("x", 4), a = net.add("a", Elementwise(fn::Relu()), {x});
  const Index beside = net.add("beside", Elementwise(fn::Relu()), {x});
  net.output(net.add("y", MatMul(map::Dense<double>(MatrixXd::Ones(1, 4))), {a}));
  const Index behind = net.add("behind", Elementwise(fn::Relu()), {a});
  const VectorXd ones = VectorXd::Ones(4);
  const auto all = net.forward(ones);
  for (const Index node : {beside, behind}) {
    CHECK_THROWS_WITH(grad_cam(net, all, 0, node, {1, 2, 2}),
                      Contains("grad_cam: expected a node that the explained output depends on, found 'be"));
    CHECK_THROWS_WITH(score_cam(net, ones, 0, node, {1, 2, 2}, {1, 2, 2}),
                      Contains("score_cam: expected a node that the explained output depends on"));
  }
  for (const Index node : {x, a}) CHECK(grad_cam(net, all, 0, node, {1, 2, 2}).map == ones);
  CHECK_THROWS_WITH(grad_cam(image.net, trace, 2, image.relu, image.layer), Contains("a target in [0, 2)"));
  CHECK_THROWS_WITH(score_cam(image.net, image.x, 1, image.relu, image.layer, {2, 5, 5}),
                    Contains("an input of 2 x 5 x 5 = 50 features, found 60"));
}

}  // namespace
