/// Where a node of a Graph comes from.
#pragma once

#include <string>
#include <vector>

#include <ascribe/core/types.hpp>

namespace ascribe {

/// In words of whoever built the graph: a file's operator may be several nodes.
struct Origin {
  std::string op = {};     ///< the operator's type: "Conv", "LayerNormalization"
  std::string group = {};  ///< what the nodes of one operator share: its name in the file
  /// How the axes of Node::shape lie in memory, from the slowest to the fastest: 1, 2, 0 where the channels
  /// of a C, H, W image are neighbours. None: as they stand in the shape.
  std::vector<Index> order = {};
};

}  // namespace ascribe
