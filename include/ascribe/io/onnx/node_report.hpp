/// What becomes of a file's nodes, those that cannot be read included.
#pragma once

#include <string>

namespace ascribe::onnx {

/// A node of a file that is looked at without being explained.
struct NodeReport {
  std::string name;   ///< its own, or where it has none its first output's
  std::string op;     ///< its operator
  std::string fault;  ///< why it cannot be read; empty where it can, or where it was not tried
  /// The node that cannot be read and that it reads, directly or not: it was not tried then, but for its
  /// operator, which is a known one.
  std::string behind;

  /// Whether it, and all that it reads, can be read.
  bool is_read() const { return fault.empty() && behind.empty(); }
};

}  // namespace ascribe::onnx
