/// One step back through a layer whose values and baseline are given.
#pragma once

#include <cmath>
#include <random>
#include <utility>

#include <ascribe/core/context.hpp>
#include <ascribe/core/ledger.hpp>
#include <ascribe/rules/step_back.hpp>

namespace ascribe::test {

/// Numbers in [-1, 1].
inline Batch<double> random_batch(Index rows, Index columns, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> number(-1, 1);
  Batch<double> m(rows, columns);
  for (double& v : m.reshaped()) v = number(generator);
  return m;
}

/// The step's inputs and outputs, and what it books. The baseline has one column for all samples, or one
/// each.
struct StepCase {
  Batch<double> a, b, a_base, b_base, up, down;
  Ledger<double> books;

  /// What the rule says that it does not read is NaN.
  template <class Kind, class Rule>
  StepCase(const Kind& layer, const Rule& rule, const Reads& reads, Form form, Batch<double> values,
           Batch<double> baseline)
      : a(std::move(values)), a_base(std::move(baseline)) {
    const Index samples = a.cols(), size = layer.output_size();
    up = random_batch(size, samples, 3);
    b.resize(size, samples);
    b_base.resize(size, a_base.cols());
    auto to = out(b), to_base = out(b_base);
    forward(layer, view(a), to);
    forward(layer, view(a_base), to_base);
    down.setConstant(layer.input_size(), samples, 7);
    books.reset(samples);
    Batch<double> seen_a = a, seen_b = b;
    if (!reads.inputs) seen_a.setConstant(std::nan(""));
    if (!reads.outputs) seen_b.setConstant(std::nan(""));
    Workspace<double> workspace;
    const Index step = a_base.cols() == 1 ? 0 : 1;
    Context<double, Dynamic, Dynamic, Dynamic> c{
        view(seen_a), view(seen_b), {a_base.data(), step * a.rows()}, {b_base.data(), step * b.rows()}, form,
        books,        workspace};
    rule::take_step(layer, rule, c, view(up), out(down));
  }

  /// By how much what enters differs from what leaves and what is booked, in the worst sample; NaN where
  /// either is.
  double open(Form form) const {
    Batch<double> enter = up, leave = down;
    if (form == Form::Q) enter.array() *= b.array(), leave.array() *= a.array();
    if (form == Form::Delta)
      for (Index n = 0; n < a.cols(); ++n) {
        const Index m = a_base.cols() == 1 ? 0 : n;
        enter.col(n).array() *= (b.col(n) - b_base.col(m)).array();
        leave.col(n).array() *= (a.col(n) - a_base.col(m)).array();
      }
    double worst = 0;
    for (Index n = 0; n < a.cols(); ++n)
      if (const double left =
              std::abs(enter.col(n).sum() - leave.col(n).sum() - books.stabiliser(n) - books.dropped(n));
          !(left <= worst))
        worst = left;  // NaN too
    return worst;
  }
};

}  // namespace ascribe::test
