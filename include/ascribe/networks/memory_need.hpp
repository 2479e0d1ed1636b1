/// What a method needs of memory.
#pragma once

#include <ascribe/core/types.hpp>

namespace ascribe {

/// In bytes: the weights and biases that are stored; what a trace under a method's plan holds, and an
/// explanation with Record::totals; and what of the workspace lies between nodes. Rules and maps take scratch
/// beside it, a few times the largest value that a layer of theirs reads or writes.
struct MemoryNeed {
  /// Bytes.
  Index weights, trace, workspace, explanation;
};

}  // namespace ascribe
