/// Rules of a softmax as data, and the step back that runs them.
#pragma once

#include <algorithm>

#include <ascribe/core/parallel.hpp>
#include <ascribe/core/passage.hpp>
#include <ascribe/core/sum.hpp>
#include <ascribe/functions/exponential.hpp>
#include <ascribe/layers/softmax.hpp>

namespace ascribe::rule {

/// What the members of a row get.
struct RowShares {
  /// Which shares.
  enum Of {
    gradient,   ///< the derivative times what is carried
    expansion,  ///< in Q the derivative; in R a_i times that of R/b, which divides nothing (AttnLRP)
    baseline,   ///< against a baseline, exactly
    constant,   ///< nothing: the weights are gates (CP-LRP)
    usual       ///< `expansion`, against a baseline `baseline`
  };
  Of of;  ///< which of them

  constexpr bool serves(Form form) const {
    return of == baseline ? form == Form::Delta : of != expansion || form != Form::Delta;
  }
  /// What `usual` is in a form.
  constexpr RowShares in(Form form) const {
    return of != usual ? *this : RowShares{form == Form::Delta ? baseline : expansion};
  }
  constexpr Reads reads(Form form) const {
    const Of one = in(form).of;
    if (one == constant) return {.inputs = false, .outputs = form != Form::R};
    return {.inputs = one != gradient || form != Form::R, .outputs = true};
  }
};

namespace detail {

/// The place of the first largest number.
template <class S>
Index largest_of(Index length, Index step, const S* values) {
  Index top = 0;
  for (Index i = 1; i < length; ++i)
    if (values[i * step] > values[top * step]) top = i;
  return top;
}

/// One row of one sample: its logits, its outputs, and the same of a baseline.
template <class S>
struct Row {
  Index length, step;
  bool logarithm;
  const S *a, *b, *a0, *b0;

  /// e^{a_i}/Σ e^a.
  S weight(Index i) const { return logarithm ? S(math::exp(b[i * step])) : b[i * step]; }

  /// log Σ e^a, from the largest logit and its weight, which is at least 1/length.
  S log_total(const S* logits, const S* outputs) const {
    const Index top = largest_of(length, step, logits);
    const S& out = outputs[top * step];
    return S(logits[top * step] - (logarithm ? out : S(math::log(out))));
  }
};

/// The rows of a batch.
template <class C>
Row<typename C::Scalar> row_of(const kind::Softmax& layer, const C& c, Index n, Index row) {
  const Index at = layer.row_at(row), size = layer.output_size();
  const bool base = c.form == Form::Delta;
  return {layer.length,
          layer.inner,
          layer.logarithm,
          c.a.data() + n * size + at,
          c.b.data() + n * size + at,
          base ? c.a_base.column(n) + at : nullptr,
          base ? c.b_base.column(n) + at : nullptr};
}

/// Weights w of a row, by which the derivative is J = diag(w) − w wᵀ/Σw, or of the logarithm 1 − 1 wᵀ/Σw: the
/// softmax's own, or against a baseline the chords of eˡ between both images' l = a − log Σ eᵃ, the
/// logarithmic means of b and b̄. With them Δb = J Δa: Σ Δb = 0 = Σ w·Δl gives log Σ eᵃ's change as Σ w·Δa/Σ
/// w.
template <class S>
class RowWeights {
 public:
  explicit RowWeights(const Row<S>& row)
      : row_(row),
        total_(row.a0 ? row.log_total(row.a, row.b) : S(0)),
        total0_(row.a0 ? row.log_total(row.a0, row.b0) : S(0)) {}

  S operator()(Index i) const {
    return row_.a0 ? S(fn::Exp().chord(logarithm(i), logarithm_of_baseline(i))) : row_.weight(i);
  }
  S logarithm(Index i) const { return log_of(row_.a, row_.b, total_, i); }
  S logarithm_of_baseline(Index i) const { return log_of(row_.a0, row_.b0, total0_, i); }

 private:
  /// log b_i; where b_i is next to nothing, a_i − log Σ eᵃ, whose rounding is as large as the logits'.
  S log_of(const S* a, const S* b, const S& total, Index i) const {
    const Index at = i * row_.step;
    if (row_.logarithm) return b[at];
    return b[at] > S(1e-30) ? S(math::log(b[at])) : S(a[at] - total);
  }

