/// The derivative of a convolution's product by its weights.
#pragma once

#include <algorithm>
#include <array>
#include <numeric>
#include <type_traits>

#include <ascribe/core/parallel.hpp>
#include <ascribe/core/spatial.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/kernels/lanes.hpp>
#include <ascribe/kernels/panels.hpp>

namespace ascribe::kernel {

/// Along one axis, where the inputs lie that `count` neighbouring outputs meet at `taps` taps: those of one
/// tap are neighbours, whatever the stride is. They come in `parts` of `length`, entry i of part p being the
/// input origin(p) + i·stride. Taps whose inputs are whole strides apart share a part, unless the dilation is
/// so wide that each has fewer by itself.
struct Meetings {
  Index count, taps, stride, dilation, period;
  bool shared;
  Index parts, length;

  Meetings(Index outputs, Index some_taps, Index step, Index spacing)
      : count(outputs),
        taps(some_taps),
        stride(step),
        dilation(spacing),
        period(step / std::gcd(step, spacing)) {
    const Index reach = count + (taps - 1) * dilation / stride;
    shared = std::min(taps, period) * reach <= taps * count;
    parts = shared ? std::min(taps, period) : taps;
    length = shared ? reach : count;
  }

  Index size() const { return parts * length; }
  Index origin(Index part) const { return shared ? part * dilation % stride : part * dilation; }
  /// The first entry of a tap.
  Index start(Index tap) const {
    return shared ? tap % period * length + tap * dilation / stride : tap * length;
  }
};

/// sums[n][…] += Σ_row Σ_x plane_n[row·pitch + x] · outputs[row][x][…] for `positions` planes and one panel
/// of outputs, in `Packets` registers each.
template <class S, int Packets>
[[gnu::noinline]] void add_products(const S* outputs, const S* const* planes, Index rows, Index width,
                                    Index pitch, S* sums) {
  using L = Lanes<S>;
  typename L::Packet sum[positions][Packets];
  ASCRIBE_UNROLL
  for (int n = 0; n < positions; ++n) {
    ASCRIBE_UNROLL
    for (int m = 0; m < Packets; ++m) sum[n][m] = L::load(sums + n * panel_width<S> + m * L::size);
  }
  for (Index row = 0; row < rows; ++row) {
    const S* x[positions];
    ASCRIBE_UNROLL
    for (int n = 0; n < positions; ++n) x[n] = planes[n] + row * pitch;
    for (Index k = 0; k < width; ++k, outputs += panel_width<S>) {
      typename L::Packet s[Packets];
      ASCRIBE_UNROLL
      for (int m = 0; m < Packets; ++m) s[m] = L::load(outputs + m * L::size);
      ASCRIBE_UNROLL
      for (int n = 0; n < positions; ++n) {
        const auto a = L::all(x[n][k]);
        ASCRIBE_UNROLL
        for (int m = 0; m < Packets; ++m) sum[n][m] = L::multiply_add(s[m], a, sum[n][m]);
      }
    }
  }
  ASCRIBE_UNROLL
  for (int n = 0; n < positions; ++n) {
    ASCRIBE_UNROLL
    for (int m = 0; m < Packets; ++m) L::store(sums + n * panel_width<S> + m * L::size, sum[n][m]);
  }
}

/// Σ_n s_n a_nᵀ over a convolution's weights, in the order filter, channel of the group, tap. A panel of
/// filters stands for the outputs of kernels/panels.hpp, output pixels for the inputs of a sum: of a block of
/// some 256 pixels, the panel's values are packed pixel by pixel, and the inputs channel by channel, padding
/// and all, so that each pair of a channel and a tap reads neighbours. A thread sums some panels, channels
/// and taps over all samples on its stack: the order of the terms depends on the geometry alone.
template <class S>
class WeightGradient {
 public:
  WeightGradient(const Spatial& geometry, Index channels, Index filters, Index groups)
      : g_(geometry),
        channels_(channels),
        filters_(filters),
        group_channels_(channels / groups),
        group_filters_(filters / groups),
        groups_(groups) {}

