#include <ascribe/evaluate/similarity.hpp>

#include "tests/support/catch.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

namespace {

using namespace ascribe;
using namespace ascribe::evaluate;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Multiples of 1/8 in −1 … 1: many are equal.
VectorXd eighths(Index count, std::uint64_t state) {
  return VectorXd::NullaryExpr(count, [&] {
    state = (state * 1103515245 + 12345) % 2147483648;
    return (double(state / 65536 % 17) - 8) / 8;
  });
}

TEST_CASE("equal numbers share the mean of their ranks", "[evaluate]") {
  const Eigen::ArrayXd values{{3, 1, 3, -2, 3, 7}};
  CHECK((ranks(values) == Eigen::ArrayXd{{4, 2, 4, 1, 4, 6}}).all());
  CHECK((ranks(Eigen::ArrayXd{{5, 5}}) == 1.5).all());
  CHECK(ranks(Eigen::ArrayXd()).size() == 0);
}

TEST_CASE("similarities are what scipy and scikit-image say", "[evaluate]") {
  // Two channels of 9 x 8 pixels, channel by channel. scipy 1.17.1 (pearsonr, spearmanr, 1 - cosine) and
  // scikit-image 0.26.0 (structural_similarity, data_range that of both, channel_axis=0).
  const VectorXd a = eighths(144, 1), b = (eighths(144, 2) + a) / 2;
  const FeatureMaps image{2, 9, 8, false};
  const auto is = [](const PerSample& found, double expected) {
    return found.size() == 1 && std::abs(found(0) - expected) <= 1e-13;
  };
  CHECK(is(cosine(a, b), 0.6518369937052125));
  CHECK(is(pearson(a, b), 0.6528011649760632));
  CHECK(is(spearman(a, b), 0.6313539403060006));
  CHECK(is(ssim(a, b, image), 0.5236631578940145));
  CHECK(is(ssim(a, b, image, Sign::kept, 3), 0.19633602675799308));
  CHECK(std::abs(ssim(a, 3 * b, image)(0) - ssim(3 * b, a, image)(0)) <= 1e-15);
  CHECK(is(cosine(a, b, Sign::dropped), 0.7659709912078343));
  CHECK(is(pearson(a, b, Sign::dropped), 0.2862100533247782));
  CHECK(is(spearman(a, b, Sign::dropped), 0.18421706575549499));
  CHECK(is(ssim(a, b, image, Sign::dropped), 0.2539603587561458));
  CHECK(is(ssim(a, b, image, Sign::dropped, 3), 0.15778037026492506));
}

TEST_CASE("where the channels lie does not matter to SSIM", "[evaluate]") {
  const FeatureMaps apart{2, 9, 8, false}, together{2, 9, 8, true};
  const VectorXd a = eighths(144, 3), b = eighths(144, 4);
  VectorXd a_together(144), b_together(144);
  for (Index c = 0; c < 2; ++c)
    for (Index p = 0; p < 72; ++p) {
      a_together(together.feature(c, p)) = a(apart.feature(c, p));
      b_together(together.feature(c, p)) = b(apart.feature(c, p));
    }
  CHECK(ssim(a, b, apart)(0) == ssim(a_together, b_together, together)(0));
}

TEST_CASE("a sample's similarity is its own", "[evaluate]") {
  MatrixXd a(63, 3), b(63, 3);
  for (Index n = 0; n < 3; ++n)
    a.col(n) = eighths(63, std::uint64_t(5 + n)), b.col(n) = eighths(63, std::uint64_t(9 + n));
  b.col(1) = -a.col(1);
  b.col(2) = 3 * a.col(2);
  const FeatureMaps image{1, 7, 9};
  const PerSample found[] = {cosine(a, b), pearson(a, b), spearman(a, b), ssim(a, b, image)};
  const PerSample alone[] = {cosine(a.col(0), b.col(0)), pearson(a.col(0), b.col(0)),
                             spearman(a.col(0), b.col(0)), ssim(a.col(0), b.col(0), image)};
  for (int k = 0; k < 4; ++k) CHECK(found[k](0) == alone[k](0));
  for (int k = 0; k < 3; ++k) {
    CHECK(std::abs(found[k](1) + 1) <= 1e-15);
    CHECK(std::abs(found[k](2) - 1) <= 1e-15);
  }
  // The opposite heatmap is the same one without its signs.
  CHECK(std::abs(spearman(a, b, Sign::dropped)(1) - 1) <= 1e-15);
  CHECK(spearman(a.cast<float>(), b.cast<float>())(0) == found[2](0));
}

TEST_CASE("a constant heatmap has no correlation, and an empty one no cosine", "[evaluate]") {
  const VectorXd a = eighths(49, 1), constant = VectorXd::Constant(49, 0.1), zero = VectorXd::Zero(49);
  CHECK(std::isnan(pearson(a, constant)(0)));
  CHECK(std::isnan(spearman(constant, a)(0)));
  CHECK(std::isnan(cosine(a, zero)(0)));
  // Whose mean is not itself, for some.
  for (Index count = 2; count < 40; ++count)
    CHECK(std::isnan(pearson(eighths(count, 1), VectorXd::Constant(count, 0.1))(0)));
  CHECK(std::isfinite(cosine(a, constant)(0)));
  CHECK(std::isnan(ssim(zero, zero, {1, 7, 7})(0)));
  CHECK(ssim(zero, a, {1, 7, 7})(0) < 0.1);
  // No size is too large or too small.
  CHECK(std::abs(cosine(1e300 * a, 1e-300 * a)(0) - 1) <= 1e-14);
}

TEST_CASE("what cannot be compared is an error", "[evaluate]") {
  MatrixXd a = MatrixXd::Zero(9, 2);
  CHECK_THROWS_WITH(cosine(a, MatrixXd::Zero(9, 1)),
                    Contains("cosine: expected two relevances of one shape") && Contains("9 x 2 and 9 x 1"));
  CHECK_THROWS_WITH(pearson(MatrixXd(0, 1), MatrixXd(0, 1)), Contains("at least 1 feature"));
  a(4, 1) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(spearman(a, a), Contains("spearman: the relevance of feature 4 of sample 1 is nan"));
  CHECK_THROWS_WITH(ssim(a, a, {1, 3, 4}), Contains("expected 12 features as the image has, found 9"));
  CHECK_THROWS_WITH(ssim(a, a, {1, 3, 3}), Contains("an odd window of 3 to 3 pixels, found 7"));
  CHECK_THROWS_WITH(ssim(a, a, {1, 3, 3}, Sign::kept, 2), Contains("found 2"));
}

}  // namespace
