/// Sums over axes of products of two activations, on the panels that convolutions and dense layers use.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include <ascribe/core/parallel.hpp>
#include <ascribe/core/sum.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/kernels/lanes.hpp>
#include <ascribe/kernels/panels.hpp>
#include <ascribe/layers/contraction.hpp>

namespace ascribe::kernel {

/// A factor or result of a batch: sample n's values begin `stride` behind sample n − 1's; 0: one serves all.
template <class S>
struct Samples {
  S* data;
  Index stride;
  S* of(Index n) const { return data + n * stride; }
};

/// How a Contraction is computed, decided once.
///
/// Where there is an axis to sum over and one of the result that a factor alone has, that factor is packed
/// into panels of outputs along it (`w`), and the other one's lines along an axis of its own are the
/// positions (`v`). Else nothing is used twice, and plain loops do.
struct ContractionLoops {
  /// Strides of the factor that is packed, of the other, and of the result.
  struct Axis {
    Index size = 1, w = 0, v = 0, out = 0;
  };

  bool panels = false;
  bool x_is_packed = false;       ///< else y is
  Axis panel, position, inner;    ///< of plain loops: `inner` is the innermost one
  std::vector<Axis> outer, sums;  ///< what is left of the result's axes, and of those that are summed over
  Index outer_count = 1, sums_count = 1;

  explicit ContractionLoops(const Contraction& c) {
    std::vector<Contraction::Axis> left = c.axes();
    const auto take = [&](std::size_t at) {
      const Contraction::Axis a = left[at];
      left.erase(left.begin() + std::ptrdiff_t(at));
      return x_is_packed ? Axis{a.size, a.x, a.y, a.out} : Axis{a.size, a.y, a.x, a.out};
    };
    // The best of the axes: neighbours in memory first, then the longest.
    const auto best = [&](auto fits, auto is_near) {
      std::size_t found = left.size();
      const auto better = [&](const Contraction::Axis& a, const Contraction::Axis& b) {
        return is_near(a) != is_near(b) ? is_near(a) : a.size > b.size;
      };
      for (std::size_t i = 0; i < left.size(); ++i)
        if (fits(left[i]) && (found == left.size() || better(left[i], left[found]))) found = i;
      return found;
    };
    const auto is_near_in_result = [](const Contraction::Axis& a) { return a.out == 1; };
    const std::size_t packed = best(
        [](const Contraction::Axis& a) { return a.out != 0 && (a.x == 0 || a.y == 0); }, is_near_in_result);
    panels = c.sums() && packed < left.size();
    if (panels) {
      x_is_packed = left[packed].y == 0;
      panel = take(packed);
      const bool x = x_is_packed;
      const std::size_t found =
          best([=](const Contraction::Axis& a) { return a.out != 0 && (x ? a.x : a.y) == 0; },
               [](const Contraction::Axis&) { return false; });
      if (found < left.size()) position = take(found);
      inner = take(best([](const Contraction::Axis& a) { return a.out == 0; },
                        [=](const Contraction::Axis& a) { return (x ? a.y : a.x) == 1; }));
    } else {
      const std::size_t near = best([](const Contraction::Axis&) { return true; }, is_near_in_result);
      inner = take(near);
    }
    while (!left.empty()) {
      const bool summed = left[0].out == 0;
      const Axis axis = take(0);
      (summed ? sums : outer).push_back(axis);
      (summed ? sums_count : outer_count) *= axis.size;
    }
  }

