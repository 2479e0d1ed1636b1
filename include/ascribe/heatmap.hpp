/// Relevance to colours. Needs nothing but the standard library; writing the bytes to a file is the
/// caller's business (examples/support/png.hpp does it with stb).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"

namespace ascribe {

/// 8-bit RGB, row by row from the top: pixel (y, x) is `rgb[3·(y·width + x)]` and the two after it.
struct Picture {
  int width = 0;                   ///< pixels across
  int height = 0;                  ///< pixels down
  std::vector<unsigned char> rgb;  ///< three bytes a pixel
};

/// `diverging`: blue for negative, exactly white for 0, red for positive relevance. The two hues stay
/// apart under every common colour blindness, and darken alike. `sequential`: |relevance|, white to dark.
/// `purple_orange` and `teal_brown`, positive last: PuOr and BrBG of 11 classes with white in their middle,
/// which their author says are safe for the colour-blind. They are colour specifications and designs
/// developed by Cynthia Brewer (https://colorbrewer2.org, Apache License 2.0).
enum class Colours { diverging, sequential, purple_orange, teal_brown };

/// All of them by name.
inline constexpr std::pair<std::string_view, Colours> colours_by_name[] = {
    {"blue-red", Colours::diverging},
    {"purple-orange", Colours::purple_orange},
    {"teal-brown", Colours::teal_brown},
    {"magnitude", Colours::sequential}};

/// How the channels of a pixel become one number: their sum, which keeps a pixel's total, or the one
/// with the largest magnitude, with its sign (the first of equals), where opposite signs would cancel.
enum class ChannelReduction { sum, max_absolute };

/// How relevance becomes colours.
struct HeatmapOptions {
  Colours colours = Colours::diverging;               ///< which scale of colours
  ChannelReduction channels = ChannelReduction::sum;  ///< how a pixel's channels are taken together
  /// The strongest colour starts at this percentile of the pixels' magnitudes, in (0, 100]: the smallest
  /// magnitude that at least that share of the pixels do not exceed. 100 clips nothing. Where it falls on
  /// a 0, though not all is 0, the largest magnitude is used.
  double percentile = 100;
  /// The magnitude of the strongest colour, in place of the percentile: pictures that share one can be
  /// compared. See heatmap_scale.
  std::optional<double> scale;
};

/// The magnitude that gets the strongest colour: `options.scale` if set, else the percentile's.
/// 0 if all relevance is 0. `relevance`: height × width × channels values, H, W, C order.
/// Throws Error as heatmap does.
/// Example: `options.scale = std::max(heatmap_scale(first, …), heatmap_scale(second, …))`
inline double heatmap_scale(std::span<const float> relevance, int height, int width, int channels,
                            const HeatmapOptions& options = {});
inline double heatmap_scale(std::span<const double> relevance, int height, int width, int channels,
                            const HeatmapOptions& options = {});

/// A picture, height × width, of relevance: height × width × channels values, H, W, C order (a pixel's
/// channels together). Throws Error for a size below 1, a wrong number of values, a value that is not
/// finite, a percentile outside (0, 100], or a fixed scale that is not positive and finite.
inline Picture heatmap(std::span<const float> relevance, int height, int width, int channels,
                       const HeatmapOptions& options = {});
inline Picture heatmap(std::span<const double> relevance, int height, int width, int channels,
                       const HeatmapOptions& options = {});

/// The picture of an image: height × width × channels bytes, H, W, C order; one channel is grey, three
/// are RGB. Throws Error for any other number of channels or bytes.
inline Picture picture(std::span<const unsigned char> image, int height, int width, int channels);

/// The same picture without its colours (Rec. 601 luma), for an overlay to be the only colour there is.
/// Throws Error if the bytes don't fit the sizes.
inline Picture grey(const Picture& image);

/// The image under its heatmap. A pixel takes the heatmap's colour with weight opacity · |relevance| / scale
/// (at most opacity), so that the image shows, untouched, where there is no relevance.
/// `relevance`: image.height × image.width × channels values, H, W, C order; `opacity` in [0, 1].
/// Throws Error as heatmap does, for an opacity outside [0, 1], and if the image's bytes don't fit its sizes.
inline Picture overlay(const Picture& image, std::span<const float> relevance, int channels, double opacity,
                       const HeatmapOptions& options = {});
inline Picture overlay(const Picture& image, std::span<const double> relevance, int channels, double opacity,
                       const HeatmapOptions& options = {});

/// Every pixel as factor × factor equal pixels. Throws Error for a factor below 1, a result too large for
/// its sizes, and if the picture's bytes don't fit its sizes.
inline Picture enlarge(const Picture& image, int factor);

namespace heatmap_detail {

/// Throws unless there are height · width · channels values; divides, because the product may overflow.
inline void check_size(const char* what, std::size_t found, int height, int width, int channels) {
  if (height < 1 || width < 1 || channels < 1) {
    fail(what, ": expected a height, width and channels of at least 1, found ", height, ", ", width, ", ",
         channels);
  }
  std::size_t rest = found;
  bool fits = rest > 0;
  for (const int size : {height, width, channels}) {
    fits = fits && rest % static_cast<std::size_t>(size) == 0;
    rest /= static_cast<std::size_t>(size);
  }
  if (!fits || rest != 1) {
    fail(what, ": expected ", height, " x ", width, " x ", channels, " values, found ", found);
  }
}

/// One number a pixel, all of them finite.
template <class Scalar>
std::vector<double> reduce(std::span<const Scalar> relevance, int height, int width, int channels,
                           ChannelReduction reduction) {
  check_size("heatmap: relevance", relevance.size(), height, width, channels);
  const auto depth = static_cast<std::size_t>(channels);
  std::vector<double> pixels(relevance.size() / depth);
  for (std::size_t p = 0; p < pixels.size(); ++p) {
    double result = 0;
    for (const Scalar scalar : relevance.subspan(p * depth, depth)) {
      const auto value = static_cast<double>(scalar);
      if (!std::isfinite(value)) {
        result = value;
        break;
      }
      if (reduction == ChannelReduction::sum) {
        result += value;
      } else if (std::abs(value) > std::abs(result)) {
        result = value;
      }
    }
    if (!std::isfinite(result)) {
      const auto columns = static_cast<std::size_t>(width);
      fail("heatmap: relevance: expected finite values, found ", result, " at row ", p / columns, ", column ",
           p % columns);
    }
    pixels[p] = result;
  }
  return pixels;
}

inline double scale_of(std::span<const double> pixels, const HeatmapOptions& options) {
  if (!(options.percentile > 0 && options.percentile <= 100)) {
    fail("heatmap: percentile: expected a number above 0, at most 100, found ", options.percentile);
  }
  if (options.scale) {
    if (!(*options.scale > 0 && std::isfinite(*options.scale))) {
      fail("heatmap: scale: expected a positive, finite number, found ", *options.scale);
    }
    return *options.scale;
  }
  std::vector<double> sizes(pixels.size());
  std::transform(pixels.begin(), pixels.end(), sizes.begin(), [](double pixel) { return std::abs(pixel); });
  // Nearest rank. 16.1 has no exact double: without the slack, 16.1 % of 1000 would be 162 of them.
  const double rank = std::ceil(options.percentile * static_cast<double>(sizes.size()) / 100 - 1e-6);
  const auto place = static_cast<std::ptrdiff_t>(std::max(rank, 1.0)) - 1;
  std::nth_element(sizes.begin(), sizes.begin() + place, sizes.end());
  const double scale = sizes[static_cast<std::size_t>(place)];
  return scale > 0 ? scale : *std::max_element(sizes.begin(), sizes.end());
}

/// The share of the strongest colour, in [−1, 1].
inline double strength(double pixel, double scale) {
  return scale > 0 ? std::clamp(pixel / scale, -1.0, 1.0) : 0.0;
}

using Rgb = std::array<double, 3>;

/// `from` to `to` by `share` in [0, 1].
inline Rgb blend(const Rgb& from, const Rgb& to, double share) {
  Rgb result{};
  for (std::size_t c = 0; c < 3; ++c) {
    result[c] = from[c] + (to[c] - from[c]) * share;
  }
  return result;
}

/// The colours from 0 to the strongest, at equal distances.
inline std::span<const Rgb> corners(Colours colours, bool negative) {
  constexpr Rgb white{255, 255, 255};
  // The middles have nearly one lightness (CIE L* 64 and 61), and so have the ends (26 and 25): neither sign
  // looks stronger than the other.
  static constexpr Rgb red[] = {white, {240, 120, 90}, {130, 0, 30}};
  static constexpr Rgb blue[] = {white, {90, 150, 225}, {20, 50, 140}};
  static constexpr Rgb dark[] = {white, {230, 110, 50}, {50, 0, 40}};
  static constexpr Rgb orange[] = {white,          {254, 224, 182}, {253, 184, 99},
                                   {224, 130, 20}, {179, 88, 6},    {127, 59, 8}};
  static constexpr Rgb purple[] = {white,           {216, 218, 235}, {178, 171, 210},
                                   {128, 115, 172}, {84, 39, 136},   {45, 0, 75}};
  static constexpr Rgb brown[] = {white,          {246, 232, 195}, {223, 194, 125},
                                  {191, 129, 45}, {140, 81, 10},   {84, 48, 5}};
  static constexpr Rgb teal[] = {white,          {199, 234, 229}, {128, 205, 193},
                                 {53, 151, 143}, {1, 102, 94},    {0, 60, 48}};
  switch (colours) {
    case Colours::sequential:
      return dark;
    case Colours::purple_orange:
      return negative ? std::span<const Rgb>(purple) : orange;
    case Colours::teal_brown:
      return negative ? std::span<const Rgb>(teal) : brown;
    case Colours::diverging:
      break;
  }
  return negative ? std::span<const Rgb>(blue) : red;
}

/// Straight lines between the corners.
inline Rgb colour(double strength, Colours colours) {
  const std::span<const Rgb> all = corners(colours, strength < 0);
  const double place = std::abs(strength) * static_cast<double>(all.size() - 1);
  const std::size_t first = std::min(static_cast<std::size_t>(place), all.size() - 2);
  return blend(all[first], all[first + 1], place - static_cast<double>(first));
}

inline void store(const Rgb& from, unsigned char* to) {
  for (std::size_t c = 0; c < 3; ++c) {
    to[c] = static_cast<unsigned char>(std::lround(from[c]));
  }
}

template <class Scalar>
Picture heatmap(std::span<const Scalar> relevance, int height, int width, int channels,
                const HeatmapOptions& options) {
  const std::vector<double> pixels = reduce(relevance, height, width, channels, options.channels);
  const double scale = scale_of(pixels, options);
  Picture result{width, height, std::vector<unsigned char>(3 * pixels.size())};
  for (std::size_t p = 0; p < pixels.size(); ++p) {
    store(colour(strength(pixels[p], scale), options.colours), &result.rgb[3 * p]);
  }
  return result;
}

template <class Scalar>
Picture overlay(const Picture& image, std::span<const Scalar> relevance, int channels, double opacity,
                const HeatmapOptions& options) {
  check_size("overlay: image", image.rgb.size(), image.height, image.width, 3);
  if (!(opacity >= 0 && opacity <= 1)) {
    fail("overlay: opacity: expected a number from 0 to 1, found ", opacity);
  }
  const std::vector<double> pixels = reduce(relevance, image.height, image.width, channels, options.channels);
  const double scale = scale_of(pixels, options);
  Picture result = image;
  for (std::size_t p = 0; p < pixels.size(); ++p) {
    unsigned char* const rgb = &result.rgb[3 * p];
    const Rgb under{static_cast<double>(rgb[0]), static_cast<double>(rgb[1]), static_cast<double>(rgb[2])};
    const double share = strength(pixels[p], scale);
    store(blend(under, colour(share, options.colours), opacity * std::abs(share)), rgb);
  }
  return result;
}

}  // namespace heatmap_detail

inline double heatmap_scale(std::span<const float> relevance, int height, int width, int channels,
                            const HeatmapOptions& options) {
  return heatmap_detail::scale_of(
      heatmap_detail::reduce(relevance, height, width, channels, options.channels), options);
}
/// The same in double.
inline double heatmap_scale(std::span<const double> relevance, int height, int width, int channels,
                            const HeatmapOptions& options) {
  return heatmap_detail::scale_of(
      heatmap_detail::reduce(relevance, height, width, channels, options.channels), options);
}

inline Picture heatmap(std::span<const float> relevance, int height, int width, int channels,
                       const HeatmapOptions& options) {
  return heatmap_detail::heatmap(relevance, height, width, channels, options);
}
/// The same in double.
inline Picture heatmap(std::span<const double> relevance, int height, int width, int channels,
                       const HeatmapOptions& options) {
  return heatmap_detail::heatmap(relevance, height, width, channels, options);
}

inline Picture picture(std::span<const unsigned char> image, int height, int width, int channels) {
  if (channels != 1 && channels != 3) {
    fail("picture: expected 1 or 3 channels, found ", channels);
  }
  heatmap_detail::check_size("picture: image", image.size(), height, width, channels);
  Picture result{width, height, {}};
  for (const unsigned char byte : image) {
    result.rgb.insert(result.rgb.end(), channels == 1 ? 3u : 1u, byte);
  }
  return result;
}

inline Picture grey(const Picture& image) {
  heatmap_detail::check_size("grey: image", image.rgb.size(), image.height, image.width, 3);
  Picture result = image;
  for (std::size_t p = 0; p < image.rgb.size(); p += 3) {
    const double luma = 0.299 * image.rgb[p] + 0.587 * image.rgb[p + 1] + 0.114 * image.rgb[p + 2];
    heatmap_detail::store({luma, luma, luma}, &result.rgb[p]);
  }
  return result;
}

inline Picture overlay(const Picture& image, std::span<const float> relevance, int channels, double opacity,
                       const HeatmapOptions& options) {
  return heatmap_detail::overlay(image, relevance, channels, opacity, options);
}
/// The same in double.
inline Picture overlay(const Picture& image, std::span<const double> relevance, int channels, double opacity,
                       const HeatmapOptions& options) {
  return heatmap_detail::overlay(image, relevance, channels, opacity, options);
}

inline Picture enlarge(const Picture& image, int factor) {
  heatmap_detail::check_size("enlarge: image", image.rgb.size(), image.height, image.width, 3);
  constexpr int most = std::numeric_limits<int>::max();
  if (factor < 1 || factor > most / image.width || factor > most / image.height) {
    fail("enlarge: factor: expected 1 to ", most / std::max(image.width, image.height), ", found ", factor);
  }
  const auto times = static_cast<std::size_t>(factor);
  const std::size_t row = 3 * static_cast<std::size_t>(image.width);
  Picture result{image.width * factor, image.height * factor, {}};
  result.rgb.reserve(image.rgb.size() * times * times);
  std::vector<unsigned char> wide;
  for (std::size_t start = 0; start < image.rgb.size(); start += row) {
    wide.clear();
    for (std::size_t p = start; p < start + row; p += 3) {
      for (std::size_t i = 0; i < times; ++i) {
        wide.insert(wide.end(), {image.rgb[p], image.rgb[p + 1], image.rgb[p + 2]});
      }
    }
    for (std::size_t i = 0; i < times; ++i) {
      result.rgb.insert(result.rgb.end(), wide.begin(), wide.end());
    }
  }
  return result;
}

}  // namespace ascribe
