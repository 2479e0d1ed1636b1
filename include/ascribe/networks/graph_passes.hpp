/// The passes of a graph, forward and back, in tiles of samples.
#pragma once

#include <algorithm>
#include <array>
#include <variant>
#include <vector>

#include <ascribe/core/ledger.hpp>
#include <ascribe/core/loops.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/prefetch.hpp>
#include <ascribe/core/workspace.hpp>
#include <ascribe/networks/explanation.hpp>
#include <ascribe/networks/passes.hpp>
#include <ascribe/networks/plan.hpp>

namespace ascribe::detail {

/// Some of a value's columns.
template <class Scalar>
View<Scalar> columns_of(const Batch<Scalar>& value, const Tile& tile) {
  return {value.data() + tile.first * value.rows(), value.rows(), tile.samples};
}

/// Whose value a function's rule reads: its argument's, or where the trace has none its own.
template <class Scalar>
Index argument(const Node<Scalar>& n, Index i, const GraphTrace<Scalar>& trace) {
  return n.inputs.size() == 1 && trace.has(n.inputs[0]) ? n.inputs[0] : i;
}

/// The values of several inputs of a node, one behind the other.
template <class Scalar, class Values>
void gather(const Node<Scalar>& n, const Values& values, Out<Scalar> together) {
  Index first = 0;
  for (const Index input : n.inputs) {
    const View<Scalar> from = values(input);
    each_piece(from.rows(), from.cols(), [&](Index sample, Index start, Index width) {
      together.col(sample).segment(first + start, width) = from.col(sample).segment(start, width);
    });
    first += from.rows();
  }
}

/// A baseline's values, by node. Without a trace there is none.
template <class Scalar>
struct GraphBaseline {
  const GraphTrace<Scalar>* trace = nullptr;
  BaselineColumns columns = {};

  explicit operator bool() const { return trace != nullptr; }
  BaselineValues<Scalar> at(Index node) const {
    return trace ? columns.of(trace->value(node)) : BaselineValues<Scalar>{};
  }
  /// What a node reads for the samples from `first` on, the values of several inputs brought together in
  /// `memory`.
  BaselineValues<Scalar> inputs_of(const std::vector<Node<Scalar>>& nodes, const Node<Scalar>& n, Index first,
                                   Index samples, Scalar* memory) const {
    const Index size = detail::inputs_of(nodes, n), count = columns.step == 0 ? 1 : samples;
    for (Index c = 0; c < count; ++c)
      gather(
          n,
          [&](Index input) {
            return View<Scalar>(at(input).column(first + c), nodes[std::size_t(input)].size, 1);
          },
          Out<Scalar>(memory + c * size, size, 1));
    return {memory, columns.step == 0 ? 0 : size};
  }
};

/// One forward pass. Under a plan what is not kept lies in the workspace until its last reader has run; a
/// matrix and the function behind it are one step, and a function whose argument nobody else reads is
/// computed in place.
template <class Scalar>
class ForwardPass {
 public:
  ForwardPass(const std::vector<Node<Scalar>>& nodes, GraphTrace<Scalar>& trace, Workspace<Scalar>& workspace,
              const std::vector<Storage>* planned = nullptr)
      : nodes_(nodes), trace_(trace), workspace_(workspace), planned_(planned) {}

  /// Computes one node for some samples.
  void run(Index i, const Tile& tile, const Weights& weights) {
    const Node<Scalar>& n = nodes_[std::size_t(i)];
    const Storage storage = storage_of(i);
    if (storage.done) return;
    const Index rows = n.size, inputs = inputs_of(nodes_, n);
    Out<Scalar> b(memory(i, tile), rows, tile.samples);
    const auto* function = storage.then < 0 ? nullptr : elementwise(nodes_[std::size_t(storage.then)]);
    if (storage.in_place) {
      check(n, b, tile);
      return apply_everywhere(elementwise(n)->f, b);
    }
    const Scalar* from = memory(n.inputs[0], tile);
    if (n.inputs.size() > 1) {
      const map::InputLayout joined = input_layout(n);
      const bool whole = joined == map::InputLayout::no;
      Scalar* together = whole ? workspace_.slot(storage.gathered) : b.data();
      if (joined == map::InputLayout::as_sum)
        add_up(n, tile, b.data());
      else
        gather(
            n,
            [&](Index input) {
              return View<Scalar>(memory(input, tile), nodes_[std::size_t(input)].size, tile.samples);
            },
            Out<Scalar>(together, inputs, tile.samples));
      if (!whole) {
        if (function) apply_everywhere(function->f, b);
        return;
      }
      from = together;
    }
    const View<Scalar> a(from, inputs, tile.samples);
    if (!function) {
      check(n, a, tile);
      std::visit([&](const auto& layer) { detail::run(layer, a, b, weights); }, *n.layer);
      return;
    }
    const auto& layer = *matmul(n);
    const Channels<Scalar> bias{layer.bias.data(), layer.bias.size()};
    const auto finish = [&](Index first, Index count, Scalar* values) {
      if (bias.period > 0) add_channels(bias, first, count, values);
      apply_function(function->f, rows, first, count, values);
    };
    apply(layer.map, a, b, weights, finish_with<Scalar>(finish));
  }

