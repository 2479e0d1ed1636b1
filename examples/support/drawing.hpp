/// What is drawn on a canvas (canvas.hpp), kept until it becomes pixels or SVG. Compile drawing.cpp along
/// with the program.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "examples/support/canvas.hpp"

namespace examples {

/// Rectangles, pictures and lines of text, later ones over earlier ones, on white.
struct Drawing {
  struct Rectangle {
    int x, y, width, height;
    Rgb colour;
  };
  struct Pasted {
    int x, y;
    ascribe::Picture picture;
  };
  struct Text {
    int x, y;
    std::string text;
    TextStyle style;
  };

  int width = 0, height = 0;
  std::vector<std::variant<Rectangle, Pasted, Text>> parts = {};

  Drawing(int with_width, int with_height) : width(with_width), height(with_height) {}
  /// A picture is a drawing.
  Drawing(ascribe::Picture picture);

  /// Throws ascribe::Error for a size below 1.
  void check() const;
};

/// Throws ascribe::Error where a picture's bytes don't fit its sizes.
void check_picture(const ascribe::Picture& picture);

/// As canvas.hpp has them.
void fill_rectangle(Drawing& drawing, int x, int y, int width, int height, Rgb colour);
void paste(Drawing& drawing, const Drawing& other, int x, int y);
void draw_text(Drawing& drawing, int x, int y, std::string_view text, const TextStyle& style = {});

/// Throw ascribe::Error for a size below 1 and for a picture whose bytes don't fit its sizes. In SVG,
/// pictures are PNG with sharp pixels, and text is text, in DejaVu Sans or what there is of its width.
ascribe::Picture pixels_of(const Drawing& drawing);
std::string svg_of(const Drawing& drawing);

}  // namespace examples
