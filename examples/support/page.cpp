#include "examples/support/page.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string_view>

#include <nlohmann/json.hpp>

#include "ascribe/core/error.hpp"
#include "examples/support/figure.hpp"
#include "examples/support/markup.hpp"
#include "examples/support/page_parts.hpp"

namespace examples {
namespace {

using Json = nlohmann::ordered_json;

/// JSON without a `<`, so that nothing in it ends the script that it stands in. Names that are no UTF-8 must
/// not cost the page.
std::string text_of(const Json& json) {
  std::string text;
  for (const char c : json.dump(-1, ' ', false, Json::error_handler_t::replace))
    text += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return text;
}

/// To nine digits, which is more than a float has; JSON's null where it is not finite.
Json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return std::strtod(text, nullptr);
}

Json numbers(std::span<const double> values) {
  Json all = Json::array();
  for (const double value : values) all.push_back(number(value));
  return all;
}

void append(Json& all, const PageBooks& books) {
  for (const double amount : {books.enter, books.leave, books.biases, books.stabiliser, books.dropped})
    all.push_back(number(amount));
}

/// The largest magnitude, and the values in 16 bits of which 32767 stands for it.
template <class Input>
Json quantised(const Input& input, const std::vector<double>& relevance) {
  if (relevance.size() != input.height * input.width)
    ascribe::fail("page: ", input.name, ": expected ", input.height, " x ", input.width,
                  " relevances, found ", relevance.size());
  double most = 0;
  for (const double value : relevance) {
    if (!std::isfinite(value))
      ascribe::fail("page: ", input.name, ": expected finite relevances, found ", value);
    most = std::max(most, std::abs(value));
  }
  // What the page has of it is what values are rounded for.
  const double scale = number(most);
  std::string bytes;
  bytes.reserve(2 * relevance.size());
  for (const double value : relevance) {
    const double step = scale > 0 ? std::clamp(value / scale, -1.0, 1.0) * 32767 : 0;
    const auto whole = static_cast<std::uint16_t>(static_cast<std::int16_t>(std::lround(step)));
    bytes += static_cast<char>(whole & 255U);
    bytes += static_cast<char>(whole >> 8);
  }
  return {{"scale", scale}, {"values", base64(bytes)}};
}

/// The picture of an input, or of a tile. Throws ascribe::Error for one of another size.
template <class Input>
Json picture_uri(const Input& input) {
  const bool fits = static_cast<std::size_t>(input.picture->height) == input.height &&
                    static_cast<std::size_t>(input.picture->width) == input.width;
  if (!fits)
    ascribe::fail("page: ", input.name, ": expected a picture of ", input.height, " x ", input.width,
                  " pixels, found ", input.picture->height, " x ", input.picture->width);
  return uri_of(*input.picture);
}

Json json_of(const PageValues& input) {
  Json json{{"name", input.name}, {"height", input.height}, {"width", input.width}};
  if (input.picture) json["picture"] = picture_uri(input);
  if (!input.words.empty()) {
    if (input.words.size() != input.height * input.width)
      ascribe::fail("page: ", input.name, ": expected ", input.height * input.width, " words, found ",
                    input.words.size());
    Json words = Json::array();
    for (const Word& word : input.words)
      words.push_back({{"text", word.text},
                       {"piece", word.piece},
                       {"joined", word.joined},
                       {"special", word.special},
                       {"part", word.part}});
    json["words"] = std::move(words);
  }
  return json;
}

Json json_of(const Page& page, const PageInput& input, const PageView& view) {
  if (!view.nodes.empty() && view.nodes.size() != page.nodes.size())
    ascribe::fail("page: ", input.name, ": expected the books of ", page.nodes.size(), " nodes, found ",
                  view.nodes.size());
  if (view.others.size() != input.others.size())
    ascribe::fail("page: ", input.name, ": expected relevances of ", input.others.size(),
                  " other inputs, found ", view.others.size());
  double moved = 0;
  const auto count = [&](const std::vector<double>& relevance) {
    for (const double value : relevance) moved += std::abs(value);
  };
  count(view.relevance);
  for (const auto& relevance : view.others) count(relevance);
  Json json{
      {"relevance", quantised(input, view.relevance)}, {"moved", number(moved)}, {"books", Json::array()}};
  for (std::size_t k = 0; k < view.others.size(); ++k)
    json["others"].push_back(quantised(input.others[k], view.others[k]));
  append(json["books"], view.books);
  if (!view.nodes.empty()) {
    Json all = Json::array();
    for (const PageBooks& books : view.nodes) append(all, books);
    json["nodes"] = std::move(all);
    json["paths"] = numbers(page_paths(page.nodes, view.nodes));
  }
  if (!view.note.empty()) json["note"] = view.note;
  return json;
}

Json json_of(const PagePlot& plot) {
  Json curves = Json::array();
  for (const PageCurve& curve : plot.curves) {
    const bool interval = !curve.low.empty() || !curve.high.empty();
    if (curve.x.empty() || curve.y.size() != curve.x.size() ||
        (interval && (curve.low.size() != curve.x.size() || curve.high.size() != curve.x.size())))
      ascribe::fail("page: ", plot.title, ": ", curve.name,
                    ": expected points, and as many of x, y and its interval, found ", curve.x.size(), ", ",
                    curve.y.size(), ", ", curve.low.size(), " and ", curve.high.size());
    Json json{{"name", curve.name}, {"x", numbers(curve.x)}, {"y", numbers(curve.y)}};
    if (interval) json.update({{"low", numbers(curve.low)}, {"high", numbers(curve.high)}});
    if (curve.points) json["points"] = true;
    curves.push_back(std::move(json));
  }
  return {{"title", plot.title},
          {"x", plot.x_label},
          {"y", plot.y_label},
          {"curves", std::move(curves)},
          {"note", plot.note}};
}

Json json_of(const PageTable& table) {
  Json rows = Json::array();
  for (const auto& row : table.rows) {
    if (row.size() != table.columns.size())
      ascribe::fail("page: ", table.title, ": expected ", table.columns.size(), " cells in a row, found ",
                    row.size());
    Json cells = Json::array();
    for (const PageCell& cell : row)
      cells.push_back(cell.number ? Json{cell.text, number(*cell.number)} : Json(cell.text));
    rows.push_back(std::move(cells));
  }
  return {
      {"title", table.title}, {"columns", table.columns}, {"rows", std::move(rows)}, {"note", table.note}};
}

Json json_of(const PageGallery& gallery) {
  Json tiles = Json::array();
  for (const PageTile& tile : gallery.tiles) {
    for (const std::size_t pixel : gallery.region)
      if (pixel >= tile.height * tile.width)
        ascribe::fail("page: ", gallery.title, ": expected pixels of ", tile.height, " x ", tile.width,
                      ", found ", pixel);
    Json json{{"name", tile.name},
              {"height", tile.height},
              {"width", tile.width},
              {"relevance", quantised(tile, tile.relevance)}};
    if (tile.picture) json["picture"] = picture_uri(tile);
    tiles.push_back(std::move(json));
  }
  return {{"title", gallery.title},
          {"tiles", std::move(tiles)},
          {"region", gallery.region},
          {"note", gallery.note}};
}

/// A map's colours from −1 to 1 as hexadecimal digits. All of its corners are among them, so that straight
/// lines between them are the map.
std::string hexadecimal(ascribe::Colours colours) {
  constexpr int steps = 40;
  std::vector<double> strengths;
  for (int i = 0; i <= steps; ++i) strengths.push_back((2.0 * i - steps) / steps);
  ascribe::HeatmapOptions options;
  options.colours = colours;
  options.scale = 1;
  std::string text;
  for (const unsigned char byte : ascribe::heatmap(strengths, 1, steps + 1, 1, options).rgb) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  return text;
}

std::string_view part(const unsigned char* bytes) { return reinterpret_cast<const char*>(bytes); }

}  // namespace

