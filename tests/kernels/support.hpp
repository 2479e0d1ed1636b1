/// Products by their definition, in double, for the tests of the kernels.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include <ascribe/core/spatial.hpp>
#include <ascribe/core/types.hpp>

#include "tests/support/catch.hpp"

namespace kernel_test {

using ascribe::Index;
using ascribe::Spatial;

/// Numbers in [−1, 1] that a float holds exactly, a few of them 0.
template <class S>
std::vector<S> numbers(Index count, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> digit(-16, 16);
  std::vector<S> result;
  for (Index i = 0; i < count; ++i) result.push_back(S(digit(generator) / 16.));
  return result;
}

/// Multiples of 1/256, whose sums of a few thousand a float holds exactly: whatever the order of the terms,
/// the product is this number.
template <class S>
void check_equal(const std::vector<S>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  Index wrong = 0;
  for (std::size_t i = 0; i < found.size(); ++i)
    if (double(found[i]) != expected[i] && ++wrong == 1)
      UNSCOPED_INFO("entry " << i << ": expected " << expected[i] << ", found " << found[i]);
  CHECK(wrong == 0);
}

struct Shape {
  Spatial geometry;
  Index channels, filters, groups;
};

/// Calls term(output, input, weight) for every term of a convolution's product, by the definition of
/// docs/design.md: volumes D, H, W, C, weights filter × channel × kernel plane × kernel row × kernel column.
template <class Term>
void each_term(const Shape& shape, Term term) {
  const Spatial& g = shape.geometry;
  const Index group_channels = shape.channels / shape.groups, group_filters = shape.filters / shape.groups;
  Index output = 0;
  for (Index z = 0; z < g.output_depth(); ++z)
    for (Index y = 0; y < g.output_height(); ++y)
      for (Index x = 0; x < g.output_width(); ++x, ++output)
        for (Index kz = 0; kz < g.kernel.depth; ++kz)
          for (Index ky = 0; ky < g.kernel.height; ++ky)
            for (Index kx = 0; kx < g.kernel.width; ++kx) {
              const Index iz = z * g.stride.depth + kz * g.dilation.depth - g.pads.front;
              const Index iy = y * g.stride.height + ky * g.dilation.height - g.pads.top;
              const Index ix = x * g.stride.width + kx * g.dilation.width - g.pads.left;
              if (iz < 0 || iz >= g.input.depth || iy < 0 || iy >= g.input.height || ix < 0 ||
                  ix >= g.input.width)
                continue;
              const Index input = (iz * g.input.height + iy) * g.input.width + ix;
              const Index tap = (kz * g.kernel.height + ky) * g.kernel.width + kx;
              const Index taps = g.kernel.depth * g.kernel.height * g.kernel.width;
              for (Index o = 0; o < shape.filters; ++o)
                for (Index c = 0; c < group_channels; ++c)
                  term(output * shape.filters + o,
                       input * shape.channels + o / group_filters * group_channels + c,
                       (o * group_channels + c) * taps + tap);
            }
}

/// Windows over volumes: every stride, dilation and side of the padding, alone and together.
inline std::vector<Spatial> volumes() {
  return {
      {.input = {4, 5, 3}, .kernel = {3, 3, 3}, .pads = {1, 1, 1, 1, 1, 1}},
      {.input = {3, 4, 5}, .kernel = {2, 1, 3}},
      {.input = {3, 4, 7}, .kernel = {1, 2, 3}, .stride = {1, 1, 2}, .pads = {0, 0, 0, 1, 2, 0}},
      {.input = {7, 3, 4}, .kernel = {3, 2, 2}, .stride = {3, 1, 1}, .pads = {0, 1, 2, 0, 0, 3}},
      {.input = {3, 6, 5}, .kernel = {2, 2, 2}, .dilation = {1, 2, 3}},
      {.input = {5, 4, 9},
       .kernel = {2, 3, 3},
       .stride = {2, 3, 2},
       .pads = {1, 2, 0, 1, 3, 2},
       .dilation = {2, 1, 3}},
      {.input = {4, 5, 7}, .stride = {3, 2, 4}},                              // pixels that nobody looks at
      {.input = {1, 1, 11}, .kernel = {1, 1, 4}, .stride = {1, 1, 3}},        // the depth alone
      {.input = {2, 3, 2}, .kernel = {1, 1, 1}, .pads = {0, 0, 0, 0, 2, 1}},  // planes of padding alone
  };
}

}  // namespace kernel_test
