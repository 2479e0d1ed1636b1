/// A classifier, and inputs whose classes are known: what programs need that watch its answers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ascribe/io/onnx.hpp"
#include "ascribe/methods/composites.hpp"
#include "examples/support/division.hpp"
#include "examples/support/files.hpp"
#include "examples/support/idx.hpp"
#include "examples/support/samples.hpp"
#include "examples/support/words.hpp"

namespace examples {

/// What such a program is told of them.
struct ClassifierOptions {
  std::filesystem::path model;
  std::vector<std::filesystem::path> inputs;
  std::filesystem::path inputs_from;  ///< more of them, one path a line
  std::string labels;           ///< a file, or the word "folders"; empty: the network's own answers
  std::filesystem::path names;  ///< of the classes
  Index samples = 0;            ///< 0: all
  std::string output;
  std::vector<std::pair<std::string, Index>> sizes;
  std::vector<double> mean = {0}, deviation = {1};
  bool keep_going = false;  ///< files that cannot be read are left out
  // Of the methods that explain them.
  std::vector<double> low, high;
  double epsilon = 1e-6, gamma = 0.25;
  int threads = processors_here();
  std::filesystem::path csv, json, page;
  std::filesystem::path resume;  ///< where what is done is kept, for the next run and of several processes
  std::optional<Shard> shard;    ///< which part of the inputs
  std::filesystem::path weight_folder;  ///< where weights are shared

  /// What is read, some of which may be words that are no files.
  std::vector<std::filesystem::path> read() const {
    std::vector<std::filesystem::path> all = inputs;
    for (const std::filesystem::path& path : {model, names, std::filesystem::path(labels)})
      all.push_back(path);
    return all;
  }
};

/// A word of the command line; a file's with a number that stands for its content.
std::string with_content(const std::string& file);
/// What was asked for, as a record of a run has it.
Json settings_of(const ClassifierOptions& options);

class LabelledInputs;
/// How many inputs there are, with a number that stands for their names and what is in their files. `by_name`: the
/// names of these say it.
std::string with_content(const LabelledInputs& data, bool by_name);

/// What the methods are told by the command line: where it says nothing of them, --low is what black is and
/// --high what white is.
ascribe::composite::Options composite_options(const ClassifierOptions& options);
/// What the reader is told by the command line.
ascribe::onnx::ReadOptions reading_of(const ClassifierOptions& options);
/// The network of a model. Throws ascribe::Error as ascribe::onnx::network, and where it is no classifier of
/// one input.
ascribe::onnx::Network<float> load_classifier(const ClassifierOptions& options,
                                              const ascribe::onnx::Model& model,
                                              const ascribe::onnx::ReadOptions& reading);
/// Reads the model, too. Throws ascribe::Error for --size of an axis that is not open.
ascribe::onnx::Network<float> load_classifier(const ClassifierOptions& options);

/// The inputs that are chosen, read one at a time. Shared between threads.
class LabelledInputs {
 public:
  /// `notes`: what was passed over; `division`: whose processes have the same inputs. Throws ascribe::Error where
  /// there are no inputs, or where they do not fit the network's input.
  LabelledInputs(const ClassifierOptions& options, const Shape& input, std::vector<std::string>& notes,
                 Division& division);

  /// Texts, which are read elsewhere, one at a time: all but `read` and what is said of values. Throws
  /// ascribe::Error where there are fewer than --samples.
  LabelledInputs(const ClassifierOptions& options, std::vector<Place> texts);
  /// One text, number n of all: its rows, the row that replaces one (or none), and its pieces as words.
  LabelledInputs(Place text, std::size_t n, const Shape& shape, std::vector<double> rows,
                 std::vector<float> replacement, std::vector<Word> words);

  std::size_t size() const { return chosen_.size(); }
  std::size_t total() const { return images_ ? images_->count : inputs_ ? inputs_->size() : texts_.size(); }
  /// Which of all inputs is number k of those that are chosen.
  std::size_t number(std::size_t k) const { return first_ + chosen_[k]; }
  std::string name(std::size_t k) const;
  std::vector<std::string> files() const;
  ascribe::Batch<float> read(std::size_t k) const;
  /// How images lie, where the inputs are read as such.
  const std::optional<ImageLayout>& layout() const { return layout_; }
  /// How the features lie.
  const ascribe::FeatureMaps& maps() const { return maps_; }
  bool is_image() const { return !are_rows_ && maps_.height > 1; }
  /// Whether the features are rows that a text has chosen, one a position, what replaces one, and what they
  /// are called.
  bool are_rows() const { return are_rows_; }
  const std::vector<float>& row_instead() const { return row_instead_; }
  const std::vector<Word>& words() const { return words_; }
  /// The mean of all that are chosen.
  ascribe::Batch<float> mean() const;

  /// The class of each that is chosen, by --labels. Throws ascribe::Error, which names the file or input, for
  /// another number of labels than of inputs and for one that is no class.
  std::vector<Index> labels(const ClassifierOptions& options, Index classes) const;

 private:
  std::vector<Index> all_labels(const ClassifierOptions& options, Index classes) const;
  void choose(const ClassifierOptions& options);
  /// That of one of all inputs.
  std::string input_name(std::size_t n) const;

  std::optional<Inputs> inputs_;
  std::optional<Images> images_;
  std::string images_path_;
  std::optional<ImageLayout> layout_;
  ascribe::FeatureMaps maps_{1, 1, 1};
  double mean_ = 0, deviation_ = 1;  // of images_
  std::vector<std::size_t> chosen_;
  std::vector<Place> texts_;
  std::size_t first_ = 0;  // the number of the one text
  bool are_rows_ = false;
  std::vector<float> row_instead_;
  std::vector<Word> words_;
};

/// A file of one sample of the network's input. Throws ascribe::Error where it has another number.
ascribe::Batch<float> sample_in(const std::string& what, const std::string& file, const Shape& input,
                                const ClassifierOptions& options);

}  // namespace examples
