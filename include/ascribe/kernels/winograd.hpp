/// Convolutions of 3 × 3 pixels by Winograd's fast algorithm: a quarter of the products, and more rounding.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include <ascribe/core/spatial.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/kernels/image_grid.hpp>
#include <ascribe/kernels/lanes.hpp>
#include <ascribe/kernels/panels.hpp>

namespace ascribe::kernel {

/// F(4×4, 3×3) of Lavin & Gray 1509.09308: 4 × 4 outputs Y of a filter g from 6 × 6 inputs d are
/// Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A (their equation 8), 36 products for the 144 of the definition; summed over
/// channels, each of the 36 is a product of matrices. The matrices are those of their section 4.3, which are
/// Toom and Cook's interpolation at 0, 1, −1, 2, −2 and ∞.
struct WinogradMatrices {
  static constexpr int outputs = 4, taps = 3, inputs = 6;
  static constexpr std::array<std::array<double, 6>, 6> of_inputs{{{4, 0, -5, 0, 1, 0},
                                                                   {0, -4, -4, 1, 1, 0},
                                                                   {0, 4, -4, -1, 1, 0},
                                                                   {0, -2, -1, 2, 1, 0},
                                                                   {0, 2, -1, -2, 1, 0},
                                                                   {0, 4, 0, -5, 0, 1}}};  // Bᵀ
  static constexpr std::array<std::array<double, 3>, 6> of_weights{{{1. / 4, 0, 0},
                                                                    {-1. / 6, -1. / 6, -1. / 6},
                                                                    {-1. / 6, 1. / 6, -1. / 6},
                                                                    {1. / 24, 1. / 12, 1. / 6},
                                                                    {1. / 24, -1. / 12, 1. / 6},
                                                                    {0, 0, 1}}};  // G
  static constexpr std::array<std::array<double, 6>, 4> of_outputs{
      {{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}}};  // Aᵀ
};

/// The products with a convolution's matrix and its transpose, as ImageProduct has them, for a kernel of
/// 3 × 3 with stride 1, dilation 1 and one group; weights as they are only. The transposed product is such
/// a convolution too, with its taps turned round. The transforms cancel: floats are off by up to 1e-5 of the
/// largest output (9.6e-6 was found over the shapes of VGG-16 and ResNet-50), doubles by 2e-14.
///
/// Rows of the 6 × 6 go one by one through transform, products and the sum to the outputs, so that what is
/// between fits the stack and the second-level cache.
template <class S>
class Winograd {
 public:
  /// Whether there is such a product.
  static bool serves(const Spatial& g, Index groups) {
    return groups == 1 && g.is_flat() && g.kernel.height == 3 && g.kernel.width == 3 &&
           g.stride.height == 1 && g.stride.width == 1 && g.dilation.height == 1 && g.dilation.width == 1;
  }

  /// Whether it is the faster one: measured on one thread and on two, 1.2 to 2.7 × from here on, and mostly
  /// slower below, where the transforms outweigh the products or few patches share the reading of the
  /// weights.
  static bool pays(const Spatial& g, Index channels, Index filters) {
    constexpr Index least_channels = 24, least_side = 12;
    return std::min(channels, filters) >= least_channels &&
           std::min({g.input.height, g.input.width, g.output_height(), g.output_width()}) >= least_side;
  }

  /// How many scalars the weights take.
  static double held(Index channels, Index filters) {
    const double width = double(panel_width<S>);
    const auto whole = [=](Index outputs) { return std::ceil(double(outputs) / width) * width; };
    return double(elements) * (whole(filters) * double(channels) + whole(channels) * double(filters));
  }

  /// weight(filter, tap, channel). `serves` has to hold.
  template <class Weight>
  Winograd(const Spatial& g, Index channels, Index filters, Weight weight)
      : forward_(g.input, {g.output_height(), g.output_width()}, channels, filters, g.pads.top, g.pads.left,
                 weight),
        backward_({g.output_height(), g.output_width()}, g.input, filters, channels, 2 - g.pads.top,
                  2 - g.pads.left,
                  [&](Index channel, Index tap, Index filter) {
                    return weight(filter, taps * taps - 1 - tap, channel);
                  }),
        zeros_(std::size_t(std::max(channels, filters)), S(0)) {}

