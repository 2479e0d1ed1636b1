#include "examples/support/words.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>

#include "ascribe/core/error.hpp"
#include "examples/support/canvas.hpp"

namespace examples {
namespace {

constexpr Rgb ink{34, 34, 34}, soft{96, 96, 96};
constexpr TextStyle word_style{22, ink}, special_style{14, ink}, number_style{11, soft};
constexpr int padding = 6, gap = 4, between_lines = 12, between_texts = 14, edge = 12;

const TextStyle& style_of(const Word& word) { return word.special ? special_style : word_style; }

/// With as many decimals as give the largest magnitude two digits; what is 0 then has no sign.
std::string number(double value, double largest) {
  const int decimals =
      largest > 0 ? std::clamp(1 - static_cast<int>(std::floor(std::log10(largest))), 0, 9) : 0;
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  const std::string found = text;
  if (found.find_first_of("123456789") == std::string::npos) return found.substr(found.front() == '-');
  return found.front() == '-' ? "\u2212" + found.substr(1) : found;
}

/// What can be read on a colour.
Rgb ink_on(const Rgb& colour) { return is_dark(colour.data()) ? white : ink; }

/// Where a word's box stands.
struct Place {
  int x = 0, y = 0, width = 0;
};

}  // namespace

std::vector<Word> words_of(const WordPiece& pieces, std::span<const Token> tokens, std::string_view first,
                           std::string_view second) {
  std::vector<Word> words;
  const Token* before = nullptr;
  for (const Token& token : tokens) {
    Word word{"", pieces.piece(token.id), token.id, false, token.special, token.text};
    if (token.first == token.last) {
      word.text = word.piece;
    } else {
      word.text = (token.text == 0 ? first : second).substr(token.first, token.last - token.first);
      word.joined = before && !before->special && before->text == token.text && before->last == token.first;
    }
    for (char& c : word.text)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    words.push_back(std::move(word));
    before = &token;
  }
  return words;
}

bool is_dark(const unsigned char* rgb) {
  return 299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] < 140000;  // Rec. 601
}

ascribe::Picture colours_of(std::span<const double> relevance, ascribe::Colours colours) {
  ascribe::HeatmapOptions options;
  options.colours = colours;
  return ascribe::heatmap(relevance, 1, static_cast<int>(relevance.size()), 1, options);
}

Drawing drawing_of(std::span<const Word> words, std::span<const double> relevance, int width,
                   ascribe::Colours of) {
  if (words.empty() || words.size() != relevance.size())
    ascribe::fail("words: expected at least one and a relevance for each, found ", words.size(), " and ",
                  relevance.size());
  const ascribe::Picture colours = colours_of(relevance, of);
  double largest = 0;
  for (const double r : relevance) largest = std::max(largest, std::abs(r));
  const int box = line_height(word_style) + 4, line = box + line_height(number_style) + between_lines;
  const int inside = width - 2 * edge;
  std::vector<std::string> numbers, texts;
  std::vector<int> widths;
  for (std::size_t i = 0; i < words.size(); ++i) {
    numbers.push_back(number(relevance[i], largest));
    texts.push_back(shortened(words[i].text, inside - 2 * padding, style_of(words[i])));
    widths.push_back(std::max(text_width(texts[i], style_of(words[i])) + 2 * padding,
                              text_width(numbers[i], number_style) + 2));
  }
  std::vector<Place> places;
  int x = 0, y = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    // What is joined to a piece stays with it, where a line is wide enough for both.
    int together = widths[i];
    for (std::size_t k = i + 1; !words[i].joined && k < words.size() && words[k].joined; ++k)
      if (together + widths[k] <= inside) together += widths[k];
    if (x > 0 && !words[i].joined) x += gap;
    if (i > 0 && words[i].part != words[i - 1].part) {
      x = 0, y += line + between_texts;
    } else if (x > 0 && x + together > inside) {
      x = 0, y += line;
    }
    places.push_back({x, y, widths[i]});
    x += widths[i];
  }
  Drawing canvas(width, y + line + 2 * edge - between_lines);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const Rgb colour{colours.rgb[3 * i], colours.rgb[3 * i + 1], colours.rgb[3 * i + 2]};
    const int left = edge + places[i].x, top = edge + places[i].y, wide = places[i].width;
    fill_rectangle(canvas, left, top, wide, box, colour);
    TextStyle style = style_of(words[i]);
    style.colour = ink_on(colour);
    const auto middle = [&](const std::string& text, const TextStyle& s) {
      return left + (wide - text_width(text, s)) / 2;
    };
    draw_text(canvas, middle(texts[i], style), top + (box - line_height(style)) / 2, texts[i], style);
    draw_text(canvas, middle(numbers[i], number_style), top + box + 1, numbers[i], number_style);
  }
  return canvas;
}

}  // namespace examples