  /// gradient += …, after derive(group, panel, tap, channel, sums) has changed the panel's sums of a weight.
  template <class Derive>
  void add(const S* s, const S* a, S* gradient, Index samples, Derive derive) const {
    if (samples == 0) return;
    Spatial g = g_;
    if (g.kernel_taps() == 1 && g.stride.pixels() == 1 && g.pads.none()) {
      g.input = {1, g.input_pixels() * samples};  // pixels by themselves: one line of all
      samples = 1;
    }
    const Box box = box_of(g);
    const auto parts = [](Index all, Index size) { return (all + size - 1) / size; };
    const Index panel_parts = parts(box.all_panels, box.panels),
                channel_parts = parts(group_channels_, box.channels),
                plane_parts = parts(g.kernel.depth, box.taps.depth),
                row_parts = parts(g.kernel.height, box.taps.height),
                column_parts = parts(g.kernel.width, box.taps.width);
    parallel_for(groups_ * panel_parts * channel_parts * plane_parts * row_parts * column_parts,
                 [&](Index i) {
                   Share share;
                   const auto part = [&](Index count, Index size, Index all, Index& first, Index& some) {
                     first = i % count * size;
                     some = std::min(size, all - first);
                     i /= count;
                   };
                   part(column_parts, box.taps.width, g.kernel.width, share.tap_x, share.taps.width);
                   part(row_parts, box.taps.height, g.kernel.height, share.tap_y, share.taps.height);
                   part(plane_parts, box.taps.depth, g.kernel.depth, share.tap_z, share.taps.depth);
                   part(channel_parts, box.channels, group_channels_, share.channel, share.channels);
                   part(panel_parts, box.panels, box.all_panels, share.panel, share.panels);
                   share.group = i;
                   sum(g, box, share, s, a, samples, gradient, derive);
                 });
  }

 private:
  using L = Lanes<S>;
  static constexpr Index width = panel_width<S>;
  /// Pairs of a channel and a tap that a thread sums for a panel at a time, pixels of a block, and inputs
  /// packed for it.
  static constexpr Index most_pairs = 512, most_pixels = 256, most_inputs = 12288;

  /// What a thread sums at a time at most, and the output pixels of a block.
  struct Box {
    Index all_panels, panels, channels;
    Extent taps, pixels;
  };
  /// What a thread sums: parts of a group's filters, channels and taps.
  struct Share {
    Index group, panel, panels, channel, channels, tap_z, tap_y, tap_x;
    Extent taps;
    Index pairs() const { return channels * taps.pixels(); }
  };
  /// Where the inputs of some outputs lie that a share's taps meet, packed plane by plane.
  struct Packed {
    Meetings planes, rows, columns;

    Packed(const Spatial& g, const Extent& outputs, const Extent& taps)
        : planes(outputs.depth, taps.depth, g.stride.depth, g.dilation.depth),
          rows(outputs.height, taps.height, g.stride.height, g.dilation.height),
          columns(outputs.width, taps.width, g.stride.width, g.dilation.width) {}

    Index plane() const { return rows.size() * columns.size(); }
    Index size() const { return planes.size() * plane(); }
  };

  /// Parts of at most `most`, as equal as there are.
  static Index even(Index all, Index most) {
    const Index parts = (all + most - 1) / most;
    return (all + parts - 1) / parts;
  }

  Box box_of(const Spatial& g) const {
    Box box;
    box.pixels.width = even(g.output_width(), most_pixels);
    box.pixels.height = even(g.output_height(), std::max<Index>(1, most_pixels / box.pixels.width));
    box.pixels.depth =
        even(g.output_depth(), std::max<Index>(1, most_pixels / (box.pixels.height * box.pixels.width)));
    box.taps = g.kernel;
    const auto inputs = [&] { return Packed(g, box.pixels, box.taps).size(); };
    // A kernel that is too large goes in parts of its planes, of its rows, or of one row. Halved until it is
    // not, a part takes more than half of the room: it has one channel.
    const auto too_many = [&] { return box.taps.pixels() > most_pairs || inputs() > most_inputs; };
    while (too_many() && box.taps.depth > 1) box.taps.depth = (box.taps.depth + 1) / 2;
    while (too_many() && box.taps.height > 1) box.taps.height = (box.taps.height + 1) / 2;
    while (too_many()) box.taps.width = (box.taps.width + 1) / 2;
    const Index taps = box.taps.pixels();
    // Two panels at least share the packed inputs where they can.
    box.channels =
        std::clamp<Index>(std::min(most_pairs / (2 * taps), most_inputs / inputs()), 1, group_channels_);
    const auto whole_registers = [&](Index count) {
      return count < L::size ? count : std::min(box.channels, (count + L::size - 1) / L::size * L::size);
    };
    if (box.channels >= L::size) box.channels = box.channels / L::size * L::size;
    box.channels = whole_registers(even(group_channels_, box.channels));
    box.all_panels = (group_filters_ + width - 1) / width;
    const Index pairs = (box.channels * taps + positions - 1) / positions * positions;
    box.panels = even(box.all_panels, std::max<Index>(1, most_pairs / pairs));
    // Enough for all threads, that one makes up for another's delay.
    const auto shares = [&] {
      return groups_ * ((box.all_panels + box.panels - 1) / box.panels) *
             ((group_channels_ + box.channels - 1) / box.channels);
    };
    for (const Index wanted = 4 * thread_count(); thread_count() > 1 && shares() < wanted;)
      if (box.panels > 1)
        box.panels = (box.panels + 1) / 2;
      else if (box.channels > 2 * L::size)
        box.channels = whole_registers((box.channels + 1) / 2);
      else
        break;
    return box;
  }

