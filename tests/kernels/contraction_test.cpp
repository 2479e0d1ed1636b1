#include <ascribe/kernels/contraction.hpp>

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

#include <unsupported/Eigen/AutoDiff>

#include "tests/kernels/support.hpp"

namespace {

using namespace ascribe;
using Axis = Contraction::Axis;

/// The sum over all axes, term by term.
template <class S>
std::vector<double> expected_of(const Contraction& c, const std::vector<S>& x, const std::vector<S>& y,
                                Index samples) {
  std::vector<double> out(std::size_t(c.out_size() * samples), 0);
  Index all = 1;
  for (const Axis& axis : c.axes()) all *= axis.size;
  for (Index n = 0; n < samples; ++n)
    for (Index i = 0; i < all; ++i) {
      Index left = i, at_x = n * c.x_size(), at_y = n * c.y_size(), at_out = n * c.out_size();
      for (const Axis& axis : c.axes()) {
        const Index k = left % axis.size;
        left /= axis.size;
        at_x += k * axis.x, at_y += k * axis.y, at_out += k * axis.out;
      }
      out[std::size_t(at_out)] += double(x[std::size_t(at_x)]) * double(y[std::size_t(at_y)]);
    }
  return out;
}

template <class S>
std::vector<S> found_of(const Contraction& c, const std::vector<S>& x, const std::vector<S>& y,
                        Index samples) {
  std::vector<S> out(std::size_t(c.out_size() * samples), S(7));
  kernel::contract<S>(kernel::ContractionLoops(c), {x.data(), c.x_size()}, {y.data(), c.y_size()},
                      {out.data(), c.out_size()}, samples);
  return out;
}

/// B and both transposes.
template <class S>
void check_all(const Contraction& c, Index samples = 2) {
  for (const Contraction& map : {c, c.to_first(), c.to_second()}) {
    std::string text;
    for (const Axis& a : map.axes())
      text += "(" + std::to_string(a.size) + ": " + std::to_string(a.x) + " " + std::to_string(a.y) + " " +
              std::to_string(a.out) + ") ";
    INFO(text);
    const auto x = kernel_test::numbers<S>(map.x_size() * samples, 1),
               y = kernel_test::numbers<S>(map.y_size() * samples, 2);
    kernel_test::check_equal(found_of(map, x, y, samples), expected_of(map, x, y, samples));
  }
}

/// rows × inner times inner × columns, with any of the three transposed.
Contraction matrices(Index rows, Index inner, Index columns, int transposed) {
  const bool x = transposed & 1, y = transposed & 2, out = transposed & 4;
  return Contraction({{rows, x ? 1 : inner, 0, out ? 1 : columns},
                      {columns, 0, y ? inner : 1, out ? rows : 1},
                      {inner, x ? rows : 1, y ? 1 : columns, 0}});
}

TEMPLATE_TEST_CASE("products of matrices at every border of panels, positions and blocks", "[kernels]", float,
                   double) {
  for (const Index rows : {1, 5, 6, 7, 95, 97})
    for (const Index columns : {1, 7, 8, 9, 15, 16, 17, 33})
      for (const Index inner : {1, 3, 8, 191, 193}) {
        if (rows * columns * inner > 97 * 17 * 193) continue;
        for (int transposed = 0; transposed < 8; ++transposed)
          check_all<TestType>(matrices(rows, inner, columns, transposed), 1);
      }
  check_all<TestType>(matrices(385, 4, 20, 0));
  check_all<TestType>(matrices(385, 4, 20, 1));
}

TEMPLATE_TEST_CASE("products of heads, shared factors, and axes that one of the three lacks", "[kernels]",
                   float, double) {
  for (const Index tokens : {1, 5, 17, 50}) {
    const Index heads = 3, d = 8, width = heads * d;
    // Scores and values of heads whose features lie token by token; grouped queries share keys.
    check_all<TestType>(Contraction(
        {{heads, d, d, tokens * tokens}, {tokens, width, 0, tokens}, {tokens, 0, width, 1}, {d, 1, 1, 0}}));
    check_all<TestType>(Contraction(
        {{heads, tokens * tokens, d, d}, {tokens, tokens, 0, width}, {d, 0, 1, 1}, {tokens, 1, width, 0}}));
    check_all<TestType>(Contraction(
        {{heads, d, 0, tokens * tokens}, {tokens, width, 0, tokens}, {tokens, 0, d, 1}, {d, 1, 1, 0}}));
    check_all<TestType>(Contraction({{tokens, width, 0, width}, {width, 1, 1, 1}}));  // a factor a channel
    check_all<TestType>(Contraction({{tokens, width, 1, width}, {width, 1, 0, 1}}));  // a factor a token
    check_all<TestType>(Contraction({{tokens, width, width, 0}, {width, 1, 1, 1}}));  // sums over tokens
    check_all<TestType>(Contraction({{tokens, 1, 0, width}, {width, 0, 1, 1}}));      // an outer product
    check_all<TestType>(Contraction({{tokens, width, width, 1}, {width, 1, 1, 0}}));  // dot products
  }
  check_all<TestType>(Contraction::elementwise(4097));
  check_all<TestType>(Contraction({{1, 1, 1, 1}}));
  check_all<TestType>(Contraction({{9, 1, 1, 0}}));  // one number
}

TEST_CASE("a contraction of one factor for all samples", "[kernels]") {
  const Contraction c = Contraction::matrices(1, 3, 4, 5);
  const auto x = kernel_test::numbers<double>(12, 1), y = kernel_test::numbers<double>(40, 2);
  std::vector<double> out(30), twice(x);
  twice.insert(twice.end(), x.begin(), x.end());
  kernel::contract<double>(kernel::ContractionLoops(c), {x.data(), 0}, {y.data(), 20}, {out.data(), 15}, 2);
  kernel_test::check_equal(out, expected_of(c, twice, y, 2));
}

TEST_CASE("a contraction of scalars without registers", "[kernels]") {
  using S = Eigen::AutoDiffScalar<Eigen::Vector2d>;
  std::vector<S> x(6), y(6), out(4);
  for (std::size_t i = 0; i < 6; ++i) x[i] = S(double(i + 1), 2, i == 0 ? 0 : 1), y[i] = S(double(6 - i));
  x[1] = S(2);
  kernel::contract<S>(kernel::ContractionLoops(Contraction::matrices(1, 2, 3, 2)), {x.data(), 6},
                      {y.data(), 6}, {out.data(), 4}, 1);
  CHECK(out[0].value() == 1 * 6 + 2 * 4 + 3 * 2);
  CHECK(out[0].derivatives()(0) == 6);
}

TEST_CASE("axes one behind the other are one, and what a contraction refuses", "[kernels]") {
  CHECK(Contraction({{2, 12, 12, 12}, {3, 4, 4, 4}, {4, 1, 1, 1}}) == Contraction::elementwise(24));
  CHECK(Contraction({{5, 1, 1, 1}, {1, 9, 0, 0}}).is_elementwise());
  CHECK_FALSE(Contraction::elementwise(3).sums());
  CHECK(Contraction::matrices(2, 3, 4, 5).sums());
  CHECK(Contraction::matrices(2, 3, 4, 5).out_size() == 30);
  CHECK(Contraction::matrices(2, 3, 4, 5).to_first().out_size() == 24);
  CHECK_THROWS_WITH(Contraction({{0, 1, 1, 1}}), Contains("expected at least 1 element, found 0"));
  CHECK_THROWS_WITH(Contraction({{2, 1, 0, 0}}), Contains("in two of the three at least"));
  CHECK_THROWS_WITH(Contraction({{2, 1, 1, 2}}),
                    Contains("the result: expected an axis of stride 1, found 2"));
  CHECK_THROWS_WITH(Contraction({{2, 2, 1, 2}, {3, 1, 0, 1}}),
                    Contains("the first factor: expected an axis of stride 3"));
}

}  // namespace
