/// What of a model is read, and in which sizes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ascribe/io/onnx/model.hpp"
#include "ascribe/io/onnx/node_report.hpp"
#include "ascribe/io/onnx/options.hpp"
#include "examples/explain/options.hpp"
#include "examples/support/model_options.hpp"
#include "examples/support/samples.hpp"
#include "examples/support/text.hpp"

namespace explain {

/// Files of one shape, which is open in the model; or one text, or file of whole numbers that choose rows of
/// a table.
struct Group {
  std::vector<Place> files;
  ascribe::onnx::Dims shape = {};  ///< with the batch; empty: the model says it all
  std::optional<Pieces> pieces = {};  ///< of the text, or the numbers
};

/// A model's file, before a network is made of it.
class ModelFile {
 public:
  /// Throws ascribe::Error as ascribe::onnx::read, and where --input or --explain names no input or a file
  /// does not fit.
  explicit ModelFile(const Options& options);

  /// A number that stands for the model's content.
  std::string fingerprint() const { return fingerprint_of_model(model_, options_.model); }

  /// Inputs, outputs and inner values by name, a line each, with shapes where the file says them.
  std::string list() const;

  /// The type of one of the network's inputs in the file. Rows that numbers choose are floating-point ones.
  ascribe::onnx::ElementType type_of(const std::string& input) const;

  /// What becomes of each node, for a file that does not load. Throws ascribe::Error as
  /// ascribe::onnx::survey.
  std::vector<ascribe::onnx::NodeReport> survey(const Group& group) const;

  /// What the reader is told: what the command line says, and the shape of the input that is explained, or its
  /// numbers where those choose rows. Throws ascribe::Error where they are not one sample's whole numbers.
  ascribe::onnx::ReadOptions reading(const Group& group) const;

  /// The files by shape, in the order in which each comes first; all in one where the model leaves nothing
  /// open; one by one where their numbers choose rows of a table, which makes a network of each. Throws
  /// ascribe::Error for an image, whose size then is none of its own, and as `by_ids`.
  std::vector<Group> by_shape(std::vector<Place> files) const;

  /// The texts that the command line names, one by one. Throws ascribe::Error as find_texts and TextCutter,
  /// and where it cannot be said which piece chooses which row of a table.
  std::vector<Group> by_text() const;

  /// Which of a model's rows these numbers are known to choose.
  std::vector<RowChoice> choices(const Pieces& pieces) const;

  /// The rows that they choose, for these inputs of the network one behind the other. Reads no more of the
  /// model than that. Throws ascribe::Error for a number that a table has no row for.
  std::vector<double> rows(const Pieces& pieces, const std::vector<NetworkInput>& inputs) const;

  /// The number of a piece of the vocabulary. Throws ascribe::Error, which begins with `what`, where there is
  /// none.
  std::int64_t id_of(const std::string& what, const std::string& piece) const;

  /// An input of the model, by its name. Throws ascribe::Error, which begins with the option, where there is
  /// none.
  const ascribe::onnx::ValueInfo& named(const char* option, const std::string& name) const;

 private:
  /// The numbers of each file of INPUT, with those of the files that --explain names. Throws ascribe::Error
  /// where another input is explained beside them, where others that choose rows are not, and for files that
  /// are none of one sample's.
  std::vector<Group> by_ids(std::vector<Place> files, const std::set<std::string>& choosing) const;
  /// The input that the command line's INPUT is for; null where it says of several others nothing.
  const ascribe::onnx::ValueInfo* explained() const;
  bool is_open(const ascribe::onnx::ValueInfo& input) const;
  /// The shape of a file's samples, with a batch of one, for an input whose sizes are open.
  ascribe::onnx::Dims shape_in(const std::string& path, const ascribe::onnx::ValueInfo& input) const;
  /// Throws ascribe::Error where an axis of one name has two sizes: a mask of another length than the ids.
  void check_axes(const std::map<std::string, ascribe::onnx::Tensor>& constants) const;
  /// The inputs that nothing has been said of, as the reader of a message needs them.
  std::string open_inputs() const;

  const Options& options_;
  ascribe::onnx::Model model_;
  std::vector<const ascribe::onnx::ValueInfo*> inputs_;  ///< those without a value in the file
  ascribe::onnx::ReadOptions given_;
  std::optional<TextCutter> cutter_;  ///< where texts are explained
};

/// All operators that are read, and those that are evaluated for constants.
std::string operators_text();

}  // namespace explain