 private:
  /// Throws Error where a function is not defined at what it is to read.
  template <class A>
  static void check(const Node<Scalar>& n, const A& a, const Tile& tile) {
    if (const auto* function = elementwise(n))
      check_domain(*function, a.rows(), a.cols(), a.data(), tile.first,
                   [&] { return "node '" + n.name + "'"; });
  }

  Storage storage_of(Index i) const {
    return planned_ ? (*planned_)[std::size_t(i)] : Storage{.kept = i, .gathered = 0};
  }

  /// Where a node's values of a tile lie.
  Scalar* memory(Index i, const Tile& tile) {
    const Storage storage = storage_of(i);
    const Index rows = nodes_[std::size_t(i)].size;
    if (storage.kept >= 0) return trace_.values[std::size_t(storage.kept)].data() + tile.first * rows;
    return workspace_.slot(storage.place.slot) + tile.offset(storage.place) * rows;
  }

  /// f(values) in place, a block at a time on the stack: a loop whose output is its input is not vectorised.
  static void apply_function(const fn::AnyFunction<Scalar>& f, Index rows, Index first, Index count,
                             Scalar* values) {
    fn::Block<Scalar> block;
    fn::each_block(count, [&](Index start, Index width) {
      std::copy_n(values + start, width, block.data());
      f.values((first + start) % rows, width, block.data(), values + start);
    });
  }
  static void apply_everywhere(const fn::AnyFunction<Scalar>& f, Out<Scalar>& b) {
    const Index rows = b.rows();
    each_piece(rows, b.cols(), [&](Index s, Index first, Index width) {
      apply_function(f, rows, s * rows + first, width, b.data() + s * rows + first);
    });
  }

  /// The sum of a node's inputs.
  void add_up(const Node<Scalar>& n, const Tile& tile, Scalar* b) {
    each_piece(n.size, tile.samples, [&](Index s, Index first, Index width) {
      const Index at = s * n.size + first;
      bool fresh = true;
      for (const Index input : n.inputs) {
        const Scalar* from = memory(input, tile) + at;
        if (fresh)
          std::copy_n(from, width, b + at);
        else
          add(width, from, b + at);
        fresh = false;
      }
    });
  }

  const std::vector<Node<Scalar>>& nodes_;
  GraphTrace<Scalar>& trace_;
  Workspace<Scalar>& workspace_;
  const std::vector<Storage>* planned_;
};

/// One way back, from node `top` to the inputs. What is carried at `top` lies in the schedule's slot.
template <class Scalar>
class BackwardPass {
 public:
  BackwardPass(const std::vector<Node<Scalar>>& nodes, Index input_count, const GraphTrace<Scalar>& trace,
               const GraphBaseline<Scalar>& baseline, const GraphPlan<Scalar>& plan,
               const BackwardSchedule& schedule, GraphExplanation<Scalar>& explanation,
               Workspace<Scalar>& workspace)
      : nodes_(nodes),
        input_count_(input_count),
        trace_(trace),
        baseline_(baseline),
        plan_(plan),
        form_(plan.form()),
        schedule_(schedule),
        explanation_(explanation),
        workspace_(workspace) {}

  void run(Index top, const Tiles& tiles) {
    const Index samples = trace_.input().cols();
    Index inputs = 0;
    for (Index i = 0; i < input_count_; ++i) inputs += node(i).size;
    explanation_.ledger.reset(samples);
    explanation_.relevance.resize(inputs, samples);
    reset_records(samples);
    count_relevance<Scalar>(View<Scalar>(workspace_.slot(schedule_.top.slot), node(top).size, samples),
                            trace_.value(top), baseline_.at(top), form_, explanation_.ledger.enter);
    TileWalk(tiles).back(samples, [&](Index group, const Tile& tile) {
      for (const BackStep& step : schedule_.steps)  // from the last node down
        if (tiles.group[std::size_t(step.node)] == group) take(step, tile);
      if (group == 0) arrive(tile);
    });
    check_result(explanation_.relevance);
  }

