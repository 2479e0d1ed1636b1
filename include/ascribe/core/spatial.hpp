/// The geometry of a window that slides over an image or a volume: written once, for convolutions and pools.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>

#include <ascribe/core/error.hpp>
#include <ascribe/core/types.hpp>

namespace ascribe {

/// The product of sizes that a caller gave. Throws Error where a factor is below 1, or where the
/// product, in scalars of up to 64 bytes, could not be addressed.
/// Example: `checked_size("Sum", "inputs", {3, 4}) == 12`.
inline Index checked_size(const char* who, const char* what, std::initializer_list<Index> factors) {
  constexpr Index most = std::numeric_limits<Index>::max() / 64;
  Index product = 1;
  for (const Index factor : factors) {
    if (factor < 1)
      fail(who, ": the number of ", what, " has a factor that is: expected at least 1, found ", factor);
    if (product > most / factor)
      fail(who, ": the number of ", what, ": expected at most ", most, ", found ", product, " x ", factor);
    product *= factor;
  }
  return product;
}

/// Sizes of an image, or of a volume: depth, the last member, is a volume's first axis in memory.
struct Extent {
  Index height = 1;  ///< rows
  Index width = 1;   ///< columns
  Index depth = 1;   ///< planes; 1 of an image

  /// Whether all three are the same.
  friend constexpr bool operator==(const Extent&, const Extent&) = default;
  /// How many there are.
  Index pixels() const { return depth * height * width; }
  /// A pixel's number, counted along the width, then the height, then the depth.
  Index pixel(Index z, Index y, Index x) const { return (z * height + y) * width + x; }
};

/// "3 x 5" of an image's sizes, "2 x 3 x 5" of a volume's.
inline std::string shown(const Extent& extent) {
  std::string text = std::to_string(extent.height) + " x " + std::to_string(extent.width);
  return extent.depth == 1 ? text : std::to_string(extent.depth) + " x " + text;
}

/// Pixels of padding at the four sides of an image, and in front of and behind a volume.
struct Pads {
  Index top = 0;     ///< rows above
  Index left = 0;    ///< columns on the left
  Index bottom = 0;  ///< rows below
  Index right = 0;   ///< columns on the right
  Index front = 0;   ///< images in front
  Index back = 0;    ///< images behind

  /// Whether all are the same.
  bool operator==(const Pads&) const = default;
  /// Whether there is no padding.
  bool none() const { return *this == Pads{}; }
};

/// One window that slides over one volume. An image is a volume of depth 1, a signal with one axis an image
/// of height 1.
/// Example: `Spatial{.input = {28, 28}, .kernel = {5, 5}, .pads = {2, 2, 2, 2}}` has 28 × 28 outputs;
/// `Spatial{.input = {28, 28, 16}, .kernel = {5, 5, 3}}` has 14 × 24 × 24 of 16 × 28 × 28 pixels.
struct Spatial {
  Extent input = {};     ///< sizes of what it slides over
  Extent kernel = {};    ///< sizes of the window, in taps
  Extent stride = {};    ///< how far it moves from output to output
  Pads pads = {};        ///< around the input
  Extent dilation = {};  ///< how far neighbouring taps are apart

  /// Along one axis, the taps of one output that meet the image and not its padding: begin … end − 1,
  /// tap t meeting position `origin + t·dilation`. An output that lies wholly in padding has none.
  struct Taps {
    Index begin;   ///< the first tap
    Index end;     ///< behind the last tap
    Index origin;  ///< where tap 0 is, which may be in the padding
  };

  /// Images of outputs.
  Index output_depth() const {
    return outputs(input.depth + pads.front + pads.back, spanned_depth(), stride.depth);
  }
  /// Rows of outputs.
  Index output_height() const {
    return outputs(input.height + pads.top + pads.bottom, spanned_height(), stride.height);
  }
  /// Columns of outputs.
  Index output_width() const {
    return outputs(input.width + pads.left + pads.right, spanned_width(), stride.width);
  }
  /// All three sizes of the outputs.
  Extent output() const { return {output_height(), output_width(), output_depth()}; }
  /// How many pixels the input has.
  Index input_pixels() const { return input.pixels(); }
  /// How many pixels the output has.
  Index output_pixels() const { return output().pixels(); }
  /// How many taps the window has.
  Index kernel_taps() const { return kernel.pixels(); }
  /// Along the depth there is nothing: an image, and a window of one.
  bool is_flat() const { return input.depth == 1 && kernel.depth == 1 && pads.front == 0 && pads.back == 0; }

