/// Drawing on a Picture, as much as a montage needs: rectangles, other pictures, text.
/// Everything is clipped at the edges. Coordinates count pixels from the top left corner.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <stb/stb_easy_font.h>

#include "ascribe/core/error.hpp"
#include "ascribe/heatmap.hpp"

namespace examples {

using Rgb = std::array<unsigned char, 3>;

inline constexpr Rgb white{255, 255, 255};
inline constexpr Rgb black{0, 0, 0};

/// A picture of one colour. Throws ascribe::Error for a size below 1.
inline ascribe::Picture make_canvas(int width, int height, Rgb background = white) {
  if (width < 1 || height < 1) {
    ascribe::fail("canvas: expected a width and height of at least 1, found ", width, " and ", height);
  }
  ascribe::Picture canvas{width, height, {}};
  for (long long p = static_cast<long long>(width) * height; p > 0; --p) {
    canvas.rgb.insert(canvas.rgb.end(), background.begin(), background.end());
  }
  return canvas;
}

/// Paints the rectangle of width × height pixels whose top left corner is (x, y).
inline void fill_rectangle(ascribe::Picture& canvas, int x, int y, int width, int height, Rgb colour) {
  const int right = std::min(canvas.width, x + width);
  const int bottom = std::min(canvas.height, y + height);
  for (int row = std::max(0, y); row < bottom; ++row) {
    for (int column = std::max(0, x); column < right; ++column) {
      const auto pixel = static_cast<std::ptrdiff_t>(row) * canvas.width + column;
      std::copy(colour.begin(), colour.end(), canvas.rgb.begin() + 3 * pixel);
    }
  }
}

/// Copies `picture` onto the canvas, its top left corner at (x, y).
inline void paste(ascribe::Picture& canvas, const ascribe::Picture& picture, int x, int y) {
  const int left = std::max(0, x);
  const int right = std::min(canvas.width, x + picture.width);
  const int bottom = std::min(canvas.height, y + picture.height);
  for (int row = std::max(0, y); row < bottom && left < right; ++row) {
    const auto from =
        picture.rgb.begin() + 3 * (static_cast<std::ptrdiff_t>(row - y) * picture.width + left - x);
    const auto to = canvas.rgb.begin() + 3 * (static_cast<std::ptrdiff_t>(row) * canvas.width + left);
    std::copy_n(from, 3 * (right - left), to);
  }
}

namespace canvas_detail {

/// The font has printable ASCII only, and reads past its table for anything else.
inline std::string printable(std::string_view text) {
  std::string result(text);
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c != '\n' && (c < ' ' || c > '~'); }, '?');
  return result;
}

}  // namespace canvas_detail

/// The width in pixels of the longest line of `text`, and the height of all its lines (12 · scale each, of
/// which a capital takes 7 and what hangs below the line 2).
inline int text_width(std::string_view text, int scale = 1) {
  std::string copy = canvas_detail::printable(text);
  return stb_easy_font_width(copy.data()) * scale;
}
inline int text_height(std::string_view text, int scale = 1) {
  std::string copy = canvas_detail::printable(text);
  return stb_easy_font_height(copy.data()) * scale;
}

/// Writes `text`, which may have several lines, its top left corner at (x, y), each of the font's pixels as
/// scale × scale pixels. Characters outside printable ASCII show as '?'. Throws ascribe::Error for a scale
/// below 1.
inline void draw_text(ascribe::Picture& canvas, int x, int y, std::string_view text, Rgb colour = black,
                      int scale = 1) {
  if (scale < 1) {
    ascribe::fail("text: expected a scale of at least 1, found ", scale);
  }
  // A quad is four corners of (x, y, z, colour), 16 bytes each; the busiest character has 11 quads.
  struct Corner {
    float x, y, z;
    std::array<unsigned char, 4> colour;
  };
  static_assert(sizeof(Corner) == 16);
  std::string copy = canvas_detail::printable(text);
  std::vector<Corner> corners(4 * 16 * (copy.size() + 1));
  const int quads = stb_easy_font_print(0, 0, copy.data(), nullptr, corners.data(),
                                        static_cast<int>(corners.size() * sizeof(Corner)));
  for (std::size_t quad = 0; quad < static_cast<std::size_t>(quads); ++quad) {
    const Corner& first = corners[4 * quad];
    const Corner& last = corners[4 * quad + 2];
    const auto at = [&](float value) { return static_cast<int>(std::lround(value)) * scale; };
    fill_rectangle(canvas, x + at(first.x), y + at(first.y), at(last.x - first.x), at(last.y - first.y),
                   colour);
  }
}

}  // namespace examples
