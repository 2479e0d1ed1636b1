/// The rule Pass: a layer hands its relevance on as it is.
#pragma once

#include <algorithm>

#include <ascribe/core/error.hpp>
#include <ascribe/layers/matmul.hpp>
#include <ascribe/rules/ignore.hpp>

namespace ascribe::rule {

/// R_in = R_out, feature by feature (zennit's Pass). For a MatMul with as many inputs as outputs, such as a
/// batch normalisation; the bias gets nothing. For a function it is plain Ignore.
struct Pass {
  static constexpr const char* name = "Pass";

  template <class M>
  Passage passage(const kind::MatMul<M>& layer, Form) const {
    const bool fits = layer.input_size() == layer.output_size();
    return {.inputs = false, .outputs = false, .effect = fits ? Passage::unchanged : Passage::any};
  }
  template <class F>
  Passage passage(const kind::Elementwise<F>& layer, Form form) const {
    return Ignore{}.passage(layer, form);
  }
  static constexpr bool ignores_bias = true;

  static constexpr bool serves(Form form) { return form == Form::R; }
};

/// Throws Error where the map's inputs are not as many as its outputs.
template <class M, class C>
void propagate(const kind::MatMul<M>&, const Pass&, C&, typename C::Up up, typename C::Down down) {
  if (up.size() != down.size())
    fail("Pass: expected a map with as many inputs as outputs, found ", down.rows(), " inputs and ",
         up.rows(), " outputs");
  std::copy_n(up.data(), up.size(), down.data());
}

template <class F, class C>
void propagate(const kind::Elementwise<F>& layer, const Pass&, C& c, typename C::Up up,
               typename C::Down down) {
  propagate(layer, Ignore{}, c, up, down);
}

}  // namespace ascribe::rule
