/// The step back through a matrix, for every rule that is a table of shares.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <span>

#include <ascribe/core/error.hpp>
#include <ascribe/core/loops.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/stabiliser.hpp>
#include <ascribe/core/sum.hpp>
#include <ascribe/core/workspace.hpp>
#include <ascribe/functions/function.hpp>
#include <ascribe/layers/matmul.hpp>
#include <ascribe/maps/selection.hpp>
#include <ascribe/rules/shares.hpp>

namespace ascribe::rule::detail {

/// to_k = R_k/s(z_k) for `count` outputs; returns Σ (s − z)·to, the stabiliser's. At ε = 0 an output whose z
/// is 0 passes nothing on, and what is returned is the sum of such R, which is dropped. `to` may be R or z.
template <class S>
[[gnu::noinline]] S quotients(Index count, const S* relevance, const S* z, double epsilon, S* to) {
  // By way of the stack: nothing there can be what a pointer leads to, so that the loops vectorise.
  constexpr Index size = 64;
  using Block = Eigen::Array<S, Dynamic, 1, 0, int(size), 1>;
  Block shares, terms;
  const S zero(0), one(1), eps = S(epsilon);
  S total(0);
  for (Index first = 0; first < count; first += size) {
    const Index width = std::min(size, count - first);
    const S *r = relevance + first, *d = z + first;
    shares.resize(width);
    terms.resize(width);
    S *share = shares.data(), *rest = terms.data();
    if (eps == zero)
      for (Index k = 0; k < width; ++k) {
        const bool vanishes = d[k] == zero;
        const S carried = r[k], divisor = vanishes ? one : d[k], quotient = carried / divisor;
        share[k] = vanishes ? zero : quotient;
        rest[k] = vanishes ? carried : zero;
      }
    else
      for (Index k = 0; k < width; ++k) {
        const S s = stabilised(d[k], epsilon), quotient = r[k] / s;
        share[k] = quotient;
        rest[k] = (s - d[k]) * quotient;
      }
    total += terms.sum();
    // Not by std::copy_n, of which GCC 12 makes `rep movs` here: a third of the loop's time.
    Eigen::Map<Eigen::Array<S, Dynamic, 1>>(to + first, width) = shares;
  }
  return total;
}

/// to = z/s(z)·q, the quotient being 1 at ε = 0; returns Σ (s − z)·to, the stabiliser's.
template <class S>
[[gnu::noinline]] S damped(Index count, const S* z, double epsilon, const S* q, S* to) {
  return sum_of<S>(count, [=](Index j) {
    const S value = z[j], s = stabilised(value, epsilon), share = value / s * q[j];
    to[j] = share;
    return S((s - value) * share);
  });
}

/// to = a − b.
template <class S>
[[gnu::noinline]] void subtract(Index count, const S* a, const S* b, S* to) {
  for (Index k = 0; k < count; ++k) to[k] = a[k] - b[k];
}

/// to = s·b + t·z⁺.
template <class S>
[[gnu::noinline]] void combine(Index count, const S& s, const S* b, const S& t, const S* plus, S* to) {
  const S x = s, y = t;
  for (Index k = 0; k < count; ++k) to[k] = x * b[k] + y * plus[k];
}

/// The relevance of the outputs of a gate, else 0: factor·r.
template <class S>
[[gnu::noinline]] void gated(Index count, Gate gate, const S& factor, const S* b, const S* r, S* to) {
  const S zero(0), f = factor, sign = gate == Gate::above ? S(1) : S(-1);
  for (Index k = 0; k < count; ++k) {
    const S carried = f * r[k], side = sign * b[k];
    to[k] = side > zero ? carried : zero;
  }
}

/// Whether z = s·b + t·z⁺ is to be had without the sum: an output whose |z| is less than an eighth of a term
/// would lose more than three bits. A z that is 0 would even come out as ±1e-7·b in float, and R/s(z) is then
/// as large as R/ε and of either sign. Only outputs that carry something are asked.
template <class S>
int cancels(const S& carried, const S& s, const S& b, const S& t, const S& plus) {
  const S x = s * b, y = t * plus, z = x + y;
  const S size = math::max(math::abs(x), math::abs(y));
  const int carries = carried != S(0), small = S(8) * math::abs(z) < size;
  return carries & small;
}
/// How many of `count` outputs do.
template <class S>
[[gnu::noinline]] Index count_cancelling(Index count, const S* carried, const S& s, const S* b, const S& t,
                                         const S* plus) {
  const S x = s, y = t;
  int total = 0;
  for (Index k = 0; k < count; ++k) total += cancels(carried[k], x, b[k], y, plus[k]);
  return total;
}

/// Which signs there are among `count` numbers: 1 for any above 0, 2 for any below, 4 for any 0.
template <class S>
[[gnu::noinline]] int signs_among(Index count, const S* a) {
  int above = 0, below = 0, none = 0;  // no early way out, so that the loop vectorises
  for (Index i = 0; i < count; ++i) {
    above |= a[i] > S(0);
    below |= a[i] < S(0);
    none |= a[i] == S(0);
  }
  return above | 2 * below | 4 * none;
}
template <class S>
[[gnu::noinline]] bool any_but_zero(Index count, const S* u) {
  constexpr Index block = 1024;  // without branches inside, and no further than to what is found
  int found = 0;
  for (Index first = 0; first < count && found == 0; first += block)
    for (Index i = first, end = std::min(count, first + block); i < end; ++i) found |= u[i] != S(0);
  return found != 0;
}

/// The parts of a step's inputs: Σ of coefficients times a⁺, a⁻, 1, low, high.
template <class S>
struct InputParts {
  const S* a;  ///< features × samples, against a baseline the differences from it
  Index rows;
  std::span<const double> low, high;

