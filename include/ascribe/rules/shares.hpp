/// Rules of a matrix as data: tables of shares, and what follows from a table.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/types.hpp>

namespace ascribe::rule {

/// At most `Most` values on the stack, in their order.
template <class T, std::size_t Most>
class Few {
 public:
  /// Adds one behind the others, of which there are fewer than Most.
  constexpr void push_back(const T& value) { values_[size_++] = value; }
  /// How many there are.
  constexpr std::size_t size() const { return size_; }
  /// The k-th.
  constexpr const T& operator[](std::size_t k) const { return values_[k]; }
  /// The k-th.
  constexpr T& operator[](std::size_t k) { return values_[k]; }
  /// The first.
  constexpr const T* begin() const { return values_.data(); }
  /// Behind the last.
  constexpr const T* end() const { return values_.data() + size_; }

 private:
  std::array<T, Most> values_{};
  std::size_t size_ = 0;
};

/// What of an input a term takes: a, a⁺, a⁻, 1, or the bounds low and high that the table has for it.
enum class Part { a, positive, negative, one, low, high };

/// Coefficients of an input's parts, a = a⁺ + a⁻ being taken by its sign: x·a⁺ + y·a⁻ + c + l·low + h·high.
struct Parts {
  /// Of a⁺, a⁻, 1, low and high.
  double positive = 0, negative = 0, one = 0, low = 0, high = 0;

  /// Whether all coefficients are the same.
  friend constexpr bool operator==(const Parts&, const Parts&) = default;
  /// Their sum.
  friend constexpr Parts operator+(const Parts& x, const Parts& y) {
    return {x.positive + y.positive, x.negative + y.negative, x.one + y.one, x.low + y.low, x.high + y.high};
  }
  /// A multiple.
  friend constexpr Parts operator*(double c, const Parts& x) {
    return {c * x.positive, c * x.negative, c * x.one, c * x.low, c * x.high};
  }

  /// Whether there is one that is not 0.
  constexpr bool any() const { return *this != Parts{}; }
  /// Whether it depends on the input.
  constexpr bool reads_input() const { return positive != 0 || negative != 0; }
  /// Whether every part is an a: then a rule may be divided by the activations.
  constexpr bool inputs_alone() const { return one == 0 && low == 0 && high == 0; }
  /// Whether it is a multiple of a, which asks for no sign.
  constexpr bool whole() const { return inputs_alone() && positive == negative; }
  /// What they make of one input that is 1, and whose bounds are: a bias is the weight of such an input.
  constexpr double of_one() const { return positive + one + low + high; }
};

/// Which signs there are among the inputs of a step.
enum class Signs { none_negative, none_positive, both };

/// One product of a matrix: Ŵ·part for the denominator, part ⊙ Ŵᵀu on the way back.
struct PartProduct {
  Weights weights = Weights::as_is;  ///< what replaces the stored ones
  Parts part;                        ///< what of the inputs is multiplied with them
};
/// The products that some terms come to.
using PartProducts = Few<PartProduct, 4>;

/// Σ c·part(a)_i·ŵ_ij, what an input contributes to an output: coefficients of the input's parts for each
/// replacement of the weights, w = w⁺ + w⁻ being taken by its sign. Made by `term`, `plus` and `minus`, by
/// addition and by factors. Example: `term(Part::a, Weights::as_is) + 0.25 * plus()`.
struct Terms {
  /// What w⁺, w⁻, w² and 1 are multiplied with.
  Parts positive, negative, square, one;

  /// Whether all coefficients are the same.
  friend constexpr bool operator==(const Terms&, const Terms&) = default;

  /// Their sum.
  friend constexpr Terms operator+(const Terms& x, const Terms& y) {
    return {x.positive + y.positive, x.negative + y.negative, x.square + y.square, x.one + y.one};
  }
  /// A multiple.
  friend constexpr Terms operator*(double c, const Terms& x) {
    return {c * x.positive, c * x.negative, c * x.square, c * x.one};
  }
  /// Their difference.
  friend constexpr Terms operator-(const Terms& x, const Terms& y) { return x + -1.0 * y; }

