/// The layer b = a₁ ⊙ a₂ of two activations: gates, squeeze-and-excitation.
#pragma once

#include <utility>

#include <ascribe/core/context.hpp>
#include <ascribe/core/error.hpp>
#include <ascribe/core/loops.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/layers/rule.hpp>

namespace ascribe {
namespace kind {

/// The product of two activations, feature by feature, the factors lying one behind the other:
/// (2·size) → (size). One of them is the gate, which the rule GateConstant treats as a constant. It is
/// neither linear nor elementwise, so that it has rules of its own: rule::Gradient, GateConstant,
/// EvenSplit, and the usual one of the last two.
struct Product {
  static constexpr int inputs = Dynamic, outputs = Dynamic;
  static constexpr const char* name = "Product";

  Index size;
  Index gate = 1;  ///< which factor is the gate: 0 or 1

  /// Throws Error where the size is below 1 or there is no such factor.
  explicit Product(Index features, Index gate_factor = 1) : size(features), gate(gate_factor) {
    if (size < 1) fail("Product: the features: expected at least 1, found ", size);
    if (gate != 0 && gate != 1) fail("Product: the gate: expected factor 0 or 1, found ", gate);
  }

  Index input_size() const { return 2 * size; }
  Index output_size() const { return size; }
  Index output_size_for(Index) const { return size; }
};

}  // namespace kind

/// The layer: its kind and the rule that it carries for methods that ask each layer (`method::ByLayer`). A
/// method that says nothing of products gives it rule::UsualSplit.
template <class Rule = rule::Unset>
struct Product : kind::Product {
  using Kind = kind::Product;
  [[no_unique_address]] Rule rule;

  explicit Product(Index features, Index gate_factor = 1, Rule r = {})
      : Kind(features, gate_factor), rule(std::move(r)) {}
};

template <class A, class B>
void forward(const kind::Product& layer, const A& a, B&& b) {
  const Index size = layer.size;
  const auto* from = a.data();
  auto* to = b.data();
  each_piece(size, a.cols(), [=](Index n, Index first, Index width) {
    const auto* factor = from + 2 * n * size + first;
    detail::multiply(width, factor, factor + size, to + n * size + first);
  });
}

}  // namespace ascribe
