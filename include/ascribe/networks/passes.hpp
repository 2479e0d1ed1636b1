/// What the passes of every kind of network share: checks of what goes in and comes out.
#pragma once

#include <ascribe/core/context.hpp>
#include <ascribe/core/error.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/layers/elementwise.hpp>
#include <ascribe/layers/joint.hpp>
#include <ascribe/layers/matmul.hpp>
#include <ascribe/layers/max.hpp>

namespace ascribe::detail {

/// `forward` of any layer, found by argument-dependent lookup: inside a network the name is the network's
/// own.
template <class L, class A, class B>
void run(const L& layer, const A& a, B& b) {
  forward(layer, a, b);
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
  for (Index n = 0; n < x.cols(); ++n)
    for (Index i = 0; i < x.rows(); ++i)
      if (!math::isfinite(x(i, n)))
        fail(who, ": feature ", i, " of sample ", n, " of the input is NaN or infinite");
}

/// Throws Error where a relevance is NaN or infinite.
template <class Relevance>
void check_result(const Relevance& relevance) {
  for (Index n = 0; n < relevance.cols(); ++n)
    for (Index i = 0; i < relevance.rows(); ++i)
      if (!math::isfinite(relevance(i, n)))
        fail("explain: the relevance of feature ", i, " of sample ", n,
             " is NaN or infinite: a value of the forward pass or a quotient overflowed");
}

/// Σ of what is carried, as relevance: the entries of the books that are the container's.
template <class S, class Carried, class Values, class Row>
void count_relevance(const Carried& carried, const Values& a, const ReferenceValues<S>& a_ref, Form form,
                     Row& row) {
  for (Index n = 0; n < carried.cols(); ++n) {
    if (form == Form::R)
      row(n) = carried.col(n).sum();
    else if (form == Form::Q)
      row(n) = carried.col(n).dot(a.col(n));
    else
      row(n) = carried.col(n).dot(
          a.col(n) - Eigen::Map<const Batch<S, Values::RowsAtCompileTime, 1>>(a_ref.column(n), a.rows()));
  }
}

/// Carried values, finished as the method's result is: × a in Q, × (a − ā) against a reference.
template <class S, class Carried, class Values>
void multiply_by_input(Carried& carried, const Values& a, const ReferenceValues<S>& a_ref, Form form) {
  if (form == Form::Q) carried.array() *= a.array();
  if (form == Form::Delta)
    for (Index n = 0; n < carried.cols(); ++n)
      carried.col(n).array() *=
          a.col(n).array() -
          Eigen::Map<const Batch<S, Values::RowsAtCompileTime, 1>>(a_ref.column(n), a.rows()).array();
}

inline const char* name_of(Form form) { return form == Form::R ? "R" : form == Form::Q ? "Q" : "Delta"; }

}  // namespace ascribe::detail