  /// Whether every part is an a.
  constexpr bool inputs_alone() const {
    return positive.inputs_alone() && negative.inputs_alone() && square.inputs_alone() && one.inputs_alone();
  }
  /// Whether it depends on the input.
  constexpr bool reads_input() const {
    return positive.reads_input() || negative.reads_input() || square.reads_input() || one.reads_input();
  }
  /// Whether there is one that is not 0.
  constexpr bool any() const { return positive.any() || negative.any() || square.any() || one.any(); }
  /// The largest coefficient's size.
  double largest() const {
    double most = 0;
    for (const Parts& p : {positive, negative, square, one})
      for (const double c : {p.positive, p.negative, p.one, p.low, p.high})
        most = std::max(most, std::abs(c));
    return most;
  }
  /// Whether the inputs' signs make a difference.
  constexpr bool ask_for_signs() const {
    const auto asks = [](const Parts& p) { return p.positive != p.negative; };
    return asks(positive) || asks(negative) || asks(square) || asks(one);
  }

  /// The products that these terms take for inputs of such signs. Where inputs of one sign are missing, what
  /// is said of them is free: it is taken to be what is said of the others. Where w⁺ and w⁻ then have parts
  /// in proportion, they are one product with changed weights.
  PartProducts products(Signs signs) const {
    const auto seen = [&](Parts p) {
      if (signs == Signs::none_negative) p.negative = p.positive;
      if (signs == Signs::none_positive) p.positive = p.negative;
      return p;
    };
    PartProducts list;
    const Parts above = seen(positive), below = seen(negative);
    const double ratio = ratio_of(above, below);
    if (above.any() && ratio == 1) {
      list.push_back({Weights::as_is, below});
    } else if (above.any() && ratio != 0) {
      list.push_back({Weights::favouring(ratio - 1), below});
    } else {
      if (above.any()) list.push_back({Weights::positive, above});
      if (below.any()) list.push_back({Weights::negative, below});
    }
    if (square.any()) list.push_back({Weights::square, seen(square)});
    if (one.any()) list.push_back({Weights::one, seen(one)});
    return list;
  }

 private:
  /// r with x = r·y, to rounding; 0 where there is none.
  static double ratio_of(const Parts& x, const Parts& y) {
    double ratio = 0;
    for (const double Parts::*p :
         {&Parts::positive, &Parts::negative, &Parts::one, &Parts::low, &Parts::high})
      if (ratio == 0 && y.*p != 0) ratio = x.*p / y.*p;
    const auto equal = [&](double a, double b) { return std::abs(a - ratio * b) <= 1e-15 * std::abs(a); };
    const bool fits = equal(x.positive, y.positive) && equal(x.negative, y.negative) && equal(x.one, y.one) &&
                      equal(x.low, y.low) && equal(x.high, y.high);
    return fits ? ratio : 0;
  }
};

/// One term: a part of the input times the weights as they are, or w⁺, w⁻, w², 1.
constexpr Terms term(Part part, Weights::Choice weights) {
  Parts p;
  if (part == Part::a || part == Part::positive) p.positive = 1;
  if (part == Part::a || part == Part::negative) p.negative = 1;
  if (part == Part::one) p.one = 1;
  if (part == Part::low) p.low = 1;
  if (part == Part::high) p.high = 1;
  Terms terms;
  if (weights == Weights::as_is || weights == Weights::positive) terms.positive = p;
  if (weights == Weights::as_is || weights == Weights::negative) terms.negative = p;
  if (weights == Weights::square) terms.square = p;
  if (weights == Weights::one) terms.one = p;
  return terms;
}
/// (a·w)⁺ = a⁺w⁺ + a⁻w⁻: the contributions above 0.
constexpr Terms plus() {
  return term(Part::positive, Weights::positive) + term(Part::negative, Weights::negative);
}
/// (a·w)⁻ = a⁺w⁻ + a⁻w⁺: those below 0.
constexpr Terms minus() {
  return term(Part::positive, Weights::negative) + term(Part::negative, Weights::positive);
}
/// a·w, all of them.
constexpr Terms contributions() { return term(Part::a, Weights::as_is); }

/// Which outputs a share is of: all, or those whose value is above or below 0.
enum class Gate { all, above, below };

/// A share: R_i = Σ_j terms_ij·u_j with u = factor·R/s(z), z_j = Σ_i terms_ij, for the outputs of the gate. A
/// bias is the weight of one more input, which is 1, unless it is left out.
struct Share {
  Terms terms;            ///< what an input contributes
  double factor = 1;      ///< what all of it counts
  Gate gate = Gate::all;  ///< which outputs it is of
  bool with_bias = true;  ///< whether biases contribute, too

