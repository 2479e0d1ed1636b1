#include <ascribe/rules/z_box.hpp>

#include "tests/support/catch.hpp"

#include <ascribe/core/format.hpp>

#include "tests/rules/matmul_cases.hpp"

using namespace rule_contract;
using ascribe::rule::ZBox;

namespace {

using Bounds = std::vector<double>;

Vector column(const Bounds& bounds, Index inputs) {
  Vector all(inputs);
  for (Index i = 0; i < inputs; ++i) all(i) = bounds[std::size_t(i) % bounds.size()];
  return all;
}
/// `count` bounds around `middle`, all different.
Bounds bounds(Index count, double middle) {
  Bounds all;
  for (Index k = 0; k < count; ++k) all.push_back(middle + double(k % 8) / 16);
  return all;
}

}  // namespace

TEST_CASE("ZBox: the formulas over every structure of map, and the books close; the bias cancels") {
  for (const int sort : {0, 1, 2, 3})
    for (const double epsilon : {1e-6, 0.25, 0.0}) {
      INFO("sort " << sort << ", epsilon " << epsilon);
      // One number, one a channel, one an input; the last does not hold all of the inputs.
      const auto rule = [=](const Explicit& l) {
        const Index inputs = l.w.cols();
        if (sort == 0) return ZBox{{-2}, {2}, epsilon};
        if (sort == 1) return ZBox{bounds(l.channels, -3), {2}, epsilon};
        if (sort == 2) return ZBox{bounds(inputs, -3), bounds(l.channels, 2), epsilon};
        return ZBox{{-0.5}, bounds(inputs, 0.25), epsilon};
      };
      check_every_layer(rule, [=](const Explicit& l, const Vector& a, const Vector& up) {
        Expected expected(a.size(), up.size());
        const ZBox box = rule(l);
        const Vector low = column(box.low, a.size()), high = column(box.high, a.size());
        const Vector z = l.w * a - l.positive() * low - l.negative() * high;
        const Vector r = quotients(up, z, epsilon, 1, expected);
        expected.down = a.cwiseProduct(l.w.transpose() * r) - low.cwiseProduct(l.positive().transpose() * r) -
                        high.cwiseProduct(l.negative().transpose() * r);
        return expected;
      });
    }
}

TEST_CASE("ZBox in float: a box whose corner the input is at cancels nothing") {
  // z is 0 exactly, which W a − W⁺ low − W⁻ high would miss by rounding.
  const Explicit layer = dense(Eigen::RowVector3d(0.1, 0.7, -0.3));
  const Batch<float> a = Eigen::Vector3f(-0.3F, -0.3F, 0.9F), up = Batch<float>::Constant(1, 1, 3);
  const auto found = step(layer_of<float>(layer), ZBox{{double(-0.3F)}, {double(0.9F)}}, Form::R, a, a, up);
  CHECK(found.down == Eigen::Vector3f(0, 0, 0));
  CHECK(found.books.stabiliser(0) == Approx(3).epsilon(1e-6));
}

TEST_CASE("ZBox refuses bounds that make no box, sizes that do not fit, and says its name and parameters") {
  CHECK_THROWS_WITH((ZBox{{}, {1}}.check()), Contains("ZBox: low: expected one number") && Contains("none"));
  CHECK_THROWS_WITH((ZBox{{0}, {}}.check()), Contains("ZBox: high: expected one number"));
  CHECK_THROWS_WITH((ZBox{{0, std::nan("")}, {1}}.check()),
                    Contains("low: expected finite numbers, found nan at entry 1"));
  CHECK_THROWS_WITH((ZBox{{0, 2}, {1}}.check()), Contains("low <= high, found 2 and 1 at entry 1"));
  CHECK_THROWS_WITH((ZBox{{0, 0}, {1, 1, 1}}.check()), Contains("found 2 and 3"));
  CHECK_THROWS_WITH((ZBox{{0}, {1}, -1}.check()), Contains("epsilon"));
  CHECK_NOTHROW(ZBox{{0, -1}, {1}}.check());

  const Explicit layer = dense(numbers(4, 6, 1));
  const Matrix a = numbers(6, 1, 2), up = numbers(4, 1, 3);
  const auto run = [&](const ZBox& rule) { step(layer_of<double>(layer), rule, Form::R, a, a, up); };
  CHECK_THROWS_WITH(run(ZBox{Bounds(4, -2), {2}}),
                    Contains("low: expected a size that divides the layer's 6 inputs, found 4"));
  CHECK_THROWS_WITH(run(ZBox{{-2}, Bounds(12, 2)}),
                    Contains("high: expected a size that divides the layer's 6 inputs, found 12"));
  CHECK_NOTHROW(run(ZBox{Bounds(2, -2), Bounds(6, 2)}));

  CHECK(std::string(ZBox::name) == "ZBox");
  CHECK(ascribe::parameters_text(ZBox{{-1}, {1}}) == "low -1, high 1, epsilon 1e-06");
  CHECK(ascribe::parameters_text(ZBox{{-2.1, -2}, Bounds(12, 2.5)}) ==
        "low [-2.1 -2], high [2.5 2.5 2.5 2.5 ... 12 numbers], epsilon 1e-06");
}
