/// What the passes of every kind of network share: checks of what goes in and comes out.
#pragma once

#include <atomic>
#include <concepts>
#include <optional>

#include <ascribe/core/context.hpp>
#include <ascribe/core/error.hpp>
#include <ascribe/core/finite.hpp>
#include <ascribe/core/ledger.hpp>
#include <ascribe/core/loops.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/sum.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/layers/elementwise.hpp>
#include <ascribe/layers/product.hpp>
#include <ascribe/layers/matmul.hpp>
#include <ascribe/layers/max.hpp>
#include <ascribe/layers/softmax.hpp>

namespace ascribe::detail {

template <class D>
void take_matrix(const Eigen::MatrixBase<D>&);
/// What `explain` may be given in place of a trace: an input, any matrix or expression of Eigen's.
template <class X>
inline constexpr bool is_input = requires(const X& x) {
  take_matrix(x);
};

/// Tells a caller in words which of explain's arguments is none, once.
template <bool method_fits, bool values_fit>
constexpr bool arguments_fit() {
  static_assert(method_fits,
                "ascribe: explain(trace or input, target, method, baseline if the method is against one): "
                "the third is no method: use one of ascribe::method or ascribe::composite, a Composite, or a "
                "type with form, times_input and rule_for");
  static_assert(!method_fits || values_fit,
                "ascribe: explain(trace or input, target, method, baseline if the method is against one): "
                "the first, and the baseline, are what net.forward returns, or an Eigen matrix, features x "
                "samples");
  return method_fits && values_fit;
}

/// `forward` of any layer, found by argument-dependent lookup: inside a network the name is the network's
/// own.
template <class L, class A, class B>
void run(const L& layer, const A& a, B& b) {
  forward(layer, a, b);
}
/// The same where a linear map may round more (Weights::approximate).
template <class L, class A, class B>
void run(const L& layer, const A& a, B& b, const Weights& weights) {
  if constexpr (requires { layer.map; })
    forward(layer, a, b, weights);
  else
    forward(layer, a, b);
}

/// Throws Error where a layer is a function that is not defined at one of the values that it is to read; the
/// first of them is sample `first_sample`'s, and `where()` names the layer.
template <class L, class S, class Where>
void check_domain(const L& layer, Index rows, Index samples, const S* a, Index first_sample, Where&& where) {
  if constexpr (requires { layer.f; }) {
    if (fn::domain_of(layer.f) == nullptr) return;
    std::atomic<bool> inside{true};
    each_piece(rows, samples, [&](Index n, Index first, Index width) {
      if (fn::outside(layer.f, first, width, a + n * rows + first) >= 0)
        inside.store(false, std::memory_order_relaxed);
    });
    for (Index n = 0; n < samples && !inside.load(); ++n)
      if (const Index i = fn::outside(layer.f, 0, rows, a + n * rows); i >= 0)
        fail("forward: ", where(), " (", fn::name_of(layer.f), "): expected ", fn::domain_of(layer.f),
             ", found ", math::value_of(a[n * rows + i]), " at feature ", i, " of sample ", first_sample + n);
  }
}

/// Calls f(i, n) for the first number that is NaN or infinite, if there is one. Where it lies is asked only
/// once it is known that it does.
template <class D, class F>
void with_culprit(const Eigen::MatrixBase<D>& values, F&& f) {
  if constexpr (requires { values.derived().data(); })
    if (!D::IsRowMajor && values.derived().innerStride() == 1 &&
        (values.cols() == 1 || values.derived().outerStride() == values.rows()) &&
        all_finite(values.rows(), values.cols(), values.derived().data()))
      return;
  for (Index n = 0; n < values.cols(); ++n)
    for (Index i = 0; i < values.rows(); ++i)
      if (!math::isfinite(values(i, n))) return f(i, n);
}

/// Throws Error where the batch is empty, has not `expected` features (any where that is negative), or holds
/// a NaN or an infinity.
template <class D>
void check_input(const char* who, const Eigen::MatrixBase<D>& x, Index expected) {
  if (x.cols() == 0 || x.rows() == 0)
    fail(who, ": expected at least one sample and feature, found ", x.rows(), " features x ", x.cols(),
         " samples");
  if (expected >= 0 && x.rows() != expected)
    fail(who, ": expected an input of ", expected, " features, found ", x.rows());
  with_culprit(x, [&](Index i, Index n) {
    fail(who, ": feature ", i, " of sample ", n, " of the input is NaN or infinite");
  });
}

/// Throws Error where a relevance is NaN or infinite.
template <class Relevance>
void check_result(const Relevance& relevance) {
  with_culprit(relevance, [](Index i, Index n) {
    fail("explain: the relevance of feature ", i, " of sample ", n,
         " is NaN or infinite: a value of the forward pass or a quotient overflowed");
  });
}

/// Which of a baseline's columns serve a batch: one serves all samples, or each has its own.
struct BaselineColumns {
  Index first = 0, step = 0;

