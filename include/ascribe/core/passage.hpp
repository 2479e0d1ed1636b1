/// What a rule's step back through a layer reads, and what it amounts to.
#pragma once

namespace ascribe {

/// Which values a rule reads there, of the trace and of the baseline's (their sizes are always known).
/// Networks keep no value that nobody reads.
struct Reads {
  bool inputs = true;   ///< a
  bool outputs = true;  ///< b
  bool either = false;  ///< of an elementwise function: a, for which b serves where it is not there
};

/// The same, and what the step amounts to: networks move no memory where nothing changes. It follows from a
/// rule's data; a rule that has none says what it reads alone.
struct Passage : Reads {
  /// What a step does with what comes from above.
  enum Effect {
    any,
    /// Of an elementwise function: down_i = slope_i·up_i, the slope depending on a_i and the baseline's
    /// alone. Nothing is booked, and the data serve any run of neighbours.
    pointwise,
    /// down = up, and nothing is booked.
    unchanged,
    /// Of a matrix: down = Wᵀ·up, and nothing is booked but bias·up in Q.
    transposed
  };

  Effect effect = any;    ///< of this step
  bool finishes = false;  ///< hands the context's `finish` to its last product
};

}  // namespace ascribe
