#include <ascribe/evaluate/common_region.hpp>

#include "tests/support/catch.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <ascribe/functions/relu.hpp>
#include <ascribe/layers/elementwise.hpp>
#include <ascribe/layers/makers.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/networks/sequential.hpp>

namespace {

using namespace ascribe;
using namespace ascribe::evaluate;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using Eigen::VectorXd;

const FeatureMaps row{1, 1, 4};

TEST_CASE("a common region is what the group looks at and the rest does not", "[evaluate]") {
  // Shares: of the group 0.5 0.25 0.25 0 and 0.3 0.5 0 0.2, of the rest 0.1 0.7 0.2 0.
  const MatrixXd relevance{{2, -3, 0, 1}, {1, 5, 0, 7}, {-1, 0, 0, 2}, {0, 2, 0, 0}};
  const std::vector<Index> group{0, 1}, rest{3};
  // Excesses 0.3, −0.325, −0.075 and 0.1.
  const CommonRegion half = common_region(relevance, row, group, rest);
  CHECK(half.pixels == std::vector<Index>{0});
  CHECK(std::abs(half.in_group - 0.4) < 1e-15);
  CHECK(std::abs(half.in_rest - 0.1) < 1e-15);
  const CommonRegion most = common_region(relevance, row, group, rest, 0.8);
  CHECK(most.pixels == std::vector<Index>{0, 3});
  CHECK(std::abs(most.in_group - 0.5) < 1e-15);
  CHECK(common_region(relevance, row, group, rest, 1).pixels.size() == 2);
  CHECK(common_region(relevance, row, group, rest, 0.74).pixels.size() == 1);
  // Zeros have no share; of what is alike there is no excess.
  const std::vector<Index> with_zeros{0, 1, 2};
  CHECK(std::abs(common_region(relevance, row, with_zeros, rest).in_group - 0.8 / 3) < 1e-15);
  CHECK(common_region(relevance, row, group, group).pixels.empty());
  // Channels of a pixel are added up before their size is taken.
  const MatrixXd channels{{1, 1}, {-1, 1}, {1, 1}, {1, 0}};
  const CommonRegion second =
      common_region(channels, {2, 1, 2}, std::vector<Index>{0}, std::vector<Index>{1});
  CHECK(second.pixels == std::vector<Index>{1});
  CHECK(second.in_group == 1);
}

/// Three logits of four features: 0, the first and third; 1, the second; 2, a constant.
auto network() {
  return Sequential(linear(MatrixXd{{3, 0, 1, 0}, {0, 1, 0, 0}, {0, 0, 0, 0}}, VectorXd{{0, 0, 0.5}}));
}

TEST_CASE("an effect is what changes where a region is replaced", "[evaluate]") {
  const MatrixXd x{{1, 0, 0}, {0, 2, 0}, {1, 1, 1}, {5, 5, 5}};  // logits: 4 0, 1 2, 1 0, and 0.5
  const VectorXd values{{0.1, 9, 9, 9}};
  const RegionEffect effect = region_effect(network(), x, row, std::vector<Index>{0}, values, 0);
  CHECK(effect.samples == 3);
  CHECK(std::abs(effect.right_before - 2.0 / 3) < 1e-15);
  CHECK(std::abs(effect.right_after - 2.0 / 3) < 1e-15);
  CHECK(std::abs(effect.margin_before - (3.5 - 1 + 0.5) / 3) < 1e-15);
  CHECK(std::abs(effect.margin_after - (0.8 - 0.7 + 0.8) / 3) < 1e-15);
  CHECK(std::abs(effect.logit_fall - (2.7 - 0.3 - 0.3) / 3) < 1e-15);
  // All channels of a pixel: features 2 and 3.
  const RegionEffect both =
      region_effect(network(), x, {2, 1, 2}, std::vector<Index>{1}, VectorXd{{7, 7, -5, 7}}, 0);
  CHECK(std::abs(both.logit_fall - 6) < 1e-15);
  CHECK(both.right_after == 0);
  CHECK(region_effect(network(), x.leftCols(0), row, std::vector<Index>{0}, values, 0).samples == 0);
}

/// A class of twelve: the first six have a tag at feature 0, the others a sign at 2 that all have a little
/// of.
struct Class {
  MatrixXd x = MatrixXd::Zero(4, 12), relevance = MatrixXd::Zero(4, 12), others = MatrixXd::Zero(4, 5);
  std::vector<Index> of = std::vector<Index>(12, 0);
  explicit Class(double tag) {
    for (Index n = 0; n < 12; ++n) {
      if (n < 6) of[std::size_t(n)] = 1, x(0, n) = tag;
      x(2, n) = 1 + 0.001 * double(n);
      relevance.col(n) = VectorXd{{3, 0, 1, 0}}.cwiseProduct(x.col(n));
    }
    others.row(1).setConstant(1);
  }
  ShortcutTest test(Index number) const {
    std::vector<Index> group, rest;
    for (Index n = 0; n < 12; ++n) (of[std::size_t(n)] == number ? group : rest).push_back(n);
    return shortcut_test(network(), x, row, common_region(relevance, row, group, rest), group, rest, others,
                         0);
  }
};

TEST_CASE("a group that hangs on a region of its own is found, and the others are not", "[evaluate]") {
  const ShortcutTest tagged = Class(0.5).test(1), plain = Class(0.5).test(0), weak = Class(0.01).test(1);
  CHECK(tagged.region.pixels == std::vector<Index>{0});
  CHECK(tagged.share == 0.5);
  CHECK((tagged.sized() && tagged.owned() && tagged.hit() && tagged.spared()));
  CHECK(tagged.found());
  CHECK(std::abs(tagged.group.logit_fall - 1.5) < 1e-15);
  CHECK(tagged.rest.logit_fall == 0);
  CHECK(tagged.others.right_before == 0);
  CHECK(tagged.others.right_after == 1);
  CHECK(std::abs(tagged.others.logit_fall + 1.5) < 1e-15);
  // What the plain ones have all have; the weak tag is theirs alone, but their answers do not hang on it.
  CHECK(plain.region.pixels == std::vector<Index>{2});
  CHECK_FALSE((plain.owned() || plain.hit() || plain.found()));
  CHECK((weak.sized() && weak.owned() && weak.spared()));
  CHECK_FALSE((weak.hit() || weak.found()));
  CHECK(weak.others.samples == 0);
}

TEST_CASE("each condition of the rule can fail alone", "[evaluate]") {
  ShortcutTest good;
  good.region = {{3}, 0.4, 0.01};
  good.share = 0.1;
  good.group = {10, 1, 0.5, 4, 1, 3};
  good.rest = {90, 1, 1, 4, 4, 0.1};
  CHECK(good.found());
  const auto with = [&](const auto& change) {
    ShortcutTest test = good;
    change(test);
    return test.found();
  };
  CHECK_FALSE(with([](ShortcutTest& t) { t.group.samples = 4; }));
  CHECK_FALSE(with([](ShortcutTest& t) { t.share = 0.6; }));
  CHECK_FALSE(with([](ShortcutTest& t) { t.region.in_rest = 0.03; }));
  CHECK_FALSE(with([](ShortcutTest& t) { t.region.pixels.clear(); }));
  CHECK_FALSE(with([](ShortcutTest& t) { t.group.margin_after = 3.7; }));
  CHECK_FALSE(with([](ShortcutTest& t) { t.group.margin_before = -1, t.group.margin_after = -9; }));
  CHECK_FALSE(with([](ShortcutTest& t) { t.rest.logit_fall = 0.7; }));
  CHECK_FALSE(with([](ShortcutTest& t) { t.rest.logit_fall = -0.7; }));
  CHECK_FALSE(with([](ShortcutTest& t) { t.group.margin_after = std::nan(""); }));
  CHECK_FALSE(good.found({.own = 50}));
}

TEST_CASE("regions of nothing are refused", "[evaluate]") {
  const MatrixXd relevance = MatrixXd::Ones(4, 3);
  const std::vector<Index> none, one{0}, two{1, 2}, beyond{3};
  CHECK_THROWS_WITH(common_region(relevance, {1, 2, 3}, one, two),
                    Contains("6 features as the image has, found 4"));
  CHECK_THROWS_WITH(common_region(relevance, row, none, two), Contains("samples in the group, found none"));
  CHECK_THROWS_WITH(common_region(relevance, row, one, none), Contains("samples in the rest, found none"));
  CHECK_THROWS_WITH(common_region(relevance, row, beyond, two), Contains("samples in [0, 3), found 3"));
  CHECK_THROWS_WITH(common_region(relevance, row, one, two, 0), Contains("a part in (0, 1], found 0"));
  MatrixXd broken = relevance;
  broken(2, 1) = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH(common_region(broken, row, one, two), Contains("of sample 1 is NaN or infinite"));
  const VectorXd values = VectorXd::Zero(4);
  CHECK_THROWS_WITH(region_effect(network(), relevance, row, one, values, 3), Contains("in [0, 3), found 3"));
  CHECK_THROWS_WITH(region_effect(network(), relevance, row, std::vector<Index>{4}, values, 0),
                    Contains("pixels in [0, 4), found 4"));
  CHECK_THROWS_WITH(region_effect(network(), relevance.topRows(3), row, one, values, 0),
                    Contains("4 features, found 3 and 4 x 1"));
  CHECK_THROWS_WITH(shortcut_test(network(), relevance, row, {}, one, none, relevance, 0),
                    Contains("in the group and in the rest, found 1 and 0"));
  CHECK_THROWS_WITH(shortcut_test(network(), relevance, row, {}, one, beyond, relevance, 0),
                    Contains("samples in [0, 3), found 3"));
}

}  // namespace
