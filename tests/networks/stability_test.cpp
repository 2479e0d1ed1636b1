#include <ascribe/networks/stability.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <ascribe/functions/abs.hpp>
#include <ascribe/functions/clip.hpp>
#include <ascribe/functions/leaky_relu.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/maps/sum.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/windows/groups.hpp>

#include "tests/support/catch.hpp"
#include <ascribe/compiled.hpp>
#include "tests/support/random.hpp"

namespace {

using namespace ascribe;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double eps = std::numeric_limits<double>::epsilon();

MatMul<map::Dense<double>> dense(const MatrixXd& w, const VectorXd& bias = {}) {
  return MatMul<map::Dense<double>>(map::Dense<double>(w), bias);
}

/// At x = (1, 1): pre-activations of `off` and 2, whose terms are 2 + |off| and 2, and weights 3 and 5 above.
template <class Function>
auto two_units(double off, const Function& f) {
  return Sequential(dense(MatrixXd{{1, -1}, {1, 1}}, VectorXd{{off, 0}}), Elementwise(f),
                    dense(MatrixXd{{3, 5}}));
}
const VectorXd ones{{1, 1}};

}  // namespace

TEST_CASE("a ReLU's unit counts within rounding of 0, by what it hands down", "[networks][stability]") {
  // 3·2 of what would be 3·2 + 5·2 with it.
  for (const double off : {1.5 * eps, 0.0, -1.5 * eps}) {
    INFO(off);
    for (const auto& found : {check::stability(two_units(off, fn::Relu()), ones, 0, method::LrpQ()),
                              check::stability(two_units(off, fn::Relu()), ones, 0, method::Gradient())}) {
      CHECK(found.share == Approx(3.0 / 8).epsilon(1e-12));
      CHECK(found.node == 2);  // behind the input and the first layer
      REQUIRE(found.of_nodes.size() == 4);
      CHECK(found.of_nodes[2] == found.share);
      CHECK(found.of_nodes[0] + found.of_nodes[1] + found.of_nodes[3] == 0);
      CHECK(found.tied == 0);
    }
  }
  for (const double off : {3 * eps, -3 * eps, 1e-3}) {
    INFO(off);
    const auto found = check::stability(two_units(off, fn::Relu()), ones, 0, method::LrpQ());
    CHECK(found.share == 0);
    CHECK(found.node == -1);
  }
}

TEST_CASE("what hands relevance over without a jump is no kink", "[networks][stability]") {
  const auto net = two_units(0, fn::Relu());
  CHECK(check::stability(net, ones, 0, method::Lrp()).share == 0);
  const VectorXd elsewhere{{3, 1}};  // 2 and 4 there
  CHECK(check::stability(net, ones, 0, method::DeepLift(), elsewhere).share <= 8 * eps);
  CHECK(check::stability(net, ones, 0, method::DeepLiftWith<rule::Gradient>(), elsewhere).share <= 8 * eps);
  const auto smooth = check::stability(two_units(0, fn::Tanh()), ones, 0, method::Gradient());
  CHECK(smooth.share > 0);
  CHECK(smooth.share <= 8 * eps);
}

TEST_CASE("any kink of any function counts, by how much changes there", "[networks][stability]") {
  const auto share = [](const auto& f, double at) {
    const Sequential net(dense(MatrixXd{{at}}), Elementwise(f));
    return check::stability(net, VectorXd{{1}}, 0, method::Gradient()).share;
  };
  CHECK(share(fn::Abs(), 1) == 0);
  CHECK(share(fn::Relu6(), 6) == Approx(1));  // from 1 to 0
  CHECK(share(fn::Relu6(), 6 + 1e-12) == 0);
  CHECK(share(fn::LeakyRelu{0.25}, 1) == 0);
  const auto around_zero = [](const auto& f) {
    const Sequential net(dense(MatrixXd{{1, -1}}), Elementwise(f));
    return check::stability(net, ones, 0, method::Gradient()).share;
  };
  CHECK(around_zero(fn::Relu()) == Approx(1));
  CHECK(around_zero(fn::Abs()) == Approx(1));  // from −1 to 1: all of it, and not twice that
  CHECK(around_zero(fn::LeakyRelu{0.25}) == Approx(0.75));
}

