/// The adjoint of a matrix's step, for every rule that is a table of shares.
#pragma once

#include <algorithm>
#include <array>

#include <ascribe/rules/adjoint.hpp>
#include <ascribe/rules/matrix_step.hpp>
#include <ascribe/rules/shares.hpp>

namespace ascribe::rule::detail {

/// One step's adjoint. With D = down_bar, for each share: ū = Σ Ŵ(part ⊙ D), R̄ += factor·ū/s and z̄ = −ū·u/s
/// for the outputs of its gate; the weights collect u ⊗ (part ⊙ D) + z̄ ⊗ part by Ŵ's derivative, the inputs
/// part′ ⊙ (D ⊙ Ŵᵀu + Ŵᵀz̄). In Q and Delta the parts that multiply D and Ŵᵀu are indicators, whose derivative
/// is 0, and R = b·Q. A denominator that is a multiple of the output hands z̄ to the output.
template <class M, class S>
class MatrixAdjoint {
 public:
  MatrixAdjoint(const kind::MatMul<M>& layer, const Shares& rule, Adjoint<S>& c)
      : layer_(layer), rule_(rule), c_(c), rows_(c.b.rows()), inputs_(c.a.rows()), samples_(c.b.cols()) {}

  void run() {
    const bool of_bias = layer_.bias.size() > 0;
    if (rule_.step == Shares::unchanged) {
      std::copy_n(c_.down_bar.data(), c_.down_bar.size(), c_.up_bar.data());
    } else if (rule_.step != Shares::divided) {
      if (c_.bias_shares_bar && c_.form == Form::R && of_bias && rule_.step == Shares::rewired)
        fail("no derivative by the bias shares of wiring in R");
      chain_rule(c_.up, c_.form == Form::Q);
    } else if (c_.form != Form::R && rule_.by_output_alone(of_bias) && !vary_shares()) {
      damp();
    } else {
      divided();
    }
  }

 private:
  /// down = Wᵀq, and bias·q to the bias.
  void chain_rule(const View<S>& q, bool with_bias) {
    apply(layer_.map, c_.down_bar, c_.up_bar);
    collect(q.data(), c_.down_bar.data(), Weights::as_is);
    if (!with_bias || !c_.bias_shares_bar) return;
    const WorkspaceScope<S> scope(c_.workspace);
    S* bias_part = c_.workspace.allocate(c_.up.size());
    add_bias_shares([](const S& w) { return w; }, [](const S&) { return S(1); }, q.data(), c_.up_bar.data(),
                    bias_part);
  }

  /// down = Wᵀq with q = z/s(z)·Q.
  void damp() {
    const WorkspaceScope<S> scope(c_.workspace);
    if (rule_.epsilon == 0) {  // q = Q, with the derivative −Q/|z| by ε
      chain_rule(c_.up, c_.form == Form::Q);
      for_each_variation([&, z = static_cast<S*>(nullptr)](const Variation& v, S& bar) mutable {
        if (v.epsilon == 0) return;
        if (!z) z = outputs();
        const S *q_bar = c_.up_bar.data(), *up = c_.up.data();
        bar -= S(v.epsilon) *
               total([=](Index j) { return z[j] == S(0) ? S(0) : S(q_bar[j] * up[j] / math::abs(z[j])); });
      });
      return;
    }
    S *z = outputs(), *q = c_.workspace.allocate(c_.up.size());
    const double epsilon = rule_.epsilon;
    each_output([&](Index at, Index width) {
      for (Index j = at; j < at + width; ++j) q[j] = z[j] / stabilised(z[j], epsilon) * c_.up.data()[j];
    });
    chain_rule({q, rows_, samples_}, c_.form == Form::Q);
    each_output([&](Index at, Index width) {
      S *q_bar = c_.up_bar.data(), *z_bar = q;
      for (Index j = at; j < at + width; ++j) {
        const S s = stabilised(z[j], epsilon), bar = q_bar[j], by_s = bar * c_.up.data()[j] / (s * s);
        q_bar[j] = bar * z[j] / s;
        z_bar[j] = by_s * (s - z[j]);
        z[j] = -math::abs(z[j]) * by_s;  // by ε
      }
      add_change(width, z_bar + at, c_.b_bar.data() + at, c_.b_base_bar ? c_.b_base_bar + at : nullptr);
    });
    for_each_variation([&](const Variation& v, S& bar) {
      if (v.epsilon != 0) bar += S(v.epsilon) * total([=](Index j) { return z[j]; });
    });
  }

