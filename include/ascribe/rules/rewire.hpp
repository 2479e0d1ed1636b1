/// The rule of wiring: relevance goes back the way that the values came.
#pragma once

#include <ascribe/rules/shares.hpp>

namespace ascribe::rule {

/// For maps of Role::wiring, which no method is asked about: an input gets what its copies carry. In R what
/// falls on an output without a source is a share of its constant (the bias), dropped where that is 0: so
/// is padding with zeros. In Q that share is constant·Q.
struct Rewire {
  static constexpr const char* name = "Rewire";
  constexpr Shares matrix() const { return Shares::rewired; }
};

}  // namespace ascribe::rule
