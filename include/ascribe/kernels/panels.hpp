/// The product under convolutions and dense layers with several samples: outputs of many positions, each a
/// sum of runs of neighbouring inputs times weights.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include <ascribe/core/parallel.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/core/weight_store.hpp>
#include <ascribe/kernels/lanes.hpp>
#include <ascribe/maps/linear_map.hpp>

/// Loops over memory that is given: no sizes are checked here, that is the maps' task. All are written
/// against Eigen's packets, of which a scalar without vector instructions has the size 1, so that one source
/// serves float, double and automatic differentiation.
namespace ascribe::kernel {

/// Outputs that are computed together: as many packets as leave the registers room for `positions` sums each.
template <class S>
inline constexpr int panel_packets = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32 ? 4 : 2;
template <class S>
inline constexpr Index panel_width = panel_packets<S>* Lanes<S>::size;
/// Positions (pixels, samples) that are computed together. On ARM GCC 12 loads all of a step's inputs ahead
/// of its products, a register each: with six, two of the 24 sums (32 bits: three of 12) went through memory
/// in every step.
inline constexpr int positions = EIGEN_ARCH_ARM_OR_ARM64 ? 5 : 6;
/// Positions in one tile, inputs in one block, and runs in one block. A tile's inputs stay in the
/// second-level cache from panel to panel, a panel's weights of a block (40 KB of floats) from group to group
/// of positions; the runs bound the table of pointers, which is on the stack. Measured on VGG-16 and
/// ResNet-50: 320 to 1024 inputs and 192 to 768 positions are within 10 %, these the best.
inline constexpr Index tile_positions = 128 * positions;
inline constexpr Index block_depth = 640;
inline constexpr Index block_runs = 12;

/// Part of an output's sum: runs [first_run, first_run + runs), of each the inputs [first, first + depth).
struct Block {
  Index first_run, runs, first, depth;
  Index inputs() const { return runs * depth; }
};

/// How the sums over `runs` runs of `length` inputs are cut into blocks, and `outputs` into panels. An
/// output's terms are added in the order of blocks, runs and inputs, whatever is computed with it: no result
/// depends on tiles or threads.
class Blocking {
 public:
  Blocking() = default;
  Blocking(Index outputs, Index runs, Index length)
      : Blocking(outputs, runs, length, std::min(length, block_depth),
                 length >= block_depth ? 1 : even(runs, std::min(block_runs, block_depth / length))) {}
  /// Blocks of `together` runs, and of at most `most_depth` inputs of each.
  Blocking(Index outputs, Index runs, Index length, Index most_depth, Index together)
      : outputs_(outputs),
        runs_(runs),
        length_(length),
        depth_(even(length, most_depth)),
        together_(together) {
    per_run_ = (length + depth_ - 1) / depth_;
    count_ = (runs + together_ - 1) / together_ * per_run_;
  }

  Index outputs() const { return outputs_; }
  Index runs() const { return runs_; }
  Index length() const { return length_; }
  Index count() const { return count_; }
  /// The most runs that a block has.
  Index together() const { return together_; }
  /// The block of one input of a run.
  Index block_of(Index run, Index input) const { return run / together_ * per_run_ + input / depth_; }
  Block block(Index i) const {
    const Index run = i / per_run_ * together_, first = i % per_run_ * depth_;
    return {run, std::min(together_, runs_ - run), first, std::min(depth_, length_ - first)};
  }
  template <class S>
  Index panels() const {
    return (outputs_ + panel_width<S> - 1) / panel_width<S>;
  }

 private:
  /// Parts of at most `most`, as equal as there are.
  static Index even(Index all, Index most) {
    const Index parts = (all + most - 1) / most;
    return (all + parts - 1) / parts;
  }

