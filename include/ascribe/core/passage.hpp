/// What a rule says of its step back through one layer.
#pragma once

namespace ascribe {

/// Which values a rule reads there, of the trace and of the reference's (their sizes are always known), and
/// what its step amounts to. Networks keep no value that nobody reads, and move no memory where nothing
/// changes. A rule that does not say reads everything.
struct Passage {
  enum Effect {
    any,
    /// Of an elementwise function: down_i = factor_i·up_i, the factor depending on a_i and the reference's
    /// alone. Nothing is booked and no workspace used: such a step serves any run of neighbours, several
    /// threads at once.
    pointwise,
    /// down = up, and nothing is booked.
    unchanged,
    /// Of a matrix: down = Wᵀ·up, and nothing is booked but bias·up in Q. The rule hands the context's
    /// `finish` to that product.
    transposed
  };

  bool inputs = true;   ///< reads a
  bool outputs = true;  ///< reads b
  bool either = false;  ///< of an elementwise function: reads a, for which b serves where it is not there
  Effect effect = any;
};

}  // namespace ascribe