  void divided() {
    const WorkspaceScope<S> scope(c_.workspace);
    const S* change = c_.a.data();
    if (c_.form == Form::Delta) {
      S* to = c_.workspace.allocate(c_.a.size());
      each_piece(inputs_, samples_, [&](Index n, Index first, Index width) {
        subtract(width, change + n * inputs_ + first, c_.a_base.column(n) + first, to + n * inputs_ + first);
      });
      change = to;
    }
    parts_ = {change, inputs_, rule_.low, rule_.high};
    const int above = c_.form == Form::R ? 1 : 5, found = signs_among(c_.a.size(), change);
    signs_ = !(found & 2) ? Signs::none_negative : found & above ? Signs::both : Signs::none_positive;
    b_ = outputs();
    for (S** outputs : {&z_, &u_, &u_bar_, &product_out_}) *outputs = c_.workspace.allocate(c_.up.size());
    for (S** inputs : {&part_, &product_in_}) *inputs = c_.workspace.allocate(c_.a.size());
    c_.up_bar.setZero();
    for (std::size_t k = 0; k < rule_.list.size(); ++k) differentiate(rule_.list[k], k);
  }

  /// The parameters that are asked for.
  template <class F>
  void for_each_variation(F&& f) {
    if (!c_.parameters_bar) return;
    for (std::size_t k = 0; k < c_.variations.size(); ++k) f(c_.variations[k], c_.parameters_bar[k]);
  }
  bool vary_shares() const {
    return c_.parameters_bar && std::any_of(c_.variations.begin(), c_.variations.end(),
                                            [](const Variation& v) { return v.of_shares(); });
  }

  /// Σ_j f(j) over all outputs, in one order.
  template <class F>
  S total(F&& f) {
    S sum(0);
    for (Index n = 0; n < samples_; ++n)
      sum += sum_of<S>(rows_, [&](Index j) { return S(f(n * rows_ + j)); });
    return sum;
  }
  /// Σ_j s_j·(Σ Ŵ part)_j of some terms, the parts multiplied as `make_part` does.
  S contracted(const Terms& terms, const S* s, const S* by, bool divided_by_inputs) {
    S sum(0);
    for (const PartProduct& product : terms.products(signs_)) {
      make_part(product.part, by, divided_by_inputs);
      const S* products = product_out_;
      apply(layer_.map, View<S>(part_, inputs_, samples_), Out<S>(product_out_, rows_, samples_),
            product.weights);
      sum += total([=](Index j) { return s[j] * products[j]; });
    }
    return sum;
  }

