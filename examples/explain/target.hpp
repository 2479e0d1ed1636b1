/// What of a network's outputs is explained.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace explain {

using Index = std::ptrdiff_t;

/// Σ weight·output: one output, or several together.
struct Goal {
  std::string text;                             ///< as the command line asks for it
  std::vector<std::pair<Index, double>> terms;  ///< outputs, each once, and their weights

  /// The output where it is one alone, with the weight 1; −1 where it is not.
  Index single() const { return terms.size() == 1 && terms[0].second == 1 ? terms[0].first : -1; }
  double value(const std::vector<double>& outputs) const;
};

/// One of the things that --target may ask for: an output, the sum of a range, the difference of two, or the
/// sum of a region of the outputs' axes.
class Target {
 public:
  /// Reads K, A-B (both included), K-vs-L, or [I,A:B,:] with an index, a range (the end not included) or all
  /// of each axis. Throws std::invalid_argument, which says what was expected.
  explicit Target(std::string_view text);

  const std::string& text() const { return text_; }
  /// Whether it is one output, and which.
  std::optional<Index> output() const;
  /// For outputs of a shape. Throws ascribe::Error for outputs that there are not, and a region of other
  /// axes.
  Goal of(const std::vector<Index>& shape) const;

 private:
  /// From `first` up to `end`, which is not included; none: to the axis's end.
  struct Range {
    Index first = 0;
    std::optional<Index> end;
  };

  std::string text_;
  std::vector<Range> region_;  // axis by axis; of one entry without brackets: of all outputs in a row
  bool by_axes_ = false;
  std::optional<Index> less_;  // the output that is taken off
};

/// What stands between commas; a comma in brackets parts nothing. Throws as Target.
std::vector<Target> targets_in(std::string_view text);

/// The outputs' weights, one for each, as a goal. Those of weight 0 are none of it.
Goal weighted(std::string text, const std::vector<double>& weights);

}  // namespace explain
