/// The windows of a maximum over branches.
#pragma once

#include <ascribe/core/spatial.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/windows/windows.hpp>

namespace ascribe::window {

/// Blocks of `size` features, one behind the other: output j looks at feature j of every block.
/// Example: the maximum over `Branches(2, 3)` takes `[1 5 3 4 2 6]` to `[4 5 6]`.
class Branches {
 public:
  static constexpr int inputs = Dynamic;
  static constexpr int outputs = Dynamic;
  static constexpr const char* name = "Branches";

  /// Throws Error where either is below 1.
  Branches(Index count, Index size) : count_(count), size_(size) {
    checked_size("Branches", "inputs", {count, size});
  }

  Index input_size() const { return count_ * size_; }
  Index output_size() const { return size_; }
  Index lanes() const { return size_; }
  bool partition() const { return true; }

  template <class F>
  void members(Index, F&& f) const {
    for (Index k = 0; k < count_; ++k) f(k * size_);
  }

 private:
  Index count_, size_;
};

}  // namespace ascribe::window
