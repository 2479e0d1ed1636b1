/// A rule whose type is known at run time only.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/format.hpp>
#include <ascribe/functions/any_function.hpp>
#include <ascribe/layers/elementwise.hpp>
#include <ascribe/layers/matmul.hpp>
#include <ascribe/layers/max.hpp>
#include <ascribe/layers/product.hpp>
#include <ascribe/layers/softmax.hpp>
#include <ascribe/maps/any_map.hpp>
#include <ascribe/rules/adjoint.hpp>
#include <ascribe/rules/step_adjoint.hpp>
#include <ascribe/rules/step_back.hpp>
#include <ascribe/windows/any_windows.hpp>

namespace ascribe {

/// The kinds of layer as a network that is known at run time has them.
template <class Scalar>
using AnyMatMul = kind::MatMul<map::AnyMap<Scalar>>;
/// Any function's kind.
template <class Scalar>
using AnyElementwise = kind::Elementwise<fn::AnyFunction<Scalar>>;
/// Any windows' kind.
using AnyMax = kind::Max<window::AnyWindows>;

/// The list of them: from it come the layer of a node and what a rule is for each kind. LayerKind has their
/// names, in this order.
template <class Scalar, template <class...> class Of>
using OfAnyKind = Of<AnyMatMul<Scalar>, AnyElementwise<Scalar>, AnyMax, kind::Product, kind::Softmax>;

/// A layer of a kind that is known, with parts that are not.
template <class Scalar>
using AnyLayer = OfAnyKind<Scalar, std::variant>;

/// A layer with its map behind AnyMap; the others with theirs behind what is any of their kind.
template <class Scalar, class M>
AnyMatMul<Scalar> erase_layer(kind::MatMul<M> layer) {
  return AnyMatMul<Scalar>(map::AnyMap<Scalar>(std::move(layer.map)), layer.bias);
}
/// With its function behind AnyFunction.
template <class Scalar, class F>
AnyElementwise<Scalar> erase_layer(kind::Elementwise<F> layer) {
  return AnyElementwise<Scalar>{std::move(layer.f)};
}
/// With its windows behind AnyWindows.
template <class Scalar, class W>
AnyMax erase_layer(kind::Max<W> layer) {
  return AnyMax{std::move(layer.windows)};
}
/// As it is.
template <class Scalar>
kind::Product erase_layer(kind::Product layer) {
  return layer;
}
/// As it is.
template <class Scalar>
kind::Softmax erase_layer(kind::Softmax layer) {
  return layer;
}

namespace rule {

/// A rule's own adjoint, found by argument-dependent lookup: inside AnyRule the name is a member's.
template <class Kind, class R, class C>
inline constexpr bool has_adjoint = requires(const Kind& layer, const R& rule, C& c) {
  adjoint(layer, rule, c);
};
/// Calls a rule's own adjoint.
template <class Kind, class R, class C>
void call_adjoint(const Kind& layer, const R& rule, C& c) {
  adjoint(layer, rule, c);
}

/// Any rule, the library's or a user's. A rule that is data is code for no kind of layer: the data are kept,
/// and one step a kind runs all of them. Copies share the rule.
template <class Scalar>
class AnyRule {
 public:
  /// What a rule is handed at run time.
  using C = Context<Scalar, Dynamic, Dynamic, Dynamic>;
  /// What comes from above, outputs × samples.
  using Up = typename C::Up;
  /// What goes down, inputs × samples.
  using Down = typename C::Down;

  /// Any rule; it is moved in, and shared by copies.
  template <class R>
  requires(!std::same_as<R, AnyRule>) AnyRule(R rule) {
    const auto own = std::make_shared<const R>(std::move(rule));  // its data may point into it
    auto content = std::make_shared<Content>();
    content->rule = own;
    std::apply([&](auto&... kinds) { (kinds.set(own), ...); }, content->kinds);
    content->variations = variations_of(*own);
    content->text = "a rule";
    if constexpr (requires { R::name; }) content->text = R::name;
    if (const std::string parameters = parameters_text(*own); !parameters.empty())
      content->text += "(" + parameters + ")";
    if constexpr (requires { own->check(); }) content->check = [own] { own->check(); };
    content_ = std::move(content);
  }

  /// Whether the rule has a meaning for the layer's kind, and there in the form.
  template <class Kind>
  bool applies_to(const Kind& layer) const {
    return of(layer).data || of(layer).step;
  }
  /// Whether it has a meaning at the layer in the form.
  template <class Kind>
  bool serves(const Kind& layer, Form form) const {
    return of(layer).data ? data_serve(layer, *of(layer).data, form) : of(layer).serves(form);
  }
  /// Throws Error where one of the rule's parameters is out of range.
  void check() const {
    if (content_->check) content_->check();
  }