  void differentiate(const Share& share, std::size_t place) {
    const PartProducts products = share.terms.products(signs_);
    const Share::FromOutput from = share.from_output(layer_.bias.size() > 0);
    const bool of_output = from.serves && from.t == 0;
    const bool has_bias = c_.form != Form::Delta && share.with_bias && layer_.bias.size() > 0;
    const Terms& t = share.terms;
    const auto bias_of = [&](const S& w) { return share.bias_of(w); };
    const auto derivative = [&](const S& w) {
      const S slope = w > S(0) ? S(t.positive.of_one()) : w < S(0) ? S(t.negative.of_one()) : S(0);
      return S(slope + S(2 * t.square.of_one()) * w);
    };

    // z, and u = factor·R/s(z) of the outputs of the gate.
    if (of_output) {
      each_output(
          [&](Index at, Index width) { ascribe::detail::multiply(width, S(from.s), b_ + at, z_ + at); });
    } else {
      each_output([&](Index at, Index width) { std::fill_n(z_ + at, width, S(0)); });
      for (const PartProduct& product : products) {
        make_part(product.part, nullptr, false);
        add_product(product.weights, z_);
      }
      if (has_bias) {
        const Index period = layer_.bias.size();
        each_output([&](Index at, Index width) {
          for (Index j = at; j < at + width; ++j) z_[j] += bias_of(layer_.bias(j % rows_ % period));
        });
      }
    }
    const bool divided_by_inputs = c_.form != Form::R;
    const S* up = c_.up.data();
    each_output([&](Index at, Index width) {
      for (Index j = at; j < at + width; ++j) {
        const S s = stabilised(z_[j], rule_.epsilon);
        const bool open = s != S(0) && (share.gate == Gate::all ||
                                        (share.gate == Gate::above ? b_[j] > S(0) : b_[j] < S(0)));
        // In z lies what R is multiplied with from here on: factor/s, or 0.
        z_[j] = open ? S(S(share.factor) / s) : S(0);
        u_[j] = z_[j] * (divided_by_inputs ? S(b_[j] * up[j]) : up[j]);
        u_bar_[j] = S(0);
      }
    });

    for (const PartProduct& product : products) {
      make_part(product.part, c_.down_bar.data(), divided_by_inputs);
      add_product(product.weights, u_bar_);
      collect(u_, part_, product.weights);
      if (!divided_by_inputs && product.part.reads_input()) hand_to_inputs(product, u_, c_.down_bar.data());
    }
    if (has_bias && c_.bias_shares_bar) add_bias_shares(bias_of, derivative, u_, u_bar_, product_out_);
    const auto bias_change = [&](const Variation& v) {
      return [this, changed = Share{v.list[place].terms}](Index j) {
        return changed.bias_of(layer_.bias(j % rows_ % layer_.bias.size()));
      };
    };
    for_each_variation([&](const Variation& v, S& bar) {
      if (!v.list[place].terms.any()) return;
      bar += contracted(v.list[place].terms, u_, c_.down_bar.data(), divided_by_inputs);
      if (has_bias && c_.bias_shares_bar)
        bar += total(
            [&, change = bias_change(v)](Index j) { return change(j) * u_[j] * c_.bias_shares_bar[j]; });
    });

    // R̄, and over u: z̄ = −ū·u/s.
    S* z_bar = u_;
    each_output([&](Index at, Index width) {
      for (Index j = at; j < at + width; ++j) {
        const S to_relevance = z_[j] * u_bar_[j];
        z_bar[j] *= S(-1 / share.factor) * to_relevance;
        c_.up_bar.data()[j] += divided_by_inputs ? S(b_[j] * to_relevance) : to_relevance;
        S by_output = of_output ? S(S(from.s) * z_bar[j]) : S(0);
        if (divided_by_inputs) by_output += up[j] * to_relevance;
        product_out_[j] = by_output;
      }
      if (of_output || divided_by_inputs)
        add_change(width, product_out_ + at, c_.b_bar.data() + at,
                   c_.b_base_bar ? c_.b_base_bar + at : nullptr);
    });
    // Each parameter's share of z, of ε's and of the factor: z̄·(z′ + ε′·sgn z), and Σ ū·u/factor = −Σ
    // z̄·s/factor.
    for_each_variation([&](const Variation& v, S& bar) {
      const auto& own = v.list[place];
      bar += total([&](Index j) {
        const S to_s = z_[j] == S(0) ? S(0) : z_bar[j] / z_[j];
        const S sign = z_[j] * S(share.factor) < S(0) ? S(-1) : S(1);
        return S(S(v.epsilon) * sign * z_bar[j] - S(own.factor) * to_s);
      });
      if (!own.terms.any()) return;
      bar += contracted(own.terms, z_bar, nullptr, false);
      if (has_bias) bar += total([&, change = bias_change(v)](Index j) { return change(j) * z_bar[j]; });
    });
    if (of_output) return;
    for (const PartProduct& product : products) {
      make_part(product.part, nullptr, false);
      collect(z_bar, part_, product.weights);
      if (product.part.reads_input()) hand_to_inputs(product, z_bar, nullptr);
    }
    if (has_bias && c_.bias_bar) {
      const Index period = layer_.bias.size();
      each_output([&](Index at, Index width) {
        for (Index j = at; j < at + width; ++j)
          product_out_[j] = derivative(layer_.bias(j % rows_ % period)) * z_bar[j];
      });
      add_to_channels(rows_, samples_, product_out_, period, c_.bias_bar);
    }
  }

