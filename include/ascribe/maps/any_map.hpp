/// A linear map whose type is known at run time only.
#pragma once

#include <memory>
#include <span>
#include <utility>

#include <ascribe/core/type_id.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/maps/linear_map.hpp>

namespace ascribe::map {

/// Any linear map over Scalar, itself a linear map: rules are instantiated for this one type and serve all.
/// Copies share the map, which nobody can change.
template <class Scalar_>
class AnyMap {
 public:
  using Scalar = Scalar_;
  static constexpr int inputs = Dynamic;
  static constexpr int outputs = Dynamic;

  /// Any linear map over Scalar; it is moved in.
  template <LinearMap M>
  requires(!std::same_as<M, AnyMap> && std::same_as<typename M::Scalar, Scalar>) AnyMap(M map)
      : part_(made(std::move(map))) {}

  Index input_size() const { return part_->input_size(); }
  Index output_size() const { return part_->output_size(); }
  bool weights_are_finite() const { return part_->weights_are_finite(); }
  bool is_samplewise() const { return part_->is_samplewise(); }
  Role role() const { return part_->role(); }
  InputLayout input_layout() const { return part_->input_layout(); }
  const char* name() const { return part_->name(); }
  Index weight_count() const { return part_->weight_count(); }

  template <int N>
  void apply(View<Scalar, Dynamic, N> a, Out<Scalar, Dynamic, N> b, const Weights& weights,
             const Finish<Scalar>& finish = {}) const {
    part_->apply({a.data(), a.rows(), a.cols()}, {b.data(), b.rows(), b.cols()}, weights, finish);
  }
  template <int N>
  void apply_transposed(View<Scalar, Dynamic, N> s, Out<Scalar, Dynamic, N> g, const Weights& weights,
                        const Finish<Scalar>& finish = {}) const {
    part_->apply_transposed({s.data(), s.rows(), s.cols()}, {g.data(), g.rows(), g.cols()}, weights, finish);
  }

  bool has_apply_at() const { return part_->has_apply_at(); }
  void apply_at(const Scalar* a, std::span<const Index> at, Scalar* values, const Weights& weights) const {
    part_->apply_at(a, at, values, weights);
  }

  bool has_plus() const { return part_->has_plus(); }
  void apply_plus(const Scalar* a, Scalar* b, Index samples, const Finish<Scalar>& finish) const {
    part_->apply_plus(a, b, samples, finish);
  }
  void apply_plus_transposed(const Scalar* s, const Scalar* a, Scalar* g, Index samples,
                             const Finish<Scalar>& finish) const {
    part_->apply_plus_transposed(s, a, g, samples, finish);
  }

  bool has_accumulate() const { return part_->has_accumulate(); }
  template <int N>
  void accumulate(View<Scalar, Dynamic, N> s, View<Scalar, Dynamic, N> a, Scalar* gradient,
                  const Weights& weights) const {
    part_->accumulate({s.data(), s.rows(), s.cols()}, {a.data(), a.rows(), a.cols()}, gradient, weights);
  }
  void copy_weights(Scalar* to) const { part_->copy_weights(to); }
  AnyMap with_weights(const Scalar* from) const { return AnyMap(part_->with_weights(from)); }

  /// The same for all copies of one map, and another for every other map.
  const void* identity() const { return part_.get(); }

  /// The map inside, where it is an M; else null.
  template <class M>
  const M* as() const {
    const void* found = part_->get(ascribe::detail::type_id<M>());
    return static_cast<const M*>(found);
  }

 private:
  struct Part;
  explicit AnyMap(std::shared_ptr<const Part> part) : part_(std::move(part)) {}