TEST_CASE("a maximum counts where another member is within both roundings", "[networks][stability]") {
  const auto net = [](double gap) {
    return Sequential(dense(MatrixXd{{1, 0}, {1 - gap, 0}, {0, 5}, {0, 2}}), Max(window::Groups<>(4, 2)),
                      dense(MatrixXd{{2, 1}}));
  };
  // 2·1 of 2·1 + 1·5, as relevance and as quotients times what they are of.
  const auto check = [&](double gap, double share, double tied) {
    INFO(gap);
    for (const auto& found : {check::stability(net(gap), ones, 0, method::Lrp()),
                              check::stability(net(gap), ones, 0, method::LrpQ()),
                              check::stability(net(gap), ones, 0, method::DeepLift(), VectorXd{{0, 0}})}) {
      CHECK(found.share == Approx(share).epsilon(1e-6));
      CHECK(found.tied == Approx(tied).epsilon(1e-6));
    }
    CHECK(check::stability(net(gap), ones, 0, method::LrpRadial()).share == 0);
  };
  check(eps, 2.0 / 7, 0);
  check(4 * eps, 0, 0);
  check(0, 0, 2.0 / 7);
  // The network's inputs are what they are: one of equal ones is the first, whatever rounds.
  const Sequential first(Max(window::Groups<>(4, 2)), dense(MatrixXd{{2, 1}}));
  const auto found = check::stability(first, VectorXd{{1, 1, 3, 2}}, 0, method::LrpQ());
  CHECK(found.share == 0);
  CHECK(found.tied == 0);
}

TEST_CASE("rounding and terms go through sums of branches", "[networks][stability]") {
  const auto share = [](double rest) {
    Graph<double> net;
    const Index x = net.input("x", 2);
    const Index large = net.add("large", dense(MatrixXd{{1000, -1000}}), {x});  // 0, but for 2000 ε
    const Index small = net.add("small", dense(MatrixXd{{rest, 0}}), {x});
    const Index sum = net.add("sum", MatMul(map::Sum<double>(2, 1)), {large, small});
    net.output(net.add("relu", Elementwise(fn::Relu()), {sum}));
    return check::stability(net, ones, 0, method::LrpQ()).share;
  };
  CHECK(share(1900 * eps) == Approx(1));
  CHECK(share(2100 * eps) == 0);
}

TEST_CASE("bounds of rounding, by hand", "[networks][stability]") {
  Graph<double> net;
  const Index x = net.input("x", 2);
  const Index a = net.add("a", dense(MatrixXd{{3, -4}, {1, 1}}, VectorXd{{2, 0}}), {x});
  const Index f = net.add("f", Elementwise(fn::Relu()), {a});
  net.output(net.add("b", dense(MatrixXd{{2, 1}}), {f}));
  const auto bounds = check::rounding_bounds(net, net.forward(VectorXd{{-1, 1}}));  // −5, 0
  REQUIRE(bounds.size() == 4);
  CHECK(bounds[0] == MatrixXd::Zero(2, 1));
  CHECK(bounds[1](0, 0) == Approx(9 * eps));
  CHECK(bounds[1](1, 0) == Approx(2 * eps));
  CHECK(bounds[2](0, 0) == 0);
  CHECK(bounds[2](1, 0) == Approx(2 * eps));
  CHECK(bounds[3](0, 0) == Approx(2 * eps));  // 1·2 ε, and terms of 0

  CHECK_THROWS_WITH(check::rounding_bounds(net, net.forward(MatrixXd::Zero(2, 3))),
                    Contains("expected one sample, found 3"));
  CHECK_THROWS_WITH(check::stability(net, MatrixXd::Zero(2, 3), 0, method::LrpQ()),
                    Contains("expected one sample, found 3"));
}

