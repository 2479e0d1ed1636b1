/// How images and maps of features lie in a column, and how they are enlarged.
#pragma once

#include <algorithm>
#include <cmath>

#include <ascribe/core/error.hpp>
#include <ascribe/core/types.hpp>

namespace ascribe {

/// Channels of height × width positions, flattened: H, W, C as the library has images inside, or C, H, W.
struct FeatureMaps {
  /// Sizes, each at least 1.
  Index channels, height, width;
  /// Whether a pixel's channels are neighbours in memory; else a channel's pixels are.
  bool channels_last = true;

  /// The pixels of a channel.
  Index positions() const { return height * width; }
  /// The features of all channels.
  Index size() const { return channels * positions(); }
  /// Where a channel's value at a position lies; positions are counted row by row.
  Index feature(Index channel, Index position) const {
    return channels_last ? position * channels + channel : channel * positions() + position;
  }
  /// Throws Error for a size below 1.
  void check(const char* who) const {
    if (channels < 1 || height < 1 || width < 1)
      fail(who, ": expected at least 1 channel, row and column, found ", channels, " x ", height, " x ",
           width);
  }
};

/// Maps (height·width × as many as there are) in another size, each position read off bilinearly at its
/// centre and the outermost values continued beyond theirs: torch's interpolate with align_corners=False.
template <class D>
Batch<typename D::Scalar> resized(const Eigen::MatrixBase<D>& maps, Index height, Index width,
                                  Index to_height, Index to_width) {
  using S = typename D::Scalar;
  if (height < 1 || width < 1 || to_height < 1 || to_width < 1 || maps.rows() != height * width)
    fail("resized: expected maps of ", height, " x ", width, " for ", to_height, " x ", to_width, ", found ",
         maps.rows(), " values");
  struct Place {
    Index low, high;
    double share;  // of the higher one
  };
  const auto place = [](Index i, Index from, Index to) {
    const double at = std::max(0.0, (double(i) + 0.5) * double(from) / double(to) - 0.5);
    const Index low = std::min(Index(std::floor(at)), from - 1);
    return Place{low, std::min(low + 1, from - 1), at - double(low)};
  };
  Batch<S> result(to_height * to_width, maps.cols());
  for (Index row = 0; row < to_height; ++row) {
    const Place y = place(row, height, to_height);
    for (Index column = 0; column < to_width; ++column) {
      const Place x = place(column, width, to_width);
      const auto across = [&](Index r, Index m) {
        return S(maps(r * width + x.low, m) * S(1 - x.share) + maps(r * width + x.high, m) * S(x.share));
      };
      for (Index m = 0; m < maps.cols(); ++m)
        result(row * to_width + column, m) =
            across(y.low, m) * S(1 - y.share) + across(y.high, m) * S(y.share);
    }
  }
  return result;
}

}  // namespace ascribe