  /// to = the parts of `count` neighbours of one sample, `first` counted through all samples.
  [[gnu::noinline]] void values(const Parts& parts, Index first, Index count, S* to) const {
    const S zero(0), x = S(parts.positive), y = S(parts.negative), more = S(parts.one);
    const S* from = a + first;
    for (Index i = 0; i < count; ++i) {
      const S value = from[i], above = value > zero ? value : zero, below = value < zero ? value : zero;
      to[i] = x * above + y * below + more;
    }
    add_bound(parts.low, low, first, count, to);
    add_bound(parts.high, high, first, count, to);
  }
  /// The same divided by the inputs, for tables that have no other parts: x where a ≥ 0, else y.
  [[gnu::noinline]] void factors(const Parts& parts, Index first, Index count, S* to) const {
    const S zero(0), x = S(parts.positive), y = S(parts.negative);
    const S* from = a + first;
    for (Index i = 0; i < count; ++i) to[i] = from[i] < zero ? y : x;
  }

 private:
  void add_bound(double c, const std::span<const double>& bound, Index first, Index count, S* to) const {
    if (c == 0) return;
    const Index period = Index(bound.size()), feature = first % rows;
    for (Index i = 0; i < count; ++i) to[i] += S(c * bound[std::size_t((feature + i) % period)]);
  }
};

/// One step. What the shares have in common (z⁺, the inputs' signs) is made once; denominators and books are
/// made a block at a time, all shares of a block together; products follow, one for each of a share's
/// products on the way back, which multiply and add in their `finish`.
template <class M, class C>
class MatrixStep {
 public:
  using S = typename C::Scalar;
  using Down = typename C::Down;

  MatrixStep(const kind::MatMul<M>& layer, const Shares& rule, C& c, typename C::Up up, Down down)
      : layer_(layer),
        rule_(rule),
        c_(c),
        up_(up),
        down_(down),
        rows_(c.b.rows()),
        samples_(c.b.cols()),
        has_bias_(layer.bias.size() > 0 && c.form != Form::Delta) {}

  void run() {
    switch (rule_.step) {
      case Shares::unchanged:
        return hand_on();
      case Shares::gradient:
      case Shares::rewired:
        return chain_rule();
      case Shares::divided:
        return divided();
    }
  }

