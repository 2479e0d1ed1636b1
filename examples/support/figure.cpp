#include "examples/support/figure.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <numeric>
#include <utility>

#include "ascribe/core/error.hpp"

namespace examples {
namespace {

constexpr int margin = 20, gap = 14, between_rows = 30, bar_height = 9, strip_height = 9, padding = 5;
constexpr Rgb pale{236, 236, 236}, frame{214, 214, 214}, soft{96, 96, 96}, ink{34, 34, 34};
constexpr TextStyle title_style{18, ink, true}, detail_style{14, soft}, caption_style{13, soft},
    note_style{12, soft}, amount_style{12, ink};
constexpr const char* share_names[] = {"input", "biases", "stabiliser", "dropped"};

std::array<double, 4> amounts(const Shares& shares) {
  const std::array<double, 4> result{shares.input, shares.biases, shares.stabiliser, shares.dropped};
  for (const double amount : result) {
    if (!std::isfinite(amount)) ascribe::fail("figure: expected finite shares, found ", amount);
  }
  return result;
}

/// Three significant digits, as a person writes them: "8.21", "−0.0135", "1.2e−06".
std::string in_words(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", value);
  std::string result;
  for (const char c : std::string(text.data())) {
    if (c == '-')
      result += "\u2212";
    else
      result += c;
  }
  return result;
}

/// The heights of what a row consists of, from its top; 0 for what it has not.
struct RowLayout {
  int title = 0, captions = 0, pictures = 0, bars = 0, notes = 0, shares = 0;
  int height() const { return title + captions + pictures + bars + notes + shares; }
};

RowLayout layout(const Row& row, const std::vector<int>& columns) {
  RowLayout result;
  if (!row.title.empty() || !row.detail.empty()) result.title = line_height(title_style) + 6;
  for (std::size_t p = 0; p < row.panels.size(); ++p) {
    const Panel& panel = row.panels[p];
    const auto lines = static_cast<int>(wrapped(panel.caption, columns[p], caption_style).size());
    if (lines > 0) result.captions = std::max(result.captions, lines * line_height(caption_style) + 3);
    result.pictures = std::max(result.pictures, panel.picture.height);
    if (panel.shares || panel.scale) result.bars = padding + bar_height;
    if (!panel.note.empty() || panel.scale) result.notes = line_height(note_style) + 3;
  }
  if (row.shares) result.shares = 3 * padding + bar_height + line_height(amount_style) + 2;
  return result;
}

void draw_framed(Drawing& canvas, const Drawing& picture, int x, int y) {
  fill_rectangle(canvas, x - 1, y - 1, picture.width + 2, picture.height + 2, frame);
  paste(canvas, picture, x, y);
}

/// The heatmap's colours from −1 to 1, or from 0.
ascribe::Picture colour_strip(int width, ascribe::Colours colours) {
  const double from = colours == ascribe::Colours::sequential ? 0 : -1;
  std::vector<double> values(static_cast<std::size_t>(width));
  for (int i = 0; i < width; ++i) {
    values[static_cast<std::size_t>(i)] = width > 1 ? (1 - from) * i / (width - 1) + from : 0;
  }
  ascribe::HeatmapOptions options;
  options.colours = colours;
  options.scale = 1;
  const ascribe::Picture line = ascribe::heatmap(values, 1, width, 1, options);
  ascribe::Picture strip{width, strip_height, {}};
  for (int i = 0; i < strip_height; ++i) strip.rgb.insert(strip.rgb.end(), line.rgb.begin(), line.rgb.end());
  return strip;
}

void draw_panel(Drawing& canvas, const Panel& panel, const RowLayout& place, int x, int y, int column) {
  // The last line of a caption is next to the picture.
  const auto caption = wrapped(panel.caption, column, caption_style);
  int line = y + place.captions - 3 - static_cast<int>(caption.size()) * line_height(caption_style);
  for (const std::string& text : caption) {
    draw_text(canvas, x, line, text, caption_style);
    line += line_height(caption_style);
  }
  y += place.captions;
  draw_framed(canvas, panel.picture, x, y);
  y += place.pictures;
  const int width = panel.picture.width;
  if (panel.shares) draw_shares(canvas, x, y + padding, width, bar_height, *panel.shares);
  if (panel.scale) draw_framed(canvas, colour_strip(width, panel.colours), x, y + padding);
  if (panel.shares || panel.scale) y += padding + bar_height;
  if (panel.scale) {
    const std::string most = in_words(*panel.scale);
    if (panel.colours == ascribe::Colours::sequential) {
      draw_text(canvas, x, y + 3, "0", note_style);
    } else {
      draw_text(canvas, x, y + 3, in_words(-*panel.scale), note_style);
      draw_text(canvas, x + (width - text_width("0", note_style)) / 2, y + 3, "0", note_style);
    }
    draw_text(canvas, x + width - text_width(most, note_style), y + 3, most, note_style);
  } else {
    draw_text(canvas, x, y + 3, shortened(panel.note, column, note_style), note_style);
  }
}

/// A line along the borders of what is inside, dark on a light one, on a picture whose pixels are enlarged by
/// `factor`.
void draw_contour(Drawing& canvas, const std::vector<bool>& inside, int height, int width, int factor) {
  const auto is_inside = [&](int y, int x) {
    return y >= 0 && x >= 0 && y < height && x < width &&
           inside[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                  static_cast<std::size_t>(x)];
  };
  for (const auto& [thick, colour] : {std::pair(factor > 2 ? 3 : 0, white), std::pair(1, ink)})
    for (int y = 0; y <= height; ++y)
      for (int x = 0; x <= width; ++x) {
        const int left = x * factor - (thick + 1) / 2 + 1, top = y * factor - (thick + 1) / 2 + 1;
        if (is_inside(y, x) != is_inside(y - 1, x))
          fill_rectangle(canvas, left, top, factor + thick, thick, colour);
        if (is_inside(y, x) != is_inside(y, x - 1))
          fill_rectangle(canvas, left, top, thick, factor + thick, colour);
      }
}

/// A square of each share's colour and the text behind it, in one line.
void draw_legend(Drawing& canvas, int x, int y, const std::array<std::string, 4>& texts) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    fill_rectangle(canvas, x, y + 4, 9, 9, share_colours[i]);
    draw_text(canvas, x + 14, y, texts[i], amount_style);
    x += 14 + text_width(texts[i], amount_style) + 18;
  }
}

