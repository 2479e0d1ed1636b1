/// What an elementwise function promises of itself.
#pragma once

namespace ascribe::fn {

/// A function says it by a member `promises()`; one without promises nothing. Where its value stands for its
/// argument, a trace need not keep both.
struct Promises {
  bool slope_from_value = false;       ///< chord(f(a), 0) = chord(a, 0)
  bool derivative_from_value = false;  ///< f'(f(a)) = f'(a), and f'(a)·f(a) = f'(a)·a
  bool homogeneous = false;            ///< linear on either side of 0, with f(0) = 0: f(a) = f'(a)·a
  bool never_negative = false;         ///< f(a) ≥ 0
};

/// What f says of itself; nothing where it says nothing.
template <class F>
constexpr Promises promises(const F& f) {
  if constexpr (requires { f.promises(); })
    return f.promises();
  else
    return {};
}

}  // namespace ascribe::fn