  Index outputs_ = 0, runs_ = 0, length_ = 0, depth_ = 0, together_ = 0, per_run_ = 0, count_ = 0;
};

/// Weights in the order in which the products read them: block, panel, run, input, output of the panel.
/// Outputs beyond the last are zeros.
template <class S>
class Panels {
 public:
  Panels() = default;
  /// weight(run, input, output) is asked once for each, by several threads.
  template <class Weight>
  Panels(const Blocking& blocking, Weight weight) : blocking_(blocking) {
    const Index panels = blocking.panels<S>();
    std::vector<S, Eigen::aligned_allocator<S>> weights(
        std::size_t(panels * panel_width<S> * blocking.runs() * blocking.length()));
    Index end = 0;
    for (Index i = 0; i < blocking.count(); ++i) {
      starts_.push_back(end);
      end += panels * panel_width<S> * blocking.block(i).inputs();
    }
    const auto pack = [&](Index part) {
      const Index i = part / panels, p = part % panels;
      const Block b = blocking.block(i);
      S* to = weights.data() + starts_[std::size_t(i)] + p * panel_width<S> * b.inputs();
      for (Index run = b.first_run; run < b.first_run + b.runs; ++run)
        for (Index k = b.first; k < b.first + b.depth; ++k)
          for (Index o = p * panel_width<S>; o < (p + 1) * panel_width<S>; ++o)
            *to++ = o < blocking.outputs() ? S(weight(run, k, o)) : S(0);
    };
    constexpr Index worth_threads = Index(1) << 18;  // weights: a fraction of a millisecond
    const Index parts = blocking.count() * panels;
    if (end >= worth_threads)
      parallel_for(parts, pack);
    else
      for (Index part = 0; part < parts; ++part) pack(part);
    weights_ = StoredWeights<S>(std::move(weights));
  }

  const Blocking& blocking() const { return blocking_; }
  /// A panel's stored weights of one input of a run.
  const S* line(Index run, Index input, Index panel) const {
    const Index at = blocking_.block_of(run, input);
    const Block b = blocking_.block(at);
    return weights_.data() + starts_[std::size_t(at)] +
           ((panel * b.runs + run - b.first_run) * b.depth + input - b.first) * panel_width<S>;
  }
  /// The weights of a panel in a block; changed ones in `buffer`, of block_depth · panel_width scalars.
  const S* panel(Index block, Index panel, const Weights& weights, S* buffer) const {
    const Index size = blocking_.block(block).inputs() * panel_width<S>;
    const S* from = weights_.data() + starts_[std::size_t(block)] + panel * size;
    if (weights.unchanged()) return from;
    map::with_replacement<S>(weights, [&](auto f) {
      for (Index i = 0; i < size; ++i) buffer[i] = f(from[i]);
    });
    return buffer;
  }

 private:
  Blocking blocking_;
  StoredWeights<S> weights_;
  std::vector<Index> starts_;
};

/// What a weight w and an input x add to an output's sum.
enum class Term {
  product,    ///< w·x
  plus,       ///< (w·x)⁺
  plus_back,  ///< (±w)⁺·x, with the sign of a number that belongs to the output
};

/// The numbers that the outputs of Term::plus_back belong to: as far from the first as the output is from
/// `outputs`.
template <class S>
struct Signs {
  const S* first = nullptr;
  const S* outputs = nullptr;