  template <class Derive>
  void sum(const Spatial& g, const Box& box, const Share& share, const S* s, const S* a, Index samples,
           S* gradient, Derive& derive) const {
    const Index pairs = (share.pairs() + positions - 1) / positions * positions;
    std::array<S, std::size_t((most_pairs + positions) * width)> sums;
    std::array<S, std::size_t(most_inputs)> inputs;
    std::array<S, std::size_t(most_pixels * width)> outputs;
    std::array<Index, std::size_t(most_pairs + positions)> places;
    std::fill_n(sums.data(), share.panels * pairs * width, S(0));
    const Extent all = g.output();
    for (Index n = 0; n < samples; ++n)
      for (Index z = 0; z < all.depth; z += box.pixels.depth)
        for (Index y = 0; y < all.height; y += box.pixels.height)
          for (Index x = 0; x < all.width; x += box.pixels.width) {
            const Extent some{std::min(box.pixels.height, all.height - y),
                              std::min(box.pixels.width, all.width - x),
                              std::min(box.pixels.depth, all.depth - z)};
            const Packed packed(g, some, share.taps);
            const S* image =
                a + n * g.input_pixels() * channels_ + share.group * group_channels_ + share.channel;
            pack_inputs(g, share, packed, z * g.stride.depth - g.pads.front + share.tap_z * g.dilation.depth,
                        y * g.stride.height - g.pads.top + share.tap_y * g.dilation.height,
                        x * g.stride.width - g.pads.left + share.tap_x * g.dilation.width, image,
                        inputs.data());
            place_pairs(share, packed, places.data());
            for (Index p = 0; p < share.panels; ++p) {
              const Index first = (share.panel + p) * width, rest = std::min(width, group_filters_ - first);
              const S* from = s + (n * all.pixels() + all.pixel(z, y, x)) * filters_ +
                              share.group * group_filters_ + first;
              pack_outputs(from, some, all, rest, outputs.data());
              add_panel(share.pairs(), places.data(), some, packed, outputs.data(), inputs.data(), rest,
                        sums.data() + p * pairs * width);
            }
          }
    for (Index p = 0; p < share.panels; ++p)
      add_to(g, share, share.panel + p, sums.data() + p * pairs * width, gradient, derive);
  }

  /// to[channel][plane][row][column], zeros outside of the image. `front`, `top`, `left`: the first output's
  /// input at the share's first tap.
  void pack_inputs(const Spatial& g, const Share& share, const Packed& packed, Index front, Index top,
                   Index left, const S* image, S* to) const {
    const Meetings &planes = packed.planes, &rows = packed.rows;
    for (Index k = 0; k < planes.size(); ++k) {
      const Index z = front + planes.origin(k / planes.length) + k % planes.length * g.stride.depth;
      for (Index i = 0; i < rows.size(); ++i, to += packed.columns.size()) {
        const Index y = top + rows.origin(i / rows.length) + i % rows.length * g.stride.height;
        const bool inside = z >= 0 && z < g.input.depth && y >= 0 && y < g.input.height;
        pack_line(g, share, packed, left, inside ? image + g.input.pixel(z, y, 0) * channels_ : nullptr, to);
      }
    }
  }

  /// One row of them, from a row of the image; zeros where that is none.
  void pack_line(const Spatial& g, const Share& share, const Packed& packed, Index left, const S* line,
                 S* to) const {
    const Meetings& columns = packed.columns;
    const Index step = g.stride.width * channels_, apart = packed.size();  // from channel to channel
    for (Index part = 0; part < columns.parts; ++part, to += columns.length) {
      const Index origin = left + columns.origin(part);
      Index begin = 0, end = 0;  // of the entries inside the image
      if (line != nullptr) {
        begin = std::min(columns.length, origin < 0 ? (-origin + g.stride.width - 1) / g.stride.width : 0);
        end = origin >= g.input.width
                  ? begin
                  : std::clamp((g.input.width - origin + g.stride.width - 1) / g.stride.width, begin,
                               columns.length);
      }
      for (Index c = 0; c < share.channels; ++c) {
        std::fill_n(to + c * apart, begin, S(0));
        std::fill_n(to + c * apart + end, columns.length - end, S(0));
      }
      if (begin < end)
        transpose(line + (origin + begin * g.stride.width) * channels_, step, end - begin, share.channels,
                  to + begin, apart);
    }
  }

