/// Features copied, moved, repeated or left out: what permutations, slices, padding, nearest resizing and
/// concatenation are.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/loops.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/spatial.hpp>
#include <ascribe/core/sum.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/maps/linear_map.hpp>

namespace ascribe::map {

/// b_j = a_source(j), or 0 where output j has no source: padding, to which the layer's bias may give
/// another constant. It is not a layer of the network but its wiring: relevance goes back the way that the
/// values came, under every method (rule::Rewire).
/// Example: `Selection<float>(3, std::vector<Index>{2, 0, -1})` takes `[7 8 9]` to `[9 7 0]`.
template <class Scalar_>
class Selection {
 public:
  using Scalar = Scalar_;
  static constexpr int inputs = Dynamic;
  static constexpr int outputs = Dynamic;
  static constexpr Role role = Role::wiring;
  static constexpr bool samplewise = true;
  static constexpr const char* name = "Selection";

  /// `sources` has an input's index, or −1, for every output. Throws Error where it is empty or names an
  /// input that there is not.
  Selection(Index input_count, std::span<const Index> sources)
      : inputs_(input_count), outputs_(Index(sources.size())) {
    checked_size("Selection", "inputs", {input_count});
    checked_size("Selection", "outputs", {outputs_});
    Grid run{-1, 0, 0};
    // A bit an input, where these take no more memory than the table: fewer outputs are soon handed back by
    // one thread.
    reads_once_ = input_count / 64 <= outputs_;
    std::vector<bool> is_read(std::size_t(reads_once_ ? input_count : 0), false);
    for (Index j = 0; j < outputs_; ++j) {
      const Index source = sources[std::size_t(j)];
      if (source < -1 || source >= input_count)
        fail("Selection: the source of output ", j, ": expected -1 to ", input_count - 1, ", found ", source);
      if (source >= 0 && reads_once_) {
        reads_once_ = !is_read[std::size_t(source)];
        is_read[std::size_t(source)] = true;
      }
      if (run.count > 0 && !run.goes_on_with(source)) {
        add(run);
        run = {-1, 0, 0};
      }
      if (run.count == 0) run.from = source;
      ++run.count;
    }
    add(run);
    divide();
  }

  Index input_size() const { return inputs_; }
  Index output_size() const { return outputs_; }
  /// As they were given.
  std::vector<Index> sources() const {
    std::vector<Index> all;
    for (const Grid& grid : grids_)
      for (Index i = 0; i < grid.rows; ++i)
        for (Index k = 0; k < grid.count; ++k) all.push_back(grid.from + i * grid.stride + k * grid.step);
    return all;
  }

  template <int N>
  void apply(View<Scalar, inputs, N> a, Out<Scalar, outputs, N> b, Weights weights) const {
    copy(a.cols(), a.data(), b.data(), replaced(Scalar(1), weights));
  }

  template <int N>
  void apply_transposed(View<Scalar, outputs, N> s, Out<Scalar, inputs, N> g, Weights weights) const {
    hand_back(s.cols(), s.data(), g.data(), replaced(Scalar(1), weights));
  }

  bool weights_are_finite() const { return true; }
  InputLayout input_layout() const {
    const bool all = grids_.size() == 1 && grids_[0].from == 0 && grids_[0].is_run() &&
                     grids_[0].count == inputs_ && (grids_[0].step == 1 || inputs_ == 1);
    return all ? InputLayout::as_they_lie : InputLayout::no;
  }

  /// Calls f(first output, count) for the outputs without a source, neighbours together.
  template <class F>
  void each_gap(F&& f) const {
    Index to = 0;
    for (const Grid& grid : grids_) {
      if (grid.from < 0) f(to, grid.size());
      to += grid.size();
    }
  }

 private:
  /// Neighbouring outputs: `rows` of `count`, whose inputs are `step` from each other in a row, and `stride`
  /// from a row to the next. An image's channels brought to its pixels are one grid. Outputs that read
  /// nothing are one row from −1, with step 0.
  struct Grid {
    Index from, count, step, rows = 1, stride = 0;

    Index size() const { return rows * count; }
    bool is_run() const { return rows == 1; }
    /// Whether the row goes on with this source; one of a single output gets its step so.
    bool goes_on_with(Index source) {
      if (count == 1 && (from < 0) == (source < 0)) step = source - from;
      return (from < 0) == (source < 0) && (count == 1 || source == from + count * step);
    }
    /// Whether this row is the next; a grid of one row gets its stride so.
    bool takes(const Grid& row) {
      if (from < 0 || row.from < 0 || row.count != count || row.step != step) return false;
      if (is_run()) stride = row.from - from;
      return row.from == from + rows * stride;
    }
  };

  /// Where what a thread takes at a time begins: in this grid, behind so many of its rows, or of its one
  /// row's outputs.
  struct Start {
    Index grid, skipped, output;
  };

