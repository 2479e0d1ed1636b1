/// What of a model is read, and in which sizes.
#pragma once

#include <filesystem>
#include <optional>
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

/// Files of one shape, which is open in the model; or one file of whole numbers that choose rows of a table.
struct Group {
  std::vector<Place> files;
  ascribe::onnx::Dims shape = {};  ///< with the batch; empty: the model says it all
  std::optional<Pieces> pieces = {};  ///< of the text that the file stands for
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
  /// ascribe::Error for an image, whose size then is none of its own, and for such numbers where --explain
  /// names other inputs.
  std::vector<Group> by_shape(std::vector<Place> files) const;

  /// The texts that the command line names, one by one. Throws ascribe::Error as find_texts and TextCutter,
  /// and where it cannot be said which piece chooses which row of a table.
  std::vector<Group> by_text() const;

 private:
  /// The input of that name. Throws ascribe::Error where there is none.
  const ascribe::onnx::ValueInfo& named(const char* option, const std::string& name) const;
  /// The input that the command line's INPUT is for; null where it says of several others nothing.
  const ascribe::onnx::ValueInfo* explained() const;
  bool is_open(const ascribe::onnx::ValueInfo& input) const;
  /// The shape of a file's samples, with a batch of one, for an input whose sizes are open.
  ascribe::onnx::Dims shape_in(const std::string& path, const ascribe::onnx::ValueInfo& input) const;
  /// The inputs of whole numbers (ids) that a Gather takes rows by, perhaps moved before, one behind the
  /// other as it takes them.
  std::vector<std::string> choosing_rows() const;

  const Options& options_;
  ascribe::onnx::Model model_;
  std::vector<const ascribe::onnx::ValueInfo*> inputs_;  ///< those without a value in the file
  ascribe::onnx::ReadOptions given_;
};

/// All numbers of a .npy file.
std::vector<double> numbers_in(const std::filesystem::path& path);

/// All operators that are read, and those that are evaluated for constants.
std::string operators_text();

}  // namespace explain
