/// Where the values of a graph lie under a plan, and when their memory is another's.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <utility>
#include <variant>
#include <vector>

#include <ascribe/core/passage.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/networks/node.hpp>
#include <ascribe/networks/tiles.hpp>

namespace ascribe::detail {

/// How a batch goes through a graph: nodes in groups, one behind the other, and of each group's how many
/// samples at a time. A group takes no more of them than the next, and runs for each tile of the next one's
/// as often as it has to: what one step writes is in the cache when the next reads it.
struct Tiles {
  static constexpr Index most = 64;  ///< groups: they differ by powers of two

  std::vector<Index> group;    ///< of each node; ascending
  std::vector<Index> samples;  ///< of each group, at most; ascending

  Index groups() const { return Index(samples.size()); }
};

/// Where something lies between two steps: a slot, and the group of whose tile it holds all samples. In
/// `local` it is the tile that is run.
struct Place {
  static constexpr Index local = -1;
  Index slot = -1, group = local;

  explicit operator bool() const { return slot >= 0; }
};

/// Numbered blocks of memory, handed out and taken back in any order, before there is any memory.
class Slots {
 public:
  /// What one use asks for: so many features of at most so many samples.
  struct Use {
    Index rows, samples;
  };
  /// The scalars of a slot for passes of so many samples.
  class Size {
   public:
    void cover(const Use& use) {
      if (std::any_of(uses_.begin(), uses_.end(), [&](const Use& known) { return covers(known, use); }))
        return;
      std::erase_if(uses_, [&](const Use& known) { return covers(use, known); });
      uses_.push_back(use);
    }
    Index rows() const {
      Index most = 0;
      for (const Use& use : uses_) most = std::max(most, use.rows);
      return most;
    }
    Index scalars(Index samples) const {
      Index most = 0;
      for (const Use& use : uses_) most = std::max(most, use.rows * std::min(samples, use.samples));
      return most;
    }

   private:
    static bool covers(const Use& a, const Use& b) { return a.rows >= b.rows && a.samples >= b.samples; }
    std::vector<Use> uses_;
  };

  /// The smallest free block that is large enough, else the largest free one, enlarged, else a new one.
  Index hold(const Use& use) {
    const Index size = use.rows;
    std::size_t best = sizes_.size();
    for (std::size_t k = 0; k < sizes_.size(); ++k) {
      if (states_[k] == State::held) continue;
      const Index found = sizes_[k].rows();
      const bool fits = found >= size, none = best == sizes_.size();
      const Index chosen = none ? 0 : sizes_[best].rows();
      if (none || (fits ? chosen < size || found < chosen : chosen < size && found > chosen)) best = k;
    }
    return hold(best, use);
  }
  /// A block that nobody had since the last `give_all_back`, nor will have before the next.
  Index hold_alone(const Use& use) {
    const auto found = std::find(states_.begin(), states_.end(), State::fresh);
    return hold(std::size_t(found - states_.begin()), use);
  }
  void give_back(Index slot) { states_[std::size_t(slot)] = State::free; }
  void give_all_back() { states_.assign(states_.size(), State::fresh); }
  const std::vector<Size>& sizes() const { return sizes_; }

 private:
  enum class State { fresh, held, free };

  Index hold(std::size_t k, const Use& use) {
    if (k == sizes_.size()) {
      sizes_.emplace_back();
      states_.push_back(State::fresh);
    }
    sizes_[k].cover(use);
    states_[k] = State::held;
    return Index(k);
  }