 private:
  const Node<Scalar>& node(Index i) const { return nodes_[std::size_t(i)]; }
  Scalar* memory(const Place& place, Index rows, const Tile& tile) const {
    return workspace_.slot(place.slot) + tile.offset(place) * rows;
  }
  View<Scalar> value(Index i, const Tile& tile) const { return columns_of(trace_.value(i), tile); }
  /// Whether a node's values have no sign to be looked for.
  bool never_negative(Index i) const {
    const auto* function = elementwise(node(i));
    return function && function->f.promises().never_negative;
  }
  BaselineValues<Scalar> baseline(Index i, const Tile& tile) const {
    return baseline_ ? baseline_.at(i).from(tile.first) : BaselineValues<Scalar>{};
  }

  void reset_records(Index samples) {
    explanation_.nodes.resize(explanation_.record == Record::totals ? 0 : nodes_.size());
    for (std::size_t i = 0; i < explanation_.nodes.size(); ++i)
      explanation_.nodes[i].reset(nodes_[i].size, samples, explanation_.keeps(Index(i)));
  }

  /// What a node carries, as its record has it.
  template <class Carried>
  void keep(Index i, const Carried& carried, const Tile& tile) {
    auto& record = explanation_.nodes[std::size_t(i)];
    if (record.relevance.size() == 0) return;
    auto to = record.relevance.middleCols(tile.first, tile.samples);
    to = carried;
    if (plan_.times_input()) multiply_by_input<Scalar>(to, value(i, tile), baseline(i, tile), form_);
  }

  /// What has come down to the inputs.
  void arrive(const Tile& tile) {
    const WorkspaceScope<Scalar> scope(workspace_);
    Eigen::Map<typename Ledger<Scalar>::Row> share(workspace_.allocate(tile.samples), tile.samples);
    LedgerView<Scalar> books(explanation_.ledger, tile.first, tile.samples);
    Index first = 0;
    for (Index i = 0; i < input_count_; ++i) {
      const Index size = node(i).size;
      auto to = explanation_.relevance.block(first, tile.first, size, tile.samples);
      first += size;
      const Place& place = schedule_.carried[std::size_t(i)];
      if (!place) {
        to.setZero();
        continue;
      }
      const View<Scalar> down(memory(place, size, tile), size, tile.samples);
      count_relevance<Scalar>(down, value(i, tile), baseline(i, tile), form_, share);
      books.leave += share;
      to = down;
      if (plan_.times_input()) multiply_by_input<Scalar>(to, value(i, tile), baseline(i, tile), form_);
      if (explanation_.record == Record::totals) continue;
      LedgerView<Scalar> own(explanation_.nodes[std::size_t(i)].books, tile.first, tile.samples);
      own.enter = own.leave = share;
      keep(i, down, tile);
    }
  }

  /// A pointwise rule on `count` neighbours in place, the first counted through the tile's samples: its data
  /// are asked, which know at which feature the neighbours start.
  void take_pointwise(Index i, const Tile& tile, Index first, Index count, Scalar* values) const {
    const Node<Scalar>& n = node(i);
    const fn::AnyFunction<Scalar>& f = elementwise(n)->f;
    const rule::Pointwise rule =
        rule::detail::for_function(*plan_.rule(i)->template data<AnyElementwise<Scalar>>(), f, form_);
    const Scalar* a = value(argument(n, i, trace_), tile).data() + first;
    const Index sample = first / n.size, feature = first % n.size;
    const BaselineValues<Scalar> base = baseline(n.inputs[0], tile);
    const Scalar* a_base = base ? base.column(sample) + feature : nullptr;
    // The trace is read for the first time here, behind a product that has filled the cache with other
    // things.
    constexpr Index ahead = 8 * fn::block_size;
    prefetch_run(a, 0, std::min(ahead, count));
    fn::each_block(count, [&](Index start, Index width) {
      prefetch_run(a, start + ahead, std::min(start + ahead + width, count));
      rule::detail::step_of_run<Scalar>(
          f, rule, form_, Scalar(0),
          {feature + start, width, a + start, nullptr, a_base ? a_base + start : nullptr, nullptr,
           values + start, values + start, nullptr});
    });
  }

