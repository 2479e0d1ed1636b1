/// A rule whose type is known at run time only.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <ascribe/core/error.hpp>
#include <ascribe/functions/any_function.hpp>
#include <ascribe/layers/elementwise.hpp>
#include <ascribe/layers/joint.hpp>
#include <ascribe/layers/matmul.hpp>
#include <ascribe/layers/max.hpp>
#include <ascribe/layers/rule.hpp>
#include <ascribe/maps/any_map.hpp>
#include <ascribe/windows/any_windows.hpp>

namespace ascribe {

/// The kinds of layer as a network that is known at run time has them.
template <class Scalar>
using AnyMatMul = kind::MatMul<map::AnyMap<Scalar>>;
template <class Scalar>
using AnyElementwise = kind::Elementwise<fn::AnyFunction<Scalar>>;
using AnyMax = kind::Max<window::AnyWindows>;

namespace rule {

/// Any rule, the library's or a user's, instantiated for the erased kinds of layer. Copies share the rule.
template <class Scalar>
class AnyRule {
 public:
  using C = Context<Scalar, Dynamic, Dynamic, Dynamic>;
  using Up = typename C::Up;
  using Down = typename C::Down;

  template <class R>
  requires(!std::same_as<R, AnyRule>) AnyRule(R rule)
      : part_(std::make_shared<const PartOf<R>>(std::move(rule))) {}

  /// Whether the rule has a meaning for the layer's kind, and in the form.
  template <class Kind>
  bool applies_to(const Kind& layer) const {
    return part_->applies_to(layer);
  }
  bool serves(Form form) const { return part_->serves(form); }
  /// Throws Error where one of the rule's parameters is out of range.
  void check() const { part_->check(); }

  /// What the rule says of its step through the layer (all of it read, where it has no meaning there).
  template <class Kind>
  Passage passage(const Kind& layer, Form form) const {
    return part_->passage(layer, form);
  }

  /// The rule's `name`, and its `parameters()` behind it where it has some; "a rule" where it has no name.
  std::string describe() const { return part_->describe(); }

  /// Throws Error where the rule does not apply to the layer's kind.
  template <class Kind>
  void step_back(const Kind& layer, C& context, Up up, Down down) const {
    part_->step_back(layer, context, up, down);
  }

 private:
  struct Part {
    virtual ~Part() = default;
    virtual bool applies_to(const AnyMatMul<Scalar>&) const = 0;
    virtual bool applies_to(const AnyElementwise<Scalar>&) const = 0;
    virtual bool applies_to(const AnyMax&) const = 0;
    virtual bool applies_to(const kind::Joint&) const = 0;
    virtual Passage passage(const AnyMatMul<Scalar>&, Form) const = 0;
    virtual Passage passage(const AnyElementwise<Scalar>&, Form) const = 0;
    virtual Passage passage(const AnyMax&, Form) const = 0;
    virtual Passage passage(const kind::Joint&, Form) const = 0;
    virtual void step_back(const AnyMatMul<Scalar>&, C&, Up, Down) const = 0;
    virtual void step_back(const AnyElementwise<Scalar>&, C&, Up, Down) const = 0;
    virtual void step_back(const AnyMax&, C&, Up, Down) const = 0;
    virtual void step_back(const kind::Joint&, C&, Up, Down) const = 0;
    virtual bool serves(Form form) const = 0;
    virtual void check() const = 0;
    virtual std::string describe() const = 0;
  };

  template <class R>
  struct PartOf final : Part {
    R rule;
    explicit PartOf(R r) : rule(std::move(r)) {}

    bool applies_to(const AnyMatMul<Scalar>&) const override { return rule_applies<AnyMatMul<Scalar>, R, C>; }
    bool applies_to(const AnyElementwise<Scalar>&) const override {
      return rule_applies<AnyElementwise<Scalar>, R, C>;
    }
    bool applies_to(const AnyMax&) const override { return rule_applies<AnyMax, R, C>; }
    bool applies_to(const kind::Joint&) const override { return rule_applies<kind::Joint, R, C>; }

    Passage passage(const AnyMatMul<Scalar>& layer, Form form) const override {
      return passage_of(layer, rule, form);
    }
    Passage passage(const AnyElementwise<Scalar>& layer, Form form) const override {
      return passage_of(layer, rule, form);
    }
    Passage passage(const AnyMax& layer, Form form) const override { return passage_of(layer, rule, form); }
    Passage passage(const kind::Joint& layer, Form form) const override {
      return passage_of(layer, rule, form);
    }

    void step_back(const AnyMatMul<Scalar>& layer, C& c, Up up, Down down) const override {
      step(layer, c, up, down);
    }
    void step_back(const AnyElementwise<Scalar>& layer, C& c, Up up, Down down) const override {
      step(layer, c, up, down);
    }
    void step_back(const AnyMax& layer, C& c, Up up, Down down) const override { step(layer, c, up, down); }
    void step_back(const kind::Joint& layer, C& c, Up up, Down down) const override {
      step(layer, c, up, down);
    }

    bool serves(Form form) const override { return ascribe::serves<R>(form); }
    void check() const override { check_parameters(rule); }
    std::string describe() const override {
      std::string text = "a rule";
      if constexpr (requires { R::name; }) text = R::name;
      if constexpr (requires { rule.parameters(); }) text += "(" + rule.parameters() + ")";
      return text;
    }

   private:
    template <class Kind>
    void step(const Kind& layer, C& c, Up up, Down down) const {
      if constexpr (rule_applies<Kind, R, C>)
        ascribe::step_back(layer, rule, c, up, down);
      else
        fail("the rule ", describe(), " has no meaning for this kind of layer");
    }
  };

  std::shared_ptr<const Part> part_;
};

}  // namespace rule
}  // namespace ascribe
