#pragma once

#include <ascribe/functions/gate.hpp>
#include <ascribe/functions/hard_sigmoid.hpp>

namespace ascribe::fn {

/// f(x) = x·min(max(x/6 + 1/2, 0), 1), with f'(−3) = 0 and f'(3) = 1 (the gate is flat at both ends).
/// Howard et al. 2019, arXiv:1905.02244, Section 5.2.
struct HardSwish : Gated<HardSigmoid> {
  static constexpr const char* name = "HardSwish";

  constexpr HardSwish() : Gated<HardSigmoid>{HardSigmoid{1.0 / 6, 0.5}} {}
};

}  // namespace ascribe::fn