 private:
  void hand_on() {
    if (up_.size() != down_.size())
      fail("Ignore: expected a map with as many inputs as outputs, found ", down_.rows(), " inputs and ",
           up_.rows(), " outputs");
    std::copy_n(up_.data(), up_.size(), down_.data());
  }

  // ---- The chain rule.

  void chain_rule() {
    // In Q and Delta no rule divides what it is handed, or divides by it. A relevance is divided by outputs.
    const bool exact = c_.form == Form::R || rule_.step == Shares::rewired;
    apply_transposed(layer_.map, up_, down_, exact ? Weights::as_is : Weights::approximate, c_.finish);
    if (c_.form == Form::Q) book_bias(layer_, c_, up_);
    if (c_.form != Form::R) return;
    if (rule_.step == Shares::rewired)
      book_gaps();
    else
      book_lost();
  }

  /// R is not conserved: Σ_j R_j·(1 − Σ_i w_ij) is dropped; the column sums are computed for one sample.
  void book_lost() {
    Scratch<S, C::inputs, 1> ones_scratch(c_.workspace, down_.rows(), 1);
    Scratch<S, C::outputs, 1> sums_scratch(c_.workspace, rows_, 1);
    auto ones = ones_scratch.get();
    auto sums = sums_scratch.get();
    ones.setOnes();
    apply(layer_.map, ones, sums);
    const S *u = up_.data(), *sum = sums.data();
    sum_pieces<S>(rows_, samples_, c_.books.dropped, [=, this](Index n, Index first, Index width) {
      const S *carried = u + n * rows_ + first, *of = sum + first;
      return sum_of<S>(width, [=](Index j) { return S(carried[j] * (S(1) - of[j])); });
    });
  }

  /// What falls on an output without a source is its constant's, and dropped where that is 0.
  void book_gaps() {
    const map::Selection<S>* selection = nullptr;
    if constexpr (requires { layer_.map.template as<map::Selection<S>>(); })
      selection = layer_.map.template as<map::Selection<S>>();
    else if constexpr (std::same_as<M, map::Selection<S>>)
      selection = &layer_.map;
    if (!selection) return;
    for (Index n = 0; n < samples_; ++n)
      selection->each_gap([&](Index first, Index count) {
        for (Index j = first; j < first + count; ++j) {
          const bool constant = layer_.bias.size() > 0 && layer_.bias(j % layer_.bias.size()) != S(0);
          (constant ? c_.books.bias : c_.books.dropped)(n) += up_(j, n);
          if (constant && c_.bias_shares) c_.bias_shares[n * rows_ + j] = up_(j, n);
        }
      });
  }

  // ---- Shares.

  void divided() {
    if (c_.form != Form::R && rule_.by_output_alone(layer_.bias.size() > 0)) return damp();
    check_bounds("low", rule_.low);
    check_bounds("high", rule_.high);
    const WorkspaceScope<S> scope(c_.workspace);
    const bool against = c_.form == Form::Delta;
    auto change_scratch = inputs_if(against);
    auto change = change_scratch.get();
    parts_ = {against ? change.data() : c_.a.data(), c_.a.rows(), rule_.low, rule_.high};
    if (against) subtract_baseline(change);
    find_signs();

    // z⁺ lies where the quotients of a share will that is always made of it, or else behind those of all.
    const Index shares = Index(rule_.list.size()), place = place_of_plus();
    auto u_scratch = blocks<Shares::most + 1, C::samples>(std::max(shares, place + 1), samples_);
    u_ = u_scratch.get().data();
    if (place >= 0) make_plus(of_share(place));
    auto bias_scratch = blocks<Shares::most, 1>(has_bias_ ? shares : 0, 1);
    make_biases(bias_scratch.get().data());
    auto constant_scratch = blocks<Shares::most, 1>(needs_constants() ? shares : 0, 1);
    make_denominators(constant_scratch.get().data());
    divide(place >= 0 ? of_share(place).data() : nullptr);
    hand_back();
  }