  const S* of(const S* output) const { return first + (output - outputs); }
};

/// Packets of a panel that are computed together: signs take as many registers as the sums.
template <class S, Term term>
inline constexpr int packets_together = term == Term::plus_back ? panel_packets<S> / 2 : panel_packets<S>;

/// out[n][0 … width) = (fresh ? 0 : out[n]) + Σ_run Σ_k term(weights[run][k][…], inputs[run][n][first + k])
/// for N positions, `inputs` holding `positions` pointers a run.
template <class S, int Packets, Term term, int N>
[[gnu::noinline]] void accumulate(const S* weights, const S* const* inputs, const Block& block, S* const* out,
                                  bool fresh, Index width, const Signs<S>& signs) {
  using L = Lanes<S>;
  using Packet = typename L::Packet;
  const bool whole = width >= Packets * L::size;
  Packet sums[N][Packets];
  [[maybe_unused]] Packet sign[N][Packets];
  std::array<S, std::size_t(Packets * L::size)> edge;
  if (!whole) edge.fill(S(0));
  const auto readable = [&](const S* from) -> const S* {
    if (whole) return from;
    std::copy_n(from, width, edge.data());
    return edge.data();
  };
  if (fresh) {
    ASCRIBE_UNROLL
    for (int n = 0; n < N; ++n) {
      ASCRIBE_UNROLL
      for (int m = 0; m < Packets; ++m) sums[n][m] = L::all(S(0));
    }
  } else {
    ASCRIBE_UNROLL
    for (int n = 0; n < N; ++n) {
      const S* from = readable(out[n]);
      ASCRIBE_UNROLL
      for (int m = 0; m < Packets; ++m) sums[n][m] = L::load(from + m * L::size);
    }
  }
  if constexpr (term == Term::plus_back) {
    ASCRIBE_UNROLL
    for (int n = 0; n < N; ++n) {
      const S* from = readable(signs.of(out[n]));
      ASCRIBE_UNROLL
      for (int m = 0; m < Packets; ++m) sign[n][m] = L::signs_of(L::load(from + m * L::size));
    }
  }
  for (Index run = 0; run < block.runs; ++run) {
    const S* x[N];
    ASCRIBE_UNROLL
    for (int n = 0; n < N; ++n) x[n] = inputs[run * positions + n] + block.first;
    for (Index k = 0; k < block.depth; ++k) {
      Packet w[Packets];
      ASCRIBE_UNROLL
      for (int m = 0; m < Packets; ++m) w[m] = L::load(weights + m * L::size);
      weights += panel_width<S>;
      ASCRIBE_UNROLL
      for (int n = 0; n < N; ++n) {
        const Packet a = L::all(x[n][k]);
        ASCRIBE_UNROLL
        for (int m = 0; m < Packets; ++m) {
          if constexpr (term == Term::product)
            sums[n][m] = L::multiply_add(w[m], a, sums[n][m]);
          else if constexpr (term == Term::plus)
            sums[n][m] = L::add(sums[n][m], L::above_zero(L::multiply(w[m], a)));
          else
            sums[n][m] = L::multiply_add(L::above_zero(L::signed_by(sign[n][m], w[m])), a, sums[n][m]);
        }
      }
    }
  }
  if (whole) {
    ASCRIBE_UNROLL
    for (int n = 0; n < N; ++n) {
      ASCRIBE_UNROLL
      for (int m = 0; m < Packets; ++m) L::store(out[n] + m * L::size, sums[n][m]);
    }
  } else {
    ASCRIBE_UNROLL
    for (int n = 0; n < N; ++n) {
      ASCRIBE_UNROLL
      for (int m = 0; m < Packets; ++m) L::store(edge.data() + m * L::size, sums[n][m]);
      std::copy_n(edge.data(), width, out[n]);
    }
  }
}

/// `accumulate` for up to N positions.
template <class S, int Packets, Term term = Term::product, int N = positions>
void accumulate_some(Index count, const S* weights, const S* const* inputs, const Block& block, S* const* out,
                     bool fresh, Index width, const Signs<S>& signs = {}) {
  if constexpr (N > 1)
    if (count < N)
      return accumulate_some<S, Packets, term, N - 1>(count, weights, inputs, block, out, fresh, width,
                                                      signs);
  accumulate<S, Packets, term, N>(weights, inputs, block, out, fresh, width, signs);
}

/// The same for `width` outputs of a panel: no more packets than hold them.
template <class S, Term term, int Packets = packets_together<S, term>>
void accumulate_panel(Index count, const S* weights, const S* const* inputs, const Block& block,
                      S* const* out, bool fresh, Index width, const Signs<S>& signs) {
  if constexpr (Packets > 1)
    if (width <= (Packets - 1) * Lanes<S>::size)
      return accumulate_panel<S, term, Packets - 1>(count, weights, inputs, block, out, fresh, width, signs);
  accumulate_some<S, Packets, term>(count, weights, inputs, block, out, fresh, width, signs);
}

/// The pointers of a tile. `inputs` holds them by group of `positions` positions, run and position in the
/// group.
template <class S>
struct Tile {
  Index count = 0;
  std::array<S*, std::size_t(tile_positions)> out;
  std::array<const S*, std::size_t(tile_positions* block_runs)> inputs;