  std::vector<Size> sizes_;
  std::vector<State> states_;
};

/// Where a node's value is written on the way forward: into the trace, as the value of node `kept`, which is
/// itself or an elementwise one that comes to lie over it; else at a place.
struct Storage {
  Index kept = -1;
  Place place = {};
  Index gathered = -1;    ///< the slot in which several inputs are brought together; −1: they need not be
  Index then = -1;        ///< the elementwise node that is computed together with this one
  bool in_place = false;  ///< lies over what it reads
  bool done = false;      ///< was computed together with what it reads
};

/// What reaches one input of a node on the way back.
struct Delivery {
  Index input;
  Place to;
  Index row;   ///< of what the rule writes: where the input's part starts
  bool fresh;  ///< the first to reach that input: written, else added up
};

/// One node's step on the way back. What it carries is at the place `up`; the rule writes to `down`, which is
/// `up` where nothing changes, or the place of the only input.
struct BackStep {
  Index node;
  Place up, down;
  Index a = -1, a_base = -1;  ///< slots for gathered inputs; −1: none are read, or there is one input
  Index then = -1;           ///< the elementwise node below whose step is taken by this one's Finish
  bool done = false;         ///< was taken so by the node above, where books are not kept by layer
  /// How the inputs share what is carried, where no rule has to be asked.
  map::InputLayout layout = map::InputLayout::no;
  std::vector<Delivery> deliveries = {};  ///< of what is not where it belongs yet
};

struct BackwardSchedule {
  Place top = {};  ///< where what is explained starts
  std::vector<BackStep> steps = {};
  std::vector<Place> carried = {};  ///< where each node's is, or was; none where nothing arrives
};

template <class Scalar>
const AnyElementwise<Scalar>* elementwise(const Node<Scalar>& node) {
  return node.layer ? std::get_if<AnyElementwise<Scalar>>(&*node.layer) : nullptr;
}
template <class Scalar>
const AnyMatMul<Scalar>* matmul(const Node<Scalar>& node) {
  return node.layer ? std::get_if<AnyMatMul<Scalar>>(&*node.layer) : nullptr;
}

/// An elementwise function of one input.
template <class Scalar>
bool elementwise_of_one(const Node<Scalar>& node) {
  return elementwise(node) && node.inputs.size() == 1;
}

/// How a node joins its inputs, where its bias does not come between.
template <class Scalar>
map::InputLayout input_layout(const Node<Scalar>& node) {
  const auto* m = matmul(node);
  return m && m->bias.size() == 0 && node.inputs.size() > 1 ? m->map.input_layout() : map::InputLayout::no;
}

template <class Scalar>
std::vector<std::vector<Index>> readers_of(const std::vector<Node<Scalar>>& nodes) {
  std::vector<std::vector<Index>> readers(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (const Index input : nodes[i].inputs) readers[std::size_t(input)].push_back(Index(i));
  return readers;
}

template <class Scalar>
Index inputs_of(const std::vector<Node<Scalar>>& nodes, const Node<Scalar>& node) {
  Index size = 0;
  for (const Index input : node.inputs) size += nodes[std::size_t(input)].size;
  return size;
}

/// The values that a trace has to keep: the network's inputs and outputs, and what the rules read. Where one
/// of a function's two values serves, its output is kept, which the next layer's rule may read too.
template <class Scalar>
std::vector<bool> kept_values(const std::vector<Node<Scalar>>& nodes, Index input_count,
                              const std::vector<Index>& outputs, const std::vector<Passage>& passages) {
  std::vector<bool> kept(nodes.size(), false);
  std::fill_n(kept.begin(), input_count, true);
  for (const Index output : outputs) kept[std::size_t(output)] = true;
  for (std::size_t i = std::size_t(input_count); i < nodes.size(); ++i) {
    if (passages[i].outputs) kept[i] = true;
    if (passages[i].inputs)
      for (const Index input : nodes[i].inputs) kept[std::size_t(input)] = true;
  }
  for (std::size_t i = std::size_t(input_count); i < nodes.size(); ++i)
    if (passages[i].either && !(nodes[i].inputs.size() == 1 && kept[std::size_t(nodes[i].inputs[0])]))
      kept[i] = true;
  return kept;
}

/// Whether a node may take a tile of samples: its step costs the same a sample, however few are taken at a
/// time, and what one sample has is not beyond any cache by itself.
template <class Scalar>
bool takes_tiles(const std::vector<Node<Scalar>>& nodes, const Node<Scalar>& node) {
  const auto* m = matmul(node);
  if (m && !m->map.is_samplewise()) return false;
  return std::max(node.size, inputs_of(nodes, node)) <= most_rows_in_tiles<Scalar>;
}

/// Groups for a batch of any size. A node that takes no tiles, and all behind it, take the whole batch, as do
/// all nodes with `whole`. A function, or a step that changes nothing on the way back, is in the group of
/// what it reads, over which it lies. Of a graph of the same size nothing is taken from the heap again.
template <class Scalar>
void make_tiles(const std::vector<Node<Scalar>>& nodes, Index input_count,
                const std::vector<Passage>* passages, bool whole, Tiles& tiles) {
  auto& most = tiles.group;  // samples, until there are groups
  most.assign(nodes.size(), all_samples);
  const auto first = nodes.begin() + input_count;
  const auto end = std::find_if(first, nodes.end(), [&](const auto& node) { return !takes_tiles(nodes, node); });
  Index least = all_samples;
  for (Index i = whole ? -1 : Index(end - nodes.begin()) - 1; i >= 0; --i) {
    const auto& node = nodes[std::size_t(i)];
    if (i >= input_count)
      least = std::min(least, Index(std::bit_floor(std::size_t(samples_in_cache<Scalar>(
                                  std::max(node.size, inputs_of(nodes, node)))))));
    most[std::size_t(i)] = least;
  }
  for (Index i = input_count; i < Index(nodes.size()); ++i) {
    const auto& node = nodes[std::size_t(i)];
    const auto effect = passages ? (*passages)[std::size_t(i)].effect : Passage{}.effect;
    if (node.inputs.size() != 1) continue;
    if (!elementwise(node) && effect != Passage::pointwise && effect != Passage::unchanged) continue;
    const Index below = node.inputs[0];
    for (Index k = below + 1; k <= i; ++k)
      most[std::size_t(k)] = std::min(most[std::size_t(k)], most[std::size_t(below)]);
  }
  tiles.samples.clear();
  for (Index& node : tiles.group) {
    const Index samples = node;
    if (tiles.samples.empty() || tiles.samples.back() != samples) tiles.samples.push_back(samples);
    node = tiles.groups() - 1;
  }
}

/// The way forward that keeps those values. A value that is not kept lies at a place until its last reader
/// has run; where that is its only one, and an elementwise function, that one's value comes to lie over it.
template <class Scalar>
std::vector<Storage> forward_schedule(const std::vector<Node<Scalar>>& nodes, Index input_count,
                                      const std::vector<bool>& kept, const Tiles& tiles, Slots& slots) {
  const auto readers = readers_of(nodes);
  std::vector<Storage> places(nodes.size());
  std::vector<Index> last(nodes.size(), -1);  // the last reader of what lies in a node's place
  for (std::size_t i = nodes.size(); i-- > 0;) {
    Storage& place = places[i];
    if (kept[i]) {
      place.kept = Index(i);
      continue;
    }
    last[i] = readers[i].empty() ? Index(i) : readers[i].back();
    if (readers[i].size() != 1) continue;
    const Index reader = readers[i][0];
    if (!elementwise_of_one(nodes[std::size_t(reader)])) continue;
    Storage& over = places[std::size_t(reader)];
    over.in_place = true;
    place.kept = over.kept;
    last[i] = last[std::size_t(reader)];
    // A function whose argument is to be looked at first is a step of its own.
    const bool everywhere = fn::domain_of(elementwise(nodes[std::size_t(reader)])->f) == nullptr;
    if (matmul(nodes[i]) && everywhere) {
      over.done = true;
      place.then = reader;
    }
  }
  std::vector<std::vector<Index>> ends(nodes.size());  // the slots that are free behind a node
  for (std::size_t i = std::size_t(input_count); i < nodes.size(); ++i) {
    Storage& storage = places[i];
    const Index group = tiles.group[i], samples = tiles.samples[std::size_t(group)];
    if (storage.kept < 0 && storage.in_place) {
      storage.place = places[std::size_t(nodes[i].inputs[0])].place;
    } else if (storage.kept < 0) {
      const Index reading = tiles.group[std::size_t(last[i])];
      if (reading != group) {
        storage.place = {slots.hold_alone({nodes[i].size, tiles.samples[std::size_t(reading)]}), reading};
      } else {
        storage.place = {slots.hold({nodes[i].size, samples})};
        ends[std::size_t(last[i])].push_back(storage.place.slot);
      }
    }
    if (nodes[i].inputs.size() > 1 && input_layout(nodes[i]) == map::InputLayout::no) {
      storage.gathered = slots.hold({inputs_of(nodes, nodes[i]), samples});
      slots.give_back(storage.gathered);
    }
    for (const Index slot : ends[i]) slots.give_back(slot);
  }
  slots.give_all_back();
  return places;
}

/// The way back from node `top`. Nodes are in topological order, so that when one is reached, all that read
/// it have added to what it carries; from then on nobody needs that memory, unless all of it is to be kept.
template <class Scalar>
BackwardSchedule backward_schedule(const std::vector<Node<Scalar>>& nodes, Index input_count, Index top,
                                   const std::vector<Passage>& passages, Form form, const Tiles& tiles,
                                   Slots& slots, bool keep = false) {
  const auto readers = readers_of(nodes);
  BackwardSchedule way;
  way.carried.resize(nodes.size());
  auto& carried = way.carried;
  std::vector<bool> done(nodes.size(), false);
  // The start is made for the whole batch.
  way.top = carried[std::size_t(top)] = {slots.hold_alone({nodes[std::size_t(top)].size, all_samples}),
                                         tiles.groups()};
  for (Index i = Index(nodes.size()) - 1; i >= input_count; --i) {
    const Node<Scalar>& node = nodes[std::size_t(i)];
    const Place up = carried[std::size_t(i)];
    if (!up) continue;
    const Index group = tiles.group[std::size_t(i)], samples = tiles.samples[std::size_t(group)];
    const auto in_group = [&](Index input) { return tiles.group[std::size_t(input)] == group; };
    const auto place_for = [&](Index input, Index rows) -> Place {
      if (in_group(input)) return {slots.hold({rows, samples})};
      return {slots.hold_alone({rows, samples}), group};
    };
    const Passage& passage = passages[std::size_t(i)];
    const bool one_input = node.inputs.size() == 1;
    BackStep step{.node = i, .up = up, .down = up, .done = done[std::size_t(i)]};
    if (passage.effect == Passage::transposed) step.layout = input_layout(node);
    const bool as_sum = step.layout == map::InputLayout::as_sum;
    const bool in_place =
        !keep && one_input && (passage.effect == Passage::pointwise || passage.effect == Passage::unchanged);
    const Index below = node.inputs[0];
    bool taken = false;       // what was carried here becomes what an input carries
    std::vector<Index> ends;  // slots that are free behind this step

    if (in_place && !carried[std::size_t(below)]) {
      carried[std::size_t(below)] = up;
      taken = true;
    } else if (!in_place && step.layout == map::InputLayout::no) {
      if (one_input && !carried[std::size_t(below)]) {
        step.down = carried[std::size_t(below)] = place_for(below, inputs_of(nodes, node));
        if (!keep && passage.finishes && readers[std::size_t(below)].size() == 1 &&
            elementwise_of_one(nodes[std::size_t(below)]) &&
            passages[std::size_t(below)].effect == Passage::pointwise) {
          step.then = below;
          done[std::size_t(below)] = true;
        }
      } else {
        step.down = {slots.hold({inputs_of(nodes, node), samples})};
        ends.push_back(step.down.slot);
      }
      if (!one_input && passage.inputs) {
        ends.push_back(step.a = slots.hold({inputs_of(nodes, node), samples}));
        if (form == Form::Delta)
          ends.push_back(step.a_base = slots.hold({inputs_of(nodes, node), samples}));
      }
    }
    const bool in_its_place = taken || (one_input && carried[std::size_t(below)].slot == step.down.slot);
    Index row = 0;
    for (const Index input : node.inputs) {
      if (in_its_place) break;
      Place& to = carried[std::size_t(input)];
      Delivery delivery{.input = input, .to = to, .row = row, .fresh = !to};
      if (!as_sum) row += nodes[std::size_t(input)].size;
      if (!keep && delivery.fresh && as_sum && !taken && (in_group(input) || up.group != Place::local) &&
          std::count(node.inputs.begin(), node.inputs.end(), input) == 1) {
        to = up;
        taken = true;
        continue;
      }
      if (delivery.fresh) delivery.to = to = place_for(input, nodes[std::size_t(input)].size);
      step.deliveries.push_back(delivery);
    }
    if (!taken && !keep && up.group == Place::local) ends.push_back(up.slot);
    for (const Index slot : ends) slots.give_back(slot);
    way.steps.push_back(std::move(step));
  }
  slots.give_all_back();
  return way;
}

}  // namespace ascribe::detail
