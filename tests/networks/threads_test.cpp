/// Built as a program of its own with OpenMP, where CMake finds it: results do not depend on the number of
/// threads, to the last bit.
#include <ascribe/networks/graph.hpp>

#include <algorithm>
#include <atomic>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#ifdef _OPENMP
#include <omp.h>
#endif

#include <ascribe/compiled.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/maps/channel_scale.hpp>
#include <ascribe/maps/average_pool.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/maps/sum.hpp>
#include <ascribe/methods/by_name.hpp>
#include <ascribe/methods/composite.hpp>
#include <ascribe/methods/composites.hpp>
#include <ascribe/networks/derivative.hpp>
#include <ascribe/networks/sequential.hpp>
#include <ascribe/windows/pool.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/sanitizer.hpp"

namespace {

using namespace ascribe;

void use_threads(int count) {
#ifdef _OPENMP
  omp_set_num_threads(count);
#else
  (void)count;
#endif
}

Eigen::VectorXf random(Index count) { return Eigen::VectorXf::Random(count); }

/// 24 × 24 pixels, several pieces a value: a pool with windows that overlap and one whose windows do not.
constexpr Index side = 24, inputs = side * side * 3;
map::Convolution<float> convolution(Index size, Index from, Index to) {
  return {{.input = {size, size}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}},
          from,
          to,
          Eigen::VectorXf(random(from * to * 9) / 8)};
}
window::Pool pool(Index size, Index channels, Index kernel) {
  return {{.input = {size, size}, .kernel = {kernel, kernel}, .stride = {2, 2}}, channels};
}

auto chain() {
  std::srand(5);
  return Sequential(MatMul(convolution(24, 3, 40), random(40)), Elementwise(fn::Relu()), Max(pool(24, 40, 3)),
                    MatMul(convolution(11, 40, 72), random(72)), Elementwise(fn::Sigmoid()),
                    MatMul(map::Dense<float>(Eigen::MatrixXf::Random(10, 11 * 11 * 72) / 50), random(10)));
}

Graph<float> graph() {
  std::srand(6);
  Graph<float> net;
  const Index x = net.input("x", inputs);
  const Index c1 = net.add("c1", MatMul(convolution(24, 3, 24), random(24)), {x});
  const Index r1 = net.add("r1", Elementwise(fn::Relu()), {c1});
  const Index c2 = net.add("c2", MatMul(convolution(24, 24, 24), random(24)), {r1});
  const Index norm =
      net.add("norm", MatMul(map::ChannelScale<float>(24 * 24 * 24, random(24)), random(24)), {c2});
  const Index sum = net.add("sum", MatMul(map::Sum<float>(2, 24 * 24 * 24)), {r1, norm});
  const Index r2 = net.add("r2", Elementwise(fn::Relu()), {sum});
  const Index p = net.add("pool", Max(pool(24, 24, 2)), {r2});
  const Index t = net.add("t", Elementwise(fn::Tanh()), {p});
  const map::AveragePool<float> average({.input = {12, 12}, .kernel = {3, 3}, .stride = {2, 2}}, 24, false);
  const Index m = net.add("mean", MatMul(average), {t});
  net.output(
      net.add("d", MatMul(map::Dense<float>(Eigen::MatrixXf::Random(10, 5 * 5 * 24)), random(10)), {m}));
  return net;
}

/// Everything that an explanation says, in one list.
struct Numbers {
  std::vector<float> all;

  template <class D>
  void note(const Eigen::DenseBase<D>& values) {
    for (Index n = 0; n < values.cols(); ++n)
      for (Index i = 0; i < values.rows(); ++i) all.push_back(values(i, n));
  }
  template <int Samples>
  void note(const Ledger<float, Samples>& books) {
    for (const auto* row : {&books.enter, &books.leave, &books.bias, &books.stabiliser, &books.dropped})
      note(*row);
  }
  template <class Record>
  void note_record(const Record& record) {
    note(record.books);
    note(record.relevance);
    note(record.bias_shares);
  }
};

