#include <ascribe/kernels/winograd.hpp>

#include <algorithm>
#include <type_traits>

#include <unsupported/Eigen/AutoDiff>

#include "tests/kernels/support.hpp"

namespace {

using namespace ascribe;
using kernel_test::Shape;

/// What an output may be off by, of the largest output. 5.4e-6 and 6.1e-15 were found for these shapes.
template <class S>
constexpr double tolerance = std::is_same_v<S, float> ? 1e-5 : 2e-14;

/// Multiples of 2^−10 in [−1, 1], whose transforms and products are rounded.
template <class S>
std::vector<S> fine_numbers(Index count, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<S> result;
  for (Index i = 0; i < count; ++i) result.push_back(S((double(generator() % 2049) - 1024) / 1024));
  return result;
}

template <class S>
kernel::Winograd<S> product_of(const Shape& shape, const std::vector<S>& w) {
  return {shape.geometry, shape.channels, shape.filters, [&](Index filter, Index tap, Index channel) {
            return w[std::size_t((filter * shape.channels + channel) * 9 + tap)];
          }};
}

template <class S>
void check_near(const std::vector<S>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  double largest = 0, error = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    error = std::max(error, std::abs(double(found[i]) - expected[i]));
  }
  CAPTURE(largest);
  CHECK(error <= tolerance<S> * largest);
}

/// Both products of three images against the definition, finished by a sign.
template <class S>
void check(const Shape& shape) {
  const Spatial& g = shape.geometry;
  const Index samples = 3;
  INFO(g.input.height << " x " << g.input.width << " x " << shape.channels << " to " << shape.filters
                      << ", pads " << g.pads.top << " " << g.pads.left << " " << g.pads.bottom << " "
                      << g.pads.right);
  const auto w = fine_numbers<S>(shape.filters * shape.channels * 9, 1);
  const auto product = product_of(shape, w);
  const Index inputs = g.input_pixels() * shape.channels, outputs = g.output_pixels() * shape.filters;
  const auto a = fine_numbers<S>(samples * inputs, 2), s = fine_numbers<S>(samples * outputs, 3);
  std::vector<double> expected_b(s.size(), 0), expected_back(a.size(), 0);
  kernel_test::each_term(shape, [&](Index output, Index input, Index weight) {
    const double factor = double(w[std::size_t(weight)]);
    for (Index n = 0; n < samples; ++n) {
      const auto o = std::size_t(n * outputs + output), i = std::size_t(n * inputs + input);
      expected_b[o] -= factor * double(a[i]);
      expected_back[i] -= factor * double(s[o]);
    }
  });
  std::vector<S> b(s.size(), S(99)), back(a.size(), S(99));  // overwritten, never added to
  std::vector<int> finished;
  const S* base = nullptr;
  bool in_place = true;
  const auto negate = [&](Index first, Index count, S* values) {
    in_place = in_place && values == base + first;
    for (Index i = 0; i < count; ++i) {
      values[i] = -values[i];
      ++finished[std::size_t(first + i)];
    }
  };
  const auto finish = finish_with<S>(negate);
  const auto once = [&] {
    return in_place && std::all_of(finished.begin(), finished.end(), [](int times) { return times == 1; });
  };
  finished.assign(b.size(), 0);
  base = b.data();
  product.forward(a.data(), b.data(), samples, finish);
  CHECK(once());
  check_near(b, expected_b);
  finished.assign(back.size(), 0);
  base = back.data();
  product.backward(s.data(), back.data(), samples, finish);
  CHECK(once());
  check_near(back, expected_back);
}

TEMPLATE_TEST_CASE("Winograd's two products, for every padding and odd sizes", "[kernels][winograd]", float,
                   double) {
  const Extent sizes[] = {{1, 1}, {2, 5}, {3, 3}, {4, 4}, {7, 9}, {13, 11}};
  for (const Extent& size : sizes)
    for (const Index top : {0, 1, 2})
      for (const Index left : {0, 1, 2}) {
        const Pads pads{top, left, 2 - top, 2 - left};
        check<TestType>({{.input = size, .kernel = {3, 3}, .pads = pads}, 9, 17, 1});
      }
  check<TestType>({{.input = {13, 11}, .kernel = {3, 3}}, 9, 17, 1});
  check<TestType>({{.input = {13, 11}, .kernel = {3, 3}, .pads = {2, 2, 2, 2}}, 9, 17, 1});
  check<TestType>({{.input = {5, 6}, .kernel = {3, 3}, .pads = {4, 0, 1, 7}}, 8, 16, 1});  // padding alone
}