// The experiment behind the bound: the same network in float and in double, whose weights and inputs are
// floats. Of numbers drawn at random one in half a million is within rounding of 0; so the last inputs are sought
// where a unit changes its side, some for every layer.
TEST_CASE("floats stay within the bounds, and so do all units whose side they change",
          "[networks][stability]") {
  constexpr Index width = 256, depth = 6, samples = 400, sought = 16;
  const auto node_of = [](Index layer) { return 1 + 2 * layer; };
  test::Random random(4);
  Graph<float> net;
  Graph<double> exact;
  Index last = net.input("x", width);
  exact.input("x", width);
  for (Index k = 0; k < depth; ++k) {
    const Eigen::MatrixXf w = (random.matrix(width, width) * std::sqrt(6.0 / width)).cast<float>();
    const Eigen::VectorXf b = (random.vector(width) / 10).cast<float>();
    const std::string name = std::to_string(k);
    exact.add(name, dense(w.cast<double>(), b.cast<double>()), {last});
    last = net.add(name, MatMul(map::Dense<float>(w), b), {last});
    exact.add(name + " relu", Elementwise(fn::Relu()), {last});
    last = net.add(name + " relu", Elementwise(fn::Relu()), {last});
  }
  net.output(last);
  exact.output(last);

  // Between two inputs at which a unit has either sign, halved until no float lies between them.
  const Index count = sought * depth;
  Eigen::MatrixXf x(width, samples + count);
  x.leftCols(samples) = random.matrix(width, samples).cast<float>();
  MatrixXd below = random.matrix(width, count).cast<float>().cast<double>(),
           above = random.matrix(width, count).cast<float>().cast<double>();
  std::vector<Index> units(std::size_t(count), 0);
  {
    const auto at_below = exact.forward(below), at_above = exact.forward(above);
    for (Index n = 0; n < count; ++n) {
      Index& unit = units[std::size_t(n)];
      const auto value = [&](const auto& trace) { return trace.value(node_of(n / sought))(unit, n); };
      while ((value(at_below) > 0) == (value(at_above) > 0)) REQUIRE(++unit < width);
      if (value(at_below) > 0) below.col(n).swap(above.col(n));
    }
  }
  for (int step = 0; step < 26; ++step) {
    const MatrixXd middle = ((below + above) / 2).cast<float>().cast<double>();
    const auto at_middle = exact.forward(middle);
    for (Index n = 0; n < count; ++n)
      (at_middle.value(node_of(n / sought))(units[std::size_t(n)], n) > 0 ? above : below).col(n) =
          middle.col(n);
  }
  x.rightCols(count) = below.cast<float>();

  std::vector<double> of_layers(std::size_t(depth), 0);
  double within = 0;
  Index flips = 0, near = 0, flips_beyond = 0;
  const auto doubles = exact.forward(x.cast<double>());
  Graph<float>::Trace trace;
  Workspace<float> workspace;
  for (Index n = 0; n < x.cols(); ++n) {
    net.forward(x.col(n), trace, workspace);
    const auto bounds = check::rounding_bounds(net, trace);
    for (Index k = 0; k < depth; ++k) {
      // By pointers: a program that is not optimised takes fifty times as long for a matrix' elements.
      const float *found = trace.value(node_of(k)).data(), *bound = bounds[std::size_t(node_of(k))].data();
      const double* expected = doubles.value(node_of(k)).data() + n * width;
      double squares = 0;
      for (Index j = 0; j < width; ++j) {
        const double off = (double(found[j]) - expected[j]) / double(bound[j]);
        squares += off * off;
        within += std::abs(off) <= 1;
        const bool is_near = std::abs(found[j]) <= bound[j], flipped = (found[j] > 0) != (expected[j] > 0);
        near += is_near;
        flips += flipped;
        flips_beyond += flipped && !is_near;
      }
      of_layers[std::size_t(k)] += squares / double(width * x.cols());
    }
  }
  INFO(near << " near, " << flips << " of them on the other side");
  for (const double squares : of_layers) {
    CHECK(std::sqrt(squares) > 0.05);
    CHECK(std::sqrt(squares) < 0.4);
  }
  CHECK(within >= 0.999 * double(width * depth * x.cols()));
  CHECK(near >= count);  // how many of them are on the other side is the machine's
  CHECK(flips_beyond == 0);
}
