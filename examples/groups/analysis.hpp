/// The groups of each class, and what each of them hangs on.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ascribe/evaluate/clustering.hpp"
#include "ascribe/evaluate/common_region.hpp"
#include "examples/groups/options.hpp"
#include "examples/support/classifier.hpp"
#include "examples/support/explainer.hpp"
#include "examples/support/figure.hpp"

namespace groups {

/// An input that stands for its group, with what is shown of it.
struct Typical {
  std::size_t input;              ///< its number among those that are chosen
  Index answer;                   ///< what the network says
  std::vector<double> values;     ///< in the order of the file's axes
  std::vector<double> relevance;  ///< a number a pixel
};

struct Group {
  std::vector<std::size_t> inputs;  ///< their numbers among those that are chosen
  /// None where the class is one group: there is no rest to compare with.
  std::optional<ascribe::evaluate::ShortcutTest> test;
  std::vector<Typical> typical;
};

struct ClassGroups {
  Index label = 0;
  ascribe::evaluate::Clusters clusters;
  std::vector<std::size_t> inputs;
  std::vector<Group> groups;
  std::string skipped;  ///< why the class was not grouped; else empty
};

/// What the network says of an input, and why, each pixel's channels added up: none where that was not asked
/// for.
struct Seen {
  Index answer = 0;
  ascribe::Batch<float> relevance = {};
};

/// Explains and groups. Const.
class Analysis {
 public:
  /// All outlive it. Throws ascribe::Error for options that do not fit the network.
  Analysis(const ascribe::onnx::Network<float>& network, const Options& options, const LabelledInputs& data);

  /// Input k by itself, on one thread. `explained`: of which label that is, if it is. Throws ascribe::Error,
  /// the input's name before it.
  Seen see(std::size_t k, const std::function<bool(Index answer, Index& label)>& explained) const;

  /// The groups of the inputs whose label is that. `labels`: of all inputs; `known`: why the network says so
  /// of input k, into as many numbers as there are pixels, where that is known; `done`: after each that is
  /// explained. Throws ascribe::Error where an input cannot be explained.
  using Known = std::function<void(std::size_t k, std::span<float> relevance)>;
  ClassGroups operator()(Index label, const std::vector<Index>& labels, const std::vector<Index>& answers,
                         const Known& known, const std::function<void(std::size_t)>& done) const;

  /// The pixels of an input.
  Index pixels() const { return data_.maps().height * data_.maps().width; }

  Index height() const { return height_; }
  Index width() const { return width_; }

 private:
  ascribe::Batch<float> explained(std::size_t k, const ascribe::Batch<float>& input, Index label) const;

  const ascribe::onnx::Network<float>& network_;
  const Options& options_;
  const LabelledInputs& data_;
  std::optional<Explainer> explainer_;
  Index height_ = 1, width_ = 1;  // of the pooled relevance
};

}  // namespace groups