std::string page_input(const Page& page, const PageInput& input) {
  Json json = json_of(static_cast<const PageValues&>(input));
  if (!input.input.empty()) json["input"] = input.input;
  for (const PageValues& other : input.others) json["others"].push_back(json_of(other));
  Json outputs = Json::array();
  for (const PageOutput& output : input.outputs) {
    if (output.views.size() != page.methods.size())
      ascribe::fail("page: ", input.name, ": expected ", page.methods.size(), " methods, found ",
                    output.views.size());
    Json views = Json::array();
    for (const PageView& view : output.views) views.push_back(json_of(page, input, view));
    outputs.push_back({{"name", output.name}, {"value", number(output.value)}, {"views", std::move(views)}});
  }
  json["outputs"] = std::move(outputs);
  return text_of(json);
}

std::string page_html(const Page& page, std::span<const std::string> inputs) {
  Json methods = Json::array(), nodes = Json::array(), edges = Json::array(), plots = Json::array(),
       tables = Json::array(), galleries = Json::array(), maps = Json::array(), shares = Json::array();
  for (const PageMethod& method : page.methods) {
    if (!method.rules.empty() && method.rules.size() != page.nodes.size())
      ascribe::fail("page: ", method.name, ": expected the rules of ", page.nodes.size(), " nodes, found ",
                    method.rules.size());
    methods.push_back({{"name", method.name},
                       {"summary", method.summary},
                       {"rules", method.rules},
                       {"books", method.books}});
  }
  for (const PageNode& node : page.nodes)
    nodes.push_back({{"name", node.name}, {"kind", node.kind}, {"shape", node.shape}});
  for (const auto& [node, input] : page_edges(page.nodes)) edges.push_back({node, input});
  for (const PagePlot& plot : page.plots) plots.push_back(json_of(plot));
  for (const PageTable& table : page.tables) tables.push_back(json_of(table));
  for (const PageGallery& gallery : page.galleries) galleries.push_back(json_of(gallery));
  for (const auto& [name, colours] : ascribe::colours_by_name)
    maps.push_back({{"name", name}, {"colours", hexadecimal(colours)}, {"chosen", colours == page.colours}});
  for (const Rgb& colour : share_colours) shares.push_back(colour);
  const Json head{{"notes", page.notes},
                  {"methods", std::move(methods)},
                  {"nodes", std::move(nodes)},
                  {"edges", std::move(edges)},
                  {"plots", std::move(plots)},
                  {"tables", std::move(tables)},
                  {"galleries", std::move(galleries)},
                  {"maps", std::move(maps)},
                  {"shares", std::move(shares)}};
  std::string data = text_of(head);
  data.pop_back();  // the brace
  data += ",\"inputs\":[";
  for (std::size_t i = 0; i < inputs.size(); ++i) data += (i > 0 ? ",\n" : "\n") + inputs[i];
  data += "]}";

  const std::pair<std::string_view, std::string> places[] = {{"@title@", escaped(page.title)},
                                                             {"@detail@", escaped(page.detail)},
                                                             {"@style@", std::string(part(page_css_file))},
                                                             {"@data@", std::move(data)},
                                                             {"@script@", std::string(part(page_js_file))}};
  // From the front to the back, so that nothing that was put in is taken for a place.
  std::string html;
  for (std::string_view rest = part(page_html_file); !rest.empty();) {
    const auto next = std::find_if(std::begin(places), std::end(places),
                                   [&](const auto& place) { return rest.starts_with(place.first); });
    const bool place = next != std::end(places);
    html += place ? next->second : std::string(rest.substr(0, 1));
    rest.remove_prefix(place ? next->first.size() : 1);
  }
  return html;
}

