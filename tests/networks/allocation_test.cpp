#include <ascribe/networks/sequential.hpp>

#include "examples/support/allocations.hpp"
#include "tests/support/catch.hpp"

// Empty where nothing can be counted: under the sanitizers, and elsewhere than with glibc.
#if ASCRIBE_COUNTS_ALLOCATIONS

#include <array>
#include <cstddef>
#include <cstdlib>
#include <numeric>
#include <vector>

#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/maps/selection.hpp>
#include <ascribe/maps/sum.hpp>
#include <ascribe/methods/composites.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/deconvolution.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/derivative.hpp>
#include <ascribe/networks/graph.hpp>
#include <ascribe/rules/alpha_beta.hpp>
#include <ascribe/rules/flat.hpp>
#include <ascribe/rules/gamma.hpp>
#include <ascribe/rules/w_square.hpp>
#include <ascribe/rules/z_box.hpp>
#include <ascribe/rules/z_plus.hpp>
#include <ascribe/windows/groups.hpp>
#include <ascribe/windows/pool.hpp>

namespace {

using namespace ascribe;
using examples::allocations_in;

/// Each call's result goes here, so that no compiler may leave the call out.
volatile float sink = 0;

template <Record record, class Net, class Trace>
void explain_by_every_method(const Net& net, const Trace& trace, const Trace& baseline) {
  const auto explain = [&](const auto& method) {
    sink = net.explain(trace, 1, method, record).relevance.sum();
  };
  explain(method::Gradient());
  explain(method::GradientTimesInput());
  explain(method::Deconvolution());
  explain(method::GuidedBackpropagation());
  explain(method::Lrp());
  explain(method::Lrp(0.));
  explain(method::LrpRadial());
  explain(method::LrpQ());
  explain(method::Rules{Form::R, false, rule::Gradient(), rule::Ignore{true}, rule::Radial()});
  explain(method::Rules{Form::Q, true, rule::Normalized(), rule::Repeat(), rule::Radial()});
  sink = net.explain(trace, 1, method::DeepLift(), baseline, record).relevance.sum();
  sink = net.explain(trace, 1, method::DeepLiftWith<rule::BaselineFold>(), baseline, record)
             .relevance.sum();
  sink = net.explain(trace, 1, method::DeepLiftWith<rule::Gradient>(), baseline, record)
             .relevance.sum();
}

template <class F>
auto fixed_network(F f) {
  std::srand(3);
  return Sequential(
      MatMul(map::Dense<float, 16, 8>(Eigen::Matrix<float, 8, 16>::Random()),
             Eigen::Matrix<float, 8, 1>::Random()),
      Elementwise(f), Max(window::Groups<8, 2>()),
      MatMul(map::Dense<float, 4, 3>(Eigen::Matrix<float, 3, 4>::Random()), Eigen::Vector3f::Random()));
}

template <int Samples, class Net>
void check_no_allocation(const Net& net) {
  using Input = Eigen::Matrix<float, 16, Samples>;
  const Input x = Input::Random(), zero = Input::Zero();
  CHECK(allocations_in([&] {
          const auto trace = net.forward(x), baseline = net.forward(zero);
          sink = trace.output().sum();
          explain_by_every_method<Record::totals>(net, trace, baseline);
        }) == 0);
  CHECK(allocations_in([&] {
          const auto trace = net.forward(x), baseline = net.forward(zero);
          explain_by_every_method<Record::per_layer>(net, trace, baseline);
        }) == 0);
}

TEST_CASE("The counter counts", "[networks][allocation]") {
  CHECK(allocations_in([] {
          const Eigen::VectorXf x = Eigen::VectorXf::Ones(1000);
          sink = x.sum();
        }) == 1);
  CHECK(allocations_in([] {
          int* volatile number = new int(1);
          sink = float(*number);
          delete number;
        }) == 1);
  CHECK(allocations_in([] {
          const std::vector<float, Eigen::aligned_allocator<float>> x(100, 1.f);
          sink = x[1];
        }) == 1);
}

TEST_CASE("A network of fixed size never asks for memory", "[networks][allocation]") {
  SECTION("ReLU, one sample") { check_no_allocation<1>(fixed_network(fn::Relu())); }
  SECTION("tanh, one sample") { check_no_allocation<1>(fixed_network(fn::Tanh())); }
  SECTION("tanh, five samples") { check_no_allocation<5>(fixed_network(fn::Tanh())); }
}

TEST_CASE("The rules of practice ask for none in a network of fixed size", "[networks][allocation]") {
  const auto net = fixed_network(fn::Relu());
  const Eigen::Matrix<float, 16, 1> x = Eigen::Matrix<float, 16, 1>::Random();  // of both signs
  const auto trace = net.forward(x);
  const auto check = [&](const auto& rule) {
    const method::Rules method{Form::R, false, rule, rule::Ignore{}, rule::Gradient{}};
    CHECK(allocations_in([&] { sink = net.explain(trace, 1, method).relevance.sum(); }) == 0);
  };
  check(rule::ZPlus{});
  check(rule::AlphaBeta{});
  check(rule::Gamma{});
  check(rule::ZBox{{-2}, {2}});
  check(rule::WSquare{});
  check(rule::Flat{});
}

TEST_CASE("Starts other than a target ask for none either", "[networks][allocation]") {
  const auto net = fixed_network(fn::Relu());
  const Eigen::Matrix<float, 16, 1> x = Eigen::Matrix<float, 16, 1>::Random();
  const Eigen::Vector3f weights(1, -1, 0);
  const std::array<Index, 1> targets{2};
  CHECK(allocations_in([&] {
          const auto trace = net.forward(x);
          sink = net.explain(trace, start::OutputWeights(weights), method::LrpQ()).relevance.sum();
          sink = net.explain(trace, start::OutputRelevance(weights), method::Lrp()).relevance.sum();
          sink = net.explain(trace, start::Targets{targets}, method::Lrp()).relevance.sum();
        }) == 0);
}

// What the dynamic case promises: the second call of a shape reuses the memory of the first.
TEST_CASE("A network of dynamic size asks for none in the second call", "[networks][allocation]") {
  const Sequential net(MatMul(map::Dense<float>(Eigen::MatrixXf::Random(8, 16)), Eigen::VectorXf::Random(8)),
                       Elementwise(fn::Tanh()), Max(window::Groups<>(8, 2)),
                       MatMul(map::Dense<float>(Eigen::MatrixXf::Random(3, 4))));
  const Eigen::VectorXf x = Eigen::VectorXf::Random(16), zero = Eigen::VectorXf::Zero(16);
  auto trace = net.forward(x);
  const auto baseline = net.forward(zero);
  Workspace<float> workspace;
  decltype(net)::ExplanationOf<decltype(trace)> explanation;
  const auto run = [&] {
    net.forward(x, trace);
    net.explain(trace, 1, method::Lrp(), explanation, workspace);
    net.explain(trace, 1, method::LrpQ(), explanation, workspace);
    net.explain(trace, 1, method::LrpRadial(), explanation, workspace);
    net.explain(trace, 1, method::GuidedBackpropagation(), explanation, workspace);
    net.explain(trace, 1, method::DeepLift(), explanation, workspace, &baseline);
  };
  CHECK(allocations_in(run) > 0);
  CHECK(allocations_in(run) == 0);
}

/// The second forward pass and explanation under the plan of each method, which has to ask for nothing.
void check_graph(const Graph<float>& net) {
  const Eigen::VectorXf image = Eigen::VectorXf::Random(net.input_size()),
                        zero = Eigen::VectorXf::Zero(net.input_size());
  const auto check = [&](const Composite<float>& method) {
    const auto plan = net.plan(method);
    Graph<float>::Trace trace, baseline;
    GraphExplanation<float> explanation;
    Workspace<float> workspace;
    const auto run = [&] {
      net.forward(image, trace, workspace, plan);
      if (method.form == Form::Delta) net.forward(zero, baseline, workspace, plan);
      net.explain(trace, 1, plan, explanation, workspace, method.form == Form::Delta ? &baseline : nullptr);
      sink = explanation.relevance.sum();
    };
    CHECK(allocations_in(run) > 0);
    CHECK(allocations_in(run) == 0);
  };
  check(method::Gradient());
  check(method::GuidedBackpropagation());
  check(method::Lrp());
  check(method::LrpQ());
  check(method::LrpRadial());
  check(method::DeepLift());
  check(composite::epsilon_plus<float>());

  const Eigen::MatrixXf by = Eigen::MatrixXf::Random(net.input_size(), 1);
  for (const Composite<float>& method :
       {Composite<float>(method::LrpQ()), Composite<float>(method::LrpRadial()),
        Composite<float>(method::DeepLift()), composite::epsilon_plus<float>()}) {
    Derivative<float> derivative(net, method);
    const auto trace = net.forward(image), baseline = net.forward(zero);
    const auto run = [&] {
      derivative.explain(trace, 1, method.form == Form::Delta ? &baseline : nullptr);
      derivative.differentiate({.relevance = view(by)});
      sink = derivative.input().sum();
    };
    CHECK(allocations_in(run) > 0);
    CHECK(allocations_in(run) == 0);
  }
}

TEST_CASE("A graph under a plan asks for none in the second call", "[networks][allocation]") {
  const auto dense = [](Index outputs, Index inputs) {
    return MatMul(map::Dense<float>(Eigen::MatrixXf::Random(outputs, inputs)),
                  Eigen::VectorXf::Random(outputs));
  };
  std::srand(5);
  Graph<float> net;
  const Index x = net.input("x", 16);
  const Index stem = net.add("stem/relu", Elementwise(fn::Relu()), {net.add("stem", dense(8, 16), {x})});
  const Index branch =
      net.add("branch/relu", Elementwise(fn::Relu()), {net.add("branch", dense(8, 8), {stem})});
  const Index sum = net.add("sum", MatMul(map::Sum<float>(2, 8)), {branch, stem});
  const Index relu = net.add("sum/relu", Elementwise(fn::Relu()), {sum});
  std::vector<Index> in_order(24);
  std::iota(in_order.begin(), in_order.end(), Index(0));
  const Index both = net.add("both", MatMul(map::Selection<float>(24, in_order)), {relu, x});
  const Index most = net.add("most", Max(window::Groups<>(24, 2)), {both});
  net.output(net.add("top", dense(3, 12), {most}));
  check_graph(net);

  // Without a plan, every value is kept in the same memory.
  Graph<float>::Trace trace;
  Workspace<float> workspace;
  const Eigen::VectorXf image = Eigen::VectorXf::Random(16);
  const auto run = [&] { net.forward(image, trace, workspace); };
  run();
  CHECK(allocations_in(run) == 0);
}

TEST_CASE("A graph of convolutions under a plan asks for none in the second call", "[networks][allocation]") {
  std::srand(6);
  const auto convolution = [](Index channels, Index filters) {
    const Spatial geometry{.input = {6, 6}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}};
    return MatMul(map::Convolution<float>(geometry, channels, filters,
                                          Eigen::VectorXf(Eigen::VectorXf::Random(filters * channels * 9))),
                  Eigen::VectorXf::Random(filters));
  };
  Graph<float> net;
  const Index x = net.input("x", 108);
  const Index stem = net.add("stem/relu", Elementwise(fn::Relu()), {net.add("stem", convolution(3, 8), {x})});
  const Index branch =
      net.add("branch/relu", Elementwise(fn::Relu()), {net.add("branch", convolution(8, 8), {stem})});
  const Index sum = net.add("sum", MatMul(map::Sum<float>(2, 288)), {branch, stem});
  const Index relu = net.add("sum/relu", Elementwise(fn::Relu()), {sum});
  const Spatial halves{.input = {6, 6}, .kernel = {2, 2}, .stride = {2, 2}};
  const Index pool = net.add("pool", Max(window::Pool(halves, 8)), {relu});
  net.output(net.add("top", MatMul(map::Dense<float>(Eigen::MatrixXf::Random(3, 72))), {pool}));
  check_graph(net);
}

}  // namespace

#endif
