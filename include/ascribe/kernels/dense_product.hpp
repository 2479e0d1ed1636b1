/// Products with a matrix in memory: with one vector, bound by the memory that the weights come from, and
/// with several.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <span>

#include <ascribe/core/loops.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/prefetch.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/kernels/lanes.hpp>
#include <ascribe/kernels/panels.hpp>
#include <ascribe/kernels/weight_gradient.hpp>
#include <ascribe/maps/linear_map.hpp>

namespace ascribe::kernel {

/// Weights outputs × inputs, in either order: neighbours along the inputs (w(o, i) at o·stride + i) or along
/// the outputs (at i·stride + o).
template <class S>
struct MatrixView {
  const S* data;
  Index outputs, inputs, stride;
  bool along_inputs;

  MatrixView transposed() const { return {data, inputs, outputs, stride, !along_inputs}; }
  const S* at(Index output, Index input) const {
    return data + (along_inputs ? output * stride + input : input * stride + output);
  }
};

/// Neighbours of one line of the weights that are taken at a time, and lines.
inline constexpr Index line_piece = 512;
inline constexpr int lines = 8;
/// Neighbours of a line that are read before the next line: long ways through memory are what it is fast at.
inline constexpr Index line_run = 2048;

/// sums[r] += Σ_k w[r][k]·x[k] for Rows lines of weights.
template <int Rows, class S>
void dots(const S* w, Index stride, Index count, const S* x, S* sums) {
  using L = Lanes<S>;
  constexpr Index size = L::size;
  typename L::Packet even[Rows], odd[Rows];
  ASCRIBE_UNROLL
  for (int r = 0; r < Rows; ++r) even[r] = odd[r] = L::all(S(0));
  Index k = 0;
  for (; k + 2 * size <= count; k += 2 * size) {
    const auto x0 = L::load(x + k), x1 = L::load(x + k + size);
    ASCRIBE_UNROLL
    for (int r = 0; r < Rows; ++r) {
      even[r] = L::multiply_add(L::load(w + r * stride + k), x0, even[r]);
      odd[r] = L::multiply_add(L::load(w + r * stride + k + size), x1, odd[r]);
    }
  }
  ASCRIBE_UNROLL
  for (int r = 0; r < Rows; ++r) {
    S sum = L::sum(L::add(even[r], odd[r]));
    for (Index i = k; i < count; ++i) sum += w[r * stride + i] * x[i];
    sums[r] += sum;
  }
}

/// y[k] += Σ_r w[r][k]·x[r] for up to `lines` lines of weights.
template <int Rows, class S>
void axpys(const S* const* w, const S* x, Index count, S* y) {
  using L = Lanes<S>;
  constexpr Index size = L::size;
  typename L::Packet factor[Rows];
  ASCRIBE_UNROLL
  for (int r = 0; r < Rows; ++r) factor[r] = L::all(x[r]);
  Index k = 0;
  for (; k + size <= count; k += size) {
    auto sum = L::load(y + k);
    ASCRIBE_UNROLL
    for (int r = 0; r < Rows; ++r) sum = L::multiply_add(L::load(w[r] + k), factor[r], sum);
    L::store(y + k, sum);
  }
  for (; k < count; ++k) {
    ASCRIBE_UNROLL
    for (int r = 0; r < Rows; ++r) y[k] += w[r][k] * x[r];
  }
}

/// Outputs [begin, end) of a few vectors' products, weights along the inputs: every output a dot product.
template <class S>
void multiply_by_dots(const MatrixView<S>& w, const S* x, S* y, Index vectors, Index begin, Index end,
                      const Weights& weights) {
  constexpr int rows = 4;
  std::array<S, std::size_t(rows * line_piece)> changed;
  for (Index n = 0; n < vectors; ++n) std::fill(y + n * w.outputs + begin, y + n * w.outputs + end, S(0));
  for (Index o = begin; o < end; o += rows) {
    const Index some = std::min<Index>(rows, end - o);
    for (Index first = 0; first < w.inputs; first += line_piece) {
      const Index count = std::min(line_piece, w.inputs - first);
      const S* from = w.at(o, first);
      Index stride = w.stride;
      if (!weights.unchanged()) {
        map::with_replacement<S>(weights, [&](auto f) {
          for (Index r = 0; r < some; ++r)
            for (Index k = 0; k < count; ++k)
              changed[std::size_t(r * line_piece + k)] = f(from[r * w.stride + k]);
        });
        from = changed.data();
        stride = line_piece;
      }
      for (Index n = 0; n < vectors; ++n) {
        const S* part = x + n * w.inputs + first;
        S* sums = y + n * w.outputs + o;
        if (some == rows)
          dots<rows>(from, stride, count, part, sums);
        else
          for (Index r = 0; r < some; ++r) dots<1>(from + r * stride, stride, count, part, sums + r);
      }
    }
  }
}

/// Vectors up to which the weights are read as they lie, once for all of them; more are worth packing, which
/// costs more where the weights lie along the outputs, since it jumps from page to page.
inline constexpr Index few_by_dots = 3, few_by_lines = 12;

/// Outputs [begin, end) of a few vectors' products, weights along the outputs: every input
/// adds its line. Lines of inputs that are 0 in all vectors are not read: behind a ReLU that is half of the
/// weights. (Weights are finite, so that they could add nothing.)
template <class S>
class LineSum {
 public:
  LineSum(const MatrixView<S>& w, const S* x, S* y, Index vectors, const Weights& weights)
      : w_(w), x_(x), y_(y), vectors_(vectors), weights_(weights) {}