/// "input 8.21 (80 %)", and so on.
std::array<std::string, 4> texts_of(const Shares& shares) {
  const std::array<double, 4> parts = amounts(shares);
  double moved = 0;
  for (const double part : parts) moved += std::abs(part);
  std::array<std::string, 4> texts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    texts[i] = std::string(share_names[i]) + " " + in_words(parts[i]);
    if (moved > 0) texts[i] += " (" + std::to_string(std::lround(100 * std::abs(parts[i]) / moved)) + " %)";
  }
  return texts;
}

}  // namespace

void draw_shares(Drawing& canvas, int x, int y, int width, int height, const Shares& shares) {
  if (width < 1 || height < 1) {
    ascribe::fail("shares: expected a width and height of at least 1, found ", width, " and ", height);
  }
  const std::array<double, 4> parts = amounts(shares);
  double moved = 0, negative = 0;
  for (const double part : parts) {
    moved += std::abs(part);
    negative += std::max(0.0, -part);
  }
  fill_rectangle(canvas, x, y, width, height, pale);
  if (moved == 0) return;
  // Ends are rounded, not lengths, so that the parts fill the bar.
  const auto end = [&](double amount) { return static_cast<int>(std::lround(amount / moved * width)); };
  double left = negative, right = negative;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    double& edge = parts[i] < 0 ? left : right;
    const double next = edge + parts[i];
    const int from = end(std::min(edge, next)), to = end(std::max(edge, next));
    fill_rectangle(canvas, x + from, y, to - from, height, share_colours[i]);
    edge = next;
  }
  if (end(negative) > 0) fill_rectangle(canvas, x + end(negative) - 1, y - 2, 2, height + 4, ink);
}

Drawing figure_drawing(std::span<const Row> rows, std::span<const std::string> footer) {
  if (rows.empty()) ascribe::fail("figure: expected at least one row, found none");
  std::vector<int> columns;
  bool legend = false;
  for (const Row& row : rows) {
    if (row.panels.empty()) {
      ascribe::fail("figure: expected a row with panels, found none in '", row.title, "'");
    }
    columns.resize(std::max(columns.size(), row.panels.size()), 0);
    for (std::size_t p = 0; p < row.panels.size(); ++p) {
      columns[p] = std::max(columns[p], row.panels[p].picture.width);
      legend = legend || row.panels[p].shares;
    }
  }
  const int inside =
      std::accumulate(columns.begin(), columns.end(), gap * static_cast<int>(columns.size() - 1));
  std::vector<RowLayout> places;
  int height = 2 * margin;
  bool titles = false;
  for (const Row& row : rows) {
    places.push_back(layout(row, columns));
    titles = titles || places.back().title > 0;
  }
  // Rows without titles belong together.
  const int between = titles ? between_rows : gap;
  for (const RowLayout& place : places) height += place.height();
  height += between * static_cast<int>(rows.size() - 1);
  const int lines = static_cast<int>(footer.size()) + (legend ? 1 : 0);
  if (lines > 0) height += gap + lines * line_height(note_style) + (lines - 1) * 2;

  Drawing canvas(inside + 2 * margin, height);
  int y = margin;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const Row& row = rows[r];
    const RowLayout& place = places[r];
    if (place.title > 0) {
      const std::string title = shortened(row.title, inside, title_style);
      draw_text(canvas, margin, y, title, title_style);
      const int behind = title.empty() ? 0 : text_width(title, title_style) + 10;
      draw_text(canvas, margin + behind, y + title_style.size - detail_style.size,
                shortened(row.detail, inside - behind, detail_style), detail_style);
    }
    int x = margin;
    for (std::size_t p = 0; p < row.panels.size(); ++p) {
      draw_panel(canvas, row.panels[p], place, x, y + place.title, columns[p]);
      x += columns[p] + gap;
    }
    y += place.height();
    if (row.shares) {
      const int bar = y - place.shares + 2 * padding;
      draw_shares(canvas, margin, bar, inside, bar_height, *row.shares);
      draw_legend(canvas, margin, bar + bar_height + padding, texts_of(*row.shares));
    }
    y += between;
  }
  y += gap - between;
  if (legend) {
    draw_legend(canvas, margin, y, {share_names[0], share_names[1], share_names[2], share_names[3]});
    y += line_height(note_style) + 2;
  }
  for (const std::string& line : footer) {
    draw_text(canvas, margin, y, shortened(line, inside, note_style), note_style);
    y += line_height(note_style) + 2;
  }
  return canvas;
}