  /// z = s·b + t·z⁺ where the terms are s·aw + t·(aw)⁺: what the stored output is good for. z⁺ is the sum of
  /// the contributions above 0, the bias among them.
  struct FromOutput {
    bool serves;  ///< whether there are such s and t
    /// The two coefficients; without meaning where it does not serve.
    double s, t;
  };
  /// How the denominator follows from the output of a layer with or without a bias.
  constexpr FromOutput from_output(bool layer_has_bias) const {
    const Parts &p = terms.positive, &n = terms.negative;
    const bool serves = (with_bias || !layer_has_bias) && !terms.square.any() && !terms.one.any() &&
                        p.inputs_alone() && n.inputs_alone() && p.positive == n.negative &&
                        p.negative == n.positive;
    return {serves, n.positive, p.positive - n.positive};
  }
  /// Whether the denominator is the output itself.
  constexpr bool of_output(bool layer_has_bias) const {
    const FromOutput z = from_output(layer_has_bias);
    return z.serves && z.s == 1 && z.t == 0;
  }

  /// What a bias entry b counts in z.
  template <class Scalar>
  Scalar bias_of(const Scalar& b) const {
    const Scalar zero(0), above = b > zero ? b : zero, below = b < zero ? b : zero;
    return Scalar(Scalar(terms.positive.of_one()) * above + Scalar(terms.negative.of_one()) * below +
                  Scalar(terms.square.of_one()) * b * b + Scalar(terms.one.of_one()));
  }
};

/// A rule of a matrix: what every share says of every input, the stabiliser's ε, and the bounds that `low`
/// and `high` stand for, which belong to the rule (one number, one a channel, or one an input). See
/// docs/rules.md for the rules as tables.
struct Shares {
  /// What the step is.
  enum Step {
    divided,    ///< the shares
    gradient,   ///< down = Wᵀ·up, whatever is carried
    unchanged,  ///< down = up, of as many inputs as outputs; the bias gets nothing
    rewired     ///< down = Wᵀ·up, and what falls on an output without a source is its constant's
  };

  /// How many shares there may be.
  static constexpr std::size_t most = 4;
  Few<Share, most> list;  ///< the shares, none of factor 0
  double epsilon = 0;     ///< the stabiliser
  /// The bounds of the inputs, which the rule keeps.
  std::span<const double> low = {}, high = {};
  Step step = divided;  ///< what is done

  /// A step that is no sum of shares.
  constexpr Shares(Step s) : step(s) {}
  /// Of one share, with a bias.
  constexpr Shares(const Terms& terms, double eps = 1e-6) : epsilon(eps) { list.push_back({terms}); }
  /// Of several shares; those of factor 0 are left out. Throws Error for more than `most`.
  constexpr Shares(std::initializer_list<Share> shares, double eps = 1e-6) : epsilon(eps) {
    for (const Share& share : shares) {
      if (list.size() == most)
        fail("a rule of a matrix has at most ", most, " shares, found ", shares.size());
      if (share.factor != 0) list.push_back(share);
    }
  }

  /// In R every table has a meaning; in Q and Delta, which carry quotients by the activations, one whose
  /// parts are all activations.
  constexpr bool serves(Form form) const {
    if (step == gradient || step == rewired || form == Form::R) return true;
    if (step == unchanged) return false;
    for (const Share& share : list)
      if (!share.terms.inputs_alone()) return false;
    return true;
  }

  /// Whether a bias takes no part.
  constexpr bool ignores_bias() const {
    if (step != divided) return step == unchanged;
    for (const Share& share : list) {
      const Terms& t = share.terms;
      const bool counts = t.positive.of_one() != 0 || t.negative.of_one() != 0 || t.square.of_one() != 0 ||
                          t.one.of_one() != 0;
      if (share.with_bias && counts) return false;
    }
    return true;
  }

  /// Whether q = z/s(z)·Q is all that there is to a denominator in Q and Delta: one share of all outputs,
  /// whose denominator is the output.
  constexpr bool by_output_alone(bool layer_has_bias) const {
    return step == divided && list.size() == 1 && list[0].gate == Gate::all && list[0].factor == 1 &&
           list[0].of_output(layer_has_bias);
  }

