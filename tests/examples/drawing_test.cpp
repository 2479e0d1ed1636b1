#include "examples/support/drawing.hpp"

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "ascribe/core/error.hpp"
#include "examples/support/image.hpp"
#include "examples/support/markup.hpp"
#include "examples/support/pdf.hpp"
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

TEST_CASE("A drawing becomes PDF, where the programs are built with cairo", "[drawing]") {
  Drawing drawing(60, 40);
  fill_rectangle(drawing, 1, 2, 3, 4, red);
  draw_text(drawing, 5, 6, "a\u2212b\x01\xff", {12, green, true});
  // Two pixels, enlarged as the figures' are.
  paste(drawing, ascribe::enlarge(Picture{2, 1, {200, 0, 0, 0, 200, 0}}, 10), 7, 28);
  if (!writes_pdf) {
    CHECK_THROWS_WITH(pdf_of(drawing), Contains("built without cairo"));
    return;
  }
  const std::string pdf = pdf_of(drawing);
  CHECK(pdf.starts_with("%PDF-1."));
  CHECK(count_of(pdf, "/MediaBox [ 0 0 45 30 ]") == 1);  // 60 and 40 pixels
  CHECK(count_of(pdf, "/Subtype /Image") == 1);
  CHECK(count_of(pdf, "/Interpolate false") == 1);
  CHECK(count_of(pdf, "/FontFile2") >= 1);
  CHECK(count_of(pdf, "CreationDate") == 0);
  CHECK(pdf_of(drawing) == pdf);
  CHECK_THROWS_WITH(pdf_of(Drawing(20000, 5)), Contains("at most 19200 pixels a side, found 20000 x 5"));
  CHECK_THROWS_AS(pdf_of(Drawing(0, 5)), ascribe::Error);
  CHECK_THROWS_WITH(pdf_of(Picture{2, 2, {1, 2, 3}}), Contains("2 x 2 x 3 values, found 3"));
  // As other programs read and draw it, where there are any: poppler's.
  if (std::system("command -v pdftotext >/dev/null 2>&1") != 0) {
    std::cout << "What a PDF says is left out: there is no pdftotext\n";
    return;
  }
  const TemporaryFolder folder;
  const std::string file = folder.write("d.pdf", pdf).string(), text = (folder / "d.txt").string();
  REQUIRE(std::system(("pdftotext '" + file + "' '" + text + "'").c_str()) == 0);
  CHECK(count_of(bytes_of(text), "a\u2212b?\?") == 1);
  REQUIRE(std::system(
              ("pdftoppm -png -r 96 -singlefile '" + file + "' '" + (folder / "d").string() + "'").c_str()) ==
          0);
  const Picture drawn = read_image(folder / "d.png");
  CHECK(drawn.width == 60);
  CHECK(drawn.height == 40);
  const auto pixel = [&](int x, int y) {
    const auto at = drawn.rgb.begin() + 3 * (60 * y + x);
    return std::vector<int>(at, at + 3);
  };
  CHECK(pixel(2, 4) == std::vector<int>{200, 0, 0});
  CHECK(pixel(15, 33) == std::vector<int>{200, 0, 0});
  CHECK(pixel(18, 33) == std::vector<int>{0, 200, 0});
  CHECK(pixel(50, 35) == std::vector<int>{255, 255, 255});
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
  const std::string pdf = (folder / "h.pdf").string();
  if (writes_pdf) {
    explain({model, input, "--heatmap", pdf});
    CHECK(count_of(bytes_of(pdf), "/Subtype /Image") == 16);
  } else {
    const auto refused = ascribe::test::run({model, input, "--heatmap", pdf});
    CHECK(refused.exit_code == 2);
    CHECK_THAT(refused.err, Contains("--heatmap: this program was built without cairo"));
  }
}

}  // namespace
