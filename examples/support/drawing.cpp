#include "examples/support/drawing.hpp"

#include <cstdio>
#include <type_traits>
#include <utility>

#include "examples/support/markup.hpp"

namespace examples {
namespace {

/// name="number"
std::string is(const char* name, int number) {
  return std::string(" ") + name + "=\"" + std::to_string(number) + "\"";
}

std::string fill(Rgb colour) {
  char text[20];
  std::snprintf(text, sizeof text, " fill=\"#%02x%02x%02x\"", colour[0], colour[1], colour[2]);
  return text;
}

std::string place(int x, int y, int width, int height) {
  return is("x", x) + is("y", y) + is("width", width) + is("height", height);
}

}  // namespace

void check_picture(const ascribe::Picture& picture) {
  ascribe::heatmap_detail::check_size("drawing: picture", picture.rgb.size(), picture.height, picture.width,
                                      3);
}

void Drawing::check() const {
  if (width < 1 || height < 1)
    ascribe::fail("drawing: expected a width and height of at least 1, found ", width, " and ", height);
}

Drawing::Drawing(ascribe::Picture picture) : Drawing(picture.width, picture.height) {
  parts.emplace_back(Pasted{0, 0, std::move(picture)});
}

void fill_rectangle(Drawing& drawing, int x, int y, int width, int height, Rgb colour) {
  if (width > 0 && height > 0) drawing.parts.emplace_back(Drawing::Rectangle{x, y, width, height, colour});
}

void paste(Drawing& drawing, const Drawing& other, int x, int y) {
  fill_rectangle(drawing, x, y, other.width, other.height, white);
  for (auto part : other.parts) {
    std::visit([&](auto& moved) { moved.x += x, moved.y += y; }, part);
    drawing.parts.push_back(std::move(part));
  }
}

void draw_text(Drawing& drawing, int x, int y, std::string_view text, const TextStyle& style) {
  if (!text.empty()) drawing.parts.emplace_back(Drawing::Text{x, y, std::string(text), style});
}

ascribe::Picture pixels_of(const Drawing& drawing) {
  ascribe::Picture canvas = make_canvas(drawing.width, drawing.height);
  for (const auto& part : drawing.parts)
    std::visit(
        [&]<class Part>(const Part& p) {
          if constexpr (std::is_same_v<Part, Drawing::Rectangle>) {
            fill_rectangle(canvas, p.x, p.y, p.width, p.height, p.colour);
          } else if constexpr (std::is_same_v<Part, Drawing::Pasted>) {
            check_picture(p.picture);
            paste(canvas, p.picture, p.x, p.y);
          } else {
            draw_text(canvas, p.x, p.y, p.text, p.style);
          }
        },
        part);
  return canvas;
}

std::string svg_of(const Drawing& drawing) {
  drawing.check();
  const int width = drawing.width, height = drawing.height;
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"" + is("width", width) + is("height", height) +
                    " viewBox=\"0 0 " + std::to_string(width) + " " + std::to_string(height) +
                    "\" font-family=\"'DejaVu Sans', Verdana, sans-serif\">\n<rect" +
                    place(0, 0, width, height) + fill(white) + "/>\n";
  for (const auto& part : drawing.parts)
    std::visit(
        [&]<class Part>(const Part& p) {
          if constexpr (std::is_same_v<Part, Drawing::Rectangle>) {
            svg += "<rect" + place(p.x, p.y, p.width, p.height) + fill(p.colour) + "/>\n";
          } else if constexpr (std::is_same_v<Part, Drawing::Pasted>) {
            check_picture(p.picture);
            svg += "<image" + place(p.x, p.y, p.picture.width, p.picture.height) +
                   " style=\"image-rendering:pixelated\" href=\"" + uri_of(p.picture) + "\"/>\n";
          } else {
            // Another font is drawn in the width that this one has.
            svg += "<text" + is("x", p.x) + is("y", p.y + p.style.size) + is("font-size", p.style.size) +
                   is("textLength", text_width(p.text, p.style)) + " lengthAdjust=\"spacingAndGlyphs\"" +
                   (p.style.bold ? " font-weight=\"bold\"" : "") + fill(p.style.colour) + ">" +
                   escaped(p.text) + "</text>\n";
          }
        },
        part);
  return svg + "</svg>\n";
}

}  // namespace examples