  /// So many blocks of a number an output; `Most` where the sizes are fixed.
  template <std::size_t Most, int Samples>
  auto blocks(Index count, Index samples) const {
    constexpr int rows = C::outputs == Dynamic ? Dynamic : C::outputs * int(Most);
    return Scratch<S, rows, Samples>(c_.workspace, rows == Dynamic ? rows_ * count : rows, samples);
  }
  using Outputs = Out<S, C::outputs, C::samples>;
  Outputs of_share(Index k) { return {u_ + k * rows_ * samples_, rows_, samples_}; }

  /// Scratch that may not be needed.
  auto inputs_if(bool needed) const {
    const Index rows = needed || C::inputs != Dynamic ? c_.a.rows() : 0;
    return Scratch<S, C::inputs, C::samples>(c_.workspace, rows, samples_);
  }
  auto outputs_if(bool needed) const {
    const Index rows = needed || C::outputs != Dynamic ? rows_ : 0;
    return Scratch<S, C::outputs, C::samples>(c_.workspace, rows, samples_);
  }

  /// In Q and Delta q = z/s(z)·Q, z being the output or its difference from the baseline's: one product.
  void damp() {
    if (rule_.epsilon == 0) {  // the quotient is 1, also in the limit at z = 0
      apply_transposed(layer_.map, up_, down_, Weights::as_is, c_.finish);
      if (c_.form == Form::Q) book_bias(layer_, c_, up_);
      return;
    }
    auto scratch = c_.output_scratch();
    auto q = scratch.get();
    sum_pieces<S>(rows_, samples_, c_.books.stabiliser, [&](Index n, Index begin, Index size) {
      S sum(0);
      fn::each_block(size, [&](Index offset, Index width) {
        const Index first = begin + offset, at = n * rows_ + first;
        fn::Block<S> difference;
        sum += damped<S>(width, outputs(n, first, width, difference), rule_.epsilon, up_.data() + at,
                         q.data() + at);
      });
      return sum;
    });
    apply_transposed(layer_.map, view(q), down_, Weights::as_is, c_.finish);
    if (c_.form == Form::Q) book_bias(layer_, c_, q);
  }

  /// The outputs, or what they differ from the baseline's by: a pointer to `width` of sample n.
  const S* outputs(Index n, Index first, Index width, fn::Block<S>& difference) const {
    const S* b = c_.b.data() + n * rows_ + first;
    if (c_.form != Form::Delta) return b;
    subtract(width, b, c_.b_base.column(n) + first, difference.data());
    return difference.data();
  }

  void check_bounds(const char* which, const std::span<const double>& bound) const {
    if (!bound.empty() && c_.a.rows() % Index(bound.size()) != 0)
      fail("the rule's ", which, ": expected a size that divides the layer's ", c_.a.rows(),
           " inputs, found ", bound.size());
  }

  template <class Change>
  void subtract_baseline(Change& change) {
    const Index inputs = c_.a.rows();
    each_piece(inputs, samples_, [&](Index n, Index first, Index width) {
      const Index at = n * inputs + first;
      subtract(width, c_.a.data() + at, c_.a_base.column(n) + first, change.data() + at);
    });
  }

  /// An input of 0 has a share of 0, and in Q and Delta the quotient that one above 0 has.
  void find_signs() {
    const auto asks = [](const Share& share) { return share.terms.ask_for_signs(); };
    if (std::none_of(rule_.list.begin(), rule_.list.end(), asks) && !needs_plus()) return;
    if (c_.inputs_never_negative && c_.form != Form::Delta) {
      signs_ = Signs::none_negative;
      return;
    }
    std::atomic<int> found{0};
    const int above = c_.form == Form::R ? 1 : 5;
    each_piece(parts_.rows, samples_, [&](Index n, Index first, Index width) {
      const int known = found.load(std::memory_order_relaxed);
      if ((known & above) && (known & 2)) return;  // there is no more to be found
      found.fetch_or(signs_among(width, parts_.a + n * parts_.rows + first), std::memory_order_relaxed);
    });
    const int signs = found.load();
    signs_ = !(signs & 2) ? Signs::none_negative : signs & above ? Signs::both : Signs::none_positive;
  }

