#include "ascribe/heatmap.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/catch.hpp"

namespace {

using ascribe::ChannelReduction;
using ascribe::Colours;
using ascribe::enlarge;
using ascribe::grey;
using ascribe::heatmap;
using ascribe::heatmap_scale;
using ascribe::HeatmapOptions;
using ascribe::overlay;
using ascribe::Picture;
using ascribe::picture;
using Bytes = std::vector<unsigned char>;

/// The picture of one row of one-channel pixels.
Bytes row(const std::vector<double>& relevance, const HeatmapOptions& options = {}) {
  return heatmap(relevance, 1, static_cast<int>(relevance.size()), 1, options).rgb;
}

HeatmapOptions with_scale(double scale) {
  HeatmapOptions options;
  options.scale = scale;
  return options;
}

HeatmapOptions with_percentile(double percentile) {
  HeatmapOptions options;
  options.percentile = percentile;
  return options;
}

}  // namespace

TEST_CASE("heatmap: diverging colours, by hand") {
  // Scale 4: strengths 1, 1/2, 1/4, 0, −1/4, −1/2, −1. A quarter lies half-way between white and the middle:
  // (255 + 240)/2 = 247.5, (255 + 120)/2 = 187.5, (255 + 90)/2 = 172.5, and halves round up.
  CHECK(row({4, 2, 1, 0, -1, -2, -4}) == Bytes{130, 0,   30,  240, 120, 90,  248, 188, 173, 255, 255,
                                               255, 173, 203, 240, 90,  150, 225, 20,  50,  140});
}

TEST_CASE("heatmap: sequential colours are of the magnitude, by hand") {
  HeatmapOptions options;
  options.colours = Colours::sequential;
  // Three quarters: (230 + 50)/2, (110 + 0)/2, (50 + 40)/2.
  CHECK(row({0, 2, -2, 3, -4}, options) ==
        Bytes{255, 255, 255, 230, 110, 50, 230, 110, 50, 140, 55, 45, 50, 0, 40});
}

TEST_CASE("heatmap: the corners of ColorBrewer's maps are those of matplotlib 3's PuOr and BrBG") {
  HeatmapOptions options;
  options.colours = Colours::purple_orange;
  // White in the middle; every fifth is a corner, and a tenth lies half-way from white to (254, 224, 182).
  CHECK(row({10, 8, 6, 4, 2, 1, 0, -2, -4, -6, -8, -10}, options) ==
        Bytes{127, 59,  8,   179, 88,  6,   224, 130, 20,  253, 184, 99,  254, 224, 182, 255, 240, 219,
              255, 255, 255, 216, 218, 235, 178, 171, 210, 128, 115, 172, 84,  39,  136, 45,  0,   75});
  options.colours = Colours::teal_brown;
  CHECK(row({10, 8, 6, 4, 2, 0, -2, -4, -6, -8, -10}, options) ==
        Bytes{84,  48,  5,   140, 81,  10,  191, 129, 45,  223, 194, 125, 246, 232, 195, 255, 255,
              255, 199, 234, 229, 128, 205, 193, 53,  151, 143, 1,   102, 94,  0,   60,  48});
}

TEST_CASE("heatmap: every map has a name") {
  for (const auto& [name, colours] : ascribe::colours_by_name) {
    HeatmapOptions options;
    options.colours = colours;
    INFO(name);
    const Bytes found = row({1, 0, -1}, options);
    CHECK((found[3] == 255 && found[4] == 255 && found[5] == 255));
    CHECK((Bytes(found.begin(), found.begin() + 3) == Bytes(found.begin() + 6, found.end())) ==
          (name == "magnitude"));
  }
}

TEST_CASE("heatmap: nothing but zeros is plain white") {
  HeatmapOptions options;
  for (const auto& [name, colours] : ascribe::colours_by_name) {
    options.colours = colours;
    CHECK(row({0, -0.0, 0}, options) == Bytes(9, 255));
  }
  CHECK(heatmap_scale(std::vector<double>{0, 0}, 1, 2, 1) == 0);
}

TEST_CASE("heatmap: float and double give the same picture, in rows, H, W, C") {
  const std::vector<double> doubles{1, -1, 0, 0.5, 0.25, -0.5};
  const std::vector<float> floats(doubles.begin(), doubles.end());
  const Picture result = heatmap(doubles, 3, 2, 1);
  CHECK(result.width == 2);
  CHECK(result.height == 3);
  CHECK(result.rgb.size() == 18);
  CHECK(result.rgb == heatmap(floats, 3, 2, 1).rgb);
  CHECK(result.rgb == row(doubles));
}

