/// The layer of products of two activations: feature by feature, of matrices, and between.
#pragma once

#include <memory>
#include <utility>

#include <ascribe/core/context.hpp>
#include <ascribe/core/error.hpp>
#include <ascribe/core/loops.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/kernels/contraction.hpp>
#include <ascribe/layers/contraction.hpp>
#include <ascribe/layers/rule.hpp>

namespace ascribe {
namespace kind {

/// b = B(a₁, a₂), linear in each of two activations that lie one behind the other: gates and
/// squeeze-and-excitation feature by feature, (2·size) → (size); attention's products of matrices, as a
/// Contraction says. One of them is the gate, which the rule GateConstant treats as a constant. It is neither
/// linear nor elementwise, so that it has rules of its own: rule::Gradient, GateConstant, EvenSplit, and the
/// usual one of the last two.
class Product {
 public:
  static constexpr int inputs = Dynamic, outputs = Dynamic;

  Index gate = 1;         ///< which factor is the gate: 0 or 1
  bool quotient = false;  ///< whether the gate is the inverse of a divisor, which methods may ask

  /// Feature by feature. Throws Error where the size is below 1 or there is no such factor.
  explicit Product(Index features, Index gate_factor = 1)
      : Product(Contraction::elementwise(checked(features)), gate_factor) {}
  /// Throws Error where there is no such factor.
  explicit Product(Contraction map, Index gate_factor = 1)
      : gate(gate_factor), parts_(std::make_shared<const Parts>(std::move(map))) {
    if (gate != 0 && gate != 1) fail("Product: the gate: expected factor 0 or 1, found ", gate);
  }

  /// "Quotient", "MatrixProduct" where an output is a sum of products, else "Product".
  const char* name() const { return quotient ? "Quotient" : map().sums() ? "MatrixProduct" : "Product"; }
  /// B, axis by axis.
  const Contraction& map() const { return parts_->map; }
  /// B as it is computed, and its transpose in either factor.
  const kernel::ContractionLoops& loops() const { return parts_->loops; }
  /// B's transpose in a factor, 0 or 1, as it is computed.
  const kernel::ContractionLoops& transposed(Index factor) const { return parts_->transposed[factor]; }

  /// The features of a factor, 0 or 1.
  Index factor_size(Index factor) const { return factor == 0 ? map().x_size() : map().y_size(); }
  /// Where a factor begins.
  Index factor_at(Index factor) const { return factor == 0 ? 0 : map().x_size(); }
  Index input_size() const { return map().x_size() + map().y_size(); }
  Index output_size() const { return map().out_size(); }
  Index output_size_for(Index) const { return output_size(); }

 private:
  struct Parts {
    Contraction map;
    kernel::ContractionLoops loops, transposed[2];

    explicit Parts(Contraction m)
        : map(std::move(m)),
          loops(map),
          transposed{kernel::ContractionLoops(map.to_first()), kernel::ContractionLoops(map.to_second())} {}
  };

  static Index checked(Index features) {
    if (features < 1) fail("Product: the features: expected at least 1, found ", features);
    return features;
  }

  std::shared_ptr<const Parts> parts_;  // copies share them
};

/// B(x, y) of values that need not be a network's own.
template <class S>
void apply(const Product& layer, kernel::Samples<const S> x, kernel::Samples<const S> y, kernel::Samples<S> b,
           Index samples) {
  kernel::contract<S>(layer.loops(), x, y, b, samples);
}
/// The way back of u to a factor, the other one being `other`: Σ over the outputs of ∂B/∂factor·u.
template <class S>
void apply_transposed(const Product& layer, Index factor, kernel::Samples<const S> other,
                      kernel::Samples<const S> u, kernel::Samples<S> to, Index samples) {
  if (factor == 0)
    kernel::contract<S>(layer.transposed(0), u, other, to, samples);
  else
    kernel::contract<S>(layer.transposed(1), other, u, to, samples);
}

}  // namespace kind

/// The layer: its kind and the rule that it carries for methods that ask each layer (`method::ByLayer`). A
/// method that says nothing of products gives it rule::Usual.
template <class Rule = rule::Unset>
struct Product : kind::WithRule<kind::Product, Rule> {
  using Kind = kind::Product;

  /// Feature by feature. Throws Error as its kind.
  explicit Product(Index features, Index gate_factor = 1, Rule r = {})
      : kind::WithRule<Kind, Rule>(Kind(features, gate_factor), std::move(r)) {}
  /// As a contraction says. Throws Error as its kind.
  explicit Product(Contraction map, Index gate_factor = 1, Rule r = {})
      : kind::WithRule<Kind, Rule>(Kind(std::move(map), gate_factor), std::move(r)) {}
};

/// b = B(a₁, a₂), features × samples.
template <class A, class B>
void forward(const kind::Product& layer, const A& a, B&& b) {
  using S = typename std::remove_cvref_t<B>::Scalar;
  const S* from = a.data();
  S* to = b.data();
  if (!layer.map().is_elementwise())
    return kind::apply<S>(layer, {from, a.rows()}, {from + layer.factor_at(1), a.rows()}, {to, b.rows()},
                          a.cols());
  const Index size = layer.output_size();
  each_piece(size, a.cols(), [=](Index n, Index first, Index width) {
    const auto* factor = from + 2 * n * size + first;
    detail::multiply(width, factor, factor + size, to + n * size + first);
  });
}

}  // namespace ascribe