  /// The outputs, or in scratch what they differ from the baseline's by.
  S* outputs() {
    S* to = c_.workspace.allocate(c_.b.size());
    each_piece(rows_, samples_, [&](Index n, Index first, Index width) {
      const Index at = n * rows_ + first;
      if (c_.form == Form::Delta)
        subtract(width, c_.b.data() + at, c_.b_base.column(n) + first, to + at);
      else
        std::copy_n(c_.b.data() + at, width, to + at);
    });
    return to;
  }

  template <class Body>
  void each_output(Body&& body) {
    each_piece(rows_, samples_, [&](Index n, Index first, Index width) { body(n * rows_ + first, width); });
  }

  /// part_ = the part, divided by the inputs if asked, times `by` where there is one.
  void make_part(const Parts& part, const S* by, bool divided_by_inputs) {
    each_piece(inputs_, samples_, [&](Index n, Index first, Index width) {
      const Index at = n * inputs_ + first;
      if (divided_by_inputs)
        parts_.factors(part, at, width, part_ + at);
      else
        parts_.values(part, at, width, part_ + at);
      if (by) ascribe::detail::multiply(width, by + at, part_ + at);
    });
  }

  /// to += Ŵ part_.
  void add_product(const Weights& weights, S* to) {
    const auto add = [=](Index first, Index count, S* values) {
      ascribe::detail::add(count, values, to + first);
    };
    apply(layer_.map, View<S>(part_, inputs_, samples_), Out<S>(product_out_, rows_, samples_), weights,
          finish_with<S>(add));
  }

  /// The inputs collect part′ ⊙ Ŵᵀs, times `by` where there is one.
  void hand_to_inputs(const PartProduct& product, const S* s, const S* by) {
    const auto add = [&](Index first, Index count, S* values) {
      fn::Block<S> slopes;
      fn::each_block(count, [&](Index offset, Index width) {
        const Index at = first + offset;
        parts_.factors(product.part, at, width, slopes.data());
        ascribe::detail::multiply(width, slopes.data(), values + offset);
        if (by) ascribe::detail::multiply(width, by + at, values + offset);
        add_change(width, values + offset, c_.a_bar.data() + at,
                   c_.a_base_bar ? c_.a_base_bar + at : nullptr);
      });
    };
    apply_transposed(layer_.map, View<S>(s, rows_, samples_), Out<S>(product_in_, inputs_, samples_),
                     product.weights, finish_with<S>(add));
  }

  /// The weights collect s ⊗ a by their replacement's derivative.
  void collect(const S* s, const S* a, const Weights& weights) {
    if (c_.weights_bar && has_accumulate(layer_.map) && weights.choice != Weights::one)
      accumulate(layer_.map, View<S>(s, rows_, samples_), View<S>(a, inputs_, samples_), c_.weights_bar,
                 weights);
  }

  /// Of the bias shares bias^·u: what goes to u, and to the bias.
  template <class BiasOf, class Derivative>
  void add_bias_shares(BiasOf bias_of, Derivative derivative, const S* u, S* u_bar, S* scratch) {
    const Index period = layer_.bias.size();
    if (period == 0) return;
    each_output([&](Index at, Index width) {
      for (Index j = at; j < at + width; ++j) {
        const S bias = layer_.bias(j % rows_ % period), bar = c_.bias_shares_bar[j];
        u_bar[j] += bias_of(bias) * bar;
        scratch[j] = derivative(bias) * u[j] * bar;
      }
    });
    if (c_.bias_bar) add_to_channels(rows_, samples_, scratch, period, c_.bias_bar);
  }

  const kind::MatMul<M>& layer_;
  const Shares& rule_;
  Adjoint<S>& c_;
  Index rows_, inputs_, samples_;
  InputParts<S> parts_{};
  Signs signs_ = Signs::both;
  S *b_ = nullptr, *z_ = nullptr, *u_ = nullptr, *u_bar_ = nullptr, *product_out_ = nullptr;
  S *part_ = nullptr, *product_in_ = nullptr;
};

}  // namespace ascribe::rule::detail
