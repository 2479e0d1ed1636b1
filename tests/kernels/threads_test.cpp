/// Built with OpenMP, where CMake finds it: what a product hands to its finish does not hang on the number of threads.
#include <algorithm>
#include <atomic>
#include <vector>

#include <ascribe/core/parallel.hpp>
#include <ascribe/kernels/depthwise.hpp>

#include "tests/kernels/support.hpp"

namespace {

using namespace ascribe;

TEMPLATE_TEST_CASE("A depthwise convolution finishes long runs of neighbours, each output once",
                   "[kernels][threads]", float, double) {
  const Spatial g{.input = {9, 10}, .kernel = {3, 3}, .stride = {2, 2}, .pads = {1, 1, 1, 1}};
  const Index channels = 150, inputs = g.input_pixels() * channels, outputs = g.output_pixels() * channels;
  const auto w = kernel_test::numbers<TestType>(channels * 9, 1);
  const kernel::Depthwise<TestType> product(
      g, channels, [&](Index tap, Index channel) { return w[std::size_t(channel * 9 + tap)]; });
  const auto a = kernel_test::numbers<TestType>(2 * inputs, 2),
             s = kernel_test::numbers<TestType>(2 * outputs, 3);
  std::vector<std::vector<TestType>> results;
  for (const int threads : {1, 2, 3}) {
    set_thread_count(threads);
    std::vector<TestType> b(s.size()), back(a.size());
    std::vector<std::atomic<int>> seen(back.size());
    std::atomic<Index> shortest{inputs};
    std::atomic<int> misplaced{0};  // Catch's own checks are for one thread
    const auto count_in = [&](Index first, Index count, TestType* values) {
      const bool of_one_sample = first / inputs == (first + count - 1) / inputs;
      if (values != back.data() + first || !of_one_sample) ++misplaced;
      for (Index i = 0; i < count; ++i) ++seen[std::size_t(first + i)];
      shortest = std::min(shortest.load(), count);
    };
    const bool alone = thread_count() == 1;
    product.forward(a.data(), b.data(), 2, Weights::as_is, {});
    product.backward(s.data(), back.data(), 2, Weights::as_is, finish_with<TestType>(count_in));
    CHECK(misplaced == 0);
    CHECK(std::all_of(seen.begin(), seen.end(), [](const auto& times) { return times == 1; }));
    if (alone) CHECK(shortest >= 3 * 10 * channels);  // some rows of the image
    results.push_back(b);
    results.push_back(back);
  }
  set_thread_count(1);
  for (std::size_t i = 2; i < results.size(); ++i) CHECK(results[i] == results[i % 2]);
}

}  // namespace
