#include <ascribe/evaluate/class_erasing.hpp>

#include "tests/support/catch.hpp"

#include <array>
#include <cmath>
#include <vector>

#include <ascribe/compiled.hpp>
#include <ascribe/layers/makers.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/networks/sequential.hpp>

#include "tests/support/image_network.hpp"
#include "tests/support/random.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::evaluate;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Five pixels; classes 0 and 1 differ by (3, −1, 2, 1, 0)·x.
const MatrixXd weights{{1, 0, 1, 1, 5}, {-2, 1, -1, 0, 5}};
const std::array<Index, 5> pixels{0, 1, 2, 3, 4};

TEST_CASE("what speaks most for one class over another is erased, up to a fraction", "[evaluate]") {
  const Sequential net(linear(weights, VectorXd{{0.5, 0.25}}));
  const MatrixXd x{{1, 1}, {1, 1}, {1, -1}, {1, 1}, {1, 1}}, base = MatrixXd::Zero(5, 1);
  const MatrixXd a = net.explain(x, 0, method::GradientTimesInput()).relevance,
                 b = net.explain(x, 1, method::GradientTimesInput()).relevance;
  const auto at = [&](double fraction) {
    return class_erasing(net, x, a, b, 0, 1, Segments(pixels), base, fraction);
  };
  // 5 + 0.25 and 1 + 0.25 before: two pixels of 3 and 2; of 3 and 1, since the third speaks for the other.
  const auto two = at(0.4);
  CHECK(two.before == Eigen::Vector2d(5.25, 1.25));
  CHECK(two.after == Eigen::Vector2d(0.25, -2.75));
  CHECK(two.change() == Eigen::Vector2d(5, 4));
  CHECK(two.erased == std::vector<Index>{2, 2});
  // Those that do not speak for the class stay.
  CHECK(at(1).erased == std::vector<Index>{3, 2});
  CHECK(at(1).change() == Eigen::Vector2d(6, 4));
  CHECK(at(0).change() == Eigen::Vector2d(0, 0));
  CHECK(at(0.5).erased == std::vector<Index>{3, 2});  // 2.5, to the nearest
  // By default a fifth, as in the paper: one of five.
  CHECK(class_erasing(net, x, a, b, 0, 1, Segments(pixels), base).change() == Eigen::Vector2d(3, 3));
  // The other way round, the second pixel speaks for class 1.
  CHECK(class_erasing(net, x, b, a, 1, 0, Segments(pixels), base).change() == Eigen::Vector2d(1, 2));
  // Each sample's own baseline.
  const MatrixXd own{{0, 1}, {0, 0}, {0, 0}, {0, 0}, {0, 0}};
  CHECK(class_erasing(net, x, a, b, 0, 1, Segments(pixels), own).change() == Eigen::Vector2d(3, 0));
}

TEST_CASE("erasing in a sample does not depend on those beside it", "[evaluate]") {
  const test::ImageNetwork model;
  const MatrixXd x = model.x.replicate(1, 4) + 0.3 * test::Random(8).matrix(60, 4),
                 a = test::Random(9).matrix(60, 4), b = test::Random(10).matrix(60, 4);
  const Patches parts(model.input, 1, 1, 1, 1);
  const auto together = class_erasing(model.net, x, a, b, 0, 1, parts, model.baseline);
  for (Index n = 0; n < 4; ++n) {
    const auto alone = class_erasing(model.net, x.col(n), a.col(n), b.col(n), 0, 1, parts, model.baseline);
    CHECK(alone.before(0) == together.before(n));
    CHECK(alone.after(0) == together.after(n));
  }
}

TEST_CASE("erasing with arguments that do not fit is refused", "[evaluate]") {
  const Sequential net(linear(weights, VectorXd{{0.5, 0.25}}));
  const MatrixXd x = MatrixXd::Ones(5, 2), zero = MatrixXd::Zero(5, 1);
  const Segments parts(pixels);
  CHECK_THROWS_WITH(class_erasing(net, x, x, x, 1, 1, parts, zero), Contains("two classes, found 1 twice"));
  CHECK_THROWS_WITH(class_erasing(net, x, x, x, 0, 2, parts, zero), Contains("[0, 2), found 2"));
  CHECK_THROWS_WITH(class_erasing(net, x, x, x, 0, 1, parts, zero, 1.5), Contains("[0, 1], found 1.5"));
  CHECK_THROWS_WITH(class_erasing(net, x, x, MatrixXd(x.leftCols(1)), 0, 1, parts, zero),
                    Contains("one shape, found 5 x 2 and 5 x 1"));
  CHECK_THROWS_WITH(class_erasing(net, x, zero, zero, 0, 1, parts, zero),
                    Contains("relevances of 5 features"));
  CHECK_THROWS_WITH(class_erasing(net, x, x, x, 0, 1, parts, MatrixXd::Zero(4, 1)),
                    Contains("replacements of 5 features"));
}

}  // namespace
