/// What is done to the outputs of a product while they are in the cache.
#pragma once

#include <ascribe/core/types.hpp>

namespace ascribe {

/// What is done to a product's outputs as soon as they are final: step(state, first, count, values) for runs
/// of neighbours of one sample, `first` counted through all samples. Every output is in one run; runs come in
/// any order, from several threads. A function pointer, so that it crosses the virtual boundary; made by
/// `finish_with`.
template <class Scalar>
struct Finish {
  /// What is called.
  void (*step)(const void* state, Index first, Index count, Scalar* values) = nullptr;
  const void* state = nullptr;  ///< what it is called with

  /// Whether there is anything to do.
  explicit operator bool() const { return step != nullptr; }
  /// Does it to some neighbours.
  void operator()(Index first, Index count, Scalar* values) const { step(state, first, count, values); }
};

/// f(first, count, values) as a Finish. It has to outlive the product.
template <class Scalar, class F>
Finish<Scalar> finish_with(const F& f) {
  return {[](const void* state, Index first, Index count, Scalar* values) {
            (*static_cast<const F*>(state))(first, count, values);
          },
          &f};
}

}  // namespace ascribe
