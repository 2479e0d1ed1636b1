#include "examples/support/figure.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "ascribe/core/error.hpp"
#include "tests/support/catch.hpp"

namespace {

using ascribe::Picture;
using namespace examples;

Rgb at(const Picture& picture, int x, int y) {
  const auto place = 3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.width) +
                          static_cast<std::size_t>(x));
  return {picture.rgb[place], picture.rgb[place + 1], picture.rgb[place + 2]};
}

/// The bar of `shares`, one pixel high and 100 wide.
Picture bar(const Shares& shares) {
  Drawing canvas(100, 1);
  draw_shares(canvas, 0, 0, 100, 1, shares);
  return pixels_of(canvas);
}

constexpr Rgb red{200, 0, 0}, green{0, 200, 0};

Panel panel(int width, int height, Rgb colour) {
  return {"", make_canvas(width, height, colour), "", {}, {}};
}

/// Whether all of the rectangle has the colour.
bool filled(const Picture& picture, int x, int y, int width, int height, Rgb colour) {
  for (int row = y; row < y + height; ++row) {
    for (int column = x; column < x + width; ++column) {
      if (at(picture, column, row) != colour) return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("Each share has its part of the bar", "[figure]") {
  const Picture found = bar({5, 2.5, 1.5, 1});
  CHECK(filled(found, 0, 0, 50, 1, share_colours[0]));
  CHECK(filled(found, 50, 0, 25, 1, share_colours[1]));
  CHECK(filled(found, 75, 0, 15, 1, share_colours[2]));
  CHECK(filled(found, 90, 0, 10, 1, share_colours[3]));
}

TEST_CASE("Negative shares lie to the left of the tick", "[figure]") {
  // |−3| + |6| + |−1| = 10: 40 pixels for what is negative, the first share next to the tick.
  const Picture found = bar({-3, 6, 0, -1});
  CHECK(filled(found, 0, 0, 10, 1, share_colours[3]));
  CHECK(filled(found, 10, 0, 29, 1, share_colours[0]));
  CHECK(filled(found, 41, 0, 59, 1, share_colours[1]));
  CHECK(at(found, 39, 0) == at(found, 40, 0));  // the tick
  CHECK(at(found, 39, 0) != share_colours[0]);
}

TEST_CASE("A bar of nothing is pale, and shares must be numbers", "[figure]") {
  const Picture none = bar({});
  CHECK(filled(none, 0, 0, 100, 1, at(none, 0, 0)));
  for (const Rgb& colour : share_colours) CHECK(at(none, 0, 0) != colour);
  // Tiny and huge amounts as well as any.
  CHECK(filled(bar({5e-300, 5e-300, 0, 0}), 50, 0, 50, 1, share_colours[1]));
  CHECK(filled(bar({5e300, 5e300, 0, 0}), 50, 0, 50, 1, share_colours[1]));
  CHECK_THROWS_WITH(bar({1, std::numeric_limits<double>::quiet_NaN(), 0, 0}), Contains("finite"));
  Drawing canvas(5, 5);
  CHECK_THROWS_AS(draw_shares(canvas, 0, 0, 0, 3, {}), ascribe::Error);
}

TEST_CASE("Panels stand in columns, with a margin around it all and gaps between", "[figure]") {
  const std::vector<Row> rows{{"", "", {panel(30, 10, red), panel(20, 10, green)}, {}},
                              {"", "", {panel(10, 15, green)}, {}}};
  const Picture found = figure(rows);
  const int margin = 20, gap = 14;
  CHECK(found.width == margin + 30 + gap + 20 + margin);
  CHECK(found.height == margin + 10 + gap + 15 + margin);
  CHECK(filled(found, margin, margin, 30, 10, red));
  CHECK(filled(found, margin + 30 + gap, margin, 20, 10, green));
  CHECK(filled(found, margin, margin + 10 + gap, 10, 15, green));
  // A frame of one pixel, then white.
  CHECK(at(found, margin - 1, margin - 1) != white);
  CHECK(filled(found, 0, 0, found.width, margin - 1, white));
  CHECK(filled(found, margin + 31, margin, gap - 2, 10, white));
}

TEST_CASE("Titles, captions, bars and notes take the space that they need", "[figure]") {
  const auto height = [](const Row& row) { return figure(std::vector<Row>{row}).height; };
  Row row{"", "", {panel(100, 10, red)}, {}};
  const int plain = height(row);
  CHECK(plain == 50);
  row.panels[0].caption = "lrp";
  const int captioned = height(row);
  CHECK(captioned == plain + line_height({13}) + 3);
  row.panels[0].caption = "guided_backpropagation";  // two lines
  CHECK(height(row) == captioned + line_height({13}));
  row.panels[0].caption.clear();
  row.panels[0].note = "cat.jpg";
  CHECK(height(row) == plain + line_height({12}) + 3);
  row.panels[0].note.clear();
  row.title = "espresso";
  CHECK(height(row) == plain + line_height({18}) + 6);
  row.title.clear();
  row.shares = Shares{1, 0, 0, 0};
  const Picture found = figure(std::vector<Row>{row});
  CHECK(found.height > plain + 20);
  CHECK(filled(found, 20, 20 + 10 + 10, 100, 9, share_colours[0]));
}

TEST_CASE("A panel's bar lies under its picture, with a legend for all", "[figure]") {
  Row row{"", "", {panel(100, 10, red)}, {}};
  row.panels[0].shares = Shares{1, 1, 0, 0};
  const Picture found = figure(std::vector<Row>{row});
  CHECK(filled(found, 20, 35, 50, 9, share_colours[0]));
  CHECK(filled(found, 70, 35, 50, 9, share_colours[1]));
  CHECK(found.height == 20 + 10 + 5 + 9 + 14 + line_height({12}) + 20);
}

TEST_CASE("A heatmap's scale runs from blue over white to red", "[figure]") {
  Row row{"", "", {panel(101, 10, green)}, {}};
  row.panels[0].scale = 0.5;
  const Picture found = figure(std::vector<Row>{row});
  const auto colour = [](double value) {
    ascribe::HeatmapOptions options;
    options.scale = 1;
    const Picture one = ascribe::heatmap(std::vector<double>{value}, 1, 1, 1, options);
    return Rgb{one.rgb[0], one.rgb[1], one.rgb[2]};
  };
  CHECK(at(found, 20, 38) == colour(-1));
  CHECK(at(found, 70, 38) == white);
  CHECK(at(found, 120, 38) == colour(1));
}

TEST_CASE("Figures that cannot be are refused", "[figure]") {
  CHECK_THROWS_WITH(figure({}), Contains("at least one row"));
  CHECK_THROWS_WITH(figure(std::vector<Row>{{"espresso", "", {}, {}}}), Contains("espresso"));
  const std::vector<Row> broken{{"", "", {{"", Picture{2, 2, {1, 2, 3}}, "", {}, {}}}, {}}};
  CHECK_THROWS_AS(figure(broken), ascribe::Error);
}

TEST_CASE("Footers are shortened and counted", "[figure]") {
  const std::vector<Row> rows{{"", "", {panel(60, 10, red)}, {}}};
  const std::vector<std::string> footer{"a line that is much too long for this figure", "b"};
  const Picture found = figure(rows, footer);
  CHECK(found.width == 100);
  CHECK(found.height == 20 + 10 + 14 + 2 * line_height({12}) + 2 + 20);
  CHECK(filled(found, 81, 0, 19, found.height, white));
}

TEST_CASE("An input is explained by image, heatmap and overlay of one size", "[figure]") {
  Explained explained;
  explained.image = make_canvas(28, 28, {90, 90, 90});
  explained.relevance.assign(28 * 28, 0.0);
  explained.relevance[0] = 3;
  explained.relevance[1] = -3;
  explained.channels = 1;
  explained.method = "lrp_q";
  const Row row = explained_row(explained, {});
  REQUIRE(row.panels.size() == 3);
  for (const Panel& part : row.panels) {
    CHECK(part.picture.width == 224);
    CHECK(part.picture.height == 224);
  }
  CHECK(row.panels[1].caption == "lrp_q");
  CHECK(row.panels[1].scale == 3.0);
  CHECK(at(pixels_of(row.panels[0].picture), 0, 0) == Rgb{90, 90, 90});
  const Picture heat = pixels_of(row.panels[1].picture), over = pixels_of(row.panels[2].picture);
  CHECK(at(heat, 20, 20) == white);
  // Full relevance covers the image; none leaves it, paled: 255 − (255 − 90)·5/8.
  CHECK(at(over, 7, 7) == at(heat, 7, 7));
  CHECK(at(over, 8, 7) == at(heat, 8, 7));
  CHECK(at(heat, 7, 7)[0] > at(heat, 7, 7)[2]);
  CHECK(at(heat, 8, 7)[0] < at(heat, 8, 7)[2]);
  CHECK(at(over, 30, 30) == Rgb{152, 152, 152});
}

TEST_CASE("The top values are the largest above 0, rounded up", "[figure]") {
  const std::vector<double> values{3, -5, 1, 2, 0, 2, -1, 0, 0, 0};
  const auto top = [&](double percent) {
    std::string text;
    for (const bool is : top_values(values, percent)) text += is ? '1' : '0';
    return text;
  };
  CHECK(top(1) == "1000000000");
  CHECK(top(10) == "1000000000");
  CHECK(top(10.1) == "1001010000");  // equals are taken together
  CHECK(top(40) == "1011010000");
  CHECK(top(100) == "1011010000");
  CHECK_THROWS_WITH(top(0), Contains("above 0"));
  CHECK_THROWS_AS(top(101), ascribe::Error);
}

TEST_CASE("A contour goes around the top pixels, and channels have panels of their own", "[figure]") {
  Explained explained;
  explained.image = make_canvas(28, 28, {90, 90, 90});
  explained.relevance.assign(3 * 28 * 28, 0.0);
  for (const std::size_t pixel : {29U, 30U}) explained.relevance[3 * pixel + 2] = 4;
  explained.relevance[3 * 60] = -2;
  const Row plain = explained_row(explained, {});
  RowOptions options;
  options.contour = 0.2;  // 1.6 pixels, and so two
  options.by_channel = true;
  const Row row = explained_row(explained, {}, options);
  REQUIRE(plain.panels.size() == 3);
  REQUIRE(row.panels.size() == 6);
  CHECK(row.panels[5].note == "line: the top 0.2 %");
  const Picture before = pixels_of(plain.panels[2].picture), after = pixels_of(row.panels[5].picture);
  // Pixels (1, 1) and (1, 2), of 8 × 8 each: a line around both, none between, and nothing inside.
  for (int i = 8; i <= 24; ++i) {
    CHECK(at(after, i, 8) == Rgb{34, 34, 34});
    CHECK(at(after, i, 16) == Rgb{34, 34, 34});
  }
  CHECK(at(after, 8, 12) == Rgb{34, 34, 34});
  CHECK(at(after, 24, 12) == Rgb{34, 34, 34});
  CHECK(at(after, 7, 12) == white);
  CHECK(at(after, 25, 12) == white);
  CHECK(at(after, 16, 12) == at(before, 16, 12));
  CHECK(filled(after, 10, 10, 6, 5, at(before, 12, 12)));
  // Where nothing is on top there is no line.
  explained.relevance.assign(3 * 28 * 28, -1.0);
  CHECK(pixels_of(explained_row(explained, {}, options).panels[5].picture).rgb ==
        pixels_of(explained_row(explained, {}).panels[2].picture).rgb);

  CHECK(row.panels[2].caption == "channel 0");
  CHECK(row.panels[4].caption == "channel 2");
  for (std::size_t p = 2; p < 5; ++p) CHECK(row.panels[p].scale == 4.0);
  const Picture first = pixels_of(row.panels[2].picture), last = pixels_of(row.panels[4].picture);
  CHECK(at(first, 12, 12) == white);
  CHECK(at(last, 12, 12) == Rgb{130, 0, 30});
  CHECK(at(first, 8 * 4 + 1, 8 * 2 + 1) == Rgb{90, 150, 225});  // −2 of 4
}

TEST_CASE("Small images are enlarged by a whole factor, large ones stay", "[figure]") {
  for (const auto& [width, height, factor] : std::vector<std::array<int, 3>>{
           {28, 28, 8}, {224, 224, 1}, {500, 300, 1}, {32, 16, 7}, {64, 64, 4}, {100, 100, 2}}) {
    Explained explained;
    explained.image = make_canvas(width, height);
    explained.relevance.assign(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height), 0.0);
    const Row row = explained_row(explained, {});
    CHECK(row.panels[2].picture.width == width * factor);
    CHECK(row.panels[2].picture.height == height * factor);
    CHECK(figure(std::vector<Row>{row}).width == 3 * width * factor + 2 * 14 + 2 * 20);
  }
  Explained wrong;
  wrong.image = make_canvas(2, 2);
  wrong.relevance.assign(5, 0.0);
  CHECK_THROWS_AS(explained_row(wrong, {}), ascribe::Error);
}
