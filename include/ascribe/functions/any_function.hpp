/// An elementwise function whose type is known at run time only.
#pragma once

#include <memory>
#include <utility>

#include <ascribe/core/type_id.hpp>
#include <ascribe/functions/function.hpp>

namespace ascribe::fn {

/// Any elementwise function of Scalar, itself one: it has the forms for neighbours, which cost one virtual
/// call a block. Copies share the function, which nobody can change.
template <class Scalar_>
class AnyFunction {
 public:
  using Scalar = Scalar_;

  /// Any function over Scalar; it is copied.
  template <class F>
  requires(!std::same_as<F, AnyFunction> && Function<F, Scalar>) AnyFunction(F f)
      : part_(std::make_shared<const PartOf<F>>(std::move(f))) {}

  void values(Index first, Index count, const Scalar* a, Scalar* b) const {
    part_->values(first, count, a, b);
  }
  void derivatives(Index first, Index count, const Scalar* a, Scalar* d) const {
    part_->derivatives(first, count, a, d);
  }
  void chords(Index first, Index count, const Scalar* a, const Scalar* r, Scalar* d) const {
    part_->chords(first, count, a, r, d);
  }
  void slopes(Index first, Index count, const Scalar* a, Scalar* d) const {
    part_->slopes(first, count, a, d);
  }
  /// Whether its explanations can be differentiated.
  bool has_second_derivative() const { return part_->has_second_derivative(); }
  void second_derivatives(Index first, Index count, const Scalar* a, Scalar* d) const {
    part_->second_derivatives(first, count, a, d);
  }
  Scalar at_zero() const { return part_->at_zero(); }
  const char* domain() const { return part_->domain(); }
  Index outside(Index first, Index count, const Scalar* a) const { return part_->outside(first, count, a); }
  Promises promises() const { return part_->promises(); }

  const char* name() const { return part_->name(); }
  /// The number of features that the function has parameters for, where it has some for each; else 0.
  Index features() const { return part_->features(); }

  /// The function inside, where it is an F; else null.
  template <class F>
  const F* as() const {
    const void* found = part_->get(ascribe::detail::type_id<F>());
    return static_cast<const F*>(found);
  }

 private:
  struct Part {
    virtual ~Part() = default;
    virtual void values(Index first, Index count, const Scalar* a, Scalar* b) const = 0;
    virtual void derivatives(Index first, Index count, const Scalar* a, Scalar* d) const = 0;
    virtual void chords(Index first, Index count, const Scalar* a, const Scalar* r, Scalar* d) const = 0;
    virtual void slopes(Index first, Index count, const Scalar* a, Scalar* d) const = 0;
    virtual bool has_second_derivative() const = 0;
    virtual void second_derivatives(Index first, Index count, const Scalar* a, Scalar* d) const = 0;
    virtual Scalar at_zero() const = 0;
    virtual const char* domain() const = 0;
    virtual Index outside(Index first, Index count, const Scalar* a) const = 0;
    virtual Promises promises() const = 0;
    virtual const char* name() const = 0;
    virtual Index features() const = 0;
    virtual const void* get(ascribe::detail::TypeId type) const = 0;
  };

  template <class F>
  struct PartOf final : Part {
    F f;
    explicit PartOf(F function) : f(std::move(function)) {}

    void values(Index first, Index count, const Scalar* a, Scalar* b) const override {
      fn::values(f, first, count, a, b);
    }
    void derivatives(Index first, Index count, const Scalar* a, Scalar* d) const override {
      fn::derivatives(f, first, count, a, d);
    }
    void chords(Index first, Index count, const Scalar* a, const Scalar* r, Scalar* d) const override {
      fn::chords(f, first, count, a, r, d);
    }
    void slopes(Index first, Index count, const Scalar* a, Scalar* d) const override {
      fn::slopes(f, first, count, a, d);
    }
    bool has_second_derivative() const override { return fn::has_second_derivative(f); }
    void second_derivatives(Index first, Index count, const Scalar* a, Scalar* d) const override {
      fn::second_derivatives(f, first, count, a, d);
    }
    Scalar at_zero() const override { return fn::value_at_zero<Scalar>(f); }
    const char* domain() const override { return fn::domain_of(f); }
    Index outside(Index first, Index count, const Scalar* a) const override {
      return fn::outside(f, first, count, a);
    }
    Promises promises() const override { return fn::promises(f); }
    const char* name() const override { return name_of(f); }
    Index features() const override {
      if constexpr (requires { f.features(); })
        return f.features();
      else
        return 0;
    }
    const void* get(ascribe::detail::TypeId type) const override {
      return type == ascribe::detail::type_id<F>() ? &f : nullptr;
    }
  };

  std::shared_ptr<const Part> part_;
};

}  // namespace ascribe::fn
