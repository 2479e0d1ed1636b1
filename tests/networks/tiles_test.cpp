#include <ascribe/networks/sequential.hpp>

#include "tests/support/catch.hpp"

#include <algorithm>
#include <utility>

#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/deconvolution.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/windows/pool.hpp>

#include "tests/support/random_network.hpp"

// A batch whose values are large is walked back a few samples at a time. Whatever the tiles are, each sample
// has to get what it gets alone.
namespace {

using namespace ascribe;
using namespace ascribe::test;

constexpr Index samples = 23;

/// Values of 3200, 800, 1600 and 400 doubles a sample: at batch 23 cut in two at the second convolution's
/// output, and again at the first's.
auto network() {
  Random random(5);
  const Spatial first{.input = {20, 20}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}},
      halve{.input = {20, 20}, .kernel = {2, 2}, .stride = {2, 2}},
      second{.input = {10, 10}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}},
      overlap{.input = {10, 10}, .kernel = {3, 3}, .stride = {2, 2}, .pads = {0, 0, 1, 1}};
  const Eigen::VectorXd w1 = random.vector(8 * 9), w2 = random.vector(16 * 8 * 9), b1 = random.vector(8),
                        b2 = random.vector(16), b3 = random.vector(3);
  const Eigen::MatrixXd w3 = random.matrix(3, 400);
  return Sequential(MatMul(map::Convolution<double>(first, 1, 8, w1), b1), Elementwise(fn::Sigmoid()),
                    Max(window::Pool(halve, 8)), MatMul(map::Convolution<double>(second, 8, 16, w2), b2),
                    Elementwise(fn::Relu()), Max(window::Pool(overlap, 16)),
                    MatMul(map::Dense<double>(w3), b3));
}

using Net = decltype(network());
using Trace = decltype(std::declval<const Net&>().forward(std::declval<const Eigen::MatrixXd&>()));
using Full = Net::ExplanationOf<Trace, Record::per_layer>;
using Totals = Net::ExplanationOf<Trace>;

/// The books of sample n, as a column.
template <class B>
Eigen::VectorXd books_of(const B& books, Index n) {
  return Eigen::VectorXd{
      {books.enter(n), books.leave(n), books.bias(n), books.stabiliser(n), books.dropped(n)}};
}

template <class A, class B>
void check_near(const char* what, const A& found, const B& expected) {
  INFO(what);
  CHECK(relative_difference(found, expected) <= 1e-11);
}

/// Sample n of the batch's explanations against that sample's own.
void check_sample(const Full& batch, const Totals& totals, const Full& alone, Index n) {
  INFO("sample " << n);
  check_near("relevance", batch.relevance.col(n), alone.relevance.col(0));
  check_near("relevance without records", totals.relevance.col(n), alone.relevance.col(0));
  check_near("output", batch.output.col(n), alone.output.col(0));
  check_near("ledger", books_of(batch.ledger, n), books_of(alone.ledger, 0));
  check_near("ledger without records", books_of(totals.ledger, n), books_of(alone.ledger, 0));
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    const auto check_layer = [&](std::size_t i, const auto& found, const auto& expected) {
      INFO("layer " << i);
      check_near("books", books_of(found.books, n), books_of(expected.books, 0));
      check_near("relevance", found.relevance.col(n), expected.relevance.col(0));
      check_near("bias shares", found.bias_shares.col(n), expected.bias_shares.col(0));
    };
    (check_layer(I, batch.layer<I>(), alone.layer<I>()), ...);
  }
  (std::make_index_sequence<Net::depth>());
}

