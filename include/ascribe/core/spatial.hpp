/// The geometry of a window that slides over an image: written once, for convolutions and pools.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <limits>

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

/// Two sizes, in the order of an image's axes.
struct Extent {
  Index height = 1;
  Index width = 1;
};

/// Pixels of padding at the four sides.
struct Pads {
  Index top = 0;
  Index left = 0;
  Index bottom = 0;
  Index right = 0;
};

/// One window that slides over one image. A signal with one axis is an image of height 1.
/// Example: `Spatial{.input = {28, 28}, .kernel = {5, 5}, .pads = {2, 2, 2, 2}}` has 28 × 28 outputs.
struct Spatial {
  Extent input = {};
  Extent kernel = {};
  Extent stride = {};
  Pads pads = {};
  Extent dilation = {};

  /// Along one axis, the taps of one output that meet the image and not its padding: begin … end − 1,
  /// tap t meeting position `origin + t·dilation`. An output that lies wholly in padding has none.
  struct Taps {
    Index begin;
    Index end;
    Index origin;
  };

  Index output_height() const {
    return outputs(input.height + pads.top + pads.bottom, spanned_height(), stride.height);
  }
  Index output_width() const {
    return outputs(input.width + pads.left + pads.right, spanned_width(), stride.width);
  }
  Index input_pixels() const { return input.height * input.width; }
  Index output_pixels() const { return output_height() * output_width(); }
  Index kernel_taps() const { return kernel.height * kernel.width; }

  /// Throws Error, naming `who`, unless every size is usable and there is at least one output. Nothing
  /// else here may be called before.
  void check(const char* who) const {
    check_axis(who, "height", input.height, kernel.height, stride.height, pads.top, pads.bottom,
               dilation.height);
    check_axis(who, "width", input.width, kernel.width, stride.width, pads.left, pads.right, dilation.width);
    checked_size(who, "input pixels", {input.height, input.width});
    checked_size(who, "output pixels", {output_height(), output_width()});
    checked_size(who, "kernel taps", {kernel.height, kernel.width});
  }

  Taps row_taps(Index y) const {
    return taps(y * stride.height - pads.top, input.height, kernel.height, dilation.height);
  }
  Taps column_taps(Index x) const {
    return taps(x * stride.width - pads.left, input.width, kernel.width, dilation.width);
  }

  /// Calls f(tap, pixel) for every tap of output (y, x) that meets the image, row by row: tap is
  /// ky·kernel.width + kx, pixel is iy·input.width + ix.
  template <class F>
  void for_each_tap(Index y, Index x, F&& f) const {
    const Taps rows = row_taps(y);
    const Taps columns = column_taps(x);
    for (Index ky = rows.begin; ky < rows.end; ++ky) {
      const Index line = (rows.origin + ky * dilation.height) * input.width;
      for (Index kx = columns.begin; kx < columns.end; ++kx)
        f(ky * kernel.width + kx, line + columns.origin + kx * dilation.width);
    }
  }

  /// Throws Error, naming `who`, where an output's window lies wholly in padding.
  void check_no_window_is_empty(const char* who) const {
    for (Index y = 0; y < output_height(); ++y)
      if (const Taps t = row_taps(y); t.begin == t.end)
        fail_empty(who, "row", y, t, dilation.height, input.height);
    for (Index x = 0; x < output_width(); ++x)
      if (const Taps t = column_taps(x); t.begin == t.end)
        fail_empty(who, "column", x, t, dilation.width, input.width);
  }

 private:
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
