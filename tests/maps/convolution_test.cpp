#include <ascribe/maps/convolution.hpp>

#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/map_contract.hpp"

using namespace ascribe;
using map_contract::Explicit;
using map_contract::holds;
using map_contract::holds_when_large;

namespace {

Index count_of(Index input, Index before, Index after, Index kernel, Index stride, Index dilation) {
  return (input + before + after - dilation * (kernel - 1) - 1) / stride + 1;
}

/// From the definition: every filter, every output, every tap.
Explicit explicit_convolution(const Spatial& s, Index channels, Index filters, const Eigen::VectorXd& weights,
                              Index groups) {
  const Pads& p = s.pads;
  const Index od = count_of(s.input.depth, p.front, p.back, s.kernel.depth, s.stride.depth, s.dilation.depth);
  const Index oh =
      count_of(s.input.height, p.top, p.bottom, s.kernel.height, s.stride.height, s.dilation.height);
  const Index ow = count_of(s.input.width, p.left, p.right, s.kernel.width, s.stride.width, s.dilation.width);
  const Index group_channels = channels / groups, group_filters = filters / groups;
  Explicit expected(od * oh * ow * filters, s.input.depth * s.input.height * s.input.width * channels);
  Index weight = 0;
  for (Index o = 0; o < filters; ++o)
    for (Index c = 0; c < group_channels; ++c)
      for (Index kz = 0; kz < s.kernel.depth; ++kz)
        for (Index ky = 0; ky < s.kernel.height; ++ky)
          for (Index kx = 0; kx < s.kernel.width; ++kx, ++weight)
            for (Index z = 0; z < od; ++z)
              for (Index y = 0; y < oh; ++y)
                for (Index x = 0; x < ow; ++x) {
                  const Index iz = z * s.stride.depth - p.front + kz * s.dilation.depth;
                  const Index iy = y * s.stride.height - p.top + ky * s.dilation.height;
                  const Index ix = x * s.stride.width - p.left + kx * s.dilation.width;
                  if (iz < 0 || iz >= s.input.depth || iy < 0 || iy >= s.input.height || ix < 0 ||
                      ix >= s.input.width)
                    continue;
                  const Index channel = o / group_filters * group_channels + c;
                  expected.store(((z * oh + y) * ow + x) * filters + o,
                                 ((iz * s.input.height + iy) * s.input.width + ix) * channels + channel,
                                 weights(weight), weight);
                }
  return expected;
}

void check_convolution(const Spatial& s, Index channels, Index filters, Index groups = 1) {
  INFO(shown(s.input) << " x " << channels << " to " << filters << ", kernel " << shown(s.kernel)
                      << ", groups " << groups);
  const Eigen::VectorXd w = map_contract::numbers(
      filters * (channels / groups) * s.kernel.depth * s.kernel.height * s.kernel.width, 5);
  const auto make = [&]<class S>() {
    return map::Convolution<S>(s, channels, filters, Eigen::Matrix<S, Dynamic, 1>(w.cast<S>()), groups);
  };
  const Explicit expected = explicit_convolution(s, channels, filters, w, groups);
  if (expected.weights.size() < 2000)
    holds(make, expected);
  else
    holds_when_large(make, expected);
}

}  // namespace

