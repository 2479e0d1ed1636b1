/// What an explanation holds.
#pragma once

#include <tuple>

#include <ascribe/core/ledger.hpp>
#include <ascribe/core/types.hpp>

namespace ascribe {

/// One layer's part of an explanation with Record::per_layer.
template <class Scalar, int Outputs, int Samples>
struct LayerRecord {
  Ledger<Scalar, Samples> books;
  Batch<Scalar, Outputs, Samples> relevance;    ///< at the layer's output, finished as the input's is
  Batch<Scalar, Outputs, Samples> bias_shares;  ///< what the bias of each output took
};

/// The shares of the inputs, and the books. Reusable: the next call writes into the same memory.
template <class Scalar, int Inputs, int Outputs, int Samples, class LayerRecords = std::tuple<>>
struct Explanation {
  Batch<Scalar, Inputs, Samples> relevance;  ///< inputs × samples
  Batch<Scalar, Outputs, Samples> output;    ///< outputs × samples: what the network said
  /// The whole network's books: `enter` is the start and `leave` the input's share. They are kept in
  /// relevances, Σ x·Q, even for methods (gradient, deconvolution) whose result is not multiplied by the
  /// input.
  Ledger<Scalar, Samples> ledger;
  LayerRecords layers;  ///< a LayerRecord each with Record::per_layer, else empty

  template <std::size_t I>
  const auto& layer() const {
    return std::get<I>(layers);
  }
};

}  // namespace ascribe