  /// Whether the step reads the layer's inputs.
  constexpr bool reads_inputs(Form form, bool layer_has_bias) const {
    if (step != divided || (form != Form::R && by_output_alone(layer_has_bias))) return false;
    for (const Share& share : list)
      if (share.terms.reads_input()) return true;
    return false;
  }
  /// Whether the step reads the layer's outputs.
  constexpr bool reads_outputs(Form form, bool layer_has_bias) const {
    if (step != divided) return false;
    if (form != Form::R) return !by_output_alone(layer_has_bias) || epsilon != 0;
    for (const Share& share : list) {
      const Share::FromOutput z = share.from_output(layer_has_bias);
      if (share.gate != Gate::all || (z.serves && z.s != 0)) return true;
    }
    return false;
  }

  /// How many products of the forward pass's size a step takes for inputs of such signs, where the stored
  /// outputs serve and every share carries something: each share's way back, and its denominator unless it
  /// is made of the output and of one z⁺ for all. What does not read the input has its denominator for one
  /// sample, which is not counted. In R, `gradient` takes one for its books, for one sample.
  std::size_t products(Form form, Signs signs, bool layer_has_bias) const {
    if (step != divided) return step == unchanged ? 0 : 1;
    if (form != Form::R && by_output_alone(layer_has_bias)) return 1;
    std::size_t count = 0;
    bool z_plus = false;
    for (const Share& share : list) {
      const std::size_t own = share.terms.products(signs).size();
      const Share::FromOutput z = share.from_output(layer_has_bias);
      count += own;
      if (z.serves)
        z_plus = z_plus || z.t != 0;
      else if (share.terms.reads_input())
        count += own;
    }
    return z_plus ? count + plus().products(signs).size() : count;
  }
};

/// How a table changes with one parameter of its rule: of each share the terms and the factor that the
/// parameter is multiplied with, and ε's.
struct Variation {
  /// Of one share.
  struct OfShare {
    Terms terms;        ///< what is added to its terms
    double factor = 0;  ///< what is added to its factor
  };
  const char* parameter;                 ///< its name
  Few<OfShare, Shares::most> list = {};  ///< share by share
  double epsilon = 0;                    ///< what is added to ε

  /// Whether more changes than ε.
  bool of_shares() const {
    return std::any_of(list.begin(), list.end(),
                       [](const OfShare& s) { return s.factor != 0 || s.terms.any(); });
  }
};

/// Those of a rule that lists its parameters in `each_parameter`, of those that are a double and that its
/// table is an affine function of, which is asked at two points. A parameter at which a share appears or goes
/// (β = 0) has none.
template <class Rule>
std::vector<Variation> variations_of([[maybe_unused]] const Rule& rule) {
  std::vector<Variation> all;
  if constexpr (requires {
                  rule.matrix();
                  Rule::each_parameter([](const char*, auto) {});
                })
    Rule::each_parameter([&](const char* name, auto parameter) {
      if constexpr (std::is_same_v<decltype(parameter), double Rule::*>) {
        const auto change = [&](double step) {
          Rule changed = rule;
          changed.*parameter += step;
          const Shares from = rule.matrix(), to = changed.matrix();
          Variation found{name};
          found.epsilon = (to.epsilon - from.epsilon) / step;
          if (from.list.size() == to.list.size())
            for (std::size_t k = 0; k < from.list.size(); ++k)
              found.list.push_back({1 / step * (to.list[k].terms - from.list[k].terms),
                                    (to.list[k].factor - from.list[k].factor) / step});
          return found;
        };
        const Variation one = change(1), two = change(2);
        bool affine = one.list.size() == rule.matrix().list.size() && one.list.size() == two.list.size() &&
                      std::abs(one.epsilon - two.epsilon) <= 1e-9;
        for (std::size_t k = 0; affine && k < one.list.size(); ++k)
          affine = std::abs(one.list[k].factor - two.list[k].factor) <= 1e-9 &&
                   (one.list[k].terms - two.list[k].terms).largest() <= 1e-9;
        if (affine) all.push_back(one);
      }
    });
  return all;
}

/// Throws Error unless ε is finite and not negative.
inline void check_epsilon(const char* rule, double epsilon) {
  if (!(epsilon >= 0) || !std::isfinite(epsilon))
    fail(rule, ": expected a finite epsilon >= 0, found ", epsilon);
}

}  // namespace ascribe::rule