  struct Part {
    virtual ~Part() = default;
    virtual Index input_size() const = 0;
    virtual Index output_size() const = 0;
    virtual bool weights_are_finite() const = 0;
    virtual bool is_samplewise() const = 0;
    virtual Role role() const = 0;
    virtual InputLayout input_layout() const = 0;
    virtual const char* name() const = 0;
    virtual Index weight_count() const = 0;
    virtual void apply(View<Scalar> a, Out<Scalar> b, const Weights& weights,
                       const Finish<Scalar>& finish) const = 0;
    virtual void apply_transposed(View<Scalar> s, Out<Scalar> g, const Weights& weights,
                                  const Finish<Scalar>& finish) const = 0;
    virtual bool has_apply_at() const = 0;
    virtual void apply_at(const Scalar* a, std::span<const Index> at, Scalar* values,
                          const Weights& weights) const = 0;
    virtual bool has_plus() const = 0;
    virtual void apply_plus(const Scalar* a, Scalar* b, Index samples,
                            const Finish<Scalar>& finish) const = 0;
    virtual void apply_plus_transposed(const Scalar* s, const Scalar* a, Scalar* g, Index samples,
                                       const Finish<Scalar>& finish) const = 0;
    virtual bool has_accumulate() const = 0;
    virtual void accumulate(View<Scalar> s, View<Scalar> a, Scalar* gradient,
                            const Weights& weights) const = 0;
    virtual void copy_weights(Scalar* to) const = 0;
    virtual std::shared_ptr<const Part> with_weights(const Scalar* from) const = 0;
    virtual const void* get(ascribe::detail::TypeId type) const = 0;
  };

  template <class M>
  struct PartOf final : Part {
    M map;
    explicit PartOf(M m) : map(std::move(m)) {}

    Index input_size() const override { return map.input_size(); }
    Index output_size() const override { return map.output_size(); }
    bool weights_are_finite() const override { return map.weights_are_finite(); }
    bool is_samplewise() const override { return map::is_samplewise<M>; }
    Role role() const override { return role_of(map); }
    InputLayout input_layout() const override { return input_layout_of(map); }
    const char* name() const override { return name_of(map); }
    Index weight_count() const override { return weight_count_of(map); }
    void apply(View<Scalar> a, Out<Scalar> b, const Weights& weights,
               const Finish<Scalar>& finish) const override {
      ascribe::apply(map, a, b, weights, finish);
    }
    void apply_transposed(View<Scalar> s, Out<Scalar> g, const Weights& weights,
                          const Finish<Scalar>& finish) const override {
      ascribe::apply_transposed(map, s, g, weights, finish);
    }
    bool has_apply_at() const override { return ascribe::has_apply_at(map); }
    void apply_at(const Scalar* a, std::span<const Index> at, Scalar* values,
                  const Weights& weights) const override {
      if constexpr (PointwiseMap<M>) map.apply_at(a, at, values, weights);
    }
    bool has_plus() const override { return ascribe::has_plus(map); }
    void apply_plus(const Scalar* a, Scalar* b, Index samples, const Finish<Scalar>& finish) const override {
      if constexpr (PlusMap<M>) map.apply_plus(a, b, samples, finish);
    }
    void apply_plus_transposed(const Scalar* s, const Scalar* a, Scalar* g, Index samples,
                               const Finish<Scalar>& finish) const override {
      if constexpr (PlusMap<M>) map.apply_plus_transposed(s, a, g, samples, finish);
    }
    bool has_accumulate() const override { return ascribe::has_accumulate(map); }
    void accumulate(View<Scalar> s, View<Scalar> a, Scalar* gradient, const Weights& weights) const override {
      ascribe::accumulate(map, s, a, gradient, weights);
    }
    void copy_weights(Scalar* to) const override { ascribe::copy_weights(map, to); }
    std::shared_ptr<const Part> with_weights(const Scalar* from) const override {
      return made(ascribe::with_weights(map, from));
    }
    const void* get(ascribe::detail::TypeId type) const override {
      return type == ascribe::detail::type_id<M>() ? &map : nullptr;
    }
  };

  /// Not inline: a program that wraps a map in many files may instantiate it in one (extern template).
  template <class M>
  static std::shared_ptr<const Part> made(M map);

  std::shared_ptr<const Part> part_;
};

/// The map behind its virtual functions; the compiled library has those of the usual maps.
template <class Scalar>
template <class M>
auto AnyMap<Scalar>::made(M map) -> std::shared_ptr<const Part> {
  return std::make_shared<const PartOf<M>>(std::move(map));
}

}  // namespace ascribe::map