  Share::FromOutput from_output(const Share& share) const {
    return share.from_output(layer_.bias.size() > 0);
  }
  bool needs_plus() const {
    return std::any_of(rule_.list.begin(), rule_.list.end(), [&](const Share& share) {
      const Share::FromOutput z = from_output(share);
      return z.serves && z.t != 0;
    });
  }
  /// Whether z⁺ and its way back take one product each for inputs of both signs.
  bool plus_in_one() const { return signs_ == Signs::both && has_plus(layer_.map); }
  /// Behind which share's quotients z⁺ may lie; −1 where there is no z⁺.
  Index place_of_plus() const {
    if (!needs_plus()) return -1;
    Index k = 0;
    for (const Share& share : rule_.list) {
      const Share::FromOutput z = from_output(share);
      if (z.serves && !may_cancel(share, z)) return k;
      ++k;
    }
    return k;
  }
  bool needs_constants() const {
    return std::any_of(rule_.list.begin(), rule_.list.end(),
                       [](const Share& share) { return !share.terms.reads_input(); });
  }

  /// Whether z = s·b + t·z⁺ might cancel: not where the gate sees to it that both have one sign.
  static bool may_cancel(const Share& share, const Share::FromOutput& z) {
    if (z.s == 0 || z.t == 0) return false;
    const bool one_sign = share.gate == Gate::above ? z.s > 0 && z.t > 0 : z.s > 0 && z.t < 0;
    return share.gate == Gate::all || !one_sign;
  }

  /// z⁺; and how many outputs of each share would cancel.
  void make_plus(Outputs plus) {
    Scratch<S, C::outputs, 1> bias_scratch(c_.workspace, has_bias_ ? layer_.bias.size() : 1, 1);
    const Channels<S> bias{bias_scratch.get().data(), has_bias_ ? layer_.bias.size() : 0};
    const Share all{rule::plus()};
    for (Index k = 0; k < bias.period; ++k) bias_scratch.get().data()[k] = all.bias_of(layer_.bias(k));
    sum(rule::plus().products(signs_), plus, bias, /*is_plus=*/true);
  }
  /// Of a run of z⁺.
  void count_cancelling_in(Index first, Index count, const S* values) {
    for (std::size_t k = 0; k < rule_.list.size(); ++k) {
      const Share::FromOutput z = from_output(rule_.list[k]);
      if (!z.serves || !may_cancel(rule_.list[k], z)) continue;
      fn::each_block(count, [&](Index offset, Index width) {
        fn::Block<S> difference;
        const Index at = first + offset;
        const S* b = outputs(at / rows_, at % rows_, width, difference);
        const Index found = count_cancelling(width, up_.data() + at, S(z.s), b, S(z.t), values + offset);
        if (found > 0) cancelling_[k].fetch_add(found, std::memory_order_relaxed);
      });
    }
  }

