#include <ascribe/networks/graph.hpp>

#include <vector>

#include <ascribe/functions/relu.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/methods/composites.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/sequential.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/random.hpp"

// Products that round more are for gradients. What a rule divides by an output, or as a relevance, has to be
// the same to the last bit with them and without.
namespace {

using namespace ascribe;
using namespace ascribe::test;

/// Two convolutions of the sizes from which Winograd's products are used.
auto network(map::Products products) {
  Random random(3);
  const Spatial geometry{.input = {12, 12}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}};
  const Eigen::VectorXf w1 = random.vector(24 * 24 * 9).cast<float>(),
                        w2 = random.vector(24 * 24 * 9).cast<float>(), b1 = random.vector(24).cast<float>();
  return Sequential(MatMul(map::Convolution<float>(geometry, 24, 24, w1, 1, products), b1),
                    Elementwise(fn::Relu()),
                    MatMul(map::Convolution<float>(geometry, 24, 24, w2, 1, products), b1));
}

Eigen::MatrixXf batch(unsigned seed) {
  Random random(seed);
  return random.matrix(12 * 12 * 24, 2).cast<float>();
}

template <class Net, class Method>
Eigen::MatrixXf relevance(const Net& net, const Method& method) {
  return net.explain(net.forward(batch(8)), 1000, method).relevance;
}

Eigen::MatrixXf graph_relevance(map::Products products, const Composite<float>& method) {
  return relevance(Graph<float>(network(products)), method);
}

const auto direct = network(map::Products::direct), fast = network(map::Products::winograd);

/// As near as winograd_test.cpp finds one product, and there are two.
template <class Found>
void check_near(const Found& found, const Found& exact) {
  CHECK(found != exact);
  CHECK((found - exact).cwiseAbs().maxCoeff() <= 4e-5F * exact.cwiseAbs().maxCoeff());
}

}  // namespace

TEST_CASE("gradients take faster products where there are any", "[networks]") {
  check_near(relevance(fast, method::Gradient()), relevance(direct, method::Gradient()));
  check_near(relevance(fast, method::GradientTimesInput()), relevance(direct, method::GradientTimesInput()));
  check_near(relevance(fast, method::LrpQ()), relevance(direct, method::LrpQ()));
  const Eigen::MatrixXf baseline = batch(9);
  const auto lift = [&](const auto& net) -> Eigen::MatrixXf {
    const auto base_trace = net.forward(baseline);
    return net.explain(net.forward(batch(8)), 1000, method::DeepLift(), base_trace).relevance;
  };
  check_near(lift(fast), lift(direct));
}

TEST_CASE("a forward pass takes no faster product", "[networks]") {
  CHECK(fast.forward(batch(8)).output() == direct.forward(batch(8)).output());
}

TEST_CASE("a forward pass under a plan takes faster products where nothing divides by their outputs",
          "[networks]") {
  const Graph<float> exact(direct), faster(fast);
  const auto output = [](const auto& net, const Composite<float>& method) -> Eigen::MatrixXf {
    return net.forward(batch(8), net.plan(method)).output();
  };
  check_near(output(faster, method::Gradient()), output(exact, method::Gradient()));
  check_near(output(faster, method::LrpQ()), output(exact, method::LrpQ()));
  CHECK(output(faster, method::Lrp()) == output(exact, method::Lrp()));
  const auto zplus = composite::by_name<float>("epsilon_plus");
  CHECK(output(faster, zplus) == output(exact, zplus));
  // What is kept may be another method's denominator.
  const auto trace = faster.forward(batch(8), faster.plan(method::LrpQ()));
  Batch<float> again(exact.output_size(), 2);
  forward(std::get<0>(*faster.node(3).layer), view(trace.value(2)), again);
  CHECK(trace.output() == again);
}

TEST_CASE("no rule that divides takes a faster product", "[networks]") {
  CHECK(relevance(fast, method::Lrp()) == relevance(direct, method::Lrp()));
  CHECK(relevance(fast, method::LrpRadial()) == relevance(direct, method::LrpRadial()));
  for (const char* name : {"epsilon_plus", "epsilon_plus_flat", "epsilon_alpha2_beta1", "epsilon_gamma_box",
                           "excitation_backprop"}) {
    INFO(name);
    const auto method = composite::by_name<float>(name, {.low = {-1}, .high = {1}});
    CHECK(graph_relevance(map::Products::winograd, method) == graph_relevance(map::Products::direct, method));
  }
  Composite<float> in_r(Form::R);  // a gradient of relevances, which others divide
  in_r.add(match::any(), rule::Gradient());
  CHECK(graph_relevance(map::Products::winograd, in_r) == graph_relevance(map::Products::direct, in_r));
}