  /// b = W a for `samples` images.
  void forward(const S* a, S* b, Index samples, const Finish<S>& finish) const {
    multiply(forward_, a, b, samples, finish);
  }
  /// g = Wᵀ s.
  void backward(const S* s, S* g, Index samples, const Finish<S>& finish) const {
    multiply(backward_, s, g, samples, finish);
  }

 private:
  using L = Lanes<S>;
  using Packet = typename L::Packet;
  using Matrices = WinogradMatrices;
  using Line = std::make_index_sequence<std::size_t(Matrices::inputs)>;
  static constexpr int patch = Matrices::inputs, side = Matrices::outputs, taps = Matrices::taps;
  static constexpr int elements = patch * patch;
  /// Scalars on the stack for a row of transformed inputs: 192 KB, if that is enough for one channel of one
  /// group of positions.
  static constexpr Index scratch_size = std::max<Index>(patch * positions, 192 * 1024 / Index(sizeof(S)));
  /// Patches that are computed together.
  static constexpr Index most_patches = 16 * positions;
  /// Channels that are summed before they go to the outputs, few enough that there is room for 32 patches to
  /// share the reading of the weights. In floats, 128 are as fast as 256 and have half of their error.
  static constexpr Index most_depth = std::clamp<Index>(scratch_size / (patch * 32), 1, 128);

  /// One of the two products: patches at multiples of 4 pixels of the target.
  struct Product {
    template <class Weight>
    Product(Extent source, Extent target, Index from, Index to, Index top_pad, Index left_pad, Weight weight)
        : from_channels(from), to_channels(to), top(top_pad), left(left_pad) {
      grid.grid = {(target.height + side - 1) / side, (target.width + side - 1) / side};
      grid.source = source;
      grid.target = target;
      grid.step = grid.place = {side, side};
      const Index size = from * to;
      std::vector<S> transformed(std::size_t(elements * size));
      for (Index k = 0; k < from; ++k)
        for (Index o = 0; o < to; ++o)
          transform_weights([&](Index tap) { return weight(o, tap, k); }, transformed.data() + k * to + o,
                            size);
      panels = Panels<S>(Blocking(to, elements, from, most_depth, patch), [&](Index e, Index k, Index o) {
        return transformed[std::size_t(e * size + k * to + o)];
      });
    }

    Grid grid;
    Index from_channels, to_channels, top, left;
    Panels<S> panels;  // of which the 36 elements are the runs, and a row's the runs of a block
  };

  /// G g Gᵀ, rounded once where S is a number.
  template <class Weight>
  static void transform_weights(Weight weight, S* to, Index stride) {
    using Wide = std::conditional_t<std::is_same_v<S, float>, double, S>;
    std::array<std::array<Wide, std::size_t(taps)>, std::size_t(patch)> half;
    for (std::size_t r = 0; r < std::size_t(patch); ++r)
      for (std::size_t x = 0; x < std::size_t(taps); ++x) {
        half[r][x] = Wide(0);
        for (std::size_t y = 0; y < std::size_t(taps); ++y)
          half[r][x] += Wide(Matrices::of_weights[r][y]) * Wide(weight(Index(y) * taps + Index(x)));
      }
    for (const auto& row : half)
      for (std::size_t c = 0; c < std::size_t(patch); ++c, to += stride) {
        Wide sum(0);
        for (std::size_t x = 0; x < std::size_t(taps); ++x) sum += row[x] * Wide(Matrices::of_weights[c][x]);
        *to = S(sum);
      }
  }

  /// Σ_k line[k]·x[k] for a line of a matrix that is known when this is compiled.
  template <const auto& matrix, std::size_t Row, std::size_t... K>
  static EIGEN_STRONG_INLINE Packet combine(const Packet* x, std::index_sequence<K...>) {
    Packet sum = L::all(S(0));
    const auto add = [&]<std::size_t k>(std::integral_constant<std::size_t, k>) {
      constexpr double factor = matrix[Row][k];
      if constexpr (factor == 1)
        sum = L::add(sum, x[k]);
      else if constexpr (factor != 0)
        sum = L::multiply_add(x[k], L::all(S(factor)), sum);
    };
    (add(std::integral_constant<std::size_t, K>()), ...);
    return sum;
  }

