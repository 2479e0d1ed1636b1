/// The windows of maxout: adjacent features.
#pragma once

#include <ascribe/core/error.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/windows/windows.hpp>

namespace ascribe::window {

/// K adjacent features a window: output j looks at inputs j·K … j·K + K − 1.
/// Example: `Groups<6, 2>` has 3 outputs; `Groups<>(6, 2)` is the same, known at run time.
template <int Inputs = Dynamic, int K = Dynamic>
class Groups {
  static_assert(Inputs != Dynamic && K != Dynamic,
                "ascribe: give Groups both sizes, Groups<6, 2>(), or neither, Groups<>(6, 2)");
  static_assert(K >= 1 && Inputs >= 1 && Inputs % K == 0,
                "ascribe: the group's size has to divide the inputs");

 public:
  static constexpr int inputs = Inputs;
  static constexpr int outputs = Inputs / K;
  static constexpr const char* name = "Groups";

  Index input_size() const { return inputs; }
  Index output_size() const { return outputs; }
  Index lanes() const { return 1; }
  bool partition() const { return true; }

  template <class F>
  void members(Index group, F&& f) const {
    for (Index i = group * K; i < (group + 1) * K; ++i) f(i);
  }
};

/// The same, where the sizes are known at run time.
template <>
class Groups<Dynamic, Dynamic> {
 public:
  static constexpr int inputs = Dynamic;
  static constexpr int outputs = Dynamic;
  static constexpr const char* name = "Groups";

  /// Throws Error unless k divides the inputs.
  Groups(Index input_count, Index k) : inputs_(input_count), k_(k) {
    if (input_count < 1) fail("Groups: the inputs: expected at least 1, found ", input_count);
    if (k < 1 || input_count % k != 0)
      fail("Groups: the group's size: expected a divisor of ", input_count, ", found ", k);
  }

  Index input_size() const { return inputs_; }
  Index output_size() const { return inputs_ / k_; }
  Index lanes() const { return 1; }
  bool partition() const { return true; }

  template <class F>
  void members(Index group, F&& f) const {
    for (Index i = group * k_; i < (group + 1) * k_; ++i) f(i);
  }

 private:
  Index inputs_;
  Index k_;
};

}  // namespace ascribe::window