  template <class Value>
  BaselineValues<typename Value::Scalar> of(const Value& value) const {
    return {value.data() + first * value.rows(), step * value.rows()};
  }
};

/// Those of a baseline with `found` columns (none is given: −1), of which a caller may have chosen one. None
/// where the method is not against a baseline. Throws Error where it lacks one, has no use for it, or the
/// columns do not fit.
inline std::optional<BaselineColumns> baseline_columns(Form form, Index found, Index samples, Index chosen) {
  if (form != Form::Delta) {
    if (found >= 0) fail("explain: this method is not against a baseline, and one was given");
    return std::nullopt;
  }
  if (found < 0) fail("explain: this method is against a baseline: pass the trace of one");
  if (chosen >= found) fail("explain: expected a baseline column below ", found, ", found ", chosen);
  if (chosen >= 0) return BaselineColumns{chosen, 0};
  if (found != 1 && found != samples)
    fail("explain: expected a baseline of 1 or ", samples, " samples, found ", found);
  return BaselineColumns{0, found == 1 ? 0 : 1};
}

/// Σ carried, Σ carried·a, or Σ carried·(a − a0).
template <class S>
[[gnu::noinline]] S relevance_of(Index count, const S* carried, const S* a, const S* a0) {
  if (!a) return sum_of<S>(count, [=](Index i) { return carried[i]; });
  if (!a0) return sum_of<S>(count, [=](Index i) { return S(carried[i] * a[i]); });
  return sum_of<S>(count, [=](Index i) { return S(carried[i] * (a[i] - a0[i])); });
}
/// carried·(a − a0), into the same memory.
template <class S>
[[gnu::noinline]] void multiply_by_change(Index count, const S* a, const S* a0, S* carried) {
  for (Index i = 0; i < count; ++i) carried[i] *= a[i] - a0[i];
}

/// totals_n = Σ of what sample n carries, as relevance.
template <class S>
[[gnu::noinline]] void count_relevance(Index rows, Index samples, const S* carried, const S* a,
                                       const BaselineValues<S>& a_base, Form form, S* totals) {
  Eigen::Map<typename Ledger<S>::Row> row(totals, samples);
  row.setZero();
  sum_pieces<S>(rows, samples, row, [&](Index n, Index first, Index width) {
    const Index at = n * rows + first;
    return relevance_of<S>(width, carried + at, form == Form::R ? nullptr : a + at,
                           form == Form::Delta ? a_base.column(n) + first : nullptr);
  });
}
/// The entries of the books that are the container's.
template <class S, class Carried, class Values, class Row>
void count_relevance(const Carried& carried, const Values& a, const BaselineValues<S>& a_base, Form form,
                     Row& row) {
  count_relevance<S>(carried.rows(), carried.cols(), carried.data(), a.data(), a_base, form, row.data());
}

/// Carried values, finished as the method's result is: × a in Q, × (a − ā) against a baseline. From one
/// sample's to the next's it is `stride`.
template <class S>
[[gnu::noinline]] void multiply_by_input(Index rows, Index samples, Index stride, S* carried, const S* a,
                                         const BaselineValues<S>& a_base, Form form) {
  each_piece(rows, samples, [&](Index n, Index first, Index width) {
    const Index at = n * rows + first;
    S* to = carried + n * stride + first;
    if (form == Form::Q)
      multiply(width, a + at, to);
    else
      multiply_by_change(width, a + at, a_base.column(n) + first, to);
  });
}
template <class S, class Carried, class Values>
void multiply_by_input(Carried& carried, const Values& a, const BaselineValues<S>& a_base, Form form) {
  if (form != Form::R)  // some of the rows of a batch, perhaps
    multiply_by_input<S>(carried.rows(), carried.cols(), carried.colStride(), carried.data(), a.data(), a_base,
                         form);
}

}  // namespace ascribe::detail
