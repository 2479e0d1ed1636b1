/// The adjoints of the steps of each kind's data.
#pragma once

#include <ascribe/rules/function_adjoint.hpp>
#include <ascribe/rules/matrix_adjoint.hpp>
#include <ascribe/rules/product_adjoint.hpp>
#include <ascribe/rules/softmax_adjoint.hpp>
#include <ascribe/rules/window_adjoint.hpp>

namespace ascribe::rule {

/// The adjoint of the step of each kind's data.
template <class M, class S>
void take_adjoint(const kind::MatMul<M>& layer, const Shares& data, Adjoint<S>& c) {
  detail::MatrixAdjoint<M, S>(layer, data, c).run();
}
/// Of a function's.
template <class F, class S>
void take_adjoint(const kind::Elementwise<F>& layer, const Pointwise& data, Adjoint<S>& c) {
  detail::adjoint_of_function(layer, data, c);
}
/// Of a maximum's.
template <class W, class S>
void take_adjoint(const kind::Max<W>& layer, const WindowShares& data, Adjoint<S>& c) {
  detail::adjoint_of_windows(layer, data, c);
}
/// Of a product's.
template <class S>
void take_adjoint(const kind::Product& layer, const FactorShares& data, Adjoint<S>& c) {
  detail::adjoint_of_product(layer, data, c);
}
/// Of a softmax's.
template <class S>
void take_adjoint(const kind::Softmax& layer, const RowShares& data, Adjoint<S>& c) {
  detail::adjoint_of_softmax(layer, data, c);
}

}  // namespace ascribe::rule
