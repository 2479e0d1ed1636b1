/// What a rule sees of one layer during one backward pass.
#pragma once

#include <ascribe/core/finish.hpp>
#include <ascribe/core/ledger.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/core/workspace.hpp>

namespace ascribe {

/// The values of a baseline image at one place of the network: as many columns as the batch, or one for
/// all of its samples. Empty where the method needs none.
template <class Scalar>
struct BaselineValues {
  const Scalar* data = nullptr;  ///< the first sample's column; null: there are none
  Index stride = 0;              ///< from one sample's column to the next; 0: one column serves all

  /// Whether there are any.
  explicit operator bool() const { return data != nullptr; }
  /// A sample's column.
  const Scalar* column(Index sample) const { return data + sample * stride; }
  /// Those of the samples from `first` on.
  BaselineValues from(Index first) const { return {column(first), stride}; }
};

/// The trace at one layer (a: inputs × samples, b: outputs × samples), the same of the baseline, the form
/// of what is carried, and the books. The samples are those of one step: a network may walk back with some of
/// a batch at a time. What a rule says that it does not read (Passage) may have any content.
/// `propagate(kind, rule, context, upstream, downstream)` reads
/// `upstream` (outputs × samples) and overwrites `downstream` (inputs × samples).
template <class S, int Inputs, int Outputs, int Samples>
struct Context {
  using Scalar = S;
  /// What comes from above.
  using Up = View<S, Outputs, Samples>;
  /// What goes down.
  using Down = Out<S, Inputs, Samples>;
  /// Sizes that are known at compile time, or Dynamic.
  static constexpr int inputs = Inputs, outputs = Outputs, samples = Samples;

  View<S, Inputs, Samples> a;   ///< the layer's inputs
  View<S, Outputs, Samples> b;  ///< the layer's outputs
  /// The baseline's values at inputs and outputs.
  BaselineValues<S> a_base, b_base;
  Form form;                     ///< what is carried
  LedgerView<S, Samples> books;  ///< of this layer, for these samples
  Workspace<S>& workspace;       ///< for what lies between
  S* bias_shares = nullptr;  ///< outputs × samples, zero at first: each bias's relevance; null where unasked
  Finish<S> finish = {};     ///< of what goes down, by the rules whose Passage is `transposed`
  bool inputs_never_negative = false;  ///< known of `a`, whatever the sample

  /// Memory of the inputs' size, until its end of life.
  Scratch<S, Inputs, Samples> input_scratch() const { return {workspace, a.rows(), a.cols()}; }
  /// Memory of the outputs' size, until its end of life.
  Scratch<S, Outputs, Samples> output_scratch() const { return {workspace, b.rows(), b.cols()}; }
};

}  // namespace ascribe