  /// z = Σ Ŵ·part + bias.
  void sum(const PartProducts& products, Outputs z, const Channels<S>& bias, bool is_plus) {
    S* to = z.data();
    const auto finished = [&](Index first, Index count, S* values) {
      if (bias.period > 0) ascribe::detail::add_channels(bias, first, count, values);
      if (is_plus) count_cancelling_in(first, count, values);
    };
    if constexpr (PlusMap<M>)
      if (is_plus && plus_in_one())
        return layer_.map.apply_plus(parts_.a, to, samples_, finish_with<S>(finished));
    const WorkspaceScope<S> scope(c_.workspace);
    const auto changed = [](const PartProduct& product) { return product.part != Parts{1, 1}; };
    auto part_scratch = inputs_if(std::any_of(products.begin(), products.end(), changed));
    auto rest_scratch = outputs_if(products.size() > 1);
    auto part = part_scratch.get();
    const auto add = [&](Index first, Index count, S* values) {
      ascribe::detail::add(count, values, to + first);
    };
    const auto add_last = [&](Index first, Index count, S* values) {
      add(first, count, values);
      finished(first, count, to + first);
    };
    if (products.size() == 0)  // no input has the sign that is asked for
      each_piece(rows_, samples_, [&](Index n, Index first, Index width) {
        std::fill_n(to + n * rows_ + first, width, S(0));
        finished(n * rows_ + first, width, to + n * rows_ + first);
      });
    for (std::size_t k = 0; k < products.size(); ++k) {
      const bool last = k + 1 == products.size();
      const S* from = changed(products[k]) ? part.data() : parts_.a;
      if (changed(products[k]))
        each_piece(parts_.rows, samples_, [&](Index n, Index first, Index width) {
          const Index at = n * parts_.rows + first;
          parts_.values(products[k].part, at, width, part.data() + at);
        });
      const View<S, C::inputs, C::samples> input(from, parts_.rows, samples_);
      if (k == 0)
        apply(layer_.map, input, z, products[k].weights, last ? finish_with<S>(finished) : Finish<S>());
      else
        apply(layer_.map, input, rest_scratch.get(), products[k].weights,
              last ? finish_with<S>(add_last) : finish_with<S>(add));
    }
  }

  /// A bias entry for each of the layer's and each share: what it counts there.
  void make_biases(S* entries) {
    for (std::size_t k = 0; k < rule_.list.size(); ++k) {
      const Index size = has_bias_ && rule_.list[k].with_bias ? layer_.bias.size() : 0;
      biases_[k] = {entries, size};
      for (Index j = 0; j < size; ++j) *entries++ = rule_.list[k].bias_of(layer_.bias(j));
    }
  }

  /// The denominators that are not made of stored outputs: those that read no input for one sample, the
  /// others where u will lie.
  void make_denominators(S* constants) {
    for (std::size_t k = 0; k < rule_.list.size(); ++k) {
      const Share& share = rule_.list[k];
      if (!share.terms.reads_input()) {
        S* z = constants + Index(k) * rows_;
        make_constant(share, biases_[k], z);
        denominators_[k] = {.z = z, .stride = 0};
        continue;
      }
      const Share::FromOutput z = from_output(share);
      const Index alone = cancelling_[k].load();
      const bool few = c_.form != Form::Delta && signs_ != Signs::both && 16 * alone < up_.size() &&
                       has_apply_at(layer_.map);
      if (z.serves && (alone == 0 || few)) {
        denominators_[k] = {.s = z.s, .t = z.t, .of_output = true, .by_itself = alone > 0};
        continue;
      }
      sum(share.terms.products(signs_), of_share(Index(k)), biases_[k], /*is_plus=*/false);
      denominators_[k] = {.z = of_share(Index(k)).data(), .stride = rows_};
    }
  }

  /// z of terms that read no input, for one sample.
  void make_constant(const Share& share, const Channels<S>& bias, S* to) {
    Scratch<S, C::inputs, 1> part_scratch(c_.workspace, parts_.rows, 1),
        zero_scratch(c_.workspace, parts_.rows, 1);
    Scratch<S, C::outputs, 1> product_scratch(c_.workspace, rows_, 1);
    auto part = part_scratch.get(), zero = zero_scratch.get();
    auto product_of = product_scratch.get();
    zero.setZero();
    std::fill_n(to, rows_, S(0));
    const InputParts<S> parts{zero.data(), parts_.rows, parts_.low, parts_.high};
    for (const PartProduct& product : share.terms.products(signs_)) {
      parts.values(product.part, 0, parts_.rows, part.data());
      apply(layer_.map, part, product_of, product.weights);
      ascribe::detail::add(rows_, product_of.data(), to);
    }
    if (bias.period > 0) ascribe::detail::add_channels(bias, 0, rows_, to);
  }