  /// The first `count` lanes of a register, zeros behind them.
  static Packet load_some(const S* from, Index count) {
    std::array<S, std::size_t(L::size)> edge;
    edge.fill(S(0));
    std::copy_n(from, count, edge.data());
    return L::load(edge.data());
  }

  static Index whole_packets(Index count) { return (count + L::size - 1) / L::size * L::size; }

  void multiply(const Product& product, const S* from, S* to, Index samples, const Finish<S>& finish) const {
    const Blocking& blocking = product.panels.blocking();
    const Index stride = whole_packets(blocking.block(0).depth);
    const Index most =
        std::clamp<Index>(scratch_size / (patch * stride) / positions * positions, positions, most_patches);
    each_tile(
        samples * product.grid.positions(), blocking.panels<S>(), most,
        [&](Index first, Index count, Index begin, Index end) {
          std::array<S, std::size_t(scratch_size)> inputs;
          std::array<S, std::size_t(patch * most_patches * panel_width<S>)> sums;
          for (Index i = 0; i < blocking.count(); ++i) {
            const Block block = blocking.block(i);
            transform_inputs(product, first, count, block, from, inputs.data());
            for (Index p = begin; p < end; ++p) {
              multiply_row(product.panels.panel(i, p, Weights::as_is, nullptr), count, block.depth,
                           inputs.data(), sums.data());
              add_outputs(product, first, count, block, p, sums.data(), to);
            }
          }
          if (finish) finish_patches(product, first, count, begin, end, to, finish);
        },
        2 * positions * thread_count());
  }

  /// inputs[column][patch][channel] = (Bᵀ d B)[row][column] for the channels of a block, filled up to whole
  /// registers.
  void transform_inputs(const Product& product, Index first, Index count, const Block& block, const S* from,
                        S* inputs) const {
    const Index height = product.grid.source.height, width = product.grid.source.width;
    const Index depth = block.depth, stride = whole_packets(depth);
    Walk walk(product.grid, first);
    for (Index i = 0; i < count; ++i, walk.next(), inputs += stride) {
      const Index top = walk.y() * side - product.top, left = walk.x() * side - product.left;
      const S* image = from + walk.sample() * height * width * product.from_channels + block.first;
      // Of the patch's lines that count in this row, those inside the image.
      std::array<std::array<const S*, std::size_t(patch)>, std::size_t(patch)> pixels;
      std::array<S, std::size_t(patch)> factors;
      std::size_t used = 0;
      ASCRIBE_UNROLL
      for (int y = 0; y < patch; ++y) {
        const double factor = Matrices::of_inputs[std::size_t(block.first_run / patch)][std::size_t(y)];
        if (factor == 0 || top + y < 0 || top + y >= height) continue;
        ASCRIBE_UNROLL
        for (int x = 0; x < patch; ++x)
          pixels[used][std::size_t(x)] = left + x >= 0 && left + x < width
                                             ? image + ((top + y) * width + left + x) * product.from_channels
                                             : zeros_.data();
        factors[used++] = S(factor);
      }
      const auto transform = [&](Index k, auto load) {
        Packet half[patch];
        ASCRIBE_UNROLL
        for (int x = 0; x < patch; ++x) half[x] = L::all(S(0));
        for (std::size_t y = 0; y < used; ++y) {
          const Packet factor = L::all(factors[y]);
          ASCRIBE_UNROLL
          for (int x = 0; x < patch; ++x)
            half[x] = L::multiply_add(load(pixels[y][std::size_t(x)] + k), factor, half[x]);
        }
        [&]<std::size_t... Column>(std::index_sequence<Column...>) {
          (L::store(inputs + Index(Column) * count * stride + k,
                    combine<Matrices::of_inputs, Column>(half, Line())),
           ...);
        }
        (Line());
      };
      Index k = 0;
      for (; k + L::size <= depth; k += L::size) transform(k, [](const S* x) { return L::load(x); });
      if (k < depth && depth >= L::size)  // some again
        transform(depth - L::size, [](const S* x) { return L::load(x); });
      else if (k < depth)
        transform(k, [&](const S* x) { return load_some(x, depth - k); });
    }
  }