  /// What is known of the rule's step through the layer (all of it read, where it has no meaning there).
  template <class Kind>
  Passage passage(const Kind& layer, Form form) const {
    if (of(layer).data) return passage_of_data(layer, *of(layer).data, form);
    return of(layer).passage ? of(layer).passage(layer, form) : Passage{};
  }

  /// The rule's data for a kind of layer, of any parts; none where it is no data there.
  template <class Kind>
  const auto& data() const {
    return std::get<ForKind<decltype(erase_layer<Scalar>(std::declval<Kind>()))>>(content_->kinds).data;
  }

  /// How a matrix's table changes with each parameter that the rule lists, all else being what it is.
  const std::vector<Variation>& variations() const { return content_->variations; }

  /// The rule's `name`, and its parameters behind it where it lists some; "a rule" where it has no name.
  const std::string& describe() const { return content_->text; }

  /// Throws Error where the rule does not apply to the layer's kind.
  template <class Kind>
  void step_back(const Kind& layer, C& context, Up up, Down down) const {
    if (of(layer).data)
      take_step(layer, *of(layer).data, context, up, down);
    else if (of(layer).step)
      of(layer).step(layer, context, up, down);
    else
      fail("the rule ", describe(), " has no meaning for this kind of layer");
  }

  /// The adjoint of that step (rules/adjoint.hpp). Throws Error where the rule is no data and has none.
  template <class Kind>
  void adjoint(const Kind& layer, Adjoint<Scalar>& context) const {
    if (of(layer).data)
      take_adjoint(layer, *of(layer).data, context);
    else if (of(layer).adjoint)
      of(layer).adjoint(layer, context);
    else
      fail("the rule ", describe(), " is no data and has no `adjoint`: there is no derivative of its step");
  }

 private:
  /// What a rule is for one kind of layer: data, or a step of its own, or nothing.
  template <class Kind>
  struct ForKind {
    std::optional<typename DataFor<Kind>::Data> data;
    std::function<void(const Kind&, C&, Up, Down)> step;
    std::function<Passage(const Kind&, Form)> passage;
    std::function<void(const Kind&, Adjoint<Scalar>&)> adjoint;
    bool (*serves)(Form) = [](Form) { return true; };

    template <class R>
    void set(const std::shared_ptr<const R>& own) {
      if constexpr (is_data<Kind, R>) {
        data = DataFor<Kind>::of(*own);
      } else if constexpr (rule_applies<Kind, R, C>) {
        step = [own](const Kind& layer, C& context, Up up, Down down) {
          ascribe::step_back(layer, *own, context, up, down);
        };
        passage = [own](const Kind& layer, Form form) { return passage_of(layer, *own, form); };
        if constexpr (has_adjoint<Kind, R, Adjoint<Scalar>>)
          this->adjoint = [own](const Kind& layer, Adjoint<Scalar>& c) { call_adjoint(layer, *own, c); };
        if constexpr (requires(Form form) { R::serves(form); })
          serves = [](Form form) { return R::serves(form); };
      }
    }
  };

  template <class... Kinds>
  using ForKinds = std::tuple<ForKind<Kinds>...>;

  struct Content {
    std::shared_ptr<const void> rule;
    OfAnyKind<Scalar, ForKinds> kinds;
    std::vector<Variation> variations;
    std::string text;
    std::function<void()> check;
  };

  template <class Kind>
  const ForKind<Kind>& of(const Kind&) const {
    return std::get<ForKind<Kind>>(content_->kinds);
  }

  std::shared_ptr<const Content> content_;
};

/// Its step through a layer whose parts are known. Rules that are no data know none but AnyMap and its like:
/// for those the layer is copied.
template <class Kind, class S, class C>
void propagate(const Kind& layer, const AnyRule<S>& rule, C& c, typename C::Up up, typename C::Down down) {
  if (const auto& data = rule.template data<Kind>()) return take_step(layer, *data, c, up, down);
  typename AnyRule<S>::C any{{c.a.data(), c.a.rows(), c.a.cols()},
                             {c.b.data(), c.b.rows(), c.b.cols()},
                             c.a_base,
                             c.b_base,
                             c.form,
                             LedgerView<S>(c.books),
                             c.workspace,
                             c.bias_shares,
                             c.finish};
  rule.step_back(erase_layer<S>(layer), any, {up.data(), up.rows(), up.cols()},
                 {down.data(), down.rows(), down.cols()});
}

}  // namespace rule
}  // namespace ascribe
