/// "Blame the bias" made explicit: a network with biases as one without, whose input has ones behind it.
#pragma once

#include <array>
#include <type_traits>
#include <utility>

#include <ascribe/networks/sequential.hpp>

namespace ascribe {

/// How many ones the input is augmented with: one for every bias entry and every unit of a function with f(0)
/// ≠ 0, or a single one that all of them share.
enum class Ones { per_bias, shared };

namespace map {

/// [W B] over (a; ones): W as it is, and the bias as the weights B of the ones, entry j mod p of the bias at
/// output j. A view of a layer's map and bias.
template <class M, class Bias>
struct WithOnes {
  using Scalar = typename M::Scalar;
  /// Known at run time.
  static constexpr int inputs = Dynamic, outputs = Dynamic;

  /// W.
  const M* map;
  const Bias* bias;  ///< what becomes the weights of the ones
  Index ones;  ///< 0, 1 (shared), or the bias's size

  /// That of the map.
  Role role() const { return role_of(*map); }
  Index input_size() const { return map->input_size() + ones; }
  Index output_size() const { return map->output_size(); }
  /// The layer has checked them.
  bool weights_are_finite() const { return true; }

  /// b = Ŵ a + B̂·ones, with the stored weights replaced as `weights` says.
  template <int N>
  void apply(View<Scalar, Dynamic, N> a, Out<Scalar, Dynamic, N> b, Weights weights) const {
    const Batch<Scalar, Dynamic, N> head = a.topRows(map->input_size());
    ascribe::apply(*map, head, b, weights);
    each_wire([&](Index one, Index j, const Scalar& w) {
      for (Index n = 0; n < a.cols(); ++n) b(j, n) += replaced(w, weights) * a(map->input_size() + one, n);
    });
  }
  /// The way back to inputs and ones.
  template <int N>
  void apply_transposed(View<Scalar, Dynamic, N> s, Out<Scalar, Dynamic, N> g, Weights weights) const {
    Batch<Scalar, Dynamic, N> head(map->input_size(), s.cols());
    ascribe::apply_transposed(*map, s, head, weights);
    g.topRows(head.rows()) = head;
    g.bottomRows(ones).setZero();
    each_wire([&](Index one, Index j, const Scalar& w) {
      for (Index n = 0; n < s.cols(); ++n) g(head.rows() + one, n) += replaced(w, weights) * s(j, n);
    });
  }

 private:
  template <class F>
  void each_wire(F&& f) const {
    if (ones == 0) return;
    for (Index j = 0; j < output_size(); ++j) f(j % ones, j, (*bias)(j % bias->size()));
  }
};

}  // namespace map

namespace fn {

/// f(a) − f(0): f without the bias that it carries.
template <class F>
struct Centred {
  F f;  ///< the function

  /// f(a) − f(0).
  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return Scalar(f.value(a) - at_zero<Scalar>(f));
  }
  /// f'(a).
  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return f.derivative(a);
  }
  /// The chord of f.
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    return fn::chord(f, a, r);
  }
};

}  // namespace fn

namespace kind {

/// A layer beside the wires of the ones: its features, then `wires_in` wires, of which it uses the first
/// `used` and hands on the last `passed` (a shared one is both used and handed on). What is on a wire
/// bypasses rules and ε.
template <class L>
struct Augmented {
  /// The layer's kind.
  using Original = L;
  /// Known at run time.
  static constexpr int inputs = Dynamic, outputs = Dynamic;
  L layer;  ///< the layer
  /// Its features, and the wires beside them, which are handed on.
  Index features_in, features_out, wires_in, used, passed;

