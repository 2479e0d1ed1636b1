/// Where the relevance went: the books that every explanation closes.
#pragma once

#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>

namespace ascribe {

/// One set of books, a number a sample: `enter = leave + bias + stabiliser + dropped` to rounding error,
/// for one layer or for a whole network. Amounts are relevances: Σ R in the form R, Σ a·Q in Q,
/// Σ (a − ā)·m against a baseline. The container books what enters and leaves; each rule books the
/// other three by its own formula, never as what remains, so that books which close prove something.
template <class Scalar, int Samples = Dynamic>
struct Ledger {
  /// A number a sample.
  using Row = Eigen::Array<Scalar, 1, Samples>;
  /// What entered, what left, and what the rules booked.
  Row enter, leave, bias, stabiliser, dropped;

  /// Zeros, of so many samples.
  void reset(Index samples) {
    for (Row* row : {&enter, &leave, &bias, &stabiliser, &dropped}) row->setZero(1, samples);
  }

  /// Line by line: books of several explanations together, and their average.
  Ledger& operator+=(const Ledger& other) {
    enter += other.enter;
    leave += other.leave;
    bias += other.bias;
    stabiliser += other.stabiliser;
    dropped += other.dropped;
    return *this;
  }
  /// All lines times a factor.
  Ledger& operator*=(const Scalar& factor) {
    for (Row* row : {&enter, &leave, &bias, &stabiliser, &dropped}) *row *= factor;
    return *this;
  }

  /// What the books leave unexplained, per sample: rounding, or a rule that does not book what it does.
  Row closing_error() const { return enter - leave - bias - stabiliser - dropped; }
  /// That of one sample: nothing is asked of the heap.
  Scalar closing_error(Index n) const { return enter(n) - leave(n) - bias(n) - stabiliser(n) - dropped(n); }

  /// The largest amount in any line, per sample: what `closing_error` is to be measured against.
  Row largest_entry() const {
    Row most = enter;
    for (Index n = 0; n < most.size(); ++n) most(n) = largest_entry(n);
    return most;
  }
  /// That of one sample.
  Scalar largest_entry(Index n) const {
    Scalar most = math::abs(enter(n));
    for (const Row* row : {&leave, &bias, &stabiliser, &dropped})
      most = math::max(most, math::abs((*row)(n)));
    return most;
  }
};

/// The books of `count` samples from `first` on, to write in: what a rule sees of them. Without the two, all
/// samples. The books stay where they are, and have to be as long before.
template <class Scalar, int Samples = Dynamic>
struct LedgerView {
  /// A line, where the books have it.
  using Row = Eigen::Map<typename Ledger<Scalar, Samples>::Row>;
  /// What entered, what left, and what the rules booked.
  Row enter, leave, bias, stabiliser, dropped;

  /// Those of all samples.
  LedgerView(Ledger<Scalar, Samples>& books) : LedgerView(books, 0, books.enter.size()) {}
  /// Those of `count` samples from `first` on.
  LedgerView(Ledger<Scalar, Samples>& books, Index first, Index count)
      : enter(books.enter.data() + first, count),
        leave(books.leave.data() + first, count),
        bias(books.bias.data() + first, count),
        stabiliser(books.stabiliser.data() + first, count),
        dropped(books.dropped.data() + first, count) {}
  /// Five lines of so many samples, one behind the other, in the order of the members.
  LedgerView(Scalar* lines, Index count)
      : enter(lines, count),
        leave(lines + count, count),
        bias(lines + 2 * count, count),
        stabiliser(lines + 3 * count, count),
        dropped(lines + 4 * count, count) {}
  /// The same, its samples known at run time.
  template <int Others>
  requires(Samples == Dynamic && Others != Dynamic) explicit LedgerView(LedgerView<Scalar, Others>& other)
      : enter(other.enter.data(), other.enter.size()),
        leave(other.leave.data(), other.leave.size()),
        bias(other.bias.data(), other.bias.size()),
        stabiliser(other.stabiliser.data(), other.stabiliser.size()),
        dropped(other.dropped.data(), other.dropped.size()) {}
  /// The same lines.
  LedgerView(const LedgerView&) = default;
  LedgerView& operator=(const LedgerView&) = delete;  // of the books, or of their content?

  /// Adds up what is booked by rules, not what enters and leaves.
  [[gnu::noinline]] void add_rules_lines(const LedgerView& layer) {
    bias += layer.bias;
    stabiliser += layer.stabiliser;
    dropped += layer.dropped;
  }
};

}  // namespace ascribe