TEST_CASE("heatmap: channels are summed, or the strongest is taken with its sign") {
  // Two pixels of three channels: sums 2 and −4; strongest 4 (the first of 4 and −4) and −3.
  const std::vector<double> relevance{4, -4, 2, -1, -3, 0};
  HeatmapOptions options = with_scale(4);
  CHECK(heatmap(relevance, 1, 2, 3, options).rgb == row({2, -4}, options));
  CHECK(heatmap_scale(relevance, 1, 2, 3) == 4);
  options.channels = ChannelReduction::max_absolute;
  CHECK(heatmap(relevance, 1, 2, 3, options).rgb == row({4, -3}, options));
}

TEST_CASE("heatmap: a percentile clips magnitudes at the nearest rank") {
  const std::vector<double> relevance{-1, 2, -3, 4, 5, -6, 7, 8, -9, 1000};
  const auto scale = [&](double percentile) {
    return heatmap_scale(relevance, 1, 10, 1, with_percentile(percentile));
  };
  CHECK(scale(100) == 1000);
  CHECK(scale(90.1) == 1000);
  CHECK(scale(90) == 9);
  CHECK(scale(50) == 5);
  CHECK(scale(0.001) == 1);
  // What is clipped gets the strongest colour, not a stronger one.
  CHECK(row(relevance, with_percentile(90)) == row({-1, 2, -3, 4, 5, -6, 7, 8, -9, 9}));
  // 16.1 % of 1000 is the 161st, though 16.1 has no exact double, and its product with 1000 rounds up.
  std::vector<double> many(1000);
  for (std::size_t i = 0; i < many.size(); ++i) {
    many[i] = static_cast<double>(i + 1);
  }
  CHECK(heatmap_scale(many, 10, 100, 1, with_percentile(16.1)) == 161);
}

TEST_CASE("heatmap: a percentile that falls on a zero gives way to the largest magnitude") {
  CHECK(row({0, 0, 0, 2, -4}, with_percentile(50)) == row({0, 0, 0, 2, -4}));
}

TEST_CASE("heatmap: a fixed scale is shared by pictures, and clips") {
  CHECK(row({1, -2}, with_scale(4)) == Bytes{248, 188, 173, 90, 150, 225});
  CHECK(row({8, -8}, with_scale(4)) == row({4, -4}));
}

TEST_CASE("heatmap: tiny and huge relevance has its colours") {
  const double tiny = std::numeric_limits<double>::denorm_min();
  const double huge = std::numeric_limits<double>::max();
  CHECK(row({tiny, -tiny}) == row({1, -1}));
  CHECK(row({huge, -huge}) == row({1, -1}));
}

TEST_CASE("heatmap: errors") {
  const std::vector<double> six(6, 1.0);
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double huge = std::numeric_limits<double>::max();
  SECTION("values that are not finite are named by their place") {
    for (const ChannelReduction reduction : {ChannelReduction::sum, ChannelReduction::max_absolute}) {
      HeatmapOptions options;
      options.channels = reduction;
      CHECK_THROWS_WITH(heatmap(std::vector<double>{0, 1, 2, nan}, 2, 2, 1, options),
                        Contains("found nan at row 1, column 1"));
      CHECK_THROWS_WITH(heatmap(std::vector<float>{0, 1, NAN, 9}, 1, 2, 2, options), Contains("column 1"));
      CHECK_THROWS_WITH(heatmap(std::vector<double>{-infinity, 1}, 1, 2, 1, options), Contains("found -inf"));
    }
    CHECK_THROWS_WITH(heatmap(std::vector<double>{huge, huge}, 1, 1, 2), Contains("found inf"));
  }
  SECTION("sizes") {
    CHECK_THROWS_WITH(heatmap(six, 2, 2, 1), Contains("expected 2 x 2 x 1 values, found 6"));
    CHECK_THROWS_WITH(heatmap(six, 0, 6, 1), Contains("at least 1, found 0, 6, 1"));
    CHECK_THROWS_AS(heatmap(six, -2, -3, 1), ascribe::Error);
    CHECK_THROWS_AS(heatmap(std::vector<double>{}, 1, 1, 1), ascribe::Error);
    // 2³⁰ · 2³⁰ · 16 is 0 in 64 bits.
    CHECK_THROWS_AS(heatmap(std::vector<double>{}, 1 << 30, 1 << 30, 16), ascribe::Error);
  }
  SECTION("options") {
    for (const double percentile : {0.0, -1.0, 100.5, nan}) {
      CHECK_THROWS_WITH(heatmap(six, 2, 3, 1, with_percentile(percentile)), Contains("percentile"));
    }
    for (const double scale : {0.0, -1.0, infinity, nan}) {
      CHECK_THROWS_WITH(heatmap(six, 2, 3, 1, with_scale(scale)), Contains("scale"));
    }
  }
}

