/// Explanations as one picture: rows of panels with captions, bars that show where the relevance went, a
/// scale of the colours. Plain data in, a Drawing or a Picture out.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ascribe/heatmap.hpp"
#include "examples/support/drawing.hpp"

namespace examples {

/// Where went what an explanation started with: one sample's amounts in a Ledger's totals.
struct Shares {
  double input = 0;
  double biases = 0;
  double stabiliser = 0;
  double dropped = 0;
};

/// The colours of the four shares, in their order; none of the heatmap's, which have a sign.
inline constexpr Rgb share_colours[] = {{38, 128, 122}, {232, 170, 52}, {136, 102, 176}, {176, 176, 176}};

/// A bar of the size given, its top left corner at (x, y): each share's part of the width is its part of all
/// that moved, Σ |share|. What is positive lies to the right of a tick, what is negative to its left, and the
/// tick is at the left end where nothing is. All shares 0 leave the bar pale. Throws ascribe::Error for a
/// share that is not finite, or a size below 1.
void draw_shares(Drawing& canvas, int x, int y, int width, int height, const Shares& shares);

/// One picture, what stands over and under it, and what is drawn between it and the line under it.
struct Panel {
  std::string caption;
  Drawing picture;
  std::string note;
  std::optional<Shares> shares;  ///< a bar
  std::optional<double> scale;   ///< the heatmap's colours, from −scale to scale, or from 0 if sequential
  ascribe::Colours colours = ascribe::Colours::diverging;
};

/// Panels side by side. The title is bold, the detail behind it is not. With `shares`, a bar as wide as the
/// row and the amounts in words under it.
struct Row {
  std::string title;
  std::string detail;
  std::vector<Panel> panels;
  std::optional<Shares> shares;
};

/// All of it, rows aligned by their columns. What is given in no row takes no space. Text that is too long
/// for its place ends in an ellipsis. `footer`: lines under it all. Throws ascribe::Error for no row, a row
/// without panels, a picture whose bytes don't fit its sizes, or as draw_shares does.
Drawing figure_drawing(std::span<const Row> rows, std::span<const std::string> footer = {});

/// The same as pixels.
ascribe::Picture figure(std::span<const Row> rows, std::span<const std::string> footer = {});

/// What explains one input to a network.
struct Explained {
  ascribe::Picture image;         ///< what the network saw
  std::vector<double> relevance;  ///< image.height × image.width × channels values, H, W, C order
  int channels = 3;
  std::string title;   ///< the label
  std::string detail;  ///< its logit or probability
  std::string method;
  std::string file;
  std::optional<Shares> shares;
};

/// What a row has besides its colours.
struct RowOptions {
  int side = 224;                 ///< about how many pixels long a panel's longer side is
  std::optional<double> contour;  ///< a line around the top pixels, as many per cent as this
  bool by_channel = false;        ///< a heatmap of each channel, too
};

/// Which values are in the top `percent` %, rounded up to a whole number of them: as large as the last of
/// these, and above 0. Throws ascribe::Error for a share outside (0, 100].
std::vector<bool> top_values(std::span<const double> values, double percent);

/// A row of three panels, image, heatmap and overlay on the grey image, each enlarged by the whole factor
/// that brings its longer side nearest to `side` pixels (at least 1); the contour is on the overlay. Heatmaps
/// of channels stand behind that of all and share a scale of their own. Throws ascribe::Error as heatmap,
/// overlay and top_values do.
Row explained_row(const Explained& explained, const ascribe::HeatmapOptions& options,
                  const RowOptions& row_options = {});

}  // namespace examples