  /// to(channel, pixel) = from(pixel, channel), in registers, the last of which has some pixels again.
  static void transpose(const S* from, Index step, Index pixels, Index channels, S* to, Index plane) {
    Index c = 0;
    if (pixels >= L::size)
      for (; c + L::size <= channels; c += L::size)
        for (Index x = 0; x < pixels; x += L::size) {
          const Index at = std::min(x, pixels - L::size);
          L::transpose(from + at * step + c, step, to + c * plane + at, plane);
        }
    for (; c < channels; ++c)
      for (Index x = 0; x < pixels; ++x) to[c * plane + x] = from[x * step + c];
  }

  /// to[plane][row][column][filter of the panel], zeros beyond the last.
  void pack_outputs(const S* from, const Extent& some, const Extent& all, Index rest, S* to) const {
    for (Index z = 0; z < some.depth; ++z)
      for (Index y = 0; y < some.height; ++y)
        for (Index x = 0; x < some.width; ++x, to += width) {
          const S* pixel = from + all.pixel(z, y, x) * filters_;
          if (rest == width) {
            for (Index m = 0; m < width; m += L::size) L::store(to + m, L::load(pixel + m));
          } else {
            std::copy_n(pixel, rest, to);
            std::fill_n(to + rest, width - rest, S(0));
          }
        }
  }

  /// Where the inputs of each pair begin; behind the last, the first again.
  static void place_pairs(const Share& share, const Packed& packed, Index* to) {
    Index* next = to;
    for (Index z = 0; z < share.taps.depth; ++z)
      for (Index y = 0; y < share.taps.height; ++y)
        for (Index x = 0; x < share.taps.width; ++x)
          *next++ = packed.planes.start(z) * packed.plane() + packed.rows.start(y) * packed.columns.size() +
                    packed.columns.start(x);
    const Index taps = next - to;
    for (Index k = taps; k < share.pairs(); ++k) to[k] = to[k - taps] + packed.size();
    std::fill_n(to + share.pairs(), positions, Index(0));
  }

  static void add_panel(Index pairs, const Index* places, const Extent& some, const Packed& packed,
                        const S* outputs, const S* inputs, Index rest, S* sums) {
    std::array<const S*, std::size_t(positions)> planes;
    const Index plane = some.height * some.width * width;
    for (Index first = 0; first < pairs; first += positions, sums += positions * width)
      for (Index z = 0; z < some.depth; ++z) {
        for (int n = 0; n < positions; ++n)
          planes[std::size_t(n)] = inputs + places[first + n] + z * packed.plane();
        const auto add = [&](auto packets) {
          add_products<S, decltype(packets)::value>(outputs + z * plane, planes.data(), some.height,
                                                    some.width, packed.columns.size(), sums);
        };
        if (rest > width / 2 || panel_packets<S> == 1)
          add(std::integral_constant<int, panel_packets<S>>());
        else
          add(std::integral_constant<int, panel_packets<S> / 2>());
      }
  }

  /// Filter by filter, whose pairs are neighbours in the gradient, as far as the share has all taps.
  template <class Derive>
  void add_to(const Spatial& g, const Share& share, Index panel, S* sums, S* gradient, Derive& derive) const {
    const Index filters = std::min(width, group_filters_ - panel * width), all_taps = g.kernel_taps();
    // Of the kernel, the tap that is the share's own number `tap`.
    const auto of_kernel = [&](Index tap) {
      const Index row = tap / share.taps.width;
      return g.kernel.pixel(share.tap_z + row / share.taps.height, share.tap_y + row % share.taps.height,
                            share.tap_x + tap % share.taps.width);
    };
    const Index taps = share.taps.pixels();
    for (Index pair = 0; pair < share.pairs(); ++pair)
      derive(share.group, panel, of_kernel(pair % taps), share.channel + pair / taps, sums + pair * width);
    const bool whole = taps == all_taps;
    const Index run = whole ? share.pairs() : share.taps.width;
    for (Index r = 0; r * run < share.pairs(); ++r) {
      S* to = gradient +
              ((share.group * group_filters_ + panel * width) * group_channels_ + share.channel) * all_taps +
              of_kernel(r * share.taps.width);
      const S* from = sums + r * run * width;
      for (Index f = 0; f < filters; f += L::size) {
        Index k = 0;
        if (f + L::size <= filters)
          for (; k + L::size <= run; k += L::size) {
            std::array<S, std::size_t(L::size * L::size)> turned;
            L::transpose(from + k * width + f, width, turned.data(), L::size);
            for (Index m = 0; m < L::size; ++m) {
              S* line = to + (f + m) * group_channels_ * all_taps + k;
              L::store(line, L::add(L::load(line), L::load(turned.data() + m * L::size)));
            }
          }
        for (; k < run; ++k)
          for (Index m = f; m < std::min(filters, f + L::size); ++m)
            to[m * group_channels_ * all_taps + k] += from[k * width + m];
      }
    }
  }

  Spatial g_;
  Index channels_, filters_, group_channels_, group_filters_, groups_;
};

}  // namespace ascribe::kernel