TEST_CASE("a convolution is its matrix", "[maps]") {
  check_convolution({.input = {5, 6}, .kernel = {3, 3}}, 1, 1);
  check_convolution({.input = {5, 6}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, 2, 3);
  check_convolution({.input = {6, 5}, .kernel = {5, 5}, .pads = {2, 2, 2, 2}}, 1, 4);
  check_convolution({.input = {5, 5}, .kernel = {5, 5}}, 2, 1);  // one output pixel, one feature
}

TEST_CASE("a convolution with strides, asymmetric padding and dilation is its matrix", "[maps]") {
  check_convolution({.input = {7, 6}, .kernel = {3, 2}, .stride = {2, 3}}, 3, 2);
  check_convolution({.input = {5, 4}, .kernel = {3, 3}, .pads = {2, 0, 1, 3}}, 2, 2);
  check_convolution({.input = {8, 7}, .kernel = {3, 2}, .pads = {1, 2, 0, 1}, .dilation = {2, 3}}, 2, 3);
  check_convolution(
      {.input = {6, 8}, .kernel = {2, 3}, .stride = {2, 1}, .pads = {3, 1, 0, 2}, .dilation = {1, 2}}, 5, 2);
  check_convolution({.input = {2, 2}, .kernel = {1, 2}, .pads = {2, 3, 2, 3}}, 1,
                    2);  // outputs of padding alone
}

TEST_CASE("a convolution of one channel is its matrix", "[maps]") {
  // Windows one pixel apart, whose columns are held tap by tap: rows cut by padding on either side, wholly in
  // it, dilated; and tiles of 1310 pixels, cut within a row.
  check_convolution({.input = {4, 5}, .kernel = {3, 2}, .pads = {0, 1, 2, 0}}, 1, 3);
  check_convolution({.input = {3, 2}, .kernel = {2, 3}, .pads = {1, 4, 1, 5}, .dilation = {1, 2}}, 1, 2);
  check_convolution({.input = {7, 3}, .kernel = {2, 2}, .stride = {3, 1}, .pads = {1, 0, 1, 1}}, 1, 2);
  check_convolution({.input = {1, 9}, .kernel = {1, 4}, .pads = {0, 6, 0, 2}}, 1, 2);
  check_convolution({.input = {9, 8}, .kernel = {5, 5}, .pads = {2, 2, 2, 2}}, 1, 3);
}

TEST_CASE("a 1 x 1 convolution is its matrix", "[maps]") {
  check_convolution({.input = {3, 4}}, 5, 2);
  check_convolution({.input = {3, 4}, .stride = {2, 3}}, 3, 2);
  check_convolution({.input = {3, 4}, .pads = {1, 0, 0, 1}}, 3, 2);
  check_convolution({.input = {3, 4}}, 6, 4, 2);
}

TEST_CASE("a convolution of a signal with one axis is its matrix", "[maps]") {
  check_convolution({.input = {1, 12}, .kernel = {1, 5}, .stride = {1, 2}, .pads = {0, 3, 0, 1}}, 2, 3);
  check_convolution({.input = {12, 1}, .kernel = {5, 1}, .dilation = {2, 1}}, 2, 3);
}

TEST_CASE("a convolution of a volume is its matrix", "[maps]") {
  check_convolution({.input = {4, 3, 5}, .kernel = {2, 3, 3}, .pads = {0, 1, 1, 1, 1, 1}}, 2, 3);
  check_convolution({.input = {3, 3, 4}, .kernel = {2, 2, 2}}, 9, 17);
  check_convolution(
      {.input = {3, 4, 7}, .kernel = {2, 1, 3}, .stride = {1, 2, 2}, .pads = {0, 0, 0, 0, 2, 0}}, 8, 3);
  check_convolution(
      {.input = {4, 3, 6}, .kernel = {2, 2, 2}, .pads = {0, 0, 0, 0, 0, 3}, .dilation = {2, 1, 3}}, 1, 2);
  check_convolution({.input = {4, 3, 6},
                     .kernel = {2, 2, 3},
                     .stride = {2, 1, 3},
                     .pads = {1, 0, 2, 1, 2, 1},
                     .dilation = {1, 2, 2}},
                    8, 2);
  check_convolution({.input = {2, 3, 4}}, 5, 2);
  check_convolution({.input = {3, 2, 4}, .kernel = {1, 2, 2}}, 6, 4, 2);
  check_convolution({.input = {3, 4, 5}, .kernel = {3, 2, 3}, .pads = {1, 0, 1, 1, 1, 0}}, 4, 4,
                    4);  // depthwise
  check_convolution(
      {.input = {3, 4, 5}, .kernel = {2, 2, 2}, .stride = {2, 1, 2}, .pads = {0, 1, 1, 0, 1, 0}}, 3, 6, 3);
}

TEST_CASE("a grouped convolution is its matrix", "[maps]") {
  check_convolution({.input = {5, 4}, .kernel = {3, 2}, .pads = {1, 0, 1, 1}}, 4, 6, 2);
  check_convolution({.input = {5, 4}, .kernel = {3, 2}, .stride = {2, 1}, .dilation = {2, 1}}, 6, 3, 3);
  check_convolution({.input = {5, 4}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, 4, 4, 4);  // depthwise
  check_convolution(
      {.input = {5, 6}, .kernel = {3, 2}, .stride = {2, 2}, .pads = {0, 1, 2, 0}, .dilation = {1, 2}}, 3, 3,
      3);
  check_convolution({.input = {4, 4}, .kernel = {2, 2}}, 3, 6, 3);  // multiplier 2
}

TEST_CASE("a convolution of several tiles is its matrix", "[maps]") {
  // 37 samples of 9 × 8 pixels with columns of 405 doubles: 81 pixels a tile, across rows and samples.
  check_convolution({.input = {9, 8}, .kernel = {9, 9}, .pads = {4, 4, 4, 4}}, 5, 2);
  check_convolution({.input = {5, 4}, .kernel = {5, 5}, .pads = {2, 2, 2, 2}}, 48, 4, 2);
}

TEST_CASE("a convolution whose weights cross the borders of panels, registers and blocks is its matrix",
          "[maps]") {
  check_convolution({.input = {3, 4}, .kernel = {2, 2}, .pads = {0, 1, 1, 0}}, 13, 19);
  check_convolution({.input = {2, 3}, .kernel = {2, 1}}, 9, 40);
  check_convolution({.input = {2, 2}}, 70, 33);
  check_convolution({.input = {3, 5}, .kernel = {2, 3}, .stride = {1, 2}, .pads = {0, 1, 1, 1}}, 18, 36, 2);
  check_convolution({.input = {11, 3}, .kernel = {3, 1}, .stride = {2, 1}, .dilation = {4, 1}}, 8, 2);
  check_convolution({.input = {1, 21}, .kernel = {1, 3}, .dilation = {1, 9}}, 9,
                    3);  // taps that share no input
  check_convolution({.input = {1, 40}, .kernel = {1, 4}, .stride = {1, 6}, .dilation = {1, 4}}, 2, 3);
}

TEST_CASE("a convolution's numbers by hand", "[maps]") {
  // Worked case 4 of the rules: 4 × 4 image 0 … 15, two filters 3 × 3 of ones; bias −50, −75 and ReLU give
  // these pre-activations, and the relevance that the dense layer sends back.
  Batch<double> a(16, 1), b(8, 1), g(16, 1);
  for (Index i = 0; i < 16; ++i) a(i) = double(i);
  const map::Convolution<double> convolution({.input = {4, 4}, .kernel = {3, 3}}, 1, 2,
                                             std::vector<double>(18, 1.0));
  convolution.apply<Dynamic>(view(a), out(b), Weights::as_is);
  Batch<double> expected(8, 1);
  expected << 45, 45, 54, 54, 81, 81, 90, 90;  // channel fastest
  CHECK(b == expected);

  // LRP with ε → 0: R = a ⊙ Wᵀ(R' / z). Behind ReLU, z is (0, 4, 31, 40) and (0, 0, 6, 15), which the
  // dense layer's weights 1, 1, 1, 1 and (1, −1, −1, −1) turn into (0, 4, 31, 40) and (0, 0, −6, −15).
  Batch<double> s(8, 1);
  s << 0, 0, 1, 0, 1, -1, 1, -1;
  convolution.apply_transposed<Dynamic>(view(s), out(g), Weights::as_is);
  Batch<double> relevance(16, 1);
  relevance << 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 0, 0, 0;
  CHECK(a.cwiseProduct(g) == relevance);
}

TEST_CASE("a convolution's weights come in the order O, C, kH, kW", "[maps]") {
  // 1 × 2 image of 2 channels, 1 × 2 kernel: b = Σ over (pixel, channel) of a · w[o][channel][pixel].
  Batch<float> a(4, 1), b(2, 1);
  a << 1, 10, 100, 1000;  // pixel 0: channels 1, 10; pixel 1: channels 100, 1000
  const float weights[] = {1, 2, 3, 4, 5, 6, 7, 8};
  const map::Convolution<float> convolution({.input = {1, 2}, .kernel = {1, 2}}, 2, 2,
                                            std::span<const float>(weights));
  convolution.apply<Dynamic>(view(a), out(b), Weights::as_is);
  CHECK(b == Eigen::Vector2f(1 + 200 + 30 + 4000, 5 + 600 + 70 + 8000));
}

TEST_CASE("a volume's planes come behind each other, and so do its weights'", "[maps]") {
  // 2 planes of 1 × 2 pixels, a kernel of 2 × 1 × 2.
  Batch<float> a(4, 1), b(1, 1);
  a << 1, 10, 100, 1000;  // plane 0, plane 1
  const map::Convolution<float> convolution({.input = {1, 2, 2}, .kernel = {1, 2, 2}}, 1, 1,
                                            std::vector<float>{1, 2, 3, 4});
  convolution.apply<Dynamic>(view(a), out(b), Weights::as_is);
  CHECK(b(0) == 1 + 20 + 300 + 4000);
}

TEST_CASE("a convolution takes an empty batch", "[maps]") {
  const map::Convolution<double> convolution({.input = {4, 4}, .kernel = {3, 3}}, 1, 2,
                                             std::vector<double>(18, 1.0));
  const Batch<double> a(16, 0);
  Batch<double> b(8, 0);
  convolution.apply<Dynamic>(view(a), out(b), Weights::as_is);
  CHECK(b.size() == 0);
}

TEST_CASE("a convolution sees a weight that is not finite", "[maps]") {
  std::vector<double> weights(18, 1.0);
  weights[7] = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(
      map::Convolution<double>({.input = {4, 4}, .kernel = {3, 3}}, 1, 2, weights).weights_are_finite());
}

namespace {

/// Both products of two images.
template <class S>
std::pair<Batch<S>, Batch<S>> products(const map::Convolution<S>& convolution, const Weights& weights,
                                       const Finish<S>& finish = {}) {
  const Batch<S> a = map_contract::matrix(convolution.input_size(), 2, 7).template cast<S>();
  const Batch<S> s = map_contract::matrix(convolution.output_size(), 2, 8).template cast<S>();
  Batch<S> b(s.rows(), 2), g(a.rows(), 2);
  convolution.template apply<Dynamic>(view(a), out(b), weights, finish);
  convolution.template apply_transposed<Dynamic>(view(s), out(g), weights, finish);
  return {b, g};
}

template <class S>
double largest_difference(const Batch<S>& found, const Batch<S>& expected) {
  return double((found - expected).cwiseAbs().maxCoeff()) / double(expected.cwiseAbs().maxCoeff());
}

}  // namespace

TEMPLATE_TEST_CASE("a convolution by Winograd differs for approximate weights alone", "[maps]", float,
                   double) {
  const Spatial s{.input = {13, 14}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}};
  const Index channels = 24, filters = 40;
  const Eigen::Matrix<TestType, Dynamic, 1> w =
      map_contract::numbers(filters * channels * 9, 5).cast<TestType>();
  const map::Convolution<TestType> direct(s, channels, filters, w);
  const map::Convolution<TestType> fast(s, channels, filters, w, 1, map::Products::winograd);
  CHECK(fast.weight_count() == direct.weight_count());
  for (const Weights& how : {Weights(Weights::as_is), Weights(Weights::positive), Weights(Weights::negative),
                             Weights(Weights::square), Weights(Weights::one), Weights::favouring(0.25)}) {
    INFO("weights " << int(how.choice));
    CHECK(products(fast, how) == products(direct, how));
  }
  CHECK(products(direct, Weights::approximate) == products(direct, Weights::as_is));

  const double tolerance = std::is_same_v<TestType, float> ? 1e-5 : 2e-14;  // winograd_test.cpp
  const auto [b, g] = products(fast, Weights::approximate);
  const auto [exact_b, exact_g] = products(direct, Weights::as_is);
  CHECK(b != exact_b);
  CHECK(g != exact_g);
  CHECK(largest_difference(b, exact_b) <= tolerance);
  CHECK(largest_difference(g, exact_g) <= tolerance);

  const auto twice = [](Index, Index count, TestType* values) {
    for (Index i = 0; i < count; ++i) values[i] *= 2;
  };
  const auto [twice_b, twice_g] = products(fast, Weights::approximate, finish_with<TestType>(twice));
  CHECK(twice_b == TestType(2) * b);
  CHECK(twice_g == TestType(2) * g);
}

TEST_CASE("a convolution holds Winograd's weights where they pay, and says so", "[maps]") {
  const Spatial s{.input = {16, 16}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}};
  const auto held = [](const Spatial& geometry, Index channels, Index filters, Index groups,
                       map::Products products) {
    return map::Convolution<float>::held_scalars(geometry, channels, filters, groups, products);
  };
  const auto both = map::Products::winograd, one = map::Products::direct;
  CHECK(held(s, 64, 64, 1, one) == 2 * 9 * 64 * 64);  // 64 is whole panels, whatever the processor
  CHECK(held(s, 64, 64, 1, both) == 2 * (9 + 36) * 64 * 64);
  CHECK(held(s, 16, 64, 1, both) == held(s, 16, 64, 1, one));
  CHECK(held(s, 64, 64, 2, both) == held(s, 64, 64, 2, one));
  CHECK(held(s, 64, 64, 64, both) == held(s, 64, 64, 64, one));
  // Along a depth there is none.
  Spatial deep = s;
  deep.input.depth = 2;
  CHECK(held(deep, 64, 64, 1, both) == held(deep, 64, 64, 1, one));
  deep.kernel.depth = 2;
  CHECK(held(deep, 64, 64, 1, both) == 2 * held(s, 64, 64, 1, one));
  const Spatial small{.input = {7, 7}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}};
  CHECK(held(small, 64, 64, 1, both) == held(small, 64, 64, 1, one));

  const std::vector<float> w(64 * 64 * 9, 0.1F);  // nor does it use what it does not hold
  const map::Convolution<float> direct(small, 64, 64, w), asked(small, 64, 64, w, 1, map::Products::winograd);
  CHECK(products(asked, Weights::approximate) == products(direct, Weights::as_is));
}