  /// u = factor·R/s(z) of every share, and the books of all.
  void divide(const S* z_plus) {
    const bool plain = S(rule_.epsilon) == S(0);
    double given = 0;
    bool gates = false;
    for (const Share& share : rule_.list) {
      given += share.factor;
      gates = gates || share.gate != Gate::all;
    }
    const bool drops = gates || std::abs(given - 1) > 1e-9;
    const std::array lines{&c_.books.dropped, plain ? &c_.books.dropped : &c_.books.stabiliser,
                           &c_.books.bias};
    sum_pieces<S>(rows_, samples_, lines, [&](Index n, Index begin, Index size) {
      std::array<S, 3> sums{S(0), S(0), S(0)};
      fn::each_block(size, [&](Index offset, Index width) {
        const Index first = begin + offset, at = n * rows_ + first;
        fn::Block<S> difference, relevance, carried, z, plus;
        const S *b = outputs(n, first, width, difference), *r = up_.data() + at;
        if (c_.form != Form::R) {
          ascribe::detail::multiply(width, b, r, relevance.data());
          r = relevance.data();
        }
        const S* of_plus = z_plus ? z_plus + at : nullptr;
        if (z_plus && rule_.list.size() > 1) {  // a share's quotients come to lie over it
          std::copy_n(of_plus, width, plus.data());
          of_plus = plus.data();
        }
        if (drops) sums[0] += sum_of<S>(width, [=](Index j) { return r[j]; });
        for (std::size_t k = 0; k < rule_.list.size(); ++k) {
          const Share& share = rule_.list[k];
          const S* own = r;
          if (share.gate != Gate::all)
            gated(width, share.gate, S(share.factor), b, r, carried.data()), own = carried.data();
          else if (share.factor != 1)
            ascribe::detail::multiply(width, S(share.factor), r, carried.data()), own = carried.data();
          if (drops) sums[0] -= sum_of<S>(width, [=](Index j) { return own[j]; });
          S* u = u_ + Index(k) * rows_ * samples_ + at;
          const S* d = denominator(k, n, first, width, b, of_plus, own, z.data());
          sums[1] += quotients<S>(width, own, d, rule_.epsilon, u);
          if (biases_[k].period > 0)
            sums[2] += ascribe::detail::sum_of_channels<S>(biases_[k], first, width, u,
                                                           c_.bias_shares ? c_.bias_shares + at : nullptr);
          if (gates && !carries_[k].load(std::memory_order_relaxed) && any_but_zero(width, u))
            carries_[k].store(true, std::memory_order_relaxed);
        }
      });
      return sums;
    });
    for (std::size_t k = 0; k < rule_.list.size() && !gates; ++k) carries_[k] = true;
  }

  /// A share's denominators of `width` outputs of sample n: those that were made, the outputs, or z =
  /// s·b + t·z⁺, of which those that would cancel are computed by themselves.
  const S* denominator(std::size_t k, Index n, Index first, Index width, const S* b, const S* plus,
                       const S* carried, S* z) {
    const Denominator& of = denominators_[k];
    if (!of.of_output) return of.z + n * of.stride + first;
    if (of.s == 1 && of.t == 0) return b;
    if (of.s == 0 && of.t == 1) return plus;
    const S s = S(of.s), t = S(of.t);
    if (of.t == 0)
      ascribe::detail::multiply(width, s, b, z);
    else if (of.s == 0)
      ascribe::detail::multiply(width, t, plus, z);
    else
      combine(width, s, b, t, plus, z);
    if constexpr (PointwiseMap<M>)
      if (of.by_itself) {
        std::array<Index, std::size_t(fn::block_size)> list;
        fn::Block<S> values;
        std::size_t found = 0;
        for (Index j = 0; j < width; ++j)
          if (cancels(carried[j], s, b[j], t, plus[j])) list[found++] = first + j;
        if (found == 0) return z;
        const PartProducts products = rule_.list[k].terms.products(signs_);  // one: the inputs have one sign
        layer_.map.apply_at(parts_.a + n * parts_.rows, {list.data(), found}, values.data(),
                            products[0].weights);
        for (std::size_t i = 0; i < found; ++i) {
          const Index j = list[i];
          S sum = S(products[0].part.positive) * values[i];
          if (biases_[k].period > 0) sum += biases_[k].values[j % biases_[k].period];
          z[j - first] = sum;
        }
      }
    return z;
  }