TEST_CASE("picture: grey and RGB bytes") {
  const Picture from_grey = picture(Bytes{7, 200}, 2, 1, 1);
  CHECK(from_grey.width == 1);
  CHECK(from_grey.height == 2);
  CHECK(from_grey.rgb == Bytes{7, 7, 7, 200, 200, 200});
  CHECK(picture(Bytes{1, 2, 3}, 1, 1, 3).rgb == Bytes{1, 2, 3});
  CHECK_THROWS_WITH(picture(Bytes{1, 2}, 1, 1, 2), Contains("1 or 3 channels, found 2"));
  CHECK_THROWS_AS(picture(Bytes{1, 2}, 1, 1, 1), ascribe::Error);
}

TEST_CASE("grey: luma, by hand; what is grey stays") {
  // 0.299 · 200 + 0.587 · 100 + 0.114 · 50 = 124.2
  CHECK(grey({2, 1, {200, 100, 50, 9, 9, 9}}).rgb == Bytes{124, 124, 124, 9, 9, 9});
  CHECK_THROWS_AS(grey({2, 1, {1, 2, 3}}), ascribe::Error);
}

TEST_CASE("overlay: the colour weighs opacity · strength, by hand") {
  const Picture image = picture(Bytes{100, 100, 100}, 1, 3, 1);
  // Opacity 1/2: at strength 1, half-way to (130, 0, 30); at −1/2, a quarter to (90, 150, 225); at 0, the
  // image. 100 − 10/4 = 97.5, 100 + 50/4 = 112.5, 100 + 125/4 = 131.25.
  const std::vector<double> relevance{2, -1, 0};
  CHECK(overlay(image, relevance, 1, 0.5).rgb == Bytes{115, 50, 65, 98, 113, 131, 100, 100, 100});
  CHECK(overlay(image, relevance, 1, 0).rgb == image.rgb);
  const std::vector<float> same(relevance.begin(), relevance.end());
  CHECK(overlay(image, same, 1, 0.5).rgb == overlay(image, relevance, 1, 0.5).rgb);
  CHECK_THROWS_WITH(overlay(image, relevance, 1, 1.5), Contains("opacity"));
  CHECK_THROWS_WITH(overlay(image, relevance, 3, 0.5), Contains("expected 1 x 3 x 3 values, found 3"));
  CHECK_THROWS_WITH(overlay({2, 2, {1, 2, 3}}, relevance, 1, 0.5), Contains("image"));
}

TEST_CASE("enlarge: every pixel becomes a square") {
  const Picture result = enlarge({2, 2, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}, 2);
  CHECK(result.width == 4);
  CHECK(result.height == 4);
  CHECK(result.rgb == Bytes{1,  2,  3,  1,  2, 3, 4, 5, 6, 4, 5,  6,  1,  2,  3,  1,
                            2,  3,  4,  5,  6, 4, 5, 6, 7, 8, 9,  7,  8,  9,  10, 11,
                            12, 10, 11, 12, 7, 8, 9, 7, 8, 9, 10, 11, 12, 10, 11, 12});
  CHECK(enlarge({1, 1, {1, 2, 3}}, 1).rgb == Bytes{1, 2, 3});
  CHECK_THROWS_WITH(enlarge({1, 1, {1, 2, 3}}, 0), Contains("factor"));
  CHECK_THROWS_WITH(enlarge({2, 1, {1, 2, 3, 4, 5, 6}}, 1 << 30), Contains("factor"));
  CHECK_THROWS_AS(enlarge({2, 2, {1, 2, 3}}, 2), ascribe::Error);
}