  const S*& input(Index position, Index runs, Index run) {
    return inputs[std::size_t((position / positions * runs + run) * positions + position % positions)];
  }
};

/// The outputs of panels [from, to) at a tile's positions: out[position] is where the first output of panel
/// `from` goes. point(block, tile) sets the tile's inputs for a block, of which consecutive ones with the
/// same runs are asked once; panel(block, panel, buffer) is where a panel's weights are.
template <Term term = Term::product, class S, class Point, class Panel>
void multiply_tile(const Blocking& blocking, Tile<S>& tile, Index from, Index to, Point point, Panel panel,
                   const Signs<S>& signs = {}) {
  constexpr Index width = panel_width<S>, together = packets_together<S, term> * Lanes<S>::size;
  alignas(EIGEN_MAX_ALIGN_BYTES == 0 ? alignof(S) : EIGEN_MAX_ALIGN_BYTES)
      std::array<S, std::size_t(block_depth * width)>
          buffer;
  std::array<S*, std::size_t(positions)> out;
  for (Index i = 0; i < blocking.count(); ++i) {
    const Block block = blocking.block(i);
    if (block.first == 0) point(block, tile);
    for (Index p = from; p < to; ++p) {
      const S* weights = panel(i, p, buffer.data());
      const Index rest = std::min(width, blocking.outputs() - p * width);
      for (Index g = 0; g < tile.count; g += positions) {
        const Index count = std::min<Index>(positions, tile.count - g);
        const S* const* inputs = tile.inputs.data() + g * block.runs;
        for (Index o = 0; o < rest; o += together) {
          for (Index n = 0; n < count; ++n)
            out[std::size_t(n)] = tile.out[std::size_t(g + n)] + (p - from) * width + o;
          accumulate_panel<S, term>(count, weights + o, inputs, block, out.data(), i == 0,
                                    std::min(together, rest - o), signs);
        }
      }
    }
  }
}

/// Calls body(first, count, from, to) for tiles of at most `most` of `all` positions and ranges of `panels`
/// panels that cover all, in parallel. Positions up to `few` are shared out by panels, so that each thread
/// reads a part of the weights for all positions rather than all of them for a part (14 × 14 pixels of
/// ResNet-50: a tenth faster), and by positions too where few panels make no even shares.
template <class Body>
void each_tile(Index all, Index panels, Index most, Body&& body, Index few = tile_positions / 2) {
  if (all == 0) return;
  constexpr Index least = tile_positions / 4;
  const Index threads = thread_count();
  Index tiles = (all + most - 1) / most, shares = 1;
  if (threads > 1 && all <= few) {
    shares = std::min(panels, 4 * threads);
    tiles = std::max(tiles, std::min((4 * threads + shares - 1) / shares, all / (4 * positions)));
  } else if (tiles < 4 * threads) {  // enough of them that one thread makes up for another's delay
    tiles = std::max((tiles + threads - 1) / threads, std::min<Index>(4, all / (least * threads))) * threads;
  }
  const Index even = ((all + tiles - 1) / tiles + positions - 1) / positions * positions;
  const Index size = std::min(most, even);
  tiles = (all + size - 1) / size;
  parallel_for(tiles * shares, [&](Index i) {
    const Index tile = i / shares, share = i % shares, first = tile * size;
    body(first, std::min(size, all - first), panels * share / shares, panels * (share + 1) / shares);
  });
}

}  // namespace ascribe::kernel
