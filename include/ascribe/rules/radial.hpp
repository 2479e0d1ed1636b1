/// The rule Radial: a maximum shares by the values, not to the winner alone.
#pragma once

#include <array>

#include <ascribe/layers/max.hpp>

namespace ascribe::rule {

/// R(a_i) = s_i R(b), s_i ≥ 0, Σ s_i = 1 (docs/rules.md): the maximum taken as homogeneous along the ray
/// through 0.
///
/// - b > 0: s_i = a_i⁺/Σ a⁺. In Q: b/Σa⁺·Q(b) for the positive members.
/// - b < 0: s_i = (b/a_i)/Σ(b/a_k), quotients in (0, 1] where 1/a would overflow. In Q:
/// (b/a_i)²/Σ(b/a_k)·Q(b).
/// - b = 0: the zeros share equally. One zero taking all is the limit from both sides; several have none, so
///   that equal shares are a convention. In Q: Q(b)/k each.
///
/// A constant's share is a bias; padding takes none.
struct Radial {
  static constexpr const char* name = "Radial";

  static constexpr bool serves(Form form) { return form != Form::Delta; }
};

namespace detail {

/// The unnormalised share of a member (or constant) whose maximum is b; 0 for what takes no part.
template <class S>
S radial_weight(const S& a, const S& b) {
  if (b > S(0)) return a > S(0) ? a : S(0);
  if (b < S(0)) return S(b / a);
  return a == S(0) ? S(1) : S(0);
}

/// s_i·b/a_i, the factor on Q(b): with the weight above, written so that nothing is divided by a_i = 0.
template <class S>
S radial_factor_in_q(const S& a, const S& b, const S& total) {
  if (b > S(0)) return a > S(0) ? S(b / total) : S(0);
  const S weight = radial_weight(a, b);
  return b < S(0) ? S(weight * weight / total) : S(weight / total);
}

}  // namespace detail

template <class W, class C>
void propagate(const kind::Max<W>& layer, const Radial&, C& c, typename C::Up up, typename C::Down down) {
  using S = typename C::Scalar;
  const W& windows = layer.windows;
  const Index lanes = windows.lanes();
  const bool in_q = c.form == Form::Q;
  ascribe::detail::set_zero(down.rows(), down.cols(), down.data());
  ascribe::detail::sum_windows<S>(
      windows, up.cols(), c.books.bias, [&](Index n, Index group, Index lane, Index width) {
        const S* a = c.a.data() + n * c.a.rows() + lane;
        S* d = down.data() + n * down.rows() + lane;
        const Index j = group * lanes + lane;
        const S *b = c.b.data() + n * c.b.rows() + j, *u = up.data() + n * up.rows() + j;
        std::array<S, std::size_t(ascribe::detail::lane_block)> totals;
        for (Index l = 0; l < width; ++l) totals[std::size_t(l)] = S(0);
        windows.members(group, [&](Index i) {
          for (Index l = 0; l < width; ++l) totals[std::size_t(l)] += detail::radial_weight(a[i + l], b[l]);
        });
        window::each_constant(windows, [&](double value) {
          for (Index l = 0; l < width; ++l) totals[std::size_t(l)] += detail::radial_weight(S(value), b[l]);
        });
        windows.members(group, [&](Index i) {
          for (Index l = 0; l < width; ++l) {
            const S &member = a[i + l], &total = totals[std::size_t(l)];
            d[i + l] += (in_q ? detail::radial_factor_in_q(member, b[l], total)
                              : S(detail::radial_weight(member, b[l]) / total)) *
                        u[l];
          }
        });
        S booked(0);
        if constexpr (window::has_constants<W>)
          for (Index l = 0; l < width; ++l) {
            S share(0);
            windows.constants([&](double value) {
              share += detail::radial_weight(S(value), b[l]) / totals[std::size_t(l)];
            });
            booked += share_of_constants(c, n, j + l, in_q ? S(share * b[l] * u[l]) : S(share * u[l]));
          }
        return booked;
      });
}

}  // namespace ascribe::rule