  void take(const BackStep& step, const Tile& tile) {
    const Index i = step.node, samples = tile.samples;
    const Node<Scalar>& n = node(i);
    const Passage& passage = plan_.passage(i);
    const bool in_place = step.down.slot == step.up.slot;
    const Index inputs = step.layout == map::InputLayout::no ? inputs_of(nodes_, n) : n.size;
    const View<Scalar> up(memory(step.up, n.size, tile), n.size, samples);
    Out<Scalar> down(memory(step.down, inputs, tile), inputs, samples);
    LedgerView<Scalar> total(explanation_.ledger, tile.first, samples);
    const bool by_node = explanation_.record != Record::totals;
    auto* record = by_node ? &explanation_.nodes[std::size_t(i)] : nullptr;
    LedgerView<Scalar> books(record ? record->books : explanation_.ledger, tile.first, samples);
    if (record) {
      keep(i, up, tile);
      // The values are read where books are in quotients.
      const View<Scalar> b = form_ == Form::R ? up : value(i, tile);
      count_relevance<Scalar>(up, b, baseline(i, tile), form_, books.enter);
    }

    const bool taken = step.done && !by_node;
    if (in_place && passage.effect == Passage::pointwise && !taken)
      each_piece(n.size, samples, [&](Index s, Index first, Index width) {
        const Index at = s * n.size + first;
        take_pointwise(i, tile, at, width, down.data() + at);
      });
    if (!in_place) {
      const auto below = [&](Index first, Index count, Scalar* values) {
        take_pointwise(step.then, tile, first, count, values);
      };
      const Finish<Scalar> finish =
          step.then >= 0 && !by_node ? finish_with<Scalar>(below) : Finish<Scalar>();
      Scalar* shares = record && record->bias_shares.size() > 0
                           ? record->bias_shares.data() + tile.first * n.size
                           : nullptr;
      take_by_rule(step, tile, up, down, books, shares, finish);
    }
    if (record) {
      count_leaving(step, tile, down, books);
      total.add_rules_lines(books);
    }
    for (const Delivery& delivery : step.deliveries) {
      const Index size = node(delivery.input).size;
      Out<Scalar> to(memory(delivery.to, size, tile), size, samples);
      each_piece(size, samples, [&](Index sample, Index first, Index width) {
        auto piece = to.col(sample).segment(first, width);
        const auto share = down.col(sample).segment(delivery.row + first, width);
        if (delivery.fresh)
          piece = share;
        else
          piece += share;
      });
    }
  }

  /// The rule's own step. What it does not read, and the trace may lack, is any memory of the same size.
  void take_by_rule(const BackStep& step, const Tile& tile, const View<Scalar>& up, Out<Scalar>& down,
                    const LedgerView<Scalar>& books, Scalar* bias_shares, const Finish<Scalar>& finish) {
    const Node<Scalar>& n = node(step.node);
    const Index samples = tile.samples;
    const Passage& passage = plan_.passage(step.node);
    const WorkspaceScope<Scalar> scope(workspace_);
    const Scalar *a = down.data(), *b = passage.outputs ? value(step.node, tile).data() : up.data();
    BaselineValues<Scalar> a_base{down.data(), down.rows()}, b_base{up.data(), up.rows()};
    if (!baseline_) a_base = b_base = {};
    if (baseline_ && passage.outputs) b_base = baseline(step.node, tile);
    if (step.a >= 0) {
      Out<Scalar> together(workspace_.slot(step.a), down.rows(), samples);
      gather(
          n, [&](Index input) { return value(input, tile); }, together);
      a = together.data();
      if (baseline_)
        a_base = baseline_.inputs_of(nodes_, n, tile.first, samples, workspace_.slot(step.a_base));
    } else if (passage.either) {
      a = value(argument(n, step.node, trace_), tile).data();
    } else if (passage.inputs) {
      a = value(n.inputs[0], tile).data();
      if (baseline_) a_base = baseline(n.inputs[0], tile);
    }
    Context<Scalar, Dynamic, Dynamic, Dynamic> context{View<Scalar>(a, down.rows(), samples),
                                                       View<Scalar>(b, n.size, samples),
                                                       a_base,
                                                       b_base,
                                                       form_,
                                                       books,
                                                       workspace_,
                                                       bias_shares,
                                                       finish,
                                                       step.a < 0 && never_negative(n.inputs[0])};
    std::visit([&](const auto& layer) { plan_.rule(step.node)->step_back(layer, context, up, down); },
               *n.layer);
  }

  /// Books what leaves a node to all of its inputs.
  void count_leaving(const BackStep& step, const Tile& tile, const Out<Scalar>& down,
                     LedgerView<Scalar>& books) const {
    Index row = 0;
    for (const Index input : node(step.node).inputs) {
      const Index size = node(input).size;
      for (Index n = 0; n < down.cols(); ++n) {
        const View<Scalar> part(down.data() + n * down.rows() + row, size, 1);
        const View<Scalar> a(form_ == Form::R ? part.data() : value(input, tile).data() + n * size, size, 1);
        Eigen::Array<Scalar, 1, 1> share;
        count_relevance<Scalar>(part, a, baseline(input, tile).from(n), form_, share);
        books.leave(n) += share(0);
      }
      if (step.layout != map::InputLayout::as_sum) row += size;
    }
  }

  const std::vector<Node<Scalar>>& nodes_;
  Index input_count_;
  const GraphTrace<Scalar>& trace_;
  const GraphBaseline<Scalar>& baseline_;
  const GraphPlan<Scalar>& plan_;
  Form form_;
  const BackwardSchedule& schedule_;
  GraphExplanation<Scalar>& explanation_;
  Workspace<Scalar>& workspace_;
};

}  // namespace ascribe::detail
