#include <ascribe/kernels/depthwise.hpp>

#include "tests/kernels/support.hpp"

#include <algorithm>
#include <vector>

namespace {

using namespace ascribe;
using kernel_test::Shape;

template <class S>
void check(const Spatial& g, Index channels) {
  INFO(channels << " channels, kernel " << shown(g.kernel));
  const Shape shape{g, channels, channels, channels};
  const Index taps = g.kernel_taps(), samples = 2;
  const auto w = kernel_test::numbers<S>(channels * taps, 1);
  const kernel::Depthwise<S> product(
      g, channels, [&](Index tap, Index channel) { return w[std::size_t(channel * taps + tap)]; });
  const Index inputs = g.input_pixels() * channels, outputs = g.output_pixels() * channels;
  const auto a = kernel_test::numbers<S>(samples * inputs, 2),
             s = kernel_test::numbers<S>(samples * outputs, 3);
  std::vector<S> b(s.size(), S(99)), back(a.size(), S(99));
  std::vector<double> expected_b(b.size(), 0), expected_back(back.size(), 0);
  kernel_test::each_term(shape, [&](Index output, Index input, Index weight) {
    const double factor = 2 * std::max(0., double(w[std::size_t(weight)]));
    for (Index n = 0; n < samples; ++n) {
      const auto o = std::size_t(n * outputs + output), i = std::size_t(n * inputs + input);
      expected_b[o] += factor * double(a[i]);
      expected_back[i] += factor * double(s[o]);
    }
  });
  const auto twice = [](Index, Index count, S* values) {
    for (Index i = 0; i < count; ++i) values[i] *= S(2);
  };
  const auto finish = finish_with<S>(twice);
  product.forward(a.data(), b.data(), samples, Weights::positive, finish);
  kernel_test::check_equal(b, expected_b);
  std::vector<Index> at;  // some outputs of the second image
  for (Index j = outputs % 5; j < outputs; j += 1 + j % 7) at.push_back(j);
  std::vector<S> some(at.size(), S(99));
  std::vector<double> expected_some;
  for (const Index j : at) expected_some.push_back(expected_b[std::size_t(outputs + j)] / 2);
  product.forward_at(a.data() + inputs, at, some.data(), Weights::positive);
  kernel_test::check_equal(some, expected_some);
  product.backward(s.data(), back.data(), samples, Weights::positive, finish);
  kernel_test::check_equal(back, expected_back);
}

TEMPLATE_TEST_CASE("A depthwise convolution's two products, by their definition", "[kernels][depthwise]",
                   float, double) {
  for (const Index channels : {1, 3, 8, 15, 16, 33, 64, 70, 130})
    check<TestType>({.input = {7, 6}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, channels);
  check<TestType>({.input = {9, 11}, .kernel = {5, 5}, .stride = {2, 2}, .pads = {2, 1, 2, 1}}, 40);
  check<TestType>({.input = {9, 8}, .kernel = {3, 2}, .pads = {2, 1, 0, 1}, .dilation = {2, 3}}, 20);
  check<TestType>({.input = {9, 8}, .kernel = {1, 1}, .stride = {2, 3}}, 20);
  check<TestType>({.input = {20, 20}, .kernel = {16, 16}}, 20);  // as many taps as there may be
  check<TestType>({.input = {70, 60}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, 24);  // several bands
  for (const Index channels : {127, 128, 129, 300})                                  // several slices
    check<TestType>({.input = {5, 6}, .kernel = {5, 5}, .pads = {2, 2, 2, 2}}, channels);
  for (const Index stride : {1, 2, 3})  // rows in several parts, whose borders lie anywhere in the stride
    for (const Index width : {255, 256, 257, 520, 771})
      check<TestType>({.input = {2, width}, .kernel = {2, 3}, .stride = {1, stride}, .pads = {0, 1, 1, 1}},
                      3);
  check<TestType>({.input = {3, 600}, .kernel = {1, 1}, .stride = {2, 2}}, 5);  // gaps in parts of rows
  for (Index width = 1; width < 12; ++width)  // fewer inner pixels than are computed together, or none
    for (const Index stride : {1, 2})
      check<TestType>(
          {.input = {4, width}, .kernel = {3, 5}, .stride = {stride, stride}, .pads = {1, 2, 1, 2}}, 18);
  for (const Spatial& volume : kernel_test::volumes())
    for (const Index channels : {3, 16, 70}) check<TestType>(volume, channels);
  check<TestType>({.input = {8, 7, 6}, .kernel = {4, 8, 8}, .pads = {0, 4, 0, 4, 2, 3}}, 20);  // as many taps
  check<TestType>({.input = {20, 21, 11}, .kernel = {3, 3, 3}, .pads = {1, 1, 1, 1, 1, 1}},
                  24);  // several bands
}

}  // namespace
