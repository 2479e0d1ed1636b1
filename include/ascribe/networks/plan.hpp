/// What a graph's passes have, keep and follow: traces and plans.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include <ascribe/core/passage.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/networks/node.hpp>
#include <ascribe/networks/schedule.hpp>
#include <ascribe/rules/any_rule.hpp>

namespace ascribe {

template <class Scalar>
class Graph;
template <class Scalar>
class Derivative;

/// The values of one forward pass, by node: every one, or those that a plan keeps. Those that are missing are
/// empty.
template <class Scalar_>
struct GraphTrace {
  using Scalar = Scalar_;
  std::vector<Batch<Scalar>> values;  ///< by node, features × samples; empty where it was not kept
  Index first_output = 0;             ///< the node that is the first output
  detail::Tiles tiles;  ///< of the last forward pass without a plan

  /// Whether a node's value is there.
  bool has(Index node) const { return value(node).size() > 0; }
  /// A node's value, features × samples.
  const Batch<Scalar>& value(Index node) const { return values[std::size_t(node)]; }
  /// The input's value.
  const Batch<Scalar>& input() const { return values.front(); }
  /// The first output's value.
  const Batch<Scalar>& output() const { return value(first_output); }
};

/// The rules of a method for the nodes of a graph, which values they read, and where all values lie: made
/// once, immutable, shared between threads. Of another graph, or of this one before something was added to
/// it, it is refused.
template <class Scalar>
class GraphPlan {
 public:
  /// What the pass carries.
  Form form() const { return form_; }
  /// Whether the result is multiplied by the input.
  bool times_input() const { return times_input_; }
  /// The rule of a node; null for an input.
  const rule::AnyRule<Scalar>* rule(Index node) const {
    const auto& found = rules_[std::size_t(node)];
    return found ? &*found : nullptr;
  }
  /// What is known of that rule's step.
  const Passage& passage(Index node) const { return passages_[std::size_t(node)]; }
  /// Whether a trace under this plan keeps the value of a node.
  bool keeps(Index node) const { return kept_[std::size_t(node)]; }

 private:
  friend class Graph<Scalar>;
  friend class Derivative<Scalar>;

  Form form_ = Form::R;
  bool times_input_ = false;
  std::vector<std::optional<rule::AnyRule<Scalar>>> rules_;
  std::vector<Passage> passages_;
  std::uint64_t version_ = 0;
  std::vector<bool> kept_;
  detail::Tiles tiles_;
  std::vector<detail::Storage> storage_;             ///< the way forward
  std::vector<detail::BackwardSchedule> schedules_;  ///< from each output
  std::vector<detail::Slots::Size> slots_;
};

namespace detail {

/// Some samples of a batch, and where the tiles start that each group of nodes is at; the last is the batch.
struct Tile {
  using Starts = std::array<Index, Tiles::most + 1>;
  Index first, samples;
  const Starts& starts;

  /// How many samples lie in front of this tile's in a place's memory.
  Index offset(const Place& place) const {
    return place.group == Place::local ? 0 : first - starts[std::size_t(place.group)];
  }
};

/// The groups of a graph's nodes, tile by tile. For every tile of a group, the group before it in the graph
/// runs in tiles of its own: before it on the way forward, behind it on the way back.
class TileWalk {
 public:
  explicit TileWalk(const Tiles& tiles) : tiles_(tiles) {}

  /// run(group, tile) for all groups of `samples` samples, the way that values go.
  template <class Run>
  void forward(Index samples, const Run& run) {
    forward(tiles_.groups() - 1, 0, samples, run);
  }
  /// The way back.
  template <class Run>
  void back(Index samples, const Run& run) {
    back(tiles_.groups() - 1, 0, samples, run);
  }

 private:
  template <class Run>
  void forward(Index group, Index first, Index samples, const Run& run) {
    each(group, first, samples, [&](const Tile& tile) {
      if (group > 0) forward(group - 1, tile.first, tile.samples, run);
      run(group, tile);
    });
  }
  template <class Run>
  void back(Index group, Index first, Index samples, const Run& run) {
    each(group, first, samples, [&](const Tile& tile) {
      run(group, tile);
      if (group > 0) back(group - 1, tile.first, tile.samples, run);
    });
  }
  template <class F>
  void each(Index group, Index first, Index samples, const F& f) {
    const Index size = tile(tiles_.samples[std::size_t(group)], samples);
    for (Index n = 0; n < samples; n += size) {
      starts_[std::size_t(group)] = first + n;
      f(Tile{first + n, std::min(size, samples - n), starts_});
    }
  }

  const Tiles& tiles_;
  Tile::Starts starts_{};
};

}  // namespace detail
}  // namespace ascribe