  Index input_size() const { return features_in + wires_in; }
  Index output_size() const { return features_out + passed; }
  Index output_size_for(Index) const { return output_size(); }
};

template <class M>
auto with_ones(const MatMul<M>& kind, Index ones) {
  using Map = map::WithOnes<M, typename MatMul<M>::Bias>;
  return MatMul<Map>(Map{&kind.map, &kind.bias, ones});
}

namespace detail {

/// What one kind does with its features and the ones that it uses.
template <class M, class S>
void forward_features(const MatMul<M>& kind, Index used, View<S> a, Out<S> b) {
  forward(with_ones(kind, used), a, b);
}
template <class F, class S>
void forward_features(const Elementwise<F>& kind, Index used, View<S> a, Out<S> b) {
  const S f0 = fn::at_zero<S>(kind.f);
  for (Index n = 0; n < b.cols(); ++n)
    for (Index j = 0; j < b.rows(); ++j) {
      b(j, n) = kind.f.value(a(j, n));
      if (used > 0) b(j, n) = (b(j, n) - f0) + f0 * a(b.rows() + j % used, n);
    }
}
template <class W, class S>
void forward_features(const Max<W>& kind, Index, View<S> a, Out<S> b) {
  forward(kind, a, b);
}

/// Whether a bias takes no part, as a rule's table says.
template <class Rule>
bool ignores_bias(const Rule& rule) {
  if constexpr (requires { rule.matrix(); })
    return rule.matrix().ignores_bias();
  else
    return false;
}

template <class M, class Rule, class C>
void propagate_features(const MatMul<M>& kind, Index used, const Rule& rule, C& c, typename C::Up up,
                        typename C::Down down) {
  if (ignores_bias(rule)) {
    using S = typename C::Scalar;
    const Batch<S> a = c.a.topRows(kind.input_size());
    Batch<S> head(kind.input_size(), up.cols());
    C inner{view(a), c.b, c.a_base, c.b_base, c.form, c.books, c.workspace};
    step_back(kind, rule, inner, up, out(head));
    down.topRows(head.rows()) = head;
    down.bottomRows(used).setZero();
  } else {
    step_back(with_ones(kind, used), rule, c, up, down);
  }
}
template <class W, class Rule, class C>
void propagate_features(const Max<W>& kind, Index, const Rule& rule, C& c, typename C::Up up,
                        typename C::Down down) {
  step_back(kind, rule, c, up, down);
}
/// b = (f(a) − f(0)) + f(0)·one: the sum is exact and no rule's, then the rule of the function without its
/// bias.
template <class F, class Rule, class C>
void propagate_features(const Elementwise<F>& kind, Index used, const Rule& rule, C& c, typename C::Up up,
                        typename C::Down down) {
  using S = typename C::Scalar;
  const S f0 = fn::at_zero<S>(kind.f);
  const Index units = up.rows();
  if (used == 0) {
    step_back(kind, rule, c, up, down);
    return;
  }
  const Elementwise<fn::Centred<F>> centred{{kind.f}};
  Batch<S> a = c.a.topRows(units), b = c.b.array() - f0, head_up = up, head_down(units, up.cols());
  Batch<S> ones = Batch<S>::Zero(used, up.cols());
  for (Index n = 0; n < up.cols(); ++n)
    for (Index j = 0; j < units; ++j) {
      S& u = head_up(j, n);
      if (c.form != Form::R) {
        ones(j % used, n) += f0 * u;
      } else if (c.b(j, n) == S(0)) {
        c.books.dropped(n) += u;
        u = S(0);
      } else {
        const S q = u / c.b(j, n);
        ones(j % used, n) += f0 * q;
        u = b(j, n) * q;
      }
    }
  // The function's own bias cancels in differences, so that the baseline needs no centring.
  C inner{view(a), view(b), c.a_base, c.b_base, c.form, c.books, c.workspace};
  Batch<S> baseline;
  if (c.form == Form::Delta) {
    baseline.resize(units, up.cols());
    for (Index n = 0; n < up.cols(); ++n)
      baseline.col(n) = View<S, Dynamic, 1>(c.b_base.column(n), units, 1).array() - f0;
    inner.b_base = {baseline.data(), units};
  }
  step_back(centred, rule, inner, view(head_up), out(head_down));
  down.topRows(units) = head_down;
  down.bottomRows(used) = ones;
}

}  // namespace detail

template <class L, class A, class B>
void forward(const Augmented<L>& kind, const A& a, B&& b) {
  using S = typename std::remove_cvref_t<A>::Scalar;
  const Batch<S> head = a.topRows(kind.features_in + kind.used);
  Batch<S> result(kind.features_out, a.cols());
  const typename L::Kind& inner = kind.layer;
  detail::forward_features(inner, kind.used, view(head), out(result));
  b.topRows(kind.features_out) = result;
  b.bottomRows(kind.passed) = a.bottomRows(kind.passed);
}

template <class L, class Rule, class C>
void propagate(const Augmented<L>& kind, const Rule& rule, C& c, typename C::Up up, typename C::Down down) {
  using S = typename C::Scalar;
  const Index in = kind.features_in + kind.used, samples = up.cols();
  const Batch<S> a = c.a.topRows(in), b = c.b.topRows(kind.features_out),
                 head_up = up.topRows(kind.features_out);
  Batch<S> head_down(in, samples);
  // A baseline's columns have the features first: only their stride is the augmented one, which they keep.
  Context<S, Dynamic, Dynamic, Dynamic> inner{view(a), view(b), c.a_base,    c.b_base,
                                              c.form,  c.books, c.workspace};
  const typename L::Kind& features = kind.layer;
  detail::propagate_features(features, kind.used, rule, inner, view(head_up), out(head_down));
  down.setZero();
  down.topRows(in) = head_down;
  down.bottomRows(kind.passed) += up.bottomRows(kind.passed);
}

}  // namespace kind

