/// Windows that compare with constants too, as max(a, c).
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/windows/windows.hpp>

namespace ascribe::window {

/// The windows W, each with the same constants behind its members. With Count known, they stay off the
/// heap.
/// Example: ReLU as a maximum, `WithConstants(Groups<3, 1>(), std::array{0.0})`.
template <Windows W, int Count = Dynamic>
class WithConstants {
 public:
  static constexpr int inputs = W::inputs;
  static constexpr int outputs = W::outputs;
  /// A std::array where their number is known at compile time.
  using Constants = std::conditional_t<Count == Dynamic, std::vector<double>,
                                       std::array<double, std::size_t(Count == Dynamic ? 0 : Count)>>;

  /// −∞ is never the maximum, so that rules do not see it. Throws Error where there is no constant, or one is
  /// NaN or +∞.
  WithConstants(W windows, Constants constants)
      : windows_(std::move(windows)), constants_(std::move(constants)) {
    if (constants_.empty())
      fail("WithConstants: the constants: expected at least 1, found ", constants_.size());
    for (std::size_t k = 0; k < constants_.size(); ++k)
      if (!(constants_[k] < std::numeric_limits<double>::infinity()))
        fail("WithConstants: constant ", k, ": expected a finite number or -infinity, found ", constants_[k]);
  }

  Index input_size() const { return windows_.input_size(); }
  Index output_size() const { return windows_.output_size(); }
  Index lanes() const { return windows_.lanes(); }
  bool partition() const { return is_partition(windows_); }
  bool lanes_apart() const { return lanes_are_apart(windows_); }

  template <class F>
  void members(Index group, F&& f) const {
    windows_.members(group, f);
  }
  template <class F>
  void constants(F&& f) const {
    each_constant(windows_, f);
    for (const double c : constants_)
      if (c > -std::numeric_limits<double>::infinity()) f(c);
  }

 private:
  W windows_;
  Constants constants_;
};

/// From an array.
template <class W, std::size_t Count>
WithConstants(W, std::array<double, Count>) -> WithConstants<W, int(Count)>;
/// From a vector.
template <class W>
WithConstants(W, std::vector<double>) -> WithConstants<W, Dynamic>;
/// From a list in braces.
template <class W>
WithConstants(W, std::initializer_list<double>) -> WithConstants<W, Dynamic>;

}  // namespace ascribe::window