  void outputs(Index begin, Index end) {
    for (Index first = begin; first < end; first += line_run) {
      const Index count = std::min(line_run, end - first);
      for (Index n = 0; n < vectors_; ++n) std::fill_n(y_ + n * w_.outputs + first, count, S(0));
      Index held = 0;
      for (Index i = 0; i < w_.inputs; ++i) {
        if (is_nothing(i)) continue;
        from_[std::size_t(held)] = w_.at(first, i);
        for (Index n = 0; n < vectors_; ++n) factor_[std::size_t(n * lines + held)] = x_[n * w_.inputs + i];
        if (++held < lines) continue;
        add(held, first, count);
        held = 0;
      }
      add(held, first, count);
    }
  }

 private:
  bool is_nothing(Index input) const {
    if constexpr (std::floating_point<S>) {
      for (Index n = 0; n < vectors_; ++n)
        if (x_[n * w_.inputs + input] != S(0)) return false;
      return true;
    }
    return false;
  }

  /// In pieces of the lines, which stay in the first-level cache from vector to vector.
  void add(Index held, Index first, Index count) {
    std::array<const S*, std::size_t(lines)> piece;
    for (Index k = 0; k < count; k += line_piece) {
      const Index width = std::min(line_piece, count - k);
      for (Index r = 0; r < held; ++r) piece[std::size_t(r)] = from_[std::size_t(r)] + k;
      if (!weights_.unchanged())
        map::with_replacement<S>(weights_, [&](auto f) {
          for (Index r = 0; r < held; ++r) {
            const S* line = piece[std::size_t(r)];
            S* changed = changed_.data() + r * line_piece;
            for (Index i = 0; i < width; ++i) changed[i] = f(line[i]);
            piece[std::size_t(r)] = changed;
          }
        });
      for (Index n = 0; n < vectors_; ++n) {
        const S* factor = factor_.data() + n * lines;
        S* to = y_ + n * w_.outputs + first + k;
        if (held == lines)
          axpys<lines>(piece.data(), factor, width, to);
        else
          for (Index r = 0; r < held; ++r) axpys<1>(piece.data() + r, factor + r, width, to);
      }
    }
  }

