#include <ascribe/networks/sequential.hpp>

#include "tests/support/catch.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/layers/product.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/maps/selection.hpp>
#include <ascribe/maps/sum.hpp>
#include <ascribe/methods/composites.hpp>
#include <ascribe/methods/deconvolution.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/graph.hpp>
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
using Explained = Net::ExplanationOf<Trace>;

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
void check_sample(const Explained& batch, const Explained& totals, const Explained& alone, Index n) {
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

/// `baselines` has no column, one, or as many as the batch.
template <class Method>
void check_samples(const Method& method, const Eigen::MatrixXd& baselines = {}, Index chosen = -1) {
  const Net net = network();
  Random random(8);
  const Eigen::MatrixXd x = random.matrix(400, samples), start = random.matrix(3, samples);
  const Trace trace = net.forward(x);
  Workspace<double> workspace;
  Explained batch, alone, totals;
  batch.record = alone.record = Record::per_layer;
  const bool against = baselines.cols() > 0;
  const Trace baseline = net.forward(against ? baselines : x);
  const Trace* given = against ? &baseline : nullptr;
  net.explain(trace, start::OutputWeights(start), method, batch, workspace, given, chosen);
  net.explain(trace, start::OutputWeights(start), method, totals, workspace, given, chosen);
  for (Index n = 0; n < samples; ++n) {
    const Trace one = net.forward(Eigen::MatrixXd(x.col(n)));
    const Eigen::MatrixXd own_start = start.col(n);
    const Index own_column = chosen >= 0 ? chosen : against && baselines.cols() > 1 ? n : -1;
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
  SECTION("against one baseline, as many as the batch, and a chosen one") {
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

// ---- Graphs.

/// A graph of so many layers on images of 8 × 8 and smaller, whose branches, sums, products and concatenations
/// are drawn at random, with a dense layer behind it that also reads the input. Values have 64 to 6000
/// features, so that most of a batch of 37 goes in tiles of many sizes, and values reach from one group of
/// nodes into later ones.
Graph<double> random_images(unsigned seed, int layers) {
  Random random(seed);
  const auto below = [&](std::size_t count) {
    return std::min(count - 1, std::size_t((random.number() + 1) / 2 * double(count)));
  };
  struct Image {
    Index node, side, channels;
    Index size() const { return side * side * channels; }
  };
  Graph<double> net;
  std::vector<Image> images{{net.input("x", 128), 8, 2}};
  const auto add = [&](auto layer, const std::vector<Index>& inputs, Index side, Index channels) {
    const std::string name = "n" + std::to_string(images.size());
    images.push_back({net.add(name, std::move(layer), inputs), side, channels});
  };
  while (int(images.size()) <= layers) {
    const Image a = images[images.size() - 1 - std::min(below(4), images.size() - 1)];
    const Image b = images[below(images.size())];
    const bool alike = a.side == b.side && a.channels == b.channels;
    const auto kind = below(8);
    if (kind <= 2) {
      const Index channels = 1 + Index(below(a.side == 8 ? 40 : 90));
      const Spatial at{.input = {a.side, a.side}, .kernel = {1, 1}};
      add(MatMul(map::Convolution<double>(at, a.channels, channels,
                                          Eigen::VectorXd(random.vector(a.channels * channels))),
                 random.vector(channels)),
          {a.node}, a.side, channels);
    } else if (kind == 3) {
      add(Elementwise(fn::Relu()), {a.node}, a.side, a.channels);
    } else if (kind == 4) {
      add(Elementwise(fn::Sigmoid()), {a.node}, a.side, a.channels);
    } else if (kind == 5 && a.side > 2) {
      add(Max(window::Pool({.input = {a.side, a.side}, .kernel = {2, 2}, .stride = {2, 2}}, a.channels)),
          {a.node}, a.side / 2, a.channels);
    } else if (kind == 6 && alike && below(2) == 0) {
      add(MatMul(map::Sum<double>(2, a.size())), {a.node, b.node}, a.side, a.channels);
    } else if (kind == 6 && alike) {
      add(kind::Product(a.size()), {a.node, b.node}, a.side, a.channels);
    } else if (kind == 7 && a.side == b.side && a.channels + b.channels < 90) {
      std::vector<Index> sources;
      for (Index k = 0; k < a.size() + b.size(); ++k) sources.push_back(k);
      add(MatMul(map::Selection<double>(a.size() + b.size(), sources)), {a.node, b.node}, a.side,
          a.channels + b.channels);
    }
  }
  const Image last = images.back();
  const Index top = net.add("top", MatMul(map::Dense<double>(random.matrix(3, last.size() + 128)),
                                          random.vector(3)),
                            {last.node, 0});
  net.output(top);
  net.output(images[images.size() / 2].node);
  return net;
}

TEST_CASE("A graph's batch goes in tiles under a plan, and equals its samples one by one",
          "[networks][graph]") {
  constexpr Index batch = 37;
  const auto seed = GENERATE(range(1u, 8u));
  const Graph<double> net = random_images(seed, 6 + 2 * int(seed));
  Random random(seed + 100);
  const Eigen::MatrixXd x = random.matrix(128, batch), base = random.matrix(128, batch);
  Workspace<double> workspace;
  for (const std::string name : {"gradient", "lrp", "deep_lift", "epsilon_plus"}) {
    INFO("seed " << seed << ", " << name);
    const auto method = composite::by_name<double>(name, {.low = {-1}, .high = {1}});
    const bool against = method.form == Form::Delta;
    const auto plan = net.plan(method);
    const auto trace = net.forward(x, plan), base_trace = net.forward(base, plan);
    const auto whole = net.forward(x), whole_base = net.forward(base);
    for (Index i = 0; i < Index(net.nodes().size()); ++i)
      if (trace.has(i)) CHECK(relative_difference(trace.value(i), whole.value(i)) <= 1e-13);
    for (const Index output : {0, 1}) {
      GraphExplanation<double> found, booked, alone;
      booked.record = Record::books;
      const start::AtOutput<Index> target{output, 2};
      net.explain(trace, target, plan, found, workspace, against ? &base_trace : nullptr);
      net.explain(whole, target, plan, booked, workspace, against ? &whole_base : nullptr);
      check_near("relevance with the books of every node", booked.relevance, found.relevance);
      for (const Index n : {0, 5, 17, 36}) {
        const auto one = net.forward(x.col(n), plan), own_base = net.forward(base.col(n), plan);
        net.explain(one, target, plan, alone, workspace, against ? &own_base : nullptr);
        INFO("sample " << n << " of output " << output);
        check_near("relevance", found.relevance.col(n), alone.relevance.col(0));
        check_near("output", found.output.col(n), alone.output.col(0));
        check_near("ledger", books_of(found.ledger, n), books_of(alone.ledger, 0));
        check_near("ledger of all nodes", books_of(booked.ledger, n), books_of(alone.ledger, 0));
      }
      for (const auto& node : booked.nodes) CHECK(node.relevance.size() == 0);
    }
  }
}

// Two pools of 2560 features to 640, their sum, a convolution to 1280: the sum is in the convolution's group and
// its inputs in one of smaller tiles, so that what the sum carries cannot become what an input carries.
TEST_CASE("A sum hands down to groups of smaller tiles", "[networks][graph]") {
  Random random(21);
  const Spatial at{.input = {8, 8}, .kernel = {1, 1}}, halve{.input = {8, 8}, .kernel = {2, 2}, .stride = {2, 2}},
      small{.input = {4, 4}, .kernel = {1, 1}};
  const auto convolution = [&](const Spatial& image, Index in, Index outs) {
    return MatMul(map::Convolution<double>(image, in, outs, Eigen::VectorXd(random.vector(in * outs))),
                  random.vector(outs));
  };
  Graph<double> net;
  const Index x = net.input("x", 128);
  const auto branch = [&](const std::string& name) {
    return net.add(name, Max(window::Pool(halve, 40)), {net.add(name + "/c", convolution(at, 2, 40), {x})});
  };
  const Index sum = net.add("sum", MatMul(map::Sum<double>(2, 640)), {branch("a"), branch("b")});
  const Index wide = net.add("wide", convolution(small, 40, 80), {sum});
  net.output(net.add("top", MatMul(map::Dense<double>(random.matrix(3, 1280))), {wide}));
  const auto plan = net.plan(method::LrpQ());
  const Eigen::MatrixXd inputs = random.matrix(128, 37);
  const auto trace = net.forward(inputs, plan);
  Workspace<double> workspace;
  GraphExplanation<double> found;
  net.explain(trace, 1, plan, found, workspace);
  for (const Index n : {0, 9, 20, 36})
    check_near("relevance", found.relevance.col(n),
               net.explain(net.forward(inputs.col(n)), 1, method::LrpQ()).relevance.col(0));
}

TEST_CASE("A graph's nodes of large values go in small tiles, dense layers and what follows in none",
          "[networks][graph]") {
  Index convolution_calls = 0, convolution_most = 0, dense_calls = 0, dense_most = 0;
  const Graph<double> net(network());
  Composite<double> method(Form::Q, true);
  method.add(match::role(map::Role::convolution), CountSamples{&convolution_calls, &convolution_most})
      .add(match::role(map::Role::dense), CountSamples{&dense_calls, &dense_most})
      .add(match::any(), method::LrpQ());
  const auto plan = net.plan(method);
  const Eigen::MatrixXd x = Random(3).matrix(400, 200);
  const auto trace = net.forward(x, plan);
  Workspace<double> workspace;
  GraphExplanation<double> e;
  net.explain(trace, 1, plan, e, workspace);
  CHECK(relative_difference(e.relevance, net.explain(trace, 1, method::LrpQ()).relevance) <= 1e-13);
  CHECK(dense_calls == 1);
  CHECK(dense_most == 200);
  CHECK(convolution_calls > 20);
  CHECK(convolution_most <= detail::samples_in_cache<double>(1600));
  // Less of the batch is held between the steps.
  CHECK(net.memory(plan, 200).workspace < 100 * net.memory(plan, 1).workspace);
}

}  // namespace
