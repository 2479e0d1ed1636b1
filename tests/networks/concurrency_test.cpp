#include <ascribe/networks/sequential.hpp>

#include "tests/support/catch.hpp"

#include <array>
#include <thread>
#include <vector>

#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/deconvolution.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/graph.hpp>
#include <ascribe/windows/pool.hpp>

namespace {

using namespace ascribe;

/// Relevances and books of several methods, one after the other in a long column, to be compared bit by bit.
template <class Net, class Trace>
Eigen::MatrixXd explain_all_ways(const Net& net, const Trace& trace, const Trace& baseline, Index first) {
  using Explanation = typename Net::template ExplanationOf<Trace>;
  Explanation explanation;
  Workspace<double> workspace;
  const Index inputs = trace.input().rows(), samples = trace.input().cols();
  constexpr Index methods = 6;
  Eigen::MatrixXd all(methods * (inputs + 4), samples);
  const auto note = [&](Index slot) {
    auto block = all.middleRows(slot * (inputs + 4), inputs + 4);
    block.topRows(inputs) = explanation.relevance;
    block.row(inputs) = explanation.ledger.leave.matrix();
    block.row(inputs + 1) = explanation.ledger.bias.matrix();
    block.row(inputs + 2) = explanation.ledger.stabiliser.matrix();
    block.row(inputs + 3) = explanation.ledger.dropped.matrix();
  };
  // Each thread in another order, so that different methods run at the same time.
  for (Index k = 0; k < methods; ++k) {
    const Index slot = (first + k) % methods;
    switch (slot) {
      case 0:
        net.explain(trace, 0, method::Gradient(), explanation, workspace);
        break;
      case 1:
        net.explain(trace, 1, method::Lrp(0.25), explanation, workspace);
        break;
      case 2:
        net.explain(trace, 2, method::LrpQ(), explanation, workspace);
        break;
      case 3:
        net.explain(trace, 0, method::LrpRadial(), explanation, workspace);
        break;
      case 4:
        net.explain(trace, 1, method::GuidedBackpropagation(), explanation, workspace);
        break;
      default:
        net.explain(trace, 2, method::DeepLift(), explanation, workspace, &baseline);
        break;
    }
    note(slot);
  }
  return all;
}

/// Several threads, each with all methods, against one thread.
template <class Net>
void check_threads(const Net& net) {
  const auto trace = net.forward(Eigen::MatrixXd::Random(128, 3));
  const auto baseline = net.forward(Eigen::MatrixXd::Random(128, 3));
  const Eigen::MatrixXd serial = explain_all_ways(net, trace, baseline, 0);

  constexpr std::size_t threads = 4;
  std::array<bool, threads> equal{};
  std::vector<std::thread> running;
  for (std::size_t t = 0; t < threads; ++t)
    running.emplace_back([&, t] {
      bool same = true;
      for (int round = 0; round < 5; ++round) {
        same = same && explain_all_ways(net, trace, baseline, Index(t)) == serial;
        // A forward pass beside them, into memory of the thread's own.
        same = same && net.forward(trace.input()).output() == trace.output();
      }
      equal[t] = same;
    });
  for (std::thread& thread : running) thread.join();
  for (std::size_t t = 0; t < threads; ++t) {
    INFO("thread " << t);
    CHECK(equal[t]);
  }
}

TEST_CASE("One network, one trace and one baseline serve several threads", "[networks][concurrency]") {
  std::srand(17);
  const Spatial geometry{.input = {8, 8}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}};
  const Eigen::VectorXd filters = Eigen::VectorXd::Random(4 * 2 * 9);
  const Sequential net(
      MatMul(map::Convolution<double>(geometry, 2, 4, filters), Eigen::VectorXd::Random(4)),
      Elementwise(fn::Relu()), Max(window::Pool({.input = {8, 8}, .kernel = {2, 2}, .stride = {2, 2}}, 4)),
      MatMul(map::Dense<double>(Eigen::MatrixXd::Random(12, 64)), Eigen::VectorXd::Random(12)),
      Elementwise(fn::Tanh()),
      MatMul(map::Dense<double>(Eigen::MatrixXd::Random(3, 12)), Eigen::VectorXd::Random(3)));
  check_threads(net);
  check_threads(Graph<double>(net));
}

}  // namespace
