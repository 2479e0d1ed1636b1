/// The rule of wiring: relevance goes back the way that the values came.
#pragma once

#include <ascribe/layers/matmul.hpp>
#include <ascribe/maps/selection.hpp>

namespace ascribe::rule {

/// For maps of Role::wiring, which no method is asked about: an input gets what its copies carry. In R what
/// falls on an output without a source is a share of its constant (the bias), dropped where that is 0: so
/// is padding with zeros. In Q that share is constant·Q.
struct Rewire {
  static constexpr const char* name = "Rewire";

  template <class M>
  Passage passage(const kind::MatMul<M>& layer, Form form) const {
    const bool books_gaps = form == Form::R && map::joins_of(layer.map) != map::Joins::as_they_lie;
    return {.inputs = false, .outputs = false, .effect = books_gaps ? Passage::any : Passage::transposed};
  }
};

template <class M, class C>
void propagate(const kind::MatMul<M>& layer, const Rewire&, C& c, typename C::Up up, typename C::Down down) {
  using S = typename C::Scalar;
  apply_transposed(layer.map, up, down, Weights::as_is, c.finish);
  if (c.form == Form::Q) book_bias(layer, c, up);
  if (c.form != Form::R) return;
  const map::Selection<S>* selection = nullptr;
  if constexpr (requires { layer.map.template as<map::Selection<S>>(); })
    selection = layer.map.template as<map::Selection<S>>();
  else if constexpr (std::same_as<M, map::Selection<S>>)
    selection = &layer.map;
  if (!selection) return;
  for (Index n = 0; n < up.cols(); ++n)
    selection->each_gap([&](Index first, Index count) {
      for (Index j = first; j < first + count; ++j) {
        const bool constant = layer.bias.size() > 0 && layer.bias(j % layer.bias.size()) != S(0);
        (constant ? c.books.bias : c.books.dropped)(n) += up(j, n);
        if (constant && c.bias_shares) c.bias_shares[n * up.rows() + j] = up(j, n);
      }
    });
}

}  // namespace ascribe::rule
