#include <ascribe/kernels/image_product.hpp>

#include "tests/kernels/support.hpp"

#include <algorithm>
#include <vector>

namespace {

using namespace ascribe;
using kernel_test::Shape;

/// Both products of three images, finished by a sign, against the definition.
template <class S>
void check(const Shape& shape) {
  const Spatial& g = shape.geometry;
  const Index taps = g.kernel_taps(), group_channels = shape.channels / shape.groups, samples = 3;
  INFO(shape.channels << " to " << shape.filters << " channels in " << shape.groups << " groups, kernel "
                      << shown(g.kernel));
  const auto w = kernel_test::numbers<S>(shape.filters * group_channels * taps, 1);
  const kernel::ImageProduct<S> product(
      g, shape.channels, shape.filters, shape.groups, [&](Index filter, Index tap, Index channel) {
        return w[std::size_t((filter * group_channels + channel) * taps + tap)];
      });
  const Index inputs = g.input_pixels() * shape.channels, outputs = g.output_pixels() * shape.filters;
  const auto a = kernel_test::numbers<S>(samples * inputs, 2),
             s = kernel_test::numbers<S>(samples * outputs, 3);
  std::vector<S> b(s.size(), S(99)), back(a.size(), S(99));
  std::vector<double> expected_b(b.size(), 0), expected_back(back.size(), 0), expected_positive(back.size(), 0),
      expected_plus(b.size(), 0), expected_plus_back(back.size(), 0);
  kernel_test::each_term(shape, [&](Index output, Index input, Index weight) {
    const double factor = double(w[std::size_t(weight)]);
    for (Index n = 0; n < samples; ++n) {
      const auto o = std::size_t(n * outputs + output), i = std::size_t(n * inputs + input);
      expected_b[o] -= factor * double(a[i]);
      expected_back[i] -= factor * double(s[o]);
      expected_positive[i] += std::max(factor, 0.) * double(s[o]);
      expected_plus[o] -= std::max(factor * double(a[i]), 0.);
      expected_plus_back[i] -= std::max(a[i] < 0 ? -factor : factor, 0.) * double(s[o]);
    }
  });
  const auto negate = [](Index, Index count, S* values) {
    for (Index i = 0; i < count; ++i) values[i] = -values[i];
  };
  const auto finish = finish_with<S>(negate);
  product.forward(a.data(), b.data(), samples, Weights::as_is, finish);
  kernel_test::check_equal(b, expected_b);
  std::vector<Index> at;  // some outputs of the second image
  for (Index j = outputs % 5; j < outputs; j += 1 + j % 7) at.push_back(j);
  std::vector<S> some(at.size(), S(99));
  std::vector<double> expected_some;
  for (const Index j : at) expected_some.push_back(-expected_b[std::size_t(outputs + j)]);
  product.forward_at(a.data() + inputs, at, some.data(), Weights::as_is);
  kernel_test::check_equal(some, expected_some);
  product.backward(s.data(), back.data(), samples, Weights::as_is, finish);
  kernel_test::check_equal(back, expected_back);
  // Positions are fewer for one image: the transposed weights are kept from some shapes on, and turned for others.
  std::vector<S> alone(std::size_t(inputs), S(99));
  for (Index n = 0; n < samples; ++n) {
    product.backward(s.data() + n * outputs, alone.data(), 1, Weights::as_is, finish);
    kernel_test::check_equal(alone, {expected_back.begin() + n * inputs, expected_back.begin() + (n + 1) * inputs});
  }
  product.backward(s.data(), back.data(), samples, Weights::positive, {});
  kernel_test::check_equal(back, expected_positive);
  product.backward(s.data(), alone.data(), 1, Weights::positive, {});
  kernel_test::check_equal(alone, {expected_positive.begin(), expected_positive.begin() + inputs});
  product.forward_plus(a.data(), b.data(), samples, finish);
  kernel_test::check_equal(b, expected_plus);
  product.backward_plus(s.data(), a.data(), back.data(), samples, finish);
  kernel_test::check_equal(back, expected_plus_back);
  product.backward_plus(s.data(), a.data(), alone.data(), 1, finish);
  kernel_test::check_equal(alone, {expected_plus_back.begin(), expected_plus_back.begin() + inputs});
}

const Shape shapes[] = {
    {{.input = {9, 10}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, 64, 70, 1},  // several panels and blocks
    {{.input = {5, 6}, .kernel = {3, 3}, .stride = {2, 2}, .pads = {1, 1, 1, 1}},
     700,
     20,
     1},                                                                // depth in parts
    {{.input = {30, 31}, .kernel = {1, 1}}, 17, 33, 1},                 // several tiles
    {{.input = {4, 5}, .kernel = {1, 1}}, 700, 660, 1},                 // depth in parts, both ways
    {{.input = {4, 6}, .kernel = {2, 1}}, 90, 141, 3},                  // groups, and none fills a panel
    // Channels and filters that fill no register, or one and a half, or begin a panel, where weights are turned.
    {{.input = {7, 7}, .kernel = {1, 1}}, 24, 40, 1},
    {{.input = {7, 7}, .kernel = {1, 1}}, 40, 24, 1},
    {{.input = {7, 8}, .kernel = {1, 1}}, 65, 129, 1},
    {{.input = {7, 8}, .kernel = {1, 1}}, 15, 63, 1},
    {{.input = {8, 8}, .kernel = {3, 1}, .pads = {1, 0, 1, 0}}, 72, 8, 1},
    {{.input = {7, 7}, .kernel = {1, 1}}, 653, 12, 1},  // and where a block ends within one
    {{.input = {7, 7}, .kernel = {1, 1}}, 12, 653, 1},
    {{.input = {9, 8}, .kernel = {1, 1}, .stride = {2, 3}}, 24, 9, 1},  // pixels that nobody looks at
    {{.input = {40, 37}, .kernel = {7, 7}, .stride = {2, 2}, .pads = {3, 3, 3, 3}},
     3,
     40,
     1},  // rows of the kernel
    {{.input = {12, 11}, .kernel = {5, 4}, .pads = {2, 3, 2, 0}}, 1, 6, 1},
    {{.input = {6, 90}, .kernel = {2, 30}, .pads = {0, 9, 0, 9}}, 5, 3, 1},  // windows larger than a tile
    {{.input = {20, 20}, .kernel = {16, 16}, .stride = {4, 4}}, 3, 20, 1},   // patches
    {{.input = {9, 9}, .kernel = {3, 3}, .pads = {2, 2, 2, 2}, .dilation = {1, 2}}, 2, 5, 1},
    {{.input = {8, 9}, .kernel = {3, 3}, .stride = {1, 2}, .pads = {1, 0, 1, 0}},
     12,
     6,
     3},  // few in a group
    {{.input = {8, 7}, .kernel = {3, 2}, .pads = {1, 0, 1, 0}, .dilation = {2, 1}}, 48, 36, 3},
    {{.input = {6, 6}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, 5, 10, 5},  // a multiplier
    {{.input = {1, 300}, .kernel = {1, 9}, .stride = {1, 3}, .pads = {0, 4, 0, 4}}, 8, 16, 1},  // one axis
    // Volumes: several panels, blocks and tiles; rows of the kernel, in several blocks; bands of planes.
    {{.input = {6, 7, 5}, .kernel = {3, 3, 3}, .pads = {1, 1, 1, 1, 1, 1}}, 40, 35, 1},
    {{.input = {12, 11, 9}, .kernel = {2, 2, 2}, .stride = {2, 1, 2}}, 17, 33, 1},
    {{.input = {17, 15, 9}, .kernel = {7, 7, 3}, .stride = {2, 2, 1}, .pads = {3, 3, 3, 3, 1, 1}}, 3, 20, 1},
    {{.input = {5, 6, 20}, .kernel = {3, 2, 5}, .pads = {1, 0, 1, 1, 2, 2}, .dilation = {1, 1, 2}}, 1, 6, 1},
    {{.input = {5, 4, 6}, .kernel = {3, 3, 3}, .pads = {1, 1, 1, 1, 1, 1}}, 6, 4, 2},  // few in a group
};

TEMPLATE_TEST_CASE("A convolution's products, by their definition", "[kernels][image_product]", float,
                   double) {
  for (const Shape& shape : shapes) check<TestType>(shape);
  for (const Spatial& g : kernel_test::volumes())
    for (const Shape& shape : {Shape{g, 1, 3, 1}, {g, 5, 17, 1}, {g, 9, 2, 1}, {g, 24, 6, 3}})
      check<TestType>(shape);
}

}  // namespace
