/// The groups of each class, and what each of them hangs on.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ascribe/evaluate/clusters.hpp"
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

/// Explains and groups. Const.
class Analysis {
 public:
  /// All outlive it. Throws ascribe::Error for options that do not fit the network.
  Analysis(const ascribe::onnx::Network<float>& network, const Options& options, const LabelledInputs& data);

  /// What the network says of each input, several at once. `seen`: how many it has said something of.
  std::vector<Index> answers(const std::function<void(std::size_t)>& seen) const;

  /// The groups of the inputs whose label is that. `labels`: of all inputs; `done`: after each that is
  /// explained. Throws ascribe::Error where an input cannot be explained.
  ClassGroups operator()(Index label, const std::vector<Index>& labels, const std::vector<Index>& answers,
                         const std::function<void(std::size_t)>& done) const;

  Index height() const { return height_; }
  Index width() const { return width_; }

 private:
  const ascribe::onnx::Network<float>& network_;
  const Options& options_;
  const LabelledInputs& data_;
  std::optional<Explainer> explainer_;
  Index height_ = 1, width_ = 1;  // of the pooled relevance
};

}  // namespace groups
