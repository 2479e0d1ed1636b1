#include "examples/support/drawing.hpp"

#include <string>
#include <vector>

#include "ascribe/core/error.hpp"
#include "examples/support/markup.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/explain.hpp"

namespace {

using namespace examples;
using ascribe::Picture;
using ascribe::test::bytes_of;
using ascribe::test::count_of;
using ascribe::test::explain;
using ascribe::test::of_repository;
using ascribe::test::TemporaryFolder;

constexpr Rgb red{200, 0, 0}, green{0, 200, 0};

TEST_CASE("A drawing becomes the pixels that a canvas has", "[drawing]") {
  Drawing inner(30, 20);
  fill_rectangle(inner, 2, 2, 5, 5, red);
  draw_text(inner, 8, 1, "abc", {12});
  Drawing drawing(60, 40);
  fill_rectangle(drawing, 0, 0, 60, 40, green);
  paste(drawing, inner, 10, 10);
  paste(drawing, make_canvas(4, 4, red), 58, 1);

  Picture canvas = make_canvas(60, 40, green);
  fill_rectangle(canvas, 10, 10, 30, 20, white);  // what is pasted is on white
  fill_rectangle(canvas, 12, 12, 5, 5, red);
  draw_text(canvas, 18, 11, "abc", {12});
  paste(canvas, make_canvas(4, 4, red), 58, 1);
  CHECK(pixels_of(drawing).rgb == canvas.rgb);
}

TEST_CASE("A drawing becomes SVG, whose text stays text", "[drawing]") {
  Drawing drawing(60, 40);
  fill_rectangle(drawing, 1, 2, 3, 4, red);
  draw_text(drawing, 5, 6, "<script>&\x01\xff", {12, green, true});
  paste(drawing, Picture{1, 1, {1, 2, 3}}, 7, 8);
  const std::string svg = svg_of(drawing);
  CHECK(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"60\" height=\"40\""));
  CHECK(count_of(svg, "<rect x=\"1\" y=\"2\" width=\"3\" height=\"4\" fill=\"#c80000\"/>") == 1);
  CHECK(count_of(svg, "<text x=\"5\" y=\"18\" font-size=\"12\" textLength=\"" +
                          std::to_string(text_width("<script>&\x01\xff", {12, green, true})) + "\"") == 1);
  CHECK(count_of(svg, " font-weight=\"bold\" fill=\"#00c800\">&lt;script&gt;&amp;?\?</text>") == 1);
  CHECK(count_of(svg, "<image x=\"7\" y=\"8\" width=\"1\" height=\"1\"") == 1);
  CHECK(count_of(svg, "href=\"data:image/png;base64,iVBORw0K") == 1);
}

TEST_CASE("Drawings that cannot be are refused", "[drawing]") {
  CHECK_THROWS_AS(pixels_of(Drawing(0, 5)), ascribe::Error);
  CHECK_THROWS_AS(svg_of(Drawing(5, 0)), ascribe::Error);
  CHECK_THROWS_WITH(pixels_of(Picture{2, 2, {1, 2, 3}}), Contains("2 x 2 x 3 values, found 3"));
  CHECK_THROWS_WITH(svg_of(Picture{2, 2, {1, 2, 3}}), Contains("2 x 2 x 3 values, found 3"));
}

TEST_CASE("Base64, as RFC 4648 has it", "[drawing]") {
  const std::vector<std::string> text{"", "f", "fo", "foo", "foob", "fooba", "foobar"},
      coded{"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  for (std::size_t i = 0; i < text.size(); ++i) CHECK(base64(text[i]) == coded[i]);
  CHECK(base64("\xfb\xff\xbf") == "+/+/");
}

TEST_CASE("explain draws heatmaps as SVG, in colours by name", "[drawing][explain]") {
  const TemporaryFolder folder;
  const std::string model = of_repository("examples/data/mnist_cnn.onnx"),
                    input = of_repository("tests/golden/input.npy");
  explain({model, input, "--heatmap", (folder / "h.svg").string()});
  const std::string svg = bytes_of(folder / "h.svg");
  CHECK(svg.ends_with("</svg>\n"));
  // Three panels and a scale for each of four inputs, with its ends in words.
  CHECK(count_of(svg, "<image ") == 16);
  CHECK(count_of(svg, ">0</text>") == 4);
  CHECK(count_of(svg, ">lrp_q</text>") == 4);
  explain({model, input, "--heatmap", (folder / "o.svg").string(), "--colours", "purple-orange"});
  CHECK(bytes_of(folder / "o.svg") != svg);
  CHECK(ascribe::test::run({model, input, "--heatmap", (folder / "h.pdf").string()}).exit_code == 2);
}

}  // namespace
