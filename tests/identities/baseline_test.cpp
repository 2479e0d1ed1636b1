/// Identities 3, 6 and 13 of the rules: differences from a baseline, on random networks.
#include "tests/support/catch.hpp"

#include <ascribe/functions/leaky_relu.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/softplus.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>

#include "tests/support/random_network.hpp"

using namespace ascribe;
using namespace ascribe::test;
using Matrix = Eigen::MatrixXd;

namespace {

const method::Rules multipliers(Form::Delta, false, rule::Gradient{}, rule::Baseline{}, rule::Baseline{});
using Fold = method::DeepLiftWith<rule::BaselineFold>;
using WithGradient = method::DeepLiftWith<rule::Gradient>;

template <class Net>
Matrix input(const Net& net, unsigned seed) {
  return Random(seed).matrix(net.input_size(), 3);
}

template <class Net, class Method>
Matrix against(const Net& net, const Matrix& x, const Matrix& baseline, const Method& method) {
  return net.explain(net.forward(x), 1, method, net.forward(baseline)).relevance;
}
template <class Net, class Method>
Matrix explain(const Net& net, const Matrix& x, const Method& method) {
  return net.explain(net.forward(x), 1, method).relevance;
}

template <class Run>
void each_network(double bias, const AnyFunction& f, const AnyFunction& g, Run run) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    INFO("seed " << seed);
    run(image_chain(seed, bias, f, g), seed);
    run(maxout_chain(seed, bias, f), seed);
  }
}

}  // namespace

TEST_CASE("identity 3: Slope equals Gradient for ReLU") {
  each_network(1, fn::Relu(), fn::Relu(), [](const auto& net, unsigned seed) {
    const Matrix x = input(net, seed);
    CHECK(explain(net, x, method::LrpQ{}) == explain(net, x, method::GradientTimesInput{}));
  });
}

TEST_CASE(
    "identity 3: Slope equals Baseline at zero if bias-free, every f(0) = 0, and no Max over negatives") {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    const auto compare = [&](const auto& net) {
      const Matrix x = input(net, seed), zero = Matrix::Zero(net.input_size(), 1);
      return relative_difference(against(net, x, zero, method::DeepLift{}), explain(net, x, method::LrpQ{}));
    };
    CHECK(compare(image_chain(seed, 0, fn::Tanh(), fn::Relu())) <= 1e-10);
    CHECK(compare(image_chain(seed, 0, fn::LeakyRelu{0.2}, fn::Relu())) <= 1e-10);
    // Each condition is needed: biases, f(0), maxima of negatives.
    CHECK(compare(image_chain(seed, 1, fn::Tanh(), fn::Relu())) > 1e-3);
    CHECK(compare(maxout_chain(seed, 0, fn::Tanh())) > 1e-3);
  }
}

TEST_CASE("identity 3: Baseline tends to Gradient as the differences tend to 0") {
  each_network(1, fn::Tanh(), fn::Softplus(), [](const auto& net, unsigned seed) {
    const Matrix x = input(net, seed), direction = input(net, seed + 50);
    const Matrix gradient = explain(net, x, method::Gradient{});
    const auto distance = [&](double t) {
      return relative_difference(against(net, x, Matrix(x + t * direction), multipliers), gradient);
    };
    CHECK(distance(1e-5) <= 1e-3);
    CHECK(distance(1e-7) <= 1e-5);
    CHECK(distance(1e-7) <= 0.1 * distance(1e-5));
    CHECK(distance(0) <= 1e-12);
  });
}

TEST_CASE(
    "identity 6: Baseline's total is f(x) - f(baseline), through the softmax limit and the fold; not "
    "Gradient") {
  double missed = 0;
  const auto run = [&](const auto& net, unsigned seed) {
    const auto trace = net.forward(input(net, seed));
    const auto baseline = net.forward(input(net, seed + 50));
    const Eigen::ArrayXXd difference = (trace.output().row(1) - baseline.output().row(1)).array();
    const auto total = [&](const auto& e) {
      CHECK((e.ledger.closing_error().abs() <= 1e-10 * e.relevance.cwiseAbs().sum()).all());
      return e.relevance.colwise().sum().array().eval();
    };
    const auto check = [&](const auto& e) {
      CHECK(sums_agree(total(e), difference, e.relevance.cwiseAbs().sum()));
    };
    check(net.explain(trace, 1, method::DeepLift{}, baseline));
    check(net.explain(trace, 1, Fold{}, baseline));
    const auto lossy = net.explain(trace, 1, WithGradient{}, baseline);
    missed = std::max(missed, (total(lossy) - difference).abs().maxCoeff());
    // What Gradient loses stands in the books.
    CHECK(sums_agree((total(lossy) + lossy.ledger.dropped).eval(), difference,
                     lossy.relevance.cwiseAbs().sum()));
  };
  each_network(1, fn::Relu(), fn::Tanh(), run);
  each_network(1, fn::Softplus(), fn::Relu(), run);
  CHECK(missed > 1e-2);
}

TEST_CASE("identity 6: exchanging image and baseline negates the relevance") {
  each_network(1, fn::Tanh(), fn::Relu(), [](const auto& net, unsigned seed) {
    const Matrix x = input(net, seed), baseline = input(net, seed + 50);
    CHECK(relative_difference(against(net, x, baseline, method::DeepLift{}),
                              Matrix(-against(net, baseline, x, method::DeepLift{}))) <= 1e-10);
    CHECK(relative_difference(against(net, x, baseline, Fold{}),
                              Matrix(-against(net, baseline, x, Fold{}))) <= 1e-10);
  });
}

TEST_CASE("identity 6: Radial has no meaning against a baseline, and says so") {
  const auto net = maxout_chain(1, 1, fn::Tanh());
  const auto trace = net.forward(input(net, 1));
  const method::Rules radial(Form::Delta, true, rule::Gradient{}, rule::Baseline{}, rule::Radial{});
  CHECK_THROWS_WITH(net.explain(trace, 1, radial, trace), Contains("no meaning in the form Delta"));
}

TEST_CASE("identity 13: an input shift that the first bias takes back: Gradient and Baseline see none") {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    Random random(seed);
    const Matrix w = random.matrix(12, 7), w2 = random.matrix(9, 6), x = random.matrix(7, 3),
                 x0 = random.matrix(7, 3);
    const Eigen::VectorXd bias = random.vector(12), c = random.vector(7);
    const auto make = [&](const Eigen::VectorXd& first) {
      return Sequential(MatMul(map::Dense<double>(w), Eigen::VectorXd(first)), Max(window::Groups<>(12, 2)),
                        Elementwise(AnyFunction(fn::Tanh())),
                        MatMul(map::Dense<double>(w2), random.vector(9)), Max(window::Groups<>(9, 3)));
    };
    const Random before = random;
    const auto net = make(bias);
    random = before;  // the same second bias
    const auto shifted = make(bias - w * c);
    const Matrix y = x.colwise() + c, y0 = x0.colwise() + c;
    CHECK(relative_difference(explain(net, x, method::Gradient{}), explain(shifted, y, method::Gradient{})) <=
          1e-10);
    CHECK(relative_difference(against(net, x, x0, method::DeepLift{}),
                              against(shifted, y, y0, method::DeepLift{})) <= 1e-10);
    CHECK(relative_difference(explain(net, x, method::GradientTimesInput{}),
                              explain(shifted, y, method::GradientTimesInput{})) > 1e-2);
  }
}
