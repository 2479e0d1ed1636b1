/// Judging one input by all methods.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ascribe/io/onnx.hpp"
#include "ascribe/networks/occlusion.hpp"
#include "examples/judge/options.hpp"
#include "examples/support/activation_map.hpp"
#include "examples/support/classifier.hpp"
#include "examples/support/explainer.hpp"
#include "examples/support/files.hpp"
#include "examples/support/page.hpp"

namespace judge {

using Network = ascribe::onnx::Network<float>;
using Column = ascribe::Batch<float>;
using Data = LabelledInputs;

/// What a method came to with one input.
struct Judgement {
  std::vector<double> most, least;  ///< the scores, step by step; `least` may be empty
  std::vector<double> measured;     ///< one number for each of `measures()`
  std::vector<double> erased;       ///< the change of each pair of classes; NaN: not of that class
  double milliseconds = 0;          ///< of the explanation, its forward pass included, on one thread
};

/// What all methods came to with one input.
struct Verdict {
  Index target = 0, answer = 0;  ///< the class that is followed, and the network's own
  std::vector<double> random;    ///< the scores in random order; may be empty
  std::vector<Judgement> methods = {};
  std::string error = {};  ///< why there is nothing else, where there is nothing else
};

Json to_json(const Verdict& verdict);
/// Throws ascribe::Error where it is none of so many methods.
Verdict from_json(const Json& json, const Options& options);

/// What a measure may look at.
struct Seen {
  const ascribe::GraphExplanation<float>& explanation;
  bool books;  ///< whether it has any
  /// What the same method says where all learned layers but the first are random; null where that is not
  /// asked.
  const ascribe::GraphExplanation<float>* of_random;
};

/// A column of the table that is a number for each explanation; NaN: none.
struct Measure {
  std::string name;
  std::function<double(const Seen&)> of;
};

/// Those beside the curves and class erasing.
const std::vector<Measure>& measures();

/// The network, the regions and what replaces them, and the methods made ready for it. Const, and shared
/// between threads.
class Bench {
 public:
  /// Leaves out class activation maps where all methods are asked for and the network has no layer for them;
  /// `notes` says so.
  static void leave_out_maps(Options& options, const Network& network, std::vector<std::string>& notes);

  /// `options` and `data` outlive it. Throws ascribe::Error for regions, replacements and classes that do not
  /// fit.
  Bench(Network network, const Options& options, const Data& data);
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  Index classes() const { return network_.graph.output_size(); }
  /// What is to be said of the methods on this network.
  std::vector<std::string> notes() const;
  /// How inputs are perturbed, in words.
  std::string described() const;
  /// A number that stands for the scores of the first input that has any, which change with the weights,
  /// wherever those lie.
  std::string first_scores() const;

  /// Judges input k by itself. Throws ascribe::Error, the input's name before it.
  Verdict judge(std::size_t k, std::optional<Index> label) const;

  /// Input k and why its class was followed, by all methods in their order, for a page. Throws ascribe::Error
  /// as `judge`.
  PageInput shown(std::size_t k, const Verdict& verdict, const std::vector<std::string>& names) const;

 private:
  Column replacement(std::size_t k, const Column& x) const;

  Network network_;
  const Options& options_;
  const Data& data_;
  std::optional<ascribe::Patches> regions_, pixels_;
  MapLayer layer_;  // of class activation maps
  ascribe::evaluate::Perturbation how_;
  std::string replaced_by_;
  std::vector<double> low_, high_;
  Index height_ = 1, width_ = 1;
  double deviation_ = 0;
  Column constant_;   // what replaces, where that is the same for all inputs
  Column erased_to_;  // the baseline
  std::vector<std::unique_ptr<const Explainer>> explainers_;
  ascribe::Graph<float> random_;  // of weights
  std::vector<std::unique_ptr<const Explainer>> of_random_;
};

}  // namespace judge
