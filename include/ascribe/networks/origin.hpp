/// Where a node of a Graph comes from.
#pragma once

#include <string>

namespace ascribe {

/// In words of whoever built the graph: a file's operator may be several nodes.
struct Origin {
  std::string op = {};     ///< the operator's type: "Conv", "LayerNormalization"
  std::string group = {};  ///< what the nodes of one operator share: its name in the file
};

}  // namespace ascribe
