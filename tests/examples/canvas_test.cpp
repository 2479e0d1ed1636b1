#include "examples/support/canvas.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "ascribe/core/error.hpp"
#include "tests/support/catch.hpp"

namespace {

using ascribe::Picture;
using namespace examples;

/// How many pixels are not white.
long marked(const Picture& canvas) {
  long count = 0;
  for (std::size_t i = 0; i < canvas.rgb.size(); i += 3) {
    if (canvas.rgb[i] != 255 || canvas.rgb[i + 1] != 255 || canvas.rgb[i + 2] != 255) ++count;
  }
  return count;
}

Picture written(const std::string& text, const TextStyle& style = {}) {
  Picture canvas = make_canvas(300, 40);
  draw_text(canvas, 10, 10, text, style);
  return canvas;
}

}  // namespace

TEST_CASE("Rectangles and pictures are clipped at the edges", "[canvas]") {
  Picture canvas = make_canvas(4, 3);
  CHECK(canvas.rgb == std::vector<unsigned char>(36, 255));
  fill_rectangle(canvas, -2, -2, 3, 4, black);
  CHECK(marked(canvas) == 2);
  CHECK(canvas.rgb[0] == 0);
  CHECK(canvas.rgb[12] == 0);
  fill_rectangle(canvas, 3, 2, 100, 100, {1, 2, 3});
  CHECK(marked(canvas) == 3);
  CHECK(canvas.rgb[35] == 3);
  fill_rectangle(canvas, 1, 1, -1, 2, black);
  paste(canvas, make_canvas(2, 2, {9, 9, 9}), 4, 0);
  paste(canvas, make_canvas(2, 2, {9, 9, 9}), -2, 0);
  CHECK(marked(canvas) == 3);
  paste(canvas, {2, 2, {10, 10, 10, 20, 20, 20, 30, 30, 30, 40, 40, 40}}, -1, -1);
  CHECK(canvas.rgb[0] == 40);
  CHECK(marked(canvas) == 3);
  CHECK_THROWS_WITH(make_canvas(0, 2), Contains("found 0 and 2"));
}

TEST_CASE("Text stays in its box and takes its colour", "[canvas]") {
  const TextStyle style{16, {200, 0, 0}, true};
  const Picture canvas = written("Agj|Ä", style);
  CHECK(marked(canvas) > 60);
  const int width = text_width("Agj|Ä", style);
  for (int y = 0; y < canvas.height; ++y) {
    for (int x = 0; x < canvas.width; ++x) {
      const auto at = 3 * (static_cast<std::size_t>(y) * 300 + static_cast<std::size_t>(x));
      const bool inside = x >= 8 && x < 10 + width + 2 && y >= 10 && y < 10 + line_height(style);
      if (!inside) CHECK(canvas.rgb[at + 1] == 255);
      // White to the colour: red falls from 255 to 200 while green falls to 0.
      CHECK(int(canvas.rgb[at]) >= 200);
      CHECK(canvas.rgb[at + 1] == canvas.rgb[at + 2]);
    }
  }
  CHECK(std::count(canvas.rgb.begin(), canvas.rgb.end(), 0) > 0);
}

TEST_CASE("Text is clipped at the edges", "[canvas]") {
  Picture canvas = make_canvas(20, 8);
  draw_text(canvas, -5, -5, "WWWWWWWW");
  CHECK(marked(canvas) > 0);
  draw_text(canvas, 100, 100, "W");
  draw_text(canvas, -100, -100, "W");
}

TEST_CASE("A letter is wider than none, bold wider than not, large wider than small", "[canvas]") {
  CHECK(text_width("") == 0);
  CHECK(text_width("ab") > text_width("a"));
  CHECK(text_width("relevance", {13, black, true}) > text_width("relevance"));
  CHECK(text_width("relevance", {26}) > text_width("relevance") * 19 / 10);
  CHECK_THROWS_WITH(text_width("a", {0}), Contains("4 to 256") && Contains("found 0"));
  CHECK_THROWS_AS(written("a", {300}), ascribe::Error);
}

TEST_CASE("What the font or UTF-8 does not know is a question mark", "[canvas]") {
  const auto question = written("?").rgb;
  CHECK(written("\u4e2d").rgb == question);             // no such letter in the font
  CHECK(written("\xff").rgb == question);               // never in UTF-8
  CHECK(written("\xc3").rgb == question);               // cut short
  CHECK(written("\xc0\x80").rgb == written("??").rgb);  // overlong
  CHECK(written("\n").rgb == question);                 // a line is a line
  CHECK(written("\xe2\x80").rgb == written("??").rgb);
  CHECK(written("\u00e9").rgb != question);
  CHECK(written("\u2212").rgb != question);
  CHECK(text_width("\u00e9") == text_width("e"));
}

TEST_CASE("Long text is shortened to what fits", "[canvas]") {
  CHECK(shortened("espresso", 1000) == "espresso");
  const std::string cut = shortened("espresso", text_width("espr\u2026"));
  CHECK(cut == "espr\u2026");
  CHECK(shortened("espresso", 1).empty());
  // Never through the middle of a letter.
  for (int width = 0; width < 60; ++width) {
    const std::string some = shortened("\u00e9\u00e9\u00e9\u00e9", width);
    CHECK(text_width(some) <= width);
    CHECK(some.size() % 2 == (some.empty() || width >= text_width("\u00e9\u00e9\u00e9\u00e9") ? 0 : 1));
  }
}

TEST_CASE("Text wraps behind spaces and underscores", "[canvas]") {
  const int width = text_width("gradient_times_");
  CHECK(wrapped("gradient_times_input", width) == std::vector<std::string>{"gradient_times_", "input"});
  CHECK(wrapped("gradient_times_input", 1000) == std::vector<std::string>{"gradient_times_input"});
  CHECK(wrapped("", width).empty());
  // The space at the end of a line takes no room.
  CHECK(wrapped("Egyptian cat", text_width("Egyptian")) == std::vector<std::string>{"Egyptian", "cat"});
  CHECK(wrapped("incomprehensible_a", text_width("incom\u2026"))[0] == "incom\u2026");
}
