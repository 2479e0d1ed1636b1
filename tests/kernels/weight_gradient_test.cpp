#include <ascribe/kernels/weight_gradient.hpp>

#include <ascribe/kernels/dense_product.hpp>
#include <ascribe/kernels/depthwise.hpp>
#include <ascribe/kernels/image_product.hpp>

#include "tests/kernels/support.hpp"

namespace {

using namespace ascribe;
using kernel_test::Shape;

/// The derivative by the definition, of w⁺ and of w, added to what is there; and the weights as they are
/// stored.
template <class S, class Kernel>
void check_kernel(const Shape& shape, const std::vector<S>& w, const Kernel& kernel, Index samples) {
  const Spatial& g = shape.geometry;
  INFO(shown(g.input) << " x " << shape.channels << " to " << shape.filters << ", kernel " << shown(g.kernel)
                      << ", stride " << shown(g.stride) << ", groups " << shape.groups << ", " << samples
                      << " samples");
  const Index inputs = g.input_pixels() * shape.channels, outputs = g.output_pixels() * shape.filters;
  const auto a = kernel_test::numbers<S>(samples * inputs, 2),
             s = kernel_test::numbers<S>(samples * outputs, 3);
  std::vector<double> sums(w.size(), 0);
  kernel_test::each_term(shape, [&](Index output, Index input, Index weight) {
    for (Index n = 0; n < samples; ++n)
      sums[std::size_t(weight)] +=
          double(s[std::size_t(n * outputs + output)]) * double(a[std::size_t(n * inputs + input)]);
  });
  for (const Weights how : {Weights::as_is, Weights::positive}) {
    std::vector<S> gradient(w.size(), S(3));
    std::vector<double> expected;
    for (std::size_t k = 0; k < w.size(); ++k)
      expected.push_back(3 + (how == Weights::as_is || w[k] > S(0) ? sums[k] : 0));
    kernel.accumulate(s.data(), a.data(), gradient.data(), samples, how);
    kernel_test::check_equal(gradient, expected);
  }
  std::vector<S> copy(w.size());
  kernel.copy_weights(copy.data());
  CHECK(copy == w);
}

template <class S>
void check(const Spatial& g, Index channels, Index filters, Index groups = 1, Index samples = 2) {
  const Index group_channels = channels / groups, taps = g.kernel_taps();
  const auto w = kernel_test::numbers<S>(filters * group_channels * taps, 1);
  check_kernel(
      {g, channels, filters, groups}, w,
      kernel::ImageProduct<S>(g, channels, filters, groups,
                              [&](Index filter, Index tap, Index channel) {
                                return w[std::size_t((filter * group_channels + channel) * taps + tap)];
                              }),
      samples);
}

template <class S>
void check_depthwise(const Spatial& g, Index channels) {
  const Index taps = g.kernel_taps();
  const auto w = kernel_test::numbers<S>(channels * taps, 1);
  check_kernel(
      {g, channels, channels, channels}, w,
      kernel::Depthwise<S>(g, channels,
                           [&](Index tap, Index channel) { return w[std::size_t(channel * taps + tap)]; }),
      2);
}

TEMPLATE_TEST_CASE("A convolution's derivative by its weights, by its definition",
                   "[kernels][weight_gradient]", float, double) {
  using S = TestType;
  // Channels and filters around registers, panels and parts.
  for (const Index channels : {1, 3, 7, 8, 9, 24, 33})
    for (const Index filters : {1, 5, 8, 9, 16, 17, 33})
      check<S>({.input = {4, 5}, .kernel = {3, 2}, .pads = {1, 0, 1, 1}}, channels, filters);
  // Several blocks of rows, and of a row.
  check<S>({.input = {40, 30}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, 9, 18);
  check<S>({.input = {3, 300}, .kernel = {2, 3}, .pads = {1, 2, 0, 1}}, 5, 6);
  check<S>({.input = {1, 700}, .kernel = {1, 5}, .stride = {1, 2}}, 8, 16);
  check<S>({.input = {257, 1}, .kernel = {2, 1}}, 8, 3);
  check<S>({.input = {20, 30}}, 70, 40);  // pixels by themselves, over samples
  check<S>({.input = {5, 5}, .stride = {2, 3}}, 20, 20);
  // Strides, dilations and padding beyond the image.
  check<S>({.input = {9, 11}, .kernel = {3, 4}, .stride = {2, 3}, .pads = {4, 5, 3, 2}, .dilation = {3, 2}},
           10, 4);
  check<S>({.input = {9, 25}, .kernel = {2, 3}, .stride = {3, 4}, .dilation = {2, 6}}, 3, 4);
  check<S>({.input = {2, 2}, .kernel = {1, 2}, .pads = {2, 3, 2, 3}}, 1, 2);
  check<S>({.input = {30, 40}, .kernel = {2, 2}, .dilation = {20, 30}}, 8, 4);
  check<S>({.input = {30, 60}, .kernel = {4, 4}, .stride = {2, 3}, .dilation = {3, 4}}, 8, 4);
  // Kernels in parts: of rows, and of one row.
  check<S>({.input = {32, 40}, .kernel = {30, 36}}, 2, 3);
  check<S>({.input = {1, 600}, .kernel = {1, 580}}, 1, 17);
  check<S>({.input = {1, 600}, .kernel = {1, 100}, .dilation = {1, 3}}, 9, 2);
  // Volumes: blocks of several planes and of parts of one, pixels by themselves, kernels in parts of planes.
  for (const Spatial& volume : kernel_test::volumes())
    for (const Index channels : {1, 9, 24}) check<S>(volume, channels, 18);
  check<S>({.input = {5, 6, 30}, .kernel = {3, 2, 3}, .pads = {1, 0, 1, 1, 1, 1}}, 9, 18);
  check<S>({.input = {14, 30, 5}, .kernel = {1, 1, 2}, .stride = {1, 1, 2}}, 10, 6);
  check<S>({.input = {5, 4, 6}}, 20, 20);
  check<S>({.input = {9, 10, 11}, .kernel = {8, 9, 10}}, 2, 3);
  check<S>({.input = {2, 40, 9}, .kernel = {2, 38, 8}}, 1, 17);
  check<S>({.input = {7, 6, 5}, .kernel = {3, 3, 3}, .pads = {1, 1, 1, 1, 1, 1}}, 12, 18, 3);
  // No samples.
  check<S>({.input = {3, 4}}, 4, 3, 1, 0);
  check<S>({.input = {3, 4}, .kernel = {2, 2}}, 4, 3, 1, 0);
  // Groups.
  check<S>({.input = {7, 6}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, 36, 54, 3);
  check<S>({.input = {20, 20}, .kernel = {17, 17}}, 3, 3, 3);
  check<S>({.input = {7, 6}}, 8, 4, 4, 5);
}

TEMPLATE_TEST_CASE("A depthwise convolution's derivative by its weights, by its definition",
                   "[kernels][weight_gradient]", float, double) {
  using S = TestType;
  for (const Index channels : {1, 3, 8, 15, 16, 33, 70})
    check_depthwise<S>({.input = {7, 6}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, channels);
  for (const Index kernel : {1, 2, 4, 5, 6, 7, 11})
    check_depthwise<S>({.input = {9, 12}, .kernel = {2, kernel}, .pads = {1, 4, 1, 3}}, 20);
  check_depthwise<S>({.input = {9, 11}, .kernel = {5, 5}, .stride = {2, 2}, .pads = {2, 1, 2, 1}}, 40);
  check_depthwise<S>({.input = {9, 8}, .kernel = {3, 2}, .pads = {2, 1, 0, 1}, .dilation = {2, 3}}, 20);
  check_depthwise<S>({.input = {2, 3}, .kernel = {3, 3}, .pads = {4, 5, 2, 6}}, 9);
  check_depthwise<S>({.input = {3, 2}, .kernel = {1, 5}, .pads = {0, 6, 0, 5}}, 9);  // wider than the image
  check_depthwise<S>({.input = {20, 20}, .kernel = {16, 16}}, 20);
  for (const Spatial& volume : kernel_test::volumes())
    for (const Index channels : {3, 33}) check_depthwise<S>(volume, channels);
  check_depthwise<S>({.input = {8, 9, 7}, .kernel = {4, 6, 5}, .pads = {0, 4, 1, 4, 2, 3}}, 20);
}

TEMPLATE_TEST_CASE("A matrix' derivative, by its definition", "[kernels][weight_gradient]", float, double) {
  using S = TestType;
  for (const bool along_inputs : {false, true})
    for (const auto& [outputs, inputs] : {std::pair<Index, Index>(1, 1), {40, 700}, {700, 40}, {130, 33}})
      for (const Index vectors : {1, 2, 12, 13, 300}) {
        INFO(outputs << " x " << inputs << ", " << vectors << " vectors, along inputs " << along_inputs);
        const Index line = (along_inputs ? inputs : outputs), stride = line + 3;  // a matrix with gaps
        const auto w = kernel_test::numbers<S>((along_inputs ? outputs : inputs) * stride, 1),
                   s = kernel_test::numbers<S>(outputs * vectors, 2),
                   a = kernel_test::numbers<S>(inputs * vectors, 3);
        const kernel::MatrixView<S> matrix{w.data(), outputs, inputs, stride, along_inputs};
        std::vector<S> gradient(std::size_t(outputs * inputs), S(3));
        std::vector<double> expected(gradient.size(), 3);
        for (Index o = 0; o < outputs; ++o)
          for (Index i = 0; i < inputs; ++i) {
            double& sum = expected[std::size_t(along_inputs ? o * line + i : i * line + o)];
            for (Index n = 0; n < vectors && *matrix.at(o, i) < S(0); ++n)
              sum += double(s[std::size_t(n * outputs + o)]) * double(a[std::size_t(n * inputs + i)]);
          }
        kernel::add_outer(matrix, s.data(), a.data(), gradient.data(), vectors, Weights::negative);
        kernel_test::check_equal(gradient, expected);
      }
}

}  // namespace