/// By name: the numbers of every method and composite.
using Results = std::vector<std::pair<std::string, Numbers>>;

template <class Explanation>
Numbers numbers_of(const Explanation& e) {
  Numbers numbers;
  numbers.note(e.relevance);
  numbers.note(e.ledger);
  e.each_record([&](const auto& record) { numbers.note_record(record); });
  return numbers;
}

/// The graphs' methods go by plans, a Sequential's by types.
template <class Net, class Trace>
void explain_by_methods(const Net& net, const Trace& trace, const Trace& baseline, Results& results) {
  for (const char* name : {"gradient", "gradient_times_input", "deconvnet", "guided_backprop", "lrp", "lrp_q",
                           "lrp_radial", "deep_lift"})
    method::with_method(name, {}, [&](const auto& method) {
      if (method.form == Form::Delta)
        results.emplace_back(name, numbers_of(net.explain(trace, 3, method, baseline, Record::per_layer)));
      else
        results.emplace_back(name, numbers_of(net.explain(trace, 3, method, Record::per_layer)));
    });
}

void explain_by_composites(const Graph<float>& net, const Graph<float>::Trace& trace, Results& results) {
  for (const char* name : {"epsilon_plus", "epsilon_plus_flat", "epsilon_alpha2_beta1",
                           "epsilon_alpha2_beta1_flat", "epsilon_gamma_box", "excitation_backprop"})
    results.emplace_back(
        name, numbers_of(net.explain(trace, 3, composite::by_name<float>(name, {.low = {-1}, .high = {1}}),
                                     Record::per_layer)));
}

template <class Explain>
void check_threads(Explain explain) {
  use_threads(1);
  const Results expected = explain();
  for (const int threads : {2, 3}) {
    use_threads(threads);
    const Results found = explain();
    REQUIRE(found.size() == expected.size());
    for (std::size_t k = 0; k < found.size(); ++k) {
      INFO(found[k].first << " with " << threads << " threads");
      CHECK(found[k].second.all.size() > 1000);
      const bool same = found[k].second.all == expected[k].second.all;  // far too many to be printed
      CHECK(same);
    }
  }
  use_threads(1);
}

TEST_CASE("A chain's explanations are the same for any number of threads", "[networks][threads]") {
  const auto net = chain();
  for (const Index samples : {1, 5}) {
    const Eigen::MatrixXf x = Eigen::MatrixXf::Random(inputs, samples),
                          grey = Eigen::MatrixXf::Random(inputs, samples);
    check_threads([&] {
      Results results;
      const auto trace = net.forward(x), baseline = net.forward(grey);
      results.emplace_back("forward", Numbers());
      results.back().second.note(trace.output());
      results.back().second.note(trace.template value<1>());
      explain_by_methods(net, trace, baseline, results);
      return results;
    });
  }
}

TEST_CASE("A graph's explanations are the same for any number of threads", "[networks][threads]") {
  const Graph<float> net = graph();
  for (const Index samples : {1, 5}) {
    const Eigen::MatrixXf x = Eigen::MatrixXf::Random(inputs, samples),
                          grey = Eigen::MatrixXf::Random(inputs, 1);
    check_threads([&] {
      Results results;
      const auto trace = net.forward(x), baseline = net.forward(grey);
      explain_by_methods(net, trace, baseline, results);
      explain_by_composites(net, trace, results);
      return results;
    });
  }
}

/// More than one, and up to more than a loop has shares. Of so many clang's OpenMP leaves memory behind,
/// which the leak sanitizer reports.
std::vector<int> thread_counts() {
  std::vector<int> counts{2, 3};
  if (!test::under_sanitizer) counts.insert(counts.end(), {8, 64, 65, 70});
  return counts;
}