  /// sums[column][patch][output of the panel]: a block's part of the products of one row.
  static void multiply_row(const S* weights, Index count, Index depth, const S* inputs, S* sums) {
    constexpr Index width = panel_width<S>;
    const Index stride = whole_packets(depth);
    std::array<const S*, std::size_t(positions)> from;
    std::array<S*, std::size_t(positions)> to;
    for (Index column = 0; column < patch; ++column, weights += depth * width)
      for (Index g = 0; g < count; g += positions) {
        const Index some = std::min<Index>(positions, count - g);
        for (Index n = 0; n < some; ++n) {
          from[std::size_t(n)] = inputs + (column * count + g + n) * stride;
          to[std::size_t(n)] = sums + (column * count + g + n) * width;
        }
        accumulate_some<S, panel_packets<S>>(some, weights, from.data(), {0, 1, 0, depth}, to.data(), true,
                                             width);
      }
  }

  /// Adds what a row hands to the outputs, Aᵀ's column times (sums A); the first that comes is written.
  static void add_outputs(const Product& product, Index first, Index count, const Block& block, Index panel,
                          const S* sums, S* to) {
    const Index row = block.first_run / patch;
    constexpr Index width = panel_width<S>;
    const Extent target = product.grid.target;
    const Index channels = product.to_channels, rest = std::min(width, channels - panel * width);
    Walk walk(product.grid, first);
    for (Index i = 0; i < count; ++i, walk.next(), sums += width) {
      S* corner = to + walk.pixel() * channels + panel * width;
      const Index height = std::min<Index>(side, target.height - walk.y() * side);
      const Index pixels = std::min<Index>(side, target.width - walk.x() * side);
      for (Index k = 0; k < rest; k += L::size) {
        Packet columns[patch], outputs[side];
        ASCRIBE_UNROLL
        for (int c = 0; c < patch; ++c) columns[c] = L::load(sums + c * count * width + k);
        [&]<std::size_t... X>(std::index_sequence<X...>) {
          ((outputs[X] = combine<Matrices::of_outputs, X>(columns, Line())), ...);
        }
        (std::make_index_sequence<std::size_t(side)>());
        for (Index y = 0; y < height; ++y) {
          const double weight = Matrices::of_outputs[std::size_t(y)][std::size_t(row)];
          if (weight == 0) continue;
          const bool fresh = block.first == 0 && row == (y == 0 ? 0 : 1);  // the first that is not 0
          const S factor = S(weight);
          S* line = corner + y * target.width * channels + k;
          if (k + L::size <= rest) {
            for (Index x = 0; x < pixels; ++x, line += channels)
              L::store(line,
                       L::multiply_add(outputs[x], L::all(factor), fresh ? L::all(S(0)) : L::load(line)));
          } else {
            std::array<S, std::size_t(L::size)> edge;
            for (Index x = 0; x < pixels; ++x, line += channels) {
              L::store(edge.data(), outputs[x]);
              for (Index m = 0; m < rest - k; ++m)
                line[m] = (fresh ? S(0) : line[m]) + factor * edge[std::size_t(m)];
            }
          }
        }
      }
    }
  }

  /// Lines of a patch's pixels where they are neighbours in memory, else pixels.
  static void finish_patches(const Product& product, Index first, Index count, Index begin, Index end, S* to,
                             const Finish<S>& finish) {
    const Extent target = product.grid.target;
    const Index channels = product.to_channels, from_output = begin * panel_width<S>;
    const Index outputs = std::min(channels, end * panel_width<S>) - from_output;
    Walk walk(product.grid, first);
    for (Index i = 0; i < count; ++i, walk.next()) {
      const Index height = std::min<Index>(side, target.height - walk.y() * side);
      const Index pixels = std::min<Index>(side, target.width - walk.x() * side);
      const Index together = outputs == channels ? pixels : 1;
      for (Index y = 0; y < height; ++y)
        for (Index x = 0; x < pixels; x += together) {
          const Index at = (walk.pixel() + y * target.width + x) * channels + from_output;
          finish(at, together * outputs, to + at);
        }
    }
  }

  Product forward_, backward_;
  std::vector<S> zeros_;
};

}  // namespace ascribe::kernel