  /// Throws Error, naming `who`, unless every size is usable and there is at least one output. Nothing
  /// else here may be called before.
  void check(const char* who) const {
    check_axis(who, "depth", input.depth, kernel.depth, stride.depth, pads.front, pads.back, dilation.depth);
    check_axis(who, "height", input.height, kernel.height, stride.height, pads.top, pads.bottom,
               dilation.height);
    check_axis(who, "width", input.width, kernel.width, stride.width, pads.left, pads.right, dilation.width);
    checked_size(who, "input pixels", {input.depth, input.height, input.width});
    checked_size(who, "output pixels", {output_depth(), output_height(), output_width()});
    checked_size(who, "kernel taps", {kernel.depth, kernel.height, kernel.width});
  }

  /// Those along the depth of the outputs in image z.
  Taps plane_taps(Index z) const {
    return taps(z * stride.depth - pads.front, input.depth, kernel.depth, dilation.depth);
  }
  /// Those along the height of the outputs in row y.
  Taps row_taps(Index y) const {
    return taps(y * stride.height - pads.top, input.height, kernel.height, dilation.height);
  }
  /// Those along the width of the outputs in column x.
  Taps column_taps(Index x) const {
    return taps(x * stride.width - pads.left, input.width, kernel.width, dilation.width);
  }

  /// Calls f(tap, pixel) for every tap of output (z, y, x) that meets the volume, plane by plane and row by
  /// row: tap is kernel.pixel(kz, ky, kx), pixel is input.pixel(iz, iy, ix).
  template <class F>
  void for_each_tap(Index z, Index y, Index x, F&& f) const {
    const Taps planes = plane_taps(z);
    const Taps rows = row_taps(y);
    const Taps columns = column_taps(x);
    for (Index kz = planes.begin; kz < planes.end; ++kz)
      for (Index ky = rows.begin; ky < rows.end; ++ky) {
        const Index tap = kernel.pixel(kz, ky, 0);
        const Index line =
            input.pixel(planes.origin + kz * dilation.depth, rows.origin + ky * dilation.height, 0);
        for (Index kx = columns.begin; kx < columns.end; ++kx)
          f(tap + kx, line + columns.origin + kx * dilation.width);
      }
  }

  /// Throws Error, naming `who`, where an output's window lies wholly in padding.
  void check_no_window_is_empty(const char* who) const {
    for (Index z = 0; z < output_depth(); ++z)
      if (const Taps t = plane_taps(z); t.begin == t.end)
        fail_empty(who, "plane", z, t, dilation.depth, input.depth);
    for (Index y = 0; y < output_height(); ++y)
      if (const Taps t = row_taps(y); t.begin == t.end)
        fail_empty(who, "row", y, t, dilation.height, input.height);
    for (Index x = 0; x < output_width(); ++x)
      if (const Taps t = column_taps(x); t.begin == t.end)
        fail_empty(who, "column", x, t, dilation.width, input.width);
  }

 private:
  Index spanned_depth() const { return dilation.depth * (kernel.depth - 1) + 1; }
  Index spanned_height() const { return dilation.height * (kernel.height - 1) + 1; }
  Index spanned_width() const { return dilation.width * (kernel.width - 1) + 1; }

  static Index outputs(Index padded, Index spanned, Index step) { return (padded - spanned) / step + 1; }

  static Taps taps(Index origin, Index size, Index count, Index step) {
    // Whole windows inside the image are the rule: they skip the divisions.
    if (origin >= 0 && origin + (count - 1) * step < size) return {0, count, origin};
    const Index begin = origin < 0 ? (step - 1 - origin) / step : 0;
    const Index end = origin < size ? std::min(count, (size - origin + step - 1) / step) : 0;
    return {begin, std::max(begin, end), origin};
  }

  static void check_axis(const char* who, const char* axis, Index size, Index taps, Index step, Index before,
                         Index after, Index spacing) {
    // Below 2^30 each, so that no sum or product of two overflows 64 bits below.
    constexpr Index most = Index(1) << 30;
    const auto expect = [&](const char* what, Index found, Index least) {
      if (found < least || found > most)
        fail(who, ": the ", what, " along the ", axis, ": expected ", least, " to ", most, ", found ", found);
    };
    expect("input", size, 1);
    expect("kernel", taps, 1);
    expect("stride", step, 1);
    expect("dilation", spacing, 1);
    expect("padding before", before, 0);
    expect("padding after", after, 0);
    const std::int64_t padded = std::int64_t(size) + before + after;
    const std::int64_t spanned = std::int64_t(spacing) * (taps - 1) + 1;
    if (padded > most)
      fail(who, ": the padded input along the ", axis, ": expected at most ", most, ", found ", padded);
    if (spanned > padded)
      fail(who, ": the kernel spans ", spanned, " along the ", axis, ": expected at most the padded input's ",
           padded);
  }

  [[noreturn]] static void fail_empty(const char* who, const char* axis, Index at, const Taps& t, Index step,
                                      Index size) {
    fail(who, ": the windows of output ", axis, " ", at, " lie wholly in padding: they start at ", t.origin,
         " with dilation ", step, ", expected a tap in 0 to ", size - 1);
  }
};

}  // namespace ascribe