  /// Offsets of one of the combinations of `axes`.
  static Axis at(const std::vector<Axis>& axes, Index index) {
    Axis offset;
    for (const Axis& axis : axes) {
      const Index k = index % axis.size;
      index /= axis.size;
      offset.w += k * axis.w;
      offset.v += k * axis.v;
      offset.out += k * axis.out;
    }
    return offset;
  }
};

namespace detail {

/// out[i] (+)= w[i]·v[i] along one axis.
template <class S>
void multiply_along(const ContractionLoops::Axis& axis, const S* w, const S* v, S* out, bool fresh) {
  const Index count = axis.size;
  const auto loop = [&](auto product) {
    if (fresh)
      for (Index i = 0; i < count; ++i) out[i * axis.out] = product(i);
    else
      for (Index i = 0; i < count; ++i) out[i * axis.out] += product(i);
  };
  const auto near = [&](auto product) {  // the compiler sees that the result's are neighbours
    if (fresh)
      for (Index i = 0; i < count; ++i) out[i] = product(i);
    else
      for (Index i = 0; i < count; ++i) out[i] += product(i);
  };
  if (axis.out == 1 && axis.w == 1 && axis.v == 1)
    near([=](Index i) { return S(w[i] * v[i]); });
  else if (axis.out == 1 && axis.w == 1 && axis.v == 0)
    near([=, factor = *v](Index i) { return S(w[i] * factor); });
  else if (axis.out == 1 && axis.w == 0 && axis.v == 1)
    near([=, factor = *w](Index i) { return S(factor * v[i]); });
  else
    loop([=, ws = axis.w, vs = axis.v](Index i) { return S(w[i * ws] * v[i * vs]); });
}

/// Σ w[i]·v[i] along one axis.
template <class S>
S dot_along(const ContractionLoops::Axis& axis, const S* w, const S* v) {
  if (axis.w == 1 && axis.v == 1) return sum_of<S>(axis.size, [=](Index i) { return S(w[i] * v[i]); });
  return sum_of<S>(axis.size, [=, ws = axis.w, vs = axis.v](Index i) { return S(w[i * ws] * v[i * vs]); });
}

template <class S>
void contract_by_loops(const ContractionLoops& loops, const Samples<const S>& w, const Samples<const S>& v,
                       const Samples<S>& out, Index samples) {
  using Axis = ContractionLoops::Axis;
  each_part(samples, loops.outer_count, loops.inner.size * loops.sums_count, [&](Index n, Index part) {
    const Axis first = ContractionLoops::at(loops.outer, part);
    S* to = out.of(n) + first.out;
    S total(0);
    for (Index k = 0; k < loops.sums_count; ++k) {
      const Axis sum = ContractionLoops::at(loops.sums, k);
      const S *left = w.of(n) + first.w + sum.w, *right = v.of(n) + first.v + sum.v;
      if (loops.inner.out != 0)
        multiply_along(loops.inner, left, right, to, k == 0);
      else
        total += dot_along(loops.inner, left, right);
    }
    if (loops.inner.out == 0) *to = total;
  });
}

/// Positions in one task, and inputs in one block: what is packed of either factor is on the stack.
inline constexpr Index contraction_positions = 16 * positions;
inline constexpr Index contraction_depth = 192;

/// One panel's inputs [0, depth) of `w`: input × output, zeros beyond the last output.
template <class S>
void pack_outputs(const S* w, const ContractionLoops& loops, Index outputs, Index depth, S* to) {
  constexpr Index width = panel_width<S>;
  const Index along = loops.panel.w, down = loops.inner.w;
  if (outputs < width) std::fill_n(to, depth * width, S(0));
  if (along == 1) {
    for (Index k = 0; k < depth; ++k) std::copy_n(w + k * down, outputs, to + k * width);
    return;
  }
  using L = Lanes<S>;
  for (Index o = 0; o < outputs; o += L::size) {
    const Index here = std::min<Index>(L::size, outputs - o);
    Index k = 0;
    if (down == 1 && here == L::size)
      for (; k + L::size <= depth; k += L::size)
        L::transpose(w + o * along + k, along, to + k * width + o, width);
    for (; k < depth; ++k)
      for (Index m = o; m < o + here; ++m) to[k * width + m] = w[m * along + k * down];
  }
}

template <class S>
void contract_by_panels(const ContractionLoops& loops, const Samples<const S>& w, const Samples<const S>& v,
                        const Samples<S>& out, Index samples) {
  using Axis = ContractionLoops::Axis;
  constexpr Index width = panel_width<S>;
  const bool near = loops.inner.v == 1;  // positions are read where they lie
  const Index most = near ? 4 * contraction_positions : contraction_positions;
  const Index tiles = (loops.position.size + most - 1) / most;
  const Index tile = (loops.position.size + tiles - 1) / tiles;
  const Index panels = (loops.panel.size + width - 1) / width;
  const Index work = tile * loops.panel.size * loops.inner.size * loops.sums_count;
  each_part(samples, loops.outer_count * tiles, work, [&](Index n, Index part) {
    alignas(EIGEN_MAX_ALIGN_BYTES == 0 ? alignof(S) : EIGEN_MAX_ALIGN_BYTES)
        std::array<S, std::size_t(contraction_depth * width)>
            weights;
    std::array<S, std::size_t(contraction_positions * contraction_depth)> lines;
    std::array<S, std::size_t(positions * width)> apart;
    std::array<const S*, std::size_t(positions)> inputs;
    std::array<S*, std::size_t(positions)> to;
    const Axis start = ContractionLoops::at(loops.outer, part / tiles);
    const Index first = part % tiles * tile, count = std::min(tile, loops.position.size - first);
    S* result = out.of(n) + start.out + first * loops.position.out;
    bool fresh = true;
    for (Index s = 0; s < loops.sums_count; ++s) {
      const Axis sum = ContractionLoops::at(loops.sums, s);
      for (Index k = 0; k < loops.inner.size; k += contraction_depth) {
        const Index depth = std::min(contraction_depth, loops.inner.size - k);
        const S* from = v.of(n) + start.v + sum.v + k * loops.inner.v + first * loops.position.v;
        if (!near)
          for (Index i = 0; i < depth; ++i)
            for (Index p = 0; p < count; ++p)
              lines[std::size_t(p * depth + i)] = from[i * loops.inner.v + p * loops.position.v];
        const S* packed = w.of(n) + start.w + sum.w + k * loops.inner.w;
        for (Index panel = 0; panel < panels; ++panel) {
          const Index output = panel * width, outputs = std::min(width, loops.panel.size - output);
          pack_outputs(packed + output * loops.panel.w, loops, outputs, depth, weights.data());
          for (Index g = 0; g < count; g += positions) {
            const Index here = std::min<Index>(positions, count - g);
            const auto at = [&](Index p, Index o) -> S& {
              return result[(g + p) * loops.position.out + (output + o) * loops.panel.out];
            };
            for (Index p = 0; p < here; ++p) {
              inputs[std::size_t(p)] =
                  near ? from + (g + p) * loops.position.v : lines.data() + (g + p) * depth;
              to[std::size_t(p)] = loops.panel.out == 1 ? &at(p, 0) : apart.data() + p * width;
              if (loops.panel.out != 1 && !fresh)
                for (Index o = 0; o < outputs; ++o) to[std::size_t(p)][o] = at(p, o);
            }
            accumulate_some<S, panel_packets<S>>(here, weights.data(), inputs.data(), {0, 1, 0, depth},
                                                 to.data(), fresh, outputs);
            if (loops.panel.out == 1) continue;
            for (Index p = 0; p < here; ++p)
              for (Index o = 0; o < outputs; ++o) at(p, o) = to[std::size_t(p)][o];
          }
        }
        fresh = false;
      }
    }
  });
}

}  // namespace detail

/// out = the contraction of x and y, sample by sample. An output's terms are added in one order for any
/// number of threads.
template <class S>
[[gnu::noinline]] void contract(const ContractionLoops& loops, Samples<const S> x, Samples<const S> y,
                                Samples<S> out, Index samples) {
  if (!loops.x_is_packed) std::swap(x, y);
  if (loops.panels)
    detail::contract_by_panels<S>(loops, x, y, out, samples);
  else
    detail::contract_by_loops<S>(loops, x, y, out, samples);
}

}  // namespace ascribe::kernel
