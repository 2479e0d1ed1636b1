/// What a method is: a rule for every layer, and how a pass starts and ends.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <ascribe/layers/elementwise.hpp>
#include <ascribe/layers/matmul.hpp>
#include <ascribe/layers/max.hpp>
#include <ascribe/layers/product.hpp>
#include <ascribe/layers/softmax.hpp>
#include <ascribe/rules/usual.hpp>

namespace ascribe {

/// Where in the network a layer stands, for methods that ask (a rule of its own for the first layer, say).
template <std::size_t I, std::size_t Count>
struct Position {
  /// The layer's number, and how many layers there are.
  static constexpr std::size_t index = I, count = Count;
};

/// Every method has
///
///     Form form                  what its pass carries
///     bool times_input           whether the result is multiplied by the input at the end (by the difference
///                                from the baseline in the form Delta), which turns Q into relevance
///     rule_for(layer)            the rule of a layer, overloaded on its kind, function, map; or
///     rule_for(layer, position)  with a Position<index, count>
///
/// A pass starts with the output's weights v (1 at the target): v·b in the form R, v in Q and Delta.
namespace method {

/// One rule a kind: what most methods are.
template <class ForMatMul, class ForElementwise, class ForMax>
struct Table {
  ForMatMul matmul{};            ///< the rule of every matrix
  ForElementwise elementwise{};  ///< the rule of every elementwise function
  ForMax max{};                  ///< the rule of every maximum

  template <class M>
  const ForMatMul& rule_for(const kind::MatMul<M>&) const {
    return matmul;
  }
  template <class F>
  const ForElementwise& rule_for(const kind::Elementwise<F>&) const {
    return elementwise;
  }
  template <class W>
  const ForMax& rule_for(const kind::Max<W>&) const {
    return max;
  }
};

/// A method made where it is used: `Rules{Form::R, false, rule::Normalized{0.25}, rule::Ignore{},
/// rule::Radial{}}`.
template <class ForMatMul, class ForElementwise, class ForMax = rule::Unset>
struct Rules : Table<ForMatMul, ForElementwise, ForMax> {
  Form form;
  bool times_input;

  /// A form, whether the result is multiplied by the input, and the rules.
  Rules(Form f, bool times, ForMatMul for_matmul = {}, ForElementwise for_elementwise = {},
        ForMax for_max = {})
      : Table<ForMatMul, ForElementwise, ForMax>{std::move(for_matmul), std::move(for_elementwise),
                                                 std::move(for_max)},
        form(f),
        times_input(times) {}
};

/// Each layer's own rule: the network as its type reads.
struct ByLayer {
  Form form = Form::R;
  bool times_input = false;

  template <class Layer>
  decltype(auto) rule_for(const Layer& layer) const {
    constexpr bool has_rule = !std::is_same_v<std::remove_cvref_t<decltype(layer.rule)>, rule::Unset>;
    static_assert(has_rule,
                  "ascribe: method::ByLayer asks every layer for its rule, and this layer has none: write "
                  "MatMul<Map, Rule>, Elementwise<Function, Rule> or Max<Windows, Rule>");
    if constexpr (has_rule)
      return (layer.rule);  // by reference
    else
      return rule::Reported();
  }
};

}  // namespace method

/// The rule that a method gives a layer. A layer that wraps another is asked for the one inside.
template <class Method, class Layer, std::size_t I, std::size_t Count>
decltype(auto) rule_for(const Method& method, const Layer& layer, Position<I, Count> position) {
  if constexpr (requires { layer.rule_layer(); })
    return rule_for(method, layer.rule_layer(), position);
  else if constexpr (requires { method.rule_for(layer, position); })
    return method.rule_for(layer, position);
  else if constexpr (rule::has_usual<typename Layer::Kind> && !requires { method.rule_for(layer); })
    return rule::Usual();
  else
    return method.rule_for(layer);
}

}  // namespace ascribe