  const Row<S>& row_;
  S total_, total0_;
};

/// Jᵀu of a row, down_i = direct_i − w_i·κ: of a softmax w_i·u_i and κ = Σ w·u/Σ w, of its logarithm u_i and
/// Σ u/Σ w. Returns κ.
template <class S>
S transpose_row(const Row<S>& row, const RowWeights<S>& weight, const S* u, S* down) {
  const Index step = row.step, length = row.length;
  for (Index i = 0; i < length; ++i) down[i * step] = weight(i);
  const S all = row.a0 ? sum_of<S>(length, [&](Index i) { return down[i * step]; }) : S(1);
  // The largest weight may be nearly all: what is left there is made of the others, so that it does not
  // cancel.
  const Index top = largest_of(length, step, down);
  if (row.logarithm) {
    const auto others = [&](const S* x) {
      return sum_of<S>(length, [&](Index i) { return i == top ? S(0) : x[i * step]; });
    };
    const S rest = others(down), others_u = others(u), weight_at_top = down[top * step];
    const S kappa = (u[top * step] + others_u) / all;
    for (Index i = 0; i < length; ++i) down[i * step] = u[i * step] - down[i * step] * kappa;
    down[top * step] = (u[top * step] * rest - weight_at_top * others_u) / all;
    return kappa;
  }
  // κ next to u_i there, from which it may differ by little.
  const S near = u[top * step];
  const S beyond = sum_of<S>(length, [&](Index i) { return S(down[i * step] * (u[i * step] - near)); }) / all;
  for (Index i = 0; i < length; ++i) down[i * step] *= (u[i * step] - near) - beyond;
  return S(near + beyond);
}

/// a_i times what R/b gives by the derivative, without dividing by the outputs: of a softmax a_i·(R_i − b_i·Σ
/// R), of its logarithm a_i·(R_i/b_i − w_i·Σ R/b), where an output of 0 has nothing to hand on.
template <class S>
class RowExpansion {
 public:
  RowExpansion(const Row<S>& row, const S* u) : row_(row), u_(u) {
    kappa_ = sum_of<S>(row.length, [&](Index i) { return direct(i); });
  }
  S direct(Index i) const {
    const S &u = u_[i * row_.step], &b = row_.b[i * row_.step];
    return !row_.logarithm ? u : b == S(0) ? S(0) : S(u / b);
  }
  S kappa() const { return kappa_; }
  S operator()(Index i) const { return S(direct(i) - row_.weight(i) * kappa_); }

 private:
  const Row<S>& row_;
  const S* u_;
  S kappa_;
};

/// The step of a row; what is dropped is returned. It is, by the parts of what goes down, what came, less
/// Σ a·direct, and κ·Σ a·w.
template <class S>
S step_of_row(const Row<S>& row, const RowShares& rule, Form form, const S* u, S* down) {
  const Index step = row.step, length = row.length;
  const auto sum = [=](auto term) {
    return sum_of<S>(length, [=](Index i) { return S(term(i, i * step)); });
  };
  const auto value = [&](Index at) { return row.a0 ? S(row.a[at] - row.a0[at]) : row.a[at]; };
  const auto enters = [&] {
    if (form == Form::R) return sum([=](Index, Index at) { return u[at]; });
    return sum([&](Index, Index at) { return (row.b0 ? row.b[at] - row.b0[at] : row.b[at]) * u[at]; });
  };
  if (rule.of == RowShares::constant) {
    for (Index i = 0; i < length; ++i) down[i * step] = S(0);
    return enters();
  }
  if (rule.of == RowShares::baseline) {
    transpose_row(row, RowWeights<S>(row), u, down);
    return S(0);
  }
  if (rule.of == RowShares::expansion && form == Form::R) {
    const RowExpansion<S> given(row, u);
    for (Index i = 0; i < length; ++i) down[i * step] = row.a[i * step] * given(i);
    return enters() - sum([&](Index i, Index at) { return row.a[at] * given.direct(i); }) +
           given.kappa() * sum([&](Index i, Index at) { return row.a[at] * row.weight(i); });
  }
  Row<S> image = row;
  image.a0 = image.b0 = nullptr;
  const S kappa = transpose_row(image, RowWeights<S>(image), u, down);
  if (form == Form::R) return enters();  // J's columns add up to 0, so that nothing leaves
  // Counted from the largest logit's value, which changes nothing, since J's columns add up to 0, and leaves
  // less to cancel.
  const S from = value(largest_of(length, step, row.a) * step);
  return enters() - sum([&](Index i, Index at) {
           return (value(at) - from) * (row.logarithm ? u[at] : row.weight(i) * u[at]);
         }) +
         kappa * sum([&](Index i, Index at) { return (value(at) - from) * row.weight(i); });
}

template <class C>
void step_of_softmax(const kind::Softmax& layer, const RowShares& data, C& c, typename C::Up up,
                     typename C::Down down) {
  using S = typename C::Scalar;
  const RowShares rule = data.in(c.form);
  const Index size = layer.output_size();
  const std::array totals{&c.books.dropped};
  sum_parts<S>(up.cols(), layer.rows(), layer.length, totals, [&](Index n, Index row) {
    const Index at = n * size + layer.row_at(row);
    return std::array<S, 1>{
        step_of_row(row_of(layer, c, n, row), rule, c.form, up.data() + at, down.data() + at)};
  });
}

}  // namespace detail
}  // namespace ascribe::rule