TEMPLATE_TEST_CASE("Winograd's two products, for any number of channels", "[kernels][winograd]", float,
                   double) {
  struct Channels {
    Index from, to;
  };
  for (const auto& [from, to] : {Channels{1, 1}, Channels{3, 5}, Channels{16, 8}, Channels{31, 40},
                                 Channels{700, 3}, Channels{2, 700}})  // 700: several blocks
    check<TestType>({{.input = {7, 6}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, from, to, 1});
  check<TestType>({{.input = {50, 45}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, 8, 8, 1});  // several tiles
}

TEST_CASE("Winograd's error on a layer of a network", "[kernels][winograd]") {
  // 256 channels: every output is a sum of 2304 terms.
  const Shape shape{{.input = {14, 14}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, 256, 64, 1};
  const auto w = fine_numbers<float>(shape.filters * shape.channels * 9, 1);
  const auto a = fine_numbers<float>(14 * 14 * shape.channels, 2);
  std::vector<double> expected(std::size_t(14 * 14 * shape.filters), 0);
  kernel_test::each_term(shape, [&](Index output, Index input, Index weight) {
    expected[std::size_t(output)] += double(w[std::size_t(weight)]) * double(a[std::size_t(input)]);
  });
  std::vector<float> b(expected.size());
  product_of(shape, w).forward(a.data(), b.data(), 1, {});
  check_near(b, expected);
}

TEST_CASE("Winograd's transposed product is the adjoint", "[kernels][winograd]") {
  const Shape shape{{.input = {9, 14}, .kernel = {3, 3}, .pads = {2, 0, 1, 1}}, 20, 12, 1};
  const Index inputs = shape.geometry.input_pixels() * 20, outputs = shape.geometry.output_pixels() * 12;
  const auto product = product_of(shape, fine_numbers<double>(20 * 12 * 9, 1));
  const auto a = fine_numbers<double>(inputs, 2), s = fine_numbers<double>(outputs, 3);
  std::vector<double> b(s.size()), g(a.size());
  product.forward(a.data(), b.data(), 1, {});
  product.backward(s.data(), g.data(), 1, {});
  double left = 0, right = 0;
  for (std::size_t j = 0; j < b.size(); ++j) left += b[j] * s[j];
  for (std::size_t i = 0; i < g.size(); ++i) right += g[i] * a[i];
  CHECK(std::abs(left) > 1);
  CHECK(std::abs(left - right) <= 1e-11);
}

TEST_CASE("Winograd's product of an image is the same to the last bit among others", "[kernels][winograd]") {
  const Shape shape{{.input = {14, 13}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, 70, 40, 1};
  const Index samples = 9, inputs = shape.geometry.input_pixels() * 70,
              outputs = shape.geometry.output_pixels() * 40;
  const auto product = product_of(shape, fine_numbers<float>(70 * 40 * 9, 1));
  const auto a = fine_numbers<float>(samples * inputs, 2);
  std::vector<float> together(std::size_t(samples * outputs)), alone(together.size());
  product.forward(a.data(), together.data(), samples, {});
  for (Index n = 0; n < samples; ++n)
    product.forward(a.data() + n * inputs, alone.data() + n * outputs, 1, {});
  CHECK(together == alone);
}

TEST_CASE("Winograd's product of a scalar with derivatives", "[kernels][winograd]") {
  using Dual = Eigen::AutoDiffScalar<Eigen::Matrix<double, 1, 1>>;
  const Shape shape{{.input = {5, 6}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, 3, 2, 1};
  const auto values = fine_numbers<double>(3 * 2 * 9, 1), slopes = fine_numbers<double>(3 * 2 * 9, 4);
  const auto x = fine_numbers<double>(5 * 6 * 3, 2);
  std::vector<Dual> w, a, b(5 * 6 * 2);
  for (std::size_t i = 0; i < values.size(); ++i)
    w.emplace_back(values[i], Eigen::Matrix<double, 1, 1>::Constant(slopes[i]));
  for (const double number : x) a.emplace_back(number, Eigen::Matrix<double, 1, 1>::Zero());
  product_of(shape, w).forward(a.data(), b.data(), 1, {});
  std::vector<double> found, found_slopes, expected(b.size(), 0), expected_slopes(b.size(), 0);
  kernel_test::each_term(shape, [&](Index output, Index input, Index weight) {
    expected[std::size_t(output)] += values[std::size_t(weight)] * x[std::size_t(input)];
    expected_slopes[std::size_t(output)] += slopes[std::size_t(weight)] * x[std::size_t(input)];
  });
  for (const Dual& number : b) {
    found.push_back(number.value());
    found_slopes.push_back(number.derivatives()(0));
  }
  check_near(found, expected);
  check_near(found_slopes, expected_slopes);
}

TEST_CASE("Winograd serves 3 x 3 kernels, and pays where there is enough to do", "[kernels][winograd]") {
  using kernel::Winograd;
  const Spatial fits{.input = {12, 12}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}};
  CHECK(Winograd<float>::serves(fits, 1));
  CHECK_FALSE(Winograd<float>::serves(fits, 2));
  CHECK_FALSE(Winograd<float>::serves({.input = {12, 12}, .kernel = {3, 1}}, 1));
  CHECK_FALSE(Winograd<float>::serves({.input = {12, 12}, .kernel = {5, 3}}, 1));
  CHECK_FALSE(Winograd<float>::serves({.input = {12, 12}, .kernel = {3, 3}, .stride = {1, 2}}, 1));
  CHECK_FALSE(Winograd<float>::serves({.input = {12, 12}, .kernel = {3, 3}, .dilation = {2, 1}}, 1));
  CHECK(Winograd<float>::pays(fits, 24, 24));
  CHECK_FALSE(Winograd<float>::pays(fits, 23, 24));
  CHECK_FALSE(Winograd<float>::pays(fits, 24, 23));
  CHECK_FALSE(Winograd<float>::pays({.input = {12, 12}, .kernel = {3, 3}}, 24, 24));  // 10 × 10 outputs
}

}  // namespace