/// `references` has no column, one, or as many as the batch.
template <class Method>
void check_samples(const Method& method, const Eigen::MatrixXd& references = {}, Index chosen = -1) {
  const Net net = network();
  Random random(8);
  const Eigen::MatrixXd x = random.matrix(400, samples), start = random.matrix(3, samples);
  const Trace trace = net.forward(x);
  Workspace<double> workspace;
  Full batch, alone;
  Totals totals;
  const bool against = references.cols() > 0;
  const Trace reference = net.forward(against ? references : x);
  const Trace* given = against ? &reference : nullptr;
  net.explain(trace, start::OutputWeights(start), method, batch, workspace, given, chosen);
  net.explain(trace, start::OutputWeights(start), method, totals, workspace, given, chosen);
  for (Index n = 0; n < samples; ++n) {
    const Trace one = net.forward(Eigen::MatrixXd(x.col(n)));
    const Eigen::MatrixXd own_start = start.col(n);
    const Index own_column = chosen >= 0 ? chosen : against && references.cols() > 1 ? n : -1;
    net.explain(one, start::OutputWeights(own_start), method, alone, workspace, given, own_column);
    check_sample(batch, totals, alone, n);
  }
}

TEST_CASE("A batch larger than a tile equals its samples one by one", "[networks][sequential]") {
  SECTION("in R") {
    check_samples(method::Lrp(0.25));
    check_samples(method::LrpRadial{});
    check_samples(method::Rules(Form::R, false, rule::Gradient(), rule::Ignore{true}, rule::Gradient()));
  }
  SECTION("in Q") {
    check_samples(method::Gradient());
    check_samples(method::LrpQ());
    check_samples(method::GuidedBackpropagation());
    check_samples(method::Rules(Form::Q, true, rule::Normalized{0.5}, rule::Slope(), rule::Radial()));
  }
  SECTION("against one reference, as many as the batch, and a chosen one") {
    Random random(9);
    check_samples(method::DeepLift(), random.matrix(400, 1));
    check_samples(method::DeepLift(), random.matrix(400, samples));
    check_samples(method::DeepLift(), random.matrix(400, 4), 2);
    check_samples(method::DeepLiftWith<rule::Gradient>(), random.matrix(400, samples));
    check_samples(method::DeepLiftWith<rule::BaselineFold>(), random.matrix(400, samples));
  }
}

TEST_CASE("A batch of a fixed number of samples goes as a whole", "[networks][sequential]") {
  const Net net = network();
  const Eigen::Matrix<double, Dynamic, 23> x = Random(4).matrix(400, 23);
  const auto found = net.explain(net.forward(x), 1, method::Lrp());
  const auto expected = net.explain(net.forward(Eigen::MatrixXd(x)), 1, method::Lrp());
  check_near("relevance", found.relevance, expected.relevance);
  for (Index n = 0; n < 23; ++n)
    check_near("ledger", books_of(found.ledger, n), books_of(expected.ledger, n));
}

/// Counts the samples that it is given: tiles are there, and small enough.
struct CountSamples {
  Index* calls;
  Index* most;
};
template <class M, class C>
void propagate(const kind::MatMul<M>& layer, const CountSamples& rule, C& c, typename C::Up up,
               typename C::Down down) {
  ++*rule.calls;
  *rule.most = std::max(*rule.most, up.cols());
  step_back(layer, rule::Gradient(), c, up, down);
}

struct CountingLrpQ : method::LrpQ {
  CountSamples convolution, dense;

  using method::LrpQ::rule_for;
  const CountSamples& rule_for(const kind::MatMul<map::Convolution<double>>&) const { return convolution; }
  const CountSamples& rule_for(const kind::MatMul<map::Dense<double>>&) const { return dense; }
};

TEST_CASE("Convolutions are walked in tiles, and dense layers are not", "[networks][sequential]") {
  const Net net = network();
  Index convolution_calls = 0, convolution_most = 0, dense_calls = 0, dense_most = 0;
  const CountingLrpQ method{{}, {&convolution_calls, &convolution_most}, {&dense_calls, &dense_most}};
  const auto trace = net.forward(Random(3).matrix(400, 200));
  const auto e = net.explain(trace, 1, method);
  CHECK(relative_difference(e.relevance, net.explain(trace, 1, method::LrpQ()).relevance) == 0);
  CHECK(dense_calls == 1);
  CHECK(dense_most == 200);
  CHECK(convolution_calls > 20);
  CHECK(convolution_most == detail::samples_in_cache<double>(1600));
}

}  // namespace
