/// Drawing on a Picture, as much as a figure needs: rectangles, other pictures, text. Everything is clipped
/// at the edges. Coordinates count pixels from the top left corner. Compile canvas.cpp along with the
/// program.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ascribe/heatmap.hpp"

namespace examples {

using Rgb = std::array<unsigned char, 3>;

inline constexpr Rgb white{255, 255, 255};
inline constexpr Rgb black{0, 0, 0};

/// A picture of one colour. Throws ascribe::Error for a size below 1.
ascribe::Picture make_canvas(int width, int height, Rgb background = white);

/// Paints the rectangle of width × height pixels whose top left corner is (x, y).
void fill_rectangle(ascribe::Picture& canvas, int x, int y, int width, int height, Rgb colour);

/// Copies `picture` onto the canvas, its top left corner at (x, y).
void paste(ascribe::Picture& canvas, const ascribe::Picture& picture, int x, int y);

/// How text is written: DejaVu Sans, `size` pixels to the em, `line_height` pixels from line to line.
struct TextStyle {
  int size = 13;
  Rgb colour = black;
  bool bold = false;
};

int line_height(const TextStyle& style);

/// The width in pixels of one line of UTF-8 text, rounded up.
int text_width(std::string_view text, const TextStyle& style = {});

/// A letter of a line of text: its number in the font, its left end in pixels from the line's, and the
/// character that it shows.
struct Letter {
  int glyph;
  float x;
  std::int32_t character;
};

/// The letters of one line of UTF-8 text, as draw_text puts them, `style.size` pixels above the baseline.
std::vector<Letter> letters_of(std::string_view text, const TextStyle& style = {});

/// Writes one line of UTF-8 text, anti-aliased, the top left corner of its line at (x, y). What is no UTF-8,
/// and what the font has no letter for (it has ASCII, Latin-1 and a few signs), shows as '?'. All four throw
/// ascribe::Error for a size outside 4 to 256.
void draw_text(ascribe::Picture& canvas, int x, int y, std::string_view text, const TextStyle& style = {});

/// `text`, or as much of its beginning as fits into `width` pixels with an ellipsis behind it.
std::string shortened(std::string_view text, int width, const TextStyle& style = {});

/// `text` in lines of at most `width` pixels, broken behind spaces and underscores; a single word that is too
/// wide is shortened. No line for an empty text.
std::vector<std::string> wrapped(std::string_view text, int width, const TextStyle& style = {});

}  // namespace examples