TEST_CASE("Products of convolutions are the same however they are shared out among threads",
          "[threads][maps]") {
  // 64 to 64 channels by 1 x 1: by panels up to 32 positions a thread, 48 of them and more by positions too;
  // 200 to 70 channels: two panels, of which one is small.
  std::srand(7);
  const auto check = [](Index size, Index channels, Index filters) {
    INFO(size << " x " << size << ", " << channels << " to " << filters);
    const map::Convolution<float> map({.input = {size, size}}, channels, filters, random(channels * filters));
    const Eigen::MatrixXf a = Eigen::MatrixXf::Random(map.input_size(), 1),
                          s = Eigen::MatrixXf::Random(map.output_size(), 1);
    const auto products = [&](int threads) {
      use_threads(threads);
      Eigen::MatrixXf b(map.output_size(), 1), g(map.input_size(), 1);
      apply(map, a, b);
      apply_transposed(map, s, g);
      use_threads(1);
      return std::pair(b, g);
    };
    const auto expected = products(1);
    for (const int threads : thread_counts()) {
      INFO(threads << " threads");
      CHECK(products(threads) == expected);
    }
  };
  for (const Index size : {4, 5, 6, 7, 8, 9, 20}) {
    check(size, 64, 64);
    check(size, 200, 70);
  }
}

TEST_CASE("A loop's numbers are had once each, whatever the threads", "[threads][core]") {
  for (const int count : thread_counts()) {
    INFO(count << " threads");
    use_threads(count);
    for (const Index numbers : {0, 1, 2, 3, 7, 63, 64, 65, 1000}) {
      std::vector<std::atomic<int>> calls(static_cast<std::size_t>(numbers));
      parallel_for(numbers, [&](Index i) { ++calls[std::size_t(i)]; });
      CHECK(std::all_of(calls.begin(), calls.end(), [](const auto& n) { return n == 1; }));
    }
  }
  use_threads(1);
}

TEST_CASE("A derivative is the same for any number of threads", "[networks][threads]") {
  const Graph<float> net = graph();
  const Eigen::MatrixXf x = Eigen::MatrixXf::Random(inputs, 3), grey = Eigen::MatrixXf::Random(inputs, 1),
                        by = Eigen::MatrixXf::Random(inputs, 3);
  check_threads([&] {
    Results results;
    const auto trace = net.forward(x), baseline = net.forward(grey);
    const auto note = [&](const char* name, const Composite<float>& method) {
      Derivative<float> derivative(net, method);
      derivative.explain(trace, 3, method.form == Form::Delta ? &baseline : nullptr);
      derivative.differentiate({.relevance = view(by)});
      results.emplace_back(name, Numbers());
      Numbers& numbers = results.back().second;
      numbers.note(derivative.input());
      numbers.note(derivative.start());
      for (Index i = 0; i < Index(net.nodes().size()); ++i) {
        numbers.note(derivative.value(i));
        for (const auto found : {derivative.weights(i), derivative.bias(i)})
          numbers.all.insert(numbers.all.end(), found.begin(), found.end());
      }
    };
    note("lrp_q", method::LrpQ());
    note("epsilon_plus", composite::by_name<float>("epsilon_plus", {}));
    note("deep_lift", method::DeepLift());
    return results;
  });
}

#ifdef _OPENMP
TEST_CASE("The threads are there, and a loop within a loop is the caller's", "[networks][threads]") {
  use_threads(2);
  CHECK(thread_count() == 2);
  std::vector<int> team(4, 0), inner(4, 0);
  parallel_for(4, [&](Index i) {
    team[std::size_t(i)] = omp_get_num_threads();
    parallel_for(4, [&](Index) { inner[std::size_t(i)] += thread_count(); });
  });
  CHECK(team == std::vector<int>(4, 2));
  CHECK(inner == std::vector<int>(4, 4));
  use_threads(1);
}
#endif

}  // namespace
