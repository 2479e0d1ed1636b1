/// Where the values of a graph lie under a plan, and when their memory is another's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <variant>
#include <vector>

#include <ascribe/core/passage.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/networks/node.hpp>

namespace ascribe::detail {

/// Numbered blocks of memory, handed out and taken back in any order, before there is any memory.
class Slots {
 public:
  /// The smallest free block that is large enough, else the largest free one, enlarged, else a new one.
  Index hold(Index size) {
    std::size_t best = sizes_.size();
    for (std::size_t k = 0; k < sizes_.size(); ++k) {
      if (!free_[k]) continue;
      const bool fits = sizes_[k] >= size;
      if (best == sizes_.size() || (fits ? sizes_[best] < size || sizes_[k] < sizes_[best]
                                         : sizes_[best] < size && sizes_[k] > sizes_[best]))
        best = k;
    }
    if (best == sizes_.size()) {
      sizes_.push_back(0);
      free_.push_back(true);
    }
    sizes_[best] = std::max(sizes_[best], size);
    free_[best] = false;
    return Index(best);
  }
  void give_back(Index slot) { free_[std::size_t(slot)] = true; }
  void give_all_back() { free_.assign(free_.size(), true); }
  const std::vector<Index>& sizes() const { return sizes_; }

 private:
  std::vector<Index> sizes_;
  std::vector<bool> free_;
};

/// Where a node's value is written on the way forward: into the trace, as the value of node `kept`, which is
/// itself or an elementwise one that comes to lie over it; else into a slot.
struct Storage {
  Index kept = -1, slot = -1;
  Index gathered = -1;    ///< the slot in which several inputs are brought together; −1: they need not be
  Index then = -1;        ///< the elementwise node that is computed together with this one
  bool in_place = false;  ///< lies over what it reads
  bool done = false;      ///< was computed together with what it reads
};

/// What reaches one input of a node on the way back.
struct Delivery {
  Index input, slot;
  Index row;   ///< of what the rule writes: where the input's part starts
  bool fresh;  ///< the first to reach that input: written, else added up
};

/// One node's step on the way back. What it carries is in the slot `up`; the rule writes to `down`, which is
/// `up` where nothing changes, or the slot of the only input.
struct BackStep {
  Index node, up, down;
  Index a = -1, a_ref = -1;  ///< slots for gathered inputs; −1: none are read, or there is one input
  Index then = -1;           ///< the elementwise node below whose step is taken by this one's Finish
  bool done = false;         ///< was taken so by the node above, where books are not kept by layer
  /// How the inputs share what is carried, where no rule has to be asked.
  map::InputLayout layout = map::InputLayout::no;
  std::vector<Delivery> deliveries = {};  ///< of what is not where it belongs yet
};

struct BackwardSchedule {
  Index top = -1;  ///< the slot in which what is explained starts
  std::vector<BackStep> steps = {};
  std::vector<Index> arrived = {};  ///< the slot of each input of the network; −1 where nothing arrives
  std::vector<Index> carried = {};  ///< where nodes keep what they carry: the slot of each; −1 likewise
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

/// The way forward that keeps those values. A value that is not kept lies in a slot until its last reader
/// has run; where that is its only one, and an elementwise function, that one's value comes to lie over it.
template <class Scalar>
std::vector<Storage> forward_schedule(const std::vector<Node<Scalar>>& nodes, Index input_count,
                                      const std::vector<bool>& kept, Slots& slots) {
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
    if (matmul(nodes[i])) {
      over.done = true;
      place.then = reader;
    }
  }
  std::vector<std::vector<Index>> ends(nodes.size());  // the slots that are free behind a node
  for (std::size_t i = std::size_t(input_count); i < nodes.size(); ++i) {
    Storage& place = places[i];
    if (place.kept < 0 && place.in_place) {
      place.slot = places[std::size_t(nodes[i].inputs[0])].slot;
    } else if (place.kept < 0) {
      place.slot = slots.hold(nodes[i].size);
      ends[std::size_t(last[i])].push_back(place.slot);
    }
    if (nodes[i].inputs.size() > 1 && input_layout(nodes[i]) == map::InputLayout::no) {
      place.gathered = slots.hold(inputs_of(nodes, nodes[i]));
      slots.give_back(place.gathered);
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
                                   const std::vector<Passage>& passages, Form form, Slots& slots,
                                   bool keep = false) {
  const auto readers = readers_of(nodes);
  std::vector<Index> carried(nodes.size(), -1);
  std::vector<bool> done(nodes.size(), false);
  BackwardSchedule way;
  way.top = carried[std::size_t(top)] = slots.hold(nodes[std::size_t(top)].size);
  for (Index i = Index(nodes.size()) - 1; i >= input_count; --i) {
    const Node<Scalar>& node = nodes[std::size_t(i)];
    const Index up = carried[std::size_t(i)];
    if (up < 0) continue;
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

    if (in_place && carried[std::size_t(below)] < 0) {
      carried[std::size_t(below)] = up;
      taken = true;
    } else if (!in_place && step.layout == map::InputLayout::no) {
      step.down = slots.hold(inputs_of(nodes, node));
      if (one_input && carried[std::size_t(below)] < 0) {
        carried[std::size_t(below)] = step.down;
        if (!keep && passage.finishes && readers[std::size_t(below)].size() == 1 &&
            elementwise_of_one(nodes[std::size_t(below)]) &&
            passages[std::size_t(below)].effect == Passage::pointwise) {
          step.then = below;
          done[std::size_t(below)] = true;
        }
      } else {
        ends.push_back(step.down);
      }
      if (!one_input && passage.inputs) {
        ends.push_back(step.a = slots.hold(inputs_of(nodes, node)));
        if (form == Form::Delta) ends.push_back(step.a_ref = slots.hold(inputs_of(nodes, node)));
      }
    }
    const bool in_its_place = taken || (one_input && carried[std::size_t(below)] == step.down);
    Index row = 0;
    for (const Index input : node.inputs) {
      if (in_its_place) break;
      Index& slot = carried[std::size_t(input)];
      Delivery delivery{.input = input, .slot = slot, .row = row, .fresh = slot < 0};
      if (!as_sum) row += nodes[std::size_t(input)].size;
      if (!keep && delivery.fresh && as_sum && !taken &&
          std::count(node.inputs.begin(), node.inputs.end(), input) == 1) {
        slot = up;
        taken = true;
        continue;
      }
      if (delivery.fresh) delivery.slot = slot = slots.hold(nodes[std::size_t(input)].size);
      step.deliveries.push_back(delivery);
    }
    if (!taken && !keep) ends.push_back(up);
    for (const Index slot : ends) slots.give_back(slot);
    way.steps.push_back(std::move(step));
  }
  way.arrived.assign(carried.begin(), carried.begin() + input_count);
  if (keep) way.carried = carried;
  slots.give_all_back();
  return way;
}

}  // namespace ascribe::detail
