#pragma once

#include <ascribe/functions/gate.hpp>
#include <ascribe/functions/sigmoid.hpp>

namespace ascribe::fn {

/// f(x) = x·σ(x) with the sigmoid σ, also called swish.
struct Silu : Gated<Sigmoid> {
  static constexpr const char* name = "Silu";
};

}  // namespace ascribe::fn
