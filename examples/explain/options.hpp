/// The command line.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ascribe/heatmap.hpp"
#include "examples/explain/target.hpp"
#include "examples/support/division.hpp"
#include "examples/support/limits.hpp"
#include "examples/support/methods.hpp"
#include "examples/support/samples.hpp"

namespace explain {

/// Methods, samples and files are what the programs share.
using namespace examples;

/// What can be written of an explanation.
struct Kinds {
  bool relevance = false, output_values = false, multipliers = false, ledger = false, heatmap = false;
};

/// Files of an input of the model, by the input's name: their samples one behind the other.
struct InputFiles {
  std::string name;
  std::vector<std::filesystem::path> files;
};

struct Options {
  std::filesystem::path model;
  std::string model_fingerprint;              ///< of its content, where a run may be gone on with
  std::vector<std::filesystem::path> inputs;  ///< files and folders; texts where there is a vocabulary
  std::string input_name;                     ///< whose they are; empty: the one that nothing else is said of
  std::vector<InputFiles>
      with_them;  ///< the other inputs that are explained, with a sample for each of theirs
  std::filesystem::path vocabulary;
  bool keep_case = false;          ///< capitals and accents of texts stay
  const Method* method = nullptr;  ///< never null in what `parse` returns
  std::vector<const Method*> methods;  ///< those of the page, the first of which is `method`
  std::vector<Target> targets;     ///< none: each input's largest output
  std::filesystem::path weights;   ///< of the outputs, in place of targets
  std::ptrdiff_t top = 3;
  /// By the input's name, which is empty where one input is explained: "zero", a file or a folder. Inputs
  /// that none is for are compared with zero.
  std::vector<std::pair<std::string, std::string>> baselines;
  bool average_baselines = false;  ///< all of their samples serve each input, also where they are in one file
  std::string max_rule;
  std::string output;          ///< the value to explain, by its name in the file, or an output's number
  bool probability = false;    ///< what softmax and sigmoid make of scores is explained, too
  bool keep_branches = false;  ///< parallel linear branches stay as they are
  bool no_batch = false;       ///< the first axis of the model's arrays is none of samples
  std::vector<std::pair<std::string, Index>> sizes;                         ///< of open axes, by their name
  std::vector<std::pair<std::string, std::filesystem::path>> other_inputs;  ///< by name: held as constants
  double epsilon = 1e-6, gamma = 0.25;
  int given_steps = 0;               ///< none: each method's own number
  int steps = 0;                     ///< the method's
  std::vector<Index> patch, stride;  ///< height and width, or one number for both; no stride: the patch's
  std::filesystem::path segments;    ///< labels of the parts that are occluded, in place of patches
  std::string layer;                 ///< the node that class activation maps are made of
  double warn_above = examples::moved_limit;  ///< how many times the start may move
  std::vector<double> low, high;              ///< none: what black and white are
  std::vector<double> mean = {0}, deviation = {1};
  std::filesystem::path labels;
  bool in_double = false;
  int threads = processors_here();
  int threads_each = 1;  ///< of them, those that one input gets where there are fewer inputs than threads
  std::filesystem::path relevance, ledger, output_values, multipliers, heatmap, page;
  ascribe::Colours colours = ascribe::Colours::diverging;  ///< of heatmaps
  std::optional<double> contour;                           ///< of the top pixels, in per cent
  bool by_channel = false;                                 ///< heatmaps of each channel, too
  /// Nodes whose values' relevance is written, and where to: nowhere by themselves with an output folder.
  std::vector<std::pair<std::string, std::filesystem::path>> at;

  /// Whether the heatmap is a page, of all inputs, and no picture.
  bool heatmap_is_page() const { return has_extension(heatmap, {".html", ".htm"}); }

  /// Makes `it` the method.
  void take(const Method& it) {
    method = &it;
    steps = given_steps > 0 ? given_steps : it.steps;
  }

  /// Files that are read; folders, and words that are none, may be among them.
  std::vector<std::filesystem::path> read() const {
    std::vector<std::filesystem::path> all = inputs;
    for (const std::filesystem::path& path : {model, vocabulary, weights, segments, labels})
      all.push_back(path);
    for (const auto& [name, path] : other_inputs) all.push_back(path);
    for (const auto& [name, path] : baselines) all.push_back(path);
    return all;
  }

  /// Whether there is something to explain, or the model is only looked at.
  bool explains() const { return !inputs.empty() || !inputs_from.empty(); }

  /// The .npy files that the numbers of all inputs go to.
  std::vector<std::pair<std::string, std::filesystem::path>> arrays() const {
    std::vector<std::pair<std::string, std::filesystem::path>> all{
        {"--relevance", relevance}, {"--output-values", output_values}, {"--multipliers", multipliers}};
    for (const auto& [node, path] : at) all.emplace_back("--at", path);
    return all;
  }
  /// All that what is said of all inputs goes to.
  std::vector<std::pair<std::string, std::filesystem::path>> files() const {
    auto all = arrays();
    for (const auto& [option, path] :
         {std::pair("--ledger", ledger), std::pair("--heatmap", heatmap), std::pair("--page", page)})
      all.emplace_back(option, path);
    return all;
  }
  std::filesystem::path inputs_from, output_folder;
  Kinds write = {.relevance = true, .ledger = true};  ///< what goes to the output folder
  bool resume = false, keep_going = false;
  std::optional<Shard> shard;  ///< which part of the inputs
  std::filesystem::path weight_folder;  ///< where weights are shared
  bool halves = false;         ///< numbers are stored in half precision
  std::size_t rows_per_file = 0;  ///< of .npy files; 0: one has those of all inputs
  bool compress = false;          ///< .npy files are .npy.gz
  std::filesystem::path index;  ///< where what is said of each input is
  bool list_methods = false, list_operators = false, list_values = false, describe = false;
};

/// What came of a command line: options, or the exit code with which to stop (everything has been said).
struct Parsed {
  std::optional<Options> options;
  int exit_code = 0;
};

/// Options that contradict each other, or that the method has no use for, are mistakes and not ignored.
/// `of_job`: this process is one of a job's, which share out the inputs.
Parsed parse(int argc, char** argv, bool of_job);

}  // namespace explain