  /// One product on the way back: of a share's, or the map's own of contributions above 0.
  struct WayBack {
    std::size_t share;
    PartProduct product;
    bool plus;
  };

  /// down = Σ part ⊙ Ŵᵀu over the shares and their products, the parts divided by the inputs in Q and Delta.
  void hand_back() {
    Few<WayBack, 4 * Shares::most> all;
    for (std::size_t k = 0; k < rule_.list.size(); ++k) {
      const Terms& terms = rule_.list[k].terms;
      if (!carries_[k]) continue;
      if (plus_in_one() && terms == rule::plus())
        all.push_back({k, {Weights::as_is, {.positive = 1, .negative = -1}}, true});
      else
        for (const PartProduct& product : terms.products(signs_)) all.push_back({k, product, false});
    }
    auto scratch = inputs_if(all.size() > 1);
    auto product_of = scratch.get();
    S* to = down_.data();
    if (all.size() == 0) {
      each_piece(down_.rows(), samples_, [&](Index n, Index first, Index width) {
        const Index at = n * down_.rows() + first;
        std::fill_n(to + at, width, S(0));
        if (c_.finish) c_.finish(at, width, to + at);
      });
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      const WayBack& way = all[i];
      const bool last = i + 1 == all.size();
      const Finish<S> below = last ? c_.finish : Finish<S>();
      const auto multiply = [&, &part = way.product.part](Index first, Index count, S* values) {
        multiply_by(part, first, count, values);
        if (below) below(first, count, values);
      };
      const auto add = [&, &part = way.product.part](Index first, Index count, S* values) {
        multiply_by(part, first, count, values);
        ascribe::detail::add(count, values, to + first);
        if (below) below(first, count, to + first);
      };
      const View<S, C::outputs, C::samples> u(of_share(Index(way.share)).data(), rows_, samples_);
      if (i == 0)
        take_back(way, u, down_, finish_with<S>(multiply));
      else
        take_back(way, u, product_of, finish_with<S>(add));
    }
  }
  template <class Up, class To>
  void take_back(const WayBack& way, const Up& u, To&& to, const Finish<S>& finish) const {
    if constexpr (PlusMap<M>)
      if (way.plus) return layer_.map.apply_plus_transposed(u.data(), parts_.a, to.data(), samples_, finish);
    apply_transposed(layer_.map, u, to, way.product.weights, finish);
  }

  void multiply_by(const Parts& part, Index first, Index count, S* values) const {
    const bool quotient = c_.form != Form::R;
    if (part.whole()) {
      if (!quotient) ascribe::detail::multiply(count, parts_.a + first, values);
      if (part.positive != 1) ascribe::detail::multiply(count, S(part.positive), values, values);
      return;
    }
    if (part == Parts{.one = 1}) return;
    fn::Block<S> block;
    fn::each_block(count, [&](Index offset, Index width) {
      if (quotient)
        parts_.factors(part, first + offset, width, block.data());
      else
        parts_.values(part, first + offset, width, block.data());
      ascribe::detail::multiply(width, block.data(), values + offset);
    });
  }

  /// What a share is divided by: numbers that were made, or s·b + t·z⁺.
  struct Denominator {
    const S* z = nullptr;
    Index stride = 0;  ///< from one sample's to the next's
    double s = 0, t = 0;
    bool of_output = false, by_itself = false;
  };

  const kind::MatMul<M>& layer_;
  const Shares& rule_;
  C& c_;
  typename C::Up up_;
  Down down_;
  Index rows_, samples_;
  bool has_bias_;  ///< one that takes part: differences from a baseline have none
  InputParts<S> parts_{};
  Signs signs_ = Signs::both;
  S* u_ = nullptr;
  std::array<Channels<S>, Shares::most> biases_{};
  std::array<Denominator, Shares::most> denominators_{};
  std::array<std::atomic<Index>, Shares::most> cancelling_{};
  std::array<std::atomic<bool>, Shares::most> carries_{};
};

}  // namespace ascribe::rule::detail