TEST_CASE("a convolution's errors", "[maps]") {
  const std::vector<double> weights(18, 1.0);
  const Spatial s{.input = {4, 4}, .kernel = {3, 3}};
  const auto make = [&](const Spatial& geometry, Index channels, Index filters, Index groups) {
    return map::Convolution<double>(geometry, channels, filters, weights, groups);
  };
  CHECK_THROWS_WITH(make(s, 2, 2, 1), "Convolution: the weights: expected 2 x 2 x 3 x 3 = 36, found 18");
  CHECK_THROWS_WITH(make({.input = {4, 4, 2}, .kernel = {3, 3, 2}}, 2, 2, 1),
                    "Convolution: the weights: expected 2 x 2 x 2 x 3 x 3 = 72, found 18");
  CHECK_THROWS_WITH(make(s, 3, 2, 2),
                    "Convolution: the groups: expected a divisor of 3 channels and 2 filters, found 2");
  CHECK_THROWS_WITH(make(s, 2, 2, 0), Contains("found 0"));
  CHECK_THROWS_WITH(make(s, 0, 2, 1), Contains("Convolution: the number of inputs") && Contains("found 0"));
  CHECK_THROWS_WITH(make(s, 1, -2, 1),
                    Contains("Convolution: the number of outputs") && Contains("found -2"));
  CHECK_THROWS_WITH(
      make({.input = {2, 4}, .kernel = {3, 3}}, 1, 2, 1),
      "Convolution: the kernel spans 3 along the height: expected at most the padded input's 2");
  CHECK_THROWS_WITH(make({.input = {4, 4}, .kernel = {3, 3}, .stride = {1, 0}}, 1, 2, 1),
                    Contains("the stride along the width"));
  CHECK_THROWS_WITH(make(s, Index(1) << 61, 2, 1),
                    Contains("Convolution: the number of inputs: expected at most"));
}