  MatrixView<S> w_;
  const S* x_;
  S* y_;
  Index vectors_;
  Weights weights_;
  std::array<const S*, std::size_t(lines)> from_;
  std::array<S, std::size_t(lines* few_by_lines)> factor_;
  std::array<S, std::size_t(lines* line_piece)> changed_;
};

/// The products of a few vectors, in shares of the outputs.
template <class S>
[[gnu::noinline]] void multiply_few(const MatrixView<S>& w, const S* a, S* b, Index vectors,
                                    const Weights& weights, const Finish<S>& finish, Index first_output) {
  const auto share = [&](Index begin, Index end) {
    if (w.along_inputs)
      multiply_by_dots(w, a, b, vectors, begin, end, weights);
    else
      LineSum<S>(w, a, b, vectors, weights).outputs(begin, end);
    for (Index n = 0; n < vectors && finish; ++n)
      finish(first_output + n * w.outputs + begin, end - begin, b + n * w.outputs + begin);
  };
  constexpr Index worth_a_thread = Index(1) << 16;  // weights: about 10 µs
  // Dot products go line by line in any case; lines that are added should be read far.
  const Index most = w.along_inputs ? 4 * thread_count() : thread_count();
  const Index parts = std::clamp<Index>(w.outputs * w.inputs / worth_a_thread, 1, most);
  if (parts == 1 || thread_count() == 1) return share(0, w.outputs);
  const Index size = ((w.outputs + parts - 1) / parts + 31) / 32 * 32;
  parallel_for((w.outputs + size - 1) / size,
               [&](Index i) { share(i * size, std::min(w.outputs, (i + 1) * size)); });
}

/// A panel's weights for a block, from a matrix: input × output, zeros beyond the last output.
template <class S>
void pack_panel(const MatrixView<S>& w, const Block& block, Index panel, const Weights& weights, S* to) {
  using L = Lanes<S>;
  constexpr Index width = panel_width<S>;
  const Index first = panel * width, outputs = std::min(width, w.outputs - first);
  if (!w.along_inputs) {
    constexpr Index ahead = 24;  // lines are far apart, where the processor does not guess
    const Index last = block.first + block.depth - 1;
    for (Index k = 0; k < block.depth; ++k) {
      prefetch(w.at(first, std::min(last, block.first + k + ahead)), 0, outputs);
      std::copy_n(w.at(first, block.first + k), outputs, to + k * width);
      std::fill_n(to + k * width + outputs, width - outputs, S(0));
    }
  } else {
    for (Index o = 0; o < width; o += L::size) {
      Index k = 0;
      if (o + L::size <= outputs)
        for (; k + L::size <= block.depth; k += L::size)
          L::transpose(w.at(first + o, block.first + k), w.stride, to + k * width + o, width);
      for (; k < block.depth; ++k)
        for (Index m = o; m < o + L::size; ++m)
          to[k * width + m] = m < outputs ? *w.at(first + m, block.first + k) : S(0);
    }
  }
  map::replace(weights, block.depth * width, to);
}

/// Several vectors' product: columns of a (inputs × samples) to columns of b (outputs × samples). A panel is
/// packed once for all samples of a tile.
template <class S>
[[gnu::noinline]] void multiply_many(const MatrixView<S>& w, const S* a, S* b, Index vectors,
                                     const Weights& weights, const Finish<S>& finish) {
  const Blocking blocking(w.outputs, 1, w.inputs);
  const Index panels = blocking.panels<S>(), together = panels >= 16 * thread_count() ? 4 : 1;
  const Index shares = (panels + together - 1) / together,
              tiles = (vectors + tile_positions - 1) / tile_positions;
  parallel_for(shares * tiles, [&](Index i) {
    const Index first = i / shares * tile_positions, begin = i % shares * together,
                end = std::min(panels, begin + together);
    Tile<S> tile;
    tile.count = std::min(tile_positions, vectors - first);
    for (Index n = 0; n < tile.count; ++n) {
      tile.out[std::size_t(n)] = b + (first + n) * w.outputs + begin * panel_width<S>;
      tile.input(n, 1, 0) = a + (first + n) * w.inputs;
    }
    multiply_tile(
        blocking, tile, begin, end, [](const Block&, Tile<S>&) {},
        [&](Index block, Index panel, S* buffer) {
          pack_panel(w, blocking.block(block), panel, weights, buffer);
          return static_cast<const S*>(buffer);
        });
    if (!finish) return;
    const Index outputs = std::min(w.outputs, end * panel_width<S>) - begin * panel_width<S>;
    for (Index n = 0; n < tile.count; ++n)
      finish(tile.out[std::size_t(n)] - b, outputs, tile.out[std::size_t(n)]);
  });
}

/// gradient_k += ŵ'(w_k)·Σ_n s_n(output)·a_n(input) for every weight, in the order of `w` without its gaps,
/// for up to `few_by_lines` vectors: bound by the memory of the gradient, whose lines they share.
template <class S>
[[gnu::noinline]] void add_outer_few(const MatrixView<S>& w, const S* s, const S* a, S* gradient,
                                     Index vectors, const Weights& weights) {
  const S *x = w.along_inputs ? s : a, *y = w.along_inputs ? a : s;
  const Index outer = w.along_inputs ? w.outputs : w.inputs, inner = w.along_inputs ? w.inputs : w.outputs;
  each_part(1, outer, inner, [&](Index, Index line) {
    std::array<S, std::size_t(line_piece)> sums;
    std::array<const S*, std::size_t(few_by_lines)> from;
    std::array<S, std::size_t(few_by_lines)> factor;
    Index held = 0;
    for (Index n = 0; n < vectors; ++n) {
      if (std::floating_point<S> && x[n * outer + line] == S(0)) continue;  // adds nothing
      from[std::size_t(held)] = y + n * inner;
      factor[std::size_t(held++)] = x[n * outer + line];
    }
    for (Index first = 0; first < inner && held > 0; first += line_piece) {
      const Index count = std::min(line_piece, inner - first);
      S* to = gradient + line * inner + first;
      S* sum = weights.unchanged() ? to : sums.data();
      if (sum != to) std::fill_n(sum, count, S(0));
      for (Index n = 0; n < held; ++n) {
        axpys<1>(from.data() + n, factor.data() + n, count, sum);
        from[std::size_t(n)] += count;
      }
      if (sum == to) continue;
      map::multiply_by_derivative(weights, count, w.data + line * w.stride + first, 1, sum);
      ascribe::detail::add(count, sum, to);
    }
  });
}

/// The same for any number of vectors: many are the pixels of a convolution of 1 × 1.
template <class S>
[[gnu::noinline]] void add_outer(const MatrixView<S>& w, const S* s, const S* a, S* gradient, Index vectors,
                                 const Weights& weights) {
  if (vectors <= few_by_lines) return add_outer_few(w, s, a, gradient, vectors, weights);
  const Index outer = w.along_inputs ? w.outputs : w.inputs, inner = w.along_inputs ? w.inputs : w.outputs;
  WeightGradient<S>({.input = {1, vectors}}, inner, outer, 1)
      .add(w.along_inputs ? s : a, w.along_inputs ? a : s, gradient, 1,
           [&](Index, Index panel, Index, Index at, S* sums) {
             const Index first = panel * panel_width<S>;
             if (!weights.unchanged())
               map::multiply_by_derivative(weights, std::min(panel_width<S>, outer - first),
                                           w.data + first * w.stride + at, w.stride, sums);
           });
}

/// values_k = (W a)_{at_k} for outputs of one vector.
template <class S>
[[gnu::noinline]] void multiply_at(const MatrixView<S>& w, const S* a, std::span<const Index> at, S* values,
                                   const Weights& weights) {
  std::array<S, std::size_t(line_piece)> line;
  std::fill_n(values, at.size(), S(0));
  map::with_replacement<S>(weights, [&](auto f) {
    for (std::size_t k = 0; k < at.size(); ++k)
      for (Index first = 0; first < w.inputs; first += line_piece) {
        const Index count = std::min(line_piece, w.inputs - first);
        for (Index i = 0; i < count; ++i) line[std::size_t(i)] = f(*w.at(at[k], first + i));
        dots<1>(line.data(), line_piece, count, a + first, values + k);
      }
  });
}

/// b = W a, then `finish`.
template <class S>
void multiply(const MatrixView<S>& w, const S* a, S* b, Index vectors, const Weights& weights,
              const Finish<S>& finish) {
  if (vectors <= (w.along_inputs ? few_by_dots : few_by_lines))
    multiply_few(w, a, b, vectors, weights, finish, Index(0));
  else
    multiply_many(w, a, b, vectors, weights, finish);
}

}  // namespace ascribe::kernel
