/// Explanations as one HTML file that any browser opens without a network: pictures under their heatmaps, the
/// books node by node, the paths that relevance took, curves and tables. Plain data in, text out; the same
/// data gives the same bytes. Everything that comes from outside (names, labels) is escaped. Style and script
/// are page/page.css and page/page.js. Compile page.cpp along with the program.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ascribe/heatmap.hpp"
#include "examples/support/words.hpp"

namespace examples {

/// One sample's amounts in a Ledger.
struct PageBooks {
  double enter = 0, leave = 0, biases = 0, stabiliser = 0, dropped = 0;
};

/// A node of the network, in topological order.
struct PageNode {
  std::string name, kind, shape;
  std::vector<std::size_t> inputs = {};  ///< the nodes that it reads
  bool explained = false;                ///< whether the explained output is its value
};

/// A method: a column of the page.
struct PageMethod {
  std::string name, summary;
  std::vector<std::string> rules = {};  ///< one for each node; empty where it has no books of nodes
  bool books = true;                    ///< whether it conserves anything
};

/// How one method explains one output of one input.
struct PageView {
  std::vector<double> relevance;      ///< PageValues::height × width values, row by row
  PageBooks books = {};               ///< of the whole network; without books, `leave` is the sum
  std::vector<PageBooks> nodes = {};  ///< one for each node, or none
  std::string note = {};              ///< what it is to be taken with
  std::vector<std::vector<double>> others = {};  ///< the relevance of each of PageInput::others
};

/// An explained output of one input.
struct PageOutput {
  std::string name;
  double value = 0;
  std::vector<PageView> views;  ///< one for each method
};

/// What an input of the network is: an image, a text, or any rows of numbers.
struct PageValues {
  std::string name = {};
  std::size_t height = 0, width = 0;             ///< of its relevance, a number a pixel
  std::optional<ascribe::Picture> picture = {};  ///< height × width: what the network saw
  std::vector<Word> words = {};                  ///< height · width of them, or none
};

/// An input, and what explains it. Of a network of several inputs, the first one's values; `others` are those
/// of the rest, named after them.
struct PageInput : PageValues {
  std::string input = {};  ///< the first one's name, where there are others
  std::vector<PageValues> others = {};
  std::vector<PageOutput> outputs = {};  ///< the first is shown first
};

/// A line of a plot.
struct PageCurve {
  std::string name;
  std::vector<double> x, y;
  std::vector<double> low = {}, high = {};  ///< the interval of each y; none: no interval
  bool points = false;                      ///< each by itself, no line through them
};

struct PagePlot {
  std::string title, x_label, y_label;
  std::vector<PageCurve> curves;
  std::string note = {};  ///< what the interval is, say
};

/// A cell: what is shown, and the number that it is sorted by; none: it is sorted as text.
struct PageCell {
  std::string text;
  std::optional<double> number = {};
};

struct PageTable {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::vector<PageCell>> rows;
  std::string note = {};
};

/// A small picture with its heatmap.
struct PageTile {
  std::string name;
  std::size_t height = 0, width = 0;             ///< of its relevance, a number a pixel
  std::vector<double> relevance;                 ///< height × width values, row by row
  std::optional<ascribe::Picture> picture = {};  ///< height × width
};

/// Pictures side by side, with one region of theirs outlined.
struct PageGallery {
  std::string title;
  std::vector<PageTile> tiles;
  std::vector<std::size_t> region = {};  ///< pixels, counted row by row; none: no outline
  std::string note = {};
};

/// All but the inputs.
struct Page {
  std::string title;
  std::string detail = {};              ///< a line under the title
  std::vector<std::string> notes = {};  ///< lines under that
  std::vector<PageMethod> methods = {};
  std::vector<PageNode> nodes = {};
  std::vector<PagePlot> plots = {};
  std::vector<PageTable> tables = {};
  std::vector<PageGallery> galleries = {};
  ascribe::Colours colours = ascribe::Colours::diverging;  ///< those that are shown first
};

/// An input as the page's data have it, so that of many only this is kept: the picture as PNG, relevances in
/// 16 bits, −32767 to 32767 for the view's largest magnitude, which rounds them to within 1/65534 of it;
/// other numbers to nine digits. Throws ascribe::Error for numbers that don't fit each other or the page's
/// methods and nodes, and for a relevance that is not finite.
std::string page_input(const Page& page, const PageInput& input);

/// The file, of inputs as page_input gives them for this page. Throws ascribe::Error for numbers that don't
/// fit each other: rules and nodes, x and y, cells and columns.
std::string page_html(const Page& page, std::span<const std::string> inputs = {});

/// The edges of a network: pairs of a node and one that it reads, each pair once.
std::vector<std::pair<std::size_t, std::size_t>> page_edges(std::span<const PageNode> nodes);

/// What each edge carried, by the books of the nodes alone: what leaves a node is the sum over the edges to
/// those that it reads, what enters one the sum over the edges from those that read it (but for the explained
/// one, where relevance starts). NaN where these sums leave an edge open, as at two nodes that both read the
/// same two. Throws ascribe::Error for another number of books than of nodes.
std::vector<double> page_paths(std::span<const PageNode> nodes, std::span<const PageBooks> books);

}  // namespace examples
