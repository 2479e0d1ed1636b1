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
    for (Index j = 0; j < outputs_; ++j) {
      const Index source = sources[std::size_t(j)];
      if (source < -1 || source >= input_count)
        fail("Selection: the source of output ", j, ": expected -1 to ", input_count - 1, ", found ", source);
      if (!runs_.empty() && runs_.back().takes(source))
        ++runs_.back().count;
      else
        runs_.push_back({source, 1, 0});
    }
  }

  Index input_size() const { return inputs_; }
  Index output_size() const { return outputs_; }
  /// As they were given.
  std::vector<Index> sources() const {
    std::vector<Index> all;
    for (const Run& run : runs_)
      for (Index k = 0; k < run.count; ++k) all.push_back(run.from + k * run.step);
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
    const bool all = runs_.size() == 1 && runs_[0].from == 0 && runs_[0].count == inputs_ &&
                     (runs_[0].step == 1 || inputs_ == 1);
    return all ? InputLayout::as_they_lie : InputLayout::no;
  }

  /// Calls f(first output, count) for the outputs without a source, neighbours together.
  template <class F>
  void each_gap(F&& f) const {
    each_run([&](Index to, const Run& run) {
      if (run.from < 0) f(to, run.count);
    });
  }

 private:
  /// Neighbouring outputs whose inputs are as far from each other, neighbours or the same one, say, or that
  /// read nothing: from −1, step 0.
  struct Run {
    Index from, count, step;

    /// Whether it goes on with this source; one of a single output gets its step so.
    bool takes(Index source) {
      if (count == 1 && (from < 0) == (source < 0)) step = source - from;
      return (from < 0) == (source < 0) && (count == 1 || source == from + count * step);
    }
  };

  // Pointers alone: one for all shapes. `weight`: what the 1 that every stored weight is was replaced by.
  [[gnu::noinline]] void copy(Index samples, const Scalar* a, Scalar* b, const Scalar& weight) const {
    each_part(samples, 1, outputs_, [&](Index n, Index) {
      const Scalar* from = a + n * inputs_;
      each_run([&](Index at, const Run& run) {
        Scalar* to = b + n * outputs_ + at;
        if (run.from < 0)
          std::fill_n(to, run.count, Scalar(0));
        else if (run.step == 1)
          std::copy_n(from + run.from, run.count, to);
        else if (run.step == 0)
          std::fill_n(to, run.count, from[run.from]);
        else
          for (Index k = 0; k < run.count; ++k) to[k] = from[run.from + k * run.step];
        if (weight != Scalar(1)) ascribe::detail::multiply(run.count, weight, to, to);
      });
    });
  }
  [[gnu::noinline]] void hand_back(Index samples, const Scalar* s, Scalar* g, const Scalar& weight) const {
    each_part(samples, 1, inputs_, [&](Index n, Index) {
      const Scalar* from = s + n * outputs_;
      Scalar* to = g + n * inputs_;
      std::fill_n(to, inputs_, Scalar(0));
      each_run([&](Index at, const Run& run) {
        if (run.from < 0) return;
        if (run.step == 1) return ascribe::detail::add_multiple(run.count, weight, from + at, to + run.from);
        Scalar* source = to + run.from;
        if (run.step == 0) {  // one value to many: a normalisation's mean, say
          *source += weight * sum_of<Scalar>(run.count, [&](Index k) { return from[at + k]; });
          return;
        }
        for (Index k = 0; k < run.count; ++k) source[k * run.step] += weight * from[at + k];
      });
    });
  }

  template <class F>
  void each_run(F&& f) const {
    Index to = 0;
    for (const Run& run : runs_) {
      f(to, run);
      to += run.count;
    }
  }

  Index inputs_, outputs_;
  std::vector<Run> runs_;
};

}  // namespace ascribe::map
