/// What the programs' command lines say of a model, and what the library says of it in their words.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ascribe/core/types.hpp"
#include "ascribe/io/onnx/model.hpp"

namespace examples {

/// What the library says of its options, in the words of the command line.
std::string in_options(std::string said);

/// Throws ascribe::Error where --size names no axis that the model leaves open.
void check_sizes(const ascribe::onnx::Model& model, const std::filesystem::path& file,
                 const std::vector<std::pair<std::string, ascribe::Index>>& sizes);

/// Numbers as a constant of the type that a model asks for; `where` they are from. Throws ascribe::Error for
/// numbers that are not whole where it asks for whole ones.
ascribe::onnx::Tensor constant_of(const ascribe::onnx::ValueInfo& input, ascribe::onnx::Dims dims,
                                  std::vector<double> values, const std::string& where);

/// A .npy file as a constant that a model asks for. Throws ascribe::Error as NpyReader and constant_of.
ascribe::onnx::Tensor tensor_in(const ascribe::onnx::ValueInfo& input, const std::filesystem::path& file);

/// Rows of a table that whole numbers (ids) choose.
struct RowChoice {
  std::string rows;              ///< what the Gather that takes them gives
  std::vector<std::string> ids;  ///< the inputs whose numbers choose them, one behind the other
};

/// All Gathers along the first axis of a table whose indices are known to be inputs of whole numbers, one by
/// one: perhaps moved before, joined, or computed with each by itself. `held`: inputs that are given
/// otherwise.
std::vector<RowChoice> row_choices(const ascribe::onnx::Model& model, const std::set<std::string>& held);

/// A number that stands for a model: the content of its file, and of its weights, wherever those lie.
/// Throws ascribe::Error where the file cannot be read.
std::string fingerprint_of_model(const ascribe::onnx::Model& model, const std::filesystem::path& file);

}  // namespace examples
