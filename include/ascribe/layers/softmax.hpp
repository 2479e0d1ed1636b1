/// The layer b = softmax(a), or its logarithm, along an axis.
#pragma once

#include <limits>
#include <type_traits>
#include <utility>

#include <ascribe/core/context.hpp>
#include <ascribe/core/error.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/sum.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/layers/rule.hpp>

namespace ascribe {
namespace kind {

/// b_i = e^{a_i}/Σ_k e^{a_k} over the `length` features of a row, or log b_i: a function of rows. Feature i
/// of row (o, r) is (o·length + i)·inner + r, as an axis of an array lies. Values of at most `masked` are
/// masked: b is 0 there, and no rule gives them anything.
struct Softmax {
  static constexpr int inputs = Dynamic, outputs = Dynamic;
  /// What stands for −∞, which a network's values cannot be. It is far below every logit, and a float.
  static constexpr double masked = -1e30;

  /// Rows are outer × inner, `length` features long, `inner` apart.
  Index outer, length, inner = 1;
  bool logarithm = false;  ///< whether the outputs are logarithms

  /// Throws Error where one of the sizes is below 1.
  explicit Softmax(Index rows, Index row_length, Index apart = 1, bool log = false)
      : outer(rows), length(row_length), inner(apart), logarithm(log) {
    if (outer < 1 || length < 1 || inner < 1)
      fail("Softmax: expected sizes of at least 1, found ", outer, " x ", length, " x ", inner);
  }

  /// "LogSoftmax" where the outputs are logarithms.
  const char* name() const { return logarithm ? "LogSoftmax" : "Softmax"; }
  Index input_size() const { return outer * length * inner; }
  Index output_size() const { return input_size(); }
  Index output_size_for(Index) const { return output_size(); }
  /// How many rows a sample has.
  Index rows() const { return outer * inner; }
  /// Where a row begins in its sample.
  Index row_at(Index row) const { return row / inner * length * inner + row % inner; }
};

}  // namespace kind

/// The layer: its kind and the rule that it carries for methods that ask each layer (`method::ByLayer`). A
/// method that says nothing of softmaxes gives it rule::Usual.
template <class Rule = rule::Unset>
struct Softmax : kind::WithRule<kind::Softmax, Rule> {
  using Kind = kind::Softmax;

  /// As its kind, with a rule of its own. Throws Error as its kind.
  explicit Softmax(Index rows, Index row_length, Index apart = 1, bool log = false, Rule r = {})
      : kind::WithRule<Kind, Rule>(Kind(rows, row_length, apart, log), std::move(r)) {}
};

namespace detail {

/// e^x at each of `count` neighbours, exactly 0 where that is below the smallest normal number.
template <class S>
void exponentials(Index count, S* values) {
  if constexpr (std::is_floating_point_v<S>) {
    const S lowest = math::log(std::numeric_limits<S>::min());
    for (Index i = 0; i < count; ++i) {
      const S power = math::exp(values[i]), nothing(0);
      values[i] = values[i] < lowest ? nothing : power;
    }
  } else {
    for (Index i = 0; i < count; ++i) values[i] = math::exp(values[i]);
  }
}

/// One row: from the largest logit down, so that nothing overflows. The logarithm of what is nearly 1 is made
/// of what is missing there: log Σ e^a = a_top + log(1 + the others' e^{a − a_top}).
template <class S>
void softmax_of_row(const kind::Softmax& layer, const S* a, S* b) {
  const Index step = layer.inner, length = layer.length;
  Index largest = 0;
  for (Index i = 1; i < length; ++i)
    if (a[i * step] > a[largest * step]) largest = i;
  const S top = a[largest * step];
  constexpr Index block = 64;
  std::array<S, std::size_t(block)> powers;
  S total(0);
  for (Index first = 0; first < length; first += block) {
    const Index width = std::min(block, length - first);
    for (Index i = 0; i < width; ++i) powers[std::size_t(i)] = a[(first + i) * step] - top;
    exponentials(width, powers.data());
    if (layer.logarithm && largest >= first && largest < first + width)
      powers[std::size_t(largest - first)] = S(0);
    total += sum_of<S>(width, [&](Index i) { return powers[std::size_t(i)]; });
    if (!layer.logarithm)
      for (Index i = 0; i < width; ++i) b[(first + i) * step] = powers[std::size_t(i)];
  }
  if (layer.logarithm) {
    const S log_total = math::log1p(total);
    for (Index i = 0; i < length; ++i) b[i * step] = (a[i * step] - top) - log_total;
  } else {
    const S share = S(1) / total;
    for (Index i = 0; i < length; ++i) b[i * step] *= share;
  }
}

}  // namespace detail

/// b = the softmax of each row, features × samples.
template <class A, class B>
void forward(const kind::Softmax& layer, const A& a, B&& b) {
  using S = typename std::remove_cvref_t<B>::Scalar;
  const S* from = a.data();
  S* to = b.data();
  const Index size = layer.output_size();
  each_part(a.cols(), layer.rows(), layer.length, [&, from, to](Index n, Index row) {
    const Index at = n * size + layer.row_at(row);
    detail::softmax_of_row(layer, from + at, to + at);
  });
}

}  // namespace ascribe
