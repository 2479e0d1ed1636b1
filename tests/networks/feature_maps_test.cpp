#include <ascribe/networks/feature_maps.hpp>

#include "tests/support/catch.hpp"

#include <cmath>
#include <vector>

namespace {

using namespace ascribe;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;

TEST_CASE("feature maps lie pixel by pixel or channel by channel", "[networks]") {
  const FeatureMaps inside{3, 2, 4}, outside{3, 2, 4, false};
  CHECK(inside.size() == 24);
  CHECK(inside.positions() == 8);
  CHECK(inside.feature(2, 5) == 17);
  CHECK(outside.feature(2, 5) == 21);
  CHECK_THROWS_WITH((FeatureMaps{3, 0, 4}.check("here")), Contains("here: expected at least 1 channel"));
}

TEST_CASE("maps are resized as torch resizes them", "[networks]") {
  MatrixXd map(9, 2);
  map.col(0) << 0.019793826245439156, 0.027914737592156954, 0.022701313023893676, 0.0011207430562269315,
      0.005055876023617963, 0.0, 0.009567493438461182, 0.005306521435553692, 0.021899247705699326;
  map.col(1) = -2 * map.col(0);
  // torch 2.15.0: interpolate(size=(5, 6), mode='bilinear', align_corners=False).
  const std::vector<double> expected{0.019793826245439156,  0.021824054082118606,  0.025884509755477503,
                                     0.026611381450091134,  0.024004669165959495,  0.022701313023893676,
                                     0.012324592969754267,  0.01393624296850104,   0.017159542965994586,
                                     0.017483591677140073,  0.014908389101937494,  0.013620787814336208,
                                     0.0011207430562269315, 0.0021045262980746893, 0.004072092781770205,
                                     0.003791907017713472,  0.0012639690059044906, 0.0,
                                     0.006188793285567481,  0.005943160781870461,  0.00545189577447642,
                                     0.007189584608939448,  0.011156227285259545,  0.013139548623419593,
                                     0.009567493438461182,  0.00850225043773431,   0.006371764436280564,
                                     0.0094547030030901,    0.017751066138162918,  0.021899247705699326};
  const MatrixXd found = resized(map, 3, 3, 5, 6);
  REQUIRE(found.rows() == 30);
  for (Index p = 0; p < 30; ++p) {
    CHECK(std::abs(found(p, 0) - expected[std::size_t(p)]) <= 1e-15);
    CHECK(std::abs(found(p, 1) + 2 * expected[std::size_t(p)]) <= 2e-15);
  }
  CHECK(resized(map, 3, 3, 3, 3) == map);
  // Of one value there is one everywhere; half of the pixels are the means of two.
  CHECK(resized(MatrixXd::Constant(1, 1, 4.0), 1, 1, 2, 3) == MatrixXd::Constant(6, 1, 4.0));
  CHECK(resized((MatrixXd(4, 1) << 1, 3, 5, 9).finished(), 1, 4, 1, 2) ==
        (MatrixXd(2, 1) << 2, 7).finished());
  CHECK_THROWS_WITH(resized(map, 3, 4, 1, 1), Contains("maps of 3 x 4 for 1 x 1, found 9 values"));
  CHECK_THROWS_WITH(resized(map, 3, 3, 0, 1), Contains("for 0 x 1"));
}

}  // namespace