  void add(const Grid& row) {
    if (!grids_.empty() && grids_.back().takes(row))
      ++grids_.back().rows;
    else
      grids_.push_back(row);
  }
  /// Outputs in parts of about piece_size, whose borders depend on the table alone.
  void divide() {
    Index output = 0;
    starts_.push_back({0, 0, 0});
    for (std::size_t g = 0; g < grids_.size(); ++g) {
      const Grid& grid = grids_[g];
      const Index unit = grid.is_run() ? 1 : grid.count, units = grid.size() / unit;
      for (Index done = 0; done < units;) {
        const Index room = (starts_.back().output + piece_size - output + unit - 1) / unit;
        const Index taken = std::min(units - done, room);
        done += taken;
        output += taken * unit;
        if (taken == room && output < outputs_)
          starts_.push_back(done < units ? Start{Index(g), done, output} : Start{Index(g) + 1, 0, output});
      }
    }
    starts_.push_back({Index(grids_.size()), 0, outputs_});
  }

  Index parts() const { return Index(starts_.size()) - 1; }

  /// Calls f(first output, grid) for what is a part's of each grid.
  template <class F>
  void each_grid(Index part, F&& f) const {
    const Start &begin = starts_[std::size_t(part)], &end = starts_[std::size_t(part) + 1];
    Index to = begin.output;
    for (Index g = begin.grid; to < end.output; ++g) {
      Grid grid = grids_[std::size_t(g)];
      Index& units = grid.is_run() ? grid.count : grid.rows;
      const Index first = g == begin.grid ? begin.skipped : 0;
      grid.from += first * (grid.is_run() ? grid.step : grid.stride);
      units = (g == end.grid ? end.skipped : units) - first;
      f(to, grid);
      to += grid.size();
    }
  }

  /// Neighbours, or others as far from each other: `count` outputs and what they read.
  struct Line {
    Index to, to_step, from, from_step, count;
  };

  /// Calls f(line) for a grid's rows, or for its columns where these are longer and rows are no neighbours.
  template <class F>
  static void each_line(Index to, const Grid& grid, F&& f) {
    if (grid.step == 1 || grid.count >= grid.rows)
      for (Index i = 0; i < grid.rows; ++i)
        f(Line{to + i * grid.count, 1, grid.from + i * grid.stride, grid.step, grid.count});
    else
      for (Index k = 0; k < grid.count; ++k)
        f(Line{to + k, grid.count, grid.from + k * grid.step, grid.stride, grid.rows});
  }

  // Pointers alone: one for all shapes. `weight`: what the 1 that every stored weight is was replaced by.
  [[gnu::noinline]] void copy(Index samples, const Scalar* a, Scalar* b, const Scalar& weight) const {
    each_part(samples, parts(), std::min(outputs_, piece_size), [&](Index n, Index part) {
      const Scalar* from = a + n * inputs_;
      Scalar* to = b + n * outputs_;
      each_grid(part, [&](Index first, const Grid& grid) {
        if (grid.from < 0)
          std::fill_n(to + first, grid.count, Scalar(0));
        else
          each_line(first, grid, [&](const Line& line) { copy(line, from + line.from, to + line.to); });
        if (weight != Scalar(1)) ascribe::detail::multiply(grid.size(), weight, to + first, to + first);
      });
    });
  }
  static void copy(const Line& line, const Scalar* from, Scalar* to) {
    if (line.to_step == 1 && line.from_step == 1)
      std::copy_n(from, line.count, to);
    else if (line.to_step == 1 && line.from_step == 0)
      std::fill_n(to, line.count, *from);
    else
      for (Index k = 0; k < line.count; ++k) to[k * line.to_step] = from[k * line.from_step];
  }

  [[gnu::noinline]] void hand_back(Index samples, const Scalar* s, Scalar* g, const Scalar& weight) const {
    each_piece(inputs_, samples, [&](Index n, Index first, Index width) {
      std::fill_n(g + n * inputs_ + first, width, Scalar(0));
    });
    // An input that many outputs read gets its sum from one thread.
    const Index here = reads_once_ ? parts() : 1, together = parts() / here;
    each_part(samples, here, outputs_ / here, [&](Index n, Index part) {
      const Scalar* from = s + n * outputs_;
      Scalar* to = g + n * inputs_;
      for (Index p = part; p < part + together; ++p)
        each_grid(p, [&](Index first, const Grid& grid) {
          if (grid.from < 0) return;
          each_line(first, grid,
                    [&](const Line& line) { hand_back(line, weight, from + line.to, to + line.from); });
        });
    });
  }
  static void hand_back(const Line& line, const Scalar& weight, const Scalar* from, Scalar* to) {
    if (line.to_step == 1 && line.from_step == 1)
      ascribe::detail::add_multiple(line.count, weight, from, to);
    else if (line.from_step == 0)  // one value to many: a normalisation's mean, say
      *to += weight * sum_of<Scalar>(line.count, [&](Index k) { return from[k * line.to_step]; });
    else
      for (Index k = 0; k < line.count; ++k) to[k * line.from_step] += weight * from[k * line.to_step];
  }

  Index inputs_, outputs_;
  bool reads_once_;  // no input has two outputs
  std::vector<Grid> grids_;
  std::vector<Start> starts_;
};

}  // namespace ascribe::map