/// A layer beside the wires of the ones; its rule is the one that the method gives the layer itself.
template <class L>
struct Augmented : kind::Augmented<L> {
  /// The kind.
  using Kind = kind::Augmented<L>;
  /// What the method is asked the rule of.
  const L& rule_layer() const { return this->layer; }
};

/// A network whose biases are inputs.
template <class Network>
struct ExplicitBiases {
  /// Rows of the augmented input.
  struct Rows {
    /// Where they begin, and how many there are.
    Index first, count;
  };

  Network network;  ///< without a bias; over (x; ones)
  std::array<Rows, Network::depth>
      ones{};  ///< each layer's ones, as rows of the augmented input; count 0: no bias
  /// The network's own features, and the ones behind them.
  Index features, wires;

  /// (x; 1 … 1): the input of `network`.
  template <class D>
  Batch<typename D::Scalar> augment(const Eigen::MatrixBase<D>& x) const {
    if (x.rows() != features) fail("explicit_biases: expected ", features, " features, found ", x.rows());
    Batch<typename D::Scalar> augmented(features + wires, x.cols());
    augmented.topRows(features) = x;
    augmented.bottomRows(wires).setOnes();
    return augmented;
  }
};

/// The network that says the same without a bias: its input is augmented with ones, and a bias is the weight
/// of a one. A function with f(0) ≠ 0 counts as f − f(0) and a bias f(0). Rules and ε see the layers as
/// before: what their outputs are made of is the same; the wires of the ones bypass them.
///
/// Its explanations give each one what the ledger books to that bias, wherever the algebra says so
/// (docs/rules.md, identity 5): everywhere but under plain Ignore in R, whose ledger gives f(0) nothing and
/// where the ones get f(0)/b·R, as under biased Ignore. The constants of a maximum stay where they are.
/// `features` is the input's size (a network of elementwise functions alone does not know it).
template <class... Parts>
auto explicit_biases(const Sequential<Parts...>& net, Index features, Ones mode = Ones::per_bias) {
  using Net = Sequential<Parts...>;
  if (net.input_size() >= 0 && net.input_size() != features)
    fail("explicit_biases: layer 0 expects ", net.input_size(), " features, found ", features);
  constexpr std::size_t depth = Net::depth;
  const auto count_of = [&]<std::size_t I>(std::integral_constant<std::size_t, I>, Index units) -> Index {
    const auto& layer = net.template layer<I>();
    Index count = 0;
    if constexpr (requires { layer.bias; })
      count = layer.bias.size();
    else if constexpr (requires { layer.f; })
      count = fn::at_zero<double>(layer.f) != 0 ? units : 0;
    return mode == Ones::shared && count > 0 ? 1 : count;
  };

  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    std::array<Index, depth> used{};
    std::array<Index, depth + 1> sizes{features};
    ((sizes[I + 1] = net.template layer<I>().output_size_for(sizes[I]),
      used[I] = count_of(std::integral_constant<std::size_t, I>(), sizes[I])),
     ...);
    Index wires = 0;
    for (const Index count : used) wires = mode == Ones::shared ? math::max(wires, count) : wires + count;

    using Network = Sequential<Augmented<typename Net::template Layer<I>>...>;
    Index left = wires;  // wires still on their way, before each layer
    std::array<typename ExplicitBiases<Network>::Rows, depth> rows{};
    const auto augmented = [&]<std::size_t J>(std::integral_constant<std::size_t, J>) {
      const Index in = left, passed = mode == Ones::per_bias ? in - used[J] : J + 1 < depth ? in : 0;
      rows[J] = {features + (mode == Ones::per_bias ? wires - in : 0), used[J]};
      left = passed;
      return Augmented<typename Net::template Layer<J>>{
          {net.template layer<J>(), sizes[J], sizes[J + 1], in, used[J], passed}};
    };
    // Braces, so that the layers are made from first to last.
    std::tuple<Augmented<typename Net::template Layer<I>>...> layers{
        augmented(std::integral_constant<std::size_t, I>())...};
    return ExplicitBiases<Network>{Network(std::move(std::get<I>(layers))...), rows, features, wires};
  }
  (std::make_index_sequence<depth>());
}

}  // namespace ascribe