ascribe::Picture figure(std::span<const Row> rows, std::span<const std::string> footer) {
  return pixels_of(figure_drawing(rows, footer));
}

std::vector<bool> top_values(std::span<const double> values, double percent) {
  if (!(percent > 0 && percent <= 100))
    ascribe::fail("contour: expected a share above 0 and up to 100 %, found ", percent);
  // Half of a value is rounding: 16.1 has no exact double.
  const double count = std::ceil(percent / 100 * static_cast<double>(values.size()) - 1e-6);
  const std::size_t last = std::min(static_cast<std::size_t>(std::max(count, 1.0)), values.size()) - 1;
  std::vector<double> sorted(values.begin(), values.end());
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(last), sorted.end(),
                   std::greater<>());
  std::vector<bool> top;
  for (const double value : values) top.push_back(value > 0 && value >= sorted[last]);
  return top;
}

Row explained_row(const Explained& explained, const ascribe::HeatmapOptions& options,
                  const RowOptions& row_options) {
  const ascribe::Picture& image = explained.image;
  const int width = image.width, height = image.height, channels = explained.channels;
  const double longer = std::max({1, width, height});
  const int factor = std::max(1, static_cast<int>(std::lround(row_options.side / longer)));
  const std::span<const double> relevance = explained.relevance;
  const double scale = ascribe::heatmap_scale(relevance, height, width, channels, options);
  // Pale under the overlay: dark red on dark grey would not show.
  ascribe::Picture under = ascribe::grey(image);
  for (unsigned char& byte : under.rgb) byte = static_cast<unsigned char>(255 - (255 - byte) * 5 / 8);
  const ascribe::Picture heat = ascribe::heatmap(relevance, height, width, channels, options);
  const ascribe::Picture over = ascribe::overlay(under, relevance, channels, 1, options);
  Row row{explained.title, explained.detail, {}, explained.shares};
  row.panels.push_back({"what the network saw", ascribe::enlarge(image, factor), explained.file, {}, {}});
  row.panels.push_back({explained.method, ascribe::enlarge(heat, factor), "", {}, scale, options.colours});
  if (row_options.by_channel) {
    // Channel by channel they are as many images of one channel each, in one column.
    const auto pixels = relevance.size() / static_cast<std::size_t>(channels);
    std::vector<double> planes;
    for (int c = 0; c < channels; ++c)
      for (std::size_t p = 0; p < pixels; ++p)
        planes.push_back(relevance[p * static_cast<std::size_t>(channels) + static_cast<std::size_t>(c)]);
    ascribe::HeatmapOptions common = options;
    const double most = ascribe::heatmap_scale(planes, height * channels, width, 1, options);
    if (most > 0) common.scale = most;
    for (int c = 0; c < channels; ++c) {
      const auto plane =
          std::span<const double>(planes).subspan(static_cast<std::size_t>(c) * pixels, pixels);
      row.panels.push_back({"channel " + std::to_string(c),
                            ascribe::enlarge(ascribe::heatmap(plane, height, width, 1, common), factor),
                            "",
                            {},
                            most,
                            options.colours});
    }
  }
  row.panels.push_back({"both", ascribe::enlarge(over, factor), "", {}, {}});
  if (row_options.contour) {
    const std::vector<double> sums =
        ascribe::heatmap_detail::reduce(relevance, height, width, channels, options.channels);
    draw_contour(row.panels.back().picture, top_values(sums, *row_options.contour), height, width, factor);
    row.panels.back().note = "line: the top " + in_words(*row_options.contour) + " %";
  }
  return row;
}

}  // namespace examples