std::vector<std::pair<std::size_t, std::size_t>> page_edges(std::span<const PageNode> nodes) {
  std::set<std::pair<std::size_t, std::size_t>> edges;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (const std::size_t input : nodes[i].inputs) {
      if (input >= i)
        ascribe::fail("page: node ", nodes[i].name, ": expected to read nodes before it, found number ",
                      input);
      edges.emplace(i, input);
    }
  return {edges.begin(), edges.end()};
}

std::vector<double> page_paths(std::span<const PageNode> nodes, std::span<const PageBooks> books) {
  if (books.size() != nodes.size())
    ascribe::fail("page: expected the books of ", nodes.size(), " nodes, found ", books.size());
  const auto edges = page_edges(nodes);
  /// A sum of edges that is known: what leaves a node, or enters one. That of the explained node has no
  /// edges: nothing that reads it is on the way to it.
  struct Sum {
    double rest = 0;
    std::vector<std::size_t> open = {};
  };
  std::vector<Sum> sums(2 * nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    sums[2 * i].rest = books[i].leave;
    sums[2 * i + 1].rest = books[i].enter;
  }
  for (std::size_t e = 0; e < edges.size(); ++e) {
    sums[2 * edges[e].first].open.push_back(e);
    sums[2 * edges[e].second + 1].open.push_back(e);
  }
  std::vector<double> paths(edges.size(), std::numeric_limits<double>::quiet_NaN());
  const auto close = [&](std::size_t e, double amount) {
    paths[e] = amount;
    for (const std::size_t s : {2 * edges[e].first, 2 * edges[e].second + 1}) {
      sums[s].rest -= amount;
      std::erase(sums[s].open, e);
    }
  };
  // Nothing comes to a node that the explained one does not depend on, and so nothing leaves it.
  std::vector<bool> reached(nodes.size());
  for (std::size_t i = nodes.size(); i-- > 0;) {
    reached[i] = reached[i] || nodes[i].explained;
    for (const std::size_t input : nodes[i].inputs) reached[input] = reached[input] || reached[i];
    while (!reached[i] && !sums[2 * i].open.empty()) close(sums[2 * i].open.back(), 0);
  }
  // A sum with one edge left says what that carried, until none does.
  for (bool again = true; again;) {
    again = false;
    for (const Sum& sum : sums)
      if (sum.open.size() == 1) {
        close(sum.open[0], sum.rest);
        again = true;
      }
  }
  return paths;
}

}  // namespace examples
