#include "examples/support/canvas.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#define STB_TRUETYPE_IMPLEMENTATION
#include <stb/stb_truetype.h>

#include "ascribe/core/error.hpp"
#include "examples/support/font.hpp"
#include "examples/support/utf8.hpp"

namespace examples {
namespace {

const stbtt_fontinfo& font(bool bold) {
  static const auto load = [](const unsigned char* bytes) {
    stbtt_fontinfo info{};
    stbtt_InitFont(&info, bytes, 0);
    return info;
  };
  static const stbtt_fontinfo fonts[] = {load(font_regular), load(font_bold)};
  return fonts[bold ? 1 : 0];
}

void check(const TextStyle& style) {
  if (style.size < 4 || style.size > 256) {
    ascribe::fail("text: expected a size of 4 to 256 pixels, found ", style.size);
  }
}

/// Calls f(glyph, x, character) for every letter of `text`, x in pixels from its left end; the width of it
/// all.
template <class F>
float lay_out(std::string_view text, const stbtt_fontinfo& info, float scale, F&& f) {
  float x = 0;
  int last = 0;
  while (!text.empty()) {
    std::int32_t character = next_character(text);
    int glyph = character < 0 ? 0 : stbtt_FindGlyphIndex(&info, character);
    if (glyph == 0) {
      character = '?';
      glyph = stbtt_FindGlyphIndex(&info, character);
    }
    if (last != 0) x += scale * static_cast<float>(stbtt_GetGlyphKernAdvance(&info, last, glyph));
    f(glyph, x, character);
    int advance = 0;
    stbtt_GetGlyphHMetrics(&info, glyph, &advance, nullptr);
    x += scale * static_cast<float>(advance);
    last = glyph;
  }
  return x;
}

}  // namespace

ascribe::Picture make_canvas(int width, int height, Rgb background) {
  if (width < 1 || height < 1) {
    ascribe::fail("canvas: expected a width and height of at least 1, found ", width, " and ", height);
  }
  ascribe::Picture canvas{width, height, {}};
  canvas.rgb.reserve(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  for (std::int64_t p = std::int64_t{width} * height; p > 0; --p) {
    canvas.rgb.insert(canvas.rgb.end(), background.begin(), background.end());
  }
  return canvas;
}

void fill_rectangle(ascribe::Picture& canvas, int x, int y, int width, int height, Rgb colour) {
  const int right = std::min(canvas.width, x + width);
  const int bottom = std::min(canvas.height, y + height);
  for (int row = std::max(0, y); row < bottom; ++row) {
    for (int column = std::max(0, x); column < right; ++column) {
      const auto pixel = static_cast<std::ptrdiff_t>(row) * canvas.width + column;
      std::copy(colour.begin(), colour.end(), canvas.rgb.begin() + 3 * pixel);
    }
  }
}

void paste(ascribe::Picture& canvas, const ascribe::Picture& picture, int x, int y) {
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

int line_height(const TextStyle& style) {
  check(style);
  return (5 * style.size + 3) / 4;
}

int text_width(std::string_view text, const TextStyle& style) {
  check(style);
  const stbtt_fontinfo& info = font(style.bold);
  const float scale = stbtt_ScaleForMappingEmToPixels(&info, static_cast<float>(style.size));
  return static_cast<int>(std::ceil(lay_out(text, info, scale, [](int, float, std::int32_t) {})));
}

std::vector<Letter> letters_of(std::string_view text, const TextStyle& style) {
  check(style);
  const stbtt_fontinfo& info = font(style.bold);
  std::vector<Letter> letters;
  lay_out(text, info, stbtt_ScaleForMappingEmToPixels(&info, static_cast<float>(style.size)),
          [&](int glyph, float x, std::int32_t character) {
            letters.push_back({glyph, x, character});
          });
  return letters;
}

void draw_text(ascribe::Picture& canvas, int x, int y, std::string_view text, const TextStyle& style) {
  check(style);
  const stbtt_fontinfo& info = font(style.bold);
  const float scale = stbtt_ScaleForMappingEmToPixels(&info, static_cast<float>(style.size));
  const int baseline = y + style.size;
  std::vector<unsigned char> ink;
  lay_out(text, info, scale, [&](int glyph, float at, std::int32_t) {
    const float whole = std::floor(at), rest = at - whole;
    int left = 0, top = 0, right = 0, bottom = 0;
    stbtt_GetGlyphBitmapBoxSubpixel(&info, glyph, scale, scale, rest, 0, &left, &top, &right, &bottom);
    const int width = right - left, height = bottom - top;
    if (width < 1 || height < 1) return;
    ink.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), 0);
    stbtt_MakeGlyphBitmapSubpixel(&info, ink.data(), width, height, width, scale, scale, rest, 0, glyph);
    for (int row = 0; row < height; ++row) {
      for (int column = 0; column < width; ++column) {
        const int to_x = x + static_cast<int>(whole) + left + column, to_y = baseline + top + row;
        if (to_x < 0 || to_y < 0 || to_x >= canvas.width || to_y >= canvas.height) continue;
        const int share = ink[static_cast<std::size_t>(row * width + column)];
        unsigned char* const pixel =
            &canvas.rgb[3 * (static_cast<std::size_t>(to_y) * static_cast<std::size_t>(canvas.width) +
                             static_cast<std::size_t>(to_x))];
        for (std::size_t c = 0; c < 3; ++c) {
          pixel[c] =
              static_cast<unsigned char>((pixel[c] * (255 - share) + style.colour[c] * share + 127) / 255);
        }
      }
    }
  });
}

std::string shortened(std::string_view text, int width, const TextStyle& style) {
  if (text_width(text, style) <= width) return std::string(text);
  constexpr const char* ellipsis = "\u2026";
  std::string result;
  for (std::string_view rest = text; !rest.empty();) {
    next_character(rest);
    std::string longer = std::string(text.substr(0, text.size() - rest.size())) + ellipsis;
    if (text_width(longer, style) > width) break;
    result = std::move(longer);
  }
  return result;
}

std::vector<std::string> wrapped(std::string_view text, int width, const TextStyle& style) {
  std::vector<std::string> lines;
  std::string line;
  const auto finish = [&] {
    lines.push_back(shortened(line.substr(0, line.find_last_not_of(' ') + 1), width, style));
    line.clear();
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" _"), text.size() - 1) + 1;
    const std::string word(text.substr(0, end));
    // A space at a line's end takes no room.
    const std::string longer = line + word;
    const std::string_view seen = std::string_view(longer).substr(0, longer.find_last_not_of(' ') + 1);
    if (!line.empty() && text_width(seen, style) > width) finish();
    line += word;
    text.remove_prefix(end);
  }
  if (!line.empty()) finish();
  return lines;
}

}  // namespace examples
